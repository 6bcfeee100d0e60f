"""`freehold search`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, clean_environ
from tests.client.listed import ListedHub

HITS = [
    {"id": "lab/tiny", "type": "model", "snippet": [{"text": "A\n\x1b[31m model", "type": "text"}]},
    {"id": "lab/words", "type": "dataset"},
]


@pytest.fixture
def hub() -> Iterator[ListedHub]:
    """A hub that finds two repositories."""
    with ListedHub({"search/full-text": {"hits": HITS, "estimatedTotalHits": 2}}) as hub:
        yield hub


@pytest.fixture
def cli(hub: ListedHub, tmp_path: Path) -> Cli:
    return Cli({**clean_environ(tmp_path), "HF_ENDPOINT": hub.url}, tmp_path)


def test_search_prints_one_line_for_each(cli: Cli, hub: ListedHub) -> None:
    assert cli.run("search", "tiny", "model").lines == [
        "model    lab/tiny",
        "dataset  lab/words",
    ]
    assert hub.queries == [[("q", "tiny model"), ("limit", "20")]]
    cli.run("search", "x", "--repo-type", "space", "-n", 5)
    assert hub.queries[1] == [("q", "x"), ("type", "space"), ("limit", "5")]


def test_search_in_long_form_and_as_json(cli: Cli) -> None:
    first, second = cli.run("search", "-l", "x").lines
    assert first.startswith("model    lab/tiny  A")
    assert first.endswith(" model")
    assert "\x1b" not in first
    assert second == "dataset  lab/words"
    found = cli.run("search", "x", "--json").json
    assert [(hit["id"], hit["repo_type"]) for hit in found] == [
        ("lab/tiny", "model"),
        ("lab/words", "dataset"),
    ]


def test_search_wants_words_and_a_limit(cli: Cli, hub: ListedHub) -> None:
    assert "WORD" in cli.fail("search").err
    assert cli.fail("search", "x", "--limit", 0).status == 2
    assert hub.requests == []
