"""`freehold list`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, clean_environ
from tests.client.listed import ListedHub

TINY = {
    "id": "lab/tiny",
    "lastModified": "2024-01-03T03:04:05.000Z",
    "downloads": 12,
    "likes": 3,
    "tags": ["pytorch"],
}


@pytest.fixture
def hub() -> Iterator[ListedHub]:
    """A hub with three models and nothing else."""
    models = [TINY, {"id": "lab/small"}, {"id": "gpt2"}]
    with ListedHub({"models": models, "datasets": [], "spaces": []}, size=2) as hub:
        yield hub


@pytest.fixture
def cli(hub: ListedHub, tmp_path: Path) -> Cli:
    return Cli({**clean_environ(tmp_path), "HF_ENDPOINT": hub.url}, tmp_path)


def test_list_models_prints_one_name_a_line(cli: Cli, hub: ListedHub) -> None:
    assert cli.run("list", "models").lines == ["lab/tiny", "lab/small", "gpt2"]
    assert hub.queries == [[], [("cursor", "2")]]


def test_list_models_with_conditions(cli: Cli, hub: ListedHub) -> None:
    words = ["--search", "bert", "--author", "lab", "--filter", "a", "--filter", "b"]
    done = cli.run("list", "models", *words, "--sort", "last_modified", "--limit", 1)
    assert done.lines == ["lab/tiny"]
    assert sorted(hub.queries[0]) == [
        ("author", "lab"),
        ("direction", "-1"),
        ("filter", "a"),
        ("filter", "b"),
        ("limit", "1"),
        ("search", "bert"),
        ("sort", "lastModified"),
    ]
    cli.run("list", "models", "--ascending", "--sort", "likes", "-n", 2)
    assert sorted(hub.queries[1]) == [("direction", "1"), ("limit", "2"), ("sort", "likes")]


def test_list_models_in_long_form_and_as_json(cli: Cli, hub: ListedHub) -> None:
    lines = cli.run("list", "models", "-l").lines
    assert lines == [
        "2024-01-03 03:04         12          3  lab/tiny",
        "-                         -          -  lab/small",
        "-                         -          -  gpt2",
    ]
    assert hub.queries[0] == [("full", "true")]
    found = cli.run("list", "models", "--json").json
    assert [entry["id"] for entry in found] == ["lab/tiny", "lab/small", "gpt2"]
    assert (found[0]["downloads"], found[0]["tags"]) == (12, ["pytorch"])


def test_list_datasets_and_spaces(cli: Cli, hub: ListedHub) -> None:
    assert cli.run("list", "datasets", "--filter", "language:ru").lines == []
    assert cli.run("list", "spaces", "--json").json == []
    assert hub.paths == ["datasets", "spaces"]
    assert hub.queries[0] == [("filter", "language:ru")]


def test_wrong_usage(cli: Cli, hub: ListedHub) -> None:
    assert "required: COMMAND" in cli.fail("list").err
    assert cli.fail("list", "models", "--limit", 0).status == 2
    assert cli.fail("list", "models", "--limit", "many").status == 2
    assert cli.fail("list", "movies").status == 2
    assert hub.requests == []
