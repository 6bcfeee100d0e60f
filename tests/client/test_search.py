"""Search: what a hub is asked for, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from freehold import (
    DatasetInfo,
    HfApi,
    HFValidationError,
    InvalidAnswerError,
    ModelInfo,
    Quicksearch,
    SearchHit,
    User,
)
from tests.client.listed import ListedHub
from tests.live import LiveHub, fresh_name

TINY = {
    "_id": "0" * 24,
    "id": "lab/tiny",
    "type": "model",
    "lastModified": "2024-01-03T03:04:05.000Z",
    "likes": 3,
    "snippet": [{"text": "A ", "type": "text"}, {"text": "model", "type": "highlight"}],
}


@pytest.fixture
def hub() -> Iterator[ListedHub]:
    """A hub that finds the same two whatever it is asked."""
    found = {"hits": [TINY, {"id": "lab/x", "type": "dataset"}], "estimatedTotalHits": 2}
    with ListedHub({"search/full-text": found}) as hub:
        yield hub


def test_search_repos(hub: ListedHub) -> None:
    tiny, other = hub.api.search_repos("a model")
    assert isinstance(tiny, SearchHit)
    assert (tiny.id, tiny.repo_type, tiny.snippet, tiny.likes) == (
        "lab/tiny",
        "model",
        "A model",
        3,
    )
    assert tiny.last_modified == datetime(2024, 1, 3, 3, 4, 5, tzinfo=UTC)
    assert (other.id, other.snippet, other.likes, other.tags) == ("lab/x", "", None, None)
    assert hub.queries == [[("q", "a model"), ("limit", "20")]]
    hub.api.search_repos("", repo_type=["model", "space"], limit=3)
    assert hub.queries[1:] == [[("q", ""), ("type", "model"), ("type", "space"), ("limit", "3")]]


def test_search_repos_reads_as_many_pages_as_are_wanted(hub: ListedHub) -> None:
    pages: list[list[dict[str, Any]]] = [[{**TINY, "id": f"lab/{n}"} for n in range(100)], [TINY]]
    answers = iter([{"hits": page} for page in pages])
    hub.answers = AnyPath(answers)
    found = hub.api.search_repos("x", limit=150)
    assert [hit.id for hit in found] == [*(f"lab/{n}" for n in range(100)), "lab/tiny"]
    assert hub.queries == [
        [("q", "x"), ("limit", "100")],
        [("q", "x"), ("limit", "50"), ("skip", "100")],
    ]


class AnyPath(dict[str, Any]):
    """Gives the next answer, whatever path is asked for."""

    def __init__(self, answers: Iterator[Any]) -> None:
        super().__init__()
        self._answers = answers

    def __missing__(self, path: str) -> Any:
        return next(self._answers)


def test_search_repos_gives_no_more_than_was_asked_for(hub: ListedHub) -> None:
    assert [hit.id for hit in hub.api.search_repos("x", limit=1)] == ["lab/tiny"]


def test_wrong_arguments_ask_for_nothing(hub: ListedHub) -> None:
    for call in (hub.api.search_repos, hub.api.quicksearch):
        with pytest.raises(HFValidationError, match="limit is 1 or more"):
            call("x", limit=0)
        with pytest.raises(HFValidationError, match="query is a text"):
            call(3)  # type: ignore[arg-type]
    with pytest.raises(HFValidationError):
        hub.api.list_trending(limit=-1)
    assert hub.requests == []


def test_answers_that_lack_something(hub: ListedHub) -> None:
    for answer in ({}, {"hits": 3}, {"hits": [{"id": "x"}]}, {"hits": [3]}):
        hub.answers = {"search/full-text": answer}
        with pytest.raises(InvalidAnswerError):
            hub.api.search_repos("x")
    hub.answers = {"trending": {"recentlyTrending": [{"repoType": "movie", "repoData": {}}]}}
    with pytest.raises(InvalidAnswerError):
        hub.api.list_trending()


def test_quicksearch(hub: ListedHub) -> None:
    answer = {
        "models": [{"_id": "1", "id": "lab/tiny"}],
        "modelsCount": 1,
        "users": [{"_id": "2", "user": "u", "fullname": "U", "avatarUrl": "/a"}],
        "papers": [{"title": "?"}],
    }
    hub.answers = {"quicksearch": answer}
    found = hub.api.quicksearch("t", type="user", limit=3)
    assert hub.queries == [[("q", "t"), ("type", "user"), ("limit", "3")]]
    assert isinstance(found, Quicksearch)
    assert (found.models, found.spaces, found.orgs) == (["lab/tiny"], [], [])
    [user] = found.users
    assert isinstance(user, User)
    assert (user.username, user.fullname) == ("u", "U")


def test_list_trending(hub: ListedHub) -> None:
    items = [
        {"repoType": "dataset", "repoData": {"id": "lab/data", "likes": 2}},
        {"repoType": "model", "repoData": {"id": "lab/tiny", "likes": 1}},
    ]
    hub.answers = {"trending": {"recentlyTrending": items}}
    found = hub.api.list_trending()
    assert [(type(info), info.id) for info in found] == [
        (DatasetInfo, "lab/data"),
        (ModelInfo, "lab/tiny"),
    ]
    hub.api.list_trending(repo_type="model", limit=5)
    assert hub.queries == [[("limit", "10")], [("type", "model"), ("limit", "5")]]


def test_a_hub_is_searched(shared_hub: Callable[[str], LiveHub]) -> None:
    live = shared_hub("sqlite")
    user = live.user()
    api = HfApi(endpoint=live.url, token=user.token)
    repo_id = api.create_repo(f"{user.name}/{fresh_name('repo')}").repo_id
    assert [hit.id for hit in api.search_repos(repo_id)] == [repo_id]
    assert api.quicksearch(repo_id, type=["model", "user"]).models == [repo_id]
    assert len(api.list_trending(repo_type="model", limit=1)) == 1
