"""Clones and fetches: git itself answers, from the refs of this moment."""

from __future__ import annotations

import re
from functools import cache
from typing import BinaryIO

from freehold.server.core.access import Context
from freehold.server.db import refs
from freehold.server.db.repos import Repo
from freehold.server.git import native
from freehold.server.git.native import GitError as GitError
from freehold.server.git.native import Program as Program
from freehold.server.git.views import View

# The versions of the protocol that exist; a client may send more words.
_VERSION = re.compile(r"version=([012])(?::|$)")


def chosen_version(header: str) -> str:
    """What a program is told as `GIT_PROTOCOL`: the version of the client's `Git-Protocol`."""
    found = _VERSION.search(header)
    return f"version={found[1]}" if found else "version=0"


def advertise_fetch(ctx: Context, repo: Repo, version: str) -> bytes:
    """What a client that wants to fetch is told first: the refs, or what may be asked for."""
    if version == "version=2":
        return _capabilities()
    view = _open_view(ctx, repo)
    return native.upload_pack(view.path, version, after=view.close).read_all()


@cache
def _capabilities() -> bytes:
    """What git can do in version 2 of the protocol; it is the same for every repository."""
    view = View([], {})
    return native.upload_pack(view.path, "version=2", after=view.close).read_all()


def upload_pack(ctx: Context, repo: Repo, version: str, request: BinaryIO) -> Program:
    """The answer to one request of a client that fetches; whoever asks closes it."""
    view = _open_view(ctx, repo)
    return native.upload_pack(view.path, version, request, view.close)


def _open_view(ctx: Context, repo: Repo) -> View:
    # The refs first: the packs that are looked for after that hold all that they lead to.
    with ctx.hub.db.read() as tx:
        heads = refs.list_refs(tx, repo.id)
    return ctx.hub.git.open_fetch(repo.id, heads)
