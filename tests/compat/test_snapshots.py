"""Downloads: whole snapshots and single files of any revision, cold and warm, with every client."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import VERSIONS

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

OPENING = """
import os
from pathlib import Path
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub import hf_hub_download, hf_hub_url, snapshot_download
from compat_script import api, error_of, repo, tell

def commit(files, *, delete=()):
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    operations += [CommitOperationDelete(path) for path in delete]
    return api.create_commit(repo, operations=operations, commit_message="Change").oid

def read(folder):
    \"\"\"The text of every file in a folder, but for the client's and the hub's own.\"\"\"
    paths = [p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file()]
    own = (".cache/", ".gitattributes")
    return {p: (Path(folder) / p).read_text() for p in paths if not p.startswith(own)}

api.create_repo(repo)
files = {"a.txt": b"a1", "sub/b.txt": b"b1", "w.bin": b"w1\\0", "old.txt": b"old", "empty": b""}
one = commit(files)
"""

FIRST = {"a.txt": "a1", "sub/b.txt": "b1", "w.bin": "w1\0", "old.txt": "old", "empty": ""}
SECOND = {"a.txt": "a2", "sub/b.txt": "b1", "w.bin": "w2\0", "empty": ""}

SNAPSHOTS = (
    OPENING
    + """
cold = snapshot_download(repo)
inodes = {p: os.stat(Path(cold, p)).st_ino for p in read(cold)}
warm = snapshot_download(repo)
same = inodes == {p: os.stat(Path(warm, p)).st_ino for p in read(warm)}
first = read(warm)
two = commit({"a.txt": b"a2", "w.bin": b"w2\\0"}, delete=["old.txt"])
changed = snapshot_download(repo)
tell(
    oids=[one, two],
    names=[Path(folder).name for folder in (cold, warm, changed)],
    same=same,
    first=first,
    changed=read(changed),
    pinned=read(snapshot_download(repo, revision=one, cache_dir="other")),
    allowed=read(snapshot_download(repo, allow_patterns=["*.txt"], cache_dir="allowed")),
    ignored=read(snapshot_download(repo, ignore_patterns=["*.txt", "w*"], cache_dir="ignored")),
    local=read(snapshot_download(repo, local_dir="local", revision=one, cache_dir="for-local")),
    offline=read(snapshot_download(repo, local_files_only=True)),
    missing=error_of(snapshot_download, repo, revision="nothing"),
)
"""
)


def test_snapshots_hold_the_files_of_their_revision(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    told = client.run(SNAPSHOTS, hub.url, alice.token, REPO=f"{alice.name}/snapshots")
    one, two = told["oids"]
    assert told["names"] == [one, one, two]
    assert told["same"] is True
    assert told["first"] == told["pinned"] == told["local"] == FIRST
    assert told["changed"] == told["offline"] == SECOND
    assert told["allowed"] == {"a.txt": "a2", "sub/b.txt": "b1"}
    assert told["ignored"] == {"empty": ""}
    assert "RevisionNotFoundError" in told["missing"]["is"], told["missing"]


OLD_REVISIONS = (
    OPENING
    + """
from huggingface_hub import get_hf_file_metadata

two = commit({"a.txt": b"a2", "w.bin": b"w2\\0"}, delete=["old.txt"])
api.create_branch(repo, branch="without")
api.delete_file("w.bin", repo, revision="without")
found = []
for revision in (one, two, "main"):
    for path in ("a.txt", "w.bin", "sub/b.txt", "empty"):
        file = hf_hub_download(repo, path, revision=revision)
        data = get_hf_file_metadata(hf_hub_url(repo, path, revision=revision))
        facts = [Path(file).read_text(), data.etag, data.size, data.commit_hash]
        found.append([revision, path, *facts])
tell(
    oids=[one, two],
    found=found,
    deleted=error_of(hf_hub_download, repo, "old.txt"),
    on_branch=error_of(hf_hub_download, repo, "w.bin", revision="without"),
    again=Path(hf_hub_download(repo, "old.txt", revision=one)).read_text(),
    folder=error_of(hf_hub_download, repo, "sub"),
)
"""
)


def test_an_old_revision_keeps_its_own_bytes_and_etags(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    """Caches are keyed by etag: an old file under a new etag would be wrong for ever."""
    told = client.run(OLD_REVISIONS, hub.url, alice.token, REPO=f"{alice.name}/revisions")
    one, two = told["oids"]
    texts = {one: FIRST, two: SECOND, "main": SECOND}
    commits = {one: one, two: two, "main": two}
    assert len(told["found"]) == 12
    for revision, path, *facts in told["found"]:
        text = texts[revision][path]
        assert facts == [text, etag_of(path, text), len(text), commits[revision]], path
    assert_no_entry(told["deleted"])
    assert_no_entry(told["on_branch"])
    assert_no_entry(told["folder"])
    assert told["again"] == "old"


def etag_of(path: str, text: str) -> str:
    """SHA-256 for a large file, and what git calls the blob for any other."""
    if path.endswith(".bin"):
        return hashlib.sha256(text.encode()).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(text) + text.encode()).hexdigest()


def assert_no_entry(error: dict[str, Any]) -> None:
    assert "EntryNotFoundError" in error["is"], error
    assert error["status"] == 404, error


INTERRUPTED = """
import os
from pathlib import Path
from huggingface_hub import hf_hub_download
from compat_script import api, repo, tell

content = bytes(range(256)) * 4000
api.create_repo(repo)
api.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)
path = Path(hf_hub_download(repo, "w.bin"))
blob = path.resolve()
path.unlink()
# As if the first download had been cut after 100,000 bytes, which are told apart here.
part = blob.with_name(blob.name + ".incomplete")
blob.unlink()
part.write_bytes(b"!" * 100_000)
again = Path(hf_hub_download(repo, "w.bin")).read_bytes()
kept = again[:100_000] == b"!" * 100_000
tell(size=len(again), kept=kept, rest=again[100_000:] == content[100_000:])
"""


@pytest.mark.parametrize("client", ["0.36.2 over LFS"], indirect=True)
def test_a_download_goes_on_where_it_was_cut(client: Client, hub: LiveHub, alice: Account) -> None:
    told = client.run(INTERRUPTED, hub.url, alice.token, REPO=f"{alice.name}/interrupted")
    assert told == {"size": 1_024_000, "kept": True, "rest": True}


EXISTENCE = (
    OPENING
    + """
api.create_tag(repo, tag="v/1")
tell(
    there=[
        api.repo_exists(repo),
        api.revision_exists(repo, "main"),
        api.revision_exists(repo, "v/1"),
        api.revision_exists(repo, one),
        api.file_exists(repo, "sub/b.txt"),
        api.file_exists(repo, "w.bin", revision="v/1"),
    ],
    missing=[
        api.repo_exists(repo + "-not"),
        api.repo_exists(repo, repo_type="dataset"),
        api.revision_exists(repo, "nothing"),
        api.revision_exists(repo, "0" * 40),
        api.revision_exists(repo + "-not", "main"),
        api.file_exists(repo, "sub/nothing.txt"),
        api.file_exists(repo, "a.txt", revision="nothing"),
        api.file_exists(repo + "-not", "a.txt"),
    ],
)
"""
)


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_clients_can_ask_what_exists(client: Client, hub: LiveHub, alice: Account) -> None:
    told = client.run(EXISTENCE, hub.url, alice.token, REPO=f"{alice.name}/existence")
    assert told == {"there": [True] * 6, "missing": [False] * 8}


def test_a_snapshot_can_be_read_without_the_hub(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/offline"
    client.run(OPENING + "snapshot_download(repo)\ntell()", hub.url, alice.token, REPO=repo)
    script = "from huggingface_hub import snapshot_download\nfrom compat_script import repo, tell\n"
    script += "tell(path=snapshot_download(repo))"
    told = client.run(script, hub.url, REPO=repo, HF_HUB_OFFLINE="1")
    assert (Path(told["path"]) / "w.bin").read_text() == FIRST["w.bin"]
