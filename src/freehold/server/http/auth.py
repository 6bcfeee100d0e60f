"""From the request to the viewer: which token it carries, or which session."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request

from freehold.server.http.sessions import CSRF_HEADER, check_csrf_token, read_session

_READING = ("GET", "HEAD")


def read_secret(request: Request, key: bytes) -> str | None:
    """The token that the request carries, else the session of the browser that sends it.

    To change something by a session it takes a CSRF token in a header, made with `key`: no other
    site can send that.
    """
    if "authorization" in request.headers:
        return read_token(request)
    session = read_session(request)
    if session is None or request.method in _READING:
        return session
    token = request.headers.get(CSRF_HEADER, "")
    return session if check_csrf_token(key, session, token) else None


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
