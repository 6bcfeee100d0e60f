"""What cards have besides CommonMark: headings to link to, tasks, alerts, formulas."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from freehold.formats.safe_html import ID_PREFIX

# The longest formula in a line, and the most lines of one that stands alone.
MAX_FORMULA_LINES: Final = 60
MAX_SLUG: Final = 80

_ALERT: Final = re.compile(r"\[!(note|tip|important|warning|caution)\][ \t]*", re.IGNORECASE)
_TASK: Final = re.compile(r"\[([ xX])\][ \t]+")
_NO_SLUG: Final = re.compile(r"[^\w\- ]+")

# As Pandoc reads them: no blank inside of the marks, no digit behind; so prices stay prices.
_IN_LINE: Final = re.compile(r"\$(?!\s)([^$\n]{0,999}?[^$\s\\])\$(?![\d$])", re.ASCII)
_DISPLAYED: Final = re.compile(r"\$\$([^$]{1,1000})\$\$")
_BRACKETED: Final = re.compile(r"\\\\\(((?:[^\\\n]|\\(?!\\)){1,1000}?)\\\\\)")


def add_card_rules(parser: MarkdownIt) -> None:
    """Teaches the parser what cards are written with."""
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.block.ruler.before(
        "fence", "formula", _formula_block, {"alt": ["paragraph", "blockquote", "list"]}
    )
    parser.core.ruler.push("tasks", _mark_tasks)
    parser.core.ruler.push("alerts", _mark_alerts)
    parser.core.ruler.push("anchors", _mark_headings)


def _formula(state: StateInline, silent: bool) -> bool:
    mark = state.src[state.pos]
    if mark == "$":
        is_word = state.pos > 0 and state.src[state.pos - 1].isalnum()
        found = _DISPLAYED.match(state.src, state.pos)
        found = found or (None if is_word else _IN_LINE.match(state.src, state.pos))
    elif mark == "\\":
        found = _BRACKETED.match(state.src, state.pos)
    else:
        return False
    if found is None or found.end() > state.posMax:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.markup = "$$" if found[0].startswith("$$") else "$"
        token.content = found[1].strip()
    state.pos = found.end()
    return True


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Formulas between two lines that begin and end with the marks."""
    first = _line(state, start)
    if not first.startswith("$$") or state.is_code_block(start):
        return False
    parts = [first[2:]]
    for number in range(start + 1, min(end, start + MAX_FORMULA_LINES)):
        if "$" in parts[-1] or state.sCount[number] < state.blkIndent:
            break
        parts.append(_line(state, number))
    text = "\n".join(parts).rstrip()
    if not text.endswith("$$") or "$" in text[:-2] or not text[:-2].strip():
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.block, token.markup = True, "$$"
        token.content = text[:-2].strip()
        token.map = [start, start + len(parts)]
        state.line = start + len(parts)
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _mark_tasks(state: StateCore) -> None:
    """Boxes at the beginning of the items of a list."""
    tokens = state.tokens
    for place in range(2, len(tokens)):
        token = tokens[place]
        if token.type != "inline" or tokens[place - 2].type != "list_item_open":
            continue
        task = _TASK.match(token.content)
        first = token.children[0] if token.children else None
        if task is None or first is None or first.type != "text":
            continue
        first.content = first.content[task.end() :]
        box = Token("task", "", 0, content="x" if task[1] != " " else " ")
        token.children = [box, Token("text", "", 0, content=" "), *(token.children or ())]


def _mark_alerts(state: StateCore) -> None:
    """Quotes that begin with `[!NOTE]` and its like."""
    tokens = state.tokens
    for place in range(2, len(tokens)):
        token = tokens[place]
        if token.type != "inline" or tokens[place - 2].type != "blockquote_open":
            continue
        found = _ALERT.match(token.content)
        children = token.children or []
        if found is None or not children or children[0].type != "text":
            continue
        kind = found[1].lower()
        tokens[place - 2].attrSet("class", f"alert alert-{kind}")
        rest = children[0].content[found.end() :]
        after = children[1:]
        if not rest and after and after[0].type in ("softbreak", "hardbreak"):
            after = after[1:]
        token.children = [*_title(kind.title()), Token("text", "", 0, content=rest), *after]


def _title(text: str) -> list[Token]:
    title = Token("strong_open", "strong", 1, attrs={"class": "alert-title"})
    end = Token("strong_close", "strong", -1)
    return [title, Token("text", "", 0, content=text), end, Token("hardbreak", "br", 0)]


def _mark_headings(state: StateCore) -> None:
    """Gives each heading an id, and a link to itself."""
    taken: dict[str, int] = {}
    for place, token in enumerate(state.tokens):
        if token.type != "heading_open":
            continue
        inline = state.tokens[place + 1]
        slug = _slug(inline.children or [])
        count = taken[slug] = taken.get(slug, 0) + 1
        name = f"{ID_PREFIX}{slug}" if count == 1 else f"{ID_PREFIX}{slug}-{count - 1}"
        token.attrSet("id", name)
        link: dict[str, Any] = {"class": "anchor", "href": f"#{name}", "title": "Link to here"}
        (inline.children or []).extend(
            [
                Token("text", "", 0, content=" "),
                Token("link_open", "a", 1, attrs=link),
                Token("text", "", 0, content="#"),
                Token("link_close", "a", -1),
            ]
        )


def _slug(children: list[Token]) -> str:
    texts = [t.content for t in children if t.type in ("text", "code_inline", "text_special")]
    words = _NO_SLUG.sub("", unescape("".join(texts)).lower()).strip()
    return words.replace(" ", "-")[:MAX_SLUG] or "section"
