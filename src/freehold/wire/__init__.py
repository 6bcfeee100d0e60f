"""What is said: the routes and the typed values of the protocol, shared by server and client.

`wire.routes`, `wire.repos` and the others are loaded when they are first used, so that importing
the client costs nothing of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from freehold.wire import access_requests as access_requests
    from freehold.wire import accounts as accounts
    from freehold.wire import codec as codec
    from freehold.wire import commits as commits
    from freehold.wire import community_routes as community_routes
    from freehold.wire import discussions as discussions
    from freehold.wire import files as files
    from freehold.wire import lfs as lfs
    from freehold.wire import lfs_files as lfs_files
    from freehold.wire import likes as likes
    from freehold.wire import listings as listings
    from freehold.wire import refs as refs
    from freehold.wire import repos as repos
    from freehold.wire import routes as routes
    from freehold.wire import search as search
    from freehold.wire import tags as tags
    from freehold.wire import webhooks as webhooks
    from freehold.wire import xet as xet


_LAZY = {
    "access_requests",
    "accounts",
    "capabilities",
    "codec",
    "commits",
    "community_routes",
    "discussions",
    "files",
    "lfs",
    "lfs_files",
    "likes",
    "listings",
    "refs",
    "repos",
    "routes",
    "search",
    "tags",
    "webhooks",
    "xet",
}


def __getattr__(name: str) -> ModuleType:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
