"""Rows of repositories, for `repo_list.html`: everything in them is ready to be shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from markupsafe import Markup

from freehold.formats.catalogue.libraries import FILE_FORMATS, LIBRARIES
from freehold.formats.search_text import Piece
from freehold.server.core.facets import label_tag
from freehold.server.core.recent import recall
from freehold.server.core.users import avatar_url
from freehold.server.db.listings import Listed
from freehold.server.db.repos import Repo
from freehold.server.web.rendering import render_macro
from freehold.server.web.wording import format_count, format_time
from freehold.wire.ids import repo_path

TYPE_NAMES = {"model": "model", "dataset": "dataset", "space": "Space", "kernel": "kernel"}

# The tags of a dataset that its row shows, in this order, each type once.
_OF_DATASETS = ("task_categories:", "modality:", "size_categories:")


class RepoRow(NamedTuple):
    """A repository of a list; `kind` is empty in lists that have only one."""

    path: str
    namespace: str
    name: str
    avatar: str
    kind: str
    private: bool
    gated: bool
    facts: str
    updated: Markup
    downloads: str
    likes: str
    snippet: list[Piece]


def make_rows(listed: Iterable[Listed], *, mixed: bool = False) -> list[Markup]:
    """The rows of a list, ready for `repo_rows`; a `mixed` one says what each is."""
    return [recall(("row", item, mixed), partial(_write_row, item, mixed), len) for item in listed]


def _write_row(item: Listed, mixed: bool) -> Markup:
    kind = TYPE_NAMES[item.repo.type] if mixed else ""
    return write_row(make_row(item.repo, " · ".join(_list_facts(item)), kind))


def write_row(row: RepoRow) -> Markup:
    """One row as HTML."""
    return render_macro("repo_list.html", "repo_row", row)


def make_short_rows(listed: Iterable[Listed], *, mixed: bool = False) -> list[RepoRow]:
    """The same with one thing said of each: what it is, or what it is for."""
    return [
        make_row(item.repo, TYPE_NAMES[item.repo.type] if mixed else next(_list_facts(item), ""))
        for item in listed
    ]


def make_row(repo: Repo, facts: str, kind: str = "", snippet: Iterable[Piece] = ()) -> RepoRow:
    """One row, with that said below its name."""
    return RepoRow(
        path=repo_path(repo.type, repo.full_name),
        namespace=repo.namespace,
        name=repo.name,
        avatar=avatar_url(repo.owner_id),
        kind=kind,
        private=repo.private,
        gated=bool(repo.gated),
        facts=facts,
        updated=format_time(repo.updated_at),
        # Nobody downloads a Space.
        downloads="" if repo.type == "space" else format_count(repo.downloads),
        likes=format_count(repo.likes),
        snippet=list(snippet),
    )


def _list_facts(item: Listed) -> Iterator[str]:
    if item.repo.type == "space":
        yield item.repo.sdk or "static"
    if item.facts is None:
        return
    if item.repo.type == "dataset":
        yield from _describe_dataset(item.facts.tags)
        return
    if item.facts.pipeline_tag:
        yield label_tag("pipeline_tag", item.facts.pipeline_tag)
    if item.facts.library_name:
        yield label_library(item.facts.library_name)
    if item.parameters:
        yield f"{format_count(item.parameters)} parameters"


def label_library(name: str) -> str:
    """What people call a library."""
    return LIBRARIES.get(name) or FILE_FORMATS.get(name) or name


def _describe_dataset(text: str) -> Iterator[str]:
    tags: list[str] = json.loads(text)
    for prefix in _OF_DATASETS:
        tag = next((tag for tag in tags if tag.startswith(prefix)), "")
        if tag:
            yield label_tag(prefix[:-1], tag.removeprefix(prefix))
