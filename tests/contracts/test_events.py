"""What is kept for webhooks: only what somebody wants to hear, and as it was when it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.server.db import accounts, refs, repos
from freehold.server.db.accounts import Account
from freehold.server.db.database import Database, Transaction
from freehold.server.db.deliveries import record_attempt, take_next_delivery
from freehold.server.db.events import fan_out_events, has_new_events, record_event
from freehold.server.db.migrate import migrate
from freehold.server.db.repos import NewRepo
from tests.conftest import BACKENDS

OWNER, OTHER = "0" * 24, "1" * 24
REPO = "a" * 24
HEAD = "b" * 40


@pytest.fixture(params=BACKENDS)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], str]
) -> Iterator[Database]:
    """An account with a repository, and another account."""
    url = new_database(request.param) or f"sqlite:///{tmp_path / 'test.sqlite'}"
    opened = Database(url)
    migrate(opened)
    with opened.write() as tx:
        for number, (account_id, name) in enumerate(((OWNER, "Lab"), (OTHER, "bob"))):
            accounts.insert_account(
                tx, Account(account_id, "user", name, name, None, None, False, number)
            )
        repos.insert_repo(tx, NewRepo(REPO, "space", OWNER, "Tiny", OWNER, True, "gradio", 1))
        refs.swap_ref(tx, REPO, "refs/heads/main", None, HEAD)
    yield opened
    opened.close()


def watch(tx: Transaction, name: str, *, of: str, state: str = "enabled", domain: str) -> None:
    tx.run(
        "INSERT INTO webhook (id, owner_id, url, origin, on_repo, on_discussion, state, created_at,"
        " enabled_at) VALUES (:name, :owner, 'http://x', '', :on_repo, :on_discussion, :state, 1,"
        " 1)",
        name=name,
        owner=OWNER,
        on_repo=domain == "repo",
        on_discussion=domain == "discussion",
        state=state,
    )
    tx.run(
        "INSERT INTO webhook_watch (webhook_id, place, repo_id, account_id)"
        " VALUES (:name, 0, :repo_id, :account_id)",
        name=name,
        repo_id=of if of == REPO else None,
        account_id=None if of == REPO else of,
    )


def record(database: Database, scope: str, **detail: Any) -> list[Any]:
    """Records an event and gives all that were kept."""
    database.news.clear()
    with database.write() as tx:
        record_event(tx, REPO, "update", scope, detail, 7)
        assert not database.news.is_set()
    with database.read() as tx:
        return tx.all("SELECT * FROM webhook_event ORDER BY number")


def test_nothing_is_kept_that_nobody_wants_to_hear(database: Database) -> None:
    with database.write() as tx:
        watch(tx, "off", of=REPO, state="disabled", domain="repo")
        watch(tx, "other", of=OTHER, domain="repo")
        watch(tx, "talk", of=REPO, domain="discussion")
    assert record(database, "repo.content") == []
    assert not database.news.is_set()


@pytest.mark.parametrize("of", [REPO, OWNER])
@pytest.mark.parametrize("domain", ["repo", "discussion"])
def test_an_event_is_kept_with_the_repository_as_it_was(
    database: Database, of: str, domain: str
) -> None:
    with database.write() as tx:
        watch(tx, "one", of=of, domain=domain)
    (event,) = record(database, f"{domain}.part", updatedRefs=["é"])
    assert database.news.is_set()
    with database.write() as tx:
        repos.update_settings(tx, REPO, {"private": False}, 8)
    first, second = record(database, domain)
    assert first == event
    assert (second.number > first.number, bool(second.private)) == (True, False)
    assert event[1:] == (
        *(REPO, "space", "Lab/Tiny", True, OWNER, "gradio", HEAD),
        *(domain, "update", f"{domain}.part", '{"updatedRefs":["é"]}', 7, False),
    )


def test_an_event_outlives_its_repository_and_what_watches_it_does_not(database: Database) -> None:
    with database.write() as tx:
        watch(tx, "one", of=REPO, domain="repo")
    with database.write() as tx:
        record_event(tx, REPO, "update", "repo.content", {}, 6)
        record_event(tx, REPO, "delete", "repo", {}, 7)
        repos.delete_repo(tx, REPO)
    with database.write() as tx:
        assert tx.all("SELECT webhook_id FROM webhook_watch") == []
        assert not has_new_events(tx)
        for action in ("update", "delete"):
            found = take_next_delivery(tx, "one", 8)
            assert found is not None and found.event.action == action
            record_attempt(tx, found._replace(state="delivered"), 0)
        assert take_next_delivery(tx, "one", 8) is None


def test_what_nobody_may_hear_is_forgotten(database: Database) -> None:
    with database.write() as tx:
        watch(tx, "one", of=REPO, domain="repo")
        tx.run("UPDATE webhook SET owner_id = :other", other=OTHER)
    assert len(record(database, "repo.content")) == 1
    with database.write() as tx:
        fan_out_events(tx, 8)
        assert tx.all("SELECT number FROM webhook_event") == []
        assert tx.all("SELECT number FROM webhook_delivery") == []


def test_an_event_of_a_transaction_that_is_undone_never_was(database: Database) -> None:
    with database.write() as tx:
        watch(tx, "one", of=REPO, domain="repo")

    def fail() -> None:
        with database.write() as tx:
            record_event(tx, REPO, "update", "repo.content", {}, 7)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert not database.news.is_set()
    assert record(database, "discussion") == []
