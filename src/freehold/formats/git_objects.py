"""Git's loose object contents: ids, trees, commits and annotated tags, as bytes.

Object ids are the 20 raw bytes of SHA-1 unless a name says `hex`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

DIRECTORY: Final = 0o040000
FILE: Final = 0o100644
EXECUTABLE: Final = 0o100755
SYMLINK: Final = 0o120000
GITLINK: Final = 0o160000

KINDS: Final = ("commit", "tree", "blob", "tag")

_OID_SIZE: Final = 20
_WHOLE_ROW: Final = re.compile(rb"[0-7]+ [^\0]+\0.{20}", re.DOTALL)
_TREE_ROW: Final = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
# Git trims these from both ends of a name or an address, along with everything up to the space.
_EDGE_CRUD: Final = "".join(map(chr, range(33))) + ".,:;<>\"\\'"
_INNER_CRUD: Final = str.maketrans("", "", "\n<>\0")


class TreeEntry(NamedTuple):
    """One row of a tree: `mode` is one of the constants above, `name` a single path segment."""

    mode: int
    name: bytes
    oid: bytes


class Signature(NamedTuple):
    """Who and when: `seconds` since 1970 in UTC, `offset_minutes` east of UTC."""

    name: str
    email: str
    seconds: int
    offset_minutes: int = 0


def object_id(kind: str, data: bytes) -> bytes:
    """The 20 raw bytes that git names this object by; `ValueError` for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"not a kind of git object: {kind!r}")
    digest = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.digest()


def blob_id(data: bytes) -> str:
    """The git id of a file's content, 40 hex digits: the ETag of a regular file."""
    return object_id("blob", data).hex()


def parse_tree(data: bytes) -> list[TreeEntry]:
    """The rows of a tree in their stored order; `ValueError` when the bytes are malformed."""
    entries = []
    position = 0
    for match in _TREE_ROW.finditer(data):
        if match.start() != position:
            break
        mode, name, oid = match.groups()
        entries.append(TreeEntry(int(mode, 8), name, oid))
        position = match.end()
    if position != len(data):
        raise ValueError(f"malformed tree at byte {position}")
    return entries


def split_tree(data: bytes) -> list[bytes]:
    """The rows of a well-formed tree as they are: mode, space, name, NUL and the 20-byte id."""
    return _WHOLE_ROW.findall(data)


def build_tree(entries: Iterable[TreeEntry]) -> bytes:
    """The bytes of a tree, in git's order: a directory compares as its name followed by `/`.

    `ValueError` for a name that is empty, repeated, `.`, `..` or holds `/` or NUL, and for an
    oid that is not 20 bytes.
    """
    rows = sorted(entries, key=_tree_order)
    names = {row.name for row in rows}
    if len(names) != len(rows):
        raise ValueError("a tree cannot hold one name twice")
    for row in rows:
        _check_entry(row)
    return b"".join(b"%o %s\0%s" % row for row in rows)


def _tree_order(entry: TreeEntry) -> bytes:
    return entry.name + b"/" if entry.mode == DIRECTORY else entry.name


def _check_entry(entry: TreeEntry) -> None:
    if entry.name in (b"", b".", b"..") or b"/" in entry.name or b"\0" in entry.name:
        raise ValueError(f"not a name for a tree entry: {entry.name!r}")
    if len(entry.oid) != _OID_SIZE:
        raise ValueError(f"not a git object id: {entry.oid!r}")


def build_commit(
    tree: bytes,
    parents: Sequence[bytes],
    author: Signature,
    committer: Signature,
    message: str,
) -> bytes:
    """The bytes of a commit; the message gets a final newline, as `git commit-tree -m` gives it."""
    headers = [f"tree {tree.hex()}"]
    headers += [f"parent {parent.hex()}" for parent in parents]
    headers += [f"author {_format_signature(author)}"]
    headers += [f"committer {_format_signature(committer)}"]
    return _join_message(headers, message)


def build_tag(object: bytes, kind: str, name: str, tagger: Signature, message: str) -> bytes:
    """The bytes of an annotated tag that points at `object`, which is of this `kind`."""
    if kind not in KINDS:
        raise ValueError(f"not a kind of git object: {kind!r}")
    if not name or "\n" in name or "\0" in name:
        raise ValueError(f"not a name for a tag: {name!r}")
    headers = [f"object {object.hex()}", f"type {kind}", f"tag {name}"]
    return _join_message([*headers, f"tagger {_format_signature(tagger)}"], message)


def _join_message(headers: list[str], message: str) -> bytes:
    # Readers stop at a NUL and git's own checks refuse it, so it never enters an object.
    text = message.replace("\0", "")
    if text and not text.endswith("\n"):
        text += "\n"
    return ("\n".join(headers) + "\n\n" + text).encode(errors="replace")


def _format_signature(signature: Signature) -> str:
    if signature.seconds < 0:
        raise ValueError("git knows no time before 1970")
    email = _clean_identity(signature.email)
    name = _clean_identity(signature.name) or email or "unknown"
    return f"{name} <{email}> {signature.seconds} {_format_offset(signature.offset_minutes)}"


def _clean_identity(text: str) -> str:
    return text.strip(_EDGE_CRUD).translate(_INNER_CRUD)


def _format_offset(minutes: int) -> str:
    if abs(minutes) >= 100 * 60:
        raise ValueError(f"not a time zone: {minutes} minutes")
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02}{rest:02}"
