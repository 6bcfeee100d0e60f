"""What webhooks are sent: an event as JSON, in version 3 of the protocol's form."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from freehold.server.db.deliveries import Event
from freehold.wire.codec import decode_json
from freehold.wire.ids import API_SEGMENTS, URL_PREFIXES, parse_repo_type
from freehold.wire.webhooks import (
    PayloadEvent,
    PayloadId,
    PayloadRepo,
    PayloadUrl,
    PayloadWebhook,
    WebhookPayload,
)

_NOT_IN_SUBDOMAINS = re.compile(r"[^a-z0-9]")


def make_payload(event: Event, webhook_id: str, origin: str) -> WebhookPayload:
    """The body of a delivery; every address in it starts with `origin`."""
    detail: dict[str, Any] = decode_json(event.detail.encode(), dict)
    return WebhookPayload(
        event=PayloadEvent(action=event.action, scope=event.scope),  # type: ignore[arg-type]
        repo=_describe_repo(event, origin),
        updated_refs=detail.get("updatedRefs", UNSET),
        updated_config=detail.get("updatedConfig", UNSET),
        moved_to=detail.get("movedTo", UNSET),
        discussion=detail.get("discussion", UNSET),
        comment=detail.get("comment", UNSET),
        webhook=PayloadWebhook(id=webhook_id),
    )


def _describe_repo(event: Event, origin: str) -> PayloadRepo:
    type = parse_repo_type(event.repo_type)
    name = event.repo_name
    found = PayloadRepo(
        type=type,
        name=name,
        id=event.repo_id,
        private=event.private,
        url=PayloadUrl(
            web=f"{origin}/{URL_PREFIXES[type]}{name}",
            api=f"{origin}/api/{API_SEGMENTS[type]}/{name}",
        ),
        owner=PayloadId(id=event.owner_id),
    )
    if event.head_oid is not None and event.scope.startswith("repo"):
        found.head_sha = event.head_oid
    if type == "space":
        found.subdomain = _NOT_IN_SUBDOMAINS.sub("-", name.lower())
    return found
