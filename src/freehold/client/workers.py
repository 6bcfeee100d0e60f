"""A few threads that do the jobs of one transfer, and never outlive the patience of its caller.

They are daemons: a job that waits for a hub that has gone silent is left behind, and holds up
neither the caller nor the end of the program.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from freehold.client.events import Cancellation

Job = Callable[[], object]

POLL_SECONDS: Final = 0.1


def run_all(
    jobs: Sequence[Job],
    threads: int,
    cancel: Cancellation | None = None,
    stop: Cancellation | None = None,
) -> None:
    """Does every job, up to `threads` at a time; raises the first error of any of them.

    After an error, or once `cancel` says so, no job is begun any more and the call ends at once;
    `stop` is then cancelled, for jobs under way that look at it. Raises `TransferCancelledError`.
    """
    if cancel is None and (threads <= 1 or len(jobs) <= 1):
        for job in jobs:
            job()
        return
    if cancel is not None:
        cancel.check()
    _Crew(jobs, cancel, stop or Cancellation()).run(max(1, min(threads, len(jobs))))


class _Crew:
    """The threads of one call, and what they have come to."""

    def __init__(
        self, jobs: Sequence[Job], cancel: Cancellation | None, stop: Cancellation
    ) -> None:
        self._jobs: Iterator[Job] = iter(jobs)
        self._cancel = cancel
        self._stop = stop
        self._changed = threading.Condition()
        self._running = 0
        self._error: BaseException | None = None

    def run(self, threads: int) -> None:
        self._running = threads
        for _ in range(threads):
            threading.Thread(target=self._work, name="freehold-transfer", daemon=True).start()
        try:
            self._wait()
        except BaseException:
            self._stop.cancel()
            raise

    def _wait(self) -> None:
        with self._changed:
            while self._running and self._error is None:
                if self._cancel is not None:
                    self._cancel.check()
                # Without an end, it might not hear of an interrupt.
                self._changed.wait(POLL_SECONDS)
            if self._error is not None:
                raise self._error

    def _work(self) -> None:
        try:
            while (job := self._next_job()) is not None:
                job()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller raises it
            self._leave(error)
        else:
            self._leave(None)

    def _next_job(self) -> Job | None:
        with self._changed:
            over = self._error is not None or self._stop.cancelled
            return None if over else next(self._jobs, None)

    def _leave(self, error: BaseException | None) -> None:
        with self._changed:
            self._running -= 1
            self._error = self._error or error
            self._changed.notify()
