"""Lists that are given a page at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from freehold.errors import BadRequestError


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
