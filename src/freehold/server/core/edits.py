"""Single files as people change them in a page: reading the text of one, saving, deleting.

Whoever changes something has seen a commit, `parent`. What others have changed since is in the way
only where it is about the same paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from freehold.errors import BadRequestError, EntryNotFoundError, HfHubHTTPError
from freehold.formats.git_objects import SYMLINK
from freehold.formats.text import looks_binary
from freehold.server.core import access
from freehold.server.core.access import Context
from freehold.server.core.commits import Staged, apply
from freehold.server.core.files import find_linked
from freehold.server.core.pull_requests import check_open, number_of, propose
from freehold.server.core.revisions import (
    branch_ref,
    is_pull_request,
    reader_of,
    resolve_revision,
)
from freehold.server.db import refs
from freehold.server.db.repos import Repo
from freehold.server.git.listing import Entry, find_entry, list_recursively
from freehold.server.git.tree_editor import TreeEditor
from freehold.wire.commits import CommitHeader
from freehold.wire.ids import check_path
from freehold.wire.route import Needs

# As much as a text field of a browser takes without getting slow.
MAX_TEXT_SIZE = 1_000_000


class Place(NamedTuple):
    """Where a change goes: the full name of a branch or a pull request, and its head."""

    ref: str
    head: str

    @property
    def is_pull_request(self) -> bool:
        """Whether it is the ref of a pull request."""
        return is_pull_request(self.ref)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.ref.removeprefix("refs/heads/")


class Text(NamedTuple):
    """The text of a file with `\\n` between its lines, and how the file itself ends them.

    `is_mixed` says that it ends them in more than one way; it is not `finished` if its last line
    has no end.
    """

    text: str
    line_end: str
    is_mixed: bool
    finished: bool


class Doomed(NamedTuple):
    """What a deletion would take away: one file, or those of a folder."""

    is_folder: bool
    files: int
    size: int


@dataclass(frozen=True)
class Change:
    """What somebody says about a change: its message, what they have seen, and where it goes."""

    summary: str
    description: str
    parent: str
    create_pr: bool = False

    @property
    def header(self) -> CommitHeader:
        """The header of its commit."""
        return CommitHeader(
            summary=self.summary,
            description=self.description,
            parent_commit=self.parent or None,
            rebase=True,
        )


class Made(NamedTuple):
    """A commit that was made, and the number of the pull request that it has opened."""

    oid: str
    num: int | None


def find_place(ctx: Context, repo: Repo, revision: str) -> Place:
    """The branch or pull request of that name; raises `RevisionNotFoundError`.

    Raises `BadRequestError` for a tag or a commit, which nobody can change.
    """
    ref = branch_ref(revision)
    with ctx.hub.db.read() as tx:
        head = refs.find_refs(tx, repo.id, [ref]).get(ref)
    if head is None:
        resolve_revision(ctx, repo, revision)
        raise BadRequestError(f"Files are changed on a branch, and {revision!r} is none.")
    return Place(ref, head)


def may_commit(ctx: Context, repo: Repo, place: Place) -> bool:
    """Whether the viewer may put a commit there without asking anybody.

    Raises `ForbiddenError` or `BadRequestError` for a pull request that takes none from them.
    """
    if place.is_pull_request:
        with ctx.hub.db.read() as tx:
            check_open(tx, ctx, repo, place.ref)
        return True
    return access.level_of(ctx.viewer, repo) >= Needs.WRITE


def takes_commits(ctx: Context, repo: Repo, ref: str) -> bool:
    """Whether there is a pull request of that ref that takes commits of the viewer now."""
    try:
        with ctx.hub.db.read() as tx:
            check_open(tx, ctx, repo, ref)
    except HfHubHTTPError:
        return False
    return True


def exists(ctx: Context, repo: Repo, commit: str, path: str) -> bool:
    """Whether a commit has a file or a folder at that path."""
    reader = reader_of(ctx, repo)
    return find_entry(reader, reader.commit(commit).tree, path) is not None


def read_text(ctx: Context, repo: Repo, commit: str, path: str) -> Text:
    """The text of a file at a commit.

    Raises `EntryNotFoundError`, and `BadRequestError` for what is not edited as text: large files,
    links, and what is not UTF-8.
    """
    entry = _find(ctx, repo, commit, path)
    reader = reader_of(ctx, repo)
    row = None if entry.is_directory else TreeEditor(reader, reader.commit(commit).tree).get(path)
    if row is None:
        raise BadRequestError("This is a folder: only a file can be edited.")
    if row.mode == SYMLINK:
        raise BadRequestError("This is a symbolic link: it is not edited here.")
    if find_linked(ctx, repo, {entry.pointer}):
        raise BadRequestError("This file is kept as a large file (LFS): upload a new one instead.")
    if entry.blob_size > MAX_TEXT_SIZE:
        raise BadRequestError("Files over 1 MB are not edited here: upload a new one instead.")
    data = reader.blob(entry.oid)
    if looks_binary(data) or not _is_utf8(data):
        raise BadRequestError("This file is not UTF-8 text: upload a new one instead.")
    return _take_apart(data)


def _find(ctx: Context, repo: Repo, commit: str, path: str) -> Entry:
    reader = reader_of(ctx, repo)
    entry = find_entry(reader, reader.commit(commit).tree, path) if path else None
    if entry is None:
        raise EntryNotFoundError
    return entry


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _take_apart(data: bytes) -> Text:
    pairs = data.count(b"\r\n")
    singles = data.count(b"\n") - pairs
    alone = data.count(b"\r") - pairs
    text = data.decode().replace("\r\n", "\n").replace("\r", "\n")
    is_mixed = alone > 0 or (pairs > 0 and singles > 0)
    finished = not text or text.endswith("\n")
    return Text(text, "\r\n" if pairs > singles else "\n", is_mixed, finished)


def put_together(text: Text) -> bytes:
    """The bytes of a file with that text."""
    lines = text.text
    if text.finished and lines and not lines.endswith("\n"):
        lines += "\n"
    return lines.replace("\n", text.line_end).encode()


def save_file(
    ctx: Context, repo: Repo, place: Place, path: str, text: Text, change: Change, old_path: str
) -> Made:
    """One commit that saves a file, which was at `old_path` until now, or is new without one.

    Raises `PreconditionFailedError` when others have changed it since `change.parent`, and
    `BadRequestError` for a path or a text that cannot be, and for a path that is taken.
    """
    check_path(path)
    data = put_together(text)
    if len(data) > MAX_TEXT_SIZE:
        raise BadRequestError("A text over 1 MB is not saved here: upload it as a file instead.")
    if path != old_path and exists(ctx, repo, place.head, path):
        raise BadRequestError(f"There is already something at {path!r}.")
    staged = Staged(change.header)
    staged.put_file(path, data)
    if old_path and old_path != path:
        staged.deleted_files.append(old_path)
    return _commit(ctx, repo, place, staged, change)


def describe_deletion(ctx: Context, repo: Repo, commit: str, path: str) -> Doomed:
    """What is at the path; raises `EntryNotFoundError`."""
    entry = _find(ctx, repo, commit, path)
    if not entry.is_directory:
        return Doomed(False, 1, entry.size)
    below = list_recursively(reader_of(ctx, repo), entry.oid, path)
    files = [item for item in below if not item.is_directory]
    return Doomed(True, len(files), sum(item.size for item in files))


def delete_path(ctx: Context, repo: Repo, place: Place, path: str, change: Change) -> Made:
    """One commit that deletes a file or a folder; raises `EntryNotFoundError`.

    Raises `PreconditionFailedError` when others have changed it since `change.parent`.
    """
    check_path(path)
    return _commit(ctx, repo, place, Staged(change.header, deleted_entries=[path]), change)


def _commit(ctx: Context, repo: Repo, place: Place, staged: Staged, change: Change) -> Made:
    with staged.writer:
        if not change.create_pr:
            needs = Needs.PROPOSE if place.is_pull_request else Needs.WRITE
            access.check_level(ctx, repo, needs)
            return Made(apply(ctx, repo, place.ref, staged), None)
        access.check_level(ctx, repo, Needs.PROPOSE)
        proposal = propose(ctx, repo, place.name, change.summary, change.description)
        oid = apply(ctx, repo, place.ref, staged, proposal)
    assert proposal.opened is not None
    return Made(oid, number_of(proposal.opened.head))
