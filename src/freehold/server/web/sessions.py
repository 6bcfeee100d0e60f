"""Signing in, out and up."""

from __future__ import annotations

from dataclasses import replace

from freehold.errors import ForbiddenError, UnauthorizedError
from freehold.server.core.sessions import SESSION_SECONDS, leave, start_session
from freehold.server.core.sign_in import sign_in
from freehold.server.core.sign_up import check_sign_up, sign_up
from freehold.server.http.sessions import SESSION_COOKIE, VISITOR_COOKIE
from freehold.server.web import routes
from freehold.server.web.pages import act, show
from freehold.server.web.visit import Answer, Page, Redirect, Visit, local_path, page


def show_sign_in(visit: Visit) -> Answer:
    """The form to sign in; whoever is signed in goes on to where they wanted to."""
    if visit.ctx.viewer.id is not None:
        return Redirect(_following(visit))
    return _sign_in_page(visit)


def _sign_in_page(visit: Visit) -> Page:
    return page(
        "sign_in.html",
        next=_following(visit),
        name=visit.form.get("username", ""),
        error=visit.error,
        sign_up=visit.ctx.hub.config.sign_up,
    )


def _following(visit: Visit) -> str:
    """Where the visitor wanted to go, if that is a page of this hub."""
    return local_path(visit.form.get("next") or visit.query.get("next", ""))


def sign_in_by_form(visit: Visit) -> Answer:
    """Begins a session."""
    name, password = visit.form.get("username", "").strip(), visit.form.get("password", "")
    try:
        secret = sign_in(
            visit.ctx,
            name,
            password,
            client=visit.headers.get("user-agent", ""),
            address=visit.address,
        )
    except UnauthorizedError as error:
        # Not 401: that would have to come with a challenge.
        return replace(_sign_in_page(replace(visit, error=error.message)), status=403)
    return _enter(secret, _following(visit))


def _enter(secret: str, path: str) -> Redirect:
    return Redirect(path, {SESSION_COOKIE: secret}, SESSION_SECONDS)


def sign_out(visit: Visit) -> Answer:
    """Ends the session; whoever has none is as signed out as before."""
    leave(visit.ctx)
    return Redirect("/", {SESSION_COOKIE: "", VISITOR_COOKIE: ""})


def show_sign_up(visit: Visit) -> Answer:
    """The form to make an account, for who may."""
    invitation = visit.form.get("invitation") or visit.query.get("invitation", "")
    try:
        check_sign_up(visit.ctx.hub, invitation)
    except ForbiddenError as error:
        return page("sign_up_closed.html", 403, message=error.message)
    return page(
        "sign_up.html",
        invitation=invitation,
        next=_following(visit),
        form=visit.form,
        error=visit.error,
    )


def sign_up_by_form(visit: Visit) -> Answer:
    """Makes the account, and begins a session for it."""
    form = visit.form
    account = sign_up(
        visit.ctx.hub,
        form.get("username", "").strip(),
        email=form.get("email", "").strip(),
        fullname=form.get("fullname", "").strip(),
        password=form.get("password", ""),
        invitation=form.get("invitation", ""),
        address=visit.address,
    )
    leave(visit.ctx)
    secret = start_session(
        visit.ctx.hub,
        account,
        client=visit.headers.get("user-agent", ""),
        address=visit.address,
    )
    return _enter(secret, _following(visit))


# A password is slow to check and takes much memory: not many at once.
SERVED = (
    show(routes.SIGN_IN_PAGE, show_sign_in),
    act(routes.SIGN_IN_FORM, sign_in_by_form, _sign_in_page, bulk=True, turn=True),
    act(routes.SIGN_OUT_FORM, sign_out),
    show(routes.SIGN_UP_PAGE, show_sign_up),
    act(routes.SIGN_UP_FORM, sign_up_by_form, show_sign_up, bulk=True, turn=True),
)
