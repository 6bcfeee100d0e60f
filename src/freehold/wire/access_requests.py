"""Access to gated repositories: asking for it, and what their authors answer."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire

RequestStatus = Literal["pending", "accepted", "rejected"]


class AccessRequestsQuery(Wire, kw_only=True):
    """Which page is wanted: of 10 to 1,000 requests, 1,000 unless said, after a place."""

    limit: int | None = None
    after: str | None = None


class Requester(Wire, kw_only=True):
    """A user; the authors are told the `email` of those who have asked them."""

    id_: str = field(name="_id")
    user: str
    fullname: str
    avatar_url: str
    email: str | UnsetType = UNSET
    is_pro: bool = False
    type: str = "user"


class AccessRequest(Wire, kw_only=True):
    """A request; without `fields` the user was granted access and has not asked.

    `granted_by` is who has let the user in, unless the gate did.
    """

    user: Requester
    request_id: str
    status: RequestStatus
    timestamp: str
    reviewed_at: str | UnsetType = UNSET
    rejection_reason: str | UnsetType = UNSET
    granted_by: Requester | UnsetType = UNSET
    fields: dict[str, str] | UnsetType = UNSET


class HandleAccessRequest(Wire, kw_only=True):
    """Body of `handle_access_request`: one of name, id of the user and id of the request."""

    user: str | None = None
    user_id: str | None = None
    request_id: str | None = None
    status: RequestStatus
    rejection_reason: str | None = None


class HandleAccessRequests(Wire, kw_only=True):
    """Body of `handle_access_requests`: at most 1,000, which are taken in their order."""

    requests: list[HandleAccessRequest]


class GrantAccess(Wire, kw_only=True):
    """Body of `grant_access`: the name or the id of a user."""

    user: str | None = None
    user_id: str | None = None


class AccessReportQuery(Wire, kw_only=True):
    """The form of a report."""

    format: Literal["csv", "json"] = "csv"
