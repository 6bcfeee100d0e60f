"""Xorbs: which are stored, who has sent them, and which of their chunks somebody may read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.visibility import READABLE


class Xorb(NamedTuple):
    """A stored xorb: `size` are the bytes of its chunks with headers, `length` the raw ones."""

    hash: str
    object_key: str
    size: int
    length: int
    chunk_count: int


COLUMNS = "xorb.hash, xorb.object_key, xorb.size, xorb.length, xorb.chunk_count"


class Span(NamedTuple):
    """The chunks `first` up to `end` of a xorb."""

    first: int
    end: int


class ChunkPlace(NamedTuple):
    """Where a chunk is: in which xorb, and its number there."""

    hash: str
    xorb_hash: str
    place: int


def insert_xorb(tx: Transaction, xorb: Xorb, now: int) -> bool:
    """Records a xorb; false when it is known already, as another object."""
    added = tx.run(
        "INSERT INTO xorb (hash, object_key, size, length, chunk_count, created_at, used_at)"
        " VALUES (:hash, :object_key, :size, :length, :chunk_count, :now, :now)"
        " ON CONFLICT (hash) DO NOTHING",
        **xorb._asdict(),
        now=now,
    )
    return bool(added)


def replace_xorb(tx: Transaction, xorb: Xorb) -> None:
    """Lets a xorb whose object is lost be another one; the runs of files have to follow."""
    tx.run(
        "UPDATE xorb SET object_key = :object_key, size = :size WHERE hash = :hash",
        object_key=xorb.object_key,
        size=xorb.size,
        hash=xorb.hash,
    )


def find_xorb(tx: Transaction, xorb_hash: str) -> Xorb | None:
    """The xorb of that hash, whoever may use it."""
    return find_xorbs(tx, [xorb_hash]).get(xorb_hash)


def find_xorbs(tx: Transaction, hashes: list[str]) -> dict[str, Xorb]:
    """Those of the xorbs that are stored."""
    rows = [
        row
        for chunk in in_chunks(hashes)
        for row in tx.all(f"SELECT {COLUMNS} FROM xorb WHERE hash IN :hashes", hashes=chunk)
    ]
    return {row.hash: Xorb(*row) for row in rows}


def use_xorbs(tx: Transaction, hashes: Iterable[str], now: int) -> int:
    """Gives the xorbs their time again, and the number of those that are stored.

    They cannot go away until the transaction ends.
    """
    # One by one, because everybody has to lock them in the same order.
    return sum(
        tx.run("UPDATE xorb SET used_at = :now WHERE hash = :hash", hash=name, now=now)
        for name in sorted(hashes)
    )


def add_sender(tx: Transaction, xorb_hash: str, user_id: str, now: int) -> bool:
    """Records that the user has sent the xorb; false when they had sent it before."""
    added = tx.run(
        "INSERT INTO xorb_sender (xorb_hash, user_id, sent_at)"
        " VALUES (:xorb_hash, :user_id, :now) ON CONFLICT DO NOTHING",
        xorb_hash=xorb_hash,
        user_id=user_id,
        now=now,
    )
    return bool(added)


def list_sent(tx: Transaction, hashes: list[str], user_id: str) -> set[str]:
    """Those of the xorbs that the user has sent."""
    rows = [
        row
        for chunk in in_chunks(hashes)
        for row in tx.all(
            "SELECT xorb_hash FROM xorb_sender WHERE user_id = :user_id AND xorb_hash IN :hashes",
            user_id=user_id,
            hashes=chunk,
        )
    ]
    return {row.xorb_hash for row in rows}


def list_readable_spans(
    tx: Transaction, hashes: list[str], viewer_id: str, sees_all: bool
) -> dict[str, list[Span]]:
    """The chunks of the xorbs that are in files which the viewer can read, by xorb, in order."""
    spans: dict[str, list[Span]] = {}
    for chunk in in_chunks(hashes):
        rows = tx.all(
            "SELECT DISTINCT xet_term.xorb_hash, xet_term.first_chunk, xet_term.end_chunk"
            " FROM xet_term JOIN lfs_object ON lfs_object.xet_hash = xet_term.file_hash"
            " JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
            " JOIN repo ON repo.id = repo_lfs.repo_id"
            f" WHERE xet_term.xorb_hash IN :hashes AND {READABLE}"
            " ORDER BY xet_term.xorb_hash, xet_term.first_chunk",
            hashes=chunk,
            viewer_id=viewer_id,
            sees_all=sees_all,
        )
        for row in rows:
            spans.setdefault(row.xorb_hash, []).append(Span(row.first_chunk, row.end_chunk))
    return spans


def put_chunks(tx: Transaction, chunks: list[ChunkPlace]) -> None:
    """Lets chunks be found by their hashes; of several in one xorb, the first that came."""
    tx.run_many(
        "INSERT INTO xet_chunk (hash, xorb_hash, place) VALUES (:hash, :xorb_hash, :place)"
        " ON CONFLICT (hash, xorb_hash) DO NOTHING",
        [chunk._asdict() for chunk in chunks],
    )


def find_chunk(tx: Transaction, chunk_hash: str, limit: int) -> list[ChunkPlace]:
    """Places of the chunk, in any xorbs."""
    rows = tx.all(
        "SELECT hash, xorb_hash, place FROM xet_chunk WHERE hash = :chunk_hash LIMIT :limit",
        chunk_hash=chunk_hash,
        limit=limit,
    )
    return [ChunkPlace(*row) for row in rows]


def list_neighbours(
    tx: Transaction, xorb_hash: str, viewer_id: str, sees_all: bool, limit: int
) -> list[str]:
    """Xorbs of the files that need this one and that the viewer can read, the newest files first.

    It is one of them, unless no such file needs it.
    """
    rows = tx.all(
        "SELECT other.xorb_hash FROM xet_term AS known"
        " JOIN lfs_object ON lfs_object.xet_hash = known.file_hash"
        " JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
        " JOIN repo ON repo.id = repo_lfs.repo_id"
        " JOIN xet_term AS other ON other.file_hash = known.file_hash"
        f" WHERE known.xorb_hash = :xorb_hash AND {READABLE}"
        " GROUP BY other.xorb_hash ORDER BY MAX(repo_lfs.created_at) DESC, other.xorb_hash"
        " LIMIT :limit",
        xorb_hash=xorb_hash,
        viewer_id=viewer_id,
        sees_all=sees_all,
        limit=limit,
    )
    return [row.xorb_hash for row in rows]


def find_unused(tx: Transaction, before: int, after: str, limit: int) -> dict[str, bool]:
    """Of the next xorbs, by hash, whether no file needs them and nobody has used them since."""
    rows = tx.all(
        "SELECT hash, used_at < :before AND NOT EXISTS"
        " (SELECT 1 FROM xet_term WHERE xet_term.xorb_hash = xorb.hash) AS is_unused"
        " FROM xorb WHERE hash > :after ORDER BY hash LIMIT :limit",
        before=before,
        after=after,
        limit=limit,
    )
    return {row.hash: bool(row.is_unused) for row in rows}


def delete_unused_xorbs(tx: Transaction, hashes: list[str], before: int) -> list[str]:
    """Forgets those of the xorbs that are unused as `find_unused` says; gives their keys."""
    rows = tx.all(
        "DELETE FROM xorb WHERE hash IN :hashes AND used_at < :before AND NOT EXISTS"
        " (SELECT 1 FROM xet_term WHERE xet_term.xorb_hash = xorb.hash) RETURNING object_key",
        hashes=hashes,
        before=before,
    )
    return [row.object_key for row in rows]
