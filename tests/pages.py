"""Lists that a hub gives a page at a time."""

from __future__ import annotations

from typing import Any

from tests.live import LiveHub


def follow_pages(hub: LiveHub, path: str, token: str | None = None) -> list[Any]:
    """The pages of a list, from `path` (or the URL of a page) to the end."""
    pages, following = [], path
    while following:
        answer = hub.call("GET", following, token=token)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        following = answer.links["next"]["url"] if "next" in answer.links else ""
    return pages
