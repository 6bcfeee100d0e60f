"""The first rows of files that hold tables: CSV, TSV, and JSON with an object for each row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

MAX_ROWS: Final = 200
MAX_COLUMNS: Final = 60
MAX_CELL: Final = 300
"""Of a cell, in characters."""

_MORE: Final = "…"


class Table(NamedTuple):
    """Columns and the first rows; `is_cut` when there are more of either than these."""

    columns: list[str]
    rows: list[list[str]]
    is_cut: bool


def read_csv(text: str, delimiter: str = ",", *, is_whole: bool = True) -> Table | None:
    """The table in a text with a delimiter between its cells; None when it is none.

    The first line names the columns. What was cut off in a row (`is_whole` false) is left out.
    """
    lines = io.StringIO(text if is_whole else text[: text.rfind("\n") + 1], newline="")
    try:
        found = list(islice(csv.reader(lines, delimiter=delimiter), MAX_ROWS + 2))
    except csv.Error:
        return None
    found = [row for row in found if row]
    if not found:
        return None
    columns, *rows = found
    width = max(map(len, found))
    names = [*columns, *[""] * (width - len(columns))][:MAX_COLUMNS]
    cells = [[cut(cell) for cell in row[:MAX_COLUMNS]] for row in rows[:MAX_ROWS]]
    is_cut = not is_whole or len(rows) > MAX_ROWS or width > MAX_COLUMNS
    return Table([cut(name) for name in names], _fill(cells, len(names)), is_cut)


def read_json_lines(text: str, *, is_whole: bool = True) -> Table | None:
    """The table in lines that are each a JSON object; None when they are not."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not is_whole:
        lines = lines[:-1]
    items = _parse_all(lines[:MAX_ROWS])
    return None if items is None else _tabulate(items, not is_whole or len(lines) > MAX_ROWS)


def read_json(text: str) -> Table | None:
    """The table in a JSON list of objects; None for any other value."""
    value = _parse(text)
    if not isinstance(value, list) or not value:
        return None
    if not all(isinstance(item, dict) for item in value):
        return None
    return _tabulate(value[:MAX_ROWS], len(value) > MAX_ROWS)


def cut(text: str, most: int = MAX_CELL) -> str:
    """The text, if it is longer only its beginning."""
    return text if len(text) <= most else text[:most] + _MORE


def _parse_all(lines: Iterable[str]) -> list[dict[str, Any]] | None:
    items: list[dict[str, Any]] = []
    for line in lines:
        value = _parse(line)
        if not isinstance(value, dict):
            return None
        items.append(value)
    return items or None


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tabulate(items: Sequence[dict[str, Any]], is_cut: bool) -> Table:
    names = list(dict.fromkeys(name for item in items for name in item))
    shown = names[:MAX_COLUMNS]
    rows = [[_write(item[name]) if name in item else "" for name in shown] for item in items]
    return Table([cut(name) for name in shown], rows, is_cut or len(names) > MAX_COLUMNS)


def _write(value: Any) -> str:
    if isinstance(value, str):
        return cut(value)
    return cut("".join(_pieces(value, MAX_CELL + 1)))


def _pieces(value: Any, most: int) -> Iterator[str]:
    """The JSON of a value, which may be huge, only as far as it is shown."""
    size = 0
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            yield piece[:most]
            size += len(piece)
            if size > most:
                return
    except (RecursionError, ValueError):
        yield _MORE


def _fill(rows: list[list[str]], width: int) -> list[list[str]]:
    return [row + [""] * (width - len(row)) for row in rows]
