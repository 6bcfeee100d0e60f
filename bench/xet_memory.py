"""How much does the memory of the server grow while 5 GiB go up and come down through Xet?"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from _measure import GIB, Row, hub_on, report, scaled, size_text, work_folder
from _weights import make_weights
from _xet import CLIENT, Lane
from download import fetch
from memory import SAMPLE_SECONDS, Sampler, make_row

SIZE = scaled(5 * GIB)
AIM = 128


def measure(folder: Path) -> list[Row]:
    source = make_weights(folder / "source", SIZE, seed=5)
    with hub_on("sqlite", folder / "hub") as hub:
        lane = Lane(hub, folder / "client", with_xet=True)
        with Sampler(hub.pid) as whole:
            with Sampler(hub.pid) as up:
                lane.upload(source)
            source.unlink()
            with Sampler(hub.pid) as down:
                lane.download(folder)
            with Sampler(hub.pid) as plain:
                fetch(lane.url("model"), SIZE)
    size = size_text(SIZE)
    return [
        make_row(f"Xet, {size} up, and proven", up, AIM),
        make_row(f"Xet, {size} down", down, AIM),
        make_row(f"Xet, {size} down, put together for curl", plain, AIM),
        make_row("Xet, all", whole, AIM),
    ]


def main() -> None:
    with work_folder() as folder:
        if shutil.disk_usage(folder).free < 3 * SIZE:
            sys.exit("not enough room on the disk")
        rows = measure(folder)
    notes = [
        f"VmRSS of all processes of the server, looked at every {SAMPLE_SECONDS} s; the client is"
        f" huggingface_hub {CLIENT} and opens as many connections as it likes."
    ]
    report("13. Xet: memory", "bench/xet_memory.py", rows, notes)


if __name__ == "__main__":
    main()
