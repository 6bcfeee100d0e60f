"""Discussions and pull requests, and what happens in them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire

Status = Literal["draft", "open", "closed", "merged"]


class DiscussionsQuery(Wire, kw_only=True):
    """Page `p` (0-based) of the discussions that fit; open includes draft, closed includes merged.

    `search` is a part of the title, in any case of letters.
    """

    p: int = 0
    type: Literal["all", "discussion", "pull_request"] = "all"
    status: Literal["all", "open", "closed"] = "all"
    author: str = ""
    search: str = ""
    sort: str = "recently-created"


class Author(Wire, kw_only=True):
    """A user or an organisation, as whoever wrote something."""

    id_: str = field(name="_id")
    avatar_url: str
    fullname: str
    name: str
    type: str
    is_pro: bool = False
    is_hf: bool = False
    is_hf_admin: bool = False
    is_mod: bool = False


class RepoName(Wire, kw_only=True):
    """A repository by its type and its `namespace/name`."""

    name: str
    type: str


class DiscussionSummary(Wire, kw_only=True):
    """One line of a list of discussions; who wrote it is absent once the account is gone."""

    num: int
    author: Author | UnsetType = UNSET
    repo: RepoName
    title: str
    status: Status
    created_at: str
    is_pull_request: bool
    num_comments: int
    top_reactions: list[str] = []
    num_reaction_users: int = 0
    pinned: bool


class Discussions(Wire, kw_only=True):
    """One page: `count` fit in all, and `start` come before the first of the page."""

    discussions: list[DiscussionSummary]
    count: int
    start: int
    num_closed_discussions: int


class CommentVersion(Wire, kw_only=True):
    """A comment as somebody wrote it; `html` is safe to show."""

    raw: str
    html: str
    updated_at: str
    author: Author | UnsetType = UNSET


class CommentData(Wire, kw_only=True):
    """A comment: `history` has every version, the newest last, and nothing of a hidden one."""

    edited: bool
    hidden: bool
    hidden_by: str | UnsetType = UNSET
    latest: CommentVersion
    num_edits: int
    editors: list[str]
    editor_avatar_urls: list[str]
    reactions: list[str] = []
    history: list[CommentVersion]


class DiscussionEvent(Wire, kw_only=True):
    """Something that happened; its `type` says what `data` holds.

    | `type` | `data` |
    | --- | --- |
    | `comment` | `CommentData` |
    | `status-change` | `status`, and `reason` if there was one |
    | `title-change` | `from`, `to` |
    | `commit` | `subject`, `oid` |
    | `pinning-change` | `pinned` |
    | `locking-change` | `locked` |
    | `ref-deleted` | nothing |
    | `reference` | `num` of the discussion that mentions this one, and the `event` that does |
    """

    id: str
    author: Author | UnsetType = UNSET
    created_at: str
    type: str
    data: Any


class Changes(Wire, kw_only=True):
    """What a pull request would change: the commits of its head go into the ref `base`."""

    base: str
    merge_commit_id: str | UnsetType = UNSET
    head_commit_id: str | UnsetType = UNSET
    ref_deleted: bool | UnsetType = UNSET


class DiscussionQuery(Wire, kw_only=True):
    """Whether the changes of a pull request are given as text."""

    diff: bool = False


class Discussion(DiscussionSummary, kw_only=True):
    """A discussion with all its events, the first of which is its description.

    Only a pull request has `changes`, `files_with_conflicts` (the paths, or `true` when there is
    no telling, as for two sides that have nothing in common), `diff_url` and, where it was asked
    for and is not too large, `diff`: the changes since the commit that both sides share.
    """

    id_: str = field(name="_id")
    locked: bool
    collection: str = "discussions"
    changes: Changes | UnsetType = UNSET
    files_with_conflicts: list[str] | bool | UnsetType = UNSET
    diff_url: str | UnsetType = UNSET
    diff: str | UnsetType = UNSET
    events: list[DiscussionEvent]


class CreateDiscussion(Wire, kw_only=True):
    """Body of `create_discussion`: 3 to 200 characters of title, at most 65,536 of description.

    A pull request starts as a draft at the head of `base`, the branch that it wants to change:
    `main` when none is named. With `head`, a branch, it starts open and with the commits of that.
    """

    title: str
    description: str = ""
    pull_request: bool = False
    base: str | None = None
    head: str | None = None


class References(Wire, kw_only=True):
    """The ref that a pull request wants to change."""

    base: str


class DiscussionCreated(Wire, kw_only=True):
    """The new discussion: its web address and its number."""

    url: str
    num: int
    pull_request: bool
    references: References | UnsetType = UNSET


class CommentDiscussion(Wire, kw_only=True):
    """Body of `comment_discussion`: 1 to 65,536 characters of Markdown."""

    comment: str


class NewMessage(Wire, kw_only=True):
    """The comment that was made."""

    new_message: DiscussionEvent


class EditComment(Wire, kw_only=True):
    """Body of `edit_discussion_comment`: what the comment says from now on."""

    content: str


class UpdatedComment(Wire, kw_only=True):
    """The comment as it is now."""

    updated_comment: DiscussionEvent


class RenameDiscussion(Wire, kw_only=True):
    """Body of `rename_discussion`."""

    title: str


class NewTitle(Wire, kw_only=True):
    """The event of the renaming."""

    new_title: DiscussionEvent


class ChangeDiscussionStatus(Wire, kw_only=True):
    """Body of `change_discussion_status`; a `comment` comes before the change."""

    status: Literal["open", "closed"]
    comment: str | None = None
    reason: str | None = None


class NewStatus(Wire, kw_only=True):
    """The event of the change."""

    new_status: DiscussionEvent


class MergePullRequest(Wire, kw_only=True):
    """Body of `merge_pull_request`; `head_commit_id` is the head that the caller has seen."""

    comment: str | None = None
    head_commit_id: str | None = None


class PinDiscussion(Wire, kw_only=True):
    """Body of `pin_discussion`."""

    pinned: bool


class LockDiscussion(Wire, kw_only=True):
    """Body of `lock_discussion`: only who may write to the repository comments on a locked one."""

    locked: bool
