"""Papers that a text links: by their id at arXiv and by their DOI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

MAX_PAPERS: Final = 100
"""The most papers of one text."""
MAX_TEXT: Final = 500_000
"""How many characters of a text are searched."""

# Every pattern begins with fixed characters and never goes back, so a search takes linear time.
_NEW_ID: Final = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD_ID: Final = r"[a-z]{2,10}(?:-[a-z]{2,4})?(?:\.[A-Za-z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3}"
_ARXIV: Final = re.compile(
    r"(?:ar[Xx]iv\.org/(?:abs|pdf|html|e-print|ps|format)/|(?:ar[Xx]iv|ARXIV)[:.]\s?"
    rf"|/papers/)({_NEW_ID}|{_OLD_ID})(?!\d)"
)
# As a link, as `doi:10…`, or as a field of BibTeX.
_DOI: Final = re.compile(
    r"""(?:doi\.org/|(?:doi|DOI)\s{0,5}[:=]?\s{0,5}["'{]?\s{0,5})(10\.\d{4,9}/[-.;()/:\w+]{1,200})""",
    re.ASCII,
)
_OF_ARXIV: Final = "10.48550/arxiv."
_CLOSING: Final = ".,;:/("


def find_arxiv_ids(text: str) -> tuple[str, ...]:
    """The ids at arXiv that a text links or names, without versions, in their order."""
    found = (match[1] for match in _ARXIV.finditer(text, 0, MAX_TEXT))
    return _first(found)


def find_dois(text: str) -> tuple[str, ...]:
    """The DOIs that a text links or names, in their order."""
    found = (_trim(match[1]) for match in _DOI.finditer(text, 0, MAX_TEXT))
    # That of a paper at arXiv only says its id there once more.
    return _first(doi for doi in found if "/" in doi and not doi.lower().startswith(_OF_ARXIV))


def _first(found: Iterator[str]) -> tuple[str, ...]:
    # The same paper may be linked in every line, so what is searched is bounded as well.
    return tuple(islice(dict.fromkeys(islice(found, 10_000)), MAX_PAPERS))


def _trim(doi: str) -> str:
    """The DOI without what belongs to the sentence or the link around it."""
    return doi[: _find_unopened(doi)].rstrip(_CLOSING)


def _find_unopened(text: str) -> int | None:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return index
    return None
