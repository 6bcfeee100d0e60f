"""What is stored, counted for people: the bytes of files, and where they are kept."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class RepoFiles(NamedTuple):
    """The large files of a repository: how many, their bytes, and those that are kept whole."""

    repo_id: str
    type: str
    full_name: str
    files: int
    sent: int
    whole: int


class Totals(NamedTuple):
    """All that is stored: the number of xorbs and of their chunks, everything else in bytes.

    `linked_whole` and `linked_chunked` are the contents that repositories serve, each counted once.
    """

    whole: int
    linked_whole: int
    linked_chunked: int
    xorbs: int
    xorb_size: int
    xorb_chunks: int
    packs: int


class UsedSpan(NamedTuple):
    """Bytes of a xorb that a file of a repository consists of.

    `size` and `length` are the bytes of the whole xorb, as stored and unpacked.
    """

    xorb_hash: str
    first_byte: int
    end_byte: int
    repo_id: str
    size: int
    length: int


def list_repo_files(tx: Transaction) -> list[RepoFiles]:
    """Every repository with large files, by name."""
    rows = tx.all(
        "SELECT repo.id, repo.type, account.name AS namespace, repo.name,"
        " COUNT(*) AS files, SUM(lfs_object.size) AS sent,"
        " SUM(CASE WHEN lfs_object.xet_hash IS NULL THEN lfs_object.size ELSE 0 END) AS whole"
        " FROM repo_lfs JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " JOIN repo ON repo.id = repo_lfs.repo_id JOIN account ON account.id = repo.owner_id"
        " GROUP BY repo.id, repo.type, account.name, repo.name"
        " ORDER BY account.name, repo.name, repo.type",
    )
    return [
        RepoFiles(
            row.id,
            row.type,
            f"{row.namespace}/{row.name}",
            row.files,
            int(row.sent),
            int(row.whole),
        )
        for row in rows
    ]


def sum_stored(tx: Transaction) -> Totals:
    """All that is stored, whoever uses it."""
    row = tx.one(
        "SELECT (SELECT COALESCE(SUM(size), 0) FROM lfs_object WHERE xet_hash IS NULL) AS whole,"
        " (SELECT COALESCE(SUM(size), 0) FROM lfs_object WHERE xet_hash IS NULL AND EXISTS"
        " (SELECT 1 FROM repo_lfs WHERE object_id = lfs_object.id)) AS linked_whole,"
        " (SELECT COALESCE(SUM(size), 0) FROM xet_file WHERE EXISTS (SELECT 1 FROM lfs_object"
        " JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
        " WHERE lfs_object.xet_hash = xet_file.hash)) AS linked_chunked,"
        " (SELECT COUNT(*) FROM xorb) AS xorbs,"
        " (SELECT COALESCE(SUM(size), 0) FROM xorb) AS xorb_size,"
        " (SELECT COALESCE(SUM(chunk_count), 0) FROM xorb) AS xorb_chunks,"
        " (SELECT COALESCE(SUM(size), 0) FROM git_pack) AS packs"
    )
    assert row is not None
    # PostgreSQL sums whole numbers into decimals.
    return Totals(*(int(number) for number in row))


def list_used_spans(tx: Transaction, after: str, limit: int) -> list[UsedSpan]:
    """The spans of the first `limit` xorbs after that hash which files consist of, by xorb."""
    rows = tx.all(
        "SELECT DISTINCT xet_term.xorb_hash, xet_term.first_byte, xet_term.end_byte,"
        " repo_lfs.repo_id, xorb.size, xorb.length FROM xet_term"
        " JOIN xorb ON xorb.hash = xet_term.xorb_hash"
        " JOIN lfs_object ON lfs_object.xet_hash = xet_term.file_hash"
        " JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
        " WHERE xet_term.xorb_hash IN (SELECT hash FROM xorb WHERE hash > :after"
        " ORDER BY hash LIMIT :limit) ORDER BY xet_term.xorb_hash, xet_term.first_byte",
        after=after,
        limit=limit,
    )
    return [UsedSpan(*row) for row in rows]


def find_last_xorb(tx: Transaction, after: str, limit: int) -> str | None:
    """The last of the first `limit` xorbs after that hash."""
    row = tx.one(
        "SELECT MAX(hash) AS hash FROM (SELECT hash FROM xorb WHERE hash > :after"
        " ORDER BY hash LIMIT :limit) AS page",
        after=after,
        limit=limit,
    )
    return None if row is None else row.hash
