"""Repositories."""

from __future__ import annotations

from freehold.server.core import info, repos
from freehold.server.http.bind import serve
from freehold.wire import routes

SERVED = (
    serve(routes.REPO_INFO, info.repo_info),
    serve(routes.REPO_INFO_AT_REVISION, info.repo_info),
    serve(routes.CREATE_REPO, repos.create_repo),
    serve(routes.DELETE_REPO, repos.delete_repo),
    serve(routes.MOVE_REPO, repos.move_repo),
    serve(routes.REPO_SCAN, info.repo_scan),
    serve(routes.UPDATE_REPO_SETTINGS, repos.update_repo_settings),
    serve(routes.DUPLICATE_REPO, repos.duplicate_repo, bulk=True),
    serve(routes.AUTH_CHECK, repos.auth_check),
    serve(routes.AUTH_CHECK_WRITE, repos.auth_check),
)
