"""Settings of a repository, and requests for access to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browsing import Shown, Visitor
from tests.gates import ANSWERS, CARD, Gate, gated_repo
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Visit = Callable[..., Visitor]


@pytest.fixture
def repo(site: LiveHub, ann: Account) -> Repo:
    """A repository of Ann's."""
    return new_repo(site, ann, type="dataset")


def change(visitor: Visitor, repo: Repo, name: str, /, **fields: str) -> Shown:
    """Send one of the forms of the settings."""
    page = f"{repo.page}/settings"
    return visitor.fill_in(page, f"{page}/{name}", **fields)


def notice(shown: Shown) -> str:
    """Why a form was not accepted."""
    return shown.document.one("p", role="alert").text


def test_repo_settings_page_is_for_admins(
    visit: Visit, repo: Repo, ann: Account, ben: Account
) -> None:
    shown = visit(ann).see(f"{repo.page}/settings")
    assert "Danger zone" in shown.text and repo.full_name in shown.text
    assert visit(ben).look(f"{repo.page}/settings").status == 403
    assert visit().look(f"{repo.page}/settings").status == 303


def test_visibility_form_hides_and_shows(
    visit: Visit, repo: Repo, ann: Account, ben: Account
) -> None:
    assert change(visit(ann), repo, "visibility", visibility="private").status == 303
    assert visit(ben).look(repo.page).status == 404
    shown = visit(ann).see(f"{repo.page}/settings?saved=1")
    assert (
        shown.document.one("input", name="visibility", value="private").attributes["checked"] == ""
    )
    again = change(visit(ann), repo, "visibility", visibility="protected")
    assert again.status == 400 and notice(again).startswith("Choose")
    assert repo.get().json()["private"] is True


@pytest.mark.parametrize("gate", ["auto", "manual", ""])
def test_gating_form_sets_the_gate(visit: Visit, repo: Repo, ann: Account, gate: str) -> None:
    assert change(visit(ann), repo, "gating", gated=gate).status == 303
    assert repo.get().json()["gated"] == (gate or False)


def test_discussions_setting_form_turns_them_off_and_on(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    for choice, status in (("off", 403), ("on", 200)):
        assert change(visit(ann), repo, "discussions", discussions=choice).status == 303
        opened = repo.post("/discussions", {"title": "A question", "description": "x"})
        assert opened.status_code == status


def test_rename_repo_form_moves_it(visit: Visit, site: LiveHub, repo: Repo, ann: Account) -> None:
    org = site.org(owner=ann)
    page = visit(ann).see(f"{repo.page}/settings").document
    assert org in [option["value"] for option in page.all("option")]
    moved = change(visit(ann), repo, "rename", owner=org, name="new-name")
    assert moved.answer.headers["location"] == f"/datasets/{org}/new-name"
    assert repo.get().status_code == 307


def test_rename_repo_form_refuses_what_cannot_be(
    visit: Visit, site: LiveHub, repo: Repo, ann: Account, ben: Account
) -> None:
    taken = new_repo(site, ann, type="dataset").full_name.partition("/")[2]
    wrong = {
        (ann.name, taken): "already",
        (ann.name, "a--b"): "Invalid repo name",
        (ben.name, "fine"): "may not put",
        ("no-such-account", "fine"): "may not put",
    }
    for (owner, name), reason in wrong.items():
        again = change(visit(ann), repo, "rename", owner=owner, name=name)
        assert again.status in (400, 409) and reason in notice(again)
        assert again.document.one("input", name="name")["value"] == name
    assert repo.get().status_code == 200


def test_delete_repo_form_wants_the_name(visit: Visit, repo: Repo, ann: Account) -> None:
    for typed in ("", "<b>", repo.full_name.upper()):
        again = change(visit(ann), repo, "delete", full_name=typed)
        assert again.status == 400 and "Nothing was deleted" in notice(again)
        assert again.document.one("input", name="full_name")["value"] == typed
    assert repo.get().status_code == 200
    gone = change(visit(ann), repo, "delete", full_name=repo.full_name)
    assert gone.answer.headers["location"] == f"/{ann.name}"
    assert repo.get().status_code == 404


# Requests for access


@pytest.fixture
def gate(site: LiveHub, ann: Account) -> Gate:
    """The gate of a repository of Ann's, with questions."""
    return Gate(gated_repo(site, ann, file("README.md", CARD)))


def handle(visitor: Visitor, gate: Gate, action: str, **fields: str) -> Shown:
    """Send a form of the page of requests."""
    path = f"{gate.repo.page}/settings/access"
    return visitor.send(path, {"action": action, **fields}, page=path)


def id_of(gate: Gate, status: str) -> str:
    """The first request in a list."""
    found: str = gate.list(status)[0]["requestId"]
    return found


def test_access_requests_page_shows_answers(
    visit: Visit, gate: Gate, ann: Account, ben: Account
) -> None:
    gate.ask(ben, {**ANSWERS, "Company": "<b>ACME</b>"})
    shown = visit(ann).see(f"{gate.repo.page}/settings/access")
    assert f"{ben.name}@example.org" in shown.text and "<b>ACME</b>" in shown.text
    assert "Nobody here" in visit(ann).see(f"{gate.repo.page}/settings/access?status=rejected").text


def test_access_requests_page_without_a_gate(
    visit: Visit, repo: Repo, ann: Account, ben: Account
) -> None:
    assert "no gate" in visit(ann).see(f"{repo.page}/settings/access").text
    assert visit(ben).look(f"{repo.page}/settings/access").status == 403


def test_access_requests_page_has_pages(
    visit: Visit, gate: Gate, ann: Account, site: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from freehold.server.core import users

    names = [f"asker-{number}-{ann.name}" for number in range(51)]
    for name in names:
        users.create_user(site.inside, name, email=f"{name}@example.org")
        gate.repo.post("/user-access-request/grant", {"user": name})
    first = visit(ann).see(f"{gate.repo.page}/settings/access?status=accepted").document
    [link] = [a for a in first.all("a") if a.text == "Next page"]
    second = visit(ann).see(link["href"]).document
    listed = [len(page.all("input", name="request_id")) // 2 for page in (first, second)]
    assert listed == [50, 1]


def test_handle_access_request_form_decides(
    visit: Visit, gate: Gate, ann: Account, ben: Account
) -> None:
    gate.ask(ben, ANSWERS)
    visitor, waiting = visit(ann), id_of(gate, "pending")
    handle(visitor, gate, "reject", request_id=waiting, reason="Who are you?")
    assert gate.list("rejected")[0]["rejectionReason"] == "Who are you?"
    assert not gate.opens(ben)
    shown = visitor.see(f"{gate.repo.page}/settings/access?status=rejected")
    assert "Who are you?" in shown.text
    led = handle(visitor, gate, "accept", request_id=waiting, status="rejected")
    assert led.answer.headers["location"].endswith("/settings/access?status=rejected")
    assert gate.opens(ben)
    handle(visitor, gate, "cancel", request_id=waiting, status="accepted")
    assert gate.names()["pending"] == [ben.name]


def test_handle_access_request_form_lets_somebody_in(
    visit: Visit, gate: Gate, ann: Account, ben: Account
) -> None:
    assert handle(visit(ann), gate, "grant", user=ben.name).status == 303
    assert gate.opens(ben)
    again = handle(visit(ann), gate, "grant", user="<nobody>")
    assert again.status == 400 and "no user '<nobody>'" in notice(again)
    assert again.document.one("input", name="user")["value"] == "<nobody>"
    for action, request_id in (("accept", "f" * 24), ("burn", id_of(gate, "accepted"))):
        assert handle(visit(ann), gate, action, request_id=request_id).status == 400
    assert gate.names()["accepted"] == [ben.name]
