"""What has happened in a discussion, prepared for a page: hundreds of comments cost it little."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup
from msgspec import UNSET, UnsetType

from freehold.server.web.repo_frame import home_of
from freehold.server.web.visit import Visit
from freehold.server.web.wording import format_time
from freehold.wire.discussions import Author, CommentData, Discussion, DiscussionEvent
from freehold.wire.route import Needs

# Written by our own parser for the cells of tables; pages allow no styles of elements.
_ALIGNED = re.compile(r'(<t[dh]) style="text-align:\s*(left|center|right);?"')


class Writer(NamedTuple):
    """Who did something: a name, empty once the account is gone, a picture, and what they are."""

    name: str
    avatar: str
    roles: Sequence[str]


class Comment(NamedTuple):
    """A comment; `edit_url` leads to its versions, and to its form for those who may change it."""

    id: str
    writer: Writer
    time: Markup
    html: Markup
    is_hidden: bool
    hidden_by: str
    is_edited: bool
    may_edit: bool
    may_hide: bool
    edit_url: str


class Change(NamedTuple):
    """Something else that happened: what was done, and maybe a link behind it."""

    id: str
    writer: Writer
    time: Markup
    said: str
    label: str = ""
    url: str = ""


def make_safe(html: str) -> Markup:
    """The HTML of a comment, as the core has sanitised it, without styles of its own."""
    # `formats/markdown.py` lets through nothing but a few elements, and escapes each text.
    return Markup(_ALIGNED.sub(r'\1 class="to-\2"', html))  # noqa: S704


class Thread:
    """The events of a discussion, one after the other."""

    def __init__(self, visit: Visit, told: Discussion) -> None:
        self._told = told
        self._home = home_of(visit)
        self._viewer = visit.ctx.viewer.name if visit.may(Needs.DISCUSS) else None
        self._writes = visit.may(Needs.WRITE)
        self._is_admin = visit.may(Needs.ADMIN)
        self._reads = visit.may(Needs.CONTENT)
        self._owner = visit.repo.owner_id
        self._status = "open"
        self._writers: dict[str, Writer] = {}

    def entries(self) -> Iterator[tuple[bool, Comment | Change]]:
        """Each event, and whether it is a comment."""
        self._status = self._first_status()
        for event in self._told.events:
            is_comment = event.type == "comment"
            yield is_comment, self._comment(event) if is_comment else self._change(event)

    def _first_status(self) -> str:
        """A pull request began as a draft if the first thing it was given is to be open."""
        changes = (e.data["status"] for e in self._told.events if e.type == "status-change")
        return "draft" if next(changes, None) == "open" else "open"

    def _writer(self, author: Author | UnsetType) -> Writer:
        if author is UNSET:
            return Writer("", "", ())
        known = self._writers.get(author.id_)
        if known is None:
            known = self._writers[author.id_] = self._describe(author)
        return known

    def _describe(self, author: Author) -> Writer:
        opener = self._told.author
        roles = ["author"] if opener is not UNSET and opener.id_ == author.id_ else []
        if author.id_ == self._owner:
            roles.append("owner")
        return Writer(author.name, author.avatar_url, roles)

    def _comment(self, event: DiscussionEvent) -> Comment:
        data: CommentData = event.data
        writer = self._writer(event.author)
        is_own = self._viewer is not None and writer.name == self._viewer
        return Comment(
            id=event.id,
            writer=writer,
            time=format_time(event.created_at),
            html=make_safe(data.latest.html),
            is_hidden=data.hidden,
            hidden_by=data.hidden_by or "",
            is_edited=data.edited,
            may_edit=not data.hidden and (is_own or self._is_admin),
            may_hide=not data.hidden and (is_own or self._writes),
            edit_url=f"{self._home}/discussions/{self._told.num}/edit/{event.id}",
        )

    def _change(self, event: DiscussionEvent) -> Change:
        said, label, url = self._say(event)
        when = format_time(event.created_at)
        return Change(event.id, self._writer(event.author), when, said, label, url)

    def _say(self, event: DiscussionEvent) -> tuple[str, str, str]:
        data: dict[str, Any] = event.data
        match event.type:
            case "status-change":
                return self._say_status(data), "", ""
            case "title-change":
                return f"changed the title from “{data['from']}” to “{data['to']}”", "", ""
            case "commit":
                url = f"{self._home}/commit/{data['oid']}" if self._reads else ""
                return "added", f"{data['oid'][:8]} {data['subject'][:200]}", url
            case "pinning-change":
                return "pinned this" if data["pinned"] else "unpinned this", "", ""
            case "locking-change":
                return "locked this" if data["locked"] else "unlocked this", "", ""
            case "ref-deleted":
                return "deleted the ref of this pull request", "", ""
            case "reference":
                url = f"{self._home}/discussions/{data['num']}#{data['event']}"
                return "mentioned this in", f"#{data['num']}", url
            case _:
                return event.type, "", ""

    def _say_status(self, data: dict[str, Any]) -> str:
        before, self._status = self._status, data["status"]
        opened = "marked this as ready for review" if before == "draft" else "reopened this"
        said = {"open": opened, "closed": "closed this", "merged": "merged this"}
        reason = data.get("reason")
        text = said.get(self._status, self._status)
        return f"{text}: {reason}" if reason else text
