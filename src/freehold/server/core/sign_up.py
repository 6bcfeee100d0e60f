"""Making an account in the browser, and the invitations that it may take."""

from __future__ import annotations

import secrets

from freehold.errors import BadRequestError, ForbiddenError, NotFoundError
from freehold.server.core.access import Context, require_write_token
from freehold.server.core.throttle import by_address, count_attempt
from freehold.server.core.tokens import hash_secret
from freehold.server.core.users import create_user
from freehold.server.db import invitations
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.invitations import Invitation, ListedInvitation
from freehold.server.hub import DAY_MS, Hub, new_id, now_ms

INVITATION_DAYS = 7
# How long after their end the list of invitations still has them.
KEPT_DAYS = 30
MAX_LISTED = 200
MAX_NOTE = 200

CLOSED = "On this hub only its administrators make accounts: ask one of them."
INVITED_ONLY = "It takes an invitation to make an account here: ask an administrator for one."
NOT_OPEN = "This invitation was used already, has ended, or never was one."


def check_sign_up(hub: Hub, invitation: str) -> None:
    """Raises `ForbiddenError` for who may not make an account, with that invitation or none."""
    mode = hub.config.sign_up
    if mode == "closed":
        raise ForbiddenError(CLOSED)
    if mode == "invitation" and not invitation:
        raise ForbiddenError(INVITED_ONLY)
    if mode == "invitation":
        with hub.db.read() as tx:
            if not invitations.is_open(tx, hash_secret(invitation), now_ms()):
                raise ForbiddenError(NOT_OPEN)


def sign_up(
    hub: Hub,
    name: str,
    *,
    email: str,
    fullname: str,
    password: str,
    invitation: str = "",
    address: str = "",
) -> Account:
    """A new user. Where it takes an invitation, that is used then.

    Raises `ForbiddenError`, `BadRequestError` for what cannot be, `ConflictError` for a name that
    is taken, and `TooManyRequestsError` after too many attempts from one address.
    """
    check_sign_up(hub, invitation)
    count_attempt(hub, by_address(address, "sign-up"))

    def use(tx: Transaction, account: Account) -> None:
        is_needed = hub.config.sign_up == "invitation"
        used = invitations.use_invitation(tx, hash_secret(invitation), account.id, now_ms())
        if is_needed and not used:
            raise ForbiddenError(NOT_OPEN)

    return create_user(
        hub,
        name,
        email=email,
        fullname=fullname,
        password=password,
        imported=False,
        also=use,
    )


def create_invitation(ctx: Context, note: str) -> str:
    """A new invitation by the caller, who administers the hub: its secret, valid for 7 days."""
    _require_admin(ctx)
    return invite(ctx.hub, note, ctx.viewer.id)


def invite(hub: Hub, note: str = "", inviter_id: str | None = None) -> str:
    """A new invitation: its secret; raises `BadRequestError` for a note that is too long."""
    if len(note) > MAX_NOTE or not note.isprintable():
        raise BadRequestError(f"A note is one line of at most {MAX_NOTE} characters.")
    secret, now = secrets.token_urlsafe(24), now_ms()
    end = now + INVITATION_DAYS * DAY_MS
    with hub.db.write() as tx:
        invitations.insert_invitation(
            tx, Invitation(new_id(), hash_secret(secret), inviter_id, note, now, end)
        )
    return secret


def list_invitations(ctx: Context) -> list[ListedInvitation]:
    """The newest invitations, for who administers the hub; raises `ForbiddenError`."""
    if not ctx.viewer.is_admin:
        raise ForbiddenError
    with ctx.hub.db.read() as tx:
        return invitations.list_invitations(tx, MAX_LISTED)


def delete_invitation(ctx: Context, id: str) -> None:
    """Takes an invitation back; raises `NotFoundError`."""
    _require_admin(ctx)
    with ctx.hub.db.write() as tx:
        if not invitations.delete_invitation(tx, id):
            raise NotFoundError("There is no such invitation.")


def _require_admin(ctx: Context) -> None:
    require_write_token(ctx.viewer)
    if not ctx.viewer.is_admin:
        raise ForbiddenError


def forget_invitations(hub: Hub) -> int:
    """Forgets invitations that have ended long ago, and gives their number."""
    with hub.db.write() as tx:
        return invitations.delete_old_invitations(tx, now_ms() - KEPT_DAYS * DAY_MS)
