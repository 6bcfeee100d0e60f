"""What a client is to do with files that it wants to upload."""

from __future__ import annotations

import base64
import binascii

from freehold.errors import BadRequestError, PayloadTooLargeError
from freehold.formats.gitattributes import LfsRules
from freehold.formats.gitignore import IgnoreRules
from freehold.formats.text import looks_binary
from freehold.server.core.access import Context
from freehold.server.core.commits import ATTRIBUTES
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db.repos import Repo
from freehold.server.git.listing import Entry, find_entry
from freehold.server.git.reader import CommitData, ObjectReader
from freehold.wire.files import Preupload, PreuploadAnswer, PreuploadFile, UploadMode

IGNORE = ".gitignore"
MAX_FILES = 1000


def preupload(ctx: Context, repo: Repo, revision: str, body: Preupload) -> PreuploadAnswer:
    """For each file whether it goes into git or through LFS, and what the path holds now."""
    if len(body.files) > MAX_FILES:
        raise PayloadTooLargeError(f"At most {MAX_FILES} files can be asked for at once.")
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    attributes = LfsRules.parse(_text(reader, commit, ATTRIBUTES, body.git_attributes))
    ignored = IgnoreRules.parse(_text(reader, commit, IGNORE, body.git_ignore))
    files = []
    for file in body.files:
        is_lfs = _belongs_in_lfs(file, attributes, ctx.hub.config.inline_limit)
        mode = UploadMode(
            path=file.path,
            upload_mode="lfs" if is_lfs else "regular",
            should_ignore=ignored.is_ignored(file.path),
        )
        entry = find_entry(reader, commit.tree, file.path)
        if entry is not None and not entry.is_directory:
            mode.oid = _identity(entry)
        files.append(mode)
    return PreuploadAnswer(commit_oid=commit.oid, files=files)


def _text(reader: ObjectReader, commit: CommitData, path: str, given: str | None) -> str:
    if given is not None:
        return given
    entry = find_entry(reader, commit.tree, path)
    if entry is None or entry.is_directory:
        return ""
    return reader.blob(entry.oid).decode("utf-8", "replace")


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
