"""Large files go to the hub in chunks and come back, with every client that knows Xet."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat.access_log import AccessLog
from tests.compat.conftest import OVER_LFS, new_client
from tests.compat.environments import VERSIONS
from tests.compat.stored import stored_file, stored_files
from tests.compat.test_folders import read_files, write_files
from tests.compat.test_torch_checkpoint import assert_same_checkpoint
from tests.conftest import BACKENDS

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

WITH_XET = VERSIONS[1:]
NEWEST = VERSIONS[-1:]

with_xet = pytest.mark.parametrize("client", WITH_XET, indirect=True)
with_the_newest = pytest.mark.parametrize("client", NEWEST, indirect=True)

# What is asked beside the bytes themselves: less than this for each upload.
OVERHEAD = 200_000

UPLOAD = """
import os
from compat_script import api, repo, tell

# What others can read would not be sent again by a user of the same hub, in another test.
api.create_repo(repo, private=True, exist_ok=True)
path = os.environ["FILE"]
api.upload_file(path_or_fileobj=path, path_in_repo=os.path.basename(path), repo_id=repo)
tell(sha=api.repo_info(repo).sha)
"""

DOWNLOAD = """
import os
from huggingface_hub import hf_hub_download
from compat_script import repo, tell

name = os.environ["NAME"]
revisions = os.environ.get("REVISIONS", "main").split()
tell(paths=[hf_hub_download(repo, name, revision=revision) for revision in revisions])
"""

UPLOAD_FOLDER = """
import os
from compat_script import api, repo, tell

api.create_repo(repo, private=True)
api.upload_folder(repo_id=repo, folder_path=os.environ["FOLDER"])
tell()
"""

SNAPSHOT = """
from huggingface_hub import snapshot_download
from compat_script import repo, tell

tell(path=snapshot_download(repo))
"""


@pytest.fixture(scope="session")
def versions(torch_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkpoint that no hub has seen, and a later one in which one of 48 tensors is another.

    Both have the same file name, which a `.pt` file repeats inside.
    """
    import torch

    source = torch.Generator().manual_seed(random.SystemRandom().getrandbits(60))
    weights = torch.load(torch_checkpoint, weights_only=True)
    for tensor in weights.values():
        tensor.add_(torch.randn(tensor.shape, generator=source))
    paths = []
    for number in (1, 2):
        path: Path = tmp_path_factory.mktemp(f"version-{number}") / torch_checkpoint.name
        torch.save(weights, path)
        paths.append(path)
        weights["layers.2.self_attn.out_proj.weight"].add_(1)
    return paths[0], paths[1]


# Checkpoints


@with_xet
def test_a_changed_checkpoint_costs_what_has_changed(
    client: Client,
    hub: LiveHub,
    alice: Account,
    versions: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    """Each version is there under its revision, for the oldest client as well."""
    repo = f"{alice.name}/trained"
    size = versions[0].stat().st_size
    revisions = []
    sent = []
    for path in versions:
        log = AccessLog(hub)
        told = client.run(UPLOAD, hub.url, alice.token, REPO=repo, FILE=str(path))
        revisions.append(told["sha"])
        sent.append(log.received("/xet/"))
        assert log.requests("POST", "/xorbs/")
        assert not log.requests("PUT", "/lfs/")
    assert size * 0.8 < sent[0] < size * 1.01
    assert sent[1] < size * 0.03
    for downloader in (client, new_client("0.13.4", tmp_path / "old")):
        log = AccessLog(hub)
        environ = {"REPO": repo, "NAME": versions[0].name, "REVISIONS": " ".join(revisions)}
        told = downloader.run(DOWNLOAD, hub.url, alice.token, **environ)
        for loaded, saved in zip(told["paths"], versions, strict=True):
            assert_same_checkpoint(Path(loaded), saved)
        assert bool(log.requests("GET", "/reconstructions/")) is (downloader is client)


@with_the_newest
@pytest.mark.parametrize("hub", BACKENDS, indirect=True)
def test_another_machine_asks_the_hub_which_chunks_are_new(
    client: Client,
    hub: LiveHub,
    alice: Account,
    versions: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    """Its memory is empty, so the hub's answers to dedup queries spare the bytes."""
    repo = f"{alice.name}/moved"
    first, second = versions
    client.run(UPLOAD, hub.url, alice.token, REPO=repo, FILE=str(first))
    other = new_client(client.version, tmp_path / "other")
    log = AccessLog(hub)
    other.run(UPLOAD, hub.url, alice.token, REPO=repo, FILE=str(second))
    assert 200 in [request.status for request in log.requests("GET", "/chunks/")]
    assert log.received("/xet/") < first.stat().st_size * 0.03
    assert stored_file(hub, repo, second.name, alice.token) == second.read_bytes()


# Who sends, and who fetches


def kinds_of_files() -> dict[str, bytes]:
    """Files that go into chunks, and some that do not."""
    noise = random.Random()
    part = noise.randbytes(3_000_000)
    return {
        "README.md": b"# Model\n",
        "noise.bin": noise.randbytes(9_000_000),
        "zeros.bin": bytes(5_000_000),
        "text.bin": b"a line of text\n" * 300_000,
        "repeated.bin": part * 3,
        "sub/inside.bin": noise.randbytes(100_000) + part + noise.randbytes(100_000),
        "one.bin": b"1",
        "empty.bin": b"",
    }


@with_xet
def test_what_was_sent_in_chunks_is_fetched_by_all_clients(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path, access_log: AccessLog
) -> None:
    files = kinds_of_files()
    folder = write_files(tmp_path / "folder", files)
    repo = f"{alice.name}/kinds"
    client.run(UPLOAD_FOLDER, hub.url, alice.token, REPO=repo, FOLDER=str(folder))
    assert access_log.requests("POST", "/xorbs/")
    # The noise, and twice the part that is in two files: they may be sent at the same time.
    assert access_log.received("/xorbs/") < 9_000_000 + 2 * 3_000_000 + 1_000_000
    assert stored_files(hub, repo, alice.token) == files
    for number, name in enumerate((*WITH_XET, *OVER_LFS[::3])):
        reader = new_client(name, tmp_path / f"reader-{number}")
        told = reader.run(SNAPSHOT, hub.url, alice.token, REPO=repo)
        assert read_files(Path(told["path"])) == files, name


@with_the_newest
@pytest.mark.parametrize("before", OVER_LFS[::3])
def test_what_was_sent_whole_is_fetched_and_may_be_sent_in_chunks(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path, before: str
) -> None:
    """The newest client does not ask what is there: it sends large files with Xet in any case."""
    files = kinds_of_files()
    folder = write_files(tmp_path / "folder", files)
    repo = f"{alice.name}/whole"
    whole = new_client(before, tmp_path / "before")
    whole.run(UPLOAD_FOLDER, hub.url, alice.token, REPO=repo, FOLDER=str(folder))
    told = client.run(SNAPSHOT, hub.url, alice.token, REPO=repo)
    assert read_files(Path(told["path"])) == files
    path = str(folder / "noise.bin")
    client.run(UPLOAD, hub.url, alice.token, REPO=repo, FILE=path)
    client.run(UPLOAD, hub.url, alice.token, REPO=f"{repo}-2", FILE=path)
    for name in (repo, f"{repo}-2"):
        environ = {"REPO": name, "NAME": "noise.bin"}
        told = client.run(DOWNLOAD, hub.url, alice.token, **environ)
        assert Path(told["paths"][0]).read_bytes() == files["noise.bin"]
    assert stored_files(hub, repo, alice.token) == files


# What clients remember


def noise_file(tmp_path: Path) -> Path:
    path = tmp_path / "noise.bin"
    path.write_bytes(random.Random(str(tmp_path)).randbytes(4_000_000))
    return path


@with_xet
def test_two_users_of_one_machine_send_the_same_file_to_private_repos(
    client: Client, hub: LiveHub, alice: Account, bob: Account, tmp_path: Path
) -> None:
    """What the machine remembers of one user's chunks would be refused from the other."""
    path = noise_file(tmp_path)
    for user in (alice, bob):
        log = AccessLog(hub)
        environ = {"REPO": f"{user.name}/own", "FILE": str(path)}
        client.run(UPLOAD, hub.url, user.token, **environ)
        assert log.received("/xorbs/") > 4_000_000
    for user, other in ((alice, bob), (bob, alice)):
        repo = f"{user.name}/own"
        assert stored_file(hub, repo, "noise.bin", user.token) == path.read_bytes()
        hidden = hub.call("GET", f"/{repo}/resolve/main/noise.bin", token=other.token)
        assert hidden.status_code == 404


@with_xet
def test_a_user_sends_the_same_file_only_once(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    path = noise_file(tmp_path)
    for name in ("first", "second"):
        log = AccessLog(hub)
        environ = {"REPO": f"{alice.name}/{name}", "FILE": str(path)}
        client.run(UPLOAD, hub.url, alice.token, **environ)
        sent = log.received("/xet/")
        assert sent > 4_000_000 if name == "first" else sent < OVERHEAD
    for name in ("first", "second"):
        repo = f"{alice.name}/{name}"
        assert stored_file(hub, repo, "noise.bin", alice.token) == path.read_bytes()
