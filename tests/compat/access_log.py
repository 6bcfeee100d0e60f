"""What a hub was asked, as its log tells it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.live import LiveHub


MARKER = "/marker"


class Request(NamedTuple):
    """One answered request; `received` and `sent` are the bytes of the two bodies."""

    method: str
    path: str
    status: int
    received: int
    sent: int


class AccessLog:
    """The requests that a running hub has answered since this was made."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._begin = 0
        self._begin = len(self._read())

    def all(self) -> list[Request]:
        """Return every request, in order."""
        lines = [json.loads(line) for line in self._read().splitlines() if line.startswith("{")]
        seen = [
            Request(line["method"], line["path"], line["status"], line["received"], line["sent"])
            for line in lines
            if line["logger"] == "freehold.access"
        ]
        return [item for item in seen if not item.path.startswith(MARKER)]

    def requests(self, method: str, part: str) -> list[Request]:
        """Return the requests with this method whose path contains `part`, in order."""
        return [item for item in self.all() if item.method == method and part in item.path]

    def received(self, part: str) -> int:
        """Return how many bytes were posted to paths that contain `part`."""
        return sum(item.received for item in self.requests("POST", part))

    def _read(self) -> str:
        """Return the log up to now: it is complete when a request of our own is in it."""
        marker = fresh_name(MARKER)
        self._hub.call("GET", marker)
        deadline = time.monotonic() + 60
        while marker not in (log := self._hub.log()):
            assert time.monotonic() < deadline, "the hub does not write its log"
        return log[self._begin :]
