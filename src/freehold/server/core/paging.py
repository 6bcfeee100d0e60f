"""Lists that are given a page at a time."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from freehold.errors import BadRequestError

T = TypeVar("T")

# A list that begins with the newest begins before this time and id.
NEWEST = (2**63 - 1, "")

_PLACE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{24})")


@dataclass(frozen=True)
class Page:
    """Some items of a list; `next_query` changes the URL of this page into that of the next."""

    items: Sequence[Any]
    next_query: dict[str, str] | None = None
    total: int | None = None


def encode_cursor(text: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogateescape")).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The text in a cursor; raises `BadRequestError` for one that the hub did not make."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return data.decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("The cursor is not one that this hub gave.") from error


def check_limit(limit: int | None, default: int, most: int, least: int = 1) -> int:
    """The size of a page; raises `BadRequestError` for one that is asked for and cannot be."""
    if limit is None:
        return default
    if not least <= limit <= most:
        raise BadRequestError(f"A page has {least} to {most} entries.")
    return limit


def write_place(moment: int, id: str) -> str:
    """The cursor after an entry of a list that is in the order of times and ids."""
    return encode_cursor(f"{moment} {id}")


def read_place(cursor: str | None) -> tuple[int, str]:
    """The time and the id in such a cursor, `NEWEST` without one; raises `BadRequestError`."""
    if not cursor:
        return NEWEST
    place = _PLACE.fullmatch(decode_cursor(cursor))
    if place is None:
        raise BadRequestError("The cursor is not one that this hub gave.")
    return int(place[1]), place[2]


def make_page(
    found: Sequence[T], limit: int, describe: Callable[[T], Any], cursor_of: Callable[[T], str]
) -> Page:
    """The page of what was found, where one more was looked for than a page has."""
    items = found[:limit]
    more = {"cursor": cursor_of(items[-1])} if len(found) > limit else None
    return Page([describe(item) for item in items], next_query=more)
