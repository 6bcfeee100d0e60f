"""Calls in the background, in the order in which they were asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

R = TypeVar("R")

_lock = Lock()
_executors: WeakKeyDictionary[object, ThreadPoolExecutor] = WeakKeyDictionary()


def _start_afresh() -> None:
    """In a forked process: the threads are in the other one, and the lock may be held there."""
    global _lock, _executors
    _lock, _executors = Lock(), WeakKeyDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)


def submit(owner: object, fn: Callable[..., R], *args: Any, **kwargs: Any) -> Future[R]:
    """Runs the function after all that `owner` asked for before; its outcome is in the future."""
    with _lock:
        if owner not in _executors:
            _executors[owner] = ThreadPoolExecutor(1, thread_name_prefix="freehold")
        executor = _executors[owner]
    return executor.submit(fn, *args, **kwargs)
