"""How often repositories are downloaded: in all, by day, and in the days that count."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Library(NamedTuple):
    """What the files of a model are made for, as of a commit."""

    repo_id: str
    commit_oid: str
    library_name: str | None


def add_downloads(tx: Transaction, repo_id: str, day: int, count: int) -> bool:
    """Adds downloads of that day; false when there is no such repository any more."""
    # The repository before its rows, in the order in which a deletion takes them.
    found = tx.run(
        "UPDATE repo SET downloads = downloads + :count,"
        " downloads_all_time = downloads_all_time + :count, trend_day = 0 WHERE id = :repo_id",
        repo_id=repo_id,
        count=count,
    )
    if found:
        tx.run(
            "INSERT INTO repo_download (repo_id, day, count) VALUES (:repo_id, :day, :count)"
            " ON CONFLICT (repo_id, day) DO UPDATE"
            " SET count = repo_download.count + excluded.count",
            repo_id=repo_id,
            day=day,
            count=count,
        )
    return bool(found)


def list_repos_with_days(tx: Transaction, before: int, limit: int) -> list[str]:
    """The ids of repositories that were downloaded on days before that one, in their order."""
    rows = tx.all(
        "SELECT repo_id FROM repo_download WHERE day < :before ORDER BY day, repo_id LIMIT :limit",
        before=before,
        limit=limit,
    )
    return sorted({row.repo_id for row in rows})


def forget_days(tx: Transaction, repo_id: str, before: int) -> None:
    """Forgets what was downloaded of the repository before that day."""
    # The repository before its rows, as above.
    tx.run("UPDATE repo SET downloads = downloads WHERE id = :repo_id", repo_id=repo_id)
    tx.run(
        "DELETE FROM repo_download WHERE repo_id = :repo_id AND day < :before",
        repo_id=repo_id,
        before=before,
    )
    tx.run(
        "UPDATE repo SET downloads = COALESCE((SELECT SUM(count) FROM repo_download"
        " WHERE repo_id = :repo_id), 0) WHERE id = :repo_id",
        repo_id=repo_id,
    )


def list_libraries(tx: Transaction, repo_ids: list[str]) -> list[Library]:
    """The libraries of those of the repositories whose files are known."""
    rows = tx.all(
        "SELECT repo_id, commit_oid, library_name FROM repo_facts WHERE repo_id IN :repo_ids",
        repo_ids=repo_ids,
    )
    return [Library(*row) for row in rows]


def find_siblings(tx: Transaction, repo_id: str) -> str | None:
    """The paths of its files, as JSON; `None` where they are too many or not known."""
    row = tx.one("SELECT siblings FROM repo_facts WHERE repo_id = :repo_id", repo_id=repo_id)
    return None if row is None else row.siblings
