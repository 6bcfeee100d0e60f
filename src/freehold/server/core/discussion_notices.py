"""What webhooks are told of discussions, in the transaction in which it happens."""

from __future__ import annotations

from typing import Any

from freehold.server.core.access import Context
from freehold.server.db.database import Transaction
from freehold.server.db.discussion_events import Event
from freehold.server.db.discussions import Discussion
from freehold.server.db.events import record_event
from freehold.server.db.repos import Repo
from freehold.server.hub import now_ms
from freehold.wire.community_routes import GET_DISCUSSION


def discussion_url(ctx: Context, repo: Repo, num: int) -> str:
    """The web address of a discussion."""
    return f"{ctx.repo_url(repo.type, repo.full_name)}/discussions/{num}"


def tell_discussion(
    tx: Transaction, ctx: Context, repo: Repo, discussion: Discussion, action: str
) -> None:
    """A discussion as it is now was created, updated or deleted."""
    detail = {"discussion": _describe(ctx, repo, discussion)}
    record_event(tx, repo.id, action, "discussion", detail, now_ms())


def tell_comment(
    tx: Transaction,
    ctx: Context,
    repo: Repo,
    discussion: Discussion,
    event: Event,
    action: str,
    content: str | None,
) -> None:
    """A comment was created or updated; a hidden one has no content."""
    comment: dict[str, Any] = {
        "id": event.id,
        "author": {"id": event.author_id},
        "hidden": content is None,
        "url": {"web": f"{discussion_url(ctx, repo, discussion.num)}#{event.id}"},
    }
    if content is not None:
        comment["content"] = content
    detail = {"discussion": _describe(ctx, repo, discussion), "comment": comment}
    record_event(tx, repo.id, action, "discussion.comment", detail, now_ms())


def _describe(ctx: Context, repo: Repo, discussion: Discussion) -> dict[str, Any]:
    pieces = {"type": repo.type, "repo": repo.full_name, "num": str(discussion.num)}
    api = f"{ctx.origin}{GET_DISCUSSION.url_path(**pieces)}"
    described: dict[str, Any] = {
        "id": discussion.id,
        "title": discussion.title,
        "url": {"web": discussion_url(ctx, repo, discussion.num), "api": api},
        "status": discussion.status,
        "author": {"id": discussion.author_id},
        "num": discussion.num,
        "isPullRequest": discussion.is_pull_request,
        "pinned": discussion.pinned,
    }
    if discussion.base is not None:
        described["changes"] = {"base": discussion.base}
        if discussion.merge_commit is not None:
            described["changes"]["mergeCommitId"] = discussion.merge_commit
    return described
