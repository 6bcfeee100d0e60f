"""Does the answer about one repository get slower as the hub holds more of them?"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
from _measure import (
    MeasuredHub,
    Row,
    Session,
    commit_body,
    hub_on,
    median,
    postgres,
    ratios,
    report,
    work_folder,
)
from _repositories import hex_id

SIZES = (100, 10_000, 1_000_000)
PROBES, ROUNDS, REQUESTS = 20, 60, 40
REPOS_PER_OWNER = 1000
AIM = 1.2

ACCOUNT = ("id", "kind", "name", "name_key", "fullname", "created_at")
REPO = (
    "id",
    "type",
    "owner_id",
    "name",
    "name_key",
    "creator_id",
    "private",
    "created_at",
    "updated_at",
)
REF = ("repo_id", "name", "oid")


def accounts(count: int) -> Iterator[tuple[object, ...]]:
    for number in range((count - 1) // REPOS_PER_OWNER + 1):
        name = f"owner-{number}"
        yield hex_id("owner", number), "user", name, name, name, 1


def repos(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        name, owner = f"repo-{number}", hex_id("owner", number // REPOS_PER_OWNER)
        yield hex_id("repo", number), "model", owner, name, name, owner, False, 1, 1


def refs(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        yield hex_id("repo", number), "refs/heads/main", "0" * 40


def tables(count: int) -> list[tuple[str, tuple[str, ...], Iterator[tuple[object, ...]]]]:
    return [
        ("account", ACCOUNT, accounts(count)),
        ("repo", REPO, repos(count)),
        ("git_ref", REF, refs(count)),
    ]


def fill(hub: MeasuredHub, count: int) -> None:
    """Insert that many repositories straight into the database, in one transaction."""
    if not hub.database_url:
        with sqlite3.connect(hub.data / "freehold.sqlite") as database:
            for table, columns, rows in tables(count):
                marks = ", ".join("?" * len(columns))
                into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                database.executemany(into, rows)
        return
    address = hub.database_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        for table, columns, rows in tables(count):
            into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(into) as copy:
                for row in rows:
                    copy.write_row(row)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


class Probe:
    """A hub of one size, and the connection that asks it."""

    def __init__(self, hub: MeasuredHub, size: int) -> None:
        self.hub = hub
        self.token = hub.add_user("alice")
        self.ms: list[float] = []
        session = Session(hub, self.token)
        for number in range(PROBES):
            session.create_repo(f"probe-{number}")
            card = {"README.md": b"---\nlicense: mit\n---\n"}
            session.commit(f"alice/probe-{number}", commit_body(card))
        fill(hub, size)

    def ask(self) -> None:
        """Ask about each repository in turn and keep the median time."""
        session = Session(self.hub, self.token)
        spent = []
        for number in range(REQUESTS):
            started = time.perf_counter()
            session.call("GET", f"/api/models/alice/probe-{number % PROBES}")
            spent.append((time.perf_counter() - started) * 1000)
        self.ms.append(median(spent))


def measure(backend: str, folder: Path) -> list[Row]:
    with ExitStack() as stack:
        cluster = stack.enter_context(postgres()) if backend == "postgresql" else None
        hubs = {
            size: stack.enter_context(hub_on(backend, folder / f"{backend}-{size}", cluster))
            for size in SIZES
        }
        probes = {size: Probe(hub, size) for size, hub in hubs.items()}
        for probe in probes.values():
            probe.ask()
            probe.ms.clear()
        for _ in range(ROUNDS):
            for probe in probes.values():
                probe.ask()
    return [compare(backend, size, probes[size].ms, probes[SIZES[0]].ms) for size in SIZES]


def compare(backend: str, size: int, ours: list[float], smallest: list[float]) -> Row:
    ratio = median(ratios(ours, smallest))
    is_first = size == SIZES[0]
    return Row(
        f"repo info with {size:,} repositories, {backend}",
        f"{median(ours):.2f} ms",
        f"with {SIZES[0]} {median(smallest):.2f} ms",
        f"{ratio:.2f}",
        "" if is_first else f"<= {AIM}",
        None if is_first else ratio <= AIM,
    )


def main() -> None:
    rows = []
    with work_folder() as folder:
        for backend in ("sqlite", "postgresql"):
            rows += measure(backend, folder)
    report(
        "7. Many repositories",
        "bench/scale.py",
        rows,
        [
            f"One connection, {ROUNDS} rounds of {REQUESTS} requests with a token, the three hubs"
            " in turns.",
        ],
    )


if __name__ == "__main__":
    main()
