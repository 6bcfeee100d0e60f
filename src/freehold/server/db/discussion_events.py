"""What has happened in discussions: events in their order, and every version of each comment."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

from freehold.server.db.database import Transaction

COLUMNS = "id, discussion_id, place, author_id, type, data, hidden_by, hidden_at, created_at"

_OF_EVENTS = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))


class Event(NamedTuple):
    """An event; `data` is JSON, and `hidden_at` is set for a comment that is not shown any more."""

    id: str
    discussion_id: str
    place: int
    author_id: str | None
    type: str
    data: str
    hidden_by: str | None
    hidden_at: int | None
    created_at: int


class Version(NamedTuple):
    """A comment as it was written, or rewritten, by somebody; `created_at` in milliseconds."""

    event_id: str
    place: int
    content: str
    author_id: str | None
    created_at: int


class NewEvent(NamedTuple):
    """An event that is to be added; a comment has a `content`."""

    id: str
    author_id: str | None
    type: str
    data: str = "{}"
    content: str | None = None


def add_event(tx: Transaction, discussion_id: str, new: NewEvent, now: int) -> Event:
    """Adds an event to the end of the discussion, which stays locked."""
    text = new.content
    row = tx.one(
        "UPDATE discussion SET event_count = event_count + 1,"
        " comment_count = comment_count + :comments, text_size = text_size + :size"
        " WHERE id = :discussion_id RETURNING event_count",
        discussion_id=discussion_id,
        comments=int(text is not None),
        size=0 if text is None else len(text.encode()),
    )
    assert row is not None, "the caller has locked it"
    event = Event(
        new.id, discussion_id, row.event_count, new.author_id, new.type, new.data, None, None, now
    )
    tx.run(
        f"INSERT INTO discussion_event ({COLUMNS}) VALUES (:id, :discussion_id, :place,"
        " :author_id, :type, :data, :hidden_by, :hidden_at, :created_at)",
        **event._asdict(),
    )
    if text is not None:
        _insert_version(tx, Version(new.id, 1, text, new.author_id, now))
    return event


def add_version(tx: Transaction, event: Event, content: str, author_id: str, now: int) -> int:
    """Rewrites a comment, and gives the number of its versions: what it was before is kept."""
    row = tx.one(
        "SELECT MAX(place) AS place FROM comment_version WHERE event_id = :id", id=event.id
    )
    place = 1 + (row.place if row is not None and row.place is not None else 0)
    _insert_version(tx, Version(event.id, place, content, author_id, now))
    tx.run(
        "UPDATE discussion SET text_size = text_size + :size WHERE id = :id",
        id=event.discussion_id,
        size=len(content.encode()),
    )
    return int(place)


def _insert_version(tx: Transaction, version: Version) -> None:
    tx.run(
        "INSERT INTO comment_version (event_id, place, content, author_id, created_at)"
        " VALUES (:event_id, :place, :content, :author_id, :created_at)",
        **version._asdict(),
    )


def hide_event(tx: Transaction, event_id: str, user_id: str, now: int) -> None:
    """Hides a comment for good."""
    tx.run(
        "UPDATE discussion_event SET hidden_by = :user_id, hidden_at = :now WHERE id = :event_id",
        event_id=event_id,
        user_id=user_id,
        now=now,
    )


def list_events(tx: Transaction, discussion_id: str) -> list[tuple[Event, list[Version]]]:
    """Every event of the discussion in order, each with its versions, oldest first.

    A hidden comment has none, and neither has what is no comment. All is of the same moment.
    """
    rows = tx.all(
        f"SELECT {_OF_EVENTS}, v.place AS version, v.content, v.author_id AS writer_id,"
        " v.created_at AS written_at FROM discussion_event AS e"
        " LEFT JOIN comment_version AS v ON v.event_id = e.id AND e.hidden_at IS NULL"
        " WHERE e.discussion_id = :discussion_id ORDER BY e.place, v.place",
        discussion_id=discussion_id,
    )
    return [
        (event, [_make_version(row) for row in group if row.version is not None])
        for event, group in groupby(rows, _make_event)
    ]


def _make_event(row: Any) -> Event:
    return Event(*row[: len(Event._fields)])


def _make_version(row: Any) -> Version:
    return Version(row.id, row.version, row.content, row.writer_id, row.written_at)


def find_event(tx: Transaction, discussion_id: str, event_id: str) -> Event | None:
    """One event of the discussion."""
    row = tx.one(
        f"SELECT {COLUMNS} FROM discussion_event"
        " WHERE discussion_id = :discussion_id AND id = :event_id",
        discussion_id=discussion_id,
        event_id=event_id,
    )
    return None if row is None else Event(*row)


def list_event_versions(tx: Transaction, event_id: str) -> list[Version]:
    """Every version of one comment, oldest first."""
    rows = tx.all(
        "SELECT event_id, place, content, author_id, created_at FROM comment_version"
        " WHERE event_id = :event_id ORDER BY place",
        event_id=event_id,
    )
    return [Version(*row) for row in rows]
