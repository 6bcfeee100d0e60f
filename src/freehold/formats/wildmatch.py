"""Git's path patterns, as `.gitattributes` and `.gitignore` share them.

Patterns work on bytes as in git, so `?` is one byte. A pattern without a slash inside is compared
with the last segment of a path, any other with the whole path. Matching takes no exponential
time, whatever the pattern: everything between two stars is an atomic group.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

_SPECIAL: Final = re.compile(rb"[*?\[\\]")
_SLASH: Final = ord("/")
_NEVER: Final = rb"(?!)"
# The wildcards that take any number of bytes, as few as will do; all other pieces of a regex
# here have a fixed length.
_STAR: Final = rb"[^/]*?"
_FOLDERS: Final = rb"(?:.*?/)??"
_ANYTHING: Final = rb".*?"

# Git's own character classes: ASCII only, and white space without vertical tab and form feed.
_PRINTABLE: Final = frozenset(range(32, 127))
_CLASSES: Final = {
    b"alnum": frozenset((string.ascii_letters + string.digits).encode()),
    b"alpha": frozenset(string.ascii_letters.encode()),
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset(range(32)) | {127},
    b"digit": frozenset(string.digits.encode()),
    b"graph": _PRINTABLE - {32},
    b"lower": frozenset(string.ascii_lowercase.encode()),
    b"print": _PRINTABLE,
    b"punct": frozenset(string.punctuation.encode()),
    b"space": frozenset(b" \t\n\r"),
    b"upper": frozenset(string.ascii_uppercase.encode()),
    b"xdigit": frozenset(string.hexdigits.encode()),
}


class PathPattern(NamedTuple):
    """A pattern taken apart: `text` without its outer slashes, and what those slashes meant."""

    text: bytes
    by_name: bool
    directory_only: bool


class RuleList:
    """Ordered (pattern, value) rules, of which the last one that matches a path decides."""

    def __init__(self, rules: Iterable[tuple[bytes, bool]]) -> None:
        parsed = [(parse_pattern(text), value) for text, value in rules]
        self._for_directories = _build_groups(parsed)
        self._for_files = _build_groups([rule for rule in parsed if not rule[0].directory_only])

    def find_last(self, path: bytes, directory: bool = False) -> bool | None:
        """The value of the last rule that matches this path, or None when no rule does."""
        name = path[path.rfind(b"/") + 1 :]
        for group in self._for_directories if directory else self._for_files:
            if group.matches(path, name):
                return group.value
        return None


def parse_pattern(text: bytes) -> PathPattern:
    """Take a pattern apart: a final slash asks for a directory, any other anchors it."""
    directory_only = text.endswith(b"/")
    text = text.removesuffix(b"/")
    return PathPattern(text.removeprefix(b"/"), b"/" not in text, directory_only)


class _Group:
    """Patterns that share a value, split by the cheapest way to test them."""

    def __init__(self, patterns: Iterable[PathPattern], value: bool) -> None:
        self.value = value
        names, suffixes, by_name, by_path = set(), [], [], []
        for pattern in patterns:
            if not pattern.by_name:
                by_path.append(pattern)
            elif not _SPECIAL.search(pattern.text):
                names.add(pattern.text)
            elif pattern.text[:1] == b"*" and not _SPECIAL.search(pattern.text, 1):
                suffixes.append(pattern.text[1:])
            else:
                by_name.append(pattern)
        self._names = frozenset(names)
        self._suffixes = tuple(suffixes)
        self._by_name = _compile_any(by_name)
        self._by_path = _compile_any(by_path)

    def matches(self, path: bytes, name: bytes) -> bool:
        return (
            name.endswith(self._suffixes)
            or name in self._names
            or any(regex.match(name) for regex in self._by_name)
            or any(regex.match(path) for regex in self._by_path)
        )


def _build_groups(rules: list[tuple[PathPattern, bool]]) -> list[_Group]:
    runs = groupby(reversed(rules), key=lambda rule: rule[1])
    return [_Group((pattern for pattern, _ in run), value) for value, run in runs]


def _compile_any(patterns: list[PathPattern]) -> list[re.Pattern[bytes]]:
    if not patterns:
        return []
    alternatives = b"|".join(translate(pattern) for pattern in patterns)
    return [re.compile(b"(?:" + alternatives + b")", re.DOTALL)]


def translate(pattern: PathPattern) -> bytes:
    """A regular expression that matches what the pattern matches, anchored at both ends.

    Compile it with DOTALL, and match it with the last segment or the whole path.
    """
    pieces = list(_scan(pattern))
    if None in pieces:
        return _NEVER
    return _join_pieces([piece for piece in pieces if piece is not None]) + rb"\Z"


def _join_pieces(pieces: list[bytes]) -> bytes:
    """Concatenate, so that what follows a wildcard is found once, at its first place.

    The first place is always good enough: a later wildcard of the same reach covers whatever an
    earlier one would have skipped. Between two wildcards that cross slashes, single stars have
    groups of their own.
    """
    if not pieces:
        return b""
    parts = _split_before(pieces, (_FOLDERS, _ANYTHING))
    groups = [b"".join(_group_stars(part)) for part in parts]
    first = groups[0]
    atomic = [b"(?>" + group + b")" for group in groups[1:-1]]
    last = groups[1:][-1:]
    return b"".join([first, *atomic, *last])


def _group_stars(part: list[bytes]) -> Iterator[bytes]:
    chunks = [b"".join(chunk) for chunk in _split_before(part, (_STAR,))]
    yield chunks[0]
    for chunk in chunks[1:-1]:
        yield b"(?>" + chunk + b")"
    yield from chunks[1:][-1:]


def _split_before(pieces: list[bytes], marks: tuple[bytes, ...]) -> list[list[bytes]]:
    parts: list[list[bytes]] = [[]]
    for piece in pieces:
        if piece in marks:
            parts.append([])
        parts[-1].append(piece)
    return parts


def _scan(pattern: PathPattern) -> Iterator[bytes | None]:
    """The pattern piece by piece; None stands for something that git never matches."""
    text = pattern.text
    special = _SPECIAL.search(text)
    # Git compares the literal start by itself, and what follows counts as a start again.
    start = special.start() if special else len(text)
    position = 0
    piece: bytes | None
    while position < len(text):
        char = text[position : position + 1]
        if char == b"*":
            piece, position = _scan_stars(pattern, position, start)
        elif char == b"[":
            piece, position = _scan_class(text, position + 1)
        elif char == b"?":
            piece, position = rb"[^/]", position + 1
        else:
            position += char == b"\\"
            literal = text[position : position + 1]
            piece, position = re.escape(literal) or None, position + 1
        yield piece


def _scan_stars(pattern: PathPattern, begin: int, start: int) -> tuple[bytes, int]:
    text = pattern.text
    end = begin
    while text[end : end + 1] == b"*":
        end += 1
    opens = begin == start or text[begin - 1 : begin] == b"/"
    closes = end == len(text) or text[end : end + 1] == b"/" or text[end : end + 2] == b"\\/"
    if pattern.by_name or end - begin < 2 or not opens or not closes:
        return _STAR, end
    if text[end : end + 1] == b"/":
        return _FOLDERS, end + 1
    return _ANYTHING, end


def _scan_class(text: bytes, position: int) -> tuple[bytes | None, int]:
    """The class whose `[` stands before `position`, as a regex, and where it ends."""
    negated = text[position : position + 1] in (b"!", b"^") and position < len(text)
    position += negated
    members: set[int] = set()
    previous = 0
    first = True
    while first or text[position : position + 1] != b"]":
        first = False
        item = _scan_member(text, position, previous)
        if item is None:
            return None, len(text)
        found, previous, position = item
        members |= found
    if negated:
        members = set(range(256)) - members
    members.discard(_SLASH)
    return _format_class(members), position + 1


def _format_class(members: set[int]) -> bytes:
    if not members:
        return _NEVER
    return b"[" + b"".join(b"\\x%02x" % member for member in sorted(members)) + b"]"


def _scan_member(
    text: bytes, position: int, previous: int
) -> tuple[frozenset[int], int, int] | None:
    """The bytes that one item of a class stands for, what a range may start from, and the end."""
    char = text[position : position + 1]
    following = text[position + 1 : position + 2]
    if char == b"-" and previous and following not in (b"", b"]"):
        return _scan_range(text, position + 1, previous)
    if char == b"[" and following == b":":
        return _scan_named_class(text, position)
    position += char == b"\\"
    if position >= len(text):
        return None
    return frozenset([text[position]]), text[position], position + 1


def _scan_range(text: bytes, position: int, low: int) -> tuple[frozenset[int], int, int] | None:
    position += text[position : position + 1] == b"\\"
    if position >= len(text):
        return None
    return frozenset(range(low, text[position] + 1)), 0, position + 1


def _scan_named_class(text: bytes, position: int) -> tuple[frozenset[int], int, int] | None:
    begin = position + 2
    end = text.find(b"]", begin)
    if end < 0:
        return None
    if end == begin or text[end - 1 : end] != b":":
        return frozenset(b"["), ord("["), position + 1
    members = _CLASSES.get(text[begin : end - 1])
    return None if members is None else (members, 0, end + 1)
