"""How fast is the download of 2 GiB, beside nginx sending the same file?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _measure import (
    GIB,
    MIB,
    MeasuredHub,
    Row,
    hub_on,
    median,
    need,
    ratios,
    report,
    run_client,
    spread,
    work_folder,
)
from upload import SCRIPT as UPLOAD
from upload import make_file

from tests.postgres import free_port

SIZE, ROUNDS = 2 * GIB, 5
# Where the disk does not hide the network.
MEMORY = Path("/dev/shm")
AIM = 0.7
CLIENTS = ("2.4.0", "0.36.2")

SCRIPT = """
import json, os, time
from huggingface_hub import hf_hub_download
started = time.perf_counter()
hf_hub_download(os.environ["REPO"], "model.bin", cache_dir=os.environ["CACHE"])
print(json.dumps(time.perf_counter() - started))
"""

# The same code of the same client, without a hub.
FETCH = """
import json, os, time
from huggingface_hub.file_download import http_get
started = time.perf_counter()
with open(os.environ["TARGET"], "wb") as file:
    http_get(os.environ["URL"], file, expected_size=int(os.environ["SIZE"]))
print(json.dumps(time.perf_counter() - started))
"""

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[str]:
    """Nginx that serves the folder `root`, with one worker and sendfile."""
    folder.mkdir()
    # Its worker is another account, which may not enter a private temporary folder.
    for parent in (root, *root.parents):
        if parent.name.startswith("freehold-bench-"):
            parent.chmod(0o755)
    port = free_port()
    path = folder / "nginx.conf"
    path.write_text(NGINX.format(folder=folder, port=port, root=root))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([program, "-c", str(path)], stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def fetch(url: str, size: int = SIZE) -> float:
    """MiB a second with curl to nowhere."""
    wanted = "%{http_code} %{size_download} %{speed_download}"
    command = ["curl", "-sSL", "--retry", "3", "--retry-connrefused", "-o", "/dev/null"]
    done = subprocess.run(
        [*command, "-w", wanted, url], check=True, capture_output=True, text=True
    ).stdout.split()
    if done[0] != "200" or int(done[1]) != size:
        raise RuntimeError(f"{url}: {done}")
    return float(done[2]) / MIB


def fetch_with(version: str, hub: MeasuredHub, token: str, folder: Path) -> float:
    """MiB a second of the official client into an empty cache."""
    cache = folder / "cache"
    environ = {"REPO": "alice/model", "CACHE": str(cache)}
    try:
        seconds = run_client(version, SCRIPT, hub, token, folder / version, **environ)
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return SIZE / MIB / float(seconds)


def fetch_from_peer(version: str, hub: MeasuredHub, url: str, folder: Path) -> float:
    """MiB a second of the same client's own download function, from nginx into a new file."""
    target = folder / "fetched"
    environ = {"URL": url, "TARGET": str(target), "SIZE": str(SIZE)}
    try:
        seconds = run_client(version, FETCH, hub, "", folder / version, **environ)
    finally:
        target.unlink(missing_ok=True)
    return SIZE / MIB / float(seconds)


def measure(hub: MeasuredHub, peer: str, token: str, folder: Path) -> list[Row]:
    url = f"{hub.url}/alice/model/resolve/main/model.bin"
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        rates.setdefault("nginx", []).append(fetch(f"{peer}/source"))
        rates.setdefault("curl", []).append(fetch(url))
        for version in CLIENTS:
            rate = fetch_from_peer(version, hub, f"{peer}/source", folder)
            rates.setdefault(f"{version} from nginx", []).append(rate)
            rate = fetch_with(version, hub, token, folder)
            rates.setdefault(f"client {version}", []).append(rate)
    pairs = [("curl", "nginx"), *((f"client {v}", f"{v} from nginx") for v in CLIENTS)]
    return [compare(rates, ours, limit) for ours, limit in pairs]


def compare(rates: dict[str, list[float]], ours: str, limit: str) -> Row:
    ratio = median(ratios(rates[ours], rates[limit]))
    return Row(
        f"download {SIZE // GIB} GiB, {ours}",
        spread(rates[ours], "MiB/s", 0),
        f"{limit} {spread(rates[limit], 'MiB/s', 0)}",
        f"{ratio:.2f}",
        f">= {AIM}",
        ratio >= AIM,
    )


def main() -> None:
    need("nginx")
    with work_folder() as folder:
        if shutil.disk_usage(folder).free < 4 * SIZE:
            sys.exit("not enough room on the disk")
        root = folder / "root"
        root.mkdir()
        make_file(root / "source", SIZE)
        with hub_on("sqlite", folder / "hub") as hub, nginx(root, folder / "nginx") as peer:
            token = hub.add_user("alice")
            environ = {"REPO": "alice/model", "FILE": str(root / "source")}
            run_client(CLIENTS[0], UPLOAD, hub, token, folder / "up", **environ)
            with work_folder(MEMORY if MEMORY.is_dir() else None) as target:
                rows = measure(hub, peer, token, target)
    report(
        "3. Download",
        "bench/download.py",
        rows,
        [
            f"{ROUNDS} rounds in turns over loopback, one process each; nginx with sendfile.",
            "curl writes to nowhere. The clients write a fresh cache, in memory where there is"
            " /dev/shm; beside them their own http_get from nginx, because they are slower than"
            " the server.",
        ],
    )


if __name__ == "__main__":
    main()
