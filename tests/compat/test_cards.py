"""Repo cards of this client and of the newest official one are the same to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freehold import EvalResult, HfApi, ModelCard, ModelCardData, metadata_update
from tests.compat.environments import VERSIONS
from tests.repos import new_repo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

SCRIPT = """
import os
from compat_script import tell
from huggingface_hub import EvalResult, ModelCard, ModelCardData, metadata_update

read = ModelCard.load(os.environ["OURS"])
data = ModelCardData(
    license="mit",
    tags=["no", "1e3", "a: b"],
    model_name="tiny",
    eval_results=[EvalResult("t", "lab/d", "D", "accuracy", 0.5, verified=True)],
)
theirs = os.environ["THEIRS"]
ModelCard(f"---\\n{data.to_yaml()}\\n---\\n# Tiny\\n").push_to_hub(theirs)
metadata_update(os.environ["OURS"], {"license": "gpl"}, overwrite=True)
results = [vars(result) for result in read.data.eval_results]
tell(data=read.data.to_dict(), text=read.text, results=results, written=data.to_dict())
"""


@pytest.mark.parametrize("client", VERSIONS[-1:], indirect=True)
def test_cards_are_read_and_changed_by_both(
    client: Client, hub: LiveHub, alice: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    api = HfApi(endpoint=hub.url, token=alice.token)
    ours, theirs = new_repo(hub, alice), new_repo(hub, alice)
    result = EvalResult("t", "lab/d", "D", "accuracy", 1e-05, metric_args={"k": [1]})
    data = ModelCardData(
        tags=["no", "1e3", "0x1f", "~", "a: b", "é😀", "two\nlines\n", ""],
        model_name="tiny",
        eval_results=[result],
        number=10**12,
        nested={"a": [[1, 2.5], {"b": None, "c": True}], "d": {}},
    )
    ModelCard(f"---\n{data}\n---\n# Tiny\n---\n").push_to_hub(ours.full_name, api=api)
    told = client.run(SCRIPT, hub.url, alice.token, OURS=ours.full_name, THEIRS=theirs.full_name)
    assert told["data"] == data.to_dict()
    assert told["text"] == "# Tiny\n---\n"
    assert [EvalResult(**fields) for fields in told["results"]] == [result]

    card = ModelCard.load(theirs.full_name, api=api)
    assert card.data.to_dict() == told["written"]
    metadata_update(theirs.full_name, {"license": "mit", "datasets": ["lab/d"]}, api=api)
    assert card.content.replace("---\n#", "datasets:\n- lab/d\n---\n#") == (
        theirs.resolve("README.md").text
    )
    assert ModelCard.load(ours.full_name, api=api).data.license == "gpl"
