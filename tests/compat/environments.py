"""One environment for each published client that must work with the hub.

That is a virtual environment for each version of huggingface_hub, a folder for each version of
hf-xet, and a folder of Node packages for @huggingface/hub. `make test` runs this before pytest. An
environment is made anew only when what pins it, or the Python it was made with, is no longer the
same.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".cache" / "compat"

JAVASCRIPT = CACHE / "js"
JAVASCRIPT_PINS = ("package.json", "package-lock.json")

# The oldest supported client, and the last of each generation that people run.
VERSIONS = ("0.13.4", "0.36.2", "1.28.0", "2.4.0")

# One of each way in which hf-xet has spoken to a store; it depends on no other package.
HF_XET_VERSIONS = (
    "1.1.0",
    "1.1.3",
    "1.1.5",
    "1.1.9",
    "1.1.10",
    "1.2.0",
    "1.3.2",
    "1.4.3",
    "1.5.0",
    "1.5.2",
    "1.6.0",
    "1.7.1",
    "1.8.0",
)


def main() -> None:
    """Make what is missing, two environments at a time."""
    missing = [version for version in VERSIONS if not is_ready(version)]
    if missing:
        sys.stdout.write(f"Installing huggingface_hub {', '.join(missing)} for the tests\n")
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(make, missing):
            pass
    missing = [version for version in HF_XET_VERSIONS if not is_hf_xet_ready(version)]
    if missing:
        sys.stdout.write(f"Installing hf-xet {', '.join(missing)} for the tests\n")
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(make_hf_xet, missing):
            pass
    if not is_javascript_ready():
        sys.stdout.write("Installing @huggingface/hub for the tests\n")
        make_javascript()


def python_of(version: str) -> Path:
    """Return the Python that imports huggingface_hub `version`."""
    return CACHE / version / "bin" / "python"


def is_ready(version: str) -> bool:
    """Tell whether the environment of `version` is complete and up to date."""
    path = stamp_path(version)
    return path.exists() and path.read_text() == stamp(version)


def make(version: str) -> None:
    """Make the environment of `version`, from nothing; raises `CalledProcessError` if pip fails."""
    folder = CACHE / version
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python_of(version)), "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "-qq", "--no-deps", "-r", str(constraints(version))]
    subprocess.run(install, check=True)
    subprocess.run([*pip, "check"], check=True, stdout=subprocess.DEVNULL)
    stamp_path(version).write_text(stamp(version))


def constraints(version: str) -> Path:
    """Return the file that pins everything in the environment of `version`."""
    return HERE / f"constraints-{version}.txt"


def stamp_path(version: str) -> Path:
    """Return the file that is written when the environment is complete."""
    return CACHE / version / "stamp"


def stamp(version: str) -> str:
    """Return what the environment was made from: Python, the folder, and the pinned versions."""
    digest = hashlib.sha256(constraints(version).read_bytes()).hexdigest()
    return f"{sys.version}\n{CACHE}\n{digest}\n"


def hf_xet_path(version: str) -> Path:
    """Return the folder from which hf-xet `version` is imported, with any Python."""
    return CACHE / f"hf-xet-{version}"


def is_hf_xet_ready(version: str) -> bool:
    """Tell whether the folder of hf-xet `version` is complete and up to date."""
    path = hf_xet_path(version) / "stamp"
    return path.exists() and path.read_text() == hf_xet_stamp(version)


def make_hf_xet(version: str) -> None:
    """Install hf-xet `version` into its folder; raises `CalledProcessError` if pip fails.

    It takes a second or two, and a virtual environment of its own would take ten.
    """
    folder = hf_xet_path(version)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    options = ["--no-deps", "--no-compile", "--only-binary=:all:", f"--target={folder}"]
    subprocess.run([*pip, *options, f"hf-xet=={version}"], check=True)
    (folder / "stamp").write_text(hf_xet_stamp(version))


def hf_xet_stamp(version: str) -> str:
    """Return what the folder of hf-xet was made from: Python and the version."""
    return f"{sys.version}\nhf-xet=={version}\n"


def is_javascript_ready() -> bool:
    """Tell whether the Node packages are complete and up to date."""
    path = JAVASCRIPT / "stamp"
    return path.exists() and path.read_text() == javascript_stamp()


def make_javascript() -> None:
    """Install the Node packages of the lock file; raises `CalledProcessError` if npm fails."""
    shutil.rmtree(JAVASCRIPT, ignore_errors=True)
    JAVASCRIPT.mkdir(parents=True)
    for name in JAVASCRIPT_PINS:
        shutil.copy(HERE / "js" / name, JAVASCRIPT)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=JAVASCRIPT, check=True, stdout=subprocess.DEVNULL)
    (JAVASCRIPT / "stamp").write_text(javascript_stamp())


def javascript_stamp() -> str:
    """Return what the Node packages were made from: the two files that pin them."""
    pins = b"".join((HERE / "js" / name).read_bytes() for name in JAVASCRIPT_PINS)
    return f"{hashlib.sha256(pins).hexdigest()}\n"


if __name__ == "__main__":
    main()
