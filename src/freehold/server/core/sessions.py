"""Sessions of browsers: begun with a password or a token, kept as tokens of their own."""

from __future__ import annotations

import secrets

from freehold.errors import UnauthorizedError
from freehold.server.core.tokens import hash_secret
from freehold.server.db import accounts, sessions, tokens
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.hub import DAY_MS, Hub, new_id, now_ms

SESSION_DAYS = 30
MAX_CLIENT = 300
WRONG = "That is not a user of this hub, or not their password."


def start_session(
    hub: Hub, account: Account, *, role: str = "write", client: str = "", address: str = ""
) -> str:
    """A new session of the user, for 30 days: its secret, which only the browser keeps."""
    secret = "session_" + secrets.token_urlsafe(32)
    now = now_ms()
    id = new_id()
    row = tokens.Token(
        id, account.id, f"session {id}", role, hash_secret(secret), now, now + SESSION_DAYS * DAY_MS
    )
    with hub.db.write() as tx:
        sessions.insert_session(tx, row, client[:MAX_CLIENT], address)
    return secret


def find_user_to_sign_in(tx: Transaction, name: str) -> Account:
    """The user of that name; raises `UnauthorizedError`, as for a wrong password."""
    account = accounts.find_account(tx, name)
    if account is None or account.kind != "user":
        raise UnauthorizedError(WRONG)
    return account
