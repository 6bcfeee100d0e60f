"""How often somebody may try: counted in the database, so that it holds for all processes."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from freehold.errors import TooManyRequestsError
from freehold.server.db.sign_in_failures import (
    count_failure,
    forget_failures,
    forget_old_failures,
    take_back_failure,
)
from freehold.server.hub import Hub, now_ms

WINDOW_SECONDS = 15 * 60
FAILURES_BY_NAME = 10
FAILURES_BY_ADDRESS = 50

# A user name has no more characters.
_MAX_NAME = 96
# Who has one address of IPv6 has at least these.
_IPV6_NETWORK = 64


class Limit(NamedTuple):
    """What failures are counted by, and how many of them there may be in a while."""

    subject: str
    most: int


def by_name(name: str) -> Limit:
    """For who signs in with that user name."""
    return Limit(f"user {name.lower()[:_MAX_NAME]}", FAILURES_BY_NAME)


def by_account(account_id: str) -> Limit:
    """For who is signed in, and is asked for the password again."""
    return Limit(f"password {account_id}", FAILURES_BY_NAME)


def by_address(address: str, what: str = "address") -> list[Limit]:
    """For who signs in from that address; nothing where it is not known."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return []
    if parsed.version == 6:
        address = str(ip_network((parsed, _IPV6_NETWORK), strict=False))
    return [Limit(f"{what} {address}", FAILURES_BY_ADDRESS)]


def count_attempt(hub: Hub, limits: Sequence[Limit]) -> None:
    """Counts an attempt as a failure, before it is known to be one.

    So many at the same moment are no way around the limit. Raises `TooManyRequestsError`.
    """
    now = now_ms()
    with hub.db.write() as tx:
        for limit in limits:
            found = count_failure(tx, limit.subject, now, now - 1000 * WINDOW_SECONDS)
            if found.failures > limit.most:
                raise _too_many((found.since - now) // 1000 + WINDOW_SECONDS)


def _too_many(seconds: int) -> TooManyRequestsError:
    seconds = max(1, seconds)
    minutes = -(-seconds // 60)
    return TooManyRequestsError(
        f"Too many attempts. Please try again in {minutes} minute{'s' if minutes > 1 else ''}.",
        headers={"Retry-After": str(seconds)},
    )


def forgive(hub: Hub, forgotten: Limit, others: Sequence[Limit]) -> None:
    """The attempt was none to be counted, and the first limit begins anew."""
    with hub.db.write() as tx:
        forget_failures(tx, forgotten.subject)
        for limit in others:
            take_back_failure(tx, limit.subject)


def forget_attempts(hub: Hub) -> int:
    """Forgets attempts that no longer count, and gives the number of what they counted for."""
    with hub.db.write() as tx:
        return forget_old_failures(tx, now_ms() - 1000 * WINDOW_SECONDS)
