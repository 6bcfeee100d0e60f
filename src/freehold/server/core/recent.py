"""What pages were made of within this minute, remembered: no page tells times by the second.

A key names everything that the value follows from except the time. What is behind a right of the
viewer is asked for each time, before anything is recalled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from freehold.server.git.memory import Memory
from freehold.server.hub import now_ms

T = TypeVar("T")

_MINUTE_MS = 60_000

# Of a value with its key, in bytes, besides what it and the texts of the key weigh.
_ENTRY = 2000

_made: Memory[tuple[Hashable, ...], Any] = Memory(64 * 1024 * 1024)


def recall(key: tuple[Hashable, ...], make: Callable[[], T], weigh: Callable[[T], int]) -> T:
    """The value for that key, made at most once a minute while there is room."""
    at = (now_ms() // _MINUTE_MS, *key)
    known: T | None = _made.get(at)
    if known is None:
        known = make()
        texts = sum(len(part) for part in key if isinstance(part, str | bytes))
        _made.put(at, known, _ENTRY + texts + weigh(known))
    return known
