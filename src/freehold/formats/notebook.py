"""Notebooks of Jupyter (`.ipynb`, format 4): their cells, as far as it is safe to show them.

Outputs are texts and pictures. HTML and scripts that a notebook holds are never given.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

MAX_CELLS: Final = 500
MAX_OUTPUTS: Final = 20
"""Of a cell."""
MAX_OUTPUT: Final = 20_000
"""Of a text that a cell has put out, in characters."""
MAX_SOURCE: Final = 100_000
"""Of a cell, in characters."""
MAX_PICTURES: Final = 6 * 1024 * 1024
"""Of all pictures together, in characters of base64."""

# How the bytes of each kind of picture begin.
_PICTURES: Final[Mapping[str, bytes]] = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NOT_BASE64: Final = re.compile(r"\s+")


class Output(NamedTuple):
    """What a cell has put out: text, or a picture as a `data:` address.

    `kind` is text, error, picture, or left-out for what is not shown.
    """

    kind: str
    text: str


class Cell(NamedTuple):
    """A cell: `kind` is markdown, code or raw; `number` is that of its run, if it has run."""

    kind: str
    source: str
    number: int | None
    outputs: list[Output]


class Notebook(NamedTuple):
    """The first cells of a notebook, and the language of its code; `is_cut` if there are more."""

    cells: list[Cell]
    language: str
    is_cut: bool


def read_notebook(text: str) -> Notebook | None:
    """The notebook in a text; None when it is none, or of an older format."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    cells = value.get("cells") if isinstance(value, dict) else None
    if not isinstance(cells, list):
        return None
    reader = _Reader()
    found = [reader.read_cell(cell) for cell in cells[:MAX_CELLS] if isinstance(cell, dict)]
    return Notebook(found, _language(value.get("metadata")), len(cells) > MAX_CELLS)


def _language(metadata: object) -> str:
    """The ending of files with the notebook's code."""
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    ending = info.get("file_extension") if isinstance(info, dict) else None
    return ending if isinstance(ending, str) and 0 < len(ending) < 20 else ".py"


@dataclass
class _Reader:
    """Reads cells; `left` is what their pictures may still have together."""

    left: int = field(default=MAX_PICTURES)

    def read_cell(self, cell: Mapping[str, Any]) -> Cell:
        kind = cell.get("cell_type")
        number = cell.get("execution_count")
        outputs = cell.get("outputs")
        shown = outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else []
        return Cell(
            kind if kind in ("markdown", "code") else "raw",
            _text(cell.get("source"))[:MAX_SOURCE],
            number if isinstance(number, int) else None,
            [self._read_output(item) for item in shown if isinstance(item, dict)],
        )

    def _read_output(self, item: Mapping[str, Any]) -> Output:
        kind = item.get("output_type")
        if kind == "stream":
            return Output("text", _shorten(_text(item.get("text"))))
        if kind == "error":
            text = (
                "\n".join(_lines(item.get("traceback")))
                or f"{item.get('ename')}: {item.get('evalue')}"
            )
            return Output("error", _shorten(text))
        data = item.get("data")
        return self._read_data(data if isinstance(data, dict) else {})

    def _read_data(self, data: Mapping[str, Any]) -> Output:
        for kind in _PICTURES:
            address = self._read_picture(kind, data.get(kind))
            if address is not None:
                return Output("picture", address)
        if "text/plain" in data:
            return Output("text", _shorten(_text(data["text/plain"])))
        return Output("left-out", ", ".join(str(name)[:100] for name in list(data)[:5]))

    def _read_picture(self, kind: str, value: object) -> str | None:
        text = _NOT_BASE64.sub("", _text(value))
        if not text or len(text) > self.left:
            return None
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        if not data.startswith(_PICTURES[kind]):
            return None
        self.left -= len(text)
        return f"data:{kind};base64,{text}"


def _lines(value: object) -> list[str]:
    return [line for line in value if isinstance(line, str)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text, which may be kept as a list of its lines."""
    if isinstance(value, list):
        return "".join(_lines(value))
    return value if isinstance(value, str) else ""


def _shorten(text: str) -> str:
    text = _ESCAPES.sub("", text[: 2 * MAX_OUTPUT])
    return text if len(text) <= MAX_OUTPUT else text[:MAX_OUTPUT] + "\n…"
