"""How long does a snapshot of 2,000 small files take, cold and warm, beside the official client?"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path
from typing import Any

from _measure import (
    MeasuredHub,
    Row,
    Session,
    commit_body,
    hub_on,
    median,
    ratios,
    report,
    run_client,
    run_ours,
    spread,
    work_folder,
)

FILES, ROUNDS = 2000, 5
OFFICIAL = "2.4.0"

# The import is not part of it: another question measures that.
SCRIPT = """
import json, os, time
from {package} import HfApi
api = HfApi(endpoint=os.environ["HF_ENDPOINT"])
{prepare}
started = time.perf_counter()
path = api.snapshot_download("alice/many", revision=os.environ.get("REVISION"))
print(json.dumps(time.perf_counter() - started))
"""
# A connection and the modules that the first request loads.
WARM_UP = 'api.model_info("alice/many", expand=["sha"])'


class Contest:
    """The rounds of both clients against one hub."""

    def __init__(self, hub: MeasuredHub, folder: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.token = hub.add_user("alice")
        session = Session(hub, self.token)
        session.create_repo("many")
        session.commit("alice/many", commit_body(make_files()))
        self.commit = session.json("GET", "/api/models/alice/many")["sha"]
        self.found: dict[str, list[tuple[float, int]]] = {}

    def run(self, name: str, client: str, **environ: str) -> None:
        """One snapshot, with the requests that the hub has seen."""
        since = self.hub.log_size()
        home = self.folder / client
        prepare = WARM_UP if environ.pop("WARM", "") else ""
        package = "freehold" if client == "ours" else "huggingface_hub"
        script = SCRIPT.format(package=package, prepare=prepare)
        seconds = self._start(client, script, home, environ)
        requests = len(self.hub.requests(since)) - bool(prepare)
        self.found.setdefault(f"{name}, {client}", []).append((float(seconds), requests))

    def _start(self, client: str, script: str, home: Path, environ: dict[str, str]) -> Any:
        if client == "ours":
            python = Path(sys.executable)
            return run_ours(python, script, self.hub, self.token, home, **environ)
        return run_client(OFFICIAL, script, self.hub, self.token, home, **environ)

    def clear(self, client: str) -> None:
        """Forget what the client has downloaded."""
        shutil.rmtree(self.folder / client / "huggingface", ignore_errors=True)

    def row(self, name: str, aim_requests: int, aim: str, is_met: Any) -> Row:
        ours, official = self.found[f"{name}, ours"], self.found[f"{name}, official"]
        mine = [seconds for seconds, _ in ours]
        theirs = [seconds for seconds, _ in official]
        requests = max(count for _, count in ours)
        return Row(
            name,
            f"{spread(mine, 's', 3)}, {requests} requests",
            f"official {spread(theirs, 's', 3)}, {max(count for _, count in official)} requests",
            f"{median(ratios(mine, theirs)):.3f}",
            f"<= {aim_requests} requests, {aim}",
            requests <= aim_requests and is_met(mine, theirs),
        )


def make_files() -> dict[str, bytes]:
    """Text files of 100 to 2,000 bytes, which with `.gitattributes` are 2,000."""
    numbers = random.Random(2)
    return {
        f"file-{number:04d}.txt": "".join(
            numbers.choices("abcdefghij \n", k=numbers.randint(100, 2000))
        ).encode()
        for number in range(FILES - 1)
    }


def measure(folder: Path) -> list[Row]:
    with hub_on("sqlite", folder / "hub") as hub:
        contest = Contest(hub, folder)
        for _ in range(ROUNDS):
            for client in ("ours", "official"):
                contest.clear(client)
                contest.run("cold", client)
            for client in ("ours", "official"):
                contest.run("warm, main", client, WARM="1")
            for client in ("ours", "official"):
                contest.run("warm, pinned", client, REVISION=contest.commit)
            contest.clear("ours")
            contest.run("cold, one by one", "ours", FREEHOLD_EXTENSIONS="0")
            contest.found.setdefault("cold, one by one, official", []).append(
                contest.found["cold, official"][-1]
            )
    return [
        contest.row("cold", 25, ">= 5x faster", lambda a, b: median(ratios(b, a)) >= 5),
        contest.row("cold, one by one", FILES + 3, "any hub", lambda a, b: True),
        contest.row("warm, main", 1, "<= 0.05 s", lambda a, b: median(a) <= 0.05),
        contest.row("warm, pinned", 0, "<= 0.05 s", lambda a, b: median(a) <= 0.05),
    ]


def main() -> None:
    with work_folder() as folder:
        rows = measure(folder)
    notes = [
        f"{ROUNDS} rounds in turns, a process each; the peer is huggingface_hub {OFFICIAL}. The"
        " import is not counted, nor in the warm run of `main` the first connection.",
        "One by one: the extensions of the hub are switched off, as on any other hub.",
    ]
    report("9. Client: snapshots", "bench/client_snapshots.py", rows, notes)


if __name__ == "__main__":
    main()
