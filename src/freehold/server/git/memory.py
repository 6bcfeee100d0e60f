"""Bounded memory of values derived from git ids, which stay true for ever."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """The values that were used last, up to a total weight; safe to use from many threads."""

    def __init__(self, max_weight: int) -> None:
        self._max_weight = max_weight
        self._weight = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The remembered value."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, weight: int = 1) -> V:
        """Remembers the value and gives it back; one over the total weight is not kept."""
        if weight > self._max_weight:
            return value
        with self._lock:
            old = self._values.pop(key, None)
            self._weight += weight - (old[1] if old else 0)
            self._values[key] = (value, weight)
            while self._weight > self._max_weight:
                _, (_, dropped) = self._values.popitem(last=False)
                self._weight -= dropped
        return value

    def drop(self, key: K) -> V | None:
        """Forgets one value and gives it back."""
        with self._lock:
            found = self._values.pop(key, None)
            if found is None:
                return None
            self._weight -= found[1]
            return found[0]
