"""`AsyncHfApi`: the calls of `HfApi`, awaited."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from freehold import (
    AsyncHfApi,
    Cancellation,
    EntryNotFoundError,
    HfApi,
    RepositoryNotFoundError,
    TransferCancelledError,
)
from freehold.client.async_api import LEFT_OUT, MOST_THREADS
from freehold.client.threads import Threads
from tests.client.hostile import SILENCE, HostileServer, reply
from tests.live import fresh_name
from tests.loops import run_async

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

CALLS = {
    name: method
    for name, method in inspect.getmembers(HfApi, inspect.isfunction)
    if not name.startswith("_")
}


@pytest.fixture
def async_api(hub: LiveHub, alice: Account) -> AsyncHfApi:
    return AsyncHfApi(endpoint=hub.url, token=alice.token)


@pytest.mark.parametrize("name", sorted(CALLS.keys() - LEFT_OUT))
def test_every_call_is_there_with_the_same_arguments(name: str) -> None:
    one, other = inspect.signature(CALLS[name]), inspect.signature(getattr(AsyncHfApi, name))
    kept = [p for p in one.parameters.values() if p.name not in LEFT_OUT]
    assert list(other.parameters.values()) == kept
    assert getattr(AsyncHfApi, name).__doc__ == CALLS[name].__doc__
    if inspect.isgeneratorfunction(CALLS[name]):
        assert inspect.isasyncgenfunction(getattr(AsyncHfApi, name))
        assert other.return_annotation == f"Async{one.return_annotation}"
    elif one.return_annotation.startswith("LazyList["):
        assert inspect.isasyncgenfunction(getattr(AsyncHfApi, name))
        assert other.return_annotation == one.return_annotation.replace("LazyList", "AsyncIterator")
    else:
        assert inspect.iscoroutinefunction(getattr(AsyncHfApi, name))


def test_what_is_left_out_would_make_no_sense() -> None:
    assert not hasattr(AsyncHfApi, "run_as_future")


async def run_session(api: AsyncHfApi) -> list[str]:
    repo = (await api.create_repo(fresh_name("repo"), private=True)).repo_id
    await api.create_tag(repo, tag="v1")
    refs = await api.list_repo_refs(repo)
    assert [tag.name for tag in refs.tags] == ["v1"]
    assert (await api.model_info(repo, revision="v1")).sha == refs.tags[0].target_commit
    paths = [entry.path async for entry in api.list_repo_tree(repo)]
    await api.delete_repo(repo)
    assert await api.repo_exists(repo) is False
    return paths


def test_a_session(async_api: AsyncHfApi) -> None:
    assert run_async(run_session(async_api)) == [".gitattributes"]
    # The object belongs to no event loop.
    assert run_async(run_session(async_api)) == [".gitattributes"]


def test_errors_are_those_of_the_call(async_api: AsyncHfApi, alice: Account) -> None:
    missing = f"{alice.name}/{fresh_name('repo')}"

    async def read_tree(repo: str, path: str | None = None) -> list[Any]:
        return [entry async for entry in async_api.list_repo_tree(repo, path)]

    with pytest.raises(RepositoryNotFoundError):
        run_async(async_api.model_info(missing))
    with pytest.raises(RepositoryNotFoundError):
        run_async(read_tree(missing))
    repo = run_async(async_api.create_repo(fresh_name("repo"))).repo_id
    with pytest.raises(EntryNotFoundError):
        run_async(read_tree(repo, "missing"))
    with pytest.raises(TypeError, match="nonsense"):
        run_async(async_api.whoami(nonsense=1))  # type: ignore[call-arg]


def test_fifty_calls_at_once(async_api: AsyncHfApi) -> None:
    async def run() -> list[str]:
        made = await asyncio.gather(
            *(async_api.create_repo(fresh_name("repo"), exist_ok=True) for _ in range(50))
        )
        infos = await asyncio.gather(*(async_api.model_info(url.repo_id) for url in made))
        return [info.id for info in infos]

    names = run_async(run())
    assert len(set(names)) == 50


def test_calls_run_side_by_side_and_are_bounded() -> None:
    """As many as there are threads reach a hub that answers none before all have come."""
    arrived = threading.Semaphore(0)
    go = threading.Event()

    def answer(_: object) -> bytes:
        arrived.release()
        assert go.wait(30)
        return reply(200, {"id": "a/b"})

    async def run(api: AsyncHfApi) -> None:
        calls = [asyncio.create_task(api.model_info("a/b")) for _ in range(MOST_THREADS + 8)]
        for _ in range(MOST_THREADS):
            assert await asyncio.to_thread(arrived.acquire, timeout=30)
        assert not await asyncio.to_thread(arrived.acquire, timeout=0.2)
        go.set()
        await asyncio.gather(*calls)

    with HostileServer(answer) as server:
        run_async(run(AsyncHfApi(endpoint=server.url)))
        assert len(server.requests) == MOST_THREADS + 8


async def cancel_soon(call: asyncio.Task[Any], server: HostileServer) -> float:
    """Cancel the task when its request has arrived; the seconds until it is over."""
    while not server.requests:
        await asyncio.sleep(0.01)
    began = time.monotonic()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    return time.monotonic() - began


def test_a_task_that_is_cancelled_ends_although_the_hub_is_silent() -> None:
    async def run(api: AsyncHfApi, server: HostileServer) -> float:
        return await cancel_soon(asyncio.create_task(api.model_info("a/b")), server)

    with HostileServer(lambda _: SILENCE) as server:
        began = time.monotonic()
        assert run_async(run(AsyncHfApi(endpoint=server.url), server)) < 1
        assert time.monotonic() - began < 5


def test_a_listing_that_is_cancelled_ends_although_the_hub_is_silent() -> None:
    async def run(api: AsyncHfApi, server: HostileServer) -> float:
        async def read() -> list[Any]:
            return [entry async for entry in api.list_repo_tree("a/b")]

        return await cancel_soon(asyncio.create_task(read()), server)

    with HostileServer(lambda _: SILENCE) as server:
        assert run_async(run(AsyncHfApi(endpoint=server.url), server)) < 1


def test_a_transfer_that_is_cancelled_is_stopped() -> None:
    cancel = Cancellation()

    async def run(api: AsyncHfApi, server: HostileServer) -> float:
        call = api.upload_file(path_or_fileobj=b"x", path_in_repo="f", repo_id="a/b", cancel=cancel)
        return await cancel_soon(asyncio.create_task(call), server)

    with HostileServer(lambda _: SILENCE) as server:
        assert run_async(run(AsyncHfApi(endpoint=server.url, token="hf_x"), server)) < 1
    assert cancelled(cancel)


def cancelled(cancel: Cancellation) -> bool:
    try:
        cancel.check()
    except TransferCancelledError:
        return True
    return False


def test_no_thread_waits_when_nothing_is_to_do() -> None:
    threads = Threads(2)
    both = threading.Barrier(2)
    running = threading.Semaphore(2)

    def work() -> bool:
        is_one_of_two = running.acquire(blocking=False)
        both.wait(10)
        running.release()
        return is_one_of_two

    futures = [threads.submit(work) for _ in range(6)]
    assert all(future.result(10) for future in futures)

    for thread in threading.enumerate():
        if thread.name == "freehold-call":
            thread.join(10)
            assert not thread.is_alive()
    failing = threads.submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failing.result(10)
    assert threads.submit(lambda: 7).result(10) == 7


def test_the_object_tells_its_hub_and_no_token() -> None:
    api = AsyncHfApi(endpoint="http://127.0.0.1:1/", token="hf_secret")
    assert repr(api) == "AsyncHfApi(endpoint='http://127.0.0.1:1')"
    assert (api.endpoint, api.token) == ("http://127.0.0.1:1", "hf_secret")
