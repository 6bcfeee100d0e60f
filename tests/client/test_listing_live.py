"""Lists, filters and search arguments against a running hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freehold import (
    AsyncHfApi,
    DatasetFilter,
    DatasetSearchArguments,
    HfApi,
    ModelFilter,
    ModelSearchArguments,
    wire,
)
from freehold.client.namespaces import to_name
from tests.live import fresh_name
from tests.loops import run_async
from tests.weights import safetensors

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

BERT = """---
license: mit
language: en
library_name: transformers
pipeline_tag: fill-mask
datasets: [squad]
tags: [pytorch]
co2_eq_emissions: {emissions: 7.5}
---
"""
GPT = "---\nlanguage: fr\ntags: [tf]\nco2_eq_emissions: 900\n---\n"
CORPUS = "---\nlanguage: ru\ntask_ids: [language-modeling]\nsize_categories: n<1K\n---\n"


@pytest.fixture
def models(api: HfApi) -> list[str]:
    """Three models, the last one private, in the order in which they were made."""
    found = []
    for card in (BERT, GPT, ""):
        repo = api.create_repo(fresh_name("model"), private=not card).repo_id
        if card:
            api.upload_file(card.encode(), "README.md", repo)
        found.append(repo)
    return found


def names(found: object) -> list[str]:
    return sorted(info.id for info in found)  # type: ignore[attr-defined]


def test_list_models_of_an_author(
    hub: LiveHub, api: HfApi, alice: Account, models: list[str]
) -> None:
    bert, gpt, private = models
    assert names(api.list_models(author=alice.name)) == sorted(models)
    assert names(HfApi(endpoint=hub.url).list_models(author=alice.name)) == sorted([bert, gpt])
    assert names(api.list_models(author=alice.name, token=False)) == sorted([bert, gpt])
    assert names(api.list_models(search=private)) == [private]
    assert names(api.list_models(search=private.upper(), author=alice.name)) == [private]
    assert names(api.list_models(author=fresh_name("nobody"))) == []


def test_list_models_by_tags(api: HfApi, alice: Account, models: list[str]) -> None:
    bert, gpt, _ = models
    mine = {"author": alice.name}
    for tag in ("fill-mask", "transformers", "en", "license:mit", "dataset:squad", "pytorch"):
        assert names(api.list_models(filter=tag, **mine)) == [bert], tag  # type: ignore[arg-type]
    assert names(api.list_models(filter=("pytorch", "en"), author=alice.name)) == [bert]
    assert names(api.list_models(filter=("tf", "en"), author=alice.name)) == []
    assert names(api.list_models(language="fr", author=alice.name)) == [gpt]
    assert names(api.list_models(trained_dataset="squad", author=alice.name)) == [bert]
    assert names(api.list_models(pipeline_tag="fill-mask", author=alice.name)) == [bert]
    assert names(api.list_models(gated=True, author=alice.name)) == []
    start = bert.partition("/")[2][:10]
    whole = ModelFilter(alice.name, "pytorch", "en", start, "fill-mask", "squad", "license:mit")
    assert names(api.list_models(filter=whole)) == [bert]
    assert names(api.list_models(filter=ModelFilter(author=alice.name))) == sorted(models)
    assert names(api.list_models(filter=ModelFilter(tags="tf"), author=alice.name)) == [gpt]


def test_list_models_in_an_order(api: HfApi, alice: Account, models: list[str]) -> None:
    newest = [
        info.id for info in api.list_models(author=alice.name, sort="created_at", direction=-1)
    ]
    assert newest == models[::-1]
    oldest = api.list_models(author=alice.name, sort="createdAt", direction=1, limit=2)
    assert [info.id for info in oldest] == models[:2]
    api.like(models[1])
    assert api.list_models(author=alice.name, sort="likes", direction=-1)[0].id == models[1]
    # More than a page may have; the client cuts the list itself.
    assert names(api.list_models(author=alice.name, limit=5000)) == sorted(models)


def test_list_models_with_details(api: HfApi, alice: Account, models: list[str]) -> None:
    bert = models[0]
    (full,) = api.list_models(filter="fill-mask", author=alice.name)
    described = api.model_info(bert)
    assert (full.author, full.sha, full.tags) == (alice.name, described.sha, described.tags)
    assert full.last_modified == described.last_modified
    assert {file.rfilename for file in full.siblings or []} == {".gitattributes", "README.md"}
    (card,) = api.list_models(filter="fill-mask", author=alice.name, full=False, cardData=True)
    assert card.card_data is not None
    assert card.card_data.license == "mit"
    assert card.siblings is None
    (one,) = api.list_models(author=alice.name, filter="fill-mask", expand=["author", "sha"])
    assert (one.author, one.sha, one.likes) == (alice.name, described.sha, None)


def test_emissions_thresholds(api: HfApi, alice: Account, models: list[str]) -> None:
    bert, gpt, _ = models
    mine = {"author": alice.name}
    assert names(api.list_models(emissions_thresholds=(1, 10), **mine)) == [bert]  # type: ignore[arg-type]
    found = api.list_models(author=alice.name, emissions_thresholds=(None, 1000), cardData=True)
    assert names(found) == sorted([bert, gpt])


def test_list_models_page_after_page(api: HfApi, alice: Account, models: list[str]) -> None:
    url = api._session.url(
        wire.routes.LIST_REPOS, query={"author": alice.name, "limit": 1}, type="model"
    )
    pages = api._session.pages(url, token=None, timeout=None, stay=True)
    assert sorted(item["id"] for item in pages) == sorted(models)


def test_list_datasets_and_list_spaces(api: HfApi, alice: Account) -> None:
    corpus = api.create_repo(fresh_name("corpus"), repo_type="dataset").repo_id
    api.upload_file(CORPUS.encode(), "README.md", corpus, repo_type="dataset")
    space = api.create_repo(fresh_name("space"), repo_type="space", space_sdk="static").repo_id
    args = DatasetSearchArguments(api)
    russian = DatasetFilter(language=args.language.ru, task_ids=args.task_ids.language_modeling)
    assert names(api.list_datasets(filter=russian, author=alice.name)) == [corpus]
    assert names(api.list_datasets(size_categories="n<1K", author=alice.name)) == [corpus]
    assert names(api.list_datasets(dataset_name=corpus, language="en")) == []
    (info,) = api.list_datasets(author=alice.name, full=True)
    assert info.card_data is not None
    assert info.card_data.language == "ru"
    assert names(api.list_spaces(author=alice.name)) == [space]
    assert names(api.list_spaces(author=alice.name, filter="static")) == [space]
    assert names(api.list_spaces(author=alice.name, linked=True)) == []


def test_search_arguments(api: HfApi, alice: Account, models: list[str]) -> None:
    args = ModelSearchArguments(api)
    assert args.pipeline_tags.TextClassification == "text-classification"
    assert args.library.PyTorch == "pytorch"
    assert args.language.en == "en"
    assert getattr(args.author, to_name(alice.name)) == alice.name
    name = models[2].partition("/")[2]
    assert getattr(args.model_name, to_name(name)) == name
    assert name not in list(ModelSearchArguments(HfApi(api.endpoint, False)).model_name.values())
    found = api.list_models(filter=ModelFilter(task=args.pipeline_tag.Fill_Mask), author=alice.name)
    assert names(found) == [models[0]]


def test_tags_and_metrics(hub: LiveHub) -> None:
    visitor = HfApi(endpoint=hub.url)
    assert visitor.get_model_tags().license.mit == "license:mit"
    tags = visitor.get_dataset_tags()
    assert tags.task_categories.text_classification == "task_categories:text-classification"
    assert tags.size_categories["100K<n<1M"] == "size_categories:100K<n<1M"
    assert "accuracy" in {metric.id for metric in visitor.list_metrics()}


def test_lists_can_be_awaited(hub: LiveHub, alice: Account, models: list[str]) -> None:
    async def read(api: AsyncHfApi) -> list[str]:
        return [info.id async for info in api.list_models(author=alice.name)]

    assert sorted(run_async(read(AsyncHfApi(hub.url, alice.token)))) == sorted(models)


def test_model_info_and_list_models_tell_parameters_and_base_models(api: HfApi) -> None:
    base, repo = (api.create_repo(fresh_name("model")).repo_id for _ in range(2))
    api.upload_file(f"---\nbase_model: {base}\n---\n".encode(), "README.md", repo)
    api.upload_file(safetensors(a=("BF16", 1500)), "model.safetensors", repo)
    info = api.model_info(repo)
    assert info.safetensors is not None
    assert (info.safetensors.total, info.safetensors.parameters) == (1500, {"BF16": 1500})
    found = api.list_models(search=repo, num_parameters="min:1K,max:2K", expand=["baseModels"])
    assert [item.base_models["models"][0]["id"] for item in found] == [base]
    children = api.model_info(base, expand=["childrenModelCount"]).children_model_count
    assert children == {"finetune": 1}
