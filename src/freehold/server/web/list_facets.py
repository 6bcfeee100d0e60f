"""The side of a list: what it can be narrowed by, with links and with numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from freehold.server.core.facets import TagTotal, TotalsByType
from freehold.server.web.list_filters import SIZES, Facet, Filters, add_prefix
from freehold.server.web.wording import format_count, quote_piece

SHOWN = 8
SHOWN_ALONE = 300


class Entry(NamedTuple):
    """A choice: the address of the list with it, or without it where it is chosen."""

    label: str
    number: str
    url: str
    chosen: bool


class Group(NamedTuple):
    """The choices of a facet; `all_url` shows all of them where some are left out."""

    field: str
    title: str
    one: str
    entries: list[Entry]
    left_out: int
    all_url: str


def make_groups(filters: Filters, totals: TotalsByType) -> list[Group]:
    """The facets of the list, each with what is chosen and with its most frequent choices."""
    groups = [
        _make_group(filters, facet, totals, _shown(facet, totals)) for facet in filters.kind.facets
    ]
    if filters.kind.type == "model":
        groups.insert(2, _make_sizes(filters))
    return [group for group in groups if group.entries]


def _shown(facet: Facet, totals: TotalsByType) -> int:
    """As many that nobody has to ask for a last few."""
    number = len(totals.get(facet.type, ()))
    return number if number <= SHOWN + SHOWN // 2 else SHOWN


def make_group_alone(filters: Filters, totals: TotalsByType, field: str, part: str) -> Group | None:
    """One facet with as many choices as there are, of those with that part in their name.

    `None` when the list has no such facet.
    """
    facet = next((facet for facet in filters.kind.facets if facet.field == field), None)
    return None if facet is None else _make_group(filters, facet, totals, SHOWN_ALONE, part)


def _make_group(
    filters: Filters, facet: Facet, totals: TotalsByType, most: int, part: str = ""
) -> Group:
    known = [total for total in totals.get(facet.type, ()) if _holds(facet, total, part)]
    chosen = [add_prefix(facet.prefix, value) for value in filters.chosen.get(facet.field, [])]
    entries = [
        *_make_entries(filters, facet, _choose(known, chosen), chosen),
        *_make_entries(filters, facet, _leave_out(known[:most], chosen), chosen),
    ]
    left_out = max(len(known) - most, 0)
    all_url = filters.url(("facet", facet.field))
    return Group(facet.field, facet.title, facet.one, entries, left_out, all_url)


def _holds(facet: Facet, total: TagTotal, part: str) -> bool:
    bare = total.tag.removeprefix(facet.prefix)
    return not part or part in bare or part in facet.label(total.tag).lower()


def _choose(known: list[TagTotal], chosen: list[str]) -> list[TagTotal]:
    """What is chosen, whether any public repository has it or not."""
    by_tag = {total.tag: total for total in known} if chosen else {}
    return [by_tag.get(tag.lower(), TagTotal(tag, tag, 0)) for tag in chosen]


def _leave_out(known: list[TagTotal], chosen: list[str]) -> list[TagTotal]:
    lowered = {tag.lower() for tag in chosen}
    return [total for total in known if total.tag not in lowered]


def _make_entries(
    filters: Filters, facet: Facet, totals: Iterable[TagTotal], chosen: list[str]
) -> Iterator[Entry]:
    # An address for each of hundreds is put together from two parts.
    base = filters.url(**{facet.field: []})
    start = f"{base}{'&' if '?' in base else '?'}{facet.field}="
    for total in totals:
        rest = [tag for tag in chosen if tag.lower() != total.tag.lower()]
        is_chosen = len(rest) < len(chosen)
        others = [] if facet.single else rest
        tags = others if is_chosen else [*others, total.tag]
        url = start + ",".join(map(_quote, tags)) if tags else base
        number = format_count(total.total) if total.total else ""
        yield Entry(facet.label(total.tag), number, url, is_chosen)


def _quote(tag: str) -> str:
    return quote_piece(tag).replace("%3A", ":")


def _make_sizes(filters: Filters) -> Group:
    field = "num_parameters"
    chosen = filters.chosen.get(field, [])
    entries = [
        Entry(label, "", filters.url(**{field: [] if size in chosen else [size]}), size in chosen)
        for size, label in SIZES
    ]
    return Group(field, "Parameters", "size", entries, 0, "")
