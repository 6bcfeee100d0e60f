"""Finding repositories: lists with conditions, and what they can be looked for by."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from freehold import wire
from freehold.client.calls import Caller, parse_with
from freehold.client.names import Token

if TYPE_CHECKING:
    from freehold.client.info import DatasetInfo, ModelInfo, RepoInfo, SpaceInfo
    from freehold.client.lazy_lists import LazyList
    from freehold.client.listing_info import MetricInfo
    from freehold.client.listing_query import Filter, ListRequest, Thresholds
    from freehold.client.search_arguments import DatasetTags, ModelTags
    from freehold.client.search_filters import Texts
    from freehold.wire.ids import RepoType


class Listing(Caller):
    """Calls that find repositories."""

    def list_models(
        self,
        *,
        filter: Filter = None,
        author: str | None = None,
        search: str | None = None,
        apps: Texts = None,
        gated: bool | None = None,
        inference: str | None = None,
        inference_provider: Texts = None,
        model_name: str | None = None,
        trained_dataset: Texts = None,
        library: Texts = None,
        language: Texts = None,
        task: Texts = None,
        tags: Texts = None,
        pipeline_tag: str | None = None,
        num_parameters: str | None = None,
        emissions_thresholds: Thresholds | None = None,
        sort: str | None = None,
        direction: int | None = None,
        limit: int | None = None,
        expand: Texts = None,
        full: bool | None = None,
        cardData: bool = False,  # noqa: N803 - the documented name
        fetch_config: bool = False,
        token: Token = None,
        timeout: float | None = None,
    ) -> LazyList[ModelInfo]:
        """The models of the hub that the token's owner may see, page after page as they are read.

        All conditions must hold. `filter` is one or several tags, or a `ModelFilter`, whose
        author and search `author` and `search` replace. `search` and `model_name` are parts of
        `namespace/name`. `library`, `language`, `task`, `trained_dataset` and `tags` are tags as
        well, `pipeline_tag` is the one task of the model. `gated`, `apps`, `inference` ("warm"),
        `inference_provider` and `num_parameters` ("min:6B,max:128B") are for the hub to judge.

        `sort` names a field ("downloads", "last_modified", …), a `direction` of -1 begins with the
        largest, any other number with the smallest. No more than `limit` models are asked for.
        `full` adds the files, author and last change, which a `filter` does as well, `cardData`
        the card, `fetch_config` the configuration; `expand` names single fields instead.

        `emissions_thresholds` are the least and the most grams of CO2: of what was asked for,
        only models are given whose cards tell a number within them. Raises `HFValidationError`.
        """
        from freehold.client.listing_query import ListRequest

        asked = ListRequest(filter, author, search, model_name)
        asked.add_tags(library=library, task=task, language=language, tags=tags)
        asked.add_fields(dataset=trained_dataset)
        asked.add(apps=apps, gated=gated, inference=inference, num_parameters=num_parameters)
        asked.add(inference_provider=inference_provider, pipeline_tag=pipeline_tag)
        asked.order(sort, direction, limit)
        asked.describe(expand, full=full, cardData=cardData, config=fetch_config)
        asked.keep_emissions(emissions_thresholds)
        return self._list_repos("model", asked.tell_all_when_filtered(full), token, timeout)

    def list_datasets(
        self,
        *,
        filter: Filter = None,
        author: str | None = None,
        search: str | None = None,
        benchmark: Texts | bool = None,
        dataset_name: str | None = None,
        gated: bool | None = None,
        language_creators: Texts = None,
        language: Texts = None,
        multilinguality: Texts = None,
        size_categories: Texts = None,
        task_categories: Texts = None,
        task_ids: Texts = None,
        tags: Texts = None,
        sort: str | None = None,
        direction: int | None = None,
        limit: int | None = None,
        expand: Texts = None,
        cardData: bool | None = None,  # noqa: N803 - the documented name
        full: bool | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> LazyList[DatasetInfo]:
        """The datasets of the hub, as `list_models` gives models.

        `filter` is one or several tags or a `DatasetFilter`. `benchmark` (True for "official"),
        `language_creators`, `language`, `multilinguality`, `size_categories`, `task_categories`
        and `task_ids` are values of those tags, with or without the name before them. `full` and
        `cardData` both add the card and the files. Raises `HFValidationError`.
        """
        from freehold.client.listing_query import ListRequest

        asked = ListRequest(filter, author, search, dataset_name)
        asked.add_fields(benchmark="official" if benchmark is True else benchmark or None)
        asked.add_fields(language_creators=language_creators, language=language)
        asked.add_fields(multilinguality=multilinguality, size_categories=size_categories)
        asked.add_fields(task_categories=task_categories, task_ids=task_ids)
        asked.add_tags(tags=tags)
        asked.add(gated=gated)
        asked.order(sort, direction, limit)
        asked.describe(expand, full=full or cardData)
        return self._list_repos("dataset", asked, token, timeout)

    def list_spaces(
        self,
        *,
        filter: Filter = None,
        author: str | None = None,
        search: str | None = None,
        datasets: Texts = None,
        models: Texts = None,
        linked: bool = False,
        sort: str | None = None,
        direction: int | None = None,
        limit: int | None = None,
        expand: Texts = None,
        full: bool | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> LazyList[SpaceInfo]:
        """The Spaces of the hub, as `list_models` gives models.

        `datasets` and `models` are ids of what a Space makes use of, `linked` wants those that
        make use of anything. Raises `HFValidationError`.
        """
        from freehold.client.listing_query import ListRequest

        asked = ListRequest(filter, author, search, None)
        asked.add(datasets=datasets, models=models, linked=linked or None)
        asked.order(sort, direction, limit)
        asked.describe(expand, full=full)
        return self._list_repos("space", asked, token, timeout)

    def _list_repos(
        self, kind: RepoType, asked: ListRequest, token: Token, timeout: float | None
    ) -> LazyList[Any]:
        from freehold.client.lazy_lists import LazyList

        return LazyList(partial(self._find_repos, kind, asked, token, timeout))

    def _find_repos(
        self, kind: RepoType, asked: ListRequest, token: Token, timeout: float | None
    ) -> Iterator[RepoInfo]:
        from freehold.client.info import INFO_TYPES

        if asked.limit == 0:
            return
        url = self._session.url(wire.routes.LIST_REPOS, query=asked.query, type=kind)
        pages = self._session.pages(url, token=token, timeout=timeout, stay=True)
        shape = INFO_TYPES[kind]
        for item in islice(pages, asked.limit):
            info = parse_with(lambda data: shape(**data), item)
            if asked.accepts(info):
                yield info

    # What there is to look for

    def get_model_tags(self, *, token: Token = None, timeout: float | None = None) -> ModelTags:
        """The tags that models are found by, in groups: `tags.library.PyTorch` is "pytorch"."""
        from freehold.client.search_arguments import ModelTags

        answer = self._session.call(
            wire.community_routes.LIST_MODEL_TAGS, token=token, timeout=timeout
        )
        found: ModelTags = parse_with(ModelTags, answer.object())
        return found

    def get_dataset_tags(self, *, token: Token = None, timeout: float | None = None) -> DatasetTags:
        """The tags that datasets are found by, in groups: `tags.language.en` is "language:en"."""
        from freehold.client.search_arguments import DatasetTags

        answer = self._session.call(
            wire.community_routes.LIST_DATASET_TAGS, token=token, timeout=timeout
        )
        found: DatasetTags = parse_with(DatasetTags, answer.object())
        return found

    def list_metrics(
        self, *, token: Token = None, timeout: float | None = None
    ) -> list[MetricInfo]:
        """The metrics that the hub knows."""
        from freehold.client.listing_info import MetricInfo

        route = wire.community_routes.LIST_METRICS
        items = self._session.call(route, token=token, timeout=timeout).items()
        return [parse_with(MetricInfo.parse, item) for item in items]
