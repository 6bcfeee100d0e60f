"""What webhooks are told of discussions and pull requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import NewHub
from tests.discussions import act, as_account, discuss, propose, read
from tests.live import Account
from tests.receivers import Receiver, watch
from tests.repos import Repo, file, new_repo


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def repo(fresh_hub: NewHub, receiver: Receiver) -> Repo:
    """A repository whose owner hears of everything in it."""
    hub = fresh_hub(webhook_targets="any")
    owner = hub.user()
    repo = new_repo(hub, owner, file("a.txt", "x"))
    watch(hub, owner, receiver.url, repo)
    return repo


@pytest.fixture
def reader(repo: Repo) -> Repo:
    """The same repository, spoken to by somebody who may only read it."""
    return as_account(repo, repo.hub.user())


def id_of(repo: Repo, account: Account) -> str:
    answer = repo.hub.call("GET", "/api/whoami-v2", token=account.token)
    found: str = answer.json()["id"]
    return found


def test_a_discussion_is_told_with_its_comments(
    repo: Repo, reader: Repo, receiver: Receiver
) -> None:
    num = discuss(reader, "A question", "Why?")
    opened, described = receiver.get(), receiver.get()
    assert (opened.event, described.event) == ("create/discussion", "create/discussion.comment")
    found = read(repo, num)
    url = f"{repo.hub.url}{repo.page}/discussions/{num}"
    author = {"id": id_of(repo, reader.account)}
    assert opened.body["discussion"] == {
        "id": found["_id"],
        "title": "A question",
        "url": {"web": url, "api": f"{repo.hub.url}{repo.api}/discussions/{num}"},
        "status": "open",
        "author": author,
        "num": num,
        "isPullRequest": False,
        "pinned": False,
    }
    event = found["events"][0]["id"]
    assert described.body["comment"] == {
        "id": event,
        "author": author,
        "content": "Why?",
        "hidden": False,
        "url": {"web": f"{url}#{event}"},
    }
    assert opened.body["repo"]["name"] == repo.full_name
    act(reader, num, f"comment/{event}/edit", {"content": "How?"})
    edited = receiver.get()
    assert (edited.event, edited.body["comment"]["content"]) == (
        "update/discussion.comment",
        "How?",
    )
    act(reader, num, f"comment/{event}/hide")
    hidden = receiver.get().body["comment"]
    assert hidden["hidden"] is True
    assert "content" not in hidden


def test_what_becomes_of_a_discussion_is_told(repo: Repo, receiver: Receiver) -> None:
    num = discuss(repo)
    receiver.get_events(2)
    for verb, body, key, value in (
        ("title", {"title": "Better"}, "title", "Better"),
        ("pin", {"pinned": True}, "pinned", True),
        ("status", {"status": "closed"}, "status", "closed"),
    ):
        assert act(repo, num, verb, body).status_code == 200
        told = receiver.get()
        assert told.event == "update/discussion"
        assert told.body["discussion"][key] == value
    repo.delete(f"/discussions/{num}")
    assert receiver.get().event == "delete/discussion"


def test_a_pull_request_is_told_as_a_discussion_and_as_a_ref(
    repo: Repo, reader: Repo, receiver: Receiver
) -> None:
    num = propose(reader)
    assert receiver.get_events(2) == ["create/discussion", "create/discussion.comment"]
    moved = receiver.get()
    assert moved.event == "update/repo.content"
    [update] = moved.body["updatedRefs"]
    assert (update["ref"], update["oldSha"]) == (f"refs/pr/{num}", None)
    act(repo, num, "merge", {"comment": "Thanks"})
    assert receiver.get().event == "create/discussion.comment"
    merged, moved = receiver.get(), receiver.get()
    assert merged.body["discussion"]["status"] == "merged"
    assert merged.body["discussion"]["changes"] == {
        "base": "refs/heads/main",
        "mergeCommitId": repo.head(),
    }
    assert moved.body["updatedRefs"][0]["ref"] == "refs/heads/main"
    assert moved.body["updatedRefs"][0]["newSha"] == repo.head()
    # What was refused is not told.
    assert act(repo, num, "merge").status_code == 400
    assert act(reader, num, "status", {"status": "open"}).status_code == 400
    discuss(repo)
    assert receiver.get().event == "create/discussion"
