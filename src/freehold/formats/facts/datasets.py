"""The facts about a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from freehold.formats.catalogue.dataset_attributes import find_size_category
from freehold.formats.facts.card_texts import find_citation, find_description
from freehold.formats.facts.cards import read_languages, read_licenses
from freehold.formats.facts.contents import RepoContents, RepoFacts
from freehold.formats.facts.file_names import find_data_format, find_modality, list_data_libraries
from freehold.formats.facts.papers import find_arxiv_ids, find_dois
from freehold.formats.facts.tag_lists import join_tags, prefix
from freehold.formats.facts.values import (
    read_list,
    read_mapping,
    read_tags,
    read_text,
    read_texts,
    unite,
)

_MANY_ROWS: Final = 1_000_000
"""From so many rows on, a dataset is read in parts."""


def derive_dataset_facts(contents: RepoContents) -> RepoFacts:
    """What the hub says of a dataset."""
    card = contents.card
    facts = RepoFacts(
        languages=read_languages(card),
        licenses=read_licenses(card),
        arxiv=find_arxiv_ids(contents.text),
        doi=find_dois(contents.text),
        description=find_description(contents.text),
        citation=find_citation(contents.text),
        paperswithcode_id=read_text(card.get("paperswithcode_id")),
    )
    return replace(facts, tags=join_tags(*_list_tags(contents, facts)))


# What comes before the languages in the order of the Hub.
_FIRST: Final = (
    "annotations_creators",
    "language_creators",
    "task_categories",
    "task_ids",
    "multilinguality",
    "source_datasets",
)


def _list_tags(contents: RepoContents, facts: RepoFacts) -> Iterator[Iterable[str]]:
    card, format = contents.card, find_data_format(contents.paths)
    rows = _count_rows(card)
    for name in _FIRST:
        yield prefix(name, read_texts(card.get(name)))
    yield prefix("language", facts.languages)
    yield prefix("license", facts.licenses)
    yield prefix("size_categories", read_texts(card.get("size_categories")) or _name_size(rows))
    yield prefix("benchmark", read_texts(card.get("benchmark")))
    yield prefix("format", [format] if format else [])
    yield prefix("modality", unite(_find_modalities(card), find_modality(format)))
    yield prefix("library", _list_libraries(format, rows))
    yield prefix("arxiv", facts.arxiv)
    yield prefix("doi", facts.doi)
    yield prefix("region", filter(None, [contents.region]))
    yield read_tags(card.get("tags"))


def _list_libraries(format: str | None, rows: int | None) -> Iterator[str]:
    for library in list_data_libraries(format):
        yield "dask" if library == "pandas" and (rows or 0) >= _MANY_ROWS else library


# Rows

_MAX_CONFIGS: Final = 1000
_MAX_ROWS: Final = 10**15


def _list_configs(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = read_list(card.get("dataset_info"))[:_MAX_CONFIGS]
    return [read_mapping(entry) for entry in entries]


def _count_rows(card: Mapping[str, Any]) -> int | None:
    """The rows of all splits, if the card counts them."""
    splits = (s for config in _list_configs(card) for s in read_list(config.get("splits")))
    counts = [read_mapping(split).get("num_examples") for split in splits]
    known = [c for c in counts if isinstance(c, int) and not isinstance(c, bool) and c >= 0]
    return min(sum(known), _MAX_ROWS) if known else None


def _name_size(rows: int | None) -> tuple[str, ...]:
    return () if rows is None else (find_size_category(rows),)


# Modalities

_BY_DTYPE: Final = {
    "string": "text",
    "large_string": "text",
    "image": "image",
    "audio": "audio",
    "video": "video",
    "pdf": "document",
}
_BY_TASK: Final = {
    "text": "text",
    "token": "text",
    "question": "text",
    "translation": "text",
    "summarization": "text",
    "fill": "text",
    "sentence": "text",
    "image": "image",
    "object": "image",
    "depth": "image",
    "audio": "audio",
    "automatic": "audio",
    "voice": "audio",
    "video": "video",
    "tabular": "tabular",
    "table": "tabular",
    "time": "timeseries",
}


def _find_modalities(card: Mapping[str, Any]) -> tuple[str, ...]:
    """What the data is: by the types of its columns, else by what it is for."""
    configs = _list_configs(card)
    features = (f for config in configs for f in read_list(config.get("features")))
    types = {str(read_mapping(feature).get("dtype"))[:20] for feature in features}
    found = {_BY_DTYPE[type] for type in types if type in _BY_DTYPE}
    if not found:
        tasks = read_texts(card.get("task_categories"))
        found = {_BY_TASK[word] for task in tasks if (word := task.partition("-")[0]) in _BY_TASK}
    return tuple(sorted(found))
