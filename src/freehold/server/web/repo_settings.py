"""Settings of a repository, and requests for access to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from msgspec import UNSET

from freehold.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    GatedRepoError,
    NotFoundError,
)
from freehold.server.core import access_requests, repos, users
from freehold.server.core.access import CREATOR_ROLES
from freehold.server.web import routes
from freehold.server.web.pages import act, show
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.visit import Answer, Page, Redirect, Visit
from freehold.wire.access_requests import (
    AccessRequest,
    AccessRequestsQuery,
    GrantAccess,
    HandleAccessRequest,
    RequestStatus,
)
from freehold.wire.ids import parse_repo_type, repo_path
from freehold.wire.repos import DeleteRepo, MoveRepo, UpdateRepoSettings

GATES = ("", "auto", "manual")
PAGE = 50
MAX_ANSWER = 500

STATUSES: dict[str, str] = {"pending": "Waiting", "accepted": "Accepted", "rejected": "Rejected"}
_HANDLED: dict[str, RequestStatus] = {
    "accept": "accepted",
    "reject": "rejected",
    "cancel": "pending",
}


def show_repo_settings(visit: Visit) -> Page:
    """The settings, with what was filled in and why it was refused in the form that was sent."""
    return repo_page(
        visit,
        "settings",
        "repo_settings.html",
        namespaces=_list_namespaces(visit),
        sent=visit.path.rpartition("/")[2] if visit.error else "",
        was_saved="saved" in visit.query,
    )


def _list_namespaces(visit: Visit) -> list[str]:
    """Where the viewer may move a repository to, beginning with where this one is."""
    me = users.whoami(visit.ctx)
    own = [me.name, *(org.name for org in me.orgs if org.role_in_org in CREATOR_ROLES)]
    return list(dict.fromkeys([visit.repo.namespace, *own]))


def _saved(visit: Visit) -> Redirect:
    return Redirect(f"{home_of(visit)}/settings?saved=1")


def set_visibility(visit: Visit) -> Answer:
    """Makes the repository public or private."""
    visibility = visit.form.get("visibility")
    if visibility not in ("public", "private"):
        raise BadRequestError("Choose who may see the repository.")
    body = UpdateRepoSettings(private=visibility == "private")
    repos.update_repo_settings(visit.ctx, visit.repo, body)
    return _saved(visit)


def set_gating(visit: Visit) -> Answer:
    """Opens the gate, or has people ask for access."""
    gate = visit.form.get("gated")
    if gate not in GATES:
        raise BadRequestError("Choose whether people have to ask for access.")
    body = UpdateRepoSettings(gated=gate or False)  # type: ignore[arg-type]
    repos.update_repo_settings(visit.ctx, visit.repo, body)
    return _saved(visit)


def set_discussions(visit: Visit) -> Answer:
    """Turns discussions and pull requests on or off."""
    choice = visit.form.get("discussions")
    if choice not in ("on", "off"):
        raise BadRequestError("Choose whether there are discussions.")
    body = UpdateRepoSettings(discussions_disabled=choice == "off")
    repos.update_repo_settings(visit.ctx, visit.repo, body)
    return _saved(visit)


def rename_repo(visit: Visit) -> Answer:
    """Gives the repository another name or another owner, and leads to where it is then."""
    repo = visit.repo
    owner, name = visit.form.get("owner", "").strip(), visit.form.get("name", "").strip()
    target = f"{owner}/{name}"
    if target == repo.full_name:
        raise BadRequestError("This is its name already.")
    body = MoveRepo(from_repo=repo.full_name, to_repo=target, type=repo.type)
    try:
        repos.move_repo(visit.ctx, body)
    except ForbiddenError as error:
        message = f"You may not put repositories under {owner!r}, or there is no such account."
        raise BadRequestError(message) from error
    except ConflictError as error:
        raise ConflictError(f"There is a {repo.type} {target} already.") from error
    return Redirect(repo_path(repo.type, target))


def delete_repo(visit: Visit) -> Answer:
    """Deletes the repository of which the full name was typed."""
    repo = visit.repo
    if visit.form.get("full_name", "").strip() != repo.full_name:
        raise BadRequestError(f"Nothing was deleted: type {repo.full_name} to delete it.")
    body = DeleteRepo(name=repo.name, organization=repo.namespace, type=parse_repo_type(repo.type))
    repos.delete_repo(visit.ctx, body)
    return Redirect(f"/{repo.namespace}")


# Requests for access


class Asked(NamedTuple):
    """A request as the page shows it; `answers` are shortened pairs of label and answer."""

    id: str
    name: str
    fullname: str
    account_id: str
    email: str
    asked_at: str
    reviewed_at: str | None
    granted_by: str
    reason: str
    answers: list[tuple[str, str]] | None


def show_access_requests(visit: Visit) -> Page:
    """One of the lists of requests for access, a page at a time."""
    given = {**visit.query, **visit.form}
    wanted = given.get("status", "")
    wanted = wanted if wanted in STATUSES else "pending"
    shown: dict[str, Any] = {"asked": [], "more": ""}
    if visit.repo.gated:
        query = AccessRequestsQuery(limit=PAGE, after=visit.query.get("after"))
        found = access_requests.list_access_requests(visit.ctx, visit.repo, wanted, query)
        shown["asked"] = [_describe(item) for item in found.items]
        shown["more"] = (found.next_query or {}).get("after", "")
    return repo_page(
        visit, "settings", "access_requests.html", statuses=STATUSES, wanted=wanted, **shown
    )


def _describe(item: AccessRequest) -> Asked:
    fields = None if item.fields is UNSET else item.fields
    return Asked(
        id=item.request_id,
        name=item.user.user,
        fullname=item.user.fullname,
        account_id=item.user.id_,
        email=item.user.email or "",
        asked_at=item.timestamp,
        reviewed_at=item.reviewed_at or None,
        granted_by=item.granted_by.user if item.granted_by else "",
        reason=item.rejection_reason or "",
        answers=None if fields is None else [(k, _shorten(v)) for k, v in fields.items()],
    )


def _shorten(answer: str) -> str:
    return answer if len(answer) <= MAX_ANSWER else f"{answer[:MAX_ANSWER]}…"


def handle_access_request(visit: Visit) -> Answer:
    """Accepts or rejects a request, has it wait again, or lets somebody in who has not asked."""
    form = visit.form
    with _telling():
        if form.get("action") == "grant":
            access_requests.grant_access(
                visit.ctx, visit.repo, GrantAccess(user=form.get("user", "").strip())
            )
            return _to_list(visit, "accepted")
        status = _HANDLED.get(form.get("action", ""))
        if status is None:
            raise BadRequestError("Choose what to do with the request.")
        reason = form.get("reason", "").strip() if status == "rejected" else ""
        body = HandleAccessRequest(
            request_id=form.get("request_id", ""), status=status, rejection_reason=reason or None
        )
        access_requests.handle_access_request(visit.ctx, visit.repo, body)
    shown = form.get("status", "")
    return _to_list(visit, shown if shown in STATUSES else "pending")


def _to_list(visit: Visit, status: str) -> Redirect:
    return Redirect(f"{home_of(visit)}/settings/access?status={status}")


@contextmanager
def _telling() -> Iterator[None]:
    """Makes of a name or a request that is not there what shows the page once more."""
    try:
        yield
    except GatedRepoError:
        raise
    except NotFoundError as error:
        raise BadRequestError(error.message) from error


SERVED = (
    show(routes.REPO_SETTINGS_PAGE, show_repo_settings),
    act(routes.VISIBILITY_FORM, set_visibility, show_repo_settings),
    act(routes.GATING_FORM, set_gating, show_repo_settings),
    act(routes.DISCUSSIONS_SETTING_FORM, set_discussions, show_repo_settings),
    act(routes.RENAME_REPO_FORM, rename_repo, show_repo_settings),
    act(routes.DELETE_REPO_FORM, delete_repo, show_repo_settings),
    show(routes.ACCESS_REQUESTS_PAGE, show_access_requests),
    act(routes.HANDLE_ACCESS_REQUEST_FORM, handle_access_request, show_access_requests),
)
