"""Comments in discussions: writing, rewriting and hiding them."""

from __future__ import annotations

import re

from freehold.errors import BadRequestError, ForbiddenError, NotFoundError
from freehold.server.core.access import Context, require_account
from freehold.server.core.discussion_events import add_change, add_comment, find_details
from freehold.server.core.discussion_notices import tell_comment
from freehold.server.core.discussion_rules import (
    MAX_VERSIONS,
    check_comment,
    check_enabled,
    check_room,
    find_discussion,
    has_room,
    lock_discussion,
    may,
    require_own,
)
from freehold.server.db import discussion_events, discussions
from freehold.server.db.database import Transaction
from freehold.server.db.discussion_events import Event
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.server.hub import now_ms
from freehold.wire.discussions import (
    CommentDiscussion,
    DiscussionEvent,
    EditComment,
    NewMessage,
    UpdatedComment,
)
from freehold.wire.route import Needs

# Of other discussions that hear of one comment.
MAX_MENTIONS = 10

# A number behind a hash that is no piece of a word, an address or an HTML entity.
_MENTION = re.compile(r"(?<![\w/&#])#([1-9][0-9]{0,8})\b")


def comment_discussion(ctx: Context, repo: Repo, num: str, body: CommentDiscussion) -> NewMessage:
    """A new comment; on a locked discussion only by who may write to the repository."""
    text = check_comment(body.comment)
    with ctx.hub.db.write() as tx:
        discussion = lock_discussion(tx, repo, num)
        told = find_details(tx, write_comment(tx, ctx, repo, discussion, text))
    return NewMessage(new_message=told.describe()[0])


def write_comment(
    tx: Transaction, ctx: Context, repo: Repo, discussion: Discussion, text: str
) -> Event:
    """Adds a comment of the viewer to a discussion that the caller has locked.

    Raises `ForbiddenError` on a locked one and `BadRequestError` on one that is full.
    """
    _check_lock(ctx, repo, discussion)
    check_room(discussion, text)
    event = add_comment(tx, discussion, ctx.viewer.id, text, now_ms())
    note_mentions(tx, ctx, repo, discussion, event, text)
    tell_comment(tx, ctx, repo, discussion, event, "create", text)
    return event


def _check_lock(ctx: Context, repo: Repo, discussion: Discussion) -> None:
    if _is_shut(ctx, repo, discussion):
        raise ForbiddenError("This discussion is locked.")


def _is_shut(ctx: Context, repo: Repo, discussion: Discussion) -> bool:
    return discussion.locked and not may(ctx, repo, Needs.WRITE)


def note_mentions(
    tx: Transaction, ctx: Context, repo: Repo, discussion: Discussion, event: Event, text: str
) -> None:
    """Tells the discussions that a text mentions, as `#3`, that it does.

    Those that are full do not hear of it, nor those in which the viewer must not speak.
    """
    numbers = dict.fromkeys(int(found) for found in _MENTION.findall(text))
    numbers.pop(discussion.num, None)
    mentioned = discussions.find_discussions(tx, repo.id, list(numbers)[:MAX_MENTIONS])
    data = {"num": discussion.num, "event": event.id}
    for other in mentioned.values():
        if has_room(other) and not _is_shut(ctx, repo, other):
            add_change(tx, other, ctx.viewer.id, "reference", data)


def read_comment(
    ctx: Context, repo: Repo, num: str, event: str
) -> tuple[Discussion, DiscussionEvent]:
    """A discussion and one comment in it, with its versions; raises `NotFoundError`."""
    check_enabled(repo)
    with ctx.hub.db.read() as tx:
        discussion = find_discussion(tx, repo, num)
        found = discussion_events.find_event(tx, discussion.id, event.lower())
        if found is None or found.type != "comment":
            raise NotFoundError("Comment not found")
        told = find_details(tx, found)
    return discussion, told.describe()[0]


def edit_comment(
    ctx: Context, repo: Repo, num: str, event: str, body: EditComment
) -> UpdatedComment:
    """The comment with another text; only its author rewrites it, or an administrator.

    Raises `BadRequestError` for a hidden one, and for one that was rewritten too often.
    """
    text = check_comment(body.content)
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        discussion = lock_discussion(tx, repo, num)
        comment = _find_comment(tx, discussion, event)
        require_own(ctx, repo, comment.author_id, Needs.ADMIN)
        _check_lock(ctx, repo, discussion)
        check_room(discussion, text)
        if discussion_events.add_version(tx, comment, text, user_id, now_ms()) > MAX_VERSIONS:
            raise BadRequestError("This comment was rewritten too often: please write another one.")
        tell_comment(tx, ctx, repo, discussion, comment, "update", text)
        told = find_details(tx, comment)
    return UpdatedComment(updated_comment=told.describe()[0])


def hide_comment(ctx: Context, repo: Repo, num: str, event: str) -> UpdatedComment:
    """The comment without its text, for good; its author hides it, or who may write."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        discussion = lock_discussion(tx, repo, num)
        comment = _find_comment(tx, discussion, event)
        require_own(ctx, repo, comment.author_id, Needs.WRITE)
        now = now_ms()
        discussion_events.hide_event(tx, comment.id, user_id, now)
        hidden = comment._replace(hidden_by=user_id, hidden_at=now)
        tell_comment(tx, ctx, repo, discussion, hidden, "update", None)
        told = find_details(tx, hidden)
    return UpdatedComment(updated_comment=told.describe()[0])


def _find_comment(tx: Transaction, discussion: Discussion, event_id: str) -> Event:
    found = discussion_events.find_event(tx, discussion.id, event_id.lower())
    if found is None or found.type != "comment":
        raise NotFoundError("Comment not found")
    if found.hidden_at is not None:
        raise BadRequestError("This comment has been hidden, which cannot be undone.")
    return found
