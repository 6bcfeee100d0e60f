"""Writes constraints.txt and tests/compat/constraints-*.txt: the versions of a fresh install.

Each closure is resolved in a throwaway environment from what pyproject.toml (or CLIENTS below)
asks for, and written down as `pip freeze` tells it.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP_VERSION = os.environ["PIP_VERSION"]

# What the oldest client ran with in its day; the others take the newest that they allow.
CLIENTS = {
    "0.13.4": ["fsspec==2023.4.0", "requests==2.28.2"],
    "0.36.2": [],
    "1.28.0": [],
    "2.4.0": [],
}

# Only the GPU builds of torch need these, and torch pins them itself.
GPU_PARTS = ("cuda-", "nvidia-", "triton")


def main() -> None:
    """Resolve and write every constraint file."""
    project = ["hatchling", "--editable", f"{ROOT}[server]", "--group", "test", "--group", "lint"]
    write(ROOT / "constraints.txt", project)
    for version, companions in CLIENTS.items():
        path = ROOT / "tests" / "compat" / f"constraints-{version}.txt"
        write(path, [f"huggingface_hub=={version}", *companions])


def write(path: Path, requirements: list[str]) -> None:
    """Write the closure of `requirements` to `path`."""
    sys.stdout.write(f"Resolving {path.relative_to(ROOT)}\n")
    with tempfile.TemporaryDirectory() as folder:
        pins = resolve(Path(folder), requirements)
    path.write_text("# Written by `make lock`.\n" + "\n".join(pins) + "\n")


def resolve(folder: Path, requirements: list[str]) -> list[str]:
    """Return the `name==version` lines of everything that `requirements` pulls in."""
    venv.create(folder, with_pip=True)
    # Python 3.11 brings an old setuptools, which would be kept wherever any version will do.
    pip(folder, "install", "-qq", f"pip=={PIP_VERSION}")
    pip(folder, "uninstall", "-qq", "--yes", "setuptools")
    pip(folder, "install", "-qq", *requirements)
    frozen = pip(folder, "freeze", "--all", "--exclude", "pip", "--exclude-editable")
    return [without_local_version(line) for line in frozen.splitlines() if is_portable(line)]


def pip(folder: Path, *arguments: str) -> str:
    """Run pip of the environment in `folder` and return what it printed."""
    command = [str(folder / "bin" / "pip"), "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def is_portable(line: str) -> bool:
    """Tell whether `line` pins something that every machine needs."""
    return bool(line) and not line.startswith(("#", *GPU_PARTS))


def without_local_version(line: str) -> str:
    """Return `torch==2.13.0` for `torch==2.13.0+cpu`, which only some machines can install."""
    return line.partition("+")[0]


if __name__ == "__main__":
    main()
