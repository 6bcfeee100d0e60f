"""Every link of every page leads somewhere, whoever follows it, and every page says what it is."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import pytest

from tests.browsing import Element, Visitor, read_page
from tests.exhibition import exhibit
from tests.live import LiveHub

if TYPE_CHECKING:
    from pathlib import Path

# Each choice of a list leads to the same list with one more: that of one is enough.
LISTS = ("/models", "/datasets", "/spaces", "/kernels", "/search")
# Nine of ten repositories that are the same below their front pages.
ALIKE = re.compile(r"/moor-[a-z-]+-[1-9]/")
LINKS = {"a": "href", "link": "href", "img": "src", "script": "src"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LiveHub]:
    """A hub of its own: others leave pages on theirs that nobody can count."""
    with LiveHub(tmp_path / "hub") as hub:
        yield hub


def test_every_link_of_every_page_leads_to_a_page(site: LiveHub) -> None:
    shown = exhibit(site)
    for account in (shown.owner, shown.guest, None):
        walk = Walk(Visitor(site, account))
        walk.follow_all("/")
        assert not walk.wrong, "\n".join(walk.wrong)
        home = shown.model.page
        assert {home, f"{home}/discussions/{shown.proposal}/files"} <= walk.known.keys()
        assert len(walk.known) > 150


class Walk:
    """Follows all links from page to page, and notes what is wrong.

    `known` has each path with the page on which it was found first.
    """

    def __init__(self, visitor: Visitor) -> None:
        self.wrong: list[str] = []
        self.known: dict[str, str] = {}
        self._visitor = visitor
        self._url = visitor.hub.url
        self._waiting: deque[str] = deque()

    def follow_all(self, start: str) -> None:
        """Begin with that page, and see each page once."""
        self._find(start, "")
        while self._waiting:
            path = self._waiting.popleft()
            answer = self._visitor.call("GET", path, headers={"accept": "text/html"})
            if answer.status_code >= 400:
                self._note(path, f"is {answer.status_code}, on {self.known[path]}")
            elif "location" in answer.headers:
                self._find(answer.headers["location"], path)
            elif answer.headers["content-type"].startswith("text/html"):
                self._read(path, read_page(answer.text))

    def _read(self, path: str, page: Element) -> None:
        elements = page.all()
        self._check(path, elements)
        # The same path at other branches, where it may well be nothing.
        elsewhere = {id(a) for e in elements if "data-refs" in e.attributes for a in e.all("a")}
        for element in elements:
            if id(element) not in elsewhere:
                self._find(element.attributes.get(LINKS.get(element.tag, ""), ""), path)

    def _find(self, address: str, origin: str) -> None:
        whole = urldefrag(urljoin(self._url + origin, address))[0]
        path = whole.removeprefix(self._url)
        place = urlsplit(path)
        is_more = place.path in LISTS and len(parse_qsl(place.query)) > 1
        is_more = is_more or ALIKE.search(place.path) is not None
        if path.startswith("/") and path not in self.known and not is_more:
            self.known[path] = origin
            self._waiting.append(path)

    def _check(self, path: str, elements: list[Element]) -> None:
        tags = Counter(element.tag for element in elements)
        if tags["h1"] != 1:
            self._note(path, f"has {tags['h1']} main headings")
        title = next((element.text for element in elements if element.tag == "title"), "")
        if not title or not elements[0].attributes.get("lang"):
            self._note(path, "has no title or no language")
        ids = Counter(element["id"] for element in elements if "id" in element.attributes)
        for name, count in ids.items():
            if count > 1:
                self._note(path, f"has the id {name} twice")
        for link in elements:
            aim = link.attributes.get("href", "") if link.tag == "a" else ""
            if aim.startswith("#") and aim[1:] not in ids:
                self._note(path, f"has no {aim}")

    def _note(self, path: str, what: str) -> None:
        self.wrong.append(f"{path} {what}")
