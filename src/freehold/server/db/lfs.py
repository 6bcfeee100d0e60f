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
    tx.run(
        "UPDATE repo_lfs SET committed = TRUE"
        " WHERE repo_id = :repo_id AND sha256 = :sha256 AND committed = FALSE",
        repo_id=repo_id,
        sha256=sha256,
    )


def list_abandoning_repos(tx: Transaction, before: int) -> list[str]:
    """The repositories with uploads before that time that no commit has named."""
    rows = tx.all(
        "SELECT DISTINCT repo_id FROM repo_lfs WHERE committed = FALSE AND created_at < :before",
        before=before,
    )
    return [row.repo_id for row in rows]


def drop_abandoned_links(tx: Transaction, repo_id: str, before: int) -> int:
    """Ends the links of a repository's uploads before that time that no commit has named.

    Gives their number.
    """
    dropped = tx.all(
        "DELETE FROM repo_lfs WHERE repo_id = :repo_id AND committed = FALSE"
        " AND created_at < :before RETURNING sha256",
        repo_id=repo_id,
        before=before,
    )
    for link in dropped:
        tx.run(
            "UPDATE repo SET used_storage = used_storage"
            " - (SELECT size FROM lfs_object WHERE sha256 = :sha256) WHERE id = :repo_id",
            repo_id=repo_id,
            sha256=link.sha256,
        )
    return len(dropped)


def renew_link(tx: Transaction, repo_id: str, sha256: str, now: int) -> None:
    """Gives an upload that no commit has named yet its time again."""
    tx.run(
        "UPDATE repo_lfs SET created_at = :now"
        " WHERE repo_id = :repo_id AND sha256 = :sha256 AND committed = FALSE",
        repo_id=repo_id,
        sha256=sha256,
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


def put_part(tx: Transaction, upload_id: str, part: Part) -> None:
    """Records a part that is stored; a repeated part replaces the former one."""
    tx.run(
        "INSERT INTO lfs_part (upload_id, number, size, etag)"
        " VALUES (:upload_id, :number, :size, :etag)"
        " ON CONFLICT (upload_id, number) DO UPDATE SET size = excluded.size,"
        " etag = excluded.etag",
        upload_id=upload_id,
        **part._asdict(),
    )


def list_parts(tx: Transaction, upload_id: str) -> list[Part]:
    """The parts that are stored, in order."""
    rows = tx.all(
        "SELECT number, size, etag FROM lfs_part WHERE upload_id = :upload_id ORDER BY number",
        upload_id=upload_id,
    )
    return [Part(*row) for row in rows]


def delete_upload(tx: Transaction, upload_id: str) -> None:
    """Forgets an upload that has ended."""
    tx.run("DELETE FROM lfs_part WHERE upload_id = :upload_id", upload_id=upload_id)
    tx.run("DELETE FROM lfs_upload WHERE id = :upload_id", upload_id=upload_id)


def list_stale_uploads(tx: Transaction, before: int) -> list[str]:
    """The uploads that were begun before that time (milliseconds)."""
    rows = tx.all("SELECT id FROM lfs_upload WHERE created_at < :before", before=before)
    return [row.id for row in rows]


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
