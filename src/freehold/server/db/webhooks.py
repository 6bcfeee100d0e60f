"""Webhooks: who wants to hear of what, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE

COLUMNS = """id, owner_id, url, origin, secret, on_repo, on_discussion, state, created_at,
    triggered_at"""


class Webhook(NamedTuple):
    """A webhook of a user; `state` is enabled, disabled or suspended, times in milliseconds."""

    id: str
    owner_id: str
    url: str
    origin: str
    secret: str | None
    on_repo: bool
    on_discussion: bool
    state: str
    created_at: int
    triggered_at: int | None


class Watched(NamedTuple):
    """What a webhook watches: the id of a repository, or that of an account."""

    repo_id: str | None
    account_id: str | None


class WatchedName(NamedTuple):
    """The same with its present name, and the type of the repository or kind of the account."""

    webhook_id: str
    type: str
    name: str


def _make_webhook(row: Any) -> Webhook:
    found = Webhook(*row)
    return found._replace(on_repo=bool(found.on_repo), on_discussion=bool(found.on_discussion))


def insert_webhook(tx: Transaction, webhook: Webhook) -> None:
    """Adds a webhook that watches nothing yet."""
    tx.run(
        "INSERT INTO webhook (id, owner_id, url, origin, secret, on_repo, on_discussion, state,"
        " created_at, triggered_at, enabled_at) VALUES (:id, :owner_id, :url, :origin, :secret,"
        " :on_repo, :on_discussion, :state, :created_at, :triggered_at, :created_at)",
        **webhook._asdict(),
    )


def replace_watched(tx: Transaction, webhook_id: str, watched: Sequence[Watched]) -> None:
    """Makes this what the webhook watches."""
    tx.run("DELETE FROM webhook_watch WHERE webhook_id = :webhook_id", webhook_id=webhook_id)
    tx.run_many(
        "INSERT INTO webhook_watch (webhook_id, place, repo_id, account_id)"
        " VALUES (:webhook_id, :place, :repo_id, :account_id)",
        [
            {"webhook_id": webhook_id, "place": place, **item._asdict()}
            for place, item in enumerate(watched)
        ],
    )


def update_webhook(tx: Transaction, webhook: Webhook) -> None:
    """Changes the address, the secret and the domains of a webhook."""
    tx.run(
        "UPDATE webhook SET url = :url, origin = :origin, secret = :secret, on_repo = :on_repo,"
        " on_discussion = :on_discussion WHERE id = :id",
        id=webhook.id,
        url=webhook.url,
        origin=webhook.origin,
        secret=webhook.secret,
        on_repo=webhook.on_repo,
        on_discussion=webhook.on_discussion,
    )


def enable_webhook(tx: Transaction, webhook_id: str, now: int) -> None:
    """Turns a webhook on; what waits for it is tried at once, and for as long as anything new."""
    tx.run(
        "UPDATE webhook SET state = 'enabled', enabled_at = :now, failures = 0,"
        " retry_at = 0, due_at = :now WHERE id = :webhook_id AND state <> 'enabled'",
        webhook_id=webhook_id,
        now=now,
    )


def disable_webhook(tx: Transaction, webhook_id: str) -> None:
    """Turns a webhook off: it hears nothing of what happens from now on."""
    tx.run(
        "UPDATE webhook SET state = 'disabled', due_at = NULL WHERE id = :webhook_id",
        webhook_id=webhook_id,
    )


def delete_webhook(tx: Transaction, webhook_id: str) -> None:
    """Removes a webhook with its log and all that waits for it."""
    tx.run("DELETE FROM webhook WHERE id = :webhook_id", webhook_id=webhook_id)


def lock_webhook(tx: Transaction, webhook_id: str, owner_id: str) -> Webhook | None:
    """The webhook of that id, if it is the owner's; it is kept until the transaction ends."""
    tx.run("UPDATE webhook SET url = url WHERE id = :webhook_id", webhook_id=webhook_id)
    return find_webhook(tx, webhook_id, owner_id)


def find_webhook(tx: Transaction, webhook_id: str, owner_id: str) -> Webhook | None:
    """The webhook of that id, if it is the owner's."""
    row = tx.one(
        f"SELECT {COLUMNS} FROM webhook WHERE id = :webhook_id AND owner_id = :owner_id",
        webhook_id=webhook_id,
        owner_id=owner_id,
    )
    return None if row is None else _make_webhook(row)


def list_webhooks(tx: Transaction, owner_id: str) -> list[Webhook]:
    """The webhooks of a user, the oldest first."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM webhook WHERE owner_id = :owner_id ORDER BY created_at, id",
        owner_id=owner_id,
    )
    return [_make_webhook(row) for row in rows]


def count_webhooks(tx: Transaction, owner_id: str) -> int:
    """The number of webhooks that the user has."""
    row = tx.one("SELECT COUNT(*) AS found FROM webhook WHERE owner_id = :id", id=owner_id)
    return 0 if row is None else int(row.found)


def list_watched(
    tx: Transaction, webhook_ids: list[str], viewer_id: str, sees_all: bool
) -> list[WatchedName]:
    """What the webhooks watch, in the order of their owner, as far as the viewer may see it."""
    rows = tx.all(
        "SELECT webhook_watch.webhook_id, COALESCE(repo.type, account.kind) AS type,"
        " CASE WHEN repo.id IS NULL THEN account.name ELSE account.name || '/' || repo.name END"
        " AS name FROM webhook_watch"
        " LEFT JOIN repo ON repo.id = webhook_watch.repo_id"
        " JOIN account ON account.id = COALESCE(repo.owner_id, webhook_watch.account_id)"
        " WHERE webhook_watch.webhook_id IN :webhook_ids"
        f" AND (webhook_watch.repo_id IS NULL OR {VISIBLE})"
        " ORDER BY webhook_watch.webhook_id, webhook_watch.place",
        webhook_ids=webhook_ids,
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return [WatchedName(*row) for row in rows]
