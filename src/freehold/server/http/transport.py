"""The connection: one write for a small answer, and a limit to what a stranger may send first.

uvicorn writes the head of an answer and the beginning of its body one after the other, which is two
system calls and two packets for every small answer. What is written in one turn of the event loop
is held back until the turn ends.

It also reads the head of a request however long it is, and waits for it however long it takes. Here
it has a size, and a time for its first byte and from there to its last. And whoever takes nothing
of an answer for too long loses it, with all that is held open for it.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Larger pieces go out at once: to join them with others would copy them.
JOINED_LIMIT = 64 * 1024

HEAD_LIMIT = 64 * 1024
HEAD_SECONDS = 60
STALL_SECONDS = 120

_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


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
    """uvicorn's protocol on a joining transport, with limits to long heads and to silence."""

    _in_head = True
    _head_size = 0
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a new connection."""
        super().connection_made(cast(asyncio.Transport, JoiningTransport(transport, self.loop)))
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Lets go of a connection that has ended."""
        self._stop_head_timer()
        self._stop_stall_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client is slower than the answer: from now on it must take some of it."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """The client has taken what there was."""
        self._stop_stall_timer()
        super().resume_writing()

    def _watch_writing(self, before: int | None = None) -> None:
        left = self.transport.get_write_buffer_size()
        if left == before:
            self.transport.abort()
        else:
            self._stall_timer = self.loop.call_later(STALL_SECONDS, self._watch_writing, left)

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def data_received(self, data: bytes) -> None:
        """Takes what arrived; a head that goes on for too long is answered 431."""
        was_in_head = self._in_head
        self._head_size += len(data)
        super().data_received(data)
        if not (was_in_head and self._in_head):
            self._head_size = 0
        elif self._head_size > HEAD_LIMIT:
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()
        elif self._head_size and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def on_headers_complete(self) -> None:
        """Begins to answer; from here on, the answer may take as long as it needs."""
        self._in_head = False
        self._head_size = 0
        self._stop_head_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has ended: what follows is the head of the next request."""
        self._in_head = True
        super().on_message_complete()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
