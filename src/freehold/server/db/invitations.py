"""Invitations to make an account: only the hashes of their secrets are kept."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Invitation(NamedTuple):
    """An invitation as it is stored; times in milliseconds."""

    id: str
    secret_hash: str
    inviter_id: str | None
    note: str
    created_at: int
    expires_at: int


class ListedInvitation(NamedTuple):
    """An invitation in the list of all: who made it, and whose account was made with it."""

    id: str
    note: str
    created_at: int
    expires_at: int
    used_at: int | None
    inviter: str | None
    used_by: str | None


def insert_invitation(tx: Transaction, invitation: Invitation) -> None:
    """Adds the invitation."""
    tx.run(
        "INSERT INTO invitation (id, secret_hash, inviter_id, note, created_at, expires_at)"
        " VALUES (:id, :secret_hash, :inviter_id, :note, :created_at, :expires_at)",
        **invitation._asdict(),
    )


def is_open(tx: Transaction, secret_hash: str, now: int) -> bool:
    """Whether there is such an invitation that still can be used."""
    row = tx.one(
        "SELECT 1 FROM invitation WHERE secret_hash = :secret_hash AND used_by IS NULL"
        " AND expires_at > :now",
        secret_hash=secret_hash,
        now=now,
    )
    return row is not None


def use_invitation(tx: Transaction, secret_hash: str, user_id: str, now: int) -> bool:
    """Marks it as used for that account; false when it cannot be used (any more)."""
    used = tx.run(
        "UPDATE invitation SET used_by = :user_id, used_at = :now"
        " WHERE secret_hash = :secret_hash AND used_by IS NULL AND expires_at > :now",
        secret_hash=secret_hash,
        user_id=user_id,
        now=now,
    )
    return used == 1


def list_invitations(tx: Transaction, limit: int) -> list[ListedInvitation]:
    """The newest invitations."""
    rows = tx.all(
        "SELECT invitation.id, note, invitation.created_at, expires_at, used_at,"
        " inviter.name AS inviter, guest.name AS guest FROM invitation"
        " LEFT JOIN account AS inviter ON inviter.id = invitation.inviter_id"
        " LEFT JOIN account AS guest ON guest.id = invitation.used_by"
        " ORDER BY invitation.created_at DESC, invitation.id LIMIT :limit",
        limit=limit,
    )
    return [ListedInvitation(*row) for row in rows]


def delete_invitation(tx: Transaction, invitation_id: str) -> bool:
    """Deletes it, so that it can no longer be used; false when there is none of that id."""
    return bool(tx.run("DELETE FROM invitation WHERE id = :id", id=invitation_id))


def delete_old_invitations(tx: Transaction, before: int) -> int:
    """Deletes those that could be used only before that time, and gives their number."""
    return tx.run("DELETE FROM invitation WHERE expires_at < :before", before=before)
