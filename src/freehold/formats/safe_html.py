"""HTML from strangers as HTML that is safe to show, and that fetches nothing from elsewhere.

A sanitiser drops what is not on a list. Behind it, pictures of other hosts become links, and
alignments become attributes, because the policy of the hub's pages forbids styles.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

import nh3

ID_PREFIX: Final = "card-"
"""Before each id of a stranger, so that none is one of the page around."""

SCHEMES: Final = {"http", "https", "mailto"}
REL: Final = "nofollow noopener noreferrer"

_TEXT_TAGS: Final = {
    *("a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code"),
    *("col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption"),
    *("figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li"),
    *("mark", "ol", "p", "picture", "pre", "q", "s", "samp", "section", "small", "span", "strike"),
    *("strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    *("tt", "u", "ul", "var", "wbr", "audio", "video"),
}
_DROPPED_WHOLE: Final = {"script", "style", "template", "noscript", "iframe", "title", "textarea"}
_SIZES: Final = {"width", "height"}
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"align", "class", "dir", "id", "lang", "style", "title"},
    "a": {"href", "name"},
    "audio": {"controls", "src"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "img": {"alt", "src", *_SIZES},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "table": {*_SIZES},
    "td": {"colspan", "rowspan", "valign", *_SIZES},
    "th": {"colspan", "rowspan", "scope", "valign", *_SIZES},
    "video": {"controls", "loop", "muted", "src", *_SIZES},
}
# What our own renderer writes; strangers gain nothing by writing it too.
_CLASSES: Final = {
    *("alert", "alert-note", "alert-tip", "alert-important", "alert-warning", "alert-caution"),
    *("alert-title", "anchor", "footnotes"),
}
_SIDES: Final = {"left", "right", "center", "justify"}
_MEASURE: Final = re.compile(r"\d{1,5}(?:px|%)?")
_HEADINGS: Final = {"h1", "h2", "h3", "h4", "h5", "h6"}
_SPANS: Final = {"colspan", "rowspan", "span"}
_MAX_SPAN: Final = 100

_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_INVISIBLE: Final = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff]+")

# As the sanitiser writes them: it escapes quotes and angles in values.
_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [\w:-]+="[^"]*")*)>')
# The quotes make it certain that this is an element: values have them escaped.
_SLOT: Final = re.compile(r'<(span|div) class="(slot-[0-9a-f-]+)"></\1>')
_ATTRIBUTE: Final = re.compile(r' ([\w:-]+)="([^"]*)"')
_STYLE: Final = re.compile(r' style="text-align: ?(left|right|center|justify);?"')
_ANY_STYLE: Final = re.compile(r' style="[^"]*"')
# What is wide scrolls, also for whoever has only a keyboard.
_TABLE: Final = '<div class="table-wrap" tabindex="0" role="group" aria-label="Table">'


class Places(NamedTuple):
    """Where relative addresses of a card lead, and the origin of the hub that it is on.

    `pages` and `files` are where those of the root of the repository begin, and end in a slash;
    `folder` is the one that the text is in.
    """

    pages: str = ""
    files: str = ""
    origin: str = ""
    folder: str = ""

    def link(self, address: str) -> str | None:
        """Where a link leads; `None` for what is no address of the web."""
        return self._resolve(address, self.pages)

    def source(self, address: str) -> str | None:
        """Where a picture is."""
        return self._resolve(address, self.files)

    def _resolve(self, address: str, base: str) -> str | None:
        text = _INVISIBLE.sub(" ", address).strip()
        scheme = _SCHEME.match(text)
        if scheme is not None:
            return self._localise(text) if scheme[1].lower() in SCHEMES else None
        # Browsers take either slash for one of the two before a host.
        if text[:2] in ("//", "/\\", "\\/", "\\\\"):
            return f"https://{text[2:]}"
        if text.startswith("#"):
            return f"#{ID_PREFIX}{text[1:].removeprefix(ID_PREFIX)}" if len(text) > 1 else text
        if text.startswith("/") or not base:
            return text
        return _join(base, self.folder, text)

    def _localise(self, text: str) -> str:
        """An address of this very hub as a path of it."""
        if self.origin and text.startswith(f"{self.origin}/"):
            return "/" + text[len(self.origin) :].lstrip("/\\")
        return text


def _join(base: str, folder: str, relative: str) -> str:
    """A path below the base, which dots do not leave."""
    try:
        parts = urlsplit(relative)
    except ValueError:
        return base
    named = parts.path.replace("\\", "/")
    path = posixpath.normpath(f"/{folder}/{named}").lstrip("/")
    path = "" if path == "." else path
    end = f"?{parts.query}" if parts.query else ""
    if parts.fragment:
        end += f"#{parts.fragment}"
    return f"{base}{quote(path, safe='/%!$&()*+,;=:@~')}{end}"


NOWHERE: Final = Places()
"""For texts that have no files beside them."""


def clean_card(html: str, places: Places, slots: Mapping[str, str]) -> str:
    """The HTML of a card that is safe to show.

    `slots` are pieces of our own: each comes in place of the empty element of that class, which
    must be one that nobody can guess.
    """

    def check(tag: str, name: str, value: str) -> str | None:
        return _check_attribute(tag, name, value, places, slots)

    cleaned = nh3.clean(
        html,
        tags=_TEXT_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=check,
        url_schemes=SCHEMES,
        filter_style_properties={"text-align"},
        link_rel=REL,
    )
    return _Finish(slots, shift=1).run(cleaned)


def _check_attribute(
    tag: str, name: str, value: str, places: Places, slots: Mapping[str, str]
) -> str | None:
    if name == "href":
        return places.link(value)
    if name == "src":
        return places.source(value)
    if name in ("id", "name"):
        return f"{ID_PREFIX}{value.removeprefix(ID_PREFIX)}" if value else None
    if name == "class":
        return value if value in slots or _CLASSES.issuperset(value.split()) else None
    if name == "align":
        return value.lower() if value.lower() in _SIDES else None
    if name in _SIZES:
        return value.removesuffix("px") if _MEASURE.fullmatch(value) else None
    if name in _SPANS:
        return str(min(int(value), _MAX_SPAN)) if re.fullmatch("[0-9]{1,5}", value) else None
    return value


def finish(html: str) -> str:
    """Sanitised HTML, made to fetch nothing from elsewhere."""
    return _Finish({}).run(html)


class _Finish:
    """One walk over the tags of sanitised HTML.

    Headings go down by the levels of `shift`: above a card is the name of its repository.
    """

    def __init__(self, slots: Mapping[str, str], shift: int = 0) -> None:
        self._slots = slots
        self._shift = shift
        self._links = 0

    def run(self, html: str) -> str:
        text = _TAG.sub(self._replace, html)
        return _SLOT.sub(self._fill, text) if self._slots else text

    def _fill(self, match: re.Match[str]) -> str:
        return self._slots.get(match[2], match[0])

    def _replace(self, match: re.Match[str]) -> str:
        end, tag, attributes = match.groups()
        if tag == "a":
            self._links = max(0, self._links + (-1 if end else 1))
        if tag in _HEADINGS:
            tag = f"h{min(6, int(tag[1]) + self._shift)}"
        if tag == "table":
            return self._wrap_table(match[0], bool(end))
        if end:
            return f"</{tag}>"
        if tag == "pre":
            return f'<pre tabindex="0"{_ANY_STYLE.sub("", attributes)}>'
        if tag in ("img", "audio", "video"):
            return self._show_media(tag, attributes)
        if "style" not in attributes:
            return f"<{tag}{attributes}>"
        aligned = _STYLE.sub(r' align="\1"', attributes)
        return f"<{tag}{_ANY_STYLE.sub('', aligned)}>"

    def _wrap_table(self, tag: str, is_end: bool) -> str:
        return f"{tag}</div>" if is_end else _TABLE + _ANY_STYLE.sub("", tag)

    def _show_media(self, tag: str, attributes: str) -> str:
        attributes = _ANY_STYLE.sub("", attributes)
        values = dict(_ATTRIBUTE.findall(attributes))
        source = unescape(values.get("src", ""))
        if source and not is_elsewhere(source):
            lazy = ' loading="lazy"' if tag == "img" else ' preload="none"'
            return f"<{tag}{attributes}{lazy}>"
        label = values.get("alt") or values.get("title") or {"img": "picture"}.get(tag, tag)
        shown = f'<span class="elsewhere">{label}</span>'
        if source and not self._links:
            shown = f'<a href="{escape(source)}" rel="{REL}">{shown}</a>'
        return shown if tag == "img" else f"{shown}<{tag} hidden>"


def is_elsewhere(address: str) -> bool:
    """Whether an address is one of another host, or of none."""
    return _SCHEME.match(address) is not None or address[:2] in ("//", "/\\", "\\/", "\\\\")
