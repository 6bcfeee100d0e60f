"""Scripts that people write: those of an article about uploading `.pt` files, as they stand there.

The article lies beside the checkout and is no part of it; only the name of the library and the
placeholders of its scripts are changed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from freehold import HfApi
from tests.client.folders import count_commits, list_files, new_repo, read_file
from tests.live import Account, LiveHub

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
ARTICLES = sorted(SEEDS.glob("000_*.txt"))

pytestmark = pytest.mark.skipif(
    not ARTICLES, reason="the article is not here: it is kept beside the checkout, not in it"
)


def script(number: int, **names: str) -> str:
    """A script of the article, from the library under test, with names of this test."""
    code = re.findall(r"^```python\n(.*?)^```", ARTICLES[0].read_text(), re.DOTALL | re.MULTILINE)
    text: str = code[number - 1]
    changed = text.replace("from huggingface_hub import", "from freehold import")
    changed = changed.replace("from huggingface_hub.utils import", "from freehold.errors import")
    assert changed != text
    for placeholder, name in names.items():
        assert placeholder in changed
        changed = changed.replace(placeholder, name)
    return changed


def run(text: str, folder: Path, hub: LiveHub, account: Account) -> str:
    """What the script prints, on this hub with the token of this account."""
    environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": account.token, "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=folder, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_script_uploads_a_model_and_its_config(
    hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path
) -> None:
    weights = {"layer.weight": torch.randn(64, 32), "layer.bias": torch.zeros(64)}
    folder = tmp_path / "path/to/your"
    folder.mkdir(parents=True)
    torch.save(weights, folder / "model.pt")
    (folder / "config.json").write_text('{"hidden_size": 64}')
    repo = f"{alice.name}/your_model_name"
    # Uploading makes no repository, as the documentation of the calls says.
    api.create_repo(repo)
    output = run(script(1, your_username=alice.name), tmp_path, hub, alice)
    assert output.endswith(f"Model uploaded to: https://huggingface.co/{repo}\n")
    assert list_files(api, repo) == ["config.json", "pytorch_model.bin"]
    stored = read_file(hub, alice, repo, "pytorch_model.bin")
    assert stored == (folder / "model.pt").read_bytes()
    assert read_file(hub, alice, repo, "config.json") == b'{"hidden_size": 64}'
    (tmp_path / "again.pt").write_bytes(stored)
    loaded = torch.load(tmp_path / "again.pt")
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)
    assert count_commits(api, repo) == 2


def test_the_second_script_makes_the_repository_and_uploads_a_folder(
    hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path
) -> None:
    text = script(2, your_username=alice.name)
    repo = f"{alice.name}/my_custom_model"
    for commits in (1, 2):
        output = run(text, tmp_path, hub, alice)
        assert "Could not create" not in output
        assert output.endswith(f"Model uploaded to: https://huggingface.co/{repo}\n")
        # Its weights are random, so the second run is another commit.
        assert count_commits(api, repo) == commits
    assert list_files(api, repo) == ["config.json", "pytorch_model.bin"]
    config = json.loads(read_file(hub, alice, repo, "config.json"))
    assert config == {"input_size": 784, "hidden_size": 128, "output_size": 10}
    (tmp_path / "again.pt").write_bytes(read_file(hub, alice, repo, "pytorch_model.bin"))
    shapes = {name: tuple(t.shape) for name, t in torch.load(tmp_path / "again.pt").items()}
    assert shapes == {
        "fc1.weight": (128, 784),
        "fc1.bias": (128,),
        "fc2.weight": (10, 128),
        "fc2.bias": (10,),
    }
    assert not (tmp_path / "my_local_model").exists()


# More than the hub takes as a plain file of git.
LARGE = "model = MyModel(input_size, 4 * hidden_size, 5000)"


@pytest.mark.parametrize("size", ["as it is", "large"])
def test_the_third_script_makes_the_repository_and_pushes_with_git(
    hub: LiveHub,
    alice: Account,
    api: HfApi,
    tmp_path: Path,
    git_config: Path,
    size: str,
) -> None:
    text = script(3, your_username=alice.name)
    plain = "model = MyModel(input_size, hidden_size, output_size)"
    assert plain in text
    text = text.replace(plain, LARGE if size == "large" else plain)
    repo = f"{alice.name}/my_git_model"
    for commits in (1, 2):
        output = run(text, tmp_path, hub, alice)
        assert output == f"Model uploaded to: https://huggingface.co/{repo}\n"
        # Its weights are random, so the second run is another commit on top of the first.
        titles = [commit.title for commit in api.list_repo_commits(repo)]
        assert titles == ["Initial model upload"] * commits + ["initial commit"]
        assert not (tmp_path / "my_local_model").exists()
    assert list_files(api, repo) == ["config.json", "pytorch_model.bin"]
    config = json.loads(read_file(hub, alice, repo, "config.json"))
    assert config == {"input_size": 784, "hidden_size": 128, "output_size": 10}
    weights = torch.load(api.hf_hub_download(repo, "pytorch_model.bin"))
    assert weights["fc2.bias"].shape == (5000 if size == "large" else 10,)
    # It is one that `.gitattributes` calls large, and so it is kept.
    (file,) = api.get_paths_info(repo, ["pytorch_model.bin"])
    assert file.lfs is not None
    assert file.size > (10_000_000 if size == "large" else 100_000)


def test_the_third_script_adds_to_a_repository_with_files(
    hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path, git_config: Path
) -> None:
    repo = new_repo(api, alice, private=True)
    api.upload_file(b"# Mine\n", "README.md", repo)
    api.upload_file(b"{}", "config.json", repo)
    text = script(3).replace("your_username/my_git_model", repo)
    output = run(text, tmp_path, hub, alice)
    assert "Error" not in output
    assert list_files(api, repo) == ["README.md", "config.json", "pytorch_model.bin"]
    assert read_file(hub, alice, repo, "README.md") == b"# Mine\n"
    assert b"784" in read_file(hub, alice, repo, "config.json")
    assert count_commits(api, repo) == 3
