"""What people look at now: a score of likes and downloads of the last days.

Each day counts less than the one after it. A score is counted anew when something has happened,
and when a day has passed, until nothing of it is left; all other repositories are left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import isqrt

from freehold.server.db import trends
from freehold.server.db.database import Transaction
from freehold.server.db.trends import Counted
from freehold.server.hub import Hub, today

DAYS = 7

# A like takes an account. Of downloads the square root counts: most come from machines.
LIKE = 4

# Commits to these wait meanwhile.
AT_ONCE = 100


def count_trends(hub: Hub) -> int:
    """Brings the scores of all repositories to this moment, and gives the number of them."""
    counted = 0
    while True:
        day = today()
        with hub.db.read() as tx:
            due = trends.list_untrended_repos(tx, day, AT_ONCE)
        if due:
            with hub.db.write() as tx:
                _count(tx, due, day)
        counted += len(due)
        if len(due) < AT_ONCE:
            return counted


def _count(tx: Transaction, repo_ids: list[str], day: int) -> None:
    trends.lock_trends(tx, repo_ids)
    first = day - DAYS + 1
    likes = trends.count_likes(tx, repo_ids, first)
    downloads = trends.count_downloads(tx, repo_ids, first)
    trends.set_scores(tx, score_repos(repo_ids, likes, downloads, first), day)


def score_repos(
    repo_ids: Iterable[str], likes: Iterable[Counted], downloads: Iterable[Counted], first: int
) -> dict[str, int]:
    """The score of each repository, from what it got each day from the first one on."""
    scores: dict[str, int] = defaultdict(int)
    for repo_id, day, total in likes:
        scores[repo_id] += _weigh(day, first) * LIKE * total
    for repo_id, day, total in downloads:
        scores[repo_id] += _weigh(day, first) * isqrt(total)
    return {repo_id: scores[repo_id] for repo_id in repo_ids}


def _weigh(day: int, first: int) -> int:
    """One for the first day, and `DAYS` for today; and no more for a clock that is ahead."""
    return min(day - first + 1, DAYS)
