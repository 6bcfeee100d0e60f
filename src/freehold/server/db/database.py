"""The engine and its transactions: the same SQL text on SQLite and PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections import namedtuple
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from freehold.errors import BadRequestError, ConflictError

BUSY_SECONDS = 60
IDLE_SECONDS = 5
SLOTS = 32

T = TypeVar("T")

DatabaseError = SQLAlchemyError
"""What opening a database raises when its URL is wrong or nothing answers there."""

# One for each statement in the code of this package.
_row_classes: dict[str, Any] = {}

# A name after a colon that follows no word or colon, so that a cast is none.
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


class Transaction:
    """An open connection that runs SQL with `:named` parameters; a list fills an `IN :name`.

    Statements go straight to the driver's cursor: SQLAlchemy's own results would take several
    times as long as SQLite takes to find a row.
    """

    __slots__ = ("_conflict", "_connection", "_refused", "_style", "announced")

    def __init__(self, connection: Any, style: str, driver: Any) -> None:
        self._connection = connection
        self._style = style
        self._refused = driver.DataError
        self._conflict = driver.IntegrityError
        self.announced = False

    def one(self, sql: str, **values: Any) -> Any | None:
        """The first row, or `None`; the columns are attributes."""
        cursor = self._execute(sql, values)
        row = cursor.fetchone()
        return None if row is None else _row_class(sql, cursor)._make(row)

    def all(self, sql: str, **values: Any) -> list[Any]:
        """Every row."""
        cursor = self._execute(sql, values)
        return list(map(_row_class(sql, cursor)._make, cursor.fetchall()))

    def run(self, sql: str, **values: Any) -> int:
        """Changes rows and gives their number."""
        return int(self._execute(sql, values).rowcount)

    def run_many(self, sql: str, rows: list[dict[str, Any]]) -> None:
        """Runs the statement once per row of values."""
        if rows:
            self._connection.cursor().executemany(write_statement(sql, self._style), rows)

    def announce(self) -> None:
        """Wakes whoever waits for the news of this database, once the transaction is committed."""
        self.announced = True

    def _execute(self, sql: str, values: dict[str, Any]) -> Any:
        lists = {name: value for name, value in values.items() if type(value) is list}
        for name, items in lists.items():
            del values[name]
            values |= {f"{name}_{place}": item for place, item in enumerate(_pad(items))}
        sizes = tuple((name, len(_pad(items))) for name, items in lists.items())
        text = write_statement(sql, self._style, sizes)
        try:
            return self._connection.cursor().execute(text, values)
        except (self._refused, OverflowError, UnicodeEncodeError) as error:
            # A number beyond 64 bits, a NUL character, half a character: no column can hold it.
            raise BadRequestError("A value of the call cannot be stored.") from error
        except self._conflict as error:
            # Somebody else took a name, or deleted what a new row belongs to, a moment ago.
            raise ConflictError("Another call was faster: please try again.") from error


def _pad(items: list[Any]) -> list[Any]:
    """The items, the last one repeated up to a power of two: so few lengths are few statements."""
    size = 1 << max(len(items) - 1, 0).bit_length()
    return items + items[-1:] * (size - len(items))


@lru_cache(maxsize=2048)
def write_statement(sql: str, style: str, lists: tuple[tuple[str, int], ...] = ()) -> str:
    """The statement in the parameter style of the driver: `:name` or `%(name)s`.

    `lists` gives the lengths of the lists; `IN` an empty one is true of no row.
    """
    for name, size in lists:
        places = ", ".join(f":{name}_{place}" for place in range(size)) or "NULL"
        sql = re.sub(rf":{name}\b", f"({places})", sql)
    return sql if style == "named" else _PARAMETER.sub(r"%(\1)s", sql)


def in_chunks(values: Iterable[T], size: int = 5000) -> Iterator[list[T]]:
    """The values in lists short enough for one `IN`."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


class Database:
    """Reads and writes of one database; `url` as SQLAlchemy takes it (sqlite or postgresql).

    At most `slots` reads and as many writes happen at once; others wait for them.
    """

    def __init__(self, url: str, slots: int = SLOTS) -> None:
        self.is_sqlite = _is_sqlite(url)
        self._style = "named" if self.is_sqlite else "pyformat"
        self._reader = _make_engine(url, slots, autocommit=True)
        self._writer = _make_engine(url, slots, autocommit=False)
        self._driver: Any = self._reader.dialect.loaded_dbapi
        # SQLite has one writer at a time and waits by polling; a lock in the process is fair.
        self._turn: AbstractContextManager[Any] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )
        # Set after a commit of this process that leaves work for somebody in the background.
        self.news = threading.Event()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Statements that each see the newest committed state."""
        connection = self._reader.raw_connection()
        try:
            yield Transaction(connection, self._style, self._driver)
        finally:
            connection.close()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: durable when the block ends, undone when it raises."""
        with self._turn, self._writer.begin() as connection:
            tx = Transaction(connection.connection, self._style, self._driver)
            yield tx
        if tx.announced:
            self.news.set()

    def close(self) -> None:
        """Closes every connection."""
        self._reader.dispose()
        self._writer.dispose()


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _make_engine(url: str, slots: int, *, autocommit: bool) -> Engine:
    is_sqlite = _is_sqlite(url)
    options: dict[str, Any] = {"pool_size": slots, "max_overflow": 0, "pool_use_lifo": True}
    if is_sqlite:
        _make_sqlite_folder(url)
        options["connect_args"] = {
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
            "isolation_level": None,
        }
    else:
        # Planning these small statements takes longer than running them: plan each only once.
        options["connect_args"] = {
            "prepare_threshold": 3,
            "options": "-c plan_cache_mode=force_generic_plan -c random_page_cost=1.1 -c jit=off",
        }
    if autocommit:
        options["isolation_level"] = "AUTOCOMMIT"
        options["pool_reset_on_return"] = None
    engine = create_engine(url, **options)
    if not is_sqlite:
        event.listen(engine, "checkout", _check_connection)
        event.listen(engine, "checkin", _note_use)
        return engine
    event.listen(engine, "connect", _prepare_sqlite)
    if not autocommit:
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _note_use(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _check_connection(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Replaces a connection that broke, or that has been idle and no longer answers.

    One that answered a moment ago is not asked again: that would be a trip for each request.
    """
    if connection.closed:
        raise DisconnectionError
    if time.monotonic() - record.info.get("used_at", 0) < IDLE_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except _connection_errors() as error:
        raise DisconnectionError from error


def _connection_errors() -> tuple[type[Exception], ...]:
    """What psycopg raises on a connection that is lost."""
    import psycopg

    return (psycopg.OperationalError, psycopg.InterfaceError)


def _make_sqlite_folder(url: str) -> None:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)


def _row_class(sql: str, cursor: Any) -> Any:
    """A named tuple for the rows of this statement, which are the same each time it runs."""
    known = _row_classes.get(sql)
    if known is None:
        names = [column[0] for column in cursor.description]
        known = _row_classes[sql] = namedtuple("Row", names, rename=True)
    return known


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    _switch_to_wal(connection)
    # The largest part of a file that SQLite maps takes addresses, and memory that others may have.
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16384",
        "mmap_size=2147418112",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for this lock as it waits for others: several that open a new database
    # at once would fail.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_immediate(connection: Connection) -> None:
    # The write lock is taken at once: a read that later turns into a write could not wait for it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
