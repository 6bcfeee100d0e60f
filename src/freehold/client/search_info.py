"""What a hub finds for words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from freehold.client.account_info import Organization, User, parse_organization, parse_user
from freehold.client.info import parse_time
from freehold.client.records import Record

_REPO_GROUPS = ("models", "datasets", "spaces")


class SearchHit(Record):
    """A repository that was found: `id` (`namespace/name`), `repo_type` and `snippet`.

    `snippet` is the part of its card where a word was found. `author`, `private`, `gated`, `likes`,
    `downloads`, `last_modified`, `pipeline_tag` and `tags` are None where the hub does not tell.
    """

    id: str
    repo_type: str
    snippet: str
    author: str | None
    private: bool | None
    gated: bool | str | None
    likes: int | None
    downloads: int | None
    last_modified: datetime | None
    pipeline_tag: str | None
    tags: list[str] | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> SearchHit:
        """From an object of the protocol; raises `KeyError` without an id and a type."""
        same = ("author", "private", "gated", "likes", "downloads", "pipeline_tag", "tags")
        return cls(
            id=data["id"],
            repo_type=data["type"],
            snippet="".join(piece["text"] for piece in data.get("snippet") or ()),
            last_modified=parse_time(data.get("lastModified")),
            **{name: data.get(name) for name in same},
        )


class Quicksearch(Record):
    """What has a name like that: ids of `models`, `datasets` and `spaces`, `users` and `orgs`."""

    models: list[str]
    datasets: list[str]
    spaces: list[str]
    users: list[User]
    orgs: list[Organization]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Quicksearch:
        """From an object of the protocol; a group that is not there has nothing."""
        groups = {name: [item["id"] for item in data.get(name) or ()] for name in _REPO_GROUPS}
        return cls(
            users=[parse_user(item) for item in data.get("users") or ()],
            orgs=[parse_organization(item) for item in data.get("orgs") or ()],
            **groups,
        )
