"""Listing files, and the small bodies that come before and with a commit."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from freehold.server.core import commits, files, uploads
from freehold.server.http.bind import Call, make_response, serve, stream
from freehold.server.http.streams import cut_digest, read_body, spool_body
from freehold.wire import routes


async def _create_commit(call: Call) -> Response:
    await call.threads.run(call.authorize)
    content_type = call.request.headers.get("content-type", "")
    revision = call.params["revision"]
    body = await spool_body(call.request, call.hub.config.commit_limit, call.bulk)
    with body:
        if "x-trailing-sha256" in call.request.headers:
            await call.bulk.run(cut_digest, body)
        # Again, because a body of this size takes its time.
        ctx, repo = await call.threads.run(call.authorize)
        keys = call.request.headers.getlist("idempotency-key")
        created = await call.bulk.run(
            partial(commits.create_commit, create_pr=call.query().create_pr),
            ctx,
            repo,
            revision,
            body,
            content_type,
            keys,
        )
    return make_response(call, created)


async def _upload_raw_file(call: Call) -> Response:
    await call.threads.run(call.authorize)
    data = await read_body(call.request, call.hub.config.inline_limit)
    ctx, repo = await call.threads.run(call.authorize)
    place = (call.params["revision"], call.params["path"])
    return make_response(call, await call.bulk.run(files.upload_raw_file, ctx, repo, *place, data))


SERVED = (
    serve(routes.LIST_REPO_TREE, files.list_repo_tree, bulk=True),
    serve(routes.GET_PATHS_INFO, files.get_paths_info, bulk=True),
    serve(routes.TREE_SIZE, files.tree_size, bulk=True),
    serve(routes.PREUPLOAD, uploads.preupload, bulk=True),
    stream(routes.CREATE_COMMIT, _create_commit),
    stream(routes.UPLOAD_RAW_FILE, _upload_raw_file),
    serve(routes.DELETE_RAW_FILE, files.delete_raw_file),
)
