"""URLs that carry their own authorisation: clients send no token where bytes are moved.

The signature is an HMAC-SHA256 over the method, the path and every value of the grant, with the
key that all nodes of the hub share. Tokens of Xet and addresses of chunks are signed likewise.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass

from freehold.errors import ForbiddenError
from freehold.server.core.access import Context
from freehold.server.hub import Hub
from freehold.wire.lfs import LfsObject


@dataclass(frozen=True)
class Grant:
    """What a signed URL allows: one object, of this size, for one repository and user."""

    repo_id: str
    user_id: str
    oid: str
    size: int


def sign_url(
    ctx: Context,
    path: str,
    method: str,
    repo_id: str,
    item: LfsObject,
    at_most: int | None = None,
) -> tuple[str, int]:
    """A URL that allows one call about one object, and for how many seconds it does.

    That is as long as an upload may take, or `at_most` seconds.
    """
    seconds = ctx.hub.config.upload_seconds
    if at_most is not None:
        seconds = min(seconds, at_most)
    expires = int(time.time()) + seconds
    grant = Grant(repo_id, ctx.viewer.id or "-", item.oid, item.size)
    signature = make_signature(ctx.hub, *_values(method, path, grant, expires))
    query = (
        f"repo={repo_id}&user={grant.user_id}&oid={item.oid}&size={item.size}"
        f"&exp={expires}&sig={signature}"
    )
    return f"{ctx.origin}{path}?{query}", seconds


def check_url(hub: Hub, method: str, path: str, query: Mapping[str, str]) -> Grant:
    """The grant in a URL; raises `ForbiddenError` for one that is forged, altered or too old."""
    try:
        expires = int(query["exp"])
        grant = Grant(query["repo"], query["user"], query["oid"], int(query["size"]))
        given = query["sig"]
    except (KeyError, ValueError) as error:
        raise ForbiddenError("The URL is not signed.") from error
    if not is_signature(hub, given, *_values(method, path, grant, expires)):
        raise ForbiddenError("The signature of the URL is wrong.")
    if expires < time.time():
        raise ForbiddenError("The URL has expired: ask for a new one.")
    return grant


def _values(method: str, path: str, grant: Grant, expires: int) -> tuple[object, ...]:
    return method, path, grant.repo_id, grant.user_id, grant.oid, grant.size, expires


def make_signature(hub: Hub, *values: object) -> str:
    """The signature of these values in this order; the first one says what they are for."""
    text = "\n".join(map(str, values)).encode("utf-8", "replace")
    return hmac.new(hub.signing_key, text, hashlib.sha256).hexdigest()


def is_signature(hub: Hub, given: str, *values: object) -> bool:
    """Whether that is the signature of these values."""
    expected = make_signature(hub, *values).encode()
    return hmac.compare_digest(expected, given.encode("utf-8", "replace"))
