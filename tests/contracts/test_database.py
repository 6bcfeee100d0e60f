"""What both databases promise alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from freehold.errors import BadRequestError
from freehold.server.db import discussions, lfs, listings, search
from freehold.server.db.database import Database, in_chunks
from freehold.server.db.listings import Listed, Wanted
from freehold.server.db.migrate import migrate, migration_names
from freehold.server.db.repo_facts import list_stale_repos
from freehold.server.db.settings import get_or_set
from freehold.server.db.tags import list_tags_in_use
from freehold.server.db.trends import list_untrended_repos
from tests.conftest import BACKENDS


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], str]) -> str:
    return new_database(request.param) or f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    migrate(opened)
    yield opened
    opened.close()


def put(database: Database, name: str, value: str) -> None:
    with database.write() as tx:
        tx.run(
            "INSERT INTO hub_setting (name, value) VALUES (:name, :value)", name=name, value=value
        )


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return [row.name for row in tx.all("SELECT name FROM hub_setting ORDER BY name")]


def test_a_transaction_happens_entirely(database: Database) -> None:
    put(database, "a", "1")
    assert names(database) == ["a"]


def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    def write() -> None:
        with database.write() as tx:
            tx.run("INSERT INTO hub_setting (name, value) VALUES ('a', '1')")
            assert tx.one("SELECT name FROM hub_setting") is not None
            raise LookupError

    with pytest.raises(LookupError):
        write()
    assert names(database) == []
    put(database, "b", "2")
    assert names(database) == ["b"]


def test_nobody_sees_a_transaction_before_its_end(database: Database) -> None:
    with database.write() as tx:
        tx.run("INSERT INTO hub_setting (name, value) VALUES ('a', '1')")
        assert names(database) == []
    assert names(database) == ["a"]


def test_a_second_connection_sees_what_the_first_has_committed(
    url: str, database: Database
) -> None:
    other = Database(url)
    try:
        assert names(other) == []
        put(database, "a", "1")
        assert names(other) == ["a"]
    finally:
        other.close()


def test_rows_have_their_columns_as_attributes(database: Database) -> None:
    put(database, "a", "1")
    with database.read() as tx:
        row = tx.one("SELECT name, value AS what FROM hub_setting")
        assert row is not None
        assert (row.name, row.what, tuple(row)) == ("a", "1", ("a", "1"))
        assert tx.one("SELECT name FROM hub_setting WHERE name = 'b'") is None
        assert tx.all("SELECT name FROM hub_setting WHERE name = 'b'") == []


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_a_list_fills_in(database: Database, count: int) -> None:
    put(database, "n0", "x")
    put(database, "other", "x")
    wanted = [f"n{number}" for number in range(count)]
    sql = "SELECT name FROM hub_setting WHERE name IN :wanted AND value = :value"
    with database.read() as tx:
        rows = tx.all(sql, wanted=wanted, value="x")
        assert [row.name for row in rows] == wanted[:1]


def test_changes_tell_how_many_rows_they_changed(database: Database) -> None:
    rows = [{"name": f"n{number}", "value": "x"} for number in range(10)]
    with database.write() as tx:
        tx.run_many("INSERT INTO hub_setting (name, value) VALUES (:name, :value)", rows)
        tx.run_many("INSERT INTO hub_setting (name, value) VALUES (:name, :value)", [])
        assert tx.run("UPDATE hub_setting SET value = 'y' WHERE name < :name", name="n5") == 5
        assert tx.run("DELETE FROM hub_setting WHERE name = 'missing'") == 0


@pytest.mark.parametrize("text", ["é ü 🚀", "it's", '"', "%s %(name)s :name ::x", "\\", "\n", "?"])
def test_any_text_comes_back_as_it_was(database: Database, text: str) -> None:
    put(database, "a", text)
    with database.read() as tx:
        row = tx.one("SELECT name FROM hub_setting WHERE value = :value", value=text)
    assert row is not None


def test_literal_percent_signs_and_colons_are_no_parameters(database: Database) -> None:
    put(database, "a", "50%")
    with database.read() as tx:
        row = tx.one("SELECT value FROM hub_setting WHERE name = :name", name="a")
        assert row is not None
        assert row.value == "50%"


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70])
def test_a_number_that_no_column_can_hold_is_a_bad_request(database: Database, number: int) -> None:
    def write() -> None:
        with database.write() as tx:
            put_one = "INSERT INTO object_trash (object_key, trashed_at) VALUES ('k', :number)"
            tx.run(put_one, number=number)

    with pytest.raises(BadRequestError):
        write()
    put(database, "still", "works")


def test_two_writers_of_one_row_wait_for_each_other(url: str, database: Database) -> None:
    """Every increment counts, on threads and on connections of other processes alike."""
    put(database, "count", "0")
    others = [database, Database(url), Database(url)]
    sql = "UPDATE hub_setting SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"

    def count(place: int) -> None:
        for _ in range(20):
            with others[place % 3].write() as tx:
                tx.run(sql)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count, range(6)))
    for other in others[1:]:
        other.close()
    with database.read() as tx:
        row = tx.one("SELECT value FROM hub_setting")
    assert row is not None
    assert row.value == "120"


def test_reads_go_on_while_somebody_writes(database: Database) -> None:
    with database.write() as tx, ThreadPoolExecutor(8) as pool:
        tx.run("INSERT INTO hub_setting (name, value) VALUES ('a', '1')")
        assert list(pool.map(lambda _: names(database), range(40))) == [[]] * 40


def test_a_setting_that_several_make_at_once_has_one_value(url: str) -> None:
    opened = [Database(url) for _ in range(4)]
    barrier = threading.Barrier(4)

    def start(number: int) -> str:
        barrier.wait(30)
        migrate(opened[number])
        with opened[number].write() as tx:
            return get_or_set(tx, "key", f"value-{number}")

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(start, range(4)))
    for database in opened:
        database.close()
    assert len(found) == 1


def test_migrations_are_applied_once_each(url: str) -> None:
    database = Database(url)
    assert migrate(database) == migration_names()
    assert migrate(database) == []
    database.close()


def test_large_files_of_before_chunks_are_still_there_after_the_migration(url: str) -> None:
    database = Database(url)
    migrate(database, up_to="0001_initial.sql")
    old = {"a" * 64: 5, "b" * 64: 7}
    with database.write() as tx:
        for account in ("1" * 24, "2" * 24):
            tx.run(
                "INSERT INTO account (id, kind, name, name_key, fullname, created_at)"
                " VALUES (:id, 'user', :id, :id, '', 0)",
                id=account,
            )
        tx.run(
            "INSERT INTO repo (id, type, owner_id, name, name_key, creator_id, private,"
            " used_storage, created_at, updated_at) VALUES (:id, 'model', :owner, 'm', 'm', :owner,"
            " FALSE, 12, 0, 0)",
            id="3" * 24,
            owner="1" * 24,
        )
        for sha256, size in old.items():
            tx.run(
                "INSERT INTO lfs_object (sha256, size, created_at) VALUES (:sha256, :size, 9)",
                sha256=sha256,
                size=size,
            )
            tx.run(
                "INSERT INTO repo_lfs (repo_id, sha256, pusher_id, committed, created_at)"
                " VALUES (:repo, :sha256, :user, TRUE, 9)",
                repo="3" * 24,
                sha256=sha256,
                user="2" * 24,
            )
    assert migrate(database) == migration_names()[1:]
    with database.read() as tx:
        found = lfs.find_linked(tx, "3" * 24, list(old))
        trusted = lfs.find_trusted(tx, "3" * 24, list(old), "1" * 24)
        kept = lfs.list_committed(tx, "3" * 24, "", 10)
    assert {oid: (item.size, item.xet_hash) for oid, item in found.items()} == {
        oid: (size, None) for oid, size in old.items()
    }
    assert trusted == found
    assert [(item.sha256, item.created_at, item.pusher_name) for item in kept] == [
        (sha256, 9, "2" * 24) for sha256 in old
    ]
    with database.write() as tx:
        assert lfs.unlink_objects(tx, "3" * 24, ["a" * 64]) == ["a" * 64]
        assert discussions.take_number(tx, "3" * 24) == 1
    with database.read() as tx:
        row = tx.one("SELECT used_storage FROM repo")
    assert row is not None and row.used_storage == 7
    database.close()


def test_what_lists_of_before_numbers_found_is_found_after_the_migration(url: str) -> None:
    database = Database(url)
    migrate(database, up_to="0008_listings.sql")
    tags = {"first": ["mit", "shared"], "second": ["shared"], "secret": ["hidden", "shared"]}
    with database.write() as tx:
        tx.run(
            "INSERT INTO account (id, kind, name, name_key, fullname, created_at)"
            " VALUES ('o', 'user', 'Lab', 'lab', '', 0)"
        )
        for name, names in tags.items():
            tx.run(
                "INSERT INTO repo (id, type, owner_id, name, name_key, creator_id, private,"
                " created_at, updated_at) VALUES (:name, 'model', 'o', :name, :name, 'o',"
                " :private, 0, 0)",
                name=name,
                private=name == "secret",
            )
            full_name = f"lab/{name}"
            tx.run(
                "INSERT INTO repo_name (repo_id, full_name) VALUES (:name, :full_name)",
                name=name,
                full_name=full_name,
            )
            tx.run_many(
                "INSERT INTO repo_tag (tag, repo_id) VALUES (:tag, :repo_id)",
                [{"tag": tag, "repo_id": name} for tag in names],
            )
    migrate(database)
    with database.read() as tx:
        shared = Wanted(type="model", tags=(("shared",),))
        assert ids(listings.list_repos(tx, shared, None, False, None, 9)) == ["second", "first"]
        assert ids(listings.list_repos(tx, shared, "o", False, None, 1)) == ["secret"]
        named = Wanted(type="model", words=("lab/f",), tags=(("mit",),))
        assert ids(listings.list_repos(tx, named, None, False, None, 9)) == ["first"]
        assert list_tags_in_use(tx, None, False, "model") == ["shared", "mit"]
        assert list_tags_in_use(tx, "o", False, "model") == ["shared", "hidden", "mit"]
    database.close()


def ids(found: list[Listed]) -> list[str]:
    return [item.repo.id for item in found]


def test_what_older_hubs_have_is_due_to_be_counted_and_looked_at(url: str) -> None:
    database = Database(url)
    migrate(database, up_to="0010")
    ids = {name: f"{number:024}" for number, name in enumerate(("liked", "known", "moved"))}
    with database.write() as tx:
        tx.run(
            "INSERT INTO account (id, kind, name, name_key, fullname, created_at)"
            " VALUES ('u', 'user', 'u', 'u', '', 0)"
        )
        for name, repo_id in ids.items():
            values = {"id": repo_id, "name": name}
            tx.run(
                "INSERT INTO repo (id, type, owner_id, name, name_key, creator_id, private,"
                " created_at, updated_at)"
                " VALUES (:id, 'model', 'u', :name, :name, 'u', FALSE, 0, 0)",
                **values,
            )
            tx.run(
                "INSERT INTO git_ref (repo_id, name, oid) VALUES (:id, 'refs/heads/main', :name)",
                **values,
            )
        tx.run("INSERT INTO repo_like VALUES (:id, 'u', 0)", id=ids["liked"])
        for name in ("known", "moved"):
            tx.run(
                "INSERT INTO repo_facts (repo_id, version, commit_oid, tags, card, config)"
                " VALUES (:id, 1, 'known', '', '', '')",
                id=ids[name],
            )
    migrate(database)
    with database.read() as tx:
        assert list_untrended_repos(tx, 1, 10) == [ids["liked"]]
        assert list_stale_repos(tx, 1, 10) == [ids["liked"], ids["moved"]]
        assert set(list_stale_repos(tx, 2, 10)) == set(ids.values())
    database.close()


def test_chunks_hold_everything_in_order() -> None:
    assert list(in_chunks(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(in_chunks([], 3)) == []


def test_what_is_there_before_the_search_is_found_by_its_names(url: str) -> None:
    database = Database(url)
    migrate(database, up_to="0008_listings.sql")
    with database.write() as tx:
        tx.run(
            "INSERT INTO account (id, kind, name, name_key, fullname, created_at)"
            " VALUES ('a', 'org', 'Some-Lab', 'some-lab', 'Laboratory', 0)"
        )
        tx.run(
            "INSERT INTO repo (id, type, owner_id, name, name_key, creator_id, private,"
            " created_at, updated_at) VALUES ('r', 'model', 'a', 'My__Model-3.1', 'my__model-3.1',"
            " 'a', FALSE, 0, 0)"
        )
    migrate(database)
    with database.read() as tx:
        viewing = search.Viewing.of(tx, ["model"], None, False)
        [found] = search.find_by_name_words(tx, viewing, ["lab", "model", "3", "1"])
        assert (found.namespace, found.name) == ("Some-Lab", "My__Model-3.1")
        assert search.find_by_name_start(tx, viewing, "my__m") == [found]
        assert search.find_by_words(tx, viewing, ["some", "my"]) == [found]
        assert search.find_by_name_words(tx, viewing._replace(types=["space"]), ["lab"]) == []
        [org] = search.find_accounts_by_words(tx, "org", ["some", "laboratory"])
        assert search.find_accounts_by_start(tx, "org", "some-") == [org]
        assert search.find_accounts_by_start(tx, "user", "some-") == []
    database.close()
