"""From a page to its answer: the templates, what they may use, and the headers of every page."""

from __future__ import annotations

import gzip
import secrets
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from freehold.server.core.access import Context
from freehold.server.core.users import avatar_url
from freehold.server.http.sessions import VISITOR_COOKIE, make_csrf_token, read_subject
from freehold.server.web import wording
from freehold.server.web.assets import asset_url
from freehold.server.web.visit import Made, Page
from freehold.wire.ids import repo_path

# Scripts and styles of the hub alone, none of them inside of a page; nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{stores};"
    " media-src 'self'{stores}; connect-src 'self'{stores}; worker-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
# Where the operator lets downloads be redirected, pictures may come from the object store.
_STORES = " http: https:"

# A shorter answer fits into one packet anyway.
_WORTH_PACKING = 1000


def render(request: Request, ctx: Context, page: Page) -> Response:
    """The answer that shows the page, packed where the browser can unpack it."""
    form = _Form(request, ctx)
    template = _environment().get_template(page.template)
    every = {"viewer": ctx.viewer, "origin": ctx.origin, "csrf": form.token}
    text = template.render({"status": page.status, **page.values, **every})
    body = text.encode("utf-8", "replace")
    for value in page.values.values():
        if isinstance(value, Made):
            body = value.put_into(body)
    stores = _STORES if ctx.hub.config.redirect_downloads else ""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY.format(stores=stores),
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, Accept-Encoding",
        **page.headers,
    }
    if len(body) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    response = Response(body, page.status, headers)
    if form.new_visitor:
        set_cookie(response, ctx, VISITOR_COOKIE, form.new_visitor)
    return response


def render_part(template: str, **values: Any) -> Markup:
    """A part of a page that is made by a template of its own and told only this."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704


def render_macro(template: str, name: str, *values: Any) -> Markup:
    """What a macro of that template makes of the values."""
    return Markup(getattr(_environment().get_template(template).module, name)(*values))  # noqa: S704


class _Form:
    """The CSRF token of a page, made when its template asks for it.

    Whoever has no session gets a cookie for it then: `new_visitor` is what to set it to.
    """

    def __init__(self, request: Request, ctx: Context) -> None:
        self._key = ctx.hub.signing_key
        self._subject = read_subject(request)
        self.new_visitor = ""

    def token(self) -> str:
        if self._subject is None:
            self._subject = self.new_visitor = secrets.token_urlsafe(16)
        return make_csrf_token(self._key, self._subject)


def set_cookie(response: Response, ctx: Context, name: str, value: str, seconds: int = 0) -> None:
    """Sets a cookie that only this hub is sent and no script can read; deletes an empty one.

    It lasts as long as the browser runs, or that many seconds.
    """
    response.set_cookie(
        name,
        value,
        max_age=(seconds or None) if value else 0,
        secure=ctx.origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("freehold.server.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(wording.FILTERS)
    environment.globals.update(_GLOBALS)
    return environment


_GLOBALS: dict[str, Any] = {
    "asset": asset_url,
    "avatar_url": avatar_url,
    "repo_path": repo_path,
}
