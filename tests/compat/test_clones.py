"""git as the official clients use it: their class `Repository`, and their parts for git-lfs."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import HfApi
from tests.client.worktrees import Worktree
from tests.compat.environments import VERSIONS, python_of
from tests.compat.stored import stored_file

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.conftest import NewHub
    from tests.live import Account, LiveHub

MIB = 1024 * 1024
LARGE = random.Random(3).randbytes(11 * MIB)

REPOSITORY = """
from pathlib import Path
from compat_script import api, repo, tell
from huggingface_hub import Repository

api.create_repo(repo, private=True)
work = Repository("work", clone_from=repo, token=True, git_user="Ada", git_email="a@example.org")
Path("work/config.json").write_text("{}")
Path("work/weights.bin").write_bytes(bytes(range(256)) * 100)
work.lfs_track(["*.dat"])
Path("work/more.dat").write_bytes(bytes(range(256)) * 50)
work.push_to_hub("From a clone")
again = Repository("again", clone_from=repo, token=True, skip_lfs_files=True)
tell(
    is_clean=work.is_repo_clean(),
    head=work.git_head_hash(),
    remote=work.git_remote_url().partition("@")[2],
    pointer=Path("again/weights.bin").read_text()[:20],
)
"""


@pytest.mark.parametrize("client", VERSIONS[:2], indirect=True)
def test_the_class_repository_clones_and_pushes(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/cloned"
    told = client.run(REPOSITORY, hub.url, alice.token, REPO=repo)
    assert told["is_clean"]
    assert told["head"] == HfApi(hub.url, alice.token).repo_info(repo).sha
    assert told["remote"] == f"{hub.url.partition('://')[2]}/{repo}"
    assert told["pointer"] == "version https://git-"
    assert stored_file(hub, repo, "config.json", alice.token) == b"{}"
    assert stored_file(hub, repo, "weights.bin", alice.token) == bytes(range(256)) * 100
    assert stored_file(hub, repo, "more.dat", alice.token) == bytes(range(256)) * 50


@pytest.mark.parametrize("client", VERSIONS, indirect=True)
def test_git_lfs_sends_parts_with_the_official_program(
    client: Client, fresh_hub: NewHub, tmp_path: Path
) -> None:
    hub = fresh_hub(multipart_threshold=1_000_000, part_size=5 * MIB)
    alice = hub.user("alice")
    api = HfApi(hub.url, alice.token)
    repo = api.create_repo("alice/large").repo_id
    programs = python_of(client.version).parent
    name = "hf" if client.generation >= (1,) else "huggingface-cli"
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    environ = client.environ(hub.url, alice.token) | {"PATH": path, "GIT_CONFIG_NOSYSTEM": "1"}
    work = Worktree(tmp_path)
    url = hub.url.replace("://", f"://user:{alice.token}@")
    work.git("clone", "-q", f"{url}/{repo}", "work", **environ)
    work = Worktree(tmp_path / "work")
    work.git("lfs", "install", "--local")
    client.command(name, "lfs-enable-largefiles", str(work.folder), hub_url=hub.url)
    head = work.commit({"large.bin": LARGE, "larger.bin": LARGE + LARGE[:MIB]})
    work.git("push", "-q", **environ)
    assert api.repo_info(repo).sha == head
    assert stored_file(hub, repo, "large.bin", alice.token) == LARGE
    assert hub.log().count('"route":"lfs_upload_part"') == 6
    # A small file beside a large one.
    work.commit({"another.bin": LARGE[::-1], "small.bin": b"\0" * 1000})
    work.git("push", "-q", **environ)
    assert stored_file(hub, repo, "small.bin", alice.token) == b"\0" * 1000
