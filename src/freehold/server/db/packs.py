"""Which packs a repository consists of; small ones with their bytes."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Pack(NamedTuple):
    """A pack of a repository; without an `object_key` the row holds its bytes."""

    seq: int
    name: str
    size: int
    object_count: int
    object_key: str | None


class PackBytes(NamedTuple):
    """A pack and its index."""

    data: bytes
    idx: bytes


def insert_pack(
    tx: Transaction, repo_id: str, pack: Pack, content: PackBytes | None, now: int
) -> None:
    """Adds a pack; `content` is `None` when the object store holds it."""
    tx.run(
        "INSERT INTO git_pack (repo_id, seq, name, size, object_count, object_key, data, idx,"
        " created_at) VALUES (:repo_id, :seq, :name, :size, :object_count, :object_key, :data,"
        " :idx, :now)",
        repo_id=repo_id,
        **pack._asdict(),
        data=content and content.data,
        idx=content and content.idx,
        now=now,
    )


def list_packs(tx: Transaction, repo_id: str, after: int = 0) -> list[Pack]:
    """The packs of a repository of a generation later than `after`, oldest first."""
    rows = tx.all(
        "SELECT seq, name, size, object_count, object_key FROM git_pack"
        " WHERE repo_id = :repo_id AND seq > :after ORDER BY seq",
        repo_id=repo_id,
        after=after,
    )
    return [Pack(*row) for row in rows]


def has_packs(tx: Transaction, repo_id: str) -> bool:
    """Whether the repository has any pack."""
    return tx.one("SELECT 1 FROM git_pack WHERE repo_id = :id LIMIT 1", id=repo_id) is not None


def read_pack(tx: Transaction, repo_id: str, seq: int) -> PackBytes | None:
    """The bytes of a small pack; `None` when it is gone."""
    row = tx.one(
        "SELECT data, idx FROM git_pack"
        " WHERE repo_id = :repo_id AND seq = :seq AND data IS NOT NULL",
        repo_id=repo_id,
        seq=seq,
    )
    return None if row is None else PackBytes(bytes(row.data), bytes(row.idx))


def delete_packs(tx: Transaction, repo_id: str, seqs: list[int]) -> int:
    """Removes packs from the repository's list and gives their number."""
    return tx.run(
        "DELETE FROM git_pack WHERE repo_id = :repo_id AND seq IN :seqs",
        repo_id=repo_id,
        seqs=seqs,
    )


def count_packs(tx: Transaction, after: str, limit: int) -> dict[str, int]:
    """How many packs each of the next repositories has, in the order of their ids."""
    rows = tx.all(
        "SELECT repo_id, COUNT(*) AS found FROM git_pack WHERE repo_id > :after"
        " GROUP BY repo_id ORDER BY repo_id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return {row.repo_id: int(row.found) for row in rows}
