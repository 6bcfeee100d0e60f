"""What has happened in a discussion, prepared for a page: hundreds of comments cost it little."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from markupsafe import Markup, escape
from msgspec import UNSET, UnsetType

from freehold.server.web.repo_frame import home_of
from freehold.server.web.visit import Visit
from freehold.server.web.wording import format_time
from freehold.wire.discussions import Author, CommentData, Discussion, DiscussionEvent
from freehold.wire.route import Needs

_CARD = Markup(
    '<a class="account" href="/{name}"><img class="avatar" src="{avatar}" alt="" width="22"'
    ' height="22" loading="lazy"><strong>{name}</strong></a>'
)
_ROLE = Markup('{} <span class="badge">{}</span>')
_NOBODY = Markup('<span class="account"><span class="avatar ghost"></span>a deleted account</span>')


class Writer(NamedTuple):
    """Who did something: their name, empty once the account is gone, and how a page shows them.

    That is made once for each, as most of a page may be by the same few. `full` has a badge as
    well for the author of the discussion and the owner of the repository.
    """

    name: str
    card: Markup
    full: Markup


class Entry(NamedTuple):
    """Something that happened: its `kind` is comment, change, or quiet for one without text.

    `head` tells who, and of a comment also when, with its links. The other fields are those of a
    change: when it was, and what it was about, as the text of a link to `url` if there is one.
    """

    kind: str
    id: str
    head: Markup
    text: Markup | str
    time: Markup = Markup("")
    about: str = ""
    url: str = ""


def make_safe(html: str) -> Markup:
    """The HTML of a comment, which `formats/markdown.py` has made and sanitised."""
    return Markup(html)  # noqa: S704


class Thread:
    """The events of a discussion, one after the other."""

    def __init__(self, visit: Visit, told: Discussion) -> None:
        self._told = told
        self._home = home_of(visit)
        self._edit_path = escape(f"{self._home}/discussions/{told.num}/edit")
        self._viewer = visit.ctx.viewer.name if visit.may(Needs.DISCUSS) else None
        self._writes = visit.may(Needs.WRITE)
        self._is_admin = visit.may(Needs.ADMIN)
        self._reads = visit.may(Needs.CONTENT)
        self._owner = visit.repo.owner_id
        self._status = "open"
        self._writers: dict[str, Writer] = {}

    def entries(self) -> Iterator[Entry]:
        """Each event in its turn."""
        self._status = self._first_status()
        for event in self._told.events:
            yield self._comment(event) if event.type == "comment" else self._change(event)

    def _first_status(self) -> str:
        """A pull request began as a draft if the first thing it was given is to be open."""
        changes = (e.data["status"] for e in self._told.events if e.type == "status-change")
        return "draft" if next(changes, None) == "open" else "open"

    def _writer(self, author: Author | UnsetType) -> Writer:
        if author is UNSET:
            return Writer("", _NOBODY, _NOBODY)
        known = self._writers.get(author.id_)
        if known is None:
            known = self._writers[author.id_] = self._describe(author)
        return known

    def _describe(self, author: Author) -> Writer:
        opener = self._told.author
        roles = ["author"] if opener is not UNSET and opener.id_ == author.id_ else []
        if author.id_ == self._owner:
            roles.append("owner")
        card = _CARD.format(name=author.name, avatar=author.avatar_url)
        full = _ROLE.format(card, ", ".join(roles)) if roles else card
        return Writer(author.name, card, full)

    def _comment(self, event: DiscussionEvent) -> Entry:
        data: CommentData = event.data
        writer = self._writer(event.author)
        when = format_time(event.created_at)
        head = f'{writer.full} <a class="soft small" href="#{event.id}">{when}</a>'
        if data.hidden:
            by = "" if data.hidden_by is UNSET else f" by {data.hidden_by}"
            said = f"This comment was hidden{by}."
            return Entry("quiet", event.id, Markup(head), said)  # noqa: S704
        links = self._link(event.id, data.edited, writer.name)
        # Ids are hex, and all other parts were escaped; to do it once more for each of a thousand
        # comments takes longer than all else. So does asking for many pieces in the template.
        full = Markup(head + links)  # noqa: S704
        if not data.latest.html:
            return Entry("quiet", event.id, full, "No description.")
        return Entry("comment", event.id, full, make_safe(data.latest.html))

    def _link(self, event_id: str, is_edited: bool, name: str) -> str:
        """The links of a comment: to its versions, and to what the viewer may do with it."""
        action = self._find_action(self._viewer is not None and name == self._viewer)
        start = f'<a href="{self._edit_path}/{event_id}">'
        links = (f"{start}edited</a> " if is_edited else "") + (
            f"{start}{action}</a>" if action else ""
        )
        return f' <span class="comment-links">{links}</span>' if links else ""

    def _find_action(self, is_own: bool) -> str:
        if is_own or self._is_admin:
            return "Edit"
        return "Hide" if self._writes else ""

    def _change(self, event: DiscussionEvent) -> Entry:
        card, (said, about, url) = self._writer(event.author).card, self._say(event)
        return Entry("change", event.id, card, said, format_time(event.created_at), about, url)

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
