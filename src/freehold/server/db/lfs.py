"""Large files: the objects, who may serve them, and uploads in parts."""

from __future__ import annotations

from typing import NamedTuple

from freehold.errors import ConflictError
from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.repo_facts import note_arrived
from freehold.server.db.visibility import READABLE


class Upload(NamedTuple):
    """A multipart upload in progress; sizes in bytes."""

    id: str
    repo_id: str
    user_id: str
    sha256: str
    size: int
    part_size: int
    created_at: int


class Part(NamedTuple):
    """A part that the hub holds, counted from 1."""

    number: int
    size: int
    etag: str


class StoredObject(NamedTuple):
    """A content with its sha256 and size in bytes, as a repository or a viewer may use it.

    `xet_hash` names the file of chunks that it is kept as; without one it is kept whole.
    """

    id: str
    sha256: str
    size: int
    xet_hash: str | None


_STORED = "lfs_object.id, lfs_object.sha256, lfs_object.size, lfs_object.xet_hash"

# What is kept whole was hashed when it came; of a file of chunks, the sender only says its sha256.
_PROVEN = """(lfs_object.xet_hash IS NULL OR EXISTS (
    SELECT 1 FROM xet_file
    WHERE xet_file.hash = lfs_object.xet_hash AND xet_file.sha256 = lfs_object.sha256
))"""


def put_whole_object(
    tx: Transaction, new_id: str, sha256: str, size: int, now: int
) -> StoredObject:
    """Records a content that is kept whole, under `new_id` unless it is recorded already.

    Its row is locked until the transaction ends.
    """
    row = tx.one(
        "INSERT INTO lfs_object (id, sha256, size, created_at) VALUES (:new_id, :sha256, :size,"
        " :now) ON CONFLICT (sha256) WHERE xet_hash IS NULL DO UPDATE SET size = excluded.size"
        f" RETURNING {_STORED}",
        new_id=new_id,
        sha256=sha256,
        size=size,
        now=now,
    )
    assert row is not None
    return StoredObject(*row)


def put_chunked_object(tx: Transaction, wanted: StoredObject, now: int) -> StoredObject:
    """Records that somebody says that a file of chunks has this sha256, unless it is recorded.

    Its row is locked until the transaction ends.
    """
    row = tx.one(
        "INSERT INTO lfs_object (id, sha256, size, xet_hash, created_at)"
        " VALUES (:id, :sha256, :size, :xet_hash, :now)"
        " ON CONFLICT (xet_hash, sha256) WHERE xet_hash IS NOT NULL"
        f" DO UPDATE SET size = excluded.size RETURNING {_STORED}",
        **wanted._asdict(),
        now=now,
    )
    assert row is not None
    return StoredObject(*row)


def list_whole_objects(
    tx: Transaction, min_size: int, after: str, limit: int
) -> list[StoredObject]:
    """The first contents after that sha256 that are kept whole and have at least so many bytes."""
    rows = tx.all(
        f"SELECT {_STORED} FROM lfs_object WHERE xet_hash IS NULL AND size >= :min_size"
        " AND sha256 > :after ORDER BY sha256 LIMIT :limit",
        min_size=min_size,
        after=after,
        limit=limit,
    )
    return [StoredObject(*row) for row in rows]


def keep_in_chunks(tx: Transaction, whole: StoredObject, xet_hash: str) -> bool:
    """Lets a content that was kept whole be that file of chunks from now on.

    Whoever serves it goes on to. False when it is not kept whole any more.
    """
    known = tx.one(
        "SELECT id FROM lfs_object WHERE xet_hash = :xet_hash AND sha256 = :sha256",
        xet_hash=xet_hash,
        sha256=whole.sha256,
    )
    if known is None:
        changed = tx.run(
            "UPDATE lfs_object SET xet_hash = :xet_hash WHERE id = :id AND xet_hash IS NULL",
            xet_hash=xet_hash,
            id=whole.id,
        )
        return bool(changed)
    tx.run(
        "UPDATE repo_lfs SET object_id = :known_id WHERE object_id = :id",
        known_id=known.id,
        id=whole.id,
    )
    return bool(tx.run("DELETE FROM lfs_object WHERE id = :id AND xet_hash IS NULL", id=whole.id))


def is_stored_whole(tx: Transaction, sha256: str) -> bool:
    """Whether the content is kept whole, whoever may use it."""
    row = tx.one(
        "SELECT 1 FROM lfs_object WHERE sha256 = :sha256 AND xet_hash IS NULL", sha256=sha256
    )
    return row is not None


def is_proven(tx: Transaction, object_id: str) -> bool:
    """Whether the sha256 of a stored content is certain."""
    row = tx.one(
        f"SELECT 1 FROM lfs_object WHERE id = :object_id AND {_PROVEN}", object_id=object_id
    )
    return row is not None


def link_object(
    tx: Transaction, repo_id: str, stored: StoredObject, pusher_id: str, now: int
) -> None:
    """Lets the repository serve a content that was sent to it, until it must be committed.

    A link that it has already stays, unless the sha256 of what it leads to was never proven. The
    caller has locked the repository. Raises `ConflictError` for a sha256 that was found false.
    """
    _check_claim(tx, stored)
    old = tx.one(
        f"SELECT lfs_object.id, lfs_object.size, {_PROVEN} AS is_proven FROM repo_lfs"
        " JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.sha256 = :sha256",
        repo_id=repo_id,
        sha256=stored.sha256,
    )
    if old is None:
        tx.run(
            "INSERT INTO repo_lfs (repo_id, sha256, object_id, pusher_id, committed, created_at)"
            " VALUES (:repo_id, :sha256, :object_id, :pusher_id, FALSE, :now)",
            repo_id=repo_id,
            sha256=stored.sha256,
            object_id=stored.id,
            pusher_id=pusher_id,
            now=now,
        )
        _add_used_storage(tx, repo_id, stored.size)
    elif old.id != stored.id and not old.is_proven:
        tx.run(
            "UPDATE repo_lfs SET object_id = :object_id, pusher_id = :pusher_id, created_at = :now"
            " WHERE repo_id = :repo_id AND sha256 = :sha256",
            object_id=stored.id,
            pusher_id=pusher_id,
            now=now,
            repo_id=repo_id,
            sha256=stored.sha256,
        )
        _add_used_storage(tx, repo_id, stored.size - old.size)
    else:
        return
    note_arrived(tx, repo_id)


def _check_claim(tx: Transaction, stored: StoredObject) -> None:
    """Raises `ConflictError` when a file of chunks was found to have another sha256 by now."""
    if stored.xet_hash is None:
        return
    # Whoever records a proof locks the same row: one of the two sees what the other has done.
    file = tx.one(
        "UPDATE xet_file SET size = size WHERE hash = :xet_hash RETURNING sha256",
        xet_hash=stored.xet_hash,
    )
    if file is None or file.sha256 not in {None, stored.sha256}:
        raise ConflictError(f"What was sent as {stored.sha256} is another file: send it again.")


def _add_used_storage(tx: Transaction, repo_id: str, size: int) -> None:
    tx.run(
        "UPDATE repo SET used_storage = used_storage + :size WHERE id = :repo_id",
        repo_id=repo_id,
        size=size,
    )


def commit_object(
    tx: Transaction, repo_id: str, stored: StoredObject, pusher_id: str, now: int
) -> None:
    """Lets the repository serve a content that a commit names, for good."""
    link_object(tx, repo_id, stored, pusher_id, now)
    commit_link(tx, repo_id, stored.sha256)


def list_abandoning_repos(tx: Transaction, before: int) -> list[str]:
    """The repositories with uploads before that time that no commit has named."""
    # Not DISTINCT: for that, SQLite would read the whole table in another order.
    rows = tx.all(
        "SELECT repo_id FROM repo_lfs WHERE committed = FALSE AND created_at < :before",
        before=before,
    )
    return list(dict.fromkeys(row.repo_id for row in rows))


def list_abandoned_links(tx: Transaction, repo_id: str, before: int) -> dict[str, int]:
    """The sizes, by sha256, of a repository's uploads before that time that no commit has named."""
    rows = tx.all(
        "SELECT lfs_object.sha256, lfs_object.size FROM repo_lfs"
        " JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.committed = FALSE"
        " AND repo_lfs.created_at < :before",
        repo_id=repo_id,
        before=before,
    )
    return {row.sha256: row.size for row in rows}


def drop_abandoned_link(tx: Transaction, repo_id: str, sha256: str, before: int) -> bool:
    """Ends a link that is as `list_abandoned_links` describes; false when it no longer is."""
    dropped = tx.one(
        "DELETE FROM repo_lfs WHERE repo_id = :repo_id AND sha256 = :sha256"
        " AND committed = FALSE AND created_at < :before RETURNING object_id",
        repo_id=repo_id,
        sha256=sha256,
        before=before,
    )
    if dropped is None:
        return False
    _subtract_used_storage(tx, repo_id, [dropped.object_id])
    return True


def _subtract_used_storage(tx: Transaction, repo_id: str, object_ids: list[str]) -> None:
    tx.run(
        "UPDATE repo SET used_storage = used_storage - COALESCE("
        "(SELECT SUM(size) FROM lfs_object WHERE id IN :object_ids), 0) WHERE id = :repo_id",
        repo_id=repo_id,
        object_ids=object_ids,
    )


def commit_link(tx: Transaction, repo_id: str, sha256: str) -> None:
    """Keeps what the repository serves for good, because a commit names it."""
    tx.run(
        "UPDATE repo_lfs SET committed = TRUE"
        " WHERE repo_id = :repo_id AND sha256 = :sha256 AND committed = FALSE",
        repo_id=repo_id,
        sha256=sha256,
    )


def list_uncommitted(tx: Transaction, repo_id: str, oids: list[str]) -> list[str]:
    """Those of the objects that were sent to the repository and that no commit has named yet."""
    rows = [
        row
        for chunk in in_chunks(oids)
        for row in tx.all(
            "SELECT sha256 FROM repo_lfs"
            " WHERE repo_id = :repo_id AND sha256 IN :oids AND committed = FALSE",
            repo_id=repo_id,
            oids=chunk,
        )
    ]
    return [row.sha256 for row in rows]


def renew_links(tx: Transaction, repo_id: str, oids: list[str], now: int) -> None:
    """Gives uploads that no commit has named yet their time again."""
    for chunk in in_chunks(oids):
        tx.run(
            "UPDATE repo_lfs SET created_at = :now"
            " WHERE repo_id = :repo_id AND sha256 IN :oids AND committed = FALSE",
            repo_id=repo_id,
            oids=chunk,
            now=now,
        )


def find_linked(tx: Transaction, repo_id: str, oids: list[str]) -> dict[str, StoredObject]:
    """Those of the contents, by sha256, that the repository may serve."""
    sql = (
        f"SELECT {_STORED} FROM repo_lfs JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.sha256 IN :oids"
    )
    return _find_stored(tx, sql, oids, repo_id=repo_id)


def find_trusted(
    tx: Transaction, repo_id: str, oids: list[str], viewer_id: str
) -> dict[str, StoredObject]:
    """Those that it may serve, and whose sha256 was proven or is what the viewer says."""
    sql = (
        f"SELECT {_STORED} FROM repo_lfs JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.sha256 IN :oids"
        f" AND (repo_lfs.pusher_id = :viewer_id OR {_PROVEN})"
    )
    return _find_stored(tx, sql, oids, repo_id=repo_id, viewer_id=viewer_id)


def find_readable(
    tx: Transaction, oids: list[str], viewer_id: str, sees_all: bool
) -> dict[str, StoredObject]:
    """Those of the contents that the viewer can read through some repository, if proven."""
    sql = (
        f"SELECT DISTINCT {_STORED} FROM repo_lfs"
        " JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " JOIN repo ON repo.id = repo_lfs.repo_id"
        f" WHERE repo_lfs.sha256 IN :oids AND {READABLE} AND {_PROVEN}"
    )
    return _find_stored(tx, sql, oids, viewer_id=viewer_id, sees_all=sees_all)


def _find_stored(
    tx: Transaction, sql: str, oids: list[str], **values: object
) -> dict[str, StoredObject]:
    rows = (row for chunk in in_chunks(oids) for row in tx.all(sql, oids=chunk, **values))
    return {row.sha256: StoredObject(*row) for row in rows}


def copy_links(tx: Transaction, source_id: str, target_id: str, now: int) -> None:
    """Lets a new repository serve everything that another serves and that was proven."""
    tx.run(
        "INSERT INTO repo_lfs (repo_id, sha256, object_id, pusher_id, committed, created_at)"
        " SELECT :target_id, repo_lfs.sha256, object_id, pusher_id, committed, :now FROM repo_lfs"
        " JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        f" WHERE repo_lfs.repo_id = :source_id AND {_PROVEN}"
        " ON CONFLICT DO NOTHING",
        source_id=source_id,
        target_id=target_id,
        now=now,
    )
    tx.run(
        "UPDATE repo SET used_storage = used_storage + COALESCE((SELECT SUM(lfs_object.size)"
        " FROM repo_lfs JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " WHERE repo_lfs.repo_id = :target_id), 0) WHERE id = :target_id",
        target_id=target_id,
    )


def open_upload(tx: Transaction, upload: Upload) -> Upload:
    """The upload of this object by this user to this repository, new or begun before.

    Either way its time begins now.
    """
    tx.run(
        "INSERT INTO lfs_upload (id, repo_id, user_id, sha256, size, part_size, created_at)"
        " VALUES (:id, :repo_id, :user_id, :sha256, :size, :part_size, :created_at)"
        " ON CONFLICT (repo_id, user_id, sha256) DO UPDATE SET created_at = excluded.created_at",
        **upload._asdict(),
    )
    row = tx.one(
        "SELECT id, repo_id, user_id, sha256, size, part_size, created_at FROM lfs_upload"
        " WHERE repo_id = :repo_id AND user_id = :user_id AND sha256 = :sha256",
        repo_id=upload.repo_id,
        user_id=upload.user_id,
        sha256=upload.sha256,
    )
    if row is None:
        raise LookupError(upload.id)
    return Upload(*row)


def find_upload(tx: Transaction, upload_id: str) -> Upload | None:
    """The upload of that id, while it is in progress."""
    row = tx.one(
        "SELECT id, repo_id, user_id, sha256, size, part_size, created_at FROM lfs_upload"
        " WHERE id = :upload_id",
        upload_id=upload_id,
    )
    return None if row is None else Upload(*row)


def put_part(tx: Transaction, upload_id: str, part: Part, now: int) -> None:
    """Records a part that is stored; a repeated part replaces the former one.

    The time of the upload begins again.
    """
    # The upload first, as whoever ends it does: neither waits for the other for ever.
    tx.run("UPDATE lfs_upload SET created_at = :now WHERE id = :id", id=upload_id, now=now)
    tx.run(
        "INSERT INTO lfs_part (upload_id, number, size, etag)"
        " VALUES (:upload_id, :number, :size, :etag)"
        " ON CONFLICT (upload_id, number) DO UPDATE SET size = excluded.size,"
        " etag = excluded.etag",
        upload_id=upload_id,
        **part._asdict(),
    )


def is_held(tx: Transaction, upload_id: str, number: int) -> bool:
    """Whether that part is stored."""
    row = tx.one(
        "SELECT 1 FROM lfs_part WHERE upload_id = :upload_id AND number = :number",
        upload_id=upload_id,
        number=number,
    )
    return row is not None


def delete_part(tx: Transaction, upload_id: str, number: int) -> None:
    """Forgets a part that is about to be written anew."""
    tx.run(
        "DELETE FROM lfs_part WHERE upload_id = :upload_id AND number = :number",
        upload_id=upload_id,
        number=number,
    )


def list_parts(tx: Transaction, upload_id: str) -> list[Part]:
    """The parts that are stored, in order."""
    rows = tx.all(
        "SELECT number, size, etag FROM lfs_part WHERE upload_id = :upload_id ORDER BY number",
        upload_id=upload_id,
    )
    return [Part(*row) for row in rows]


def delete_upload(tx: Transaction, upload_id: str) -> None:
    """Forgets an upload that has ended, with its parts."""
    tx.run("DELETE FROM lfs_upload WHERE id = :upload_id", upload_id=upload_id)


def list_uploads(tx: Transaction, before: int) -> list[str]:
    """The uploads whose time began before that time (milliseconds)."""
    rows = tx.all("SELECT id FROM lfs_upload WHERE created_at < :before", before=before)
    return [row.id for row in rows]


def end_stale_upload(tx: Transaction, upload_id: str, before: int) -> bool:
    """Forgets an upload unless its time has begun again since `before`; then false."""
    ended = tx.run(
        "DELETE FROM lfs_upload WHERE id = :upload_id AND created_at < :before",
        upload_id=upload_id,
        before=before,
    )
    return bool(ended)


def find_unlinked(tx: Transaction, before: int, after: str, limit: int) -> dict[str, bool]:
    """Of the next contents, by id, whether they are that old and no repository serves them."""
    rows = tx.all(
        "SELECT id, created_at < :before AND NOT EXISTS"
        " (SELECT 1 FROM repo_lfs WHERE repo_lfs.object_id = lfs_object.id) AS is_unlinked"
        " FROM lfs_object WHERE id > :after ORDER BY id LIMIT :limit",
        before=before,
        after=after,
        limit=limit,
    )
    return {row.id: bool(row.is_unlinked) for row in rows}


def delete_unlinked_objects(tx: Transaction, ids: list[str], before: int) -> list[StoredObject]:
    """Forgets those of the contents, stored before that time, that no repository serves."""
    rows = tx.all(
        "DELETE FROM lfs_object WHERE id IN :ids AND created_at < :before AND NOT EXISTS"
        " (SELECT 1 FROM repo_lfs WHERE repo_lfs.object_id = lfs_object.id)"
        " RETURNING id, sha256, size, xet_hash",
        ids=ids,
        before=before,
    )
    return [StoredObject(*row) for row in rows]


class CommittedObject(NamedTuple):
    """A large file of a repository: `created_at` is when it was sent there, in milliseconds."""

    sha256: str
    size: int
    created_at: int
    pusher_name: str
    pusher_fullname: str


def list_committed(tx: Transaction, repo_id: str, after: str, limit: int) -> list[CommittedObject]:
    """The first `limit` objects after that sha256 that a commit of the repository has named."""
    rows = tx.all(
        "SELECT repo_lfs.sha256, lfs_object.size, repo_lfs.created_at, account.name,"
        " account.fullname FROM repo_lfs"
        " JOIN lfs_object ON lfs_object.id = repo_lfs.object_id"
        " JOIN account ON account.id = repo_lfs.pusher_id"
        " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.committed = TRUE"
        " AND repo_lfs.sha256 > :after ORDER BY repo_lfs.sha256 LIMIT :limit",
        repo_id=repo_id,
        after=after,
        limit=limit,
    )
    return [CommittedObject(*row) for row in rows]


def unlink_objects(tx: Transaction, repo_id: str, oids: list[str]) -> list[str]:
    """Ends the right of the repository to serve these objects; gives those that it had."""
    rows = tx.all(
        "DELETE FROM repo_lfs WHERE repo_id = :repo_id AND sha256 IN :oids"
        " RETURNING sha256, object_id",
        repo_id=repo_id,
        oids=oids,
    )
    _subtract_used_storage(tx, repo_id, [row.object_id for row in rows])
    return [row.sha256 for row in rows]
