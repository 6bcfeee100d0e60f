"""Requests for access to gated repositories: users ask, and whoever may write decides.

Where the gate is `auto` a request is accepted when it is made, else it waits. What the authors have
decided about a user, only they change: asking again does not, whatever the gate is by then. The
lists outlive the gate, so who was let in is so again when it comes back.
"""

from __future__ import annotations

import re
from typing import cast, get_args

from msgspec import UNSET

from freehold.errors import (
    BadRequestError,
    ForbiddenError,
    HfHubHTTPError,
    NotFoundError,
    PayloadTooLargeError,
    RevisionNotFoundError,
)
from freehold.formats.gate_form import GateFormError, fill_in, read_questions
from freehold.server.core import access
from freehold.server.core.access import Context
from freehold.server.core.facts import read_facts
from freehold.server.core.paging import Page, decode_cursor, encode_cursor
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.core.users import avatar_url
from freehold.server.db import access_requests, accounts, repos
from freehold.server.db.access_requests import AccessRequest as FoundRequest
from freehold.server.db.access_requests import Person
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.hub import new_id, now_ms
from freehold.wire.access_requests import (
    AccessRequest,
    AccessRequestsQuery,
    GrantAccess,
    HandleAccessRequest,
    HandleAccessRequests,
    Requester,
    RequestStatus,
)
from freehold.wire.codec import decode_json, encode_json
from freehold.wire.dates import iso_time
from freehold.wire.route import Needs

MIN_PAGE = 10
# Old clients read one page alone.
MAX_PAGE = DEFAULT_PAGE = 1000
MAX_BATCH = 1000
MAX_REASON = 200

# Before the first of a list.
START = (0, "")

_PLACE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{24})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


# Asking


def ask_access(ctx: Context, repo: Repo, body: dict[str, str] | None) -> AccessRequest:
    """The caller's request, as it is after this; a read token will do.

    The body has the answers to the form of the card, by their labels. Who has asked before gets
    that request. Raises `BadRequestError` without a gate, for who needs not ask, and for a form
    that is not filled in; `GatedRepoError` for who was rejected.
    """
    user_id = require_asker(ctx)
    require_gate(repo)
    if repo.viewer_request is None and access.level_of(ctx.viewer, repo) >= Needs.CONTENT:
        raise BadRequestError("You need not ask: this repository is open to you.")
    with ctx.hub.db.read() as tx:
        settled = _find_settled(tx, repo, user_id)
    if settled is not None:
        return describe(settled)
    fields = encode_json(_read_answers(ctx, repo, body or {})).decode()
    with ctx.hub.db.write() as tx:
        repo = _lock(tx, ctx, repo)
        return describe(_find_settled(tx, repo, user_id) or _ask(tx, repo, user_id, fields))


def require_asker(ctx: Context) -> str:
    """The id of the caller; raises what a stranger is told about a repository."""
    if ctx.viewer.id is None:
        # On plain http, clients take a 401 for a missing repository only by its code.
        raise access.missing_repo(ctx.viewer)
    return ctx.viewer.id


def require_gate(repo: Repo) -> None:
    """Raises `BadRequestError` where there is no gate."""
    if not repo.gated:
        raise BadRequestError(f"The {repo.type} {repo.full_name} is not gated.")


def _find_settled(tx: Transaction, repo: Repo, user_id: str) -> FoundRequest | None:
    """The request of the user, unless asking makes another one of it."""
    known = access_requests.find_request_of(tx, repo.id, user_id)
    if known is None:
        return None
    if known.status == "rejected":
        raise access.rejected_error(repo, known.rejection_reason)
    if known.status == "pending":
        # Who was let in and out again without asking, or now stands before an open gate.
        is_open = repo.gated == "auto" and known.reviewed_at is None
        return None if is_open or known.fields is None else known
    return known


def _read_answers(ctx: Context, repo: Repo, given: dict[str, str]) -> dict[str, str]:
    try:
        tree = resolve_revision(ctx, repo, "main").tree
        card = read_facts(ctx.hub, reader_of(ctx, repo), tree, repo.type).card
    except RevisionNotFoundError:
        card = {}
    try:
        return fill_in(read_questions(card), given)
    except GateFormError as error:
        raise BadRequestError(str(error)) from error


def _lock(tx: Transaction, ctx: Context, repo: Repo) -> Repo:
    """The repository as it is now, with its lists, until the transaction ends."""
    repos.lock_repo(tx, repo.id)
    now = repos.find_visible_repo_by_id(tx, repo.id, ctx.viewer.id, ctx.viewer.is_admin)
    if now is None:
        raise access.missing_repo(ctx.viewer)
    require_gate(now)
    return now


def _ask(tx: Transaction, repo: Repo, user_id: str, fields: str) -> FoundRequest:
    known = access_requests.find_request_of(tx, repo.id, user_id)
    is_open = repo.gated == "auto" and (known is None or known.reviewed_at is None)
    status = "accepted" if is_open else "pending"
    access_requests.put_request(tx, new_id(), repo.id, user_id, status, fields, now_ms())
    made = access_requests.find_request_of(tx, repo.id, user_id)
    assert made is not None
    return made


def withdraw_access_request(ctx: Context, repo: Repo) -> None:
    """Takes the caller's own request back, with the access that it gave; a read token will do.

    Raises `NotFoundError` without one, and `ForbiddenError` where the authors have rejected it or
    put it back among those that wait: that they decide on.
    """
    user_id = require_asker(ctx)
    with ctx.hub.db.write() as tx:
        repos.lock_repo(tx, repo.id)
        known = access_requests.find_request_of(tx, repo.id, user_id)
        if known is None:
            raise NotFoundError("You have not asked for access to this repository.")
        if known.status != "accepted" and known.reviewed_at is not None:
            raise ForbiddenError("Your request was decided on: only the authors can change that.")
        access_requests.delete_request(tx, known.id)


# Deciding


def list_access_requests(ctx: Context, repo: Repo, status: str, query: AccessRequestsQuery) -> Page:
    """A page of the requests with that status, the oldest first.

    Raises `BadRequestError` without a gate, and for a status or a page that cannot be.
    """
    require_gate(repo)
    if status not in get_args(RequestStatus):
        raise BadRequestError(f"A status is one of {', '.join(get_args(RequestStatus))}.")
    limit = DEFAULT_PAGE if query.limit is None else query.limit
    if not MIN_PAGE <= limit <= MAX_PAGE:
        raise BadRequestError(f"A page has {MIN_PAGE} to {MAX_PAGE} requests.")
    after = _read_place(query.after)
    with ctx.hub.db.read() as tx:
        found = access_requests.list_requests(tx, repo.id, status, after, limit + 1)
    more = {"after": _make_cursor(found[limit - 1])} if len(found) > limit else None
    return Page([describe(item) for item in found[:limit]], next_query=more)


def _read_place(cursor: str | None) -> tuple[int, str]:
    if not cursor:
        return START
    place = _PLACE.fullmatch(decode_cursor(cursor))
    if place is None:
        raise BadRequestError("The cursor is not one that this hub gave.")
    return int(place[1]), place[2]


def _make_cursor(last: FoundRequest) -> str:
    return encode_cursor(f"{last.requested_at} {last.id}")


def handle_access_request(ctx: Context, repo: Repo, body: HandleAccessRequest) -> None:
    """Gives a request another status: `accepted` lets the user in, the others keep them out.

    Raises `NotFoundError` for an unknown user or request and for one that has the status already,
    and `BadRequestError` without a gate or for a reason that cannot be.
    """
    with ctx.hub.db.write() as tx:
        _lock(tx, ctx, repo)
        _handle(tx, ctx, repo, body)


def handle_access_requests(ctx: Context, repo: Repo, body: HandleAccessRequests) -> None:
    """What `handle_access_request` does, for many at once: all of them, or none.

    Raises what that raises, with the place of the first that cannot be, counted from 0.
    """
    if len(body.requests) > MAX_BATCH:
        raise PayloadTooLargeError(f"At most {MAX_BATCH} requests are handled at once.")
    with ctx.hub.db.write() as tx:
        _lock(tx, ctx, repo)
        for place, item in enumerate(body.requests):
            try:
                _handle(tx, ctx, repo, item)
            except HfHubHTTPError as error:
                raise type(error)(f"requests[{place}]: {error.message}") from error


def _handle(tx: Transaction, ctx: Context, repo: Repo, body: HandleAccessRequest) -> None:
    reason = _check_reason(body)
    known = _find_named(tx, repo, body)
    if known.status == body.status:
        raise NotFoundError(f"The request of {known.user.name} is {known.status} already.")
    reviewer_id = access.require_account(ctx.viewer)
    access_requests.review_request(tx, known.id, body.status, reason, reviewer_id, now_ms())


def _check_reason(body: HandleAccessRequest) -> str | None:
    reason = body.rejection_reason
    if not reason:
        return None
    if body.status != "rejected":
        raise BadRequestError("Only who rejects a request gives a rejectionReason.")
    if len(reason) > MAX_REASON:
        raise BadRequestError(f"A rejectionReason has at most {MAX_REASON} characters.")
    if _CONTROL.search(reason):
        raise BadRequestError("A rejectionReason is one line, without control characters.")
    return reason


def _find_named(tx: Transaction, repo: Repo, body: HandleAccessRequest) -> FoundRequest:
    if [body.user, body.user_id, body.request_id].count(None) != 2:
        raise BadRequestError("A request is named by one of user, userId and requestId.")
    if body.request_id is not None:
        known = access_requests.find_request(tx, repo.id, body.request_id)
        named = f"with the id {body.request_id[:80]!r}"
    else:
        user = _find_user(tx, body.user, body.user_id)
        known = access_requests.find_request_of(tx, repo.id, user.id)
        named = f"of {user.name}"
    if known is None:
        raise NotFoundError(f"This repository has no request for access {named}.")
    return known


def _find_user(tx: Transaction, name: str | None, user_id: str | None) -> Person:
    user = access_requests.find_user(tx, name, user_id)
    if user is None:
        raise NotFoundError(f"There is no user {(name or user_id or '')[:80]!r}.")
    return user


def grant_access(ctx: Context, repo: Repo, body: GrantAccess) -> None:
    """Lets a user in who has not asked.

    Raises `NotFoundError` for an unknown user, and `BadRequestError` without a gate and for who is
    in one of the lists, or among those to whom the repository belongs.
    """
    if (body.user is None) == (body.user_id is None):
        raise BadRequestError("A user is named by one of user and userId.")
    reviewer_id = access.require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        _lock(tx, ctx, repo)
        user = _find_user(tx, body.user, body.user_id)
        is_own = user.id == repo.owner_id or accounts.find_role(tx, repo.owner_id, user.id)
        if is_own or not access_requests.insert_grant(
            tx, new_id(), repo.id, user.id, reviewer_id, now_ms()
        ):
            raise BadRequestError(f"{user.name} has access already, or is in one of the lists.")


# Telling


def describe(found: FoundRequest) -> AccessRequest:
    """A request as it is told to its user and to the authors."""
    answer = AccessRequest(
        user=_describe_person(found.user),
        request_id=found.id,
        status=cast(RequestStatus, found.status),
        timestamp=iso_time(found.requested_at),
    )
    if found.fields is not None:
        answer.fields = decode_json(found.fields.encode(), dict[str, str])
        # Whoever has not asked has told the authors nothing.
        answer.user.email = found.email or UNSET
    if found.reviewed_at is not None:
        answer.reviewed_at = iso_time(found.reviewed_at)
    if found.rejection_reason is not None:
        answer.rejection_reason = found.rejection_reason
    if found.status == "accepted" and found.reviewer is not None:
        answer.granted_by = _describe_person(found.reviewer)
    return answer


def _describe_person(person: Person) -> Requester:
    return Requester(
        id_=person.id,
        user=person.name,
        fullname=person.fullname,
        avatar_url=avatar_url(person.id),
    )
