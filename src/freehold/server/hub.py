"""The hub as one explicit object: everything that the core works on."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import PriorityQueue
from threading import Event
from typing import Any, NamedTuple

from freehold.formats.xet.chunk_table import ChunkTable
from freehold.server.config import Config, ConfigError
from freehold.server.db import settings
from freehold.server.db.database import Database, DatabaseError
from freehold.server.db.migrate import migrate
from freehold.server.git.memory import Memory
from freehold.server.git.store import GitStore
from freehold.server.objects.open import open_object_store
from freehold.server.objects.store import ObjectStore

# In bytes, of the chunk tables that are remembered: those of 40 GB of xorbs.
CHUNK_TABLES = 24 * 1024 * 1024

DAY_MS = 86_400_000

# Of more downloads that wait to be counted, the oldest are forgotten.
MAX_DOWNLOADS = 100_000


class NotedDownload(NamedTuple):
    """A file that was downloaded; `client` is a digest of who did and of the repository."""

    repo_id: str
    repo_type: str
    client: bytes
    path: str


@dataclass(frozen=True)
class Hub:
    """One hub: its settings, its database, its repositories, its objects and its signing key.

    `chunk_tables` are those of the xorbs that were used last. `unproven` has the files of chunks,
    as size and hash, that have just arrived, and whose sha256 is to be proven: small ones first.
    `downloads` have not been counted yet. `walks` has the key that each job has come to which looks
    at a part of everything in a round. `tag_totals` are those of each type of repository that were
    read last, and when. `stopping` is set when the process is about to end.
    """

    config: Config
    db: Database
    git: GitStore
    objects: ObjectStore
    signing_key: bytes
    chunk_tables: Memory[str, ChunkTable] = field(default_factory=lambda: Memory(CHUNK_TABLES))
    unproven: PriorityQueue[tuple[int, str]] = field(default_factory=PriorityQueue)
    downloads: deque[NotedDownload] = field(default_factory=lambda: deque(maxlen=MAX_DOWNLOADS))
    walks: dict[str, str] = field(default_factory=dict)
    tag_totals: dict[str, tuple[float, Any]] = field(default_factory=dict)
    stopping: Event = field(default_factory=Event)

    def close(self) -> None:
        """Closes the database."""
        self.db.close()


def open_hub(config: Config) -> Hub:
    """Opens the data that `config` names, makes what is missing and brings the schema forward.

    Raises `ConfigError` for what cannot be opened.
    """
    with _explained("--data"):
        config.data.mkdir(parents=True, exist_ok=True)
    with _explained("--database-url"):
        # Every thread of both kinds, and the jobs in the background.
        database = Database(config.resolved_database_url, slots=2 * config.threads + 4)
        migrate(database)
    with _explained("--object-store"):
        objects = open_object_store(config.object_store, default_root=config.data / "objects")
    return Hub(
        config=config,
        db=database,
        git=GitStore(config.data / "cache" / "git", database, objects, config.compact_packs),
        objects=objects,
        signing_key=_load_signing_key(database),
    )


def use_data_folder(config: Config) -> None:
    """Puts temporary files into the data folder: bodies may be large, and `/tmp` kept in memory."""
    config.temporary_folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(config.temporary_folder)


@contextmanager
def _explained(flag: str) -> Iterator[None]:
    """Turns what a wrong setting leads to into one line that names the setting."""
    try:
        yield
    except (OSError, ValueError, DatabaseError) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise ConfigError(f"{flag}: {reason}") from error


def _load_signing_key(database: Database) -> bytes:
    with database.write() as tx:
        text = settings.get_or_set(tx, "signing_key", secrets.token_hex(32))
    return hashlib.sha256(text.encode()).digest()


def now_ms() -> int:
    """The time in milliseconds since 1970."""
    return int(time.time() * 1000)


def today() -> int:
    """The number of this day, in UTC, since 1970."""
    return now_ms() // DAY_MS


def new_id() -> str:
    """A new id: 24 hexadecimal digits."""
    return secrets.token_hex(12)
