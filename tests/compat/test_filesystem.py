"""`HfFileSystem`: the hub as a file system, with every client that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import stored_files

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

# 0.13 has no file system.
pytestmark = pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)

OPENING = """
from huggingface_hub import CommitOperationAdd, HfFileSystem
from compat_script import api, error_of, repo, tell

# Each question goes to the hub.
fs = HfFileSystem(use_listings_cache=False, skip_instance_cache=True)
api.create_repo(repo)
large = bytes(range(256)) * 100
files = {"a.txt": b"text", "sub/b.txt": b"b", "sub/deep/c.bin": large, "empty.txt": b""}
operations = [CommitOperationAdd(path, content) for path, content in files.items()]
first = api.create_commit(repo, operations=operations, commit_message="Files").oid

def names(paths):
    return sorted(path.removeprefix(repo + "/") for path in paths)
"""

READING = (
    OPENING
    + """
api.create_branch(repo, branch="side/line")
with fs.open(f"{repo}/sub/deep/c.bin", block_size=1000) as file:
    file.seek(10_000)
    middle = list(file.read(4))
    file.seek(-3, 2)
    end = list(file.read(10))
info = fs.info(f"{repo}/sub/deep/c.bin")
listing = fs.ls(f"{repo}/sub", detail=True, expand_info=True)
tell(
    top=names(fs.ls(repo, detail=False)),
    sub={names([e["name"]])[0]: [e["type"], e["size"], e["last_commit"].title] for e in listing},
    found=names(fs.find(repo)),
    text=names(fs.glob(f"{repo}/**/*.txt")),
    one=names(fs.glob(f"{repo}/sub/*")),
    walked=[names([root]) for root, _, _ in fs.walk(f"{repo}/sub")],
    middle=middle,
    end=end,
    range=fs.cat_file(f"{repo}/a.txt", start=1, end=3).decode(),
    all=[fs.read_text(f"{repo}/{path}") for path in ("a.txt", "empty.txt")],
    info=[info["type"], info["size"], info["lfs"]["size"]],
    branch=fs.read_text(f"{repo}@side%2Fline/sub/b.txt"),
    pinned=fs.read_text(f"{repo}@{first}/a.txt"),
    exists=[fs.exists(repo + path) for path in ("", "/sub", "/a.txt", "/no", "-no")],
    kinds=[fs.isdir(f"{repo}/sub"), fs.isfile(f"{repo}/a.txt"), fs.isdir(f"{repo}/a.txt")],
    root=fs.info(repo)["type"],
    missing=error_of(fs.info, f"{repo}/no"),
    unread=error_of(fs.cat_file, f"{repo}/no"),
)
"""
)


def test_files_are_listed_found_and_read_in_pieces(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    told = client.run(READING, hub.url, alice.token, REPO=f"{alice.name}/reading")
    assert told["top"] == [".gitattributes", "a.txt", "empty.txt", "sub"]
    entries = {"sub/b.txt": ["file", 1, "Files"], "sub/deep": ["directory", 0, "Files"]}
    assert told["sub"] == entries
    files = [".gitattributes", "a.txt", "empty.txt", "sub/b.txt", "sub/deep/c.bin"]
    assert told["found"] == files
    assert told["text"] == ["a.txt", "empty.txt", "sub/b.txt"]
    assert told["one"] == ["sub/b.txt", "sub/deep"]
    assert told["walked"] == [["sub"], ["sub/deep"]]
    assert told["middle"] == [16, 17, 18, 19]
    assert told["end"] == [253, 254, 255]
    assert (told["range"], told["all"]) == ("ex", ["text", ""])
    assert told["info"] == ["file", 25_600, 25_600]
    assert (told["branch"], told["pinned"]) == ("b", "text")
    assert told["exists"] == [True, True, True, False, False]
    assert told["kinds"] == [True, True, False]
    assert told["root"] == "directory"
    assert "FileNotFoundError" in told["missing"]["is"], told["missing"]
    assert "FileNotFoundError" in told["unread"]["is"], told["unread"]


WRITING = (
    OPENING
    + """
with fs.open(f"{repo}/new/d.txt", "w") as file:
    file.write("written")
with fs.open(f"{repo}/a.txt", "w") as file:
    file.write("text and more")
fs.write_bytes(f"{repo}/w.bin", bytes(range(256)) * 40)
fs.cp_file(f"{repo}/sub/deep/c.bin", f"{repo}/copy.bin")
fs.cp_file(f"{repo}/sub/b.txt", f"{repo}/copy.txt")
fs.mv(f"{repo}/empty.txt", f"{repo}/moved.txt")
fs.rm(f"{repo}/sub/b.txt")
fs.rm(f"{repo}/sub/deep", recursive=True)
tell(there=fs.exists(f"{repo}/sub"), old=fs.read_text(f"{repo}@{first}/sub/b.txt"))
"""
)


def test_files_are_written_copied_moved_and_removed(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/writing"
    told = client.run(WRITING, hub.url, alice.token, REPO=repo)
    assert told == {"there": False, "old": "b"}
    assert stored_files(hub, repo) == {
        "a.txt": b"text and more",
        "new/d.txt": b"written",
        "w.bin": bytes(range(256)) * 40,
        "copy.bin": bytes(range(256)) * 100,
        "copy.txt": b"b",
        "moved.txt": b"",
    }
