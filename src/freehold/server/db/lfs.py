"""Large files: the objects, who may serve them, and uploads in parts."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.visibility import VISIBLE


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


def insert_object(tx: Transaction, sha256: str, size: int, now: int) -> None:
    """Records a stored object, or locks the row of a known one until the transaction ends."""
    tx.run(
        "INSERT INTO lfs_object (sha256, size, created_at) VALUES (:sha256, :size, :now)"
        " ON CONFLICT (sha256) DO UPDATE SET size = excluded.size",
        sha256=sha256,
        size=size,
        now=now,
    )


def is_stored(tx: Transaction, sha256: str) -> bool:
    """Whether the object is recorded, whoever may use it."""
    return tx.one("SELECT 1 FROM lfs_object WHERE sha256 = :sha256", sha256=sha256) is not None


def link_object(tx: Transaction, repo_id: str, sha256: str, pusher_id: str, now: int) -> None:
    """Lets the repository serve an object that was sent to it, until it must be committed."""
    linked = tx.run(
        "INSERT INTO repo_lfs (repo_id, sha256, pusher_id, committed, created_at)"
        " VALUES (:repo_id, :sha256, :pusher_id, FALSE, :now) ON CONFLICT DO NOTHING",
        repo_id=repo_id,
        sha256=sha256,
        pusher_id=pusher_id,
        now=now,
    )
    if linked:
        tx.run(
            "UPDATE repo SET used_storage = used_storage"
            " + (SELECT size FROM lfs_object WHERE sha256 = :sha256) WHERE id = :repo_id",
            repo_id=repo_id,
            sha256=sha256,
        )


def commit_object(tx: Transaction, repo_id: str, sha256: str, pusher_id: str, now: int) -> None:
    """Lets the repository serve an object that a commit names, for good."""
    link_object(tx, repo_id, sha256, pusher_id, now)
    commit_link(tx, repo_id, sha256)


def list_abandoning_repos(tx: Transaction, before: int) -> list[str]:
    """The repositories with uploads before that time that no commit has named."""
    rows = tx.all(
        "SELECT DISTINCT repo_id FROM repo_lfs WHERE committed = FALSE AND created_at < :before",
        before=before,
    )
    return [row.repo_id for row in rows]


def list_abandoned_links(tx: Transaction, repo_id: str, before: int) -> dict[str, int]:
    """The sizes, by sha256, of a repository's uploads before that time that no commit has named."""
    rows = tx.all(
        "SELECT lfs_object.sha256, lfs_object.size FROM repo_lfs"
        " JOIN lfs_object ON lfs_object.sha256 = repo_lfs.sha256"
        " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.committed = FALSE"
        " AND repo_lfs.created_at < :before",
        repo_id=repo_id,
        before=before,
    )
    return {row.sha256: row.size for row in rows}


def drop_abandoned_link(tx: Transaction, repo_id: str, sha256: str, before: int) -> bool:
    """Ends a link that is as `list_abandoned_links` describes; false when it no longer is."""
    dropped = tx.run(
        "DELETE FROM repo_lfs WHERE repo_id = :repo_id AND sha256 = :sha256"
        " AND committed = FALSE AND created_at < :before",
        repo_id=repo_id,
        sha256=sha256,
        before=before,
    )
    if dropped:
        tx.run(
            "UPDATE repo SET used_storage = used_storage"
            " - (SELECT size FROM lfs_object WHERE sha256 = :sha256) WHERE id = :repo_id",
            repo_id=repo_id,
            sha256=sha256,
        )
    return bool(dropped)


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


def find_linked_sizes(tx: Transaction, repo_id: str, oids: list[str]) -> dict[str, int]:
    """The sizes, by sha256, of those objects that the repository may serve."""
    sizes = {}
    for chunk in in_chunks(oids):
        rows = tx.all(
            "SELECT lfs_object.sha256, lfs_object.size FROM repo_lfs"
            " JOIN lfs_object ON lfs_object.sha256 = repo_lfs.sha256"
            " WHERE repo_lfs.repo_id = :repo_id AND repo_lfs.sha256 IN :oids",
            repo_id=repo_id,
            oids=chunk,
        )
        sizes.update({row.sha256: row.size for row in rows})
    return sizes


def find_readable_sizes(
    tx: Transaction, oids: list[str], viewer_id: str, sees_all: bool
) -> dict[str, int]:
    """The sizes of those objects that the viewer can read through some repository.

    Gated repositories count only for their owner and the members of the organisation.
    """
    sizes = {}
    for chunk in in_chunks(oids):
        rows = tx.all(
            "SELECT DISTINCT lfs_object.sha256, lfs_object.size FROM repo_lfs"
            " JOIN lfs_object ON lfs_object.sha256 = repo_lfs.sha256"
            " JOIN repo ON repo.id = repo_lfs.repo_id"
            f" WHERE repo_lfs.sha256 IN :oids AND repo.disabled = FALSE AND {VISIBLE}"
            " AND (repo.gated = '' OR :sees_all = TRUE OR repo.owner_id = :viewer_id"
            " OR EXISTS (SELECT 1 FROM org_member WHERE org_member.org_id = repo.owner_id"
            " AND org_member.user_id = :viewer_id))",
            oids=chunk,
            viewer_id=viewer_id,
            sees_all=sees_all,
        )
        sizes.update({row.sha256: row.size for row in rows})
    return sizes


def copy_links(tx: Transaction, source_id: str, target_id: str, now: int) -> None:
    """Lets a new repository serve everything that another serves."""
    tx.run(
        "INSERT INTO repo_lfs (repo_id, sha256, pusher_id, committed, created_at)"
        " SELECT :target_id, sha256, pusher_id, committed, :now FROM repo_lfs"
        " WHERE repo_id = :source_id"
        " ON CONFLICT DO NOTHING",
        source_id=source_id,
        target_id=target_id,
        now=now,
    )
    tx.run(
        "UPDATE repo SET used_storage = used_storage + COALESCE((SELECT SUM(lfs_object.size)"
        " FROM repo_lfs JOIN lfs_object ON lfs_object.sha256 = repo_lfs.sha256"
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


def delete_unlinked_objects(tx: Transaction, before: int, limit: int) -> list[str]:
    """Forgets objects stored before that time that no repository serves; gives their hashes."""
    rows = tx.all(
        "DELETE FROM lfs_object WHERE sha256 IN (SELECT lfs_object.sha256 FROM lfs_object"
        " LEFT JOIN repo_lfs ON repo_lfs.sha256 = lfs_object.sha256"
        " WHERE repo_lfs.sha256 IS NULL AND lfs_object.created_at < :before LIMIT :limit)"
        " RETURNING sha256",
        before=before,
        limit=limit,
    )
    return [row.sha256 for row in rows]


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
        " JOIN lfs_object ON lfs_object.sha256 = repo_lfs.sha256"
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
        "DELETE FROM repo_lfs WHERE repo_id = :repo_id AND sha256 IN :oids RETURNING sha256",
        repo_id=repo_id,
        oids=oids,
    )
    unlinked = [row.sha256 for row in rows]
    tx.run(
        "UPDATE repo SET used_storage = used_storage - COALESCE("
        "(SELECT SUM(size) FROM lfs_object WHERE sha256 IN :unlinked), 0) WHERE id = :repo_id",
        repo_id=repo_id,
        unlinked=unlinked,
    )
    return unlinked
