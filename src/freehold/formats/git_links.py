"""What commits, trees and annotated tags lead to, and the same objects leading elsewhere.

Objects are bytes as git stores them, without their header; ids are 20 raw bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from freehold.formats.git_objects import TreeEntry

# A header goes on in the lines after it that begin with a space.
_NEXT_HEADER: Final = re.compile(rb"\n(?! )")
# What was signed is another object, so the signatures of a changed one are wrong.
_SIGNATURES: Final = (b"gpgsig ", b"gpgsig-sha256 ", b"mergetag ")
_SIGNATURE_BLOCK: Final = re.compile(
    rb"^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----$", re.MULTILINE
)


class CommitLinks(NamedTuple):
    """The tree of a commit, and its parents in their order."""

    tree: bytes
    parents: tuple[bytes, ...]


def commit_links(data: bytes) -> CommitLinks:
    """Where a commit leads; `ValueError` when it names no tree."""
    headers = _split_headers(data)[0]
    parents = tuple(_read_id(line, b"parent ") for line in headers if line.startswith(b"parent "))
    return CommitLinks(_read_id(headers[0], b"tree "), parents)


def relink_commit(data: bytes, links: CommitLinks) -> bytes:
    """The commit with another tree and parents, and everything else but signatures as it was."""
    headers, message = _split_headers(data)
    dropped = (b"tree ", b"parent ", *_SIGNATURES)
    lines = [b"tree " + _hex(links.tree)]
    lines += [b"parent " + _hex(parent) for parent in links.parents]
    lines += [line for line in headers if not line.startswith(dropped)]
    return b"\n".join(lines) + message


def tag_target(data: bytes) -> bytes:
    """The object that an annotated tag points at; `ValueError` when it names none."""
    return _read_id(_split_headers(data)[0][0], b"object ")


def relink_tag(data: bytes, target: bytes) -> bytes:
    """The tag at another object of the same kind, without its signature."""
    headers, message = _split_headers(data)
    kept = [line for line in headers[1:] if not line.startswith(_SIGNATURES)]
    signature = max((match.start() for match in _SIGNATURE_BLOCK.finditer(message)), default=None)
    return b"\n".join([b"object " + _hex(target), *kept]) + message[:signature]


def join_rows(rows: Iterable[TreeEntry]) -> bytes:
    """The bytes of a tree whose rows are valid and in git's order already."""
    return b"".join(b"%o %s\0%s" % row for row in rows)


def _split_headers(data: bytes) -> tuple[Sequence[bytes], bytes]:
    """The headers, and the message with the empty line before it."""
    head, separator, message = data.partition(b"\n\n")
    return _NEXT_HEADER.split(head), separator + message


def _read_id(line: bytes, name: bytes) -> bytes:
    text = line.removeprefix(name).decode("ascii", "replace")
    if not line.startswith(name) or len(text) != 40:
        raise ValueError(f"not a header with an object id: {line[:60]!r}")
    return bytes.fromhex(text)


def _hex(oid: bytes) -> bytes:
    return oid.hex().encode()
