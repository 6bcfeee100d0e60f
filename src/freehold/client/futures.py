"""Calls in the background, in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

R = TypeVar("R")

_lock = Lock()
_executors: WeakKeyDictionary[object, ThreadPoolExecutor] = WeakKeyDictionary()


def submit(owner: object, fn: Callable[..., R], *args: Any, **kwargs: Any) -> Future[R]:
    """Runs the function after all that `owner` asked for before; its outcome is in the future."""
    with _lock:
        if owner not in _executors:
            _executors[owner] = ThreadPoolExecutor(1, thread_name_prefix="freehold")
        executor = _executors[owner]
    return executor.submit(fn, *args, **kwargs)
