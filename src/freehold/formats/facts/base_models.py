"""What a model was made of, and how."""

from __future__ import annotations

import re
from typing import Final

from freehold.formats.facts.configs import is_quantized
from freehold.formats.facts.contents import BaseModels, RepoContents
from freehold.formats.facts.file_names import Survey
from freehold.formats.facts.values import read_mapping, read_tags, read_text, read_texts

RELATIONS: Final = ("adapter", "merge", "quantized", "finetune")
"""How a model may have been made of another one."""

_ADAPTER_TAGS: Final = frozenset({"lora", "adapter", "qlora", "dora", "textual_inversion"})
_REPO_ID: Final = re.compile(r"\w[\w.-]{0,95}(?:/\w[\w.-]{0,95})?", re.ASCII)


def find_base_models(
    contents: RepoContents, survey: Survey, library: str | None
) -> BaseModels | None:
    """The base models of the card, else that of the adapter, and how they were used."""
    models = read_texts(contents.card.get("base_model")) or _find_adapted(contents)
    models = tuple(model for model in models if _REPO_ID.fullmatch(model))
    if not models:
        return None
    declared = read_text(contents.card.get("base_model_relation"))
    if declared in RELATIONS:
        return BaseModels(declared, models)
    return BaseModels(_infer_relation(contents, survey, library, len(models)), models)


def _find_adapted(contents: RepoContents) -> tuple[str, ...]:
    return read_texts(read_mapping(contents.adapter_config).get("base_model_name_or_path"))


def _infer_relation(contents: RepoContents, survey: Survey, library: str | None, count: int) -> str:
    tags = {tag.lower() for tag in read_tags(contents.card.get("tags"))}
    is_adapter = "adapter_config.json" in survey.roots or not tags.isdisjoint(_ADAPTER_TAGS)
    if is_adapter or library in ("peft", "adapter-transformers"):
        return "adapter"
    if "gguf" in survey.extensions or is_quantized(contents):
        return "quantized"
    return "merge" if count > 1 else "finetune"
