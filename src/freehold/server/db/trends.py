"""What people look at now: the likes and downloads of the last days, and the score made of them."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Counted(NamedTuple):
    """How many likes or downloads a repository got on a day (days since 1970)."""

    repo_id: str
    day: int
    total: int


def list_untrended_repos(tx: Transaction, today: int, limit: int) -> list[str]:
    """The ids of repositories whose score is not that of today, in their order."""
    rows = tx.all(
        "SELECT id FROM repo WHERE trend_day < :today ORDER BY trend_day LIMIT :limit",
        today=today,
        limit=limit,
    )
    return sorted(row.id for row in rows)


def lock_trends(tx: Transaction, repo_ids: list[str]) -> None:
    """Lets nobody add to these repositories, which are in order, until the transaction ends."""
    tx.run_many(
        "UPDATE repo SET trend_day = trend_day WHERE id = :repo_id",
        [{"repo_id": repo_id} for repo_id in repo_ids],
    )


def count_likes(tx: Transaction, repo_ids: list[str], first: int) -> list[Counted]:
    """The likes of these repositories by day, from that day on."""
    rows = tx.all(
        "SELECT repo_id, created_at / 86400000 AS day, COUNT(*) AS found FROM repo_like"
        " WHERE repo_id IN :repo_ids AND created_at >= :since"
        " GROUP BY repo_id, created_at / 86400000",
        repo_ids=repo_ids,
        since=first * 86_400_000,
    )
    return [Counted(*row) for row in rows]


def count_downloads(tx: Transaction, repo_ids: list[str], first: int) -> list[Counted]:
    """The downloads of these repositories by day, from that day on."""
    rows = tx.all(
        "SELECT repo_id, day, count FROM repo_download"
        " WHERE repo_id IN :repo_ids AND day >= :first",
        repo_ids=repo_ids,
        first=first,
    )
    return [Counted(*row) for row in rows]


def set_scores(tx: Transaction, scores: dict[str, int], today: int) -> None:
    """Stores the scores of repositories as those of today; that of 0 stays so by itself."""
    tx.run_many(
        "UPDATE repo SET trending_score = :score, trend_day = :day WHERE id = :repo_id",
        [
            {"repo_id": repo_id, "score": score, "day": today if score else None}
            for repo_id, score in scores.items()
        ],
    )
