"""The page of branches and tags, and the forms that make and delete them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from freehold.server.web.refs import PAGE
from tests.browsing import Element, Shown, Visitor
from tests.discussions import propose
from tests.repos import Repo, file, new_repo, put_ref

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Visit = Callable[..., Visitor]


def section(page: Shown, kind: str) -> Element:
    return page.document.one("section", id=kind)


def names(page: Shown, kind: str) -> list[str]:
    return [link.text for link in section(page, kind).all("a", class_="ref-name")]


@pytest.fixture
def repo(site: LiveHub, ann: Account) -> Repo:
    return new_repo(site, ann, file("x", "1"))


def test_refs_page_lists_every_kind_with_its_last_commit(visit: Visit, repo: Repo) -> None:
    repo.post("/branch/a%2F%3Cb%3E", {})
    repo.post("/tag/main", {"tag": "v1", "message": "The first"})
    put_ref(repo, "refs/convert/parquet", repo.head())
    number = propose(repo)
    page = visit().see(f"{repo.page}/refs")
    assert names(page, "branches") == ["main", "a/<b>"]
    assert names(page, "tags") == ["v1"]
    assert names(page, "converts") == ["refs/convert/parquet"]
    assert names(page, "pulls") == [f"#{number}"]
    [link] = section(page, "pulls").all("a", class_="ref-name")
    assert link["href"] == f"{repo.page}/discussions/{number}"
    shown = [a["href"].removeprefix(repo.page) for a in section(page, "branches").all("a")]
    assert "/tree/a%2F%3Cb%3E" in shown
    assert "/compare/main...a%2F%3Cb%3E" in shown
    assert f"/commit/{repo.head()}" in shown
    # A stranger is shown no form that they could not send.
    assert [form["action"] for form in page.document.one("main").all("form")] == []


def test_refs_page_has_a_hundred_of_a_kind(visit: Visit, repo: Repo) -> None:
    head = repo.head()
    for number in range(PAGE):
        put_ref(repo, f"refs/heads/b{number:03}", head)
    first = visit().see(f"{repo.page}/refs")
    assert names(first, "branches")[-1] == f"b{PAGE - 2:03}"
    assert str(PAGE + 1) in section(first, "branches").one("span", class_="count").text
    [more] = section(first, "branches").one("nav").all("a")
    second = visit().see(f"{repo.page}/refs{more['href'].partition('#')[0]}")
    assert names(second, "branches") == [f"b{PAGE - 1:03}"]
    assert names(visit().see(f"{repo.page}/refs?branches=x"), "branches")[0] == "main"


def test_create_branch_form_leads_to_the_new_branch(visit: Visit, repo: Repo, ann: Account) -> None:
    old = repo.head()
    repo.commit(file("y", "2"))
    action = f"{repo.page}/refs/branches"
    sent = visit(ann).fill_in(
        f"{repo.page}/refs", action, branch=" a/b#1 ", starting_point=old[:12]
    )
    assert sent.status == 303
    assert sent.answer.headers["location"] == f"{repo.page}/tree/a%2Fb%231"
    assert repo.head("a%2Fb%231") == old
    assert "y" not in repo.paths("a%2Fb%231")


@pytest.mark.parametrize(
    ("branch", "start", "status", "reason"),
    [
        ("main", "main", 409, "already exists"),
        ("a b", "main", 400, "a b"),
        ("new", "<nope>", 400, "Invalid rev id: <nope>"),
    ],
)
def test_create_branch_form_is_shown_again_with_the_reason(
    visit: Visit, repo: Repo, ann: Account, branch: str, start: str, status: int, reason: str
) -> None:
    action = f"{repo.page}/refs/branches"
    sent = visit(ann).fill_in(f"{repo.page}/refs", action, branch=branch, starting_point=start)
    assert sent.status == status
    assert reason in sent.document.one("p", role="alert").text
    assert sent.document.one("input", id="branch")["value"] == branch
    assert sent.document.one("input", id="starting_point")["value"] == start


def test_create_branch_form_is_for_who_may_write(
    visit: Visit, repo: Repo, ann: Account, ben: Account
) -> None:
    action = f"{repo.page}/refs/branches"
    for sent in (
        visit(ben).send(action, {"branch": "x"}, page=f"{repo.page}/refs"),
        # Without a token of ours it is no form of ours.
        Shown(visit(ann).call("POST", action, content=b"branch=x")),
    ):
        assert sent.status == 403
    assert names(visit().see(f"{repo.page}/refs"), "branches") == ["main"]


def test_delete_branch_form_deletes_it(visit: Visit, repo: Repo, ann: Account) -> None:
    repo.post("/branch/a%2Fb", {})
    action = f"{repo.page}/refs/branches/delete"
    sent = visit(ann).fill_in(f"{repo.page}/refs", action)
    assert sent.answer.headers["location"] == f"{repo.page}/refs"
    assert names(visit().see(f"{repo.page}/refs"), "branches") == ["main"]
    fields = {"branch": "main"}
    assert visit(ann).send(action, fields, page=f"{repo.page}/refs").status == 403
    assert visit(ann).send(action, {"branch": "b"}, page=f"{repo.page}/refs").status == 404


def test_create_tag_form_makes_a_tag_with_a_message(visit: Visit, repo: Repo, ann: Account) -> None:
    action = f"{repo.page}/refs/tags"
    visitor = visit(ann)
    sent = visitor.fill_in(f"{repo.page}/refs", action, tag="v1", message="Why\n\nso")
    assert sent.answer.headers["location"] == f"{repo.page}/refs#tags"
    visitor.fill_in(f"{repo.page}/refs", action, tag="light", revision=repo.head())
    page = visitor.see(f"{repo.page}/refs")
    assert names(page, "tags") == ["light", "v1"]
    tags = {ref["name"]: ref["targetCommit"] for ref in repo.get("/refs").json()["tags"]}
    assert tags == {"light": repo.head(), "v1": repo.head()}
    again = visitor.fill_in(f"{repo.page}/refs", action, tag="v1", message="kept")
    assert again.status == 409
    assert again.document.one("textarea", id="message").text == "kept"


def test_delete_tag_form_deletes_it(visit: Visit, repo: Repo, ann: Account) -> None:
    repo.post("/tag/main", {"tag": "v<1>"})
    action = f"{repo.page}/refs/tags/delete"
    sent = visit(ann).fill_in(f"{repo.page}/refs", action)
    assert sent.answer.headers["location"] == f"{repo.page}/refs#tags"
    assert names(visit().see(f"{repo.page}/refs"), "tags") == []
    assert visit(ann).send(action, {"tag": "v1"}, page=f"{repo.page}/refs").status == 404
