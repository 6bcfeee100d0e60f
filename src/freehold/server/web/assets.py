"""The files that pages use: one stylesheet, scripts, pictures. They are read once.

Their addresses have a digest of all of them, so browsers may keep them for ever and never mix those
of two versions. `static/css/*.css` are put together into one `style.css`, in the order of names.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from starlette.responses import Response

from freehold.errors import NotFoundError
from freehold.server.http.bind import Call, stream
from freehold.server.web import routes

_FOREVER = "public, max-age=31536000, immutable"
_PACKED = {".css", ".js", ".svg"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Asset(NamedTuple):
    """A file: its type, its bytes, and these packed with gzip where that makes them fewer."""

    media_type: str
    data: bytes
    packed: bytes | None

    @property
    def is_script(self) -> bool:
        """Whether it is JavaScript."""
        return "javascript" in self.media_type


@cache
def asset_url(name: str) -> str:
    """The path of a file of `static/`."""
    return routes.ASSET.url_path(digest=_digest(), name=name)


@cache
def _assets() -> dict[str, Asset]:
    folder = files("freehold.server.web") / "static"
    found = {item.name: item.read_bytes() for item in folder.iterdir() if item.is_file()}
    sheets = sorted((folder / "css").iterdir(), key=lambda item: item.name)
    found["style.css"] = b"\n".join(sheet.read_bytes() for sheet in sheets)
    return {name: _prepare(name, data) for name, data in sorted(found.items())}


def _prepare(name: str, data: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packs = name[name.rfind(".") :] in _PACKED
    packed = gzip.compress(data, 9, mtime=0) if packs else None
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Asset(media_type, data, packed)


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for name, asset in _assets().items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(asset.data).digest())
    return digest.hexdigest()[:12]


async def _asset(call: Call) -> Response:
    asset = _assets().get(call.params["name"])
    if asset is None:
        raise NotFoundError
    # A page of another version may still ask for its own files: better these than none.
    is_current = call.params["digest"] == _digest()
    headers = {
        "Content-Type": asset.media_type,
        "Cache-Control": _FOREVER if is_current else "no-cache",
        # A script may run as a worker, under this policy; in a sandbox it would not be started.
        "Content-Security-Policy": _POLICY if asset.is_script else f"{_POLICY}; sandbox",
        "Vary": "Accept-Encoding",
    }
    if asset.packed is not None and "gzip" in call.request.headers.get("accept-encoding", ""):
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"})
    return Response(asset.data, 200, headers)


SERVED = (stream(routes.ASSET, _asset),)
