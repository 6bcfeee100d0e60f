"""Cards and comments of strangers who want to run scripts in the browsers of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from freehold.formats.card_html import render_card
from freehold.formats.markdown import render_markdown
from freehold.formats.safe_html import Places
from tests.browsing import Visitor
from tests.repos import file, new_repo
from tests.web.payloads import PAYLOADS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

# The elements of a page that strangers must not have made, or that have what they must not have.
FIND_HARM = """() => {
    const forbidden = [
        "script:not([src^='/static/'])", "iframe", "object", "embed", "base", "template", "dialog",
        "form:not([action^='/'])", "main style", "main link", "main meta", "main svg",
    ];
    const addresses = /^(href|src|srcset|poster|action|formaction|data|background)$/;
    const isHarm = (element, { name, value }) => {
        if (name.startsWith("on") || name === "style" || name.includes(":")) return true;
        if (!addresses.test(name)) return false;
        if (!URL.canParse(value, location.href)) return true;
        const place = new URL(value, location.href);
        if (element.matches("a[href]")) return !/^(https?|mailto):$/.test(place.protocol);
        return place.origin !== location.origin;
    };
    const harmful = [...document.querySelectorAll("main *")].filter((element) =>
        [...element.attributes].some((attribute) => isHarm(element, attribute)));
    return [...document.querySelectorAll(forbidden.join()), ...harmful].map((e) => e.outerHTML);
}"""

# Whatever somebody may do with a page, without leaving it.
TOUCH_ALL = """() => {
    const types = ["pointerover", "mouseover", "focus", "input", "toggle", "error", "load"];
    for (const element of document.querySelectorAll("main *"))
        for (const type of types) element.dispatchEvent(new Event(type, { bubbles: true }));
}"""


class Watched:
    """A tab whose page tells on itself: calls of `xss`, dialogs, and what leaves the hub."""

    def __init__(self, tab: Page, url: str) -> None:
        self.wrong: list[str] = []
        self._host = urlsplit(url).netloc
        self._tab = tab
        tab.expose_function("xss", lambda: self.wrong.append("xss() was called"))
        tab.on("dialog", lambda dialog: (self.wrong.append("a dialog"), dialog.dismiss()))
        tab.on("request", lambda request: self._note(request.url))
        # Pictures that are not there need not be looked for.
        tab.route("**", lambda route: self._answer(route))

    def _answer(self, route: Route) -> None:
        if route.request.resource_type in ("image", "media"):
            route.fulfill(status=204)
        else:
            route.continue_()

    def _note(self, url: str) -> None:
        place = urlsplit(url)
        if place.scheme in ("http", "https") and place.netloc != self._host:
            self.wrong.append(f"asked for {url}")

    def check(self, path: str) -> None:
        """Touch everything on the page: nothing may have happened, and the page is still there."""
        self._tab.evaluate(TOUCH_ALL)
        assert self._tab.evaluate(FIND_HARM) == []
        assert urlsplit(self._tab.url).path == path
        assert self.wrong == []


def test_repo_page_with_all_payloads_runs_none(browse: Browse, site: LiveHub, ann: Account) -> None:
    assert len(set(PAYLOADS)) >= 100
    repo = new_repo(site, ann, file("README.md", "# All\n\n" + "\n\n".join(PAYLOADS)))
    tab = browse(ann)
    watched = Watched(tab, site.url)
    tab.goto(repo.page)
    watched.check(repo.page)


def test_each_payload_is_harmless_without_a_policy(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    """The policy of pages is the second line: here is none, and each payload stands alone."""
    repo, tab = new_repo(site, ann), browse(ann)
    places = Places(f"{repo.page}/blob/main/", f"{repo.page}/resolve/main/", site.url)
    shown = [render_card(text, places).html for text in PAYLOADS]
    shown += [render_markdown(text) for text in PAYLOADS]
    body = "".join(f"<section>{html}</section>" for html in shown)
    page = f"<!doctype html><meta charset=utf-8><body><main>{body}</main>"
    watched = Watched(tab, site.url)
    tab.route(f"**{repo.page}", lambda route: route.fulfill(body=page, content_type="text/html"))
    tab.goto(repo.page)
    assert tab.locator("main > section").count() == len(shown)
    watched.check(repo.page)


def test_the_watch_finds_what_is_harmful(browse: Browse, site: LiveHub) -> None:
    tab = browse()
    watched = Watched(tab, site.url)
    body = (
        "<main><img src=/resolve/x onload=xss() onerror=xss()><a href=javascript:xss()>a</a></main>"
    )
    tab.route("**/harm", lambda route: route.fulfill(body=body, content_type="text/html"))
    tab.goto("/harm")
    tab.evaluate(TOUCH_ALL)
    assert len(tab.evaluate(FIND_HARM)) == 2
    assert watched.wrong != []


def test_preview_form_of_all_payloads_has_no_script(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo, visitor = new_repo(site, ann), visit(ann)
    for fields in ({}, {"card": "1"}):
        form = {"text": "\n\n".join(PAYLOADS), **fields}
        shown = visitor.send(f"{repo.page}/preview", form, "/").document
        assert shown.one("div", class_="prose").text
        assert not shown.all("script") and not shown.all("iframe")
