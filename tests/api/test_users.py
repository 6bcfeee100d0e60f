"""Who the caller is, and what the token in use may do."""

from __future__ import annotations

import re

import pytest

from freehold.errors import BadRequestError, ConflictError
from freehold.server.core import tokens, users
from freehold.server.hub import now_ms
from tests.live import Account, LiveHub, fresh_name
from tests.repos import assert_error, new_repo

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_whoami_describes_the_account_its_organisations_and_the_token(
    hub: LiveHub, alice: Account
) -> None:
    org = hub.org(owner=alice)
    answer = hub.call("GET", "/api/whoami-v2", token=alice.token)
    assert answer.status_code == 200
    who = answer.json()
    [membership] = who.pop("orgs")
    token = who.pop("auth")["accessToken"]
    identifier, avatar = who.pop("id"), who.pop("avatarUrl")
    assert who == {
        "type": "user",
        "name": alice.name,
        "fullname": alice.name,
        "email": f"{alice.name}@example.org",
        "emailVerified": False,
        "isPro": False,
        "canPay": False,
        "periodEnd": None,
        "isAdmin": False,
    }
    assert re.fullmatch("[0-9a-f]{24}", identifier)
    assert avatar.startswith("/avatars/")
    assert (membership["type"], membership["name"]) == ("org", org)
    assert membership["roleInOrg"] == "admin"
    assert {"id", "fullname", "email", "canPay", "periodEnd", "isEnterprise", "avatarUrl"} <= set(
        membership
    )
    assert token["role"] == "write" and DATE.fullmatch(token["createdAt"])
    assert "expiresAt" not in token


def test_whoami_tells_the_truth_about_a_read_token(hub: LiveHub, alice: Account) -> None:
    secret = hub.token(alice, "read")
    who = hub.call("GET", "/api/whoami-v2", token=secret).json()
    assert who["auth"]["type"] == "access_token"
    assert who["auth"]["accessToken"]["role"] == "read"
    body = {"name": "demo", "organization": alice.name}
    refused = hub.call("POST", "/api/repos/create", token=secret, json=body)
    assert_error(refused, 403, "This token can only read: use one with the role write.")


def test_whoami_tells_each_role_in_an_organisation(hub: LiveHub, alice: Account) -> None:
    roles = ("read", "contributor", "write", "admin")
    members = {role: hub.user() for role in roles}
    hub.org(owner=alice, members={member.name: role for role, member in members.items()})
    for role, member in members.items():
        who = hub.call("GET", "/api/whoami-v2", token=member.token).json()
        assert [org["roleInOrg"] for org in who["orgs"]] == [role]


def test_whoami_is_401_for_anyone_else_and_names_no_repository(hub: LiveHub) -> None:
    for token in (None, "hf_" + "x" * 34):
        answer = hub.call("GET", "/api/whoami-v2", token=token)
        assert_error(answer, 401, "Invalid username or password.")
        assert answer.headers["www-authenticate"] == (
            'Bearer realm="Authentication required", charset="UTF-8"'
        )


def test_tokens_can_expire(hub: LiveHub, alice: Account) -> None:
    def make(expires_at: int) -> str:
        return tokens.create_token(
            hub.inside, alice.name, name=fresh_name("t"), role="write", expires_at=expires_at
        )

    later = now_ms() + 3_600_000
    alive = hub.call("GET", "/api/whoami-v2", token=make(later)).json()
    assert DATE.fullmatch(alive["auth"]["accessToken"]["expiresAt"])
    over = hub.call("GET", "/api/whoami-v2", token=make(now_ms() - 1))
    assert_error(over, 401, "Invalid username or password.")


def test_a_token_that_is_not_valid_is_ignored_on_a_public_repo(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    over = tokens.create_token(
        hub.inside, alice.name, name=fresh_name("t"), role="write", expires_at=now_ms() - 1
    )
    for token in ("hf_nonsense", over):
        assert hub.call("GET", repo.api, token=token).status_code == 200


def test_a_token_speaks_for_its_owner_alone(hub: LiveHub, alice: Account, bob: Account) -> None:
    for account in (alice, bob):
        who = hub.call("GET", "/api/whoami-v2", token=account.token).json()
        assert who["name"] == account.name


def test_a_user_name_is_unique_whatever_its_case(hub: LiveHub, alice: Account) -> None:
    with pytest.raises(ConflictError):
        users.create_user(hub.inside, alice.name.upper(), email="x@example.org")


def test_a_token_value_must_be_long_and_printable(hub: LiveHub, alice: Account) -> None:
    for value in ("short", "x" * 513, "with a space inside it", "nön-ascii-characters"):
        with pytest.raises(BadRequestError):
            tokens.create_token(hub.inside, alice.name, name="n", role="read", value=value)


def test_an_account_has_a_name_and_an_address_that_can_be(hub: LiveHub) -> None:
    for name, email in (
        ("a/b", "x@example.org"),
        ("", "x@example.org"),
        ("API", "x@example.org"),
        ("fine", "nonsense"),
        ("fine", "a b@example.org"),
    ):
        with pytest.raises(BadRequestError):
            users.create_user(hub.inside, name, email=email)


def test_only_the_hash_of_a_token_is_kept(hub: LiveHub, alice: Account) -> None:
    with hub.inside.db.read() as tx:
        rows = tx.all("SELECT * FROM access_token")
    assert rows and alice.token not in str(rows)
