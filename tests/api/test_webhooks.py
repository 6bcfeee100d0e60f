"""Webhooks as their owners make, see and change them; what they are sent is tested elsewhere."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from freehold.server.core.webhooks import MAX_WATCHED, MAX_WEBHOOKS
from tests.live import Account, LiveHub, fresh_name
from tests.receivers import watch
from tests.repos import Repo, assert_error, new_repo

PATH = "/api/settings/webhooks"
URL = "https://hooks.example.org:8443/a?b=c"
UNKNOWN = "You have no such webhook."


def get(hub: LiveHub, account: Account, webhook_id: str = "") -> Any:
    path = f"{PATH}/{webhook_id}" if webhook_id else PATH
    answer = hub.call("GET", path, token=account.token)
    assert answer.status_code == 200, answer.text
    return answer.json()["webhook"] if webhook_id else answer.json()


def post(hub: LiveHub, account: Account, path: str = "", **body: Any) -> httpx2.Response:
    return hub.call("POST", f"{PATH}{path}", token=account.token, json=body or None)


def create(hub: LiveHub, account: Account, **changes: Any) -> httpx2.Response:
    body = {"url": URL, "watched": [{"type": "user", "name": account.name}], "domains": ["repo"]}
    return post(hub, account, **(body | changes))


def user(account: Account) -> dict[str, str]:
    return {"type": "user", "name": account.name}


# Making


def test_create_webhook_tells_everything_but_the_secret(hub: LiveHub, alice: Account) -> None:
    model, space = new_repo(hub, alice), new_repo(hub, alice, type="space", private=True)
    org = hub.org(owner=alice)
    watched = [
        {"type": "org", "name": org},
        {"type": "space", "name": space.full_name},
        {"type": "model", "name": model.full_name},
        user(alice),
    ]
    answer = create(hub, alice, watched=watched, domains=["discussion", "repo"], secret="a ~b!")
    assert answer.status_code == 200, answer.text
    made = answer.json()["webhook"]
    assert re.fullmatch(r"[0-9a-f]{24}", made["id"])
    assert made == {
        "id": made["id"],
        "url": URL,
        "watched": watched,
        "domains": ["repo", "discussion"],
        "disabled": False,
        "hasSecret": True,
    }
    assert get(hub, alice, made["id"]) == made
    assert get(hub, alice) == [made]


def test_create_webhook_takes_names_in_any_case_and_former_names(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    new_name = f"{alice.name}/{fresh_name('moved')}"
    moved = {"fromRepo": repo.full_name, "toRepo": new_name, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=moved).status_code == 200
    items = [
        {"type": "model", "name": repo.full_name},
        {"type": "model", "name": new_name.upper()},
        {"type": "user", "name": alice.name.upper()},
    ]
    made = create(hub, alice, watched=items).json()["webhook"]
    # Both names are those of one repository.
    assert made["watched"] == [{"type": "model", "name": new_name}, user(alice)]


def test_create_webhook_is_for_both_domains_where_none_is_said(
    hub: LiveHub, alice: Account
) -> None:
    for body in ({}, {"domains": None}):
        answer = post(hub, alice, url=URL, watched=[user(alice)], **body)
        assert answer.json()["webhook"]["domains"] == ["repo", "discussion"]


BAD_URLS = {
    "none": None,
    "no scheme": "hooks.example.org",
    "another scheme": "ftp://hooks.example.org/",
    "a file": "file:///etc/passwd",
    "no host": "https:///hook",
    "an odd host": "https://-hooks_.exa mple.org/",
    "a dot first": "http://.example.org/",
    "an account": "https://me:pw@hooks.example.org/",
    "an empty account": "https://@hooks.example.org/",
    "a port that is none": "https://hooks.example.org:99999/",
    "port 0": "https://hooks.example.org:0/",
    "not ASCII": "https://hooks.example.org/é",
    "a line break": "https://hooks.example.org/\r\nx: y",
    "a zone": "http://[fe80::1%25eth0]/",
    "half an address": "http://[::1/",
    "too long": f"https://hooks.example.org/{'x' * 2048}",
    "loopback": "http://127.0.0.1/",
    "loopback in one number": "http://2130706433/",
    "loopback, short": "http://127.1/",
    "loopback, octal": "http://0177.0.0.1/",
    "loopback, IPv6": "http://[::1]:8080/",
    "loopback in IPv6": "http://[::ffff:127.0.0.1]/",
    "the address of clouds": "http://169.254.169.254/latest/meta-data",
}


def test_create_webhook_refuses_what_leads_nowhere_or_where_it_may_not(
    hub: LiveHub, alice: Account
) -> None:
    for case, url in BAD_URLS.items():
        assert create(hub, alice, url=url).status_code == 400, case
    answer = create(hub, alice, url="http://10.0.0.1/")
    assert_error(answer, 400, "Webhooks of this hub may not lead to 10.0.0.1.")
    assert get(hub, alice) == []


BAD_BODIES: dict[str, tuple[dict[str, Any], int]] = {
    "nothing watched": ({"watched": []}, 400),
    "no domain": ({"domains": []}, 400),
    "another domain": ({"domains": ["repos"]}, 400),
    "a bucket": ({"watched": [{"type": "bucket", "name": "a/b"}]}, 400),
    "no name": ({"watched": [{"type": "user"}]}, 400),
    "too many": ({"watched": [{"type": "user", "name": "x"}] * (MAX_WATCHED + 1)}, 400),
    "an unknown user": ({"watched": [{"type": "user", "name": "nobody-at-all"}]}, 404),
    "an unknown org": ({"watched": [{"type": "org", "name": "nobody-at-all"}]}, 404),
    "not ASCII": ({"secret": "é"}, 400),
    "a line break": ({"secret": "a\r\nx: y"}, 400),
    "a space at its end": ({"secret": "a "}, 400),
    "too long": ({"secret": "a" * 513}, 400),
    "a job": ({"job": {"dockerImage": "x"}}, 501),
    "the source of a job": ({"url": None, "jobSourceId": "0" * 24}, 501),
}


def test_create_webhook_refuses_what_cannot_be_and_makes_nothing(
    hub: LiveHub, alice: Account
) -> None:
    for case, (changes, status) in BAD_BODIES.items():
        answer = create(hub, alice, **changes)
        assert answer.status_code == status, (case, answer.text)
    wrong_kind = create(hub, alice, watched=[{"type": "org", "name": alice.name}])
    assert_error(wrong_kind, 404, f"There is no organization named {alice.name!r}.")
    assert get(hub, alice) == []


def test_create_webhook_cannot_tell_a_private_repository_from_a_missing_one(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    hidden = new_repo(hub, alice, private=True)
    missing = Repo(hub, alice, f"{alice.name}/{fresh_name('none')}")
    answers = [
        create(hub, bob, watched=[{"type": "model", "name": repo.full_name}])
        for repo in (hidden, missing)
    ]
    for answer in answers:
        assert_error(answer, 404, "Repository not found", "RepoNotFound")
    assert answers[0].json() == answers[1].json()


def test_create_webhook_stops_at_fifty(hub: LiveHub, alice: Account) -> None:
    for _ in range(MAX_WEBHOOKS):
        assert create(hub, alice).status_code == 200
    message = "A user has at most 50 webhooks: delete one first."
    assert_error(create(hub, alice), 403, message)
    first = get(hub, alice)[0]["id"]
    assert hub.call("DELETE", f"{PATH}/{first}", token=alice.token).status_code == 200
    assert create(hub, alice).status_code == 200


# Seeing


def test_list_webhooks_gives_those_of_the_caller_oldest_first(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    made = [watch(hub, alice, f"{URL}&n={n}", alice.name) for n in range(3)]
    watch(hub, bob, URL, alice.name)
    assert [item["id"] for item in get(hub, alice)] == made
    assert [item["url"][-1] for item in get(hub, alice)] == ["0", "1", "2"]


def test_get_webhook_leaves_out_what_its_owner_may_not_see_any_more(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo, gone = new_repo(hub, alice), new_repo(hub, alice)
    webhook_id = watch(hub, bob, URL, repo, alice.name, gone)
    assert len(get(hub, bob, webhook_id)["watched"]) == 3
    repo.put("/settings", {"private": True})
    body = {"name": gone.full_name.partition("/")[2], "type": "model"}
    assert gone.call("DELETE", "/api/repos/delete", json=body).status_code == 200
    assert get(hub, bob, webhook_id)["watched"] == [user(alice)]
    repo.put("/settings", {"private": False})
    assert len(get(hub, bob, webhook_id)["watched"]) == 2


CALLS = (
    ("GET", ""),
    ("POST", ""),
    ("DELETE", ""),
    ("POST", "/enable"),
    ("POST", "/disable"),
    ("GET", "/logs"),
    ("POST", "/replay/" + "0" * 24),
)


def test_get_webhook_and_all_others_are_404_to_everybody_but_the_owner(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    webhook_id = watch(hub, alice, URL, alice.name)
    before = get(hub, alice, webhook_id)
    for method, path in CALLS:
        for account in (bob, hub.user(admin=True)):
            for known in (webhook_id, "0" * 24, "no id at all"):
                body = {"url": "https://other.example.org/", "watched": []}
                url = f"{PATH}/{known}{path}"
                answer = hub.call(method, url, token=account.token, json=body)
                assert_error(answer, 404, UNKNOWN)
        anonymous = hub.call(method, f"{PATH}/{webhook_id}{path}", json={"watched": []})
        assert_error(anonymous, 401, "Invalid username or password.")
    assert get(hub, alice, webhook_id) == before


def test_get_webhook_is_for_a_token_that_reads_and_changes_are_not(
    hub: LiveHub, alice: Account
) -> None:
    webhook_id = watch(hub, alice, URL, alice.name)
    reading = Account(alice.name, hub.token(alice, "read"))
    assert get(hub, reading) == [get(hub, reading, webhook_id)] == get(hub, alice)
    logs = hub.call("GET", f"{PATH}/{webhook_id}/logs", token=reading.token)
    assert (logs.status_code, logs.json()) == (200, [])
    for method, path in CALLS:
        if method != "GET":
            url = f"{PATH}/{webhook_id}{path}"
            answer = hub.call(method, url, token=reading.token, json={"watched": []})
            assert_error(answer, 403, "This token can only read: use one with the role write.")
    assert create(hub, reading).status_code == 403


# Changing


def test_update_webhook_changes_what_is_named_and_nothing_else(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, URL, alice.name, secret="s3cret")
    known = get(hub, alice, webhook_id)
    path = f"/{webhook_id}"
    for changes in (
        {"watched": []},
        {"watched": [], "url": "http://hooks.example.org"},
        {"watched": [], "domains": ["discussion"]},
        {"watched": [{"type": "model", "name": repo.full_name}, user(alice)]},
        {"domains": [], "url": None, "secret": None},
        {"domains": None, "watched": None},
    ):
        answer = post(hub, alice, path, **changes)
        assert answer.status_code == 200, answer.text
        known |= {name: value for name, value in changes.items() if value}
        assert answer.json()["webhook"] == known == get(hub, alice, webhook_id)
    assert post(hub, alice, path, secret="").json()["webhook"]["hasSecret"] is False
    assert post(hub, alice, path, secret="new").json()["webhook"]["hasSecret"] is True


def test_update_webhook_changes_nothing_when_a_part_cannot_be(hub: LiveHub, alice: Account) -> None:
    webhook_id = watch(hub, alice, URL, alice.name)
    known = get(hub, alice, webhook_id)
    good = {"url": "https://other.example.org/", "domains": ["discussion"], "secret": "x"}
    for bad, status in (
        ({"url": "http://127.0.0.1/"}, 400),
        ({"secret": "é"}, 400),
        ({"domains": ["x"]}, 400),
        ({"watched": [{"type": "model", "name": "nobody/none"}]}, 404),
        ({"jobSourceId": "x"}, 501),
    ):
        assert post(hub, alice, f"/{webhook_id}", **(good | bad)).status_code == status
    assert get(hub, alice, webhook_id) == known


@pytest.mark.parametrize("call", ["enable", "disable"])
def test_enable_webhook_and_disable_webhook_may_be_repeated(
    hub: LiveHub, alice: Account, call: str
) -> None:
    webhook_id = watch(hub, alice, URL, alice.name)
    for step in (call, call, "disable", "enable"):
        answer = post(hub, alice, f"/{webhook_id}/{step}")
        assert answer.status_code == 200
        assert answer.json()["webhook"]["disabled"] is (step == "disable")
        assert get(hub, alice, webhook_id) == answer.json()["webhook"]


def test_delete_webhook_leaves_nothing_of_it(hub: LiveHub, alice: Account) -> None:
    kept, webhook_id = (watch(hub, alice, URL, alice.name) for _ in range(2))
    answer = hub.call("DELETE", f"{PATH}/{webhook_id}", token=alice.token)
    assert (answer.status_code, answer.json()) == (200, {})
    assert [item["id"] for item in get(hub, alice)] == [kept]
    again = hub.call("DELETE", f"{PATH}/{webhook_id}", token=alice.token)
    assert_error(again, 404, UNKNOWN)
