"""Brings the schema forward: numbered files, each applied once, in order, under a lock."""

from __future__ import annotations

import re
import time
from importlib.resources import files

from freehold.server.db.database import Database, Transaction

# Any number will do, as long as every Freehold process takes the same one.
ADVISORY_LOCK = 7_302_318_005

# What begins with one of these is for that database alone.
ONLY = {True: "{sqlite}", False: "{postgresql}"}

# Statements end with a line; a trigger has semicolons within.
_STATEMENT_END = re.compile(r";[ \t]*(?:\n[ \t]*\n|\n?\Z)")

DIALECT_WORDS = {
    True: {
        "{blob}": "BLOB",
        "{counter}": "INTEGER PRIMARY KEY AUTOINCREMENT",
        # The rows lie in the order of the primary key, and nowhere else.
        "{clustered}": "WITHOUT ROWID",
    },
    False: {
        "{blob}": "BYTEA",
        "{counter}": "BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY",
        "{clustered}": "",
    },
}


def migrate(database: Database, up_to: str | None = None) -> list[str]:
    """Applies what is missing in one transaction and gives the names of what was applied.

    With `up_to`, the schema is that of a hub whose newest migration has this name.
    """
    with database.write() as tx:
        if not database.is_sqlite:
            tx.one("SELECT pg_advisory_xact_lock(:key)", key=ADVISORY_LOCK)
        tx.run(
            "CREATE TABLE IF NOT EXISTS schema_migration"
            " (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)"
        )
        applied = {row.name for row in tx.all("SELECT name FROM schema_migration")}
        wanted = [name for name in migration_names() if up_to is None or name <= up_to]
        missing = [name for name in wanted if name not in applied]
        for name in missing:
            _apply(tx, name, database.is_sqlite)
        return missing


def migration_names() -> list[str]:
    """The names of all migration files, oldest first."""
    folder = files("freehold.server.db") / "migrations"
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def _apply(tx: Transaction, name: str, is_sqlite: bool) -> None:
    script = (files("freehold.server.db") / "migrations" / name).read_text()
    for word, replacement in {**DIALECT_WORDS[is_sqlite], ONLY[is_sqlite]: ""}.items():
        script = script.replace(word, replacement)
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    for command in _STATEMENT_END.split("\n".join(lines)):
        if command.strip() and not command.lstrip().startswith(ONLY[not is_sqlite]):
            tx.run(command)
    tx.run(
        "INSERT INTO schema_migration (name, applied_at) VALUES (:name, :now)",
        name=name,
        now=int(time.time() * 1000),
    )
