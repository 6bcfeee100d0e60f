"""What the hub says of datasets, from their cards and files."""

from typing import NamedTuple

import pytest

from freehold.formats.facts.contents import RepoContents
from freehold.formats.facts.derive import derive_facts
from freehold.formats.repocard import parse_card


class Case(NamedTuple):
    """A dataset as people publish it, and its tags in their order."""

    name: str
    card: str
    paths: str
    tags: str
    text: str = ""


CASES = (
    Case(
        "a benchmark with everything that a card may say",
        """
annotations_creators: [other]
language_creators: [other]
language: [en]
license: [other]
multilinguality: [monolingual]
size_categories: [10K<n<100K]
source_datasets: [original]
task_categories: [text-classification]
task_ids: [acceptability-classification, natural-language-inference]
pretty_name: GLUE
tags: [qa-nli, coreference-nli]
""",
        "cola/train-00000-of-00001.parquet mnli/test-00000-of-00001.parquet",
        "annotations_creators:other language_creators:other task_categories:text-classification"
        " task_ids:acceptability-classification task_ids:natural-language-inference"
        " multilinguality:monolingual source_datasets:original language:en license:other"
        " size_categories:10K<n<100K format:parquet modality:text library:datasets"
        " library:pandas library:polars arxiv:1804.07461 region:us qa-nli coreference-nli",
        "See https://arxiv.org/abs/1804.07461.",
    ),
    Case(
        "translations between many languages",
        """
language: [af, am, ar, zh, multilingual]
multilinguality: translation
task_categories: translation
license: cc-by-sa-4.0
""",
        "data/af-en.jsonl data/am-en.jsonl LICENSE.txt",
        "task_categories:translation multilinguality:translation language:af language:am"
        " language:ar language:zh language:multilingual license:cc-by-sa-4.0 format:json"
        " modality:text library:datasets library:pandas library:polars region:us",
    ),
    Case(
        "rows that the card counts",
        """
dataset_info:
- config_name: a
  features: [{name: text, dtype: string}, {name: image, dtype: image}]
  splits: [{name: train, num_bytes: 1, num_examples: 900000}]
- config_name: b
  splits: [{name: train, num_examples: 900000}, {name: test, num_examples: null}]
""",
        "a/train.parquet b/train.parquet",
        "size_categories:1M<n<10M format:parquet modality:image modality:text library:datasets"
        " library:dask library:polars region:us",
    ),
    Case(
        "pictures in folders",
        "task_categories: [image-classification]\nlicense: cc0-1.0",
        "train/cat/1.jpg train/cat/2.JPG train/dog/1.png metadata.csv",
        "task_categories:image-classification license:cc0-1.0 format:imagefolder modality:image"
        " library:datasets region:us",
    ),
    Case(
        "recordings with transcripts",
        "task_categories: [automatic-speech-recognition, text-to-speech]\nlanguage: yue",
        "clips/1.mp3 clips/2.mp3 clips/3.wav train.tsv",
        "task_categories:automatic-speech-recognition task_categories:text-to-speech language:yue"
        " format:audiofolder modality:audio modality:text library:datasets region:us",
    ),
    Case(
        "shards of a web dataset",
        "task_categories: image-to-text\nsize_categories: n>1T",
        "00000.tar 00001.tar 00002.tar",
        "task_categories:image-to-text size_categories:n>1T format:webdataset modality:image"
        " library:datasets library:webdataset region:us",
    ),
    Case(
        "a table",
        "task_categories: [tabular-regression]\nlicense: odbl\ntags: [finance, 2024]",
        "prices.csv",
        "task_categories:tabular-regression license:odbl format:csv modality:tabular"
        " library:datasets library:pandas library:polars region:us finance 2024",
    ),
    Case(
        "a submission to a benchmark",
        "benchmark: raft\ntype: prediction\nsubmission_name: x",
        "data/ade/predictions.csv",
        "benchmark:raft format:csv library:datasets library:pandas library:polars region:us",
    ),
    Case(
        "a text",
        "language: la",
        "corpus.txt requirements.txt",
        "language:la format:text library:datasets region:us",
    ),
    Case("nothing but a card", "language: no", "", "language:no region:us"),
    Case(
        "a form that nobody has filled in",
        "language:\nlicense:\ntask_categories: []\ntags: ''\nsize_categories: [null]",
        "dataset_infos.json script.py",
        "region:us",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_dataset_has_the_tags_that_people_expect(case):
    card = parse_card(f"---\n{case.card.strip()}\n---\n{case.text}")
    paths = ("README.md", *case.paths.split())
    facts = derive_facts(RepoContents("dataset", card.data, card.body, paths))
    assert list(facts.tags) == case.tags.split()
    assert (facts.library_name, facts.pipeline_tag, facts.base_models) == (None, None, None)


def test_languages_licences_and_papers_are_told_apart():
    card = {"language": ["en", "German"], "license": ["MIT", "mine"]}
    text = "arxiv.org/abs/2005.14165 doi:10.5281/zenodo.1234"
    facts = derive_facts(RepoContents("dataset", card, text))
    assert (facts.languages, facts.licenses) == (("en", "de"), ("mit", "mine"))
    assert (facts.arxiv, facts.doi) == (("2005.14165",), ("10.5281/zenodo.1234",))


def test_of_two_formats_the_one_with_more_files_counts():
    paths = [*(f"{n}.json" for n in range(3)), *(f"{n}.csv" for n in range(4))]
    assert "format:csv" in derive_facts(RepoContents("dataset", paths=paths)).tags


def test_a_thousand_languages_leave_room_for_the_licence():
    languages = [f"x{n}" for n in range(2000)]
    card = {"language": languages, "license": "mit", "tags": ["bible"]}
    tags = derive_facts(RepoContents("dataset", card)).tags
    assert len(tags) == 1000
    assert {"license:mit", "bible", "region:us", "language:x0"} <= set(tags)
