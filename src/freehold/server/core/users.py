"""Users: making them, and telling them who they are."""

from __future__ import annotations

from freehold.errors import BadRequestError, ConflictError
from freehold.formats.search_text import find_words
from freehold.server.core.access import Context, require_account
from freehold.server.core.tokens import hash_secret
from freehold.server.db import accounts
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.search_text import put_account_text
from freehold.server.db.tokens import Token, TokenOwner, insert_token
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.dates import iso_time
from freehold.wire.ids import check_account_name
from freehold.wire.users import AccessToken, AgentHarnesses, Auth, OrgMembership, WhoAmI

MIN_PASSWORD_LENGTH = 8


def create_user(
    hub: Hub,
    name: str,
    *,
    email: str | None = None,
    fullname: str | None = None,
    password: str | None = None,
    is_admin: bool = False,
    imported: bool = True,
) -> Account:
    """A new user; raises `BadRequestError` for a name that cannot be, `ConflictError` if taken.

    `imported` allows names that accounts brought over from elsewhere have, with underscores.
    """
    check_account_name(name, imported=imported)
    if email is not None and ("@" not in email or len(email) > 254 or " " in email):
        raise BadRequestError(f"Not an email address: {email!r}")
    account = Account(
        id=new_id(),
        kind="user",
        name=name,
        fullname=fullname or name,
        email=email,
        password_hash=_hash_password(password),
        is_admin=is_admin,
        created_at=now_ms(),
    )
    with hub.db.write() as tx:
        if not add_account(tx, account):
            raise ConflictError(f"The name {name!r} is taken.")
    return account


def add_account(tx: Transaction, account: Account) -> bool:
    """Adds the account, to be found by all of its names; false when its name is taken."""
    added = accounts.insert_account(tx, account)
    if added:
        words = find_words(f"{account.name} {account.fullname}")
        put_account_text(tx, account.id, account.kind, account.name.lower(), words)
    return added


def create_first_admin(hub: Hub, name: str, secret: str) -> bool:
    """An admin with that token; false when there is an admin already, or the name is taken."""
    admin = Account(new_id(), "user", name, name, None, None, True, now_ms())
    token = Token(
        new_id(), admin.id, "first start", "write", hash_secret(secret), admin.created_at, None
    )
    with hub.db.write() as tx:
        if accounts.has_admin(tx) or not add_account(tx, admin):
            return False
        return insert_token(tx, token)


def _hash_password(password: str | None) -> str | None:
    if password is None:
        return None
    if len(password) < MIN_PASSWORD_LENGTH:
        raise BadRequestError(f"A password has at least {MIN_PASSWORD_LENGTH} characters.")
    # Loaded only here: no request of a running hub needs it.
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def whoami(ctx: Context) -> WhoAmI:
    """The caller, their organisations, and what their token may do."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.read() as tx:
        account = accounts.find_account(tx, ctx.viewer.name or "")
        memberships = accounts.list_memberships(tx, user_id)
    assert account is not None and ctx.viewer.token is not None
    return WhoAmI(
        id=account.id,
        name=account.name,
        fullname=account.fullname,
        email=account.email or "",
        is_admin=account.is_admin,
        avatar_url=avatar_url(account.id),
        orgs=[
            OrgMembership(
                id=org.org_id,
                name=org.name,
                fullname=org.fullname,
                avatar_url=avatar_url(org.org_id),
                role_in_org=org.role,
            )
            for org in memberships
        ],
        auth=Auth(access_token=_describe_token(ctx.viewer.token)),
    )


def avatar_url(account_id: str) -> str:
    """Where the picture of an account is."""
    return f"/avatars/{account_id}.svg"


def _describe_token(token: TokenOwner) -> AccessToken:
    answer = AccessToken(
        display_name=token.token_name, role=token.role, created_at=iso_time(token.created_at)
    )
    if token.expires_at is not None:
        answer.expires_at = iso_time(token.expires_at)
    return answer


def agent_harnesses(ctx: Context) -> AgentHarnesses:
    """The empty registry."""
    return AgentHarnesses(harnesses={}, standard_env_vars=[])
