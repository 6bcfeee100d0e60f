"""Adding members of organisations and letting them go, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from freehold.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from freehold.server.core import orgs
from tests.contexts import context_of
from tests.live import Account, LiveHub


def members(hub: LiveHub, org: str, who: Account) -> dict[str, str]:
    found = hub.call("GET", f"/api/organizations/{org}/members", token=who.token).json()
    return {member["user"]: member.get("role", "") for member in found}


def test_an_admin_adds_members_and_lets_them_go(hub: LiveHub, alice: Account, bob: Account) -> None:
    org, ctx = hub.org(owner=alice), context_of(hub, alice)
    orgs.add_member(ctx, org, bob.name.upper(), "write")
    assert members(hub, org, alice) == {alice.name: "admin", bob.name: "write"}
    with pytest.raises(ConflictError, match="already"):
        orgs.add_member(ctx, org, bob.name, "admin")
    with pytest.raises(NotFoundError):
        orgs.add_member(ctx, org, "no-such-user", "read")
    with pytest.raises(BadRequestError):
        orgs.add_member(ctx, org, bob.name, "owner")
    orgs.remove_member(ctx, org, bob.name)
    assert members(hub, org, alice) == {alice.name: "admin"}
    with pytest.raises(NotFoundError, match="no member"):
        orgs.remove_member(ctx, org, bob.name)


def test_others_add_nobody_and_may_only_leave(hub: LiveHub, alice: Account, bob: Account) -> None:
    carol = hub.user()
    org = hub.org(owner=alice, members={bob.name: "write", carol.name: "read"})
    ctx = context_of(hub, bob)
    for call in (
        lambda: orgs.add_member(ctx, org, hub.user().name, "read"),
        lambda: orgs.remove_member(ctx, org, carol.name),
        lambda: orgs.open_organization(ctx, org),
        lambda: orgs.remove_member(context_of(hub, hub.token(bob, "read")), org, bob.name),
    ):
        with pytest.raises(ForbiddenError):
            call()
    orgs.remove_member(ctx, org, bob.name)
    assert set(members(hub, org, alice)) == {alice.name, carol.name}


def test_the_last_admin_stays_even_when_both_leave_at_once(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={bob.name: "admin"})

    def leave(account: Account) -> bool:
        try:
            orgs.remove_member(context_of(hub, account), org, account.name)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, (alice, bob))) == [False, True]
    assert list(members(hub, org, hub.user(admin=True)).values()) == ["admin"]


def test_one_creates_repositories_under_ones_own_name_and_where_one_may(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    reading = hub.org(owner=alice, members={bob.name: "read"})
    giving = hub.org(owner=alice, members={bob.name: "contributor"})
    found = orgs.list_namespaces(context_of(hub, bob))
    assert found == [bob.name, giving] and reading not in found
