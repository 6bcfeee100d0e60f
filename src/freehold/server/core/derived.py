"""What pages make of trees and commits, remembered: what follows from a git id stays true."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from freehold.server.git.memory import Memory

_made: Memory[tuple[object, ...], Sequence[bytes]] = Memory(32 * 1024 * 1024)


def remember(key: tuple[object, ...], make: Callable[[], Sequence[bytes]]) -> Sequence[bytes]:
    """The pieces made for that key, which has to name all that they follow from."""
    known = _made.get(key)
    if known is None:
        known = make()
        _made.put(key, known, 100 + sum(len(text) + 60 for text in known))
    return known
