"""Commits: the lines of a commit body, its answer, and the history."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, UnsetType, field

from freehold.wire.codec import Wire


class CommitQuery(Wire, kw_only=True):
    """Whether the commit opens a pull request."""

    create_pr: bool = field(default=False, name="create_pr")
    hot_reload: bool = field(default=False, name="hot_reload")


class CommitLine(Wire, kw_only=True):
    """One line of a commit body; `value` is read by the `key`."""

    key: str
    value: Raw


class CommitHeader(Wire, kw_only=True):
    """The first line: title, description and the head that the caller has seen.

    With `rebase`, changes since `parent_commit` are no obstacle where they are of other paths.
    """

    summary: str
    description: str | None = None
    parent_commit: str | None = None
    rebase: bool = False


class FileOperation(Wire, kw_only=True):
    """Creates or replaces a file that is kept in git."""

    path: str
    content: str
    encoding: Literal["base64", "utf-8"] = "base64"
    old_path: str | None = None


class LfsFileOperation(Wire, kw_only=True):
    """Creates or replaces a file whose bytes were uploaded before; `oid` is their sha256."""

    path: str
    oid: str
    algo: Literal["sha256"] = "sha256"
    size: int | None = None
    old_path: str | None = None


class DeleteOperation(Wire, kw_only=True):
    """Deletes a file or a folder."""

    path: str


class JsonCommit(Wire, kw_only=True):
    """The body that clients sent before commits were lines."""

    summary: str
    description: str | None = None
    parent_commit: str | None = None
    files: list[FileOperation] = []
    lfs_files: list[LfsFileOperation] = []
    deleted_files: list[DeleteOperation] = []
    deleted_folders: list[DeleteOperation] = []
    deleted_entries: list[DeleteOperation] = []


class CommitCreated(Wire, kw_only=True):
    """The new head, and the pull request that it has opened."""

    success: bool = True
    commit_oid: str
    commit_url: str
    hook_output: str = ""
    pull_request_url: str | UnsetType = UNSET


class CommitsQuery(Wire, kw_only=True):
    """A page of the history: `limit` commits from page `p` (0-based) on."""

    limit: int | None = None
    p: int = 0
    expand: list[str] = []


class CommitAuthor(Wire, kw_only=True):
    """Who made a commit."""

    user: str
    avatar: str | UnsetType = UNSET


class FormattedMessage(Wire, kw_only=True):
    """Title and message as HTML."""

    title: str
    message: str


class Commit(Wire, kw_only=True):
    """One commit: `title` is the first line of its text and `message` the rest."""

    id: str
    title: str
    message: str
    authors: list[CommitAuthor]
    date: str
    formatted: FormattedMessage | UnsetType = UNSET


class CompareQuery(Wire, kw_only=True):
    """Whether the difference is given as text."""

    raw: bool = False


class FileChange(Wire, kw_only=True):
    """One path that differs; `status` is added, deleted, modified or renamed."""

    path: str
    status: str
    old_path: str | UnsetType = UNSET


class Comparison(Wire, kw_only=True):
    """What `head` has that `base` has not, from their merge base on."""

    base: str
    head: str
    merge_base: str | None
    files: list[FileChange]
