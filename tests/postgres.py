"""A private PostgreSQL cluster for one test run."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from tests.processes import ProcessFailedError, WatchedProcess

OLDEST_VERSION = 15


class PostgresMissingError(Exception):
    """No PostgreSQL server programs of a supported version are installed."""


class Cluster:
    """A PostgreSQL server on 127.0.0.1 with an empty data folder of its own.

    It trusts every local connection. Text is sorted by the rules of a language (ICU), as on most
    machines of users, so that SQL which relies on the byte order of SQLite is found out.
    """

    def __init__(self, *, durable: bool = False, **settings: str) -> None:
        """Make and start it; `durable` flushes to disk, for tests that pull the plug."""
        self._more_settings = settings
        self._programs = find_programs()
        self._user = unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="freehold-postgres-"))
        self._durable = durable
        try:
            self._create()
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _create(self) -> None:
        if self._user:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        options = ["--no-sync", "--auth=trust", "--username=freehold", "--encoding=UTF8"]
        collation = ["--locale=C", "--locale-provider=icu", "--icu-locale=und"]
        command = [str(self._programs / "initdb"), f"--pgdata={self._data}", *options, *collation]
        made = subprocess.run(
            ["setpriv", *self._identity(), "--", *command],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise ProcessFailedError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _start(self) -> WatchedProcess:
        """Start the server; PostgreSQL cannot ask for any free port, so a lost race is retried."""
        for _ in range(5):
            self.port = free_port()
            process = self._launch()
            try:
                process.wait_for_line("ready to accept connections")
            except ProcessFailedError:
                if "Address already in use" not in process.output():
                    raise
            else:
                return process
        raise ProcessFailedError("found no free port for PostgreSQL")

    def _launch(self) -> WatchedProcess:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 300,
            "fsync": self._durable,
            "full_page_writes": self._durable,
            "synchronous_commit": self._durable,
            **self._more_settings,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *options]
        return WatchedProcess(command, user=self._identity(), orphan_signal="QUIT")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _identity(self) -> list[str]:
        if not self._user:
            return []
        user = self._user
        return [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def stop(self) -> None:
        """End the server, whoever is connected, and delete its data."""
        self._process.stop(with_signal=signal.SIGINT)
        shutil.rmtree(self._folder)

    def kill(self) -> None:
        """End the server at once, as a power cut would; the data stays for `restart`."""
        self._process.kill()

    def restart(self) -> None:
        """Start the server again after `kill`, on the same data and another port."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._process = self._start()


def create_database(port: int, name: str) -> str:
    """Create an empty database on the cluster at `port` and return its SQLAlchemy URL."""
    address = f"host=127.0.0.1 port={port} user=freehold dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"postgresql+psycopg://freehold@127.0.0.1:{port}/{name}"


def find_programs() -> Path:
    """Return the folder of the newest PostgreSQL server programs."""
    versions = {version_of(folder): folder for folder in candidates()}
    newest = max(versions, default=0)
    if newest < OLDEST_VERSION:
        message = f"the tests need PostgreSQL {OLDEST_VERSION} or newer: apt-get install postgresql"
        raise PostgresMissingError(message)
    return versions[newest]


def candidates() -> list[Path]:
    """Return the folders that hold a PostgreSQL server; on Debian none of them is on the PATH."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if shutil.which("pg_config"):
        asked = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=True
        )
        folders.append(Path(asked.stdout.strip()))
    return [folder for folder in folders if (folder / "initdb").exists()]


def version_of(folder: Path) -> int:
    """Return the major version of the server in `folder`."""
    command = [str(folder / "postgres"), "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(printed.split()[2].split(".")[0])


def unprivileged_user() -> pwd.struct_passwd | None:
    """Return whom to run as when we are root, which PostgreSQL refuses; else None."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
