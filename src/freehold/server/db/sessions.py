"""Sessions of browsers, which are tokens: see `db/tokens.py`."""

from __future__ import annotations

from freehold.server.db.database import Transaction
from freehold.server.db.tokens import Token


def insert_session(tx: Transaction, token: Token, client: str, address: str) -> None:
    """Adds a session that began in that browser, at that address."""
    tx.run(
        "INSERT INTO access_token (id, user_id, name, role, secret_hash, created_at, expires_at,"
        " is_session, client, address) VALUES (:id, :user_id, :name, :role, :secret_hash,"
        " :created_at, :expires_at, TRUE, :client, :address)",
        client=client,
        address=address,
        **token._asdict(),
    )
