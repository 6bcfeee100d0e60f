"""Organisations and the roles of their members."""

from __future__ import annotations

from functools import partial

from msgspec import UNSET

from freehold.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from freehold.server.core import access
from freehold.server.core.access import Context, Viewer
from freehold.server.core.accounts import find_organization, find_user
from freehold.server.core.paging import Page, check_limit, decode_cursor, encode_cursor, make_page
from freehold.server.core.users import add_account, avatar_url
from freehold.server.db import accounts
from freehold.server.db.accounts import Account, Member
from freehold.server.db.database import Transaction
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.accounts import Done, MemberEntry, MembersQuery, SetMemberRole
from freehold.wire.ids import ORG_ROLES, check_account_name

MIN_PAGE = 10
DEFAULT_PAGE = 500
MAX_PAGE = 10_000
MAX_SEARCH = 200


def create_org(hub: Hub, name: str, *, owner: str, fullname: str | None = None) -> Account:
    """A new organisation with `owner` as its first admin.

    Raises `NotFoundError` for an unknown owner, `ConflictError` for a name that is taken.
    """
    check_account_name(name, imported=True)
    org = Account(new_id(), "org", name, fullname or name, None, None, False, now_ms())
    with hub.db.write() as tx:
        user = find_user(tx, owner)
        if not add_account(tx, org):
            raise ConflictError(f"The name {name!r} is taken.")
        accounts.put_member(tx, org.id, user.id, "admin")
    return org


def set_member(hub: Hub, org: str, user: str, role: str) -> None:
    """Gives a user a role in an organisation, whatever it was before."""
    if role not in ORG_ROLES:
        raise BadRequestError(f"A role is one of {', '.join(ORG_ROLES)}, not {role!r}.")
    with hub.db.write() as tx:
        accounts.put_member(tx, find_organization(tx, org).id, find_user(tx, user).id, role)


def list_organization_members(ctx: Context, organization: str, query: MembersQuery) -> Page:
    """A page of the members of an organisation, by name: 500, or 10 to 10,000.

    Raises `NotFoundError`.
    """
    limit = check_limit(query.limit, DEFAULT_PAGE, MAX_PAGE, MIN_PAGE)
    # A NUL ends a pattern of SQLite, and PostgreSQL takes none.
    if len(query.search) > MAX_SEARCH or "\0" in query.search:
        raise BadRequestError(f"A part of a name has at most {MAX_SEARCH} characters and no NUL.")
    after = decode_cursor(query.cursor) if query.cursor else ""
    with ctx.hub.db.read() as tx:
        org = find_organization(tx, organization)
        own_role = accounts.find_role(tx, org.id, ctx.viewer.id or "")
        is_admin = ctx.viewer.is_admin or own_role == "admin"
        # A part of an address would be enough to find out the whole of it, one letter at a time.
        email = query.email if is_admin else ""
        found = accounts.list_members(
            tx, org.id, ctx.viewer.id, after, limit + 1, query.search, email
        )
    describe = partial(_describe_member, ctx, is_admin or own_role is not None)
    return make_page(found, limit, describe, lambda member: encode_cursor(member.name.lower()))


def _describe_member(ctx: Context, tells_role: bool, member: Member) -> MemberEntry:
    return MemberEntry(
        id_=member.id,
        user=member.name,
        fullname=member.fullname,
        avatar_url=avatar_url(member.id),
        is_following=UNSET if ctx.viewer.id is None else member.is_followed,
        role=member.role if tells_role else UNSET,
    )


def set_member_role(ctx: Context, organization: str, user: str, body: SetMemberRole) -> Done:
    """Gives a member another role, at the request of an admin of the organisation or the hub.

    Raises `NotFoundError` for who is no member, and `ConflictError` when no admin would be left.
    """
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        org = find_organization(tx, organization)
        # From here on nobody else changes roles in it: two admins cannot demote each other.
        accounts.lock_account(tx, org.id)
        require_org_admin(tx, ctx.viewer, org.id)
        member = find_user(tx, user)
        role = accounts.find_role(tx, org.id, member.id)
        if role is None:
            raise NotFoundError(f"{member.name} is no member of {org.name}.")
        if role == "admin" != body.role and accounts.count_members(tx, org.id)["admin"] == 1:
            raise ConflictError(f"{member.name} is the only admin of {org.name}.")
        accounts.put_member(tx, org.id, member.id, body.role)
    return Done()


def require_org_admin(tx: Transaction, viewer: Viewer, org_id: str) -> None:
    """Raises `ForbiddenError` unless the viewer is an admin of the organisation or of the hub."""
    if not viewer.is_admin and accounts.find_role(tx, org_id, viewer.id or "") != "admin":
        raise ForbiddenError
