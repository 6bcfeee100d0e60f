"""`freehold ls`."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from tests.cli.conftest import Cli

if TYPE_CHECKING:
    from freehold import HfApi

MODEL = bytes(range(256)) * 64


def test_list_repo_tree_of_the_root_and_of_a_folder(cli: Cli, repo: str) -> None:
    assert sorted(cli.run("ls", repo).lines) == [".gitattributes", "README.md", "weights/"]
    assert cli.run("ls", repo, "weights").lines == ["weights/model.bin"]
    assert cli.run("ls", repo, "/weights/").lines == ["weights/model.bin"]
    assert "weights/model.bin" in cli.run("ls", repo, "-R").lines


def test_list_repo_tree_at_a_revision(cli: Cli, api: HfApi, repo: str) -> None:
    first = api.list_repo_commits(repo)[-1].commit_id
    assert cli.run("ls", repo, "--revision", first).lines == [".gitattributes"]


def test_list_repo_tree_in_long_form(cli: Cli, repo: str) -> None:
    lines = {line.split()[-1]: line.split() for line in cli.run("ls", "-lR", repo).lines}
    assert lines["weights/model.bin"][:3] == ["16.4kB", "lfs", sha256(MODEL).hexdigest()[:12]]
    assert lines["README.md"][:2] == ["7B", "git"]
    assert lines["weights/"][:2] == ["-", "dir"]
    exact = cli.run("ls", "-l", "--bytes", repo, "weights/model.bin").lines
    assert [line.split()[0] for line in exact] == ["16384"]


def test_list_repo_tree_as_json(cli: Cli, repo: str) -> None:
    found = {entry["path"]: entry for entry in cli.run("ls", "-R", repo, "--json").json}
    model = found["weights/model.bin"]
    assert (model["type"], model["size"]) == ("file", 16384)
    assert model["sha256"] == sha256(MODEL).hexdigest()
    assert found["README.md"]["sha256"] is None
    assert found["weights"]["type"] == "folder"


def test_what_is_not_there_is_not_found(cli: Cli, repo: str) -> None:
    assert cli.fail("ls", f"{repo}-not").status == 3
    assert cli.fail("ls", repo, "nope").status == 3
    assert cli.fail("ls", repo, "--revision", "nope").status == 3
    assert cli.fail("ls", repo, "--repo-type", "dataset").status == 3
