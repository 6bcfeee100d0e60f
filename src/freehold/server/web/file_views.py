"""How a file is shown: chosen by its name, checked by its bytes, of which only some are read."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from markupsafe import Markup

from freehold.formats.data_tables import MAX_COLUMNS, Table, read_csv, read_json, read_json_lines
from freehold.formats.highlighting import highlight
from freehold.formats.notebook import Cell, read_notebook
from freehold.formats.safetensors_header import is_shard_index
from freehold.formats.zip_listing import list_members
from freehold.server.core import files
from freehold.server.core.files import Content
from freehold.server.web.places import Place
from freehold.server.web.visit import Visit
from freehold.server.web.weight_views import show_gguf, show_index, show_safetensors
from freehold.server.web.wording import format_bytes, plural
from freehold.server.web.written import MAX_SIZE as MAX_MARKDOWN
from freehold.server.web.written import show_markdown

# Of a text, in bytes, in lines, and of a line in characters.
MAX_TEXT = 1024 * 1024
MAX_LINES = 10_000
MAX_LINE = 2000
# A notebook holds its pictures.
MAX_NOTEBOOK = 8 * 1024 * 1024
# Of all code and all Markdown of a notebook, in characters, and in seconds of a processor.
MAX_MARKED = 256 * 1024
MAX_MARKED_SECONDS = 1.5
MAX_PICTURE = 32 * 1024 * 1024
MAX_MEMBERS = 500

_SNIFFED = 8192
# One character of ten that is none: then the bytes are no text.
_STRANGE = 10

_IMAGES = ("avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp")
_AUDIO = ("aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav")
_VIDEO = ("m4v", "mkv", "mov", "mp4", "ogv", "webm")
_PICKLES = ("bin", "ckpt", "joblib", "pickle", "pkl", "pt", "pth")
_ARCHIVES = ("jar", "npz", "whl", "zip")


class View(NamedTuple):
    """How a file is shown: `kind` is the template of `views/`, and `data` what that shows.

    `note` says what is not shown. `is_source` is set where the text is shown of what can also be
    shown otherwise, and `has_source` where it is the other way round.
    """

    kind: str
    data: Any = None
    note: str = ""
    is_text: bool = False
    has_source: bool = False
    is_source: bool = False


class _File(NamedTuple):
    visit: Visit
    place: Place
    content: Content

    @property
    def ending(self) -> str:
        return self.place.name.rpartition(".")[2].lower()

    def read(self, start: int, length: int) -> bytes:
        return files.read_part(self.visit.ctx, self.content, start, length)

    @property
    def address(self) -> str:
        """Where the bytes are: a look at a page is no download where that can be told apart."""
        return self.place.url("raw" if self.content.stored is None else "resolve")


def make_view(visit: Visit, place: Place, content: Content) -> View:
    """How a file is shown, with as much of it as is shown."""
    file = _File(visit, place, content)
    is_plain = "plain" in visit.query
    media = None if is_plain and file.ending == "svg" else _show_media(file)
    return media or _show_weights(file) or _show_text(file, is_plain)


def read_text(data: bytes) -> str | None:
    """The text in some bytes, the last of which may be cut off; None when they are no text."""
    if b"\0" in data[:_SNIFFED]:
        return None
    text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(data)
    if text.count("\ufffd") * _STRANGE > len(text) or "\0" in text:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\u240d")


# Pictures, sounds, films


def _show_media(file: _File) -> View | None:
    if not file.content.size:
        return None
    if file.ending in _IMAGES and file.content.size <= MAX_PICTURE:
        is_drawing = file.ending == "svg"
        is_small = is_drawing and file.content.stored is None
        return View("image", file.address, is_text=is_small, has_source=is_drawing)
    if file.ending in _AUDIO:
        return View("audio", file.address)
    return View("video", file.address) if file.ending in _VIDEO else None


# Weights


def _show_weights(file: _File) -> View | None:
    if file.ending == "safetensors":
        shown = show_safetensors(file.read, file.content.size)
        return None if shown is None else View("tensors", shown)
    if file.ending == "gguf":
        facts = show_gguf(file.visit.ctx, file.visit.repo, file.content)
        return None if facts is None else View("gguf", facts)
    if file.ending in _PICKLES or file.ending in _ARCHIVES:
        return _show_archive(file)
    return None


class Archive(NamedTuple):
    """What is in an archive; `is_pickle` where to load it may run what is in it."""

    is_pickle: bool
    members: list[tuple[str, str]]
    summary: str


def _show_archive(file: _File) -> View | None:
    start = file.read(0, 4)
    found = list_members(file.read, file.content.size) if start[:2] == b"PK" else None
    is_pickle = file.ending in _PICKLES and (found is not None or start[:1] == b"\x80")
    if found is None:
        return View("archive", Archive(True, [], "")) if is_pickle else None
    size = sum(member.size for member in found)
    summary = f"{plural(len(found), 'file')}, {format_bytes(size)} unpacked"
    members = [(member.name[:MAX_LINE], format_bytes(member.size)) for member in found]
    note = f"The first {MAX_MEMBERS} are shown." if len(found) > MAX_MEMBERS else ""
    return View("archive", Archive(is_pickle, members[:MAX_MEMBERS], summary), note)


# Texts


def _show_text(file: _File, is_plain: bool) -> View:
    most = MAX_NOTEBOOK if file.ending == "ipynb" and not is_plain else MAX_TEXT
    if not file.content.size:
        return View("empty", is_text=True)
    data = file.read(0, most)
    text = read_text(data)
    if text is None:
        return View("binary")
    is_whole = len(data) == file.content.size
    special = None if is_plain else _show_special(file, text, is_whole)
    if special is not None:
        return special
    is_small = file.content.stored is None and is_whole
    lines, note = mark_lines(text[:MAX_TEXT], file.place.name, is_whole)
    is_source = file.ending in _SPECIAL or file.ending == "svg"
    return View("text", lines, note, is_text=is_small, is_source=is_source and is_plain)


def mark_lines(text: str, name: str, is_whole: bool = True) -> tuple[list[Markup], str]:
    """The lines of a text as they are shown, and a note of what is left out."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    notes = []
    if len(lines) > MAX_LINES or not is_whole:
        lines = lines[:MAX_LINES]
        notes.append(f"This file is large: only its first {plural(len(lines), 'line')} are shown.")
    long = sum(len(line) > MAX_LINE for line in lines)
    if long:
        notes.append(f"{plural(long, 'long line')} cut after {MAX_LINE:,} characters.")
        lines = [line if len(line) <= MAX_LINE else line[:MAX_LINE] + "…" for line in lines]
    made = highlight("\n".join(lines) + "\n", name)
    if len(made) != len(lines):
        made = [escape(line) for line in lines]
    # What is highlighted was escaped on the way.
    return [Markup(line) for line in made], " ".join(notes)  # noqa: S704


def _show_special(file: _File, text: str, is_whole: bool) -> View | None:
    make = _SPECIAL.get(file.ending)
    return None if make is None else make(file, text, is_whole)


def _show_markdown(file: _File, text: str, is_whole: bool) -> View | None:
    if not is_whole or len(text) > MAX_MARKDOWN:
        return None
    is_small = file.content.stored is None
    shown = show_markdown(text, file.place, file.visit.ctx.origin)
    return View("markdown", shown, is_text=is_small, has_source=True)


def _show_csv(file: _File, text: str, is_whole: bool) -> View | None:
    table = read_csv(text, "\t" if file.ending == "tsv" else ",", is_whole=is_whole)
    return None if table is None else _show_table(file, table, is_whole)


def _show_json_lines(file: _File, text: str, is_whole: bool) -> View | None:
    table = read_json_lines(text, is_whole=is_whole)
    return None if table is None else _show_table(file, table, is_whole)


def _show_json(file: _File, text: str, is_whole: bool) -> View | None:
    if not is_whole:
        return None
    if is_shard_index(file.place.path):
        index = show_index(text, file.place)
        return None if index is None else View("shards", index, has_source=True)
    table = read_json(text)
    return None if table is None else _show_table(file, table, is_whole)


def _show_table(file: _File, table: Table, is_whole: bool) -> View:
    note = f"Only the first {plural(len(table.rows), 'row')} are shown." if table.is_cut else ""
    if len(table.columns) == MAX_COLUMNS:
        note += f" There are at most {MAX_COLUMNS} columns."
    is_small = file.content.stored is None and is_whole
    return View("table", table, note.strip(), is_text=is_small, has_source=True)


class ShownCell(NamedTuple):
    """A cell of a notebook, made ready: its source as HTML or as lines of code."""

    cell: Cell
    html: Markup | None
    lines: list[Markup]


def _show_notebook(file: _File, text: str, is_whole: bool) -> View | None:
    notebook = read_notebook(text) if is_whole else None
    if notebook is None:
        return None
    left, end = MAX_MARKED, time.thread_time() + MAX_MARKED_SECONDS
    cells: list[ShownCell] = []
    for cell in notebook.cells:
        left -= len(cell.source)
        is_marked = left > 0 and time.thread_time() < end
        cells.append(_show_cell(file, cell, notebook.language if is_marked else ""))
    note = f"Only the first {plural(len(cells), 'cell')} are shown." if notebook.is_cut else ""
    return View("notebook", cells, note, has_source=True)


def _show_cell(file: _File, cell: Cell, language: str) -> ShownCell:
    """A cell; only plain where no language is given."""
    if cell.kind == "markdown" and language:
        return ShownCell(cell, show_markdown(cell.source, file.place, file.visit.ctx.origin), [])
    name = f"cell{language}" if cell.kind == "code" else "cell"
    return ShownCell(cell, None, mark_lines(cell.source, name)[0])


_SPECIAL: dict[str, Callable[[_File, str, bool], View | None]] = {
    "csv": _show_csv,
    "ipynb": _show_notebook,
    "json": _show_json,
    "jsonl": _show_json_lines,
    "markdown": _show_markdown,
    "md": _show_markdown,
    "ndjson": _show_json_lines,
    "tsv": _show_csv,
}
