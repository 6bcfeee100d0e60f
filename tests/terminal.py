"""A terminal for programs under test, and what a person would see on it."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

LONGEST_SECONDS = 60

_CODE = re.compile(r"\x1b\[(?P<number>\d*)(?P<letter>[A-Za-z])|\r|\n|[^\x1b\r\n]+")


class Screen:
    """Enough of a terminal to know what is left on it: lines, without colours."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.colours = False
        self.widest = 0

    def write(self, text: str) -> None:
        """Show what a program has written."""
        for found in _CODE.finditer(text):
            if found["letter"]:
                self._obey(found["letter"], int(found["number"] or 0))
            elif found[0] == "\r":
                self.column = 0
            elif found[0] == "\n":
                self.row, self.column = self.row + 1, 0
                self.lines += [""] * (self.row + 1 - len(self.lines))
            else:
                self._put(found[0])

    def _obey(self, letter: str, number: int) -> None:
        if letter == "A":
            self.row -= number or 1
            assert self.row >= 0, "the cursor left the screen"
        elif letter == "K":
            kept = "" if number == 2 else self.lines[self.row][: self.column]
            self.lines[self.row] = kept
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]
        else:
            assert letter == "m", f"an unknown code: {letter}"
            self.colours = True

    def _put(self, text: str) -> None:
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + text + line[self.column + len(text) :]
        self.column += len(text)
        self.widest = max(self.widest, self.column)

    @property
    def text(self) -> str:
        """What can be read, without empty lines at the end."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


def show(text: str) -> Screen:
    """The screen after a program has written the text."""
    screen = Screen()
    screen.write(text)
    return screen


class Terminal:
    """A program whose three streams are one terminal of 80 columns."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], folder: Path | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.popen = subprocess.Popen(
            # Keys such as Ctrl-C reach a program through its controlling terminal only.
            ["setsid", "--ctty", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"TERM": "xterm", **environ},
            cwd=folder,
        )
        os.close(slave)
        self.written = ""

    def wait_for(self, part: str) -> None:
        """Read until the program has written `part`."""
        while part not in self.written:
            assert self._read(), f"ended without {part!r}: {self.written!r}"

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def finish(self) -> int:
        """Read to the end; the exit status."""
        while self._read():
            pass
        os.close(self._master)
        return self.popen.wait(60)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], LONGEST_SECONDS)
        if not ready:
            self.popen.kill()
            raise AssertionError(f"silent for {LONGEST_SECONDS} s after {self.written!r}")
        try:
            data = os.read(self._master, 65536)
        except OSError as error:
            # Linux says so when the last holder of the other side is gone.
            assert error.errno == errno.EIO
            return False
        self.written += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    @property
    def screen(self) -> Screen:
        """What can be seen now."""
        return show(self.written)
