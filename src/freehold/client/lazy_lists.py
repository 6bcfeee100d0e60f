"""Lists that come in pages, read as far as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

_NONE = object()


class LazyList(Iterator[T], Generic[T]):
    """What a hub lists, page after page as it is read.

    It is an iterator, which keeps nothing, however long the list is. Scripts that take it for a
    list can do so: `found[0]`, `found[:10]`, `len(found)` keep what they have read, and it can be
    read again. `if found:` reads the first page. What `next` has taken is gone: afterwards only
    `list(found)` makes a list, of the rest.
    """

    def __init__(self, start: Callable[[], Iterator[T]]) -> None:
        """`start` gives the entries from the first one on, whenever it is called."""
        self._start = start
        self._items = start()
        self._kept: list[T] | None = None
        self._taken = False
        self._again = self._replay()

    def __iter__(self) -> Iterator[T]:
        return self if self._kept is None else self._replay()

    def __next__(self) -> T:
        if self._kept is not None:
            # list() asks for the length when it has the iterator already.
            return next(self._again)
        self._taken = True
        return next(self._items)

    def __bool__(self) -> bool:
        if self._kept is not None:
            return bool(self._keep(1))
        first: Any = self._read(lambda: next(self._items, _NONE))
        if first is not _NONE:
            self._items = chain([first], self._items)
        return first is not _NONE

    def __len__(self) -> int:
        return len(self._keep(None))

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        return self._keep(_count_needed(place))[place]

    def __repr__(self) -> str:
        return "<LazyList, not read yet>" if self._kept is None else f"<LazyList {self._kept!r}>"

    def _keep(self, count: int | None) -> list[T]:
        """The first entries, or all, which are kept from now on."""
        if self._taken:
            raise TypeError("Entries were already taken from it: make a list() of it first.")
        kept = self._kept = [] if self._kept is None else self._kept
        left = None if count is None else max(0, count - len(kept))
        self._read(lambda: kept.extend(islice(self._items, left)))
        return kept

    def _read(self, read: Callable[[], Any]) -> Any:
        """What `read` gives; when a page cannot be had, the next attempt begins anew."""
        try:
            return read()
        except BaseException:
            if not self._taken:
                self._items, self._kept = self._start(), None
                self._again = self._replay()
            raise

    def _replay(self) -> Iterator[T]:
        place = 0
        while place < len(kept := self._keep(place + 1)):
            yield kept[place]
            place += 1


def _count_needed(place: int | slice) -> int | None:
    """How many entries must be there; None for all, where something counts from the end."""
    if not isinstance(place, slice):
        return place + 1 if place >= 0 else None
    counts = [place.stop, place.start or 0, place.step or 1]
    return None if any(count is None or count < 0 for count in counts) else place.stop
