"""What a list of repositories is narrowed by: read from an address, and written into one again.

The addresses are those of the Hub, so that links to its lists work here: values of one field are
joined by commas, and tags stand with their prefix, as in `license=license:mit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

from freehold.errors import BadRequestError
from freehold.server.core.facets import label_tag
from freehold.server.web.repo_rows import label_library
from freehold.wire.listings import ListQuery

ROWS = 30
# Further pages are reached by the links alone: they cost the same however far they are.
MAX_NUMBERED = 100
MAX_SEARCH = 250
# Of all conditions, in characters: each link of the page has them all.
MAX_CONDITIONS = 4000

SORTS = {
    "trending": "Trending",
    "likes": "Most likes",
    "downloads": "Most downloads",
    "modified": "Recently updated",
    "created": "Recently created",
    "most_params": "Most parameters",
    "least_params": "Fewest parameters",
}
_BY_SIZE = {"most_params", "least_params"}
_ORDERS = {
    "trending": "trendingScore",
    "likes": "likes",
    "downloads": "downloads",
    "modified": "lastModified",
    "created": "createdAt",
    "most_params": "numParameters",
    "least_params": "numParameters",
}
# The names of the API, and orders that other hubs have and this one has no data for.
_OTHER_SORTS = {
    "lastModified": "modified",
    "last_modified": "modified",
    "createdAt": "created",
    "created_at": "created",
    "trendingScore": "trending",
    "trending_score": "trending",
    **dict.fromkeys(("likes7d", "likes30d"), "trending"),
    **dict.fromkeys(("numParameters", "num_parameters"), "most_params"),
    **dict.fromkeys(("main_size", "most_rows", "least_rows", "relevance"), "trending"),
}


class Facet(NamedTuple):
    """A field that lists are narrowed by: its name in addresses, and the tags that it has.

    `type` is that of the tags, and `prefix` what they begin with. Of a `single` one, a repository
    has one, so another choice replaces it.
    """

    field: str
    type: str
    title: str
    one: str
    prefix: str = ""
    single: bool = False

    def label(self, value: str) -> str:
        """A value of it in the words of people."""
        bare = value.removeprefix(self.prefix)
        if self.type == "library":
            return label_library(bare)
        return label_tag(self.type, bare)


class Kind(NamedTuple):
    """A type of repositories as its list shows it."""

    type: str
    path: str
    title: str
    one: str
    many: str
    facets: tuple[Facet, ...]


_LICENCES = Facet("license", "license", "Licences", "licence", "license:", True)
KINDS = {
    "model": Kind(
        *("model", "/models", "Models", "model", "models"),
        (
            Facet("pipeline_tag", "pipeline_tag", "Tasks", "task", single=True),
            Facet("library", "library", "Libraries", "library"),
            Facet("language", "language", "Languages", "language"),
            _LICENCES,
        ),
    ),
    "dataset": Kind(
        *("dataset", "/datasets", "Datasets", "dataset", "datasets"),
        (
            Facet("task_categories", "task_categories", "Tasks", "task", "task_categories:"),
            Facet("modality", "modality", "Modalities", "modality", "modality:"),
            Facet("size_categories", "size_categories", "Sizes", "size", "size_categories:", True),
            Facet("format", "format", "Formats", "format", "format:"),
            Facet("language", "language", "Languages", "language", "language:"),
            Facet("library", "library", "Libraries", "library", "library:"),
            _LICENCES,
        ),
    ),
    "space": Kind(
        *("space", "/spaces", "Spaces", "Space", "Spaces"),
        (Facet("sdk", "sdk", "SDKs", "SDK", single=True), _LICENCES),
    ),
    "kernel": Kind(
        *("kernel", "/kernels", "Kernels", "kernel", "kernels"),
        (Facet("library", "library", "Libraries", "library"), _LICENCES),
    ),
}

# Fields that have no place at the side: links and other hubs use them. What their tags begin with.
_MORE_TAGS = {
    **dict.fromkeys(("other", "filter", "tags"), ""),
    **{name: f"{name}:" for name in ("dataset", "base_model", "region", "task_ids", "benchmark")},
    **{name: f"{name}:" for name in ("arxiv", "doi", "annotations_creators", "multilinguality")},
    **{name: f"{name}:" for name in ("language_creators", "source_datasets")},
}
_MORE_FIELDS = ("apps", "models", "datasets")
# These have one value, which may hold a comma.
_WHOLE = ("search", "author", "num_parameters", "gated")

SIZES = (
    ("max:1B", "Under 1B"),
    ("min:1B,max:8B", "1B to 8B"),
    ("min:8B,max:32B", "8B to 32B"),
    ("min:32B,max:128B", "32B to 128B"),
    ("min:128B", "Over 128B"),
)


def list_sorts(type: str, chosen: str) -> dict[str, str]:
    """The orders that say something of that type, and the one that was chosen anyway."""
    left_out = {"model": set(), "space": {"downloads", *_BY_SIZE}}.get(type, _BY_SIZE) - {chosen}
    return {name: label for name, label in SORTS.items() if name not in left_out}


class Chip(NamedTuple):
    """A condition of a list, and the address of the list without it."""

    kind: str
    label: str
    without: str


class Filters:
    """The conditions and the order of one list; raises `BadRequestError` for what cannot be."""

    def __init__(
        self, kind: Kind, lists: Mapping[str, list[str]], default_sort: str = "trending"
    ) -> None:
        self.kind = kind
        self.path = kind.path
        self.default_sort = default_sort
        self._given = {name.removesuffix("[]"): values for name, values in lists.items()}
        self._facets = {facet.field: facet for facet in kind.facets}
        self.sort = _read_sort(self._last("sort") or default_sort)
        self.search = self._last("search").strip()
        if len(self.search) > MAX_SEARCH:
            raise BadRequestError(f"A search has at most {MAX_SEARCH} characters.")
        self.chosen = dict(self._read_chosen())
        if sum(len(values) for _, values in self.pairs()) > MAX_CONDITIONS:
            raise BadRequestError("These are too many conditions for one list.")
        self.cursor = self._last("cursor")
        self.page = _read_page(self._last("p"))

    def _last(self, name: str) -> str:
        return self._given.get(name, [""])[-1]

    def _read_chosen(self) -> Iterator[tuple[str, list[str]]]:
        for name, values in self._given.items():
            if name in _WHOLE and name != "search":
                found = [values[-1].strip()]
            elif name in self._facets or name in _MORE_TAGS or name in _MORE_FIELDS:
                found = [part.strip() for value in values for part in value.split(",")]
            else:
                continue
            if chosen := [*dict.fromkeys(filter(None, found))]:
                yield name, chosen

    @property
    def is_narrowed(self) -> bool:
        """Whether the list is not simply all of its type."""
        return bool(self.search or self.chosen)

    def query(self) -> ListQuery:
        """What the list is asked for."""
        query = ListQuery(
            search=self.search.split(),
            author=self._one("author"),
            tags=list(self._tags()),
            apps=self.chosen.get("apps", []),
            models=self.chosen.get("models", []),
            datasets=self.chosen.get("datasets", []),
            num_parameters=self._one("num_parameters"),
            sort=_ORDERS[self.sort],
            limit=ROWS,
            cursor=self.cursor,
            skip=0 if self.cursor else self.page * ROWS,
        )
        if self.sort == "least_params":
            query.direction = "1"
            # Of what is not known, nobody knows that it is small.
            query.num_parameters = query.num_parameters or "min:0"
        if self._one("gated"):
            query.gated = self._one("gated").lower() in ("true", "1")
        return query

    def _one(self, name: str) -> str:
        return self.chosen.get(name, [""])[0]

    def _tags(self) -> Iterator[str]:
        for name, values in self.chosen.items():
            prefix = self._facets[name].prefix if name in self._facets else _MORE_TAGS.get(name)
            if prefix is not None:
                yield from (add_prefix(prefix, value) for value in values)

    # Addresses

    def pairs(self, **changes: list[str]) -> list[tuple[str, str]]:
        """The conditions as the fields of an address; `changes` replace those of a field."""
        chosen = {**self.chosen, **changes}
        pairs = [("search", self.search)] if self.search else []
        pairs += [(name, ",".join(values)) for name, values in chosen.items() if values]
        return pairs if self.sort == self.default_sort else [*pairs, ("sort", self.sort)]

    def url(self, *more: tuple[str, str], **changes: list[str]) -> str:
        """The address of the first page, with some conditions changed and fields added."""
        return join_url(self.path, [*self.pairs(**changes), *more])

    def chips(self) -> list[Chip]:
        """The conditions, each with the address without it."""
        rest = [pair for pair in self.pairs() if pair[0] != "search"]
        search = [Chip("name", self.search, join_url(self.path, rest))] if self.search else []
        return [
            *search,
            *(
                Chip(self._name_field(name), self._label(name, value), self.url(**{name: rest}))
                for name, values in self.chosen.items()
                for value in values
                for rest in [[other for other in values if other != value]]
            ),
        ]

    def hidden_pairs(self) -> list[tuple[str, str]]:
        """The fields of a form that has one for `search` itself, and for the order."""
        return [pair for pair in self.pairs() if pair[0] not in ("search", "sort")]

    def _name_field(self, name: str) -> str:
        facet = self._facets.get(name)
        names = {"num_parameters": "size", "other": "tag", "filter": "tag", "tags": "tag"}
        return facet.one if facet else names.get(name, name.replace("_", " "))

    def _label(self, name: str, value: str) -> str:
        if name in self._facets:
            return self._facets[name].label(value)
        return dict(SIZES).get(value, value) if name == "num_parameters" else value


def add_prefix(prefix: str, value: str) -> str:
    """The tag that a value stands for, with its prefix or without."""
    return value if value.startswith(prefix) else prefix + value


def join_url(path: str, pairs: list[tuple[str, str]]) -> str:
    """An address with those fields, written as plainly as may be."""
    return f"{path}?{urlencode(pairs, safe=':,/', quote_via=quote)}" if pairs else path


def _read_sort(text: str) -> str:
    sort = _OTHER_SORTS.get(text, text)
    if sort not in SORTS:
        known = ", ".join(SORTS)
        raise BadRequestError(f"There is no order {text[:50]!r}; there are: {known}.")
    return sort


def _read_page(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) < MAX_NUMBERED):
        raise BadRequestError(f"Pages are numbered from 0 to {MAX_NUMBERED - 1}.")
    return int(text)
