"""The engine and its transactions: the same SQL text on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    TextClause,
    bindparam,
    create_engine,
    event,
    make_url,
    text,
)

BUSY_SECONDS = 60
SLOTS = 32

T = TypeVar("T")


@lru_cache(maxsize=1024)
def statement(sql: str, lists: tuple[str, ...] = ()) -> TextClause:
    """The SQL text as a statement; one object per text, so that it is compiled once.

    The parameters named in `lists` stand for `IN` lists.
    """
    clause = text(sql)
    return clause.bindparams(*(bindparam(name, expanding=True) for name in lists))


class Transaction:
    """An open connection that runs SQL with `:named` parameters; a list fills an `IN :name`."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def one(self, sql: str, **values: Any) -> Any | None:
        """The first row, or `None`."""
        return self.connection.execute(_prepare(sql, values), values).first()

    def all(self, sql: str, **values: Any) -> list[Any]:
        """Every row."""
        return list(self.connection.execute(_prepare(sql, values), values).all())

    def run(self, sql: str, **values: Any) -> int:
        """Changes rows and gives their number."""
        return self.connection.execute(_prepare(sql, values), values).rowcount

    def run_many(self, sql: str, rows: list[dict[str, Any]]) -> None:
        """Runs the statement once per row of values."""
        if rows:
            self.connection.execute(statement(sql), rows)


def _prepare(sql: str, values: dict[str, Any]) -> TextClause:
    return statement(sql, tuple(name for name, value in values.items() if type(value) is list))


def in_chunks(values: Iterable[T], size: int = 5000) -> Iterator[list[T]]:
    """The values in lists short enough for one `IN`."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


class Database:
    """Reads and writes of one database; `url` as SQLAlchemy takes it (sqlite or postgresql)."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._reader = _make_engine(url, self.is_sqlite, autocommit=True)
        self._writer = _make_engine(url, self.is_sqlite, autocommit=False)
        # SQLite has one writer at a time and waits by polling; a lock in the process is fair.
        self._turn: AbstractContextManager[Any] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Statements that each see the newest committed state."""
        with self._reader.connect() as connection:
            yield Transaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: durable when the block ends, undone when it raises."""
        with self._turn, self._writer.begin() as connection:
            yield Transaction(connection)

    def close(self) -> None:
        """Closes every connection."""
        self._reader.dispose()
        self._writer.dispose()


def _make_engine(url: str, is_sqlite: bool, *, autocommit: bool) -> Engine:
    options: dict[str, Any] = {"pool_size": SLOTS, "max_overflow": 0}
    if is_sqlite:
        _make_sqlite_folder(url)
        options["connect_args"] = {
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
            "isolation_level": None,
        }
    else:
        options["pool_pre_ping"] = not autocommit
        options["connect_args"] = {"prepare_threshold": 3}
    if autocommit:
        options["isolation_level"] = "AUTOCOMMIT"
        options["pool_reset_on_return"] = None
    engine = create_engine(url, **options)
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        if not autocommit:
            event.listen(engine, "begin", _begin_immediate)
    return engine


def _make_sqlite_folder(url: str) -> None:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16384",
        "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # The write lock is taken at once: a read that later turns into a write could not wait for it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
