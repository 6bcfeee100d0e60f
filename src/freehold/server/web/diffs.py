"""Changes as pages show them: files with numbered lines, in one column or side by side.

Everything that a template writes is prepared here, so that thousands of lines cost it little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import NamedTuple

from freehold.formats.diff import FileDiff, Hunk, Limits, Line, ParsedPatch, parse_patch
from freehold.formats.lfs_pointer import LfsPointer
from freehold.server.core.differences import Patch
from freehold.server.web.visit import Visit
from freehold.server.web.wording import format_bytes, plural, quote_path

# Of lines and files, as much as browsers show at once.
LIMITS = Limits(lines=6000, file_lines=2000, files=300)

# Whoever looks at one file alone sees more of it.
ALONE = Limits(lines=12_000, file_lines=12_000, files=LIMITS.files)

# A file with more lines is shown when it is asked for.
FOLDED_LINES = 400

# In characters, what is shown of a line, and what is searched for what differs.
MAX_LINE = 2000
MAX_MARKED = 500

TOO_LARGE = "These changes are too large to be worked out for a page. Clone the repository instead."

_KINDS = {"+": "add", "-": "del", " ": "same", "\\": "remark"}
_SIGNS = {"+": "+", "-": "−"}
_STATUS_CLASSES = {"added": "good", "deleted": "bad", "renamed": "blue", "copied": "blue"}
_MODES = {"100644": "ordinary", "100755": "executable", "120000": "symbolic link"}


class Row(NamedTuple):
    """A line on one side: its number there, and its text, of which `mark` is what differs."""

    kind: str
    old: str
    new: str
    sign: str
    before: str
    mark: str = ""
    after: str = ""


class Pair(NamedTuple):
    """What stands side by side."""

    left: Row
    right: Row


class ShownFile(NamedTuple):
    """One file: either `rows` or `pairs`, or neither, and `notes` that say why."""

    anchor: str
    path: str
    old_path: str
    status: str
    status_class: str
    added: str
    removed: str
    notes: Sequence[str]
    rows: Sequence[Row]
    pairs: Sequence[Pair]
    is_open: bool
    is_cut: bool
    view_url: str
    alone_url: str


class ShownDiff(NamedTuple):
    """All that `diff.html` shows; `other_url` leads to the other way of looking at it."""

    files: Sequence[ShownFile]
    total: int
    added: int
    removed: int
    note: str
    is_split: bool
    is_alone: bool
    other_url: str
    whole_url: str


class _Look(NamedTuple):
    """How a visitor looks at changes, and where files of the new side and the old are."""

    page: str
    is_split: bool
    only: str
    new_blobs: str
    old_blobs: str


_NOTHING = Row("none", "", "", "", "")


def show_diff(visit: Visit, patch: Patch, blobs: str, old_blobs: str = "") -> ShownDiff:
    """The changes of a patch, as the visitor wants to see them.

    `blobs` is the path below which files are shown as they are afterwards, `old_blobs` before. The
    query has `view=split` for two columns, and `only` with a path for one file alone.
    """
    is_split = visit.query.get("view") == "split"
    look = _Look(visit.path, is_split, visit.query.get("only", ""), blobs, old_blobs)
    if patch.text is None:
        return _make_diff(look, [], ParsedPatch([], 0, 0, 0), TOO_LARGE)
    parsed = parse_patch(patch.text, LIMITS)
    numbered = list(enumerate(parsed.files, 1))
    if look.only:
        numbered = _find_alone(patch.text, look.only)
    files = [_show_file(look, number, file) for number, file in numbered]
    return _make_diff(look, files, parsed, _note_rest(parsed))


def _make_diff(
    look: _Look, files: Sequence[ShownFile], parsed: ParsedPatch, note: str
) -> ShownDiff:
    return ShownDiff(
        files,
        parsed.total,
        parsed.added,
        parsed.removed,
        note,
        look.is_split,
        bool(look.only),
        _url(look, not look.is_split, look.only),
        _url(look, look.is_split, ""),
    )


def _url(look: _Look, is_split: bool, only: str) -> str:
    given = ["view=split"] if is_split else []
    if only:
        given.append(f"only={quote_path(only).replace('/', '%2F')}")
    return f"{look.page}?{'&'.join(given)}" if given else look.page


def _note_rest(parsed: ParsedPatch) -> str:
    rest = parsed.total - len(parsed.files)
    return f"{plural(rest, 'more file')} changed, too many to show on one page." if rest else ""


def _find_alone(text: str, path: str) -> list[tuple[int, FileDiff]]:
    """The file of that path, with as much of it as a page can show."""
    # No line of a hunk begins like that: each has a sign.
    for number, part in enumerate(text.removeprefix("diff --git ").split("\ndiff --git "), 1):
        header = part.partition("\n@@ ")[0]
        if any(file.path == path for file in parse_patch(f"diff --git {header}", ALONE).files):
            return [(number, parse_patch(f"diff --git {part}", ALONE).files[0])]
    return []


def _show_file(look: _Look, number: int, file: FileDiff) -> ShownFile:
    old, new = file.read_pointers()
    is_large = old is not None or new is not None
    hides = (
        is_large and (old is not None or not file.removed) and (new is not None or not file.added)
    )
    hunks = [] if hides else file.hunks
    rows = [] if look.is_split else [row for hunk in hunks for row in _rows(hunk)]
    pairs = [pair for hunk in hunks for pair in _pairs(hunk)] if look.is_split else []
    blobs = look.old_blobs if file.status == "deleted" else look.new_blobs
    return ShownFile(
        anchor=f"file-{number}",
        path=file.path,
        old_path=file.old_path,
        status=file.status,
        status_class=_STATUS_CLASSES.get(file.status, ""),
        added="" if hides or not file.added else f"+{file.added:,}",
        removed="" if hides or not file.removed else f"−{file.removed:,}",
        notes=[*_note_modes(file), *_note_large(old, new), *_note_absent(file)],
        rows=rows,
        pairs=pairs,
        is_open=bool(look.only) or len(rows) + len(pairs) <= FOLDED_LINES,
        is_cut=file.is_cut and not look.only,
        view_url=f"{blobs}/{quote_path(file.path)}" if blobs else "",
        alone_url=_url(look, look.is_split, file.path),
    )


# Notes


def _note_modes(file: FileDiff) -> Iterator[str]:
    if file.old_mode and file.new_mode:
        kinds = [_MODES.get(mode, mode) for mode in (file.old_mode, file.new_mode)]
        yield f"The kind of file changed: {kinds[0]} → {kinds[1]}."


def _note_large(old: LfsPointer | None, new: LfsPointer | None) -> Iterator[str]:
    if old is not None and new is not None:
        yield f"Stored with LFS: {format_bytes(old.size)} → {format_bytes(new.size)}"
        yield f"sha256 {old.oid[:16]}… → {new.oid[:16]}…"
    elif new is not None:
        yield f"Stored with LFS: {format_bytes(new.size)}"
        yield f"sha256 {new.oid}"
    elif old is not None:
        yield f"Was stored with LFS: {format_bytes(old.size)}"
        yield f"sha256 {old.oid}"


def _note_absent(file: FileDiff) -> Iterator[str]:
    if file.is_binary:
        yield "A binary file: its bytes are not compared."
    elif file.is_cut:
        kept = sum(len(hunk.lines) for hunk in file.hunks)
        yield (
            f"Only {plural(kept, 'line')} of this file are shown."
            if kept
            else ("Not shown here, because this page has become too long.")
        )
    elif not file.hunks and not (file.old_mode and file.new_mode):
        yield "Moved without other changes." if file.old_path else "An empty file."


# Lines


def _rows(hunk: Hunk) -> Iterator[Row]:
    yield _heading(hunk)
    for removed, added in _blocks(hunk.lines):
        yield from removed
        if added is not removed:
            yield from added


def _pairs(hunk: Hunk) -> Iterator[Pair]:
    heading = _heading(hunk)
    yield Pair(heading, heading)
    for removed, added in _blocks(hunk.lines):
        for left, right in zip_longest(removed, added, fillvalue=_NOTHING):
            yield Pair(left, right)


def _heading(hunk: Hunk) -> Row:
    return Row("hunk", "…", "…", "", hunk.heading[:MAX_LINE])


def _blocks(lines: Sequence[Line]) -> Iterator[tuple[list[Row], list[Row]]]:
    """What follows each other: the same lines on both sides, or removed ones and added ones."""
    for is_same, group in groupby(lines, lambda line: line.sign == " "):
        if is_same:
            rows = [_row(line) for line in group]
            yield rows, rows
        else:
            yield _mark(list(group))


def _mark(block: Sequence[Line]) -> tuple[list[Row], list[Row]]:
    """The two sides of a change. Where as many lines came as went, what differs is marked."""
    # A remark belongs to the line above it.
    sides: tuple[list[Line], list[Line]] = ([], [])
    side = 0
    for line in block:
        side = {"-": 0, "+": 1}.get(line.sign, side)
        sides[side].append(line)
    removed, added = sides
    if len(removed) != len(added):
        return [_row(line) for line in removed], [_row(line) for line in added]
    both = [_mark_two(old, new) for old, new in zip(removed, added, strict=True)]
    return [old for old, _ in both], [new for _, new in both]


def _mark_two(old: Line, new: Line) -> tuple[Row, Row]:
    ends = _find_difference(old.text, new.text)
    return _row(old, ends), _row(new, ends)


def _row(line: Line, ends: tuple[int, int] | None = None) -> Row:
    old, new = str(line.old or ""), str(line.new or "")
    kind, sign, text = _KINDS[line.sign], _SIGNS.get(line.sign, ""), line.text.rstrip("\r")
    if ends is not None and line.sign in "+-":
        start, end = ends[0], len(line.text) - ends[1]
        return Row(kind, old, new, sign, text[:start], line.text[start:end], line.text[end:])
    if len(text) > MAX_LINE:
        text = f"{text[:MAX_LINE]}… ({len(text):,} characters)"
    return Row(kind, old, new, sign, text)


def _find_difference(old: str, new: str) -> tuple[int, int] | None:
    """How many characters two lines share at their beginning and at their end, in whole words.

    `None` where there is nothing to compare: they share no word, or are too long.
    """
    most = min(len(old), len(new))
    if max(len(old), len(new)) > MAX_MARKED:
        return None
    start = _count_shared(old, new, most)
    while start and _is_inside(old, start) | _is_inside(new, start):
        start -= 1
    end = _count_shared(old[::-1], new[::-1], most - start)
    while end and _is_inside(old, len(old) - end) | _is_inside(new, len(new) - end):
        end -= 1
    shares = old[:start].strip() or old[len(old) - end :].strip()
    return (start, end) if shares and start + end < max(len(old), len(new)) else None


def _is_inside(text: str, place: int) -> bool:
    """Whether a place is inside of a word."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _count_shared(one: str, other: str, most: int) -> int:
    """How many characters two texts share at their beginning."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
