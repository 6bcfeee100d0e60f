"""Pictures of users and organisations: drawn from their ids, unless they have chosen their own.

The address of an account's picture never changes; that of a chosen picture has the hash of its
bytes, so that it can be kept for ever.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from freehold.errors import BadRequestError, ForbiddenError, NotFoundError
from freehold.formats.identicon import draw_identicon
from freehold.server.core import access
from freehold.server.core.access import Context, Viewer
from freehold.server.core.accounts import find_account, find_organization, find_user
from freehold.server.core.orgs import require_org_admin
from freehold.server.core.users import avatar_url
from freehold.server.db import accounts, avatars
from freehold.server.db.accounts import Account
from freehold.server.db.avatars import Avatar
from freehold.server.db.database import Transaction
from freehold.server.hub import Hub
from freehold.wire.accounts import AvatarUrl
from freehold.wire.community_routes import GET_AVATAR_IMAGE

MAX_AVATAR = 1024 * 1024
SVG_TYPE = "image/svg+xml"
UNKNOWN = "There is no such picture."


class Image(NamedTuple):
    """A picture, or else the path where it is."""

    media_type: str
    data: bytes
    path: str | None = None


def get_account_avatar(hub: Hub, account: str) -> Image:
    """The picture of the account with that id; raises `NotFoundError`."""
    with hub.db.read() as tx:
        if accounts.find_account_by_id(tx, account) is None:
            raise NotFoundError(UNKNOWN)
        sha256 = avatars.find_avatar_sha256(tx, account)
    if sha256 is not None:
        path = GET_AVATAR_IMAGE.url_path(account=account, sha256=sha256)
        return Image("", b"", path)
    return Image(SVG_TYPE, draw_identicon(account))


def get_avatar_image(hub: Hub, account: str, sha256: str) -> Image:
    """The picture with that hash which the account has chosen; raises `NotFoundError`."""
    with hub.db.read() as tx:
        found = avatars.find_avatar(tx, account, sha256)
    if found is None:
        raise NotFoundError(UNKNOWN)
    return Image(found.media_type, found.data)


def has_avatar(ctx: Context, account_id: str | None = None) -> bool:
    """Whether the account with that id, else the caller, has chosen a picture."""
    with ctx.hub.db.read() as tx:
        return avatars.find_avatar_sha256(tx, account_id or ctx.viewer.id or "") is not None


def get_user_avatar(hub: Hub, user: str) -> AvatarUrl:
    """Where the picture of a user is, or a redirect to it.

    It is a redirect with `redirect`, and for a browser that wants an image. Raises `NotFoundError`.
    """
    with hub.db.read() as tx:
        return AvatarUrl(avatar_url=avatar_url(find_user(tx, user).id))


def get_organization_avatar(hub: Hub, organization: str) -> AvatarUrl:
    """Where the picture of an organisation is, as `get_user_avatar` tells it."""
    with hub.db.read() as tx:
        return AvatarUrl(avatar_url=avatar_url(find_organization(tx, organization).id))


def get_avatar(hub: Hub, account: str) -> AvatarUrl:
    """A redirect to the picture of a user or an organisation; raises `NotFoundError`."""
    with hub.db.read() as tx:
        return AvatarUrl(avatar_url=avatar_url(find_account(tx, account).id))


def may_set_user_avatar(ctx: Context, user: str) -> None:
    """Raises unless the caller is the user or an administrator of the hub."""
    with ctx.hub.db.read() as tx:
        _find_own_user(tx, ctx.viewer, user)


def may_set_organization_avatar(ctx: Context, organization: str) -> None:
    """Raises unless the caller is an admin of the organisation or of the hub."""
    with ctx.hub.db.read() as tx:
        _find_own_organization(tx, ctx.viewer, organization)


def set_user_avatar(ctx: Context, user: str, data: bytes) -> AvatarUrl:
    """Gives the caller that picture: PNG, JPEG or WebP of at most 1 MiB.

    Raises `BadRequestError` for any other, `PayloadTooLargeError`, `ForbiddenError`.
    """
    avatar = _read_avatar(data)
    with ctx.hub.db.write() as tx:
        account = _find_own_user(tx, ctx.viewer, user)
        avatars.put_avatar(tx, account.id, avatar)
    return AvatarUrl(avatar_url=avatar_url(account.id))


def set_organization_avatar(ctx: Context, organization: str, data: bytes) -> AvatarUrl:
    """Gives the organisation that picture, as `set_user_avatar` does; its admins may."""
    avatar = _read_avatar(data)
    with ctx.hub.db.write() as tx:
        account = _find_own_organization(tx, ctx.viewer, organization)
        avatars.put_avatar(tx, account.id, avatar)
    return AvatarUrl(avatar_url=avatar_url(account.id))


def delete_user_avatar(ctx: Context, user: str) -> AvatarUrl:
    """The caller has the picture again that is drawn for them."""
    with ctx.hub.db.write() as tx:
        account = _find_own_user(tx, ctx.viewer, user)
        avatars.delete_avatar(tx, account.id)
    return AvatarUrl(avatar_url=avatar_url(account.id))


def delete_organization_avatar(ctx: Context, organization: str) -> AvatarUrl:
    """The organisation has the picture again that is drawn for it; its admins may."""
    with ctx.hub.db.write() as tx:
        account = _find_own_organization(tx, ctx.viewer, organization)
        avatars.delete_avatar(tx, account.id)
    return AvatarUrl(avatar_url=avatar_url(account.id))


def _find_own_user(tx: Transaction, viewer: Viewer, name: str) -> Account:
    access.require_write_token(viewer)
    user = find_user(tx, name)
    if user.id != viewer.id and not viewer.is_admin:
        raise ForbiddenError
    return user


def _find_own_organization(tx: Transaction, viewer: Viewer, name: str) -> Account:
    access.require_write_token(viewer)
    org = find_organization(tx, name)
    require_org_admin(tx, viewer, org.id)
    return org


def _read_avatar(data: bytes) -> Avatar:
    return Avatar(_media_type_of(data), hashlib.sha256(data).hexdigest(), data)


def _media_type_of(data: bytes) -> str:
    """What the first bytes say. They are told to browsers as just that, and never as a page."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    raise BadRequestError("A picture is a PNG, JPEG or WebP image.")
