"""Every route says what it needs, is served once, and has a test of its own name."""

from __future__ import annotations

import ast
import dataclasses
from functools import cache
from pathlib import Path

import pytest

from freehold.server.app import SERVED
from freehold.server.core.access import CHANGES
from freehold.server.http.rawpath import Router
from freehold.server.web.routes import named_pages
from freehold.wire.route import Needs, Route, Stream
from freehold.wire.routes import NOT_SUPPORTED, named_routes

TESTS = Path(__file__).resolve().parents[1]
EVERYTHING = {**named_routes(), **named_pages()}
NAMES = sorted(EVERYTHING)


def test_a_route_cannot_be_written_without_what_it_needs() -> None:
    needs = {field.name: field for field in dataclasses.fields(Route)}["needs"]
    assert needs.default is dataclasses.MISSING
    assert needs.default_factory is dataclasses.MISSING
    assert all(isinstance(r.needs, Needs) for r in (*named_routes().values(), *NOT_SUPPORTED))


def test_every_route_is_served_exactly_once() -> None:
    served = sorted(id(entry.route) for entry in SERVED)
    assert served == sorted(id(route) for route in EVERYTHING.values())


def test_a_call_on_a_repository_needs_a_right_in_it() -> None:
    """Anything below READ would answer for repositories that the caller may not see."""
    everywhere = (*EVERYTHING.values(), *NOT_SUPPORTED)
    open_to_all = [r.path for r in everywhere if "{repo}" in r.path and r.needs < Needs.READ]
    assert open_to_all == []


def test_a_call_that_changes_a_repository_needs_the_right_to() -> None:
    """The exceptions check the right themselves, because it depends on the body or the query."""
    changing = {"POST", "PUT", "DELETE"}
    weak = {
        name
        for name, route in EVERYTHING.items()
        if route.method in changing and "{repo}" in route.path and route.needs not in CHANGES
    }
    reading = {"get_paths_info", "download_files", "upload_pack"}
    of_the_caller = {"ask_access", "withdraw_access_request"}
    assert weak == {*reading, *of_the_caller, "ask_access_form", "duplicate_repo", "lfs_batch"}


def test_no_route_hides_another() -> None:
    """The first route that fits wins, so each one must be found by its own path."""
    served = [(route, name) for name, route in EVERYTHING.items()]
    router = Router([(entry.route, entry.route) for entry in SERVED])
    found = {name: router.find(route.method, example(route)) for route, name in served}
    wrong = [name for route, name in served if (m := found[name]) is None or m.target is not route]
    assert wrong == []


def example(route: Route) -> str:
    """A path that the route is for."""
    words = {"type": "model", "prefix": "", "repo": "alice/m", "path": "a/b.txt", "number": "1"}
    path = route.path
    for word in ("type", "prefix", "repo", "path", "number"):
        path = path.replace(f"{{{word}}}", words[word])
    return path.replace("{", "").replace("}", "")


def test_only_the_commit_and_the_routes_of_bytes_have_a_body_that_is_no_json() -> None:
    streams = {name for name, route in named_routes().items() if route.body is Stream}
    assert streams == {
        "create_commit",
        "upload_raw_file",
        "upload_pack",
        "receive_pack",
        "lfs_upload",
        "lfs_upload_part",
        "upload_xorb",
        "upload_shard",
        "put_shard",
        "upload_shard_v2",
        "xet_telemetry",
        "set_user_avatar",
        "set_organization_avatar",
    }


@cache
def names_of_tests() -> frozenset[str]:
    """The names of all test functions of the project."""
    return frozenset(
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_")
    )


def route_of(test: str) -> str | None:
    """The route that a test is named after: of `repo_info` and `repo_info_at…` the longer one."""
    fitting = [name for name in NAMES if test.startswith(f"test_{name}")]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize("name", NAMES)
def test_every_route_has_a_test_that_bears_its_name(name: str) -> None:
    bearing = [test for test in names_of_tests() if route_of(test) == name]
    assert bearing, (
        f"no test is called test_{name}…: add one to tests/api, tests/protocols or tests/web"
    )
