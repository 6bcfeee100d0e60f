"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations

from freehold.wire import accounts, likes
from freehold.wire.route import Needs, Route, Stream

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
