"""From a revision to what the hub says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from freehold.formats.facts.contents import RepoContents, RepoFacts
from freehold.formats.facts.datasets import derive_dataset_facts
from freehold.formats.facts.models import derive_model_facts
from freehold.formats.facts.spaces import derive_kernel_facts, derive_space_facts

_BY_TYPE: Final[Mapping[str, Callable[[RepoContents], RepoFacts]]] = {
    "model": derive_model_facts,
    "dataset": derive_dataset_facts,
    "space": derive_space_facts,
    "kernel": derive_kernel_facts,
}


def derive_facts(contents: RepoContents) -> RepoFacts:
    """What the hub says of a revision: its tags, its task, its library and the rest.

    Never raises, whatever the card and the files hold: what makes no sense is ignored. Tags are
    short printable texts, each once and at most 1,000. Only what the contents hold decides.
    """
    return _BY_TYPE[contents.repo_type](contents)
