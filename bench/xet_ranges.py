"""How long does a range of a file take that is kept in chunks, beside one that is kept whole?"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import time
from pathlib import Path

from _measure import (
    GIB,
    MIB,
    MeasuredHub,
    Row,
    Session,
    hub_on,
    median,
    report,
    scaled,
    size_text,
    work_folder,
)
from _weights import make_weights
from _xet import Lane

SIZE, READS = scaled(GIB), 300
LENGTHS = (64 * 1024, MIB)
WAYS = ("xet", "lfs")

Times = dict[str, list[float]]


class Reader:
    """One kept connection that reads pieces of one file."""

    def __init__(self, hub: MeasuredHub, path: str) -> None:
        self._session = Session(hub)
        self._path = path

    def read(self, start: int, length: int) -> tuple[float, bytes]:
        """Milliseconds, and the bytes."""
        asked = {"Range": f"bytes={start}-{start + length - 1}"}
        started = time.perf_counter()
        _, data = self._session.call("GET", self._path, headers=asked)
        return (time.perf_counter() - started) * 1000, data


def measure(readers: dict[str, Reader], source: Path, length: int) -> Times:
    """The same random ranges of both, one after the other."""
    numbers = random.Random(length)
    times: Times = {way: [] for way in readers}
    with source.open("rb") as file:
        for _ in range(READS):
            start = numbers.randrange(SIZE - length)
            file.seek(start)
            expected = file.read(length)
            for way, reader in readers.items():
                spent, data = reader.read(start, length)
                if data != expected:
                    raise RuntimeError(f"{way}: other bytes from {start} on")
                times[way].append(spent)
    return times


def make_row(length: int, times: Times) -> Row:
    middle, late = ({way: f(times[way]) for way in WAYS} for f in (median, _p95))
    described = {way: f"{middle[way]:.2f} ms, p95 {late[way]:.2f} ms" for way in WAYS}
    return Row(
        f"{READS} ranges of {length // 1024} KiB",
        described["xet"],
        f"kept whole {described['lfs']}",
        f"{middle['xet'] / middle['lfs']:.2f}, p95 {late['xet'] / late['lfs']:.2f}",
    )


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    with work_folder() as folder:
        if shutil.disk_usage(folder).free < 4 * SIZE:
            sys.exit("not enough room on the disk")
        source = make_weights(folder / "source", SIZE, seed=7)
        with hub_on("sqlite", folder / "hub") as chunked, hub_on("sqlite", folder / "other") as hub:
            readers = {}
            for way, server in zip(WAYS, (chunked, hub), strict=True):
                Lane(server, folder / way, with_xet=way == "xet").upload(source)
                readers[way] = Reader(server, "/alice/model/resolve/main/model.bin")
            rows = [make_row(length, measure(readers, source, length)) for length in LENGTHS]
    notes = [
        f"Random places of a file of {size_text(SIZE)}, the same ones in turns, one kept connection"
        " each; every answer is compared with the file. A chunk has 64 KiB on average and up to"
        " 128 KiB, so that a range of 64 KiB touches two of them."
    ]
    report("14. Xet: ranges", "bench/xet_ranges.py", rows, notes)


if __name__ == "__main__":
    main()
