"""Putting tags together: prefixes, no tag twice, and no more than anybody can use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

MAX_TAGS: Final = 1000
"""The most tags of a repository."""
MAX_TAG_LENGTH: Final = 300
"""A longer one, prefix and all, is left out."""


def prefix(name: str, texts: Iterable[str]) -> Iterator[str]:
    """The texts as tags of a type: `license:mit`."""
    return (f"{name}:{text}" for text in texts)


def join_tags(*groups: Iterable[str]) -> tuple[str, ...]:
    """The tags of all groups in their order, each once.

    Where there are too many, the longest groups lose their last ones, and the others none.
    """
    lists = [[tag for tag in group if len(tag) <= MAX_TAG_LENGTH] for group in groups]
    share = _find_share([len(tags) for tags in lists])
    return tuple(dict.fromkeys(tag for tags in lists for tag in tags[:share]))


def _find_share(lengths: Sequence[int]) -> int:
    """How many of each group fit, when what short groups leave goes to the longer ones."""
    room = MAX_TAGS
    for index, length in enumerate(sorted(lengths)):
        share = room // (len(lengths) - index)
        if length > share:
            return share
        room -= length
    return MAX_TAGS
