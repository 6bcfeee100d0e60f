"""The facts about a Space, and about a repository of kernels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from freehold.formats.catalogue.tags import SDKS
from freehold.formats.facts.cards import read_languages, read_licenses
from freehold.formats.facts.contents import RepoContents, RepoFacts
from freehold.formats.facts.papers import find_arxiv_ids, find_dois
from freehold.formats.facts.tag_lists import join_tags, prefix
from freehold.formats.facts.values import read_tags, read_text, read_texts

_KERNELS: Final = "kernels"


def derive_space_facts(contents: RepoContents) -> RepoFacts:
    """What the hub says of a Space: what it is made with, and which models and datasets it uses."""
    card, sdk = contents.card, read_text(contents.card.get("sdk"))
    sdk = sdk if sdk in SDKS else None
    return RepoFacts(
        tags=_join(contents, filter(None, [sdk])),
        languages=read_languages(card),
        licenses=read_licenses(card),
        datasets=read_texts(card.get("datasets")),
        models=read_texts(card.get("models")),
        title=read_text(card.get("title")),
        sdk=sdk,
    )


def derive_kernel_facts(contents: RepoContents) -> RepoFacts:
    """What the hub says of a repository of kernels."""
    licenses = read_licenses(contents.card)
    arxiv, doi = find_arxiv_ids(contents.text), find_dois(contents.text)
    papers = [*prefix("arxiv", arxiv), *prefix("doi", doi)]
    return RepoFacts(
        tags=_join(contents, [_KERNELS], [*papers, *prefix("license", licenses)]),
        library_name=_KERNELS,
        licenses=licenses,
        arxiv=arxiv,
        doi=doi,
    )


def _join(
    contents: RepoContents, first: Iterable[str], last: Iterable[str] = ()
) -> tuple[str, ...]:
    region = prefix("region", filter(None, [contents.region]))
    return join_tags(first, read_tags(contents.card.get("tags")), last, region)
