"""Files that are kept in chunks: what they consist of, and whether their sha256 was proven."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.xorbs import COLUMNS as XORB_COLUMNS
from freehold.server.db.xorbs import Xorb


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
    xorb: Xorb
    first_chunk: int
    end_chunk: int
    first_byte: int
    end_byte: int

    @property
    def file_end(self) -> int:
        """The byte of the file behind the run."""
        return self.file_start + self.length


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
            "INSERT INTO xet_term (file_hash, file_start, length, xorb_hash, first_chunk,"
            " end_chunk, first_byte, end_byte) VALUES (:file_hash, :file_start, :length,"
            " :xorb_hash, :first_chunk, :end_chunk, :first_byte, :end_byte)",
            [
                {"file_hash": file.hash, "xorb_hash": term.xorb.hash, **_numbers(term)}
                for term in terms
            ],
        )
    return bool(added)


def _numbers(term: Term) -> dict[str, int]:
    return {name: value for name, value in term._asdict().items() if name != "xorb"}


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
        "SELECT xet_term.file_start, xet_term.length, xet_term.first_chunk, xet_term.end_chunk,"
        f" xet_term.first_byte, xet_term.end_byte, {XORB_COLUMNS} FROM xet_term"
        " JOIN xorb ON xorb.hash = xet_term.xorb_hash"
        " WHERE xet_term.file_hash = :file_hash AND xet_term.file_start < :end"
        " AND xet_term.file_start >= (SELECT COALESCE(MAX(file_start), 0) FROM xet_term"
        " WHERE file_hash = :file_hash AND file_start <= :start) ORDER BY xet_term.file_start",
        file_hash=file_hash,
        start=start,
        end=end,
    )
    return [Term(row[0], row[1], Xorb(*row[6:]), *row[2:6]) for row in rows]


class XorbRun(NamedTuple):
    """A run of any file that consists of chunks of one xorb."""

    file_hash: str
    file_start: int
    first_chunk: int
    end_chunk: int


def list_runs_of_xorb(tx: Transaction, xorb_hash: str) -> list[XorbRun]:
    """Every run of every file that needs the xorb."""
    rows = tx.all(
        "SELECT file_hash, file_start, first_chunk, end_chunk FROM xet_term"
        " WHERE xorb_hash = :xorb_hash ORDER BY file_hash, file_start",
        xorb_hash=xorb_hash,
    )
    return [XorbRun(*row) for row in rows]


def place_run(tx: Transaction, run: XorbRun, first_byte: int, end_byte: int) -> None:
    """Records where the chunks of a run are now, in the bytes of its xorb."""
    tx.run(
        "UPDATE xet_term SET first_byte = :first_byte, end_byte = :end_byte"
        " WHERE file_hash = :file_hash AND file_start = :file_start",
        first_byte=first_byte,
        end_byte=end_byte,
        file_hash=run.file_hash,
        file_start=run.file_start,
    )


def list_unproven_files(tx: Transaction, now: int, limit: int) -> list[XetFile]:
    """Files whose sha256 was not proven yet and that nobody has taken on; small ones first."""
    rows = tx.all(
        "SELECT hash, size, sha256 FROM xet_file WHERE sha256 IS NULL AND proving_until < :now"
        " ORDER BY size LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [XetFile(*row) for row in rows]


def take_on_proof(tx: Transaction, file_hash: str, now: int, until: int) -> bool:
    """Says that the sha256 of a file is being proven until then; false when it need not be."""
    taken = tx.run(
        "UPDATE xet_file SET proving_until = :until"
        " WHERE hash = :file_hash AND sha256 IS NULL AND proving_until < :now",
        until=until,
        file_hash=file_hash,
        now=now,
    )
    return bool(taken)


def has_unproven(tx: Transaction, repo_id: str) -> bool:
    """Whether the repository serves a file whose sha256 was not proven yet."""
    row = tx.one(
        "SELECT 1 FROM repo_lfs JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " JOIN xet_file ON xet_file.hash = lfs_object.xet_hash"
        " WHERE repo_lfs.repo_id = :repo_id AND xet_file.sha256 IS NULL LIMIT 1",
        repo_id=repo_id,
    )
    return row is not None


def prove_file(tx: Transaction, file_hash: str, sha256: str) -> None:
    """Records what the sha256 of a file is; its row is locked until the transaction ends."""
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
