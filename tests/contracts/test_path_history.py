"""The history of one path, who wrote its lines, and the accounts behind commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold.errors import EntryNotFoundError, PayloadTooLargeError
from freehold.server.core import path_history
from freehold.server.core.access import STRANGER, Context, open_repo
from freehold.server.core.refs import list_ref_names
from freehold.server.db.repos import Repo as Row
from freehold.server.git import blame as git_blame
from freehold.server.git import path_history as git_path_history
from freehold.server.git.native import GitLimitError
from freehold.wire.route import Needs
from tests.histories import Source, send
from tests.repos import Repo, file, new_repo, put_ref

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


def inside(repo: Repo) -> tuple[Context, Row]:
    """The repository as the core sees it."""
    ctx = Context(repo.hub.inside, STRANGER, "http://hub.example")
    return ctx, open_repo(ctx, "model", repo.full_name, Needs.CONTENT)


def test_the_commits_of_a_path_are_looked_for_a_stretch_at_a_time(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = new_repo(hub, alice)
    made = [repo.commit(file("d/x", "1"))]
    for number in range(4):
        repo.commit(file("y", str(number)))
    made.append(repo.commit(file("d/x", "2")))
    ctx, row = inside(repo)
    monkeypatch.setattr(git_path_history, "MAX_COMMITS", 2)
    found, looks, after = [], 0, ""
    while after is not None:
        page = path_history.list_path_commits(ctx, row, "main", "d/x", after, 50)
        found += [commit.oid for commit in page.commits]
        after, looks = page.after, looks + 1
    assert found == made[::-1]
    assert looks == 4
    # A cursor of another history begins anew.
    page = path_history.list_path_commits(ctx, row, "main", "d/x", "0" * 40, 1)
    assert [commit.oid for commit in page.commits] == made[1:]
    assert page.after == made[1]


def test_a_look_for_commits_ends_when_time_is_up(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = new_repo(hub, alice, file("x", "1"))
    ctx, row = inside(repo)
    monkeypatch.setattr(git_path_history, "MAX_SECONDS", -1)
    page = path_history.list_path_commits(ctx, row, "main", "x", "", 50)
    assert page.commits == []


def test_blame_follows_lines_through_a_merge(hub: LiveHub, alice: Account, tmp_path: Path) -> None:
    source = Source(tmp_path / "source")
    source.commit("base", f=b"a\nb\nc\n")
    source.git("checkout", "-qb", "side")
    source.commit("side", f=b"a\nb\nc\nnew\n")
    source.git("checkout", "-q", "main")
    source.commit("main", f=b"A\nb\nc\n")
    source.git("merge", "-q", "--no-edit", "side")
    repo = new_repo(hub, alice)
    send(source, repo, tmp_path)
    found = path_history.blame(*inside(repo), "main", "f")
    told = [(b.start, b.length, found.commits[b.commit].title) for b in found.blocks]
    assert told == [(1, 1, "main"), (2, 2, "base"), (4, 1, "side")]


def test_blame_of_what_takes_too_long_says_so(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise GitLimitError("too long")

    repo = new_repo(hub, alice, file("x", "1"))
    ctx, row = inside(repo)
    monkeypatch.setattr(git_blame.native, "blame", refuse)
    with pytest.raises(PayloadTooLargeError, match="takes too long"):
        path_history.blame(ctx, row, "main", "x")
    with pytest.raises(EntryNotFoundError):
        path_history.blame(ctx, row, "main", "nope")


def test_the_last_commit_of_a_path_and_its_author(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.commit(file("d/x", "1"), summary="First", description="Why")
    head = repo.commit(file("y", "1"))
    ctx, row = inside(repo)
    found = path_history.find_last_commit(ctx, row, "main", "d")
    assert (found.oid, found.title, found.description) == (first, "First", "Why")
    assert found.account is not None and found.account.name == alice.name
    assert path_history.find_last_commit(ctx, row, "main", "").oid == head
    [commit] = path_history.tell_commits(ctx, row, [row.main_oid or ""])
    assert commit.oid == head


def test_the_names_of_refs_leave_pull_requests_out(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for name in ("refs/heads/a", "refs/tags/v1", "refs/convert/x", "refs/pr/1"):
        put_ref(repo, name, repo.head())
    ctx, row = inside(repo)
    names = ["refs/convert/x", "refs/heads/a", "refs/heads/main", "refs/tags/v1"]
    assert list_ref_names(ctx, row, 10) == names
    assert list_ref_names(ctx, row, 2) == names[:2]
