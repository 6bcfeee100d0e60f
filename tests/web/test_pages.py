"""What all pages have in common: policy, cookies, forms of ours, errors that betray nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from freehold.server.web.visit import local_path
from tests.browsing import Visitor
from tests.repos import new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]


def test_home_page_has_a_strict_policy(visit: Visit) -> None:
    answer = visit().see("/").answer
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_home_page_in_a_browser(browse: Browse) -> None:
    tab = browse()
    tab.goto("/")
    assert "Freehold" in tab.title()


def test_asset_is_kept_for_ever_and_packed(visit: Visit) -> None:
    visitor = visit()
    sheet = visitor.see("/").document.one("link", rel="stylesheet")["href"]
    answer = visitor.call("GET", sheet, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert visitor.call("GET", "/static/0/nothing.js").status_code == 404


def test_a_missing_page_looks_like_one_that_must_not_be_seen(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    site.call("POST", "/api/repos/create", token=ann.token, json={"name": "x", "private": True})
    for viewer in (None, ben):
        visitor = visit(viewer)
        hidden, missing = visitor.look(f"/{ann.name}/x"), visitor.look(f"/{ann.name}/y")
        assert hidden.status == missing.status == 404
        assert hidden.text == missing.text


@pytest.mark.parametrize("name", ["settings", "tree", "discussions", "resolve"])
def test_repo_page_of_one_that_is_called_as_a_page_is(
    name: str, visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, name=name)
    visitor = visit(ann)
    for end in ("", "/tree/main", "/settings", "/discussions", "/likers"):
        assert repo.full_name in visitor.see(repo.page + end).text


@pytest.mark.parametrize(
    "text", ["//evil.example", "/\\evil.example", "https://evil.example", "\t//e", "/\t/e", "", "x"]
)
def test_nobody_is_led_elsewhere(text: str) -> None:
    assert local_path(text) == "/"
    assert local_path("/a?b=c#d") == "/a?b=c#d"
