"""What facts are derived from, and the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from freehold.formats.gguf_header import GgufFacts


@dataclass(frozen=True, slots=True)
class RepoContents:
    """A revision: the metadata and the text of its card, its paths, its parsed JSON files.

    Nothing is taken for granted: metadata and JSON may hold any value where another is meant.
    `model_index` is that of diffusers, `model_index.json`; `gguf` is what the header of a GGUF file
    says, where somebody has read it. A `region` becomes a tag unless empty.
    """

    repo_type: str
    card: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    paths: Sequence[str] = ()
    config: object = None
    adapter_config: object = None
    tokenizer_config: object = None
    model_index: object = None
    gguf: GgufFacts | None = None
    region: str = "us"


class BaseModels(NamedTuple):
    """What a model was made of, and how: `finetune`, `adapter`, `merge` or `quantized`."""

    relation: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepoFacts:
    """What the hub says of a revision; what does not go with the type of repository is empty.

    `datasets` and `models` are those that the card names, `co2` is in grams, and `model_index`
    holds only results that clients can read. `description` and `citation` are found in the text of
    the card.
    """

    tags: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library_name: str | None = None
    languages: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    base_models: BaseModels | None = None
    arxiv: tuple[str, ...] = ()
    doi: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    transformers_info: Mapping[str, str] | None = None
    mask_token: str | None = None
    model_index: Sequence[Mapping[str, Any]] | None = None
    co2: float | None = None
    description: str | None = None
    citation: str | None = None
    paperswithcode_id: str | None = None
    title: str | None = None
    sdk: str | None = None

    @property
    def has_eval_results(self) -> bool:
        """Whether the card holds results of an evaluation."""
        return bool(self.model_index)
