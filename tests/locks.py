"""Locks on the files of a repository of a running hub, in raw requests."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

import httpx2

from freehold.server.db import accounts, repos
from freehold.server.db.repos import Repo as StoredRepo
from freehold.server.hub import now_ms
from tests.live import Account, LiveHub
from tests.repos import Repo, new_repo

# The id of no lock.
PLACEHOLDER = "0" * 24


def shared_repo(hub: LiveHub, alice: Account, bob: Account) -> Repo:
    """A private repository of an organisation in which both may write, spoken to by alice."""
    org = hub.org(owner=alice, members={bob.name: "write"})
    return new_repo(hub, alice, namespace=org, private=True)


def as_user(repo: Repo, user: Account) -> Repo:
    """The same repository, spoken to by somebody else."""
    return Repo(repo.hub, user, repo.full_name, repo.type)


def create(repo: Repo, path: Any, **more: Any) -> httpx2.Response:
    return repo.call("POST", f"{repo.lfs}/locks", json={"path": path, **more})


def lock(repo: Repo, path: str) -> dict[str, Any]:
    """Lock a path and return the lock."""
    answer = create(repo, path)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["lock"]
    return made


def listing(repo: Repo, **query: Any) -> httpx2.Response:
    return repo.call("GET", f"{repo.lfs}/locks?{urlencode(query)}")


def listed(repo: Repo, **query: Any) -> list[dict[str, Any]]:
    """The locks of one page."""
    answer = listing(repo, **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["locks"]
    return found


def verify(repo: Repo, **body: Any) -> httpx2.Response:
    return repo.call("POST", f"{repo.lfs}/locks/verify", json=body)


def unlock(repo: Repo, id: str, **body: Any) -> httpx2.Response:
    return repo.call("POST", f"{repo.lfs}/locks/{id}/unlock", json=body)


def stored(repo: Repo) -> StoredRepo:
    """The row of the repository."""
    namespace, _, name = repo.full_name.partition("/")
    with repo.hub.inside.db.read() as tx:
        found = repos.find_visible_repo(tx, repo.type, namespace, name, None, True)
    assert found is not None
    return found


def add_locks(repo: Repo, count: int) -> None:
    """Lock so many paths at once, beside the running hub."""
    hub = repo.hub.inside
    with hub.db.write() as tx:
        owner = accounts.find_account(tx, repo.account.name)
        assert owner is not None
        tx.run_many(
            "INSERT INTO lfs_lock (id, repo_id, path, path_sha256, owner_id, created_at)"
            " VALUES (:id, :repo_id, :path, :path, :owner_id, :now)",
            [
                {
                    "id": secrets.token_hex(12),
                    "repo_id": stored(repo).id,
                    "path": f"many/{number}",
                    "owner_id": owner.id,
                    "now": now_ms(),
                }
                for number in range(count)
            ],
        )
