"""How long until the client is ready, and what does it bring along, beside the official one?"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from _measure import (
    MIB,
    Row,
    installed_client,
    median,
    python_of,
    ratios,
    report,
    spread,
    timed,
)

OFFICIAL = "2.4.0"
ROUNDS = 9

IMPORTS = {
    "ours": "from freehold import HfApi",
    "official": "from huggingface_hub import HfApi",
}
MODULES = "; import sys; print(len(sys.modules))"
# Everything installed besides what a new environment has anyway.
INSTALLED = """
import importlib.metadata, json
found = {}
for package in importlib.metadata.distributions():
    files = [package.locate_file(file) for file in package.files or []]
    size = sum(file.stat().st_size for file in files if file.exists() and file.suffix != ".pyc")
    found[package.name] = size
print(json.dumps({k: v for k, v in found.items() if k.lower() not in ("pip", "setuptools")}))
"""


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def count_modules(python: Path, script: str) -> int:
    done = subprocess.run(
        [python, "-c", script + MODULES], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def measure_installed(python: Path) -> tuple[int, float]:
    """The number of packages, and their size in MiB without hf-xet."""
    done = subprocess.run([python, "-c", INSTALLED], check=True, capture_output=True, text=True)
    sizes = {name: size for name, size in json.loads(done.stdout).items() if name != "hf-xet"}
    return len(sizes), sum(sizes.values()) / MIB


def compare(question: str, ours: list[object], official: list[object], aim: float) -> Row:
    """Wall times of two commands, in turns."""
    run(*ours)
    run(*official)
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(timed(lambda: run(*ours)) * 1000)
        theirs.append(timed(lambda: run(*official)) * 1000)
    return Row(
        question,
        spread(mine, "ms", 0),
        f"official {spread(theirs, 'ms', 0)}",
        f"{median(ratios(mine, theirs)):.2f}",
        f"<= {aim:g} ms",
        median(mine) <= aim,
    )


def main() -> None:
    peer = python_of(OFFICIAL)
    hf = Path(peer).parent / "hf"
    with installed_client() as python:
        own = python.parent / "freehold"
        rows = [
            compare(
                "import HfApi",
                [python, "-c", IMPORTS["ours"]],
                [peer, "-c", IMPORTS["official"]],
                60,
            ),
            compare("--help", [own, "--help"], [hf, "--help"], 100),
            compare("version", [own, "version"], [hf, "version"], 60),
        ]
        modules = count_modules(python, IMPORTS["ours"])
        others = count_modules(peer, IMPORTS["official"])
        rows.append(
            Row(
                "modules loaded by the import",
                str(modules),
                f"official {others}",
                f"{modules / others:.2f}",
                "<= 80",
                modules <= 80,
            )
        )
        count, size = measure_installed(python)
        other_count, other_size = measure_installed(peer)
        rows.append(
            Row(
                "install: packages",
                str(count),
                f"official {other_count}",
                f"{count / other_count:.2f}",
                "<= 8",
                count <= 8,
            )
        )
        rows.append(
            Row(
                "install: size without hf-xet",
                f"{size:.1f} MiB",
                f"official {other_size:.1f} MiB",
                f"{size / other_size:.2f}",
                "<= 10 MB",
                size * MIB <= 10e6,
            )
        )
    notes = [
        f"{ROUNDS} rounds in turns, whole processes; the peer is huggingface_hub {OFFICIAL}.",
        "Sizes are those of the installed files without byte code.",
    ]
    report("8. Client: start and size", "bench/client_start.py", rows, notes)


if __name__ == "__main__":
    main()
