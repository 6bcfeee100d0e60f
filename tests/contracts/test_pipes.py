"""What a program says, as its reader gets it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from freehold.server.http.streams import read_pipe
from tests.loops import run_async


class Pipe:
    """A pipe and what is read from it."""

    def __init__(self) -> None:
        self.output, self._input = os.pipe()

    def write(self, piece: bytes) -> None:
        os.write(self._input, piece)

    def end(self) -> None:
        os.close(self._input)

    def read(self) -> AsyncIterator[bytes]:
        return read_pipe(self.output)


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    os.close(made.output)


def test_the_first_piece_comes_at_once_and_small_ones_after_it_together(pipe):
    async def read() -> list[bytes]:
        pieces = pipe.read()
        pipe.write(b"first")
        found = [await anext(pieces)]
        following = asyncio.ensure_future(anext(pieces))
        for piece in (b"a", b"b", b"c"):
            # The reader has seen that there is something, and does not take it yet.
            await asyncio.sleep(0)
            pipe.write(piece)
        found.append(await following)
        pipe.end()
        return [*found, *[piece async for piece in pieces]]

    assert run_async(read()) == [b"first", b"abc"]


def test_nothing_is_lost_when_the_other_end_is_closed(pipe):
    async def read() -> list[bytes]:
        pieces = pipe.read()
        pipe.write(b"first")
        found = [await anext(pieces)]
        pipe.write(b"last")
        pipe.end()
        return [*found, *[piece async for piece in pieces]]

    assert run_async(read()) == [b"first", b"last"]
