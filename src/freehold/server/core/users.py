"""Users: making them, and telling them who they are."""

from __future__ import annotations

from collections.abc import Callable

from freehold.errors import BadRequestError, ConflictError
from freehold.formats.search_text import find_words
from freehold.server.core.access import Context, require_account, require_write_token
from freehold.server.core.passwords import hash_password
from freehold.server.core.tokens import hash_secret
from freehold.server.db import accounts
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.search_text import put_account_text, replace_account_text
from freehold.server.db.tokens import Token, TokenOwner, insert_token
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.dates import iso_time
from freehold.wire.ids import check_account_name
from freehold.wire.users import AccessToken, AgentHarnesses, Auth, OrgMembership, WhoAmI

MAX_EMAIL = 254
MAX_FULLNAME = 200


def create_user(
    hub: Hub,
    name: str,
    *,
    email: str | None = None,
    fullname: str | None = None,
    password: str | None = None,
    is_admin: bool = False,
    imported: bool = True,
    also: Callable[[Transaction, Account], None] = lambda tx, account: None,
) -> Account:
    """A new user; raises `BadRequestError` for a name that cannot be, `ConflictError` if taken.

    `imported` allows names that accounts brought over from elsewhere have, with underscores. What
    `also` does happens in the same transaction, and when it raises there is no user.
    """
    check_account_name(name, imported=imported)
    account = Account(
        id=new_id(),
        kind="user",
        name=name,
        fullname=check_fullname(fullname or name),
        email=None if email is None else check_email(email),
        password_hash=None if password is None else hash_password(password),
        is_admin=is_admin,
        created_at=now_ms(),
    )
    with hub.db.write() as tx:
        if not add_account(tx, account):
            raise ConflictError(f"The name {name!r} is taken.")
        also(tx, account)
    return account


def check_email(email: str) -> str:
    """Accepts what looks like an address of email; raises `BadRequestError`."""
    is_short = len(email) <= MAX_EMAIL
    if "@" not in email or not is_short or any(c <= " " or c == "\x7f" for c in email):
        raise BadRequestError(f"Not an email address: {email[:MAX_EMAIL]!r}")
    return email


def check_fullname(fullname: str) -> str:
    """Accepts a full name: one line of at most 200 characters; raises `BadRequestError`."""
    if len(fullname) > MAX_FULLNAME or not fullname.isprintable():
        raise BadRequestError(f"A full name is one line of at most {MAX_FULLNAME} characters.")
    return fullname


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


def find_self(ctx: Context) -> Account:
    """The caller's account; raises `UnauthorizedError`."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.read() as tx:
        account = accounts.find_account_by_id(tx, user_id)
    assert account is not None
    return account


def update_profile(ctx: Context, fullname: str, email: str) -> None:
    """Gives the caller that full name, or their user name if it is empty, and that address.

    Raises `BadRequestError` for what cannot be, and for no address where there was one.
    """
    require_write_token(ctx.viewer)
    account = find_self(ctx)
    fullname = check_fullname(fullname or account.name)
    if email or account.email:
        check_email(email)
    words = find_words(f"{account.name} {fullname}")
    with ctx.hub.db.write() as tx:
        accounts.update_profile(tx, account.id, fullname, email or None)
        replace_account_text(tx, account.id, account.kind, account.name.lower(), words)


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
