"""The worker threads that run everything that waits for a disk or a database.

Handing Python's lock from one thread to another costs more than a short job takes, so one thread
runs the short jobs one after the other, and gives their results back together. Another one joins
only when a job has waited for `PATIENCE` seconds: then the one in front of it is not short.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from freehold.server.http.placement import Cpus, move_to

PATIENCE = 0.002

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Job:
    future: asyncio.Future[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    queued_at: float
    is_over: bool = False
    # Whoever was cancelled while the job ran, and must not go on before it is over.
    waiting: asyncio.Future[None] | None = None


class _Outcome(NamedTuple):
    job: _Job
    value: Any
    error: BaseException | None


class Threads:
    """At most `count` worker threads on these processors; `run` belongs to the event loop.

    A job that has waited for `patience` seconds gets another thread, if there is one.
    """

    def __init__(self, count: int, cpus: Cpus = frozenset(), patience: float = PATIENCE) -> None:
        self._count = count
        self._cpus = cpus
        self._patience = patience
        self._jobs: deque[_Job] = deque()
        self._outcomes: deque[_Outcome] = deque()
        self._lock = threading.Lock()
        # A held lock for each thread that waits for a job; to release it is to call the thread.
        self._idle: list[threading.Lock] = []
        self._stopping = False
        self._telling = False
        self._watching = False
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """What the function gives, called in a worker thread.

        A caller that is cancelled goes on when the function has ended, so nobody takes away what
        it still works with. Raises `RuntimeError` after `stop`.
        """
        if self._stopping:
            raise RuntimeError("the worker threads have been stopped")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(future, function, args, time.monotonic())
        with self._lock:
            self._jobs.append(job)
            self._call_one(only_if_none_works=self._patience > 0)
        if self._patience > 0 and not self._watching:
            self._watching = True
            loop.call_later(self._patience, self._watch, loop)
        try:
            return await future
        except asyncio.CancelledError:
            if not job.is_over:
                job.waiting = loop.create_future()
                await job.waiting
            raise

    def stop(self, seconds: float) -> None:
        """Ends the threads once every job is done, and waits for that so long at the most."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._stopping = True
            while self._idle:
                self._call_one()
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def _call_one(self, *, only_if_none_works: bool = False) -> None:
        # The last one that worked: what it needs is still near the processor.
        if self._idle and not (only_if_none_works and len(self._idle) < self._count):
            self._idle.pop().release()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Calls another thread when the oldest job has waited too long; again while any waits."""
        with self._lock:
            if self._jobs and time.monotonic() - self._jobs[0].queued_at > self._patience:
                self._call_one()
            self._watching = bool(self._jobs)
        if self._watching:
            loop.call_later(self._patience, self._watch, loop)

    def _work(self) -> None:
        move_to(self._cpus)
        called = threading.Lock()
        called.acquire()
        while (job := self._take(called)) is not None:
            self._tell(_run(job))
            del job

    def _take(self, called: threading.Lock) -> _Job | None:
        """The next job, as soon as there is one; `None` at the end."""
        while True:
            with self._lock:
                if self._jobs:
                    return self._jobs.popleft()
                if self._stopping:
                    return None
                self._idle.append(called)
            called.acquire()

    def _tell(self, outcome: _Outcome) -> None:
        self._outcomes.append(outcome)
        if not self._telling:
            self._telling = True
            outcome.job.future.get_loop().call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._telling = False
        while self._outcomes:
            _settle(*self._outcomes.popleft())


def _settle(job: _Job, value: Any, error: BaseException | None) -> None:
    job.is_over = True
    if job.waiting is not None and not job.waiting.done():
        job.waiting.set_result(None)
    if job.future.cancelled():
        return
    if error is None:
        job.future.set_result(value)
    else:
        job.future.set_exception(error)


def _run(job: _Job) -> _Outcome:
    try:
        return _Outcome(job, job.function(*job.args), None)
    except StopIteration as error:
        # A future cannot hold it.
        return _Outcome(job, None, RuntimeError(f"unexpected end: {error}"))
    except BaseException as error:  # noqa: BLE001  (whoever waits for the job gets every error)
        return _Outcome(job, None, error)
