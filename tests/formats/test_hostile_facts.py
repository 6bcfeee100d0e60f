"""Nothing that a repository holds makes deriving its facts fail, or its facts harmful."""

import json
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.facts.configs import CONFIG_FILES
from freehold.formats.facts.contents import RepoContents
from freehold.formats.facts.derive import derive_facts
from freehold.formats.facts.values import copy_json, read_json

KEYS = [
    "annotations_creators",
    "base_model",
    "base_model_relation",
    "benchmark",
    "co2_eq_emissions",
    "dataset_info",
    "datasets",
    "language",
    "language_creators",
    "library_name",
    "license",
    "model-index",
    "models",
    "multilinguality",
    "pipeline_tag",
    "sdk",
    "size_categories",
    "source_datasets",
    "tags",
    "task_categories",
    "task_ids",
]
CONFIG_KEYS = [
    "_class_name",
    "architectures",
    "auto_map",
    "base_model_name_or_path",
    "chat_template",
    "mask_token",
    "model_type",
    "peft_type",
    "quantization_config",
    "task_type",
    "vision_config",
]
WORDS = ("transformers", "BertForMaskedLM", "a/b", "en", "results", "emissions", "default", "name")
TYPES = ("model", "dataset", "space", "kernel")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(WORDS),
    st.sampled_from(["\ud800", "a\0b", "x" * 1000, "a\nb", " ", "license:mit", "1810.04805"]),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*WORDS, *KEYS, *CONFIG_KEYS]), inner, max_size=4)
    ),
    max_leaves=6,
)
configs = values | st.dictionaries(st.sampled_from(CONFIG_KEYS), values)
paths = st.sampled_from(
    [
        *CONFIG_FILES,
        "a.bin",
        "x.safetensors",
        "m.gguf",
        "modules.json",
        "d/1.jpg",
        ".",
        "a.b/c",
        "ü",
    ]
)


def check(facts):
    """What holds for the facts of whatever repository."""
    assert len(facts.tags) <= 1000
    assert len(set(facts.tags)) == len(facts.tags)
    assert all(tag == tag.strip() and 0 < len(tag) <= 300 for tag in facts.tags)
    text = "".join(facts.tags)
    assert "\0" not in text
    assert "\n" not in text
    # They can be sent and stored.
    names = [*facts.tags, *facts.languages, *facts.datasets, *facts.models, *facts.licenses]
    msgspec.json.encode([names, facts.config, facts.transformers_info, facts.co2, facts.sdk])
    msgspec.json.encode([facts.pipeline_tag, facts.library_name, facts.mask_token])


@settings(max_examples=60)
@given(
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(KEYS), values),
    st.text(),
    st.lists(paths),
    configs,
    configs,
    configs,
    configs,
)
def test_any_values_give_facts(repo_type, card, text, paths, config, adapter, tokenizer, index):
    contents = RepoContents(repo_type, card, text, paths, config, adapter, tokenizer, index)
    check(derive_facts(contents))


@pytest.mark.parametrize("repo_type", TYPES)
def test_every_key_may_hold_any_kind_of_value(repo_type):
    deep = []
    for _ in range(40):
        deep = [deep, "x"]
    for value in (None, 3, -1.5, True, "", "x", [], {}, [None, 1, {}, []], {"a": [{}]}, deep):
        card = dict.fromkeys(KEYS, value)
        other = dict.fromkeys(CONFIG_KEYS, value)
        check(derive_facts(RepoContents(repo_type, card, "", [], other, other, other, other)))


def test_texts_that_are_no_tags_give_none():
    tags = ["a\nb", "a\0b", "\ud800", "x" * 257, "  ", "\u2028", "fine", " trimmed "]
    assert derive_facts(RepoContents("space", {"tags": tags})).tags == (
        *("fine", "trimmed", "region:us"),
    )


def test_tags_are_bounded_and_those_of_the_hub_stay():
    card = {"tags": [f"t{n}" for n in range(5000)], "license": "mit", "base_model": "a/b"}
    tags = derive_facts(RepoContents("model", card)).tags
    assert len(tags) == 1000
    assert {"t0", "base_model:finetune:a/b", "license:mit", "region:us"} <= set(tags)


LONG_TEXTS = (
    "arxiv.org/abs/" * 300_000,
    "arXiv:2101.12345 " * 250_000,
    "doi " * 1_000_000,
    "doi" + " " * 4_000_000,
    "doi.org/10.1234/" + "(" * 4_000_000,
    "doi:10.1234/a\n" * 300_000,
    "arxiv.org/abs/" + "a" * 4_000_000,
    "a-" * 2_000_000,
)


@pytest.mark.parametrize("text", LONG_TEXTS, ids=range(len(LONG_TEXTS)))
def test_a_long_text_takes_no_long_time(text):
    begin = time.process_time()
    facts = derive_facts(RepoContents("model", text=text))
    assert time.process_time() - begin < 2
    assert len(facts.arxiv) + len(facts.doi) <= 1


def test_papers_are_bounded():
    text = " ".join(f"arxiv.org/abs/2101.{n:05}" for n in range(5000))
    assert len(derive_facts(RepoContents("model", text=text)).arxiv) == 100


def test_many_files_take_no_long_time():
    paths = [f"data/{n % 100}/{n}.jpg" for n in range(200_000)]
    begin = time.process_time()
    for repo_type in TYPES:
        check(derive_facts(RepoContents(repo_type, paths=paths)))
    assert time.process_time() - begin < 5


# JSON


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 100_000, b"9" * 10_000, b"{} {}"]
)
def test_what_is_no_json_is_nothing(data):
    assert read_json(data) is None


def test_json_is_read_leniently():
    assert read_json(b'\xef\xbb\xbf{"a": NaN}')["a"] != 0
    assert read_json(b'{"a": "\xff"}') == {"a": "\ufffd"}


@pytest.mark.parametrize(
    ("value", "copy"),
    [
        ({"a": ["\ud83d", 1.5, None, True]}, {"a": ["\ufffd", 1.5, None, True]}),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**63, "0x8000000000000000"),
        (-(2**63), -(2**63)),
        ({"\ud800": 1}, {"\ufffd": 1}),
        (object(), None),
        ("x" * 1000, None),
        ([0] * 1000, None),
        (10**1000, None),
        ([[[[[[[[[[[[]]]]]]]]]]]], None),
    ],
)
def test_a_copy_can_be_written_as_json_and_is_small(value, copy):
    copied = copy_json(value, 200)
    assert copied == copy
    json.dumps(copied).encode()
