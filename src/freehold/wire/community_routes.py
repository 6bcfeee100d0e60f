"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations

from freehold.wire import access_requests, accounts, discussions, likes, search, tags, webhooks
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

# Likes
LIKE = Route("POST", "/api/{type}s/{repo}/like", Needs.DISCUSS, returns=likes.Likes)
UNLIKE = Route("DELETE", "/api/{type}s/{repo}/like", Needs.DISCUSS, returns=likes.Likes)
LIST_REPO_LIKERS = Route(
    "GET",
    "/api/{type}s/{repo}/likers",
    Needs.READ,
    query=accounts.PageQuery,
    returns=list[accounts.UserEntry],
)
LIST_LIKED_REPOS = Route(
    "GET",
    "/api/users/{user}/likes",
    Needs.NOTHING,
    query=accounts.PageQuery,
    returns=list[likes.LikedRepo],
)

# Catalogues of tags and metrics
LIST_MODEL_TAGS = Route(
    "GET",
    "/api/models-tags-by-type",
    Needs.NOTHING,
    query=tags.TagsQuery,
    returns=dict[str, list[tags.Tag]],
)
LIST_DATASET_TAGS = Route(
    "GET",
    "/api/datasets-tags-by-type",
    Needs.NOTHING,
    query=tags.TagsQuery,
    returns=dict[str, list[tags.Tag]],
)
LIST_METRICS = Route("GET", "/api/metrics", Needs.NOTHING, returns=list[tags.Metric])

# Search
SEARCH_TEXT = Route(
    "GET",
    "/api/search/full-text",
    Needs.NOTHING,
    query=search.SearchQuery,
    returns=search.SearchResults,
)
QUICKSEARCH = Route(
    "GET",
    "/api/quicksearch",
    Needs.NOTHING,
    query=search.QuicksearchQuery,
    returns=search.QuicksearchResults,
)
LIST_TRENDING = Route(
    "GET",
    "/api/trending",
    Needs.NOTHING,
    query=search.TrendingQuery,
    returns=search.Trending,
)

# Users and organisations
GET_USER_OVERVIEW = Route(
    "GET",
    "/api/users/{user}/overview",
    Needs.NOTHING,
    returns=accounts.UserOverview,
)
GET_ORGANIZATION_OVERVIEW = Route(
    "GET",
    "/api/organizations/{organization}/overview",
    Needs.NOTHING,
    returns=accounts.OrganizationOverview,
)
LIST_ORGANIZATION_MEMBERS = Route(
    "GET",
    "/api/organizations/{organization}/members",
    Needs.NOTHING,
    query=accounts.MembersQuery,
    returns=list[accounts.MemberEntry],
)
SET_MEMBER_ROLE = Route(
    "PUT",
    "/api/organizations/{organization}/members/{user}/role",
    Needs.ACCOUNT,
    body=accounts.SetMemberRole,
    returns=accounts.Done,
)
LIST_ORGANIZATION_FOLLOWERS = Route(
    "GET",
    "/api/organizations/{organization}/followers",
    Needs.NOTHING,
    query=accounts.PageQuery,
    returns=list[accounts.UserEntry],
)
LIST_USER_FOLLOWERS = Route(
    "GET",
    "/api/users/{user}/followers",
    Needs.NOTHING,
    query=accounts.PageQuery,
    returns=list[accounts.UserEntry],
)
LIST_USER_FOLLOWING = Route(
    "GET",
    "/api/users/{user}/following",
    Needs.NOTHING,
    query=accounts.PageQuery,
    returns=list[accounts.UserEntry],
)
FOLLOW_USER = Route("POST", "/api/users/{user}/follow", Needs.ACCOUNT, returns=accounts.Following)
UNFOLLOW_USER = Route(
    "DELETE", "/api/users/{user}/follow", Needs.ACCOUNT, returns=accounts.Following
)
FOLLOW_ORGANIZATION = Route(
    "POST",
    "/api/organizations/{organization}/follow",
    Needs.ACCOUNT,
    returns=accounts.Following,
)
UNFOLLOW_ORGANIZATION = Route(
    "DELETE",
    "/api/organizations/{organization}/follow",
    Needs.ACCOUNT,
    returns=accounts.Following,
)

# Pictures of accounts
GET_ACCOUNT_AVATAR = Route("GET", "/avatars/{account}.svg", Needs.NOTHING, returns=Stream)
GET_AVATAR_IMAGE = Route("GET", "/avatars/{account}/{sha256}", Needs.NOTHING, returns=Stream)
GET_USER_AVATAR = Route(
    "GET",
    "/api/users/{user}/avatar",
    Needs.NOTHING,
    query=accounts.AvatarQuery,
    returns=accounts.AvatarUrl,
)
GET_ORGANIZATION_AVATAR = Route(
    "GET",
    "/api/organizations/{organization}/avatar",
    Needs.NOTHING,
    query=accounts.AvatarQuery,
    returns=accounts.AvatarUrl,
)
GET_AVATAR = Route("GET", "/api/avatars/{account}", Needs.NOTHING, returns=Stream)
SET_USER_AVATAR = Route(
    "PUT",
    "/api/users/{user}/avatar",
    Needs.ACCOUNT,
    body=Stream,
    returns=accounts.AvatarUrl,
)
DELETE_USER_AVATAR = Route(
    "DELETE", "/api/users/{user}/avatar", Needs.ACCOUNT, returns=accounts.AvatarUrl
)
SET_ORGANIZATION_AVATAR = Route(
    "PUT",
    "/api/organizations/{organization}/avatar",
    Needs.ACCOUNT,
    body=Stream,
    returns=accounts.AvatarUrl,
)
DELETE_ORGANIZATION_AVATAR = Route(
    "DELETE",
    "/api/organizations/{organization}/avatar",
    Needs.ACCOUNT,
    returns=accounts.AvatarUrl,
)

# Webhooks
LIST_WEBHOOKS = Route(
    "GET", "/api/settings/webhooks", Needs.ACCOUNT, returns=list[webhooks.Webhook]
)
CREATE_WEBHOOK = Route(
    "POST",
    "/api/settings/webhooks",
    Needs.ACCOUNT,
    body=webhooks.CreateWebhook,
    returns=webhooks.OneWebhook,
)
GET_WEBHOOK = Route(
    "GET", "/api/settings/webhooks/{webhook}", Needs.ACCOUNT, returns=webhooks.OneWebhook
)
UPDATE_WEBHOOK = Route(
    "POST",
    "/api/settings/webhooks/{webhook}",
    Needs.ACCOUNT,
    body=webhooks.UpdateWebhook,
    returns=webhooks.OneWebhook,
)
DELETE_WEBHOOK = Route("DELETE", "/api/settings/webhooks/{webhook}", Needs.ACCOUNT)
ENABLE_WEBHOOK = Route(
    "POST", "/api/settings/webhooks/{webhook}/enable", Needs.ACCOUNT, returns=webhooks.OneWebhook
)
DISABLE_WEBHOOK = Route(
    "POST", "/api/settings/webhooks/{webhook}/disable", Needs.ACCOUNT, returns=webhooks.OneWebhook
)
LIST_WEBHOOK_LOGS = Route(
    "GET",
    "/api/settings/webhooks/{webhook}/logs",
    Needs.ACCOUNT,
    query=webhooks.WebhookLogQuery,
    returns=list[webhooks.WebhookLogEntry],
)
REPLAY_WEBHOOK = Route(
    "POST",
    "/api/settings/webhooks/{webhook}/replay/{log}",
    Needs.ACCOUNT,
    returns=webhooks.ReplayAccepted,
)
