"""What does Xet cost, and what does it save: 2 GiB, and a version of which 3 % are new?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
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
    scaled,
    size_text,
    spread,
    timed,
    work_folder,
)
from _weights import change_weights, make_weights
from _xet import CLIENT, Lane
from download import MEMORY, fetch

SIZE, ROUNDS = scaled(2 * GIB), 3
CHANGED, TENSOR = 0.03, 8 * MIB
VERSIONS = ("first", "second")
AIMS = {"upload, first": 1.5, "upload, second": 0.3, "download, first": 1.3}

# The client without any hub: what it would send goes into a folder, then once more.
ALONE = """
import hf_xet, json, os, time
endpoint = "local://" + os.environ["STORE"]
def upload():
    with hf_xet.XetSession().new_upload_commit(endpoint=endpoint) as commit:
        return commit.start_upload_file(os.environ["FILE"])
started = time.perf_counter()
info = upload().result().xet_info
stored = time.perf_counter()
upload()
found = time.perf_counter()
info = hf_xet.XetFileInfo(info.hash, info.file_size)
with hf_xet.XetSession().new_file_download_group(endpoint=endpoint) as group:
    group.start_download_file(info, os.environ["TARGET"])
print(json.dumps([stored - started, found - stored, time.perf_counter() - found]))
"""
ALONE_IS = "hf_xet alone"
PARTS = ("alone", "alone, again", "alone, down")

Figures = defaultdict[str, list[float]]


def measure_copy(source: Path, folder: Path) -> float:
    """Seconds of a copy that is on the disk."""
    target = folder / "copy"
    command = f"cp {source} {target} && sync {target}"
    try:
        return timed(lambda: subprocess.run(command, shell=True, check=True))
    finally:
        target.unlink()


def measure_alone(hub: MeasuredHub, source: Path, folder: Path, target: Path) -> list[float]:
    """Seconds in which hf_xet stores the file in a folder, finds it there, and fetches it."""
    home, store, fetched = folder / "alone", folder / "store", target / "fetched"
    store.mkdir()
    environ = {"STORE": str(store), "FILE": str(source), "TARGET": str(fetched)}
    try:
        return [float(s) for s in run_client(CLIENT, ALONE, hub, "", home, **environ)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(store)
        fetched.unlink(missing_ok=True)


def measure_version(
    version: str, lanes: dict[str, Lane], source: Path, target: Path, figures: Figures
) -> None:
    """One upload and one download each way."""
    for way, lane in lanes.items():
        os.sync()
        cost = lane.upload(source)
        figures[f"upload, {version}, {way}"].append(cost.seconds)
        figures[f"upload, {version}, {way}, sent"].append(cost.sent)
        figures[f"upload, {version}, {way}, cpu"].append(cost.cpu)
        figures[f"upload, {version}, {way}, proof"].append(cost.proof)
    for way, lane in lanes.items():
        os.sync()
        cost = lane.download(target)
        figures[f"download, {version}, {way}"].append(cost.seconds)
        figures[f"download, {version}, {way}, cpu"].append(cost.cpu)


def measure_round(number: int, folder: Path, target: Path, figures: Figures) -> None:
    source = make_weights(folder / "source", SIZE, seed=number)
    os.sync()
    figures["copy"].append(measure_copy(source, folder))
    with ExitStack() as stack:
        # Whoever comes first has it no easier: the next round turns them around.
        ways = ("xet", "lfs") if number % 2 else ("lfs", "xet")
        lanes = {}
        for way in ways:
            hub = stack.enter_context(hub_on("sqlite", folder / way / "hub"))
            lanes[way] = Lane(hub, folder / way / "client", with_xet=way == "xet")
        alone = measure_alone(lanes["xet"].hub, source, folder, target)
        for name, seconds in zip(PARTS, alone, strict=True):
            figures[name].append(seconds)
        for version in VERSIONS:
            if version == "second":
                change_weights(source, CHANGED, TENSOR, seed=1000 + number)
            measure_version(version, lanes, source, target, figures)
        for way, lane in lanes.items():
            figures[f"curl, {way}"].append(fetch(lane.url("model"), SIZE))
    for way in ways:
        shutil.rmtree(folder / way)


def compare_times(figures: Figures, what: str, question: str) -> Row:
    ours, plain = figures[f"{what}, xet"], figures[f"{what}, lfs"]
    sent = figures[f"{what}, xet, sent"]
    ratio, aim = median(ratios(ours, plain)), AIMS.get(what)
    return Row(
        question,
        spread(ours, "s") + (f", {median(sent) / MIB:.0f} MiB sent" if sent else ""),
        f"plain LFS {spread(plain, 's')}",
        f"{ratio:.2f}",
        "" if aim is None else f"<= {aim}",
        None if aim is None else ratio <= aim,
    )


def compare_with(figures: Figures, what: str, limit: str, question: str, name: str) -> Row:
    ours, other = figures[f"{what}, xet"], figures[limit]
    ratio = median(ratios(ours, other))
    return Row(question, spread(ours, "s"), f"{name} {spread(other, 's')}", f"{ratio:.2f}")


def compare_cpu(figures: Figures, what: str, question: str) -> Row:
    ours, plain = figures[f"{what}, xet, cpu"], figures[f"{what}, lfs, cpu"]
    gib = SIZE / GIB
    proof = figures[f"{what}, xet, proof"]
    after = f", {median(proof) / gib:.2f} s of it after the answer" if proof else ""
    return Row(
        question,
        f"{median(ours) / gib:.2f} s for each GiB{after}",
        f"plain LFS {median(plain) / gib:.2f} s",
        f"{median(ratios(ours, plain)):.2f}",
    )


def make_rows(figures: Figures) -> list[Row]:
    size, curl = size_text(SIZE), ratios(figures["curl, xet"], figures["curl, lfs"])
    return [
        compare_times(figures, "upload, first", f"upload {size}"),
        compare_times(figures, "upload, second", f"the same with {CHANGED:.0%} changed"),
        compare_times(figures, "download, first", f"download {size}"),
        compare_times(figures, "download, second", f"the same with {CHANGED:.0%} changed"),
        compare_with(figures, "upload, first", "copy", f"upload {size}, beside a copy", "cp, sync"),
        compare_with(figures, "upload, first", "alone", f"upload {size}, beside no hub", ALONE_IS),
        compare_with(
            figures, "upload, second", "alone, again", "the second version, beside no hub", ALONE_IS
        ),
        compare_with(
            figures, "download, first", "alone, down", f"download {size}, beside no hub", ALONE_IS
        ),
        Row(
            f"download {size}, curl",
            spread(figures["curl, xet"], "MiB/s", 0),
            f"stored whole {spread(figures['curl, lfs'], 'MiB/s', 0)}",
            f"{median(curl):.2f}",
        ),
        compare_cpu(figures, "upload, first", "processor of the server, upload"),
        compare_cpu(figures, "upload, second", f"the same with {CHANGED:.0%} changed"),
        compare_cpu(figures, "download, first", "processor of the server, download"),
    ]


def main() -> None:
    figures: Figures = defaultdict(list)
    with work_folder() as folder, work_folder(MEMORY if MEMORY.is_dir() else None) as target:
        if shutil.disk_usage(folder).free < 7 * SIZE:
            sys.exit("not enough room on the disk")
        for number in range(ROUNDS):
            measure_round(number, folder, target, figures)
    notes = [
        f"{ROUNDS} rounds in turns, each with new hubs, new clients and a new file of random"
        f" bfloat16 weights; huggingface_hub {CLIENT} either way, with HF_HUB_DISABLE_XET for the"
        " plain one. Clients write to memory where there is /dev/shm.",
        f"Of the second version, tensors of {size_text(TENSOR)} are new. The client has no cache of"
        " chunks for downloads: it fetches the whole file again.",
        "hf_xet alone has a folder instead of a hub, which is not flushed: that is what the client"
        " itself takes. Beside the second version, the first one is sent there again.",
        "The processor of the server includes the proof of the sha256, for which it puts the file"
        " together once more.",
    ]
    report("11. Xet: transfers", "bench/xet_transfer.py", make_rows(figures), notes)


if __name__ == "__main__":
    main()
