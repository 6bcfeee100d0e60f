"""Discussions: opening, listing, reading, commenting, and who may change what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.discussions import act, as_account, assert_refused, discuss, kinds, propose, read, texts
from tests.live import Account, LiveHub, fresh_name
from tests.repos import Repo, file, new_repo

AUTHOR_KEYS = {
    *("_id", "avatarUrl", "fullname", "name", "type"),
    *("isPro", "isHf", "isHfAdmin", "isMod"),
}
HIDDEN = "This comment has been hidden"
LONGEST = "x" * 65_536


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice)


@pytest.fixture
def reader(repo: Repo, bob: Account) -> Repo:
    """The same repository, spoken to by somebody who may only read it."""
    return as_account(repo, bob)


def listed(repo: Repo, query: str = "") -> list[int]:
    return [item["num"] for item in repo.get(f"/discussions{query}").json()["discussions"]]


def comment(repo: Repo, num: int, text: str) -> str:
    answer = act(repo, num, "comment", {"comment": text})
    assert answer.status_code == 201, answer.text
    event: str = answer.json()["newMessage"]["id"]
    return event


# Opening and reading


def test_create_discussion_is_for_everybody_with_an_account(reader: Repo, repo: Repo) -> None:
    body = {"title": "  A question ", "description": "Why *this*?", "pullRequest": False}
    answer = reader.post("/discussions", body)
    url = f"{repo.hub.url}{repo.page}/discussions/1"
    assert answer.json() == {"url": url, "num": 1, "pullRequest": False}
    found = read(repo, 1)
    [event] = found.pop("events")
    author = found.pop("author")
    assert author.keys() == AUTHOR_KEYS
    assert (author["name"], author["type"]) == (reader.account.name, "user")
    assert len(found.pop("_id")) == 24
    assert found.pop("createdAt") == event["createdAt"]
    assert found == {
        "num": 1,
        "title": "A question",
        "status": "open",
        "repo": {"name": repo.full_name, "type": "model"},
        "isPullRequest": False,
        "numComments": 1,
        "topReactions": [],
        "numReactionUsers": 0,
        "pinned": False,
        "locked": False,
        "collection": "discussions",
    }
    assert event["author"] == author
    latest = {
        "raw": "Why *this*?",
        "html": "<p>Why <em>this</em>?</p>",
        "updatedAt": event["createdAt"],
        "author": author,
    }
    assert event["data"] == {
        "edited": False,
        "hidden": False,
        "latest": latest,
        "numEdits": 0,
        "editors": [author["name"]],
        "editorAvatarUrls": [author["avatarUrl"]],
        "reactions": [],
        "history": [latest],
    }


def test_create_discussion_counts_per_repository(repo: Repo, reader: Repo) -> None:
    assert [discuss(reader), propose(repo), discuss(repo)] == [1, 2, 3]
    assert discuss(new_repo(repo.hub, repo.account, type="dataset")) == 1


@pytest.mark.parametrize("title", ["", "ab", "  ab  ", "x" * 201, "one\ntwo", "a\0bc"])
def test_create_discussion_refuses_a_bad_title(repo: Repo, title: str) -> None:
    answer = repo.post("/discussions", {"title": title, "description": "d"})
    assert answer.status_code == 400
    assert "title" in answer.json()["error"]
    assert listed(repo) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "abc", "description": LONGEST + "x"},
        {"title": "abc", "description": "a\0"},
        {"title": 7, "description": "d"},
        {"title": "abc", "description": "d", "pullRequest": "maybe"},
        [],
    ],
)
def test_create_discussion_refuses_a_bad_body(repo: Repo, body: Any) -> None:
    assert repo.post("/discussions", body).status_code == 400
    assert discuss(repo) == 1


def test_create_discussion_takes_the_shortest_and_the_longest(repo: Repo) -> None:
    num = discuss(repo, "abc", "")
    assert texts(read(repo, num)) == [""]
    num = discuss(repo, "ü" * 200, "é" * 65_536)
    assert texts(read(repo, num)) == ["é" * 65_536]


def test_create_discussion_by_many_at_once_gives_each_a_number_of_its_own(
    repo: Repo, reader: Repo
) -> None:
    with ThreadPoolExecutor(8) as pool:
        nums = list(pool.map(lambda n: discuss((repo, reader)[n % 2]), range(24)))
    assert sorted(nums) == list(range(1, 25))
    assert repo.get("/discussions").json()["count"] == 24


def test_discussions_can_be_disabled(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    repo.put("/settings", {"discussionsDisabled": True})
    message = "Discussions are disabled for this repo."
    for answer in (
        repo.get("/discussions"),
        repo.get(f"/discussions/{num}"),
        repo.post("/discussions", {"title": "abc", "description": "d"}),
        act(repo, num, "comment", {"comment": "c"}),
        act(repo, num, "title", {"title": "other"}),
        act(repo, num, "merge"),
        repo.send_commit(file("a.txt", "x"), revision="main?create_pr=1"),
    ):
        assert_refused(answer, 403, message)
    repo.put("/settings", {"discussionsDisabled": False})
    assert read(repo, num)["title"] == "A question"


@pytest.mark.parametrize("num", ["2", "0", "-1", "01", "x", "1" * 30, "%20", "1.0"])
def test_get_discussion_says_that_there_is_none(repo: Repo, num: str) -> None:
    discuss(repo)
    assert_refused(repo.get(f"/discussions/{num}"), 404, "Discussion not found")
    assert_refused(repo.post(f"/discussions/{num}/status", {"status": "closed"}), 404)


# Lists


def test_list_discussions_filters_by_type_status_author_and_title(repo: Repo, reader: Repo) -> None:
    question, other = discuss(reader, "A question"), discuss(repo, "100% _sure_")
    change = propose(reader, file("a.txt", "a"), summary="A change")
    draft = discuss(repo, "A draft", pullRequest=True)
    act(repo, question, "status", {"status": "closed"})
    every = [draft, change, other, question]
    for query, wanted in (
        ("", every),
        ("?type=all&status=all&author=", every),
        ("?type=discussion", [other, question]),
        ("?type=pull_request", [draft, change]),
        ("?status=open", [draft, change, other]),
        ("?status=closed", [question]),
        (f"?author={reader.account.name}", [change, question]),
        (f"?author={reader.account.name.upper()}&status=closed", [question]),
        ("?author=nobody-here", []),
        ("?search=QUEST", [question]),
        ("?search=100%25", [other]),
        ("?search=_", [other]),
        ("?search=a%20&type=pull_request&status=open", [draft, change]),
        ("?sort=trending", every),
    ):
        answer = repo.get(f"/discussions{query}").json()
        assert [item["num"] for item in answer["discussions"]] == wanted, query
        assert (answer["count"], answer["start"]) == (len(wanted), 0), query
    assert repo.get("/discussions").json()["numClosedDiscussions"] == 1
    assert repo.get("/discussions?type=pull_request").json()["numClosedDiscussions"] == 0


@pytest.mark.parametrize("query", ["p=-1", "p=x", "p=99999999999", "type=x", "status=merged"])
def test_list_discussions_refuses_what_it_does_not_know(repo: Repo, query: str) -> None:
    assert repo.get(f"/discussions?{query}").status_code == 400


def test_list_discussions_has_pages_that_end(repo: Repo) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: discuss(repo), range(53)))
    first, second, third = (repo.get(f"/discussions?p={p}").json() for p in (0, 1, 2))
    assert [item["num"] for item in first["discussions"]] == list(range(53, 3, -1))
    assert [item["num"] for item in second["discussions"]] == [3, 2, 1]
    assert [(page["count"], page["start"]) for page in (first, second)] == [(53, 0), (53, 50)]
    # A client goes on as long as start + len(discussions) < count.
    assert third["discussions"] == []
    assert third["start"] >= third["count"]
    item = second["discussions"][0]
    assert item.keys() == {
        *("num", "author", "repo", "title", "status", "createdAt", "isPullRequest"),
        *("numComments", "topReactions", "numReactionUsers", "pinned"),
    }


# Comments


def test_comment_discussion_gives_the_new_event(repo: Repo, reader: Repo) -> None:
    num = discuss(repo)
    answer = act(reader, num, "comment", {"comment": "One\n\n**two**"})
    event = answer.json()["newMessage"]
    assert answer.status_code == 201
    assert event == read(repo, num)["events"][1]
    assert event["type"] == "comment"
    assert event["data"]["latest"]["html"] == "<p>One</p>\n<p><strong>two</strong></p>"
    assert read(repo, num)["numComments"] == 2


@pytest.mark.parametrize("text", ["", "  \n", LONGEST + "x", "a\0b", None, 7])
def test_comment_discussion_refuses_a_bad_text(repo: Repo, text: Any) -> None:
    num = discuss(repo)
    event = comment(repo, num, LONGEST)
    assert act(repo, num, "comment", {"comment": text}).status_code == 400
    assert act(repo, num, f"comment/{event}/edit", {"content": text}).status_code == 400
    assert texts(read(repo, num)) == ["Hello", LONGEST]


def test_comment_discussion_stops_when_a_thread_has_become_too_long(repo: Repo) -> None:
    num = discuss(repo, text="€" * 65_536)
    for _ in range(9):
        comment(repo, num, "€" * 65_536)
    answer = act(repo, num, "comment", {"comment": "€" * 65_536})
    assert_refused(answer, 400, "This discussion has become too long: please open another one.")
    comment(repo, num, "short")


def test_edit_comment_keeps_every_version(repo: Repo, reader: Repo) -> None:
    num = discuss(repo)
    event = comment(reader, num, "first")
    path = f"comment/{event.upper()}/edit"
    answer = act(reader, num, path, {"content": "second"})
    data = answer.json()["updatedComment"]["data"]
    assert answer.json()["updatedComment"] == read(repo, num)["events"][1]
    assert (data["edited"], data["numEdits"], data["latest"]["raw"]) == (True, 1, "second")
    assert [version["raw"] for version in data["history"]] == ["first", "second"]
    # An administrator may correct what others wrote, and that shows.
    data = act(repo, num, path, {"content": "third"}).json()["updatedComment"]["data"]
    assert data["editors"] == [reader.account.name, repo.account.name]
    assert data["latest"]["author"]["name"] == repo.account.name
    assert len(data["history"]) == 3


def test_edit_comment_is_for_its_author(hub: LiveHub, alice: Account, bob: Account) -> None:
    writer = hub.user()
    org = hub.org(owner=alice, members={writer.name: "write"})
    repo = new_repo(hub, alice, namespace=org)
    num = discuss(as_account(repo, bob))
    event = read(repo, num)["events"][0]["id"]
    for other in (writer, hub.user()):
        answer = act(as_account(repo, other), num, f"comment/{event}/edit", {"content": "x"})
        assert_refused(answer, 403)
    assert texts(read(repo, num)) == ["Hello"]


def test_hide_comment_takes_every_version_away_for_good(repo: Repo, reader: Repo) -> None:
    num = discuss(repo)
    event = comment(reader, num, "secret one")
    act(reader, num, f"comment/{event}/edit", {"content": "secret two"})
    answer = act(repo, num, f"comment/{event}/hide")
    assert answer.status_code == 200
    hidden = answer.json()["updatedComment"]
    assert hidden == read(repo, num)["events"][1]
    data = hidden["data"]
    assert (data["hidden"], data["hiddenBy"]) == (True, repo.account.name)
    assert data["latest"]["raw"] == HIDDEN
    assert data["latest"]["html"] == f"<p>{HIDDEN}</p>"
    assert data["editors"] == []
    assert "secret" not in repo.get(f"/discussions/{num}").text
    for verb, body in (("edit", {"content": "back"}), ("hide", None)):
        assert_refused(
            act(reader, num, f"comment/{event}/{verb}", body),
            400,
            "This comment has been hidden, which cannot be undone.",
        )


def test_hide_comment_is_for_its_author_and_for_writers(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    writer = hub.user()
    org = hub.org(owner=alice, members={writer.name: "write", bob.name: "read"})
    repo = new_repo(hub, alice, namespace=org, private=True)
    num = discuss(repo)
    for author, hider, status in (
        (alice, bob, 403),
        (bob, bob, 200),
        (bob, writer, 200),
    ):
        event = comment(as_account(repo, author), num, "x")
        answer = act(as_account(repo, hider), num, f"comment/{event}/hide")
        assert answer.status_code == status, (author, hider)


def test_a_comment_is_found_only_in_its_own_discussion(repo: Repo) -> None:
    one, two = discuss(repo), discuss(repo)
    event = read(repo, one)["events"][0]["id"]
    renamed = act(repo, one, "title", {"title": "Other"}).json()["newTitle"]["id"]
    for num, id in ((two, event), (one, renamed), (one, "0" * 24), (one, "x")):
        answer = act(repo, num, f"comment/{id}/edit", {"content": "x"})
        assert_refused(answer, 404, "Comment not found")


def test_a_mention_of_another_discussion_is_told_there(repo: Repo, reader: Repo) -> None:
    one, two = discuss(repo), discuss(repo)
    num = discuss(reader, text=f"Like #{one}, #99 and a#{two} or x/#{two}, &#{two};")
    event = comment(reader, num, f"see #{two}. And #{num}")
    [mention] = read(repo, one)["events"][1:]
    assert mention["type"] == "reference"
    assert mention["author"]["name"] == reader.account.name
    assert mention["data"] == {"num": num, "event": read(repo, num)["events"][0]["id"]}
    assert [item["data"] for item in read(repo, two)["events"][1:]] == [
        {"num": num, "event": event}
    ]
    assert kinds(read(repo, num)) == ["comment", "comment"]


def test_markdown_is_kept_as_written_and_rendered_without_any_script(repo: Repo) -> None:
    text = '<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror="alert(1)">'
    num = discuss(repo, text=text)
    latest = read(repo, num)["events"][0]["data"]["latest"]
    assert latest["raw"] == text
    assert "<script" not in latest["html"]
    assert "<img" not in latest["html"]
    assert "href" not in latest["html"]


# What becomes of a discussion


def test_rename_discussion(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    answer = act(reader, num, "title", {"title": " Better "})
    event = answer.json()["newTitle"]
    assert (answer.status_code, event["type"]) == (200, "title-change")
    assert event["data"] == {"from": "A question", "to": "Better"}
    found = read(repo, num)
    assert (found["title"], found["events"][-1]) == ("Better", event)
    assert act(repo, num, "title", {"title": "By a writer"}).status_code == 200
    for title in ("ab", "x" * 201):
        assert act(repo, num, "title", {"title": title}).status_code == 400
    assert_refused(act(reader, discuss(repo), "title", {"title": "abc"}), 403)


def test_change_discussion_status_closes_and_opens_with_a_comment(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    answer = act(reader, num, "status", {"status": "closed", "comment": "Solved."})
    event = answer.json()["newStatus"]
    assert (event["type"], event["data"]) == ("status-change", {"status": "closed"})
    found = read(repo, num)
    assert (found["status"], kinds(found)) == ("closed", ["comment", "comment", "status-change"])
    assert texts(found) == ["Hello", "Solved."]
    assert_refused(
        act(repo, num, "status", {"status": "closed", "comment": "Again"}),
        400,
        "The status is closed already.",
    )
    reopened = act(repo, num, "status", {"status": "open", "reason": "not solved"})
    assert reopened.json()["newStatus"]["data"] == {"status": "open", "reason": "not solved"}
    assert texts(read(repo, num)) == ["Hello", "Solved."]
    # One may comment on what is closed, as on what is open.
    act(repo, num, "status", {"status": "closed"})
    comment(reader, num, "Thanks")


@pytest.mark.parametrize(
    "body", [{}, {"status": "merged"}, {"status": "draft"}, {"status": "closed", "comment": 1}]
)
def test_change_discussion_status_refuses_a_bad_body(repo: Repo, body: Any) -> None:
    num = discuss(repo)
    assert act(repo, num, "status", body).status_code == 400
    long = {"status": "closed", "comment": LONGEST + "x"}
    assert act(repo, num, "status", long).status_code == 400
    assert read(repo, num)["status"] == "open"


def test_change_discussion_status_is_for_its_author_and_for_writers(
    repo: Repo, reader: Repo
) -> None:
    num = discuss(repo)
    assert_refused(act(reader, num, "status", {"status": "closed", "comment": "no"}), 403)
    assert texts(read(repo, num)) == ["Hello"]


def mark(repo: Repo, reader: Repo, num: int, verb: str, key: str) -> None:
    """Pin or lock a discussion, which is for writers, and is told once."""
    assert_refused(act(reader, num, verb, {key: True}), 403)
    assert act(repo, num, verb, {}).status_code == 400
    for _ in range(2):
        assert act(repo, num, verb, {key: True}).status_code == 200
    assert read(repo, num)[key] is True


def test_pin_discussion_shows_in_the_list(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    mark(repo, reader, num, "pin", "pinned")
    assert kinds(read(repo, num)) == ["comment", "pinning-change"]
    assert repo.get("/discussions").json()["discussions"][0]["pinned"] is True


def test_lock_discussion_leaves_the_word_to_writers(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    mark(repo, reader, num, "lock", "locked")
    assert kinds(read(repo, num)) == ["comment", "locking-change"]
    event = read(repo, num)["events"][0]["id"]
    for verb, body in (
        ("comment", {"comment": "x"}),
        (f"comment/{event}/edit", {"content": "x"}),
        ("status", {"status": "closed", "comment": "x"}),
    ):
        assert_refused(act(reader, num, verb, body), 403, "This discussion is locked.")
    comment(repo, num, "The last word")
    act(repo, num, "lock", {"locked": False})
    comment(reader, num, "Thanks")


def test_delete_discussion_takes_all_of_it_and_no_number_comes_again(
    repo: Repo, reader: Repo
) -> None:
    kept, num = discuss(repo), propose(reader)
    assert_refused(reader.delete(f"/discussions/{kept}"), 403)
    assert reader.delete(f"/discussions/{num}").status_code == 200
    assert repo.get(f"/discussions/{num}").status_code == 404
    assert repo.get(f"/revision/refs%2Fpr%2F{num}").status_code == 404
    assert repo.get("/discussions").json()["count"] == 1
    assert repo.delete(f"/discussions/{kept}").status_code == 200
    assert repo.delete(f"/discussions/{kept}").status_code == 404
    assert discuss(repo) == 3


def test_deleting_a_repository_takes_its_discussions(repo: Repo, reader: Repo) -> None:
    discuss(reader)
    propose(reader)
    name = repo.full_name.partition("/")[2]
    deleted = repo.call("DELETE", "/api/repos/delete", json={"name": name})
    assert deleted.status_code == 200
    created = repo.call("POST", "/api/repos/create", json={"name": name})
    assert created.status_code == 200
    assert repo.get("/discussions").json()["count"] == 0
    assert discuss(repo) == 1


def test_a_rename_keeps_discussions(repo: Repo) -> None:
    num = propose(repo)
    name = f"{repo.account.name}/{fresh_name('moved')}"
    body = {"fromRepo": repo.full_name, "toRepo": name, "type": "model"}
    repo.call("POST", "/api/repos/move", json=body)
    moved: httpx2.Response = repo.call("GET", f"/api/models/{name}/discussions/{num}?diff=1")
    assert moved.json()["repo"]["name"] == name
    assert "proposed.txt" in moved.json()["diff"]
    assert repo.get(f"/discussions/{num}").status_code == 307
