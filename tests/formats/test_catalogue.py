"""The catalogues are whole, and each tag is of the type that clients look for it in."""

import pytest

from freehold.formats.catalogue.dataset_attributes import find_size_category
from freehold.formats.catalogue.languages import LANGUAGES, find_language
from freehold.formats.catalogue.libraries import FILE_FORMATS, LIBRARIES
from freehold.formats.catalogue.licenses import LICENSES
from freehold.formats.catalogue.pipeline_tags import ONLY_DATASETS, ONLY_MODELS, PIPELINE_TAGS
from freehold.formats.catalogue.tags import TAG_TYPES, describe_tag, list_tags


@pytest.mark.parametrize(
    ("repo_type", "tag", "type", "label", "sub_type"),
    [
        ("model", "fill-mask", "pipeline_tag", "Fill-Mask", "nlp"),
        ("model", "text-to-3d", "pipeline_tag", "Text-to-3D", "cv"),
        ("model", "zero-shot-classification", "pipeline_tag", "Zero-Shot Classification", "nlp"),
        ("model", "pytorch", "library", "PyTorch", None),
        ("model", "transformers.js", "library", "Transformers.js", None),
        ("model", "en", "language", "en", None),
        ("model", "pt-BR", "language", "pt-BR", None),
        ("model", "English", "other", "English", None),
        ("model", "license:mit", "license", "mit", None),
        ("model", "dataset:glue", "dataset", "glue", None),
        ("model", "arxiv:1810.04805", "arxiv", "1810.04805", None),
        ("model", "doi:10.57967/hf/0042", "doi", "10.57967/hf/0042", None),
        ("model", "region:us", "region", "us", None),
        ("model", "base_model:a/b", "other", "base_model:a/b", None),
        ("model", "task_ids:x", "other", "task_ids:x", None),
        ("model", "other:x", "other", "other:x", None),
        ("model", "library:x", "other", "library:x", None),
        ("model", "license:", "other", "license:", None),
        ("model", "chat", "other", "chat", None),
        ("model", "other", "pipeline_tag", "Other", "other"),
        (
            *("dataset", "task_categories:text-to-image", "task_categories"),
            *("text-to-image", "cv"),
        ),
        ("dataset", "task_categories:new", "task_categories", "new", None),
        ("dataset", "language:en", "language", "en", None),
        ("dataset", "library:datasets", "library", "datasets", None),
        ("dataset", "benchmark:raft", "benchmark", "raft", None),
        ("dataset", "en", "other", "en", None),
        ("dataset", "pytorch", "other", "pytorch", None),
        ("space", "gradio", "sdk", "gradio", None),
        ("space", "pytorch", "other", "pytorch", None),
        ("space", "region:us", "region", "us", None),
        ("kernel", "kernels", "library", "Kernels", None),
        ("kernel", "fill-mask", "other", "fill-mask", None),
    ],
)
def test_a_tag_is_described_by_its_type_and_label(repo_type, tag, type, label, sub_type):
    assert describe_tag(repo_type, tag) == (type, tag, label, sub_type)


def test_the_catalogues_hold_each_tag_once_under_its_type():
    for repo_type in ("model", "dataset"):
        catalogue = list_tags(repo_type)
        assert tuple(catalogue) == TAG_TYPES[repo_type]
        ids = [id for tags in catalogue.values() for id in tags]
        assert len(ids) == len(set(ids))
        for type, tags in catalogue.items():
            assert all(tag.type == type and tag.id == id for id, tag in tags.items())


def test_no_language_hides_behind_a_task_or_a_library():
    assert LANGUAGES.keys().isdisjoint({*PIPELINE_TAGS, *LIBRARIES, *FILE_FORMATS})


def test_the_catalogue_of_models_has_everything_that_models_may_have():
    tags = list_tags("model")
    assert tags["pipeline_tag"].keys() == PIPELINE_TAGS.keys() - ONLY_DATASETS
    assert tags["library"].keys() == {*FILE_FORMATS, *LIBRARIES}
    assert tags["language"].keys() == LANGUAGES.keys()
    assert len(tags["license"]) == len(LICENSES)


def test_the_catalogue_of_datasets_has_no_task_that_only_models_have():
    tasks = [tag.label for tag in list_tags("dataset")["task_categories"].values()]
    assert set(tasks) == PIPELINE_TAGS.keys() - ONLY_MODELS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("English", "en"),
        ("french", "fr"),
        ("Norwegian Bokmål", "nb"),
        ("Swahili", "sw"),
        ("yue", "yue"),
        ("pt_BR", "pt-BR"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("multilingual", "multilingual"),
        ("Klingon", None),
        ("xx-YY", None),
        ("en-", None),
        ("en-!!", None),
        ("en-a-b-c-d-e", None),
        ("", None),
    ],
)
def test_a_language_is_found_by_its_code_or_its_name(text, code):
    assert find_language(text) == code


@pytest.mark.parametrize(
    ("rows", "category"),
    [
        *((0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6 - 1, "100K<n<1M")),
        *((10**9, "1B<n<10B"), (10**12 - 1, "100B<n<1T"), (10**12, "n>1T"), (10**30, "n>1T")),
    ],
)
def test_a_number_of_rows_has_a_size_category(rows, category):
    assert find_size_category(rows) == category


def test_tags_in_use_follow_the_catalogue_each_under_its_type():
    in_use = ["dataset:glue", "en", "chat", "dataset:squad", "license:mine", "chat", "arxiv:1"]
    known, listed = list_tags("model"), list_tags("model", in_use)
    added = {type: [*tags][len(known[type]) :] for type, tags in listed.items()}
    assert {type: ids for type, ids in added.items() if ids} == {
        "dataset": ["dataset:glue", "dataset:squad"],
        "license": ["license:mine"],
        "arxiv": ["arxiv:1"],
        "other": ["chat"],
    }
    assert list_tags("model") == known
