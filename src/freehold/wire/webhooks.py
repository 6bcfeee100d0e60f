"""Webhooks: their settings, and what their receivers are sent."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire

WatchedType = Literal["model", "dataset", "space", "kernel", "user", "org"]
Domain = Literal["repo", "discussion"]

PAYLOAD_VERSION = 3


class WatchedItem(Wire, kw_only=True):
    """A repository, or an account with all its repositories."""

    type: WatchedType
    name: str


class CreateWebhook(Wire, kw_only=True):
    """Body of `create_webhook`; `secret` is printable ASCII, and jobs are not offered.

    The address is `http` or `https`, without an account in it. Without domains, it is both.
    """

    url: str | None = None
    watched: list[WatchedItem]
    domains: list[Domain] | None = None
    secret: str | None = None
    job: Any = None
    job_source_id: str | None = None


class UpdateWebhook(Wire, kw_only=True):
    """Body of `update_webhook`: what is absent, null or an empty list stays; no secret is `""`."""

    url: str | None = None
    watched: list[WatchedItem] | None = None
    domains: list[Domain] | None = None
    secret: str | None = None
    job: Any = None
    job_source_id: str | None = None


class Webhook(Wire, kw_only=True):
    """A webhook; its secret is never told. What its owner may not see is not in `watched`."""

    id: str
    url: str
    watched: list[WatchedItem]
    domains: list[Domain]
    disabled: bool | Literal["suspended-after-failure"]
    has_secret: bool
    last_trigger_at: str | UnsetType = UNSET


class OneWebhook(Wire, kw_only=True):
    """The webhook that the call was about."""

    webhook: Webhook


class ReplayAccepted(Wire, kw_only=True):
    """The event is on its way again: its delivery is in the log, under this id."""

    status: int = 202
    id: str


class WebhookLogQuery(Wire, kw_only=True):
    """Which page of the log is wanted; `limit` is at least 1."""

    cursor: str | None = None
    limit: int | None = None


class PayloadEvent(Wire, kw_only=True):
    """What has happened."""

    action: Literal["create", "delete", "update", "move"]
    scope: str


class PayloadUrl(Wire, kw_only=True):
    """Where something is: its page and its call."""

    web: str
    api: str


class PayloadId(Wire, kw_only=True):
    """An account by its id."""

    id: str


class PayloadRepo(Wire, kw_only=True):
    """The repository as it was then; `head_sha` is the head of `main`, if there is one."""

    type: str
    name: str
    id: str
    private: bool
    url: PayloadUrl
    head_sha: str | UnsetType = UNSET
    owner: PayloadId
    subdomain: str | UnsetType = UNSET


class PayloadWebhook(Wire, kw_only=True):
    """The webhook that is told, and the form in which it is."""

    id: str
    version: int = PAYLOAD_VERSION


class UpdatedRef(Wire, kw_only=True):
    """A ref that has moved; null stands for one that was or is not there."""

    ref: str
    old_sha: str | None
    new_sha: str | None


class MovedTo(Wire, kw_only=True):
    """The new name and owner of a repository that is told with the old ones."""

    name: str
    owner: PayloadId


class WebhookPayload(Wire, kw_only=True):
    """The body of a delivery: what has happened, to what, and what it was about."""

    event: PayloadEvent
    repo: PayloadRepo
    updated_refs: list[UpdatedRef] | UnsetType = UNSET
    updated_config: dict[str, Any] | UnsetType = UNSET
    moved_to: MovedTo | UnsetType = UNSET
    discussion: dict[str, Any] | UnsetType = UNSET
    comment: dict[str, Any] | UnsetType = UNSET
    webhook: PayloadWebhook


class WebhookLogEntry(Wire, kw_only=True):
    """A delivery: what is sent, and what the receiver has answered when it was last tried.

    `status` is that of the answer, and `error` says what is wrong with it or why there is none.
    """

    id: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    status: int | None
    error: str | None
    created_at: str
    attempted_at: str | UnsetType = UNSET
    payload: WebhookPayload
