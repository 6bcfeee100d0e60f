"""The front page of a repository: its card, and what visitors do there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from markupsafe import Markup

from freehold.errors import RevisionNotFoundError
from freehold.formats.gate_form import read_questions
from freehold.formats.highlighting import highlight
from freehold.server.core import access, access_requests, likes
from freehold.server.core.discussion_events import render
from freehold.server.core.info import repo_info
from freehold.server.core.recent import recall
from freehold.server.core.shown_cards import (
    ShownCard,
    list_paths,
    places_of,
    preview_card,
    show_card,
)
from freehold.server.web import routes
from freehold.server.web.card_facts import filter_path, list_facts, list_results
from freehold.server.web.pages import act, show
from freehold.server.web.rendering import render_part
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.usage import Files, Snippet, auto_model_of, list_snippets
from freehold.server.web.visit import Answer, Page, Redirect, Visit, local_path, page
from freehold.wire.accounts import PageQuery
from freehold.wire.codec import encode_json
from freehold.wire.repos import InfoQuery, RepoInfo
from freehold.wire.route import Needs

# In characters: what a comment may have.
MAX_COMMENT = 65_536

LIKERS: Final = 60
SPACES_SHOWN: Final = 8

# Before the label of a question, so that no answer is taken for another field of the form.
ANSWER: Final = "answer:"

_TOLD: Final = ["cardData", "downloadsAllTime", "library_name", "pipeline_tag", "tags"]
_OF_TYPE: Final[dict[str, list[str]]] = {
    "model": [
        *("baseModels", "childrenModelCount", "gguf", "model-index", "safetensors", "spaces"),
        "transformersInfo",
    ],
    "dataset": ["citation", "description", "mainSize"],
    "space": ["datasets", "models", "title"],
}


def show_repo(visit: Visit, *, quickly: bool = False) -> Page:
    """The card of a repository, with what is told beside it, and the gate where it is shut.

    Raises `TakesLongError` as `show_card` does.
    """
    repo, is_open = visit.repo, visit.may(Needs.CONTENT)
    info = _tell(visit)
    card = show_card(visit.ctx, repo, quickly=quickly) if is_open else None
    told = {"content": _recall_content(visit, info, card)} if is_open else {"content": None}
    if not is_open:
        told |= _describe_content(visit, info, None)
    shown = repo_page(visit, "card", "card.html", description=_describe(info, card), **told)
    link = f'<{visit.ctx.origin}{home_of(visit)}>; rel="canonical"'
    return replace(shown, headers={"Link": link})


def _recall_content(visit: Visit, info: RepoInfo, card: ShownCard | None) -> Markup:
    """What whoever may read the files sees, which takes no more than once a minute."""
    key = ("card", visit.repo, visit.may(Needs.WRITE), visit.ctx.origin, encode_json(info))
    return recall(
        key,
        lambda: render_part("card_content.html", **_describe_content(visit, info, card)),
        len,
    )


def _describe_content(visit: Visit, info: RepoInfo, card: ShownCard | None) -> dict[str, Any]:
    repo, is_open = visit.repo, visit.may(Needs.CONTENT)
    return {
        "repo": repo,
        "home": home_of(visit),
        "origin": visit.ctx.origin,
        "is_open": is_open,
        "may_write": visit.may(Needs.WRITE),
        "card": card,
        "card_html": _sanitised(card.html) if card else "",
        "gate": None if is_open or repo.disabled else _describe_gate(visit, info),
        "facts": list_facts(repo, info, places_of(visit.ctx, repo)),
        "results": list_results(info),
        **_describe_side(visit, info, is_open),
    }


def _tell(visit: Visit) -> RepoInfo:
    repo = visit.repo
    names = [*_TOLD, *_OF_TYPE.get(repo.type, ())]
    try:
        return repo_info(visit.ctx, repo, InfoQuery(expand=names))
    except RevisionNotFoundError:
        return RepoInfo(id_=repo.id, id=repo.full_name)


def _describe(info: RepoInfo, card: ShownCard | None) -> str:
    """The first paragraph: of a card that the viewer may read, or as the API tells it."""
    if card is not None and card.description:
        return card.description
    return info.description if isinstance(info.description, str) else ""


def _describe_side(visit: Visit, info: RepoInfo, is_open: bool) -> dict[str, Any]:
    paths = list_paths(visit.ctx, visit.repo)
    loading = info.transformers_info
    files = Files(
        library=info.library_name or None,
        task=info.pipeline_tag or None,
        auto_model=auto_model_of(loading),
        paths=paths or (),
    )
    snippets = list_snippets(visit.repo, visit.ctx.origin, files) if is_open and paths else []
    spaces = info.spaces or []
    return {
        "file_count": None if paths is None else len(paths),
        "safetensors": info.safetensors or None,
        "gguf": info.gguf or None,
        "children": _list_children(visit, info),
        "base_models": info.base_models or None,
        "spaces": spaces[:SPACES_SHOWN],
        "more_spaces": max(0, len(spaces) - SPACES_SHOWN),
        "snippets": [(snippet, _colour(snippet)) for snippet in snippets],
    }


def _list_children(visit: Visit, info: RepoInfo) -> list[tuple[str, int, str]]:
    """What was made of a model: the relation, how many, and where they are listed."""
    counts = info.children_model_count or {}
    name = visit.repo.full_name.lower()
    return [
        (relation, count, filter_path("model", f"base_model:{relation}:{name}"))
        for relation, count in counts.items()
    ]


def _colour(snippet: Snippet) -> Markup:
    return _sanitised("\n".join(highlight(snippet.text, snippet.language)))


def _describe_gate(visit: Visit, info: RepoInfo) -> dict[str, Any]:
    """What somebody sees whom the gate keeps out: what is asked of them, or what they wait for."""
    repo, viewer = visit.repo, visit.ctx.viewer
    data = info.card_data or {}
    state = repo.viewer_request or ""
    may_ask = viewer.id is not None and (not state or (state == "pending" and repo.gated == "auto"))
    return {
        "state": state,
        "may_ask": may_ask,
        "message": access.gated_error(visit.ctx, repo).message if state else "",
        "questions": read_questions(data) if may_ask else [],
        "heading": _text(data, "extra_gated_heading"),
        "prompt": _text(data, "extra_gated_prompt"),
        "description": _text(data, "extra_gated_description"),
        "button": _text(data, "extra_gated_button_content"),
    }


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value[:5000] if isinstance(value, str) else ""


def ask_access(visit: Visit) -> Redirect:
    """Asks for access with the answers of the form."""
    answers = {
        name.removeprefix(ANSWER): value
        for name, value in visit.form.items()
        if name.startswith(ANSWER)
    }
    access_requests.ask_access(visit.ctx, visit.repo, answers)
    return Redirect(home_of(visit))


def like(visit: Visit) -> Redirect:
    """Likes the repository, or no more where the field `like` is empty; back to where it was."""
    if visit.form.get("like"):
        likes.like(visit.ctx, visit.repo)
    else:
        likes.unlike(visit.ctx, visit.repo)
    return Redirect(_page_before(visit))


def _page_before(visit: Visit) -> str:
    """The page of this hub that a form was on."""
    address = visit.headers.get("referer", "")
    if not address.startswith(f"{visit.ctx.origin}/"):
        return home_of(visit)
    parts = urlsplit(address)
    return local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path, home_of(visit))


def show_likers(visit: Visit) -> Page:
    """Who likes a repository, the newest first."""
    query = PageQuery(limit=LIKERS, cursor=visit.query.get("cursor"))
    found = likes.list_repo_likers(visit.ctx, visit.repo, query)
    cursor = (found.next_query or {}).get("cursor")
    return repo_page(visit, "", "likers.html", likers=found.items, cursor=cursor)


def preview(visit: Visit) -> Answer:
    """What somebody is writing, as it will be shown: a comment, or a card with the field `card`."""
    access.require_account(visit.ctx.viewer)
    text = visit.form.get("text", "")
    if visit.form.get("card"):
        card = preview_card(visit.ctx, visit.repo, text)
        return page("preview.html", is_card=True, html=_sanitised(card.html), is_cut=card.is_cut)
    html = _sanitised(render(text[:MAX_COMMENT]))
    return page("preview.html", is_card=False, html=html, is_cut=len(text) > MAX_COMMENT)


def _sanitised(html: str) -> Markup:
    """HTML that `formats/safe_html.py`, `markdown.py` or `highlighting.py` has made safe."""
    return Markup(html)  # noqa: S704


SERVED = (
    act(routes.PREVIEW_FORM, preview, bulk=True),
    act(routes.LIKE_FORM, like),
    show(routes.LIKERS_PAGE, show_likers),
    act(routes.ASK_ACCESS_FORM, ask_access, show_repo),
    show(routes.REPO_PAGE, show_repo, bulk=True, quick=partial(show_repo, quickly=True)),
)
