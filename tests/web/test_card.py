"""The front page of a repository: the card, what is told beside it, and what visitors do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from freehold.server.http.sessions import VISITOR_COOKIE, make_csrf_token
from tests.browsing import Visitor
from tests.repos import new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Visit = Callable[..., Visitor]


def test_preview_form_shows_a_comment_and_a_card(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo, visitor = new_repo(site, ann), visit(ann)
    text = "*one* <b>two</b> [x](a.txt) $x$"
    shown = visitor.send(f"{repo.page}/preview", {"text": text}, "/").document
    assert shown.one("em").text == "one" and not shown.all("b")
    shown = visitor.send(f"{repo.page}/preview", {"text": text, "card": "1"}, "/").document
    assert shown.one("b").text == "two" and shown.all("math")
    assert shown.one("a", href=f"{repo.page}/blob/main/a.txt").text == "x"


def test_preview_form_is_for_accounts(visit: Visit, site: LiveHub, ann: Account) -> None:
    page = f"{new_repo(site, ann).page}/preview"
    visitor = visit()
    visitor.cookies[VISITOR_COOKIE] = "somebody"
    token = make_csrf_token(site.inside.signing_key, "somebody")
    form = f"csrf_token={quote(token)}&text=x".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = visitor.call("POST", page, content=form, headers=headers)
    assert answer.status_code == 403 and "sign in" in answer.text.lower()
