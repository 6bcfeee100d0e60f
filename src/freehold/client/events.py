"""What an upload or a download tells while it runs, and how it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

from freehold.client.errors import TransferCancelledError

EventKind = Literal["hash", "upload", "download", "skip", "retry", "commit"]


class Event(NamedTuple):
    """One step: `done` of `total` bytes of the file at `path` in the repository.

    `skip` means that the file need not be moved, `retry` that it begins again, and `commit` that
    the commit with the id `path` has landed. `total` is None while it is not known.
    """

    kind: EventKind
    path: str
    done: int = 0
    total: int | None = None


OnEvent = Callable[[Event], None]


class Cancellation:
    """Stops the calls that it was given to: `cancel()` may be called from any thread.

    The calls raise `TransferCancelledError` within a second and can be resumed by repeating them.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask every call that has this object to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `TransferCancelledError` when `cancel` was called."""
        if self._event.is_set():
            raise TransferCancelledError("The transfer was cancelled; call again to resume it.")

    def sleep(self, seconds: float) -> None:
        """Wait that long, or until `cancel` is called: then raise `TransferCancelledError`."""
        self._event.wait(seconds)
        self.check()
