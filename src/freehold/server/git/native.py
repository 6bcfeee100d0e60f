"""The `git` program, run on cached repositories; the only module that starts processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from freehold.errors import FreeholdError
from freehold.formats.pack import PackInfo

_BLOCK = 1024 * 1024

# Nothing of the operator's or the machine's git configuration may change what is stored.
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": os.devnull,
    "LC_ALL": "C",
}


class GitError(FreeholdError):
    """The `git` program failed; the message is what it said."""


@dataclass(frozen=True)
class PackFile:
    """A pack in a file, with its index beside it."""

    path: Path
    count: int

    def copy_to(self, out: BinaryIO) -> PackInfo:
        """Writes the pack to `out` and says what was written."""
        with self.path.open("rb") as source:
            while block := source.read(_BLOCK):
                out.write(block)
        name = self.path.stem.removeprefix("pack-")
        index = self.path.with_suffix(".idx").read_bytes()
        return PackInfo(name, self.path.stat().st_size, self.count, index)


def pack_revisions(repository: str, oids: Iterable[str], folder: Path) -> PackFile:
    """One pack in `folder` with everything that the commits, tags or trees lead to."""
    return _pack(repository, ["--revs", "--delta-base-offset"], oids, folder)


def combine_packs(repository: str, names: Iterable[str], folder: Path) -> PackFile:
    """One pack in `folder` with every object of the named packs, reachable or not."""
    lines = (f"pack-{name}.pack" for name in names)
    return _pack(repository, ["--stdin-packs", "--delta-base-offset"], lines, folder)


def shrink_pack(repository: str, name: str, folder: Path) -> PackFile:
    """The named pack anew in `folder`, with similar objects kept as differences."""
    options = ["--stdin-packs", "--no-reuse-delta", "--delta-base-offset"]
    return _pack(repository, options, [f"pack-{name}.pack"], folder)


def _pack(repository: str, options: list[str], lines: Iterable[str], folder: Path) -> PackFile:
    command = ["pack-objects", *options, "--threads=1", "-q", str(folder / "pack")]
    name = _run(repository, command, "".join(f"{line}\n" for line in lines).encode())
    path = folder / f"pack-{name.decode().strip()}.pack"
    return PackFile(path, _count_objects(path))


def _count_objects(pack: Path) -> int:
    with pack.open("rb") as file:
        return int.from_bytes(file.read(12)[8:], "big")


def _run(repository: str, arguments: list[str], stdin: bytes) -> bytes:
    process = subprocess.run(  # noqa: S603
        ["git", "--git-dir", repository, *arguments],  # noqa: S607
        input=stdin,
        capture_output=True,
        env={**os.environ, **_ENVIRONMENT},
        check=False,
    )
    if process.returncode:
        raise GitError(process.stderr.decode("utf-8", "replace").strip())
    return process.stdout
