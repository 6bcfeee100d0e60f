"""What is told of a repository by its card and its other files, where somebody asks for it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import msgspec

from freehold.server.core.repo_details import MAX_BASES
from freehold.wire.repos import RepoInfo
from tests.live import Account, LiveHub
from tests.repos import Repo, file, lfs_file, new_repo

MODEL = """---
base_model: {base}
mask_token: x
widget:
- text: Paris is the [MASK] of France.
model-index:
- name: tiny
  results:
  - task: {{type: fill-mask}}
    dataset: {{type: glue, name: GLUE}}
    metrics: [{{type: accuracy, value: 0.9}}]
  - task: nonsense
co2_eq_emissions: 12.5
---
# Tiny
"""
DATASET = """---
license: mit
paperswithcode_id: glue
---
<!-- A template. -->
# Dataset Card for [GLUE](https://example.org)

![badge](x.svg)

GLUE is a **benchmark** with
[nine tasks](https://example.org/tasks).

## Citation

```bibtex
@misc{glue,
  title = {GLUE}
}
```
"""


def expand(repo: Repo, *names: str, token: str | None = None) -> dict[str, Any]:
    """The properties, which a list must tell as the description of the repository does."""
    query = urlencode({"expand": names}, doseq=True)
    token = token or repo.account.token
    detail = repo.hub.call("GET", f"{repo.api}?{query}", token=token).json()
    path = f"/api/{repo.type}s?search={repo.full_name}&{query}"
    [item] = repo.hub.call("GET", path, token=token).json()
    assert item == detail
    return {name: detail[name] for name in names if name in detail}


def test_repo_info_tells_what_card_and_configuration_say_of_a_model(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    base = new_repo(hub, alice)
    config = {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
    repo = new_repo(
        hub,
        alice,
        file("README.md", MODEL.format(base=base.full_name)),
        file("config.json", json.dumps(config)),
        file("tokenizer_config.json", '{"mask_token": "[MASK]"}'),
    )
    info = repo.get().json()
    assert info["transformersInfo"] == {
        "auto_model": "AutoModelForMaskedLM",
        "pipeline_tag": "fill-mask",
        "processor": "AutoTokenizer",
    }
    assert info["mask_token"] == "[MASK]"
    assert info["widgetData"] == [{"text": "Paris is the [MASK] of France."}]
    [index] = info["model-index"]
    assert [result["task"] for result in index["results"]] == [{"type": "fill-mask"}]
    assert {"co2_eq_emissions", "model-index", "eval-results"} <= set(info["tags"])
    names = ("transformersInfo", "mask_token", "widgetData", "model-index")
    assert expand(repo, *names) == {name: info[name] for name in names}
    assert expand(repo, "baseModels", "resourceGroup", "xetEnabled", "inference") == {
        "baseModels": {
            "relation": "finetune",
            "models": [{"_id": base.get().json()["_id"], "id": base.full_name}],
        },
        "resourceGroup": None,
        "xetEnabled": True,
    }
    assert expand(base, "model-index", "baseModels", "widgetData") == {"model-index": None}


def test_repo_info_counts_public_children_and_names_spaces_that_the_viewer_may_see(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    base = new_repo(hub, alice)
    card = f"---\nbase_model: {base.full_name}\n---\n"
    new_repo(hub, bob, file("README.md", card))
    new_repo(hub, bob, file("README.md", card), private=True)
    new_repo(hub, bob, file("README.md", card), file("adapter_config.json", "{}"))
    named = f"---\nmodels: [{base.full_name}]\n---\n"
    space = new_repo(hub, bob, file("README.md", named), type="space")
    hidden = new_repo(hub, bob, file("README.md", named), type="space", private=True)
    assert expand(base, "childrenModelCount", "spaces") == {
        "childrenModelCount": {"adapter": 1, "finetune": 1},
        "spaces": [space.full_name],
    }
    seen = expand(base, "spaces", token=bob.token)
    assert sorted(seen["spaces"]) == sorted([space.full_name, hidden.full_name])
    assert base.get().json()["spaces"] == [space.full_name]


def test_repo_info_keeps_the_id_of_a_base_model_from_who_may_not_see_it(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    secret = new_repo(hub, alice, private=True)
    card = f"---\nbase_model: [{secret.full_name}, {alice.name}/none, gpt2]\n---\n"
    repo = new_repo(hub, alice, file("README.md", card))
    names = [secret.full_name, f"{alice.name}/none", "gpt2"]
    told = expand(repo, "baseModels", token=bob.token)["baseModels"]
    assert told == {"relation": "merge", "models": [{"id": name} for name in names]}
    [first, *_] = expand(repo, "baseModels")["baseModels"]["models"]
    assert first["_id"] == secret.get().json()["_id"]


def test_repo_info_looks_up_only_the_first_of_many_base_models(
    hub: LiveHub, alice: Account
) -> None:
    base = new_repo(hub, alice).full_name
    names = [*(f"{base}-{n}" for n in range(1, MAX_BASES)), base, base.title()]
    repo = new_repo(hub, alice, file("README.md", f"---\nbase_model: {json.dumps(names)}\n---\n"))
    told = expand(repo, "baseModels")["baseModels"]["models"]
    assert [model["id"] for model in told] == names
    assert [model["id"] for model in told if "_id" in model] == [base]


def test_repo_info_tells_what_a_dataset_is(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("README.md", DATASET), type="dataset")
    data = b"rows" * 1000
    repo.commit(lfs_file("data/a.parquet", repo.upload(data), len(data)), file("b/c/d.txt", "12"))
    told = {
        "description": "GLUE is a benchmark with nine tasks.",
        "citation": "@misc{glue,\n  title = {GLUE}\n}",
        "paperswithcode_id": "glue",
    }
    assert expand(repo, *told) == told
    assert told.items() <= repo.get().json().items()
    [item] = hub.call("GET", f"/api/datasets?search={repo.full_name}", token=alice.token).json()
    assert told.items() <= item.items()
    small = len(DATASET.encode()) + len(repo.resolve(".gitattributes").content) + 2
    assert expand(repo, "mainSize") == {"mainSize": small + len(data)}
    repo.commit(file("b/c/d.txt", "123456"))
    assert expand(repo, "mainSize") == {"mainSize": small + len(data) + 4}


def test_repo_info_tells_what_a_space_is(hub: LiveHub, alice: Account) -> None:
    card = "---\ntitle: My Demo\nsdk: static\nmodels: [lab/tiny]\n---\n"
    repo = new_repo(hub, alice, file("README.md", card), type="space")
    name = repo.full_name.partition("/")[2].lower().replace("_", "-")
    told = {
        "title": "My Demo",
        "models": ["lab/tiny"],
        "datasets": [],
        "subdomain": f"{alice.name}-{name}",
    }
    assert expand(repo, *told) == told
    assert told.items() <= repo.get().json().items()


def test_repo_info_and_lists_know_what_official_clients_ask_for(
    hub: LiveHub, alice: Account
) -> None:
    """The properties that clients from 0.24 to 2.4 and the JavaScript client know."""
    names = {
        "model": """author baseModels cardData childrenModelCount config createdAt disabled
            downloads downloadsAllTime evalResults gated gguf gitalyUid inference
            inferenceProviderMapping lastModified library_name likes mask_token model-index
            pipeline_tag private resourceGroup safetensors sha siblings spaces tags
            transformersInfo trendingScore usedStorage widgetData xetEnabled""",
        "dataset": """author cardData citation createdAt description disabled downloads
            downloadsAllTime gated gitalyUid lastModified likes mainSize paperswithcode_id private
            resourceGroup sha siblings tags trendingScore usedStorage xetEnabled""",
        "space": """author cardData createdAt datasets disabled gitalyUid lastModified likes models
            private region resourceGroup runtime sdk sha siblings subdomain tags trendingScore
            usedStorage xetEnabled""",
    }
    fields = {field.encode_name for field in msgspec.structs.fields(RepoInfo)}
    for type, text in names.items():
        repo = new_repo(hub, alice, file("README.md", "---\nlicense: mit\n---\n"), type=type)
        told = expand(repo, *text.split())
        assert told.keys() <= fields
        always = {"author", "cardData", "likes", "private", "resourceGroup", "sha", "siblings"}
        assert always | {"tags", "trendingScore", "usedStorage", "xetEnabled"} <= told.keys()
