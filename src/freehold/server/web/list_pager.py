"""Where one is in a list, and the pages beside this one."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.core.listings import Found
from freehold.server.web.list_filters import MAX_NUMBERED, ROWS, Filters, join_url
from freehold.server.web.wording import plural


class Pager(NamedTuple):
    """The addresses of other pages; empty where there is none."""

    first: str = ""
    previous: str = ""
    next: str = ""


def describe_number(filters: Filters, found: Found) -> str:
    """How many repositories a page has, and whether these are all."""
    kind, number = filters.kind, len(found.listed)
    is_first = not (filters.cursor or filters.page)
    if is_first and not found.cursor:
        return plural(number, kind.one) if number else f"No {kind.many}"
    if filters.cursor:
        return plural(number, f"further {kind.one}")
    start = filters.page * ROWS
    return f"{kind.title} {start + 1:,} to {start + number:,}" if number else f"No more {kind.many}"


def make_pager(filters: Filters, found: Found, path: str, pairs: list[tuple[str, str]]) -> Pager:
    """The pages beside this one of the list with those fields in its address."""

    def numbered(number: int) -> str:
        return join_url(path, [*pairs, ("p", str(number))] if number else pairs)

    following = ""
    if found.cursor and (filters.cursor or filters.page + 1 >= MAX_NUMBERED):
        following = join_url(path, [*pairs, ("cursor", found.cursor)])
    elif found.cursor:
        following = numbered(filters.page + 1)
    if filters.cursor:
        return Pager(first=numbered(0), next=following)
    return Pager(previous=numbered(filters.page - 1) if filters.page else "", next=following)
