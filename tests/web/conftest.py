"""What the tests of pages may ask for: a hub, and a real Chromium that minds what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from freehold.server.http.sessions import SESSION_COOKIE
from tests.browsing import Visitor, session_of

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

# In milliseconds: a busy machine makes no test fail.
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def site(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A running hub on SQLite: pages add no SQL of their own, and the core runs on both."""
    return shared_hub("sqlite")


@pytest.fixture
def ann(site: LiveHub) -> Account:
    """A new user of `site`."""
    return site.user()


@pytest.fixture
def ben(site: LiveHub) -> Account:
    """Another new user of `site`."""
    return site.user()


@pytest.fixture
def visit(site: LiveHub) -> Callable[..., Visitor]:
    """Visit `site` without a screen: as a stranger, or signed in as an account."""
    return lambda account=None: Visitor(site, account)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, one for each worker."""
    with sync_playwright() as playwright:
        # As root, Chromium starts only without its sandbox.
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class Browse(Protocol):
    """The type of `browse`."""

    def __call__(
        self, account: Account | None = None, *, scripts: bool = True, policy: bool = True
    ) -> Page:
        """Open an empty tab, signed in as the account if one is given.

        Without `policy` the tab does not mind the policy that pages are sent with.
        """


@pytest.fixture
def browse(site: LiveHub, chromium: Browser) -> Iterator[Browse]:
    """Open a tab of Chromium for `site`; afterwards no page may have had an error of its own."""
    contexts, wrong = [], []

    def open_tab(
        account: Account | None = None, *, scripts: bool = True, policy: bool = True
    ) -> Page:
        context = chromium.new_context(
            base_url=site.url, java_script_enabled=scripts, bypass_csp=not policy
        )
        contexts.append(context)
        if account is not None:
            cookie = {"name": SESSION_COOKIE, "value": session_of(site, account), "url": site.url}
            context.add_cookies([cookie])
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda m: wrong.append(m.text) if is_fault(m.type, m.text) else None)
        return tab

    yield open_tab
    for context in contexts:
        try:
            context.close()
        except Error as error:
            wrong.append(str(error))
    assert wrong == []


def is_fault(kind: str, text: str) -> bool:
    """Whether a page did what it should not: an error of a script, or against its policy."""
    # What a page answers by its status is tested by itself.
    return kind == "error" and "Failed to load resource" not in text
