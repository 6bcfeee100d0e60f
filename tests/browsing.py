"""A browser without a screen or scripts: it keeps cookies, reads pages and fills in their forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2

from freehold.server.core.sessions import start_session
from freehold.server.db import accounts
from freehold.server.http.sessions import SESSION_COOKIE
from tests.live import Account, LiveHub

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """An element of a page: its tag, its attributes, what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    @property
    def text(self) -> str:
        """The text in it, its spaces made one."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> list[str]:
        texts: list[str] = []
        for child in self.children:
            texts += [child] if isinstance(child, str) else child._texts()
        return texts

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """All elements in it of that tag with those attributes; `class_` is one of the classes."""
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, Element):
                if _fits(child, tag, attributes):
                    found.append(child)
                found += child.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The first such element."""
        found = self.all(tag, **attributes)
        assert found, f"no <{tag}> with {attributes}"
        return found[0]


def _fits(element: Element, tag: str, wanted: dict[str, str]) -> bool:
    for name, value in wanted.items():
        if name == "class_":
            if value not in element.attributes.get("class", "").split():
                return False
        elif element.attributes.get(name.replace("_", "-")) != value:
            return False
    return tag in ("", element.tag)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("document")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read_page(html: str) -> Element:
    """The elements of a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.root


class Shown:
    """A page as it was answered."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        self.document = read_page(answer.text)

    @property
    def text(self) -> str:
        """The text of the page."""
        return self.document.text


class Visitor:
    """Somebody who looks at a hub's pages; with an account they are signed in."""

    def __init__(self, hub: LiveHub, account: Account | None = None) -> None:
        self.hub = hub
        self.cookies: dict[str, str] = {}
        if account is not None:
            self.cookies[SESSION_COOKIE] = session_of(hub, account)

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request with the cookies, and keep those of the answer."""
        headers = {**options.pop("headers", {})}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.hub.call(method, path, headers=headers, **options)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        for line in answer.headers.get_list("set-cookie"):
            if "max-age=0" in line.lower():
                self.cookies.pop(line.partition("=")[0], None)
        return answer

    def see(self, path: str) -> Shown:
        """The page at that path, which is there."""
        answer = self.call("GET", path, headers={"accept": "text/html"})
        assert answer.status_code == 200, (answer.status_code, path, answer.text[:2000])
        return Shown(answer)

    def look(self, path: str) -> Shown:
        """Whatever is at that path."""
        return Shown(self.call("GET", path, headers={"accept": "text/html"}))

    def send(self, path: str, fields: dict[str, str] | None = None, page: str = "/") -> Shown:
        """Send a form to that path, with the CSRF token that is on `page`."""
        token = self.csrf_token(page)
        data = httpx2.QueryParams({"csrf_token": token, **(fields or {})})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        content = str(data).encode()
        return Shown(self.call("POST", path, content=content, headers=headers))

    def csrf_token(self, page: str = "/") -> str:
        """The CSRF token on a page."""
        document = self.see(page).document
        fields = document.all("input", name="csrf_token")
        return fields[0]["value"] if fields else document.one("meta", name="csrf-token")["content"]

    def fill_in(self, path: str, action: str, /, **fields: str) -> Shown:
        """Fill in the form with that action which is on the page at `path`, and send it.

        Fields that are not given keep what is in them.
        """
        form = next(f for f in self.see(path).document.all("form") if f["action"] == action)
        values = {**read_fields(form), **fields}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        content = str(httpx2.QueryParams(values)).encode()
        return Shown(self.call("POST", action, content=content, headers=headers))


def read_fields(form: Element) -> dict[str, str]:
    """What is in the fields of a form, as a browser would send it."""
    values: dict[str, str] = {}
    for field_ in form.all("input"):
        kind = field_.attributes.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in field_.attributes:
            continue
        if "name" in field_.attributes:
            values[field_["name"]] = field_.attributes.get("value", "")
    for area in form.all("textarea"):
        text = "".join(c for c in area.children if isinstance(c, str))
        # The first line end after the tag is no part of the text.
        values[area["name"]] = text.removeprefix("\n")
    for select in form.all("select"):
        options = select.all("option")
        chosen = next((o for o in options if "selected" in o.attributes), options[0])
        values[select["name"]] = chosen.attributes.get("value", chosen.text)
    return values


def session_of(hub: LiveHub, account: Account) -> str:
    """A new session of the account: what its cookie holds."""
    with hub.inside.db.read() as tx:
        found = accounts.find_account(tx, account.name)
    assert found is not None
    return start_session(hub.inside, found)
