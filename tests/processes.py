"""Long-running programs that a test run starts and must not leave behind."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence


class ProcessFailedError(AssertionError):
    """The program ended, or stayed silent, instead of getting ready; carries its output."""


class WatchedProcess:
    """A program whose output is read as it comes, in its own process group.

    It is told to end when the thread that started it dies, so even a killed pytest leaves nothing
    running. Start it from a thread that lives as long as the program should.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        user: Sequence[str] = (),
        orphan_signal: str = "TERM",
    ) -> None:
        """Start `command`; `user` holds the `setpriv` options that choose another account."""
        self._lines: list[str] = []
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.popen = subprocess.Popen(
            ["setpriv", *user, f"--pdeathsig={orphan_signal}", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if environ is None else dict(environ),
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.append(line)
            self._arrived.put(line)
        self._arrived.put(None)

    def wait_for_line(self, part: str, *, seconds: float = 60) -> str:
        """Return the next line that contains `part`; raise `ProcessFailedError` if none comes."""
        try:
            while (line := self._arrived.get(timeout=seconds)) is not None:
                if part in line:
                    return line.rstrip("\n")
        except queue.Empty:
            self.kill()
            raise ProcessFailedError(f"no {part!r} in {seconds} s:\n{self.output()}") from None
        self.kill()
        raise ProcessFailedError(f"ended with {self.popen.returncode}:\n{self.output()}")

    def output(self) -> str:
        """Return all that the program has printed so far, both streams together."""
        return "".join(self._lines)

    def stop(self, *, with_signal: int = signal.SIGTERM, seconds: float = 60) -> int:
        """Ask the program to end and return its exit status; kill it after `seconds` and raise."""
        self.popen.send_signal(with_signal)
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            message = f"did not stop within {seconds} s:\n{self.output()}"
            raise ProcessFailedError(message) from None
        self._kill_group()
        self._reader.join(seconds)
        return status

    def kill(self) -> None:
        """End the program and everything it started at once, with SIGKILL."""
        self._kill_group()
        self.popen.wait()
        self._reader.join(10)

    def _kill_group(self) -> None:
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
