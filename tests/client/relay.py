"""A loopback proxy between a client and a hub that watches, delays, damages and loses messages."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

BLOCK = 64 * 1024


class Seen:
    """A request that came by; `received` are the bytes of its body, `status` that of its answer."""

    def __init__(self, method: str, target: str, headers: dict[str, str]) -> None:
        self.method = method
        self.path = urlsplit(target).path
        self.target = target
        self.headers = headers
        self.received = 0
        self.status: int | None = None

    def is_commit(self) -> bool:
        """Whether it makes a commit."""
        return self.method == "POST" and "/commit/" in self.path


class Fault(NamedTuple):
    """What is done to one request and its answer.

    `lose` ends the connection before the hub hears of the request, after it has answered, or in
    the midst of its answer. `flip` is the place of a byte of the body that is changed. `delay` is
    the time in seconds that the answer takes longer. `answer` is sent instead of asking the hub.
    """

    lose: Literal["request", "answer", "end of answer"] | None = None
    flip: int | None = None
    delay: float = 0
    answer: tuple[int, dict[str, str], bytes] | None = None


NO_FAULT = Fault()
Choose = Callable[[Seen], Fault]


class Relay:
    """Passes requests on to the hub at `url`; `choose` says what happens to each.

    `seen` are the requests in their order, `hidden` the headers that no answer has any more, and
    `on_bytes` is called with each block of a body before it is passed on.
    """

    def __init__(
        self,
        url: str,
        choose: Choose = lambda _: NO_FAULT,
        hidden: frozenset[str] = frozenset(),
        on_bytes: Callable[[Seen], None] = lambda _: None,
    ) -> None:
        self.choose = choose
        self.hidden = hidden
        self.on_bytes = on_bytes
        self.seen: list[Seen] = []
        self.hub = urlsplit(url).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, method: str | None = None) -> int:
        """How many requests came, or how many with that method."""
        return sum(method in (None, seen.method) for seen in self.seen)

    def commits(self) -> list[Seen]:
        """The requests that make commits."""
        return [seen for seen in self.seen if seen.is_commit()]

    def puts(self) -> list[Seen]:
        """The requests that carry bytes of large files."""
        return [seen for seen in self.seen if seen.method == "PUT"]


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

        def handle_any(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers)
            relay.seen.append(seen)
            fault = relay.choose(seen)
            status, answered, body = self._ask(seen, fault)
            seen.status = status
            if fault.delay:
                time.sleep(fault.delay)
            if fault.lose in {"request", "answer"}:
                self.close_connection = True
                return
            self._answer(fault, status, answered, body)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

        def _ask(self, seen: Seen, fault: Fault) -> tuple[int, dict[str, str], bytes]:
            if fault.answer is not None or fault.lose == "request":
                for _ in self._read_body(seen, fault):
                    pass
                return fault.answer or (0, {}, b"")
            connection = http.client.HTTPConnection(relay.hub, timeout=120)
            try:
                body = self._read_body(seen, fault) if "content-length" in seen.headers else None
                connection.request(seen.method, seen.target, body=body, headers=seen.headers)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            finally:
                connection.close()

        def _read_body(self, seen: Seen, fault: Fault) -> Iterator[bytes]:
            left = int(seen.headers.get("content-length", 0))
            while left:
                block = self.rfile.read(min(left, BLOCK))
                if not block:
                    raise ConnectionError("the client has gone")
                left -= len(block)
                place = None if fault.flip is None else fault.flip - seen.received
                seen.received += len(block)
                relay.on_bytes(seen)
                yield block if place is None else _flip(block, place)

        def _answer(self, fault: Fault, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            length = headers.get("content-length", str(len(body)))
            for name, value in headers.items():
                if name.lower() not in {*relay.hidden, "content-length", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("content-length", length)
            self.end_headers()
            if fault.lose == "end of answer":
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            elif self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _flip(block: bytes, place: int) -> bytes:
    if not 0 <= place < len(block):
        return block
    return block[:place] + bytes([block[place] ^ 1]) + block[place + 1 :]
