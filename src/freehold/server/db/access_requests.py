"""Requests for access to gated repositories."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.server.db.database import Transaction


class Person(NamedTuple):
    """A user as others see them."""

    id: str
    name: str
    fullname: str


class AccessRequest(NamedTuple):
    """What a user has asked, and what became of it; times in milliseconds.

    `fields` are the answers to the form as JSON, `None` for who was granted access without asking.
    """

    id: str
    status: str
    fields: str | None
    rejection_reason: str | None
    requested_at: int
    reviewed_at: int | None
    user: Person
    email: str | None
    reviewer: Person | None


_SELECT = (
    "SELECT access_request.id, access_request.status, access_request.fields,"
    " access_request.rejection_reason, access_request.requested_at, access_request.reviewed_at,"
    " asker.id, asker.name, asker.fullname, asker.email,"
    " reviewer.id, reviewer.name, reviewer.fullname FROM access_request"
    " JOIN account AS asker ON asker.id = access_request.user_id"
    " LEFT JOIN account AS reviewer ON reviewer.id = access_request.reviewed_by"
    " WHERE access_request.repo_id = :repo_id"
)
_AGE = (
    "(access_request.requested_at, access_request.id) > (:requested_at, :request_id)"
    " ORDER BY access_request.requested_at, access_request.id LIMIT :limit"
)


def _make_request(row: Any) -> AccessRequest:
    reviewer = None if row[10] is None else Person._make(row[10:13])
    return AccessRequest._make([*row[:6], Person._make(row[6:9]), row[9], reviewer])


def find_request(tx: Transaction, repo_id: str, request_id: str) -> AccessRequest | None:
    """The request of that id, if it is one at the repository."""
    row = tx.one(f"{_SELECT} AND access_request.id = :id", repo_id=repo_id, id=request_id)
    return None if row is None else _make_request(row)


def find_request_of(tx: Transaction, repo_id: str, user_id: str) -> AccessRequest | None:
    """The request of that user at the repository."""
    row = tx.one(
        f"{_SELECT} AND access_request.user_id = :user_id", repo_id=repo_id, user_id=user_id
    )
    return None if row is None else _make_request(row)


def list_requests(
    tx: Transaction, repo_id: str, status: str, after: tuple[int, str], limit: int
) -> list[AccessRequest]:
    """The first `limit` requests with that status after that time and id, the oldest first."""
    requested_at, request_id = after
    rows = tx.all(
        f"{_SELECT} AND access_request.status = :status AND {_AGE}",
        repo_id=repo_id,
        status=status,
        requested_at=requested_at,
        request_id=request_id,
        limit=limit,
    )
    return [_make_request(row) for row in rows]


def list_all_requests(
    tx: Transaction, repo_id: str, after: tuple[int, str], limit: int
) -> list[AccessRequest]:
    """The same whatever the status."""
    requested_at, request_id = after
    rows = tx.all(
        f"{_SELECT} AND {_AGE}",
        repo_id=repo_id,
        requested_at=requested_at,
        request_id=request_id,
        limit=limit,
    )
    return [_make_request(row) for row in rows]


def find_user(tx: Transaction, name: str | None, user_id: str | None) -> Person | None:
    """The user of that name, in any case of letters, or of that id; organisations are none."""
    row = tx.one(
        "SELECT id, name, fullname FROM account WHERE kind = 'user'"
        " AND (name_key = :name OR id = :user_id)",
        name=None if name is None else name.lower(),
        user_id=user_id,
    )
    return None if row is None else Person._make(row)


def put_request(
    tx: Transaction, request_id: str, repo_id: str, user_id: str, status: str, fields: str, now: int
) -> None:
    """Records what a user asks; where they are listed already, with the id that they have."""
    tx.run(
        "INSERT INTO access_request (id, repo_id, user_id, status, fields, requested_at)"
        " VALUES (:id, :repo_id, :user_id, :status, :fields, :now)"
        " ON CONFLICT (repo_id, user_id) DO UPDATE SET status = excluded.status,"
        " fields = excluded.fields, requested_at = excluded.requested_at",
        id=request_id,
        repo_id=repo_id,
        user_id=user_id,
        status=status,
        fields=fields,
        now=now,
    )


def insert_grant(
    tx: Transaction, request_id: str, repo_id: str, user_id: str, reviewer_id: str, now: int
) -> bool:
    """Lets a user in who has not asked; false when they are listed already, whatever as."""
    added = tx.run(
        "INSERT INTO access_request"
        " (id, repo_id, user_id, status, requested_at, reviewed_at, reviewed_by)"
        " VALUES (:id, :repo_id, :user_id, 'accepted', :now, :now, :reviewer_id)"
        " ON CONFLICT (repo_id, user_id) DO NOTHING",
        id=request_id,
        repo_id=repo_id,
        user_id=user_id,
        reviewer_id=reviewer_id,
        now=now,
    )
    return bool(added)


def review_request(
    tx: Transaction, request_id: str, status: str, reason: str | None, reviewer_id: str, now: int
) -> None:
    """Gives a request the status that its reviewer has decided on."""
    tx.run(
        "UPDATE access_request SET status = :status, rejection_reason = :reason,"
        " reviewed_at = :now, reviewed_by = :reviewer_id WHERE id = :id",
        id=request_id,
        status=status,
        reason=reason,
        reviewer_id=reviewer_id,
        now=now,
    )


def delete_request(tx: Transaction, request_id: str) -> None:
    """Forgets a request."""
    tx.run("DELETE FROM access_request WHERE id = :id", id=request_id)
