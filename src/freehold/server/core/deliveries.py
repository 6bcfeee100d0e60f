"""Telling webhooks what has happened: a thread in each process, and the senders that it starts.

The deliveries of a webhook are made one at a time, in the order of their events. While its
receiver cannot be reached, all of them wait, and keep their order. A delivery that the receiver
has refused waits on its own, and the others go on; so does one that was tried in vain so often
that it may be the reason. What was delivered when a process was killed is delivered once more.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from threading import Lock, Thread
from typing import NamedTuple

import freehold
from freehold.server.core.outgoing import Outcome, post, read_targets
from freehold.server.core.payloads import make_payload
from freehold.server.db import deliveries, events
from freehold.server.db.database import Transaction
from freehold.server.db.deliveries import Delivery, Due, Receiver
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.codec import encode_json

# In a process, at once; of the webhooks of one user, at once.
MAX_SENDERS = 16
MAX_SENDERS_OF_ONE = 4
# Looked at in one go, when there is room.
DUE_AT_ONCE = 100

# At least between two looks at what there is to do, in seconds: what comes meanwhile is done in one
# go, and leaves the database to the commits that it comes from.
BREATH_SECONDS = 0.05
# What other processes have left is found after this time, in seconds.
POLL_SECONDS = 2.0
# After so long, others get their turn.
ROUND_SECONDS = 10.0
# How much longer a lease lasts than an answer may take: nothing is sent by then.
LEASE_MARGIN_MS = 5_000

LONGEST_PAUSE_MS = 3_600_000
# With no more attempts than these, a delivery keeps the others waiting when nobody is there.
BLOCKING_ATTEMPTS = 10
# Said by what stands before a receiver that is not there, or has too much to do.
NOBODY_THERE = frozenset({429, 502, 503, 504})

MAX_ERROR_LENGTH = 500

USER_AGENT = f"freehold/{freehold.__version__}"

log = logging.getLogger("freehold.webhooks")


class _Attempt(NamedTuple):
    receiver: Receiver
    delivery: Delivery
    outcome: Outcome


def deliver_events(hub: Hub) -> None:
    """Makes the deliveries that are due, as soon as they are, until the hub stops."""
    senders = _Senders(hub)
    while not hub.stopping.is_set():
        hub.db.news.clear()
        pause = POLL_SECONDS
        try:
            _fan_out(hub)
            pause = min(pause, senders.start())
        except Exception:
            log.exception("a round of deliveries failed")
        looked = time.monotonic()
        if hub.db.news.wait(pause):
            hub.stopping.wait(max(looked + BREATH_SECONDS - time.monotonic(), 0))
    senders.finish()


def _fan_out(hub: Hub) -> None:
    while True:
        with hub.db.read() as tx:
            if not events.has_new_events(tx):
                return
        with hub.db.write() as tx:
            events.fan_out_events(tx, now_ms())


class _Senders:
    """The threads that send something at this moment."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = Lock()
        self._running: dict[Due, Thread] = {}

    def start(self) -> float:
        """Starts what is due and has room, and gives the seconds until more will be."""
        now = now_ms()
        with self._hub.db.read() as tx:
            waiting = deliveries.list_due(tx, now, self._list_busy_owners(), DUE_AT_ONCE)
        for due in waiting:
            if self._has_room(due):
                self._start(due)
        with self._hub.db.read() as tx:
            next_at = deliveries.find_next_due(tx, now)
        return POLL_SECONDS if next_at is None else max(next_at - now_ms(), 0) / 1000

    def _list_busy_owners(self) -> list[str]:
        """Those with so many webhooks at work that more have to wait, and must hide nobody else."""
        with self._lock:
            counts = Counter(running.owner_id for running in self._running)
        return [owner_id for owner_id, count in counts.items() if count >= MAX_SENDERS_OF_ONE]

    def _has_room(self, due: Due) -> bool:
        with self._lock:
            is_free = due not in self._running and len(self._running) < MAX_SENDERS
        return is_free and due.owner_id not in self._list_busy_owners()

    def _start(self, due: Due) -> None:
        thread = Thread(target=self._run, args=(due,), daemon=True)
        with self._lock:
            self._running[due] = thread
        thread.start()

    def _run(self, due: Due) -> None:
        try:
            _serve(self._hub, due.webhook_id)
        except Exception:
            # The lease runs out, and then somebody tries again.
            log.exception("the deliveries of a webhook failed: %s", due.webhook_id)
        finally:
            with self._lock:
                del self._running[due]
            self._hub.db.news.set()

    def finish(self) -> None:
        """Waits for those that are sending."""
        with self._lock:
            running = list(self._running.values())
        for thread in running:
            thread.join()


def _lease_end(hub: Hub, now: int) -> int:
    return now + LEASE_MARGIN_MS + int(hub.config.webhook_seconds * 1000)


def _serve(hub: Hub, webhook_id: str) -> None:
    """Makes the deliveries of a webhook, until there is none, nobody there, or no more time."""
    lease = new_id()
    end = time.monotonic() + ROUND_SECONDS
    done: _Attempt | None = None
    while True:
        is_over = hub.stopping.is_set() or time.monotonic() > end
        with hub.db.write() as tx:
            if done is None:
                going_on = _take_on(tx, hub, webhook_id, lease)
            else:
                going_on = _record(tx, hub, webhook_id, lease, done)
            job = _take(tx, hub, webhook_id, lease) if going_on and not is_over else None
            if job is None:
                deliveries.end_lease(tx, webhook_id, lease, now_ms())
                return
        done = _Attempt(*job, _send(hub, webhook_id, *job))


def _take_on(tx: Transaction, hub: Hub, webhook_id: str, lease: str) -> bool:
    now = now_ms()
    return deliveries.take_lease(tx, webhook_id, lease, now, _lease_end(hub, now))


def _take(
    tx: Transaction, hub: Hub, webhook_id: str, lease: str
) -> tuple[Receiver, Delivery] | None:
    now = now_ms()
    receiver = deliveries.extend_lease(tx, webhook_id, lease, _lease_end(hub, now))
    if receiver is None:
        return None
    delivery = deliveries.take_next_delivery(tx, webhook_id, now)
    return None if delivery is None else (receiver, delivery)


def _send(hub: Hub, webhook_id: str, receiver: Receiver, delivery: Delivery) -> Outcome:
    origin = hub.config.public_url or receiver.origin
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "x-webhook-delivery": delivery.id,
    }
    if receiver.secret is not None:
        headers["x-webhook-secret"] = receiver.secret
    return post(
        receiver.url,
        headers,
        encode_json(make_payload(delivery.event, webhook_id, origin)),
        seconds=hub.config.webhook_seconds,
        targets=read_targets(hub.config.webhook_targets),
    )


def _record(tx: Transaction, hub: Hub, webhook_id: str, lease: str, attempt: _Attempt) -> bool:
    """Keeps what became of an attempt; false when the receiver is to be left alone for a while.

    A failure that took longer than the lease is none: somebody else has tried since.
    """
    now = now_ms()
    tried = attempt.delivery._replace(
        attempts=attempt.delivery.attempts + 1,
        status=attempt.outcome.status,
        error=_explain(attempt.outcome),
        attempted_at=now,
    )
    if tried.error is None:
        # The webhook first, as everybody locks it who does anything with its deliveries.
        deliveries.record_success(tx, webhook_id, now)
        deliveries.record_attempt(tx, tried._replace(state="delivered"), 0)
        return True
    if not deliveries.holds_lease(tx, webhook_id, lease):
        return False
    return _record_failure(tx, hub, webhook_id, attempt, tried, now)


def _record_failure(
    tx: Transaction, hub: Hub, webhook_id: str, attempt: _Attempt, tried: Delivery, now: int
) -> bool:
    receiver, _, outcome = attempt
    is_there = outcome.connected and outcome.status not in NOBODY_THERE
    failures = 0 if is_there else receiver.failures + 1
    retry_at = 0 if is_there else now + _pause(hub, failures)
    deliveries.record_failure(tx, webhook_id, now, failures, retry_at)
    since = max(tried.created_at, receiver.enabled_at)
    if now - since >= hub.config.webhook_give_up_seconds * 1000:
        _give_up(tx, webhook_id, tried, nothing_since=(receiver.succeeded_at or 0) <= since)
    else:
        is_first = not is_there and tried.attempts < BLOCKING_ATTEMPTS
        next_at = 0 if is_first else now + _pause(hub, tried.attempts)
        deliveries.record_attempt(tx, tried, next_at)
    return is_there


def _give_up(tx: Transaction, webhook_id: str, tried: Delivery, nothing_since: bool) -> None:
    deliveries.record_attempt(tx, tried._replace(state="failed"), 0)
    if nothing_since:
        deliveries.suspend_webhook(tx, webhook_id)
        log.warning("nothing has reached the webhook %s for too long: it is off now", webhook_id)


def _explain(outcome: Outcome) -> str | None:
    """What is wrong with the outcome; nothing when the receiver has taken the delivery."""
    if outcome.status is None:
        return (outcome.error or "")[:MAX_ERROR_LENGTH]
    if 200 <= outcome.status < 300:
        return None
    if 300 <= outcome.status < 400:
        return f"answered {outcome.status}: redirects are not followed"
    return f"answered {outcome.status}"


def _pause(hub: Hub, failures: int) -> int:
    """How long to wait after so many failures, in milliseconds."""
    first = int(hub.config.webhook_retry_seconds * 1000)
    return min(first << min(failures - 1, 30), LONGEST_PAUSE_MS)
