"""`AsyncHfApi`: every call of `HfApi` for programs that run on asyncio.

There is one definition of each call, in `HfApi`; here it runs in a thread and is awaited. The types
for callers are in `async_api.pyi`, which `make docs` writes from the same definitions.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from freehold.client.api import HfApi
from freehold.client.events import Cancellation
from freehold.client.names import Token
from freehold.client.threads import Threads

MOST_THREADS = 32

# A task is what a future is for, so these have no place among calls that are awaited.
LEFT_OUT = frozenset({"run_as_future"})

_DONE = object()


class AsyncHfApi:
    """`HfApi` for asyncio: the same calls with the same arguments, awaited.

    What `HfApi` gives as an iterator is read with `async for`. Up to 32 calls run at once, each in
    a thread; more wait for their turn. When a task is cancelled it ends at once: a transfer stops
    (its `Cancellation` is set, the one that was passed or one of its own), any other call is left
    behind in its thread, and what it asked for may still happen.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        token: Token = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
    ) -> None:
        """The same arguments as those of `HfApi`."""
        self._api = HfApi(endpoint, token, library_name, library_version, user_agent)
        self._threads = Threads(MOST_THREADS)

    def __repr__(self) -> str:
        return f"AsyncHfApi(endpoint={self.endpoint!r})"

    @property
    def endpoint(self) -> str:
        """The address of the hub, without a slash at its end."""
        return self._api.endpoint

    @property
    def token(self) -> Token:
        """The token of all calls that are not given one of their own."""
        return self._api.token

    async def _run(self, function: Callable[[], Any]) -> Any:
        return await asyncio.wrap_future(self._threads.submit(function))


def _awaited(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = _signature(method)
    can_be_cancelled = "cancel" in signature.parameters

    @functools.wraps(method)
    async def call(self: AsyncHfApi, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs).arguments
        cancel = given.get("cancel")
        if can_be_cancelled and cancel is None:
            cancel = kwargs["cancel"] = Cancellation()
        try:
            return await self._run(functools.partial(method, self._api, *args, **kwargs))
        except asyncio.CancelledError:
            if cancel is not None:
                cancel.cancel()
            raise

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _iterated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(self: AsyncHfApi, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        items = method(self._api, *args, **kwargs)
        while (item := await self._run(functools.partial(next, items, _DONE))) is not _DONE:
            yield item

    call.__signature__ = _signature(method)  # type: ignore[attr-defined]
    return call


def gives_items(method: Callable[..., Any]) -> bool:
    """Whether the method of `HfApi` gives an iterator, which reads page after page."""
    returns = inspect.signature(method).return_annotation
    return inspect.isgeneratorfunction(method) or str(returns).startswith("LazyList[")


def to_async(returns: str) -> str:
    """The type of such an iterator when it is awaited."""
    return f"Async{returns.replace('LazyList', 'Iterator', 1)}"


def _signature(method: Callable[..., Any]) -> inspect.Signature:
    """That of the method, without what only a caller that waits has a use for."""
    signature = inspect.signature(method)
    kept = [p for p in signature.parameters.values() if p.name not in LEFT_OUT]
    returns = signature.return_annotation
    if gives_items(method):
        returns = to_async(returns)
    return signature.replace(parameters=kept, return_annotation=returns)


def _add_calls() -> None:
    for name, method in inspect.getmembers(HfApi, inspect.isfunction):
        if not name.startswith("_") and name not in LEFT_OUT:
            wrap = _iterated if gives_items(method) else _awaited
            setattr(AsyncHfApi, name, wrap(method))


_add_calls()
