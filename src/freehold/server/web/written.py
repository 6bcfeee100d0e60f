"""Markdown files of repositories as HTML."""

from __future__ import annotations

import re
from html import escape, unescape

from markupsafe import Markup

from freehold.formats.markdown import render_markdown
from freehold.formats.repocard import find_front_matter
from freehold.server.web.places import Place

# In characters.
MAX_SIZE = 512 * 1024

_SIDE = re.compile(r'(<t[dh]) style="text-align:\s*(left|center|right);?"')
_HEADING = re.compile(r"<(/?)h([1-5])>")
_RELATIVE = re.compile(r'(<a [^>]*?href=|<img [^>]*?src=)"(?![a-z]+:|/|#|\?)([^"]*)"')


def show_markdown(text: str, place: Place) -> Markup:
    """A text in Markdown, whose relative links lead to files beside it."""
    front = find_front_matter(text)
    html = render_markdown(text if front is None else front.body)
    folder = place.path.rpartition("/")[0]

    def make_absolute(match: re.Match[str]) -> str:
        page = "resolve" if match[1].startswith("<img") else "blob"
        relative = unescape(match[2])
        base = place.url(page, folder) + "/"
        return f'{match[1]}"{escape(base + relative)}"'

    # The page has a heading above these.
    html = _HEADING.sub(lambda m: f"<{m[1]}h{int(m[2]) + 1}>", html)
    html = _SIDE.sub(r'\1 class="to-\2"', html)
    # The sanitiser has made this HTML; only the values of attributes were changed, and escaped.
    return Markup(_RELATIVE.sub(make_absolute, html))  # noqa: S704
