"""What happens to the machine meanwhile: crashes, full disks, other processes, odd caches."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import HfApi, LocalFileError
from freehold.client import disk
from tests.client.downloading import LARGE, file_reply, leftovers, serve_range, sha256
from tests.client.hostile import HostileServer, Received
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

BLOCK = 1 << 20

OPENING = """
import sys
from freehold import HfApi
api = HfApi(endpoint=sys.argv[1], token=False)
"""


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    repo = new_repo(hub, alice, file("a.txt", "a1"), file("b.txt", "b1"))
    repo.commit_lfs("w.bin", LARGE)
    return repo


def program(body: str, *arguments: str) -> list[str]:
    opening = (
        "import sys\nfrom freehold import HfApi\napi = HfApi(endpoint=sys.argv[1], token=False)\n"
    )
    return [sys.executable, "-c", opening + textwrap.dedent(body), *arguments]


def fetch(
    server: HostileServer | LiveHub, body: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(body, server.url, *arguments), capture_output=True, text=True, check=False
    )


class CountingHub:
    """Sends the file, and remembers the ranges that it was asked for."""

    def __init__(self) -> None:
        self.ranges: list[str] = []

    def __call__(self, received: Received) -> bytes:
        if received.method == "HEAD":
            return file_reply(LARGE).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        self.ranges.append(received.headers.get("range", ""))
        return serve_range(LARGE, received)


def test_a_killed_download_goes_on_where_it_was(tmp_path: Path) -> None:
    """The process is killed when three of the five blocks are on the disk."""
    hub = CountingHub()
    body = """
        import os, signal
        def at(event):
            if event.done >= 3 << 20:
                os.kill(os.getpid(), signal.SIGKILL)
        api.hf_hub_download("a/b", "f", cache_dir=sys.argv[2], on_event=at)
    """
    with HostileServer(hub) as server:
        killed = fetch(server, body, str(tmp_path))
        assert killed.returncode == -signal.SIGKILL
        assert len(leftovers(tmp_path)) == 1
        path = Path(HfApi(endpoint=server.url).hf_hub_download("a/b", "f", cache_dir=tmp_path))
    assert path.read_bytes() == LARGE
    first, second = hub.ranges
    assert first == ""
    assert int(second.removeprefix("bytes=").removesuffix("-")) >= 3 * BLOCK
    assert leftovers(tmp_path) == []


def test_a_snapshot_that_is_killed_leaves_nothing_half(repo: Repo, tmp_path: Path) -> None:
    body = """
        import os, signal
        def at(event):
            if event.done >= 3 << 20:
                os.kill(os.getpid(), signal.SIGKILL)
        api.snapshot_download(sys.argv[2], local_dir=sys.argv[3] or None, cache_dir=sys.argv[4],
                              on_event=at)
    """
    for local in ("", str(tmp_path / "local")):
        cache = str(tmp_path / f"cache{bool(local)}")
        killed = fetch(repo.hub, body, repo.full_name, local, cache)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        api = HfApi(repo.hub.url, token=repo.account.token)
        where = {"cache_dir": cache, "local_dir": local or None}
        folder = Path(api.snapshot_download(repo.full_name, **where))
        assert (folder / "w.bin").read_bytes() == LARGE
        assert (folder / "a.txt").read_text() == "a1"
    assert leftovers(tmp_path) == []


def test_two_processes_fetch_a_large_file_once(tmp_path: Path) -> None:
    """The second one waits for the lock of the first, and finds the file."""
    hub = CountingHub()
    body = """
        told = []
        def at(event):
            if 0 < event.done < event.total and not told:
                told.append(1)
                print("holding", flush=True)
                sys.stdin.readline()
        print(api.hf_hub_download("a/b", "f", cache_dir=sys.argv[2], on_event=at), flush=True)
    """
    with HostileServer(hub) as server:
        command = program(body, server.url, str(tmp_path))
        first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert first.stdout is not None
        assert first.stdout.readline() == "holding\n"
        second = subprocess.Popen(
            program(body.replace("sys.stdin.readline()", "pass"), server.url, str(tmp_path)),
            stdout=subprocess.PIPE,
            text=True,
        )
        while len(server.requests) < 2:
            assert second.poll() is None
        told = first.communicate("\n", timeout=60)[0]
        other = second.communicate(timeout=60)[0]
        assert len(server.requests) == 2
    assert Path(told.split()[-1]).read_bytes() == LARGE
    assert other.split()[-1] == told.split()[-1]
    assert "holding" not in other
    assert leftovers(tmp_path) == []


def test_many_threads_may_fetch_the_same(repo: Repo, tmp_path: Path) -> None:
    api = HfApi(repo.hub.url, token=repo.account.token)
    paths: list[str] = []

    def call() -> None:
        paths.append(api.snapshot_download(repo.full_name, cache_dir=tmp_path))

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(paths) == 6
    assert len(set(paths)) == 1
    assert (Path(paths[0]) / "w.bin").read_bytes() == LARGE
    assert leftovers(tmp_path) == []


def test_a_full_disk_is_a_clear_error_and_no_broken_file(repo: Repo, tmp_path: Path) -> None:
    """No file of the process may be larger than two blocks."""
    body = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
        from freehold import LocalFileError
        try:
            api.snapshot_download(sys.argv[2], cache_dir=sys.argv[3])
        except LocalFileError as error:
            print(error)
    """
    done = fetch(repo.hub, body, repo.full_name, str(tmp_path))
    assert "cannot be written" in done.stdout, done.stderr
    assert not list(tmp_path.rglob(sha256(LARGE)))
    api = HfApi(repo.hub.url, token=repo.account.token)
    folder = Path(api.snapshot_download(repo.full_name, cache_dir=tmp_path))
    assert (folder / "w.bin").read_bytes() == LARGE
    assert leftovers(tmp_path) == []


def test_a_file_that_cannot_fit_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    told = {"x_linked_size": str(1 << 60)}
    with (
        HostileServer(lambda _: file_reply(b"x", sha256(LARGE), **told)) as server,
        pytest.raises(LocalFileError, match="no room"),
    ):
        HfApi(endpoint=server.url).hf_hub_download("a/b", "f", cache_dir=tmp_path)
    assert leftovers(tmp_path) == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        set_modes(Path(name), 0o755)


def set_modes(folder: Path, mode: int) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(mode)


def test_a_cache_that_cannot_be_written_can_be_read(
    repo: Repo, open_folder: Path, tmp_path: Path
) -> None:
    """As somebody who is not root, to whom folders can be read-only."""
    api = HfApi(repo.hub.url, token=repo.account.token)
    folder = api.snapshot_download(repo.full_name, cache_dir=open_folder, ignore_patterns="b.txt")
    body = """
        import os
        from freehold import LocalFileError
        repo, cache, other = sys.argv[2:]
        # Everything that is imported later may be out of reach for the other user.
        api.hf_hub_download(repo, "a.txt", cache_dir=other)
        api.snapshot_download(repo, cache_dir=other)
        if os.getuid() == 0:
            os.setuid(65534)
        print(api.snapshot_download(repo, cache_dir=cache, ignore_patterns="b.txt"))
        print(api.hf_hub_download(repo, "w.bin", cache_dir=cache))
        for call in (api.hf_hub_download, lambda *a, **k: api.snapshot_download(a[0], **k)):
            try:
                call(repo, "b.txt", cache_dir=cache)
            except LocalFileError as error:
                print("refused", error)
    """
    set_modes(open_folder, 0o555)
    done = fetch(repo.hub, body, repo.full_name, str(open_folder), str(tmp_path / "other"))
    lines = done.stdout.split("\n")
    assert lines[:2] == [folder, f"{folder}/w.bin"], done.stderr
    assert [line.partition(" ")[0] for line in lines[2:]] == ["refused", "refused", ""]


@pytest.mark.parametrize("missing", ["the flag", "the folder of open files"])
def test_without_nameless_files_small_ones_are_renamed(
    repo: Repo, tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "the flag":
        monkeypatch.setattr(disk, "_NAMELESS", None)
    else:
        monkeypatch.setattr(disk, "_OPEN_FILES", str(tmp_path))
    api = HfApi(repo.hub.url, token=repo.account.token)
    path = Path(api.hf_hub_download(repo.full_name, "a.txt", cache_dir=tmp_path))
    assert path.read_text() == "a1"
    assert leftovers(tmp_path) == []


def test_memory_stays_small_for_a_large_file(tmp_path: Path) -> None:
    """A file of 64 MiB takes less than half of that."""
    body = """
        import resource
        api.hf_hub_download("a/b", "warm", cache_dir=sys.argv[2])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        api.hf_hub_download("a/b", "f", cache_dir=sys.argv[2])
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
    """
    data = bytes(64 << 20)
    with HostileServer(lambda r: file_reply(b"x" if "warm" in r.target else data)) as server:
        done = fetch(server, body, str(tmp_path))
    assert int(done.stdout) < 16 << 20, done.stderr
