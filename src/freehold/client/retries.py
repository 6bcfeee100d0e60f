"""When a call is made again, and after how long.

Only where it is safe: reading may be repeated after any fault, a change only when it was certainly
not carried out.
"""

from __future__ import annotations

import random

from freehold.client.connections import ConnectionNotMadeError, UnusableConnectionError
from freehold.client.errors import HubConnectionError, HubTimeoutError, OfflineModeIsEnabled
from freehold.errors import FreeholdError, HfHubHTTPError

MAX_RETRIES = 5
# A hub that is not there is told to the caller soon: what it asked for may be in the cache.
MAX_CONNECTS_AGAIN = 3
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
# A hub that asks for more patience than this gets it from the caller, who is told how much.
LONGEST_WAIT_FOR_HUB = 60.0

_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})


def pause_before_retry(error: FreeholdError, attempt: int, may_repeat: bool) -> float | None:
    """How many seconds to wait before the call is made again; None when it must not be.

    `attempt` counts from 0. Pauses grow and are random, so that many clients do not come back
    together; what the hub asks for (`Retry-After`, `RateLimit`) is obeyed.
    """
    pause = random_pause(attempt)
    if isinstance(error, HfHubHTTPError):
        wanted = _wanted_pause(error)
        again = attempt < MAX_RETRIES and wanted <= LONGEST_WAIT_FOR_HUB
        return max(pause, wanted) if again and _is_repeated(error, may_repeat) else None
    return pause if attempt < _most_attempts(error, may_repeat) else None


def random_pause(attempt: int) -> float:
    """Half a second, doubled with each attempt up to eight, and up to half of it less."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempt)
    return random.uniform(0.5, 1) * longest  # noqa: S311


def _is_repeated(error: HfHubHTTPError, may_repeat: bool) -> bool:
    """A change is repeated only when the hub says that it was not carried out.

    429 always says so. 503 does when it names a time: without one it may come from a proxy that
    had passed the request on.
    """
    if may_repeat:
        return error.status in _TEMPORARY
    return error.status == 429 or (error.status == 503 and error.retry_after is not None)


def _most_attempts(error: FreeholdError, may_repeat: bool) -> int:
    if isinstance(error, OfflineModeIsEnabled | UnusableConnectionError):
        return 0
    if isinstance(error, ConnectionNotMadeError):
        return MAX_CONNECTS_AGAIN
    if not may_repeat or not isinstance(error, HubConnectionError):
        return 0
    # Each attempt has already taken the whole timeout.
    return 1 if isinstance(error, HubTimeoutError) else MAX_RETRIES


def _wanted_pause(error: HfHubHTTPError) -> float:
    if error.retry_after is not None:
        return error.retry_after
    return _rate_limit_reset(error.headers.get("ratelimit", ""))


def _rate_limit_reset(header: str) -> float:
    """Seconds until the window ends, when `"api";r=0;t=229` says that nothing is left in it."""
    fields = dict(part.strip().split("=", 1) for part in header.split(";") if "=" in part)
    reset = fields.get("t", "")
    over = fields.get("r") == "0" and reset.isascii() and reset.isdecimal()
    return float(reset) + 1 if over else 0.0
