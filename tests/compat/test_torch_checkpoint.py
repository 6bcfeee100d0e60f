"""A real PyTorch checkpoint goes to the hub and comes back, with every client."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.conftest import OVER_LFS
from tests.conftest import BACKENDS, NewHub

if TYPE_CHECKING:
    from tests.compat.access_log import AccessLog
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

ROUND_TRIP = """
import os
from huggingface_hub import hf_hub_download
from compat_script import api, repo, sha256_of, tell

NAME = "weights/transformer.pt"
api.create_repo(repo)
api.upload_file(path_or_fileobj=os.environ["CHECKPOINT"], path_in_repo=NAME, repo_id=repo)
files = api.model_info(repo, files_metadata=True).siblings
[file] = [file for file in files if file.rfilename == NAME]
tell(path=hf_hub_download(repo, NAME), size=file.size, sha256=sha256_of(file))
"""


@pytest.mark.parametrize("hub", BACKENDS, indirect=True)
def test_a_checkpoint_is_loaded_back_as_it_was(
    client: Client, hub: LiveHub, alice: Account, torch_checkpoint: Path, access_log: AccessLog
) -> None:
    """In chunks, but for the oldest client."""
    told = round_trip(client, hub, alice, torch_checkpoint)
    is_in_chunks = client.generation >= (0, 36)
    assert bool(access_log.requests("POST", "/shards")) is is_in_chunks
    assert bool(access_log.requests("GET", "/reconstructions/")) is is_in_chunks
    assert told["size"] == torch_checkpoint.stat().st_size
    assert told["sha256"] == hashlib.sha256(torch_checkpoint.read_bytes()).hexdigest()
    assert_same_checkpoint(Path(told["path"]), torch_checkpoint)


@pytest.mark.parametrize("client", OVER_LFS, indirect=True)
def test_a_checkpoint_is_sent_in_parts(
    client: Client, fresh_hub: NewHub, torch_checkpoint: Path
) -> None:
    part_size = 5_242_880
    hub = fresh_hub(multipart_threshold=5_000_000, part_size=part_size)
    told = round_trip(client, hub, hub.user("alice"), torch_checkpoint)
    assert_same_checkpoint(Path(told["path"]), torch_checkpoint)
    hub.stop()
    parts = -(-torch_checkpoint.stat().st_size // part_size)
    assert len(requests_to(hub, "PUT", "/lfs/uploads/")) == parts
    assert len(requests_to(hub, "POST", "/lfs/uploads/")) == 1
    assert requests_to(hub, "PUT", "/lfs/objects/") == []


TWO_REPOS = """
import os
from compat_script import api, repo, tell

for name in ("first", "second"):
    api.create_repo(f"{repo}-{name}")
    api.upload_file(
        path_or_fileobj=os.environ["CHECKPOINT"],
        path_in_repo=f"{name}.pt",
        repo_id=f"{repo}-{name}",
    )
tell(files=api.list_repo_files(f"{repo}-second"))
"""


@pytest.mark.parametrize("client", ["0.13.4", "2.4.0 over LFS"], indirect=True)
def test_what_the_hub_has_already_is_not_sent_again(
    client: Client, fresh_hub: NewHub, torch_checkpoint: Path
) -> None:
    hub = fresh_hub()
    alice = hub.user("alice")
    environ = {"REPO": f"{alice.name}/model", "CHECKPOINT": str(torch_checkpoint)}
    told = client.run(TWO_REPOS, hub.url, alice.token, **environ)
    assert "second.pt" in told["files"]
    answer = hub.call("GET", f"/{alice.name}/model-second/resolve/main/second.pt")
    assert answer.content == torch_checkpoint.read_bytes()
    hub.stop()
    assert len(requests_to(hub, "PUT", "/lfs/objects/")) == 1


def round_trip(client: Client, hub: LiveHub, owner: Account, checkpoint: Path) -> dict[str, Any]:
    """Upload and download the checkpoint, and return what the script told."""
    environ = {"REPO": f"{owner.name}/model", "CHECKPOINT": str(checkpoint)}
    told: dict[str, Any] = client.run(ROUND_TRIP, hub.url, owner.token, **environ)
    return told


def assert_same_checkpoint(loaded: Path, saved: Path) -> None:
    import torch

    assert loaded.read_bytes() == saved.read_bytes()
    ours = torch.load(loaded, weights_only=True)
    theirs = torch.load(saved, weights_only=True)
    assert list(ours) == list(theirs)
    assert len(ours) == 48
    different = [name for name in theirs if not torch.equal(ours[name], theirs[name])]
    assert different == []


def requests_to(hub: LiveHub, method: str, path: str) -> list[str]:
    """Return the paths of requests that the stopped hub has logged."""
    lines = [json.loads(line) for line in hub.log().splitlines() if line.startswith("{")]
    seen = [line for line in lines if line["logger"] == "freehold.access"]
    return [r["path"] for r in seen if r["method"] == method and r["path"].startswith(path)]
