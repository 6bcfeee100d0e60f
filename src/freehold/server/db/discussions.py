"""Discussions and pull requests, and how many there are of each kind."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE

COLUMNS = """id, repo_id, num, author_id, title, status, is_pull_request, pinned, locked, base,
    merge_commit, event_count, comment_count, text_size, created_at"""


class Discussion(NamedTuple):
    """A discussion; `base` is a full ref name, `text_size` bytes, `created_at` milliseconds."""

    id: str
    repo_id: str
    num: int
    author_id: str | None
    title: str
    status: str
    is_pull_request: bool
    pinned: bool
    locked: bool
    base: str | None
    merge_commit: str | None
    event_count: int
    comment_count: int
    text_size: int
    created_at: int

    @property
    def is_closed(self) -> bool:
        """Whether it is over: closed or merged."""
        return is_closed(self.status)

    @property
    def head(self) -> str:
        """The full name of the ref that holds the commits of a pull request."""
        return head_of(self.num)


class Wanted(NamedTuple):
    """Which discussions of a repository a list has; `None` stands for any."""

    is_pull_request: bool | None = None
    is_closed: bool | None = None
    author: str | None = None
    search: str | None = None


def head_of(num: int) -> str:
    """The full name of the ref that holds the commits of the pull request of that number."""
    return f"refs/pr/{num}"


def is_closed(status: str) -> bool:
    """Whether a discussion of that status is over."""
    return status in {"closed", "merged"}


def _make(row: Any) -> Discussion:
    found = Discussion(*row)
    return found._replace(
        is_pull_request=bool(found.is_pull_request),
        pinned=bool(found.pinned),
        locked=bool(found.locked),
    )


def take_number(tx: Transaction, repo_id: str) -> int | None:
    """The next number in the repository, which stays locked; `None` when it was deleted."""
    row = tx.one(
        "UPDATE repo SET last_discussion = last_discussion + 1 WHERE id = :repo_id"
        " RETURNING last_discussion",
        repo_id=repo_id,
    )
    return None if row is None else int(row.last_discussion)


def insert_discussion(tx: Transaction, new: Discussion) -> None:
    """Adds the discussion; its counters are those of `new`."""
    tx.run(
        f"INSERT INTO discussion ({COLUMNS}, is_closed, title_key) VALUES (:id, :repo_id, :num,"
        " :author_id, :title, :status, :is_pull_request, :pinned, :locked, :base, :merge_commit,"
        " :event_count, :comment_count, :text_size, :created_at, :is_closed,"
        " :title_key)",
        is_closed=new.is_closed,
        title_key=new.title.casefold(),
        **new._asdict(),
    )
    _count(tx, new, new.status, 1)


def find_discussion(tx: Transaction, repo_id: str, num: int) -> Discussion | None:
    """The discussion of that number."""
    row = tx.one(
        f"SELECT {COLUMNS} FROM discussion WHERE repo_id = :repo_id AND num = :num",
        repo_id=repo_id,
        num=num,
    )
    return None if row is None else _make(row)


def find_discussions(tx: Transaction, repo_id: str, nums: list[int]) -> dict[int, Discussion]:
    """Those of the numbered discussions that exist, by number."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM discussion WHERE repo_id = :repo_id AND num IN :nums",
        repo_id=repo_id,
        nums=nums,
    )
    return {row.num: _make(row) for row in rows}


def has_open_pull_request(tx: Transaction, repo_id: str, author_id: str) -> bool:
    """Whether the author has a pull request in the repository that is not over."""
    row = tx.one(
        "SELECT 1 FROM discussion WHERE repo_id = :repo_id AND author_id = :author_id"
        " AND is_pull_request = TRUE AND is_closed = FALSE LIMIT 1",
        repo_id=repo_id,
        author_id=author_id,
    )
    return row is not None


def list_discussions(
    tx: Transaction, repo_id: str, wanted: Wanted, limit: int, offset: int, total: int
) -> list[Discussion]:
    """A page of the discussions that are wanted, of which there are `total`, newest first."""
    # What is passed over costs time, so a page in the second half is counted from the end.
    behind = max(total - offset - limit, 0)
    order, skipped = ("DESC", offset) if offset <= behind else ("ASC", behind)
    condition = _condition(wanted)
    # The page is found in an index alone; only its own rows are read.
    rows = tx.all(
        f"SELECT {COLUMNS} FROM discussion WHERE repo_id = :repo_id AND num IN"
        f" (SELECT num FROM discussion WHERE {condition}"
        f" ORDER BY num {order} LIMIT :limit OFFSET :skipped) ORDER BY num DESC",
        repo_id=repo_id,
        limit=max(min(limit, total - offset), 0),
        skipped=skipped,
        **_values(wanted),
    )
    return [_make(row) for row in rows]


def list_pinned(tx: Transaction, repo_id: str, wanted: Wanted, limit: int) -> list[Discussion]:
    """The pinned ones of the discussions that are wanted, newest first."""
    condition = _condition(wanted)
    rows = tx.all(
        f"SELECT {COLUMNS} FROM discussion WHERE {condition} AND pinned = TRUE"
        " ORDER BY num DESC LIMIT :limit",
        repo_id=repo_id,
        limit=limit,
        **_values(wanted),
    )
    return [_make(row) for row in rows]


def count_discussions(tx: Transaction, repo_id: str, wanted: Wanted) -> int:
    """How many discussions are wanted."""
    if wanted.author is None and wanted.search is None:
        return _sum_counts(tx, repo_id, wanted)
    condition = _condition(wanted)
    row = tx.one(
        f"SELECT COUNT(*) AS total FROM discussion WHERE {condition}",
        repo_id=repo_id,
        **_values(wanted),
    )
    return 0 if row is None else int(row.total)


def count_visible_discussions(
    tx: Transaction, author_id: str, viewer_id: str | None, sees_all: bool
) -> int:
    """How many the author has opened in repositories that the viewer may see."""
    row = tx.one(
        "SELECT COUNT(*) AS total FROM discussion JOIN repo ON repo.id = discussion.repo_id"
        f" WHERE discussion.author_id = :author_id AND {VISIBLE}",
        author_id=author_id,
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return 0 if row is None else int(row.total)


def _sum_counts(tx: Transaction, repo_id: str, wanted: Wanted) -> int:
    rows = tx.all(
        "SELECT is_pull_request, status, total FROM discussion_count WHERE repo_id = :repo_id",
        repo_id=repo_id,
    )
    return sum(
        row.total
        for row in rows
        if wanted.is_pull_request in (None, bool(row.is_pull_request))
        if wanted.is_closed in (None, is_closed(row.status))
    )


def _condition(wanted: Wanted) -> str:
    parts = ["repo_id = :repo_id"]
    if wanted.is_pull_request is not None:
        parts.append("is_pull_request = :is_pull_request")
    if wanted.is_closed is not None:
        parts.append("is_closed = :is_closed")
    if wanted.author is not None:
        parts.append("author_id = (SELECT id FROM account WHERE name_key = :author)")
    if wanted.search is not None:
        parts.append("title_key LIKE :search ESCAPE '\\'")
    return " AND ".join(parts)


def _values(wanted: Wanted) -> dict[str, Any]:
    given = {name: value for name, value in wanted._asdict().items() if value is not None}
    if wanted.author is not None:
        given["author"] = wanted.author.lower()
    if wanted.search is not None:
        text = wanted.search.casefold()
        for mark in "\\%_":
            text = text.replace(mark, f"\\{mark}")
        given["search"] = f"%{text}%"
    return given


def set_title(tx: Transaction, discussion: Discussion, title: str) -> None:
    """Gives the discussion another title."""
    tx.run(
        "UPDATE discussion SET title = :title, title_key = :key WHERE id = :id",
        id=discussion.id,
        title=title,
        key=title.casefold(),
    )


def set_status(
    tx: Transaction, discussion: Discussion, status: str, merge_commit: str | None = None
) -> None:
    """Gives the discussion another status, and a merged one the commit that did it."""
    tx.run(
        "UPDATE discussion SET status = :status, is_closed = :is_closed,"
        " merge_commit = :merge_commit WHERE id = :id",
        id=discussion.id,
        status=status,
        is_closed=is_closed(status),
        merge_commit=merge_commit,
    )
    _count(tx, discussion, discussion.status, -1)
    _count(tx, discussion, status, 1)


def set_pinned(tx: Transaction, discussion: Discussion, pinned: bool) -> None:
    """Pins the discussion, or ends that."""
    tx.run("UPDATE discussion SET pinned = :pinned WHERE id = :id", id=discussion.id, pinned=pinned)


def set_locked(tx: Transaction, discussion: Discussion, locked: bool) -> None:
    """Locks the discussion, or ends that."""
    tx.run("UPDATE discussion SET locked = :locked WHERE id = :id", id=discussion.id, locked=locked)


def delete_discussion(tx: Transaction, discussion: Discussion) -> None:
    """Removes the discussion with everything in it; its number is not given again."""
    tx.run("DELETE FROM discussion WHERE id = :id", id=discussion.id)
    _count(tx, discussion, discussion.status, -1)


def _count(tx: Transaction, discussion: Discussion, status: str, change: int) -> None:
    tx.run(
        "INSERT INTO discussion_count (repo_id, is_pull_request, status, total)"
        " VALUES (:repo_id, :is_pull_request, :status, :change)"
        " ON CONFLICT (repo_id, is_pull_request, status)"
        " DO UPDATE SET total = discussion_count.total + excluded.total",
        repo_id=discussion.repo_id,
        is_pull_request=discussion.is_pull_request,
        status=status,
        change=change,
    )
