"""The pages of the history and of who wrote which line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold.server.core.history import PAGE
from freehold.server.core.path_history import MAX_BLAMED
from tests.browsing import Shown, Visitor
from tests.histories import Source, send
from tests.repos import file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Visit = Callable[..., Visitor]


def titles(page: Shown) -> list[str]:
    return [link.text for link in page.document.all("a", class_="commit-title")]


def test_commits_page_shows_who_changed_what(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann)
    oid = repo.commit(file("x", "1"), summary="<b>Bold</b>", description="Why\n<i>so</i>")
    page = visit().see(f"{repo.page}/commits/main")
    assert titles(page) == ["<b>Bold</b>", "initial commit"]
    newest, oldest = page.document.one("ul", class_="commits").all("li")
    assert newest.one("a")["href"] == f"{repo.page}/commit/{oid}"
    assert newest.one("a", class_="account")["href"] == f"/{ann.name}"
    assert newest.one("pre").text == "Why <i>so</i>"
    assert newest.one("span", id=f"full-{oid}").text == oid
    assert f"{repo.page}/tree/{oid}" in [link["href"] for link in newest.all("a")]
    assert "system committed" in oldest.text and oldest.all("a", class_="account") == []
    assert "2 commits" in page.text


def test_commits_page_has_fifty_commits(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann)
    for number in range(PAGE):
        repo.commit(file("x", str(number)), summary=f"Number {number}")
    first = visit().see(f"{repo.page}/commits/main")
    assert len(titles(first)) == PAGE
    second = visit().see(first.document.one("a", rel="next")["href"])
    assert titles(second) == ["initial commit"]
    assert second.document.one("a", rel="prev")["href"] == f"{repo.page}/commits/main?p=0"
    assert second.document.all("a", rel="next") == []
    for text in ("-1", "x", "9" * 30):
        assert visit().look(f"{repo.page}/commits/main?p={text}").status == 400


def test_commits_page_of_a_path_has_its_changes_alone(
    visit: Visit, site: LiveHub, ann: Account, tmp_path: Path
) -> None:
    source = Source(tmp_path / "source")
    source.commit("made", d__x=b"1", y=b"1")
    source.commit("other", y=b"2")
    source.git("checkout", "-qb", "side")
    source.commit("on the side", d__x=b"2")
    source.git("checkout", "-q", "main")
    source.commit("besides", y=b"3")
    source.git("merge", "-q", "--no-edit", "side")
    source.commit("gone", d__x=None)
    repo = new_repo(site, ann)
    send(source, repo, tmp_path)
    visitor = visit()
    for path in ("d/x", "d", "d/"):
        page = visitor.see(f"{repo.page}/commits/main/{path}")
        assert titles(page) == ["gone", "on the side", "made"]
        assert page.document.all("a", rel="next") == []
    assert titles(visitor.see(f"{repo.page}/commits/side/d/x")) == ["on the side", "made"]
    page = visitor.see(f"{repo.page}/commits/main/never")
    assert titles(page) == []
    assert "No commit" in page.text
    # Whoever is no account of the hub is told by name alone.
    assert "Ada Ünï committed" in visitor.see(f"{repo.page}/commits/main/d").text


def test_commits_page_of_what_is_missing(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann)
    page = visit().look(f"{repo.page}/commits/nope")
    assert page.status == 404
    assert "Invalid rev id: nope" in page.text


def test_commits_page_of_a_path_that_is_longer_than_any(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo, visitor = new_repo(site, ann), visit()
    for path in ("a/" * 2000 + "a", "a" * 5000):
        answer = visitor.look(f"{repo.page}/commits/main/{path}").answer
        assert answer.status_code == 404 and len(answer.content) < 10_000
    assert visitor.look(f"{repo.page}/commits/main/{'a/' * 99}a").status == 200


def test_blame_page_names_the_commit_of_each_line(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    path = "a #1/<b>.py"
    first = repo.commit(file(path, "one\n\ntwo\n"), summary="First")
    second = repo.commit(file(path, "one\n\nnew = '<i>'\ntwo\n"), summary="<b>Second</b>")
    page = visit().see(f"{repo.page}/blame/main/a%20%231/%3Cb%3E.py")
    blocks = page.document.all("div", class_="block")
    told = [(b.one("a")["href"].rpartition("/")[2], b.one("a").text) for b in blocks]
    assert told == [(first, "First"), (second, "<b>Second</b>"), (first, "First")]
    assert [code.text for code in page.document.all("code")] == ["one", "", "new = '<i>'", "two"]
    assert page.document.one("div", id="L3").text == "new = '<i>'"


@pytest.mark.parametrize("data", [b"x\n" * (MAX_BLAMED // 2 + 1), b"\0\1"])
def test_blame_page_says_why_there_is_none(
    visit: Visit, site: LiveHub, ann: Account, data: bytes
) -> None:
    repo = new_repo(site, ann, file("x", data))
    page = visit().see(f"{repo.page}/blame/main/x")
    assert page.document.one("p", class_="notice").text.startswith("This file")
    assert page.document.all("div", class_="block") == []


def test_blame_page_of_what_is_missing(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("d/x", "1"))
    for path in ("d", "nope", ""):
        assert visit().look(f"{repo.page}/blame/main/{path}").status == 404
    assert visit().look(f"{repo.page}/blame/nope/d/x").status == 404
