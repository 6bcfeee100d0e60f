"""What a hub tells about discussions and pull requests, and what happens in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from freehold.client.info import parse_time
from freehold.client.records import Record
from freehold.wire.ids import URL_PREFIXES

DELETED = "deleted"
"""Stands for an account that is gone."""

# What the protocol calls a field, and what it is called here.
_FIELDS = {
    "createdAt": "created_at",
    "diffUrl": "diff_url",
    "filesWithConflicts": "conflicting_files",
    "isPullRequest": "is_pull_request",
    "numComments": "num_comments",
    "numReactionUsers": "num_reaction_users",
    "repoOwner": "repo_owner",
    "topReactions": "top_reactions",
}


class Discussion(Record):
    """A discussion or a pull request of a repository, as a list of them shows it.

    `num` is its number in the repository, `title` one line, `status` "open", "closed" or, of pull
    requests only, "draft" or "merged", `author` a user name, or "deleted" when the account is
    gone, `created_at` a moment with its time zone, and `endpoint` the hub. Where the hub says so,
    `pinned` and `num_comments`.
    """

    num: int
    title: str
    status: str
    author: str
    repo_id: str
    repo_type: str
    is_pull_request: bool
    created_at: datetime
    endpoint: str
    pinned: bool | None
    num_comments: int | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], endpoint: str, repo_id: str, repo_type: str) -> Self:
        """From an object of the protocol; the repository is the one that was asked about.

        Raises `KeyError` without a number or a title.
        """
        found = {"pinned": None, "num_comments": None} | _rename(data)
        repo = found.pop("repo", None) or {}
        found |= {
            "num": data["num"],
            "title": data["title"],
            "status": data.get("status") or "open",
            "author": _name_author(data),
            "repo_id": repo.get("name") or repo_id,
            "repo_type": repo.get("type") or repo_type,
            "is_pull_request": bool(data.get("isPullRequest")),
            "created_at": parse_time(data.get("createdAt")),
            "endpoint": endpoint,
        }
        return cls(**found)

    @property
    def git_reference(self) -> str | None:
        """The revision of a pull request, to which further commits go; None of a discussion."""
        return f"refs/pr/{self.num}" if self.is_pull_request else None

    @property
    def url(self) -> str:
        """The address of its page."""
        prefix = URL_PREFIXES.get(self.repo_type, f"{self.repo_type}s/")  # type: ignore[call-overload]
        return f"{self.endpoint}/{prefix}{self.repo_id}/discussions/{self.num}"


class DiscussionWithDetails(Discussion):
    """A discussion or a pull request with its `events`, the first of which is its description.

    A pull request also has `target_branch` (the full name of the ref that it wants to change),
    `conflicting_files` (paths, or True when the hub cannot name them), `diff`, `merge_commit_oid`
    once it is merged, and `head_commit_oid` and `diff_url` where the hub tells them; all are None
    of a discussion. `locked` is None where the hub does not say it.
    """

    events: list[DiscussionEvent]
    conflicting_files: list[str] | bool | None
    target_branch: str | None
    merge_commit_oid: str | None
    head_commit_oid: str | None
    diff: str | None
    diff_url: str | None
    locked: bool | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], endpoint: str, repo_id: str, repo_type: str) -> Self:
        """From an object of the protocol."""
        found = super().parse(data, endpoint, repo_id, repo_type)
        changes = data.get("changes") or {}
        found.events = [parse_event(event) for event in data.get("events") or []]
        found.conflicting_files = data.get("filesWithConflicts")
        if found.is_pull_request and found.conflicting_files is None:
            found.conflicting_files = []
        found.target_branch = changes.get("base")
        found.merge_commit_oid = changes.get("mergeCommitId")
        found.head_commit_oid = changes.get("headCommitId")
        found.diff = data.get("diff")
        found.diff_url = data.get("diffUrl")
        found.locked = data.get("locked")
        return found


class DiscussionEvent(Record):
    """Something that happened in a discussion: `id`, `type`, `created_at` and its `author`.

    What is not a comment, a commit or a change of status or title is known by its `type` alone,
    and says more in `data`, as the hub has sent it.
    """

    id: str
    type: str
    created_at: datetime
    author: str
    _event: Mapping[str, Any]

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        """From an object of the protocol; raises `KeyError` without an id or a type."""
        return cls(
            id=event["id"],
            type=event["type"],
            created_at=parse_time(event.get("createdAt")),
            author=_name_author(event),
            _event=event,
            **cls._read_data(event.get("data") or {}),
        )

    @classmethod
    def _read_data(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that this kind of event has besides."""
        return {}

    @property
    def data(self) -> dict[str, Any]:
        """What the hub has said of the event."""
        return self._event.get("data") or {}

    def _shown(self) -> Mapping[str, Any]:
        return {name: value for name, value in super()._shown().items() if name != "_event"}


class DiscussionComment(DiscussionEvent):
    """A comment: its `content` in Markdown, and whether it was `edited` and is `hidden`."""

    content: str
    edited: bool
    hidden: bool

    @classmethod
    def _read_data(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "content": (data.get("latest") or {}).get("raw") or "",
            "edited": bool(data.get("edited")),
            "hidden": bool(data.get("hidden")),
        }

    @property
    def _latest(self) -> Mapping[str, Any]:
        return self.data.get("latest") or {}

    @property
    def rendered(self) -> str | None:
        """The comment as HTML."""
        return self._latest.get("html")

    @property
    def last_edited_at(self) -> datetime | None:
        """When it was last written or rewritten."""
        return parse_time(self._latest.get("updatedAt"))

    @property
    def last_edited_by(self) -> str:
        """The user name of who did that, or "deleted"."""
        return _name_author(self._latest)

    @property
    def edit_history(self) -> list[dict[str, Any]]:
        """Every version as the hub describes it, the newest last: `raw`, `html`, `updatedAt`, …"""
        return self.data.get("history") or []

    @property
    def number_of_edits(self) -> int:
        """How often it was rewritten: 0 for a comment that is as it was first written."""
        counted: int | None = self.data.get("numEdits")
        return max(0, len(self.edit_history) - 1) if counted is None else counted


class DiscussionStatusChange(DiscussionEvent):
    """The discussion was opened, closed or merged: its `new_status`."""

    new_status: str

    @classmethod
    def _read_data(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"new_status": data.get("status")}


class DiscussionCommit(DiscussionEvent):
    """The pull request got a commit: its id `oid`, and `summary`, the first line of its message."""

    summary: str
    oid: str

    @classmethod
    def _read_data(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"summary": data.get("subject"), "oid": data.get("oid")}


class DiscussionTitleChange(DiscussionEvent):
    """The discussion was renamed, from `old_title` to `new_title`."""

    old_title: str
    new_title: str

    @classmethod
    def _read_data(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"old_title": data.get("from"), "new_title": data.get("to")}


_EVENTS: dict[str, type[DiscussionEvent]] = {
    "comment": DiscussionComment,
    "commit": DiscussionCommit,
    "status-change": DiscussionStatusChange,
    "title-change": DiscussionTitleChange,
}


def parse_event(event: Mapping[str, Any]) -> DiscussionEvent:
    """An event of any type."""
    return _EVENTS.get(event["type"], DiscussionEvent).parse(event)


def _name_author(data: Mapping[str, Any]) -> str:
    return (data.get("author") or {}).get("name") or DELETED


def _rename(data: Mapping[str, Any]) -> dict[str, Any]:
    return {_FIELDS.get(name, name): value for name, value in data.items() if name != "changes"}
