"""Discussions and pull requests of a repository, in raw requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2

from tests.live import Account
from tests.repos import Operation, Repo, file

Json = dict[str, Any]


def as_account(repo: Repo, account: Account) -> Repo:
    """The same repository, spoken to by somebody else."""
    return replace(repo, account=account)


def discuss(repo: Repo, title: str = "A question", text: str = "Hello", **more: Any) -> int:
    """Open a discussion and return its number."""
    body = {"title": title, "description": text, "pullRequest": False, **more}
    answer = repo.post("/discussions", body)
    assert answer.status_code == 200, answer.text
    num: int = answer.json()["num"]
    return num


def propose(
    repo: Repo, *operations: Operation, summary: str = "Change it", base: str = "main", **more: Any
) -> int:
    """Open a pull request by a commit and return its number."""
    operations = operations or (file("proposed.txt", "x"),)
    revision = f"{base.replace('/', '%2F')}?create_pr=1"
    answer = repo.send_commit(*operations, revision=revision, summary=summary, **more)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["pullRequestUrl"].rpartition("/")[2])


def read(repo: Repo, num: int, query: str = "?diff=1") -> Json:
    """A discussion with its events."""
    answer = repo.get(f"/discussions/{num}{query}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def act(repo: Repo, num: int, verb: str, body: Json | None = None) -> httpx2.Response:
    """Do something with a discussion; `verb` is the rest of the path."""
    return repo.post(f"/discussions/{num}/{verb}", body)


def assert_refused(
    answer: httpx2.Response, status: int, reason: str = "", code: str | None = None
) -> None:
    """The answer is an error of that status, and its message says this somewhere."""
    assert answer.status_code == status, answer.text
    assert answer.headers.get("x-error-code") == code
    assert reason in answer.json()["error"]


def kinds(discussion: Json) -> list[str]:
    """The types of its events, in order."""
    return [event["type"] for event in discussion["events"]]


def texts(discussion: Json) -> list[str]:
    """What its comments say, in order."""
    comments = [event for event in discussion["events"] if event["type"] == "comment"]
    return [event["data"]["latest"]["raw"] for event in comments]
