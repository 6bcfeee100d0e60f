"""How often repositories are downloaded: in all, by day, and in the days that count."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Library(NamedTuple):
    """What the files of a model are made for, as of a commit."""

    repo_id: str
    commit_oid: str
    library_name: str | None


def add_downloads(tx: Transaction, counts: dict[str, int], day: int) -> None:
    """Adds downloads of that day to repositories; those that are gone are passed over."""
    rows = [
        {"repo_id": repo_id, "day": day, "count": counts[repo_id]} for repo_id in sorted(counts)
    ]
    # The repositories before their rows, in the order in which a deletion takes them.
    tx.run_many(
        "UPDATE repo SET downloads = downloads + :count,"
        " downloads_all_time = downloads_all_time + :count, trend_day = 0 WHERE id = :repo_id",
        rows,
    )
    tx.run_many(
        "INSERT INTO repo_download (repo_id, day, count)"
        " SELECT id, CAST(:day AS BIGINT), CAST(:count AS BIGINT) FROM repo WHERE id = :repo_id"
        " ON CONFLICT (repo_id, day) DO UPDATE"
        " SET count = repo_download.count + excluded.count",
        rows,
    )


def list_repos_with_days(tx: Transaction, before: int, limit: int) -> list[str]:
    """The ids of repositories that were downloaded on days before that one, in their order."""
    rows = tx.all(
        "SELECT repo_id FROM repo_download WHERE day < :before ORDER BY day, repo_id LIMIT :limit",
        before=before,
        limit=limit,
    )
    return sorted({row.repo_id for row in rows})


def forget_days(tx: Transaction, repo_ids: list[str], before: int) -> None:
    """Forgets what was downloaded of these repositories, which are in order, before that day."""
    rows = [{"repo_id": repo_id, "before": before} for repo_id in repo_ids]
    # The repositories before their rows, as above.
    tx.run_many("UPDATE repo SET downloads = downloads WHERE id = :repo_id", rows)
    tx.run_many("DELETE FROM repo_download WHERE repo_id = :repo_id AND day < :before", rows)
    tx.run_many(
        "UPDATE repo SET downloads = COALESCE((SELECT SUM(count) FROM repo_download"
        " WHERE repo_id = :repo_id), 0) WHERE id = :repo_id",
        rows,
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
