"""git-lfs sends large files in parts by this: its protocol for transfers of other programs.

git-lfs starts one or several such programs, and writes lines of JSON to their stdin. For each
`upload` the parts go where the batch answer of the hub says, and the end is told on stdout; in
between, how far it has come. `docs/custom-transfers.md` of git-lfs describes the events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from threading import BoundedSemaphore, Lock
from typing import Any, Final

from freehold.client.calls import parse_with
from freehold.client.content import Content, LargeFile
from freehold.client.errors import InvalidAnswerError
from freehold.client.events import Event
from freehold.client.large_files import PARTS_AT_ONCE, send_as_ordered
from freehold.client.operations import CommitOperationAdd
from freehold.client.saved_tokens import hub_of
from freehold.client.session import Session
from freehold.client.transfers import Transfer
from freehold.errors import FreeholdError, HfHubHTTPError

Tell = Callable[[Mapping[str, Any]], None]

# What git-lfs shows for an error that no hub has answered.
_NO_STATUS: Final = 1


def serve(lines: Iterable[str], write: Callable[[str], object]) -> None:
    """Does what git-lfs asks, line by line, until it says `terminate` or closes the pipe.

    Errors are told to git-lfs; raises `InvalidAnswerError` for a line that is none of its protocol.
    """
    lock = Lock()

    def tell(event: Mapping[str, Any]) -> None:
        with lock:
            write(f"{json.dumps(event)}\n")

    slots = BoundedSemaphore(PARTS_AT_ONCE)
    for line in filter(str.strip, lines):
        message = _read(line)
        if message["event"] == "terminate":
            return
        if message["event"] == "init":
            slots = BoundedSemaphore(_parts_at_once(message))
            tell(_refuse_downloads(message))
        elif message["event"] == "upload":
            _Upload(message, tell, slots).run()


def _read(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict) or "event" not in message:
        raise InvalidAnswerError("This command is started by git-lfs, which did not say this.")
    return message


def _parts_at_once(init: Mapping[str, Any]) -> int:
    """The share of this process: git-lfs may start several."""
    processes = int(init.get("concurrenttransfers") or 1) if init.get("concurrent") else 1
    return max(1, PARTS_AT_ONCE // max(1, processes))


def _refuse_downloads(init: Mapping[str, Any]) -> dict[str, Any]:
    if init.get("operation") == "upload":
        return {}
    return {"error": {"code": _NO_STATUS, "message": "Only uploads are sent in parts."}}


class _Upload:
    """One file that git-lfs wants to be sent."""

    def __init__(self, message: Mapping[str, Any], tell: Tell, slots: BoundedSemaphore) -> None:
        self._message = message
        self._oid = message.get("oid")
        self._slots = slots
        self._lock = Lock()
        self._told = 0
        self._tell: Tell | None = tell

    def run(self) -> None:
        """Sends it, and tells how that ended."""
        try:
            self._send()
        except (FreeholdError, OSError, ValueError) as error:
            status = error.status if isinstance(error, HfHubHTTPError) else _NO_STATUS
            self._end({"error": {"code": status, "message": str(error)}})
        else:
            self._end({})

    def _send(self) -> None:
        path, upload = parse_with(_read_upload, self._message)
        content = Content(CommitOperationAdd(str(self._oid), path))
        file = LargeFile(content, str(self._oid))
        # Addresses carry their own right, so no token is looked for.
        session = Session(hub_of(upload["href"]), token=False)
        transfer = Transfer(1, self._progress, None)
        send_as_ordered(session, file, upload, transfer, self._slots)

    def _progress(self, event: Event) -> None:
        """Tells what is new; parts that are sent again are none."""
        with self._lock:
            new = event.done - self._told
            if event.kind == "upload" and new > 0 and self._tell is not None:
                self._told = event.done
                self._tell(
                    {
                        "event": "progress",
                        "oid": self._oid,
                        "bytesSoFar": event.done,
                        "bytesSinceLast": new,
                    }
                )

    def _end(self, more: Mapping[str, Any]) -> None:
        """The last event of this file: after an error, threads may still be at work."""
        with self._lock:
            assert self._tell is not None
            self._tell({"event": "complete", "oid": self._oid, **more})
            self._tell = None


def _read_upload(message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    upload = message["action"]
    upload["href"].encode()
    return str(message["path"]), upload
