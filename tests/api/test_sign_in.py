"""Passwords, sessions and what keeps others from guessing, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from freehold.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)
from freehold.server.core import jobs, sessions, sign_in, throttle, tokens, users
from freehold.server.core.passwords import set_password
from freehold.server.db import accounts
from freehold.server.db.accounts import Account as Row
from freehold.server.hub import DAY_MS, now_ms
from tests.contexts import context_of
from tests.live import Account, LiveHub, fresh_name

PASSWORD = "correct horse battery"


def row_of(hub: LiveHub, account: Account) -> Row:
    with hub.inside.db.read() as tx:
        found = accounts.find_account(tx, account.name)
    assert found is not None
    return found


def enter(hub: LiveHub, name: str, password: str, address: str = "") -> str:
    """Sign in as a stranger, and return the secret of the session."""
    return sign_in.sign_in(context_of(hub, None), name, password, address=address)


def test_a_session_begins_with_the_password_in_any_case_of_the_name(
    hub: LiveHub, alice: Account
) -> None:
    set_password(hub.inside, alice.name, PASSWORD)
    viewer = context_of(hub, enter(hub, alice.name.upper(), PASSWORD)).viewer
    assert (viewer.name, viewer.can_write) == (alice.name, True)
    for wrong in (PASSWORD.upper(), "", PASSWORD + "x" * 10_000):
        with pytest.raises(UnauthorizedError):
            enter(hub, alice.name, wrong)


def test_a_session_begins_with_a_token_and_lasts_no_longer(hub: LiveHub, alice: Account) -> None:
    end = now_ms() + DAY_MS
    token = tokens.create_token(hub.inside, alice.name, name="short", role="read", expires_at=end)
    ctx = context_of(hub, enter(hub, alice.name, token))
    assert not ctx.viewer.can_write
    [session] = sessions.list_sessions(ctx)
    assert session.expires_at == end
    # What was begun with a token ends with it.
    own = context_of(hub, alice)
    [listed] = [t for t in tokens.list_tokens(own) if t.name == "short"]
    tokens.delete_token(own, listed.id)
    assert sessions.list_sessions(own) == []


def test_no_session_begins_with_what_is_not_the_users_own_valid_token(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    over = tokens.create_token(
        hub.inside, alice.name, name="over", role="write", expires_at=now_ms() - 1
    )
    session = enter(hub, alice.name, alice.token)
    for secret in (bob.token, over, session):
        with pytest.raises(UnauthorizedError):
            enter(hub, alice.name, secret)
    org = hub.org(owner=alice)
    with pytest.raises(UnauthorizedError):
        enter(hub, org, alice.token)


def test_sessions_are_no_tokens(hub: LiveHub, alice: Account) -> None:
    ctx = context_of(hub, enter(hub, alice.name, alice.token))
    listed = tokens.list_tokens(ctx)
    assert all(not token.name.startswith("session") for token in listed)
    with pytest.raises(NotFoundError):
        tokens.delete_token(ctx, sessions.session_id(ctx.viewer) or "")


def test_somebody_has_only_so_many_tokens(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    enter(hub, alice.name, alice.token)
    hub.token(alice)
    with pytest.raises(ConflictError, match="delete some"):
        hub.token(alice)


def test_only_so_many_passwords_can_be_tried_at_the_same_moment(hub: LiveHub) -> None:
    name = fresh_name("nobody")
    limits = [throttle.by_name(name), *throttle.by_address("198.51.100.7")]

    def attempt(_: int) -> bool:
        try:
            throttle.count_attempt(hub.inside, limits)
        except TooManyRequestsError as error:
            assert 0 < int(error.headers["Retry-After"]) <= throttle.WINDOW_SECONDS
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(attempt, range(30)))
    assert passed.count(True) == throttle.FAILURES_BY_NAME
    throttle.forgive(hub.inside, limits[0], [])
    assert attempt(0)


def test_addresses_of_one_network_count_together() -> None:
    first, second = throttle.by_address("2001:db8::1"), throttle.by_address("2001:db8::ffff:1")
    assert first == second != throttle.by_address("2001:db8:0:1::1")
    assert throttle.by_address("") == throttle.by_address("testclient") == []


def test_attempts_are_forgotten_when_they_no_longer_count(hub: LiveHub) -> None:
    limit = throttle.Limit(fresh_name("old"), 1)
    throttle.count_attempt(hub.inside, [limit])
    with pytest.raises(TooManyRequestsError):
        throttle.count_attempt(hub.inside, [limit])
    with hub.inside.db.write() as tx:
        tx.run("UPDATE sign_in_failure SET since = 0 WHERE subject = :subject", subject=limit[0])
    throttle.count_attempt(hub.inside, [limit])
    with hub.inside.db.write() as tx:
        tx.run("UPDATE sign_in_failure SET since = 0 WHERE subject = :subject", subject=limit[0])
    jobs.forget_attempts(hub.inside)
    with hub.inside.db.read() as tx:
        assert tx.one("SELECT 1 FROM sign_in_failure WHERE since = 0") is None


def test_a_new_password_ends_all_other_sessions(hub: LiveHub, alice: Account) -> None:
    set_password(hub.inside, alice.name, PASSWORD)
    here, there = (enter(hub, alice.name, PASSWORD) for _ in range(2))
    ctx = context_of(hub, here)
    with pytest.raises(BadRequestError, match="current"):
        sign_in.change_password(ctx, "wrong", "another password")
    with pytest.raises(BadRequestError, match="at least 8"):
        sign_in.change_password(ctx, PASSWORD, "short")
    assert context_of(hub, there).viewer.name == alice.name
    sign_in.change_password(ctx, PASSWORD, "another password")
    assert context_of(hub, here).viewer.name == alice.name
    assert context_of(hub, there).viewer.name is None
    assert enter(hub, alice.name, "another password")


def test_a_token_sets_a_password_only_where_there_is_none(hub: LiveHub, alice: Account) -> None:
    ctx = context_of(hub, enter(hub, alice.name, alice.token))
    sign_in.change_password(ctx, "", PASSWORD)
    with pytest.raises(BadRequestError, match="current"):
        sign_in.change_password(ctx, "", "another password")
    with pytest.raises(ForbiddenError, match="with your password"):
        sign_in.require_password_session(ctx)
    sign_in.require_password_session(context_of(hub, enter(hub, alice.name, PASSWORD)))


def test_passwords_cannot_be_tried_by_changing_them(hub: LiveHub, alice: Account) -> None:
    set_password(hub.inside, alice.name, PASSWORD)
    ctx = context_of(hub, enter(hub, alice.name, PASSWORD))
    limit = throttle.by_account(ctx.viewer.id or "")
    for _ in range(limit.most):
        throttle.count_attempt(hub.inside, [limit])
    with pytest.raises(TooManyRequestsError):
        sign_in.change_password(ctx, PASSWORD, "another password")


def test_somebody_has_only_so_many_sessions(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    start = partial(sessions.start_session, hub.inside, row_of(hub, alice), client="x\n" * 999)
    first, *rest = [start() for _ in range(3)]
    with hub.inside.db.write() as tx:
        tx.run(
            "UPDATE access_token SET created_at = 1 WHERE secret_hash = :hash",
            hash=tokens.hash_secret(first),
        )
    rest.append(start())
    assert context_of(hub, first).viewer.name is None
    listed = sessions.list_sessions(context_of(hub, rest[-1]))
    assert len(listed) == 2
    assert all(s.client == "x" * (sessions.MAX_CLIENT // 2) for s in listed)


def test_sessions_end_by_themselves(hub: LiveHub, alice: Account) -> None:
    secret = enter(hub, alice.name, alice.token)
    with hub.inside.db.write() as tx:
        tx.run(
            "UPDATE access_token SET expires_at = 1 WHERE secret_hash = :hash",
            hash=tokens.hash_secret(secret),
        )
    assert context_of(hub, secret).viewer.name is None
    assert sessions.list_sessions(context_of(hub, alice)) == []
    assert jobs.forget_sessions(hub.inside) >= 1
    with hub.inside.db.read() as tx:
        row = tx.one(
            "SELECT 1 FROM access_token WHERE secret_hash = :hash",
            hash=tokens.hash_secret(secret),
        )
    assert row is None


def test_a_new_name_is_found_and_the_old_one_is_not(hub: LiveHub, alice: Account) -> None:
    ctx = context_of(hub, alice)
    word = fresh_name("word").replace("-", "")
    users.update_profile(ctx, f"Zoë {word}", "new@example.org")
    path = f"/api/quicksearch?q={word}&type=user"
    assert [found["user"] for found in hub.call("GET", path).json()["users"]] == [alice.name]
    users.update_profile(ctx, "", "new@example.org")
    assert hub.call("GET", path).json()["users"] == []
    account = users.find_self(ctx)
    assert (account.fullname, account.email) == (alice.name, "new@example.org")
    for fullname, email in (("a\nb", "x@example.org"), ("x" * 201, "x@example.org"), ("x", "")):
        with pytest.raises(BadRequestError):
            users.update_profile(ctx, fullname, email)
