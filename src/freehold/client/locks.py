"""Locks between processes, of the same kind as those of the official client.

A lock is held on an open file and ends with the process, so nothing is left behind by a crash.
The file itself stays: taking it away would let two processes hold "the same" lock.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from types import TracebackType
from typing import Final

from freehold.client.events import Cancellation

POLL_SECONDS: Final = 0.05

# Folders on a network may know no locks; then there is nothing better than to go on.
_NO_LOCKS: Final = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})


class Stop(Cancellation):
    """Ends the jobs of one call, and lets go of their locks at once.

    A job may wait for a silent hub for long after its call has ended, and whoever calls again
    must not wait for it. Such a job writes nothing more, because it looks here before.
    """

    def __init__(self) -> None:
        super().__init__()
        self._mutex = threading.Lock()
        self._held: set[FileLock] = set()

    def cancel(self) -> None:
        """Ask every job to stop."""
        super().cancel()
        with self._mutex:
            held = list(self._held)
        for lock in held:
            lock.release()

    def add(self, lock: FileLock) -> None:
        """Notes a lock that is now held."""
        with self._mutex:
            self._held.add(lock)

    def discard(self, lock: FileLock) -> None:
        """Forgets a lock."""
        with self._mutex:
            self._held.discard(lock)


class FileLock:
    """A lock on the file at that path, which is made with its folder when it is not there."""

    def __init__(self, path: str, stop: Stop) -> None:
        self._path = path
        self._stop = stop
        self._mutex = threading.Lock()
        self._file: int | None = None

    def try_acquire(self) -> bool:
        """Takes the lock if nobody holds it, and says whether it was taken."""
        file = self._open()
        if not _try_lock(file):
            os.close(file)
            return False
        self._file = file
        self._stop.add(self)
        if self._stop.cancelled:
            self.release()
            self._stop.check()
        return True

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT
        try:
            return os.open(self._path, flags, 0o664)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            return os.open(self._path, flags, 0o664)

    def acquire(self) -> None:
        """Waits until nobody else holds the lock; raises `TransferCancelledError`."""
        while not self.try_acquire():
            self._stop.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Lets go of the lock, if it is held; any thread may."""
        with self._mutex:
            if self._file is not None:
                os.close(self._file)
                self._file = None
        self._stop.discard(self)

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(file)
                raise
        return True
