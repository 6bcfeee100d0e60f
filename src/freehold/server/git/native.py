"""The `git` program, run on cached repositories; the only module that starts processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from freehold.errors import FreeholdError
from freehold.formats.pack import PackInfo

# Of the pipe between a program and its reader, in bytes: few and large pieces are moved.
_PIPE_SIZE = 256 * 1024

# What is kept of what a failed program said, in bytes.
_LAST_WORDS = 4096

# What a pack of a stranger may cost before it is known to be one: its deltas may stand for more
# than any memory holds. In bytes of address space; in bytes of one piece of memory, which git
# counts itself; and in seconds of a processor, the fewest and the most, and bytes for each.
INDEX_PACK_MEMORY = 3 * 1024 * 1024 * 1024
INDEX_PACK_PIECE = 512 * 1024 * 1024
INDEX_PACK_SECONDS = (120, 1800)
INDEX_PACK_BYTES_PER_SECOND = 512 * 1024

# Begins a program with limits: one that it was given later could have taken more by then.
_WITH_LIMITS = 'ulimit -v "$0" && ulimit -t "$1" && shift && exec "$@"'

# What a program ends with that has used up its seconds of a processor.
_ENDED = (-signal.SIGXCPU, -signal.SIGKILL)

# What git says when it was refused memory.
_NO_MEMORY = re.compile("(?i)out of memory|over limit|mmap failed|size_t overflow")

# So that what is mapped of large packs has its place in a limited space of addresses.
_SMALL_WINDOWS = ["-c", "core.packedGitWindowSize=16m", "-c", "core.packedGitLimit=256m"]

# Faults of old programs that are in the history of many repositories and hurt nobody.
_TOLERATED = "zeroPaddedFilemode=ignore,badTimezone=ignore"

# Nothing of the operator's or the machine's git configuration may change what is stored. What the
# programs write is copied by whoever keeps it, and flushed to disk then.
_ENVIRONMENT = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.fsync",
    "GIT_CONFIG_VALUE_0": "none",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": os.devnull,
    "LC_ALL": "C",
}


class GitError(FreeholdError):
    """The `git` program failed; the message is what it said."""


class GitLimitError(GitError):
    """The `git` program needs more time or memory than it may have, or says too much."""


class Program:
    """A `git` program at work: what it says is read from `output`, as it comes.

    `close` ends it, whatever it does, and then calls `after`. One that has `seconds` may use the
    processor for so long, and only so much memory.
    """

    def __init__(
        self,
        arguments: list[str],
        stdin: BinaryIO | None = None,
        version: str = "",
        after: Callable[[], None] = lambda: None,
        *,
        seconds: int | None = None,
    ) -> None:
        self._after = after
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [*_limit(seconds), "git", *arguments],
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**_environment(), **_pieces(seconds), "GIT_PROTOCOL": version},
                pipesize=_PIPE_SIZE,
                # So that it can be ended with all that it has started.
                start_new_session=True,
            )
        except BaseException:
            self._errors.close()
            after()
            raise

    @property
    def output(self) -> int:
        """The file descriptor of what the program says."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read_all(self) -> bytes:
        """Everything that it says; raises `GitError` when it fails."""
        return self.read_answer(statuses=(0,))[1]

    def read_answer(self, statuses: tuple[int, ...], most: int | None = None) -> tuple[int, bytes]:
        """Its exit status, one of these, and everything that it says; else raises `GitError`.

        That is a `GitLimitError` for more than `most` bytes, and when it has used up its time.
        """
        assert self._process.stdout is not None
        try:
            said = self._process.stdout.read(-1 if most is None else most + 1)
            if most is not None and len(said) > most:
                raise GitLimitError(f"git says more than {most} bytes")
            if self._process.wait() not in statuses:
                self.check()
        finally:
            self.close()
        return self._process.returncode, said

    def check(self) -> None:
        """Waits for the end of the program; raises `GitError` when it has failed."""
        if self._process.wait() in _ENDED:
            raise GitLimitError("git has used up its time")
        if self._process.returncode:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _LAST_WORDS))
            said = self._errors.read().decode("utf-8", "replace").strip()
            raise GitLimitError(said) if _NO_MEMORY.search(said) else GitError(said)

    def close(self) -> None:
        """Ends the program and lets go of everything; does nothing the second time."""
        if self._errors.closed:
            return
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._after()


def _limit(seconds: int | None) -> list[str]:
    memory = str(INDEX_PACK_MEMORY // 1024)
    return [] if seconds is None else ["sh", "-c", _WITH_LIMITS, memory, str(seconds)]


def _pieces(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"GIT_ALLOC_LIMIT": str(INDEX_PACK_PIECE)}


def upload_pack(
    directory: Path,
    version: str,
    request: BinaryIO | None = None,
    after: Callable[[], None] = lambda: None,
) -> Program:
    """`git upload-pack` on one request of a client; without one, it says what there is.

    `version` is what the client has sent as `Git-Protocol`.
    """
    options = ["--stateless-rpc"] if request else ["--stateless-rpc", "--advertise-refs"]
    return Program(["upload-pack", *options, str(directory)], request, version, after)


def write_bitmaps(directory: Path, objects: Path) -> None:
    """Writes an index over all packs in a folder of objects, with bitmaps for commits of the refs.

    The folder is one that the repository reads. Raises `GitError`.
    """
    options = [f"--object-dir={objects}", "write", "--bitmap", "--no-progress"]
    Program(["-C", str(directory), "multi-pack-index", *options]).read_all()


def index_pack(directory: Path, pack: BinaryIO, limit: int) -> str:
    """Stores the pack at the position of the file in a repository, and gives its name.

    What a thin pack leaves out is added to it. Each object is checked, and whether all that it
    names is in the pack or in the repository. Raises `GitError`.
    """
    pack.flush()
    start = os.lseek(pack.fileno(), pack.tell(), os.SEEK_SET)
    size = os.fstat(pack.fileno()).st_size - start
    fewest, most = INDEX_PACK_SECONDS
    seconds = min(most, fewest + size // INDEX_PACK_BYTES_PER_SECOND)
    options = ["--stdin", "--fix-thin", f"--strict={_TOLERATED}", f"--max-input-size={limit}"]
    command = ["-C", str(directory), "index-pack", *options]
    return Program(command, pack, seconds=seconds).read_all().decode().split()[-1]


def merge_trees(directory: Path, ours: str, theirs: str, seconds: int) -> tuple[bool, bytes]:
    """Merges two commits into a tree, and says whether they contradict each other.

    It may take so many seconds of a processor.

    The bytes are the id of the tree and the paths with conflicts, each with a NUL behind it; they
    are nothing when the commits have no history in common. Raises `GitError`.
    """
    options = ["--write-tree", "-z", "--name-only", "--no-messages"]
    command = ["-C", str(directory), "merge-tree", *options, ours, theirs]
    try:
        status, said = Program(command, seconds=seconds).read_answer(statuses=(0, 1))
    except GitError as error:
        if "unrelated histories" not in str(error):
            raise
        return True, b""
    return bool(status), said


def compare_trees(
    directory: str, old: str, new: str, options: list[str], seconds: int, most: int
) -> bytes:
    """What differs between two trees, as `git diff-tree` says it; renames are among it.

    It may take so many seconds of a processor and say that many bytes. Raises `GitError`, which is
    a `GitLimitError` when it needs more.
    """
    plain = ["-c", "core.quotePath=false", *_SMALL_WINDOWS]
    command = ["--git-dir", directory, *plain, "diff-tree", "-r", "-M", *options, old, new]
    return Program(command, seconds=seconds).read_answer(statuses=(0,), most=most)[1]


def blame(directory: str, commit: str, path: str, seconds: int, most: int) -> bytes:
    """Which commit the lines of a file come from, as `git blame --incremental` says it.

    It may take so many seconds of a processor and say that many bytes. Raises `GitError`, which is
    a `GitLimitError` when it needs more.
    """
    command = ["--git-dir", directory, *_SMALL_WINDOWS, "blame", "--incremental", commit]
    program = Program([*command, "--", path], seconds=seconds)
    return program.read_answer(statuses=(0,), most=most)[1]


def find_merge_base(directory: str, one: str, other: str) -> str | None:
    """The newest commit that both lead back to; raises `GitError`."""
    program = Program(["--git-dir", directory, "merge-base", one, other])
    return program.read_answer(statuses=(0, 1))[1].decode().strip() or None


@dataclass(frozen=True)
class PackFile:
    """A pack in a file, with its index beside it."""

    path: Path
    count: int

    def describe(self) -> PackInfo:
        """What the pack is, with the bytes of its index."""
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


def _environment() -> dict[str, str]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return {**inherited, **_ENVIRONMENT}


def _run(repository: str, arguments: list[str], stdin: bytes) -> bytes:
    process = subprocess.run(  # noqa: S603
        ["git", "--git-dir", repository, *arguments],  # noqa: S607
        input=stdin,
        capture_output=True,
        env=_environment(),
        check=False,
    )
    if process.returncode:
        raise GitError(process.stderr.decode("utf-8", "replace").strip())
    return process.stdout
