"""Repositories, their settings and their former names."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.errors import RepositoryNotFoundError
from freehold.server.db.database import Transaction
from freehold.server.db.search_text import put_repo_name
from freehold.server.db.tags import count_tags_of
from freehold.server.db.tokens import OWNER_COLUMNS, TokenOwner, make_owner
from freehold.server.db.visibility import VISIBLE

COLUMNS = """repo.id, repo.type, repo.owner_id, account.name AS namespace, repo.name,
    repo.creator_id, repo.private, repo.gated, repo.disabled, repo.discussions_disabled, repo.sdk,
    repo.downloads, repo.downloads_all_time, repo.likes, repo.used_storage, repo.generation,
    repo.created_at, repo.updated_at, git_ref.oid AS main_oid,
    (SELECT tag.number FROM tag
        WHERE tag.name = 'model:' || account.name_key || '/' || repo.name_key) AS model_tag"""

MAIN = "LEFT JOIN git_ref ON git_ref.repo_id = repo.id AND git_ref.name = 'refs/heads/main'"

# What the viewer is to the repository.
RELATION = "org_member.role, access_request.status"
RELATED = """LEFT JOIN org_member ON org_member.org_id = repo.owner_id
        AND org_member.user_id = :viewer_id
    LEFT JOIN access_request ON access_request.repo_id = repo.id
        AND access_request.user_id = :viewer_id"""

# The same where the viewer is a row that is joined, the owner of a token.
_RELATED_TO_OWNER = RELATED.replace(":viewer_id", "viewer.id")
_VISIBLE_TO_OWNER = VISIBLE.replace(":viewer_id", "viewer.id").replace(
    ":sees_all", "viewer.is_admin"
)

SETTINGS = frozenset({"private", "gated", "discussions_disabled"})


class Repo(NamedTuple):
    """A repository; times in milliseconds, `used_storage` in bytes.

    `main_oid` is the head of its branch `main`, as of the same moment as everything else.
    `model_tag` is the number of the tag that Spaces have which name a model of this name; most
    have none, so that nobody need look for Spaces.
    Of whoever asked, `viewer_role` is the role in the organisation that owns it, and
    `viewer_request` the status of the request for access: pending, accepted or rejected.
    """

    id: str
    type: str
    owner_id: str
    namespace: str
    name: str
    creator_id: str
    private: bool
    gated: str
    disabled: bool
    discussions_disabled: bool
    sdk: str | None
    downloads: int
    downloads_all_time: int
    likes: int
    used_storage: int
    generation: int
    created_at: int
    updated_at: int
    main_oid: str | None
    model_tag: int | None
    viewer_role: str | None
    viewer_request: str | None

    @property
    def full_name(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def is_closed(self) -> bool:
        """Whether there is a gate that is shut for whoever asked, unless they belong here."""
        return bool(self.gated) and self.viewer_request != "accepted"


class NewRepo(NamedTuple):
    """What a new repository starts with."""

    id: str
    type: str
    owner_id: str
    name: str
    creator_id: str
    private: bool
    sdk: str | None
    now: int


def make_repo(row: Any) -> Repo:
    """The repository in a row of `COLUMNS` and `RELATION`."""
    values = list(row)
    for place in (6, 8, 9):
        values[place] = bool(values[place])
    return Repo(*values)


def find_visible_repo(
    tx: Transaction, type: str, namespace: str, name: str, viewer_id: str | None, sees_all: bool
) -> Repo | None:
    """The repository of that name, unless the viewer may not see it."""
    row = tx.one(
        f"SELECT {COLUMNS}, {RELATION} FROM account"
        " JOIN repo ON repo.owner_id = account.id AND repo.type = :type AND repo.name_key = :name"
        f" {MAIN} {RELATED} WHERE account.name_key = :namespace AND {VISIBLE}",
        type=type,
        namespace=namespace.lower(),
        name=name.lower(),
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return None if row is None else make_repo(row)


def find_repo_and_owner(
    tx: Transaction, type: str, namespace: str, name: str, secret_hash: str
) -> tuple[Repo, TokenOwner] | None:
    """The repository of that name and whoever the token with that hash speaks for, expired or not.

    `None` when there is no such token, or its owner may not see such a repository.
    """
    row = tx.one(
        f"SELECT {COLUMNS}, {RELATION}, {OWNER_COLUMNS} FROM access_token"
        " JOIN account AS viewer ON viewer.id = access_token.user_id"
        " JOIN account ON account.name_key = :namespace"
        " JOIN repo ON repo.owner_id = account.id AND repo.type = :type AND repo.name_key = :name"
        f" {MAIN} {_RELATED_TO_OWNER}"
        f" WHERE access_token.secret_hash = :secret_hash AND {_VISIBLE_TO_OWNER}",
        type=type,
        namespace=namespace.lower(),
        name=name.lower(),
        secret_hash=secret_hash,
    )
    size = len(Repo._fields)
    return None if row is None else (make_repo(row[:size]), make_owner(row[size:]))


def find_repo_by_id(tx: Transaction, repo_id: str, viewer_id: str | None) -> Repo | None:
    """The repository of that id, whoever asks."""
    row = tx.one(
        f"SELECT {COLUMNS}, {RELATION} FROM repo JOIN account ON account.id = repo.owner_id"
        f" {MAIN} {RELATED} WHERE repo.id = :repo_id",
        repo_id=repo_id,
        viewer_id=viewer_id,
    )
    return None if row is None else make_repo(row)


def find_trending_score(tx: Transaction, repo_id: str) -> int | None:
    """The number that is large for what people look at now."""
    row = tx.one("SELECT trending_score FROM repo WHERE id = :repo_id", repo_id=repo_id)
    return None if row is None else int(row.trending_score)


def find_visible_repo_by_id(
    tx: Transaction, repo_id: str, viewer_id: str | None, sees_all: bool
) -> Repo | None:
    """The repository of that id, unless the viewer may not see it."""
    row = tx.one(
        f"SELECT {COLUMNS}, {RELATION} FROM repo JOIN account ON account.id = repo.owner_id"
        f" {MAIN} {RELATED} WHERE repo.id = :repo_id AND {VISIBLE}",
        repo_id=repo_id,
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return None if row is None else make_repo(row)


def find_moved_repo(
    tx: Transaction, type: str, namespace: str, name: str, viewer_id: str | None, sees_all: bool
) -> str | None:
    """Today's `namespace/name` of a repository that had this name, if the viewer may see it."""
    row = tx.one(
        "SELECT account.name AS namespace, repo.name FROM repo_redirect"
        " JOIN repo ON repo.id = repo_redirect.repo_id"
        " JOIN account ON account.id = repo.owner_id"
        " WHERE repo_redirect.type = :type AND repo_redirect.owner_key = :namespace"
        f" AND repo_redirect.name_key = :name AND {VISIBLE}",
        type=type,
        namespace=namespace.lower(),
        name=name.lower(),
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return None if row is None else f"{row.namespace}/{row.name}"


def count_visible_repos(
    tx: Transaction, owner_id: str, viewer_id: str | None, sees_all: bool
) -> dict[str, int]:
    """How many repositories of each type the account has that the viewer may see."""
    # All types are named, so that the index that begins with the type serves.
    rows = tx.all(
        "SELECT repo.type, COUNT(*) AS found FROM repo"
        " WHERE repo.type IN ('model', 'dataset', 'space', 'kernel')"
        f" AND repo.owner_id = :owner_id AND {VISIBLE} GROUP BY repo.type",
        owner_id=owner_id,
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return {row.type: int(row.found) for row in rows}


def insert_repo(tx: Transaction, repo: NewRepo) -> bool:
    """Adds the repository; false when the name is taken. A redirect from that name ends."""
    added = tx.run(
        "INSERT INTO repo (id, type, owner_id, name, name_key, creator_id, private, sdk,"
        " created_at, updated_at) VALUES (:id, :type, :owner_id, :name, :name_key, :creator_id,"
        " :private, :sdk, :now, :now) ON CONFLICT DO NOTHING",
        name_key=repo.name.lower(),
        **repo._asdict(),
    )
    if added:
        delete_redirect(tx, repo.type, repo.owner_id, repo.name)
        _put_name(tx, repo.id)
        tx.run(
            "UPDATE repo SET number = (SELECT number FROM repo_name WHERE repo_id = :id)"
            " WHERE id = :id",
            id=repo.id,
        )
    return bool(added)


def _put_name(tx: Transaction, repo_id: str) -> None:
    """Makes the repository be found by the name that it has now."""
    tx.run(
        "INSERT INTO repo_name (repo_id, full_name)"
        " SELECT repo.id, LOWER(account.name || '/' || repo.name)"
        " FROM repo JOIN account ON account.id = repo.owner_id WHERE repo.id = :repo_id"
        " ON CONFLICT (repo_id) DO UPDATE SET full_name = excluded.full_name",
        repo_id=repo_id,
    )
    put_repo_name(tx, repo_id)


def delete_redirect(tx: Transaction, type: str, owner_id: str, name: str) -> None:
    """Ends the redirect from that name."""
    tx.run(
        "DELETE FROM repo_redirect WHERE type = :type AND name_key = :name"
        " AND owner_key = (SELECT name_key FROM account WHERE id = :owner_id)",
        type=type,
        owner_id=owner_id,
        name=name.lower(),
    )


def move_repo(tx: Transaction, repo: Repo, owner_id: str, name: str, now: int) -> bool:
    """Gives the repository a new owner and name, with a redirect; false when that is taken."""
    taken = tx.one(
        "SELECT id FROM repo WHERE type = :type AND owner_id = :owner_id AND name_key = :name",
        type=repo.type,
        owner_id=owner_id,
        name=name.lower(),
    )
    if taken is not None and taken.id != repo.id:
        return False
    tx.run(
        "UPDATE repo SET owner_id = :owner_id, name = :name, name_key = :key, updated_at = :now"
        " WHERE id = :id",
        id=repo.id,
        owner_id=owner_id,
        name=name,
        key=name.lower(),
        now=now,
    )
    tx.run(
        "INSERT INTO repo_redirect (type, owner_key, name_key, repo_id)"
        " VALUES (:type, :owner_key, :name_key, :id)"
        " ON CONFLICT (type, owner_key, name_key) DO UPDATE SET repo_id = excluded.repo_id",
        type=repo.type,
        owner_key=repo.namespace.lower(),
        name_key=repo.name.lower(),
        id=repo.id,
    )
    delete_redirect(tx, repo.type, owner_id, name)
    _put_name(tx, repo.id)
    return True


def update_settings(tx: Transaction, repo_id: str, changes: dict[str, Any], now: int) -> None:
    """Sets the given columns, which are among `SETTINGS`."""
    unknown = changes.keys() - SETTINGS
    if unknown:
        raise ValueError(f"not a setting: {unknown}")
    assignments = "".join(f"{name} = :{name}, " for name in sorted(changes))
    if "private" in changes:
        lock_repo(tx, repo_id)
        count_tags_of(tx, repo_id, -1)
    tx.run(
        f"UPDATE repo SET {assignments}updated_at = :now WHERE id = :repo_id",
        repo_id=repo_id,
        now=now,
        **changes,
    )
    if "private" in changes:
        count_tags_of(tx, repo_id, 1)
        put_repo_name(tx, repo_id)


def delete_repo(tx: Transaction, repo_id: str) -> None:
    """Removes the repository and every row that belongs to it."""
    count_tags_of(tx, repo_id, -1)
    for table in (
        "commit_key",
        "lfs_upload",
        "repo_lfs",
        "git_pack",
        "git_ref",
        "repo_redirect",
    ):
        tx.run(f"DELETE FROM {table} WHERE repo_id = :repo_id", repo_id=repo_id)
    tx.run("DELETE FROM repo WHERE id = :repo_id", repo_id=repo_id)


def lock_repo(tx: Transaction, repo_id: str) -> None:
    """Keeps others from changing or deleting the repository until the transaction ends.

    Raises `RepositoryNotFoundError` when it was deleted in the meantime.
    """
    if not tx.run("UPDATE repo SET generation = generation WHERE id = :repo_id", repo_id=repo_id):
        raise RepositoryNotFoundError


def advance_repo(tx: Transaction, repo_id: str, added_bytes: int, now: int | None) -> int:
    """Starts the next generation of the repository and gives its number.

    It counts as modified at `now`, unless that is `None`. The row stays locked until the
    transaction ends, so generations have no gaps. Raises `RepositoryNotFoundError` when the
    repository was deleted in the meantime.
    """
    row = tx.one(
        "UPDATE repo SET generation = generation + 1,"
        " updated_at = COALESCE(CAST(:now AS BIGINT), updated_at),"
        " used_storage = used_storage + :added_bytes WHERE id = :repo_id RETURNING generation",
        repo_id=repo_id,
        added_bytes=added_bytes,
        now=now,
    )
    if row is None:
        raise RepositoryNotFoundError
    return int(row.generation)


def add_used_storage(tx: Transaction, repo_id: str, added_bytes: int) -> None:
    """Corrects what the repository takes, by a number of bytes that may be negative."""
    tx.run(
        "UPDATE repo SET used_storage = used_storage + :added_bytes WHERE id = :repo_id",
        repo_id=repo_id,
        added_bytes=added_bytes,
    )
