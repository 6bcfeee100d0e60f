"""Files and folders: listing them, and finding the bytes of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from freehold.errors import BadRequestError, EntryNotFoundError, PayloadTooLargeError
from freehold.formats.lfs_pointer import LfsPointer
from freehold.server.core.access import Context
from freehold.server.core.commits import Staged, apply
from freehold.server.core.contents import read_content
from freehold.server.core.paging import Page, decode_cursor, encode_cursor
from freehold.server.core.revisions import branch_ref, reader_of, resolve_revision
from freehold.server.db import lfs
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repos import Repo
from freehold.server.git.history import find_last_commits
from freehold.server.git.listing import (
    Entry,
    find_entries,
    find_entry,
    find_folder,
    list_folder,
    list_recursively,
)
from freehold.server.git.reader import CommitData, ObjectReader
from freehold.wire.commits import CommitHeader
from freehold.wire.dates import iso_time
from freehold.wire.files import (
    LastCommit,
    LfsInfo,
    PathsInfo,
    TreeEntry,
    TreeQuery,
    TreeSize,
    Uploaded,
)
from freehold.wire.ids import check_path

TREE_PAGE = 1000
# The largest page that a caller can ask for.
MAX_TREE_PAGE = 10_000
MAX_PATHS = 2000


def list_repo_tree(ctx: Context, repo: Repo, revision: str, path: str, query: TreeQuery) -> Page:
    """A page of the entries below a folder, each with its path from the root."""
    limit = TREE_PAGE if query.limit is None else query.limit
    if not 1 <= limit <= MAX_TREE_PAGE:
        raise BadRequestError(f"A page has 1 to {MAX_TREE_PAGE} entries.")
    if query.expand:
        limit = min(limit, TREE_PAGE)
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    entries = _list_entries(reader, commit, revision, path.strip("/"), query.recursive)
    start = 0 if query.cursor is None else _find_place(entries, decode_cursor(query.cursor))
    page = entries[start : start + limit]
    rest = start + limit < len(entries)
    more = {"cursor": encode_cursor(f"{start + limit}:{page[-1].path}")} if rest else None
    return Page(_describe(ctx, repo, commit, page, query.expand), next_query=more)


def _list_entries(
    reader: ObjectReader, commit: CommitData, revision: str, path: str, recursive: bool
) -> tuple[Entry, ...]:
    folder = find_folder(reader, commit.tree, path)
    if folder is None:
        raise EntryNotFoundError(f'{path} does not exist on "{revision}"')
    return (list_recursively if recursive else list_folder)(reader, folder, path)


def _find_place(entries: Sequence[Entry], cursor: str) -> int:
    """Where a listing goes on: after the entry that the last page ended with.

    When a branch has moved in between, that entry may be elsewhere or gone; the page then goes on
    at the same count, so that a listing always ends.
    """
    count, _, last = cursor.partition(":")
    if not count.isdecimal():
        raise BadRequestError("The cursor is not one that this hub gave.")
    start = int(count)
    if 0 < start <= len(entries) and entries[start - 1].path == last:
        return start
    places = (place for place, entry in enumerate(entries, 1) if entry.path == last)
    return next(places, min(start, len(entries)))


def get_paths_info(ctx: Context, repo: Repo, revision: str, body: PathsInfo) -> list[TreeEntry]:
    """The entries at those of the paths that exist; the others are left out."""
    if len(body.paths) > MAX_PATHS:
        raise PayloadTooLargeError("too many parameters")
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    paths = dict.fromkeys(path.strip("/") for path in body.paths)
    found = find_entries(reader, commit.tree, [path for path in paths if path])
    return _describe(ctx, repo, commit, [entry for entry in found if entry], body.expand)


def tree_size(ctx: Context, repo: Repo, revision: str, path: str) -> TreeSize:
    """The size of everything below a folder, or of a file, in bytes."""
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    path = path.strip("/")
    entry = find_entry(reader, commit.tree, path) if path else None
    if entry is not None and not entry.is_directory:
        return TreeSize(path=path, size=entry.size)
    entries = _list_entries(reader, commit, revision, path, True)
    return TreeSize(path=path, size=sum(entry.size for entry in entries))


def _describe(
    ctx: Context, repo: Repo, commit: CommitData, entries: Sequence[Entry], expand: bool
) -> list[TreeEntry]:
    linked = find_linked(ctx, repo, {entry.pointer for entry in entries if entry.pointer})
    answers = [_describe_entry(entry, linked.get(entry.pointer)) for entry in entries]
    if expand:
        reader = reader_of(ctx, repo)
        newest = _find_last_commits(reader, commit, [entry.path for entry in entries])
        for answer in answers:
            answer.last_commit = newest[answer.path]
    return answers


def _describe_entry(entry: Entry, stored: StoredObject | None) -> TreeEntry:
    answer = TreeEntry(
        type="directory" if entry.is_directory else "file",
        oid=entry.oid,
        size=entry.size,
        path=entry.path,
    )
    if entry.pointer is not None:
        answer.lfs = LfsInfo(oid=entry.pointer.oid, size=entry.size, pointer_size=entry.blob_size)
    if stored is not None and stored.xet_hash is not None:
        answer.xet_hash = stored.xet_hash
    return answer


def _find_last_commits(
    reader: ObjectReader, commit: CommitData, paths: Sequence[str]
) -> dict[str, LastCommit]:
    found = find_last_commits(reader, commit.oid, _common_folder(paths), paths)
    known: dict[str, LastCommit] = {}
    for oid in {found[path] for path in paths}:
        data = reader.commit(oid)
        known[oid] = LastCommit(id=oid, title=data.title, date=iso_time(data.time * 1000))
    return {path: known[found[path]] for path in paths}


def _common_folder(paths: Iterable[str]) -> str:
    """The folder that all the paths are directly in; the root when they are in several."""
    folders = {path.rpartition("/")[0] for path in paths}
    return folders.pop() if len(folders) == 1 else ""


class Content(NamedTuple):
    """The bytes of one file at one commit: in `data`, or those of a large file as it is `stored`.

    `etag` is the git id of the blob, or the sha256 of a large file.
    """

    commit: str
    path: str
    etag: str
    size: int
    data: bytes | None
    stored: StoredObject | None

    @property
    def xet_hash(self) -> str | None:
        """The name of the file of chunks that a large file is kept as."""
        return None if self.stored is None else self.stored.xet_hash


def open_file(ctx: Context, repo: Repo, revision: str, path: str, *, raw: bool) -> Content:
    """The content of a file; with `raw` that of the git blob, which may be a pointer.

    Raises `RevisionNotFoundError`, or `EntryNotFoundError` with the commit in `X-Repo-Commit`.
    """
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    entry = find_entry(reader, commit.tree, path)
    if entry is None or entry.is_directory:
        raise EntryNotFoundError(headers={"X-Repo-Commit": commit.oid})
    stored = None if raw else find_linked(ctx, repo, {entry.pointer}).get(entry.pointer)
    if stored is None:
        data = reader.blob(entry.oid)
        return Content(commit.oid, path, entry.oid, len(data), data, None)
    return Content(commit.oid, path, stored.sha256, stored.size, None, stored)


def read_part(ctx: Context, content: Content, start: int, length: int) -> bytes:
    """At most `length` bytes of a file from a place on; raises `ObjectMissingError`."""
    if content.stored is None:
        assert content.data is not None
        return content.data[start : start + length]
    return b"".join(read_content(ctx.hub, content.stored, start, length))


def find_linked(
    ctx: Context, repo: Repo, pointers: Iterable[LfsPointer | None]
) -> dict[LfsPointer | None, StoredObject]:
    """The content of each of the pointers that the repository may serve.

    A pointer to what the repository does not hold, or not in that size, is only a text.
    """
    wanted = {pointer for pointer in pointers if pointer is not None}
    if not wanted:
        return {}
    with ctx.hub.db.read() as tx:
        found = lfs.find_linked(tx, repo.id, list({pointer.oid for pointer in wanted}))
    held = {LfsPointer(oid, stored.size): stored for oid, stored in found.items()}
    return {pointer: held[pointer] for pointer in wanted if pointer in held}


def upload_raw_file(ctx: Context, repo: Repo, revision: str, path: str, data: bytes) -> Uploaded:
    """One commit with one file, as the oldest clients send it."""
    path = check_path(path)
    staged = Staged(CommitHeader(summary=f"Upload {path}"))
    staged.put_file(path, data)
    with staged.writer:
        apply(ctx, repo, branch_ref(revision), staged)
    return Uploaded(url=f"{ctx.repo_url(repo.type, repo.full_name)}/blob/{revision}/{path}")


def delete_raw_file(ctx: Context, repo: Repo, revision: str, path: str) -> None:
    """One commit that deletes one file, as the oldest clients ask for it."""
    path = check_path(path)
    staged = Staged(CommitHeader(summary=f"Delete {path}"), deleted_files=[path])
    apply(ctx, repo, branch_ref(revision), staged)
