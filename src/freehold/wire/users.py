"""Accounts and tokens as `whoami-v2` tells them."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire


class OrgMembership(Wire, kw_only=True):
    """An organisation of the caller; `role_in_org` is admin, write, contributor or read."""

    type: str = "org"
    id: str
    name: str
    fullname: str
    email: str | None = None
    can_pay: bool = False
    period_end: int | None = None
    is_enterprise: bool = False
    avatar_url: str
    role_in_org: str


class AccessToken(Wire, kw_only=True):
    """The token that was used for the call; `role` is read or write."""

    display_name: str
    role: str
    created_at: str
    expires_at: str | UnsetType = UNSET


class Auth(Wire, kw_only=True):
    """How the caller proved who they are."""

    type: str = "access_token"
    access_token: AccessToken


class WhoAmI(Wire, kw_only=True):
    """The caller, their organisations and their token."""

    type: str = "user"
    id: str
    name: str
    fullname: str
    email: str | UnsetType = UNSET
    email_verified: bool = False
    is_pro: bool = False
    can_pay: bool = False
    period_end: int | None = None
    is_admin: bool = False
    avatar_url: str
    orgs: list[OrgMembership]
    auth: Auth


class AgentHarnesses(Wire, kw_only=True):
    """The registry that newer clients ask for once per process; always empty here."""

    harnesses: dict[str, str]
    standard_env_vars: list[str]
