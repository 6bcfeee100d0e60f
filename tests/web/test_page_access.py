"""Who may see which page and send which form: for every row of the table of pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from freehold.server.core.access import CHANGES
from freehold.server.web.routes import named_pages
from freehold.wire.route import Needs, Route
from tests.browsing import Visitor
from tests.live import fresh_name
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Visit = Callable[..., Visitor]

OF_REPOS = {name: route for name, route in named_pages().items() if "{repo}" in route.path}
PAGES = sorted(name for name, route in OF_REPOS.items() if route.method == "GET")
FORMS = sorted(name for name, route in named_pages().items() if route.method == "POST")
FORMS_OF_REPOS = sorted(set(FORMS) & set(OF_REPOS))
OF_ACCOUNTS = sorted(name for name, r in named_pages().items() if r.needs == Needs.ACCOUNT)

WORDS = {
    "{prefix}": "",
    "{revision}": "main",
    "{path}": "README.md",
    "{span}": "main..main",
    "{num}": "1",
    "{event}": "0" * 24,
    "{organization}": "nobody-at-all",
    "{account}": "nobody-at-all",
    "{type}": "model",
}


@dataclass(frozen=True)
class Site:
    """A private repository, and somebody who has nothing to do with it."""

    repo: Repo
    owner: Account
    outsider: Account


@pytest.fixture(scope="module")
def hidden(shared_hub: Callable[[str], LiveHub]) -> Site:
    hub = shared_hub("sqlite")
    owner, outsider = hub.user(), hub.user()
    repo = new_repo(hub, owner, file("README.md", "# Secret words\n"), private=True)
    repo.post("/discussions", {"title": "Secret words", "description": "x", "pullRequest": False})
    return Site(repo, owner, outsider)


def path_of(route: Route, repo: str) -> str:
    path = route.path.replace("{repo}", repo)
    for word, text in WORDS.items():
        path = path.replace(word, text)
    return path


@pytest.mark.parametrize("name", PAGES)
def test_no_page_betrays_a_private_repository(name: str, hidden: Site, visit: Visit) -> None:
    route, missing = OF_REPOS[name], f"{hidden.owner.name}/{fresh_name('no')}"
    for account in (None, hidden.outsider):
        visitor = visit(account)
        seen = visitor.look(path_of(route, hidden.repo.full_name))
        other = visitor.look(path_of(route, missing))
        leads_to_sign_in = account is None and route.needs in CHANGES
        assert seen.status == other.status == (303 if leads_to_sign_in else 404)
        assert seen.text == other.text
        assert "Secret" not in seen.text


@pytest.mark.parametrize("name", FORMS_OF_REPOS)
def test_no_form_betrays_a_private_repository(name: str, hidden: Site, visit: Visit) -> None:
    route, missing = OF_REPOS[name], f"{hidden.owner.name}/{fresh_name('no')}"
    visitor = visit(hidden.outsider)
    seen = visitor.send(path_of(route, hidden.repo.full_name))
    other = visitor.send(path_of(route, missing))
    assert seen.status == other.status == 404
    assert seen.text == other.text


@pytest.mark.parametrize("name", FORMS)
def test_no_form_is_taken_without_a_token_of_ours(name: str, hidden: Site, visit: Visit) -> None:
    route = named_pages()[name]
    visitor = visit(hidden.owner)
    path = path_of(route, hidden.repo.full_name)
    foreign = visit(hidden.outsider).csrf_token()
    for body in (b"", f"csrf_token={foreign}".encode(), b"csrf_token=%00"):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = visitor.call("POST", path, content=body, headers=headers)
        assert answer.status_code == 403, answer.text
        assert "too old, or was not ours" in answer.text


@pytest.mark.parametrize("place", ["same-site", "cross-site"])
def test_no_form_is_taken_from_another_origin(place: str, hidden: Site, visit: Visit) -> None:
    # As from a neighbour who has set a visitor's cookie, and has seen the form that goes with it.
    visitor = visit()
    fields = {
        "csrf_token": visitor.csrf_token("/login"),
        "username": hidden.outsider.name,
        "password": hidden.outsider.token,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": place}
    body = urlencode(fields).encode()
    refused = visitor.call("POST", "/login", content=body, headers=headers)
    assert refused.status_code == 403 and "was not ours" in refused.text
    headers["sec-fetch-site"] = "same-origin"
    assert visitor.call("POST", "/login", content=body, headers=headers).status_code == 303


@pytest.mark.parametrize("name", OF_ACCOUNTS)
def test_whoever_has_no_account_is_asked_to_sign_in(name: str, visit: Visit) -> None:
    route = named_pages()[name]
    path = path_of(route, "")
    answer = visit().call(route.method, path)
    if route.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")
    else:
        assert answer.status_code == 403
        assert "You are not signed in" in answer.text


def test_a_session_that_can_only_read_changes_nothing(site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("README.md", "# Mine\n"))
    reader = Visitor(site)
    reader.cookies["freehold_session"] = site.token(ann, "read")
    for name, route in OF_REPOS.items():
        if route.method == "POST" and route.needs >= Needs.DISCUSS and name != "preview_form":
            shown = reader.send(path_of(route, repo.full_name))
            assert shown.status == 403, name
    assert repo.paths() == ["README.md"]
