"""Evaluation results: the `model-index` of a card as a plain list, and back again."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from freehold.client.errors import InvalidCardError

# Where each field stands in an entry of `results`, and in one of its `metrics`.
_PARTS: Final = {
    "task": {"type": "task_type", "name": "task_name"},
    "dataset": {
        "type": "dataset_type",
        "name": "dataset_name",
        "config": "dataset_config",
        "split": "dataset_split",
        "revision": "dataset_revision",
        "args": "dataset_args",
    },
    "source": {"name": "source_name", "url": "source_url"},
}
_METRIC: Final = {
    "type": "metric_type",
    "value": "metric_value",
    "name": "metric_name",
    "config": "metric_config",
    "args": "metric_args",
    "verified": "verified",
    "verifyToken": "verify_token",
}


@dataclass
class EvalResult:
    """One metric of a model: what it can do (`task`), measured on what, and how well.

    Raises `InvalidCardError` for a source that has a name and no address.
    """

    task_type: str
    dataset_type: str
    dataset_name: str
    metric_type: str
    metric_value: Any
    task_name: str | None = None
    dataset_config: str | None = None
    dataset_split: str | None = None
    dataset_revision: str | None = None
    dataset_args: dict[str, Any] | None = None
    metric_name: str | None = None
    metric_config: str | None = None
    metric_args: dict[str, Any] | None = None
    verified: bool | None = None
    verify_token: str | None = None
    source_name: str | None = None
    source_url: str | None = None

    def __post_init__(self) -> None:
        if self.source_name is not None and self.source_url is None:
            raise InvalidCardError("A result with a source_name needs the source_url as well.")

    @property
    def unique_identifier(self) -> tuple[Any, ...]:
        """What was measured: task, dataset, its configuration, split and revision."""
        return (
            self.task_type,
            self.dataset_type,
            self.dataset_config,
            self.dataset_split,
            self.dataset_revision,
        )

    def is_equal_except_value(self, other: EvalResult) -> bool:
        """Whether the other is the same metric; its value and the token for it may differ."""
        return _identity(self) == _identity(other)


def model_index_to_eval_results(model_index: Any) -> tuple[str, list[EvalResult]]:
    """The name of the model and its results; raises `InvalidCardError` for any other shape."""
    if not isinstance(model_index, Sequence) or isinstance(model_index, str) or not model_index:
        raise InvalidCardError("`model-index` is a list with at least one entry.")
    found = [
        _read(result, metric)
        for entry in model_index
        for result in _list_of(entry, "results")
        for metric in _list_of(result, "metrics")
    ]
    name = model_index[0].get("name")
    if not isinstance(name, str):
        raise InvalidCardError("`model-index` lacks the `name` of the model.")
    return name, found


def eval_results_to_model_index(
    model_name: str, eval_results: Iterable[EvalResult], model_index: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """The `model-index` with these results.

    What else an earlier `model_index` says of them is kept, and so is its order; results that it
    does not have yet come last. It is empty when there are no results.
    """
    waiting: dict[str, list[EvalResult]] = {}
    for result in eval_results:
        waiting.setdefault(_identity(result), []).append(result)
    kept = [_keep_entry(entry, waiting) for entry in copy.deepcopy(list(model_index))]
    index = [entry for entry in kept if entry is not None]
    if index and model_index[0]["name"] != model_name:
        index[0]["name"] = model_name
    added = [result for results in waiting.values() for result in results]
    if added:
        index = index or [{"name": model_name, "results": []}]
        _add(index[0]["results"], added)
    return index


def metadata_eval_result(
    *,
    model_pretty_name: str,
    task_pretty_name: str,
    task_id: str,
    metrics_pretty_name: str,
    metrics_id: str,
    metrics_value: Any,
    dataset_pretty_name: str,
    dataset_id: str,
    metrics_config: str | None = None,
    metrics_verified: bool = False,
    dataset_config: str | None = None,
    dataset_split: str | None = None,
    dataset_revision: str | None = None,
    metrics_verification_token: str | None = None,
) -> dict[str, Any]:
    """The metadata for one result, as `metadata_update` takes it."""
    result = EvalResult(
        task_type=task_id,
        task_name=task_pretty_name,
        dataset_type=dataset_id,
        dataset_name=dataset_pretty_name,
        dataset_config=dataset_config,
        dataset_split=dataset_split,
        dataset_revision=dataset_revision,
        metric_type=metrics_id,
        metric_name=metrics_pretty_name,
        metric_value=metrics_value,
        metric_config=metrics_config,
        verified=metrics_verified,
        verify_token=metrics_verification_token,
    )
    return {"model-index": eval_results_to_model_index(model_pretty_name, [result])}


def merge_results(
    known: list[EvalResult], added: Iterable[EvalResult], overwrite: bool
) -> list[str]:
    """Adds results to those that are known; returns the names of metrics with another value.

    The values of these are changed with `overwrite`, and else nothing of them is.
    """
    by_identity = {_identity(result): result for result in known}
    conflicts = []
    for result in added:
        same = by_identity.setdefault(_identity(result), result)
        if same is result:
            known.append(result)
        elif same != result and not overwrite:
            conflicts.append(result.metric_name or result.metric_type)
        else:
            same.metric_value = result.metric_value
            if same.verified:
                same.verify_token = result.verify_token
    return conflicts


# What is read


def _list_of(holder: Any, name: str) -> list[Any]:
    values = holder.get(name) if isinstance(holder, Mapping) else None
    if not isinstance(values, list):
        raise InvalidCardError(f"`model-index` lacks a list `{name}` in one of its entries.")
    return values


def _read(result: Mapping[str, Any], metric: Any) -> EvalResult:
    fields = dict(_pick(metric, _METRIC, "metrics"))
    for part, names in _PARTS.items():
        fields |= _pick(result.get(part) or {}, names, part)
    missing = [
        name
        for name in ("task_type", "dataset_type", "dataset_name", "metric_type", "metric_value")
        if name not in fields
    ]
    if missing:
        raise InvalidCardError(f"`model-index` lacks {', '.join(missing)} in one of its results.")
    return EvalResult(**fields)


def _pick(part: Any, names: Mapping[str, str], where: str) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        raise InvalidCardError(f"`model-index` has something else than `key: value` in `{where}`.")
    return {field: part[key] for key, field in names.items() if key in part}


# What is kept and added


def _identity(result: EvalResult) -> str:
    fields = {**vars(result), "metric_value": None, "verify_token": None}
    return json.dumps(fields, sort_keys=True, default=str)


def _keep_entry(entry: Any, waiting: dict[str, list[EvalResult]]) -> dict[str, Any] | None:
    """The entry with those of its results that are still wanted; they no longer wait."""
    if not entry["results"]:
        return dict(entry)
    kept = [_keep_result(result, waiting) for result in entry["results"]]
    results = [result for result in kept if result is not None]
    return {**entry, "results": results} if results else None


def _keep_result(
    result: dict[str, Any], waiting: dict[str, list[EvalResult]]
) -> dict[str, Any] | None:
    metrics = []
    for metric in result["metrics"]:
        wanted = waiting.get(_identity(_read(result, metric)))
        if wanted:
            metrics.append(_update(metric, wanted.pop(0)))
    return {**result, "metrics": metrics} if metrics or not result["metrics"] else None


def _update(metric: dict[str, Any], wanted: EvalResult) -> dict[str, Any]:
    updated = {**metric, "value": wanted.metric_value}
    if wanted.verify_token is not None or "verifyToken" in metric:
        updated["verifyToken"] = wanted.verify_token
    return updated


def _add(results: list[dict[str, Any]], added: list[EvalResult]) -> None:
    """Adds metrics to the results for the same task, dataset and source, or to new ones."""
    by_parts = {_text_of(result): result for result in reversed(results)}
    for one in added:
        parts = _write(one)
        place = by_parts.get(_text_of(parts))
        if place is None:
            place = by_parts[_text_of(parts)] = {**parts, "metrics": []}
            results.append(place)
        place["metrics"].append(_write_names(one, _METRIC))


def _text_of(result: Mapping[str, Any]) -> str:
    """The same text for results of the same task, dataset and source."""
    fields: dict[str, Any] = {}
    for part, names in _PARTS.items():
        fields |= _pick(result.get(part) or {}, names, part)
    known = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(known, sort_keys=True, default=str)


def _write(result: EvalResult) -> dict[str, Any]:
    written = {part: _write_names(result, names) for part, names in _PARTS.items()}
    return {part: fields for part, fields in written.items() if fields}


def _write_names(result: EvalResult, names: Mapping[str, str]) -> dict[str, Any]:
    fields = {key: getattr(result, field) for key, field in names.items()}
    return {key: value for key, value in fields.items() if value is not None}
