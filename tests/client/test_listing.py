"""Lists of repositories: what a hub is asked for, and what is made of its pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from freehold import (
    AsyncHfApi,
    DatasetInfo,
    HfApi,
    HFValidationError,
    InvalidAnswerError,
    MetricInfo,
    ModelFilter,
    ModelInfo,
    SpaceInfo,
    UnavailableError,
)
from freehold.client import retries
from freehold.client.addresses import same_list
from freehold.client.listing_query import read_emissions
from tests.client.hostile import HostileServer, in_turn, reply
from tests.client.listed import ListedHub, entries
from tests.loops import run_async

Pairs = list[tuple[str, str]]


@pytest.fixture
def hub() -> Iterator[ListedHub]:
    """A hub with nothing on it: what matters is what it is asked."""
    with ListedHub({"models": [], "datasets": [], "spaces": []}) as hub:
        yield hub


def query_of(hub: ListedHub, method: str, **arguments: Any) -> Pairs:
    """What the hub is asked for by one call."""
    assert list(getattr(hub.api, method)(**arguments)) == []
    return hub.queries[-1]


# What is asked for


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, ""),
        ({"filter": "text-classification"}, "filter=text-classification full=true"),
        ({"filter": ("a", "b")}, "filter=a filter=b full=true"),
        ({"filter": iter(["a", "b"])}, "filter=a filter=b full=true"),
        ({"filter": "a", "full": False}, "filter=a"),
        ({"filter": "a", "expand": ["author"]}, "filter=a expand=author"),
        ({"search": "bert"}, "search=bert"),
        ({"search": "bert", "author": "google"}, "author=google search=bert"),
        ({"search": ""}, ""),
        ({"author": ""}, ""),
        ({"full": True, "cardData": True, "fetch_config": True}, "full= cardData= config="),
        ({"sort": "lastModified", "direction": -1}, "sort=lastModified direction=-1"),
        ({"sort": "last_modified", "limit": 5}, "sort=lastModified limit=5"),
        ({"sort": "created_at", "direction": 1}, "sort=createdAt direction=1"),
        ({"sort": "trending_score", "direction": 0}, "sort=trendingScore direction=1"),
        ({"sort": "main_size"}, "sort=mainSize"),
        ({"model_name": "n", "search": "s"}, "search=n search=s"),
        (
            {"filter": "f", "library": ["l", "k"], "task": "t", "language": "en", "tags": ("x",)},
            "filter=f filter=l filter=k filter=t filter=en filter=x full=true",
        ),
        ({"task": "t"}, "filter=t"),
        ({"trained_dataset": ["d", "dataset:e"]}, "filter=dataset:d filter=dataset:e"),
        ({"apps": "a", "gated": True, "inference": "warm"}, "apps=a gated=true inference=warm"),
        ({"apps": ["a", "b"], "gated": False}, "apps=a apps=b gated=false"),
        ({"inference_provider": ["p", "q"]}, "inference_provider=p inference_provider=q"),
        ({"pipeline_tag": "p", "num_parameters": "min:6B"}, "pipeline_tag=p num_parameters=min:6B"),
        ({"expand": ["likes", "sha"]}, "expand=likes expand=sha"),
        ({"emissions_thresholds": (1, 2)}, "cardData=true"),
        ({"emissions_thresholds": (1, 2), "expand": "cardData"}, "expand=cardData"),
    ],
)
def test_list_models_asks_for(hub: ListedHub, arguments: dict[str, Any], query: str) -> None:
    assert sorted(query_of(hub, "list_models", **arguments)) == pairs(query)
    assert hub.paths == ["models"]


def pairs(text: str) -> Pairs:
    """The pairs of a query; `full=` stands for `full=true`."""
    found = [part.partition("=") for part in text.split()]
    return sorted((name, value or "true") for name, _, value in found)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, ""),
        ({"filter": "task_categories:x"}, "filter=task_categories:x"),
        (
            {"filter": ("language:ru", "task_ids:language-modeling")},
            "filter=language:ru filter=task_ids:language-modeling",
        ),
        ({"cardData": True}, "full="),
        ({"full": True, "search": "text", "author": "google"}, "full= search=text author=google"),
        (
            {"benchmark": True, "dataset_name": "n", "search": "s"},
            "filter=benchmark:official search=n search=s",
        ),
        ({"benchmark": False}, ""),
        (
            {
                "benchmark": "raft",
                "language_creators": ["c", "d"],
                "language": "en",
                "multilinguality": "m",
                "size_categories": "100K<n<1M",
                "task_categories": "task_categories:x",
                "task_ids": "i",
                "tags": "t",
                "gated": True,
            },
            "filter=benchmark:raft filter=language_creators:c filter=language_creators:d"
            " filter=language:en filter=multilinguality:m filter=size_categories:100K<n<1M"
            " filter=task_categories:x filter=task_ids:i filter=t gated=true",
        ),
        (
            {"sort": "last_modified", "direction": -1, "limit": 2},
            "sort=lastModified direction=-1 limit=2",
        ),
        ({"expand": ["mainSize"]}, "expand=mainSize"),
    ],
)
def test_list_datasets_asks_for(hub: ListedHub, arguments: dict[str, Any], query: str) -> None:
    assert sorted(query_of(hub, "list_datasets", **arguments)) == pairs(query)
    assert hub.paths == ["datasets"]


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, ""),
        ({"filter": ["gradio", "x"], "full": True}, "filter=gradio filter=x full="),
        (
            {"datasets": "d", "models": ["m", "n"], "linked": True},
            "datasets=d models=m models=n linked=",
        ),
        (
            {"author": "a", "search": "s", "sort": "likes", "limit": 1},
            "author=a search=s sort=likes limit=1",
        ),
        ({"expand": ["sdk"]}, "expand=sdk"),
    ],
)
def test_list_spaces_asks_for(hub: ListedHub, arguments: dict[str, Any], query: str) -> None:
    assert sorted(query_of(hub, "list_spaces", **arguments)) == pairs(query)
    assert hub.paths == ["spaces"]


# What no hub is asked for


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"filter": 7}, "filter is a text or several"),
        ({"filter": ["a", 7]}, "7 is none"),
        ({"filter": b"a"}, "97 is none"),
        ({"author": ["a"]}, "author is a text"),
        ({"search": 7}, "search is a text"),
        ({"sort": 7}, "sort is a text"),
        ({"gated": "yes"}, "gated is True, False or None"),
        ({"limit": -1}, "0 at least"),
        ({"limit": "3"}, "a number"),
        ({"limit": True}, "a number"),
        ({"expand": ["sha"], "full": True}, "with full"),
        ({"expand": "sha", "cardData": True, "fetch_config": True}, "with cardData or config"),
        ({"expand": ["sha"], "emissions_thresholds": (1, 2)}, "needs cardData"),
        ({"emissions_thresholds": (None, None)}, "pair of numbers"),
        ({"emissions_thresholds": 7}, "pair of numbers"),
        ({"emissions_thresholds": (1, 2, 3)}, "pair of numbers"),
        ({"emissions_thresholds": ("a", 2)}, "pair of numbers"),
        ({"emissions_thresholds": (float("nan"), 2)}, "pair of numbers"),
    ],
)
def test_wrong_arguments_raise_before_anything_is_asked(
    hub: ListedHub, arguments: dict[str, Any], part: str
) -> None:
    with pytest.raises(HFValidationError, match=part):
        hub.api.list_models(**arguments)
    assert hub.requests == []


def test_no_entries_are_wanted(hub: ListedHub) -> None:
    hub.answers["models"] = entries(3)
    assert list(hub.api.list_models(limit=0)) == []
    assert hub.requests == []


# Pages


def test_list_models_reads_pages_as_they_are_needed() -> None:
    with ListedHub({"models": entries(10)}, size=3) as hub:
        found = hub.api.list_models(author="a", filter=["x", "y"])
        assert hub.requests == []
        first = [next(found).id for _ in range(3)]
        assert (first, len(hub.requests)) == (["org0/name0", "org0/name1", "org1/name2"], 1)
        assert len(list(found)) == 7
        asked = [("author", "a"), ("filter", "x"), ("filter", "y"), ("full", "true")]
        assert hub.queries == [asked, *([*asked, ("cursor", str(n))] for n in (3, 6, 9))]
        assert all(r.headers["authorization"] == "Bearer hf_x" for r in hub.requests)


def test_limit_also_holds_where_a_hub_sends_more() -> None:
    with ListedHub({"models": entries(10)}, size=3) as hub:
        assert [info.id for info in hub.api.list_models(limit=2)] == ["org0/name0", "org0/name1"]
        assert len(list(hub.api.list_models(limit=3))) == 3
        assert len(hub.requests) == 2
        assert len(list(hub.api.list_models(limit=5))) == 5
        assert hub.queries[-1] == [("limit", "5"), ("cursor", "3")]


def test_a_page_that_fails_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.005)
    page = reply(200, entries(1), link='</api/models?cursor=1>; rel="next"')
    last = reply(200, entries(2)[1:])
    with HostileServer(in_turn(page, reply(503), reply(429), last)) as server:
        found = HfApi(endpoint=server.url, token="hf_x").list_models()
        assert [info.id for info in found] == ["org0/name0", "org0/name1"]
        assert len(server.requests) == 4


def test_an_error_in_the_midst_of_a_list_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.005)
    page = reply(200, entries(1), link='</api/models?cursor=1>; rel="next"')
    with HostileServer(in_turn(page, reply(503))) as server:
        found = HfApi(endpoint=server.url).list_models()
        assert next(found).id == "org0/name0"
        with pytest.raises(UnavailableError):
            next(found)


def test_the_next_page_is_asked_from_the_hub_itself_whatever_it_calls_itself() -> None:
    class Renamed(ListedHub):
        def link(self, path: str, query: str) -> str:
            return f"https://hub.example{path}?{query}"

    with Renamed({"models": entries(4)}, size=3) as hub:
        assert len(list(hub.api.list_models(search="n"))) == 4
        assert hub.queries == [[("search", "n")], [("search", "n"), ("cursor", "3")]]
        assert hub.requests[1].headers["authorization"] == "Bearer hf_x"


def test_a_next_page_elsewhere_is_not_followed() -> None:
    with HostileServer(lambda _: reply(200, entries(1))) as other:
        page = reply(200, entries(1), link=f'<{other.url}/api/secrets>; rel="next"')
        with HostileServer(lambda _: page) as server:
            found = HfApi(endpoint=server.url, token="hf_x").list_models()
            with pytest.raises(InvalidAnswerError, match="on another host"):
                list(found)
        assert other.requests == []


def test_same_list() -> None:
    url = "http://h/api/models?search=x"
    assert same_list(url, "http://h:80/api/models?c=1") == "http://h:80/api/models?c=1"
    assert same_list(url, "https://h/api/models?c=a%3Fb?c") == "http://h/api/models?c=a%3Fb?c"
    for elsewhere in ("https://h/api/datasets?c=1", "ftp://h/x", "http://u:p@other/api/model?c=1"):
        with pytest.raises(InvalidAnswerError):
            same_list(url, elsewhere)


# What comes back


def test_entries_are_what_the_descriptions_of_single_repositories_are() -> None:
    full = {
        "_id": "0" * 24,
        "id": "lab/tiny",
        "modelId": "lab/tiny",
        "author": "lab",
        "sha": "a" * 40,
        "lastModified": "2024-01-03T03:04:05.000Z",
        "createdAt": "2024-01-02T03:04:05.000Z",
        "gated": False,
        "tags": ["pytorch"],
        "pipeline_tag": "fill-mask",
        "siblings": [{"rfilename": "README.md"}],
        "cardData": {"license": "mit"},
        "config": {"model_type": "bert"},
        "somethingNew": [1],
    }
    with ListedHub({"models": [full, {"modelId": "old"}, {}]}) as hub:
        first, second, third = hub.api.list_models()
        described = ModelInfo(**full)
    assert isinstance(first, ModelInfo)
    assert first == described
    assert first.last_modified == datetime(2024, 1, 3, 3, 4, 5, tzinfo=UTC)
    assert (first.lastModified, first.modelId) == ("2024-01-03T03:04:05.000Z", "lab/tiny")
    assert [file.rfilename for file in first.siblings or []] == ["README.md"]
    assert (first.card_data.license, first.somethingNew) == ("mit", [1])  # type: ignore[union-attr]
    assert (second.id, second.downloads, third.id) == ("old", None, None)


def test_datasets_and_spaces_have_types_of_their_own() -> None:
    answers = {"datasets": entries(1, description="d"), "spaces": entries(1, sdk="gradio")}
    with ListedHub(answers) as hub:
        (dataset,), (space,) = hub.api.list_datasets(), hub.api.list_spaces()
    assert (type(dataset), dataset.description) == (DatasetInfo, "d")
    assert (type(space), space.sdk) == (SpaceInfo, "gradio")


@pytest.mark.parametrize("page", [{"a": 1}, ["text"], [None], [{"id": "a/b", "createdAt": "soon"}]])
def test_what_is_no_list_of_repositories_is_an_error(page: object) -> None:
    with HostileServer(lambda _: reply(200, page)) as server, pytest.raises(InvalidAnswerError):
        list(HfApi(endpoint=server.url).list_models())


# Emissions


CARDS = {
    "number": 5,
    "float": 0.5,
    "text": "5.5",
    "unit": "7.25 kg of CO2",
    "small": "1e-3",
    "object": {"emissions": 6, "source": "code carbon"},
    "object-of-text": {"emissions": "8"},
    "nothing-in-it": {"source": "mlco2"},
    "words": "a lot",
    "switch": True,
    "null": None,
    "list": [5],
    "huge": 10**400,
}


def emitting(cards: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        {"id": f"a/{name}", "cardData": {"co2_eq_emissions": co2}} for name, co2 in cards.items()
    ]
    return [*found, {"id": "a/no-card"}, {"id": "a/silent-card", "cardData": {}}]


@pytest.mark.parametrize(
    ("thresholds", "names"),
    [
        ((5, 6), ["number", "text", "object"]),
        ((0, 1), ["float", "small"]),
        ((7, None), ["unit", "object-of-text", "huge"]),
        ((None, 0.1), ["small"]),
        ([6, 6.0], ["object"]),
        ((100, 1), []),
    ],
)
def test_emissions_thresholds(thresholds: Any, names: list[str]) -> None:
    with ListedHub({"models": emitting(CARDS)}, size=4) as hub:
        found = hub.api.list_models(emissions_thresholds=thresholds, cardData=True)
        assert [info.id for info in found] == [f"a/{name}" for name in names]
        assert hub.queries[0] == [("cardData", "true")]


def test_the_limit_counts_what_was_asked_for_and_not_what_was_kept() -> None:
    cards = {"a": 1, "b": 9, "c": 1, "d": 1}
    with ListedHub({"models": emitting(cards)}) as hub:
        found = hub.api.list_models(emissions_thresholds=(0, 2), limit=3)
        assert [info.id for info in found] == ["a/a", "a/c"]


def test_read_emissions() -> None:
    assert [read_emissions(value) for value in ("-1.5", ".5", "10.", "+2E2 g", "NaN")] == [
        -1.5,
        0.5,
        10,
        200,
        None,
    ]


# Metrics


def test_list_metrics() -> None:
    metrics = [
        {"id": "accuracy", "description": "d", "citation": None, "key": "", "spaces": 3},
        {"id": "f1"},
    ]
    with ListedHub({"metrics": metrics}) as hub:
        assert hub.api.list_metrics() == [
            MetricInfo(id="accuracy", description="d", spaces=3),
            MetricInfo(id="f1", description=None, citation=None),
        ]
        hub.answers["metrics"] = [{"description": "without an id"}]
        with pytest.raises(InvalidAnswerError):
            hub.api.list_metrics()


# Elsewhere


def test_lists_can_be_awaited() -> None:
    async def read(api: AsyncHfApi) -> list[str]:
        return [info.id async for info in api.list_models(filter=ModelFilter(author="a"), limit=4)]

    with ListedHub({"models": entries(9)}, size=3) as hub:
        names = run_async(read(AsyncHfApi(endpoint=hub.url)))
        assert names == ["org0/name0", "org0/name1", "org1/name2", "org1/name3"]
        assert len(hub.requests) == 2


def test_the_functions_of_the_package_ask_the_hub_of_the_environment() -> None:
    """The first example of the documentation, in a process that knows only its environment."""
    script = "from freehold import list_models; print([m.modelId for m in list_models()])"
    with ListedHub({"models": entries(1)}) as hub:
        environ = {**os.environ, "HF_ENDPOINT": hub.url}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "['org0/name0']\n"
