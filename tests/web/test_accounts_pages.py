"""One's own settings in a browser: profile, password, tokens, sessions, invitations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from freehold.server.core.passwords import set_password
from freehold.server.http.sessions import SESSION_COOKIE
from freehold.server.web.browsers import describe_browser
from freehold.server.web.wording import format_date
from tests.browsing import Visitor
from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

PASSWORD = "correct horse battery"
PAGES = ("", "/profile", "/password", "/tokens", "/sessions")


def alert(visitor: Visitor, path: str, **fields: str) -> tuple[int, str]:
    """Fill in the form of that page which is not accepted: the status and the reason."""
    shown = visitor.fill_in(path, path, **fields)
    return shown.status, shown.document.one("p", role="alert").text


def test_settings_page_shows_who_one_is_and_the_way_to_the_others(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    own, other = site.org(owner=ann), site.org(owner=site.user(), members={ann.name: "write"})
    document = visit(ann).see("/settings").document
    assert f"{ann.name}@example.org" in document.one("dl").text
    links = [link["href"] for link in document.one("nav", aria_label="Settings").all("a")]
    assert links[1:] == [f"/settings{page}" for page in PAGES]
    assert document.all("a", href=f"/organizations/{own}/settings")
    assert document.all("a", href=f"/{other}")
    assert document.all("a", href=f"/organizations/{other}/settings") == []


@pytest.mark.parametrize("page", [*PAGES, "/invitations"])
def test_settings_page_asks_strangers_to_sign_in(visit: Visit, page: str) -> None:
    shown = visit().look(f"/settings{page}")
    assert shown.status == 303
    assert shown.answer.headers["location"].startswith("/login?next=%2Fsettings")


def test_profile_settings_page_has_labels_and_one_heading(visit: Visit, ann: Account) -> None:
    for path in (*(f"/settings{page}" for page in PAGES), "/new", "/organizations/new"):
        document = visit(ann).see(path).document
        assert len(document.all("h1")) == 1
        labelled = {label.attributes.get("for") for label in document.all("label")}
        ids = [f["id"] for f in document.all("input") if "id" in f.attributes]
        assert set(ids) <= labelled
        assert len(ids) == len(set(ids))


def test_profile_settings_form_saves_name_and_address(visit: Visit, ann: Account) -> None:
    path, visitor = "/settings/profile", visit(ann)
    done = visitor.fill_in(path, path, fullname="Änn <b>O'Neil</b>", email="ann@new.example")
    assert done.status == 303
    shown = visitor.see(done.answer.headers["location"])
    assert "was saved" in shown.document.one("p", role="status").text
    assert shown.document.one("input", name="fullname")["value"] == "Änn <b>O'Neil</b>"
    assert shown.document.all("b") == []
    status, reason = alert(visitor, path, email="nowhere")
    assert status == 400 and "nowhere" in reason
    assert visitor.see(path).document.one("input", name="email")["value"] == "ann@new.example"


def test_profile_settings_form_in_a_browser_sends_and_removes_a_picture(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    tab = browse(ann)
    tab.goto("/settings/profile")
    picture = {"name": "me.png", "mimeType": "image/png", "buffer": tab.screenshot()}
    with tab.expect_navigation():
        tab.set_input_files("#picture-file", [picture])
    expect(tab.locator("[data-picture] img")).to_have_js_property("naturalWidth", 400)
    with tab.expect_navigation():
        tab.click("[data-picture-remove]")
    expect(tab.locator("[data-picture] img")).to_be_visible()
    expect(tab.locator("[data-picture-remove]")).to_have_count(0)
    tab.set_input_files("#picture-file", [{**picture, "buffer": b"no picture"}])
    expect(tab.locator("[data-picture-told]")).to_contain_text("no picture")


def test_password_page_asks_for_the_current_one_only_where_there_is_one(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    visitor = visit(ann)
    assert visitor.see("/settings/password").document.all("input", name="current") == []
    set_password(site.inside, ann.name, PASSWORD)
    visitor = visit(ann)
    assert visitor.see("/settings/password").document.all("input", name="current")


def test_password_form_changes_it_and_ends_all_other_sessions(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    set_password(site.inside, ann.name, PASSWORD)
    path, here, there = "/settings/password", visit(ann), visit(ann)
    new = {"password": "another password", "again": "another password"}
    assert alert(here, path, current="wrong", **new)[0] == 400
    assert "same both times" in alert(here, path, current=PASSWORD, password="x", again="y")[1]
    assert there.look("/settings").status == 200
    assert here.fill_in(path, path, current=PASSWORD, **new).status == 303
    assert here.look("/settings").status == 200
    assert there.look("/settings").status == 303


def test_tokens_page_shows_tokens_and_no_sessions(visit: Visit, ann: Account) -> None:
    document = visit(ann).see("/settings/tokens").document
    assert len(document.one("ul", class_="rows").all("li")) == 1
    assert "session" not in document.one("ul", class_="rows").text


def test_create_token_form_shows_the_token_once(visit: Visit, site: LiveHub, ann: Account) -> None:
    path, visitor = "/settings/tokens", visit(ann)
    shown = visitor.fill_in(path, path, name="my <laptop>", role="read", days="30")
    assert shown.answer.headers["cache-control"] == "no-store"
    secret = shown.document.one("input", id="secret")["value"]
    who = site.call("GET", "/api/whoami-v2", token=secret).json()
    token = who["auth"]["accessToken"]
    assert (who["name"], token["role"], token["displayName"]) == (ann.name, "read", "my <laptop>")
    assert "expiresAt" in token
    again = visitor.see(path)
    assert secret not in again.answer.text and "my <laptop>" in again.text
    assert alert(visitor, path, name="my <laptop>")[0] == 409
    for days in ("0", "9999999", "-1", "x", "²", "1" * 5000):
        assert alert(visitor, path, name="x", days=days)[0] == 400
    assert alert(visitor, path, name="x", role="admin")[0] == 400


def test_create_token_form_in_a_browser_copies_the_token(browse: Browse, ann: Account) -> None:
    tab = browse(ann)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto("/settings/tokens")
    tab.fill("#name", "laptop")
    tab.click("text=Make the token")
    tab.click("[data-copy]")
    tab.wait_for_selector("text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == tab.input_value("#secret")


def test_create_token_form_is_not_for_whoever_only_found_a_token(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    begun = visit()
    begun.fill_in("/login", "/login", username=ann.name, password=ann.token)
    fields = {"name": "mine now", "role": "write"}
    assert begun.send("/settings/tokens", fields).status == 200
    set_password(site.inside, ann.name, "gorse and heather")
    begun.fill_in("/login", "/login", username=ann.name, password=ann.token)
    refused = begun.send("/settings/tokens", {**fields, "name": "another"})
    assert refused.status == 403
    assert "Sign in with your password" in refused.text
    changed = {"current": "", "password": "mine mine mine", "again": "mine mine mine"}
    assert begun.send("/settings/password", changed).status == 400


def test_delete_token_form_ends_it_and_what_was_begun_with_it(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    visitor = visit(ann)
    document = visitor.see("/settings/tokens").document
    id = document.one("ul", class_="rows").one("input", name="id")["value"]
    begun = visit()
    begun.fill_in("/login", "/login", username=ann.name, password=ann.token)
    assert visit(ben).send("/settings/tokens/delete", {"id": id}).status == 404
    assert site.call("GET", "/api/whoami-v2", token=ann.token).status_code == 200
    assert visitor.send("/settings/tokens/delete", {"id": id}).status == 303
    assert site.call("GET", "/api/whoami-v2", token=ann.token).status_code == 401
    assert begun.look("/settings").status == 303
    assert visitor.look("/settings").status == 200


def test_sessions_page_marks_this_browser(visit: Visit, ann: Account) -> None:
    visitor = visit()
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0 <b>"
    token = visitor.csrf_token("/login")
    body = f"username={ann.name}&password={ann.token}&csrf_token={token}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": firefox}
    visitor.call("POST", "/login", content=body, headers=headers)
    visit(ann)
    rows = visitor.see("/settings/sessions").document.one("ul", class_="rows").all("li")
    assert len(rows) == 2
    [own] = [row.text for row in rows if "this browser" in row.text]
    assert own.startswith("Firefox on Linux") and "127.0.0.1" in own and "with a token" in own


def test_end_session_form_ends_one_or_all_others(visit: Visit, ann: Account, ben: Account) -> None:
    here, first, second, third = (visit(ann) for _ in range(4))
    ids = {
        row.one("input", name="id")["value"]
        for row in here.see("/settings/sessions").document.one("ul", class_="rows").all("li")
        if "this browser" not in row.text
    }
    assert len(ids) == 3
    ended = ids.pop()
    assert visit(ben).send("/settings/sessions/end", {"id": ended}).status == 404
    assert here.send("/settings/sessions/end", {"id": ended}).status == 303
    left = [v for v in (first, second, third) if v.look("/settings").status == 200]
    assert len(left) == 2
    assert here.send("/settings/sessions/end", {"id": "others"}).status == 303
    assert [v.look("/settings").status for v in (here, *left)] == [200, 303, 303]
    assert here.cookies[SESSION_COOKIE]


def test_invitations_page_is_for_administrators(visit: Visit, site: LiveHub, ann: Account) -> None:
    assert visit(ann).look("/settings/invitations").status == 403
    document = visit(site.user(admin=True)).see("/settings/invitations").document
    assert document.all("a", href="/settings/invitations")


def test_create_invitation_form_shows_the_link_once(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    path, visitor, note = "/settings/invitations", visit(site.user(admin=True)), fresh_name("note")
    link = visitor.fill_in(path, path, note=note).document.one("input", id="secret")["value"]
    assert link.startswith(f"{site.url}/join?invitation=")
    again = visitor.see(path)
    assert link not in again.answer.text and note in again.text
    assert alert(visitor, path, note="x" * 201)[0] == 400
    assert visit(ann).send(path, {"note": note}).status == 403


def test_delete_invitation_form_takes_it_back(visit: Visit, site: LiveHub, ann: Account) -> None:
    path, visitor, note = "/settings/invitations", visit(site.user(admin=True)), fresh_name("note")
    visitor.fill_in(path, path, note=note)
    rows = visitor.see(path).document.one("ul", class_="rows").all("li")
    id = next(row.one("input", name="id")["value"] for row in rows if note in row.text)
    assert visit(ann).send(f"{path}/delete", {"id": id}).status == 403
    assert note in visitor.see(path).text
    assert visitor.send(f"{path}/delete", {"id": id}).status == 303
    assert note not in visitor.see(path).text


def test_what_is_yet_to_come_is_told_by_its_day() -> None:
    assert format_date(0) == "1 January 1970"
    assert format_date("2027-05-03T23:00:00.000Z") == "3 May 2027"


@pytest.mark.parametrize(
    ("client", "told"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Wi"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.0", "curl"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_described_by_what_it_says(client: str, told: str) -> None:
    assert describe_browser(client).startswith(told)
