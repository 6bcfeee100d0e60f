"""Locks on the files of a repository."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from freehold.server.db.database import Transaction


class LfsLock(NamedTuple):
    """A locked path; `created_at` is since when, in milliseconds."""

    id: str
    path: str
    owner_id: str
    owner_name: str
    created_at: int


_SELECT = (
    "SELECT lfs_lock.id, lfs_lock.path, lfs_lock.owner_id, account.name, lfs_lock.created_at"
    " FROM lfs_lock JOIN account ON account.id = lfs_lock.owner_id"
    " WHERE lfs_lock.repo_id = :repo_id"
)


def insert_lock(tx: Transaction, repo_id: str, lock: LfsLock) -> None:
    """Adds a lock; the caller has locked the repository and knows that its path is free."""
    tx.run(
        "INSERT INTO lfs_lock (id, repo_id, path, path_sha256, owner_id, created_at)"
        " VALUES (:id, :repo_id, :path, :path_sha256, :owner_id, :created_at)",
        id=lock.id,
        repo_id=repo_id,
        path=lock.path,
        path_sha256=_hash(lock.path),
        owner_id=lock.owner_id,
        created_at=lock.created_at,
    )


def _hash(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()


def count_locks(tx: Transaction, repo_id: str) -> int:
    """The number of locks that the repository has."""
    row = tx.one("SELECT COUNT(*) AS found FROM lfs_lock WHERE repo_id = :repo_id", repo_id=repo_id)
    return 0 if row is None else int(row.found)


def find_lock(tx: Transaction, repo_id: str, lock_id: str) -> LfsLock | None:
    """The lock of that id, if it is one of the repository."""
    row = tx.one(f"{_SELECT} AND lfs_lock.id = :lock_id", repo_id=repo_id, lock_id=lock_id)
    return None if row is None else LfsLock(*row)


def find_lock_of_path(tx: Transaction, repo_id: str, path: str) -> LfsLock | None:
    """The lock on that path."""
    row = tx.one(
        f"{_SELECT} AND lfs_lock.path_sha256 = :path_sha256",
        repo_id=repo_id,
        path_sha256=_hash(path),
    )
    return None if row is None else LfsLock(*row)


def list_locks(tx: Transaction, repo_id: str, after: tuple[int, str], limit: int) -> list[LfsLock]:
    """The first `limit` locks after that time and id, the oldest first."""
    created_at, lock_id = after
    rows = tx.all(
        f"{_SELECT} AND (lfs_lock.created_at, lfs_lock.id) > (:created_at, :lock_id)"
        " ORDER BY lfs_lock.created_at, lfs_lock.id LIMIT :limit",
        repo_id=repo_id,
        created_at=created_at,
        lock_id=lock_id,
        limit=limit,
    )
    return [LfsLock(*row) for row in rows]


def delete_lock(tx: Transaction, lock_id: str) -> bool:
    """Removes a lock; false when it was gone."""
    return tx.run("DELETE FROM lfs_lock WHERE id = :lock_id", lock_id=lock_id) == 1
