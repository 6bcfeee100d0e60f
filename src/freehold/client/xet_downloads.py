"""Fetching large files through hf_xet, which asks for their chunks over several connections.

It gains where one connection is slow, and is dear where one is fast: it holds 400 MB in memory,
needs twice the processor time, and gives the bytes in runs of 64 MiB, of which an interrupt loses
those that are not complete. So each download begins plainly, and only what is slow and still long
is left to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from freehold import wire
from freehold.client.errors import HubConnectionError
from freehold.client.workers import run_all
from freehold.client.xet import (
    XetRefusedError,
    ask_access,
    is_chosen,
    library,
    open_session,
    translated,
)
from freehold.errors import UnavailableError

if TYPE_CHECKING:
    from freehold.client.events import Cancellation
    from freehold.client.fetch import Repo
    from freehold.client.file_metadata import Found

# Over connections of 12 MB/s with 40 ms of delay, hf_xet took 12 s for 512 MB and plain requests
# 51 s; for 128 MB 8.6 and 13.4 s; for 64 MB, which is one run of chunks, 7.0 and 6.4 s. On one
# machine plain requests were always faster, by up to two times, at 200 to 270 MB/s.
SMALLEST: Final = 128 << 20
FAST: Final = 50e6
"""Bytes in a second, from which on one connection is good enough."""
JUDGED_SECONDS: Final = 1.0
"""Before that, a connection may only be on its way to its speed."""
# For eight runs on their way at once. A quarter of it made 512 MB four times slower.
_CONFIG: Final = dict.fromkeys(
    (
        "reconstruction.download_buffer_size",
        "reconstruction.download_buffer_perfile_size",
        "reconstruction.download_buffer_limit",
    ),
    "512mb",
)

# One file at a time: others come over connections of their own meanwhile, and memory is not
# multiplied by the number of threads. A process that is forked meanwhile does without.
_turn = Lock()


class Line:
    """How fast one connection is, that begins to bring the file from `begun` on."""

    def __init__(self, begun: int) -> None:
        self._begun = begun
        self._started = time.monotonic()

    def is_slow(self, done: int, found: Found) -> bool:
        """Whether several connections might be faster, and enough is left for them."""
        if found.xet_hash is None or (found.size or 0) - done < SMALLEST:
            return False
        seconds = time.monotonic() - self._started
        return seconds >= JUDGED_SECONDS and done - self._begun < FAST * seconds


def is_for_xet(repo: Repo, found: Found) -> bool:
    """Whether hf_xet can fetch the file; asks the hub, once, what it offers."""
    # What the caller adds to requests, hf_xet could not be made to add to all of its own.
    if found.xet_hash is None or repo.headers or _turn.locked():
        return False
    try:
        return is_chosen(repo.session)
    except (HubConnectionError, UnavailableError):
        return False


def read_rest(repo: Repo, found: Found, path: str, start: int) -> Generator[bytes]:
    """The bytes of the file from `start` on, none while another file is fetched like this.

    Nobody has checked them. Close it when it is not read to its end. Raises `HubConnectionError`,
    `UnavailableError`, and `XetRefusedError` when another way of fetching may do.
    """
    if not _turn.acquire(blocking=False):
        return
    try:
        yield from _read(repo, found, f"{path!r} could not be fetched", start)
    finally:
        _turn.release()


def _read(repo: Repo, found: Found, doing: str, start: int) -> Generator[bytes]:
    access = ask_access(
        repo.session,
        wire.routes.XET_READ_TOKEN,
        repo_id=repo.repo_id,
        repo_type=repo.repo_type,
        revision=found.commit,
        token=repo.token,
        timeout=repo.timeout,
    )
    session = open_session(repo.stall_seconds, **_CONFIG)
    stream = _wait_for(lambda: _open(session, access, found, start), doing, repo.cancel)
    try:
        while (piece := _wait_for(lambda: next(stream, None), doing, repo.cancel)) is not None:
            start += len(piece)
            yield piece
        # An error that comes while nobody waits for a piece may be lost like this.
        if start != found.size:
            raise XetRefusedError(
                f"{doing} through hf_xet: only {start} of {found.size} bytes came."
            )
    except BaseException:
        # The stream itself cannot be cancelled while a thread waits for its next piece.
        session.sigint_abort()
        raise


def _open(session: Any, access: dict[str, Any], found: Found, start: int) -> Any:
    group = session.new_download_stream_group(**access)
    file = library().XetFileInfo(found.xet_hash, found.size)
    return group.download_stream(file, start=start or None)


def _wait_for(call: Callable[[], Any], doing: str, cancel: Cancellation) -> Any:
    """What the call returns, which hears of no interrupt itself: it may be left behind."""
    results: list[Any] = []

    def work() -> None:
        with translated(doing):
            results.append(call())

    run_all([work], 1, cancel)
    return results[0]
