"""Signing in with a password or a token, and changing the password."""

from __future__ import annotations

from freehold.errors import BadRequestError, ForbiddenError, UnauthorizedError
from freehold.server.core.access import Context, require_write_token
from freehold.server.core.passwords import hash_password, is_password
from freehold.server.core.sessions import leave, session_id, start_session
from freehold.server.core.throttle import by_account, by_address, by_name, count_attempt, forgive
from freehold.server.core.tokens import hash_secret
from freehold.server.core.users import find_self
from freehold.server.db import accounts, sessions
from freehold.server.db.accounts import Account
from freehold.server.hub import Hub, now_ms

WRONG = "That is not a user of this hub, or not their password."
SIGN_IN_WITH_PASSWORD = "Sign in with your password, not with a token, to make another token."  # noqa: S105
WRONG_PASSWORD = "That is not your current password."  # noqa: S105


def sign_in(ctx: Context, name: str, password: str, *, client: str = "", address: str = "") -> str:
    """A new session of the user: its secret. The one that the browser had before ends.

    One of the user's tokens may stand for the password. Raises `UnauthorizedError`, and
    `TooManyRequestsError` after too many wrong passwords for this name or from this address.
    """
    hub = ctx.hub
    with hub.db.read() as tx:
        found = accounts.find_account(tx, name)
        account = found if found is not None and found.kind == "user" else None
        # Tokens are too long to be guessed, so nobody is kept from trying: whose name others
        # have tried too often still gets in.
        secret_hash = hash_secret(password)
        token = account and sessions.find_sign_in_token(tx, account, secret_hash, now_ms())
    if not token:
        _check_password(hub, name, account, password, address)
    if account is None:
        raise UnauthorizedError(WRONG)
    leave(ctx)
    return start_session(hub, account, token=token, client=client, address=address)


def _check_password(
    hub: Hub, name: str, account: Account | None, password: str, address: str
) -> None:
    limit, others = by_name(name), by_address(address)
    count_attempt(hub, [limit, *others])
    if not is_password(account and account.password_hash, password):
        raise UnauthorizedError(WRONG)
    forgive(hub, limit, others)


def require_password_session(ctx: Context) -> None:
    """Raises `ForbiddenError` for a session that was begun with a token, if there is a password.

    Else whoever found a token could make another one for themselves, which its owner would miss.
    """
    account = find_self(ctx)
    with ctx.hub.db.read() as tx:
        session = sessions.find_session(tx, session_id(ctx.viewer) or "")
    if account.password_hash is not None and (session is None or session.begun_with is not None):
        raise ForbiddenError(SIGN_IN_WITH_PASSWORD)


def change_password(ctx: Context, current: str, password: str) -> None:
    """Gives the caller another password, and ends all of their other sessions.

    Raises `BadRequestError` for a wrong current password or one that cannot be, and
    `TooManyRequestsError` after too many wrong ones.
    """
    require_write_token(ctx.viewer)
    account = find_self(ctx)
    if account.password_hash is not None:
        count_attempt(ctx.hub, [by_account(account.id)])
        if not is_password(account.password_hash, current):
            raise BadRequestError(WRONG_PASSWORD)
        forgive(ctx.hub, by_account(account.id), [])
    password_hash = hash_password(password)
    with ctx.hub.db.write() as tx:
        accounts.set_password_hash(tx, account.id, password_hash)
        sessions.delete_other_sessions(tx, account.id, session_id(ctx.viewer))
