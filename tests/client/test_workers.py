"""Jobs in threads: all of them, or the first error at once."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from freehold import Cancellation
from freehold.client.workers import run_all
from freehold.errors import FreeholdError

PATIENCE = 1.0


class OddError(FreeholdError):
    pass


@pytest.mark.parametrize("threads", [0, 1, 3, 50])
@pytest.mark.parametrize("cancel", [None, Cancellation()])
def test_every_job_is_done_once(threads: int, cancel: Cancellation | None) -> None:
    done: list[int] = []
    run_all([partial(done.append, number) for number in range(20)], threads, cancel)
    assert sorted(done) == list(range(20))


def test_no_jobs_are_no_work() -> None:
    run_all([], 4, Cancellation())


def test_no_more_jobs_run_at_a_time_than_there_are_threads() -> None:
    running, most, lock = 0, 0, threading.Lock()
    meeting = threading.Barrier(3)

    def job() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait(10)
        with lock:
            running -= 1

    run_all([job] * 9, 3)
    assert most == 3


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_error_is_raised_and_ends_the_rest(threads: int) -> None:
    begun: list[int] = []

    def job(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise OddError("two")

    with pytest.raises(OddError, match="two"):
        run_all([partial(job, number) for number in range(1000)], threads)
    assert len(begun) < 1000


def test_a_job_that_never_ends_does_not_hold_up_an_error() -> None:
    release, begun, stop = threading.Event(), threading.Event(), Cancellation()

    def stall() -> None:
        begun.set()
        release.wait(60)

    def fail() -> None:
        begun.wait(60)
        raise OddError("now")

    started = time.monotonic()
    with pytest.raises(OddError):
        run_all([stall, fail], 2, stop=stop)
    assert time.monotonic() - started < PATIENCE
    assert stop.cancelled
    release.set()


def test_a_cancelled_call_ends_while_its_jobs_stall() -> None:
    release, begun, cancel, stop = (
        threading.Event(),
        threading.Event(),
        Cancellation(),
        Cancellation(),
    )

    def stall() -> None:
        begun.set()
        release.wait(60)

    def cancel_soon() -> None:
        begun.wait(60)
        cancel.cancel()

    threading.Thread(target=cancel_soon).start()
    started = time.monotonic()
    with pytest.raises(FreeholdError, match="cancelled"):
        run_all([stall], 1, cancel, stop)
    assert time.monotonic() - started < PATIENCE
    assert stop.cancelled
    release.set()


def test_nothing_is_begun_for_a_caller_who_has_cancelled_before() -> None:
    cancel = Cancellation()
    cancel.cancel()
    done: list[int] = []
    with pytest.raises(FreeholdError, match="cancelled"):
        run_all([partial(done.append, 1)] * 100, 2, cancel)
    assert done == []
