"""What follows from the files of a repository and is told where somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from freehold.formats.facts.base_models import RELATIONS
from freehold.formats.facts.cards import read_widget
from freehold.formats.facts.contents import RepoFacts
from freehold.formats.facts.results import read_model_index
from freehold.server.core.access import Context
from freehold.server.core.weights import Weights
from freehold.server.db import repos, tagged_repos, tags
from freehold.server.db.repos import Repo
from freehold.wire.repos import BaseModels, Gguf, NamedModel, Safetensors

# Of the Spaces that name a model.
MAX_SPACES = 100

# Of so many base models the ids are looked up; a list has a thousand models, each with others.
MAX_BASES = 20

# What other hubs tell, and this one does not: it is absent, as what is empty.
NOT_TOLD = frozenset(
    {
        *("evalResults", "gitalyUid", "inference", "inferenceProviderMapping", "region"),
        "runtime",
    }
)

_NO_HOST = re.compile(r"[^a-z0-9]+")


def write_details(facts: RepoFacts, weights: Weights, size: int | None) -> dict[str, Any]:
    """The details that are stored, by their names in answers; what is empty is left out."""
    base, counts = facts.base_models, weights.safetensors
    found = {
        "transformersInfo": facts.transformers_info,
        "mask_token": facts.mask_token,
        "safetensors": counts and {"parameters": counts.parameters, "total": counts.total},
        "gguf": weights.gguf and {**weights.gguf, "totalFileSize": weights.gguf_size},
        "baseModels": base and {"relation": base.relation, "models": base.models},
        "description": facts.description,
        "citation": facts.citation,
        "paperswithcode_id": facts.paperswithcode_id,
        "mainSize": size,
        "title": facts.title,
        "models": facts.models,
        "datasets": facts.datasets,
    }
    return {name: value for name, value in found.items() if value or value == 0}


@dataclass(frozen=True)
class Subject:
    """A repository that a viewer asks for, with what its files say; `card` reads its card."""

    ctx: Context
    repo: Repo
    card: Callable[[], Mapping[str, Any]]
    details: Mapping[str, Any]


def _read(name: str) -> Callable[[Subject], Any]:
    return lambda subject: subject.details.get(name)


def _read_of_space(name: str) -> Callable[[Subject], Any]:
    """A list that is there for each Space, also when it is empty."""
    return lambda subject: (
        list(subject.details.get(name, ())) if subject.repo.type == "space" else None
    )


def _read_safetensors(subject: Subject) -> Safetensors | None:
    counts = subject.details.get("safetensors")
    return counts and Safetensors(parameters=dict(counts["parameters"]), total=counts["total"])


def _read_gguf(subject: Subject) -> Gguf | None:
    facts = subject.details.get("gguf")
    if facts is None:
        return None
    known = {name: value for name, value in facts.items() if value is not None}
    known.pop("quantize_imatrix_file", None)
    return Gguf(total_file_size=known.pop("totalFileSize"), **known)


def _read_base_models(subject: Subject) -> BaseModels | None:
    """The base models; of the first ones with the ids, where the viewer may see them here."""
    base = subject.details.get("baseModels")
    if base is None:
        return None
    models = [NamedModel(id=name) for name in base["models"]]
    with subject.ctx.hub.db.read() as tx:
        for model in models[:MAX_BASES]:
            namespace, _, name = model.id.rpartition("/")
            viewer = subject.ctx.viewer
            found = repos.find_visible_repo(
                tx, "model", namespace, name, viewer.id, viewer.is_admin
            )
            if found is not None:
                model.id_ = found.id
    return BaseModels(relation=base["relation"], models=models)


def _count_children(subject: Subject) -> dict[str, int] | None:
    """How many public models were made of this one, by how they were."""
    if subject.repo.type != "model":
        return None
    name = subject.repo.full_name.lower()
    names = {relation: f"base_model:{relation}:{name}" for relation in sorted(RELATIONS)}
    with subject.ctx.hub.db.read() as tx:
        counted = tags.count_tags(tx, "model", list(names.values()))
    found = {relation: counted[tag][1] for relation, tag in names.items() if tag in counted}
    return {relation: count for relation, count in found.items() if count}


def _list_spaces(subject: Subject) -> list[str] | None:
    """The names of Spaces that name this model and that the viewer may see."""
    if subject.repo.type != "model":
        return None
    tag, viewer = subject.repo.model_tag, subject.ctx.viewer
    if tag is None:
        return []
    with subject.ctx.hub.db.read() as tx:
        return tagged_repos.list_tagged(tx, "space", tag, viewer.id, viewer.is_admin, MAX_SPACES)


def _name_subdomain(subject: Subject) -> str | None:
    """The first part of the name of the host that a Space would have."""
    if subject.repo.type != "space":
        return None
    return _NO_HOST.sub("-", subject.repo.full_name.lower()).strip("-")


# The field of the answer and how it is read.
OF_DETAILS: dict[str, tuple[str, Callable[[Subject], Any]]] = {
    "baseModels": ("base_models", _read_base_models),
    "childrenModelCount": ("children_model_count", _count_children),
    "citation": ("citation", _read("citation")),
    "datasets": ("datasets", _read_of_space("datasets")),
    "description": ("description", _read("description")),
    "gguf": ("gguf", _read_gguf),
    "mainSize": ("main_size", _read("mainSize")),
    "mask_token": ("mask_token", _read("mask_token")),
    "model-index": ("model_index", lambda subject: read_model_index(subject.card())),
    "models": ("models", _read_of_space("models")),
    "paperswithcode_id": ("paperswithcode_id", _read("paperswithcode_id")),
    "resourceGroup": ("resource_group", lambda subject: None),
    "safetensors": ("safetensors", _read_safetensors),
    "spaces": ("spaces", _list_spaces),
    "subdomain": ("subdomain", _name_subdomain),
    "title": ("title", _read("title")),
    "transformersInfo": ("transformers_info", _read("transformersInfo")),
    "widgetData": ("widget_data", lambda subject: read_widget(subject.card()) or None),
    "xetEnabled": ("xet_enabled", lambda subject: True),
}

# What is null where others are absent.
NULLABLE = frozenset({"model-index", "resourceGroup"})
