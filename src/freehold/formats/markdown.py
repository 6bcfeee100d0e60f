"""Markdown as people write it in discussions, as HTML that is safe to show.

The dialect is CommonMark with the tables, the struck-out text and the bare links of GitHub
Flavored Markdown. HTML in the text is shown as text, and only links to the web are links.
Pictures of other hosts are links, too: who reads a comment need not be known to its author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from itertools import accumulate
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from freehold.formats.safe_html import REL, SCHEMES, finish

# Of lists in quotes in lists: what a browser can be expected to follow.
MAX_NESTING: Final = 20

# The parser looks at each bracket again for each other one: 1 s for 30,000 of them. And at each
# line for each quote that it may be in: 2 s for 32,000 of them.
MAX_BRACKETS: Final = 5000
MAX_LINES: Final = 8000

# In characters. A short text can stand for much more: an address that five thousand links name, or
# the cells that a row of a table leaves out.
MAX_HTML: Final = 512 * 1024

# Of an element without what it holds, in characters.
_TAG_SIZE: Final = 10

_LINE_END: Final = re.compile(r"\r\n?|\n")

# A library that finds links in all their forms takes half a minute for 64 KiB of "://".
_LINK: Final = re.compile(r"https?://[^\s<>\"'`]{1,2000}")
# What a sentence puts behind a link is not part of it.
_AFTER_LINK: Final = ".,:;!?)]}*_~"

_HEADINGS: Final = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS: Final = {"blockquote", "hr", "li", "ol", "p", "pre", "ul"}
_INLINE: Final = {"a", "br", "code", "del", "em", "img", "s", "strong"}
_TABLES: Final = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"alt", "src", "title"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
}
_ALIGNED: Final = re.compile(r"text-align:(left|right|center)")


def render_markdown(text: str) -> str:
    """The HTML of a text. It holds no script, whatever the text holds.

    A text that would take too long, or become too much, is shown as it was written.
    """
    if not is_bounded(text):
        return _show(text)
    parser = _parser()
    try:
        tokens = parser.parse(text)
    except TooMuchError:
        return _show(text)
    if any(size > MAX_HTML for size in accumulate(_sizes(tokens))):
        return _show(text)
    # The parser lets nothing through that it did not make itself; this holds if it is wrong.
    html = nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=_HEADINGS | _BLOCKS | _INLINE | _TABLES,
        attributes=_ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel=REL,
    )
    return finish(html).strip()


def is_bounded(text: str) -> bool:
    """Whether the parser reads the text in a time that somebody waits for."""
    return text.count("[") <= MAX_BRACKETS and len(_LINE_END.findall(text)) <= MAX_LINES


class TooMuchError(Exception):
    """A text has become too much before it was read to its end."""


def _show(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _sizes(tokens: Sequence[Token]) -> Iterator[int]:
    """How much HTML each token makes, more or less."""
    for token in tokens:
        yield _TAG_SIZE + sum(len(escape(str(value))) for value in token.attrs.values())
        if token.children is None:
            yield len(escape(token.content))
        else:
            yield from _sizes(token.children)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    add_bounded_tables(parser, MAX_HTML)
    parser.enable("strikethrough")
    add_bare_links(parser)
    return parser


def add_bounded_tables(parser: MarkdownIt, max_html: int) -> None:
    """Teaches the parser tables, each of which has an end, of which a text may hold many.

    It raises `TooMuchError` when they become more HTML than that, in characters.
    """

    def bounded(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        found = table(state, start_line, end_line, silent)
        if len(state.tokens) * _TAG_SIZE > max_html:
            raise TooMuchError
        return found

    parser.block.ruler.at("table", bounded, {"alt": ["paragraph", "reference"]})
    parser.enable("table")
    parser.core.ruler.push("alignment", _align_cells)


def _align_cells(state: StateCore) -> None:
    """An attribute in place of a style: policies that forbid styles let it be."""
    for token in state.tokens:
        aligned = _ALIGNED.match(str(token.attrs.pop("style", "")))
        if aligned is not None:
            token.attrs["align"] = aligned[1]


def add_bare_links(parser: MarkdownIt) -> None:
    """Teaches the parser that an address in a text is a link."""
    parser.core.ruler.push("bare_links", _link_bare_links)


def _link_bare_links(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children and "://" in token.content:
            token.children = _link_children(token.children)


def _link_children(children: list[Token]) -> list[Token]:
    """The same tokens, with the bare links outside of other links made into some."""
    linked: list[Token] = []
    depth = 0
    for child in children:
        depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type == "text" and depth == 0:
            linked += _split_text(child.content)
        else:
            linked.append(child)
    return linked


def _split_text(content: str) -> list[Token]:
    tokens: list[Token] = []
    end = 0
    for match in _LINK.finditer(content):
        address = match[0].rstrip(_AFTER_LINK)
        if address.endswith(":/"):
            continue
        tokens.append(_text(content[end : match.start()]))
        tokens.append(Token("link_open", "a", 1, attrs={"href": address}))
        tokens.append(_text(address))
        tokens.append(Token("link_close", "a", -1))
        end = match.start() + len(address)
    return [*tokens, _text(content[end:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
