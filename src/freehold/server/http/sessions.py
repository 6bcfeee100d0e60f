"""What a browser brings along: the cookie of its session, and the proof that a form is ours.

A session is a token whose secret the browser keeps in a cookie that no script can read. Other sites
can make a browser send the cookie, so whatever changes something also needs a CSRF token: in a
field of a form, or in a header where a script of ours calls. It is an HMAC over the cookie, with a
nonce before it that makes it another in each answer: so nobody learns it from how well an answer
can be compressed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request

SESSION_COOKIE = "freehold_session"
# Given to whoever has no session and is shown a form, so that this form is theirs.
VISITOR_COOKIE = "freehold_visitor"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"

_NONCE_LENGTH = 16


def read_session(request: Request) -> str | None:
    """The secret of the browser's session."""
    return request.cookies.get(SESSION_COOKIE) or None


def read_subject(request: Request) -> str | None:
    """What the CSRF tokens of this browser are made for: its session, or its visit."""
    return read_session(request) or request.cookies.get(VISITOR_COOKIE) or None


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that a page of another origin sends this.

    A neighbour on the same host can set cookies that it has a token for, so a token is not enough.
    """
    return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def make_csrf_token(key: bytes, subject: str) -> str:
    """A token for forms that are sent back with the same cookie."""
    nonce = secrets.token_hex(_NONCE_LENGTH // 2)
    return nonce + _sign(key, subject, nonce)


def check_csrf_token(key: bytes, subject: str | None, token: str) -> bool:
    """Whether the token was made for that cookie."""
    if not subject:
        return False
    nonce, signature = token[:_NONCE_LENGTH], token[_NONCE_LENGTH:]
    return hmac.compare_digest(_sign(key, subject, nonce).encode(), signature.encode())


def _sign(key: bytes, subject: str, nonce: str) -> str:
    text = f"csrf {nonce} {subject}".encode("utf-8", "surrogateescape")
    return hmac.new(key, text, hashlib.sha256).hexdigest()
