"""What the metadata of a card says, as rows of links above the card and as a table of results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from freehold.errors import BadRequestError
from freehold.formats.catalogue.languages import LANGUAGES
from freehold.formats.catalogue.tags import describe_tag
from freehold.formats.facts.values import clean_text, read_list, read_mapping
from freehold.formats.safe_html import Places
from freehold.server.db.repos import Repo
from freehold.wire.ids import RepoId, repo_path
from freehold.wire.repos import RepoInfo

MAX_TAGS: Final = 400
SHOWN_FIRST: Final = 12
"""Of a row; the others are folded."""

MAX_RESULTS: Final = 60

_LISTS: Final = {"model": "/models", "dataset": "/datasets", "space": "/spaces"}

# The types of tags in the order of their rows, with what these are called.
_ROWS: Final = {
    "pipeline_tag": "Task",
    "task_categories": "Tasks",
    "task_ids": "Sub-tasks",
    "sdk": "SDK",
    "library": "Library",
    "modality": "Modality",
    "format": "Format",
    "size_categories": "Size",
    "language": "Languages",
    "license": "Licence",
    "dataset": "Datasets",
    "arxiv": "Papers",
    "doi": "DOI",
    "other": "Tags",
}

# Tags that say what another row says, or what other hubs offer.
_UNSHOWN: Final = {
    *("autotrain_compatible", "endpoints_compatible", "eval-results", "model-index"),
    "text-generation-inference",
}
_UNSHOWN_KINDS: Final = ("base_model:", "region:")


class Chip(NamedTuple):
    """A value of a row, and where it leads; nowhere if `path` is empty."""

    label: str
    path: str = ""


class FactRow(NamedTuple):
    """A row: its name, and its values, of which the `more` are folded."""

    name: str
    chips: Sequence[Chip]
    more: Sequence[Chip] = ()


class Result(NamedTuple):
    """A row of the table of results, as texts."""

    task: str
    dataset: str
    metric: str
    value: str
    is_verified: bool


def list_facts(repo: Repo, info: RepoInfo, places: Places) -> list[FactRow]:
    """What the tags of a repository say, in rows."""
    groups: dict[str, list[Chip]] = {name: [] for name in _ROWS}
    tags = info.tags if isinstance(info.tags, list) else []
    for tag in tags[:MAX_TAGS]:
        if tag in _UNSHOWN or tag.startswith(_UNSHOWN_KINDS):
            continue
        found = describe_tag(repo.type, tag)
        if found.type in groups:
            groups[found.type].append(_make_chip(repo, found.type, tag, found.label))
    if isinstance(info.card_data, dict):
        groups["license"] = _name_licenses(groups["license"], info.card_data, places)
    rows = [make_row(_ROWS[type], chips) for type, chips in groups.items() if chips]
    return [*rows, *_list_used(repo, info)]


def _list_used(repo: Repo, info: RepoInfo) -> Iterable[FactRow]:
    """What a Space says it uses."""
    if repo.type == "space":
        if info.models:
            yield make_row("Models", [Chip(name, repo_link("model", name)) for name in info.models])
        if info.datasets:
            named = [Chip(name, repo_link("dataset", name)) for name in info.datasets]
            yield make_row("Datasets", named)


def make_row(name: str, chips: Sequence[Chip]) -> FactRow:
    """A row, long ones with a part that is folded."""
    return FactRow(name, chips[:SHOWN_FIRST], chips[SHOWN_FIRST:])


def _make_chip(repo: Repo, type: str, tag: str, label: str) -> Chip:
    if type == "dataset":
        return Chip(label, repo_link("dataset", label))
    if type == "arxiv":
        return Chip(f"arXiv {label}", f"https://arxiv.org/abs/{quote(label)}")
    if type == "doi":
        return Chip(label, f"https://doi.org/{quote(label)}")
    if type == "language":
        label = LANGUAGES.get(label, label)
    return Chip(label, filter_path(repo.type, tag))


def repo_link(type: str, name: str) -> str:
    """The page of the repository with that name; nothing for a text that is no such name."""
    try:
        return repo_path(type, str(RepoId.parse(name)))
    except BadRequestError:
        return ""


def filter_path(type: str, tag: str) -> str:
    """The list of the repositories of a type that have a tag; nothing where there is no list."""
    return f"{_LISTS[type]}?filter={quote(tag, safe='')}" if type in _LISTS else ""


def _name_licenses(chips: Sequence[Chip], card: Mapping[str, Any], places: Places) -> list[Chip]:
    """The licences; one of the author's own by its name, with a link to its text."""
    name, link = clean_text(card.get("license_name")), clean_text(card.get("license_link"))
    path = (places.link(link) if link else None) or ""
    own = Chip(name or "", path)
    shown = [own if name and chip.label == "other" else chip for chip in chips]
    if path and path not in {chip.path for chip in shown}:
        shown.append(Chip("text of the licence", path))
    return shown


def list_results(info: RepoInfo) -> list[Result]:
    """The results of evaluations that a card tells, as many as are shown."""
    entries = info.model_index if isinstance(info.model_index, list) else []
    found: list[Result] = []
    for result in (r for e in entries for r in read_list(read_mapping(e).get("results"))):
        if len(found) >= MAX_RESULTS:
            break
        found += _read_result(read_mapping(result))
    return found[:MAX_RESULTS]


def _read_result(result: Mapping[str, Any]) -> Iterable[Result]:
    task, dataset = read_mapping(result.get("task")), read_mapping(result.get("dataset"))
    about = _short(task.get("name") or task.get("type")), _short(dataset.get("name"))
    for metric in map(read_mapping, read_list(result.get("metrics"))[:MAX_RESULTS]):
        name = _short(metric.get("name") or metric.get("type"))
        yield Result(*about, name, _value(metric.get("value")), metric.get("verified") is True)


def _short(value: object) -> str:
    return str(value)[:120] if isinstance(value, (str, int, float)) else ""


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else _short(value)
