"""Discussions and pull requests."""

from __future__ import annotations

from freehold.server.core import comments, discussions, merges, pull_requests
from freehold.server.http.bind import serve
from freehold.wire import community_routes as routes

SERVED = (
    serve(routes.LIST_DISCUSSIONS, discussions.list_discussions),
    serve(routes.CREATE_DISCUSSION, discussions.create_discussion),
    serve(routes.GET_DISCUSSION, discussions.get_discussion, bulk=True),
    serve(routes.DELETE_DISCUSSION, discussions.delete_discussion),
    serve(routes.COMMENT_DISCUSSION, comments.comment_discussion),
    serve(routes.EDIT_COMMENT, comments.edit_comment),
    serve(routes.HIDE_COMMENT, comments.hide_comment),
    serve(routes.RENAME_DISCUSSION, discussions.rename_discussion),
    serve(routes.CHANGE_DISCUSSION_STATUS, discussions.change_discussion_status),
    serve(routes.PIN_DISCUSSION, discussions.pin_discussion),
    serve(routes.LOCK_DISCUSSION, discussions.set_locked),
    serve(routes.MERGE_PULL_REQUEST, merges.merge_pull_request, bulk=True),
    serve(routes.DELETE_PULL_REQUEST_REF, pull_requests.delete_pull_request_ref),
)
