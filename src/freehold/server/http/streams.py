"""Bodies that are not held in memory: incoming to a spool or a writer, outgoing in blocks."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import select
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import BinaryIO, Protocol, TypeVar, cast

from starlette.requests import Request

from freehold.errors import BadRequestError, PayloadTooLargeError, UnprocessableError
from freehold.server.http.threads import Threads

SPOOL_IN_MEMORY = 1024 * 1024
BLOCK = 2 * 1024 * 1024
DIGEST_LENGTH = 64

# How long what comes out of a pipe gathers.
GATHER_SECONDS = 0.001

# How zlib is told to expect the head of gzip.
_GZIP = 16 + zlib.MAX_WBITS

T = TypeVar("T")


async def read_blocks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in blocks of about `BLOCK` bytes, so that few are handed to a thread.

    Raises `PayloadTooLargeError` beyond `limit` bytes, and `ClientDisconnect` when the client goes
    away before the end.
    """
    _check_declared(request, limit)
    waiting: list[bytes] = []
    size = total = 0
    async for piece in request.stream():
        waiting.append(piece)
        size += len(piece)
        total += len(piece)
        if total > limit:
            raise _too_large(limit)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


def _check_declared(request: Request, limit: int) -> None:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body is over the limit of {limit} bytes.")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole of a small body."""
    return b"".join([block async for block in read_blocks(request, limit)])


async def spool_body(request: Request, limit: int, threads: Threads) -> BinaryIO:
    """The whole body in a temporary file, at its start; in memory while it is small.

    The caller closes it.
    """
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY))  # noqa: SIM115
    try:
        async for block in read_blocks(request, limit):
            await threads.run(file.write, block)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def cut_digest(body: BinaryIO) -> None:
    """Takes the last 64 bytes off a body: the sha256, in hex, of all bytes before them.

    The body is at its start again afterwards. Raises `UnprocessableError` when they differ.
    """
    size = body.seek(0, io.SEEK_END) - DIGEST_LENGTH
    body.seek(0)
    digest = hashlib.sha256()
    left = max(size, 0)
    while left:
        block = body.read(min(left, BLOCK))
        digest.update(block)
        left -= len(block)
    if body.read(DIGEST_LENGTH) != digest.hexdigest().encode():
        raise UnprocessableError(
            "The body arrived damaged: it does not have the sha256 at its end. Nothing was"
            " changed; send it again."
        )
    body.truncate(size)
    body.seek(0)


async def drain(request: Request, limit: int) -> None:
    """Reads a body that nobody needs, so that the client gets its answer."""
    async for _ in read_blocks(request, limit):
        pass


class Sink(Protocol):
    """Takes a body in order, block by block, in a thread."""

    def take(self, block: bytes) -> None:
        """The next block."""


class HashedSink:
    """Takes a body in order: hashes each block and writes it, in one trip to a thread."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._digest = hashlib.sha256()
        self.size = 0

    def take(self, block: bytes) -> None:
        """Hashes and writes a block."""
        self._digest.update(block)
        self._write(block)
        self.size += len(block)

    @property
    def sha256(self) -> str:
        """The digest of everything so far, in hex."""
        return self._digest.hexdigest()


class FileSink:
    """Takes a body in order and writes it to a file, unpacked by gzip if it came packed.

    Raises `PayloadTooLargeError` when more than `limit` bytes come out of it.
    """

    def __init__(self, file: BinaryIO, limit: int, *, is_packed: bool) -> None:
        self._file = file
        self._limit = limit
        self._left = limit
        self._unpacker = zlib.decompressobj(_GZIP) if is_packed else None

    def take(self, block: bytes) -> None:
        """Writes a block."""
        if self._unpacker is None:
            self._write(block)
            return
        try:
            while block:
                self._write(self._unpacker.decompress(block, BLOCK))
                block = self._unpacker.unconsumed_tail
        except zlib.error as error:
            raise BadRequestError(f"The body is not packed by gzip: {error}") from error

    def finish(self) -> None:
        """Puts the file at its start; raises `BadRequestError` when the body broke off."""
        if self._unpacker is not None and not self._unpacker.eof:
            raise BadRequestError("The body is not packed by gzip: its end is missing.")
        self._file.seek(0)

    def _write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(self._limit)
        self._file.write(data)


async def pour(request: Request, limit: int, sink: Sink, threads: Threads) -> None:
    """Moves the body into the sink: the next block arrives while the last one is written.

    However it ends, no thread is still writing afterwards.
    """
    writing: asyncio.Task[None] | None = None
    try:
        async for block in read_blocks(request, limit):
            await _finish(writing)
            writing = asyncio.ensure_future(threads.run(sink.take, block))
    finally:
        await _finish(writing)


async def _finish(writing: asyncio.Task[None] | None) -> None:
    """Waits for a block to be written; a caller that is cancelled does not cancel the writing."""
    if writing is not None:
        await asyncio.wait([writing])
        writing.result()


async def read_pipe(pipe: int) -> AsyncIterator[bytes]:
    """What comes out of a pipe, until its other end is closed.

    The first piece comes at once. Those after it gather for a moment: a program that writes a
    little at a time would keep its reader busy.
    """
    os.set_blocking(pipe, False)
    is_first = True
    while True:
        try:
            block = os.read(pipe, BLOCK)
        except BlockingIOError:
            await _wait_readable(pipe)
            if not is_first and not _is_finished(pipe):
                await asyncio.sleep(GATHER_SECONDS)
            continue
        if not block:
            return
        yield block
        is_first = False


def _is_finished(pipe: int) -> bool:
    """Whether nobody writes to a pipe any more."""
    poll = select.poll()
    poll.register(pipe, select.POLLHUP)
    return bool(poll.poll(0))


async def _wait_readable(pipe: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(pipe, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(pipe)


def _settle(ready: asyncio.Future[None]) -> None:
    """Ends the waiting, unless that was given up in the same turn of the loop."""
    if not ready.done():
        ready.set_result(None)


async def send_blocks(blocks: Iterator[bytes], threads: Threads) -> AsyncIterator[bytes]:
    """The blocks of an object, each read in a thread that is free again while it is sent."""
    while block := await threads.run(next, blocks, b""):
        yield block
