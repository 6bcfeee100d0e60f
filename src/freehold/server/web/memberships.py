"""New repositories and organisations, and who belongs to these."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from freehold.errors import BadRequestError, ConflictError, NotFoundError
from freehold.formats.catalogue.licenses import LICENSES
from freehold.server.core import avatars, orgs
from freehold.server.core.repos import SPACE_SDKS, create_repo
from freehold.server.web import routes
from freehold.server.web.pages import act, show
from freehold.server.web.visit import Answer, Page, Redirect, Visit, page
from freehold.wire.accounts import MembersQuery, SetMemberRole
from freehold.wire.ids import ORG_ROLES, REPO_TYPES, parse_repo_type, repo_path
from freehold.wire.repos import CreateRepo

MEMBERS_ON_PAGE = 100

# What is asked for most comes first.
_COMMON = (
    *("apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0"),
    *("bsd-3-clause", "gpl-3.0", "agpl-3.0", "openrail", "other"),
)
_OTHERS = tuple(sorted(set(LICENSES) - set(_COMMON)))

_TOLD = {
    "model": "weights and how to use them",
    "dataset": "data, described and versioned",
    "space": "an app, with its code",
    "kernel": "code for several devices",
}
_ABOUT_ROLES = (
    ("read", "see and download private repositories"),
    ("contributor", "also create repositories, and do everything with those"),
    ("write", "also change every repository"),
    ("admin", "also settings and members"),
)


# New repositories


def show_new_repo(visit: Visit) -> Page:
    """The form for a new repository; `owner` and `type` may be given in the address."""
    asked = {**visit.query, **visit.form}
    type = visit.form.get("type") or visit.pieces.get("type") or visit.query.get("type")
    return page(
        "new_repo.html",
        types=[(name, _TOLD[name]) for name in REPO_TYPES],
        type=type if type in REPO_TYPES else "model",
        owners=orgs.list_namespaces(visit.ctx),
        owner=asked.get("owner", ""),
        name=asked.get("name", ""),
        is_private=visit.form.get("visibility") == "private",
        common=_COMMON,
        others=_OTHERS,
        license=visit.form.get("license", ""),
        sdks=sorted(SPACE_SDKS),
        sdk=visit.form.get("sdk", "gradio"),
        error=visit.error,
    )


def create_repo_by_form(visit: Visit) -> Answer:
    """Makes the repository, and leads to it."""
    form = visit.form
    type = parse_repo_type(form.get("type", "model"))
    license = form.get("license", "")
    if license and license not in LICENSES:
        raise BadRequestError("Choose one of the licences in the list.")
    body = CreateRepo(
        name=form.get("name", "").strip(),
        organization=form.get("owner") or None,
        type=type,
        private=form.get("visibility") == "private",
        sdk=form.get("sdk") if type == "space" else None,
        license=license or None,
    )
    return Redirect(repo_path(type, create_repo(visit.ctx, body).name))


# Organisations


def show_new_organization(visit: Visit) -> Page:
    """The form for a new organisation."""
    return page("new_organization.html", form=visit.form, error=visit.error)


def create_organization_by_form(visit: Visit) -> Answer:
    """Makes the organisation, with whoever makes it as its admin."""
    org = orgs.create_org(
        visit.ctx.hub,
        visit.form.get("name", "").strip(),
        owner=visit.ctx.viewer.name or "",
        fullname=visit.form.get("fullname", "").strip(),
        imported=False,
    )
    return Redirect(_settings_path(org.name))


def _settings_path(organization: str) -> str:
    return routes.ORGANIZATION_SETTINGS_PAGE.url_path(organization=organization)


def show_organization_settings(visit: Visit) -> Page:
    """Picture and members of an organisation, a page of them by name, for its admins."""
    org = orgs.open_organization(visit.ctx, visit.pieces["organization"])
    search = visit.query.get("search", "").strip()
    query = MembersQuery(limit=MEMBERS_ON_PAGE, cursor=visit.query.get("cursor"), search=search)
    found = orgs.list_organization_members(visit.ctx, org.name, query)
    return page(
        "organization_settings.html",
        org=org,
        members=found.items,
        search=search,
        next_page=_next_page(org.name, search, found.next_query),
        roles=ORG_ROLES[::-1],
        about_roles=_ABOUT_ROLES,
        has_picture=avatars.has_avatar(visit.ctx, org.id),
        form=visit.form,
        error=visit.error,
    )


def _next_page(organization: str, search: str, following: dict[str, str] | None) -> str:
    if following is None:
        return ""
    words = f"search={quote(search, safe='')}&" if search else ""
    return f"{_settings_path(organization)}?{words}cursor={following['cursor']}"


def change_member(visit: Visit) -> Answer:
    """Adds a member, gives one another role, or lets one go, as `do` says."""
    organization, form = visit.pieces["organization"], visit.form
    user, role, wanted = form.get("user", "").strip(), form.get("role", ""), form.get("do")
    if wanted == "add":
        _add_member(visit, organization, user, role)
    elif wanted == "change" and role in ORG_ROLES:
        orgs.set_member_role(visit.ctx, organization, user, SetMemberRole(role=cast(Any, role)))
    elif wanted in ("remove", "leave"):
        orgs.remove_member(visit.ctx, organization, user)
    else:
        raise BadRequestError("Choose what to do, and a role.")
    return Redirect("/settings" if wanted == "leave" else _settings_path(organization))


def _add_member(visit: Visit, organization: str, user: str, role: str) -> None:
    org = orgs.open_organization(visit.ctx, organization)
    try:
        orgs.add_member(visit.ctx, org.name, user, role)
    except NotFoundError as error:
        raise BadRequestError(error.message) from error


def show_organization_again(visit: Visit) -> Page:
    """The page that a form of the organisation was on."""
    if visit.form.get("do") == "leave":
        raise ConflictError(visit.error)
    return show_organization_settings(visit)


SERVED = (
    show(routes.NEW_REPO_PAGE, show_new_repo),
    act(routes.NEW_REPO_FORM, create_repo_by_form, show_new_repo),
    show(routes.NEW_ORGANIZATION_PAGE, show_new_organization),
    act(routes.NEW_ORGANIZATION_FORM, create_organization_by_form, show_new_organization),
    show(routes.ORGANIZATION_SETTINGS_PAGE, show_organization_settings),
    act(routes.ORGANIZATION_MEMBER_FORM, change_member, show_organization_again),
)
