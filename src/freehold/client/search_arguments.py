"""What models and datasets can be looked for by, as attributes that can be completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from freehold.client.namespaces import Namespace, put

if TYPE_CHECKING:
    from freehold.client.api import HfApi
    from freehold.client.info import RepoInfo


class _Tags(Namespace):
    """Tags in groups; a group that the hub does not have is empty."""

    _GROUPS: ClassVar[tuple[str, ...]]
    # Other names for groups.
    _ALIASES: ClassVar[Mapping[str, str]] = {}
    # Groups whose tags are called by their labels, and not by what stands in the tag.
    _LABELLED: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, hub_dict: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """From the catalogue of a hub, which has a list of tags for each group."""
        super().__init__(type(self).__name__)
        self._raw = hub_dict
        for title in dict.fromkeys((*self._GROUPS, *hub_dict)):
            self._values[title] = self._read_group(title, hub_dict.get(title) or ())
        for alias, title in self._ALIASES.items():
            self._others[alias] = self._values[title]

    def _read_group(self, title: str, items: Sequence[Mapping[str, Any]]) -> Namespace:
        group = Namespace(title)
        for item in items:
            text = item["id"].removeprefix(f"{title}:")
            label = item.get("label") or text
            texts = (label, text) if title in self._LABELLED else (text, label)
            put(group, item["id"], *texts)
        return group

    def to_dict(self) -> dict[str, Any]:
        """The catalogue as the hub sent it."""
        return dict(self._raw)


class ModelTags(_Tags):
    """The tags of models: `tags.library.PyTorch` is "pytorch", what `list_models` filters by.

    The groups are `dataset`, `language`, `library`, `license`, `pipeline_tag` and what else the
    hub has. Each is a `Namespace`. `to_dict()` is what the hub sent.
    """

    _GROUPS = ("dataset", "language", "library", "license", "pipeline_tag")
    _ALIASES: ClassVar[Mapping[str, str]] = {"pipeline_tags": "pipeline_tag"}
    _LABELLED = frozenset({"library", "pipeline_tag"})


class DatasetTags(_Tags):
    """The tags of datasets: `tags.language.en` is "language:en", what `list_datasets` filters by.

    The groups are `benchmark`, `language`, `language_creators`, `license`, `multilinguality`,
    `size_categories`, `task_categories`, `task_ids` and what else the hub has. Each is a
    `Namespace`. `to_dict()` is what the hub sent.
    """

    _GROUPS = (
        "benchmark",
        "language",
        "language_creators",
        "license",
        "multilinguality",
        "size_categories",
        "task_categories",
        "task_ids",
    )


class _Repositories:
    """The authors and names of all repositories, read one after the other into two namespaces."""

    def __init__(self, start: Callable[[], Iterator[RepoInfo]], name_title: str) -> None:
        self.authors = Namespace("author", self.more)
        self.names = Namespace(name_title, self.more)
        self._start = start
        self._found: Iterator[RepoInfo] | None = None
        self._complete = False

    def more(self) -> bool:
        """Reads one more; False when there are no more."""
        if self._complete:
            return False
        if self._found is None:
            self._found = self._start()
        try:
            info = next(self._found, None)
        except BaseException:
            # Half a list must not pass for all: the next attempt reads it from its beginning.
            self._found = None
            raise
        if info is None:
            self._complete = True
            return False
        author, _, name = (info.id or "").rpartition("/")
        for namespace, text in ((self.authors, author), (self.names, name)):
            if text:
                put(namespace, text, text)
        return True


class _SearchArguments(Namespace):
    """Authors, names and tags, each asked for when it is first used."""

    def __init__(self, repositories: _Repositories, load: Callable[[], _Tags]) -> None:
        super().__init__(type(self).__name__, self._load_tags)
        for namespace in (repositories.authors, repositories.names):
            self._values[namespace._title] = namespace
        self._load: Callable[[], _Tags] | None = load

    def _load_tags(self) -> bool:
        if self._load is None:
            return False
        tags = self._load()
        self._values |= tags._values
        self._others |= tags._others
        self._load = None
        return True


class ModelSearchArguments(_SearchArguments):
    """All that models of a hub can be looked for by: `args.author.huggingface`, `args.language.en`.

    `author` and `model_name` are those of the models that are there, and the others the groups of
    `ModelTags`. Nothing is asked before it is used: the tags with the first group, the authors
    and names page by page with the first of them. Each is a `Namespace`.
    """

    def __init__(self, api: HfApi | None = None) -> None:
        """Of the hub of `api`, by default the one of the environment."""
        api = api or _default_api()
        models = _Repositories(lambda: iter(api.list_models(expand=["author"])), "model_name")
        super().__init__(models, api.get_model_tags)


class DatasetSearchArguments(_SearchArguments):
    """All that datasets of a hub can be looked for by: `args.language.en` is "language:en".

    `author` and `dataset_name` are those of the datasets that are there, and the others the groups
    of `DatasetTags`. Nothing is asked before it is used, as with `ModelSearchArguments`.
    """

    def __init__(self, api: HfApi | None = None) -> None:
        """Of the hub of `api`, by default the one of the environment."""
        api = api or _default_api()
        found = _Repositories(lambda: iter(api.list_datasets(expand=["author"])), "dataset_name")
        super().__init__(found, api.get_dataset_tags)


def _default_api() -> HfApi:
    from freehold.client.api import HfApi

    return HfApi()
