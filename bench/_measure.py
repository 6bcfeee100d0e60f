"""What every measurement needs: a hub to measure, clients to measure with, and a table to print."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from freehold.server.config import Config  # noqa: E402
from freehold.server.core import tokens, users  # noqa: E402
from freehold.server.hub import Hub, open_hub  # noqa: E402
from tests.compat.environments import is_ready, python_of  # noqa: E402
from tests.postgres import Cluster, create_database  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
INTRO = (
    "# Measured\n\n`make bench` runs every question and replaces its section here. Ours and what"
    " it is compared with\nare measured in turns within one run, on one machine: read the ratios,"
    " not the absolute figures.\n\n"
)

GIB = 1024**3
MIB = 1024**2

# `BENCH_SCALE=0.1` makes files smaller, to try a script; what it finds then is only printed.
SCALE = float(os.environ.get("BENCH_SCALE", "1"))


# The table


@dataclass(frozen=True)
class Row:
    """One line of a table; `met` is `None` for a figure that has no aim."""

    question: str
    ours: str
    limit: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None


def report(title: str, command: str, rows: list[Row], notes: list[str] | None = None) -> None:
    """Print the table of one question and replace its section in RESULTS.md."""
    lines = ["| question | ours | limit | ratio | aim | met |", "|---|---|---|---|---|---|"]
    words = {True: "yes", False: "**no**", None: ""}
    for row in rows:
        cells = (row.question, row.ours, row.limit, row.ratio, row.aim, words[row.met])
        lines.append(f"| {' | '.join(cells)} |")
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    head = f"`{command}`, {when}, {os.cpu_count()} cores"
    text = "\n".join([head, "", *lines, *(["", *(f"- {note}" for note in notes)] if notes else [])])
    print(f"\n## {title}\n\n{text}\n", flush=True)
    if SCALE == 1:
        _replace_section(title, text)


def _replace_section(title: str, text: str) -> None:
    old = RESULTS.read_text() if RESULTS.exists() else ""
    parts = old.split("\n## ")[1:]
    sections = {part.partition("\n")[0]: part.partition("\n")[2].strip("\n") for part in parts}
    sections[title] = text
    body = "\n\n".join(f"## {name}\n\n{sections[name]}" for name in sorted(sections, key=_number))
    RESULTS.write_text(f"{INTRO}{body}\n")


def _number(title: str) -> int:
    return int(title.partition(".")[0])


def scaled(size: int) -> int:
    """The size in bytes that a script shall use instead, in steps of 32 MiB."""
    step = 32 * MIB
    return max(round(size * SCALE / step), 1) * step


def size_text(size: int) -> str:
    """A size in GiB, or in MiB while it is smaller."""
    return f"{size / GIB:g} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"


def median(values: list[float]) -> float:
    """The middle one of the values."""
    return statistics.median(values)


def spread(values: list[float], unit: str, digits: int = 2) -> str:
    """The median and, in brackets, the least and the most."""
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} {unit} ({low:.{digits}f}-{high:.{digits}f})"


def ratios(ours: list[float], others: list[float]) -> list[float]:
    """Round by round, ours divided by the other."""
    return [mine / other for mine, other in zip(ours, others, strict=True)]


def timed(action: Callable[[], Any]) -> float:
    """How many seconds the action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


# The hub


class MeasuredHub:
    """A server process whose log goes to a file, so that reading it takes nothing from the load."""

    def __init__(self, data: Path, database_url: str = "", **settings: Any) -> None:
        self.data = data
        self.database_url = database_url
        self.settings = settings
        self.port = 0
        self.log_path = data / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.data.mkdir(parents=True, exist_ok=True)
        self.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if error is not None:
            print(self.log_path.read_text()[-4000:], file=sys.stderr)

    def start(self) -> None:
        """Start the server and return when it answers."""
        options = {
            "data": self.data,
            "port": self.port,
            "database_url": self.database_url,
            **self.settings,
        }
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        with self.log_path.open("ab") as log:
            start = log.tell()
            self._process = subprocess.Popen(
                # It ends with this script, however that ends.
                ["setpriv", "--pdeathsig=TERM", sys.executable, "-m", "freehold", "serve", *flags],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self.port = int(self._wait_for_address(start).rpartition(":")[2])

    def _wait_for_address(self, start: int) -> str:
        for _ in range(600):
            for line in self.log_path.read_bytes()[start:].decode().splitlines(keepends=True):
                if line.startswith("Freehold is ready at ") and line.endswith("\n"):
                    return line.split()[-1]
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start: {self.log_path.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the server and wait for its end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def restart(self, *, without_cache: bool = False) -> None:
        """Stop and start, so that nothing is left in memory; also without the git cache on disk."""
        self.stop()
        if without_cache:
            shutil.rmtree(self.data / "cache", ignore_errors=True)
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> Hub:
        """The same data, opened in this process; the caller closes it."""
        return open_hub(Config.load(environ={}, data=self.data, database_url=self.database_url))

    def add_user(self, name: str) -> str:
        """Create a user and return a token of theirs that may write."""
        with closing(self.open()) as hub:
            users.create_user(hub, name, email=f"{name}@example.org")
            return tokens.create_token(hub, name, name="bench", role="write")

    def wait_for_proofs(self, seconds: float = 300) -> None:
        """Return when no file of chunks waits for its sha256 any more; only for SQLite."""
        deadline = time.monotonic() + seconds
        address = f"file:{self.data / 'freehold.sqlite'}?mode=ro"
        unproven = "SELECT COUNT(*) FROM xet_file WHERE sha256 IS NULL"
        with closing(sqlite3.connect(address, uri=True)) as database:
            while database.execute(unproven).fetchone()[0]:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no proof within {seconds} s")
                time.sleep(0.02)

    def log_size(self) -> int:
        """How far the log has been written: a place to read from with `requests`."""
        return self.log_path.stat().st_size

    def requests(self, since: int) -> list[dict[str, Any]]:
        """The access log from that place on: route, status, ms, received, sent."""
        with self.log_path.open("rb") as log:
            log.seek(since)
            lines = [json.loads(line) for line in log if line.startswith(b"{")]
        return [line for line in lines if line.get("logger") == "freehold.access"]


class Session:
    """One kept connection to a hub."""

    def __init__(self, hub: MeasuredHub, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=600)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send one request; raises unless the answer is a success."""
        typed = {"Content-Type": content_type} if content_type else {}
        sent = {**self._headers, **typed, **(headers or {})}
        self._connection.request(method, path, body, sent)
        response = self._connection.getresponse()
        data = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:500]!r}")
        return response, data

    def json(self, method: str, path: str, value: Any = None) -> Any:
        """Send and receive JSON."""
        body = None if value is None else json.dumps(value).encode()
        return json.loads(self.call(method, path, body, "application/json")[1] or b"null")

    def pages(self, path: str) -> list[Any]:
        """Every item of a listing, following its links."""
        items: list[Any] = []
        while path:
            response, data = self.call("GET", path)
            items += json.loads(data)
            link = response.getheader("Link", "")
            target = urlsplit(link[1 : link.find(">")]) if link else None
            path = f"{target.path}?{target.query}" if target else ""
        return items

    def create_repo(self, name: str) -> None:
        """Create a model of the caller's."""
        self.json("POST", "/api/repos/create", {"name": name, "type": "model"})

    def commit(self, repo: str, body: bytes) -> None:
        """Make one commit on main from an NDJSON body."""
        self.call("POST", f"/api/models/{repo}/commit/main", body, "application/x-ndjson")


def commit_body(files: Mapping[str, bytes], summary: str = "bench") -> bytes:
    """The NDJSON of a commit that adds these text files."""
    lines: list[dict[str, Any]] = [{"key": "header", "value": {"summary": summary}}]
    for path, data in files.items():
        value = {"path": path, "content": data.decode(), "encoding": "utf-8"}
        lines.append({"key": "file", "value": value})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@contextmanager
def work_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder below `parent`, or the temporary one, deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="freehold-bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres(**settings: str) -> Iterator[Cluster]:
    """A PostgreSQL server of our own that flushes to disk."""
    cluster = Cluster(durable=True, **settings)
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def hub_on(
    backend: str, data: Path, cluster: Cluster | None = None, **settings: Any
) -> Iterator[MeasuredHub]:
    """A running hub on `sqlite`, or on a new database of a PostgreSQL server."""
    with ExitStack() as stack:
        url = ""
        if backend == "postgresql":
            server = cluster or stack.enter_context(postgres())
            url = create_database(server.port, f"bench-{secrets.token_hex(4)}")
        yield stack.enter_context(MeasuredHub(data, url, **settings))


# Peers and clients


def need(program: str) -> None:
    """Install a Debian package unless the program is there; ends the script when it cannot."""
    if shutil.which(program) or Path(f"/usr/sbin/{program}").exists():
        return
    if subprocess.run([ROOT / "scripts" / "install-system", program]).returncode:
        sys.exit(1)


def run_client(
    version: str, script: str, hub: MeasuredHub, token: str, home: Path, **environ: str
) -> Any:
    """Run a script with an official client and return the JSON of its last line."""
    if not is_ready(version):
        sys.exit(f"huggingface_hub {version} is missing: run `make environments`")
    return _run_script(python_of(version), version, script, hub.url, token, home, environ)


def run_ours(
    python: Path, script: str, hub: MeasuredHub, token: str, home: Path, **environ: str
) -> Any:
    """Run a script with our own client and return the JSON of its last line."""
    return _run_script(python, "freehold", script, hub.url, token, home, environ)


def _run_script(
    python: Path,
    name: str,
    script: str,
    url: str,
    token: str,
    home: Path,
    environ: Mapping[str, str],
) -> Any:
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HOME": str(home / "huggingface"),
        "HF_ENDPOINT": url,
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "*",
        **environ,
    }
    done = subprocess.run([python, "-c", script], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.rstrip().rpartition("\n")[2])


@contextmanager
def installed_client() -> Iterator[Path]:
    """The Python of a new environment with nothing but the client, as a user would install it."""
    with work_folder() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
        python = folder / "env" / "bin" / "python"
        source = folder / "source"
        shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source / name)
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, source], check=True)
        yield python


def rss_of_tree(pid: int) -> int:
    """The resident memory, in bytes, of a process and all that it started."""
    total = 0
    for folder in [pid, *_descendants(pid)]:
        try:
            status = Path(f"/proc/{folder}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        line = next((line for line in status.splitlines() if line.startswith("VmRSS")), "x 0")
        total += int(line.split()[1]) * 1024
    return total


def cpu_of_tree(pid: int) -> float:
    """The processor seconds, also of the system, of a process and all that it started."""
    ticks = 0
    for folder in [pid, *_descendants(pid)]:
        try:
            stat = Path(f"/proc/{folder}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # utime, stime, and those of the children that have ended; the name may hold spaces.
        ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return found
    return found + [deeper for child in found for deeper in _descendants(child)]
