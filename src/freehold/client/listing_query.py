"""What a list of repositories is asked for: the query, and what only the client can look at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from freehold.client.errors import HFValidationError
from freehold.client.info import RepoInfo
from freehold.client.search_filters import (
    ModelFilter,
    SearchFilter,
    Texts,
    read_text,
    read_texts,
    with_prefix,
)

Filter = SearchFilter | str | Iterable[str] | None
"""A filter object, or one or several tags."""

Thresholds = tuple[float | None, float | None]
"""The least and the most grams of CO2; None is no bound."""

# The names that fields have here, and those that a hub sorts by.
_SORT_KEYS: Final = {
    "created_at": "createdAt",
    "last_modified": "lastModified",
    "main_size": "mainSize",
    "trending_score": "trendingScore",
}
_SEVERAL: Final = frozenset({"apps", "inference_provider", "datasets", "models"})
_SWITCHES: Final = frozenset({"gated", "linked"})
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class ListRequest:
    """What a list is asked for: `query` for the hub, `limit` and `emissions` for the client."""

    def __init__(
        self, filter: Filter, author: str | None, search: str | None, name: str | None
    ) -> None:
        """`search` and `author` count instead of those of a filter object."""
        self.limit: int | None = None
        self.emissions: Thresholds | None = None
        self.query: dict[str, Any] = {"author": read_text("author", author) or None}
        searches: list[str | None] = []
        if isinstance(filter, SearchFilter):
            searches = [filter.search_text(with_author=not author)]
            self.query["filter"] = filter.to_tags()
            if isinstance(filter, ModelFilter):
                self.query["tags"] = read_texts("tags", filter.tags)
        else:
            self.query["filter"] = read_texts("filter", filter)
        if search is not None:
            searches = [read_text("search", search) or None]
        self.query["search"] = [read_text("name", name) or None, *searches]
        self.is_filtered = filter is not None

    def add_tags(self, **values: Texts) -> None:
        """Tags that must be there as well; raises `HFValidationError` for what is no text."""
        for name, value in values.items():
            self.query["filter"] += read_texts(name, value)

    def add_fields(self, **values: Texts) -> None:
        """The same for tags that begin with the name of their kind, `size_categories:n<1K`."""
        for name, value in values.items():
            self.query["filter"] += with_prefix(name, read_texts(name, value))

    def add(self, **values: Any) -> None:
        """More conditions; None is none. Raises `HFValidationError` for values of another type."""
        for name, value in values.items():
            if name in _SEVERAL:
                self.query[name] = read_texts(name, value)
            elif name in _SWITCHES:
                self.query[name] = _read_switch(name, value)
            else:
                self.query[name] = read_text(name, value) or None

    def order(self, sort: str | None, direction: int | None, limit: int | None) -> None:
        """How the list is sorted and cut; raises `HFValidationError`."""
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
            raise HFValidationError(f"limit is a number, not {limit!r}.")
        if limit is not None and limit < 0:
            raise HFValidationError(f"limit is 0 at least, not {limit}.")
        if direction is not None:
            direction = -1 if direction == -1 else 1
        key = read_text("sort", sort) or None
        self.limit = limit
        self.query |= {"sort": _SORT_KEYS.get(key or "", key), "direction": direction}
        self.query["limit"] = limit

    def describe(self, expand: Texts, **details: bool | None) -> None:
        """What is told of each entry; raises `HFValidationError` for what excludes each other."""
        wanted = {name: True for name, value in details.items() if value}
        properties = read_texts("expand", expand)
        if properties and wanted:
            raise HFValidationError(f"expand cannot be used with {' or '.join(wanted)}.")
        self.query |= wanted
        self.query["expand"] = properties

    def tell_all_when_filtered(self, full: bool | None) -> ListRequest:
        """Whoever gives a filter of models gets everything, unless something else was said."""
        if full is None and self.is_filtered and not self.query["expand"]:
            self.query["full"] = True
        return self

    def keep_emissions(self, thresholds: Thresholds | None) -> None:
        """Only entries with emissions within the thresholds; raises `HFValidationError`.

        No hub is asked for that: the client looks at the cards, so it asks for them.
        """
        if thresholds is None:
            return
        self.emissions = _read_thresholds(thresholds)
        if not self.query["expand"]:
            self.query["cardData"] = True
        elif "cardData" not in self.query["expand"]:
            raise HFValidationError("emissions_thresholds needs cardData in expand.")

    def accepts(self, info: RepoInfo) -> bool:
        """Whether the entry is one of those that are wanted."""
        if self.emissions is None:
            return True
        card = info.card_data
        found = None if card is None else read_emissions(card.get("co2_eq_emissions"))
        least, most = self.emissions
        return found is not None and (
            (least is None or least <= found) and (most is None or found <= most)
        )


def _read_switch(name: str, value: bool | None) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise HFValidationError(f"{name} is True, False or None, not {value!r}.")
    return value


def _read_thresholds(thresholds: Thresholds) -> Thresholds:
    try:
        least, most = thresholds
        valid = all(bound is None or bound == float(bound) for bound in thresholds)
    except (TypeError, ValueError):
        valid = False
    if not valid or (least is None and most is None):
        raise HFValidationError(
            f"emissions_thresholds is a pair of numbers, of which one may be None: {thresholds!r}"
        )
    return least, most


def read_emissions(value: Any) -> float | None:
    """The grams that a card tells as `co2_eq_emissions`: a number, a text with one, or an object.

    None when it tells none.
    """
    if isinstance(value, dict):
        value = value.get("emissions")
    if isinstance(value, str):
        number = _NUMBER.search(value)
        return None if number is None else float(number[0])
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
