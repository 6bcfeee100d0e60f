"""URLs that carry their own authorisation: clients send no token where bytes are moved.

The signature is an HMAC-SHA256 over the method, the path and every value of the grant, with the
key that all nodes of the hub share.
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
    signature = _sign(ctx.hub, method, path, grant, expires)
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
    expected = _sign(hub, method, path, grant, expires)
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise ForbiddenError("The signature of the URL is wrong.")
    if expires < time.time():
        raise ForbiddenError("The URL has expired: ask for a new one.")
    return grant


def _sign(hub: Hub, method: str, path: str, grant: Grant, expires: int) -> str:
    values = (method, path, grant.repo_id, grant.user_id, grant.oid, str(grant.size), str(expires))
    text = "\n".join(values).encode("utf-8", "replace")
    return hmac.new(hub.signing_key, text, hashlib.sha256).hexdigest()
