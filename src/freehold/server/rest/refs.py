"""Branches, tags and history."""

from __future__ import annotations

from freehold.server.core import history, refs
from freehold.server.http.bind import serve
from freehold.wire import routes

SERVED = (
    serve(routes.LIST_REPO_REFS, refs.list_repo_refs),
    serve(routes.CREATE_BRANCH, refs.create_branch),
    serve(routes.DELETE_BRANCH, refs.delete_branch),
    serve(routes.CREATE_TAG, refs.create_tag),
    serve(routes.DELETE_TAG, refs.delete_tag),
    serve(routes.SUPER_SQUASH_HISTORY, refs.super_squash_history),
    serve(routes.LIST_REPO_COMMITS, history.list_repo_commits, bulk=True),
    serve(routes.COMPARE, history.compare, bulk=True, turn=True),
)
