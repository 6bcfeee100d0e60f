"""Cards as people read them: the README.md of a repository as HTML, remembered."""

from __future__ import annotations

from typing import NamedTuple

from freehold.errors import FreeholdError, RevisionNotFoundError
from freehold.formats.card_html import CardHtml, render_card
from freehold.formats.facts.card_texts import find_description
from freehold.formats.repocard import CardIssue, parse_card
from freehold.formats.safe_html import Places
from freehold.server.core.access import Context
from freehold.server.core.cards import MAX_CARD_SIZE, README
from freehold.server.core.facts import read_facts
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db.repos import Repo
from freehold.server.git.listing import Entry, find_entry
from freehold.server.git.memory import Memory
from freehold.wire.ids import repo_path


class ShownCard(NamedTuple):
    """A card: its HTML, its first paragraph as plain text, and what is wrong with its metadata.

    `is_plain` if it is shown as it was written, and `is_cut` if not wholly.
    """

    html: str = ""
    is_plain: bool = False
    is_cut: bool = False
    description: str = ""
    errors: tuple[CardIssue, ...] = ()


# By the id of the file and where its links lead, in characters.
_shown: Memory[tuple[str, Places], ShownCard] = Memory(64 * 1024 * 1024)


class TakesLongError(FreeholdError):
    """It may take a second to make what was asked for, and nothing is remembered of it."""


def show_card(ctx: Context, repo: Repo, *, quickly: bool = False) -> ShownCard | None:
    """The card of the branch main, for whoever may read files; `None` without one.

    Who wants it `quickly` gets `TakesLongError` for one that has to be laid out first.
    """
    try:
        tree = resolve_revision(ctx, repo, "main").tree
    except RevisionNotFoundError:
        return None
    entry = find_entry(reader_of(ctx, repo), tree, README)
    if entry is None or entry.is_directory:
        return None
    key = (entry.oid, places_of(ctx, repo))
    known = _shown.get(key)
    if known is not None:
        return known
    if quickly:
        raise TakesLongError
    found = _read(ctx, repo, entry)
    return _shown.put(key, found, 500 + len(found.html))


def _read(ctx: Context, repo: Repo, entry: Entry) -> ShownCard:
    data = reader_of(ctx, repo).blob(entry.oid)
    card = parse_card(data[:MAX_CARD_SIZE].decode("utf-8", "replace"))
    shown = render_card(card.body, places_of(ctx, repo))
    is_cut = shown.is_cut or len(data) > MAX_CARD_SIZE
    description = find_description(card.body) or ""
    return ShownCard(shown.html, shown.is_plain, is_cut, description, tuple(card.errors))


def preview_card(ctx: Context, repo: Repo, text: str) -> CardHtml:
    """A README.md that somebody is writing, as it will be shown."""
    return render_card(parse_card(text[:MAX_CARD_SIZE]).body, places_of(ctx, repo))


def places_of(ctx: Context, repo: Repo) -> Places:
    """Where the relative links and pictures of a card lead."""
    home = repo_path(repo.type, repo.full_name)
    # Not the origin that the caller names: what is remembered would be made anew for each.
    return Places(f"{home}/blob/main/", f"{home}/resolve/main/", ctx.hub.config.public_url)


def list_paths(ctx: Context, repo: Repo) -> list[str] | None:
    """Every file of the branch main, sorted; `None` when there are too many to be remembered."""
    try:
        tree = resolve_revision(ctx, repo, "main").tree
    except RevisionNotFoundError:
        return []
    return read_facts(ctx.hub, reader_of(ctx, repo), tree, repo.type).siblings
