"""Invitations, and that each makes one account at most, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from freehold.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
)
from freehold.server.core import jobs, sign_up, throttle
from freehold.server.core.access import Context
from freehold.server.hub import Hub
from tests.contexts import context_of
from tests.live import Account, LiveHub, fresh_name


@pytest.fixture
def inviting(hub: LiveHub) -> Hub:
    """The hub as one where it takes an invitation."""
    return replace(hub.inside, config=replace(hub.inside.config, sign_up="invitation"))


@pytest.fixture
def admin(hub: LiveHub) -> Context:
    return context_of(hub, hub.user(admin=True))


def join(hub: Hub, name: str, invitation: str = "", **values: str) -> str:
    """Sign up with that name, and return it."""
    given = {"email": "x@example.org", "fullname": "", "password": "long enough", **values}
    return sign_up.sign_up(hub, name, invitation=invitation, **given).name


def test_an_invitation_makes_one_account_even_at_the_same_moment(
    inviting: Hub, admin: Context
) -> None:
    secret = sign_up.create_invitation(admin, "for Kim")

    def attempt(name: str) -> str | None:
        try:
            return join(inviting, name, secret)
        except ForbiddenError:
            return None

    names = [fresh_name("guest") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = [name for name in pool.map(attempt, names) if name]
    assert len(made) == 1
    with inviting.db.read() as tx:
        found = tx.all("SELECT name FROM account WHERE name IN :names", names=names)
    assert [row.name for row in found] == made
    listed = next(item for item in sign_up.list_invitations(admin) if item.used_by == made[0])
    assert (listed.note, listed.inviter) == ("for Kim", admin.viewer.name)


def test_an_invitation_is_not_used_up_by_what_fails(
    inviting: Hub, admin: Context, alice: Account
) -> None:
    secret = sign_up.create_invitation(admin, "")
    for name, values, error in (
        (alice.name, {}, ConflictError),
        ("api", {}, BadRequestError),
        ("under_score", {}, BadRequestError),
        (fresh_name("x"), {"password": "short"}, BadRequestError),
        (fresh_name("x"), {"email": "nowhere"}, BadRequestError),
    ):
        with pytest.raises(error):
            join(inviting, name, secret, **values)
    assert join(inviting, fresh_name("x"), secret)


def test_nobody_joins_without_an_open_invitation(inviting: Hub, admin: Context) -> None:
    for secret in ("", "wrong"):
        with pytest.raises(ForbiddenError):
            join(inviting, fresh_name("x"), secret)
    secret = sign_up.create_invitation(admin, "late")
    [id] = [item.id for item in sign_up.list_invitations(admin) if item.note == "late"]
    with inviting.db.write() as tx:
        tx.run("UPDATE invitation SET expires_at = 1 WHERE id = :id", id=id)
    with pytest.raises(ForbiddenError, match="ended"):
        join(inviting, fresh_name("x"), secret)
    assert jobs.forget_invitations(inviting) >= 1
    with pytest.raises(NotFoundError):
        sign_up.delete_invitation(admin, id)


def test_an_invitation_can_be_taken_back(inviting: Hub, admin: Context) -> None:
    note = fresh_name("note")
    secret = sign_up.create_invitation(admin, note)
    [id] = [item.id for item in sign_up.list_invitations(admin) if item.note == note]
    sign_up.delete_invitation(admin, id)
    with pytest.raises(ForbiddenError):
        join(inviting, fresh_name("x"), secret)


def test_only_administrators_of_the_hub_invite(hub: LiveHub, alice: Account) -> None:
    ctx = context_of(hub, alice)
    for call in (
        lambda: sign_up.create_invitation(ctx, ""),
        lambda: sign_up.list_invitations(ctx),
        lambda: sign_up.delete_invitation(ctx, "x"),
    ):
        with pytest.raises(ForbiddenError):
            call()


def test_a_note_is_one_line(hub: LiveHub) -> None:
    for note in ("x" * 201, "a\nb", "\x1b[2J"):
        with pytest.raises(BadRequestError):
            sign_up.invite(hub.inside, note)


def test_a_closed_hub_takes_nobody_and_an_open_one_anybody(hub: LiveHub, admin: Context) -> None:
    secret = sign_up.create_invitation(admin, "")
    with pytest.raises(ForbiddenError):
        join(hub.inside, fresh_name("x"), secret)
    opened = replace(hub.inside, config=replace(hub.inside.config, sign_up="open"))
    assert join(opened, fresh_name("x"))
    address = "192.0.2.77"
    limits = throttle.by_address(address, "sign-up")
    for _ in range(throttle.FAILURES_BY_ADDRESS):
        throttle.count_attempt(hub.inside, limits)
    with pytest.raises(TooManyRequestsError):
        join(opened, fresh_name("x"), address=address)
