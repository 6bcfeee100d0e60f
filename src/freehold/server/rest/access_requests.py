"""Access to gated repositories: asking for it, and deciding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from starlette.responses import Response, StreamingResponse

from freehold.server.core import access_reports, access_requests
from freehold.server.http.bind import JSON_TYPE, Call, Served, serve, stream
from freehold.server.http.streams import send_blocks
from freehold.wire import community_routes as routes

CSV_TYPE = "text/csv; charset=utf-8"

_ASK = serve(routes.ASK_ACCESS, access_requests.ask_access)


async def _ask_access(call: Call) -> Response:
    """Who has sent a form is led back to the page that it was on."""
    ctx, _ = await call.threads.run(call.authorize)
    # Before the body is read, as it would be if a right said so.
    access_requests.require_asker(ctx)
    answer = await _ASK.handler(call)
    if not call.is_form:
        return answer
    page = call.request.scope["raw_path"].decode("latin-1").rpartition("/")[0]
    return Response(status_code=303, headers={"Location": page})


async def _report_access_requests(call: Call) -> Response:
    blocks, headers = await call.bulk.run(_open_report, call)
    if call.request.method == "HEAD":
        return Response(b"", 200, headers)
    return StreamingResponse(send_blocks(blocks, call.bulk), 200, headers)


def _open_report(call: Call) -> tuple[Iterator[bytes], dict[str, str]]:
    ctx, repo = call.authorize()
    assert repo is not None
    query = call.query()
    blocks = access_reports.report_access_requests(ctx, repo, query)
    kind = JSON_TYPE if query.format == "json" else CSV_TYPE
    name = f"{repo.full_name.replace('/', '-')}-access.{query.format}"
    return blocks, {
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }


SERVED: tuple[Served, ...] = (
    replace(_ASK, handler=_ask_access),
    serve(routes.WITHDRAW_ACCESS_REQUEST, access_requests.withdraw_access_request),
    serve(routes.LIST_ACCESS_REQUESTS, access_requests.list_access_requests),
    serve(routes.HANDLE_ACCESS_REQUEST, access_requests.handle_access_request),
    serve(routes.HANDLE_ACCESS_REQUESTS, access_requests.handle_access_requests, bulk=True),
    serve(routes.GRANT_ACCESS, access_requests.grant_access),
    replace(
        stream(routes.REPORT_ACCESS_REQUESTS, _report_access_requests),
        function=access_reports.report_access_requests,
    ),
)
