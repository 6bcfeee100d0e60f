"""What the published clients ask for when they download counts as one download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import NewHub
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.compat.conftest import Client

DOWNLOADS = """
from huggingface_hub import hf_hub_download, snapshot_download
from compat_script import tell
import os

weights, config, data = os.environ["REPOS"].split()
hf_hub_download(config, "config.json")
hf_hub_download(config, "config.json", force_download=True)
snapshot_download(weights)
snapshot_download(data, repo_type="dataset")
tell()
"""


def downloads(repo: Repo) -> int:
    count: int = repo.get().json()["downloads"]
    return count


def test_a_download_by_a_client_counts_once(client: Client, fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    user = hub.user()
    files = (file("README.md", "x"), file("a.txt", "x"))
    weights = new_repo(hub, user, *files)
    for name in ("one.pt", "two.pt"):
        weights.commit_lfs(name, name.encode() * 1000)
    config = new_repo(hub, user, file("config.json", "{}"), *files)
    data = new_repo(hub, user, *files, type="dataset")
    repos = (weights, config, data)
    client.run(DOWNLOADS, hub.url, REPOS=" ".join(repo.full_name for repo in repos))
    hub.restart()
    assert [downloads(repo) for repo in repos] == [1, 1, 1]
