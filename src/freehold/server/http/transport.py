"""One write for the head of an answer and the beginning of its body.

uvicorn writes them one after the other, which is two system calls and two packets for every small
answer. What is written in one turn of the event loop is held back until the turn ends.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Larger pieces go out at once: to join them with others would copy them.
JOINED_LIMIT = 64 * 1024


class JoiningTransport:
    """A transport whose small writes go out together at the end of a turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Sends the data at the end of this turn of the loop, or at once when it is large."""
        if len(data) > JOINED_LIMIT:
            self._flush()
            self._transport.write(data)
            return
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def close(self) -> None:
        """Closes the connection once everything was sent."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, on a joining transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a new connection."""
        super().connection_made(cast(asyncio.Transport, JoiningTransport(transport, self.loop)))
