"""The front page of a repository: its card, and what visitors do there."""

from __future__ import annotations

from markupsafe import Markup

from freehold.server.core import access
from freehold.server.core.discussion_events import render
from freehold.server.core.shown_cards import preview_card
from freehold.server.web import routes
from freehold.server.web.pages import act
from freehold.server.web.visit import Answer, Visit, page

# In characters: what a comment may have.
MAX_COMMENT = 65_536


def preview(visit: Visit) -> Answer:
    """What somebody is writing, as it will be shown: a comment, or a card with the field `card`."""
    access.require_account(visit.ctx.viewer)
    text = visit.form.get("text", "")
    if visit.form.get("card"):
        card = preview_card(visit.ctx, visit.repo, text)
        return page("preview.html", html=_sanitised(card.html), is_cut=card.is_cut)
    html = _sanitised(render(text[:MAX_COMMENT]))
    return page("preview.html", html=html, is_cut=len(text) > MAX_COMMENT)


def _sanitised(html: str) -> Markup:
    """HTML that `formats/safe_html.py` or `formats/markdown.py` has made safe."""
    return Markup(html)  # noqa: S704


SERVED = (act(routes.PREVIEW_FORM, preview),)
