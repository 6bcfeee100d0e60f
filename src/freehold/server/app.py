"""The ASGI application: every request passes here, from its first byte to its log line."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from threading import Thread
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from freehold.errors import (
    HfHubHTTPError,
    InternalError,
    MethodNotAllowedError,
    NotFoundError,
)
from freehold.server.config import Config
from freehold.server.core.access import RepoMovedError
from freehold.server.core.deliveries import deliver_events
from freehold.server.core.download_counts import count_downloads
from freehold.server.core.ingest import ingest_forever
from freehold.server.core.jobs import compact_crowded, prepare_fetches, run_jobs
from freehold.server.core.proofs import prove_arrivals
from freehold.server.http import metrics
from freehold.server.http.bind import Call, Served, not_supported
from freehold.server.http.errors import make_error_response, make_moved_response
from freehold.server.http.log import set_up_logging
from freehold.server.http.placement import Placement, claim_processor, move_to
from freehold.server.http.rawpath import Match, Router
from freehold.server.http.sessions import read_session
from freehold.server.http.threads import PATIENCE, Threads
from freehold.server.hub import Hub, open_hub, use_data_folder
from freehold.server.protocols import avatars, downloads, git, lfs, resolve, xet
from freehold.server.rest import (
    access_requests,
    accounts,
    discussions,
    files,
    hub,
    lfs_files,
    lfs_locks,
    likes,
    listings,
    refs,
    repos,
    search,
    tags,
    webhooks,
)
from freehold.server.web import PAGES, named_pages
from freehold.server.web.pages import show_error
from freehold.wire.capabilities import CAPABILITIES_HEADER
from freehold.wire.route import Route
from freehold.wire.routes import CAPABILITIES, NOT_SUPPORTED, named_routes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SERVED: tuple[Served, ...] = (
    *hub.SERVED,
    *repos.SERVED,
    *refs.SERVED,
    *files.SERVED,
    *resolve.SERVED,
    *downloads.SERVED,
    *git.SERVED,
    *lfs.SERVED,
    *xet.SERVED,
    *lfs_files.SERVED,
    *lfs_locks.SERVED,
    *discussions.SERVED,
    *access_requests.SERVED,
    *likes.SERVED,
    *listings.SERVED,
    *tags.SERVED,
    *search.SERVED,
    *accounts.SERVED,
    *avatars.SERVED,
    *webhooks.SERVED,
    # Names of accounts and repositories stand where other addresses have words of their own.
    *PAGES,
)

_EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,"
    "Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Hub-Capabilities,"
    "X-Xet-Hash,X-Xet-Cas-Url,X-Xet-Access-Token,X-Xet-Token-Expiration"
)
# Any page may call with a token of its own, none with the cookies of its visitor.
_EVERY_ANSWER = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Where a client that knows more than the protocol finds out what this hub knows.
    (CAPABILITIES_HEADER.lower().encode(), CAPABILITIES.path.encode()),
]
# What is shown by the cookie of a session is for that browser: caches on the way look at addresses.
_FOR_ONE = (b"cache-control", b"private, no-cache")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, range, accept, idempotency-key,"
    " x-trailing-sha256, x-xet-session-id",
    "Access-Control-Max-Age": "86400",
}

# Only in the log, as nginx writes it: the client went away before its answer was complete.
CLIENT_GONE = 499

access_log = logging.getLogger("freehold.access")
log = logging.getLogger("freehold.server")


class App:
    """The hub as an ASGI application."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._placement = claim_processor() if hub.config.own_processor else Placement()
        # A job that asks a database server mostly waits, and the others can use that time.
        patience = PATIENCE if hub.db.is_sqlite else 0
        self._threads = Threads(hub.config.threads, self._placement.short, patience)
        # For what holds a thread long enough to be worth one: hashing, packing, moving bytes.
        self._bulk = Threads(hub.config.threads, self._placement.bulk, patience=0)
        self._programs = asyncio.Semaphore(hub.config.git_programs)
        # Each holds a thread while git works, and the other half is for other calls.
        self._turns = asyncio.Semaphore(max(1, hub.config.threads // 2))
        offered = [(served.route, served) for served in SERVED]
        missing = [(route, not_supported(route)) for route in NOT_SUPPORTED]
        self._router = Router([*offered, *missing])
        # Nobody is called `api`, and programs that ask for a call of another hub want no page.
        pages = {id(served) for served in PAGES}
        self._calls = Router([*(row for row in offered if id(row[1]) not in pages), *missing])
        self._background: list[Callable[[Hub], None]] = [
            compact_crowded,
            prepare_fetches,
            prove_arrivals,
        ]
        if hub.config.xet_ingest:
            self._background.append(ingest_forever)
        # Unlike the others they finish what they are at: others would have to do it once more, or
        # could not.
        self._finishing = [
            Thread(target=work, args=(hub,), daemon=True)
            for work in (deliver_events, count_downloads)
        ]
        self._names = {id(route): name for name, route in _named().items()}
        self._pages = {id(route) for route in named_pages().values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or runs the life of the application."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        jobs: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for work in self._background:
                    Thread(target=work, args=(self._hub,), daemon=True).start()
                for thread in self._finishing:
                    thread.start()
                move_to(self._placement.short)
                jobs = asyncio.create_task(self._run_jobs())
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._stop(jobs)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _run_jobs(self) -> None:
        while True:
            await asyncio.sleep(self._hub.config.jobs_seconds)
            try:
                await self._bulk.run(run_jobs, self._hub)
            except Exception:
                log.exception("a background job failed")

    async def _stop(self, jobs: asyncio.Task[None] | None) -> None:
        if jobs is not None:
            jobs.cancel()
        for threads in (self._threads, self._bulk):
            await asyncio.to_thread(threads.stop, self._hub.config.stop_seconds)
        self._hub.stopping.set()
        self._hub.db.news.set()
        for thread in self._finishing:
            await asyncio.to_thread(thread.join, self._hub.config.stop_seconds)
        self._hub.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        exchange = _Exchange(request, receive, send)
        metrics.RUNNING.inc()
        try:
            response = await self._respond(Request(scope, exchange.receive), exchange)
            await response(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.status = CLIENT_GONE
        except Exception:
            log.exception("failed while answering", extra={"fields": {"request_id": exchange.id}})
            raise
        finally:
            metrics.RUNNING.dec()
            exchange.record()

    async def _respond(self, request: Request, exchange: _Exchange) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        match: Match[Served] | None = None
        try:
            match = self._find(request)
            route = match.target.route
            exchange.route = self._names.get(id(route), "not_supported")
            work = (self._threads, self._bulk, self._programs, self._turns)
            call = Call(self._hub, *work, request, route, match.params)
            return await match.target.handler(call)
        except RepoMovedError as moved:
            span = match.repo_span if match else (0, 0)
            return make_moved_response(request, span, moved.full_name)
        except ClientDisconnect:
            raise
        except HfHubHTTPError as error:
            return await self._refuse(request, match and match.target.route, error)
        except Exception:
            log.exception("unexpected error", extra={"fields": {"request_id": exchange.id}})
            return await self._refuse(request, match and match.target.route, InternalError())

    async def _refuse(
        self, request: Request, route: Route | None, error: HfHubHTTPError
    ) -> Response:
        """The answer that tells of an error, as a page where somebody wants to see one."""
        is_page = route is not None and id(route) in self._pages
        if is_page or (route is None and "text/html" in request.headers.get("accept", "")):
            try:
                return await self._threads.run(show_error, request, self._hub, error)
            except Exception:
                # A page asks the database who looks at it, which may be what failed.
                log.exception("no page for an error")
        return make_error_response(route, error)

    def _find(self, request: Request) -> Match[Served]:
        raw_path = request.scope["raw_path"].decode("latin-1")
        method = "GET" if request.method == "HEAD" else request.method
        router = self._calls if f"{raw_path}/".startswith("/api/") else self._router
        match = router.find(method, raw_path)
        if match is not None:
            return match
        allowed = router.methods(raw_path)
        # A client of Xet takes a 405 for a failure, and a 404 for what is not offered.
        if allowed and not raw_path.startswith("/xet/"):
            raise MethodNotAllowedError(headers={"Allow": ", ".join(allowed)})
        raise NotFoundError


def _named() -> dict[str, Route]:
    return {**named_routes(), **named_pages()}


class _Exchange:
    """One request and its answer: adds the headers of every answer and keeps the tally."""

    def __init__(self, request: Request, receive: Receive, send: Send) -> None:
        self._request = request
        self._receive = receive
        self._send = send
        self._started = time.perf_counter()
        self._received = 0
        self._sent = 0
        self.status = 0
        self.route = "none"
        self.id = _request_id(request)

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message["headers"])
            if read_session(self._request) and all(name != _FOR_ONE[0] for name, _ in headers):
                headers.append(_FOR_ONE)
            message["headers"] = [
                *headers,
                (b"x-request-id", self.id.encode("latin-1")),
                *_EVERY_ANSWER,
            ]
        else:
            self._sent += len(message.get("body", b""))
        await self._send(message)

    def record(self) -> None:
        seconds = time.perf_counter() - self._started
        method = self._request.method
        metrics.REQUESTS.labels(method, self.route, str(self.status)).inc()
        metrics.SECONDS.labels(self.route).observe(seconds)
        metrics.RECEIVED.inc(self._received)
        metrics.SENT.inc(self._sent)
        # The path without its query, which may hold a signature.
        fields = {
            "request_id": self.id,
            "method": method,
            "path": self._request.scope["raw_path"].decode("latin-1"),
            "route": self.route,
            "status": self.status,
            "ms": round(seconds * 1000, 2),
            "received": self._received,
            "sent": self._sent,
        }
        access_log.info("request", extra={"fields": fields})


def _request_id(request: Request) -> str:
    """A new id in the form that clients print, with the caller's own trace id at its end."""
    unique = secrets.token_hex(16)
    own = f"Root=1-{unique[:8]}-{unique[8:]}"
    trace = request.headers.get("x-amzn-trace-id", "")[:200]
    return f"{own};{trace}" if trace else own


def create_app(hub: Hub) -> App:
    """The application of an open hub."""
    return App(hub)


def load_app() -> App:
    """The application of the hub that the environment describes, for one of several processes."""
    set_up_logging()
    config = Config.load()
    use_data_folder(config)
    return App(open_hub(config))
