"""Sessions of browsers: begun with a password or a token, kept as tokens of their own."""

from __future__ import annotations

import secrets

from freehold.errors import NotFoundError
from freehold.server.core.access import Context, Viewer, require_account
from freehold.server.core.tokens import hash_secret
from freehold.server.db import sessions, tokens
from freehold.server.db.accounts import Account
from freehold.server.db.sessions import Session, SignInToken
from freehold.server.hub import DAY_MS, Hub, new_id, now_ms

SESSION_DAYS = 30
SESSION_SECONDS = SESSION_DAYS * 86_400
# With one more, the oldest ends.
MAX_SESSIONS = 50
MAX_CLIENT = 300


def start_session(
    hub: Hub,
    account: Account,
    *,
    token: SignInToken | None = None,
    client: str = "",
    address: str = "",
) -> str:
    """A new session of the user, for 30 days: its secret, which only the browser keeps.

    One that is begun with a token may do what the token may, and no longer.
    """
    secret = "session_" + secrets.token_urlsafe(32)
    now, id = now_ms(), new_id()
    end = now + SESSION_DAYS * DAY_MS
    if token is not None and token.expires_at is not None:
        end = min(end, token.expires_at)
    role = "write" if token is None else token.role
    row = tokens.Token(id, account.id, f"session {id}", role, hash_secret(secret), now, end)
    with hub.db.write() as tx:
        begun_with = None if token is None else token.id
        sessions.insert_session(tx, row, _printable(client), address, begun_with)
        sessions.delete_old_sessions(tx, account.id, MAX_SESSIONS)
    return secret


def _printable(client: str) -> str:
    return "".join(c for c in client[:MAX_CLIENT] if c.isprintable())


def list_sessions(ctx: Context) -> list[Session]:
    """The caller's sessions that go on, the newest first."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.read() as tx:
        return sessions.list_sessions(tx, user_id, now_ms())


def session_id(viewer: Viewer) -> str | None:
    """The id of the session that the viewer calls by, if it is one and no token."""
    return None if viewer.token is None else viewer.token.token_id


def end_session(ctx: Context, id: str) -> None:
    """Ends a session of the caller; raises `NotFoundError`."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        if not sessions.delete_session(tx, user_id, id):
            raise NotFoundError("There is no such session: it may have ended already.")


def end_other_sessions(ctx: Context) -> int:
    """Ends all sessions of the caller but the one that they call by, and gives their number."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        return sessions.delete_other_sessions(tx, user_id, session_id(ctx.viewer))


def leave(ctx: Context) -> None:
    """Ends the session that the caller has, if they have one."""
    user_id, id = ctx.viewer.id, session_id(ctx.viewer)
    if user_id is not None and id is not None:
        with ctx.hub.db.write() as tx:
            sessions.delete_session(tx, user_id, id)


def forget_sessions(hub: Hub) -> int:
    """Deletes the sessions whose time is over, and gives their number."""
    with hub.db.write() as tx:
        return sessions.delete_expired_sessions(tx, now_ms())
