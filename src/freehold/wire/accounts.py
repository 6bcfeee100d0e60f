"""Users and organisations as others see them: entries of lists, overviews, roles, pictures."""

from __future__ import annotations

from typing import Literal

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


class MemberEntry(UserEntry, kw_only=True):
    """A member of an organisation; their role is told to other members alone."""

    role: str | UnsetType = UNSET


class MembersQuery(PageQuery, kw_only=True):
    """Which members are wanted.

    `search` is a part of a name, in any case of letters. `email` is the whole address of one; it
    is ignored unless the caller administers the organisation.
    """

    search: str = ""
    email: str = ""


class OrganizationEntry(Wire, kw_only=True):
    """An organisation that a user belongs to."""

    id: str
    name: str
    fullname: str
    avatar_url: str


class UserOverview(Wire, kw_only=True):
    """A user, and how much they have made and liked of what the caller may see.

    `email` is told to the user and to administrators of the hub.
    """

    id_: str = field(name="_id")
    user: str
    fullname: str
    avatar_url: str
    is_pro: bool = False
    type: str = "user"
    created_at: str
    email: str | UnsetType = UNSET
    is_following: bool | UnsetType = UNSET
    orgs: list[OrganizationEntry]
    num_models: int
    num_datasets: int
    num_spaces: int
    num_kernels: int
    num_discussions: int
    num_papers: int = 0
    num_upvotes: int = 0
    num_likes: int
    num_followers: int
    num_following: int
    num_following_orgs: int


class OrganizationOverview(Wire, kw_only=True):
    """An organisation, and how many repositories it has of those that the caller may see."""

    id_: str = field(name="_id")
    name: str
    fullname: str
    avatar_url: str
    type: str = "org"
    created_at: str
    is_verified: bool = False
    is_following: bool | UnsetType = UNSET
    num_users: int
    num_models: int
    num_datasets: int
    num_spaces: int
    num_kernels: int
    num_papers: int = 0
    num_followers: int


class Following(Wire, kw_only=True):
    """Whether the caller follows the account now, and how many users do."""

    is_following: bool
    num_followers: int


class SetMemberRole(Wire, kw_only=True):
    """Body of `set_member_role`."""

    role: Literal["admin", "write", "contributor", "read"]


class Done(Wire, kw_only=True):
    """The call has done what it was asked for."""

    success: bool = True


class AvatarQuery(Wire, kw_only=True):
    """Whether the caller wants the picture itself instead of its address."""

    redirect: bool = False


class AvatarUrl(Wire, kw_only=True):
    """Where the picture of an account is, on this hub."""

    avatar_url: str
