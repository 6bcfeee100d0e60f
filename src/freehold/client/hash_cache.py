"""Digests of local files that were read before, and what a folder was last pushed as.

Both are only shortcuts: without the file everything is read and asked for again. An entry holds
for a device, inode, size and time of change, so any change of a file makes a new one.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple, Self, TypeVar

T = TypeVar("T")

logger = logging.getLogger("freehold")

COARSE_REST_NS: Final = 2_000_000_000
FINE_REST_NS: Final = 100_000_000
_MAX_AGE_SECONDS: Final = 180 * 86_400

_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS file_digest (
        device INTEGER, inode INTEGER, size INTEGER, modified_ns INTEGER, changed_ns INTEGER,
        sha256 TEXT NOT NULL, seen_at INTEGER NOT NULL,
        PRIMARY KEY (device, inode)
    );
    CREATE TABLE IF NOT EXISTS pushed_folder (
        target TEXT PRIMARY KEY, manifest TEXT NOT NULL, commit_oid TEXT NOT NULL
    );
"""
_FIND: Final = """
    SELECT sha256 FROM file_digest WHERE device = ? AND inode = ?
    AND size = ? AND modified_ns = ? AND changed_ns = ?
"""


class Fingerprint(NamedTuple):
    """What tells a file from another, or from itself after a change; times in nanoseconds."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, path: str) -> Fingerprint | None:
        """That of the file at the path; None when it is not there."""
        try:
            found = os.stat(path)  # noqa: PTH116 - a text is what the caller gave
        except OSError:
            return None
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @property
    def rested_at(self) -> int:
        """From when on, in nanoseconds, the next change can be told from the last one.

        A file can change twice within one tick of its clock. Clocks of file systems tick at least
        every hundredth of a second, or only every second or two: then they show whole ones.
        """
        last = max(self.modified_ns, self.changed_ns)
        return last + (FINE_REST_NS if self.changed_ns % 1_000_000_000 else COARSE_REST_NS)

    def has_rested(self) -> bool:
        """Whether the last change is long enough ago to be told from the next one."""
        return time.time_ns() > self.rested_at


class HashCache:
    """The digests of files, kept in one SQLite file below `HF_HOME`; threads may share it."""

    def __init__(self, home: Path) -> None:
        self._path = home / "freehold" / "hashes.sqlite3"
        self._lock = Lock()
        self._database: sqlite3.Connection | None = None
        self._is_usable = True
        self._new: dict[Fingerprint, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Writes what is new; a home that cannot be written to only costs the shortcut."""
        if self._new:
            self._use(self._write_new)
        if self._database is not None:
            self._database.close()
            self._database = None

    def find(self, file: Fingerprint) -> str | None:
        """The sha256 of the file, if it has not been touched since that was put."""
        row = self._use(lambda database: database.execute(_FIND, file).fetchone())
        return row[0] if row else None

    def put(self, file: Fingerprint, sha256: str) -> None:
        """Remembers the digest; see `Fingerprint.has_rested` for what may be put."""
        with self._lock:
            self._new[file] = sha256

    def _write_new(self, database: sqlite3.Connection) -> None:
        now = int(time.time())
        database.executemany(
            "INSERT OR REPLACE INTO file_digest VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*file, sha256, now) for file, sha256 in self._new.items()],
        )
        database.execute("DELETE FROM file_digest WHERE seen_at < ?", (now - _MAX_AGE_SECONDS,))

    def find_push(self, place: Sequence[str]) -> tuple[str, str] | None:
        """The manifest and the commit of the last push to the place."""
        sql = "SELECT manifest, commit_oid FROM pushed_folder WHERE target = ?"
        return self._use(lambda database: database.execute(sql, ("\n".join(place),)).fetchone())

    def put_push(self, place: Sequence[str], manifest: str, commit_oid: str) -> None:
        """Remembers what was pushed to the place, and the commit that holds it."""
        sql = "INSERT OR REPLACE INTO pushed_folder VALUES (?, ?, ?)"
        self._use(lambda db: db.execute(sql, ("\n".join(place), manifest, commit_oid)))

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` returns, its changes committed; None when the database is of no use."""
        with self._lock:
            try:
                if not self._is_usable:
                    return None
                self._database = self._database or self._open()
                with self._database:
                    return work(self._database)
            except (OSError, sqlite3.Error) as error:
                logger.debug("The cache of file digests cannot be used: %s", error)
                self._is_usable = False
                return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # The lock makes sure that threads take turns.
        database = sqlite3.connect(self._path, timeout=2, check_same_thread=False)
        database.executescript(_TABLES)
        return database
