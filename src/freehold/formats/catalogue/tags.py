"""The types of tags: which one a tag is of, and all tags that a catalogue begins with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from freehold.formats.catalogue.dataset_attributes import ATTRIBUTES
from freehold.formats.catalogue.languages import LANGUAGES, find_language
from freehold.formats.catalogue.libraries import FILE_FORMATS, LIBRARIES
from freehold.formats.catalogue.licenses import LICENSES
from freehold.formats.catalogue.pipeline_tags import ONLY_DATASETS, ONLY_MODELS, PIPELINE_TAGS


class TagDescription(NamedTuple):
    """A tag: its type, the tag itself as `id`, its label, and the group that a task is shown in."""

    type: str
    id: str
    label: str
    sub_type: str | None = None


TAG_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "model": (
        "pipeline_tag",
        "library",
        "dataset",
        "language",
        "license",
        "arxiv",
        "doi",
        "region",
        "deploy",
        "bucket",
        "other",
    ),
    "dataset": (
        "benchmark",
        "task_categories",
        "size_categories",
        "modality",
        "format",
        "library",
        "language",
        "license",
        "arxiv",
        "doi",
        "region",
        "other",
        "task_ids",
        "annotations_creators",
        "language_creators",
        "multilinguality",
        "source_datasets",
    ),
    "space": ("sdk", "license", "arxiv", "doi", "region", "other"),
    "kernel": ("library", "license", "arxiv", "doi", "region", "other"),
}
"""The types of tags that each type of repository has."""

SDKS: Final = ("gradio", "streamlit", "docker", "static")
"""What a Space may be made with."""

# Types whose tags do not begin with `type:`.
_BARE: Final[Mapping[str, frozenset[str]]] = {
    "model": frozenset({"pipeline_tag", "library", "language", "other"}),
    "dataset": frozenset({"other"}),
    "space": frozenset({"sdk", "other"}),
    "kernel": frozenset({"library", "other"}),
}


def describe_tag(repo_type: str, tag: str) -> TagDescription:
    """The type of a tag that a repository has; what fits no other is of the type `other`.

    The label is what stands behind the prefix. Old clients make attributes of labels, as in
    `args.language.en`, so it is the code of a language and not its name.
    """
    type, separator, label = tag.partition(":")
    if separator and label and type in TAG_TYPES[repo_type] and type not in _BARE[repo_type]:
        return TagDescription(type, tag, label, _group_of(type, label))
    bare = _find_bare(tag) if repo_type != "dataset" else None
    if bare is not None and bare.type in TAG_TYPES[repo_type]:
        return bare
    return TagDescription("other", tag, tag)


def _group_of(type: str, label: str) -> str | None:
    task = PIPELINE_TAGS.get(label) if type == "task_categories" else None
    return task.group if task else None


def _find_bare(tag: str) -> TagDescription | None:
    if tag in PIPELINE_TAGS:
        task = PIPELINE_TAGS[tag]
        return TagDescription("pipeline_tag", tag, task.label, task.group)
    label = FILE_FORMATS.get(tag) or LIBRARIES.get(tag)
    if label:
        return TagDescription("library", tag, label)
    if tag in SDKS:
        return TagDescription("sdk", tag, tag)
    # A name such as `English` is no tag of a language, though it names one.
    is_code = tag in LANGUAGES or ("-" in tag and find_language(tag) == tag)
    return TagDescription("language", tag, tag) if is_code else None


def list_tags(repo_type: str, in_use: Iterable[str] = ()) -> dict[str, dict[str, TagDescription]]:
    """By type and then by id all tags of the catalogue, then those `in_use` that it does not have.

    Only models and datasets have a catalogue; every type is there, if only with no tags.
    """
    listed = {type: dict(tags) for type, tags in _CATALOGUES[repo_type].items()}
    for tag in in_use:
        description = describe_tag(repo_type, tag)
        listed[description.type].setdefault(tag, description)
    return listed


def _list_model_tags() -> Iterator[str]:
    yield from (id for id in PIPELINE_TAGS if id not in ONLY_DATASETS)
    yield from (*FILE_FORMATS, *LIBRARIES, *LANGUAGES)
    yield from (f"license:{id}" for id in LICENSES)


def _list_dataset_tags() -> Iterator[str]:
    yield from (f"task_categories:{id}" for id in PIPELINE_TAGS if id not in ONLY_MODELS)
    yield from (f"language:{id}" for id in LANGUAGES)
    yield from (f"license:{id}" for id in LICENSES)
    yield from (f"{type}:{id}" for type, ids in ATTRIBUTES.items() for id in ids)


def _sort_tags(repo_type: str, tags: Iterator[str]) -> Mapping[str, Mapping[str, TagDescription]]:
    by_type: dict[str, dict[str, TagDescription]] = {type: {} for type in TAG_TYPES[repo_type]}
    for tag in tags:
        description = describe_tag(repo_type, tag)
        by_type[description.type][tag] = description
    return by_type


_CATALOGUES: Final = {
    "model": _sort_tags("model", _list_model_tags()),
    "dataset": _sort_tags("dataset", _list_dataset_tags()),
}
