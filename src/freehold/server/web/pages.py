"""From a route and a function to a page: find out who asks, check the right, show or act.

A page is shown by a function that is given a `Visit`; a form is sent to one that gives a `Redirect`
when it was accepted. Errors of the core become pages as well.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from string import punctuation
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import Response

from freehold.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    FreeholdError,
    HfHubHTTPError,
    TooManyRequestsError,
    UnauthorizedError,
    UnprocessableError,
)
from freehold.server.core import access
from freehold.server.core.access import CHANGES, Context
from freehold.server.core.shown_cards import TakesLongError
from freehold.server.core.tokens import identify
from freehold.server.http.bind import Call, Served, origin_of
from freehold.server.http.sessions import (
    CSRF_FIELD,
    check_csrf_token,
    is_from_elsewhere,
    read_session,
    read_subject,
)
from freehold.server.http.streams import read_body
from freehold.server.hub import Hub
from freehold.server.web.rendering import render, set_cookie
from freehold.server.web.visit import Answer, Page, Redirect, Visit, page
from freehold.wire.route import Needs, Route

Maker = Callable[[Visit], Answer]

# In bytes, of a form in which files are edited, and of any other: a character may take twelve.
FILE_FORM_LIMIT = 32 * 1024 * 1024
FORM_LIMIT = 1024 * 1024
MAX_FIELDS = 1000

# What whoever sent a form can do better: the page of the form is shown again.
_TRY_AGAIN = (BadRequestError, ConflictError, UnprocessableError, TooManyRequestsError)

STALE_FORM = "This page is too old, or was not ours. Nothing was changed: please try again."
SIGNED_OUT = (
    "You are not signed in, and nothing was changed. Sign in in another tab, come back to the page"
    " before this one, and send it again."
)
NOT_FOUND = "There is no such page, or you need to sign in to see it."
NOT_FOUND_FOR_YOU = "There is no such page, or you may not see it."


def show(
    route: Route,
    make: Maker,
    *,
    bulk: bool = False,
    turn: bool = False,
    turn_if: Callable[[Visit], bool] | None = None,
    quick: Maker | None = None,
) -> Served:
    """Shows the page that the function makes. `bulk` and `turn` are as in `bind.serve`.

    `turn_if` finds out for each visit whether it takes a turn. `quick` makes the page among the
    short jobs, or raises `TakesLongError`.
    """

    def answer(call: Call, make: Maker = make) -> Response:
        visit = _visit(call)
        return _send(call, visit.ctx, make(visit))

    async def handle(call: Call) -> Response:
        call = replace(call, is_page=True)
        if quick is not None:
            with suppress(TakesLongError):
                return await call.threads.run(_guarded, call, partial(answer, make=quick))
        threads = call.bulk if bulk else call.threads
        takes = turn or (turn_if is not None and await threads.run(_takes_turn, call, turn_if))
        async with call.turns if takes else nullcontext():
            return await threads.run(_guarded, call, answer)

    return Served(route, handle, make)


def _takes_turn(call: Call, turn_if: Callable[[Visit], bool]) -> bool:
    try:
        return turn_if(_visit(call))
    except FreeholdError:
        return False  # whoever makes the page meets the same error


def act(
    route: Route,
    function: Maker,
    again: Maker | None = None,
    *,
    bulk: bool = False,
    turn: bool = False,
) -> Served:
    """Does what a form asks for, once it is certain that it is a form of this hub.

    `again` makes the page that is shown, with the reason and what was filled in, when the core
    refuses what the form says.
    """

    def answer(call: Call, data: bytes) -> Response:
        form = _read_form(call, data)
        visit = replace(_visit(call), form=form)
        try:
            return _send(call, visit.ctx, function(visit))
        except _TRY_AGAIN as error:
            if again is None:
                raise
            shown = again(replace(visit, error=error.message))
            assert isinstance(shown, Page)
            headers = {**shown.headers, **error.headers}
            return _send(call, visit.ctx, replace(shown, status=error.status, headers=headers))

    async def handle(call: Call) -> Response:
        call = replace(call, is_page=True)
        refusal = await call.threads.run(_guarded, call, _check_first)
        if refusal.status_code != 204:
            return refusal
        limit = FILE_FORM_LIMIT if route.needs >= Needs.PROPOSE else FORM_LIMIT
        data = await read_body(call.request, limit)
        threads = call.bulk if bulk else call.threads
        async with call.turns if turn else nullcontext():
            return await threads.run(_guarded, call, partial(answer, data=data))

    return Served(route, handle, function)


def _check_first(call: Call) -> Response:
    """Nobody's form is read before it is known that they may send it."""
    call.authorize()
    return Response(status_code=204)


def _read_form(call: Call, data: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequestError(f"Invalid form: {error}") from error
    form = dict(pairs)
    token = form.pop(CSRF_FIELD, "")
    if is_from_elsewhere(call.request) or not check_csrf_token(
        call.hub.signing_key, read_subject(call.request), token
    ):
        raise ForbiddenError(STALE_FORM)
    # Browsers send line ends as the protocol of old wants them.
    return {name: value.replace("\r\n", "\n") for name, value in form.items()}


def _visit(call: Call) -> Visit:
    ctx, repo = call.authorize()
    if call.route.needs == Needs.ACCOUNT and call.route.method == "POST":
        access.require_write_token(ctx.viewer)
    pairs = parse_qsl(call.request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value.replace("\0", ""))
    return Visit(
        ctx=ctx,
        repo_or_none=repo,
        pieces=call.params,
        path=call.request.scope["raw_path"].decode("latin-1"),
        query={name: values[-1] for name, values in lists.items()},
        lists=lists,
        headers=call.request.headers,
        address=call.address,
    )


def _guarded(call: Call, answer: Callable[[Call], Response]) -> Response:
    """What the function answers, or the page of the error that it raises."""
    try:
        return answer(call)
    except HfHubHTTPError as error:
        # Nobody sees such a page without an account, whatever the repository is.
        is_for_accounts = call.route.method == "GET" and call.route.needs in CHANGES
        return show_error(call.request, call.hub, error, is_for_accounts=is_for_accounts)


def _send(call: Call, ctx: Context, answer: Answer) -> Response:
    if isinstance(answer, Redirect):
        return _redirect(ctx, answer)
    return render(call.request, ctx, answer)


def _redirect(ctx: Context, answer: Redirect) -> Response:
    # 303: whatever was sent, the next page is asked for with GET. A header holds no other letters.
    path = quote(answer.path, safe=punctuation)
    response = Response(status_code=303, headers={"Location": path})
    for name, value in answer.cookies.items():
        set_cookie(response, ctx, name, value, answer.seconds)
    return response


def show_error(
    request: Request, hub: Hub, error: HfHubHTTPError, *, is_for_accounts: bool = False
) -> Response:
    """The page that tells what went wrong, or the one to sign in where that is what is missing.

    What is not there and what the viewer may not see is one and the same page. Whoever has no
    account is led to sign in from a page that `is_for_accounts`.
    """
    with hub.db.read() as tx:
        viewer = identify(tx, read_session(request))
    ctx = Context(hub, viewer, origin_of(hub, request))
    is_sign_in = isinstance(error, UnauthorizedError) or (is_for_accounts and viewer.id is None)
    if is_sign_in and request.method in ("GET", "HEAD"):
        return _redirect(ctx, Redirect(f"/login?next={quote(_target(request), safe='')}"))
    if error.code == "RepoNotFound" or (error.code is None and error.status == 404):
        message = NOT_FOUND if viewer.id is None else NOT_FOUND_FOR_YOU
        return render(request, ctx, page("error.html", 404, message=message))
    # Browsers would ask for a password of their own after a 401.
    status = 403 if error.status == 401 else error.status
    message = SIGNED_OUT if isinstance(error, UnauthorizedError) else error.message
    shown = page("error.html", status, message=message)
    return render(request, ctx, replace(shown, headers=error.headers))


def _target(request: Request) -> str:
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
