"""How long do the listings of large repositories take, with everything and nothing in memory?"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from _measure import (
    MeasuredHub,
    Row,
    Session,
    commit_body,
    hub_on,
    median,
    report,
    spread,
    timed,
    work_folder,
)

from freehold.server.db import packs

ROUNDS = 5
AIM = 0.3
FILES, FOLDERS = 10_000, 100
EXPANDED = 1000

# A hub that never compacts, so that the measurement decides when it happens.
NEVER = 10**6


def fill_wide(session: Session) -> str:
    """A repository of 10,000 small files in 100 folders, made by one commit."""
    session.create_repo("wide")
    files = {
        f"folder-{n % FOLDERS:02d}/file-{n:05d}.txt": f"the file {n}\n".encode()
        for n in range(FILES)
    }
    session.commit("alice/wide", commit_body(files))
    return "/api/models/alice/wide/tree/main?recursive=True"


def fill_deep(session: Session) -> str:
    """A repository of 1,000 files in its root, each changed last by a commit of its own."""
    session.create_repo("deep")
    files = {f"file-{n:04d}.txt": f"the file {n}\n".encode() for n in range(EXPANDED)}
    session.commit("alice/deep", commit_body(files))
    for path in list(files)[1:]:
        session.commit("alice/deep", commit_body({path: b"changed\n"}, f"Change {path}"))
    return "/api/models/alice/deep/tree/main?expand=True"


class Question:
    """One listing of one hub."""

    def __init__(self, hub: MeasuredHub, token: str, path: str, entries: int) -> None:
        self.hub = hub
        self.token = token
        self.path = path
        self.entries = entries

    def ask(self) -> float:
        """Seconds until every page has arrived."""
        session = Session(self.hub, self.token)
        session.call("GET", "/api/whoami-v2")
        found: list[object] = []
        seconds = timed(lambda: found.extend(session.pages(self.path)))
        if len(found) < self.entries:
            raise RuntimeError(f"{self.path}: {len(found)} entries instead of {self.entries}")
        return seconds

    def ask_cold(self, *, without_cache: bool) -> float:
        """The same right after a start of the server."""
        self.hub.restart(without_cache=without_cache)
        return self.ask()

    def rows(self, name: str) -> list[Row]:
        empty = [self.ask_cold(without_cache=True) for _ in range(ROUNDS)]
        since = 0
        cold = []
        inside = []
        for _ in range(ROUNDS):
            since = self.hub.log_size()
            cold.append(self.ask_cold(without_cache=False))
            inside.append(
                sum(r["ms"] for r in self.hub.requests(since) if r["route"] == "list_repo_tree")
            )
        warm = [self.ask() for _ in range(ROUNDS)]
        note = f", of it in the server {median(inside) / 1000:.2f} s"
        return [
            self._row(f"{name}, no cache on disk", empty),
            self._row(f"{name}, after a restart", cold, note),
            self._row(f"{name}, warm", warm),
        ]

    def _row(self, name: str, seconds: list[float], note: str = "") -> Row:
        met = median(seconds) < AIM
        ratio = f"{median(seconds) / AIM:.2f}"
        return Row(name, spread(seconds, "s", 3) + note, "", ratio, f"< {AIM} s", met)


def wait_for_compaction(hub: MeasuredHub) -> None:
    """Return when the background work has made few packs of many."""
    with closing(hub.open()) as inside:
        for _ in range(600):
            with inside.db.read() as tx:
                counts = packs.count_packs(tx, "", 10)
            if max(counts.values(), default=0) <= inside.config.compact_packs:
                return
            time.sleep(0.2)
    raise RuntimeError("the packs were not compacted")


def measure(backend: str, folder: Path) -> list[Row]:
    with hub_on(backend, folder, jobs_seconds=NEVER) as hub:
        token = hub.add_user("alice")
        session = Session(hub, token)
        wide = Question(hub, token, fill_wide(session), FILES + FOLDERS)
        deep = Question(hub, token, fill_deep(session), EXPANDED)
        rows = wide.rows(f"{FILES:,} files recursively, {backend}")
        rows += deep.rows(f"expand, {EXPANDED:,} files and commits, {EXPANDED:,} packs, {backend}")
        hub.settings["jobs_seconds"] = 1
        hub.restart()
        wait_for_compaction(hub)
        hub.settings["jobs_seconds"] = NEVER
        hub.restart()
        return rows + deep.rows(f"the same, compacted, {backend}")


def main() -> None:
    rows = []
    with work_folder() as folder:
        for backend in ("sqlite", "postgresql"):
            rows += measure(backend, folder / backend)
    report(
        "5. Listings of large repositories",
        "bench/listing.py",
        rows,
        [
            f"Medians of {ROUNDS}; all pages of 1,000 entries, one after the other.",
            "The column `ratio` is the median divided by the aim.",
        ],
    )


if __name__ == "__main__":
    main()
