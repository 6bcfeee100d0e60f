"""What is told of a dataset in words: the first paragraph of its card, and how to cite it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

MAX_DESCRIPTION: Final = 500
"""The longest description, in characters."""
MAX_CITATION: Final = 5000

_MAX_LINES: Final = 5000
_MAX_LINE: Final = 2000
_MAX_PARAGRAPH: Final = 10
_MAX_ENTRY: Final = 200

_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_ENTRY: Final = re.compile(r"[ \t]*@[A-Za-z]{1,30}[ \t]*\{")
# Headings, tables, lists, quotes, HTML, pictures, rules: all but plain text.
_NO_TEXT: Final = re.compile(r"\s*(?:#|\||[-*+]\s|\d{1,3}[.)]\s|>|<|!\[|\[!\[|={3}|-{3}|\*{3}|$)")
# What makes a heading of the lines above it.
_UNDERLINE: Final = re.compile(r" {0,3}(?:=+|-{3,})\s*")
_LINK: Final = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,1000}\)")
_MARKS: Final = re.compile(r"\*\*|__|`")
_CONTROL: Final = re.compile("[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff\\s]+")


def find_description(text: str) -> str | None:
    """The first paragraph of a card as plain text, in one line; None when there is none."""
    lines: list[str] = []
    for line in _skip_fences(_list_lines(text)):
        if _NO_TEXT.match(line) is None:
            lines.append(line)
        elif _UNDERLINE.fullmatch(line):
            lines.clear()
        elif lines:
            break
        if len(lines) > _MAX_PARAGRAPH:
            break
    words = _LINK.sub(r"\1", _CONTROL.sub(" ", " ".join(lines)))
    return _cut(_MARKS.sub("", words).strip()) or None


def _cut(text: str) -> str:
    if len(text) <= MAX_DESCRIPTION:
        return text
    return f"{text[: MAX_DESCRIPTION - 1].rstrip()}…"


def _list_lines(text: str) -> Iterator[str]:
    start = 0
    for _ in range(_MAX_LINES):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start : min(end, start + _MAX_LINE)].rstrip("\r")
        start = end + 1
        if start > len(text):
            return


def _skip_fences(lines: Iterator[str]) -> Iterator[str]:
    """The lines outside of blocks of code and of comments, which become empty ones."""
    end = ""
    for line in lines:
        if end:
            end = "" if end in line else end
            yield ""
        elif fence := _FENCE.match(line):
            end = fence[1]
            yield ""
        elif line.lstrip().startswith("<!--"):
            end = "" if "-->" in line else "-->"
            yield ""
        else:
            yield line


def find_citation(text: str) -> str | None:
    """The first entry of BibTeX in a card, with those that follow it; None without one."""
    found = list(islice(_list_citation(text), _MAX_ENTRY + 1))
    citation = "\n".join(found).strip()
    fits = len(found) <= _MAX_ENTRY and 0 < len(citation) <= MAX_CITATION
    return citation if fits else None


def _list_citation(text: str) -> Iterator[str]:
    """The lines from the first entry to the end of its block, or to where its braces close."""
    is_inside, is_fenced, depth = False, False, 0
    for line in _list_lines(text):
        fence = _FENCE.match(line) is not None
        if not is_inside and _ENTRY.match(line):
            is_inside = True
        elif is_inside and fence:
            return
        if fence:
            is_fenced = not is_fenced
        if is_inside:
            yield _clean(line)
            depth += line.count("{") - line.count("}")
            if depth <= 0 and not is_fenced:
                return


def _clean(line: str) -> str:
    return line if line.isprintable() else _CONTROL.sub(" ", line.rstrip())
