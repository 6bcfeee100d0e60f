"""The worker threads: every job runs once, in time, and nobody outruns one that still works."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from freehold.server.http.threads import Threads
from tests.loops import run_async

PATIENCES = pytest.mark.parametrize("patience", [0, 0.002])


def run(patience: float, test: Callable[[Threads], Coroutine[Any, Any, None]]) -> None:
    """Run the test on four threads, and end them."""

    async def main() -> None:
        threads = Threads(4, patience=patience)
        await test(threads)
        await asyncio.to_thread(threads.stop, 30)

    run_async(asyncio.wait_for(main(), 60))


@PATIENCES
def test_every_job_gives_its_own_result(patience: float) -> None:
    async def test(threads: Threads) -> None:
        jobs = [threads.run(pow, number, 2) for number in range(5000)]
        assert await asyncio.gather(*jobs) == [number**2 for number in range(5000)]

    run(patience, test)


@PATIENCES
def test_an_error_reaches_whoever_asked_and_nobody_else(patience: float) -> None:
    async def test(threads: Threads) -> None:
        jobs = [threads.run(int, text) for text in ("1", "x", "2")]
        one, wrong, two = await asyncio.gather(*jobs, return_exceptions=True)
        assert (one, two) == (1, 2)
        assert isinstance(wrong, ValueError)
        with pytest.raises(RuntimeError):
            await threads.run(next, iter(()))

    run(patience, test)


@PATIENCES
def test_slow_jobs_do_not_keep_others_waiting(patience: float) -> None:
    async def test(threads: Threads) -> None:
        gate = threading.Event()
        slow = [asyncio.ensure_future(threads.run(gate.wait, 60)) for _ in range(3)]
        assert await threads.run(pow, 2, 3) == 8
        assert not any(job.done() for job in slow)
        gate.set()
        assert await asyncio.gather(*slow) == [True, True, True]

    run(patience, test)


@PATIENCES
def test_a_cancelled_caller_goes_on_when_the_job_is_over(patience: float) -> None:
    async def test(threads: Threads) -> None:
        begun, gate, over = threading.Event(), threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            gate.wait(60)
            over.set()

        caller = asyncio.ensure_future(threads.run(work))
        await asyncio.to_thread(begun.wait, 60)
        caller.cancel()
        asyncio.get_running_loop().call_later(0.05, gate.set)
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert over.is_set()

    run(patience, test)


@PATIENCES
def test_stopping_waits_for_what_runs_and_takes_no_more(patience: float) -> None:
    async def test(threads: Threads) -> None:
        gate = threading.Event()
        running = [asyncio.ensure_future(threads.run(gate.wait, 60)) for _ in range(9)]
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.05, gate.set)
        await asyncio.to_thread(threads.stop, 30)
        assert await asyncio.gather(*running) == [True] * 9
        with pytest.raises(RuntimeError):
            await threads.run(pow, 2, 3)

    run(patience, test)
