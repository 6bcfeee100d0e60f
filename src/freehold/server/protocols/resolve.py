"""File contents: `resolve` and `raw`, with ranges, conditions and the headers clients rely on."""

from __future__ import annotations

import mimetypes
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from freehold.errors import RangeNotSatisfiableError
from freehold.server.core import files
from freehold.server.core.access import Context
from freehold.server.core.contents import read_content
from freehold.server.core.download_counts import note_downloads
from freehold.server.core.files import Content
from freehold.server.core.xet_tokens import make_cas_url
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repos import Repo
from freehold.server.http.bind import Call, stream
from freehold.server.http.streams import send_blocks
from freehold.server.objects.keys import lfs_key
from freehold.wire import routes
from freehold.wire.etags import strip_etag
from freehold.wire.xet import FILE_INFO_TYPE, HASH_HEADER

REDIRECT_SECONDS = 3600


class ByteRange(NamedTuple):
    """A part of a file: its first byte and its length."""

    start: int
    length: int


async def _resolve(call: Call) -> Response:
    return await _answer(call, raw=False)


async def _raw(call: Call) -> Response:
    return await _answer(call, raw=True)


async def _answer(call: Call, *, raw: bool) -> Response:
    opened = await call.threads.run(_open, call, raw)
    content, cas_url = opened.content, opened.cas_url
    headers = _describe(content, call.request)
    if cas_url is not None:
        headers |= _describe_xet(content, cas_url, call)
    if _matches(call.request.headers.get("if-none-match"), content.etag):
        return Response(status_code=304, headers=headers)
    response = await _give(call, content, headers)
    if not raw:
        note_downloads(opened.ctx, opened.repo, call.address, [content.path])
    return response


class _Opened(NamedTuple):
    """The content, and the address of the store if that has it in chunks."""

    ctx: Context
    repo: Repo
    content: Content
    cas_url: str | None


def _open(call: Call, raw: bool) -> _Opened:
    ctx, repo = call.authorize()
    assert repo is not None
    content = files.open_file(ctx, repo, call.params["revision"], call.params["path"], raw=raw)
    return _Opened(ctx, repo, content, None if content.xet_hash is None else make_cas_url(ctx))


async def _give(call: Call, content: Content, headers: dict[str, str]) -> Response:
    redirect = await call.threads.run(_redirect, call, content, headers)
    if redirect is not None:
        return redirect
    if FILE_INFO_TYPE in call.request.headers.get("accept", "") and content.xet_hash is not None:
        return Response(b"{}", 200, headers | {"Content-Type": FILE_INFO_TYPE})
    source = content.data if content.stored is None else content.stored
    return await send_content(call, headers, content.size, source)


def _describe(content: Content, request: Request) -> dict[str, str]:
    name = content.path.rpartition("/")[2]
    # A file of a stranger must not run as a page of this hub.
    headers = {
        "X-Repo-Commit": content.commit,
        "ETag": f'"{content.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(name, "download" in request.query_params),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Type": _content_type(name, content),
    }
    if content.stored is not None:
        headers["X-Linked-Size"] = str(content.size)
        headers["X-Linked-ETag"] = f'"{content.etag}"'
    return headers


def _describe_xet(content: Content, cas_url: str, call: Call) -> dict[str, str]:
    """Where a client finds the chunks of the file, and the token that it needs for them."""
    assert content.xet_hash is not None
    pieces = {"type": call.params["type"], "repo": call.params["repo"]}
    auth = routes.XET_READ_TOKEN.url_path(**pieces, revision=content.commit)
    chunks = f"{cas_url}/v1/reconstructions/{content.xet_hash}"
    return {
        HASH_HEADER: content.xet_hash,
        "Link": f'<{call.origin}{auth}>; rel="xet-auth", <{chunks}>; rel="xet-reconstruction-info"',
    }


def _content_type(name: str, content: Content) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Pages show small pictures, too; the policy keeps those that hold scripts from running them.
    if content.stored is None and not guessed.startswith("image/"):
        return "text/plain; charset=utf-8"
    return guessed


def _disposition(name: str, download: bool) -> str:
    kind = "attachment" if download else "inline"
    plain = "".join(c if " " <= c <= "~" and c not in '"\\' else "_" for c in name)
    return f"{kind}; filename*=UTF-8''{quote(name, errors='replace')}; filename=\"{plain}\";"


def _matches(condition: str | None, etag: str) -> bool:
    if condition is None:
        return False
    tags = {strip_etag(tag) for tag in condition.split(",")}
    return etag in tags or "*" in tags


def _redirect(call: Call, content: Content, headers: dict[str, str]) -> Response | None:
    """A presigned address, where the operator allows it and the store has one."""
    stored = content.stored
    if not call.hub.config.redirect_downloads or stored is None or stored.xet_hash is not None:
        return None
    url = call.hub.objects.url(lfs_key(stored.sha256), REDIRECT_SECONDS)
    if url is None:
        return None
    kept = ("X-Repo-Commit", "ETag", "X-Linked-Size", "X-Linked-ETag")
    chosen = {key: headers[key] for key in kept} | {"Cache-Control": "no-store"}
    return RedirectResponse(url, 302, headers=chosen)


async def send_content(
    call: Call, headers: dict[str, str], size: int, source: bytes | StoredObject | None
) -> Response:
    """The bytes, or the range of them that was asked for; only the headers for HEAD.

    Raises `RangeNotSatisfiableError`.
    """
    request = call.request
    chosen = parse_range(_wanted_range(request, headers["ETag"]), size)
    if chosen is None:
        status, chosen = 200, ByteRange(0, size)
        if size == 0 and "range" in request.headers:
            # The JavaScript client reads the size of an empty file from here.
            headers = {**headers, "Content-Range": "bytes */0"}
    else:
        status = 206
        last = chosen.start + chosen.length - 1
        headers = {**headers, "Content-Range": f"bytes {chosen.start}-{last}/{size}"}
    headers = {**headers, "Content-Length": str(chosen.length)}
    if request.method == "HEAD" or chosen.length == 0:
        return Response(b"", status, headers)
    if isinstance(source, bytes):
        return Response(source[chosen.start : chosen.start + chosen.length], status, headers)
    assert source is not None
    blocks = await call.bulk.run(read_content, call.hub, source, *chosen)
    return StreamingResponse(send_blocks(blocks, call.bulk), status, headers)


def _wanted_range(request: Request, etag: str) -> str | None:
    """The `Range` header, unless it is meant for other bytes than these (RFC 9110, If-Range)."""
    if request.headers.get("if-range", etag) != etag:
        return None
    return request.headers.get("range")


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The range that a `Range` header asks for; `None` for the whole file.

    Several ranges and other units are ignored, as HTTP allows. Raises `RangeNotSatisfiableError`
    for one that begins beyond the end; the range of an empty file is the empty file.
    """
    if header is None or size == 0:
        return None
    unit, _, spec = header.partition("=")
    first, dash, last = spec.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not all(_is_number(text) for text in (first, last)):
        return None
    if first:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    elif last:
        start, end = max(size - int(last), 0), size - 1
    else:
        return None
    if start > end:
        raise RangeNotSatisfiableError(headers={"Content-Range": f"bytes */{size}"})
    return ByteRange(start, end - start + 1)


def _is_number(text: str) -> bool:
    return text == "" or (text.isascii() and text.isdecimal() and len(text) < 20)


SERVED = (stream(routes.RESOLVE, _resolve), stream(routes.RAW, _raw))
