"""Watches what pages do when strangers have put scripts wherever they could."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The elements of a page that strangers must not have made, or that have what they must not have.
FIND_HARM = r"""() => {
    const forbidden = [
        "script:not([src^='/static/'])", "iframe", "object", "embed", "base", "template", "dialog",
        "form:not([action^='/'], [data-upload])", "form[action^='//']", "main style", "main link",
        "main meta", "main svg",
    ];
    const addresses = /^(href|src|srcset|poster|action|formaction|data|background)$/;
    const isHarm = (element, { name, value }) => {
        if (name.startsWith("on") || name.includes(":")) return true;
        // That one was given its height by a script of the hub.
        if (name === "style") return !element.matches(".preview-shown");
        if (!addresses.test(name)) return false;
        if (!URL.canParse(value, location.href)) return true;
        // That leads elsewhere though it was meant to be a path of the hub.
        if (/^[\s\/\\]{2}/.test(value) && !element.matches("a[rel~=nofollow]")) return true;
        const place = new URL(value, location.href);
        if (element.matches("a[href]")) return !/^(https?|mailto):$/.test(place.protocol);
        return place.origin !== location.origin;
    };
    const harmful = [...document.querySelectorAll("body *")].filter((element) =>
        [...element.attributes].some((attribute) => isHarm(element, attribute)));
    return [...document.querySelectorAll(forbidden.join()), ...harmful].map((e) => e.outerHTML);
}"""

# Whatever somebody may do with a page, without leaving it.
TOUCH_ALL = """() => {
    const types = ["pointerover", "mouseover", "focus", "input", "toggle", "error", "load"];
    for (const element of document.querySelectorAll("body *"))
        for (const type of types) element.dispatchEvent(new Event(type, { bubbles: true }));
}"""

# The head of a page, what was searched for, and what is on it.
_OWN_PARTS = re.compile(
    r'<title>.*?</title>|<meta[^<]*>|<form class="quick".*?</form>|<main.*</main>', re.S
)


class Watched:
    """A tab whose pages tell on themselves: calls of `xss`, dialogs, and what leaves the hub."""

    def __init__(self, tab: Page, url: str) -> None:
        self.wrong: list[str] = []
        self.tab = tab
        self._host = urlsplit(url).netloc
        tab.expose_function("xss", lambda: self.wrong.append("xss() was called"))
        tab.on("dialog", lambda dialog: (self.wrong.append("a dialog"), dialog.dismiss()))
        tab.on("popup", lambda popup: self.wrong.append(f"opened {popup.url}"))
        tab.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        place = urlsplit(url)
        if place.scheme in ("http", "https") and place.netloc != self._host:
            self.wrong.append(f"asked for {url}")

    def see(self, path: str, sign: str = "") -> None:
        """Look at the page at that path and check it; `sign` selects what must be on it."""
        self.tab.goto(path)
        assert not sign or self.tab.locator(sign).count(), (path, sign)
        self.check(urlsplit(self.tab.url).path)

    def see_together(self, pages: Sequence[str]) -> None:
        """Look at what differs in many pages, all written into one that has no policy."""
        body = "".join("".join(_OWN_PARTS.findall(page)) for page in pages)
        body = f"<!doctype html><meta charset=utf-8>{body}"
        self.tab.route("**/together", lambda r: r.fulfill(body=body, content_type="text/html"))
        self.see("/together")
        # None of them is hidden in what another has left open.
        assert self.tab.locator("main").count() == len(pages)

    def check(self, path: str) -> None:
        """Touch everything on the page: nothing may have happened, and the page is still there."""
        self.tab.evaluate(TOUCH_ALL)
        harm = [element[:500] for element in self.tab.evaluate(FIND_HARM)]
        assert harm == [], (path[:200], len(harm), harm[:3])
        assert urlsplit(self.tab.url).path == path, self.tab.url
        assert self.wrong == [], (path[:200], self.wrong)
