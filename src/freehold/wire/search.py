"""Search: what is asked for in words, and what is found."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire
from freehold.wire.repos import Gated, RepoInfo


class SearchQuery(Wire, kw_only=True):
    """What is looked for: all words of `q`, of which the last one may be the beginning of a word.

    The first ten words of the first 1,000 characters count. `type` is `model`, `dataset`, `space`
    or `kernel` and may be repeated; without it, all are searched. A page has up to 100 hits.
    """

    q: str = ""
    type: list[str] = []
    limit: int | None = None
    skip: int = 0


class TextPiece(Wire, kw_only=True):
    """Some of a text; `highlight` is what was looked for."""

    text: str
    type: Literal["text", "highlight"]


class SearchHit(Wire, kw_only=True):
    """A repository that was found; `name` is its `namespace/name`, as is `id`.

    `snippet` is the part of its card where a word was found, else its beginning.
    """

    id_: str = field(name="_id")
    id: str
    name: str
    author: str
    type: str
    private: bool
    gated: Gated
    likes: int
    downloads: int
    last_modified: str
    pipeline_tag: str | UnsetType = field(default=UNSET, name="pipeline_tag")
    tags: list[str]
    snippet: list[TextPiece]


class SearchResults(Wire, kw_only=True):
    """A page of what was found, the best first.

    `estimatedTotalHits` counts no further than it was searched: see `search_text`.
    """

    hits: list[SearchHit]
    estimated_total_hits: int
    limit: int
    skip: int


class QuicksearchQuery(Wire, kw_only=True):
    """What a name holds; `type` limits the groups and may be repeated or have commas.

    It is `model`, `dataset`, `space`, `user` or `org`; of papers and collections none is found.
    `limit` is the most of each group, up to 100.
    """

    q: str = ""
    type: list[str] = []
    limit: int | None = None


class NamedRepo(Wire, kw_only=True):
    """A repository by its `namespace/name`."""

    id_: str = field(name="_id")
    id: str


class NamedUser(Wire, kw_only=True):
    """A user by name."""

    id_: str = field(name="_id")
    user: str
    fullname: str
    avatar_url: str


class NamedOrganization(Wire, kw_only=True):
    """An organisation by name."""

    id_: str = field(name="_id")
    name: str
    fullname: str
    avatar_url: str


class QuicksearchResults(Wire, kw_only=True):
    """What has a name like that, the best first, and how much was found in each group.

    The numbers count no further than it was searched: see `quicksearch`.
    """

    models: list[NamedRepo] = []
    models_count: int = 0
    datasets: list[NamedRepo] = []
    datasets_count: int = 0
    spaces: list[NamedRepo] = []
    spaces_count: int = 0
    users: list[NamedUser] = []
    users_count: int = 0
    orgs: list[NamedOrganization] = []
    orgs_count: int = 0
    papers: list[dict[str, Any]] = []
    papers_count: int = 0
    collections: list[dict[str, Any]] = []
    collections_count: int = 0
    q: str


class TrendingQuery(Wire, kw_only=True):
    """Which repositories are wanted: `model`, `dataset`, `space`, or `all`; 1 to 20 of them."""

    type: str = "all"
    limit: int | None = None


class TrendingRepo(Wire, kw_only=True):
    """A repository that people look at now, as lists of its type show it."""

    repo_type: str
    repo_data: RepoInfo


class Trending(Wire, kw_only=True):
    """What people look at now, the most first."""

    recently_trending: list[TrendingRepo]
