"""Facts that are not those of the head: whoever moved it, they are found without looking at all."""

from __future__ import annotations

import pytest

from freehold.server.core import jobs
from freehold.server.core.facts import VERSION, renew_facts
from freehold.server.db import repo_facts
from freehold.server.git.store import RefChange
from freehold.server.hub import Hub, now_ms
from tests.conftest import BACKENDS, NewHub
from tests.live import LiveHub
from tests.repos import Repo, file, new_repo

MAIN = "refs/heads/main"
CARD = "---\nlicense: {}\n---\n"


@pytest.fixture(params=BACKENDS)
def repo(request: pytest.FixtureRequest, fresh_hub: NewHub) -> Repo:
    """A repository of a hub whose own jobs wait until the test is over."""
    hub = fresh_hub(request.param, jobs_seconds=100_000)
    return new_repo(hub, hub.user(), file("README.md", CARD.format("mit")))


def id_of(repo: Repo) -> str:
    found: str = repo.get().json()["_id"]
    return found


def stale(hub: Hub) -> list[str]:
    with hub.db.read() as tx:
        return repo_facts.list_stale_repos(tx, VERSION, 10)


def found_by(hub: LiveHub, license: str) -> int:
    return len(hub.call("GET", f"/api/models?filter=license:{license}").json())


def test_calls_leave_nothing_to_be_found(repo: Repo) -> None:
    hub = repo.hub.inside
    assert repo.post("/super-squash/main").status_code == 200
    copy = {"repository": f"{repo.account.name}/copy"}
    assert repo.post("/duplicate", copy).status_code == 200
    assert stale(hub) == []
    assert found_by(repo.hub, "mit") == 2


def test_a_head_that_moved_without_facts_is_looked_at(repo: Repo) -> None:
    hub = repo.hub.inside
    assert repo.post("/branch/other").status_code == 200
    other = repo.commit(file("README.md", CARD.format("gpl")), revision="other")
    hub.git.publish(id_of(repo), [RefChange(MAIN, repo.head(), other)], [], now_ms())
    assert stale(hub) == [id_of(repo)]
    assert found_by(repo.hub, "gpl") == 0
    assert jobs.renew_stale_facts(hub) == 1
    assert stale(hub) == []
    assert (found_by(repo.hub, "gpl"), found_by(repo.hub, "mit")) == (1, 0)


def test_a_head_that_is_gone_says_nothing(repo: Repo) -> None:
    hub = repo.hub.inside
    repo_id = id_of(repo)
    hub.git.publish(repo_id, [RefChange(MAIN, repo.head(), None)], [], now_ms())
    with hub.db.write() as tx:
        tx.run("UPDATE repo_facts SET version = 0")
    assert jobs.renew_stale_facts(hub) == 0
    assert stale(hub) == []
    assert found_by(repo.hub, "mit") == 0
    assert not renew_facts(hub, repo_id)


def test_what_cannot_be_read_is_tried_after_all_others(repo: Repo) -> None:
    hub = repo.hub.inside
    broken, repo_id = new_repo(repo.hub, repo.account), id_of(repo)
    with hub.db.write() as tx:
        tx.run("UPDATE repo_facts SET version = 0")
        tx.run("UPDATE git_ref SET oid = :oid WHERE repo_id = :id", oid="1" * 40, id=id_of(broken))
    [broken_id] = set(stale(hub)) - {repo_id}
    assert jobs.renew_stale_facts(hub) == 1
    assert stale(hub) == [broken_id]
    with hub.db.write() as tx:
        tx.run("UPDATE repo_facts SET version = 0 WHERE repo_id = :id", id=repo_id)
    assert stale(hub) == [repo_id, broken_id]
