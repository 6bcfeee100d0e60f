"""What has happened to repositories that somebody watches, until each webhook has its delivery."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from freehold.server.db.database import Transaction
from freehold.server.db.deliveries import forget_events, note_due
from freehold.server.db.visibility import VISIBLE

FANNED_OUT_AT_ONCE = 100

# Needs the table `repo` and the parameter :domain.
_WATCHED = """EXISTS (
    SELECT 1 FROM webhook_watch JOIN webhook ON webhook.id = webhook_watch.webhook_id
    WHERE (webhook_watch.repo_id = repo.id OR webhook_watch.account_id = repo.owner_id)
    AND webhook.state = 'enabled'
    AND (
        (:domain = 'repo' AND webhook.on_repo = TRUE)
        OR (:domain = 'discussion' AND webhook.on_discussion = TRUE)
    )
)"""

# Whether the owner of a webhook might see the repository when it happened.
_WAS_VISIBLE = (
    VISIBLE.replace(":viewer_id", "viewer.id")
    .replace(":sees_all", "viewer.is_admin")
    .replace("repo.", "webhook_event.")
)


def record_event(
    tx: Transaction, repo_id: str, action: str, scope: str, detail: Mapping[str, Any], now: int
) -> None:
    """Keeps what has happened to a repository for its webhooks, if it has any that want to know.

    The repository is told as it is at this point of the transaction. `detail` is the rest of the
    payload, such as `{"updatedRefs": […]}`.
    """
    recorded = tx.run(
        "INSERT INTO webhook_event (repo_id, repo_type, repo_name, private, owner_id, sdk,"
        " head_oid, domain, action, scope, detail, created_at)"
        " SELECT repo.id, repo.type, account.name || '/' || repo.name, repo.private,"
        " repo.owner_id, repo.sdk, git_ref.oid, :domain, :action, :scope, :detail, :now"
        " FROM repo JOIN account ON account.id = repo.owner_id"
        " LEFT JOIN git_ref ON git_ref.repo_id = repo.id AND git_ref.name = 'refs/heads/main'"
        f" WHERE repo.id = :repo_id AND {_WATCHED}",
        repo_id=repo_id,
        action=action,
        scope=scope,
        domain=scope.partition(".")[0],
        detail=msgspec.json.encode(detail).decode(),
        now=now,
    )
    if recorded:
        tx.announce()
    if (action, scope) == ("delete", "repo"):
        # Whoever watches it is forgotten with it, so it is settled now who hears of it.
        _fan_out(tx, _list_new_events(tx, repo_id), now)


def _list_new_events(tx: Transaction, repo_id: str) -> list[int]:
    rows = tx.all(
        "SELECT number FROM webhook_event WHERE fanned_out = FALSE AND repo_id = :repo_id"
        " ORDER BY number",
        repo_id=repo_id,
    )
    return [row.number for row in rows]


def has_new_events(tx: Transaction) -> bool:
    """Whether there are events without their deliveries."""
    return tx.one("SELECT 1 FROM webhook_event WHERE fanned_out = FALSE LIMIT 1") is not None


def fan_out_events(tx: Transaction, now: int) -> None:
    """Makes a delivery of each of the oldest new events for each webhook that is to hear of it."""
    rows = tx.all(
        "SELECT number FROM webhook_event WHERE fanned_out = FALSE ORDER BY number LIMIT :limit",
        limit=FANNED_OUT_AT_ONCE,
    )
    _fan_out(tx, [row.number for row in rows], now)


def _fan_out(tx: Transaction, numbers: list[int], now: int) -> None:
    # One by one, the oldest first: whoever does the same at this moment waits at the first, and so
    # no event gets its deliveries before an older one.
    taken = [number for number in numbers if _take(tx, number)]
    pairs = _list_hearers(tx, taken)
    # Then the webhooks, before anything names them: one that was deleted meanwhile is left out.
    there = note_due(tx, {webhook_id for _, webhook_id in pairs}, now)
    made = [
        {"id": secrets.token_hex(12), "webhook_id": webhook_id, "number": number, "now": now}
        for number, webhook_id in pairs
        if webhook_id in there
    ]
    tx.run_many(
        "INSERT INTO webhook_delivery (id, webhook_id, event_number, created_at)"
        " VALUES (:id, :webhook_id, :number, :now)",
        made,
    )
    forget_events(tx, list(set(taken) - {row["number"] for row in made}))


def _take(tx: Transaction, number: int) -> bool:
    return bool(
        tx.run(
            "UPDATE webhook_event SET fanned_out = TRUE"
            " WHERE number = :number AND fanned_out = FALSE",
            number=number,
        )
    )


def _list_hearers(tx: Transaction, numbers: list[int]) -> list[tuple[int, str]]:
    """The events with the webhooks that want to hear of them and whose owners may."""
    rows = tx.all(
        "SELECT found.number, webhook.id FROM ("
        " SELECT webhook_event.number, webhook_watch.webhook_id FROM webhook_event"
        " JOIN webhook_watch ON webhook_watch.repo_id = webhook_event.repo_id"
        " WHERE webhook_event.number IN :numbers"
        " UNION SELECT webhook_event.number, webhook_watch.webhook_id FROM webhook_event"
        " JOIN webhook_watch ON webhook_watch.account_id = webhook_event.owner_id"
        " WHERE webhook_event.number IN :numbers"
        ") AS found JOIN webhook_event ON webhook_event.number = found.number"
        " JOIN webhook ON webhook.id = found.webhook_id"
        " JOIN account AS viewer ON viewer.id = webhook.owner_id"
        " WHERE webhook.state = 'enabled'"
        " AND ((webhook_event.domain = 'repo' AND webhook.on_repo = TRUE)"
        " OR (webhook_event.domain = 'discussion' AND webhook.on_discussion = TRUE))"
        f" AND {_WAS_VISIBLE} ORDER BY found.number, webhook.id",
        numbers=numbers,
    )
    return [(row.number, row.id) for row in rows]
