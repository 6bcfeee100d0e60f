"""Managing the large files of a repository."""

from __future__ import annotations

from freehold.server.core import lfs_files
from freehold.server.http.bind import serve
from freehold.wire import routes

SERVED = (
    serve(routes.LIST_LFS_FILES, lfs_files.list_lfs_files, bulk=True),
    serve(routes.PERMANENTLY_DELETE_LFS_FILES, lfs_files.permanently_delete_lfs_files, bulk=True),
    serve(routes.DELETE_LFS_FILE, lfs_files.delete_lfs_file, bulk=True),
)
