"""Bars on a terminal, a few lines elsewhere, and never anything that disturbs a transfer."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold import CommitOperationAdd, Event
from freehold.client import progress
from freehold.client.progress import (
    ProgressBars,
    format_bar,
    format_seconds,
    format_size,
    shorten,
    show_reading,
    width_of,
)
from tests.terminal import Screen, Terminal, show

MIB = 1 << 20


@pytest.fixture(autouse=True)
def clean_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM", "HF_HUB_DISABLE_PROGRESS_BARS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def every_event_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REPAINT_SECONDS", 0)


class Recorder(io.TextIOWrapper):
    """A stream that keeps what is written to it as text."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    @property
    def text(self) -> str:
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


def transfer(path: str, size: int, steps: int = 4, kind: str = "download") -> Iterator[Event]:
    for step in range(steps + 1):
        yield Event(kind, path, size * step // steps, size)  # type: ignore[arg-type]


# Texts


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00k"),
        (8192, "8.19k"),
        (9_995, "10.0k"),
        (99_940, "99.9k"),
        (99_960, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (2_500_000_000, "2.50G"),
        (500 << 30, "537G"),
        (1 << 62, "4.61E"),
    ],
)
def test_sizes_have_three_digits(size: int, text: str) -> None:
    assert format_size(size) == text


def test_times_are_written_as_on_a_clock() -> None:
    assert [format_seconds(s) for s in (0.4, 59.9, 61, 3600, 90061)] == [
        "00:00",
        "00:59",
        "01:01",
        "1:00:00",
        "25:01:01",
    ]


def test_a_bar_tells_the_part_the_amount_the_time_and_the_rate() -> None:
    line = format_bar("config.json", 8192, 8192, 2.2, 3720, 80)
    assert line.startswith("config.json: 100%|████")
    assert line.endswith("█| 8.19k/8.19k [00:02<00:00, 3.72kB/s]")
    half = format_bar("config.json", 4096, 8192, 2.2, 2048, 80)
    assert half.startswith("config.json:  50%|██")
    assert half.endswith("  | 4.10k/8.19k [00:02<00:02, 2.05kB/s]")


@pytest.mark.parametrize("columns", [20, 40, 79, 200])
@pytest.mark.parametrize(
    "name",
    ["a", "weights/" * 30 + "model.bin", "模型" * 40, "\x1b[2Jx"],
    ids=["short", "long", "wide", "hostile"],
)
@pytest.mark.parametrize("total", [None, 0, 10**12])
def test_a_bar_never_is_wider_than_the_terminal(name: str, total: int | None, columns: int) -> None:
    line = format_bar(name, 0, total, 1, None, columns)
    assert width_of(line) <= columns
    assert "\x1b" not in line


def test_the_end_of_a_long_name_is_kept() -> None:
    assert shorten("weights/model-00001.bin", 12) == "…l-00001.bin"


# On a terminal


def run_bars(stream: Recorder, events: Iterator[Event], **options: object) -> Screen:
    with ProgressBars(stream, terminal=True, **options) as bars:  # type: ignore[arg-type]
        for event in events:
            bars(event)
        return show(stream.text)


@pytest.mark.usefixtures("every_event_is_painted")
def test_one_file_is_one_bar_and_then_a_summary() -> None:
    stream = Recorder()
    events = [Event("download", "model.bin", done, 4 * MIB) for done in (0, MIB, 2 * MIB)]
    running = run_bars(stream, iter([*events]))
    assert running.text.startswith("model.bin:  50%|")
    assert "2.10M/4.19M" in running.text


@pytest.mark.usefixtures("every_event_is_painted")
def test_when_it_is_over_only_the_summary_is_left_on_the_screen() -> None:
    stream = Recorder()
    run_bars(stream, transfer("model.bin", 4 * MIB))
    final = show(stream.text)
    assert final.text.startswith("Downloaded 1 file, 4.19MB in ")
    assert len(final.text.splitlines()) == 1
    assert final.column == 0


@pytest.mark.usefixtures("every_event_is_painted")
def test_many_files_are_a_few_bars_and_one_for_all() -> None:
    stream = Recorder()
    names = [f"part-{n:02}.bin" for n in range(20)]
    running = run_bars(stream, (Event("download", name, MIB, 2 * MIB) for name in names))
    lines = running.text.splitlines()
    assert len(lines) == progress.MAX_BARS + 1
    assert [line.split(":")[0] for line in lines[:-1]] == names[: progress.MAX_BARS]
    assert lines[-1].startswith("Downloading 0 of 20 files:  50%|")
    assert running.widest <= 80


@pytest.mark.usefixtures("every_event_is_painted")
def test_after_an_error_the_bars_are_gone_and_nothing_is_claimed() -> None:
    stream = Recorder()
    with pytest.raises(ZeroDivisionError), ProgressBars(stream, terminal=True) as bars:
        bars(Event("download", "a.bin", 1, 2))
        bars(Event("download", "b.bin", 1, 2))
        raise ZeroDivisionError
    assert "a.bin" in stream.text
    assert show(stream.text).text == ""


@pytest.mark.usefixtures("every_event_is_painted")
def test_colours_are_left_out_where_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_bars(Recorder(), transfer("a.bin", 100)).colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not run_bars(Recorder(), transfer("a.bin", 100)).colours


def test_bars_are_not_painted_more_often_than_anybody_could_see() -> None:
    stream = Recorder()
    run_bars(stream, transfer("a.bin", 10**6, steps=10_000))
    assert len(stream.text) < 20_000


# What is counted


def summary(*events: Event) -> str:
    stream = Recorder()
    with ProgressBars(stream) as bars:
        for event in events:
            bars(event)
    return stream.text.rpartition("\n")[0].rpartition("\n")[2]


def test_bytes_of_an_earlier_run_count_as_done_and_not_as_moved() -> None:
    size = 10**9
    resumed = Event("download", "a", size - 1000, size)
    line = summary(resumed, Event("download", "a", size, size))
    assert line.startswith("Downloaded 1 file, 1.00GB in ")
    rate = line.rpartition("(")[2]
    assert "G" not in rate, rate


def test_a_file_that_begins_again_is_counted_once() -> None:
    begin = list(transfer("a", 1000))
    assert summary(*begin, Event("retry", "a"), *begin).startswith("Downloaded 1 file, 1.00kB")


def test_an_end_that_is_told_twice_is_counted_once() -> None:
    events = list(transfer("a", 10**8, kind="upload"))
    assert summary(*events, events[-1]).startswith("Uploaded 1 file, 100MB")


def test_what_is_hashed_is_not_counted_as_sent() -> None:
    events = [*transfer("a", 1000, kind="hash"), *transfer("b", 1000, kind="hash")]
    sent = transfer("a", 1000, kind="upload")
    line = summary(*events, *sent, Event("skip", "b"), Event("commit", "0" * 40))
    assert line.startswith("Uploaded 1 file, 1.00kB in ")
    assert line.endswith("; 1 file there already.")


def test_nothing_to_do_is_said_in_so_many_words() -> None:
    assert summary(Event("skip", "a"), Event("skip", "b")) == "2 files there already."
    assert summary() == ""


def test_events_may_come_from_many_threads_at_once() -> None:
    stream = Recorder()
    with ProgressBars(stream, terminal=True) as bars:

        def move(number: int) -> None:
            for event in transfer(f"file-{number}", 1000, steps=50):
                bars(event)

        threads = [threading.Thread(target=move, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert show(stream.text).text.startswith("Downloaded 16 files, 16.0kB in ")


# Elsewhere than on a terminal


def test_without_a_terminal_small_files_are_one_line_in_all() -> None:
    stream = Recorder()
    with ProgressBars(stream) as bars:
        for number in range(2000):
            for event in transfer(f"{number}.txt", 100):
                bars(event)
    assert stream.text.count("\n") == 1
    assert stream.text.startswith("Downloaded 2,000 files, 200kB in ")
    assert "\x1b" not in stream.text


def test_without_a_terminal_a_large_file_is_told_as_it_begins_and_as_it_ends() -> None:
    stream = Recorder()
    with ProgressBars(stream) as bars:
        for event in transfer("big.bin", 100 * MIB, steps=100):
            bars(event)
    lines = stream.text.splitlines()
    assert lines[:2] == ["Downloading big.bin (105MB)", "Downloaded big.bin (105MB)"]
    assert len(lines) == 3


def test_a_long_transfer_says_now_and_then_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0)
    stream = Recorder()
    with ProgressBars(stream) as bars:
        bars(Event("download", "a.bin", MIB, 2 * MIB))
    assert stream.text.startswith("Downloading 0 of 1 file, 1.05MB of 2.10MB\n")


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(Recorder):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "dumb")
    stream = Tty()
    with ProgressBars(stream) as bars:
        bars(Event("download", "a.bin", 1, 1))
    assert "\x1b" not in stream.text
    monkeypatch.setenv("TERM", "xterm")
    with ProgressBars(stream) as bars:
        bars(Event("download", "a.bin", 1, 1))
    assert "\x1b" in stream.text


@pytest.mark.parametrize("terminal", [True, False])
def test_the_environment_can_forbid_it(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    stream = Recorder()
    with ProgressBars(stream, terminal=terminal) as bars:
        bars(Event("download", "a.bin", 100 * MIB, 100 * MIB))
    assert stream.text == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_stream_that_breaks_does_not_break_the_transfer(terminal: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = io.TextIOWrapper(io.FileIO(writing, "w"), encoding="utf-8", write_through=True)
    with ProgressBars(stream, terminal=terminal) as bars:
        for event in transfer("big.bin", 100 * MIB):
            bars(event)
    closed = Recorder()
    closed.close()
    with ProgressBars(closed) as bars:
        bars(Event("download", "a.bin", 1, 1))


def test_no_stream_at_all_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with ProgressBars() as bars:
        bars(Event("download", "a.bin", 100 * MIB, 100 * MIB))


# One file that is read


def test_reading_a_file_shows_its_last_state(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"x" * 8192)
    stream = Recorder()
    with path.open("rb") as file, show_reading(file, "config.json", 8192, stream) as shown:
        assert shown.read(100) + shown.read() == b"x" * 8192
        assert shown.tell() == 8192
        shown.seek(0)
        assert shown.readline() == b"x" * 8192
    assert stream.text.startswith("config.json: 100%|██")
    assert "| 8.19k/8.19k [00:00<00:00, " in stream.text
    assert stream.text.count("\n") == 1


def test_a_shown_file_can_be_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\n")
    with path.open("rb") as file, show_reading(file, "a.txt", 8, Recorder()) as shown:
        assert list(shown) == [b"one\n", b"two\n"]
        shown.seek(4)
        assert shown.read() == b"two\n"
        assert shown.seekable() and shown.fileno() == file.fileno()


def test_a_stream_without_such_letters_gets_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    stream = Recorder("ascii")
    with path.open("rb") as file, show_reading(file, "a.txt", 3, stream) as shown:
        shown.read()
    assert "100%|###" in stream.text


def test_as_file_with_tqdm_draws_a_bar_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"x" * 8192)
    script = (
        "from freehold import CommitOperationAdd\n"
        "added = CommitOperationAdd('config.json', 'config.json')\n"
        "with added.as_file(with_tqdm=True) as file:\n"
        "    while file.read(1024): pass\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    terminal = Terminal([sys.executable, "-c", script], environ, tmp_path)
    assert terminal.finish() == 0
    final = terminal.screen
    assert final.text.startswith("config.json: 100%|██")
    assert len(final.text.splitlines()) == 1
    assert terminal.written.count("\r") > 1


def test_bytes_are_read_without_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with CommitOperationAdd("a.txt", b"abc").as_file(with_tqdm=True) as file:
        assert file.read() == b"abc"
    assert capsys.readouterr().err == ""
