"""The body of a commit: a line of JSON for each operation, made while it is sent.

Its length is known before, because base64 makes four characters of three bytes; so nothing has to
be held in memory, and any server can read it. A hub that compares it gets the digest of all lines
after the last one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, Final

from freehold import wire
from freehold.client.content import Content
from freehold.client.transfers import Transfer

BUFFER: Final = 256 * 1024
_GROUP: Final = 3  # bytes that become four characters
_DIGEST_LENGTH: Final = 64


class FileLine:
    """A line that holds the content of a file."""

    def __init__(self, content: Content) -> None:
        path = wire.codec.encode_json(content.path_in_repo)
        self.content = content
        self._before = b'{"key":"file","value":{"encoding":"base64","path":' + path
        self._before += b',"content":"'
        self._after = b'"}}\n'

    def __len__(self) -> int:
        return len(self._before) + -(-self.content.size // _GROUP) * 4 + len(self._after)

    def pieces(self) -> Iterator[bytes]:
        """The line, piece by piece; raises `FileChangedError` when the file is another one now."""
        yield self._before
        rest = b""
        for piece in self.content.read_pieces():
            ready = rest + piece
            whole = len(ready) - len(ready) % _GROUP
            yield base64.b64encode(memoryview(ready)[:whole])
            rest = ready[whole:]
        self.content.check_unchanged()
        yield base64.b64encode(rest) + self._after


class CommitBody:
    """All lines of a commit, and after them their sha256 if `has_digest`.

    May be sent more than once.
    """

    def __init__(self, header: dict[str, Any], has_digest: bool = False) -> None:
        self._lines: list[bytes | FileLine] = []
        self.has_digest = has_digest
        self.add("header", header)

    def add(self, key: str, value: dict[str, Any]) -> None:
        """Adds an operation."""
        self._lines.append(wire.codec.encode_json({"key": key, "value": value}) + b"\n")

    def add_file(self, content: Content) -> None:
        """Adds a file whose content is part of the body."""
        self._lines.append(FileLine(content))

    @property
    def operations(self) -> int:
        """How many lines there are besides the header."""
        return len(self._lines) - 1

    def length(self) -> int:
        """The bytes of the body."""
        return sum(len(line) for line in self._lines) + _DIGEST_LENGTH * self.has_digest

    def pieces(self, transfer: Transfer) -> Iterator[bytes]:
        """The body, in pieces that are neither tiny nor large; tells of each file in it."""
        buffer = bytearray()
        digest = hashlib.sha256()
        for piece in self._all_pieces(transfer):
            buffer += piece
            if len(buffer) >= BUFFER:
                transfer.check()
                digest.update(buffer)
                yield bytes(buffer)
                buffer.clear()
        transfer.check()
        digest.update(buffer)
        if self.has_digest:
            buffer += digest.hexdigest().encode()
        yield bytes(buffer)

    def _all_pieces(self, transfer: Transfer) -> Iterator[bytes]:
        for line in self._lines:
            if isinstance(line, FileLine):
                yield from line.pieces()
                size = line.content.size
                transfer.tell("upload", line.content.path_in_repo, size, size)
            else:
                yield line
