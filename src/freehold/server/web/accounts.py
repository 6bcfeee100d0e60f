"""One's own settings: profile, password, tokens, sessions, invitations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from freehold.errors import BadRequestError
from freehold.server.core import avatars
from freehold.server.core.orgs import list_own_memberships
from freehold.server.core.sessions import (
    end_other_sessions,
    end_session,
    list_sessions,
    session_id,
)
from freehold.server.core.sign_in import change_password, require_password_session
from freehold.server.core.sign_up import (
    create_invitation,
    delete_invitation,
    list_invitations,
)
from freehold.server.core.tokens import create_token, delete_token, list_tokens
from freehold.server.core.users import find_self, update_profile
from freehold.server.hub import DAY_MS, now_ms
from freehold.server.web import routes
from freehold.server.web.browsers import describe_browser
from freehold.server.web.pages import act, show
from freehold.server.web.visit import Answer, Page, Redirect, Visit, page
from freehold.server.web.wording import format_date

MAX_TOKEN_DAYS = 3650

# What is shown once must not be found in the cache of a browser.
_SHOWN_ONCE = {"Cache-Control": "no-store"}


class Place(NamedTuple):
    """A page of the settings: its name, its path and its label."""

    name: str
    path: str
    label: str


_PLACES = (
    Place("account", "/settings", "Account"),
    Place("profile", "/settings/profile", "Profile"),
    Place("password", "/settings/password", "Password"),
    Place("tokens", "/settings/tokens", "Access tokens"),
    Place("sessions", "/settings/sessions", "Sessions"),
)
_INVITATIONS = Place("invitations", "/settings/invitations", "Invitations")


def settings_page(visit: Visit, place: str, template: str, **values: Any) -> Page:
    """A page of the settings, whose template extends `settings.html`."""
    places = [*_PLACES, _INVITATIONS] if visit.ctx.viewer.is_admin else list(_PLACES)
    return page(template, place=place, places=places, error=visit.error, form=visit.form, **values)


def show_settings(visit: Visit) -> Answer:
    """Who one is here, and the organisations that one belongs to."""
    return settings_page(
        visit,
        "account",
        "settings_account.html",
        account=find_self(visit.ctx),
        memberships=list_own_memberships(visit.ctx),
    )


# The profile


def show_profile(visit: Visit) -> Page:
    """The form for name, address and picture."""
    return settings_page(
        visit,
        "profile",
        "settings_profile.html",
        account=find_self(visit.ctx),
        has_picture=avatars.has_avatar(visit.ctx),
        saved="saved" in visit.query,
    )


def save_profile(visit: Visit) -> Answer:
    """Changes name and address."""
    form = visit.form
    update_profile(visit.ctx, form.get("fullname", "").strip(), form.get("email", "").strip())
    return Redirect("/settings/profile?saved")


# The password


def show_password(visit: Visit) -> Page:
    """The form for another password."""
    account = find_self(visit.ctx)
    return settings_page(
        visit,
        "password",
        "settings_password.html",
        account=account,
        is_asked=account.password_hash is not None,
        saved="saved" in visit.query,
    )


def save_password(visit: Visit) -> Answer:
    """Changes the password, and ends all other sessions."""
    form = visit.form
    if form.get("password") != form.get("again"):
        raise BadRequestError("The new password was not the same both times.")
    change_password(visit.ctx, form.get("current", ""), form.get("password", ""))
    return Redirect("/settings/password?saved")


# Tokens


class TokenRow(NamedTuple):
    """A token in the list."""

    id: str
    name: str
    role: str
    created_at: int
    end: str
    is_over: bool


def show_tokens(visit: Visit) -> Page:
    """The list of tokens, and the form for a new one."""
    return _tokens_page(visit)


def _tokens_page(visit: Visit, **made: str) -> Page:
    now = now_ms()
    rows = [
        TokenRow(
            token.id,
            token.name,
            token.role,
            token.created_at,
            "" if token.expires_at is None else format_date(token.expires_at),
            token.expires_at is not None and token.expires_at <= now,
        )
        for token in list_tokens(visit.ctx)
    ]
    made = {"secret": "", "made": "", **made}
    return settings_page(visit, "tokens", "settings_tokens.html", tokens=rows, **made)


def create_token_by_form(visit: Visit) -> Answer:
    """Makes a token and shows it, this once."""
    require_password_session(visit.ctx)
    form = visit.form
    name = form.get("name", "").strip()
    if not name.isprintable():
        raise BadRequestError("A token's name is one line.")
    secret = create_token(
        visit.ctx.hub,
        visit.ctx.viewer.name or "",
        name=name,
        role=form.get("role", ""),
        expires_at=_read_end(form.get("days", "").strip()),
    )
    return replace(_tokens_page(visit, secret=secret, made=name), headers=_SHOWN_ONCE)


def _read_end(days: str) -> int | None:
    """The time in so many days; none when nothing was filled in."""
    if not days:
        return None
    if not (days.isascii() and days.isdecimal() and 1 <= int(days[:9]) <= MAX_TOKEN_DAYS):
        raise BadRequestError(f"A token expires after 1 to {MAX_TOKEN_DAYS:,} days, or never.")
    return now_ms() + int(days) * DAY_MS


def delete_token_by_form(visit: Visit) -> Answer:
    """Deletes a token."""
    delete_token(visit.ctx, visit.form.get("id", ""))
    return Redirect("/settings/tokens")


# Sessions


class SessionRow(NamedTuple):
    """A session in the list."""

    id: str
    browser: str
    address: str
    created_at: int
    end: str
    is_this: bool
    reads_only: bool
    has_token: bool


def show_sessions(visit: Visit) -> Page:
    """Where one is signed in."""
    this = session_id(visit.ctx.viewer)
    rows = [
        SessionRow(
            session.id,
            describe_browser(session.client),
            session.address or "unknown",
            session.created_at,
            format_date(session.expires_at),
            session.id == this,
            session.role == "read",
            session.begun_with is not None,
        )
        for session in list_sessions(visit.ctx)
    ]
    return settings_page(visit, "sessions", "settings_sessions.html", sessions=rows)


def end_session_by_form(visit: Visit) -> Answer:
    """Ends one session, or all others."""
    id = visit.form.get("id", "")
    if id == "others":
        end_other_sessions(visit.ctx)
    else:
        end_session(visit.ctx, id)
    return Redirect("/settings/sessions")


# Invitations


class InvitationRow(NamedTuple):
    """An invitation in the list."""

    id: str
    note: str
    inviter: str
    created_at: int
    end: str
    used_by: str
    is_open: bool


def show_invitations(visit: Visit) -> Page:
    """The list of invitations, and the form for a new one."""
    return _invitations_page(visit)


def _invitations_page(visit: Visit, link: str = "") -> Page:
    now = now_ms()
    rows = [
        InvitationRow(
            item.id,
            item.note,
            item.inviter or "",
            item.created_at,
            format_date(item.expires_at),
            item.used_by or "",
            item.used_at is None and item.expires_at > now,
        )
        for item in list_invitations(visit.ctx)
    ]
    return settings_page(
        visit,
        "invitations",
        "settings_invitations.html",
        invitations=rows,
        link=link,
        sign_up=visit.ctx.hub.config.sign_up,
    )


def create_invitation_by_form(visit: Visit) -> Answer:
    """Makes an invitation and shows its link, this once."""
    secret = create_invitation(visit.ctx, visit.form.get("note", "").strip())
    link = f"{visit.ctx.origin}/join?invitation={secret}"
    return replace(_invitations_page(visit, link), headers=_SHOWN_ONCE)


def delete_invitation_by_form(visit: Visit) -> Answer:
    """Takes an invitation back."""
    delete_invitation(visit.ctx, visit.form.get("id", ""))
    return Redirect("/settings/invitations")


SERVED = (
    show(routes.SETTINGS_PAGE, show_settings),
    show(routes.PROFILE_SETTINGS_PAGE, show_profile),
    act(routes.PROFILE_SETTINGS_FORM, save_profile, show_profile),
    show(routes.PASSWORD_PAGE, show_password),
    act(routes.PASSWORD_FORM, save_password, show_password, bulk=True, turn=True),
    show(routes.TOKENS_PAGE, show_tokens),
    act(routes.CREATE_TOKEN_FORM, create_token_by_form, show_tokens),
    act(routes.DELETE_TOKEN_FORM, delete_token_by_form),
    show(routes.SESSIONS_PAGE, show_sessions),
    act(routes.END_SESSION_FORM, end_session_by_form),
    show(routes.INVITATIONS_PAGE, show_invitations),
    act(routes.CREATE_INVITATION_FORM, create_invitation_by_form, show_invitations),
    act(routes.DELETE_INVITATION_FORM, delete_invitation_by_form),
)
