"""Formulas of TeX as MathML, which browsers show without scripts or fonts of ours."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any, Final

MAX_FORMULA: Final = 5000
"""The longest formula, in characters."""

MAX_DEPTH: Final = 60
_MAX_NODES: Final = 5000

_TAGS: Final = {
    *("math", "menclose", "merror", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover"),
    *("mpadded", "mphantom", "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle"),
    *("msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none"),
}
_ATTRIBUTES: Final = {
    *("accent", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle"),
    *("fence", "form", "height", "largeop", "linethickness", "lspace", "mathvariant", "maxsize"),
    *("minsize", "movablelimits", "notation", "rowlines", "rowspacing", "rspace", "scriptlevel"),
    *("separator", "stretchy", "symmetric", "voffset", "width"),
}
_VALUE: Final = re.compile(r"[\w.%+ -]{1,100}", re.ASCII)


class MathError(ValueError):
    """A formula cannot be read."""


def to_mathml(formula: str, is_block: bool = False) -> str:
    """The formula as safe MathML; raises `MathError` for one that is too long or cannot be read."""
    if len(formula) > MAX_FORMULA:
        raise MathError("too long")
    # It takes a while to load, and most pages have no formulas.
    from latex2mathml.converter import convert_to_element

    try:
        root = convert_to_element(formula, display="block" if is_block else "inline")
        return _Writer().write(root, 0)
    except MathError:
        raise
    except Exception as error:
        # The library raises anything: errors of its own, of indexes, of recursion.
        raise MathError(str(error)) from error


class _Writer:
    """Writes elements that are on the list, and their text escaped, whatever was made of it."""

    def __init__(self) -> None:
        self._left = _MAX_NODES

    def write(self, element: Any, depth: int) -> str:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise MathError("too much")
        inner = _text(element.text)
        for child in element:
            inner += self.write(child, depth + 1) + _text(child.tail)
        if element.tag not in _TAGS:
            return inner
        return f"<{element.tag}{_write_attributes(element)}>{inner}</{element.tag}>"


def _text(text: str | None) -> str:
    """The library writes characters as references, and markup as it stands."""
    return escape(unescape(text)) if text else ""


def _write_attributes(element: Any) -> str:
    kept = [
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _VALUE.fullmatch(value)
    ]
    return "".join(kept)
