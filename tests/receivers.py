"""A receiver of webhooks that listens on this machine and says what it is told to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.live import Account, LiveHub
from tests.repos import Repo

PATIENCE = 60


class Received(NamedTuple):
    """One request: its path, its headers by lower-case name, and its body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def event(self) -> str:
        """Action and scope in one word."""
        return f"{self.body['event']['action']}/{self.body['event']['scope']}"


class Receiver:
    """Keeps what arrives in the order of its arrival; used in a `with` statement.

    `answer` gives the status for a request, and may wait; 200 unless a test sets another.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: Queue[Received] = Queue()
        self.answer: Callable[[Received], int] = lambda received: 200
        self.port = port
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where webhooks are to lead."""
        return f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Listen, at the same port as before."""
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        self.port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Stop listening; who connects is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def get(self) -> Received:
        """The next request, as soon as it is there."""
        return self.requests.get(timeout=PATIENCE)

    def get_events(self, count: int) -> list[str]:
        """The actions and scopes of the next requests."""
        return [self.get().event for _ in range(count)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A test that holds a request back must not wait for itself when it closes the receiver.
    block_on_close = False


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, json.loads(content))
            receiver.requests.put(received)
            status = receiver.answer(received)
            try:
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", f"{receiver.url}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()
            except OSError:
                # The hub waits no longer.
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def watch(
    hub: LiveHub,
    account: Account,
    url: str,
    *watched: Repo | str,
    domains: tuple[str, ...] = ("repo", "discussion"),
    **more: Any,
) -> str:
    """Make a webhook on these repositories and users, and return its id."""
    items = [
        {"type": "user", "name": item}
        if isinstance(item, str)
        else {"type": item.type, "name": item.full_name}
        for item in watched
    ]
    body = {"url": url, "watched": items, "domains": list(domains), **more}
    answer = hub.call("POST", "/api/settings/webhooks", token=account.token, json=body)
    assert answer.status_code == 200, answer.text
    webhook_id: str = answer.json()["webhook"]["id"]
    return webhook_id


def log_of(hub: LiveHub, account: Account, webhook_id: str) -> list[dict[str, Any]]:
    """The log of a webhook, the newest line first."""
    path = f"/api/settings/webhooks/{webhook_id}/logs"
    lines: list[dict[str, Any]] = hub.call("GET", path, token=account.token).json()
    return lines
