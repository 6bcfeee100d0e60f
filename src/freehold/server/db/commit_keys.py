"""Idempotency keys of commits, and what each has led to."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class CommitKey(NamedTuple):
    """A key as one account uses it in one repository."""

    repo_id: str
    account_id: str
    idempotency_key: str


class KeyedCommit(NamedTuple):
    """The full name of the ref that a commit moved, and its id."""

    ref: str
    oid: str


def find_keyed_commit(tx: Transaction, key: CommitKey, since: int) -> KeyedCommit | None:
    """What was done with the key since that time (milliseconds)."""
    row = tx.one(
        "SELECT ref, oid FROM commit_key WHERE repo_id = :repo_id AND account_id = :account_id"
        " AND idempotency_key = :idempotency_key AND created_at >= :since",
        since=since,
        **key._asdict(),
    )
    return None if row is None else KeyedCommit(*row)


def insert_keyed_commit(
    tx: Transaction, key: CommitKey, commit: KeyedCommit, now: int, since: int
) -> bool:
    """Records what was done with the key at `now`; false when it was used since `since`."""
    recorded = tx.run(
        "INSERT INTO commit_key (repo_id, account_id, idempotency_key, ref, oid, created_at)"
        " VALUES (:repo_id, :account_id, :idempotency_key, :ref, :oid, :now)"
        " ON CONFLICT (repo_id, account_id, idempotency_key) DO UPDATE SET ref = excluded.ref,"
        " oid = excluded.oid, created_at = excluded.created_at"
        " WHERE commit_key.created_at < :since",
        now=now,
        since=since,
        **key._asdict(),
        **commit._asdict(),
    )
    return recorded == 1


def delete_commit_keys(tx: Transaction, before: int) -> int:
    """Forgets the keys that were used before that time (milliseconds), and gives their number."""
    return tx.run("DELETE FROM commit_key WHERE created_at < :before", before=before)
