"""Reading values that may be anything: what makes sense is taken, the rest is ignored."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

MAX_ITEMS: Final = 1000
"""The most texts that one list gives."""
MAX_TEXT_LENGTH: Final = 256
"""A longer text is no name of anything."""

_MAX_DEPTH: Final = 10
# What neither a database nor a header holds: control characters, line ends, halves of characters.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def read_json(data: bytes) -> object:
    """The value in a JSON file; None when it is none, or nested too deep to be read."""
    try:
        return json.loads(data.decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def clean_text(value: object) -> str | None:
    """The text without white space around it; None for what is no short printable text."""
    if not isinstance(value, str) or len(value) > 2 * MAX_TEXT_LENGTH:
        return None
    text = value.strip()
    fits = 0 < len(text) <= MAX_TEXT_LENGTH and not _UNPRINTABLE.search(text)
    return text if fits else None


def read_texts(value: object) -> tuple[str, ...]:
    """The texts of a list, each once: also of lists in it, or the one text that is no list."""
    return tuple(dict.fromkeys(islice(_find_texts(value, _MAX_DEPTH), MAX_ITEMS)))


def _find_texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        if depth:
            for item in value:
                yield from _find_texts(item, depth - 1)
    elif text := clean_text(value):
        yield text


def read_text(value: object) -> str | None:
    """The text, or the first one of a list."""
    return next(_find_texts(value, _MAX_DEPTH), None)


def read_tags(value: object) -> tuple[str, ...]:
    """The free tags of a card; one that YAML takes for a number is the text it was meant as."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return read_texts([str(item) if _is_short_number(item) else item for item in items])


def _is_short_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18


def read_mapping(value: object) -> Mapping[str, Any]:
    """The mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def read_list(value: object) -> Sequence[Any]:
    """The list; for anything else but None a list of it."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def unite(*groups: Iterable[str]) -> tuple[str, ...]:
    """The texts of all groups, each once, in the order in which they come first."""
    return tuple(dict.fromkeys(text for group in groups for text in group))


class _TooLargeError(Exception):
    pass


def copy_json(value: object, max_size: int) -> Any:
    """A copy that can be written as JSON anywhere; None when it is larger than `max_size`.

    The size is that of all texts together, with one for each value. Halves of characters are
    replaced, numbers that are not finite or need over 64 bits become texts.
    """
    try:
        return _copy(value, _Budget(max_size), _MAX_DEPTH)
    except _TooLargeError:
        return None


class _Budget:
    def __init__(self, size: int) -> None:
        self._left = size

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _TooLargeError


def _copy(value: object, budget: _Budget, depth: int) -> object:
    budget.spend(1)
    if isinstance(value, str):
        budget.spend(len(value))
        return _HALF_CHARACTER.sub("\ufffd", value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _copy_number(value, budget)
    if depth == 0:
        raise _TooLargeError
    if isinstance(value, dict):
        return {
            str(_copy(str(key), budget, 0)): _copy(item, budget, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_copy(item, budget, depth - 1) for item in value]
    return None


def _copy_number(value: float, budget: _Budget) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if -(2**63) <= value < 2**63:
        return value
    # The digits of a very long number take quadratic time.
    budget.spend(value.bit_length())
    return hex(value)
