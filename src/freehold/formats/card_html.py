"""The text of a card as HTML that is safe to show.

Cards are written in GitHub Flavored Markdown: with tables, lists of tasks, alerts and bare links,
with HTML of the usual sort, code and formulas. What is written by strangers goes through
`safe_html`; what we make of code and formulas is safe by itself and comes in behind that.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from freehold.formats.card_rules import add_card_rules
from freehold.formats.footnotes import add_footnotes
from freehold.formats.highlighting import highlight
from freehold.formats.markdown import TooMuchError, add_bare_links, add_bounded_tables, is_bounded
from freehold.formats.math import MathError, to_mathml
from freehold.formats.safe_html import NOWHERE, Places, clean_card

MAX_CARD: Final = 150_000
"""The longest text that is rendered, in characters; a longer one is shown as it was written."""

MAX_PLAIN: Final = 1024 * 1024
"""Of a text that is shown as it was written, so many characters are shown."""

MAX_HTML: Final = 4 * 1024 * 1024
MAX_NESTING: Final = 20

# Of elements in elements, as strangers write them in HTML, and of such elements in all: sanitisers
# and browsers take quadratic time for those that are not closed.
MAX_DEPTH: Final = 200
MAX_ELEMENTS: Final = 8000

# What all blocks of code of a card may take together, in seconds of a processor, and all formulas,
# whose characters are counted as well.
MAX_CODE_SECONDS: Final = 0.5
MAX_FORMULA_SECONDS: Final = 1.0
MAX_FORMULAS: Final = 40_000


# Each mark of a list or quote opens one more block, on each of thousands of lines.
MAX_DEEP_LINES: Final = 500
_DEEP: Final = re.compile(r"^(?:[ \t]*(?:[-*+>]|\d{1,9}[.)])[ \t]+){5}", re.MULTILINE)

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Those that hold nothing, and those that the next one of the kind closes.
_FLAT: Final = {
    *("br", "col", "dd", "dt", "hr", "img", "input", "li", "p", "source", "td", "th", "tr", "wbr")
}


class CardHtml(NamedTuple):
    """A card as HTML; `is_plain` if it is shown as it was written, and `is_cut` if not wholly."""

    html: str
    is_plain: bool = False
    is_cut: bool = False


def render_card(text: str, places: Places = NOWHERE) -> CardHtml:
    """The HTML of the text of a card, without its front matter. It holds no script."""
    if len(text) > MAX_CARD or not is_bounded(text) or len(_DEEP.findall(text)) > MAX_DEEP_LINES:
        return _show(text)
    parser = _parser()
    pieces = _Pieces()
    env = {"pieces": pieces}
    try:
        html = parser.renderer.render(parser.parse(text, env), parser.options, env)
    except TooMuchError:
        return _show(text)
    if len(html) + sum(map(len, pieces.slots.values())) > MAX_HTML:
        return _show(text)
    return CardHtml(clean_card(html, places, pieces.slots).strip())


def _show(text: str) -> CardHtml:
    shown = f'<pre class="as-written">{escape(text[:MAX_PLAIN])}</pre>'
    return CardHtml(shown, is_plain=True, is_cut=len(text) > MAX_PLAIN)


class _Pieces:
    """What we make of code, formulas and boxes to tick: put in when the rest is sanitised.

    Nobody can guess the name of a slot, so nobody can make an element that becomes one.
    """

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(8)
        self.slots: dict[str, str] = {}
        self._formulas = MAX_FORMULAS
        self._formula_seconds = MAX_FORMULA_SECONDS
        self._code_ends: float | None = None
        self._open: Counter[str] = Counter()
        self._elements = 0

    def check_html(self, html: str) -> str:
        """HTML of a stranger as it is; raises `TooMuchError` when it nests too deep."""
        for end, name in _TAG.findall(html):
            tag = name.lower()
            if tag in _FLAT:
                continue
            if end:
                self._open[tag] = max(0, self._open[tag] - 1)
                continue
            self._open[tag] += 1
            self._elements += 1
            if self._elements > MAX_ELEMENTS or self._open.total() > MAX_DEPTH:
                raise TooMuchError
        return html

    def keep(self, html: str, tag: str) -> str:
        name = f"slot-{self._nonce}-{len(self.slots)}"
        self.slots[name] = html
        return f'<{tag} class="{name}"></{tag}>'

    def formula(self, source: str, is_block: bool) -> str:
        self._formulas -= len(source) + 20
        start = time.thread_time()
        try:
            if self._formulas < 0 or self._formula_seconds < 0:
                raise MathError("too many")
            return to_mathml(source, is_block)
        except MathError:
            mark = "$$" if is_block else "$"
            return f"<code>{escape(mark + source + mark)}</code>"
        finally:
            self._formula_seconds -= time.thread_time() - start

    def code(self, source: str, language: str) -> str:
        now = time.thread_time()
        if self._code_ends is None:
            self._code_ends = now + MAX_CODE_SECONDS
        lines = highlight(source, language if now < self._code_ends else "")
        shown = "".join(f"{line}\n" for line in lines)
        return f'<pre class="code" tabindex="0"><code>{shown}</code></pre>'


class _Renderer(RendererHTML):
    """Writes tokens as HTML, with slots for what is ours."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token, pieces = tokens[idx], env["pieces"]
        language = token.info.split()[0] if token.info.strip() else ""
        if language == "math":
            return str(pieces.keep(pieces.formula(token.content.strip(), True), "div"))
        return str(pieces.keep(pieces.code(token.content, language), "div"))

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return str(env["pieces"].keep(env["pieces"].code(tokens[idx].content, ""), "div"))

    def html_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return str(env["pieces"].check_html(tokens[idx].content))

    html_inline = html_block

    def formula(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token, pieces = tokens[idx], env["pieces"]
        html = pieces.formula(token.content, token.markup == "$$")
        return str(pieces.keep(html, "div" if token.block else "span"))

    def task(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        checked = " checked" if tokens[idx].content == "x" else ""
        label = "done" if checked else "to do"
        box = f'<input type="checkbox" disabled{checked} aria-label="{label}">'
        return str(env["pieces"].keep(box, "span"))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark", {"html": True, "maxNesting": MAX_NESTING}, renderer_cls=_Renderer
    )
    add_bounded_tables(parser, MAX_HTML)
    parser.enable("strikethrough")
    add_bare_links(parser)
    add_card_rules(parser)
    add_footnotes(parser)
    return parser
