"""The limits of a connection: its times end silence, and never a slow answer, body or reader."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from freehold.server.http import transport
from tests.loops import run_async

SECONDS = 0.2
ANSWER = b"HTTP/1.1 200 OK"

# More than the buffers of both ends hold.
LARGE = 48 * 1024 * 1024
BLOCK = 1024 * 1024

App = Callable[[Any, Callable[[], Awaitable[Any]], Any], Awaitable[None]]


async def slow_app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    """Reads the body, and answers only when the time for a head is long over."""
    while scope["type"] == "http" and (await receive()).get("more_body"):
        pass
    await asyncio.sleep(3 * SECONDS)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def large_app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with more than a client takes at once."""
    headers = [(b"content-length", b"%d" % LARGE)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for left in range(LARGE - BLOCK, -1, -BLOCK):
        message = {"type": "http.response.body", "body": bytes(BLOCK), "more_body": left > 0}
        await send(message)


async def talk(conversation: Callable[[int], Awaitable[None]], app: App = slow_app) -> None:
    """Run a server on a free port for the conversation."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, http=transport.HttpProtocol, lifespan="off", log_level="critical"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        await conversation(listener.getsockname()[1])
        server.should_exit = True
        await serving


@pytest.fixture(autouse=True)
def short_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HEAD_SECONDS", SECONDS)
    monkeypatch.setattr(transport, "STALL_SECONDS", SECONDS)


def test_a_slow_answer_and_a_slow_body_outlast_the_time_of_a_head() -> None:
    async def converse(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await reader.read(1000)).startswith(ANSWER)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc")
        await asyncio.sleep(2 * SECONDS)
        writer.write(b"def")
        assert (await reader.read(1000)).startswith(ANSWER)
        writer.close()

    run_async(talk(converse))


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nx: y"])
def test_a_connection_that_never_finishes_its_head_is_ended(start: bytes) -> None:
    async def converse(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(start)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()

    run_async(talk(converse))


def test_a_client_that_takes_nothing_loses_its_answer() -> None:
    """Else it would hold the program, the file or the bucket that the answer comes from."""

    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await large_app(scope, receive, send)
        ended.set()

    async def ask(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await asyncio.wait_for(ended.wait(), 60)

    run_async(talk(ask, app))


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it() -> None:
    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=BLOCK)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(8):
            await reader.readexactly(LARGE // 8)
            await asyncio.sleep(SECONDS / 2)
        writer.close()

    run_async(talk(ask, large_app))
