"""Tags, authors and names as attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from freehold import (
    DatasetSearchArguments,
    DatasetTags,
    HfApi,
    InvalidAnswerError,
    ModelSearchArguments,
    ModelTags,
    Namespace,
    NotFoundError,
    UnavailableError,
)
from freehold.client import retries
from freehold.client.namespaces import SHOWN, put, to_name
from tests.client.hostile import reply
from tests.client.listed import ListedHub, entries

MODEL_TAGS: dict[str, Any] = {
    "pipeline_tag": [
        {"id": "fill-mask", "label": "Fill-Mask", "type": "pipeline_tag", "subType": "nlp"},
        {"id": "text-classification", "label": "Text Classification", "type": "pipeline_tag"},
    ],
    "library": [
        {"id": "pytorch", "label": "PyTorch", "type": "library"},
        {"id": "transformers.js", "label": "Transformers.js", "type": "library"},
    ],
    "language": [
        {"id": "en", "label": "English", "type": "language"},
        {"id": "or", "label": "or", "type": "language"},
    ],
    "license": [{"id": "license:apache-2.0", "label": "apache-2.0", "type": "license"}],
    "dataset": [{"id": "dataset:3d/keys", "label": "3d/keys", "type": "dataset"}],
    "other": [{"id": "custom_code", "label": "custom_code", "clickable": True}],
}
DATASET_TAGS: dict[str, Any] = {
    "language": [{"id": "language:en", "label": "English", "type": "language"}],
    "size_categories": [
        {"id": "size_categories:10K<n<100K", "label": "10K - 100K"},
        {"id": "size_categories:n<1K", "label": "n<1K"},
    ],
    "task_categories": [{"id": "task_categories:text-classification"}],
}


@pytest.fixture
def hub() -> Iterator[ListedHub]:
    answers = {
        "models": [
            {"id": "huggingface/tiny-1.0"},
            {"id": "lab-x/tiny_1-0"},
            {"id": "gpt2"},
            {"id": "3dfx/None"},
            {"id": "keys/values"},
        ],
        "datasets": [{"id": "huggingface/raw.data"}],
        "models-tags-by-type": MODEL_TAGS,
        "datasets-tags-by-type": DATASET_TAGS,
    }
    with ListedHub(answers, size=2) as hub:
        yield hub


# Tags


def test_get_model_tags(hub: ListedHub) -> None:
    tags = hub.api.get_model_tags()
    assert isinstance(tags, ModelTags)
    assert tags.pipeline_tag.Fill_Mask == "fill-mask"
    assert tags.pipeline_tag.TextClassification == "text-classification"
    assert tags.library.PyTorch == "pytorch"
    assert tags.library.Transformers_js == tags.library["Transformers.js"] == "transformers.js"
    assert tags.language.en == tags.language.English == tags["language"]["en"] == "en"
    assert tags.license.apache_2_0 == "license:apache-2.0"
    assert tags.other.custom_code == "custom_code"
    assert hub.paths == ["models-tags-by-type"]
    assert list(tags) == ["dataset", "language", "library", "license", "pipeline_tag", "other"]
    assert tags.to_dict() == MODEL_TAGS


def test_get_dataset_tags(hub: ListedHub) -> None:
    tags = hub.api.get_dataset_tags()
    assert isinstance(tags, DatasetTags)
    assert tags.language.en == tags.language.English == "language:en"
    assert tags.size_categories["10K<n<100K"] == "size_categories:10K<n<100K"
    assert tags.size_categories["10K - 100K"] == "size_categories:10K<n<100K"
    assert list(tags.size_categories) == ["10K<n<100K", "n<1K"]
    assert tags.task_categories.text_classification == "task_categories:text-classification"
    assert hub.paths == ["datasets-tags-by-type"]


def test_what_is_no_attribute_is_an_item(hub: ListedHub) -> None:
    tags = hub.api.get_model_tags()
    assert tags.language["or"] == "or"
    assert tags.dataset["3d/keys"] == "dataset:3d/keys"
    assert "or" in tags.language
    assert not {"or", "3d/keys"} & {*dir(tags.language), *dir(tags.dataset)}


def test_missing_groups_are_empty() -> None:
    with ListedHub({"models-tags-by-type": {"library": None}, "datasets-tags-by-type": {}}) as hub:
        model, dataset = hub.api.get_model_tags(), hub.api.get_dataset_tags()
    assert {name: len(group) for name, group in model.items()} == dict.fromkeys(
        ("dataset", "language", "library", "license", "pipeline_tag"), 0
    )
    assert [dict(group) for group in dataset.values()] == [{}] * 8
    assert repr(model.library) == "library:"
    with pytest.raises(AttributeError, match="There is no 'PyTorch' in library"):
        model.library.PyTorch  # noqa: B018
    with pytest.raises(KeyError, match="PyTorch"):
        model.library["PyTorch"]


@pytest.mark.parametrize("answer", [{"library": 7}, {"library": ["text"]}, {"library": [{}]}, []])
def test_what_is_no_catalogue_is_an_error(answer: Any) -> None:
    with ListedHub({"models-tags-by-type": answer}) as hub, pytest.raises(InvalidAnswerError):
        hub.api.get_model_tags()


def test_a_hub_without_a_catalogue_says_so() -> None:
    missing = reply(404, {"error": "no"})
    with ListedHub({"datasets-tags-by-type": missing}) as hub, pytest.raises(NotFoundError):
        hub.api.get_dataset_tags()


# Search arguments


def test_the_examples(hub: ListedHub) -> None:
    models, datasets = ModelSearchArguments(hub.api), DatasetSearchArguments(api=hub.api)
    assert (models.author.huggingface, models.language.en) == ("huggingface", "en")
    assert (datasets.author.huggingface, datasets.language.en) == ("huggingface", "language:en")
    assert models.pipeline_tags.TextClassification == models.pipeline_tag.TextClassification
    assert datasets.dataset_name.raw_data == "raw.data"


def test_nothing_is_asked_before_it_is_used(hub: ListedHub) -> None:
    args = ModelSearchArguments(hub.api)
    assert hub.requests == []
    assert args.library.PyTorch == "pytorch"
    assert args.license.apache_2_0 == "license:apache-2.0"
    assert hub.paths == ["models-tags-by-type"]
    assert sorted(args) == sorted([*MODEL_TAGS, "author", "model_name"])
    assert {"author", "model_name", "library"} <= set(dir(args))
    assert repr(args).splitlines()[:3] == ["ModelSearchArguments:", "  author", "  model_name"]
    with pytest.raises(AttributeError, match="no 'colour' in ModelSearchArguments"):
        args.colour  # noqa: B018
    assert hub.paths == ["models-tags-by-type"]


def test_authors_are_read_as_far_as_it_takes(hub: ListedHub) -> None:
    args = ModelSearchArguments(hub.api)
    author = args.author
    assert hub.requests == []
    assert author.lab_x == author["lab-x"] == "lab-x"
    assert hub.paths == ["models"]
    assert hub.queries == [[("expand", "author")]]
    assert args.model_name.gpt2 == "gpt2"
    assert len(hub.requests) == 2
    assert list(author) == ["huggingface", "lab_x", "3dfx", "keys"]
    # One listing is enough for authors and names, and its end is remembered.
    assert "nobody" not in author
    assert len(args.model_name) == 5
    assert len(hub.requests) == 3


def test_names_that_are_alike_are_all_to_be_found(hub: ListedHub) -> None:
    names = ModelSearchArguments(hub.api).model_name
    assert (names.tiny_1_0, names["tiny-1.0"]) == ("tiny-1.0", "tiny-1.0")
    assert names["tiny_1-0"] == "tiny_1-0"
    assert sorted(names.values()) == ["None", "gpt2", "tiny-1.0", "tiny_1-0", "values"]


def test_completion_offers_what_can_be_written(hub: ListedHub) -> None:
    args = ModelSearchArguments(hub.api)
    offered = [name for name in dir(args.author) if not name.startswith("_")]
    # The last four are what every mapping has: an author of that name is an item.
    assert offered == ["get", "huggingface", "items", "keys", "lab_x", "values"]
    assert (args.author["keys"], args.author["3dfx"]) == ("keys", "3dfx")
    assert args.author._ipython_key_completions_() == ["huggingface", "lab_x", "3dfx", "keys"]
    shown = ["author:", "huggingface", "lab_x", "['3dfx']", "['keys']"]
    assert repr(args.author).split("\n  ") == shown


def test_notebooks_look_for_their_own_names_without_a_request(hub: ListedHub) -> None:
    args = ModelSearchArguments(hub.api)
    for name in ("_repr_html_", "_ipython_display_", "__array__", "_repr_mimebundle_"):
        assert not hasattr(args, name)
        assert not hasattr(args.author, name)
    assert hub.requests == []


def test_a_long_list_is_shown_in_part() -> None:
    found = [{"id": f"author{n}/name"} for n in range(5 * SHOWN)]
    with ListedHub({"models": found}, size=SHOWN) as hub:
        shown = repr(ModelSearchArguments(hub.api).author).splitlines()
        assert (len(shown), shown[1], shown[-1]) == (SHOWN + 2, "  author0", "  …")
        assert len(hub.requests) == 2


def test_half_a_list_does_not_pass_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.005)
    with ListedHub({"models": entries(6)}, size=2) as hub:
        args = ModelSearchArguments(hub.api)
        assert args.author.org0 == "org0"
        script, hub.script = hub.script, lambda _: reply(503)
        for _ in range(2):
            with pytest.raises(UnavailableError):
                args.author.org2  # noqa: B018
        hub.script = script
        assert args.author.org2 == "org2"
        assert list(args.model_name) == [f"name{n}" for n in range(6)]


def test_the_hub_of_the_environment_is_asked(
    hub: ListedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert ModelSearchArguments().language.en == "en"
    assert DatasetSearchArguments().author.huggingface == "huggingface"


def test_an_entry_without_a_name_is_passed_over() -> None:
    with ListedHub({"models": [{}, {"id": "a/b"}]}) as hub:
        args = ModelSearchArguments(hub.api)
        assert (dict(args.author), dict(args.model_name)) == ({"a": "a"}, {"b": "b"})


# Namespaces


def test_to_name() -> None:
    assert to_name("Text Classification") == "TextClassification"
    assert to_name("bert-base.v1 x") == "bert_base_v1x"


def test_a_namespace_is_a_mapping() -> None:
    space = Namespace("numbers")
    for number, text in enumerate(("one", "two-2", "two.2", "two_2")):
        put(space, number, text, text.upper())
    assert dict(space) == {"one": 0, "two_2": 1, "two.2": 2, "3": 3}
    assert (space["two-2"], space["TWO.2"], space.ONE, space.get("five", 5)) == (1, 2, 0, 5)
    assert 1 not in space
    assert HfApi not in space
    assert len(space) == 4
