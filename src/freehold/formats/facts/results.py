"""The results of evaluations in a card, and what a training has emitted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from freehold.formats.facts.values import read_list, read_mapping

_NUMBER: Final = re.compile(r"(?<!\d)\d{1,30}(?!\d)(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?", re.ASCII)


def read_model_index(card: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The `model-index` of a card with those results that clients can read; None without any."""
    entries = [_read_entry(read_mapping(e)) for e in read_list(card.get("model-index"))]
    return [entry for entry in entries if entry] or None


def _read_entry(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    results = [r for r in read_list(entry.get("results")) if _is_result(read_mapping(r))]
    has_name = isinstance(entry.get("name"), str)
    return {**entry, "results": results} if has_name and results else None


def _is_result(result: Mapping[str, Any]) -> bool:
    task, dataset = read_mapping(result.get("task")), read_mapping(result.get("dataset"))
    texts = (task.get("type"), dataset.get("type"), dataset.get("name"))
    metrics = result.get("metrics")
    has_metrics = isinstance(metrics, list) and bool(metrics) and all(map(_is_metric, metrics))
    has_source = isinstance(result.get("source", {}), dict)
    return all(isinstance(text, str) for text in texts) and has_metrics and has_source


def _is_metric(metric: object) -> bool:
    found = read_mapping(metric)
    return isinstance(found.get("type"), str) and found.get("value") is not None


def read_emissions(card: Mapping[str, Any]) -> float | None:
    """The grams of CO2 that the card tells: a number, a text with one, or `emissions` of either."""
    value = card.get("co2_eq_emissions")
    if isinstance(value, dict):
        value = value.get("emissions")
    if isinstance(value, str):
        match = _NUMBER.search(value, 0, 1000)
        value = float(match[0]) if match else None
    return _check_grams(value)


def _check_grams(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    is_amount = 0 <= value < 10**30 and math.isfinite(value)
    return float(value) if is_amount else None
