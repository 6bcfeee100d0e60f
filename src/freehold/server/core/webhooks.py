"""Webhooks of users: made, listed, changed, turned on and off, and what became of their deliveries.

They are their owner's alone: to everybody else they are not there.
"""

from __future__ import annotations

import re

from msgspec import UNSET

from freehold.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    NotSupportedError,
)
from freehold.server.core import access
from freehold.server.core.access import Context
from freehold.server.core.outgoing import check_url, read_targets
from freehold.server.core.paging import Page, decode_cursor, encode_cursor
from freehold.server.core.payloads import make_payload
from freehold.server.db import accounts, deliveries, webhooks
from freehold.server.db.database import Transaction
from freehold.server.db.deliveries import Delivery
from freehold.server.db.webhooks import Watched
from freehold.server.hub import new_id, now_ms
from freehold.wire.dates import iso_time
from freehold.wire.ids import RepoType
from freehold.wire.webhooks import (
    CreateWebhook,
    Domain,
    OneWebhook,
    ReplayAccepted,
    UpdateWebhook,
    WatchedItem,
    Webhook,
    WebhookLogEntry,
    WebhookLogQuery,
)

DOMAINS: tuple[Domain, ...] = ("repo", "discussion")

MAX_WEBHOOKS = 50
MAX_WATCHED = 100
MAX_PAGE = 100

_SECRET = re.compile(r"[!-~](?:[ -~]{0,510}[!-~])?")
# Greater than any number of a delivery.
_NEWEST = 2**62
_PLACE = re.compile(r"[0-9]{1,18}")


def list_webhooks(ctx: Context) -> list[Webhook]:
    """The webhooks of the caller, the oldest first."""
    owner_id = access.require_account(ctx.viewer)
    with ctx.hub.db.read() as tx:
        return _describe(tx, ctx, webhooks.list_webhooks(tx, owner_id))


def get_webhook(ctx: Context, webhook: str) -> OneWebhook:
    """The webhook, if it is the caller's; raises `NotFoundError`."""
    with ctx.hub.db.read() as tx:
        return _answer(tx, ctx, _find(tx, ctx, webhook))


def _find(tx: Transaction, ctx: Context, webhook_id: str) -> webhooks.Webhook:
    found = webhooks.find_webhook(tx, webhook_id, access.require_account(ctx.viewer))
    if found is None:
        raise _unknown_webhook()
    return found


def _unknown_webhook() -> NotFoundError:
    return NotFoundError("You have no such webhook.")


def _answer(tx: Transaction, ctx: Context, webhook: webhooks.Webhook) -> OneWebhook:
    return OneWebhook(webhook=_describe(tx, ctx, [webhook])[0])


def _describe(tx: Transaction, ctx: Context, found: list[webhooks.Webhook]) -> list[Webhook]:
    watched: dict[str, list[WatchedItem]] = {webhook.id: [] for webhook in found}
    viewer = ctx.viewer
    for item in webhooks.list_watched(tx, list(watched), viewer.id or "", viewer.is_admin):
        watched[item.webhook_id].append(WatchedItem(type=item.type, name=item.name))  # type: ignore[arg-type]
    return [_describe_one(webhook, watched[webhook.id]) for webhook in found]


def _describe_one(webhook: webhooks.Webhook, watched: list[WatchedItem]) -> Webhook:
    on: dict[Domain, bool] = {"repo": webhook.on_repo, "discussion": webhook.on_discussion}
    is_off = webhook.state == "disabled"
    return Webhook(
        id=webhook.id,
        url=webhook.url,
        watched=watched,
        domains=[domain for domain, wanted in on.items() if wanted],
        disabled="suspended-after-failure" if webhook.state == "suspended" else is_off,
        has_secret=webhook.secret is not None,
        last_trigger_at=UNSET if webhook.triggered_at is None else iso_time(webhook.triggered_at),
    )


def create_webhook(ctx: Context, body: CreateWebhook) -> OneWebhook:
    """A new webhook of the caller, which hears of what happens from now on.

    Raises `NotFoundError` or `RepositoryNotFoundError` for what is not there or not to be seen,
    `BadRequestError` for an address that cannot be, and `ForbiddenError` for the 51st webhook.
    """
    access.require_write_token(ctx.viewer)
    owner_id = access.require_account(ctx.viewer)
    _refuse_jobs(body)
    domains = DOMAINS if body.domains is None else body.domains
    if not body.watched or not domains:
        raise BadRequestError("A webhook watches something, in one domain at least.")
    new = webhooks.Webhook(
        id=new_id(),
        owner_id=owner_id,
        url=_check_url(ctx, body.url or ""),
        origin=ctx.origin,
        secret=_check_secret(body.secret or ""),
        on_repo="repo" in domains,
        on_discussion="discussion" in domains,
        state="enabled",
        created_at=now_ms(),
        triggered_at=None,
    )
    with ctx.hub.db.write() as tx:
        accounts.lock_account(tx, owner_id)
        if webhooks.count_webhooks(tx, owner_id) >= MAX_WEBHOOKS:
            raise ForbiddenError(f"A user has at most {MAX_WEBHOOKS} webhooks: delete one first.")
        watched = _resolve_all(tx, ctx, body.watched)
        webhooks.insert_webhook(tx, new)
        webhooks.replace_watched(tx, new.id, watched)
        return _answer(tx, ctx, new)


def _refuse_jobs(body: CreateWebhook | UpdateWebhook) -> None:
    if body.job is not None or body.job_source_id is not None:
        raise NotSupportedError("This hub runs no jobs: give the webhook a `url`.")


def _check_url(ctx: Context, url: str) -> str:
    return check_url(url, read_targets(ctx.hub.config.webhook_targets))


def _check_secret(secret: str) -> str | None:
    """The secret, or `None` for an empty one: it travels in a header as it is."""
    if secret and not _SECRET.fullmatch(secret):
        raise BadRequestError(
            "A secret has at most 512 printable ASCII characters, and no space at its ends."
        )
    return secret or None


def _resolve_all(tx: Transaction, ctx: Context, items: list[WatchedItem]) -> list[Watched]:
    if len(items) > MAX_WATCHED:
        raise BadRequestError(f"A webhook watches at most {MAX_WATCHED} items.")
    return list(dict.fromkeys(_resolve(tx, ctx, item) for item in items))


def _resolve(tx: Transaction, ctx: Context, item: WatchedItem) -> Watched:
    if item.type == "user" or item.type == "org":
        account = accounts.find_account(tx, item.name)
        if account is None or account.kind != item.type:
            kind = "user" if item.type == "user" else "organization"
            raise NotFoundError(f"There is no {kind} named {item.name!r}.")
        return Watched(None, account.id)
    return Watched(_find_repo_id(tx, ctx, item.type, item.name), None)


def _find_repo_id(tx: Transaction, ctx: Context, type: RepoType, name: str) -> str:
    try:
        return access.find_repo(tx, ctx.viewer, type, name).id
    except access.RepoMovedError as moved:
        return access.find_repo(tx, ctx.viewer, type, moved.full_name).id


def update_webhook(ctx: Context, webhook: str, body: UpdateWebhook) -> OneWebhook:
    """The webhook with what the body names changed; raises as `create_webhook` does.

    What already waits for it goes to the new address.
    """
    access.require_write_token(ctx.viewer)
    _refuse_jobs(body)
    with ctx.hub.db.write() as tx:
        known = _lock(tx, ctx, webhook)
        changed = known._replace(origin=ctx.origin)
        if body.url is not None:
            changed = changed._replace(url=_check_url(ctx, body.url))
        if body.secret is not None:
            changed = changed._replace(secret=_check_secret(body.secret))
        if body.domains:
            changed = changed._replace(
                on_repo="repo" in body.domains, on_discussion="discussion" in body.domains
            )
        if body.watched:
            webhooks.replace_watched(tx, known.id, _resolve_all(tx, ctx, body.watched))
        webhooks.update_webhook(tx, changed)
        return _answer(tx, ctx, changed)


def _lock(tx: Transaction, ctx: Context, webhook_id: str) -> webhooks.Webhook:
    found = webhooks.lock_webhook(tx, webhook_id, access.require_account(ctx.viewer))
    if found is None:
        raise _unknown_webhook()
    return found


def delete_webhook(ctx: Context, webhook: str) -> None:
    """Deletes the webhook with its log and all that still waits for it."""
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        webhooks.delete_webhook(tx, _lock(tx, ctx, webhook).id)


def enable_webhook(ctx: Context, webhook: str) -> OneWebhook:
    """The webhook, turned on; what waited when it went off is sent first."""
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        known = _lock(tx, ctx, webhook)
        webhooks.enable_webhook(tx, known.id, now_ms())
        tx.announce()
        return _answer(tx, ctx, known._replace(state="enabled"))


def disable_webhook(ctx: Context, webhook: str) -> OneWebhook:
    """The webhook, turned off: what happens from now on it never hears of."""
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        known = _lock(tx, ctx, webhook)
        webhooks.disable_webhook(tx, known.id)
        return _answer(tx, ctx, known._replace(state="disabled"))


# The log


def list_webhook_logs(ctx: Context, webhook: str, query: WebhookLogQuery) -> Page:
    """The deliveries of the webhook, the newest first: those of 30 days, and at most 1,000.

    What is about a repository that the caller may not see any more is left out.
    """
    limit = MAX_PAGE if query.limit is None else min(query.limit, MAX_PAGE)
    if limit < 1:
        raise BadRequestError("The limit of a page is at least 1.")
    before = _read_place(query.cursor)
    with ctx.hub.db.read() as tx:
        known = _find(tx, ctx, webhook)
        found = deliveries.list_deliveries(tx, known.id, before, limit + 1)
    page = found[:limit]
    more = None
    if len(found) > limit:
        more = {"cursor": encode_cursor(str(page[-1].number))}
    return Page([_describe_delivery(ctx, known, delivery) for delivery in page], more)


def _read_place(cursor: str | None) -> int:
    if not cursor:
        return _NEWEST
    place = _PLACE.fullmatch(decode_cursor(cursor))
    if place is None:
        raise BadRequestError("The cursor is not one that this hub gave.")
    return int(place[0])


def _describe_delivery(
    ctx: Context, webhook: webhooks.Webhook, delivery: Delivery
) -> WebhookLogEntry:
    at = delivery.attempted_at
    origin = ctx.hub.config.public_url or webhook.origin
    return WebhookLogEntry(
        id=delivery.id,
        state=delivery.state,  # type: ignore[arg-type]
        attempts=delivery.attempts,
        status=delivery.status,
        error=delivery.error,
        created_at=iso_time(delivery.created_at),
        attempted_at=UNSET if at is None else iso_time(at),
        payload=make_payload(delivery.event, webhook.id, origin),
    )


def replay_webhook(ctx: Context, webhook: str, log: str) -> ReplayAccepted:
    """The event of a line of the log is sent once more, in the background.

    Raises `NotFoundError` for a line that is not there, `ConflictError` while the webhook is off.
    """
    access.require_write_token(ctx.viewer)
    delivery_id = new_id()
    with ctx.hub.db.write() as tx:
        known = _lock(tx, ctx, webhook)
        if known.state != "enabled":
            raise ConflictError("This webhook is off: enable it first.")
        if not deliveries.repeat_delivery(tx, known.id, log, delivery_id, now_ms()):
            raise NotFoundError("The log of this webhook has no such line.")
    return ReplayAccepted(id=delivery_id)
