"""Footnotes in Markdown: `[^name]` in a text, and `[^name]: what it says` in a line of its own."""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from freehold.formats.safe_html import ID_PREFIX

MAX_NOTES: Final = 500
_MAX_LINES: Final = 30

_NOTE: Final = re.compile(r"\[\^([^\]\[\s]{1,60})\]:[ \t]*(.*)")
_MARK: Final = re.compile(r"\[\^([^\]\[\s]{1,60})\]")

# Where notes are kept while a text is read: the text of each by its name, in their order.
_NOTES: Final = "footnotes"


def add_footnotes(parser: MarkdownIt) -> None:
    """Teaches the parser footnotes; they are put at the end, numbered as they are defined."""
    parser.block.ruler.before("reference", "footnote", _define)
    parser.inline.ruler.before("link", "footnote_mark", _refer)
    parser.core.ruler.before("inline", "footnotes", _append)


def _define(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    found = _NOTE.match(state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]])
    notes = state.env.setdefault(_NOTES, {})
    if found is None or found[1] in notes or len(notes) >= MAX_NOTES:
        return False
    if silent:
        return True
    lines, line = [found[2]], start + 1
    while line < min(end, start + _MAX_LINES) and not state.isEmpty(line):
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        if _NOTE.match(text) is not None:
            break
        lines.append(text)
        line += 1
    notes[found[1]] = "\n".join(lines)
    state.line = line
    return True


def _refer(state: StateInline, silent: bool) -> bool:
    found = _MARK.match(state.src, state.pos)
    notes = state.env.get(_NOTES, {})
    if found is None or found[1] not in notes:
        return False
    if not silent:
        number = list(notes).index(found[1]) + 1
        state.push("sup_open", "sup", 1)
        link = state.push("link_open", "a", 1)
        link.attrs = {"href": f"#{ID_PREFIX}note-{number}", "id": f"{ID_PREFIX}mark-{number}"}
        state.push("text", "", 0).content = str(number)
        state.push("link_close", "a", -1)
        state.push("sup_close", "sup", -1)
    state.pos = found.end()
    return True


def _append(state: StateCore) -> None:
    notes = state.env.get(_NOTES)
    if not notes:
        return
    state.tokens.append(Token("section_open", "section", 1, attrs={"class": "footnotes"}))
    state.tokens.append(Token("ordered_list_open", "ol", 1))
    for number, text in enumerate(notes.values(), 1):
        item: dict[str, str | int | float] = {"id": f"{ID_PREFIX}note-{number}"}
        back = f" [↩](#{ID_PREFIX}mark-{number})"
        state.tokens.append(Token("list_item_open", "li", 1, attrs=item))
        state.tokens.append(Token("inline", "", 0, content=text + back, children=[]))
        state.tokens.append(Token("list_item_close", "li", -1))
    state.tokens.append(Token("ordered_list_close", "ol", -1))
    state.tokens.append(Token("section_close", "section", -1))
