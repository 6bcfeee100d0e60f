"""Folders of many kinds of files, pushed with patterns and pulled again, with every client."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import stored_files
from tests.conftest import NewHub

if TYPE_CHECKING:
    from tests.compat.access_log import AccessLog
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub


STRANGE_NAMES = (
    "with space.txt",
    "  around  .txt",
    "ünïcödé/файл.txt",
    "日本語/模型 😀.bin",
    "e\u0301 decomposed.txt",
    "hash#tag.txt",
    "100%.txt",
    "%41 is not A.txt",
    "a+b&c=d;e,f.txt",
    "what?.txt",
    "[brackets] {braces} (parens).txt",
    "'single' and \"double\".txt",
    "co:lon @at !bang $dollar ~tilde ^caret |pipe <less> `tick`*.txt",
    "..two dots",
    ".hidden/.file",
    "UPPER.TXT",
    "no extension",
    "deep/" * 20 + "down.txt",
    "n" * 200 + ".txt",
    "resolve/main/file.txt",
    "tree/refs/pr/1",
)


def mixed_files() -> dict[str, bytes]:
    """Three hundred files by path: text and binary, empty and large, flat and nested.

    The noise is new each time: no hub has it already.
    """
    noise = random.Random()
    files = {name: f"content of {name}\n".encode() for name in STRANGE_NAMES}
    files |= {f"empty/{number}.bin": b"" for number in range(10)}
    files |= {f"binary/{number}.bin": noise.randbytes(1000 + number) for number in range(30)}
    files |= {f"weights/{number}.safetensors": noise.randbytes(50_000) for number in range(8)}
    files["weights/large.bin"] = noise.randbytes(10_000_000)
    files["large.txt"] = b"a line of text\n" * 200_000
    files["nul.dat"] = b"text with a NUL \0 in it"
    files["crlf.txt"] = b"one\r\ntwo\r\n\r\n"
    files["latin1.txt"] = "d\xe9j\xe0 vu".encode("latin-1")
    plain = range(300 - len(files))
    files |= {f"src/{n % 7}/{n % 3}/module_{n}.py": f"value = {n}\n".encode() for n in plain}
    return files


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def read_files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path, but for those that belong to the client or to git."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    own = (".cache/", ".gitattributes")
    return {path: content for path, content in found.items() if not path.startswith(own)}


UPLOAD_TWICE = """
import os
from huggingface_hub import snapshot_download
from compat_script import api, repo, tell

def upload():
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=os.environ["FOLDER"])
    return len(api.list_repo_commits(repo, repo_type="dataset"))

api.create_repo(repo, repo_type="dataset")
first = upload()
path = snapshot_download(repo, repo_type="dataset")
tell(path=path, commits=[first, upload()], files=api.list_repo_files(repo, repo_type="dataset"))
"""


@pytest.mark.parametrize("client", (*VERSIONS, "2.4.0 over LFS"), indirect=True)
def test_300_mixed_files_arrive_and_come_back_as_they_were(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path, access_log: AccessLog
) -> None:
    files = mixed_files()
    assert len(files) == 300
    folder = write_files(tmp_path / "folder", files)
    repo = f"{alice.name}/mixed"
    told = client.run(UPLOAD_TWICE, hub.url, alice.token, REPO=repo, FOLDER=str(folder))
    assert sorted(told["files"]) == sorted([*files, ".gitattributes"])
    assert stored_files(hub, repo, prefix="datasets/") == files
    assert read_files(Path(told["path"])) == files
    # The initial commit and ours; with Xet, new clients commit a folder in batches.
    first, again = told["commits"]
    assert first == 2 or (client.xet and client.generation >= (1,))
    assert again == first, "the second upload has changed something"
    is_xet_used = client.xet and client.generation >= (0, 36)
    assert bool(access_log.requests("POST", "/xorbs/")) is is_xet_used
    assert bool(access_log.requests("GET", "/reconstructions/")) is is_xet_used


PATTERNS = """
import os
from compat_script import api, repo, tell

folder = os.environ["FOLDER"]
api.create_repo(repo)
api.upload_folder(
    repo_id=repo,
    folder_path=folder,
    path_in_repo="run",
    allow_patterns=["*.txt", "*.bin"],
    ignore_patterns="logs/*",
)
api.upload_folder(
    repo_id=repo,
    folder_path=folder,
    path_in_repo="run",
    allow_patterns="new/*",
    delete_patterns=["*.bin", "nothing*"],
    commit_message="Another run",
    commit_description="Without the old weights",
)
commit = api.list_repo_commits(repo)[0]
tell(title=commit.title, message=commit.message)
"""


def test_patterns_choose_what_is_uploaded_and_deleted(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    names = ("a.txt", "b.bin", "c.py", "logs/d.txt", "sub/e.txt", "sub/f.bin", "new/g.py")
    files = {name: name.encode() for name in names}
    folder = write_files(tmp_path / "folder", files)
    repo = f"{alice.name}/patterns"
    told = client.run(PATTERNS, hub.url, alice.token, REPO=repo, FOLDER=str(folder))
    assert told == {"title": "Another run", "message": "Without the old weights"}
    kept = ("a.txt", "sub/e.txt", "new/g.py")
    assert stored_files(hub, repo) == {f"run/{name}": files[name] for name in kept}
    before = stored_files(hub, repo, revision=commits_of(hub, repo)[1])
    chosen = ("a.txt", "b.bin", "sub/e.txt", "sub/f.bin")
    assert before == {f"run/{name}": files[name] for name in chosen}


def commits_of(hub: LiveHub, repo: str) -> list[str]:
    return [c["id"] for c in hub.call("GET", f"/api/models/{repo}/commits/main").json()]


GITIGNORE = """
import os
from compat_script import api, repo, tell

api.create_repo(repo)
api.upload_folder(repo_id=repo, folder_path=os.environ["FOLDER"])
api.upload_file(path_or_fileobj=b"later", path_in_repo="build/later.txt", repo_id=repo)
tell()
"""


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_files_that_gitignore_names_stay_at_home(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """Clients since 0.20 leave out what the hub says is ignored, in this commit and later."""
    files = {".gitignore": b"build/\n*.log\n!keep.log\n"}
    files |= dict.fromkeys(("a.txt", "a.log", "keep.log", "build/b.txt"), b"x")
    folder = write_files(tmp_path / "folder", files)
    repo = f"{alice.name}/ignoring"
    client.run(GITIGNORE, hub.url, alice.token, REPO=repo, FOLDER=str(folder))
    assert stored_files(hub, repo).keys() == {".gitignore", "a.txt", "keep.log"}


LARGE_FOLDER = """
import os
from huggingface_hub import _upload_large_folder
from compat_script import api, repo, tell

# Idle workers look for tasks this often, in seconds; ten of them would be most of the test.
_upload_large_folder.WAITING_TIME_IF_NO_TASKS = 0.1
api.upload_large_folder(
    repo, os.environ["FOLDER"], repo_type="model", num_workers=2, print_report=False
)
tell()
"""


@pytest.mark.parametrize("client", ["0.36.2 over LFS", "1.28.0 over LFS"], indirect=True)
def test_a_large_folder_is_uploaded_in_steps(
    client: Client, fresh_hub: NewHub, tmp_path: Path
) -> None:
    """The hub takes large files in parts here, and the client creates the repository."""
    hub = fresh_hub(multipart_threshold=5_000_000, part_size=5_242_880)
    alice = hub.user("alice")
    noise = random.Random(1)
    files = {f"{n}.txt": f"text {n}".encode() for n in range(30)} | {"empty.bin": b""}
    files |= {"part/1.bin": noise.randbytes(12_000_000), "part/2.bin": noise.randbytes(1000)}
    folder = write_files(tmp_path / "folder", files)
    repo = f"{alice.name}/large"
    client.run(LARGE_FOLDER, hub.url, alice.token, REPO=repo, FOLDER=str(folder))
    assert stored_files(hub, repo) == files
