"""What a client is to do with files that it wants to upload."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from freehold.errors import BadRequestError, PayloadTooLargeError
from freehold.formats.gitattributes import LfsRules
from freehold.formats.gitignore import IgnoreRules
from freehold.formats.text import looks_binary
from freehold.server.core.access import Context
from freehold.server.core.commits import ATTRIBUTES
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db import lfs
from freehold.server.db.repos import Repo
from freehold.server.git.listing import Entry, find_entry
from freehold.server.git.reader import CommitData, ObjectReader
from freehold.wire.files import Preupload, PreuploadAnswer, PreuploadFile, UploadMode
from freehold.wire.ids import check_path

IGNORE = ".gitignore"
MAX_FILES = 1000
MAX_RULES_SIZE = 256 * 1024

# Comparing a path with a rule takes up to a microsecond.
MAX_COMPARISONS = 5_000_000


def preupload(ctx: Context, repo: Repo, revision: str, body: Preupload) -> PreuploadAnswer:
    """For each file whether it goes into git or through LFS, and what the path holds now."""
    if len(body.files) > MAX_FILES:
        raise PayloadTooLargeError(f"At most {MAX_FILES} files can be asked for at once.")
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    texts = {
        path: _text(reader, commit, path, given)
        for path, given in ((ATTRIBUTES, body.git_attributes), (IGNORE, body.git_ignore))
    }
    _check_cost(body, texts)
    attributes = LfsRules.parse(texts[ATTRIBUTES])
    ignored = IgnoreRules.parse(texts[IGNORE])
    entries = {file.path: _find_file(reader, commit, file.path) for file in body.files}
    held = _held_pointers(ctx, repo, entries.values())
    files = []
    for file in body.files:
        is_lfs = _belongs_in_lfs(file, attributes, ctx.hub.config.inline_limit)
        mode = UploadMode(
            path=file.path,
            upload_mode="lfs" if is_lfs else "regular",
            should_ignore=ignored.is_ignored(file.path),
        )
        entry = entries[file.path]
        # Without its bytes, a pointer is nothing that a client need not send again.
        if entry is not None and (entry.pointer is None or entry.pointer.oid in held):
            mode.oid = _identity(entry)
        files.append(mode)
    return PreuploadAnswer(commit_oid=commit.oid, files=files)


def _find_file(reader: ObjectReader, commit: CommitData, path: str) -> Entry | None:
    entry = find_entry(reader, commit.tree, check_path(path))
    return None if entry is None or entry.is_directory else entry


def _held_pointers(ctx: Context, repo: Repo, entries: Iterable[Entry | None]) -> set[str]:
    oids = [entry.pointer.oid for entry in entries if entry is not None and entry.pointer]
    with ctx.hub.db.read() as tx:
        return set(lfs.find_linked(tx, repo.id, oids))


def _text(reader: ObjectReader, commit: CommitData, path: str, given: str | None) -> str:
    if given is not None:
        if len(given.encode()) > MAX_RULES_SIZE:
            raise PayloadTooLargeError(f"{path} has at most {MAX_RULES_SIZE} bytes.")
        return given
    entry = _find_file(reader, commit, path)
    if entry is None or entry.size > MAX_RULES_SIZE:
        return ""
    return reader.blob(entry.oid).decode("utf-8", "replace")


def _check_cost(body: Preupload, texts: dict[str, str]) -> None:
    """Refuses what would take very long: each rule is compared with each file.

    Those of `.gitignore` are compared with every folder above it as well.
    """
    comparisons = {
        ATTRIBUTES: len(body.files),
        IGNORE: sum(file.path.count("/") + 1 for file in body.files),
    }
    for path, count in comparisons.items():
        if (texts[path].count("\n") + 1) * count > MAX_COMPARISONS:
            raise PayloadTooLargeError(f"Too many files for the rules of {path}: ask for fewer.")


def _belongs_in_lfs(file: PreuploadFile, attributes: LfsRules, inline_limit: int) -> bool:
    if file.size < 0:
        raise BadRequestError(f"File {file.path!r}: its size is negative.")
    try:
        sample = base64.b64decode(file.sample, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"File {file.path!r}: its sample is not base64.") from error
    if file.size == 0:
        return False
    return file.size > inline_limit or attributes.is_lfs(file.path) or looks_binary(sample)


def _identity(entry: Entry) -> str:
    return entry.oid if entry.pointer is None else entry.pointer.oid
