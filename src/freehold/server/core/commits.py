"""Commits made through the API: the operations of a body become one new commit, or nothing.

The operations are staged first (new blobs packed, LFS objects checked), then applied to the head
of the branch as it is. Whoever loses the race for the head applies the same operations again.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from freehold.errors import (
    BadRequestError,
    EntryNotFoundError,
    HfHubHTTPError,
    PayloadTooLargeError,
    PreconditionFailedError,
)
from freehold.formats.git_objects import EXECUTABLE, FILE, Signature, build_commit, object_id
from freehold.formats.gitattributes import LfsRules, lfs_line
from freehold.formats.lfs_pointer import LfsPointer, build_pointer, parse_pointer
from freehold.formats.pack import PackWriter
from freehold.server.core import cards
from freehold.server.core.access import Context, missing_repo
from freehold.server.core.commit_keys import Once, once
from freehold.server.core.commit_targets import Target
from freehold.server.core.discussion_notices import discussion_url
from freehold.server.core.facts import READ, noting_facts
from freehold.server.core.lfs import find_usable, link_objects
from freehold.server.core.pull_requests import (
    PULL_REQUESTS,
    NewCommit,
    Proposal,
    base_ref,
    number_of,
    propose,
)
from freehold.server.core.revisions import branch_ref, reader_of, unknown_revision
from freehold.server.core.sources import layered, source_of
from freehold.server.core.weights import may_be_weights
from freehold.server.db import refs, repos
from freehold.server.db.commit_keys import KeyedCommit
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repos import Repo
from freehold.server.git.comparison import agree_on
from freehold.server.git.reader import ObjectReader
from freehold.server.git.store import LostRaceError, PackSource, RefChange
from freehold.server.git.tree_editor import TreeEditor
from freehold.server.hub import now_ms
from freehold.wire.codec import decode_json
from freehold.wire.commits import (
    CommitCreated,
    CommitHeader,
    CommitLine,
    DeleteOperation,
    FileOperation,
    JsonCommit,
    LfsFileOperation,
)
from freehold.wire.ids import check_path
from freehold.wire.repos import InlineFile

ATTRIBUTES = ".gitattributes"
SYSTEM = "system"

# A lost race means that somebody else won it, so a busy branch always moves; this bounds one call.
MAX_ATTEMPTS = 100

# Each operation stays in memory until the commit is made.
MAX_LINES = 100_000

MIB = 1024 * 1024
# What is kept in memory of weights among the files of a commit; the rest is looked at later.
MAX_WEIGHTS_KEPT = 32 * MIB
JSON_COMMIT_LIMIT = 64 * MIB


class InitialFile(NamedTuple):
    """A file that a repository starts with."""

    path: str
    data: bytes


@dataclass
class Staged:
    """The operations of one commit, checked and ready to be applied to any head.

    Deletions are applied first: a path that is both deleted and added ends up added.
    """

    header: CommitHeader
    writer: PackWriter = field(default_factory=PackWriter)
    files: dict[str, bytes] = field(default_factory=dict)
    lfs: dict[str, LfsFileOperation] = field(default_factory=dict)
    deleted_files: list[str] = field(default_factory=list)
    deleted_folders: list[str] = field(default_factory=list)
    deleted_entries: list[str] = field(default_factory=list)
    attributes: bytes | None = None
    # By id, the files that say something about the repository.
    texts: dict[bytes, bytes] = field(default_factory=dict)
    weights_kept: int = 0
    # By id, how large each file is.
    sizes: dict[bytes, int] = field(default_factory=dict)
    # The large files that pointers among the plain files stand for.
    pointers: set[LfsPointer] = field(default_factory=set)

    def put_file(self, path: str, data: bytes) -> None:
        """Stages the content of a file."""
        if path == cards.README:
            cards.check_card(data.decode("utf-8", "replace"))
        if path == ATTRIBUTES:
            self.attributes = data
        pointer = parse_pointer(data)
        if pointer is not None:
            self.pointers.add(pointer)
        self.lfs.pop(path, None)
        oid = self.files[path] = self.writer.add("blob", data)
        self.sizes[oid] = len(data) if pointer is None else pointer.size
        if path in READ or self._has_room(path, data):
            self.texts[oid] = data

    def _has_room(self, path: str, data: bytes) -> bool:
        """Whether to keep the file in memory because of its weights."""
        if not may_be_weights(path) or self.weights_kept + len(data) > MAX_WEIGHTS_KEPT:
            return False
        self.weights_kept += len(data)
        return True

    def touched_paths(self) -> Iterator[str]:
        """The path of every operation, whatever it does there."""
        deleted = (self.deleted_files, self.deleted_folders, self.deleted_entries)
        return chain(self.files, self.lfs, *deleted)

    def put_lfs_file(self, operation: LfsFileOperation) -> None:
        """Stages a file whose bytes were uploaded before."""
        self.files.pop(operation.path, None)
        self.lfs[operation.path] = operation


def create_commit(
    ctx: Context,
    repo: Repo,
    revision: str,
    body: BinaryIO,
    content_type: str,
    keys: Sequence[str] = (),
    *,
    create_pr: bool = False,
) -> CommitCreated:
    """One commit with all operations of the body, on a branch or a pull request.

    With `create_pr`, it opens a pull request that wants to change the branch. The body is NDJSON,
    or one JSON object from the oldest clients. `keys` are the values of `Idempotency-Key`: under a
    key that was used before, the answer is the commit made then. Raises `BadRequestError` for what
    breaks a rule, `PreconditionFailedError` when the branch is not at `parentCommit`,
    `EntryNotFoundError` for a deletion of what is not there, `UnprocessableError` for a key that
    was used for another ref, `ForbiddenError` for the pull request of somebody else.
    """
    ref = base_ref(revision) if create_pr else branch_ref(revision)
    made = once(ctx, repo, PULL_REQUESTS if create_pr else ref, keys)
    commit = made.recall(ctx.hub)
    if commit is None:
        target = Target(ref, made)
        target.check(ctx, repo)
        with _stage_body(body, content_type, ctx.hub.config.inline_limit) as staged:
            if create_pr:
                words = (staged.header.summary, staged.header.description or "")
                target = replace(target, proposal=propose(ctx, repo, ref, *words))
            commit = _apply_once(ctx, repo, staged, target)
    page = ctx.repo_url(repo.type, repo.full_name)
    answer = CommitCreated(commit_oid=commit.oid, commit_url=f"{page}/commit/{commit.oid}")
    if create_pr:
        answer.pull_request_url = discussion_url(ctx, repo, number_of(commit.ref))
    return answer


@contextmanager
def _stage_body(body: BinaryIO, content_type: str, limit: int) -> Iterator[Staged]:
    if content_type.partition(";")[0].strip() == "application/json":
        staged = _stage_json(decode_json(_read_whole(body), JsonCommit), limit)
    else:
        staged = stage_lines(_read_lines(body, 2 * limit + MIB), limit)
    with staged.writer:
        yield staged


def _apply_once(ctx: Context, repo: Repo, staged: Staged, target: Target) -> KeyedCommit:
    try:
        return _apply(ctx, repo, staged, target)
    except HfHubHTTPError:
        # Another call with the same key may be what stood in the way.
        commit = target.made.recall(ctx.hub)
        if commit is None:
            raise
        return commit


def _read_whole(body: BinaryIO) -> bytes:
    data = body.read(JSON_COMMIT_LIMIT + 1)
    if len(data) > JSON_COMMIT_LIMIT:
        raise PayloadTooLargeError(
            f"A commit over {JSON_COMMIT_LIMIT} bytes is sent as application/x-ndjson."
        )
    return data


def _read_lines(body: BinaryIO, limit: int) -> Iterator[bytes]:
    """The lines of the body; no line over `limit` bytes is ever held in memory."""
    while line := body.readline(limit + 1):
        if len(line) > limit:
            raise PayloadTooLargeError(f"A line of a commit has at most {limit} bytes.")
        yield line


def stage_lines(lines: Iterable[bytes], inline_limit: int) -> Staged:
    """Stages the operations of an NDJSON body, one line at a time."""
    rest = _number_lines(lines)
    first = next(rest, None)
    if first is None:
        raise BadRequestError("The commit is empty: its first line must be the header.")
    header = _decode_line(*first)
    if header.key != "header":
        raise BadRequestError(f"Line 1: the first line must be the header, not {header.key!r}.")
    staged = Staged(_decode_value(1, header, CommitHeader))
    _check_header(staged.header)
    for number, line in rest:
        _stage_line(staged, number, _decode_line(number, line), inline_limit)
    return staged


def _number_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number among all."""
    for number, line in enumerate(lines, 1):
        if number > MAX_LINES:
            raise PayloadTooLargeError(f"A commit has at most {MAX_LINES} lines.")
        if line.strip():
            yield number, line


def _decode_line(number: int, line: bytes) -> CommitLine:
    try:
        return decode_json(line, CommitLine)
    except BadRequestError as error:
        raise BadRequestError(f"Line {number}: {error.message}") from error


def _decode_value(number: int, line: CommitLine, shape: type[Any]) -> Any:
    try:
        return decode_json(memoryview(line.value), shape)
    except BadRequestError as error:
        raise BadRequestError(f"Line {number}, {line.key}: {error.message}") from error


def _check_header(header: CommitHeader) -> None:
    if not header.summary.strip():
        raise BadRequestError("The commit needs a summary.")
    if "\x00" in header.summary or "\x00" in (header.description or ""):
        raise BadRequestError("The commit message must not hold a NUL character.")


def _stage_line(staged: Staged, number: int, line: CommitLine, inline_limit: int) -> None:
    shape = _SHAPES.get(line.key)
    if shape is None:
        raise BadRequestError(f"Line {number}: unknown operation {line.key!r}.")
    value = _decode_value(number, line, shape)
    _STAGERS[line.key](staged, value, inline_limit)


def _stage_file(staged: Staged, operation: FileOperation, inline_limit: int) -> None:
    path = check_path(operation.path)
    data = decode_content(path, operation.content, operation.encoding)
    if len(data) > inline_limit:
        raise PayloadTooLargeError(
            f"File {path!r} has {len(data)} bytes: files over {inline_limit} bytes are uploaded"
            " through LFS."
        )
    if operation.old_path:
        staged.deleted_files.append(check_path(operation.old_path))
    staged.put_file(path, data)


def decode_content(path: str, content: str, encoding: str) -> bytes:
    """The bytes of a file as a body gives them; raises `BadRequestError`."""
    if encoding == "utf-8":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"The content of {path!r} is not base64: {error}") from error


def _stage_lfs_file(staged: Staged, operation: LfsFileOperation, inline_limit: int) -> None:
    check_path(operation.path)
    if len(operation.oid) != 64 or not set(operation.oid) <= set("0123456789abcdef"):
        raise BadRequestError(f"File {operation.path!r}: not a sha256: {operation.oid!r}")
    if operation.size is not None and operation.size < 0:
        raise BadRequestError(f"File {operation.path!r}: its size is negative.")
    if operation.path in {ATTRIBUTES, cards.README}:
        raise BadRequestError(f"File {operation.path!r} cannot be kept in LFS.")
    if operation.old_path:
        staged.deleted_files.append(check_path(operation.old_path))
    staged.put_lfs_file(operation)


def _stage_deleted_file(staged: Staged, operation: DeleteOperation, inline_limit: int) -> None:
    staged.deleted_files.append(check_path(operation.path))


def _stage_deleted_folder(staged: Staged, operation: DeleteOperation, inline_limit: int) -> None:
    staged.deleted_folders.append(check_path(operation.path.rstrip("/")))


def _stage_deleted_entry(staged: Staged, operation: DeleteOperation, inline_limit: int) -> None:
    staged.deleted_entries.append(check_path(operation.path.rstrip("/")))


_STAGERS: dict[str, Callable[[Staged, Any, int], None]] = {
    "file": _stage_file,
    "lfsFile": _stage_lfs_file,
    "deletedFile": _stage_deleted_file,
    "deletedFolder": _stage_deleted_folder,
    "deletedEntry": _stage_deleted_entry,
}
_SHAPES: dict[str, type[Any]] = {
    "file": FileOperation,
    "lfsFile": LfsFileOperation,
    "deletedFile": DeleteOperation,
    "deletedFolder": DeleteOperation,
    "deletedEntry": DeleteOperation,
}


def _stage_json(body: JsonCommit, inline_limit: int) -> Staged:
    header = CommitHeader(
        summary=body.summary, description=body.description, parent_commit=body.parent_commit
    )
    _check_header(header)
    staged = Staged(header)
    groups = (
        ("file", body.files),
        ("lfsFile", body.lfs_files),
        ("deletedFile", body.deleted_files),
        ("deletedFolder", body.deleted_folders),
        ("deletedEntry", body.deleted_entries),
    )
    if sum(len(operations) for _, operations in groups) > MAX_LINES:
        raise PayloadTooLargeError(f"A commit has at most {MAX_LINES} operations.")
    for key, operations in groups:
        for operation in operations:
            _STAGERS[key](staged, operation, inline_limit)
    return staged


def apply(
    ctx: Context, repo: Repo, ref: str, staged: Staged, proposal: Proposal | None = None
) -> str:
    """Puts the staged operations on top of the branch, or proposes that, and gives the new head.

    A commit that would change nothing makes none: the head is given as it is.
    """
    return _apply(ctx, repo, staged, Target(ref, Once(None, ref), proposal)).oid


def _apply(ctx: Context, repo: Repo, staged: Staged, target: Target) -> KeyedCommit:
    for _ in range(MAX_ATTEMPTS):
        try:
            return _attempt(ctx, repo, staged, target)
        except LostRaceError as error:
            if staged.header.parent_commit and not staged.header.rebase:
                raise PreconditionFailedError from error
    raise HfHubHTTPError("The branch is too busy: please try again.", status=503)


def _refresh(ctx: Context, repo: Repo) -> Repo:
    with ctx.hub.db.read() as tx:
        found = repos.find_repo_by_id(tx, repo.id, ctx.viewer.id)
    if found is None:
        raise missing_repo(ctx.viewer)
    return found


def _attempt(ctx: Context, repo: Repo, staged: Staged, target: Target) -> KeyedCommit:
    head = _find_head(ctx, repo, target.ref)
    reader = reader_of(ctx, _refresh(ctx, repo))
    _check_parent(reader, head, staged)
    stored = find_stored(ctx, repo, staged)
    named = [*(stored | _find_pointed(ctx, repo, staged)).values()]
    old_tree = reader.commit(head).tree
    tree, objects = _build_tree(reader, old_tree, staged, stored)
    if tree.hex() == old_tree:
        _keep_as_it_is(ctx, repo, named, target, head)
        return KeyedCommit(target.ref, head)
    data = write_commit(tree.hex(), [head], ctx.viewer.name or SYSTEM, _message(staged.header))
    commit = NewCommit(object_id("commit", data).hex(), staged.header.summary)
    source = partial(staged.writer.finish, extra=[*objects, ("commit", data)])

    def note(tx: Transaction) -> list[RefChange]:
        link_objects(tx, repo.id, named, ctx.viewer.id or "")
        return target.move(tx, ctx, repo, head, commit)

    moves = [] if target.proposal else [RefChange(target.ref, head, commit.oid)]
    new = staged.texts | {object_id(kind, bytes_): bytes_ for kind, bytes_ in objects}
    below = layered(new, staged.sizes | _sizes_of(objects), source_of(reader))
    after = noting_facts(ctx.hub, below, repo, moves, tree, named)
    ctx.hub.git.publish(repo.id, [], [source], now_ms(), note, after)
    return KeyedCommit(target.moved_ref, commit.oid)


def _sizes_of(objects: Iterable[tuple[str, bytes]]) -> dict[bytes, int]:
    """By id, how large the files are that were made for a commit; of pointers, those behind."""
    blobs = [data for kind, data in objects if kind == "blob"]
    pointers = {data: parse_pointer(data) for data in blobs}
    return {
        object_id("blob", data): len(data) if pointer is None else pointer.size
        for data, pointer in pointers.items()
    }


def _keep_as_it_is(
    ctx: Context, repo: Repo, named: list[StoredObject], target: Target, head: str
) -> None:
    """Notes a commit that changes nothing."""
    if target.proposal is not None:
        raise BadRequestError("The commit changes nothing: there is nothing to propose.")
    # The bytes may be new even where the tree has named them before.
    if named or target.made.key is not None:
        with ctx.hub.db.write() as tx:
            repos.lock_repo(tx, repo.id)
            target.made.record(tx, KeyedCommit(target.ref, head))
            link_objects(tx, repo.id, named, ctx.viewer.id or "")


def _check_parent(reader: ObjectReader, head: str, staged: Staged) -> None:
    """Raises `PreconditionFailedError` unless the commit may go on top of this head."""
    expected = staged.header.parent_commit
    if not expected or (len(expected) >= 5 and head.startswith(expected)):
        return
    if not staged.header.rebase or not _is_apart(reader, expected, head, staged):
        raise PreconditionFailedError


def _is_apart(reader: ObjectReader, parent: str, head: str, staged: Staged) -> bool:
    """Whether nothing that the operations touch has changed between the two commits."""
    known = reader.find_commit(parent) if len(parent) >= 5 else None
    if known is None:
        return False
    before, now = reader.commit(known).tree, reader.commit(head).tree
    return agree_on(reader, before, now, staged.touched_paths())


def _find_head(ctx: Context, repo: Repo, ref: str) -> str:
    with ctx.hub.db.read() as tx:
        head = refs.find_refs(tx, repo.id, [ref]).get(ref)
    if head is None:
        raise unknown_revision(ref.removeprefix("refs/heads/"))
    return head


def _build_tree(
    reader: ObjectReader, old_tree: str, staged: Staged, stored: dict[str, StoredObject]
) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The id of the new root tree, and the objects that it needs besides the staged blobs."""
    editor = TreeEditor(reader, old_tree)
    objects: list[tuple[str, bytes]] = []
    _delete(editor, staged)
    for path, oid in staged.files.items():
        editor.put(path, _mode_of(editor, path), oid)
    for path, operation in staged.lfs.items():
        pointer = build_pointer(operation.oid, stored[operation.oid].size)
        objects.append(("blob", pointer))
        editor.put(path, _mode_of(editor, path), object_id("blob", pointer))
    objects += _extend_attributes(reader, editor, staged)
    root, trees = editor.finish()
    return root, objects + [("tree", tree) for tree in trees]


def _mode_of(editor: TreeEditor, path: str) -> int:
    """A file that is replaced stays executable if it was; a link becomes a file."""
    row = editor.get(path)
    return row.mode if row is not None and row.mode == EXECUTABLE else FILE


def _delete(editor: TreeEditor, staged: Staged) -> None:
    for path in staged.deleted_files:
        _require_deleted(editor.remove_file(path), path)
    for path in staged.deleted_folders:
        _require_deleted(editor.remove_folder(path), path)
    for path in staged.deleted_entries:
        _require_deleted(editor.remove_file(path) or editor.remove_folder(path), path)


def _require_deleted(deleted: bool, path: str) -> None:
    if not deleted:
        raise EntryNotFoundError(f"A file with this name doesn't exist: {path}")


def _extend_attributes(
    reader: ObjectReader, editor: TreeEditor, staged: Staged
) -> Iterator[tuple[str, bytes]]:
    """A new `.gitattributes` when an LFS file is not covered by the present one."""
    if not staged.lfs:
        return
    text = staged.attributes
    if text is None:
        row = editor.get(ATTRIBUTES)
        text = reader.blob(row.oid.hex()) if row is not None else b""
    rules = LfsRules.parse(text)
    try:
        lines = [lfs_line(path) for path in staged.lfs if not rules.is_lfs(path)]
    except ValueError as error:
        raise BadRequestError(f"A path cannot be kept in LFS: {error}") from error
    if lines:
        text += b"" if not text or text.endswith(b"\n") else b"\n"
        text += "".join(f"{line}\n" for line in lines).encode()
        editor.put(ATTRIBUTES, FILE, object_id("blob", text))
        yield "blob", text


def find_stored(ctx: Context, repo: Repo, staged: Staged) -> dict[str, StoredObject]:
    """Each LFS object of the commit, by sha256, all of them stored and the viewer's to use."""
    found = find_usable(ctx, repo, [operation.oid for operation in staged.lfs.values()])
    for path, operation in staged.lfs.items():
        stored = found.get(operation.oid)
        if stored is None:
            raise BadRequestError(
                "Your push was rejected because an LFS pointer pointed to a file that does not"
                f" exist. Upload the file before the commit.\nOffending file: - {path}"
            )
        if operation.size is not None and operation.size != stored.size:
            raise BadRequestError(
                f"File {path!r} was declared with {operation.size} bytes and has {stored.size}."
            )
    return found


def _find_pointed(ctx: Context, repo: Repo, staged: Staged) -> dict[str, StoredObject]:
    """The objects that pointers among the plain files name: stored, usable and of that size."""
    found = find_usable(ctx, repo, [pointer.oid for pointer in staged.pointers])
    return {
        oid: item for oid, item in found.items() if LfsPointer(oid, item.size) in staged.pointers
    }


def _message(header: CommitHeader) -> str:
    description = (header.description or "").strip("\n")
    summary = header.summary.strip("\n")
    return f"{summary}\n\n{description}" if description else summary


def address_of(account: str) -> str:
    """The email address that stands for an account in commits: nobody reads what is sent there."""
    return f"{account}@users.noreply.freehold"


def sign(account: str) -> Signature:
    """The account as the author of what is made now."""
    return Signature(account, address_of(account), now_ms() // 1000)


def write_commit(tree: str, parents: list[str], author: str, message: str) -> bytes:
    """The bytes of a commit made now by that account."""
    who = sign(author)
    return build_commit(
        bytes.fromhex(tree), [bytes.fromhex(parent) for parent in parents], who, who, message
    )


def stage_initial_commit(
    files: list[InitialFile], more: list[InlineFile]
) -> tuple[PackSource, str]:
    """The pack and the id of a repository's first commit."""
    staged = Staged(CommitHeader(summary="initial commit"))
    for file in files:
        staged.put_file(file.path, file.data)
    for given in more:
        path = check_path(given.path)
        staged.put_file(path, decode_content(path, given.content, given.encoding))
    editor = TreeEditor(None, None)
    for path, oid in staged.files.items():
        editor.put(path, FILE, oid)
    root, trees = editor.finish()
    data = write_commit(root.hex(), [], SYSTEM, "initial commit")
    extra = [*(("tree", tree) for tree in trees), ("commit", data)]
    return partial(staged.writer.finish, extra=extra), object_id("commit", data).hex()


def squash_commit(tree: str, author: str, message: str) -> tuple[PackSource, str]:
    """The pack and the id of a commit without parents."""
    data = write_commit(tree, [], author, message)
    return partial(PackWriter().finish, extra=[("commit", data)]), object_id("commit", data).hex()
