"""Nobody is kept out: axe-core finds nothing on any page, light or dark, and 360 px are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from freehold.server.core.sign_up import invite
from freehold.server.http.sessions import SESSION_COOKIE
from tests.browsing import session_of
from tests.compat.environments import JAVASCRIPT
from tests.exhibition import Exhibition, exhibit
from tests.gates import ANSWERS, CARD, Gate, gated_repo
from tests.repos import file, new_repo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.live import Account, LiveHub

AXE = JAVASCRIPT / "node_modules" / "axe-core" / "axe.min.js"
# The rules of WCAG 2.2, levels A and AA, and what axe knows to be good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What depends on colours.
COLOURS = ["color-contrast", "link-in-text-block"]


@pytest.fixture(scope="module")
def shown(shared_hub: Callable[[str], LiveHub]) -> Exhibition:
    """A hub that looks lived in."""
    return exhibit(shared_hub("sqlite"))


class Checked:
    """A narrow tab that tells what keeps people out of pages, in each scheme of colours."""

    def __init__(self, tab: Page, site: LiveHub) -> None:
        self.tab = tab
        self._site = site
        self.wrong: list[str] = []

    def sign_in(self, account: Account) -> None:
        """Go on as that account."""
        cookie = {"name": SESSION_COOKIE, "value": session_of(self._site, account)}
        self.tab.context.add_cookies([{**cookie, "url": self._site.url}])  # type: ignore[list-item]

    def see(self, *paths: str) -> None:
        """Go to each page and check it."""
        for path in paths:
            self.tab.goto(path)
            self.check(path)

    def check(self, path: str) -> None:
        """Check the page that is open; only colours differ in the dark."""
        self.tab.emulate_media(color_scheme="light")
        self._run(path, {"type": "tag", "values": RULES})
        if self.tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.wrong.append(f"{path}: scrolls sideways")
        self.tab.emulate_media(color_scheme="dark")
        self._run(f"{path} in the dark", {"type": "rule", "values": COLOURS})

    def _run(self, path: str, rules: dict[str, Any]) -> None:
        found: list[dict[str, Any]] = self.tab.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"
            ".then(r => r.violations.map(v => ({id: v.id, nodes: v.nodes.map(n => n.html + ' ' +"
            " n.failureSummary)})))",
            rules,
        )
        for rule in found:
            self.wrong += [f"{path}: {rule['id']}: {node[:300]}" for node in rule["nodes"][:3]]


@pytest.fixture
def checked(chromium: Browser, site: LiveHub) -> Iterator[Checked]:
    """A narrow tab of a stranger, into which axe is loaded."""
    context = chromium.new_context(
        base_url=site.url,
        viewport={"width": 360, "height": 800},
        # A colour on its way from one scheme to the other is none of either.
        reduced_motion="reduce",
        # Only for axe itself, which is put into the page from outside.
        bypass_csp=True,
    )
    context.add_init_script(path=AXE)
    yield Checked(context.new_page(), site)
    context.close()


def pages(shown: Exhibition) -> list[str]:
    home, talk, proposal = shown.model.page, shown.discussion, shown.proposal
    of_the_hub = ["/", "/models", "/datasets", "/spaces", "/search?q=moor", f"/{shown.org}"]
    of_the_owner = ["/new", "/organizations/new", f"/{shown.owner.name}"]
    settings = ["profile", "password", "tokens", "sessions"]
    of_files = ["tree/main", "blob/main/train.py#L3-L30", "blob/main/data/notes.csv", "refs"]
    more_files = ["blob/main/model.safetensors", "blob/main/heather.pt", "blob/main/chart.png"]
    of_history = ["commits/main", "commit/main", "blame/main/train.py"]
    of_diffs = ["compare/main..wider", "compare/main~1..main?view=split", "commit/main?view=split"]
    of_changes = ["upload/main", "new/main", "edit/main/README.md", "delete/main/train.py"]
    of_talk = ["discussions", "discussions/new", f"discussions/{talk}"]
    of_proposals = [f"discussions/{proposal}", f"discussions/{proposal}/files"]
    of_admins = ["settings", "settings/access", "likers"]
    parts = [
        *of_files,
        *more_files,
        *of_history,
        *of_diffs,
        *of_changes,
        *of_talk,
        *of_proposals,
        *of_admins,
    ]
    return [
        *of_the_hub,
        *of_the_owner,
        *(f"/settings/{name}" for name in settings),
        f"/organizations/{shown.org}/settings",
        home,
        *(f"{home}/{part}" for part in parts),
        f"{home}/nothing/here",
    ]


def test_no_page_keeps_its_owner_out(checked: Checked, shown: Exhibition) -> None:
    checked.sign_in(shown.owner)
    checked.see(*pages(shown))
    assert not checked.wrong, "\n".join(checked.wrong)


def test_strangers_are_not_kept_out_either(
    checked: Checked, shown: Exhibition, site: LiveHub
) -> None:
    behind = gated_repo(site, shown.owner, file("README.md", CARD))
    home = shown.model.page
    checked.see("/", "/login", "/join", "/models", "/search?q=moor", f"/{shown.owner.name}")
    checked.see(home, f"{home}/discussions/{shown.discussion}", f"{home}/tree/main", behind.page)
    checked.see(f"{home}/blob/main/train.py#L3-L30", "/nothing/here")
    assert not checked.wrong, "\n".join(checked.wrong)
    checked.sign_in(shown.guest)
    checked.see(behind.page, f"{behind.page}/discussions", f"{home}/discussions/new")
    assert not checked.wrong, "\n".join(checked.wrong)


def test_administrators_and_beginners_are_not_kept_out(checked: Checked, site: LiveHub) -> None:
    admin = site.user(admin=True)
    invite(site.inside, "for somebody")
    empty, gated = new_repo(site, admin), gated_repo(site, admin, file("README.md", CARD))
    Gate(gated).ask(site.user(), ANSWERS)
    checked.sign_in(admin)
    checked.see("/settings/invitations", f"{gated.page}/settings/access", f"{gated.page}/settings")
    checked.see(empty.page, f"{empty.page}/tree/main", f"{empty.page}/discussions", "/datasets?p=2")
    for path, name in (("/new", "Name"), ("/settings/tokens", "Name"), ("/login", "User name")):
        refuse(checked.tab, path, name)
        assert checked.tab.get_by_role("alert").is_visible()
        checked.check(f"{path} refused")
    assert not checked.wrong, "\n".join(checked.wrong)


def refuse(tab: Page, path: str, name: str) -> None:
    """Fill a form in so that the hub refuses it."""
    if path == "/login":
        tab.context.clear_cookies()
    tab.goto(path)
    form = tab.locator("main form").first
    form.evaluate("form => { form.noValidate = true; }")
    form.get_by_label(name, exact=True).fill("")
    form.locator("button.main").click()
