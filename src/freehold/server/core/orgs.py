"""Organisations and the roles of their members."""

from __future__ import annotations

from functools import partial

from msgspec import UNSET

from freehold.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from freehold.server.core import access
from freehold.server.core.access import Context, Viewer
from freehold.server.core.accounts import find_organization, find_user
from freehold.server.core.paging import Page, check_limit, decode_cursor, encode_cursor, make_page
from freehold.server.core.users import add_account, avatar_url, check_fullname
from freehold.server.db import accounts
from freehold.server.db.accounts import Account, Member, Membership
from freehold.server.db.database import Transaction
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.accounts import Done, MemberEntry, MembersQuery, SetMemberRole
from freehold.wire.ids import ORG_ROLES, check_account_name

MIN_PAGE = 10
DEFAULT_PAGE = 500
MAX_PAGE = 10_000
MAX_SEARCH = 200


def create_org(
    hub: Hub, name: str, *, owner: str, fullname: str | None = None, imported: bool = True
) -> Account:
    """A new organisation with `owner` as its first admin; `imported` is as in `create_user`.

    Raises `NotFoundError` for an unknown owner, `ConflictError` for a name that is taken.
    """
    check_account_name(name, imported=imported)
    fullname = check_fullname(fullname or name)
    org = Account(new_id(), "org", name, fullname, None, None, False, now_ms())
    with hub.db.write() as tx:
        user = find_user(tx, owner)
        if not add_account(tx, org):
            raise ConflictError(f"The name {name!r} is taken.")
        accounts.put_member(tx, org.id, user.id, "admin")
    return org


def set_member(hub: Hub, org: str, user: str, role: str) -> None:
    """Gives a user a role in an organisation, whatever it was before."""
    _check_role(role)
    with hub.db.write() as tx:
        accounts.put_member(tx, find_organization(tx, org).id, find_user(tx, user).id, role)


def _check_role(role: str) -> None:
    if role not in ORG_ROLES:
        raise BadRequestError(f"A role is one of {', '.join(ORG_ROLES)}, not {role!r}.")


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
        org = _lock_organization(tx, organization)
        require_org_admin(tx, ctx.viewer, org.id)
        member = _find_member(tx, org, user)
        if body.role != "admin":
            _keep_an_admin(tx, org, member)
        accounts.put_member(tx, org.id, member.id, body.role)
    return Done()


def add_member(ctx: Context, organization: str, user: str, role: str) -> None:
    """Makes a user a member, at the request of an admin of the organisation or the hub.

    Raises `NotFoundError` for an unknown user, and `ConflictError` for who is a member already.
    """
    access.require_write_token(ctx.viewer)
    _check_role(role)
    with ctx.hub.db.write() as tx:
        org = _lock_organization(tx, organization)
        require_org_admin(tx, ctx.viewer, org.id)
        member = find_user(tx, user)
        if accounts.find_role(tx, org.id, member.id) is not None:
            raise ConflictError(f"{member.name} is a member of {org.name} already.")
        accounts.put_member(tx, org.id, member.id, role)


def remove_member(ctx: Context, organization: str, user: str) -> None:
    """Ends a membership, at the request of the member or of an admin as in `set_member_role`.

    Raises `NotFoundError` for who is no member, and `ConflictError` when no admin would be left.
    """
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        org = _lock_organization(tx, organization)
        member = find_user(tx, user)
        if member.id != ctx.viewer.id:
            require_org_admin(tx, ctx.viewer, org.id)
        member = _find_member(tx, org, user)
        _keep_an_admin(tx, org, member)
        accounts.delete_member(tx, org.id, member.id)


def _lock_organization(tx: Transaction, name: str) -> Account:
    """From here on nobody else changes roles in it: two admins cannot demote each other."""
    org = find_organization(tx, name)
    accounts.lock_account(tx, org.id)
    return org


def _find_member(tx: Transaction, org: Account, name: str) -> Account:
    member = find_user(tx, name)
    if accounts.find_role(tx, org.id, member.id) is None:
        raise NotFoundError(f"{member.name} is no member of {org.name}.")
    return member


def _keep_an_admin(tx: Transaction, org: Account, member: Account) -> None:
    role = accounts.find_role(tx, org.id, member.id)
    if role == "admin" and accounts.count_members(tx, org.id)["admin"] == 1:
        raise ConflictError(f"{member.name} is the only admin of {org.name}.")


def open_organization(ctx: Context, organization: str) -> Account:
    """The organisation, for its admins and those of the hub.

    Raises `NotFoundError` and `ForbiddenError`.
    """
    with ctx.hub.db.read() as tx:
        org = find_organization(tx, organization)
        require_org_admin(tx, ctx.viewer, org.id)
    return org


def list_own_memberships(ctx: Context) -> list[Membership]:
    """The organisations that the caller belongs to, by name."""
    user_id = access.require_account(ctx.viewer)
    with ctx.hub.db.read() as tx:
        return accounts.list_memberships(tx, user_id)


def list_namespaces(ctx: Context) -> list[str]:
    """The names under which the caller may create repositories: their own, then organisations."""
    orgs = [org.name for org in list_own_memberships(ctx) if org.role in access.CREATOR_ROLES]
    return [ctx.viewer.name or "", *orgs]


def require_org_admin(tx: Transaction, viewer: Viewer, org_id: str) -> None:
    """Raises `ForbiddenError` unless the viewer is an admin of the organisation or of the hub."""
    if not viewer.is_admin and accounts.find_role(tx, org_id, viewer.id or "") != "admin":
        raise ForbiddenError
