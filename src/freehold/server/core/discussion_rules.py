"""The rules of discussions: what may be written, by whom, and while nobody else changes it."""

from __future__ import annotations

import unicodedata

from freehold.errors import BadRequestError, ForbiddenError, NotFoundError
from freehold.server.core import access
from freehold.server.core.access import NO_RIGHTS, Context
from freehold.server.db import discussions, repos
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.wire.route import Needs

# In characters.
TITLE_LENGTHS = (3, 200)
MAX_TEXT = 65_536
MAX_REASON = 1000

# A page shows all of a discussion at once; what it takes to show Markdown is counted in bytes.
MAX_EVENTS = 10_000
MAX_TEXT_SIZE = 2 * 1024 * 1024

# Of one comment; all of them are shown.
MAX_VERSIONS = 100

MAX_NUM_DIGITS = 15

# They make one sign of several, or keep two apart, and are in the words of many languages.
_JOINERS = "\u200c\u200d"


def check_enabled(repo: Repo) -> None:
    """Raises `ForbiddenError` where the owner wants no discussions."""
    if repo.discussions_disabled:
        raise ForbiddenError("Discussions are disabled for this repo.")


def check_title(text: str) -> str:
    """The title without white space around it; raises `BadRequestError` for a wrong length."""
    title = text.strip().strip(_JOINERS).strip()
    fewest, most = TITLE_LENGTHS
    if not fewest <= len(title) <= most:
        raise BadRequestError(f"A title has {fewest} to {most} characters, not {len(title)}.")
    if not all(map(_is_shown, title)):
        raise BadRequestError("A title is one line of printable characters.")
    return title


def make_title(summary: str) -> str:
    """The title of a pull request that a commit opens: its summary, as far as there is room."""
    title = " ".join("".join(c if _is_shown(c) else " " for c in summary).split())
    most = TITLE_LENGTHS[1]
    return title if len(title) <= most else f"{title[: most - 1]}…"


def _is_shown(character: str) -> bool:
    """Whether it has a place of its own in a line: what turns or breaks the line has none."""
    if character.isprintable() or character in _JOINERS:
        return True
    return unicodedata.category(character) == "Zs"


def check_comment(text: str) -> str:
    """The text of a comment; raises `BadRequestError` for one that is empty or too long."""
    if not text.strip():
        raise BadRequestError("A comment needs a text.")
    return check_text(text)


def check_text(text: str) -> str:
    """A text, which may be empty; raises `BadRequestError` for one that is too long."""
    if len(text) > MAX_TEXT:
        raise BadRequestError(f"A text has at most {MAX_TEXT} characters, not {len(text)}.")
    if "\x00" in text:
        raise BadRequestError("A text must not hold a NUL character.")
    return text


def check_reason(text: str) -> str:
    """Why a status was changed; raises `BadRequestError` for what is too long."""
    if len(text) > MAX_REASON:
        raise BadRequestError(f"A reason has at most {MAX_REASON} characters, not {len(text)}.")
    return check_text(text)


def find_discussion(tx: Transaction, repo: Repo, num: str) -> Discussion:
    """The discussion with the number that a path names; raises `NotFoundError`."""
    is_number = num.isascii() and num.isdigit() and num[0] != "0" and len(num) <= MAX_NUM_DIGITS
    found = discussions.find_discussion(tx, repo.id, int(num)) if is_number else None
    if found is None:
        raise NotFoundError("Discussion not found")
    return found


def lock_discussion(tx: Transaction, repo: Repo, num: str) -> Discussion:
    """The same for a change: nobody else changes it, or the repository, until the end.

    Raises `ForbiddenError` when the repository has no discussions any more.
    """
    check_enabled(repo)
    repos.lock_repo(tx, repo.id)
    return find_discussion(tx, repo, num)


def has_room(discussion: Discussion, text: str = "") -> bool:
    """Whether a discussion can take another event, or another text."""
    size = discussion.text_size + len(text.encode())
    return discussion.event_count < MAX_EVENTS and size <= MAX_TEXT_SIZE


def check_room(discussion: Discussion, text: str) -> None:
    """Raises `BadRequestError` when a discussion cannot take another text."""
    if not has_room(discussion, text):
        raise BadRequestError("This discussion has become too long: please open another one.")


def check_change(ctx: Context, repo: Repo, discussion: Discussion) -> None:
    """Raises `BadRequestError` when a discussion is full.

    Who may write to the repository goes on changing it: they close it, or have the last word.
    """
    if not may(ctx, repo, Needs.WRITE):
        check_room(discussion, "")


def may(ctx: Context, repo: Repo, needs: Needs) -> bool:
    """Whether the viewer may do what `needs` says."""
    return access.level_of(ctx.viewer, repo) >= needs


def require_own(ctx: Context, repo: Repo, author_id: str | None, needs: Needs) -> None:
    """Raises `ForbiddenError` unless the viewer is the author, or may do what `needs` says."""
    if author_id != ctx.viewer.id and not may(ctx, repo, needs):
        raise ForbiddenError(NO_RIGHTS)
