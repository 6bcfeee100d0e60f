"""Running the hub: one process or several, until a signal asks it to stop."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import tempfile
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from freehold.server.config import SETTINGS, Config, ConfigError
from freehold.server.core import tokens, users
from freehold.server.http.transport import HttpProtocol
from freehold.server.hub import Hub, open_hub, use_data_folder

ADMIN = "admin"
ADMIN_FILE = "admin-token"

# Longer than the pools of the usual clients keep a connection, so that they end it, not we.
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


def run_hub(config: Config) -> None:
    """Serves until SIGTERM or SIGINT; running requests finish first."""
    hub = open_hub(config)
    use_data_folder(config)
    welcome = make_first_admin(hub)
    listener = _listen(config)
    address = config.public_url or _address(config, listener)
    if welcome:
        welcome.append(f"Sign in at {address}/login with that name, and the token as password")
    if config.workers == 1:
        _run_alone(config, hub, listener, [f"Freehold is ready at {address}", *welcome])
    else:
        hub.close()
        _say([f"Freehold is ready at {address}", *welcome])
        _run_workers(config, listener)


def make_first_admin(hub: Hub) -> list[str]:
    """On the very first start an admin and a token, also saved in the data folder; else nothing.

    The lines to show to whoever started the hub. A hub where the name is taken, by an account or
    by another process that was faster, gets no admin here.
    """
    token = tokens.make_secret()
    path = hub.config.data / ADMIN_FILE
    draft = _write_secret(path, f"{ADMIN}\n{token}\n")
    try:
        if not users.create_first_admin(hub, ADMIN, token):
            return []
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return [f"Admin: {ADMIN}", f"Token: {token}", f"Both are saved in {path}"]


def _write_secret(path: Path, text: str) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    mode = stat.S_IRUSR | stat.S_IWUSR
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    return draft


def _listen(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"Cannot listen on {config.host}:{config.port}: {error}") from error
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def _address(config: Config, listener: socket.socket) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _say(lines: list[str]) -> None:
    for line in lines:
        print(line, flush=True)


class _Server(uvicorn.Server):
    """Tells when it is ready to answer."""

    def __init__(self, config: uvicorn.Config, lines: list[str]) -> None:
        super().__init__(config)
        self._lines = lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _say(self._lines)


def _run_alone(config: Config, hub: Hub, listener: socket.socket, lines: list[str]) -> None:
    from freehold.server.app import create_app
    from freehold.server.http.log import set_up_logging

    set_up_logging()
    server = _Server(_make_server_config(create_app(hub), config), lines)
    server.run(sockets=[listener])


def _run_workers(config: Config, listener: socket.socket) -> None:
    # The processes are started afresh and read their settings from the environment.
    for setting in SETTINGS:
        os.environ[setting.variable] = str(getattr(config, setting.name))
    with tempfile.TemporaryDirectory(prefix="freehold-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        server_config = _make_server_config("freehold.server.app:load_app", config)
        server_config.workers = config.workers
        Multiprocess(server_config, sockets=[listener]).run()


def _make_server_config(app: object, config: Config) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=isinstance(app, str),
        loop="uvloop",
        http=HttpProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=config.stop_seconds,
    )
