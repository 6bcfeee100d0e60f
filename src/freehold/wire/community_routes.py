"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations

from freehold.wire import access_requests, discussions
from freehold.wire.route import Needs, Route, Stream

# Discussions and pull requests; who wrote something may do more with it than others
LIST_DISCUSSIONS = Route(
    "GET",
    "/api/{type}s/{repo}/discussions",
    Needs.READ,
    query=discussions.DiscussionsQuery,
    returns=discussions.Discussions,
)
CREATE_DISCUSSION = Route(
    "POST",
    "/api/{type}s/{repo}/discussions",
    Needs.DISCUSS,
    body=discussions.CreateDiscussion,
    returns=discussions.DiscussionCreated,
)
GET_DISCUSSION = Route(
    "GET",
    "/api/{type}s/{repo}/discussions/{num}",
    Needs.READ,
    query=discussions.DiscussionQuery,
    returns=discussions.Discussion,
)
DELETE_DISCUSSION = Route("DELETE", "/api/{type}s/{repo}/discussions/{num}", Needs.DISCUSS)
COMMENT_DISCUSSION = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/comment",
    Needs.DISCUSS,
    body=discussions.CommentDiscussion,
    returns=discussions.NewMessage,
    status=201,
)
EDIT_COMMENT = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/comment/{event}/edit",
    Needs.DISCUSS,
    body=discussions.EditComment,
    returns=discussions.UpdatedComment,
)
HIDE_COMMENT = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/comment/{event}/hide",
    Needs.DISCUSS,
    returns=discussions.UpdatedComment,
)
RENAME_DISCUSSION = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/title",
    Needs.DISCUSS,
    body=discussions.RenameDiscussion,
    returns=discussions.NewTitle,
)
CHANGE_DISCUSSION_STATUS = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/status",
    Needs.DISCUSS,
    body=discussions.ChangeDiscussionStatus,
    returns=discussions.NewStatus,
)
PIN_DISCUSSION = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/pin",
    Needs.WRITE,
    body=discussions.PinDiscussion,
)
LOCK_DISCUSSION = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/lock",
    Needs.WRITE,
    body=discussions.LockDiscussion,
)
MERGE_PULL_REQUEST = Route(
    "POST",
    "/api/{type}s/{repo}/discussions/{num}/merge",
    Needs.WRITE,
    body=discussions.MergePullRequest,
    body_required=False,
)
DELETE_PULL_REQUEST_REF = Route(
    "DELETE", "/api/{type}s/{repo}/discussions/{num}/ref", Needs.DISCUSS
)

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
