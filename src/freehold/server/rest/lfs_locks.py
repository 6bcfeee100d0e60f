"""Locks on the files of a repository, as git-lfs asks for them."""

from __future__ import annotations

from freehold.server.core import lfs_locks
from freehold.server.http.bind import serve
from freehold.wire import routes

SERVED = (
    serve(routes.LFS_CREATE_LOCK, lfs_locks.lfs_create_lock),
    serve(routes.LFS_LIST_LOCKS, lfs_locks.lfs_list_locks),
    serve(routes.LFS_VERIFY_LOCKS, lfs_locks.lfs_verify_locks),
    serve(routes.LFS_UNLOCK, lfs_locks.lfs_unlock),
)
