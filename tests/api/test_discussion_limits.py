"""Discussions at their limits: full ones, odd titles, numbers that are taken, texts that grow."""

from __future__ import annotations

import pytest

from freehold.server.core.discussion_rules import MAX_EVENTS, MAX_VERSIONS
from tests.discussions import act, as_account, assert_refused, discuss, kinds, propose, read
from tests.live import Account, LiveHub
from tests.repos import Repo, file, new_repo, put_ref

FULL = "This discussion has become too long: please open another one."


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice, file("a.txt", "one\n"))


@pytest.fixture
def reader(repo: Repo, bob: Account) -> Repo:
    """The same repository, spoken to by somebody who may only read it."""
    return as_account(repo, bob)


def fill(repo: Repo, num: int) -> None:
    """Let the hub believe that a discussion has as many events as it may have."""
    found = read(repo, num)["_id"]
    with repo.hub.inside.db.write() as tx:
        tx.run("UPDATE discussion SET event_count = :n WHERE id = :id", n=MAX_EVENTS, id=found)


def test_a_full_discussion_is_not_filled_further_by_mentions(repo: Repo, reader: Repo) -> None:
    full, other = discuss(repo), discuss(repo)
    fill(repo, full)
    num = discuss(reader, text=f"#{full} and #{other}")
    assert act(reader, num, "comment", {"comment": f"#{full} again"}).status_code == 201
    assert kinds(read(repo, full)) == ["comment"]
    assert kinds(read(repo, other)) == ["comment", "reference"]


def test_a_locked_discussion_hears_of_what_writers_say(repo: Repo, reader: Repo) -> None:
    locked = discuss(reader)
    act(repo, locked, "lock", {"locked": True})
    discuss(reader, text=f"#{locked}")
    assert kinds(read(repo, locked)) == ["comment", "locking-change"]
    discuss(repo, text=f"#{locked}")
    assert kinds(read(repo, locked))[2:] == ["reference"]


def test_a_full_discussion_is_ended_by_writers_alone(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    fill(repo, num)
    for verb, body in (("status", {"status": "closed"}), ("title", {"title": "Other"})):
        assert_refused(act(reader, num, verb, body), 400, FULL)
    for account in (repo, reader):
        assert_refused(act(account, num, "comment", {"comment": "x"}), 400, FULL)
    for verb, body in (
        ("status", {"status": "closed"}),
        ("lock", {"locked": True}),
        ("pin", {"pinned": True}),
        ("title", {"title": "Full"}),
    ):
        assert act(repo, num, verb, body).status_code == 200, verb
    found = read(repo, num)
    assert (found["status"], found["locked"], found["title"]) == ("closed", True, "Full")


def test_a_full_pull_request_is_merged(repo: Repo, reader: Repo) -> None:
    num = propose(reader)
    fill(repo, num)
    assert_refused(act(repo, num, "merge", {"comment": "x"}), 400, FULL)
    assert act(repo, num, "merge").status_code == 200
    assert read(repo, num)["status"] == "merged"


def test_change_discussion_status_takes_a_short_reason(repo: Repo, reader: Repo) -> None:
    num = discuss(reader)
    answer = act(reader, num, "status", {"status": "closed", "reason": "x" * 1001})
    assert_refused(answer, 400, "A reason has at most 1000 characters, not 1001.")
    answer = act(reader, num, "status", {"status": "closed", "reason": "x" * 1000})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "title",
    [
        "\U0001f469\u200d\U0001f4bb works",
        "Probl\u00e8me\u00a0: aucun",
        "می\u200cخواهم",
        "❤\ufe0f it",
    ],
)
def test_create_discussion_takes_a_title_in_any_script(reader: Repo, title: str) -> None:
    num = discuss(reader, title)
    assert read(reader, num)["title"] == title
    [found] = reader.get("/discussions").json()["discussions"]
    assert found["title"] == title
    num = propose(reader, summary=title)
    assert read(reader, num)["title"] == title.replace("\u00a0", " ")


@pytest.mark.parametrize(
    "title", ["abc \u202e cba", "a\u2028bc", "a\u0085bc", "abc\ufeff", "a\u2066bc"]
)
def test_create_discussion_refuses_a_title_that_looks_like_another(
    reader: Repo, title: str
) -> None:
    body = {"title": title, "description": ""}
    assert_refused(reader.post("/discussions", body), 400, "one line of printable characters")
    shown = read(reader, propose(reader, summary=title))["title"]
    assert not set(shown) & set("\u202e\u2028\u0085\ufeff\u2066")


def test_a_search_finds_letters_of_any_script_in_any_case(repo: Repo) -> None:
    num = discuss(repo, "Über Ärger ΣΊΣΥΦΟΣ")
    discuss(repo, "Something else")
    for text in ("über", "ÜBER", "Über", "ärg", "σίσυφος", "ΣΊΣ"):
        found = repo.get(f"/discussions?search={text}").json()
        assert [item["num"] for item in found["discussions"]] == [num], text
    act(repo, num, "title", {"title": "Straße"})
    assert repo.get("/discussions?search=STRASSE").json()["count"] == 1
    assert repo.get("/discussions?search=%C3%BCber").json()["count"] == 0


def test_edit_comment_keeps_so_many_versions_and_takes_no_more(repo: Repo) -> None:
    num = discuss(repo)
    event = read(repo, num)["events"][0]["id"]
    edit = f"comment/{event}/edit"
    with repo.hub.inside.db.write() as tx:
        tx.run(
            "UPDATE comment_version SET place = :n WHERE event_id = :id",
            n=MAX_VERSIONS - 1,
            id=event,
        )
    assert act(repo, num, edit, {"content": "the last"}).status_code == 200
    answer = act(repo, num, edit, {"content": "one more"})
    assert_refused(answer, 400, "This comment was rewritten too often: please write another one.")
    latest = read(repo, num)["events"][0]["data"]["latest"]
    assert latest["raw"] == "the last"


# Numbers


def test_a_number_whose_ref_is_taken_is_passed_over(repo: Repo, reader: Repo) -> None:
    """Such a ref may be left of what a repository was before."""
    head = repo.head()
    for num in (1, 2, 4):
        put_ref(repo, f"refs/pr/{num}", head)
    assert propose(reader) == 3
    assert discuss(repo, pullRequest=True) == 5
    assert discuss(repo) == 6
    assert repo.head("refs%2Fpr%2F1") == head
    answer = repo.send_commit(file("b.txt", "b"), revision="refs%2Fpr%2F1")
    assert_refused(answer, 404, "Invalid rev id: refs/pr/1", "RevisionNotFound")


def test_a_discussion_is_no_pull_request(repo: Repo) -> None:
    num = discuss(repo)
    put_ref(repo, f"refs/pr/{num}", repo.head())
    answer = repo.send_commit(file("b.txt", "b"), revision=f"refs%2Fpr%2F{num}")
    assert_refused(answer, 404, code="RevisionNotFound")
    assert kinds(read(repo, num)) == ["comment"]


@pytest.mark.parametrize("digits", [16, 30, 5000])
def test_a_pull_request_of_a_number_beyond_all_numbers_is_not_there(
    repo: Repo, reader: Repo, digits: int
) -> None:
    revision = f"refs%2Fpr%2F{'9' * digits}"
    answer = repo.send_commit(file("b.txt", "b"), revision=revision)
    assert_refused(answer, 404, "Invalid rev id: ", "RevisionNotFound")
    assert reader.send_commit(file("b.txt", "b"), revision=revision).status_code in {403, 404}
    assert repo.get(f"/revision/{revision}").status_code == 404


def test_disabled_discussions_take_no_commits(repo: Repo, reader: Repo) -> None:
    num = propose(reader)
    repo.put("/settings", {"discussionsDisabled": True})
    for account in (repo, reader):
        answer = account.send_commit(file("c.txt", "c"), revision=f"refs%2Fpr%2F{num}")
        assert_refused(answer, 403, "Discussions are disabled for this repo.")
