"""Searching repositories by words: in names first, then in tags, then in the text of cards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import UNSET

from freehold.errors import BadRequestError
from freehold.formats.search_text import cut_snippet, find_words
from freehold.server.core.access import Context
from freehold.server.core.listings import list_repos
from freehold.server.core.paging import check_limit
from freehold.server.db import search
from freehold.server.db.database import Transaction
from freehold.server.db.search import MOST, Candidate, FoundRepo, Viewing
from freehold.wire.dates import iso_time
from freehold.wire.ids import REPO_TYPES
from freehold.wire.listings import ListQuery
from freehold.wire.search import (
    SearchHit,
    SearchQuery,
    SearchResults,
    TextPiece,
    Trending,
    TrendingQuery,
    TrendingRepo,
)

PAGE = 20
MAX_PAGE = 100
MAX_WORDS = 10
MAX_QUERY = 1000
MAX_TRENDING = 20

TRENDING_TYPES = ("model", "dataset", "space")

# What a name can hold; three of these are what the index for parts of names needs.
_NAME_PART = re.compile(r"[a-z0-9_./-]{3,200}")
_NAME_START = re.compile(r"[a-z0-9_.-]{1,200}")
# What is between the words of a name.
_APART = re.compile(r"[-_./]")

# So few letters begin too many words to look at them all.
_LONG_ENOUGH = 3

# Tags are found as they are written, with one of these where words are apart.
_JOINTS = ("-", "_", " ")
_TAG_KINDS = ("license:", "language:", "dataset:", "library:")

# What a word is worth where it is found.
_IN_NAME = 16
_BEGINS_IN_NAME = 12
_WITHIN_NAME = 8
_IN_NAMESPACE = 6
_IN_TAGS = 4
_IN_TEXT = 1

Source = Callable[[Transaction, Viewing], list[Candidate]]


class Asked(NamedTuple):
    """What somebody looks for: the text in lower case, and its words."""

    text: str
    words: list[str]

    @classmethod
    def read(cls, query: str) -> Asked:
        """As much of the query as counts."""
        text = query[:MAX_QUERY].strip().lower()
        return cls(text, find_words(text, MAX_WORDS))

    @property
    def name(self) -> str:
        """What a name that is meant begins with; empty when no name does."""
        names = (self.text, "-".join(self.words))
        return next(filter(_NAME_START.fullmatch, names), "")


class Found(NamedTuple):
    """A page of what was found, of how much, and what was asked for."""

    repos: list[FoundRepo]
    total: int
    asked: Asked


def search_text(ctx: Context, query: SearchQuery) -> SearchResults:
    """A page of the repositories that the viewer may see and that have all of the words.

    Those with the words in their names come first, then those with more of them in names and
    tags; of equals, what has more likes, of the last days and of all time. Of names, of tags and
    of texts the first 2,000 with the words are looked at (of texts, PostgreSQL looks at 1,000),
    and searching ends with 500 that the viewer may see. Of the 300 that people like most, those
    with such a name are always among them; which others these are is not said, and
    `estimatedTotalHits` does not count the rest. On a hub with more than 50,000 repositories the
    last word may be begun in names alone.

    Raises `BadRequestError` for a type, a limit or a `skip` that cannot be.
    """
    found = find_text(ctx, query)
    return SearchResults(
        hits=[_describe(repo, found.asked) for repo in found.repos],
        estimated_total_hits=found.total,
        limit=check_limit(query.limit, PAGE, MAX_PAGE),
        skip=query.skip,
    )


def find_text(ctx: Context, query: SearchQuery) -> Found:
    """What `search_text` tells, as it is stored; raises `BadRequestError` as that does."""
    limit = check_limit(query.limit, PAGE, MAX_PAGE)
    if query.skip < 0:
        raise BadRequestError("skip is 0 or more.")
    asked = Asked.read(query.q)
    types = read_types(query.type, REPO_TYPES)
    with ctx.hub.db.read() as tx:
        viewing = Viewing.of(tx, types, ctx.viewer.id, ctx.viewer.is_admin)
        ranked = find_ranked(tx, viewing, asked, MOST, only_names=False)
        page = [found.id for found in ranked[query.skip : query.skip + limit]]
        known = search.read_found(tx, viewing, page)
    return Found([known[id] for id in page if id in known], len(ranked), asked)


def read_types(given: Iterable[str], known: Sequence[str]) -> list[str]:
    """The types that are asked for, all when none is; raises `BadRequestError`."""
    types = [type for part in given for type in part.split(",") if type]
    unknown = set(types) - set(known)
    if unknown:
        raise BadRequestError(f"There is no type {min(unknown)!r}; there are: {', '.join(known)}.")
    return [type for type in known if type in types] or list(known)


# Finding


def find_ranked(
    tx: Transaction, viewing: Viewing, asked: Asked, enough: int, only_names: bool
) -> list[Candidate]:
    """What is found, the best first: by names, and by more where these are not enough."""
    found: dict[str, Candidate] = {}
    _collect(found, _name_sources(asked), enough, tx, viewing)
    if len(found) >= enough:
        _add_popular(found, asked, tx, viewing)
    elif not only_names:
        _collect(found, _text_sources(asked), enough, tx, viewing)
    return sorted(found.values(), key=lambda item: _rank(item, asked), reverse=True)[:MOST]


def _collect(
    found: dict[str, Candidate],
    sources: Iterable[Source],
    enough: int,
    tx: Transaction,
    viewing: Viewing,
) -> None:
    for source in sources:
        if len(found) < enough:
            found |= {candidate.id: candidate for candidate in source(tx, viewing)}


def _add_popular(
    found: dict[str, Candidate], asked: Asked, tx: Transaction, viewing: Viewing
) -> None:
    """What most people mean must not be missing where only some of many were looked at."""
    longest = max(asked.words, key=len, default="")
    for item in search.find_popular(tx, viewing, longest) if longest else ():
        if _closeness(item.name.lower(), item.namespace.lower(), asked):
            found[item.id] = item


def _name_sources(asked: Asked) -> Iterator[Source]:
    """Where repositories are found by their names, the best first."""
    if asked.name:
        yield partial(search.find_by_name_start, start=asked.name)
    if asked.words:
        yield partial(search.find_by_name_words, words=asked.words)
    if _NAME_PART.fullmatch(asked.text):
        yield partial(search.find_by_name_part, part=asked.text)


def _text_sources(asked: Asked) -> Iterator[Source]:
    """Where they are found by their tags and their cards."""
    if asked.words:
        yield partial(search.find_by_tag, tags=_possible_tags(asked))
        yield partial(search.find_by_words, words=asked.words)
        if len(asked.words[-1]) >= _LONG_ENOUGH:
            yield partial(search.find_by_begun_words, words=asked.words)


def _possible_tags(asked: Asked) -> list[str]:
    """The tags that may be meant."""
    joined = [joint.join(asked.words) for joint in _JOINTS]
    kinds = [kind + joined[0] for kind in _TAG_KINDS]
    return list(dict.fromkeys(tag for tag in (asked.text, *joined, *kinds) if "\0" not in tag))


def _rank(item: Candidate, asked: Asked) -> tuple[Any, ...]:
    """What is larger the better it fits; then the more people like it, and the newer it is."""
    name, space = item.name.lower(), item.namespace.lower()
    fits = _closeness(name, space, asked), _worth(name, space, item.tag_words, asked.words)
    return *fits, item.trending_score, item.likes, item.updated_at, item.id


def _closeness(name: str, space: str, asked: Asked) -> int:
    """3 for the name that was asked for, 2 for one that begins so, 1 for one with that part."""
    full_name, wanted = f"{space}/{name}", asked.name or asked.text
    if wanted == name or asked.text == full_name:
        return 3
    if name.startswith(wanted) or full_name.startswith(asked.text):
        return 2
    *whole, last = asked.words or [asked.text]
    parts = _parts(full_name)
    has_words = all(word in parts for word in whole) and any(p.startswith(last) for p in parts)
    return int(has_words or asked.text in full_name)


def _parts(name: str) -> list[str]:
    return _APART.split(name)


def _worth(name: str, space: str, tag_words: str, words: list[str]) -> int:
    """The sum of what each word is worth where it is found."""
    parts, spaces, tags = _parts(name), _parts(space), tag_words.split()
    return sum(_worth_of(word, name, parts, spaces, tags) for word in words)


def _worth_of(word: str, name: str, parts: list[str], spaces: list[str], tags: list[str]) -> int:
    if word in name:
        begins = any(part.startswith(word) for part in parts)
        return _IN_NAME if word in parts else _BEGINS_IN_NAME if begins else _WITHIN_NAME
    if word in spaces:
        return _IN_NAMESPACE
    return _IN_TAGS if word in tags else _IN_TEXT


# Telling


def _describe(found: FoundRepo, asked: Asked) -> SearchHit:
    repo = found.repo
    return SearchHit(
        id_=repo.id,
        id=repo.full_name,
        name=repo.full_name,
        author=repo.namespace,
        type=repo.type,
        private=repo.private,
        gated=repo.gated or False,  # type: ignore[arg-type] # a check of the table says so
        likes=repo.likes,
        downloads=repo.downloads,
        last_modified=iso_time(repo.updated_at),
        pipeline_tag=found.pipeline_tag or UNSET,
        tags=json.loads(found.tags or "[]"),
        snippet=[
            TextPiece(text=piece.text, type="highlight" if piece.found else "text")
            for piece in cut_snippet(found.body, asked.words)
        ],
    )


def list_trending(ctx: Context, query: TrendingQuery) -> Trending:
    """What people look at now, of what the viewer may see; raises `BadRequestError`."""
    limit = check_limit(query.limit, 10, MAX_TRENDING)
    types = TRENDING_TYPES if query.type == "all" else read_types([query.type], TRENDING_TYPES)
    wanted = ListQuery(limit=limit, sort="trendingScore")
    found = [
        TrendingRepo(repo_type=type, repo_data=info)
        for type in types
        for info in list_repos(ctx, type, wanted).items
    ]
    ranked = sorted(found, key=lambda item: item.repo_data.trending_score or 0, reverse=True)
    return Trending(recently_trending=ranked[:limit])
