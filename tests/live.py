"""A real Freehold server in a process of its own, with accounts made on demand."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx2

from freehold.server.config import Config
from freehold.server.core import orgs, tokens, users
from freehold.server.hub import Hub, open_hub
from tests.processes import WatchedProcess

READY = "Freehold is ready at "


@dataclass(frozen=True)
class Account:
    """A user of a hub and a token that may do all that the user may."""

    name: str
    token: str


class LiveHub:
    """One server on one data folder; `start` it, or use it in a `with` statement.

    The address stays the same over restarts. `settings` are the names of
    `freehold.server.config.SETTINGS`, and `environ` is added to the environment.
    """

    def __init__(
        self,
        data: Path,
        database_url: str = "",
        *,
        environ: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.data = data
        self.database_url = database_url
        self._settings = {"host": "127.0.0.1", "port": 0, "workers": 1, **settings}
        self._environ = dict(environ or {})
        self._earlier_output = ""
        self._process: WatchedProcess | None = None
        self._client: httpx2.Client | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # The process

    def start(self) -> None:
        """Start the server and return when it answers; raises `ProcessFailedError` with its log."""
        assert self._process is None, "it is running already"
        process = WatchedProcess(self._command(), environ=self._process_environ())
        line = process.wait_for_line(READY)
        self._process = process
        assert line.startswith(READY), line
        self.url = line.partition(READY)[2].strip().rstrip("/")
        self._settings["port"] = int(self.url.rpartition(":")[2])
        # A proxy of the machine must not come between the tests and their server.
        self._client = httpx2.Client(follow_redirects=False, trust_env=False, timeout=60)

    def _command(self) -> list[str]:
        settings = {"data": self.data, "database_url": self.database_url, **self._settings}
        options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        return [sys.executable, "-m", "freehold", "serve", *options]

    def _process_environ(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("FREEHOLD_")}
        return kept | {"PYTHONUNBUFFERED": "1"} | self._environ

    @property
    def process(self) -> subprocess.Popen[str]:
        """The running server."""
        assert self._process is not None, "it is not running"
        return self._process.popen

    def stop(self) -> int:
        """Ask the server to end with SIGTERM, wait, and return its exit status."""
        process = self._let_go()
        try:
            return process.stop(with_signal=signal.SIGTERM)
        finally:
            self._earlier_output += process.output()

    def kill(self) -> None:
        """End the server and all that it started at once, as a power cut would."""
        process = self._let_go()
        process.kill()
        self._earlier_output += process.output()

    def _let_go(self) -> WatchedProcess:
        assert self._process is not None and self._client is not None, "it is not running"
        process, self._process = self._process, None
        self._client.close()
        self._client = None
        return process

    def restart(self) -> None:
        """Stop the server and start it again at the same address."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server if it runs, and let go of the data."""
        if self._process is not None:
            self.stop()
        if opened := self.__dict__.pop("inside", None):
            opened.close()

    def log(self) -> str:
        """Return what the server has printed since the first start."""
        return self._earlier_output + (self._process.output() if self._process else "")

    # Requests

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Send one request and return the answer, whatever its status; redirects are not followed.

        `path` is sent as it is written, percent escapes included; a full URL works as well.
        """
        assert self._client is not None, "it is not running"
        url = path if path.startswith("http") else self.url + path
        own = {"authorization": f"Bearer {token}"} if token else {}
        # One call must not bring along the cookies that another was given.
        self._client.cookies.clear()
        return self._client.request(
            method, url, headers={**own, **(headers or {})}, json=json, content=content
        )

    # Accounts, made beside the running server because HTTP would be slower

    @cached_property
    def inside(self) -> Hub:
        """The same data, opened in this process."""
        given = {**self._settings, "data": self.data, "database_url": self.database_url}
        return open_hub(Config.load(environ=self._environ, **given))

    def user(self, name: str | None = None, *, admin: bool = False) -> Account:
        """Create a user, with a name nobody has unless one is given, and a token that may write."""
        name = name or fresh_name("user")
        users.create_user(self.inside, name, email=f"{name}@example.org", is_admin=admin)
        return Account(name, self.token(name))

    def token(self, user: Account | str, role: Literal["write", "read"] = "write") -> str:
        """Create one more token of `user` and return its secret."""
        owner = name_of(user)
        return tokens.create_token(self.inside, owner, name=fresh_name("token"), role=role)

    def org(
        self,
        name: str | None = None,
        *,
        owner: Account | str,
        members: Mapping[str, str] | None = None,
    ) -> str:
        """Create an organisation, with `members` as user name to role, and return its name."""
        name = name or fresh_name("org")
        orgs.create_org(self.inside, name, owner=name_of(owner))
        for member, role in (members or {}).items():
            orgs.set_member(self.inside, name, member, role)
        return name


def fresh_name(kind: str) -> str:
    """Return a name that nothing else has: `kind` and some random digits."""
    return f"{kind}-{secrets.token_hex(5)}"


def name_of(user: Account | str) -> str:
    """Return the user name of an account, or the name itself."""
    return user.name if isinstance(user, Account) else user


def wait_for_lock(hub: LiveHub) -> None:
    """Return when a call waits in PostgreSQL for a row that another has changed."""
    deadline = time.monotonic() + 60
    waiting = None
    while waiting is None:
        assert time.monotonic() < deadline
        with hub.inside.db.read() as tx:
            waiting = tx.one(
                "SELECT 1 FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
