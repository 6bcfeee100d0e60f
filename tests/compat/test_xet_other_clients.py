"""The JavaScript client sends and fetches chunks; git-lfs gets the same files as plain bytes."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat.access_log import AccessLog
from tests.compat.environments import VERSIONS
from tests.compat.javascript import run_javascript
from tests.compat.stored import stored_files
from tests.compat.test_folders import read_files, write_files
from tests.compat.test_xet import SNAPSHOT, UPLOAD_FOLDER, kinds_of_files
from tests.repos import Repo, lfs_file, new_repo, pointer, sha256

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

with_the_newest = pytest.mark.parametrize("client", VERSIONS[-1:], indirect=True)


# JavaScript

FILES = """
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const paths = process.env.PATHS.split(" ").filter(Boolean);

function read_local(path) {
  return new Blob([readFileSync(`${process.env.FOLDER}/${path}`)]);
}

async function hash(blob) {
  return createHash("sha256").update(Buffer.from(await blob.arrayBuffer())).digest("hex");
}

async function hashesOf(options) {
  const hashes = {};
  for (const path of paths) {
    hashes[path] = await hash(await hf.downloadFile({ ...all, path, ...options }));
  }
  return hashes;
}
"""

JS_UPLOAD = (
    FILES
    + """
await hf.createRepo({ ...all, visibility: "private" });
const files = paths.map((path) => ({ path, content: read_local(path) }));
await hf.uploadFiles({ ...all, files });
tell(null);
"""
)

JS_DOWNLOAD = (
    FILES
    + """
const slices = [];
for (const xet of [true, false]) {
  const blob = await hf.downloadFile({ ...all, path: "noise.bin", xet });
  for (const [start, end] of JSON.parse(process.env.SLICES)) {
    slices.push(await hash(blob.slice(start, end)));
  }
}
tell({ chunks: await hashesOf({ xet: true }), plain: await hashesOf({ xet: false }), slices });
"""
)

SLICES = ((0, 1), (1000, 1001), (131_000, 400_000), (8_000_000, 9_000_000), (0, 9_000_000))


@with_the_newest
def test_javascript_and_python_fetch_what_the_other_has_sent_in_chunks(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    files = kinds_of_files()
    folder = write_files(tmp_path / "folder", files)
    environ = {"FOLDER": str(folder), "PATHS": " ".join(files), "SLICES": str([*map(list, SLICES)])}
    hashes = {path: sha256(data) for path, data in files.items()}
    slices = [sha256(files["noise.bin"][start:end]) for start, end in SLICES]
    for sender in ("js", "python"):
        repo = f"{alice.name}/{sender}"
        log = AccessLog(hub)
        if sender == "js":
            run_javascript(JS_UPLOAD, hub, tmp_path, alice.token, REPO=repo, **environ)
        else:
            client.run(UPLOAD_FOLDER, hub.url, alice.token, REPO=repo, **environ)
        assert log.requests("POST", "/shards")
        assert not log.requests("PUT", "/lfs/")
        told = run_javascript(JS_DOWNLOAD, hub, tmp_path, alice.token, REPO=repo, **environ)
        assert told == {"chunks": hashes, "plain": hashes, "slices": slices * 2}
        assert log.requests("GET", "/v2/reconstructions/")
        log = AccessLog(hub)
        found = client.run(SNAPSHOT, hub.url, alice.token, REPO=repo)
        assert read_files(Path(found["path"])) == files
        assert log.requests("GET", "/v2/reconstructions/")


JS_EDIT = (
    FILES
    + """
const path = "noise.bin";
const edits = [
  { start: 4_000_000, end: 4_000_010, content: new Blob(["other bytes here"]) },
  { start: 9_000_000, end: 9_000_000, content: new Blob(["and more"]) },
];
const originalContent = await hf.downloadFile({ ...all, path });
await hf.commit({
  ...all, title: "Edit", operations: [{ operation: "edit", path, originalContent, edits }]
});
tell(null);
"""
)


def test_javascript_edits_a_large_file_and_sends_only_what_has_changed(
    hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    noise = random.Random().randbytes(9_000_000)
    folder = write_files(tmp_path / "folder", {"noise.bin": noise})
    repo = f"{alice.name}/edited"
    environ = {"REPO": repo, "FOLDER": str(folder), "PATHS": "noise.bin"}
    run_javascript(JS_UPLOAD, hub, tmp_path, alice.token, **environ)
    log = AccessLog(hub)
    run_javascript(JS_EDIT, hub, tmp_path, alice.token, **environ)
    edited = noise[:4_000_000] + b"other bytes here" + noise[4_000_010:] + b"and more"
    assert stored_files(hub, repo, alice.token) == {"noise.bin": edited}
    assert 0 < log.received("/xet/") < 1_000_000


# git-lfs


class Worktree:
    """A git repository of this machine whose large files are on a hub."""

    def __init__(self, home: Path, repo: Repo) -> None:
        self.folder = home / "worktree"
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_PROXY": "*"}
        home.mkdir()
        self._run("git", "init", "-q", "-b", "main", str(self.folder), cwd=home)
        self.git("config", "user.name", repo.account.name)
        self.git("config", "user.email", "user@example.org")
        self.git("lfs", "install", "--local")
        scheme, _, rest = repo.hub.url.partition("://")
        page = f"{scheme}://{repo.account.name}:{repo.account.token}@{rest}{repo.page}"
        self.git("remote", "add", "hub", page)
        self.git("config", "lfs.url", f"{page}.git/info/lfs")
        self.git("config", "lfs.locksverify", "false")

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        return self._run("git", *arguments, cwd=self.folder)

    def _run(self, *command: str, cwd: Path) -> str:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def read(self) -> dict[str, bytes]:
        """Every file of the worktree by its path."""
        files = read_files(self.folder).items()
        return {path: data for path, data in files if not path.startswith(".git/")}


@with_the_newest
def test_git_lfs_pulls_what_was_sent_in_chunks(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """The pointers are what the hub has in git; git-lfs checks the sha256 of what it gets."""
    files = kinds_of_files()
    folder = write_files(tmp_path / "folder", files)
    repo = Repo(hub, alice, f"{alice.name}/pulled")
    client.run(UPLOAD_FOLDER, hub.url, alice.token, REPO=repo.full_name, FOLDER=str(folder))
    worktree = Worktree(tmp_path / "git", repo)
    in_git = {path: repo.raw(path).content for path in (*files, ".gitattributes")}
    large = [path for path, data in files.items() if in_git[path] != data]
    assert len(large) >= 6
    assert [in_git[path] for path in large] == [pointer(files[path]) for path in large]
    write_files(worktree.folder, in_git)
    worktree.git(
        "-c",
        "filter.lfs.process=",
        "-c",
        "filter.lfs.clean=",
        "-c",
        "filter.lfs.required=false",
        "add",
        ".",
    )
    worktree.git("commit", "-q", "-m", "Pointers")
    worktree.git("lfs", "pull")
    assert worktree.read() == files
    worktree.git("lfs", "fsck")


@with_the_newest
def test_what_git_lfs_has_pushed_is_downloaded(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    files = {path: data for path, data in kinds_of_files().items() if path != "README.md"}
    repo = new_repo(hub, alice, private=True)
    worktree = Worktree(tmp_path / "git", repo)
    worktree.git("lfs", "track", "*.bin")
    write_files(worktree.folder, files)
    worktree.git("add", ".")
    worktree.git("commit", "-q", "-m", "Files")
    log = AccessLog(hub)
    worktree.git("lfs", "push", "--all", "hub", "main")
    assert len(log.requests("PUT", "/lfs/objects/")) >= len(files) - 1
    pushed = {path: data for path, data in files.items() if data}
    repo.commit(*(lfs_file(path, sha256(data), len(data)) for path, data in pushed.items()))
    told = client.run(SNAPSHOT, hub.url, alice.token, REPO=repo.full_name)
    assert read_files(Path(told["path"])) == pushed
