"""What a command prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from freehold.cli.failures import DeclinedError, UsageError
from freehold.client.progress import ProgressBars, format_size, printable

if TYPE_CHECKING:
    import argparse

    from freehold.client.events import OnEvent

T = TypeVar("T")


def show(options: argparse.Namespace, value: Any, text: str | None = None) -> None:
    """Prints the result: the lines of `text` if it has one, or with `--json` the value."""
    if options.json:
        _print_json(value)
    else:
        for line in (text or "").split("\n" if text else None):
            print_line(line)


def show_each(options: argparse.Namespace, items: Iterable[T], to_text: Callable[[T], str]) -> None:
    """Prints a list, line after line as the items come, or with `--json` as one array."""
    if options.json:
        _print_json(list(items))
        return
    for item in items:
        print_line(to_text(item))


def show_table(
    options: argparse.Namespace,
    items: Sequence[T],
    head: Sequence[str],
    to_row: Callable[[T], Sequence[str]],
) -> None:
    """Prints a list in aligned columns under a head, or with `--json` as one array."""
    if options.json:
        _print_json(items)
        return
    rows = [head, *(to_row(item) for item in items)] if items else []
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))] if rows else []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print_line("  ".join(cells).rstrip())


def note(options: argparse.Namespace, text: str) -> None:
    """Tells a person what was done, on stderr; not with `--quiet` or `--json`."""
    if not options.quiet and not options.json:
        print(printable(text), file=sys.stderr)


def print_line(text: str) -> None:
    """One line of a result; what a stranger put into a name cannot steer the terminal."""
    shown = printable(text)
    try:
        print(shown)
    except UnicodeEncodeError:
        # A local name that is no text is written as the bytes that it is.
        sys.stdout.flush()
        sys.stdout.buffer.write(shown.encode("utf-8", "surrogateescape") + b"\n")


def print_text(text: str) -> None:
    """A result of many lines: on a terminal it steers nothing, elsewhere it is as it came."""
    if sys.stdout.isatty():
        for line in text.removesuffix("\n").split("\n") if text else ():
            print_line(line.expandtabs())
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(to_plain(value), indent=2 if sys.stdout.isatty() else None))


def to_plain(value: Any) -> Any:
    """The value in terms of JSON: records by their fields, moments as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, Iterable):
        return [to_plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "__dict__"):
        return {k: to_plain(v) for k, v in vars(value).items() if not k.startswith("_")}
    return str(value)


def describe_size(size: int | None) -> str:
    """Bytes for people: `8.19kB`; empty when it is not known."""
    return "" if size is None else f"{format_size(size)}B"


# People


def confirm(options: argparse.Namespace, question: str) -> None:
    """Returns when it may be done: with `--yes`, or when somebody at a terminal says so.

    Raises `DeclinedError`, and `UsageError` when nobody can be asked.
    """
    if options.yes:
        return
    if options.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody can be asked here: repeat it with --yes.")
    print(f"{printable(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise DeclinedError("Nothing was changed.")


class Progress:
    """The progress of a transfer on stderr: a context that gives `on_event`, None when quiet."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._bars = None if options.quiet or options.json else ProgressBars()

    def __enter__(self) -> OnEvent | None:
        return None if self._bars is None else self._bars.__enter__()

    def __exit__(self, *error: Any) -> None:
        if self._bars is not None:
            self._bars.__exit__(*error)
