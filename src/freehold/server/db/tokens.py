"""Access tokens: only their hashes are kept."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.server.db.database import Transaction

# Where `access_token` is joined with the account of its user as `viewer`.
OWNER_COLUMNS = """viewer.id, viewer.name, viewer.is_admin, access_token.id, access_token.name,
    access_token.role, access_token.created_at, access_token.expires_at"""


class Token(NamedTuple):
    """A token as it is stored; times in milliseconds, `expires_at` is `None` for ever."""

    id: str
    user_id: str
    name: str
    role: str
    secret_hash: str
    created_at: int
    expires_at: int | None


class TokenOwner(NamedTuple):
    """A token with the account that it speaks for."""

    user_id: str
    user_name: str
    is_admin: bool
    token_id: str
    token_name: str
    role: str
    created_at: int
    expires_at: int | None


def insert_token(tx: Transaction, token: Token) -> bool:
    """Adds the token; false when the user has one of that name or the secret is in use."""
    return bool(
        tx.run(
            "INSERT INTO access_token (id, user_id, name, role, secret_hash, created_at,"
            " expires_at) VALUES (:id, :user_id, :name, :role, :secret_hash, :created_at,"
            " :expires_at) ON CONFLICT DO NOTHING",
            **token._asdict(),
        )
    )


class ListedToken(NamedTuple):
    """A token in the list of its user's; times in milliseconds."""

    id: str
    name: str
    role: str
    created_at: int
    expires_at: int | None


def list_tokens(tx: Transaction, user_id: str, limit: int) -> list[ListedToken]:
    """The tokens of the user, the newest first; sessions of browsers are none."""
    rows = tx.all(
        "SELECT id, name, role, created_at, expires_at FROM access_token"
        " WHERE user_id = :user_id AND is_session = FALSE"
        " ORDER BY created_at DESC, id LIMIT :limit",
        user_id=user_id,
        limit=limit,
    )
    return [ListedToken(*row) for row in rows]


def count_tokens(tx: Transaction, user_id: str) -> int:
    """How many tokens the user has."""
    row = tx.one(
        "SELECT COUNT(*) AS found FROM access_token WHERE user_id = :user_id"
        " AND is_session = FALSE",
        user_id=user_id,
    )
    return int(row.found) if row is not None else 0


def delete_token(tx: Transaction, user_id: str, token_id: str) -> bool:
    """Deletes a token of the user and the sessions that were begun with it.

    False when the user has no such token.
    """
    deleted = tx.run(
        "DELETE FROM access_token WHERE id = :token_id AND user_id = :user_id"
        " AND is_session = FALSE",
        token_id=token_id,
        user_id=user_id,
    )
    if deleted:
        tx.run(
            "DELETE FROM access_token WHERE user_id = :user_id AND is_session = TRUE"
            " AND begun_with = :token_id",
            token_id=token_id,
            user_id=user_id,
        )
    return bool(deleted)


def find_token(tx: Transaction, secret_hash: str) -> TokenOwner | None:
    """The token with that hash, expired or not."""
    row = tx.one(
        f"SELECT {OWNER_COLUMNS} FROM access_token"
        " JOIN account AS viewer ON viewer.id = access_token.user_id"
        " WHERE access_token.secret_hash = :secret_hash",
        secret_hash=secret_hash,
    )
    return None if row is None else make_owner(row)


def find_token_by_id(tx: Transaction, token_id: str) -> TokenOwner | None:
    """The token of that id, expired or not."""
    row = tx.one(
        f"SELECT {OWNER_COLUMNS} FROM access_token"
        " JOIN account AS viewer ON viewer.id = access_token.user_id"
        " WHERE access_token.id = :token_id",
        token_id=token_id,
    )
    return None if row is None else make_owner(row)


def make_owner(row: Any) -> TokenOwner:
    """The owner in a row of `OWNER_COLUMNS`."""
    return TokenOwner(row[0], row[1], bool(row[2]), *row[3:])
