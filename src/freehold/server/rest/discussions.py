"""Discussions and pull requests."""

from __future__ import annotations

from starlette.responses import Response

from freehold.server.core import comments, discussions, merges, pull_requests
from freehold.server.http.bind import Call, make_response, serve, stream
from freehold.wire import community_routes as routes


async def _get_discussion(call: Call) -> Response:
    """A discussion with everything that has happened in it."""
    # What may take long must not hold all of the threads.
    if await call.bulk.run(_takes_long, call):
        async with call.turns:
            return await call.bulk.run(_read, call)
    return await call.bulk.run(_read, call)


def _takes_long(call: Call) -> bool:
    ctx, repo = call.authorize()
    assert repo is not None
    return discussions.takes_long(ctx, repo, call.params["num"], call.query())


def _read(call: Call) -> Response:
    ctx, repo = call.authorize()
    assert repo is not None
    found = discussions.get_discussion(ctx, repo, call.params["num"], call.query())
    return make_response(call, found)


SERVED = (
    serve(routes.LIST_DISCUSSIONS, discussions.list_discussions),
    serve(routes.CREATE_DISCUSSION, discussions.create_discussion),
    stream(routes.GET_DISCUSSION, _get_discussion),
    serve(routes.DELETE_DISCUSSION, discussions.delete_discussion),
    serve(routes.COMMENT_DISCUSSION, comments.comment_discussion, bulk=True),
    serve(routes.EDIT_COMMENT, comments.edit_comment, bulk=True),
    serve(routes.HIDE_COMMENT, comments.hide_comment),
    serve(routes.RENAME_DISCUSSION, discussions.rename_discussion),
    serve(routes.CHANGE_DISCUSSION_STATUS, discussions.change_discussion_status),
    serve(routes.PIN_DISCUSSION, discussions.pin_discussion),
    serve(routes.LOCK_DISCUSSION, discussions.set_locked),
    serve(routes.MERGE_PULL_REQUEST, merges.merge_pull_request, bulk=True, turn=True),
    serve(routes.DELETE_PULL_REQUEST_REF, pull_requests.delete_pull_request_ref),
)
