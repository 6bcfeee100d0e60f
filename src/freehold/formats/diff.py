"""Patches as git writes them: from their text to files, hunks and numbered lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, LfsPointer, parse_pointer

_HUNK: Final = re.compile(r"@@ -(\d{1,15})(?:,(\d{1,15}))? \+(\d{1,15})(?:,(\d{1,15}))? @@ ?(.*)")
_ESCAPED: Final = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_BINARY: Final = ("Binary files ", "GIT binary patch")

# Of a pointer with all the extensions that it may have.
_POINTER_LINES: Final = 13


class Line(NamedTuple):
    """A line of a hunk: `sign` is a space, `+`, `-`, or `\\` for a remark of git.

    `old` and `new` are its numbers on both sides, 0 where it is not there.
    """

    sign: str
    old: int
    new: int
    text: str


class Hunk(NamedTuple):
    """Lines that belong together: how git introduces them, and what they are."""

    heading: str
    lines: list[Line]


@dataclass
class FileDiff:
    """What has become of one file.

    `status` is added, deleted, modified, renamed or copied; `added` and `removed` count all lines,
    also those that were not kept when `is_cut`.
    """

    path: str
    old_path: str = ""
    status: str = "modified"
    old_mode: str = ""
    new_mode: str = ""
    is_binary: bool = False
    is_cut: bool = False
    added: int = 0
    removed: int = 0
    hunks: list[Hunk] = field(default_factory=list)

    def read_pointers(self) -> tuple[LfsPointer | None, LfsPointer | None]:
        """What the file stood for before and afterwards, where it was or is a pointer of LFS."""
        if self.is_cut or len(self.hunks) != 1:
            return None, None
        lines = self.hunks[0].lines
        if len(lines) > 2 * _POINTER_LINES and not (self.added and self.removed):
            return None, None
        return _read_pointer(lines, "-"), _read_pointer(lines, "+")


def _read_pointer(lines: list[Line], sign: str) -> LfsPointer | None:
    side = [line.text for line in lines if line.sign in (" ", sign)]
    if len(side) > _POINTER_LINES or sum(map(len, side)) > MAX_POINTER_SIZE:
        return None
    return parse_pointer("".join(f"{text}\n" for text in side).encode())


class Limits(NamedTuple):
    """How many lines are kept: of all files, and of each; and of how many files."""

    lines: int
    file_lines: int
    files: int


class ParsedPatch(NamedTuple):
    """The first files of a patch, and what all of them count."""

    files: list[FileDiff]
    total: int
    added: int
    removed: int


def parse_patch(text: str, limits: Limits) -> ParsedPatch:
    """The files of a patch in their order, as far as the limits go. What is no patch is skipped."""
    reader = _Reader(text.split("\n"), limits)
    reader.read()
    return ParsedPatch(reader.files, reader.total, reader.added, reader.removed)


class _Reader:
    """Goes through the lines of a patch once."""

    def __init__(self, lines: list[str], limits: Limits) -> None:
        self._lines = lines
        self._at = 0
        self._limits = limits
        self._room = limits.lines
        self._room_of_file = limits.file_lines
        self._file = FileDiff("")
        self.files: list[FileDiff] = []
        self.total = 0
        self.added = 0
        self.removed = 0

    def read(self) -> None:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if line.startswith("diff --git "):
                self._start_file(line)
            elif self.total and (match := _HUNK.match(line)):
                self._read_hunk(match)
            elif self.total:
                self._read_header(line)

    def _start_file(self, line: str) -> None:
        self.total += 1
        self._file = FileDiff("")
        is_kept = len(self.files) < self._limits.files
        self._room_of_file = self._limits.file_lines if is_kept else 0
        if is_kept:
            self._file.path = _path_of_header(line.removeprefix("diff --git "))
            self.files.append(self._file)

    def _read_header(self, line: str) -> None:
        file = self._file
        if line.startswith(_BINARY):
            file.is_binary = True
        elif line.startswith(("rename ", "copy ")):
            kind, side, name = line.split(" ", 2)
            file.status = "renamed" if kind == "rename" else "copied"
            setattr(file, "old_path" if side == "from" else "path", unquote_name(name))
        elif line.startswith(("old mode ", "new mode ")):
            setattr(file, f"{line[:3]}_mode", line[9:])
        elif line.startswith("new file mode "):
            file.status, file.new_mode = "added", line[14:]
        elif line.startswith("deleted file mode "):
            file.status, file.old_mode = "deleted", line[18:]

    def _read_hunk(self, match: re.Match[str]) -> None:
        # A count that is left out is 1.
        old, old_count, new, new_count = (int(number or 1) for number in match.groups()[:4])
        old_end, new_end = old + old_count, new + new_count
        start = self._at
        kept = min(self._room, self._room_of_file)
        lines: list[Line] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            sign = line[:1]
            is_over = sign != "\\" and old >= old_end and new >= new_end
            if is_over or not sign or sign not in " +-\\":
                break
            self._at += 1
            on_old, on_new = sign in " -", sign in " +"
            if len(lines) < kept:
                lines.append(Line(sign, old * on_old, new * on_new, line[1:]))
            old += on_old
            new += on_new
        self._count(start)
        self._room -= len(lines)
        self._room_of_file -= len(lines)
        self._file.is_cut |= len(lines) < self._at - start
        if lines:
            self._file.hunks.append(Hunk(match[0], lines))

    def _count(self, start: int) -> None:
        signs = [line[:1] for line in self._lines[start : self._at]]
        added, removed = signs.count("+"), signs.count("-")
        self._file.added += added
        self._file.removed += removed
        self.added += added
        self.removed += removed


def _path_of_header(names: str) -> str:
    """The path in `a/PATH b/PATH`; where the two differ, other lines tell them."""
    return unquote_name(names[(len(names) + 1) // 2 :], prefix="b/")


def unquote_name(name: str, prefix: str = "") -> str:
    """A file name as it is: git puts one with unusual characters between quotes."""
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = _ESCAPED.sub(_unescape, name[1:-1])
    return name.removeprefix(prefix)


def _unescape(match: re.Match[str]) -> str:
    text = match[1]
    return chr(int(text, 8)) if len(text) == 3 else _ESCAPES.get(text, text)
