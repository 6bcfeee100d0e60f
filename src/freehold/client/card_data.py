"""The metadata of repo cards: dictionaries whose keys can be read and set as attributes."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from freehold.client.errors import InvalidCardError
from freehold.client.eval_results import (
    EvalResult,
    eval_results_to_model_index,
    model_index_to_eval_results,
)

NEEDED = "Repo cards need PyYAML: pip install 'freehold[cards]'"


class CardData(dict[str, Any]):
    """The metadata of a card, under the keys that it has in the YAML.

    Keys can also be read and set as attributes: one that is not there is None, and one that is set
    to None is left out when the card is written.
    """

    # Attributes whose keys are no Python names.
    _KEYS: ClassVar[Mapping[str, str]] = {}

    def __init__(self, ignore_metadata_errors: bool = False, **kwargs: Any) -> None:
        super().__init__()
        self._fill(kwargs, ignore_metadata_errors)

    @classmethod
    def of(cls, data: Mapping[str, Any], ignore_metadata_errors: bool = False) -> Self:
        """From metadata that was read; raises `InvalidCardError` for what makes no sense."""
        made = cls()
        made._fill(data, ignore_metadata_errors)
        return made

    def _fill(self, data: Mapping[str, Any], ignore_errors: bool) -> None:
        self.update(data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.get(self._KEYS.get(name, name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self[self._KEYS.get(name, name)] = value

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key; the default when there is none."""
        value = super().get(key)
        return default if value is None else value

    def to_dict(self) -> dict[str, Any]:
        """A copy as it is written into a card, without what is None."""
        return {key: copy.deepcopy(value) for key, value in self.items() if value is not None}

    def to_yaml(
        self, line_break: str | None = None, original_order: list[str] | None = None
    ) -> str:
        """The lines of YAML that are written into a new card, without an end of the last.

        Keys in `original_order` come first. Raises `InvalidCardError` for values that no card can
        hold, `ImportError` without PyYAML.
        """
        try:
            from freehold.formats.yaml_dump import CardFormatError, dump_block, to_plain
        except ImportError as error:
            raise ImportError(NEEDED) from error
        data = self.to_dict()
        first = [key for key in original_order or () if key in data]
        try:
            plain = to_plain({key: data[key] for key in dict.fromkeys([*first, *data])})
        except CardFormatError as error:
            raise InvalidCardError(str(error), error.issues) from error
        return dump_block(plain).strip().replace("\n", line_break or "\n")

    def __str__(self) -> str:
        try:
            return self.to_yaml()
        except ImportError:
            return repr(self)


class ModelCardData(CardData):
    """The metadata of a model card.

    `eval_results` is a list of `EvalResult`, and `model_name` the name that goes with them: they
    are what the card has as `model-index`. Raises `InvalidCardError` for a `model-index` of another
    shape; with `ignore_metadata_errors` it stays what it is, under its own key.
    """

    # What the card said of the results, and a key `model_name` that it had besides.
    _index: tuple[Any, ...] = ()
    _other_name: Any = None

    def __init__(
        self,
        *,
        base_model: str | list[str] | None = None,
        datasets: str | list[str] | None = None,
        eval_results: list[EvalResult] | EvalResult | None = None,
        language: str | list[str] | None = None,
        library_name: str | None = None,
        license: str | None = None,
        license_name: str | None = None,
        license_link: str | None = None,
        metrics: list[str] | None = None,
        model_name: str | None = None,
        pipeline_tag: str | None = None,
        tags: list[str] | None = None,
        ignore_metadata_errors: bool = False,
        **kwargs: Any,
    ) -> None:
        results = [eval_results] if isinstance(eval_results, EvalResult) else eval_results
        named = {
            "base_model": base_model,
            "datasets": datasets,
            "eval_results": results,
            "language": language,
            "library_name": library_name,
            "license": license,
            "license_name": license_name,
            "license_link": license_link,
            "metrics": metrics,
            "model_name": model_name,
            "pipeline_tag": pipeline_tag,
            "tags": _without_repetition(tags),
        }
        super().__init__(ignore_metadata_errors, **_given(named), **kwargs)
        if self.eval_results and not model_name and not self._index:
            raise InvalidCardError("Results (eval_results) need a model_name.")

    def _fill(self, data: Mapping[str, Any], ignore_errors: bool) -> None:
        super()._fill(data, ignore_errors)
        index = self.get("model-index")
        if not index:
            return
        try:
            name, results = model_index_to_eval_results(index)
        except InvalidCardError:
            if ignore_errors:
                return
            raise
        self._index = tuple(self.pop("model-index"))
        self._other_name = self.pop("model_name", None)
        self.update(model_name=name, eval_results=results)

    def to_dict(self) -> dict[str, Any]:
        """A copy as it is written into a card: the results as `model-index`."""
        data = super().to_dict()
        results = data.get("eval_results", [] if self._index else None)
        if not isinstance(results, list) or not all(isinstance(r, EvalResult) for r in results):
            return data
        data.pop("eval_results", None)
        name = data.pop("model_name", None)
        if results and not name:
            raise InvalidCardError("Results (eval_results) need a model_name.")
        index = eval_results_to_model_index(name or "", results, self._index)
        named = {"model_name": self._other_name, "model-index": index or None}
        return {**data, **_given(named)}


class DatasetCardData(CardData):
    """The metadata of a dataset card; `train_eval_index` is its key `train-eval-index`."""

    _KEYS: ClassVar[Mapping[str, str]] = {"train_eval_index": "train-eval-index"}

    def __init__(
        self,
        *,
        language: str | list[str] | None = None,
        license: str | list[str] | None = None,
        annotations_creators: str | list[str] | None = None,
        language_creators: str | list[str] | None = None,
        multilinguality: str | list[str] | None = None,
        size_categories: str | list[str] | None = None,
        source_datasets: list[str] | None = None,
        task_categories: str | list[str] | None = None,
        task_ids: str | list[str] | None = None,
        paperswithcode_id: str | None = None,
        pretty_name: str | None = None,
        train_eval_index: dict[str, Any] | list[Any] | None = None,
        config_names: str | list[str] | None = None,
        ignore_metadata_errors: bool = False,
        **kwargs: Any,
    ) -> None:
        named = {
            "annotations_creators": annotations_creators,
            "language_creators": language_creators,
            "language": language,
            "license": license,
            "multilinguality": multilinguality,
            "size_categories": size_categories,
            "source_datasets": source_datasets,
            "task_categories": task_categories,
            "task_ids": task_ids,
            "paperswithcode_id": paperswithcode_id,
            "pretty_name": pretty_name,
            "config_names": config_names,
            "train-eval-index": train_eval_index,
        }
        super().__init__(ignore_metadata_errors, **{**_given(named), **kwargs})


class SpaceCardData(CardData):
    """The metadata of a Space."""

    def __init__(
        self,
        *,
        title: str | None = None,
        sdk: str | None = None,
        sdk_version: str | None = None,
        python_version: str | None = None,
        app_file: str | None = None,
        app_port: int | None = None,
        license: str | None = None,
        duplicated_from: str | None = None,
        models: list[str] | None = None,
        datasets: list[str] | None = None,
        tags: list[str] | None = None,
        ignore_metadata_errors: bool = False,
        **kwargs: Any,
    ) -> None:
        named = {
            "title": title,
            "sdk": sdk,
            "sdk_version": sdk_version,
            "python_version": python_version,
            "app_file": app_file,
            "app_port": app_port,
            "license": license,
            "duplicated_from": duplicated_from,
            "models": models,
            "datasets": datasets,
            "tags": _without_repetition(tags),
        }
        super().__init__(ignore_metadata_errors, **_given(named), **kwargs)


def _given(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}


def _without_repetition(tags: Iterable[str] | None) -> list[str] | None:
    return None if tags is None else list(dict.fromkeys(tags))
