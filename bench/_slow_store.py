"""Stands before a hub and answers each part of an upload late, as a store far away would."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

BLOCK = 1024 * 1024
_NOT_COPIED = {"transfer-encoding", "connection", "keep-alive"}


class SlowStore:
    """The hub at another address; every PUT is answered `latency` seconds after it was done."""

    def __init__(self, target: str, latency: float) -> None:
        handler = type("Handler", (_Handler,), {"target": urlsplit(target), "latency": latency})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def _forward(self) -> None:
        connection = http.client.HTTPConnection(self.target.netloc, timeout=600)  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length", 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_COPIED}
        connection.request(self.command, self.path, self._blocks(length), headers)
        answer = connection.getresponse()
        body = answer.read()
        if self.command == "PUT":
            time.sleep(self.latency)  # type: ignore[attr-defined]
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _NOT_COPIED | {"content-length", "server", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        connection.close()

    def _blocks(self, length: int) -> Iterator[bytes]:
        while length:
            block = self.rfile.read(min(BLOCK, length))
            length -= len(block)
            yield block

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _forward  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line for each request would only take time."""
