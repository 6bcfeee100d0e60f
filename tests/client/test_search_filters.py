"""`ModelFilter` and `DatasetFilter`: each field, and each example of their documentation."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from freehold import DatasetFilter, DatasetSearchArguments, HFValidationError, ModelFilter
from freehold import ModelSearchArguments as ModelArguments
from freehold.client.search_filters import SearchFilter
from tests.client.listed import ListedHub

# A catalogue as the hubs of 2023 sent it.
MODEL_TAGS = {
    "pipeline_tag": [{"id": "text-classification", "label": "Text Classification"}],
    "library": [
        {"id": "pytorch", "label": "PyTorch"},
        {"id": "tf", "label": "TensorFlow"},
        {"id": "allennlp", "label": "allennlp"},
    ],
}
DATASET_TAGS = {
    "task_categories": [
        {"id": "task_categories:text-classification", "label": "text-classification"}
    ],
    "task_ids": [{"id": "task_ids:language-modeling", "label": "language-modeling"}],
    "language": [{"id": "language:ru", "label": "ru"}],
}


@pytest.fixture
def hub() -> Iterator[ListedHub]:
    answers = {
        "models": [],
        "datasets": [],
        "models-tags-by-type": MODEL_TAGS,
        "datasets-tags-by-type": DATASET_TAGS,
    }
    with ListedHub(answers) as hub:
        yield hub


def query_of(hub: ListedHub, filter: Any, **more: Any) -> list[str]:
    """What the hub is asked for, in order, without `full`, which every filter of models brings."""
    kind = "datasets" if isinstance(filter, DatasetFilter) else "models"
    assert list(getattr(hub.api, f"list_{kind}")(filter=filter, **more)) == []
    assert hub.paths[-1] == kind
    assert (("full", "true") in hub.queries[-1]) == (kind == "models")
    return [f"{name}={value}" for name, value in hub.queries[-1] if name != "full"]


# The examples


@pytest.mark.parametrize(
    ("filter", "query"),
    [
        (ModelFilter(author_or_organization="facebook"), ["search=facebook/"]),
        (ModelFilter(author="facebook"), ["search=facebook/"]),
        (ModelFilter(library="pytorch"), ["filter=pytorch", "search="]),
        (ModelFilter(language="french"), ["filter=french", "search="]),
        (ModelFilter(model_name="bert"), ["search=bert"]),
        (ModelFilter(task="text-classification"), ["filter=text-classification", "search="]),
        (ModelFilter(tags="benchmark:raft"), ["tags=benchmark:raft", "search="]),
        (ModelFilter(trained_dataset="common_voice"), ["filter=dataset:common_voice", "search="]),
        (ModelFilter(), ["search="]),
        (DatasetFilter(author="facebook"), ["search=facebook/"]),
        (DatasetFilter(benchmark="raft"), ["filter=benchmark:raft", "search="]),
        (DatasetFilter(dataset_name="wikineural"), ["search=wikineural"]),
        (
            DatasetFilter(language_creator="crowdsourced"),
            ["filter=language_creators:crowdsourced", "search="],
        ),
        (
            DatasetFilter(language_creators="crowdsourced"),
            ["filter=language_creators:crowdsourced", "search="],
        ),
        (DatasetFilter(language="en"), ["filter=language:en", "search="]),
        (
            DatasetFilter(multilinguality="multilingual"),
            ["filter=multilinguality:multilingual", "search="],
        ),
        (
            DatasetFilter(size_categories="100K<n<1M"),
            ["filter=size_categories:100K<n<1M", "search="],
        ),
        (
            DatasetFilter(task_categories="audio_classification"),
            ["filter=task_categories:audio_classification", "search="],
        ),
        (DatasetFilter(task_ids="paraphrase"), ["filter=task_ids:paraphrase", "search="]),
        (
            DatasetFilter(language="ru", task_ids="language-modeling"),
            ["filter=language:ru", "filter=task_ids:language-modeling", "search="],
        ),
        (DatasetFilter(), ["search="]),
    ],
    ids=repr,
)
def test_each_field(hub: ListedHub, filter: SearchFilter, query: list[str]) -> None:
    assert query_of(hub, filter) == query


def test_examples_of_list_models_with_search_arguments(hub: ListedHub) -> None:
    args = ModelArguments(hub.api)
    one = ModelFilter(task=args.pipeline_tags.TextClassification)
    assert query_of(hub, one) == ["filter=text-classification", "search="]
    both = ModelFilter(
        task=args.pipeline_tags.TextClassification,
        library=[args.library.PyTorch, args.library.TensorFlow],
    )
    expected = ["filter=text-classification", "filter=pytorch", "filter=tf", "search="]
    assert query_of(hub, both) == expected
    allennlp = ModelFilter(library=args.library.allennlp)
    assert query_of(hub, allennlp) == ["filter=allennlp", "search="]


def test_examples_of_list_datasets_with_search_arguments(hub: ListedHub) -> None:
    args = DatasetSearchArguments(hub.api)
    one = DatasetFilter(task=args.task_categories.text_classification)
    tag = "filter=task_categories:text-classification"
    assert query_of(hub, one) == [tag, "search="]
    # The documentation gives this one to the models.
    assert list(hub.api.list_models(filter=one)) == []
    assert ("filter", "task_categories:text-classification") in hub.queries[-1]
    russian = DatasetFilter(language=args.language.ru, task_ids=args.task_ids.language_modeling)
    assert query_of(hub, russian) == [
        "filter=language:ru",
        "filter=task_ids:language-modeling",
        "search=",
    ]


# All fields at once, and what overrides them


def test_all_fields_of_a_model_filter(hub: ListedHub) -> None:
    filter = ModelFilter(
        "google", ["pytorch", "tf"], "en", "bert", ("t", "u"), ["d", "dataset:e"], ["x", "y"]
    )
    assert query_of(hub, filter) == [
        "filter=t",
        "filter=u",
        "filter=dataset:d",
        "filter=dataset:e",
        "filter=pytorch",
        "filter=tf",
        "filter=en",
        "tags=x",
        "tags=y",
        "search=google/bert",
    ]


def test_all_fields_of_a_dataset_filter(hub: ListedHub) -> None:
    filter = DatasetFilter("a", "b", "n", "c", ["en", "language:fr"], "m", ["s", "t"], "tc", "ti")
    assert query_of(hub, filter) == [
        "filter=benchmark:b",
        "filter=language_creators:c",
        "filter=language:en",
        "filter=language:fr",
        "filter=multilinguality:m",
        "filter=size_categories:s",
        "filter=size_categories:t",
        "filter=task_categories:tc",
        "filter=task_ids:ti",
        "search=a/n",
    ]


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({"search": "z"}, ["search=z"]),
        ({"search": ""}, []),
        ({"author": "c"}, ["author=c", "search=b"]),
        ({"author": "c", "search": "z"}, ["author=c", "search=z"]),
        ({"author": ""}, ["search=a/b"]),
        ({"model_name": "n"}, ["search=n", "search=a/b"]),
        ({"task": "t"}, ["filter=t", "search=a/b"]),
    ],
)
def test_search_and_author_count_instead_of_those_of_a_filter(
    hub: ListedHub, arguments: dict[str, Any], query: list[str]
) -> None:
    assert sorted(query_of(hub, ModelFilter("a", model_name="b"), **arguments)) == sorted(query)


def test_the_author_of_a_dataset_filter_is_overridden_as_well(hub: ListedHub) -> None:
    filter = DatasetFilter(author="a", language="en")
    assert query_of(hub, filter, author="c") == ["author=c", "filter=language:en", "search="]
    assert query_of(hub, filter, search="q") == ["filter=language:en", "search=q"]


def test_full_is_left_out_where_the_caller_says_so(hub: ListedHub) -> None:
    for more in ({"full": False}, {"expand": ["sha"]}):
        list(hub.api.list_models(filter=ModelFilter(author="a"), **more))
        assert "full" not in dict(hub.queries[-1])


# The objects themselves


def test_a_filter_is_a_plain_value(hub: ListedHub) -> None:
    filter = ModelFilter(library=iter(["a", "b"]), author="x")
    assert (filter.library, filter.author, filter.task) == (["a", "b"], "x", None)
    assert filter == ModelFilter(author="x", library=["a", "b"])
    assert filter != ModelFilter(author="x")
    assert repr(filter) == "ModelFilter(author='x', library=['a', 'b'])"
    assert pickle.loads(pickle.dumps(filter)) == filter
    # What can be read once is kept, so the filter can be used again.
    assert query_of(hub, filter) == query_of(hub, filter)
    assert repr(DatasetFilter(language="en")) == "DatasetFilter(language='en')"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (ModelFilter, {"author": ["a"]}),
        (ModelFilter, {"model_name": 7}),
        (ModelFilter, {"library": 7}),
        (ModelFilter, {"tags": ["a", None]}),
        (DatasetFilter, {"dataset_name": b"x"}),
        (DatasetFilter, {"size_categories": {"a": 1, 2: 3}}),
    ],
)
def test_a_filter_takes_texts_only(kind: type[SearchFilter], arguments: dict[str, Any]) -> None:
    with pytest.raises(HFValidationError, match=next(iter(arguments))):
        kind(**arguments)


def test_a_filter_has_no_other_fields() -> None:
    with pytest.raises(TypeError, match="nonsense"):
        ModelFilter(nonsense=1)  # type: ignore[call-arg]
