"""From the request to the viewer: which token it carries."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request


def read_token(request: Request) -> str | None:
    """The token of a Bearer header, or the password of a Basic one; any user name will do.

    Some git helpers send the token as the user name, with an empty password.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        return _read_basic(value)
    return None


def _read_basic(value: str) -> str | None:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    user, _, password = text.partition(":")
    return password or user or None
