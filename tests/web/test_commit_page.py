"""Pages of commits and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.browsing import Visitor
from tests.gates import gated_repo
from tests.repos import file, header_line, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

HOSTILE = "<script>alert(1)</script>"


def test_commit_page_shows_message_author_parent_and_changes(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("a.txt", "one\n"))
    parent = repo.head()
    lines = header_line("Say two", description="Because one is not enough.\n\nSigned off.")
    oid = repo.send_lines(lines, file("a.txt", "two\n")).json()["commitOid"]
    page = visit().see(f"{repo.page}/commit/{oid[:8]}")
    assert page.document.one("article").one("h2").text == "Say two"
    assert "Because one is not enough.\n\nSigned off." in page.answer.text
    links = [link["href"] for link in page.document.one("article").all("a")]
    assert links == [f"{repo.page}/tree/{oid}", f"{repo.page}/commit/{parent}"]
    assert ann.name in page.document.one("article").text
    assert [row.text for row in page.document.all("tr", class_="del")] == ["1−one"]
    assert [row.text for row in page.document.all("tr", class_="add")] == ["1+two"]
    split = visit().see(f"{repo.page}/commit/{oid}?view=split")
    assert split.document.all("tr")[-1].text == "1−one1+two"


def test_commit_page_of_the_first_commit_shows_all_files(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    page = visit().see(f"{repo.page}/commit/main")
    assert "this is where the history begins" in page.text
    assert ".gitattributes" in page.text


def test_commit_page_of_what_is_not_there(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann)
    assert visit().look(f"{repo.page}/commit/{'0' * 40}").status == 404
    assert visit().look(f"{repo.page}/commit/nothing").status == 404


def test_commit_page_is_closed_to_whom_the_gate_keeps_out(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = gated_repo(site, ann, file("secret.txt", "hush\n"))
    page = visit(ben).look(f"{repo.page}/commit/{repo.head()}")
    assert page.status == 403 and "hush" not in page.text


def test_commit_page_shows_what_is_hostile_as_text(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    name = '<img src=x onerror="alert(1)">.txt'
    lines = header_line(HOSTILE, description=f'"{HOSTILE}')
    oid = repo.send_lines(lines, file(name, f"{HOSTILE}\n")).json()["commitOid"]
    tab = browse(ann)
    for query in ("", "?view=split"):
        tab.goto(f"{repo.page}/commit/{oid}{query}")
        assert tab.locator("article h2").inner_text() == HOSTILE
        assert tab.locator(".diff-name").inner_text() == name
        assert tab.locator("td.line").last.inner_text() == HOSTILE
        assert tab.locator("main img:not(.avatar)").count() == 0


def test_compare_page_shows_commits_and_changes(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("a.txt", "one\n"))
    repo.post("/branch/dev", {})
    repo.commit(file("b.txt", "b\n"), revision="dev", summary="On the branch")
    repo.commit(file("c.txt", "c\n"), summary="On main")
    visitor = visit()
    page = visitor.see(f"{repo.page}/compare/main...dev")
    assert [item.text for item in page.document.all("a", class_="listed-commit")] == [
        "On the branch"
    ]
    assert [name.text for name in page.document.all("span", class_="diff-name")] == ["b.txt"]
    both = visitor.see(f"{repo.page}/compare/main..dev").document
    assert [name.text for name in both.all("span", class_="diff-name")] == ["b.txt", "c.txt"]
    assert "has all the commits" in visitor.see(f"{repo.page}/compare/dev..dev").text


def test_compare_page_asks_for_revisions(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann)
    repo.post("/branch/a%2Fb", {})
    visitor = visit()
    form = visitor.see(f"{repo.page}/compare").document.one("form", class_="compare")
    assert [option["value"] for option in form.one("datalist").all("option")] == ["a/b", "main"]
    answer = visitor.call("GET", f"{form['action']}?base=main&head=a%2Fb&dots=3")
    assert answer.headers["location"] == f"{repo.page}/compare/main...a%2Fb"
    assert visitor.look(answer.headers["location"]).status == 200
    assert visitor.look(f"{repo.page}/compare/main...nothing").status == 404
    assert visitor.look(f"{repo.page}/compare/main").status == 400


def test_compare_page_offers_a_pull_request_of_branches_only(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(site, ann)
    repo.post("/branch/dev", {})
    oid = repo.commit(file("b.txt", "b\n"), revision="dev")

    def offers(viewer: Account | None, span: str) -> bool:
        page = visit(viewer).see(f"{repo.page}/compare/{span}")
        return any("discussions/new" in a["href"] for a in page.document.all("a", class_="main"))

    assert offers(ben, "main...dev")
    assert not offers(None, "main...dev")
    assert not offers(ben, f"main...{oid}")
    assert not offers(ben, "dev...main")
