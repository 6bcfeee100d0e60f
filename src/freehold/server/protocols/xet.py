"""Xet: the tokens of a repository, and the store that takes and gives chunks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, BinaryIO

from starlette.responses import Response, StreamingResponse

from freehold.errors import BadRequestError, HfHubHTTPError, NotFoundError
from freehold.formats.xet.shard import MAX_SHARD
from freehold.formats.xet.xorb import MAX_UPLOAD
from freehold.server.core import dedup, reconstructions, shards, xet_tokens, xorbs
from freehold.server.core.xet_tokens import Purpose, XetContext
from freehold.server.core.xorbs import XorbArrival
from freehold.server.db.xorbs import ChunkPlace
from freehold.server.http.auth import read_token
from freehold.server.http.bind import Call, Served, make_response, stream
from freehold.server.http.streams import drain, pour, send_blocks, spool_body
from freehold.server.objects.store import ObjectMissingError
from freehold.wire import routes
from freehold.wire.codec import encode_json
from freehold.wire.route import Route
from freehold.wire.xet import ShardEvent, ShardUploaded, XetToken, XorbUploaded

TELEMETRY_LIMIT = 1024 * 1024
SHARD_TYPE = "application/octet-stream"
EVENTS_TYPE = "application/x-ndjson"

# Clients give up on an answer in which nothing comes for two minutes or more.
EVENT_SECONDS = 20

log = logging.getLogger("freehold.server")


def _open(call: Call, purpose: Purpose) -> XetContext:
    return xet_tokens.open_token(call.hub, call.origin, read_token(call.request), purpose)


def _serve_token(route: Route, make: Callable[..., XetToken]) -> Served:
    def answer(call: Call) -> Response:
        ctx, repo = call.authorize()
        token = make(ctx, repo)
        response = make_response(call, token)
        response.headers.update(token.headers | {"Cache-Control": "no-store"})
        return response

    async def handle(call: Call) -> Response:
        return await call.threads.run(answer, call)

    return Served(route, handle, make)


def _serve(route: Route, purpose: Purpose, function: Callable[..., Any]) -> Served:
    """Answers the route with what `function` gives for the token and the call, as JSON."""

    def answer(call: Call) -> Response:
        return make_response(call, function(_open(call, purpose), call))

    async def handle(call: Call) -> Response:
        return await call.bulk.run(answer, call)

    return Served(route, handle, function)


# Sending


async def _upload_xorb(call: Call) -> Response:
    xet = await call.threads.run(_open, call, "write")
    xorb_hash = xorbs.parse_hash(call.params["xorb"])
    if await call.threads.run(xorbs.has_sent, call.hub, xet.ctx.viewer, xorb_hash):
        await drain(call.request, MAX_UPLOAD)
        return make_response(call, XorbUploaded(was_inserted=False))
    arrival = await call.bulk.run(XorbArrival, call.hub, xet.ctx.viewer, xorb_hash)
    try:
        await pour(call.request, MAX_UPLOAD, arrival, call.bulk)
        was_inserted = await call.bulk.run(arrival.finish)
    finally:
        await call.bulk.run(arrival.abort)
    return make_response(call, XorbUploaded(was_inserted=was_inserted))


async def _request_xorb_grant(call: Call) -> Response:
    """200 when it need not be sent again; 404 means that it is to be sent here, as ever."""
    xet = await call.threads.run(_open, call, "write")
    await call.body()
    xorb_hash = xorbs.parse_hash(call.params["xorb"])
    if not await call.threads.run(xorbs.has_sent, call.hub, xet.ctx.viewer, xorb_hash):
        raise NotFoundError("Send the xorb to this hub.")
    return make_response(call, None)


async def _upload_shard(call: Call) -> Response:
    xet, body = await _receive_shard(call)
    is_new = await call.bulk.run(_register, xet, body)
    return make_response(call, ShardUploaded(result=int(is_new)))


async def _upload_shard_v2(call: Call) -> Response:
    """The same, told line by line: so a client can show its user why a shard was refused."""
    xet, body = await _receive_shard(call)
    return StreamingResponse(_tell_events(call, xet, body), 200, media_type=EVENTS_TYPE)


async def _receive_shard(call: Call) -> tuple[XetContext, BinaryIO]:
    await call.threads.run(_open, call, "write")
    body = await spool_body(call.request, MAX_SHARD, call.bulk)
    try:
        # The body may have taken its time: they are asked again who they are.
        return await call.threads.run(_open, call, "write"), body
    except BaseException:
        body.close()
        raise


def _register(xet: XetContext, body: BinaryIO) -> bool:
    # Here, because whoever waits for the end may go away before it.
    with body:
        return shards.upload_shard(xet, body)


async def _tell_events(call: Call, xet: XetContext, body: BinaryIO) -> AsyncIterator[bytes]:
    work = asyncio.ensure_future(call.bulk.run(_register, xet, body))
    # Whoever waits may go away; then nobody else asks how it ended.
    work.add_done_callback(lambda done: done.cancelled() or done.exception())
    while not (await asyncio.wait([work], timeout=EVENT_SECONDS))[0]:
        yield _line(ShardEvent(type="validating", verified=0, total=1))
    yield _line(_make_end(work))


def _make_end(work: asyncio.Future[bool]) -> ShardEvent:
    error = work.exception()
    if error is None:
        return ShardEvent(type="result", result=int(work.result()))
    if isinstance(error, HfHubHTTPError):
        is_late = error.status >= 500
        return ShardEvent(type="error", message=error.message, retryable=is_late)
    log.error("a shard could not be registered", exc_info=error)
    return ShardEvent(type="error", message="The hub failed.", retryable=True)


def _line(event: ShardEvent) -> bytes:
    return encode_json(event) + b"\n"


async def _find_chunk(call: Call) -> Response:
    xet, place = await call.threads.run(_look_up, call)
    shard = await call.bulk.run(dedup.describe_chunk, xet, place)
    return Response(shard, 200, media_type=SHARD_TYPE)


def _look_up(call: Call) -> tuple[XetContext, ChunkPlace]:
    xet = _open(call, "write")
    return xet, dedup.find_chunk(xet, call.params["chunk"])


# Fetching


def _wanted(call: Call) -> tuple[int, int | None] | None:
    """The first and the last byte that the `Range` header asks for."""
    unit, _, spec = call.request.headers.get("range", "").partition("=")
    first, dash, last = spec.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not first.isdecimal() or len(first) > 18:
        return None
    if last and (not last.isdecimal() or len(last) > 18 or int(last) < int(first)):
        raise BadRequestError(f"Not a range of bytes: {spec!r}")
    return int(first), int(last) if last else None


def _reconstruct(xet: XetContext, call: Call) -> Any:
    return reconstructions.reconstruct_file(xet, call.params["file"], _wanted(call))


def _reconstruct_v2(xet: XetContext, call: Call) -> Any:
    return reconstructions.reconstruct_file_v2(xet, call.params["file"], _wanted(call))


async def _fetch_xorb(call: Call) -> Response:
    query = call.request.query_params
    allowed = reconstructions.check_fetch_url(call.hub, call.params["xorb"], query)
    fetch = reconstructions.narrow_fetch(allowed, _wanted(call))
    length = fetch.end - fetch.start
    headers = {
        "Content-Length": str(length),
        "Content-Range": f"bytes {fetch.start}-{fetch.end - 1}/*",
        "Content-Type": "application/octet-stream",
    }
    if call.request.method == "HEAD":
        return Response(b"", 206, headers)
    try:
        blocks = await call.bulk.run(call.hub.objects.read, fetch.object_key, fetch.start, length)
    except ObjectMissingError as error:
        raise NotFoundError("There is no such xorb.") from error
    return StreamingResponse(send_blocks(blocks, call.bulk), 206, headers)


async def _xet_telemetry(call: Call) -> Response:
    """Clients wait for this answer; what they tell is of no use to anybody here."""
    await drain(call.request, TELEMETRY_LIMIT)
    return make_response(call, None)


SERVED = (
    _serve_token(routes.XET_READ_TOKEN, xet_tokens.xet_read_token),
    _serve_token(routes.XET_WRITE_TOKEN, xet_tokens.xet_write_token),
    stream(routes.UPLOAD_XORB, _upload_xorb),
    stream(routes.REQUEST_XORB_GRANT, _request_xorb_grant),
    stream(routes.FETCH_XORB, _fetch_xorb),
    stream(routes.UPLOAD_SHARD, _upload_shard),
    stream(routes.PUT_SHARD, _upload_shard),
    stream(routes.UPLOAD_SHARD_V2, _upload_shard_v2),
    stream(routes.FIND_CHUNK, _find_chunk),
    _serve(routes.RECONSTRUCT_FILE, "read", _reconstruct),
    _serve(routes.RECONSTRUCT_FILE_V2, "read", _reconstruct_v2),
    stream(routes.XET_TELEMETRY, _xet_telemetry),
)
