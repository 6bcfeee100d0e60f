"""Finding anything by words: in names, tags and cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freehold import wire
from freehold.client.calls import Caller, parse_with
from freehold.client.errors import HFValidationError
from freehold.client.names import Token

if TYPE_CHECKING:
    from freehold.client.info import RepoInfo
    from freehold.client.search_filters import Texts
    from freehold.client.search_info import Quicksearch, SearchHit
    from freehold.wire.route import Route

# The largest page of a hub.
_PAGE = 100


class Search(Caller):
    """Calls that find by words."""

    def search_repos(
        self,
        query: str,
        *,
        repo_type: Texts = None,
        limit: int = 20,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[SearchHit]:
        """The repositories that have all of the words in names, tags and cards, the best first.

        The last word may be the beginning of one. `repo_type` is one type or several, by default
        all. Raises `HFValidationError` for a limit below 1.
        """
        from freehold.client.search_info import SearchHit

        asked = _ask(query, repo_type, limit)
        found: list[SearchHit] = []
        while len(found) < limit:
            size = min(limit - len(found), _PAGE)
            page = asked | {"limit": size, "skip": len(found) or None}
            answer = self._get(wire.community_routes.SEARCH_TEXT, page, token, timeout)
            hits = parse_with(lambda data: list(map(SearchHit.parse, data["hits"])), answer)
            found += hits
            if len(hits) < size:
                break
        return found[:limit]

    def quicksearch(
        self,
        query: str,
        *,
        type: Texts = None,
        limit: int = 10,
        token: Token = None,
        timeout: float | None = None,
    ) -> Quicksearch:
        """What has a name like that: repositories, users and organisations, the best first.

        `type` limits it to one or several of "model", "dataset", "space", "user" and "org"; up to
        `limit` of each are given. Raises `HFValidationError` for a limit below 1.
        """
        from freehold.client.search_info import Quicksearch

        asked = _ask(query, type, limit) | {"limit": limit}
        answer = self._get(wire.community_routes.QUICKSEARCH, asked, token, timeout)
        found: Quicksearch = parse_with(Quicksearch.parse, answer)
        return found

    def list_trending(
        self,
        *,
        repo_type: str | None = None,
        limit: int = 10,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[RepoInfo]:
        """What people look at now: models, datasets and Spaces, or those of one type, up to 20.

        Raises `HFValidationError` for a limit below 1.
        """
        from freehold.client.info import INFO_TYPES

        _check_limit(limit)
        asked = {"type": repo_type, "limit": limit}
        answer = self._get(wire.community_routes.LIST_TRENDING, asked, token, timeout)
        found: list[RepoInfo] = parse_with(
            lambda data: [
                INFO_TYPES[item["repoType"]](**item["repoData"])
                for item in data["recentlyTrending"]
            ],
            answer,
        )
        return found

    def _get(
        self, route: Route, query: dict[str, Any], token: Token, timeout: float | None
    ) -> dict[str, Any]:
        url = self._session.url(route, query=query)
        return self._session.request("GET", url, token=token, timeout=timeout).object()


def _ask(query: str, types: Texts, limit: int) -> dict[str, Any]:
    """The query of a call; raises `HFValidationError`."""
    from freehold.client.search_filters import read_text, read_texts

    _check_limit(limit)
    return {"q": read_text("query", query), "type": read_texts("type", types)}


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise HFValidationError(f"limit is 1 or more, not {limit!r}.")
