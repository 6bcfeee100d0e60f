"""One cache for this client and the official ones: the same files at the same places."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from freehold import (
    CACHED_NO_EXIST,
    EntryNotFoundError,
    HfApi,
    scan_cache_dir,
    try_to_load_from_cache,
)
from tests.client.downloading import LARGE, tree_of
from tests.compat.conftest import Client
from tests.compat.environments import is_ready, python_of
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

OFFICIAL = ("0.36.2", "2.4.0")


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    texts = {"a.txt": "a1", "sub/x y.txt": "b1", "sub/deep/same.txt": "b1", "empty": ""}
    repo = new_repo(hub, alice, *(file(path, text) for path, text in texts.items()))
    repo.commit_lfs("w.bin", LARGE)
    return repo


@pytest.fixture(params=OFFICIAL)
def official(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    version: str = request.param
    if not is_ready(version):
        pytest.fail(f"huggingface_hub {version} is not installed: run `make environments`")
    home = tmp_path / "official"
    home.mkdir()
    return Client(version, home)


OPENING = """
import os
from compat_script import repo, tell
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download
from huggingface_hub import try_to_load_from_cache, _CACHED_NO_EXIST
cache = os.environ["CACHE"]
"""

# What both are asked to do, in the same order.
DOWNLOADS = """
folder = snapshot_download(repo, cache_dir=cache + "/whole")
snapshot_download(repo, cache_dir=cache + "/some", allow_patterns=["sub/*"])
snapshot_download(repo, cache_dir=cache + "/tag", revision="v1")
snapshot_download(repo, cache_dir=cache + "/pinned", revision=os.path.basename(folder))
hf_hub_download(repo, "sub/x y.txt", cache_dir=cache + "/one")
hf_hub_download(repo, "w.bin", cache_dir=cache + "/old", revision=os.path.basename(folder))
try:
    hf_hub_download(repo, "nope/x.txt", cache_dir=cache + "/one")
except EntryNotFoundError:
    pass
snapshot_download(repo, local_dir=cache + "/local", cache_dir=cache + "/unused")
hf_hub_download(repo, "sub/deep/same.txt", local_dir=cache + "/local1")
tell(folder=folder)
"""


def run_ours(repo: Repo, cache: Path) -> str:
    """Do the same with this library."""
    api = HfApi(repo.hub.url, token=repo.account.token)
    told: dict[str, Any] = {}
    names = {
        "os": __import__("os"),
        "repo": repo.full_name,
        "cache": str(cache),
        "tell": told.update,
        "snapshot_download": api.snapshot_download,
        "hf_hub_download": api.hf_hub_download,
        "EntryNotFoundError": EntryNotFoundError,
    }
    exec(DOWNLOADS, names)
    return str(told["folder"])


def run_theirs(official: Client, repo: Repo, cache: Path, script: str, **env: str) -> Any:
    given = {"REPO": repo.full_name, "CACHE": str(cache), **env}
    return official.run(OPENING + script, repo.hub.url, repo.account.token, **given)


def comparable(folder: Path, version: str) -> dict[str, str]:
    """The tree without what may differ, for a reason.

    Lock files of small files are not needed here, `CACHEDIR.TAG` says who made it, the list of a
    commit may have other white space and is not private, the time of a note is that of the
    download. 0.36 has no lists and no tags.
    """
    found = {}
    for path, what in tree_of(folder).items():
        name = path.rpartition("/")[2]
        if name.endswith(".lock") or ".locks" in path or name == "CACHEDIR.TAG":
            continue
        if version == "0.36.2" and "trees" in path.split("/"):
            continue
        # They note where a branch is also when the files go elsewhere.
        if path.startswith("unused"):
            continue
        if "/trees/" in path:
            what = json.dumps(json.loads((folder / path).read_text()), sort_keys=True)
        elif name.endswith(".metadata"):
            what = (folder / path).read_text().rpartition("\n")[0].rpartition("\n")[0]
        found[path] = what
    return found


def test_both_clients_write_the_same_tree(repo: Repo, official: Client, tmp_path: Path) -> None:
    HfApi(repo.hub.url, token=repo.account.token).create_tag(repo.full_name, tag="v1")
    imports = "from huggingface_hub.utils import EntryNotFoundError\n"
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    run_theirs(official, repo, theirs, imports + DOWNLOADS)
    run_ours(repo, ours)
    found = comparable(ours, official.version)
    assert found == comparable(theirs, official.version)
    assert len(found) > 80


def test_the_official_client_reads_what_this_one_wrote(
    repo: Repo, official: Client, tmp_path: Path
) -> None:
    api = HfApi(repo.hub.url, token=repo.account.token)
    folder = api.snapshot_download(repo.full_name, cache_dir=tmp_path / "cache")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo.full_name, "nope", cache_dir=tmp_path / "cache")
    script = """
info = scan_cache_dir(cache)
[one] = info.repos
tell(
    folder=snapshot_download(repo, cache_dir=cache),
    file=hf_hub_download(repo, "w.bin", cache_dir=cache),
    pinned=snapshot_download(repo, cache_dir=cache, revision=os.path.basename(os.environ["AT"])),
    nope=try_to_load_from_cache(repo, "nope", cache_dir=cache) is _CACHED_NO_EXIST,
    size=info.size_on_disk, files=one.nb_files, refs=list(one.refs), warnings=len(info.warnings),
    freed=info.delete_revisions(os.path.basename(os.environ["AT"])).expected_freed_size,
)
"""
    told = run_theirs(official, repo, tmp_path / "cache", script, HF_HUB_OFFLINE="1", AT=folder)
    own = scan_cache_dir(tmp_path / "cache")
    [found] = own.repos
    assert told == {
        "folder": folder,
        "file": f"{folder}/w.bin",
        "pinned": folder,
        "nope": True,
        "size": own.size_on_disk,
        "files": found.nb_files,
        "refs": list(found.refs),
        # The older one takes `CACHEDIR.TAG` for a repository, also that of the newer one.
        "warnings": int(official.version == "0.36.2"),
        "freed": own.delete_revisions(Path(folder).name).expected_freed_size,
    }


def test_this_client_reads_what_the_official_one_wrote(
    repo: Repo, official: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """
folder = snapshot_download(repo, cache_dir=cache)
try:
    hf_hub_download(repo, "nope", cache_dir=cache)
except Exception:
    pass
tell(folder=folder)
"""
    cache = tmp_path / "cache"
    folder = run_theirs(official, repo, cache, script)["folder"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    api = HfApi(repo.hub.url)
    assert api.snapshot_download(repo.full_name, cache_dir=cache) == folder
    at = Path(folder).name
    assert api.snapshot_download(repo.full_name, cache_dir=cache, revision=at) == folder
    assert api.hf_hub_download(repo.full_name, "w.bin", cache_dir=cache) == f"{folder}/w.bin"
    assert try_to_load_from_cache(repo.full_name, "nope", cache) is CACHED_NO_EXIST
    assert scan_cache_dir(cache).warnings == []


def test_a_local_folder_is_known_to_both(repo: Repo, official: Client, tmp_path: Path) -> None:
    """The one sees that the other has fetched everything."""
    api = HfApi(repo.hub.url, token=repo.account.token)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    script = 'tell(at=snapshot_download(repo, local_dir=os.environ["TO"]))'
    run_theirs(official, repo, tmp_path / "cache", script, TO=str(theirs))
    api.snapshot_download(repo.full_name, local_dir=ours)
    before = {path: path.stat().st_mtime_ns for path in ours.rglob("*.*") if path.is_file()}
    told = [
        one.will_download
        for one in api.snapshot_download(repo.full_name, local_dir=theirs, dry_run=True)
    ]
    assert told == [False] * 6
    run_theirs(official, repo, tmp_path / "cache", script, TO=str(ours))
    assert all(
        path.stat().st_mtime_ns == moment
        for path, moment in before.items()
        if ".cache" not in path.parts
    )


def test_both_may_download_at_once(repo: Repo, official: Client, tmp_path: Path) -> None:
    """The locks are of the same kind, so whoever comes second waits for the other."""
    api = HfApi(repo.hub.url, token=repo.account.token)
    cache = tmp_path / "cache"
    events: list[str] = []
    command = [
        str(python_of(official.version)),
        "-c",
        OPENING + 'print(hf_hub_download(repo, "w.bin", cache_dir=cache), flush=True)',
    ]
    environ = official.environ(repo.hub.url, repo.account.token)
    environ |= {"REPO": repo.full_name, "CACHE": str(cache)}
    running: list[subprocess.Popen[str]] = []

    def start_other(event: Any) -> None:
        """While this one holds the lock, the other starts, and cannot get by."""
        if event.kind == "download" and not running:
            other = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
            running.append(other)
            with pytest.raises(subprocess.TimeoutExpired):
                other.wait(3)
            events.append("held")

    path = api.hf_hub_download(repo.full_name, "w.bin", cache_dir=cache, on_event=start_other)
    told = running[0].communicate(timeout=60)[0]
    assert told.split() == [path]
    assert events == ["held"]
    assert Path(path).read_bytes() == LARGE
