"""Threads for calls that nobody must wait for: at most so many, and none without work.

They are daemons, so a call that hangs does not hold up the end of the program, and a thread ends
when nothing is waiting, so nobody has to close anything.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple


class _Job(NamedTuple):
    future: Future[Any]
    function: Callable[[], Any]


class Threads:
    """Runs functions in up to `most` threads at once, the others in the order of the calls."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running = 0
        self._waiting: deque[_Job] = deque()
        self._lock = threading.Lock()

    def submit(self, function: Callable[[], Any]) -> Future[Any]:
        """The future outcome of the function."""
        job = _Job(Future(), function)
        with self._lock:
            self._waiting.append(job)
            starts = self._running < self._most
            self._running += starts
        if starts:
            threading.Thread(target=self._work, name="freehold-call", daemon=True).start()
        return job.future

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            if job.future.set_running_or_notify_cancel():
                _do(job)

    def _next_job(self) -> _Job | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._running -= 1
            return None


def _do(job: _Job) -> None:
    try:
        result = job.function()
    except BaseException as error:  # noqa: BLE001 - whoever awaits the call gets every error
        job.future.set_exception(error)
    else:
        job.future.set_result(result)
