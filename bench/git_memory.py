"""How much memory do pushes and clones of large repositories take, and how long do they last?"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from _measure import GIB, MIB, MeasuredHub, Row, Session, hub_on, report, timed, work_folder
from memory import SAMPLE_SECONDS, Sampler, make_row

COMMITS = 10_000
FILES = 100_000
FOLDERS = 1_000
LARGE_FILE = 10 * MIB
LARGE_COUNT = 2 * GIB // LARGE_FILE + 1
AIM = 768

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}


def git(folder: Path, *arguments: str, input: Iterator[bytes] | None = None) -> None:
    """Run git in the folder, and give it what it reads."""
    command = ["git", "-C", str(folder), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **QUIET})
    assert process.stdin is not None
    for block in input or ():
        process.stdin.write(block)
    process.stdin.close()
    if process.wait():
        raise RuntimeError(f"git {' '.join(arguments)} failed")


def history() -> Iterator[bytes]:
    """Many files in the first commit, one of them changed in each later one, for fast-import."""
    chance = random.Random(1)
    paths = [f"d{n % FOLDERS:03d}/f{n:05d}.txt" for n in range(FILES)]
    yield from commit(0, {path: text(chance) for path in paths})
    for number in range(1, COMMITS):
        yield from commit(number, {chance.choice(paths): text(chance)})


def text(chance: random.Random) -> bytes:
    return b"".join(b"%d of a line\n" % chance.randrange(10**9) for _ in range(20))


def commit(number: int, files: dict[str, bytes]) -> Iterator[bytes]:
    who = f"committer A <a@example.org> {1_700_000_000 + number} +0000"
    yield f"commit refs/heads/main\n{who}\ndata 1\nx\n".encode()
    for path, data in files.items():
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)


def large_files() -> Iterator[bytes]:
    """Two GiB that cannot be compressed, in files that just need no LFS."""
    yield from commit(0, {})
    for number in range(LARGE_COUNT):
        yield from commit(
            number + 1, {f"{number}.dat": random.Random(number).randbytes(LARGE_FILE)}
        )


def measure(
    hub: MeasuredHub, folder: Path, name: str, what: str, stream: Iterator[bytes]
) -> Iterator[Row]:
    token = hub.add_user(name)
    Session(hub, token).create_repo("m")
    url = f"http://{name}:{token}@127.0.0.1:{hub.port}/{name}/m"
    source = folder / name
    source.mkdir()
    git(source, "init", "-q", "-b", "main")
    git(source, "fast-import", "--quiet", input=stream)
    hub.restart()
    with Sampler(hub.pid) as push:
        seconds = timed(lambda: git(source, "push", "-q", "--force", url, "main"))
    yield make_row(f"push of {what} ({seconds:.0f} s)", push, AIM)
    shutil.rmtree(source)
    for case, without_cache in (("with the cache", False), ("without", True)):
        hub.restart(without_cache=without_cache)
        with Sampler(hub.pid) as fetch:
            seconds = timed(lambda: git(folder, "clone", "-q", url, "c"))
        yield make_row(f"clone of {what}, {case} ({seconds:.0f} s)", fetch, AIM)
        shutil.rmtree(folder / "c")


def main() -> None:
    with work_folder() as folder:
        if shutil.disk_usage(folder).free < 12 * GIB:
            sys.exit("not enough room on the disk")
        with hub_on("sqlite", folder / "hub") as hub:
            many = f"{COMMITS:,} commits on {FILES:,} files"
            large = f"2 GiB in {LARGE_COUNT} files"
            rows = [
                *measure(hub, folder, "many", many, history()),
                *measure(hub, folder, "large", large, large_files()),
            ]
    report(
        "16. Memory of pushes and clones",
        "bench/git_memory.py",
        rows,
        [
            f"VmRSS of the server and the git programs that it runs, every {SAMPLE_SECONDS} s; what"
            " git maps of a pack counts, though it is the page cache.",
            "The client's own work is in the seconds.",
        ],
    )


if __name__ == "__main__":
    main()
