"""Users and organisations as others see them: entries of lists, overviews, roles, pictures."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire


class PageQuery(Wire, kw_only=True):
    """Which page of a list is wanted; the cursor is that of the `Link` to it."""

    limit: int | None = None
    cursor: str | None = None


class UserEntry(Wire, kw_only=True):
    """A user in a list; `is_following` tells a caller with an account whether they follow them."""

    id_: str = field(name="_id")
    user: str
    fullname: str
    avatar_url: str
    is_pro: bool = False
    type: str = "user"
    is_following: bool | UnsetType = UNSET
