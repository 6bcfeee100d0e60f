"""git-lfs: the JSON calls, and the signed URLs that bytes are sent to and fetched from."""

from __future__ import annotations

from starlette.responses import Response

from freehold.errors import BadRequestError, NotFoundError, UnprocessableError
from freehold.server.core import lfs
from freehold.server.core.signing import Grant, check_url
from freehold.server.db.lfs import Part
from freehold.server.http.bind import Call, make_response, serve, stream
from freehold.server.http.streams import HashedSink, drain, pour
from freehold.server.objects.store import ObjectWriter
from freehold.server.protocols.resolve import send_content
from freehold.wire import routes


def _grant(call: Call) -> Grant:
    """What the signed URL of the call allows; raises `ForbiddenError`."""
    path = call.request.scope["raw_path"].decode("latin-1")
    method = "GET" if call.request.method == "HEAD" else call.request.method
    return check_url(call.hub, method, path, call.request.query_params)


async def _upload(call: Call) -> Response:
    grant = _grant(call)
    if grant.oid != call.params["oid"]:
        raise BadRequestError("The URL is for another object.")
    writer = await call.bulk.run(lfs.begin_upload, call.hub, grant)
    if writer is None:
        await drain(call.request, grant.size)
        return Response(b"", 200)
    try:
        sink = await _receive(call, writer, grant.size)
        await call.bulk.run(lfs.finish_upload, call.hub, grant, writer, sink.sha256, sink.size)
    finally:
        await call.bulk.run(writer.abort)
    return Response(b"", 200, {"ETag": f'"{grant.oid}"'})


async def _receive(call: Call, writer: ObjectWriter, limit: int) -> HashedSink:
    sink = HashedSink(writer.write)
    await pour(call.request, limit, sink, call.bulk)
    return sink


async def _upload_part(call: Call) -> Response:
    grant = _grant(call)
    upload_id = call.params["upload"]
    number = _part_number(call.params["number"])
    writer, size = await call.bulk.run(lfs.begin_part, call.hub, grant, upload_id, number)
    try:
        sink = await _receive(call, writer, size)
        if sink.size != size:
            raise UnprocessableError(f"Part {number} has {size} bytes, and {sink.size} arrived.")
        part = Part(number, size, sink.sha256)
        await call.bulk.run(lfs.finish_part, call.hub, upload_id, writer, part)
    finally:
        await call.bulk.run(writer.abort)
    return Response(b"", 200, {"ETag": f'"{part.etag}"'})


def _part_number(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise NotFoundError
    return int(text)


async def _complete_upload(call: Call) -> Response:
    grant = _grant(call)
    body = await call.body()
    if body is None:
        raise BadRequestError("The call needs a JSON body.")
    done = await call.bulk.run(lfs.complete_upload, call.hub, grant, call.params["upload"], body)
    return make_response(call, done)


async def _download(call: Call) -> Response:
    grant = _grant(call)
    stored = await call.threads.run(lfs.find_download, call.hub, grant)
    headers = {
        "ETag": f'"{grant.oid}"',
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return await send_content(call, headers, stored.size, stored)


SERVED = (
    serve(routes.LFS_BATCH, lfs.lfs_batch),
    serve(routes.LFS_VERIFY, lfs.lfs_verify),
    stream(routes.LFS_UPLOAD, _upload),
    stream(routes.LFS_UPLOAD_PART, _upload_part),
    stream(routes.LFS_COMPLETE_UPLOAD, _complete_upload),
    stream(routes.LFS_DOWNLOAD, _download),
)
