"""Users and organisations, their members and their followers."""

from __future__ import annotations

from freehold.server.core import accounts, follows, orgs
from freehold.server.http.bind import serve
from freehold.wire import community_routes as routes

SERVED = (
    serve(routes.GET_USER_OVERVIEW, accounts.get_user_overview),
    serve(routes.GET_ORGANIZATION_OVERVIEW, accounts.get_organization_overview),
    serve(routes.LIST_ORGANIZATION_MEMBERS, orgs.list_organization_members),
    serve(routes.SET_MEMBER_ROLE, orgs.set_member_role),
    serve(routes.LIST_ORGANIZATION_FOLLOWERS, follows.list_organization_followers),
    serve(routes.LIST_USER_FOLLOWERS, follows.list_user_followers),
    serve(routes.LIST_USER_FOLLOWING, follows.list_user_following),
    serve(routes.FOLLOW_USER, follows.follow_user),
    serve(routes.UNFOLLOW_USER, follows.unfollow_user),
    serve(routes.FOLLOW_ORGANIZATION, follows.follow_organization),
    serve(routes.UNFOLLOW_ORGANIZATION, follows.unfollow_organization),
)
