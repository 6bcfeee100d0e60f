"""Sessions of browsers, which are tokens: see `db/tokens.py`."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.tokens import Token

# More than anybody has; the rest is only counted out to be deleted.
_MANY = 1000


class Session(NamedTuple):
    """A session: what the browser says it is, and where it began; times in milliseconds.

    `begun_with` is the id of the token that it was begun with, where that was no password.
    """

    id: str
    role: str
    created_at: int
    expires_at: int
    client: str
    address: str
    begun_with: str | None


class SignInToken(NamedTuple):
    """A token that a session may begin with."""

    id: str
    role: str
    expires_at: int | None


def insert_session(
    tx: Transaction, token: Token, client: str, address: str, begun_with: str | None
) -> None:
    """Adds a session that began in that browser, at that address, with that token."""
    tx.run(
        "INSERT INTO access_token (id, user_id, name, role, secret_hash, created_at, expires_at,"
        " is_session, client, address, begun_with) VALUES (:id, :user_id, :name, :role,"
        " :secret_hash, :created_at, :expires_at, TRUE, :client, :address, :begun_with)",
        client=client,
        address=address,
        begun_with=begun_with,
        **token._asdict(),
    )


def find_sign_in_token(
    tx: Transaction, account: Account, secret_hash: str, now: int
) -> SignInToken | None:
    """The token of the account with that hash: one that is valid, and no session itself."""
    row = tx.one(
        "SELECT id, role, expires_at FROM access_token WHERE secret_hash = :secret_hash"
        " AND user_id = :user_id AND is_session = FALSE"
        " AND (expires_at IS NULL OR expires_at > :now)",
        secret_hash=secret_hash,
        user_id=account.id,
        now=now,
    )
    return None if row is None else SignInToken(*row)


def list_sessions(tx: Transaction, user_id: str, now: int) -> list[Session]:
    """The sessions of the user that go on, the newest first."""
    rows = tx.all(
        "SELECT id, role, created_at, expires_at, client, address, begun_with FROM access_token"
        " WHERE user_id = :user_id AND is_session = TRUE AND expires_at > :now"
        " ORDER BY created_at DESC, id LIMIT :many",
        user_id=user_id,
        now=now,
        many=_MANY,
    )
    return [Session(*row) for row in rows]


def find_session(tx: Transaction, session_id: str) -> Session | None:
    """The session of that id, ended by time or not."""
    row = tx.one(
        "SELECT id, role, created_at, expires_at, client, address, begun_with FROM access_token"
        " WHERE id = :session_id AND is_session = TRUE",
        session_id=session_id,
    )
    return None if row is None else Session(*row)


def delete_session(tx: Transaction, user_id: str, session_id: str) -> bool:
    """Ends a session of the user; false when they have no such session."""
    return bool(
        tx.run(
            "DELETE FROM access_token WHERE id = :session_id AND user_id = :user_id"
            " AND is_session = TRUE",
            session_id=session_id,
            user_id=user_id,
        )
    )


def delete_other_sessions(tx: Transaction, user_id: str, session_id: str | None) -> int:
    """Ends all sessions of the user but that one, and gives their number."""
    return tx.run(
        "DELETE FROM access_token WHERE user_id = :user_id AND is_session = TRUE AND id <> :kept",
        user_id=user_id,
        kept=session_id or "",
    )


def delete_old_sessions(tx: Transaction, user_id: str, kept: int) -> None:
    """Ends all sessions of the user but the newest ones."""
    tx.run(
        "DELETE FROM access_token WHERE id IN (SELECT id FROM access_token"
        " WHERE user_id = :user_id AND is_session = TRUE"
        " ORDER BY created_at DESC, id LIMIT :many OFFSET :kept)",
        user_id=user_id,
        many=_MANY,
        kept=kept,
    )


def delete_expired_sessions(tx: Transaction, now: int) -> int:
    """Deletes the sessions whose time is over, and gives their number."""
    return tx.run(
        "DELETE FROM access_token WHERE is_session = TRUE AND expires_at <= :now", now=now
    )
