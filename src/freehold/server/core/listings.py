"""Lists of repositories: models, datasets, spaces and kernels, by what people ask for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import UNSET

from freehold.errors import BadRequestError
from freehold.formats.catalogue.languages import find_language
from freehold.server.core.access import Context
from freehold.server.core.info import OF_REPO, check_properties
from freehold.server.core.paging import Page, decode_cursor, encode_cursor
from freehold.server.core.repo_details import NULLABLE, OF_DETAILS, Subject
from freehold.server.db import listings, repo_facts
from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.listings import Listed, Place, Wanted
from freehold.wire.listings import ListQuery
from freehold.wire.repos import RepoInfo, Sibling

PAGE = 1000
MAX_CONDITIONS = 50
MAX_SKIP = 100_000

# What files say of one repository can be megabytes: when so many characters are in a page, it ends.
MAX_ANSWER = 16 * 1024 * 1024
READ_AT_ONCE = 16

# What clients call the orders, old and new ones; any other name is no order, as on other hubs.
ORDERS = {
    "downloads": "downloads",
    "likes": "likes",
    "likes7d": "trending_score",
    "likes30d": "trending_score",
    "lastModified": "last_modified",
    "last_modified": "last_modified",
    "createdAt": "created_at",
    "created_at": "created_at",
    "trendingScore": "trending_score",
    "trending_score": "trending_score",
    "num_parameters": "parameters",
    "numParameters": "parameters",
}
DEFAULT_ORDER = "trending_score"

# What programs on a user's machine can read, by their names.
APPS = {
    **dict.fromkeys(("llama.cpp", "ollama", "lmstudio", "jan", "koboldcpp", "localai"), "gguf"),
    **dict.fromkeys(("mlx-lm", "mlx"), "mlx"),
    **dict.fromkeys(("vllm", "sglang", "tgi"), "safetensors"),
    "diffusionbee": "diffusers",
}
# No repository has it.
_NO_TAG = "-"

# What a name can hold; a part of one with anything else is in no name.
_NAME_PART = re.compile(r"[a-z0-9_./-]{1,200}")
_SIZE = re.compile(r"(min|max):(\d{1,6}(?:\.\d{1,6})?)([KMB]?)", re.IGNORECASE)
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}


class Found(NamedTuple):
    """A page of repositories, and the cursor of the next one; none where this is the last."""

    listed: list[Listed]
    cursor: str = ""


def list_repos(ctx: Context, type: str, query: ListQuery) -> Page:
    """A page of the repositories that the viewer may see and that meet all conditions.

    It ends before its answer gets too large, however many were asked for. Raises
    `BadRequestError` for a limit, a cursor or a property that cannot be.
    """
    names = _properties(type, query)
    large = frozenset().union(*(_LARGE.get(name, ()) for name in names))
    found = find_repos(ctx, type, query, large)
    more = {"cursor": found.cursor, "skip": "0"} if found.cursor else None
    items = [_describe(_Item(ctx, listed), names) for listed in found.listed]
    return Page(items, next_query=more)


def find_repos(
    ctx: Context, type: str, query: ListQuery, large: frozenset[str] = frozenset()
) -> Found:
    """The same as they are stored; of what files say, what may be `large` only where it is named.

    Raises `BadRequestError` for a limit or a cursor that cannot be.
    """
    limit = _read_limit(query.limit)
    if not 0 <= query.skip <= MAX_SKIP:
        raise BadRequestError(f"skip is 0 to {MAX_SKIP}.")
    wanted = _read_query(type, query)
    if limit == 0 or wanted is None:
        return Found([])
    after = _read_cursor(query.cursor, wanted)
    with ctx.hub.db.read() as tx:
        found = listings.list_repos(
            tx, wanted, ctx.viewer.id, ctx.viewer.is_admin, after, limit + 1, query.skip
        )
        page = list(_read_large(tx, found[:limit], large)) if large else found[:limit]
    return Found(page, _write_cursor(page[-1], wanted) if len(page) < len(found) else "")


def _read_large(
    tx: Transaction, listed: Sequence[Listed], large: frozenset[str]
) -> Iterator[Listed]:
    """The first of them, with as much of what their files say as one answer may hold."""
    room = MAX_ANSWER
    for some in in_chunks(listed, READ_AT_ONCE):
        known = repo_facts.find_facts(tx, [item.repo.id for item in some], large)
        for item in some:
            facts = known.get(item.repo.id)
            room -= sum(len(getattr(facts, name) or "") for name in large) if facts else 0
            if room < 0 and item is not listed[0]:
                return
            yield item._replace(facts=facts)


def _read_limit(limit: int | None) -> int:
    """The size of the page: clients ask for all that their users want, and follow the links."""
    if limit is None:
        return PAGE
    if limit < 0:
        raise BadRequestError("A limit is 0 or more.")
    return min(limit, PAGE)


def _read_query(type: str, query: ListQuery) -> Wanted | None:
    """The conditions; `None` when nothing can meet them."""
    words = [word.lower() for word in query.search if word.strip()]
    tags = [*_split(query.filter), *query.tags, *_named_tags(query)]
    if len(words) + len(tags) > MAX_CONDITIONS:
        raise BadRequestError(f"A list takes at most {MAX_CONDITIONS} conditions.")
    if any(_NAME_PART.fullmatch(word) is None for word in words):
        return None
    # Nothing is served from here.
    if query.inference or any(query.inference_provider):
        return None
    return Wanted(
        type=type,
        words=tuple(dict.fromkeys(words)),
        tags=tuple(dict.fromkeys(_choose(tag.lower()) for tag in tags if tag)),
        author=query.author or None,
        # Only Spaces name models; among others, all would be looked at.
        linked=query.linked and type == "space",
        gated=None if query.gated is UNSET else query.gated,
        parameters=_read_sizes(query.num_parameters),
        order=ORDERS.get(query.sort, DEFAULT_ORDER),
        ascending=query.direction == "1",
    )


def _split(texts: list[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",")]


def _named_tags(query: ListQuery) -> list[str]:
    """The conditions that have a name of their own and are tags."""
    datasets = [name if ":" in name else f"dataset:{name}" for name in query.trained_dataset]
    links = [f"dataset:{name}" for name in query.datasets]
    links += [f"model:{name}" for name in query.models]
    apps = [APPS.get(app.lower(), _NO_TAG) for app in _split(query.apps) if app]
    return [query.pipeline_tag, *query.library, *query.language, *datasets, *links, *apps]


def _choose(tag: str) -> tuple[str, ...]:
    """The tag, or that of the language that somebody calls by its name."""
    code = find_language(tag)
    return (tag,) if code is None else tuple(dict.fromkeys((tag, code)))


def _read_sizes(text: str) -> tuple[int | None, int | None]:
    """The least and the most parameters, from `min:6B,max:128B`."""
    sizes: dict[str, int] = {}
    for part in _split([text]) if text else []:
        match = _SIZE.fullmatch(part)
        if match is None:
            raise BadRequestError(f"num_parameters is like min:6B,max:128B, not {text!r}.")
        sizes[match[1].lower()] = int(float(match[2]) * _UNITS[match[3].upper()])
    return sizes.get("min"), sizes.get("max")


def _fingerprint(wanted: Wanted) -> str:
    """What a cursor must have in common with the list that it goes on with: all conditions."""
    return hashlib.sha256(repr(wanted).encode("utf-8", "replace")).hexdigest()[:16]


def _write_cursor(last: Listed, wanted: Wanted) -> str:
    return encode_cursor(f"{_fingerprint(wanted)} {last.value} {last.number}")


def _read_cursor(cursor: str, wanted: Wanted) -> Place | None:
    if not cursor:
        return None
    start = f"{_fingerprint(wanted)} "
    text = decode_cursor(cursor)
    place = re.fullmatch(r"(-?\d{1,19}) (\d{1,18})", text.removeprefix(start))
    if not text.startswith(start) or place is None:
        raise BadRequestError("The cursor is not one that this hub gave for this list.")
    return Place(int(place[1]), int(place[2]))


# What is told of each


_ALWAYS = ("likes", "private", "tags", "createdAt", "trendingScore")
_BY_TYPE = {
    "model": (*_ALWAYS, "downloads", "modelId", "pipeline_tag", "library_name"),
    "dataset": (
        *(*_ALWAYS, "downloads", "author", "disabled", "gated", "lastModified", "sha"),
        *("description", "citation", "paperswithcode_id"),
    ),
    "space": (*_ALWAYS, "sdk"),
    "kernel": (*_ALWAYS, "downloads"),
}
_FULL = ("author", "sha", "lastModified", "gated", "disabled", "siblings")
_FULL_BY_TYPE = {
    "dataset": ("cardData",),
    "space": ("cardData", "subdomain", "models", "datasets", "title"),
}


def _properties(type: str, query: ListQuery) -> list[str]:
    if query.expand:
        check_properties(query.expand, _PROPERTIES)
        return [name for name in query.expand if name in _PROPERTIES]
    names = list(_BY_TYPE[type])
    if query.full:
        names += [*_FULL, *_FULL_BY_TYPE.get(type, ())]
    if query.card_data:
        names.append("cardData")
    if query.config:
        names.append("config")
    return list(dict.fromkeys(names))


class _Item:
    """A repository of a list; what its files say is read where it is asked for."""

    def __init__(self, ctx: Context, listed: Listed) -> None:
        self.ctx = ctx
        self.repo = listed.repo
        self.trending_score = listed.trending_score
        self.facts = listed.facts

    @cached_property
    def details(self) -> Subject:
        details = _from_json("details")(self) or {}
        return Subject(self.ctx, self.repo, lambda: _from_json("card")(self) or {}, details)


def _describe(item: _Item, names: list[str]) -> RepoInfo:
    info = RepoInfo(id_=item.repo.id, id=item.repo.full_name)
    for name in names:
        field, read = _PROPERTIES[name]
        value = read(item)
        if value is not None or name in NULLABLE:
            setattr(info, field, value)
    return info


def _from_json(name: str) -> Any:
    def read(item: _Item) -> Any:
        text = None if item.facts is None else getattr(item.facts, name)
        return json.loads(text) if text else None

    return read


def _tags(item: _Item) -> list[str]:
    return json.loads(item.facts.tags) if item.facts is not None else []


def _siblings(item: _Item) -> list[Sibling] | None:
    paths = _from_json("siblings")(item)
    return None if paths is None else [Sibling(rfilename=path) for path in paths]


def _of_repo(read: Any) -> Any:
    return lambda item: read(item.repo)


def _of_facts(name: str) -> Any:
    return lambda item: None if item.facts is None else getattr(item.facts, name)


def _of_details(read: Any) -> Any:
    return lambda item: read(item.details)


_PROPERTIES: dict[str, tuple[str, Any]] = {
    **{name: (field, _of_details(read)) for name, (field, read) in OF_DETAILS.items()},
    **{name: (field, _of_repo(read)) for name, (field, read) in OF_REPO.items()},
    "cardData": ("card_data", lambda item: _from_json("card")(item) or None),
    "config": ("config", _from_json("config")),
    "library_name": ("library_name", _of_facts("library_name")),
    "pipeline_tag": ("pipeline_tag", _of_facts("pipeline_tag")),
    "sha": ("sha", _of_repo(lambda repo: repo.main_oid)),
    "siblings": ("siblings", _siblings),
    "tags": ("tags", _tags),
    "trendingScore": ("trending_score", lambda item: item.trending_score),
}

# What they are read from.
_LARGE: dict[str, set[str]] = {
    **{name: {"details"} for name in OF_DETAILS},
    **{name: {"card"} for name in ("cardData", "model-index", "widgetData")},
    "config": {"config"},
    "siblings": {"siblings"},
}
