"""How pages write what is not text: times, sizes, counts, tags of licences."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from freehold.server.hub import now_ms

_MINUTE = 60
_STEPS = (
    (365 * 86_400, "year"),
    (30 * 86_400, "month"),
    (7 * 86_400, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (_MINUTE, "minute"),
)


def format_time(moment: float | str | None) -> Markup:
    """How long ago a moment was, with the exact one to be seen by pointing at it.

    The moment is in milliseconds since 1970, or written as `iso_time` does.
    """
    if moment is None:
        return Markup("")
    when = _read_time(moment)
    day, clock = when.isoformat(" ", "seconds")[:19].split(" ")
    # Digits and words of our own alone; to escape them would take four times as long.
    return Markup(  # noqa: S704
        f'<time datetime="{day}T{clock}Z" title="{day} {clock} UTC">{_ago(when)}</time>'
    )


def format_date(moment: float | str) -> str:
    """The day of a moment, for what is yet to come: 3 May 2027."""
    when = _read_time(moment)
    return f"{when.day} {when:%B %Y}"


def _read_time(moment: float | str) -> datetime:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment)
    return datetime.fromtimestamp(moment / 1000, UTC)


def _ago(when: datetime) -> str:
    seconds = now_ms() / 1000 - when.timestamp()
    if seconds < _MINUTE:
        return "just now"
    size, unit = next(step for step in _STEPS if seconds >= step[0])
    count = int(seconds // size)
    return f"{count} {unit}{'s' if count > 1 else ''} ago"


def format_bytes(size: int) -> str:
    """A size in the units of 1,000 that disks are sold in: 999 B, 12.3 kB, 4.56 GB."""
    return _scale(size, ("B", "kB", "MB", "GB", "TB", "PB"), " ")


def format_count(count: int) -> str:
    """A number in short: 999, 12.3k, 4.56M, 7B."""
    return _scale(count, ("", "k", "M", "B", "T"), "")


def _scale(value: int, units: tuple[str, ...], space: str) -> str:
    scaled = float(value)
    for unit in units:
        if scaled < 999.5 or unit == units[-1]:
            break
        scaled /= 1000
    text = f"{scaled:.3g}" if scaled < 1000 else f"{scaled:.0f}"
    return f"{text}{space}{unit}" if unit else text


def quote_path(path: str) -> str:
    """A path of a file as part of an address."""
    return quote(path, safe="/", errors="replace")


def quote_piece(text: str) -> str:
    """A revision or another piece as one segment of an address."""
    return quote(text, safe="", errors="replace")


def plural(count: int, word: str) -> str:
    """A count with its word: 1 file, 2 files."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


FILTERS: dict[str, Any] = {
    "time": format_time,
    "date": format_date,
    "bytes": format_bytes,
    "count": format_count,
    "path": quote_path,
    "piece": quote_piece,
    "plural": plural,
}
