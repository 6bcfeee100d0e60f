"""How discussions and pull requests begin."""

from __future__ import annotations

from freehold.errors import RepositoryNotFoundError
from freehold.server.core.access import Context, require_account
from freehold.server.core.comments import note_mentions
from freehold.server.core.discussion_events import add_comment
from freehold.server.core.discussion_notices import tell_comment, tell_discussion
from freehold.server.core.discussion_rules import check_room
from freehold.server.db import discussions, refs
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.server.hub import new_id, now_ms


def open_discussion(
    tx: Transaction,
    ctx: Context,
    repo: Repo,
    title: str,
    text: str,
    *,
    status: str = "open",
    base: str | None = None,
) -> Discussion:
    """A new discussion with its description as the first event; with a `base`, a pull request.

    The repository stays locked. Raises `RepositoryNotFoundError` when it was just deleted.
    """
    num = _take_number(tx, repo)
    opened = Discussion(
        id=new_id(),
        repo_id=repo.id,
        num=num,
        author_id=require_account(ctx.viewer),
        title=title,
        status=status,
        is_pull_request=base is not None,
        pinned=False,
        locked=False,
        base=base,
        merge_commit=None,
        event_count=0,
        comment_count=0,
        text_size=0,
        created_at=now_ms(),
    )
    check_room(opened, text)
    discussions.insert_discussion(tx, opened)
    event = add_comment(tx, opened, opened.author_id, text, opened.created_at)
    note_mentions(tx, ctx, repo, opened, event, text)
    tell_discussion(tx, ctx, repo, opened, "create")
    tell_comment(tx, ctx, repo, opened, event, "create", text)
    return opened


def _take_number(tx: Transaction, repo: Repo) -> int:
    """The next number; one that a ref has already, whatever it is left of, is passed over."""
    while (num := discussions.take_number(tx, repo.id)) is not None:
        head = discussions.head_of(num)
        if not refs.find_refs(tx, repo.id, [head]):
            return num
    raise RepositoryNotFoundError
