"""Discussions as a list of events: adding to them, and telling what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET

from freehold.errors import NotFoundError
from freehold.formats.markdown import render_markdown
from freehold.server.core.authors import Authors
from freehold.server.db import discussion_events as rows
from freehold.server.db.database import Transaction
from freehold.server.db.discussion_events import Event, NewEvent, Version
from freehold.server.db.discussions import Discussion
from freehold.server.git.memory import Memory
from freehold.server.hub import new_id, now_ms
from freehold.wire.dates import iso_time
from freehold.wire.discussions import CommentData, CommentVersion, DiscussionEvent

HIDDEN = "This comment has been hidden"

# In characters of text and HTML.
_rendered: Memory[str, str] = Memory(32 * 1024 * 1024)


def render(text: str) -> str:
    """A comment as HTML that is safe to show."""
    known = _rendered.get(text)
    if known is not None:
        return known
    html = render_markdown(text)
    return _rendered.put(text, html, len(text) + len(html))


def add_comment(
    tx: Transaction, discussion: Discussion, author_id: str | None, content: str, now: int
) -> Event:
    """Adds a comment."""
    new = NewEvent(new_id(), author_id, "comment", content=content)
    return rows.add_event(tx, discussion.id, new, now)


def add_change(
    tx: Transaction, discussion: Discussion, author_id: str | None, type: str, data: Any
) -> Event:
    """Adds an event that is no comment; `data` becomes JSON."""
    new = NewEvent(new_id(), author_id, type, json.dumps(data))
    return rows.add_event(tx, discussion.id, new, now_ms())


class Details(NamedTuple):
    """Events with all that is told of them."""

    events: Sequence[tuple[Event, Sequence[Version]]]
    authors: Authors

    def describe(self) -> list[DiscussionEvent]:
        """The events as answers show them.

        To render their text may take a second, so no transaction should be open.
        """
        return [_describe(event, versions, self.authors) for event, versions in self.events]


def find_details(tx: Transaction, event: Event) -> Details:
    """What is told of one event."""
    return _make_details(tx, [(event, rows.list_event_versions(tx, event.id))])


def list_details(tx: Transaction, discussion: Discussion) -> Details:
    """What is told of all events of a discussion; raises `NotFoundError` when it is gone by now."""
    events = rows.list_events(tx, discussion.id)
    if not events:
        raise NotFoundError("Discussion not found")
    return _make_details(tx, events)


def _make_details(tx: Transaction, events: Sequence[tuple[Event, Sequence[Version]]]) -> Details:
    wrote = [version.author_id for _, versions in events for version in versions]
    for event, _ in events:
        wrote += [event.author_id, event.hidden_by]
    return Details(events, Authors(tx, wrote))


def _describe(event: Event, versions: Sequence[Version], authors: Authors) -> DiscussionEvent:
    return DiscussionEvent(
        id=event.id,
        author=authors.describe(event.author_id),
        created_at=iso_time(event.created_at),
        type=event.type,
        data=_describe_data(event, versions, authors),
    )


def _describe_data(
    event: Event, versions: Sequence[Version], authors: Authors
) -> CommentData | Mapping[str, Any]:
    if event.type != "comment":
        data: dict[str, Any] = json.loads(event.data)
        return data
    if event.hidden_at is not None:
        return _describe_hidden(event, authors)
    history = [_describe_version(version, authors) for version in versions]
    names = [version.author.name for version in history if version.author is not UNSET]
    avatars = [version.author.avatar_url for version in history if version.author is not UNSET]
    return CommentData(
        edited=len(history) > 1,
        hidden=False,
        latest=history[-1],
        num_edits=len(history) - 1,
        editors=list(dict.fromkeys(names)),
        editor_avatar_urls=list(dict.fromkeys(avatars)),
        history=history,
    )


def _describe_version(version: Version, authors: Authors) -> CommentVersion:
    return CommentVersion(
        raw=version.content,
        html=render(version.content),
        updated_at=iso_time(version.created_at),
        author=authors.describe(version.author_id),
    )


def _describe_hidden(event: Event, authors: Authors) -> CommentData:
    """Nothing of what it said, in no version."""
    moment = iso_time(event.hidden_at or event.created_at)
    notice = CommentVersion(
        raw=HIDDEN,
        html=render(HIDDEN),
        updated_at=moment,
        author=authors.describe(event.author_id),
    )
    return CommentData(
        edited=False,
        hidden=True,
        hidden_by=authors.name_of(event.hidden_by) or UNSET,
        latest=notice,
        num_edits=0,
        editors=[],
        editor_avatar_urls=[],
        history=[notice],
    )
