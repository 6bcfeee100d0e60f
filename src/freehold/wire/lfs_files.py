"""The large files of a repository, to see what takes space and to free it."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire


class LfsFilesQuery(Wire, kw_only=True):
    """Which page of the large files is wanted."""

    cursor: str | None = None
    limit: int | None = None


class LfsPusher(Wire, kw_only=True):
    """The account that sent a large file to the repository."""

    type: str = "user"
    name: str
    fullname: str


class LfsFile(Wire, kw_only=True):
    """A large file; `file_oid`, to delete it by, and `oid` are both its sha256.

    `filename` is a path at `ref`, or in an old commit when there is no `ref`, or empty when no
    commit that a ref leads back to names the file.
    """

    file_oid: str
    filename: str
    oid: str
    size: int
    pushed_at: str
    ref: str | UnsetType = UNSET
    pusher: LfsPusher


class Deletions(Wire, kw_only=True):
    """The sha256 of at most 1,000 large files, and whether no commit shall name them any more."""

    sha: list[str]
    rewrite_history: bool = False


class DeleteLfsFiles(Wire, kw_only=True):
    """Body of `permanently_delete_lfs_files`."""

    deletions: Deletions


class DeleteLfsFileQuery(Wire, kw_only=True):
    """Whether no commit shall name the large file any more."""

    rewrite_history: bool = False
