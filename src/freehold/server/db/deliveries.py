"""The deliveries of events to webhooks: who makes them, in which order, and what became of them.

Whoever makes the deliveries of a webhook holds its lease: nobody else does meanwhile. A lease that
ran out, because its process was killed, is anybody's to take.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.visibility import VISIBLE

LOG_LENGTH = 1000

_EVENT_COLUMNS = """webhook_event.repo_id, webhook_event.repo_type, webhook_event.repo_name,
    webhook_event.private, webhook_event.owner_id, webhook_event.sdk, webhook_event.head_oid,
    webhook_event.action, webhook_event.scope, webhook_event.detail"""

_DELIVERY_COLUMNS = """webhook_delivery.number, webhook_delivery.id, webhook_delivery.state,
    webhook_delivery.attempts, webhook_delivery.status, webhook_delivery.error,
    webhook_delivery.attempted_at, webhook_delivery.created_at"""

_TABLES = """webhook_delivery
    JOIN webhook_event ON webhook_event.number = webhook_delivery.event_number
    JOIN webhook ON webhook.id = webhook_delivery.webhook_id
    JOIN account AS viewer ON viewer.id = webhook.owner_id
    LEFT JOIN repo ON repo.id = webhook_event.repo_id"""

# Whether the owner of a webhook may see the repository today, or might at the end if it is gone.
_IS_VISIBLE = (
    VISIBLE.replace(":viewer_id", "viewer.id")
    .replace(":sees_all", "viewer.is_admin")
    .replace("repo.private", "COALESCE(repo.private, webhook_event.private)")
    .replace("repo.owner_id", "COALESCE(repo.owner_id, webhook_event.owner_id)")
)


class Event(NamedTuple):
    """Something that has happened, with the repository as it was then; `detail` is JSON."""

    repo_id: str
    repo_type: str
    repo_name: str
    private: bool
    owner_id: str
    sdk: str | None
    head_oid: str | None
    action: str
    scope: str
    detail: str


class Delivery(NamedTuple):
    """A delivery of an event; `state` is waiting, delivered or failed, times in milliseconds."""

    number: int
    id: str
    state: str
    attempts: int
    status: int | None
    error: str | None
    attempted_at: int | None
    created_at: int
    event: Event


class Receiver(NamedTuple):
    """Where a webhook leads, and how it has gone lately."""

    url: str
    origin: str
    secret: str | None
    enabled_at: int
    succeeded_at: int | None
    failures: int


class Due(NamedTuple):
    """A webhook that has something to do, and whose it is."""

    webhook_id: str
    owner_id: str


def _make_delivery(row: Any) -> Delivery:
    event = Event(*row[8:18])
    return Delivery._make([*row[:8], event._replace(private=bool(event.private))])


def note_due(tx: Transaction, webhook_ids: Iterable[str], now: int) -> set[str]:
    """Notes that there is something new to do for the webhooks, and gives those that are there.

    Those that are waiting for their turn keep their place, and those whose receiver is down wait.
    All are locked until the transaction ends: in order, so that no two wait for each other.
    """
    return {webhook_id for webhook_id in sorted(webhook_ids) if _note_due(tx, webhook_id, now)}


def _note_due(tx: Transaction, webhook_id: str, now: int) -> int:
    return tx.run(
        "UPDATE webhook SET due_at = CASE WHEN due_at <= :now THEN due_at"
        " WHEN retry_at > :now THEN retry_at ELSE :now END WHERE id = :id",
        id=webhook_id,
        now=now,
    )


def list_due(tx: Transaction, now: int, without: Iterable[str], limit: int) -> list[Due]:
    """The webhooks that nobody is at work on and that have something to do, the longest first.

    Those of the accounts in `without` are left out.
    """
    rows = tx.all(
        "SELECT id, owner_id FROM webhook WHERE due_at <= :now AND leased_until <= :now"
        " AND state = 'enabled' AND owner_id NOT IN :without ORDER BY due_at, id LIMIT :limit",
        now=now,
        # An empty list would fit no row at all.
        without=["", *without],
        limit=limit,
    )
    return [Due(*row) for row in rows]


def find_next_due(tx: Transaction, now: int) -> int | None:
    """When there is something to do next, as far as it is known and lies ahead."""
    row = tx.one(
        "SELECT MIN(CASE WHEN due_at > leased_until THEN due_at ELSE leased_until END) AS due_at"
        " FROM webhook WHERE due_at IS NOT NULL AND state = 'enabled'"
        " AND (due_at > :now OR leased_until > :now)",
        now=now,
    )
    return None if row is None else row.due_at


def take_lease(tx: Transaction, webhook_id: str, lease: str, now: int, until: int) -> bool:
    """Takes on the deliveries of a webhook; false when somebody else has."""
    return bool(
        tx.run(
            "UPDATE webhook SET lease = :lease, leased_until = :until"
            " WHERE id = :webhook_id AND leased_until <= :now AND state = 'enabled'",
            webhook_id=webhook_id,
            lease=lease,
            now=now,
            until=until,
        )
    )


def holds_lease(tx: Transaction, webhook_id: str, lease: str) -> bool:
    """Whether that is the lease of the webhook, and stays it until the transaction ends."""
    return bool(
        tx.run(
            "UPDATE webhook SET lease = lease WHERE id = :webhook_id AND lease = :lease",
            webhook_id=webhook_id,
            lease=lease,
        )
    )


def extend_lease(tx: Transaction, webhook_id: str, lease: str, until: int) -> Receiver | None:
    """The receiver, which nobody else serves until then; `None` when the lease is lost.

    So it is when the webhook was deleted or turned off.
    """
    row = tx.one(
        "UPDATE webhook SET leased_until = :until"
        " WHERE id = :webhook_id AND lease = :lease AND state = 'enabled'"
        " RETURNING url, origin, secret, enabled_at, succeeded_at, failures",
        webhook_id=webhook_id,
        lease=lease,
        until=until,
    )
    return None if row is None else Receiver(*row)


def end_lease(tx: Transaction, webhook_id: str, lease: str, now: int) -> None:
    """Gives the webhook back, and notes when it has something to do again.

    Its log is cut to the length that it may have.
    """
    held = tx.one(
        "UPDATE webhook SET lease = NULL, leased_until = 0"
        " WHERE id = :webhook_id AND lease = :lease RETURNING retry_at",
        webhook_id=webhook_id,
        lease=lease,
    )
    if held is None:
        return
    # Whoever adds a delivery changes the row of the webhook as well, so none is overlooked.
    waiting = tx.one(
        "SELECT MIN(next_attempt_at) AS next_at FROM webhook_delivery"
        " WHERE webhook_id = :webhook_id AND state = 'waiting'",
        webhook_id=webhook_id,
    )
    next_at = waiting and waiting.next_at
    tx.run(
        "UPDATE webhook SET due_at = :due_at WHERE id = :webhook_id",
        webhook_id=webhook_id,
        due_at=None if next_at is None else max(next_at, held.retry_at, now),
    )
    _shorten_log(tx, webhook_id)


def take_next_delivery(tx: Transaction, webhook_id: str, now: int) -> Delivery | None:
    """The first delivery that is due.

    Those of what the owner of the webhook may not see any more are dropped on the way.
    """
    while True:
        row = tx.one(
            f"SELECT {_DELIVERY_COLUMNS}, {_EVENT_COLUMNS}, {_IS_VISIBLE} AS visible FROM {_TABLES}"
            " WHERE webhook_delivery.webhook_id = :webhook_id"
            " AND webhook_delivery.state = 'waiting' AND webhook_delivery.next_attempt_at <= :now"
            " ORDER BY webhook_delivery.number LIMIT 1",
            webhook_id=webhook_id,
            now=now,
        )
        if row is None or row.visible:
            return None if row is None else _make_delivery(row)
        tx.run("DELETE FROM webhook_delivery WHERE id = :id", id=row.id)


def record_attempt(tx: Transaction, delivery: Delivery, next_attempt_at: int) -> None:
    """Keeps what became of an attempt, and when there is to be another one if it still waits."""
    tx.run(
        "UPDATE webhook_delivery SET state = :state, attempts = :attempts, status = :status,"
        " error = :error, attempted_at = :attempted_at, next_attempt_at = :next_attempt_at"
        " WHERE id = :id",
        id=delivery.id,
        state=delivery.state,
        attempts=delivery.attempts,
        status=delivery.status,
        error=delivery.error,
        attempted_at=delivery.attempted_at,
        next_attempt_at=next_attempt_at,
    )


def record_success(tx: Transaction, webhook_id: str, now: int) -> None:
    """Notes that the receiver has taken something."""
    tx.run(
        "UPDATE webhook SET triggered_at = :now, succeeded_at = :now, failures = 0, retry_at = 0"
        " WHERE id = :webhook_id",
        webhook_id=webhook_id,
        now=now,
    )


def record_failure(
    tx: Transaction, webhook_id: str, now: int, failures: int, retry_at: int
) -> None:
    """Notes that the receiver has not; until `retry_at` it is left alone."""
    tx.run(
        "UPDATE webhook SET triggered_at = :now, failures = :failures, retry_at = :retry_at"
        " WHERE id = :webhook_id",
        webhook_id=webhook_id,
        now=now,
        failures=failures,
        retry_at=retry_at,
    )


def suspend_webhook(tx: Transaction, webhook_id: str) -> None:
    """Turns off a webhook of which nothing has arrived for too long."""
    tx.run(
        "UPDATE webhook SET state = 'suspended', due_at = NULL WHERE id = :webhook_id",
        webhook_id=webhook_id,
    )


# The log


def list_deliveries(tx: Transaction, webhook_id: str, before: int, limit: int) -> list[Delivery]:
    """The newest deliveries before that number, as far as their owner may see them today."""
    rows = tx.all(
        f"SELECT {_DELIVERY_COLUMNS}, {_EVENT_COLUMNS} FROM {_TABLES}"
        " WHERE webhook_delivery.webhook_id = :webhook_id"
        f" AND webhook_delivery.number < :before AND {_IS_VISIBLE}"
        " ORDER BY webhook_delivery.number DESC LIMIT :limit",
        webhook_id=webhook_id,
        before=before,
        limit=limit,
    )
    return [_make_delivery(row) for row in rows]


def repeat_delivery(
    tx: Transaction, webhook_id: str, delivery_id: str, new_id: str, now: int
) -> bool:
    """Adds a delivery of the same event; false when there is none that the owner may see."""
    added = tx.run(
        "INSERT INTO webhook_delivery (id, webhook_id, event_number, created_at)"
        " SELECT :new_id, webhook_delivery.webhook_id, webhook_delivery.event_number, :now"
        f" FROM {_TABLES} WHERE webhook_delivery.id = :delivery_id"
        f" AND webhook_delivery.webhook_id = :webhook_id AND {_IS_VISIBLE}",
        webhook_id=webhook_id,
        delivery_id=delivery_id,
        new_id=new_id,
        now=now,
    )
    if added:
        note_due(tx, [webhook_id], now)
        tx.announce()
    return bool(added)


def _shorten_log(tx: Transaction, webhook_id: str) -> None:
    """Forgets what is done and is not among the newest deliveries."""
    last = tx.one(
        "SELECT number FROM webhook_delivery WHERE webhook_id = :webhook_id"
        " ORDER BY number DESC LIMIT 1 OFFSET :length",
        webhook_id=webhook_id,
        length=LOG_LENGTH,
    )
    if last is None:
        return
    rows = tx.all(
        "DELETE FROM webhook_delivery WHERE webhook_id = :webhook_id AND state <> 'waiting'"
        " AND number <= :last RETURNING event_number",
        webhook_id=webhook_id,
        last=last.number,
    )
    forget_events(tx, [row.event_number for row in rows])


def forget_events(tx: Transaction, numbers: Iterable[int]) -> None:
    """Forgets those of the events that have no delivery (any more)."""
    for chunk in in_chunks(numbers):
        tx.run(
            "DELETE FROM webhook_event WHERE number IN :numbers AND NOT EXISTS"
            " (SELECT 1 FROM webhook_delivery WHERE event_number = webhook_event.number)",
            numbers=chunk,
        )


def forget_deliveries(tx: Transaction, before: int) -> int:
    """Forgets the deliveries from before that time with their events, and gives their number.

    Those that wait are forgotten only where their webhook is off.
    """
    forgotten = tx.run(
        "DELETE FROM webhook_delivery WHERE created_at < :before AND state <> 'waiting'",
        before=before,
    )
    forgotten += tx.run(
        "DELETE FROM webhook_delivery WHERE created_at < :before AND state = 'waiting'"
        " AND webhook_id IN (SELECT id FROM webhook WHERE state <> 'enabled')",
        before=before,
    )
    tx.run(
        "DELETE FROM webhook_event WHERE created_at < :before AND fanned_out = TRUE AND NOT EXISTS"
        " (SELECT 1 FROM webhook_delivery WHERE event_number = webhook_event.number)",
        before=before,
    )
    return forgotten
