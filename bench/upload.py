"""How long does the upload of 2 GiB by the official client take, beside a hash and a copy?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from _measure import (
    GIB,
    MIB,
    MeasuredHub,
    Row,
    hub_on,
    median,
    ratios,
    report,
    run_client,
    spread,
    timed,
    work_folder,
)

SIZE, ROUNDS = 2 * GIB, 3
AIM = 1.3
CLIENTS = ("2.4.0", "0.36.2")

# The last bytes change with each round, so that the hub never holds the object already.
SCRIPT = """
import json, os, time
from huggingface_hub import HfApi
api = HfApi()
repo = api.create_repo(os.environ["REPO"], exist_ok=True).repo_id
started = time.perf_counter()
api.upload_file(path_or_fileobj=os.environ["FILE"], path_in_repo="model.bin", repo_id=repo)
print(json.dumps(time.perf_counter() - started))
"""


def make_file(path: Path, size: int) -> None:
    """Write random bytes to the disk, so that nothing is left to write while we measure."""
    with path.open("wb") as file:
        for _ in range(size // (16 * MIB)):
            file.write(os.urandom(16 * MIB))
        os.fsync(file.fileno())


def change_file(path: Path) -> None:
    """Give the file another sha256."""
    with path.open("r+b") as file:
        file.write(os.urandom(64))
        os.fsync(file.fileno())


def hash_and_copy(source: Path, target: Path) -> None:
    """What the machine needs at least: sha256sum, then a copy that is on the disk."""
    subprocess.run(["sha256sum", source], check=True, stdout=subprocess.DEVNULL)
    copy = ["dd", f"if={source}", f"of={target}", "bs=4M", "conv=fsync"]
    subprocess.run(copy, check=True, stderr=subprocess.DEVNULL)


def measure_limit(source: Path, folder: Path) -> float:
    target = folder / "copy"
    try:
        return timed(lambda: hash_and_copy(source, target))
    finally:
        target.unlink(missing_ok=True)


def measure_client(
    hub: MeasuredHub, token: str, version: str, source: Path, folder: Path
) -> tuple[float, float]:
    """Seconds of the client, and of them those of the PUT as the server counts."""
    since = hub.log_size()
    environ = {"REPO": f"alice/m-{version.replace('.', '-')}", "FILE": str(source)}
    seconds = run_client(version, SCRIPT, hub, token, folder / version, **environ)
    spent = [line["ms"] for line in hub.requests(since) if line["route"].startswith("lfs_upload")]
    for path in (hub.data / "objects" / "lfs").rglob("*"):
        if path.is_file() and path.stat().st_size == source.stat().st_size:
            path.unlink()
    return float(seconds), sum(spent) / 1000


def main() -> None:
    rows = []
    with work_folder() as folder:
        if shutil.disk_usage(folder).free < 4 * SIZE:
            sys.exit("not enough room on the disk")
        source = folder / "source"
        make_file(source, SIZE)
        with hub_on("sqlite", folder / "hub") as hub:
            token = hub.add_user("alice")
            limits: list[float] = []
            ours: dict[str, list[float]] = {version: [] for version in CLIENTS}
            puts: dict[str, list[float]] = {version: [] for version in CLIENTS}
            for _ in range(ROUNDS):
                limits.append(measure_limit(source, folder))
                for version in CLIENTS:
                    change_file(source)
                    seconds, put = measure_client(hub, token, version, source, folder)
                    ours[version].append(seconds)
                    puts[version].append(put)
        for version in CLIENTS:
            ratio = median(ratios(ours[version], limits))
            rows.append(
                Row(
                    f"upload {SIZE // GIB} GiB, client {version}",
                    f"{spread(ours[version], 's')}, the PUT {median(puts[version]):.2f} s",
                    f"hash + copy {spread(limits, 's')}",
                    f"{ratio:.2f}",
                    f"<= {AIM}",
                    ratio <= AIM,
                )
            )
    report(
        "2. Upload",
        "bench/upload.py",
        rows,
        [
            f"{ROUNDS} rounds in turns; the file is in the page cache. The client hashes the file"
            " before it sends it; the hub hashes it again as it arrives.",
            "The limit is sha256sum and then dd bs=4M conv=fsync.",
        ],
    )


if __name__ == "__main__":
    main()
