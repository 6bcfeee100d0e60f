"""git over HTTP: the smart protocol, as git's `gitprotocol-http` describes it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncIterator
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from freehold.errors import BadRequestError
from freehold.formats.git_push import MAX_SIZE
from freehold.formats.pkt_line import FLUSH, pkt_line
from freehold.server.core import fetches, pushes
from freehold.server.core.fetches import GitError, Program
from freehold.server.http.bind import Call, stream
from freehold.server.http.streams import FileSink, pour, read_pipe
from freehold.wire import routes
from freehold.wire.git import Service

# What a client says in a request for objects: what it wants, and what it has.
FETCH_LIMIT = 16 * 1024 * 1024

# Besides the pack, a push names its refs.
UPDATES_LIMIT = MAX_SIZE + 1024

# Every answer is for this moment.
_UNCACHED = {
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "Pragma": "no-cache",
}
log = logging.getLogger("freehold.git")

_TOO_OLD = "This hub speaks git's smart protocol: use a newer git."


def _advertise(call: Call) -> Response:
    service = call.query().service
    if service is None:
        raise BadRequestError(_TOO_OLD)
    ctx, repo = call.authorize()
    assert repo is not None
    version = _version(call)
    if service == "git-upload-pack":
        body = fetches.advertise_fetch(ctx, repo, version)
    else:
        body = pushes.advertise_push(ctx, repo)
        version = "version=0"
    if version != "version=2":
        body = pkt_line(f"# service={service}\n".encode()) + FLUSH + body
    return Response(body, 200, _UNCACHED, f"application/x-{service}-advertisement")


async def _advertise_refs(call: Call) -> Response:
    return await call.bulk.run(_advertise, call)


def _version(call: Call) -> str:
    return fetches.chosen_version(call.request.headers.get("git-protocol", ""))


async def _upload_pack(call: Call) -> Response:
    with tempfile.TemporaryFile() as request:
        await _receive(call, "git-upload-pack", request, FETCH_LIMIT)
        await call.programs.acquire()
        answer = _FetchAnswer(call)
        try:
            await answer.begin(request)
        except BaseException:
            await answer.end()
            raise
    return answer


class _FetchAnswer(StreamingResponse):
    """What git says to one request, sent as it comes; the program ends with the answer."""

    def __init__(self, call: Call) -> None:
        super().__init__(self._send(), 200, _UNCACHED, "application/x-git-upload-pack-result")
        self._call = call
        self._program: Program | None = None
        self._first = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.end()

    async def begin(self, request: BinaryIO) -> None:
        """Starts git and waits for its first words; raises `BadRequestError` if it has none."""
        self._program = await self._call.bulk.run(_start_fetch, self._call, request)
        self._blocks = read_pipe(self._program.output)
        self._first = await anext(self._blocks, b"")
        if not self._first:
            await self._check()

    async def end(self) -> None:
        """Ends git if it is still at work, and lets the next one begin."""
        try:
            if self._program is not None:
                await self._call.bulk.run(self._program.close)
        finally:
            self._call.programs.release()

    async def _send(self) -> AsyncIterator[bytes]:
        yield self._first
        async for block in self._blocks:
            yield block
        # Only an answer that breaks off tells the client that something is missing.
        await self._check()

    async def _check(self) -> None:
        assert self._program is not None
        try:
            await self._call.bulk.run(self._program.check)
        except GitError as error:
            log.warning("git upload-pack failed", extra={"fields": {"reason": str(error)}})
            raise BadRequestError("git cannot answer this request.") from error


def _start_fetch(call: Call, request: BinaryIO) -> Program:
    ctx, repo = call.authorize()
    assert repo is not None
    return fetches.upload_pack(ctx, repo, _version(call), request)


async def _receive_pack(call: Call) -> Response:
    await call.threads.run(_check_pusher, call)
    with tempfile.TemporaryFile() as request:
        limit = call.hub.config.push_limit + UPDATES_LIMIT
        await _receive(call, "git-receive-pack", request, limit)
        async with call.turns, call.programs:
            report = await call.bulk.run(_push, call, request)
    return Response(report, 200, _UNCACHED, "application/x-git-receive-pack-result")


def _check_pusher(call: Call) -> None:
    ctx, repo = call.authorize()
    assert repo is not None
    pushes.check_pusher(ctx, repo)


def _push(call: Call, request: BinaryIO) -> bytes:
    ctx, repo = call.authorize()
    assert repo is not None
    return pushes.receive_pack(ctx, repo, request)


async def _receive(call: Call, service: Service, file: BinaryIO, limit: int) -> None:
    """Puts the body of a request into a file, at its start; raises `BadRequestError`."""
    await call.threads.run(call.authorize)
    headers = call.request.headers
    if headers.get("content-type") != f"application/x-{service}-request":
        raise BadRequestError(f"The content type is not that of {service}.")
    encoding = headers.get("content-encoding", "identity")
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise BadRequestError(f"The content encoding {encoding!r} is not known.")
    sink = FileSink(file, limit, is_packed=encoding != "identity")
    await pour(call.request, limit, sink, call.bulk)
    sink.finish()


SERVED = (
    stream(routes.ADVERTISE_REFS, _advertise_refs),
    stream(routes.UPLOAD_PACK, _upload_pack),
    stream(routes.RECEIVE_PACK, _receive_pack),
)
