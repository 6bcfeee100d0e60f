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
from tests.client.folders import count_commits, list_files, read_file
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
    assert changed != text
    for placeholder, name in names.items():
        assert placeholder in changed
        changed = changed.replace(placeholder, name)
    return changed


def run(text: str, folder: Path, hub: LiveHub, account: Account) -> str:
    """What the script prints, on this hub with the token of this account."""
    environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": account.token}
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
