"""What a hub tells about webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from freehold.client.info import parse_time
from freehold.client.records import Record


class WebhookWatchedItem(Record):
    """What a webhook watches: a repository, or all of those of a user or an organisation.

    `type` is "model", "dataset", "space", "kernel", "user" or "org".
    """

    type: str
    name: str

    def __init__(self, type: str, name: str) -> None:
        super().__init__(type=type, name=name)


class WebhookInfo(Record):
    """A webhook: its `id`, where it leads (`url`), and what it hears of.

    `disabled` is false, true, or "suspended-after-failure" where the hub has turned it off.
    `secret` is None where the hub keeps it to itself; `has_secret` says whether there is one.
    `job` is what runs instead of a request, on hubs that run jobs.
    """

    id: str
    url: str | None
    job: Mapping[str, Any] | None
    watched: list[WebhookWatchedItem]
    domains: list[str]
    secret: str | None
    has_secret: bool | None
    disabled: bool | Literal["suspended-after-failure"]
    last_trigger_at: datetime | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> WebhookInfo:
        """From an object of the protocol."""
        return cls(
            id=data["id"],
            url=data.get("url"),
            job=data.get("job"),
            watched=[WebhookWatchedItem(item["type"], item["name"]) for item in data["watched"]],
            domains=list(data["domains"]),
            secret=data.get("secret"),
            has_secret=data.get("hasSecret"),
            disabled=data["disabled"],
            last_trigger_at=parse_time(data.get("lastTriggerAt")),
        )
