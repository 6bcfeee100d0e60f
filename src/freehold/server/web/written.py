"""Markdown files of repositories as HTML, in the dialect of cards."""

from __future__ import annotations

from markupsafe import Markup

from freehold.formats.card_html import MAX_CARD, render_card
from freehold.formats.repocard import find_front_matter
from freehold.formats.safe_html import Places
from freehold.server.web.places import Place
from freehold.server.web.wording import quote_path

MAX_SIZE = MAX_CARD
"""The longest text that is shown as Markdown, in characters."""


def show_markdown(text: str, place: Place, origin: str) -> Markup:
    """A text in Markdown, whose relative links lead to files beside it."""
    front = find_front_matter(text)
    folder = quote_path(place.path.rpartition("/")[0])
    blob, resolve = (f"{place.url(page, '')}/" for page in ("blob", "resolve"))
    places = Places(blob, resolve, origin, folder)
    # What `render_card` gives is safe.
    return Markup(render_card(text if front is None else front.body, places).html)  # noqa: S704
