"""The history of a repository: pages of commits, and what differs between two of them."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import NamedTuple

from freehold.errors import BadRequestError
from freehold.server.core.access import Context
from freehold.server.core.commit_authors import find_authors
from freehold.server.core.paging import Page
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db.repos import Repo
from freehold.server.git.differences import compare_trees, find_merge_base, format_patch
from freehold.server.git.history import list_commit_ids
from freehold.server.git.reader import CommitData
from freehold.wire.commits import (
    Commit,
    CommitAuthor,
    CommitsQuery,
    CompareQuery,
    Comparison,
    FileChange,
    FormattedMessage,
)
from freehold.wire.dates import iso_time

PAGE = 50
MAX_PAGE = 1000


def list_repo_commits(ctx: Context, repo: Repo, revision: str, query: CommitsQuery) -> Page:
    """Commits from the revision back, newest first, a page of them."""
    page = _list_commits(ctx, repo, revision, query)
    formatted = "formatted" in query.expand
    return replace(page, items=[_describe(commit, formatted) for commit in page.items])


def list_authored_commits(ctx: Context, repo: Repo, revision: str, query: CommitsQuery) -> Page:
    """The same page with the accounts of the authors (`AuthoredCommit`)."""
    page = _list_commits(ctx, repo, revision, query)
    return replace(page, items=find_authors(ctx, page.items))


def _list_commits(ctx: Context, repo: Repo, revision: str, query: CommitsQuery) -> Page:
    limit = PAGE if query.limit is None else query.limit
    if not 1 <= limit <= MAX_PAGE or query.p < 0:
        raise BadRequestError(f"A page has 1 to {MAX_PAGE} commits and a number from 0 on.")
    reader = reader_of(ctx, repo)
    ids = list_commit_ids(reader, resolve_revision(ctx, repo, revision).oid)
    start = query.p * limit
    items = [reader.commit(oid) for oid in ids[start : start + limit]]
    more = {"p": str(query.p + 1)} if start + limit < len(ids) else None
    return Page(items, next_query=more, total=len(ids))


def _describe(commit: CommitData, formatted: bool) -> Commit:
    answer = Commit(
        id=commit.oid,
        title=commit.title,
        message=commit.description,
        authors=[CommitAuthor(user=commit.author)],
        date=iso_time(commit.time * 1000),
    )
    if formatted:
        answer.formatted = FormattedMessage(
            title=escape(commit.title),
            message=f"<p>{escape(commit.description)}</p>" if commit.description else "",
        )
    return answer


class SpanNames(NamedTuple):
    """The two revisions of a span; `is_merge` when the changes since both parted are meant."""

    base: str
    head: str
    is_merge: bool


def split_span(span: str) -> SpanNames:
    """The revisions in `base..head` or `base...head`; raises `BadRequestError` without two."""
    dots = "..." if "..." in span else ".."
    base, _, head = span.partition(dots)
    if not base or not head:
        raise BadRequestError("Name two revisions: base..head")
    return SpanNames(base, head, dots == "...")


def compare(ctx: Context, repo: Repo, span: str, query: CompareQuery) -> Comparison | bytes:
    """What `head` has that `base` has not, for a span `base..head`; as a patch with `raw`.

    Three dots compare with the merge base, two with `base` itself, as `git diff` does.
    """
    names = split_span(span)
    reader = reader_of(ctx, repo)
    base = resolve_revision(ctx, repo, names.base)
    head = resolve_revision(ctx, repo, names.head)
    merge_base = find_merge_base(reader, base.oid, head.oid)
    start = reader.commit(merge_base).tree if names.is_merge and merge_base else base.tree
    if query.raw:
        return format_patch(reader, start, head.tree).encode()
    changes = []
    for change in compare_trees(reader, start, head.tree):
        file = FileChange(path=change.path, status=change.status)
        if change.old_path is not None:
            file.old_path = change.old_path
        changes.append(file)
    return Comparison(base=base.oid, head=head.oid, merge_base=merge_base, files=changes)
