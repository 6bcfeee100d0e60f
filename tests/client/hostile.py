"""A loopback server that answers with exact bytes, as no honest hub would, and a forward proxy."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Self

# What may be answered besides bytes.
SILENCE = None
HANG_UP = b""


class Received(NamedTuple):
    """One request as it arrived: header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[Received], bytes | Iterator[bytes] | None]


def reply(status: int, body: object = b"", **headers: str) -> bytes:
    """A whole answer; what is not bytes becomes JSON, `retry_after="1"` becomes `Retry-After`."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {
        "content-type": "application/json",
        "content-length": str(len(sent)),
        "connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode() + sent


def in_turn(*answers: bytes | None) -> Script:
    """A script that gives one answer after the other, and the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class _Listener:
    """Takes connections on a port of its own until it is closed, each in a thread."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            with suppress(OSError):
                connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError


class HostileServer(_Listener):
    """Answers each request with what `script` gives for it; `requests` are those that came.

    `SILENCE` leaves the connection open without a byte, `HANG_UP` closes it, and an iterator gives
    the answer piece by piece.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.script = script
        self.requests: list[Received] = []
        self.peers: list[object] = []
        self._tls = tls

    @property
    def url(self) -> str:
        """The address, to be used as an endpoint."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
                self.peers.append(connection.getpeercert())
            received = _read_request(connection)
            if received is None:
                return
            self.requests.append(received)
            answer = self.script(received)
            if answer is not SILENCE:
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(piece)
                connection.close()


class ForwardProxy(_Listener):
    """Passes requests and tunnels on; `lines` are the first lines of what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    @property
    def url(self) -> str:
        """The address, for `HTTP_PROXY` and the like."""
        return f"http://127.0.0.1:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            head, rest = _read_head(connection)
            line, _, fields = head.partition("\r\n")
            self.lines.append(line)
            method, target, version = line.split(" ")
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
                connection.sendall(b"HTTP/1.1 200 Tunnel\r\n\r\n")
                first = rest
            else:
                address, slash, path = target.removeprefix("http://").partition("/")
                host, _, port = address.partition(":")
                kept = [f for f in fields.split("\r\n") if not f.lower().startswith("connection:")]
                lines = [f"{method} {slash}{path} {version}", *kept, "connection: close", "", ""]
                first = "\r\n".join(lines).encode() + rest
            with socket.create_connection((host, int(port or 80))) as other:
                other.sendall(first)
                threading.Thread(target=_pump, args=(connection, other), daemon=True).start()
                _pump(other, connection)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


def _read_head(connection: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            raise ConnectionError("the request ended early")
        data += block
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


def _read_request(connection: socket.socket) -> Received | None:
    head, body = _read_head(connection)
    line, *fields = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    method, target, _ = line.split(" ")
    while len(body) < int(headers.get("content-length", 0)):
        block = connection.recv(65536)
        if not block:
            return None
        body += block
    return Received(method, target, headers, body)


@contextmanager
def dead_port() -> Iterator[int]:
    """A port on which nobody listens, for as long as the block lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
