"""Writes pictures of ten pages, light and dark, wide and narrow, for people to look at.

They are of a hub of its own with a few made-up repositories, and go to `.cache/screenshots`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from freehold.server.http.sessions import SESSION_COOKIE
from tests.browsing import session_of
from tests.exhibition import Exhibition, exhibit
from tests.live import LiveHub

TARGET = Path(__file__).resolve().parent.parent / ".cache" / "screenshots"
WIDTHS = {"wide": 1280, "narrow": 360}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Write all pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, LiveHub(Path(folder)) as hub:
        shown = exhibit(hub, ("mair", "tomos", "upland-lab"))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            for width in WIDTHS:
                for scheme in SCHEMES:
                    take(hub, browser, shown, width, scheme)
            browser.close()
    sys.stdout.write(f"Written to {TARGET}\n")


def pages_of(shown: Exhibition) -> dict[str, str]:
    """The ten pages, by the name of their picture."""
    home = shown.model.page
    return {
        "01-home": "/",
        "02-models": "/models",
        "03-card": home,
        "04-files": f"{home}/tree/main",
        "05-code": f"{home}/blob/main/train.py",
        "06-weights": f"{home}/blob/main/model.safetensors",
        "07-commit": f"{home}/commits/main",
        "08-discussion": f"{home}/discussions/{shown.discussion}",
        "09-changes": f"{home}/discussions/{shown.proposal}/files",
        "10-organisation": f"/{shown.org}",
        "11-upload": f"{home}/upload/main",
        "12-settings": f"{home}/settings",
        "13-tokens": "/settings/tokens",
        "14-new": "/new",
        "15-edit": f"{home}/edit/main/README.md",
        "16-proposal": f"{home}/discussions/{shown.proposal}",
    }


def take(
    hub: LiveHub,
    browser: Browser,
    shown: Exhibition,
    width: str,
    scheme: Literal["light", "dark"],
) -> None:
    """Write the pictures of one width and colour scheme."""
    context = browser.new_context(
        base_url=hub.url,
        viewport={"width": WIDTHS[width], "height": 900},
        color_scheme=scheme,
    )
    cookie = {"name": SESSION_COOKIE, "value": session_of(hub, shown.owner), "url": hub.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    tab = context.new_page()
    for name, path in pages_of(shown).items():
        tab.goto(path)
        tab.screenshot(path=TARGET / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    main()
