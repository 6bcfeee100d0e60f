"""Signing in, out and up in a browser, and what a session is good for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from freehold.server.core import throttle
from freehold.server.core.passwords import set_password
from freehold.server.core.sign_up import invite
from freehold.server.http.sessions import SESSION_COOKIE, make_csrf_token
from tests.browsing import Shown, Visitor, session_of
from tests.live import fresh_name
from tests.postgres import free_port
from tests.repos import file, new_repo

if TYPE_CHECKING:
    from tests.conftest import NewHub
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

PASSWORD = "correct horse battery"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def enter(visitor: Visitor, name: str, password: str, path: str = "/login", **more: str) -> Shown:
    """Sign in by the form."""
    return visitor.fill_in(path, "/login", username=name, password=password, **more)


def flags_of(shown: Shown, cookie: str = SESSION_COOKIE) -> set[str]:
    """How a cookie was set, in lower case and without its value."""
    lines = shown.answer.headers.get_list("set-cookie")
    line = next(line for line in lines if line.startswith(f"{cookie}="))
    return {flag.strip().lower() for flag in line.split(";")[1:]}


def is_signed_in(visitor: Visitor) -> bool:
    return visitor.look("/settings").status == 200


def test_no_cache_on_the_way_keeps_what_a_session_is_shown(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("a.png", "x"), private=True)
    for path in (f"{repo.page}/resolve/main/a.png", f"{repo.page}/raw/main/a.png", repo.api):
        answer = visit(ann).call("GET", path)
        assert answer.status_code == 200
        assert answer.headers.get_list("cache-control") == ["private, no-cache"]
    assert "cache-control" not in repo.resolve("a.png").headers


# Signing in


def test_sign_in_page_asks_for_name_and_password(visit: Visit, ann: Account) -> None:
    document = visit().see("/login?next=/settings/tokens").document
    labels = {label["for"] for label in document.all("label")}
    assert labels == {field["id"] for field in document.all("input") if "id" in field.attributes}
    assert document.one("input", name="next")["value"] == "/settings/tokens"
    assert document.all("a", href="/join?next=%2Fsettings%2Ftokens") == []
    led = visit(ann).look("/login?next=/settings/tokens")
    assert (led.status, led.answer.headers["location"]) == (303, "/settings/tokens")


def test_sign_in_form_begins_a_session_with_the_password(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    set_password(site.inside, ann.name, PASSWORD)
    visitor = visit()
    wanted = visitor.look("/settings/tokens").answer.headers["location"]
    shown = enter(visitor, ann.name, PASSWORD, wanted)
    assert (shown.status, shown.answer.headers["location"]) == (303, "/settings/tokens")
    flags = flags_of(shown)
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= flags
    assert "secure" not in flags
    assert ann.name in visitor.see("/settings").document.one("dl").text


def test_sign_in_form_leads_to_a_path_of_any_letters(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    target = "/ä/日本?a=%2F#ö"
    shown = enter(visit(), ann.name, site.token(ann), next=target)
    written = "/%C3%A4/%E6%97%A5%E6%9C%AC?a=%2F#%C3%B6"
    assert (shown.status, shown.answer.headers["location"]) == (303, written)


def test_sign_in_form_takes_a_token_and_its_role(visit: Visit, site: LiveHub, ann: Account) -> None:
    visitor = visit()
    enter(visitor, ann.name, site.token(ann, "read"))
    assert "can only read" in visitor.see("/settings").text
    assert visitor.see(f"/{site.user().name}").document.all("button", class_="main") == []
    refused = visitor.send("/settings/tokens", {"name": "x", "role": "write"})
    assert refused.status == 403 and "only read" in refused.text


@pytest.mark.parametrize("name", ["ann", "nobody-at-all", "a\0b", ""])
def test_sign_in_form_refuses_a_wrong_password_and_an_unknown_name_alike(
    visit: Visit, site: LiveHub, ann: Account, name: str
) -> None:
    set_password(site.inside, ann.name, PASSWORD)
    visitor = visit()
    shown = enter(visitor, ann.name if name == "ann" else name, "wrong password")
    assert shown.status == 403
    assert shown.document.one("p", role="alert").text == (
        "That is not a user of this hub, or not their password."
    )
    assert SESSION_COOKIE not in visitor.cookies


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_sign_in_form_leads_nowhere_else(visit: Visit, ann: Account, elsewhere: str) -> None:
    shown = enter(visit(), ann.name, ann.token, next=elsewhere)
    assert (shown.status, shown.answer.headers["location"]) == (303, "/")


def test_sign_in_form_is_closed_after_too_many_wrong_passwords(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    set_password(site.inside, ann.name, PASSWORD)
    for _ in range(throttle.FAILURES_BY_NAME):
        throttle.count_attempt(site.inside, [throttle.by_name(ann.name)])
    visitor = visit()
    shown = enter(visitor, ann.name, PASSWORD)
    assert shown.status == 429
    assert "Too many attempts" in shown.document.one("p", role="alert").text
    assert 0 < int(shown.answer.headers["retry-after"]) <= throttle.WINDOW_SECONDS
    assert not is_signed_in(visitor)
    # Nobody can lock out the owner of a token.
    assert enter(visitor, ann.name, ann.token).status == 303


def test_sign_in_form_is_closed_for_an_address_and_opens_for_others(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    set_password(site.inside, ann.name, PASSWORD)
    for _ in range(throttle.FAILURES_BY_ADDRESS):
        throttle.count_attempt(site.inside, throttle.by_address("203.0.113.9"))

    def enter_from(address: str) -> int:
        visitor = visit()
        token = visitor.csrf_token("/login")
        body = f"username={ann.name}&password={PASSWORD.replace(' ', '+')}&csrf_token={token}"
        headers = {**FORM, "x-forwarded-for": address}
        return visitor.call("POST", "/login", content=body.encode(), headers=headers).status_code

    assert enter_from("203.0.113.9") == 429
    assert enter_from("203.0.113.10") == 303


def test_sign_in_form_never_keeps_a_secret_that_was_there_before(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    planted = visit()
    planted.cookies[SESSION_COOKIE] = "session_planted"
    assert enter(planted, ann.name, ann.token).status == 303
    assert planted.cookies[SESSION_COOKIE] != "session_planted"
    # Somebody else who signs in at the same browser ends the session that it had.
    old = session_of(site, ben)
    planted.cookies[SESSION_COOKIE] = old
    token = planted.csrf_token("/settings")
    body = f"username={ann.name}&password={ann.token}&csrf_token={token}".encode()
    assert planted.call("POST", "/login", content=body, headers=FORM).status_code == 303
    old_visitor = visit()
    old_visitor.cookies[SESSION_COOKIE] = old
    assert not is_signed_in(old_visitor)


def test_sign_in_form_of_a_hub_with_https_sets_secure_cookies(fresh_hub: NewHub) -> None:
    port = free_port()
    hub = fresh_hub(public_url=f"https://hub.example.org:{port}", port=port)
    hub.url = f"http://127.0.0.1:{port}"
    ann = hub.user()
    shown = enter(Visitor(hub), ann.name, ann.token)
    assert "secure" in flags_of(shown)
    assert "secure" in flags_of(Visitor(hub).see("/login"), "freehold_visitor")


def test_sign_in_form_in_a_browser(browse: Browse, site: LiveHub, ann: Account) -> None:
    tab = browse(scripts=False)
    tab.goto("/settings/tokens")
    tab.keyboard.type(ann.name)
    tab.keyboard.press("Tab")
    tab.keyboard.type(ann.token)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{site.url}/settings/tokens")
    assert tab.evaluate("document.cookie") == ""


# Forms that are not ours


def test_a_form_without_the_token_of_this_session_changes_nothing(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    visitor, other = visit(ann), visit(ben)
    foreign = other.csrf_token("/settings")
    forged = make_csrf_token(b"x" * 32, visitor.cookies[SESSION_COOKIE])
    for token in ("", "x", foreign, forged):
        body = f"name=stolen&role=write&csrf_token={token}".encode()
        answer = visitor.call("POST", "/settings/tokens", content=body, headers=FORM)
        assert answer.status_code == 403
        assert "hf_" not in answer.text
    assert "stolen" not in visitor.see("/settings/tokens").text


def test_the_api_does_what_a_session_asks_only_with_its_csrf_token(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    visitor = visit(ann)
    body = {"name": "made-by-cookie", "private": True}
    for headers in ({}, {"x-csrf-token": "x"}, {"x-csrf-token": visit(ben).csrf_token()}):
        refused = visitor.call("POST", "/api/repos/create", json=body, headers=headers)
        assert refused.status_code == 401
        assert visitor.look(f"/api/models/{ann.name}/made-by-cookie").status == 404
    ours = {"x-csrf-token": visitor.csrf_token()}
    assert visitor.call("POST", "/api/repos/create", json=body, headers=ours).status_code == 200
    path = f"/{ann.name}/made-by-cookie/resolve/main/.gitattributes"
    assert visitor.call("GET", path).status_code == 200
    assert visit(ben).call("GET", path).status_code == 404
    assert visit().call("GET", path).status_code == 401


# Signing out


def test_sign_out_form_ends_the_session_at_once(visit: Visit, ann: Account) -> None:
    visitor, thief = visit(ann), visit()
    thief.cookies[SESSION_COOKIE] = visitor.cookies[SESSION_COOKIE]
    assert visitor.call("POST", "/logout", content=b"", headers=FORM).status_code == 403
    assert is_signed_in(thief)
    shown = visitor.fill_in("/settings", "/logout")
    assert (shown.status, shown.answer.headers["location"]) == (303, "/")
    assert SESSION_COOKIE not in visitor.cookies
    assert not is_signed_in(visitor) and not is_signed_in(thief)
    assert visitor.see("/login").document.all("form", action="/logout") == []


# Signing up


def test_sign_up_page_says_so_where_nobody_may(visit: Visit) -> None:
    shown = visit().look("/join")
    assert shown.status == 403 and "administrators" in shown.text
    assert shown.document.all("input", name="password") == []
    refused = visit().send("/join", {"username": "eve"}, page="/login")
    assert refused.status == 403


def test_sign_up_form_makes_an_account_on_an_open_hub(fresh_hub: NewHub) -> None:
    hub = fresh_hub(sign_up="open")
    visitor, name = Visitor(hub), fresh_name("new")
    assert visitor.see("/login?next=/new").document.all("a", href="/join?next=%2Fnew")
    fields = {"username": name, "email": "n@example.org", "fullname": "Nora", "password": "short"}
    again = visitor.fill_in("/join?next=/new", "/join", **fields)
    assert again.status == 400 and "at least 8" in again.document.one("p", role="alert").text
    assert again.document.one("input", name="username")["value"] == name
    assert again.document.one("input", name="password").attributes.get("value", "") == ""
    done = visitor.fill_in("/join?next=/new", "/join", **{**fields, "password": PASSWORD})
    assert (done.status, done.answer.headers["location"]) == (303, "/new")
    assert "Nora" in visitor.see("/settings").text
    assert enter(Visitor(hub), name, PASSWORD).status == 303
    taken = Visitor(hub).fill_in("/join", "/join", **{**fields, "password": PASSWORD})
    assert taken.status == 409 and "taken" in taken.document.one("p", role="alert").text


def test_sign_up_form_takes_an_invitation_once(fresh_hub: NewHub) -> None:
    hub = fresh_hub(sign_up="invitation")
    assert Visitor(hub).look("/join").status == 403
    assert Visitor(hub).look("/join?invitation=wrong").status == 403
    path = f"/join?invitation={invite(hub.inside)}"
    fields = {"username": "kim", "email": "k@example.org", "password": PASSWORD}
    first, second = Visitor(hub), Visitor(hub)
    assert "invited" in second.see(path).text
    assert first.fill_in(path, "/join", **fields).status == 303
    late = second.look(path)
    assert late.status == 403 and re.search("used already", late.text)
    assert Visitor(hub).look("/kim").status != 500
