"""Asking for access to a gated repository, and deciding."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from freehold.server.core.access_reports import harmless
from tests.api.test_concurrency import together
from tests.gates import ANSWERS, CARD, Gate, gated_repo
from tests.live import Account, LiveHub, fresh_name
from tests.repos import Repo, assert_error, file

FORM = {"content-type": "application/x-www-form-urlencoded"}
ID = re.compile("[0-9a-f]{24}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def gate(hub: LiveHub, alice: Account) -> Gate:
    """A gate without a form, whose owner decides."""
    return Gate(gated_repo(hub, alice))


@pytest.fixture
def form(hub: LiveHub, alice: Account) -> Gate:
    """A gate with a form."""
    return Gate(gated_repo(hub, alice, file("README.md", CARD)))


def send_form(gate: Gate, account: Account, fields: dict[str, str]) -> httpx2.Response:
    return gate.repo.hub.call(
        "POST",
        f"{gate.repo.page}/ask-access",
        token=account.token,
        content=urlencode(fields).encode(),
        headers=FORM,
    )


# Asking


def test_ask_access_waits_for_the_authors(form: Gate, bob: Account) -> None:
    answer = form.ask(bob, {**ANSWERS, "other": "ignored", "Place": "Paris"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert ID.fullmatch(told.pop("requestId")) and ID.fullmatch(told["user"].pop("_id"))
    assert DATE.fullmatch(told.pop("timestamp"))
    assert told.pop("user") == {
        "user": bob.name,
        "fullname": bob.name,
        "avatarUrl": f"/avatars/{answer.json()['user']['_id']}.svg",
        "email": f"{bob.name}@example.org",
        "isPro": False,
        "type": "user",
    }
    assert told == {"status": "pending", "fields": {**ANSWERS, "I agree": "true"}}
    assert form.list("pending") == [answer.json()]
    assert not form.opens(bob)
    message = f"Your request to access model {form.repo.full_name} is awaiting a review"
    refused = form.repo.hub.call("GET", f"{form.repo.api}/auth-check", token=bob.token)
    assert_error(refused, 403, f"{message} from the repo authors.", "GatedRepo")


def test_ask_access_at_an_open_gate_lets_in_at_once(hub: LiveHub, alice: Account) -> None:
    for type in ("model", "dataset"):
        gate = Gate(gated_repo(hub, alice, gate="auto", type=type))
        visitor = hub.user()
        assert not gate.opens(visitor)
        told = gate.ask(visitor).json()
        assert (told["status"], told["fields"]) == ("accepted", {})
        assert "grantedBy" not in told and "reviewedAt" not in told
        assert gate.opens(visitor)
        assert not gate.opens(None)
        assert not gate.opens(hub.user())


def test_ask_access_by_a_form_leads_back_to_the_page(form: Gate, bob: Account) -> None:
    answer = send_form(form, bob, {**ANSWERS, "Company": "a & b = ü", "extra[]": "x"})
    assert (answer.status_code, answer.headers["location"]) == (303, form.repo.page)
    [asked] = form.list("pending")
    assert asked["fields"]["Company"] == "a & b = ü"


def test_ask_access_needs_an_account_and_no_token_that_writes(
    hub: LiveHub, gate: Gate, bob: Account
) -> None:
    refused = gate.ask(None)
    assert (refused.status_code, refused.headers["x-error-code"]) == (401, "RepoNotFound")
    assert gate.ask(None, token=hub.token(bob, "read")).json()["status"] == "pending"
    assert gate.names()["pending"] == [bob.name]


def test_ask_access_again_gives_the_same_request(form: Gate, bob: Account) -> None:
    """Whoever was not told of the first answer sends it again; the form need not be there."""
    first = form.ask(bob, ANSWERS).json()
    assert form.ask(bob, {**ANSWERS, "Company": "another"}).json() == first
    assert form.ask(bob).json() == first
    assert form.handle(bob, "accepted").status_code == 200
    again = form.ask(bob).json()
    assert (again["requestId"], again["status"]) == (first["requestId"], "accepted")
    assert [len(people) for people in form.names().values()] == [0, 1, 0]


def test_ask_access_is_refused_to_whom_the_authors_have_rejected(gate: Gate, bob: Account) -> None:
    gate.ask(bob)
    assert gate.handle(bob, "rejected", rejectionReason="No ünits").status_code == 200
    subject = f"Your request to access model {gate.repo.full_name} has been rejected"
    message = f"{subject} by the repo's authors. Their reason: No ünits"
    gate.repo.put("/settings", {"gated": "auto"})
    assert_error(gate.ask(bob), 403, message, "GatedRepo")
    path = f"{gate.repo.page}/resolve/main/a.txt"
    assert_error(gate.repo.hub.call("GET", path, token=bob.token), 403, message, "GatedRepo")
    assert gate.names() == {"pending": [], "accepted": [], "rejected": [bob.name]}


def test_ask_access_does_not_undo_what_the_authors_have_decided(gate: Gate, bob: Account) -> None:
    """Not even where the gate opens for everybody who asks."""
    gate.ask(bob)
    gate.handle(bob, "accepted")
    gate.handle(bob, "pending")
    gate.repo.put("/settings", {"gated": "auto"})
    assert gate.ask(bob).json()["status"] == "pending"
    assert gate.withdraw(bob).status_code == 403
    assert not gate.opens(bob)


def test_ask_access_again_passes_a_gate_that_is_open_by_now(gate: Gate, bob: Account) -> None:
    asked = gate.ask(bob).json()
    gate.repo.put("/settings", {"gated": "auto"})
    assert not gate.opens(bob)
    again = gate.ask(bob).json()
    assert (again["status"], again["requestId"]) == ("accepted", asked["requestId"])
    assert gate.opens(bob)


def test_ask_access_is_for_those_who_stand_outside(hub: LiveHub, alice: Account) -> None:
    member, admin = hub.user(), hub.user(admin=True)
    org = hub.org(owner=alice, members={member.name: "read"})
    gate = Gate(gated_repo(hub, alice, namespace=org))
    for account in (alice, member, admin):
        assert_error(gate.ask(account), 400, "You need not ask: this repository is open to you.")
    gate.repo.put("/settings", {"gated": False})
    message = f"The model {gate.repo.full_name} is not gated."
    assert_error(gate.ask(hub.user()), 400, message)


WRONG_ANSWERS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"Company": ""}, "The field 'Company' must be filled in."),
    ({"Company": " \t"}, "The field 'Company' must be filled in."),
    ({"Company": None}, "Invalid JSON body: Expected `str`, got `null`"),
    ({"Company": 5}, "Invalid JSON body: Expected `str`, got `int`"),
    ({"Company": ["x"]}, "Invalid JSON body: Expected `str`, got `array`"),
    ({"Company": "x" * 65536}, "The field 'Company' has at most 2000 characters."),
    ({"Company": "x\0"}, "The field 'Company' holds a control character."),
    ({"Since": "2023-02-29"}, "The field 'Since' is a date: YYYY-MM-DD."),
    ({"Since": "20240229"}, "The field 'Since' is a date: YYYY-MM-DD."),
    ({"Purpose": "War"}, "The field 'Purpose' is one of the choices of the form."),
    ({"Purpose": "Something else"}, "The field 'Purpose' is one of the choices of the form."),
    ({"I agree": "off"}, "The field 'I agree' must be ticked."),
    ({str(n): "x" for n in range(101)}, "A form has at most 100 fields."),
)


def test_ask_access_with_a_form_that_is_not_filled_in(form: Gate, bob: Account) -> None:
    for change, said in WRONG_ANSWERS:
        answer = form.ask(bob, {**ANSWERS, **change})
        assert answer.status_code == 400, change
        assert answer.json()["error"].startswith(said)
    for body in (b"[]", b'"x"', b"{", b'{"a": "\\ud800"}'):
        path = f"{form.repo.page}/ask-access"
        assert form.repo.hub.call("POST", path, token=bob.token, content=body).status_code == 400
    assert form.list("pending") == []


def test_ask_access_without_the_fields_of_the_card(form: Gate, bob: Account) -> None:
    assert_error(form.ask(bob), 400, "The field 'Company' must be filled in.")
    ticked = send_form(form, bob, {k: v for k, v in ANSWERS.items() if k != "I agree"})
    assert_error(ticked, 400, "The field 'I agree' must be ticked.")
    assert form.list("pending") == []


def test_ask_access_for_what_one_cannot_see(hub: LiveHub, alice: Account, bob: Account) -> None:
    hidden = Gate(gated_repo(hub, alice, private=True))
    missing = Gate(Repo(hub, alice, f"{alice.name}/{fresh_name('repo')}"))
    answers = [gate.ask(bob) for gate in (hidden, missing)]
    assert answers[0].json() == answers[1].json()
    assert [answer.status_code for answer in answers] == [404, 404]


# Taking it back


def test_withdraw_access_request_ends_what_it_gave(hub: LiveHub, gate: Gate, bob: Account) -> None:
    assert_error(gate.withdraw(bob), 404, "You have not asked for access to this repository.")
    gate.ask(bob)
    path = f"{gate.repo.api}/user-access-request/cancel"
    assert hub.call("POST", path, token=hub.token(bob, "read")).json() == {}
    assert gate.list("pending") == []
    gate.ask(bob)
    gate.handle(bob, "accepted")
    assert gate.opens(bob)
    # The gate may be gone: what somebody has told the authors they can always take back.
    gate.repo.put("/settings", {"gated": False})
    assert gate.withdraw(bob).status_code == 200
    gate.repo.put("/settings", {"gated": "manual"})
    assert not gate.opens(bob)
    assert gate.names() == {"pending": [], "accepted": [], "rejected": []}


def test_withdraw_access_request_is_not_for_the_rejected(gate: Gate, bob: Account) -> None:
    gate.ask(bob)
    gate.handle(bob, "rejected")
    message = "Your request was decided on: only the authors can change that."
    assert_error(gate.withdraw(bob), 403, message)
    assert gate.names()["rejected"] == [bob.name]


# Deciding


def test_list_access_requests_goes_page_by_page_without_a_gap(hub: LiveHub, gate: Gate) -> None:
    people = [hub.user() for _ in range(23)]
    for account in people:
        assert gate.ask(account).status_code == 200
    url: str | None = f"{gate.repo.api}/user-access-request/pending?limit=10"
    sizes, found = [], []
    while url is not None:
        answer = gate.repo.call("GET", url)
        sizes.append(len(answer.json()))
        found += answer.json()
        url = answer.links.get("next", {}).get("url")
    assert sizes == [10, 10, 3]
    assert {item["user"]["user"] for item in found} == {account.name for account in people}
    assert found == sorted(found, key=lambda item: (item["timestamp"], item["requestId"]))
    assert found == gate.list("pending")
    assert gate.list("accepted") == []


def test_list_access_requests_with_what_cannot_be(gate: Gate, bob: Account) -> None:
    def refusal(path: str) -> str:
        answer = gate.repo.get(f"/user-access-request/{path}")
        assert answer.status_code == 400
        message: str = answer.json()["error"]
        return message

    status = "A status is one of pending, accepted, rejected."
    assert refusal("handle") == refusal("PENDING") == refusal("nope") == status
    page = "A page has 10 to 1000 requests."
    assert {refusal(f"pending?limit={n}") for n in (-1, 0, 9, 1001)} == {page}
    cursor = "The cursor is not one that this hub gave."
    assert refusal("pending?after=nope") == refusal("pending?after=MSAy") == cursor
    gate.repo.put("/settings", {"gated": False})
    assert refusal("pending") == f"The model {gate.repo.full_name} is not gated."


def test_handle_access_request_moves_it_from_list_to_list(
    hub: LiveHub, gate: Gate, alice: Account, bob: Account
) -> None:
    asked = gate.ask(bob).json()
    user_id = asked["user"]["_id"]
    naming = ({"user": bob.name.upper()}, {"userId": user_id}, {"requestId": asked["requestId"]})
    for status, name in zip(("accepted", "rejected", "pending"), naming, strict=True):
        answer = gate.handle(None, status, **name)
        assert (answer.status_code, answer.json()) == (200, {})
        assert gate.opens(bob) is (status == "accepted")
        [item] = gate.list(status)
        assert item["user"] == asked["user"] and item["timestamp"] == asked["timestamp"]
        assert DATE.fullmatch(item["reviewedAt"])
        granted_by = item.get("grantedBy", {}).get("user")
        assert granted_by == (alice.name if status == "accepted" else None)
        again = gate.handle(None, status, **name)
        assert_error(again, 404, f"The request of {bob.name} is {status} already.")
    assert [len(people) for people in gate.names().values()] == [1, 0, 0]


def test_handle_access_request_with_a_reason(gate: Gate, bob: Account) -> None:
    gate.ask(bob)
    for status, reason in (
        ("rejected", "x" * 201),
        ("rejected", "one\ntwo"),
        ("rejected", "\0"),
        ("rejected", 5),
        ("accepted", "because"),
        ("pending", "because"),
    ):
        assert gate.handle(bob, status, rejectionReason=reason).status_code == 400, reason
    assert gate.names()["pending"] == [bob.name]
    assert gate.handle(bob, "rejected", rejectionReason="ü" * 200).status_code == 200
    assert gate.list("rejected")[0]["rejectionReason"] == "ü" * 200
    assert gate.handle(bob, "accepted", rejectionReason=None).status_code == 200
    assert "rejectionReason" not in gate.list("accepted")[0]


def test_handle_access_request_of_nobody(hub: LiveHub, gate: Gate, bob: Account) -> None:
    org = hub.org(owner=bob)
    asked = gate.ask(bob).json()
    elsewhere = Gate(gated_repo(hub, gate.repo.account)).ask(bob).json()["requestId"]
    for body, status in (
        ({}, 400),
        ({"user": bob.name, "userId": asked["user"]["_id"]}, 400),
        ({"user": bob.name, "requestId": asked["requestId"]}, 400),
        ({"user": "nobody-is-called-this"}, 404),
        ({"user": org}, 404),
        ({"user": ""}, 404),
        ({"userId": "0" * 24}, 404),
        ({"requestId": elsewhere}, 404),
        ({"requestId": "nope"}, 404),
        ({"user": gate.repo.account.name}, 404),
        ({"user": bob.name, "status": "granted"}, 400),
        ({"user": bob.name, "status": None}, 400),
    ):
        answer = gate.handle(None, **{"status": "accepted", **body})
        assert answer.status_code == status, body
        assert "x-error-code" not in answer.headers
    assert gate.names() == {"pending": [bob.name], "accepted": [], "rejected": []}
    gate.repo.put("/settings", {"gated": False})
    assert gate.handle(bob, "accepted").status_code == 400


def test_handle_access_requests_happens_entirely_or_not_at_all(hub: LiveHub, gate: Gate) -> None:
    people = [hub.user() for _ in range(3)]
    for account in people:
        gate.ask(account)
    items = [{"user": account.name, "status": "accepted"} for account in people]
    items[1] |= {"status": "rejected", "rejectionReason": "no"}

    def send(requests: Any) -> httpx2.Response:
        return gate.repo.post("/user-access-request/batch", {"requests": requests})

    names = [account.name for account in people]
    wrong = send([*items, {"user": "nobody-is-called-this", "status": "accepted"}])
    assert_error(wrong, 404, "requests[3]: There is no user 'nobody-is-called-this'.")
    assert send([items[0], items[0]]).status_code == 404
    assert send(items[0]).status_code == 400
    assert send([{**items[0], "rejectionReason": "no"}]).status_code == 400
    assert send([items[0]] * 1001).status_code == 413
    assert gate.names() == {"pending": names, "accepted": [], "rejected": []}
    assert (send(items).json(), send([]).json()) == ({}, {})
    expected = {"pending": [], "accepted": [names[0], names[2]], "rejected": [names[1]]}
    assert gate.names() == expected
    gate.repo.put("/settings", {"gated": False})
    assert send([]).status_code == 400


def test_grant_access_lets_in_who_has_not_asked(
    hub: LiveHub, form: Gate, alice: Account, bob: Account
) -> None:
    assert (form.grant(bob).status_code, form.grant(bob).status_code) == (200, 400)
    assert form.opens(bob)
    [item] = form.list("accepted")
    assert item["grantedBy"]["user"] == alice.name
    assert "fields" not in item
    assert "email" not in item["user"], "bob has told alice nothing"
    body = {"userId": hub.call("GET", "/api/whoami-v2", token=bob.token).json()["id"]}
    other = Gate(gated_repo(hub, alice))
    assert other.repo.post("/user-access-request/grant", body).json() == {}
    assert other.opens(bob)
    # Put among those that wait, it is bob's to ask; the authors have decided, so it stays.
    form.handle(bob, "pending")
    assert form.ask(bob).status_code == 400
    asked = form.ask(bob, ANSWERS).json()
    assert (asked["status"], asked["requestId"]) == ("pending", item["requestId"])
    assert form.list("pending")[0]["user"]["email"] == f"{bob.name}@example.org"


def test_grant_access_to_whom_it_cannot_be_given(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    member = hub.user()
    org = hub.org(owner=alice, members={member.name: "read"})
    gate, own = Gate(gated_repo(hub, alice, namespace=org)), Gate(gated_repo(hub, alice))
    gate.ask(bob)
    for status in ("pending", "rejected"):
        assert gate.grant(bob).status_code == 400, "in a list already"
        gate.handle(bob, "rejected" if status == "pending" else "accepted")
    assert [gate.grant(member).status_code, own.grant(alice).status_code] == [400, 400]
    for body, status in (
        ({"user": "nobody-is-called-this"}, 404),
        ({"user": org}, 404),
        ({"userId": "0" * 24}, 404),
        ({}, 400),
        ({"user": bob.name, "userId": "0" * 24}, 400),
        ({"user": 5}, 400),
    ):
        assert own.repo.post("/user-access-request/grant", body).status_code == status, body
    own.repo.put("/settings", {"gated": False})
    assert own.grant(bob).status_code == 400
    own.repo.put("/settings", {"gated": "auto"})
    assert own.names()["accepted"] == []


# Races


def test_handle_access_request_twice_at_once_ends_in_one_state(gate: Gate, bob: Account) -> None:
    gate.ask(bob)
    answers = together(*(lambda: gate.handle(bob, "accepted") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]
    mixed = together(
        lambda: gate.handle(bob, "rejected", rejectionReason="no"),
        lambda: gate.handle(bob, "pending"),
        lambda: gate.withdraw(bob),
    )
    assert {answer.status_code for answer in mixed} <= {200, 403, 404}
    listed = [status for status, people in gate.names().items() for _ in people]
    assert len(listed) <= 1
    assert gate.opens(bob) is ("accepted" in listed)
    for item in gate.list("pending"):
        assert "rejectionReason" not in item


def test_ask_access_many_times_at_once_makes_one_request(gate: Gate, bob: Account) -> None:
    answers = together(*(lambda: gate.ask(bob) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["requestId"] for answer in answers}) == 1
    assert gate.names()["pending"] == [bob.name]


# The report


def test_report_access_requests_as_a_table_that_runs_nothing(
    hub: LiveHub, form: Gate, alice: Account, bob: Account
) -> None:
    carol = hub.user()
    form.ask(bob, {**ANSWERS, "Company": '=HYPERLINK("x";"y"), and\nmore'})
    form.grant(carol)
    answer = form.repo.call("GET", f"{form.repo.page}/user-access-report")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(answer.text, newline=""))}
    first, second = rows.pop(bob.name), rows.pop(carol.name)
    assert rows == {}
    assert first["Company"] == '\'=HYPERLINK("x";"y"), and\nmore'
    assert (first["email"], first["status"]) == (f"{bob.name}@example.org", "pending")
    assert first["I agree"] == "true"
    assert second["email"] == ""
    assert (second["grantedBy"], second["Company"]) == (alice.name, "")
    head = form.repo.call("HEAD", f"{form.repo.page}/user-access-report")
    assert (head.status_code, head.content) == (200, b"")


def test_report_access_requests_as_json_and_of_nobody(
    hub: LiveHub, gate: Gate, bob: Account
) -> None:
    path = f"{gate.repo.page}/user-access-report"
    assert gate.repo.call("GET", f"{path}?format=json").json() == []
    assert gate.repo.call("GET", path).text.count("\n") == 1
    people = [bob, hub.user()]
    for account in people:
        gate.ask(account)
    gate.handle(bob, "accepted")
    told = gate.repo.call("GET", f"{path}?format=json").json()
    listed = gate.list("accepted") + gate.list("pending")
    assert told == sorted(listed, key=lambda item: (item["timestamp"], item["requestId"]))
    assert gate.repo.call("GET", f"{path}?format=xml").status_code == 400
    gate.repo.put("/settings", {"gated": False})
    assert gate.repo.call("GET", path).status_code == 400


def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe() -> None:
    for cell in ("=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r", "\n", "＝1", "＋1", "－1", "＠x"):
        assert harmless(cell) == f"'{cell}"
    for cell in ("", "a=1", "ACME", "1-1", "'=1"):
        assert harmless(cell) == cell


# What goes with what


def test_the_requests_of_a_repository_go_with_it(hub: LiveHub, gate: Gate, bob: Account) -> None:
    gate.ask(bob)
    repo_id = gate.repo.get().json()["_id"]
    namespace = gate.repo.account.name
    moved = f"{namespace}/{fresh_name('repo')}"
    body = {"fromRepo": gate.repo.full_name, "toRepo": moved, "type": "model"}
    assert gate.repo.call("POST", "/api/repos/move", json=body).status_code == 200
    after = Gate(Repo(hub, gate.repo.account, moved))
    assert after.names()["pending"] == [bob.name]
    deleted = {"name": moved.removeprefix(f"{namespace}/"), "organization": namespace}
    assert gate.repo.call("DELETE", "/api/repos/delete", json=deleted).status_code == 200
    with hub.inside.db.read() as tx:
        sql = "SELECT 1 FROM access_request WHERE repo_id = :repo_id"
        assert tx.all(sql, repo_id=repo_id) == []
