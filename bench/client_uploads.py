"""What do uploads cost the client: requests, seconds and memory, beside the official client?"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _measure import (
    GIB,
    MIB,
    MeasuredHub,
    Row,
    Session,
    hub_on,
    median,
    ratios,
    report,
    run_client,
    run_ours,
    spread,
    work_folder,
)
from _slow_store import SlowStore

OFFICIAL = "2.4.0"
ROUNDS = 5
SMALL_FILES = 2000
REGULAR_BYTES = 200 * MIB
LARGE_BYTES = 5 * GIB
PARTS, PART_SIZE, LATENCY = 16, 5 * MIB, 0.3

HEAD = """
import json, os, re, time
from pathlib import Path
from {package} import CommitOperationAdd, HfApi

def memory(field):
    status = Path("/proc/self/status").read_text()
    return int(re.search(field + ":[^0-9]*([0-9]+) kB", status)[1])

api = HfApi(endpoint=os.environ["HF_ENDPOINT"], token=os.environ["HF_TOKEN"])
api.whoami()
before = memory("VmRSS")
started = time.perf_counter()
"""
TAIL = """
seconds = time.perf_counter() - started
print(json.dumps([seconds, before, memory("VmHWM")]))
"""
FOLDER = (
    HEAD + 'api.upload_folder(repo_id=os.environ["REPO"], folder_path=os.environ["FILES"])' + TAIL
)
COMMIT = (
    HEAD
    + """
root = Path(os.environ["FILES"])
operations = [CommitOperationAdd(path.name, str(path)) for path in sorted(root.iterdir())]
api.create_commit(os.environ["REPO"], operations, commit_message="all")
"""
    + TAIL
)
FILE = (
    HEAD
    + """
path = os.environ["FILES"]
api.upload_file(path_or_fileobj=path, path_in_repo="large.bin", repo_id=os.environ["REPO"])
"""
    + TAIL
)


class Clients:
    """Both clients against one hub, each upload into a repository of its own."""

    def __init__(self, hub: MeasuredHub, folder: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.token = hub.add_user("alice")
        self.session = Session(hub, self.token)
        self.repos = 0

    def new_repo(self) -> str:
        self.repos += 1
        self.session.create_repo(f"repo-{self.repos}")
        return f"alice/repo-{self.repos}"

    def run(self, client: str, script: str, repo: str, files: Path, **environ: str) -> Any:
        """Seconds, memory before and at the peak (KiB), and the requests that the hub has seen."""
        since = self.hub.log_size()
        home = self.folder / client
        given = {"REPO": repo, "FILES": str(files), **environ}
        if client == "ours":
            text = script.format(package="freehold")
            found = run_ours(Path(sys.executable), text, self.hub, self.token, home, **given)
        else:
            text = script.format(package="huggingface_hub")
            found = run_client(OFFICIAL, text, self.hub, self.token, home, **given)
        return [*found, self.hub.requests(since)]


def posts(requests: list[Mapping[str, Any]]) -> int:
    return sum(line["method"] == "POST" for line in requests)


def write_small(folder: Path) -> Path:
    numbers = random.Random(3)
    for number in range(SMALL_FILES):
        path = folder / f"folder-{number % 20:02d}" / f"file-{number:04d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(numbers.choices("abcdefghij \n", k=numbers.randint(100, 2000))))
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return folder


def write_regular(folder: Path) -> Path:
    """Files of 4 MiB of text each, which no hub takes for large ones."""
    folder.mkdir()
    for number in range(REGULAR_BYTES // (4 * MIB)):
        line = f"line {number} of a text that is long enough\n".encode()
        (folder / f"{number:03d}.txt").write_bytes((line * (4 * MIB // len(line) + 1))[: 4 * MIB])
    return folder


def write_large(path: Path, size: int) -> Path:
    block = random.Random(4).randbytes(MIB)
    with path.open("wb") as file:
        for number in range(size // MIB):
            file.write(number.to_bytes(8, "big") + block[8:])
    return path


def measure_small(clients: Clients, files: Path) -> list[Row]:
    """A commit of many small files, and the same folder pushed once more."""
    found: dict[str, list[Any]] = {"ours": [], "official": []}
    again: dict[str, list[Any]] = {"ours": [], "official": []}
    for _ in range(ROUNDS):
        for client in found:
            repo = clients.new_repo()
            found[client].append(clients.run(client, FOLDER, repo, files))
            again[client].append(clients.run(client, FOLDER, repo, files))
    mine, theirs = ([run[0] for run in found[client]] for client in ("ours", "official"))
    sent, others = (max(posts(run[3]) for run in found[c]) for c in ("ours", "official"))
    commits = max(commits_in(run[3]) for run in found["ours"])
    rows = [
        Row(
            f"commit of {SMALL_FILES:,} small files",
            f"{spread(mine, 's')}, {commits} commit, {sent} POSTs",
            f"official {spread(theirs, 's')}, {commits_in(found['official'][0][3])} commits,"
            f" {others} POSTs",
            f"{median(ratios(mine, theirs)):.2f}",
            "1 commit, <= 4 POSTs",
            commits == 1 and sent <= 4,
        )
    ]
    mine, theirs = ([run[0] for run in again[client]] for client in ("ours", "official"))
    # The call that opens the connection is not part of it.
    count, other = (max(len(run[3]) - 1 for run in again[c]) for c in ("ours", "official"))
    rows.append(
        Row(
            "the same folder again",
            f"{spread(mine, 's', 3)}, {count} requests",
            f"official {spread(theirs, 's', 3)}, {other} requests",
            f"{median(ratios(mine, theirs)):.2f}",
            "<= 2 requests",
            count <= 2,
        )
    )
    return rows


def commits_in(requests: list[Mapping[str, Any]]) -> int:
    return sum(line["route"] == "create_commit" for line in requests)


def measure_memory(clients: Clients, folder: Path) -> list[Row]:
    regular = write_regular(folder / "regular")
    ours = clients.run("ours", COMMIT, clients.new_repo(), regular)
    official = clients.run("official", COMMIT, clients.new_repo(), regular)
    large = write_large(folder / "large.bin", LARGE_BYTES)
    mine = clients.run("ours", FILE, clients.new_repo(), large)
    with large.open("r+b") as file:
        file.write(b"content that the hub has not seen yet")
    theirs = clients.run("official", FILE, clients.new_repo(), large)
    growth, other = ((run[2] - run[1]) / 1024 for run in (mine, theirs))
    return [
        Row(
            f"peak memory, {REGULAR_BYTES // MIB} MiB of regular files",
            f"{ours[2] / 1024:.0f} MiB, {ours[0]:.1f} s",
            f"official {official[2] / 1024:.0f} MiB, {official[0]:.1f} s",
            f"{ours[2] / official[2]:.2f}",
            "<= 96 MB",
            ours[2] * 1024 <= 96e6,
        ),
        Row(
            f"memory over the start, one file of {LARGE_BYTES // GIB} GiB",
            f"{growth:.0f} MiB, {mine[0]:.1f} s",
            f"official {other:.0f} MiB, {theirs[0]:.1f} s",
            f"{growth / other:.2f}",
            "<= 64 MB",
            growth * MIB <= 64e6,
        ),
    ]


def measure_parts(hub: MeasuredHub, clients: Clients, folder: Path) -> Row:
    """One file in 16 parts, to a store that answers each part after 0.3 s."""
    path = write_large(folder / "parts.bin", PARTS * PART_SIZE)
    found: dict[str, list[float]] = {"ours": [], "official": []}
    with SlowStore(hub.url, LATENCY) as store:
        for client, seconds in found.items():
            for number in range(ROUNDS):
                with path.open("r+b") as file:
                    file.write(f"{client}-{number}".encode())
                # The hub alone says how large a part is.
                environ = {"HF_ENDPOINT": store.url, "FREEHOLD_EXTENSIONS": "0"}
                run = clients.run(client, FILE, clients.new_repo(), path, **environ)
                seconds.append(run[0])
    mine, theirs = found["ours"], found["official"]
    return Row(
        f"{PARTS} parts of {PART_SIZE // MIB} MiB, {LATENCY} s each",
        spread(mine, "s"),
        f"official {spread(theirs, 's')}",
        f"{median(ratios(mine, theirs)):.2f}",
        "<= 1.6 s",
        median(mine) <= 1.6,
    )


def main() -> None:
    with work_folder() as folder, hub_on("sqlite", folder / "hub") as hub:
        clients = Clients(hub, folder)
        rows = measure_small(clients, write_small(folder / "small"))
        rows += measure_memory(clients, folder)
    settings = {"multipart_threshold": PART_SIZE, "part_size": PART_SIZE}
    with work_folder() as folder, hub_on("sqlite", folder / "hub", **settings) as hub:
        rows.append(measure_parts(hub, Clients(hub, folder), folder))
    notes = [
        f"{ROUNDS} rounds in turns, a process each, of which the upload is timed; the memory is"
        f" that of one run. The peer is huggingface_hub {OFFICIAL} without Xet.",
        "Ours sends the large file in parts of 16 MiB, which survive a crash; the official client"
        " sends it in one piece and begins again.",
        "The store holds back the answer to each part; the hub and both clients are the same then.",
    ]
    report("10. Client: uploads", "bench/client_uploads.py", rows, notes)


if __name__ == "__main__":
    main()
