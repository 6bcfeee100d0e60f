"""From a route and a function to a handler: find the repository, check the right, decode, call.

A core function names what it wants by its parameters: `ctx`, then any of `repo`, the pieces of
the path, `query` and `body`. It runs in a worker thread and gives a typed value.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from freehold.errors import BadRequestError, NotSupportedError
from freehold.server.core import access
from freehold.server.core.access import NO_RIGHTS, USE_PULL_REQUEST, Context, Viewer
from freehold.server.core.paging import Page
from freehold.server.core.revisions import is_pull_request
from freehold.server.core.tokens import identify, identify_and_find
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.http.auth import read_secret
from freehold.server.http.sessions import read_session
from freehold.server.http.streams import read_body
from freehold.server.http.threads import Threads
from freehold.server.hub import Hub
from freehold.wire.codec import decode_json, decode_query, encode_json
from freehold.wire.ids import RepoType
from freehold.wire.route import Needs, Route

JSON_LIMIT = 16 * 1024 * 1024
JSON_TYPE = "application/json; charset=utf-8"
FORM_TYPE = "application/x-www-form-urlencoded"
LFS_TYPE = "application/vnd.git-lfs+json"

Handler = Callable[["Call"], Awaitable[Response]]


@dataclass(frozen=True)
class Call:
    """One request on its way to a handler.

    Short jobs run in `threads`, those that hash, pack or move bytes in `bulk`. Whoever starts a
    program for a client of git holds one of the `programs` as long as it runs, and whoever keeps a
    thread for seconds, or lets it wait for a program, one of the `turns`. A page (`is_page`) checks
    the CSRF tokens of its forms itself.
    """

    hub: Hub
    threads: Threads
    bulk: Threads
    programs: asyncio.Semaphore
    turns: asyncio.Semaphore
    request: Request
    route: Route
    params: dict[str, str]
    is_page: bool = False

    @property
    def origin(self) -> str:
        """What every URL in the answer starts with: the origin that the client used."""
        return origin_of(self.hub, self.request)

    @property
    def address(self) -> str:
        """Where the request comes from, as far as it is known."""
        return self.request.client.host if self.request.client else ""

    def authorize(self) -> tuple[Context, Repo | None]:
        """The context, and the repository of the path, once the right was checked."""
        with self.hub.db.read() as tx:
            viewer, repo = self._find_viewer_and_repo(tx)
        ctx = Context(self.hub, viewer, self.origin)
        if repo is not None:
            hint = NO_RIGHTS if self.route.pr_needs is None else USE_PULL_REQUEST
            access.check_level(ctx, repo, self._needs(), hint)
        elif self.route.needs == Needs.ACCOUNT:
            access.require_account(ctx.viewer)
        return ctx, repo

    def _needs(self) -> Needs:
        """What the call needs: less where it is about a pull request."""
        route = self.route
        if route.pr_needs is None:
            return route.needs
        is_proposal = is_pull_request(self.params["revision"]) or self.query().create_pr
        return route.pr_needs if is_proposal else route.needs

    def _find_viewer_and_repo(self, tx: Transaction) -> tuple[Viewer, Repo | None]:
        secret = self._read_secret()
        if "repo" not in self.params:
            return identify(tx, secret), None
        repo_type = cast(RepoType, self.params["type"])
        return identify_and_find(tx, secret, repo_type, self.params["repo"])

    def _read_secret(self) -> str | None:
        if self.is_page:
            return read_session(self.request)
        return read_secret(self.request, self.hub.signing_key)

    def query(self) -> Any:
        """The query as the route types it."""
        assert self.route.query is not None
        text = self.request.scope["query_string"].decode("latin-1")
        return decode_query(parse_qsl(text, keep_blank_values=True), self.route.query)

    @property
    def is_form(self) -> bool:
        """Whether the body has the type of a form."""
        return self.request.headers.get("content-type", "").startswith(FORM_TYPE)

    async def body(self) -> Any:
        """The JSON body as the route types it; a form where the client sends one."""
        shape = self.route.body
        assert shape is not None
        data = await read_body(self.request, JSON_LIMIT)
        # curl sends JSON under the type of a form unless it is told otherwise.
        if self.is_form and not data.lstrip().startswith(b"{"):
            return decode_query(_parse_form(data), shape)
        if not data and not self.route.body_required:
            return None
        return decode_json(data, shape)


def origin_of(hub: Hub, request: Request) -> str:
    """The origin that people use for the hub."""
    if hub.config.public_url:
        return hub.config.public_url
    return f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}"


def _parse_form(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=10_000)
    except ValueError as error:
        raise BadRequestError(f"Invalid form: {error}") from error


@dataclass(frozen=True)
class Served:
    """A route with what answers it; `function` is the core function behind it, if it is one."""

    route: Route
    handler: Handler
    function: Callable[..., Any]


def serve(
    route: Route, function: Callable[..., Any], *, bulk: bool = False, turn: bool = False
) -> Served:
    """Answers the route with what the core function gives, as JSON.

    `bulk` is for functions that may take long: they must not keep the short ones waiting. Those
    that wait for a program take a `turn` as well, so that it does not hold all of the threads.
    """
    wanted = inspect.signature(function).parameters
    names = frozenset(wanted) - {"ctx", "repo", "query", "body"}

    def answer(call: Call, body: Any) -> Response:
        ctx, repo = call.authorize()
        arguments: dict[str, Any] = {n: call.params[n] for n in names if n in call.params}
        offers = {"ctx": ctx, "repo": repo, "body": body}
        arguments |= {name: value for name, value in offers.items() if name in wanted}
        if "query" in wanted:
            arguments["query"] = call.query()
        return make_response(call, function(**arguments))

    async def handle(call: Call) -> Response:
        body = None
        if call.route.body is not None:
            # Nobody's body is read before it is known that they may send it; and as it may take
            # its time, they are asked again afterwards.
            await call.threads.run(call.authorize)
            body = await call.body()
        threads = call.bulk if bulk else call.threads
        async with call.turns if turn else nullcontext():
            return await threads.run(answer, call, body)

    return Served(route, handle, function)


def stream(route: Route, handler: Handler) -> Served:
    """Answers the route with a handler that moves bytes itself."""
    return Served(route, handler, handler)


def not_supported(route: Route) -> Served:
    """Answers a route that is not offered yet with 501, once the right was checked."""

    async def handle(call: Call) -> Response:
        await call.threads.run(call.authorize)
        raise NotSupportedError

    return Served(route, handle, not_supported)


def make_response(call: Call, value: Any) -> Response:
    """The answer for what a core function gives: JSON, a page with its links, or plain text."""
    status = call.route.status
    if value is None:
        return Response(b"{}", status, media_type=JSON_TYPE)
    if isinstance(value, bytes):
        return Response(value, status, media_type="text/plain; charset=utf-8")
    if isinstance(value, Page):
        return _make_page(call, value)
    is_lfs = "/info/lfs/" in call.route.path or call.route.path.startswith("/lfs/")
    return Response(encode_json(value), status, media_type=LFS_TYPE if is_lfs else JSON_TYPE)


def _make_page(call: Call, page: Page) -> Response:
    response = Response(encode_json(page.items), call.route.status, media_type=JSON_TYPE)
    if page.total is not None:
        response.headers["X-Total-Count"] = str(page.total)
    if page.next_query is not None:
        url = _next_url(call, page.next_query)
        response.headers["Link"] = f'<{url}>; rel="next"'
    return response


def _next_url(call: Call, changes: dict[str, str]) -> str:
    text = call.request.scope["query_string"].decode("latin-1")
    kept = [pair for pair in parse_qsl(text, keep_blank_values=True) if pair[0] not in changes]
    raw_path = call.request.scope["raw_path"].decode("latin-1")
    return f"{call.origin}{raw_path}?{urlencode([*kept, *changes.items()])}"
