"""Cards and comments of strangers who want to run scripts in the browsers of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freehold.formats.card_html import render_card
from freehold.formats.markdown import render_markdown
from freehold.formats.safe_html import Places
from tests.browsing import Visitor
from tests.repos import file, new_repo
from tests.web.payloads import PAYLOADS
from tests.web.watching import FIND_HARM, TOUCH_ALL, Watched

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]


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
