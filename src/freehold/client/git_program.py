"""The `git` program: the one module of the library that starts programs.

git asks nobody anything here, and works on the folder that is named and on no other repository,
whatever the environment says. What it tells is shown without passwords.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import IO, Final, NamedTuple

from freehold.client.answers import without_controls
from freehold.client.errors import GitError, GitMissingError
from freehold.client.events import Cancellation
from freehold.client.settings import STALL_SECONDS, git_environ

Settings = Sequence[tuple[str, str]]
"""Settings of git, such as `("core.bare", "false")`; the same name may come several times."""

# No prompt of git's, of an askpass program or of a credential manager.
_SILENT: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GCM_INTERACTIVE": "never",
}
_PASSWORDS: Final = re.compile(r"(?<=://)[^/@\s]+@")
_LAST_LINES: Final = 8
_KEPT_BYTES: Final = 16 * 1024
_POLL_SECONDS: Final = 0.1
# How long git may take to clean up when it is stopped.
_SECONDS_TO_END: Final = 5.0


class Finished(NamedTuple):
    """A run that has ended: its exit status, what it printed, and what it told on stderr."""

    status: int
    out: bytes
    told: str

    @property
    def text(self) -> str:
        """What it printed, without the line end."""
        return self.out.decode("utf-8", "surrogateescape").rstrip("\n")


class Patience(NamedTuple):
    """How long git may take: `cancel` stops a run from another thread, `seconds` ends it.

    `stall` is how many seconds a hub may be silent. With `show_progress` stderr is passed on.
    """

    stall: float | None = None
    cancel: Cancellation | None = None
    show_progress: bool = False
    seconds: float | None = None


class Git:
    """git in one folder.

    `settings` hold for the runs of this object alone; `environ` changes their environment, None
    takes a variable away.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings = (),
        environ: Mapping[str, str | None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.folder = folder
        self._settings = tuple(settings)
        self._environ = dict(environ or {})
        self._patience = patience or Patience()
        self._cancel = self._patience.cancel or Cancellation()

    def changed(
        self, folder: Path | None = None, environ: Mapping[str, str | None] | None = None
    ) -> Git:
        """The same git in another folder, or with more changes of the environment."""
        changes = {**self._environ, **(environ or {})}
        return Git(folder or self.folder, self._settings, changes, self._patience)

    def uncancelled(self) -> Git:
        """The same git for what must be done to the end."""
        return Git(self.folder, self._settings, self._environ, self._patience._replace(cancel=None))

    @property
    def progress_options(self) -> list[str]:
        """How a command is asked to show its progress, which it would do on a terminal only."""
        return ["--progress" if self._patience.show_progress else "--quiet"]

    @property
    def careful_options(self) -> list[str]:
        """Those of commands that write files: a file that git ignores is not written over."""
        return [*self.progress_options, "--no-overwrite-ignore"]

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git printed; raises `GitError` with its last lines when it failed."""
        done = self.try_run(*arguments, stdin=stdin)
        if done.status:
            raise self._failure(arguments, done)
        return done.out

    def ask(self, *arguments: str) -> str:
        """What git printed, as text without the line end; raises `GitError`."""
        return self.run(*arguments).decode("utf-8", "surrogateescape").rstrip("\n")

    def find(self, *arguments: str) -> str | None:
        """What git printed, or None when it failed or printed nothing."""
        done = self.try_run(*arguments)
        return (done.text or None) if done.status == 0 else None

    def try_run(self, *arguments: str, stdin: bytes = b"") -> Finished:
        """One run, whatever becomes of it.

        Raises `GitMissingError` without git, `TransferCancelledError`, and `TimeoutError` after
        the `seconds`.
        """
        self._cancel.check()
        with self._start(arguments, subprocess.PIPE) as running:
            return running.finish(stdin, self._cancel, self._patience.seconds)

    def pipe(self, first: Sequence[str], second: Sequence[str]) -> bytes:
        """What the second run prints when it reads what the first one does; raises `GitError`."""
        self._cancel.check()
        with (
            self._start(first, subprocess.DEVNULL) as source,
            self._start(second, source.process.stdout) as sink,
        ):
            source.release_output()
            done = sink.finish(b"", self._cancel, self._patience.seconds)
            ended = source.finish(b"", self._cancel, self._patience.seconds)
        # When the second one fails, the first can no longer write.
        for arguments, result in ((second, done), (first, ended)):
            if result.status:
                raise self._failure(arguments, result)
        return done.out

    def _start(self, arguments: Sequence[str], stdin: IO[bytes] | int | None) -> _Running:
        options = [word for name, value in self._settings for word in ("-c", f"{name}={value}")]
        environ = git_environ({**_SILENT, **self._stall_limit, **self._environ})
        try:
            return _Running(["git", *options, *arguments], self.folder, environ, stdin, self._echo)
        except FileNotFoundError as error:
            if error.filename != "git":
                raise GitError(f"{self.folder} is no folder: {error.strerror}.") from error
            raise GitMissingError("git is not installed: it is not in the PATH.") from error
        except OSError as error:
            raise GitError(f"git cannot be started: {error}.") from error

    @property
    def _stall_limit(self) -> Mapping[str, str]:
        seconds = STALL_SECONDS if self._patience.stall is None else self._patience.stall
        return {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(ceil(seconds))}

    @property
    def _echo(self) -> IO[str] | None:
        return sys.stderr if self._patience.show_progress else None

    def _failure(self, arguments: Sequence[str], done: Finished) -> GitError:
        told = without_passwords(done.told, self._environ.get("HF_TOKEN"))
        lines = [line.rstrip() for line in re.split(r"[\r\n]+", told) if line.strip()]
        words = "; ".join(lines[-_LAST_LINES:]) or f"it ended with the status {done.status}"
        return GitError(f"git {arguments[0]} failed: {without_controls(words)}")


def without_passwords(text: str, secret: str | None = None) -> str:
    """The text without what stands before the host of an address, and without the secret."""
    shown = text.replace(secret, "***") if secret else text
    return _PASSWORDS.sub("", shown)


class _Running:
    """A program that runs: a context that leaves none behind."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        environ: Mapping[str, str],
        stdin: IO[bytes] | int | None,
        echo: IO[str] | None,
    ) -> None:
        told, write_end = os.pipe()
        try:
            self.process = subprocess.Popen(  # noqa: S603
                command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=write_end,
                cwd=folder,
                env=dict(environ),
                # Without a terminal of its own, no helper can ask on it, and it ends with us.
                start_new_session=True,
            )
        except BaseException:
            os.close(told)
            raise
        finally:
            os.close(write_end)
        self._told = bytearray()
        self._echo = echo
        self._reader = threading.Thread(target=self._read, args=(told,), daemon=True)
        self._reader.start()

    def _read(self, told: int) -> None:
        with os.fdopen(told, "rb", buffering=0) as pipe:
            while block := pipe.read(4096):
                self._told += block
                del self._told[:-_KEPT_BYTES]
                if self._echo is not None:
                    self._echo.write(without_passwords(block.decode("utf-8", "replace")))
                    self._echo.flush()

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self._end()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def release_output(self) -> None:
        """Leaves the output to the program that reads it."""
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.stdout = None

    def finish(self, stdin: bytes, cancel: Cancellation, seconds: float | None) -> Finished:
        """Waits for the end; raises `TransferCancelledError` and `TimeoutError`."""
        given: bytes | None = stdin or None
        for _ in _ticks(seconds):
            cancel.check()
            try:
                out = self.process.communicate(given, timeout=_POLL_SECONDS)[0] or b""
            except subprocess.TimeoutExpired:
                given = None
                continue
            # What it has left running in the background may hold the pipe.
            self._reader.join(1.0)
            told = self._told.decode("utf-8", "replace")
            return Finished(self.process.returncode, out, told)
        raise TimeoutError("git did not answer.")

    def _end(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: int) -> None:
        # Its group has all that it has started, such as git-lfs.
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, number)


def _ticks(seconds: float | None) -> Iterator[None]:
    """As many as there are polls in that time, without an end for None."""
    count = 0
    while seconds is None or count * _POLL_SECONDS < seconds:
        yield
        count += 1
