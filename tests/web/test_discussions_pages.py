"""Pages and forms of discussions and pull requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from freehold.server.db import accounts
from tests.browsing import Shown, Visitor
from tests.discussions import act, as_account, discuss, propose, read, texts
from tests.gates import gated_repo
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def repo(site: LiveHub, ann: Account) -> Repo:
    """A repository of ann's."""
    return new_repo(site, ann, file("config.json", '{"size": 1}\n'))


def path_of(repo: Repo, num: int, rest: str = "") -> str:
    return f"{repo.page}/discussions/{num}{rest}"


def events(repo: Repo, num: int) -> Any:
    return read(repo, num)["events"]


def assert_sent(answer: Shown, path: str) -> None:
    assert answer.status == 303, answer.text
    assert answer.answer.headers["location"].partition("#")[0] == path


def titles(page: Shown) -> list[str]:
    return [link.text for link in page.document.all("a", class_="talk-title")]


# The list


def test_discussions_page_lists_the_pinned_first(visit: Visit, repo: Repo) -> None:
    nums = [discuss(repo, f"Question {n}") for n in range(3)]
    act(repo, nums[0], "pin", {"pinned": True})
    act(repo, nums[1], "status", {"status": "closed"})
    page = visit().see(f"{repo.page}/discussions")
    assert titles(page) == ["Question 0", "Question 2"]
    tabs = [link.text for link in page.document.one("nav", class_="talk-tabs").all("a")]
    assert tabs == ["Open 2", "Closed 1", "All 3"]
    everything = visit().see(f"{repo.page}/discussions?status=all")
    assert titles(everything) == ["Question 0", "Question 2", "Question 1"]


def test_discussions_page_finds_by_title_author_and_kind(
    visit: Visit, repo: Repo, ben: Account
) -> None:
    discuss(repo, "About memory")
    discuss(as_account(repo, ben), "About speed")
    propose(repo, summary="A change")
    visitor = visit()

    def find(query: str) -> list[str]:
        return titles(visitor.see(f"{repo.page}/discussions?{query}"))

    assert find("q=MEM") == ["About memory"]
    assert find(f"author={ben.name}") == ["About speed"]
    assert find("type=pull_request") == ["A change"]
    assert find("q=nothing") == []
    assert len(find("status=nonsense&type=nonsense&p=-1")) == 3


def test_discussions_page_has_pages(visit: Visit, repo: Repo) -> None:
    for n in range(51):
        discuss(repo, f"Question {n}")
    first = visit().see(f"{repo.page}/discussions?q=question")
    [older] = first.document.one("nav", class_="pager").all("a")
    second = visit().see(older["href"])
    assert len(titles(first)) == 50 and titles(second) == ["Question 0"]
    assert "q=question" in second.document.one("nav", class_="pager").one("a")["href"]


def test_discussions_page_of_a_repository_without_any(visit: Visit, repo: Repo) -> None:
    assert "No discussions yet" in visit().see(f"{repo.page}/discussions").text


def test_pages_of_disabled_discussions_say_so(visit: Visit, repo: Repo) -> None:
    num = discuss(repo)
    repo.put("/settings", {"discussionsDisabled": True})
    visitor = visit(repo.account)
    for rest in ("", "/new", f"/{num}", f"/{num}/files"):
        page = visitor.look(f"{repo.page}/discussions{rest}")
        assert page.status == 403
        assert "Discussions are disabled" in page.text
    answer = visitor.send(f"{repo.page}/discussions/new", {"title": "Hello there"}, "/")
    assert answer.status == 403


# A new one


def test_new_discussion_page_is_for_accounts(visit: Visit, repo: Repo, ben: Account) -> None:
    path = f"{repo.page}/discussions/new"
    stranger = visit().call("GET", path)
    assert stranger.status_code == 303
    assert stranger.headers["location"].startswith("/login?next=")
    page = visit(ben).see(path)
    [area] = page.document.all("textarea")
    assert area["name"] == "description"
    assert page.document.all("div", data_preview=f"{repo.page}/preview")


def test_new_discussion_form_opens_one(visit: Visit, repo: Repo, ben: Account) -> None:
    path = f"{repo.page}/discussions/new"
    answer = visit(ben).fill_in(path, path, title="How so?", description="I *ask*.")
    assert_sent(answer, path_of(repo, 1))
    assert texts(read(repo, 1)) == ["I *ask*."]
    page = visit().see(path_of(repo, 1))
    assert "<p>I <em>ask</em>.</p>" in page.answer.text


def test_new_discussion_form_shows_what_was_wrong(visit: Visit, repo: Repo) -> None:
    path = f"{repo.page}/discussions/new"
    page = visit(repo.account).fill_in(path, path, title="x", description="kept\n")
    assert page.status == 400
    assert "3 to 200 characters" in page.document.one("p", role="alert").text
    assert page.document.one("textarea").children == ["\nkept\n"]


def test_new_discussion_form_opens_a_pull_request_of_a_branch(visit: Visit, repo: Repo) -> None:
    repo.post("/branch/dev", {})
    repo.commit(file("b.txt", "b\n"), revision="dev", summary="On the branch")
    path = f"{repo.page}/discussions/new"
    answer = visit(repo.account).fill_in(f"{path}?base=main&head=dev", path, title="Take it")
    assert_sent(answer, path_of(repo, 1))
    told = read(repo, 1)
    assert told["isPullRequest"] and told["changes"]["base"] == "refs/heads/main"


# A discussion


def test_discussion_page_tells_what_has_happened(visit: Visit, repo: Repo, ben: Account) -> None:
    bens = as_account(repo, ben)
    num = discuss(bens, "First title")
    other = discuss(repo, "Other", f"See #{num}")
    act(repo, num, "title", {"title": "Second title"})
    act(repo, num, "comment", {"comment": "Shut up"})
    act(repo, num, "pin", {"pinned": True})
    act(repo, num, "lock", {"locked": True})
    act(repo, num, "status", {"status": "closed", "reason": "solved"})
    act(repo, num, "status", {"status": "open"})
    page = visit().see(path_of(repo, num))
    changes = [
        " ".join(item.text.split()[1:-2]) for item in page.document.all("li", class_="talk-change")
    ]
    assert changes == [
        f"mentioned this in #{other}",
        "changed the title from “First title” to “Second title”",
        "pinned this",
        "locked this",
        "closed this: solved",
        "reopened this",
    ]
    assert page.document.one("header", class_="talk-head").one("h2").text == f"Second title #{num}"
    roles = [
        item.one("span", class_="badge").text for item in page.document.all("li", class_="comment")
    ]
    assert roles == ["author", "owner"]
    ids = [item["id"] for item in page.document.one("ol", class_="thread").all("li")]
    assert ids == [event["id"] for event in events(repo, num)]
    assert visit().look(path_of(repo, 99)).status == 404


def test_discussion_page_of_somebody_who_is_gone(
    visit: Visit, site: LiveHub, repo: Repo, ben: Account
) -> None:
    num = discuss(as_account(repo, ben), "From the past")
    with site.inside.db.write() as tx:
        found = accounts.find_account(tx, ben.name)
        assert found is not None
        for table, column in (("discussion", "author_id"), ("discussion_event", "author_id")):
            tx.run(f"UPDATE {table} SET {column} = NULL WHERE {column} = :id", id=found.id)
    for path in (path_of(repo, num), f"{repo.page}/discussions"):
        page = visit().see(path)
        assert "a deleted account" in page.text and ben.name not in page.text


def test_discussion_page_offers_what_the_viewer_may_do(
    visit: Visit, repo: Repo, ben: Account
) -> None:
    num = discuss(repo)
    path = path_of(repo, num)

    def forms(viewer: Account | None) -> set[str]:
        document = visit(viewer).see(path).document
        actions = [form["action"] for form in document.all("form")]
        actions += [button["formaction"] for button in document.all("button", name="status")]
        return {a.removeprefix(path) for a in actions if a.startswith(path)}

    assert forms(None) == set()
    assert forms(ben) == {"/comment"}
    assert forms(repo.account) == {"/comment", "/status", "/title", "/pin", "/lock"}
    act(repo, num, "lock", {"locked": True})
    assert forms(ben) == set()
    assert "is locked" in visit(ben).see(path).text


def test_discussion_page_shows_what_is_hostile_as_text(
    browse: Browse, visit: Visit, repo: Repo
) -> None:
    branch = "<b>x&y"
    assert (
        repo.post(f"/branch/{branch.replace('<', '%3C').replace('>', '%3E')}", {}).status_code
        == 200
    )
    propose(repo, summary=HOSTILE, base="%3Cb%3Ex%26y")
    act(repo, 1, "comment", {"comment": f'{HOSTILE}\n\n[x](javascript:alert(1)) "{HOSTILE}'})
    tab = browse(repo.account)
    for rest in ("", "/files"):
        tab.goto(path_of(repo, 1, rest))
        assert HOSTILE in tab.locator(".talk-head h2").inner_text()
        assert branch in tab.locator(".talk-head p").inner_text()
        assert tab.locator("main script").count() == 0
        assert tab.locator("main a[href^=javascript]").count() == 0
    tab.goto(f"{repo.page}/discussions")
    assert tab.locator(".talk-title").inner_text() == HOSTILE


# Its forms


def test_comment_form_adds_one(visit: Visit, repo: Repo, ben: Account) -> None:
    num = discuss(repo)
    path = path_of(repo, num)
    answer = visit(ben).fill_in(path, f"{path}/comment", comment="Me too")
    assert_sent(answer, path)
    assert answer.answer.headers["location"].endswith(f"#{events(repo, num)[-1]['id']}")
    assert texts(read(repo, num)) == ["Hello", "Me too"]
    empty = visit(ben).fill_in(path, f"{path}/comment", comment=" ")
    assert empty.status == 400 and "needs a text" in empty.text


def test_edit_comment_page_shows_every_version(visit: Visit, repo: Repo, ben: Account) -> None:
    num = discuss(repo, text="before")
    event = events(repo, num)[0]["id"]
    act(repo, num, f"comment/{event}/edit", {"content": "afterwards"})
    path = path_of(repo, num, f"/edit/{event}")
    assert visit().see(path_of(repo, num)).document.all("a", href=path)[0].text == "edited"
    for viewer, fields in ((None, []), (ben, []), (repo.account, ["content"])):
        page = visit(viewer).see(path)
        versions = [text.text for text in page.document.all("div", class_="comment-text")]
        assert versions == ["afterwards", "before"]
        assert [area["name"] for area in page.document.all("textarea")] == fields
    assert visit().look(path_of(repo, num, "/edit/nothing")).status == 404


def test_edit_comment_form_changes_it(visit: Visit, repo: Repo) -> None:
    num = discuss(repo, text="before")
    path = path_of(repo, num, f"/edit/{events(repo, num)[0]['id']}")
    visitor = visit(repo.account)
    assert_sent(visitor.fill_in(path, path, content="afterwards"), path_of(repo, num))
    assert texts(read(repo, num)) == ["afterwards"]
    refused = visitor.fill_in(path, path, content="")
    assert refused.status == 400 and "needs a text" in refused.text


def test_hide_comment_form_hides_it_for_good(visit: Visit, repo: Repo, ben: Account) -> None:
    num = discuss(as_account(repo, ben), text="something rude")
    event = events(repo, num)[0]["id"]
    edit, hide = (path_of(repo, num, f"/{verb}/{event}") for verb in ("edit", "hide"))
    visitor = visit(repo.account)
    assert_sent(visitor.fill_in(edit, hide), path_of(repo, num))
    page = visitor.see(path_of(repo, num))
    assert f"hidden by {repo.account.name}" in page.text and "rude" not in page.text
    page = visitor.see(edit)
    assert "rude" not in page.text and not page.document.all("textarea")


def test_rename_discussion_form_gives_another_title(visit: Visit, repo: Repo) -> None:
    num = discuss(repo, "Before")
    path = path_of(repo, num)
    assert_sent(visit(repo.account).fill_in(path, f"{path}/title", title="Afterwards"), path)
    assert read(repo, num)["title"] == "Afterwards"


def test_discussion_status_form_closes_and_reopens_with_a_comment(visit: Visit, repo: Repo) -> None:
    num = discuss(repo)
    path = path_of(repo, num)
    visitor = visit(repo.account)
    answer = visitor.send(f"{path}/status", {"status": "closed", "comment": "Done"}, path)
    assert_sent(answer, path)
    assert read(repo, num)["status"] == "closed" and texts(read(repo, num))[-1] == "Done"
    assert_sent(visitor.send(f"{path}/status", {"status": "open", "comment": ""}, path), path)
    assert read(repo, num)["status"] == "open"
    for status in ("open", "merged"):
        assert visitor.send(f"{path}/status", {"status": status}, path).status == 400


def test_pin_discussion_form_pins_and_unpins(visit: Visit, repo: Repo) -> None:
    path = path_of(repo, discuss(repo))
    for pinned in (True, False):
        assert_sent(visit(repo.account).fill_in(path, f"{path}/pin"), path)
        assert read(repo, 1)["pinned"] is pinned


def test_lock_discussion_form_locks_and_unlocks(visit: Visit, repo: Repo) -> None:
    path = path_of(repo, discuss(repo))
    for locked in (True, False):
        assert_sent(visit(repo.account).fill_in(path, f"{path}/lock"), path)
        assert read(repo, 1)["locked"] is locked


def test_every_form_refuses_who_may_not(visit: Visit, repo: Repo, ben: Account) -> None:
    num = propose(repo, file("config.json", '{"size": 2}\n'))
    event = events(repo, num)[0]["id"]
    act(repo, num, "lock", {"locked": True})
    before = read(repo, num)
    forms = {
        "/comment": {"comment": "Me too"},
        f"/edit/{event}": {"content": "Other"},
        f"/hide/{event}": {},
        "/title": {"title": "Another one"},
        "/status": {"status": "closed"},
        "/pin": {"pinned": "1"},
        "/lock": {"locked": ""},
        "/merge": {"comment": ""},
    }
    visitor = visit(ben)
    for rest, fields in forms.items():
        assert (
            visitor.send(path_of(repo, num, rest), fields, repo.page + "/discussions").status == 403
        )
        assert visit().call("POST", path_of(repo, num, rest)).status_code == 404
    assert read(repo, num) == before


# Pull requests


def test_discussion_files_page_shows_commits_and_changes(
    visit: Visit, repo: Repo, ben: Account
) -> None:
    num = propose(as_account(repo, ben), file("config.json", '{"size": 2}\n'), summary="Larger")
    page = visit().see(path_of(repo, num, "/files"))
    assert [item.text for item in page.document.all("a", class_="listed-commit")] == ["Larger"]
    assert [row.one("mark").text for row in page.document.all("tr", class_="add")] == ["2"]
    thread = visit().see(path_of(repo, num))
    assert "refs/pr/1" in thread.text and f"{repo.hub.url}{repo.page}" in thread.text
    assert "No conflicts" in thread.text
    assert visit().look(path_of(repo, discuss(repo), "/files")).status == 404


def test_discussion_files_page_is_closed_by_the_gate(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = gated_repo(site, ann, file("secret.txt", "one\n"))
    num = propose(repo, file("secret.txt", "hush\n"))
    assert visit(ben).look(path_of(repo, num, "/files")).status == 403
    thread = visit(ben).see(path_of(repo, num))
    assert "Files changed" not in thread.text and "git fetch" not in thread.text
    assert "hush" in visit(ann).see(path_of(repo, num, "/files")).text


def test_discussion_files_page_of_a_deleted_ref(visit: Visit, repo: Repo) -> None:
    num = propose(repo)
    act(repo, num, "status", {"status": "closed"})
    repo.delete(f"/discussions/{num}/ref")
    page = visit(repo.account).see(path_of(repo, num, "/files"))
    assert "ref of this pull request was deleted" in page.text
    thread = visit(repo.account).see(path_of(repo, num))
    assert "ref of this pull request was deleted" in thread.text
    assert "Reopen" not in thread.text


def test_merge_form_shows_conflicts_and_how_to_solve_them(visit: Visit, repo: Repo) -> None:
    num = propose(repo, file("config.json", '{"size": 2}\n'))
    repo.commit(file("config.json", '{"size": 3}\n'))
    path = path_of(repo, num)
    page = visit(repo.account).see(path)
    assert [item.text for item in page.document.one("ul", class_="conflicts").all("li")] == [
        "config.json"
    ]
    assert f"git push origin pr/{num}:refs/pr/{num}" in page.text
    assert not [form for form in page.document.all("form") if form["action"] == f"{path}/merge"]
    refused = visit(repo.account).send(f"{path}/merge", {}, path)
    assert refused.status == 409 and "contradicts its base" in refused.text
    assert read(repo, num)["status"] == "open"


def test_merge_form_refuses_what_has_moved_since(visit: Visit, repo: Repo) -> None:
    num = propose(repo)
    path = path_of(repo, num)
    page = visit(repo.account).see(path)
    head = page.document.one("input", name="head")["value"]
    repo.commit(file("more.txt", "x"), revision=f"refs%2Fpr%2F{num}")
    answer = visit(repo.account).send(f"{path}/merge", {"head": head}, path)
    assert answer.status == 409 and "merge again" in answer.text
    assert read(repo, num)["status"] == "open"


def test_a_draft_is_published_before_it_is_merged(visit: Visit, repo: Repo) -> None:
    body = {"title": "A draft", "description": "", "pullRequest": True}
    num = repo.post("/discussions", body).json()["num"]
    path = path_of(repo, num)
    visitor = visit(repo.account)
    assert "This is a draft" in visitor.see(path).text
    assert_sent(visitor.fill_in(path, f"{path}/status", status="open"), path)
    page = visitor.see(path)
    assert "marked this as ready for review" in page.text
    refused = visitor.send(f"{path}/merge", {}, path)
    assert refused.status == 400 and "has all the commits" in refused.text


def test_a_pull_request_is_reviewed_and_merged_in_a_browser(
    browse: Browse, repo: Repo, ben: Account
) -> None:
    num = propose(as_account(repo, ben), file("config.json", '{"size": 2}\n'), summary="Larger")
    tab = browse(repo.account)
    tab.goto(f"{repo.page}/discussions")
    tab.get_by_role("link", name="Larger").click()
    tab.get_by_role("link", name="Files changed").click()
    assert tab.locator("tr.add mark").inner_text() == "2"
    tab.get_by_role("link", name="Conversation").click()
    tab.get_by_label("Add a comment").fill("Looks **good**")
    tab.get_by_role("button", name="Comment", exact=True).click()
    tab.locator(".comment-text strong", has_text="good").wait_for()
    tab.get_by_label("Comment (optional)").fill("Thanks")
    tab.get_by_role("button", name="Merge pull request").click()
    tab.get_by_text("Merged into").wait_for()
    assert repo.resolve("config.json").text == '{"size": 2}\n'
    assert read(repo, num)["status"] == "merged"
    assert texts(read(repo, num))[1:] == ["Looks **good**", "Thanks"]
    tab.goto(path_of(repo, num, "/files"))
    assert tab.locator("tr.add mark").inner_text() == "2"


def test_a_discussion_is_closed_with_a_comment_in_a_browser_without_scripts(
    browse: Browse, repo: Repo
) -> None:
    num = discuss(repo)
    tab = browse(repo.account, scripts=False)
    tab.goto(path_of(repo, num))
    tab.get_by_label("Add a comment").fill("Done")
    tab.get_by_role("button", name="Close").click()
    tab.get_by_role("button", name="Reopen").click()
    tab.get_by_text("reopened this").wait_for()
    assert re.sub(r"\s+", " ", tab.locator(".talk-head .badge").inner_text()) == "Open"
    assert texts(read(repo, num)) == ["Hello", "Done"]
