"""Every generation of hf-xet, by itself: each speaks to the store in its own way."""

from __future__ import annotations

import json
import os
import random
import re
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat import environments
from tests.compat.access_log import AccessLog
from tests.compat.stored import stored_files
from tests.compat.test_folders import read_files, write_files
from tests.repos import Repo, lfs_file, new_repo, sha256

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

HASH = re.compile(r"[0-9a-f]{64}")

TOKEN = """
import hf_xet, json, os
from pathlib import Path

access = json.loads(os.environ["ACCESS"])
token = (access["accessToken"], access["exp"])
store = access["casUrl"]
folder = Path(os.environ["FOLDER"])

def refresh():
    raise RuntimeError("the token is new")
"""

UPLOAD = (
    TOKEN
    + """
paths = sorted(str(path) for path in folder.rglob("*") if path.is_file())
sent = hf_xet.upload_files(paths, store, token, refresh, None, "model")
hashes = {str(Path(p).relative_to(folder)): item.hash for p, item in zip(paths, sent)}
print(json.dumps(hashes))
"""
)

DOWNLOAD = (
    TOKEN
    + """
wanted = json.loads(os.environ["WANTED"])
infos = [
    hf_xet.PyXetDownloadInfo(str(folder / path), hash, size)
    for path, (hash, size) in wanted.items()
]
hf_xet.download_files(infos, store, token, refresh, None)
print("null")
"""
)


@dataclass(frozen=True)
class HfXet:
    """One version of hf-xet, on one machine: `home` has what it remembers."""

    version: str
    home: Path

    @property
    def generation(self) -> tuple[int, ...]:
        """The version as numbers, to compare."""
        return tuple(int(part) for part in self.version.split("."))

    def upload(self, repo: Repo, folder: Path) -> dict[str, str]:
        """Send every file of `folder` to the store, and return their hashes by path."""
        hashes: dict[str, str] = self._run(UPLOAD, repo, "write", folder)
        return hashes

    def download(self, repo: Repo, wanted: Mapping[str, tuple[str, int]], folder: Path) -> None:
        """Fetch files, given as path to hash and size, into `folder`."""
        self._run(DOWNLOAD, repo, "read", folder, WANTED=json.dumps(wanted))

    def _run(self, script: str, repo: Repo, purpose: str, folder: Path, **env: str) -> Any:
        answer = repo.get(f"/xet-{purpose}-token/main")
        assert answer.status_code == 200, answer.text
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "HF_HOME": str(self.home / "huggingface"),
            "PYTHONPATH": str(environments.hf_xet_path(self.version)),
            "NO_PROXY": "*",
            "ACCESS": answer.text,
            "FOLDER": str(folder),
        }
        # This environment has no hf-xet of its own.
        program = str(environments.python_of("0.13.4"))
        done = subprocess.run(
            [program, "-c", script],
            cwd=self.home,
            env=environ | env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{self.version}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.rstrip().rpartition("\n")[2])


def new_hf_xet(version: str, home: Path) -> HfXet:
    """Make a machine with this version, whose home is a new folder."""
    if not environments.is_hf_xet_ready(version):
        pytest.fail(f"hf-xet {version} is not installed: run `make environments`")
    home.mkdir()
    return HfXet(version, home)


@pytest.fixture(params=environments.HF_XET_VERSIONS)
def hf_xet(request: pytest.FixtureRequest, tmp_path: Path) -> HfXet:
    """Each generation of hf-xet, with an empty home."""
    return new_hf_xet(request.param, tmp_path / "home")


def contents(source: random.Random) -> dict[str, bytes]:
    """Files of all kinds: noise, text, numbers, runs, repetitions, and small ones."""
    noise = source.randbytes(9_000_000)
    part = source.randbytes(700_000)
    return {
        "noise.bin": noise,
        "text.bin": b" ".join(b"%d bottles" % source.randrange(1000) for _ in range(200_000)),
        "numbers.bin": struct.pack("<500000f", *(source.gauss(0, 1) for _ in range(500_000))),
        "zeros.bin": bytes(2_000_000),
        "repeated.bin": part * 4,
        "inside.bin": source.randbytes(1000) + noise[3_000_000:5_000_000],
        "tiny.bin": source.randbytes(3),
        "empty.bin": b"",
    }


def commit(repo: Repo, files: Mapping[str, bytes]) -> None:
    """Make the files visible, as all clients do once the bytes are in the store."""
    repo.commit(*(lfs_file(path, sha256(data), len(data)) for path, data in files.items()))


def expected_calls(version: tuple[int, ...]) -> set[tuple[str, str]]:
    """The calls to the store of this generation, as method and path; `H` is a hash."""
    if version < (1, 1, 10):
        xorb, shard = "/xorb/default/H", "/shard/default/H"
        chunk, file = "/chunk/default/H", "/reconstruction/H"
    elif version < (1, 3):
        xorb, shard = "/xorbs/default/H", "/shards"
        chunk, file = "/chunks/default/H", "/reconstructions/H"
    else:
        xorb, shard = "/v1/xorbs/default/H", "/shards"
        chunk, file = "/v1/chunks/default/H", "/v1/reconstructions/H"
    if version >= (1, 5):
        file = "/v2/reconstructions/H"
    if version >= (1, 5, 2):
        shard = "/v1/shards"
    if version >= (1, 6):
        shard = "/v2/shards"
    calls = {("POST", xorb), ("POST", shard), ("GET", chunk), ("GET", file), ("GET", "/xorbs/H")}
    if version >= (1, 7):
        calls.add(("POST", "/v1/telemetry"))
    if version >= (1, 8):
        calls.add(("POST", "/v1/xorb-grants/default/H"))
    return calls


def calls_of(log: AccessLog, store: str) -> set[tuple[str, str]]:
    """The calls to the store that the hub has seen; `store` is the path of its address."""
    calls = {(item.method, HASH.sub("H", item.path.removeprefix(store))) for item in log.all()}
    return {(method, path.removeprefix("/xet")) for method, path in calls if path[:4] != "/api"}


def test_files_of_every_kind_go_to_the_hub_and_come_back(
    hf_xet: HfXet, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    repo = new_repo(hub, alice, private=True)
    store = repo.get("/xet-write-token/main").json()["casUrl"].removeprefix(hub.url)
    files = contents(random.Random())
    folder = write_files(tmp_path / "folder", files)
    log = AccessLog(hub)
    hashes = hf_xet.upload(repo, folder)
    assert hashes.keys() == files.keys()
    commit(repo, files)
    # Versions before 1.3 write no file where there are no bytes to write.
    expected = {path: data for path, data in files.items() if data or hf_xet.generation >= (1, 3)}
    wanted = {path: (hashes[path], len(data)) for path, data in files.items()}
    (tmp_path / "fetched").mkdir()
    hf_xet.download(repo, wanted, tmp_path / "fetched")
    seen = calls_of(log, store)
    print([(i.method, i.path[-100:], i.status, i.sent) for i in log.requests("GET", "0" * 64)])
    assert read_files(tmp_path / "fetched") == expected
    assert stored_files(hub, repo.full_name, alice.token) == files
    assert seen == expected_calls(hf_xet.generation)


def test_the_answer_to_a_dedup_query_is_understood(
    hf_xet: HfXet, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """Another machine of the user, without a memory, sends only what has changed in the middle."""
    repo = new_repo(hub, alice, private=True)
    noise = random.Random().randbytes(6_000_000)
    changed = noise[:2_000_000] + b"changed" + noise[2_000_100:]
    for number, data in enumerate((noise, changed)):
        machine = new_hf_xet(hf_xet.version, tmp_path / f"machine-{number}")
        log = AccessLog(hub)
        folder = write_files(tmp_path / f"folder-{number}", {"w.bin": data})
        machine.upload(repo, folder)
        commit(repo, {"w.bin": data})
        assert stored_files(hub, repo.full_name, alice.token) == {"w.bin": data}
        answers = [request.status for request in log.requests("GET", "/chunk")]
        assert answers[0] == (200 if number else 404)
        assert (log.received("/xet/") < 500_000) is (number == 1)


ROUND_TRIP = """
import os
import hf_xet
from huggingface_hub import snapshot_download
from compat_script import api, repo, tell

api.create_repo(repo, private=True)
api.upload_folder(repo_id=repo, folder_path=os.environ["FOLDER"])
tell(path=snapshot_download(repo), hf_xet=hf_xet.__file__)
"""


@pytest.mark.parametrize(
    ("client", "version"),
    [("0.36.2", "1.1.3"), ("1.28.0", "1.5.2"), ("2.4.0", "1.6.0")],
    indirect=["client"],
)
def test_huggingface_hub_works_with_the_oldest_hf_xet_that_it_accepts(
    client: Client, version: str, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """Which an environment may have that is not brought up to date as a whole."""
    folder = environments.hf_xet_path(version)
    inside = client.environ(hub.url, None)["PYTHONPATH"]
    files = contents(random.Random())
    environ = {
        "REPO": f"{alice.name}/pair",
        "FOLDER": str(write_files(tmp_path / "folder", files)),
        "PYTHONPATH": f"{folder}{os.pathsep}{inside}",
    }
    log = AccessLog(hub)
    told = client.run(ROUND_TRIP, hub.url, alice.token, **environ)
    assert Path(told["hf_xet"]).is_relative_to(folder)
    assert read_files(Path(told["path"])) == files
    shard = {"1.1.3": "/shard/default/", "1.5.2": "/v1/shards", "1.6.0": "/v2/shards"}
    assert log.requests("POST", shard[version])


def test_the_same_bytes_may_have_two_hashes(hub: LiveHub, alice: Account, tmp_path: Path) -> None:
    """The oldest cut files in another way than the newest, and each fetches what it finds."""
    oldest, newest = environments.HF_XET_VERSIONS[0], environments.HF_XET_VERSIONS[-1]
    # The older looks at its 8128th byte without those before it, and finds an end in this one.
    noise = random.Random().randbytes(500_000)
    data = noise[:8127] + b"\x11" + noise[8128:]
    files = {"w.bin": data}
    folder = write_files(tmp_path / "folder", files)
    repo = new_repo(hub, alice, private=True)
    hashes: list[str] = []
    for version in (oldest, newest, oldest):
        machine = new_hf_xet(version, tmp_path / f"machine-{len(hashes)}")
        hashes.append(machine.upload(repo, folder)["w.bin"])
        commit(repo, files)
        assert stored_files(hub, repo.full_name, alice.token) == files
        found = repo.resolve("w.bin", method="HEAD").headers["x-xet-hash"]
        machine.download(repo, {"w.bin": (found, len(data))}, tmp_path)
        assert (tmp_path / "w.bin").read_bytes() == data
    assert hashes[0] == hashes[2] != hashes[1]
