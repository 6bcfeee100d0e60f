"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations

from freehold.wire import access_requests
from freehold.wire.route import Needs, Route, Stream

# Access to gated repositories
ASK_ACCESS = Route(
    "POST",
    "/{prefix}{repo}/ask-access",
    Needs.READ,
    body=dict[str, str],
    returns=access_requests.AccessRequest,
    body_required=False,
)
WITHDRAW_ACCESS_REQUEST = Route(
    "POST",
    "/api/{type}s/{repo}/user-access-request/cancel",
    Needs.READ,
)
LIST_ACCESS_REQUESTS = Route(
    "GET",
    "/api/{type}s/{repo}/user-access-request/{status}",
    Needs.WRITE,
    query=access_requests.AccessRequestsQuery,
    returns=list[access_requests.AccessRequest],
)
HANDLE_ACCESS_REQUEST = Route(
    "POST",
    "/api/{type}s/{repo}/user-access-request/handle",
    Needs.WRITE,
    body=access_requests.HandleAccessRequest,
)
HANDLE_ACCESS_REQUESTS = Route(
    "POST",
    "/api/{type}s/{repo}/user-access-request/batch",
    Needs.WRITE,
    body=access_requests.HandleAccessRequests,
)
GRANT_ACCESS = Route(
    "POST",
    "/api/{type}s/{repo}/user-access-request/grant",
    Needs.WRITE,
    body=access_requests.GrantAccess,
)
REPORT_ACCESS_REQUESTS = Route(
    "GET",
    "/{prefix}{repo}/user-access-report",
    Needs.WRITE,
    query=access_requests.AccessReportQuery,
    returns=Stream,
)
