"""Filters: what models and datasets should be like, in the words of whoever looks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from freehold.client.errors import HFValidationError
from freehold.client.records import Record

T = TypeVar("T")

Texts = str | Iterable[str] | None
"""One text, several, or none."""


def read_texts(name: str, value: Texts) -> list[str]:
    """The texts as a list; raises `HFValidationError` when something else is among them."""
    texts = [value] if isinstance(value, str) else _listed(name, value)
    for text in texts:
        if not isinstance(text, str):
            raise HFValidationError(f"{name} is a text or several, and {text!r} is none.")
    return texts


def _listed(name: str, value: Iterable[str] | None) -> list[str]:
    if value is None:
        return []
    try:
        return list(value)
    except TypeError:
        raise HFValidationError(f"{name} is a text or several, not {value!r}.") from None


def read_text(name: str, value: str | None) -> str | None:
    """The text, or None for none; raises `HFValidationError` for anything else."""
    if value is not None and not isinstance(value, str):
        raise HFValidationError(f"{name} is a text, not {value!r}.")
    return value


def with_prefix(prefix: str, texts: Iterable[str]) -> list[str]:
    """Each text as a tag of that kind, `language:en`; what is one already stays as it is."""
    return [text if f"{prefix}:" in text else f"{prefix}:{text}" for text in texts]


class SearchFilter(Record):
    """What all filters have: an author, a part of the name, and tags."""

    author: str | None

    def search_text(self, *, with_author: bool = True) -> str:
        """What to search for in `namespace/name`; empty when author and name are open."""
        name = self.name or ""
        return f"{self.author}/{name}" if self.author and with_author else name

    @property
    def name(self) -> str | None:
        """A part of the name."""
        raise NotImplementedError

    def to_tags(self) -> list[str]:
        """The tags that must all be there."""
        raise NotImplementedError


class ModelFilter(SearchFilter):
    """What models should be like; all of it must hold. Give it to `list_models` as `filter`.

    `author` (also `author_or_organization`) is a user or an organisation, `model_name` a part of
    the name. The others are a text or several: `library` ("pytorch"), `language` ("en"), `task`
    ("fill-mask"), `trained_dataset` ("common_voice", with or without `dataset:`), and `tags`.
    Raises `HFValidationError` for what is no text.
    """

    library: str | list[str] | None
    language: str | list[str] | None
    model_name: str | None
    task: str | list[str] | None
    trained_dataset: str | list[str] | None
    tags: str | list[str] | None

    def __init__(
        self,
        author: str | None = None,
        library: Texts = None,
        language: Texts = None,
        model_name: str | None = None,
        task: Texts = None,
        trained_dataset: Texts = None,
        tags: Texts = None,
        *,
        author_or_organization: str | None = None,
    ) -> None:
        super().__init__(
            author=read_text("author", _one_of(author, author_or_organization)),
            library=_check("library", library),
            language=_check("language", language),
            model_name=read_text("model_name", model_name),
            task=_check("task", task),
            trained_dataset=_check("trained_dataset", trained_dataset),
            tags=_check("tags", tags),
        )

    @property
    def name(self) -> str | None:
        """A part of the name."""
        return self.model_name

    def to_tags(self) -> list[str]:
        """The tags that must all be there, without `tags`, which are asked for apart."""
        return [
            *read_texts("task", self.task),
            *with_prefix("dataset", read_texts("trained_dataset", self.trained_dataset)),
            *read_texts("library", self.library),
            *read_texts("language", self.language),
        ]


DATASET_TAGS = (
    "benchmark",
    "language_creators",
    "language",
    "multilinguality",
    "size_categories",
    "task_categories",
    "task_ids",
)
"""The kinds of tags that datasets are found by, in the order in which they are asked for."""


class DatasetFilter(SearchFilter):
    """What datasets should be like; all of it must hold. Give it to `list_datasets` as `filter`.

    `author` is a user or an organisation, `dataset_name` a part of the name. The others are a text
    or several, with or without the name of the field before it (`language:en`): `benchmark`,
    `language_creators`, `language`, `multilinguality`, `size_categories` ("100K<n<1M"),
    `task_categories` and `task_ids`. The documentation of older clients also says
    `language_creator` and `task`. Raises `HFValidationError` for what is no text.
    """

    benchmark: str | list[str] | None
    dataset_name: str | None
    language_creators: str | list[str] | None
    language: str | list[str] | None
    multilinguality: str | list[str] | None
    size_categories: str | list[str] | None
    task_categories: str | list[str] | None
    task_ids: str | list[str] | None

    def __init__(
        self,
        author: str | None = None,
        benchmark: Texts = None,
        dataset_name: str | None = None,
        language_creators: Texts = None,
        language: Texts = None,
        multilinguality: Texts = None,
        size_categories: Texts = None,
        task_categories: Texts = None,
        task_ids: Texts = None,
        *,
        language_creator: Texts = None,
        task: Texts = None,
    ) -> None:
        super().__init__(
            author=read_text("author", author),
            benchmark=_check("benchmark", benchmark),
            dataset_name=read_text("dataset_name", dataset_name),
            language_creators=_check(
                "language_creators", _one_of(language_creators, language_creator)
            ),
            language=_check("language", language),
            multilinguality=_check("multilinguality", multilinguality),
            size_categories=_check("size_categories", size_categories),
            task_categories=_check("task_categories", _one_of(task_categories, task)),
            task_ids=_check("task_ids", task_ids),
        )

    @property
    def name(self) -> str | None:
        """A part of the name."""
        return self.dataset_name

    def to_tags(self) -> list[str]:
        """The tags that must all be there."""
        return [
            tag
            for field in DATASET_TAGS
            for tag in with_prefix(field, read_texts(field, self.get(field)))
        ]


def _check(name: str, value: Texts) -> str | list[str] | None:
    """The value as it was given, and what can be read only once as a list."""
    texts = read_texts(name, value)
    return value if value is None or isinstance(value, str) else texts


def _one_of(value: T | None, other: T | None) -> T | None:
    return value if value is not None else other
