"""Nobody is kept out: axe-core finds nothing on any page, light or dark, and 360 px are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from freehold.server.http.sessions import SESSION_COOKIE
from tests.browsing import session_of
from tests.compat.environments import JAVASCRIPT
from tests.exhibition import Exhibition, exhibit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.live import LiveHub

AXE = JAVASCRIPT / "node_modules" / "axe-core" / "axe.min.js"
# The rules of WCAG 2.2, levels A and AA, and what axe knows to be good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def shown(shared_hub: Callable[[str], LiveHub]) -> Exhibition:
    """A hub that looks lived in."""
    return exhibit(shared_hub("sqlite"))


@pytest.fixture(params=SCHEMES)
def tab(
    request: pytest.FixtureRequest, shown: Exhibition, chromium: Browser, site: LiveHub
) -> Iterator[Page]:
    """A narrow tab of the owner, light or dark, into which axe is loaded."""
    context = chromium.new_context(
        base_url=site.url,
        color_scheme=request.param,
        viewport={"width": 360, "height": 800},
        # Only for axe itself, which is put into the page from outside.
        bypass_csp=True,
    )
    cookie = {"name": SESSION_COOKIE, "value": session_of(site, shown.owner), "url": site.url}
    context.add_cookies([cookie])
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


def pages(shown: Exhibition) -> list[str]:
    home, talk, proposal = shown.model.page, shown.discussion, shown.proposal
    of_the_hub = ["/", "/models", "/datasets", "/spaces", "/search?q=moor", f"/{shown.org}"]
    of_the_owner = ["/new", "/organizations/new", f"/{shown.owner.name}"]
    settings = ["profile", "password", "tokens", "sessions"]
    of_files = ["tree/main", "blob/main/train.py", "blob/main/data/notes.csv", "refs"]
    more_files = ["blob/main/model.safetensors", "blob/main/heather.pt", "blob/main/chart.png"]
    of_history = ["commits/main", "commit/main", "blame/main/train.py", "compare/main..wider"]
    of_changes = ["upload/main", "new/main", "edit/main/README.md", "delete/main/train.py"]
    of_talk = ["discussions", "discussions/new", f"discussions/{talk}"]
    of_proposals = [f"discussions/{proposal}", f"discussions/{proposal}/files"]
    of_admins = ["settings", "settings/access", "likers"]
    parts = [*of_files, *more_files, *of_history, *of_changes, *of_talk, *of_proposals, *of_admins]
    return [
        *of_the_hub,
        *of_the_owner,
        *(f"/settings/{name}" for name in settings),
        f"/organizations/{shown.org}/settings",
        home,
        *(f"{home}/{part}" for part in parts),
        f"{home}/nothing/here",
    ]


def test_no_page_keeps_anybody_out(tab: Page, shown: Exhibition) -> None:
    wrong = [text for path in pages(shown) for text in look(tab, path)]
    assert wrong == []


def test_strangers_are_not_kept_out_either(tab: Page, shown: Exhibition) -> None:
    tab.context.clear_cookies()
    paths = ["/", "/login", "/join", shown.model.page, "/nothing/here"]
    assert [text for path in paths for text in look(tab, path)] == []


def look(tab: Page, path: str) -> list[str]:
    """What is wrong with the page."""
    tab.goto(path)
    found: list[dict[str, Any]] = tab.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})"
        ".then(r => r.violations.map(v => ({id: v.id, nodes: v.nodes.map(n => n.html + ' ' +"
        " n.failureSummary)})))",
        RULES,
    )
    wrong = [f"{path}: {rule['id']}: {node[:300]}" for rule in found for node in rule["nodes"][:3]]
    if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append(f"{path}: scrolls sideways")
    return wrong
