"""Listing large files and deleting some for good, with every client that can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commits import sha256
from tests.compat.environments import VERSIONS
from tests.compat.stored import head_of, stored_file, stored_files
from tests.repos import pointer

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

# The calls came with 0.30.
pytestmark = pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)

OLD, NEW, KEPT = (name.encode() * 500 for name in ("old", "new", "kept"))

DELETION = """
import os
from compat_script import api, repo, tell

def put(path, name):
    data = name.encode() * 500
    return api.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id=repo).oid

def describe(item):
    return [item.file_oid, item.filename, item.ref, item.size, item.pushed_at.year > 2000]

def listed():
    return {item.oid: describe(item) for item in api.list_lfs_files(repo)}

api.create_repo(repo)
first = put("checkpoints/w.bin", "old")
api.create_tag(repo, tag="v1", tag_message="a tag")
put("checkpoints/w.bin", "new")
put("kept.bin", "kept")
put("a.txt", "text")
before = listed()
doomed = (f for f in api.list_lfs_files(repo) if f.filename.startswith("checkpoints/"))
rewrite = os.environ["REWRITE"] == "1"
api.permanently_delete_lfs_files(repo, doomed, rewrite_history=rewrite)
api.permanently_delete_lfs_files(repo, [], rewrite_history=rewrite)
pusher = next(iter(api.list_lfs_files(repo))).pusher["name"]
tell(
    first=first,
    before=before,
    after=listed(),
    pusher=pusher,
    log=[commit.title for commit in api.list_repo_commits(repo)],
    files=sorted(api.list_repo_files(repo)),
)
"""


def describe(data: bytes, path: str, ref: str) -> list[object]:
    return [sha256(data), path, ref, len(data), True]


@pytest.mark.parametrize("rewrite", (True, False))
def test_large_files_are_listed_and_deleted_for_good(
    client: Client, hub: LiveHub, alice: Account, rewrite: bool
) -> None:
    repo = f"{alice.name}/cleaned"
    told = client.run(DELETION, hub.url, alice.token, REPO=repo, REWRITE=str(int(rewrite)))
    kept = describe(KEPT, "kept.bin", "refs/heads/main")
    assert told["before"] == {
        sha256(OLD): describe(OLD, "checkpoints/w.bin", "refs/tags/v1"),
        sha256(NEW): describe(NEW, "checkpoints/w.bin", "refs/heads/main"),
        sha256(KEPT): kept,
    }
    assert told["after"] == {sha256(KEPT): kept}
    assert told["pusher"] == alice.name
    assert len(told["log"]) == 5
    left = {"kept.bin": KEPT, "a.txt": b"text" * 500}
    if rewrite:
        assert stored_files(hub, repo) == left
        assert head_of(hub, repo, revision="v1") != told["first"]
        assert stored_files(hub, repo, revision="v1") == {}
    else:
        assert stored_files(hub, repo) == {**left, "checkpoints/w.bin": pointer(NEW)}
        assert head_of(hub, repo, revision="v1") == told["first"]
        assert stored_file(hub, repo, "checkpoints/w.bin", revision="v1") == pointer(OLD)
