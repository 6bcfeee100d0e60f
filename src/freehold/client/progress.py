"""Progress: bars on a terminal, a few plain lines elsewhere.

Nothing here may disturb a transfer: what cannot be written is not shown.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO, cast

if TYPE_CHECKING:
    from types import TracebackType

    from freehold.client.events import Event

MAX_BARS: Final = 4
REPAINT_SECONDS: Final = 0.1
REPORT_SECONDS: Final = 30.0
"""How often a long transfer says where it is when nobody watches a terminal."""
LARGE_BYTES: Final = 16 << 20
"""Files from this size on are told one by one where there is no terminal."""

_RATE_SECONDS: Final = 5.0
_LONGEST_BAR: Final = 40
_SHORTEST_BAR: Final = 4
# A file that is first heard of beyond this was begun by an earlier run.
_RESUMED_BYTES: Final = 4 << 20
_DOING: Final = {"hash": "Hashing", "upload": "Uploading", "download": "Downloading"}
_DONE: Final = {"hash": "Hashed", "upload": "Uploaded", "download": "Downloaded"}


# Texts


def format_size(size: float) -> str:
    """A number of bytes in three digits, in powers of 1000: `512`, `8.19k`, `2.50G`."""
    value, units = float(size), iter(("", "k", "M", "G", "T", "P", "E"))
    unit = next(units)
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    if unit == "" or value >= 99.95:
        return f"{value:.0f}{unit}"
    return f"{value:.1f}{unit}" if value >= 9.995 else f"{value:.2f}{unit}"


def format_seconds(seconds: float) -> str:
    """A time as a clock shows it: `00:05`, `12:30`, `1:00:00`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def printable(text: str) -> str:
    """The text without anything that would steer a terminal: a name may come from a stranger."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else "?" for c in text)


def width_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)


def shorten(text: str, columns: int) -> str:
    """The text in at most that many columns: its end, where names differ, is kept."""
    if width_of(text) <= columns:
        return text
    end = text[-columns:]
    while end and width_of(end) > columns - 1:
        end = end[1:]
    return f"…{end}"


def format_bar(
    name: str, done: int, total: int | None, seconds: float, rate: float | None, columns: int
) -> str:
    """One line: `config.json: 100%|████| 8.19k/8.19k [00:02<00:00, 3.72kB/s]`.

    `rate` is in bytes per second, None while it is not known; `columns` is the room there is.
    """
    speed = f"{format_size(rate)}B/s" if rate else "?B/s"
    shown = shorten(printable(name), max(columns * 2 // 5, 8))
    if total is None:
        return shorten(
            f"{shown}: {format_size(done)} [{format_seconds(seconds)}, {speed}]", columns
        )
    part = min(done / total, 1.0) if total else 1.0
    left = format_seconds((total - done) / rate) if rate else "?"
    amount = f"{format_size(done)}/{format_size(total)}"
    head = f"{shown}: {int(part * 100):3}%"
    tail = f" {amount} [{format_seconds(seconds)}<{left}, {speed}]"
    room = min(columns - width_of(head) - len(tail) - 2, _LONGEST_BAR)
    if room < _SHORTEST_BAR:
        return shorten(f"{head}{tail}", columns)
    filled = int(part * room)
    return f"{head}|{'█' * filled}{' ' * (room - filled)}|{tail}"


# What is known about a transfer


class Moving:
    """A file on its way: `done` of `total` bytes (None while unknown), since `started`.

    `begun` are the bytes that an earlier run has moved.
    """

    def __init__(self, event: Event, now: float) -> None:
        self.path = event.path
        self.kind = event.kind
        self.begun = self.done = event.done if event.done > _RESUMED_BYTES else 0
        self.total = event.total
        self.started = now


class Tally:
    """All files of a call together: what runs, what is finished, and how quickly bytes move.

    `done` and `total` are the bytes of all files that were heard of, by path in `sizes`; `moved`
    counts those that this process has moved.
    """

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.running: dict[str, Moving] = {}
        self.sizes: dict[str, int] = {}
        self.finished: set[str] = set()
        self.kind: str | None = None
        self.skipped = 0
        self.moved = 0
        self.done = 0
        self.total = 0
        self._samples: deque[tuple[float, int]] = deque([(self.started, 0)])

    def count(self, event: Event) -> None:
        """Takes in what has happened."""
        if event.kind == "skip":
            self.skipped += 1
            self.running.pop(event.path, None)
        elif event.kind == "retry":
            self._start_again(event.path)
        elif event.kind in _DOING and not self._is_over(event):
            self._move(event)

    def _is_over(self, event: Event) -> bool:
        """Whether this was said before: the end of a file may be told more than once."""
        return event.kind == self.kind and event.path in self.finished

    def _start_again(self, path: str) -> None:
        moving = self.running.pop(path, None)
        if moving is not None:
            self.done -= moving.done if moving.kind == self.kind else 0
        elif path in self.finished:
            self.finished.remove(path)
            self.done -= self.sizes[path]

    def _move(self, event: Event) -> None:
        now = time.monotonic()
        self._begin_phase(event.kind, now)
        moving = self.running.get(event.path)
        if moving is None or moving.kind != event.kind:
            moving = self.running[event.path] = Moving(event, now)
            self.done += moving.done if event.kind == self.kind else 0
        if event.kind == self.kind:
            self._add(event, event.done - moving.done)
        moving.done, moving.total = event.done, event.total
        self._sample(now)
        if event.total is not None and event.done >= event.total:
            del self.running[event.path]

    def _add(self, event: Event, step: int) -> None:
        self.done += step
        self.moved += max(step, 0)
        size = event.done if event.total is None else event.total
        self.total += size - self.sizes.get(event.path, 0)
        self.sizes[event.path] = size
        if event.done >= size and event.total is not None:
            self.finished.add(event.path)

    def _begin_phase(self, kind: str, now: float) -> None:
        """Hashing goes before uploading: what counts is what is sent, as soon as that begins."""
        if self.kind is None or (self.kind == "hash" and kind != "hash"):
            self.kind = kind
            self.sizes, self.finished = {}, set()
            self.moved = self.done = self.total = 0
            self._samples = deque([(now, 0)])

    def _sample(self, now: float) -> None:
        if now - self._samples[-1][0] >= REPAINT_SECONDS:
            self._samples.append((now, self.moved))
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float | None:
        """Bytes per second of late; None while it is not known."""
        since, moved = self._samples[0]
        passed = time.monotonic() - since
        return (self.moved - moved) / passed if passed > 0 and self.moved > moved else None

    def summary(self) -> str | None:
        """What was done in one line; None when nothing was moved."""
        if self.kind in {None, "hash"}:
            return f"{_files(self.skipped)} there already." if self.skipped else None
        seconds = max(self.seconds, 0.001)
        amount = f"{_files(len(self.finished))}, {format_size(self.done)}B"
        rate = f"{format_size(self.moved / seconds)}B/s"
        text = f"{_DONE[self.kind or 'download']} {amount} in {seconds:.1f} s ({rate})"
        return text + (f"; {_files(self.skipped)} there already." if self.skipped else ".")

    def status(self) -> str:
        """Where it is, in words."""
        doing = _DOING[self.kind or "download"]
        return f"{doing} {len(self.finished)} of {_files(len(self.sizes))}"


def _files(count: int) -> str:
    return f"{count:,} file" + ("" if count == 1 else "s")


# Where it is shown


class BarView:
    """Bars at the bottom of a terminal: one for each of a few files, and one for all."""

    def __init__(self, stream: TextIO, *, colours: bool) -> None:
        self._stream = stream
        self._colours = colours
        self._painted = 0
        self._next = 0.0

    def update(self, tally: Tally, event: Event) -> None:
        """Paints the bars anew, unless that was just done."""
        now = time.monotonic()
        if tally.kind is not None and now >= self._next:
            self._next = now + REPAINT_SECONDS
            self._paint(list(self._lines(tally, now)))

    def _lines(self, tally: Tally, now: float) -> Iterator[str]:
        columns = _columns(self._stream) - 1
        for moving in list(tally.running.values())[:MAX_BARS]:
            seconds = max(now - moving.started, 0.001)
            rate = (moving.done - moving.begun) / seconds
            yield format_bar(moving.path, moving.done, moving.total, seconds, rate, columns)
        if len(tally.sizes) > 1 or not tally.running:
            yield format_bar(
                tally.status(), tally.done, tally.total, tally.seconds, tally.rate, columns
            )

    def _paint(self, lines: list[str]) -> None:
        text = "\n".join(f"\x1b[2K{self._tint(line)}" for line in lines)
        _write(self._stream, f"{self._back()}{text}\x1b[J")
        self._painted = len(lines)

    def _tint(self, line: str) -> str:
        if not self._colours:
            return line
        head, bar, tail = line.partition("|")
        filled, end, rest = tail.partition("|")
        return f"{head}{bar}\x1b[36m{filled}\x1b[0m{end}{rest}" if end else line

    def _back(self) -> str:
        """Moves to where the first bar begins."""
        return "\r" + (f"\x1b[{self._painted - 1}A" if self._painted > 1 else "")

    def finish(self, tally: Tally, *, complete: bool) -> None:
        """Takes the bars away, and says what was done."""
        if self._painted:
            _write(self._stream, f"{self._back()}\x1b[J")
            self._painted = 0
        if complete and (text := tally.summary()):
            _write(self._stream, f"{text}\n")


class LineView:
    """Lines for a log: large files as they begin and end, the state now and then, the outcome."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told: set[tuple[str, str]] = set()
        self._next = time.monotonic() + REPORT_SECONDS

    def update(self, tally: Tally, event: Event) -> None:
        """Writes a line where there is something to tell."""
        if event.kind in _DOING and (event.total or 0) >= LARGE_BYTES:
            self._tell(event)
        if event.kind == "retry":
            _write(self._stream, f"Trying {printable(event.path) or 'the commit'} again\n")
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + REPORT_SECONDS
            amount = f"{format_size(tally.done)}B of {format_size(tally.total)}B"
            _write(self._stream, f"{tally.status()}, {amount}\n")

    def _tell(self, event: Event) -> None:
        ended = event.total is not None and event.done >= event.total
        word = (_DONE if ended else _DOING)[event.kind]
        if (word, event.path) not in self._told:
            self._told.add((word, event.path))
            size = format_size(event.total or 0)
            _write(self._stream, f"{word} {printable(event.path)} ({size}B)\n")

    def finish(self, tally: Tally, *, complete: bool) -> None:
        """Says what was done."""
        if complete and (text := tally.summary()):
            _write(self._stream, f"{text}\n")


class ProgressBars:
    """Shows what an upload or a download does: use it as `on_event`, in a `with` statement.

        with ProgressBars() as bars:
            snapshot_download(repo_id, on_event=bars)

    It writes to `stream`, by default to stderr: bars if that is a terminal, else a few lines. Any
    thread may call it. `colours` and `terminal` are found out when they are not given.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        terminal: bool | None = None,
        colours: bool | None = None,
    ) -> None:
        self._tally = Tally()
        self._lock = threading.Lock()
        self._view = _choose_view(sys.stderr if stream is None else stream, terminal, colours)

    def __call__(self, event: Event) -> None:
        """Takes in one event."""
        with self._lock:
            self._tally.count(event)
            if self._view is not None:
                self._view.update(self._tally, event)

    def __enter__(self) -> ProgressBars:
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            if self._view is not None:
                self._view.finish(self._tally, complete=error_class is None)
            self._view = None


def _choose_view(
    stream: TextIO | None, terminal: bool | None, colours: bool | None
) -> BarView | LineView | None:
    from freehold.client.settings import ClientSettings

    settings = ClientSettings.load()
    if stream is None or settings.progress_bars is False:
        return None
    bars = _is_terminal(stream) and settings.can_move_cursor if terminal is None else terminal
    if not bars or not _can_show("█…", stream):
        return LineView(stream)
    return BarView(stream, colours=settings.colours if colours is None else colours)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _can_show(text: str, stream: TextIO) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _write(stream: TextIO, text: str) -> None:
    with suppress(OSError, ValueError, UnicodeEncodeError):
        stream.write(text)
        stream.flush()


# One file that is read


@contextmanager
def show_reading(
    file: BinaryIO, name: str, total: int, stream: TextIO | None = None
) -> Iterator[BinaryIO]:
    """The file, with a bar on `stream` (stderr by default) that shows how far it has been read.

    `total` is its size in bytes. Elsewhere than on a terminal, only the last state is written.
    """
    shown = _ShownFile(file, name, total, sys.stderr if stream is None else stream)
    try:
        yield cast("BinaryIO", shown)
    finally:
        shown.finish()


class _ShownFile:
    """A binary file whose reading draws a bar; everything else goes to the file itself."""

    def __init__(self, file: BinaryIO, name: str, total: int, stream: TextIO | None) -> None:
        from freehold.client.settings import ClientSettings

        self._file = file
        self._name = name
        self._total = total
        self._stream = None if ClientSettings.load().progress_bars is False else stream
        self._terminal = stream is not None and _is_terminal(stream)
        self._started = time.monotonic()
        self._done = 0
        self._next = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _ShownFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, or all that is left."""
        return self._count(self._file.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        """One line, with its end."""
        return self._count(self._file.readline(size))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Moves, and takes what is before for read."""
        self._done = self._file.seek(offset, whence)
        return self._done

    def _count(self, data: bytes) -> bytes:
        self._done += len(data)
        if self._terminal and time.monotonic() >= self._next:
            self._next = time.monotonic() + REPAINT_SECONDS
            self._draw("\r", "\x1b[K")
        return data

    def _draw(self, start: str, end: str) -> None:
        if self._stream is None:
            return
        seconds = max(time.monotonic() - self._started, 0.001)
        columns = _columns(self._stream) - 1
        rate = self._done / seconds
        line = format_bar(self._name, self._done, self._total, seconds, rate, columns)
        if not _can_show("█…", self._stream):
            line = line.replace("█", "#").replace("…", "~")
        _write(self._stream, f"{start}{line}{end}")

    def finish(self) -> None:
        """Draws the last state, and leaves the line."""
        self._draw(*(("\r", "\x1b[K\n") if self._terminal else ("", "\n")))
