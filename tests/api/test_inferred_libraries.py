"""Libraries and tasks that follow from the files of a model, without a word in its card."""

from __future__ import annotations

import json

import pytest

from tests.live import Account, LiveHub
from tests.repos import file, lfs_file, new_repo
from tests.weights import gguf, safetensors

ARCHITECTURE = {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
TIMM = {"architecture": "resnet18", "num_features": 512, "pretrained_cfg": {"tag": "a1"}}
WEIGHTS = safetensors(a=("F32", 2))


@pytest.mark.parametrize(
    ("library", "name", "task", "files"),
    [
        (
            *("transformers", "transformers", "fill-mask"),
            {"config.json": json.dumps(ARCHITECTURE), "model.safetensors": WEIGHTS},
        ),
        (
            *("diffusers", "diffusers", "text-to-image"),
            {"model_index.json": '{"_class_name": "StableDiffusionPipeline"}'},
        ),
        ("safetensors", None, None, {"weights/a.safetensors": WEIGHTS}),
        ("gguf", None, None, {"tiny.gguf": gguf({}, [1])}),
        (
            *("sentence-transformers", "sentence-transformers", "sentence-similarity"),
            {"modules.json": "[]", "config.json": json.dumps(ARCHITECTURE)},
        ),
        (
            *("peft", "peft", "text-generation"),
            {"adapter_config.json": '{"peft_type": "LORA", "task_type": "CAUSAL_LM"}'},
        ),
        ("timm", "timm", "image-classification", {"config.json": json.dumps(TIMM)}),
        ("pytorch", None, None, {"model.pt": b"PK\x03\x04 weights"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_library_follows_from_the_files(
    hub: LiveHub,
    alice: Account,
    library: str,
    name: str | None,
    task: str | None,
    files: dict[str, str | bytes],
) -> None:
    repo = new_repo(hub, alice)
    repo.commit(
        *(
            file(path, data)
            if isinstance(data, str)
            else lfs_file(path, repo.upload(data), len(data))
            for path, data in files.items()
        )
    )
    query = f"/api/models?author={alice.name}&library={library}"
    [item] = hub.call("GET", query + (f"&pipeline_tag={task}" if task else "")).json()
    assert (item["id"], item.get("library_name"), item.get("pipeline_tag")) == (
        *(repo.full_name, name, task),
    )
    assert library in item["tags"]
