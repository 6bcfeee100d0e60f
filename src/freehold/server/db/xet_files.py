"""Files that are kept in chunks: what they consist of, and whether their sha256 was proven."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction, in_chunks


class XetFile(NamedTuple):
    """A file of chunks, its bytes, and their sha256 once it was proven."""

    hash: str
    size: int
    sha256: str | None


class Term(NamedTuple):
    """A run of a file: from byte `file_start` on, `length` bytes.

    They are the chunks `first_chunk` up to `end_chunk` of a xorb, which are its bytes `first_byte`
    up to `end_byte`.
    """

    file_start: int
    length: int
    xorb_hash: str
    first_chunk: int
    end_chunk: int
    first_byte: int
    end_byte: int

    @property
    def file_end(self) -> int:
        """The byte of the file behind the run."""
        return self.file_start + self.length


_COLUMNS = "file_start, length, xorb_hash, first_chunk, end_chunk, first_byte, end_byte"


def insert_file(tx: Transaction, file: XetFile, terms: list[Term], now: int) -> bool:
    """Records a file with its runs; false when it is known already, perhaps with other runs."""
    added = tx.run(
        "INSERT INTO xet_file (hash, size, sha256, created_at)"
        " VALUES (:hash, :size, :sha256, :now) ON CONFLICT DO NOTHING",
        **file._asdict(),
        now=now,
    )
    if added:
        tx.run_many(
            f"INSERT INTO xet_term (file_hash, {_COLUMNS}) VALUES (:file_hash, :file_start,"
            " :length, :xorb_hash, :first_chunk, :end_chunk, :first_byte, :end_byte)",
            [{"file_hash": file.hash, **term._asdict()} for term in terms],
        )
    return bool(added)


def find_files(tx: Transaction, hashes: list[str]) -> dict[str, XetFile]:
    """Those of the files that are known, whoever may read them."""
    rows = [
        row
        for chunk in in_chunks(hashes)
        for row in tx.all(
            "SELECT hash, size, sha256 FROM xet_file WHERE hash IN :hashes", hashes=chunk
        )
    ]
    return {row.hash: XetFile(*row) for row in rows}


def find_linked_file(tx: Transaction, repo_id: str, file_hash: str) -> XetFile | None:
    """The file, if the repository may serve it."""
    row = tx.one(
        "SELECT xet_file.hash, xet_file.size, xet_file.sha256 FROM xet_file"
        " JOIN lfs_object ON lfs_object.xet_hash = xet_file.hash"
        " JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
        " WHERE xet_file.hash = :file_hash AND repo_lfs.repo_id = :repo_id LIMIT 1",
        file_hash=file_hash,
        repo_id=repo_id,
    )
    return None if row is None else XetFile(*row)


def list_terms(tx: Transaction, file_hash: str, start: int, end: int) -> list[Term]:
    """The runs of a file that have any of its bytes from `start` up to `end`, in order."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM xet_term WHERE file_hash = :file_hash AND file_start < :end"
        " AND file_start >= (SELECT COALESCE(MAX(file_start), 0) FROM xet_term"
        " WHERE file_hash = :file_hash AND file_start <= :start) ORDER BY file_start",
        file_hash=file_hash,
        start=start,
        end=end,
    )
    return [Term(*row) for row in rows]


def list_unproven_files(tx: Transaction, limit: int) -> list[str]:
    """The files whose sha256 was not proven yet, those that came first at the beginning."""
    rows = tx.all(
        "SELECT hash FROM xet_file WHERE sha256 IS NULL ORDER BY created_at LIMIT :limit",
        limit=limit,
    )
    return [row.hash for row in rows]


def list_unproven_of_repo(tx: Transaction, repo_id: str) -> list[str]:
    """The files of a repository whose sha256 was not proven yet."""
    rows = tx.all(
        "SELECT DISTINCT xet_file.hash FROM xet_file"
        " JOIN lfs_object ON lfs_object.xet_hash = xet_file.hash"
        " JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
        " WHERE repo_lfs.repo_id = :repo_id AND xet_file.sha256 IS NULL",
        repo_id=repo_id,
    )
    return [row.hash for row in rows]


def prove_file(tx: Transaction, file_hash: str, sha256: str) -> None:
    """Records what the sha256 of a file is."""
    tx.run(
        "UPDATE xet_file SET sha256 = :sha256 WHERE hash = :file_hash",
        sha256=sha256,
        file_hash=file_hash,
    )


class FalseLink(NamedTuple):
    """A repository that was told another sha256 of a file than it has, by whom, and its bytes."""

    repo_id: str
    sha256: str
    pusher_id: str
    size: int


def list_false_links(tx: Transaction, file_hash: str, sha256: str) -> list[FalseLink]:
    """The links to a file under any other sha256 than this one."""
    rows = tx.all(
        "SELECT repo_lfs.repo_id, repo_lfs.sha256, repo_lfs.pusher_id, lfs_object.size"
        " FROM lfs_object JOIN repo_lfs ON repo_lfs.object_id = lfs_object.id"
        " WHERE lfs_object.xet_hash = :file_hash AND lfs_object.sha256 <> :sha256"
        " ORDER BY repo_lfs.repo_id",
        file_hash=file_hash,
        sha256=sha256,
    )
    return [FalseLink(*row) for row in rows]


def delete_unnamed_files(tx: Transaction, hashes: list[str]) -> None:
    """Forgets those of the files that no stored content is kept as any more."""
    for chunk in in_chunks(hashes):
        tx.run(
            "DELETE FROM xet_file WHERE hash IN :hashes AND NOT EXISTS"
            " (SELECT 1 FROM lfs_object WHERE lfs_object.xet_hash = xet_file.hash)",
            hashes=chunk,
        )
