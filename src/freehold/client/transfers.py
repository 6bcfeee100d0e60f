"""One call that moves files: what it tells, what stops it, and how much it does at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from freehold.client.errors import HFValidationError
from freehold.client.events import Cancellation, Event, EventKind, OnEvent
from freehold.client.workers import Job, run_all

R = TypeVar("R")


class Transfer:
    """What the jobs of one call share, in whichever thread they run.

    `threads` is how many files are moved at once. Raises `HFValidationError` when that is none.
    """

    def __init__(self, threads: int, on_event: OnEvent | None, cancel: Cancellation | None) -> None:
        if threads < 1:
            raise HFValidationError(f"num_threads is 1 at least, not {threads!r}.")
        self.threads = threads
        self._on_event = on_event
        # With one, workers poll: a wait without end may hear of an interrupt late, or never.
        self._cancel = cancel or Cancellation()
        self._stop = Cancellation()
        self._telling = Lock()

    def tell(self, kind: EventKind, path: str, done: int = 0, total: int | None = None) -> None:
        """Tells the caller of a step: one step at a time, and nothing once the call is over."""
        if self._on_event is not None and not self._stop.cancelled:
            with self._telling:
                self._on_event(Event(kind, path, done, total))

    def check(self) -> None:
        """Raises `TransferCancelledError` when nobody waits for the call any more."""
        self._stop.check()

    def sleep(self, seconds: float) -> None:
        """Waits that long; raises `TransferCancelledError` as soon as nobody waits any more."""
        self._stop.sleep(seconds)

    def run_all(self, jobs: Sequence[Job]) -> None:
        """Does the jobs, some at the same time; raises the first error of any of them."""
        run_all(jobs, self.threads, self._cancel, self._stop)

    def run_apart(self, jobs: Sequence[Job], threads: int, stop: Cancellation) -> None:
        """Does the jobs; an error cancels `stop`, and leaves all else of the call alone."""
        run_all(jobs, threads, self._cancel, stop)

    def run(self, call: Callable[[], R]) -> R:
        """What the call returns; when the caller cancels or interrupts, it is left behind at once.

        It runs in a thread of its own, so that a silent hub cannot hold the caller.
        """
        self._cancel.check()
        results: list[R] = []
        run_all([lambda: results.append(call())], 1, self._cancel, self._stop)
        return results[0]
