"""Git directories for the `git` program: objects of the cache, refs of the database.

Each is made for one request and removed with it, so whatever happens to the refs or the cache in
the meantime, a program sees one moment of the repository.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

# `uploadpack`: what a client may ask for by its id is what the API shows by its id, so every
# object; a partial clone fetches single files like that. Patterns are no filter, because some of
# them match without end. `pack` and `core`: bounds to the memory of each thread that looks for
# similar objects, of a file which is moved through, and of what is mapped of packs.
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\tbigFileThreshold = 16m
\tpackedGitWindowSize = 16m
\tpackedGitLimit = 256m
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
\tkeepAlive = 5
[uploadpackFilter "sparse:oid"]
\tallow = false
[pack]
\tthreads = 4
\twindowMemory = 32m
"""


class View:
    """A bare repository at `path` that reads the objects in folders and has refs of its own.

    What is written to it stays in it: it is a quarantine as well. Close it to remove it.
    """

    def __init__(self, objects: Iterable[Path], refs: Mapping[str, str]) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="git-"))
        try:
            self._fill(objects, refs)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def packs(self) -> Path:
        """Where a pack of its own would be."""
        return self.path / "objects" / "pack"

    def close(self) -> None:
        """Removes the directory; the objects in the folders stay."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _fill(self, objects: Iterable[Path], refs: Mapping[str, str]) -> None:
        for folder in ("objects/info", "objects/pack", "refs"):
            (self.path / folder).mkdir(parents=True)
        lines = [f"{oid} {name}\n" for name, oid in sorted(refs.items())]
        (self.path / "packed-refs").write_text("# pack-refs with: sorted \n" + "".join(lines))
        alternates = "".join(f"{folder.absolute()}\n" for folder in objects)
        (self.path / "objects/info/alternates").write_text(alternates)
        (self.path / "config").write_text(_CONFIG)
        (self.path / "HEAD").write_text("ref: refs/heads/main\n")
