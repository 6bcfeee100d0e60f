"""Counting downloads: noted in memory as they happen, and written by a thread in batches.

A model is counted by its query files, each once for a client within five minutes; anything else
once, whichever of its files are downloaded. Who downloads is known only as a digest that no other
process can make, and is in no database. What was noted and not yet written is lost with a process
that is killed.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from hashlib import blake2b

from freehold.formats.facts.query_files import (
    has_query_file,
    is_query_file,
    is_weights,
    may_count,
)
from freehold.server.core.access import Context
from freehold.server.db import downloads
from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.downloads import Library
from freehold.server.db.repos import Repo
from freehold.server.git.memory import Memory
from freehold.server.hub import Hub, NotedDownload, today

# What `downloads` of a repository counts, with today.
WINDOW_DAYS = 30

WRITE_SECONDS = 5.0
# Commits to these wait meanwhile.
REPOS_AT_ONCE = 100

# Within so many seconds a client counts once, unless more than so many others came since.
REPEAT_SECONDS = 300
MAX_REMEMBERED = 50_000

# Stands for all files that are not told apart.
_ANY = ""

_KEY = secrets.token_bytes(16)

log = logging.getLogger("freehold.downloads")


def note_downloads(ctx: Context, repo: Repo, address: str, paths: Iterable[str]) -> None:
    """Lets files be counted that a client has just been given; its address tells strangers apart.

    This takes some microseconds, and no database.
    """
    found = [path for path in paths if may_count(path)] if repo.type == "model" else [_ANY]
    if found:
        text = f"{ctx.viewer.id or address}\0{repo.id}"
        client = blake2b(text.encode(), key=_KEY, digest_size=12).digest()
        ctx.hub.downloads.extend(NotedDownload(repo.id, repo.type, client, path) for path in found)


def count_downloads(hub: Hub) -> None:
    """Counts what is noted, every few seconds until the hub stops, and then once more."""
    counter = DownloadCounter(hub)
    while not hub.stopping.wait(WRITE_SECONDS):
        counter.attempt()
    counter.attempt()


class DownloadCounter:
    """Decides what of the notes counts, and keeps that until it is written."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._recent = Recent(REPEAT_SECONDS, MAX_REMEMBERED)
        self._unwritten: Counter[str] = Counter()
        # Whether a model, as of a commit, is counted by its weights.
        self._by_weights: Memory[tuple[str, str], bool] = Memory(10_000)

    def attempt(self) -> None:
        """Counts and writes what there is; what cannot be written is kept for the next time."""
        try:
            self.count()
        except Exception:
            log.exception("downloads could not be counted")

    def count(self) -> None:
        """Counts and writes what there is."""
        notes = _take(self._hub)
        try:
            self._decide(notes)
        except Exception:
            # What was decided already is remembered, and will not count again.
            self._hub.downloads.extendleft(reversed(notes))
            raise
        self._write()

    def _decide(self, notes: list[NotedDownload]) -> None:
        now = time.monotonic()
        for repo_id, key in self._choose(notes):
            if self._recent.add(key, now):
                self._unwritten[repo_id] += 1

    def _write(self) -> None:
        for chunk in in_chunks(sorted(self._unwritten), REPOS_AT_ONCE):
            counts = {repo_id: self._unwritten[repo_id] for repo_id in chunk}
            with self._hub.db.write() as tx:
                downloads.add_downloads(tx, counts, today())
            for repo_id in chunk:
                del self._unwritten[repo_id]

    def _choose(self, notes: list[NotedDownload]) -> Iterator[tuple[str, Hashable]]:
        """The notes that count, each as its repository and what it counts once for."""
        models: dict[str, list[NotedDownload]] = defaultdict(list)
        for note in notes:
            if note.repo_type == "model":
                models[note.repo_id].append(note)
            else:
                yield note.repo_id, (note.client, _ANY)
        for chunk in in_chunks(models, REPOS_AT_ONCE):
            with self._hub.db.read() as tx:
                libraries = {row.repo_id: row for row in downloads.list_libraries(tx, chunk)}
                for repo_id in chunk:
                    library = libraries.get(repo_id, Library(repo_id, "", None))
                    for note in models[repo_id]:
                        key = self._find_key(tx, note, library)
                        if key is not None:
                            yield repo_id, key

    def _find_key(self, tx: Transaction, note: NotedDownload, library: Library) -> Hashable | None:
        if is_query_file(library.library_name, note.path):
            return note.client, note.path
        if is_weights(note.path) and self._is_counted_by_weights(tx, library):
            return note.client, _ANY
        return None

    def _is_counted_by_weights(self, tx: Transaction, library: Library) -> bool:
        known = self._by_weights.get((library.repo_id, library.commit_oid))
        if known is not None:
            return known
        paths = downloads.find_siblings(tx, library.repo_id)
        answer = paths is not None and not has_query_file(library.library_name, json.loads(paths))
        return self._by_weights.put((library.repo_id, library.commit_oid), answer)


def _take(hub: Hub) -> list[NotedDownload]:
    return [hub.downloads.popleft() for _ in range(len(hub.downloads))]


class Recent:
    """What came within the last seconds, up to a number; seconds are given, and never go back."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._came: OrderedDict[Hashable, float] = OrderedDict()

    def add(self, key: Hashable, now: float) -> bool:
        """Remembers that it came; false when it had already, which starts no new time."""
        while self._came and next(iter(self._came.values())) <= now - self._seconds:
            self._came.popitem(last=False)
        if key in self._came:
            return False
        self._came[key] = now
        if len(self._came) > self._most:
            self._came.popitem(last=False)
        return True


def forget_old_downloads(hub: Hub) -> int:
    """Takes the days that are over from the downloads, and gives the number of repositories."""
    first, forgotten = today() - WINDOW_DAYS + 1, 0
    while True:
        with hub.db.read() as tx:
            repo_ids = downloads.list_repos_with_days(tx, first, REPOS_AT_ONCE)
        if not repo_ids:
            return forgotten
        with hub.db.write() as tx:
            downloads.forget_days(tx, repo_ids, first)
        forgotten += len(repo_ids)
