"""Every setting of the hub, in one table that the command line, the docs and the tests read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_network
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from freehold.errors import FreeholdError

MIB = 1024 * 1024
GIB = 1024 * MIB

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.IGNORECASE)


class ConfigError(FreeholdError):
    """A setting has a value that the hub cannot use."""


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _positive_number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not isfinite(seconds) or seconds <= 0:
        raise ValueError("must be over 0")
    return seconds


def _targets(text: str) -> str:
    words = text.replace(",", " ").split()
    if not words:
        raise ValueError("must be public, any, or a list of hosts and networks")
    for word in words:
        if not _HOST.fullmatch(word):
            ip_network(word, strict=False)
    return ",".join(words)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError("must be between 0 and 65535")
    return number


def _switch(text: str) -> bool:
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError("must be true or false")


def _sign_up(text: str) -> str:
    if text not in {"open", "invitation", "closed"}:
        raise ValueError("must be open, invitation or closed")
    return text


def _origin(text: str) -> str:
    """A bare `scheme://host[:port]`: clients count the path segments of the URLs they are given."""
    if not text:
        return ""
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        raise ValueError("must look like https://hub.example.org, without a path")
    return text.rstrip("/")


@dataclass(frozen=True)
class Setting:
    """One setting: its name, how its text is read, its default as text, and what it does."""

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str

    @property
    def flag(self) -> str:
        """The command line option, such as `--database-url`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable, such as `FREEHOLD_DATABASE_URL`."""
        return "FREEHOLD_" + self.name.upper()


SETTINGS = (
    Setting("host", str, "127.0.0.1", "The address to listen on."),
    Setting("port", _port, "8080", "The port to listen on; 0 lets the system choose one."),
    Setting("data", Path, "data", "The folder of the database, the objects and the caches."),
    Setting(
        "database_url",
        str,
        "",
        "Where the truth lives: `postgresql+psycopg://user@host/name`, or a SQLite file in the "
        "data folder when empty.",
    ),
    Setting(
        "object_store",
        str,
        "",
        "Where packs and large files live: a folder, or `s3://bucket/prefix?region=…&endpoint=…`; "
        "a folder in the data folder when empty.",
    ),
    Setting(
        "public_url",
        _origin,
        "",
        "The origin that people use, such as `https://hub.example.org`; the `Host` header of "
        "each request when empty.",
    ),
    Setting(
        "sign_up",
        _sign_up,
        "closed",
        "Who may make an account in the browser: anybody (`open`), who was invited "
        "(`invitation`), or nobody (`closed`).",
    ),
    Setting("workers", _positive_number, "1", "The number of server processes."),
    Setting(
        "threads",
        _positive_number,
        "8",
        "The number of worker threads of each process, for short jobs and again for moving bytes.",
    ),
    Setting(
        "own_processor",
        _switch,
        "true",
        "Keep the event loop and the short jobs of a process on one processor.",
    ),
    Setting(
        "redirect_downloads",
        _switch,
        "false",
        "Send clients to presigned URLs of the object store for large files, where it has them.",
    ),
    Setting(
        "inline_limit",
        _whole_number,
        str(10 * MIB),
        "The largest file, in bytes, that is kept in git itself; larger ones go through LFS.",
    ),
    Setting(
        "commit_limit",
        _whole_number,
        str(2 * GIB),
        "The largest body, in bytes, of one commit; large files are not part of it.",
    ),
    Setting(
        "push_limit",
        _whole_number,
        str(8 * GIB),
        "The largest pack, in bytes, of one `git push`; large files are not part of it.",
    ),
    Setting(
        "git_programs",
        _positive_number,
        "16",
        "The number of `git` programs that each process runs at once; other clients wait.",
    ),
    Setting(
        "object_limit",
        _whole_number,
        str(500 * GIB),
        "The largest single file, in bytes.",
    ),
    Setting(
        "multipart_threshold",
        _positive_number,
        str(4 * GIB),
        "Files over this size, in bytes, are sent in parts by clients that can.",
    ),
    Setting(
        "part_size",
        _positive_number,
        str(256 * MIB),
        "The size of a part, in bytes; larger for files that would need over 10,000 parts.",
    ),
    Setting(
        "upload_seconds",
        _positive_number,
        "86400",
        "How long an upload URL is valid, in seconds.",
    ),
    Setting(
        "grace_seconds",
        _whole_number,
        "86400",
        "How long, in seconds, bytes that nothing names any more are kept.",
    ),
    Setting(
        "jobs_seconds",
        _positive_number,
        "60",
        "The pause between rounds of background work, in seconds.",
    ),
    Setting(
        "xet_ingest",
        _switch,
        "false",
        "Turn large files that were sent whole into chunks, in the background.",
    ),
    Setting(
        "compact_packs",
        _positive_number,
        "50",
        "A repository with more packs than this is compacted in the background.",
    ),
    Setting(
        "stop_seconds",
        _positive_number,
        "30",
        "How long, in seconds, running requests may take to finish when the hub stops.",
    ),
    Setting(
        "webhook_targets",
        _targets,
        "public",
        "Where webhooks may lead: `public` addresses, `any`, or a list of hosts, addresses and "
        "networks that may have `public` in it, such as `public,ci.internal,10.1.0.0/16`.",
    ),
    Setting(
        "webhook_seconds",
        _seconds,
        "10",
        "How long, in seconds, the receiver of a webhook may take to answer.",
    ),
    Setting(
        "webhook_retry_seconds",
        _seconds,
        "5",
        "The pause, in seconds, after a failed delivery; it doubles with each one, up to an hour.",
    ),
    Setting(
        "webhook_give_up_seconds",
        _seconds,
        "86400",
        "How long, in seconds, a delivery to a webhook is tried again.",
    ),
)


@dataclass(frozen=True)
class Config:
    """The settings of one hub, with the names and units of `SETTINGS`."""

    host: str
    port: int
    data: Path
    database_url: str
    object_store: str
    public_url: str
    sign_up: str
    workers: int
    threads: int
    own_processor: bool
    redirect_downloads: bool
    inline_limit: int
    commit_limit: int
    push_limit: int
    git_programs: int
    object_limit: int
    multipart_threshold: int
    part_size: int
    upload_seconds: int
    grace_seconds: int
    jobs_seconds: int
    xet_ingest: bool
    compact_packs: int
    stop_seconds: int
    webhook_targets: str
    webhook_seconds: float
    webhook_retry_seconds: float
    webhook_give_up_seconds: float

    @classmethod
    def load(cls, *, environ: Mapping[str, str] | None = None, **given: object) -> Config:
        """The settings from `given`, else from the environment, else their defaults.

        Raises `ConfigError` for a value that cannot be used and `TypeError` for an unknown name.
        """
        environ = os.environ if environ is None else environ
        unknown = given.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise TypeError(f"unknown settings: {', '.join(sorted(unknown))}")
        return cls(**{s.name: _value(s, given.get(s.name), environ) for s in SETTINGS})

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the SQLite file of the data folder as the default."""
        return self.database_url or f"sqlite:///{(self.data / 'freehold.sqlite').absolute()}"

    @property
    def temporary_folder(self) -> Path:
        """Where the hub keeps what it needs for one request or job."""
        return self.data / "tmp"


def _value(setting: Setting, given: object, environ: Mapping[str, str]) -> Any:
    text = environ.get(setting.variable, setting.default) if given is None else str(given)
    try:
        return setting.parse(text)
    except ValueError as error:
        raise ConfigError(f"{setting.flag} ({setting.variable}): {text!r}: {error}") from error
