"""The score of what people look at now: what it is made of, and who is looked at for it."""

from __future__ import annotations

import pytest

from freehold.server.core.trends import AT_ONCE, DAYS, LIKE, count_trends, score_repos
from freehold.server.db import downloads, likes, trends
from freehold.server.db.trends import Counted
from freehold.server.hub import DAY_MS, Hub, today
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub
from tests.repos import Repo, new_repo


@pytest.fixture(params=BACKENDS)
def own_hub(request: pytest.FixtureRequest, fresh_hub: NewHub) -> LiveHub:
    """A hub whose own jobs wait until the test is over."""
    return fresh_hub(request.param, jobs_seconds=100_000)


def id_of(repo: Repo) -> str:
    found: str = repo.get().json()["_id"]
    return found


def score(hub: Hub, repo_id: str) -> tuple[int, int | None]:
    with hub.db.read() as tx:
        row = tx.one("SELECT trending_score, trend_day FROM repo WHERE id = :id", id=repo_id)
    assert row is not None
    return row.trending_score, row.trend_day


def download(hub: Hub, repo_id: str, day: int, count: int) -> None:
    with hub.db.write() as tx:
        downloads.add_downloads(tx, {repo_id: count}, day)


def like(hub: LiveHub, repo_id: str, user: Account, day: int) -> None:
    me = hub.call("GET", "/api/whoami-v2", token=user.token).json()["id"]
    with hub.inside.db.write() as tx:
        assert likes.insert_like(tx, repo_id, me, day * DAY_MS + 1)
        likes.add_to_likes(tx, repo_id, 1)


def test_newer_days_count_more_and_likes_more_than_downloads() -> None:
    scores = score_repos(
        ["old", "new", "liked", "ahead", "none"],
        [Counted("liked", 106, 1)],
        [
            Counted("old", 100, 100),
            Counted("new", 106, 100),
            Counted("liked", 100, 4),
            Counted("ahead", 200, 1),
        ],
        first=100,
    )
    assert scores == {
        "old": 10,
        "new": 10 * DAYS,
        "liked": LIKE * DAYS + 2,
        "ahead": DAYS,
        "none": 0,
    }


def test_only_what_has_changed_is_counted_and_until_nothing_is_left(own_hub: LiveHub) -> None:
    hub, user = own_hub.inside, own_hub.user()
    loaded, liked, quiet = (id_of(new_repo(own_hub, user)) for _ in range(3))
    assert count_trends(hub) == 0, "a new repository has a score already"
    day = today()
    download(hub, loaded, day, 9)
    download(hub, loaded, day - DAYS, 900)
    like(own_hub, liked, user, day)
    assert count_trends(hub) == 2
    assert score(hub, loaded) == (3 * DAYS, day)
    assert score(hub, liked) == (LIKE * DAYS, day)
    assert score(hub, quiet) == (0, None)
    assert count_trends(hub) == 0
    # A day later both are due, and the one of which nothing is left is looked at no more.
    with hub.db.write() as tx:
        tx.run("UPDATE repo SET trend_day = trend_day - 1")
        tx.run("DELETE FROM repo_like")
    assert count_trends(hub) == 2
    assert score(hub, loaded) == (3 * DAYS, day)
    assert score(hub, liked) == (0, None)


def test_a_like_that_is_taken_back_counts_no_more(own_hub: LiveHub) -> None:
    user = own_hub.user()
    repo = new_repo(own_hub, user)
    for call, points in ((repo.post, LIKE * DAYS), (repo.delete, 0)):
        assert call("/like").status_code == 200
        assert count_trends(own_hub.inside) == 1
        listed = own_hub.call("GET", f"/api/models?author={user.name}").json()
        assert [item["trendingScore"] for item in listed] == [points]


def test_more_than_fit_into_one_transaction_are_all_counted(own_hub: LiveHub) -> None:
    hub = own_hub.inside
    repo_id = id_of(new_repo(own_hub, own_hub.user()))
    with hub.db.write() as tx:
        # Rows that differ from the first one only in what must be unique.
        tx.run_many(
            "INSERT INTO repo (id, type, owner_id, name, name_key, creator_id, private,"
            " created_at, updated_at, trend_day) SELECT :id, type, owner_id, :id, :id, creator_id,"
            " private, created_at, updated_at, 0 FROM repo WHERE id = :repo_id",
            [{"id": f"{n:024}", "repo_id": repo_id} for n in range(2 * AT_ONCE)],
        )
    assert count_trends(hub) == 2 * AT_ONCE
    with hub.db.read() as tx:
        assert trends.list_untrended_repos(tx, today() + 1, 1) == []
