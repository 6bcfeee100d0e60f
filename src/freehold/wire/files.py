"""Files and folders of a revision, and what to do with files about to be uploaded."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire

FILE_STREAM_TYPE = "application/vnd.freehold.files"
"""The type of many files in one answer: for each a line of JSON, then its bytes."""


class TreeQuery(Wire, kw_only=True):
    """How a folder is listed; `limit` entries a page from `cursor` on."""

    recursive: bool = False
    expand: bool = False
    limit: int | None = None
    cursor: str | None = None


class PathsInfo(Wire, kw_only=True):
    """Body of `get_paths_info`, as JSON or as a form."""

    paths: list[str] = []
    expand: bool = False


class DownloadFiles(Wire, kw_only=True):
    """Body of `download_files`: 1 to 1000 paths, each of up to 4096 bytes."""

    paths: list[str]


class LfsInfo(Wire, kw_only=True):
    """The large file behind a pointer, as tree entries give it."""

    oid: str
    size: int
    pointer_size: int


class LastCommit(Wire, kw_only=True):
    """The newest commit that changed a path."""

    id: str
    title: str
    date: str


class TreeEntry(Wire, kw_only=True):
    """A file or folder; `oid` is the git id (for large files that of the pointer).

    `xet_hash` names a large file that is kept in chunks.
    """

    type: Literal["file", "directory"]
    oid: str
    size: int
    path: str
    lfs: LfsInfo | UnsetType = UNSET
    xet_hash: str | UnsetType = UNSET
    last_commit: LastCommit | UnsetType = UNSET


class TreeSize(Wire, kw_only=True):
    """The size of everything below a path, in bytes."""

    path: str
    size: int


class PreuploadFile(Wire, kw_only=True):
    """A file to upload: its first bytes (base64) and its size."""

    path: str
    size: int
    sample: str = ""
    sha: str | None = None


class Preupload(Wire, kw_only=True):
    """Body of `preupload`; the two texts stand in for the repository's own files."""

    files: list[PreuploadFile]
    git_ignore: str | None = None
    git_attributes: str | None = None


class UploadMode(Wire, kw_only=True):
    """How one file is to be sent, and the id of what the path holds now."""

    path: str
    upload_mode: Literal["lfs", "regular"]
    should_ignore: bool
    oid: str | UnsetType = UNSET


class PreuploadAnswer(Wire, kw_only=True):
    """One entry per file that was asked for, and the commit that they were compared with."""

    commit_oid: str
    files: list[UploadMode]


class Uploaded(Wire, kw_only=True):
    """Where a file that was sent by the oldest clients can be seen."""

    url: str
