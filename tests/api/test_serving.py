"""The server as a program: starting, stopping, several processes, its log and its commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2
import pytest

from freehold.server.serving import ADMIN_FILE
from tests.browsing import Visitor
from tests.conftest import BACKENDS, NewHub
from tests.live import READY, LiveHub
from tests.processes import WatchedProcess
from tests.repos import file, new_repo, sha256

TOKEN_LINE = re.compile(r"^Token: (hf_[A-Za-z0-9]{34})$", re.MULTILINE)

# The supervisor of several processes ends by itself, a single one by the signal that it was sent.
STOPPED = (0, -signal.SIGTERM)

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def freehold(tmp_path: Path) -> Command:
    """Run the real command, with an environment that names no settings but the given ones."""

    def run(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FREEHOLD_")}
        return subprocess.run(
            [sys.executable, "-m", "freehold", *map(str, arguments)],
            cwd=tmp_path,
            env=kept | environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    return run


def log_lines(hub: LiveHub) -> list[dict[str, Any]]:
    """The structured lines of the log."""
    return [json.loads(line) for line in hub.log().splitlines() if line.startswith("{")]


def logged_request(hub: LiveHub, request_id: str) -> dict[str, Any]:
    """The one line about a request; stopping the hub first makes sure that it is written."""
    [line] = [line for line in log_lines(hub) if line.get("request_id") == request_id]
    return line


# Stopping and starting


@contextmanager
def begun_request(hub: LiveHub, head: str, first: bytes) -> Iterator[socket.socket]:
    """A connection on which the head of a request and some of its body were sent."""
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head.encode() + first)
        yield connection


def wait_until_refused(hub: LiveHub) -> None:
    """Return when the hub takes no new connection, which is how a stop begins."""
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    while True:
        try:
            socket.create_connection(address, timeout=10).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            # The hub stopped listening while this connection waited to be taken.
            continue


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while block := connection.recv(65536):
        received += block
    return received


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stop_waits_for_a_slow_upload(fresh_hub: NewHub, backend: str) -> None:
    """What was half sent when SIGTERM came is answered, and there after a restart."""
    hub = fresh_hub(backend)
    repo = new_repo(hub, hub.user())
    data = os.urandom(200_000)
    target = repo.upload_href(data).removeprefix(hub.url)
    head = (
        f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(data)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    with begun_request(hub, head, b"") as connection:
        # The server asks for the body once the upload has begun: nothing else says so.
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(data[:100_000])
        hub.process.send_signal(signal.SIGTERM)
        wait_until_refused(hub)
        connection.sendall(data[100_000:])
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    assert hub.stop() in STOPPED
    hub.start()
    stored = repo.batch("upload", (sha256(data), len(data))).json()["objects"]
    assert stored == [{"oid": sha256(data), "size": len(data)}]


def test_a_stop_does_not_wait_for_ever(fresh_hub: NewHub) -> None:
    hub = fresh_hub(stop_seconds=1)
    repo = new_repo(hub, hub.user())
    data = os.urandom(1000)
    target = repo.upload_href(data).removeprefix(hub.url)
    head = (
        f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    with begun_request(hub, head, b"") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        assert hub.stop() in STOPPED
    hub.start()
    assert "actions" in repo.batch("upload", (sha256(data), 1000)).json()["objects"][0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("ending", ("stop", "kill"))
def test_a_restart_keeps_everything(fresh_hub: NewHub, backend: str, ending: str) -> None:
    hub = fresh_hub(backend)
    user = hub.user()
    repo = new_repo(hub, user, file("a.txt", "x"))
    data = os.urandom(5000)
    repo.commit_lfs("w.bin", data)
    repo.post("/tag/main", {"tag": "v1", "message": "m"})
    late = os.urandom(100)
    href = repo.upload_href(late)
    calls = ("", "/refs", "/commits/main", "/tree/main?recursive=1&expand=1")
    before = [repo.get(path).json() for path in calls]
    getattr(hub, ending)()
    hub.start()
    assert [repo.get(path).json() for path in calls] == before
    assert repo.resolve("w.bin", "v1").content == data
    assert hub.call("PUT", href, content=late).status_code == 200


def test_the_cache_may_vanish_between_two_starts(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    repo = new_repo(hub, hub.user(), file("a.txt", "x"))
    hub.stop()
    shutil.rmtree(hub.data / "cache")
    hub.start()
    assert repo.resolve("a.txt").text == "x"
    assert repo.commit(file("b.txt", "y"))


# The first start


def test_the_first_start_makes_an_admin_and_says_so_once(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    hub.call("GET", "/health")
    path = hub.data / ADMIN_FILE
    name, token = path.read_text().splitlines()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    who = hub.call("GET", "/api/whoami-v2", token=token).json()
    assert (who["name"], who["isAdmin"], who["auth"]["accessToken"]["role"]) == (
        name,
        True,
        "write",
    )
    hub.restart()
    hub.call("GET", "/health")
    hub.stop()
    assert TOKEN_LINE.findall(hub.log()) == [token]
    assert hub.log().count(token) == 1
    assert hub.log().count(f"Sign in at {hub.url}/login with that name") == 1
    assert path.read_text().splitlines() == [name, token]


def serve(data: Path, database_url: str) -> WatchedProcess:
    """Start a server without waiting for it."""
    options = {"data": data, "database-url": database_url, "host": "127.0.0.1", "port": 0}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FREEHOLD_")}
    return WatchedProcess(
        [
            sys.executable,
            "-m",
            "freehold",
            "serve",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        environ=kept | {"PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_servers_started_at_the_same_moment_both_come_up(
    tmp_path: Path, new_database: Callable[[str], str], backend: str
) -> None:
    """One of them brings the schema forward and makes the admin; the others find it done."""
    database_url = new_database(backend)
    servers = [serve(tmp_path / "data", database_url) for _ in range(3)]
    try:
        for server in servers:
            url = server.wait_for_line(READY).partition(READY)[2].strip()
            with httpx2.Client(trust_env=False, timeout=60) as client:
                assert client.get(f"{url}/health").status_code == 200
    finally:
        for server in servers:
            server.kill()
    outputs = "".join(server.output() for server in servers)
    assert len(TOKEN_LINE.findall(outputs)) == 1


# Several processes


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_workers_serve_one_hub(fresh_hub: NewHub, backend: str) -> None:
    hub = fresh_hub(backend, workers=2)
    repo = new_repo(hub, hub.user(), file("a.txt", "x"))
    for number in range(20):
        oid = repo.commit(file("a.txt", str(number)))
        with httpx2.Client(trust_env=False, timeout=60, base_url=hub.url) as client:
            answer = client.get(f"{repo.page}/resolve/main/a.txt")
        assert (answer.text, answer.headers["x-repo-commit"]) == (str(number), oid)
    assert hub.stop() in STOPPED


def test_the_metrics_of_all_workers_add_up(fresh_hub: NewHub) -> None:
    hub = fresh_hub(workers=2)
    for _ in range(40):
        with httpx2.Client(trust_env=False, timeout=60, base_url=hub.url) as client:
            assert client.get("/health").status_code == 200
    texts = []
    for _ in range(10):
        with httpx2.Client(trust_env=False, timeout=60, base_url=hub.url) as client:
            texts.append(client.get("/metrics").text)
    counted = 'freehold_requests_total{method="GET",route="health",status="200"} 40.0'
    assert all(counted in text for text in texts)


def test_a_write_that_waits_stops_nobody_else(fresh_hub: NewHub) -> None:
    """No handler blocks the loop: with the database locked, what needs no lock is answered."""
    hub = fresh_hub()
    repo = new_repo(hub, hub.user(), file("a.txt", "x"))
    with ThreadPoolExecutor(4) as pool:
        with hub.inside.db.write():
            waiting = [pool.submit(repo.commit, file(f"{n}.txt", "x")) for n in range(4)]
            assert hub.call("GET", "/health").status_code == 200
            assert repo.resolve("a.txt").text == "x"
            assert repo.get("/tree/main").status_code == 200
            assert not any(commit.done() for commit in waiting)
        assert len({commit.result() for commit in waiting}) == 4


# The log


def test_a_request_is_logged_with_the_id_that_the_client_saw(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    repo = new_repo(hub, hub.user(), file("a b.txt", "hello"))
    answer = repo.resolve("a%20b.txt", headers={"x-amzn-trace-id": "trace-7"})
    request_id = answer.headers["x-request-id"]
    assert request_id.endswith(";trace-7")
    hub.stop()
    line = logged_request(hub, request_id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line.pop("ms") > 0
    assert line == {
        "level": "info",
        "logger": "freehold.access",
        "message": "request",
        "request_id": request_id,
        "method": "GET",
        "path": f"{repo.page}/resolve/main/a%20b.txt",
        "route": "resolve",
        "status": 200,
        "received": 0,
        "sent": 5,
    }


def test_the_log_holds_no_secret(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    user = hub.user()
    repo = new_repo(hub, user)
    data = os.urandom(100)
    href = repo.upload_href(data)
    hub.call("PUT", href, content=data)
    hub.call("GET", href)
    hub.call("GET", f"/api/models?token={user.token}")
    hub.call("GET", "/api/whoami-v2", token=user.token)
    hub.call("POST", "/api/repos/create", token=user.token, content=b"{")
    hub.stop()
    signature = href.rpartition("sig=")[2]
    assert len(log_lines(hub)) >= 7
    assert user.token not in hub.log()
    assert signature not in hub.log()


def test_the_log_of_a_refusal_tells_its_status_and_route(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    ids = {
        (status, route): hub.call(method, path).headers["x-request-id"]
        for status, route, method, path in (
            (404, "none", "GET", "/nowhere/to/be/found"),
            (405, "none", "DELETE", "/health"),
            (401, "repo_info", "GET", "/api/models/no/body"),
            (200, "health", "HEAD", "/health"),
        )
    }
    hub.stop()
    for (status, route), request_id in ids.items():
        line = logged_request(hub, request_id)
        assert (line["status"], line["route"]) == (status, route)


def test_a_small_answer_is_one_write(hub: LiveHub) -> None:
    """A header and a body in two small writes would cost 40 ms a call on a real network."""
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=60) as connection:
        for _ in range(20):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b'{"status":"ok"}')


# Commands


def test_admin_makes_accounts_tokens_and_organisations(
    freehold: Command, fresh_hub: NewHub
) -> None:
    hub = fresh_hub()
    data = f"--data={hub.data}"
    name, org = "_imported.user_", "_org_"
    value = "abcdefghij0123456789"
    for arguments in (
        ("user", "create", name, "--email=x@example.org", "--password=long enough", "--admin"),
        ("token", "create", name, "--name=t", "--role=write", f"--value={value}"),
        ("org", "create", org, f"--owner={name}"),
    ):
        done = freehold("admin", *arguments, data)
        assert done.returncode == 0, done.stderr
    freehold("admin", "user", "create", "reader", "--email=y@example.org", data)
    assert freehold("admin", "org", "member", org, "reader", "--role=read", data).returncode == 0
    who = hub.call("GET", "/api/whoami-v2", token=value).json()
    assert (who["name"], who["isAdmin"], who["email"]) == (name, True, "x@example.org")
    assert [(o["name"], o["roleInOrg"]) for o in who["orgs"]] == [(org, "admin")]
    body = {"name": "demo", "organization": org}
    created = hub.call("POST", "/api/repos/create", token=value, json=body)
    assert created.json()["name"] == f"{org}/demo"
    secret = freehold("admin", "token", "create", "reader", "--name=r", "--role=read", data)
    reader = hub.call("GET", "/api/whoami-v2", token=secret.stdout.strip()).json()
    assert [(o["name"], o["roleInOrg"]) for o in reader["orgs"]] == [(org, "read")]


def test_admin_gives_passwords_and_invites(freehold: Command, fresh_hub: NewHub) -> None:
    hub = fresh_hub(sign_up="invitation")
    data = f"--data={hub.data}"
    freehold("admin", "user", "create", "ann", "--email=x@example.org", data)
    words = ("admin", "user", "set-password", "ann", data)
    assert freehold(*words, "--password=long enough").returncode == 0
    visitor = Visitor(hub)
    fields = {"username": "ann", "password": "long enough"}
    assert visitor.fill_in("/login", "/login", **fields).status == 303
    assert freehold(*words, "--password=another one").returncode == 0
    assert visitor.look("/settings").status == 303, "the session has ended"
    # Without an option, the password is the first line of the input, here an empty one.
    assert "at least 8" in freehold(*words).stderr
    assert freehold("admin", "user", "set-password", "bob", data).returncode == 1
    invited = freehold("admin", "invite", "--note=Kim", "--public-url=https://hub.example", data)
    link = invited.stdout.strip()
    assert link.startswith("https://hub.example/join?invitation=")
    assert Visitor(hub).look(link.removeprefix("https://hub.example")).status == 200


def test_admin_takes_token_values_of_any_shape(freehold: Command, fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    data = f"--data={hub.data}"
    freehold("admin", "user", "create", "ann", "--email=x@example.org", data)
    for number, value in enumerate(
        ("x" * 20, "--starts-with-dashes", "hf_" + "0" * 34, "a=b&c%20d/e?f#g\"h'i$")
    ):
        options = (f"--name=t{number}", "--role=write", f"--value={value}", data)
        done = freehold("admin", "token", "create", "ann", *options)
        assert (done.returncode, done.stdout.strip()) == (0, value), done.stderr
        who = hub.call("GET", "/api/whoami-v2", token=value).json()
        assert who["name"] == "ann"


def test_admin_refuses_duplicates_and_nonsense_with_one_line(
    freehold: Command, tmp_path: Path
) -> None:
    data = f"--data={tmp_path / 'hub'}"
    value = "--value=abcdefghij0123456789"
    user = ("user", "create", "ann", "--email=x@example.org")
    token = ("token", "create", "ann", "--name=t", "--role=read", value)
    org = ("org", "create", "things", "--owner=ann")
    for arguments in (user, token, org):
        assert freehold("admin", *arguments, data).returncode == 0
    for arguments in (
        user,
        ("user", "create", "ANN", "--email=x@example.org"),
        ("user", "create", "api", "--email=x@example.org"),
        ("user", "create", "bob", "--email=x@example.org", "--password=short"),
        token,
        ("token", "create", "ann", "--name=other", "--role=read", value),
        ("token", "create", "nobody", "--name=t", "--role=read"),
        org,
        ("org", "member", "things", "nobody", "--role=read"),
    ):
        done = freehold("admin", *arguments, data)
        assert done.returncode == (3 if "nobody" in arguments else 1), arguments
        assert done.stdout == ""
        assert re.fullmatch(r"freehold: .+\n", done.stderr), done.stderr


# Settings


def test_settings_come_from_flags_before_the_environment(tmp_path: Path) -> None:
    environ = {"FREEHOLD_INLINE_LIMIT": "100", "FREEHOLD_PART_SIZE": "5"}
    with LiveHub(tmp_path / "hub", environ=environ, inline_limit=200) as hub:
        repo = new_repo(hub, hub.user())
        assert repo.send_commit(file("a", b"x" * 200)).status_code == 200
        assert repo.send_commit(file("b", b"x" * 201)).status_code == 413
    with LiveHub(tmp_path / "other", environ=environ) as hub:
        repo = new_repo(hub, hub.user())
        assert repo.send_commit(file("a", b"x" * 101)).status_code == 413


def assert_one_line(done: subprocess.CompletedProcess[str], part: str) -> None:
    assert done.returncode == 1, done.stderr
    assert re.fullmatch(r"freehold: .+\n", done.stderr), done.stderr
    assert part in done.stderr


@pytest.mark.parametrize(
    ("option", "part"),
    (
        ("--port=70000", "--port (FREEHOLD_PORT): '70000'"),
        ("--port=http", "--port"),
        ("--workers=0", "must be at least 1"),
        ("--inline-limit=-1", "must not be negative"),
        ("--redirect-downloads=maybe", "must be true or false"),
        ("--public-url=hub.example.org", "must look like https://hub.example.org"),
        ("--public-url=https://hub.example.org/path", "without a path"),
        ("--database-url=nonsense", "--database-url"),
        ("--database-url=oracle://x/y", "oracle"),
        ("--database-url=postgresql+psycopg://x@127.0.0.1:1/y", "127.0.0.1"),
        ("--object-store=ftp://bucket", "ftp"),
        ("--host=no.such.host.invalid", "no.such.host.invalid"),
    ),
)
def test_a_bad_setting_is_one_clear_line(
    freehold: Command, tmp_path: Path, option: str, part: str
) -> None:
    assert_one_line(freehold("serve", f"--data={tmp_path / 'hub'}", "--port=0", option), part)


def test_a_bad_setting_of_the_environment_is_one_clear_line(
    freehold: Command, tmp_path: Path
) -> None:
    done = freehold("serve", f"--data={tmp_path / 'hub'}", FREEHOLD_WORKERS="many")
    assert_one_line(done, "--workers (FREEHOLD_WORKERS): 'many'")


def test_a_data_folder_that_cannot_be_one_is_one_clear_line(
    freehold: Command, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    done = freehold("serve", f"--data={tmp_path / 'taken'}", "--port=0")
    assert_one_line(done, "taken")


def test_a_port_in_use_is_one_clear_line(freehold: Command, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = freehold("serve", f"--data={tmp_path / 'hub'}", f"--port={port}")
    assert_one_line(done, str(port))


def test_a_wrong_command_says_where_it_is_explained(freehold: Command) -> None:
    for arguments in ((), ("nonsense",), ("admin",), ("admin", "user"), ("serve", "--nonsense")):
        done = freehold(*arguments)
        assert done.returncode == 2
        assert re.fullmatch(r"freehold: .+ \(see `freehold.* --help`\)\n", done.stderr)


def test_the_version_is_that_of_the_package(freehold: Command) -> None:
    assert freehold("--version").stdout == f"freehold {version('freehold')}\n"


def test_a_name_that_the_first_admin_would_need_may_be_taken(
    freehold: Command, tmp_path: Path
) -> None:
    """Somebody made a plain user called admin before the first start: the hub starts anyway."""
    data = tmp_path / "hub"
    freehold("admin", "user", "create", "admin", "--email=x@example.org", f"--data={data}")
    server = serve(data, "")
    try:
        assert server.wait_for_line(READY)
    finally:
        server.kill()


# Hostile connections


def test_a_head_without_end_is_refused_and_the_hub_goes_on(hub: LiveHub) -> None:
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    for start in (b"GET /health HTTP/1.1\r\nx: ", b"GET /"):
        with socket.create_connection(address, timeout=60) as connection:
            answer = b""
            try:
                connection.sendall(start)
                for _ in range(64):
                    connection.sendall(b"a" * 65536)
                answer = connection.recv(100)
            except ConnectionError:
                pass  # closed while we were still sending
            assert answer == b"" or answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert hub.call("GET", "/health").status_code == 200


def test_a_head_in_small_pieces_is_still_a_request(hub: LiveHub) -> None:
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=60) as connection:
        for piece in (b"GET /hea", b"lth HT", b"TP/1.1\r\nHost", b": x\r\n", b"\r\n"):
            connection.sendall(piece)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
