"""Tokens for the content-addressed store: each is for one repository, to read it or to write.

A token is signed and kept nowhere. It stands for the access token that it was made with, and what
that may do is asked again with every call: a right or a token that was taken away ends at once.
"""

from __future__ import annotations

import time
from typing import Literal, NamedTuple

from freehold.errors import ForbiddenError, UnauthorizedError
from freehold.server.core import access
from freehold.server.core.access import STRANGER, Context
from freehold.server.core.signing import is_signature, make_signature
from freehold.server.core.tokens import identify_by_id
from freehold.server.db import repos
from freehold.server.db.repos import Repo
from freehold.server.hub import Hub
from freehold.wire.route import Needs
from freehold.wire.xet import XetToken

TOKEN_SECONDS = 3600

# Clients fetch a new token in time, but a clock may be wrong, and a body may still be on its way; a
# refusal would end their whole transfer.
GRACE_SECONDS = 900

Purpose = Literal["read", "write"]

_LEVELS = {"read": Needs.CONTENT, "write": Needs.PROPOSE}
# Stands for a caller without an account.
_NOBODY = "-"
# What the signatures of tokens begin with.
_SIGNED = "xet"


class XetContext(NamedTuple):
    """One call to the store: whoever calls, and the repository of their token."""

    ctx: Context
    repo: Repo


def xet_read_token(ctx: Context, repo: Repo) -> XetToken:
    """A token with which the files of the repository can be read."""
    return make_token(ctx, repo, "read")


def xet_write_token(ctx: Context, repo: Repo) -> XetToken:
    """A token with which files can be sent to the repository, and read."""
    return make_token(ctx, repo, "write")


def make_token(ctx: Context, repo: Repo, purpose: Purpose) -> XetToken:
    """A token of the viewer, valid for `TOKEN_SECONDS`; the caller has checked the right."""
    expires = int(time.time()) + TOKEN_SECONDS
    token = ctx.viewer.token
    values = (purpose, repo.id, token.token_id if token else _NOBODY, str(expires))
    text = ".".join((*values, make_signature(ctx.hub, _SIGNED, *values)))
    return XetToken(access_token=text, exp=expires, cas_url=make_cas_url(ctx))


def make_cas_url(ctx: Context) -> str:
    """The address of the store, with a piece that is the same only for one user of one hub.

    Clients remember for weeks, by this address, which chunks they need not send again. Another
    user on the same machine may not use them, and another hub does not have them.
    """
    scope = make_signature(ctx.hub, "scope", ctx.viewer.id or _NOBODY)[:16]
    return f"{ctx.origin}/xet/{scope}"


def open_token(hub: Hub, origin: str, text: str | None, purpose: Purpose) -> XetContext:
    """The caller and the repository of a token, if they may do this now; writing includes reading.

    Raises `UnauthorizedError` for what is no token, or has expired with its access token or by
    itself, `ForbiddenError` for one that is only for reading, and what `check_level` does.
    """
    granted, repo_id, token_id = _check(hub, text)
    if purpose == "write" and granted != "write":
        raise ForbiddenError("This token can only read.")
    with hub.db.read() as tx:
        viewer = STRANGER if token_id == _NOBODY else identify_by_id(tx, token_id)
        repo = repos.find_visible_repo_by_id(tx, repo_id, viewer.id, viewer.is_admin)
    if repo is None:
        raise access.missing_repo(viewer)
    ctx = Context(hub, viewer, origin)
    access.check_level(ctx, repo, _LEVELS[purpose])
    return XetContext(ctx, repo)


def _check(hub: Hub, text: str | None) -> tuple[str, str, str]:
    parts = (text or "").split(".")
    if len(parts) != 5:
        raise UnauthorizedError("The store needs a token of xet-read-token or xet-write-token.")
    *values, signature = parts
    if not is_signature(hub, signature, _SIGNED, *values):
        raise UnauthorizedError("The signature of the token is wrong.")
    granted, repo_id, token_id, expires = values
    if int(expires) + GRACE_SECONDS < time.time():
        raise UnauthorizedError("The token has expired: ask for a new one.")
    return granted, repo_id, token_id
