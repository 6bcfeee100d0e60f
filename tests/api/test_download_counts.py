"""Downloads: which are counted, once for whom, and that none is lost with a stop.

A hub writes what it has counted when it stops, so each test asks, stops, and looks.
"""

from __future__ import annotations

import pytest

from freehold.server.core.download_counts import WINDOW_DAYS, Recent, forget_old_downloads
from freehold.server.db import downloads
from freehold.server.hub import Hub, today
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.repos import Repo, file, new_repo

CONFIG = file("config.json", "{}")


@pytest.fixture(params=BACKENDS)
def own_hub(request: pytest.FixtureRequest, fresh_hub: NewHub) -> LiveHub:
    """A hub on each database that the test may stop."""
    return fresh_hub(request.param)


def counted(repo: Repo) -> tuple[int, int]:
    """The downloads of the last days and all of them, as the row has them."""
    with repo.hub.inside.db.read() as tx:
        row = tx.one(
            "SELECT repo.downloads, downloads_all_time FROM repo"
            " JOIN account ON account.id = repo.owner_id"
            " WHERE account.name = :owner AND repo.name = :name",
            owner=repo.full_name.partition("/")[0],
            name=repo.full_name.partition("/")[2],
        )
    assert row is not None
    return (int(row.downloads), int(row.downloads_all_time))


def fetch(
    repo: Repo, path: str, *, viewer: Account | None = None, status: int = 200, **more: object
) -> None:
    """One request for a file, by a stranger unless somebody is named."""
    method = str(more.pop("method", "GET"))
    headers = {str(key).replace("_", "-"): str(value) for key, value in more.items()}
    url = f"{repo.page}/resolve/main/{path}"
    answer = repo.hub.call(method, url, token=viewer and viewer.token, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_model_is_counted_by_its_query_files(own_hub: LiveHub) -> None:
    alice, bob = own_hub.user(), own_hub.user()
    plain = new_repo(own_hub, alice, CONFIG, file("model.safetensors", "x"), file("q.gguf", "x"))
    weights = new_repo(own_hub, alice, file("a.pt", "x"), file("b/c.pt", "x"), file("a.txt", "x"))
    adapter = new_repo(own_hub, alice, CONFIG, file("adapter_config.json", "{}"))
    empty = new_repo(own_hub, alice)
    for path in ("config.json", "model.safetensors", "README.md.txt", "q.gguf"):
        fetch(plain, path, status=404 if path.startswith("README") else 200)
    fetch(plain, "config.json", method="HEAD")
    fetch(plain, "config.json", viewer=bob)
    for path in ("a.pt", "b/c.pt", "a.txt"):
        fetch(weights, path)
    fetch(weights, "b/c.pt", viewer=bob, method="HEAD")
    fetch(adapter, "config.json")
    fetch(adapter, "adapter_config.json")
    fetch(empty, ".gitattributes")
    own_hub.stop()
    assert counted(plain) == (3, 3), "a file and a client each once"
    assert counted(weights) == (2, 2), "all weights together"
    assert counted(adapter) == (1, 1)
    assert counted(empty) == (0, 0)


def test_strangers_are_told_apart_by_what_a_proxy_says(own_hub: LiveHub) -> None:
    alice = own_hub.user()
    repo = new_repo(own_hub, alice, CONFIG)
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.1"):
        fetch(repo, "config.json", x_forwarded_for=address)
    # An account is the same one everywhere.
    for address in ("192.0.2.1", "192.0.2.3"):
        fetch(repo, "config.json", viewer=alice, x_forwarded_for=address)
    own_hub.stop()
    assert counted(repo) == (4, 4)


def test_anything_else_is_counted_by_all_of_its_files(own_hub: LiveHub) -> None:
    alice = own_hub.user()
    files = (file("a.txt", "x"), file("b.csv", "x"))
    types = ("dataset", "space", "kernel")
    repos = [new_repo(own_hub, alice, *files, type=type) for type in types]
    for repo in repos:
        for path in ("a.txt", "b.csv", "a.txt"):
            fetch(repo, path)
        fetch(repo, "b.csv", viewer=alice, method="HEAD")
    own_hub.stop()
    assert [counted(repo) for repo in repos] == [(2, 2)] * 3


def test_what_was_not_given_does_not_count(own_hub: LiveHub) -> None:
    alice, bob = own_hub.user(), own_hub.user()
    gated = new_repo(own_hub, alice, CONFIG)
    gated.put("/settings", {"gated": "manual"})
    private = new_repo(own_hub, alice, CONFIG, private=True)
    known = new_repo(own_hub, alice, CONFIG)
    fetch(gated, "config.json", status=401)
    fetch(gated, "config.json", viewer=bob, status=403)
    fetch(private, "config.json", viewer=bob, status=404)
    fetch(known, "config.json", status=304, if_none_match="*")
    fetch(known, "config.json", status=416, range="bytes=100-")
    assert known.raw("config.json").status_code == 200
    fetch(known, "no/config.json", status=404)
    own_hub.restart()
    assert [counted(repo) for repo in (gated, private, known)] == [(0, 0)] * 3
    fetch(private, "config.json", viewer=alice)
    fetch(gated, "config.json", viewer=alice, status=206, range="bytes=0-0")
    fetch(gated, "config.json", viewer=alice, status=206, range="bytes=1-1")
    own_hub.stop()
    assert [counted(repo) for repo in (gated, private)] == [(1, 1)] * 2


def test_download_files_counts_what_it_gives(own_hub: LiveHub) -> None:
    repo = new_repo(own_hub, own_hub.user(), CONFIG, file("a.gguf", "x"), file("b.gguf", ""))
    data = new_repo(own_hub, repo.account, file("a.txt", "x"), type="dataset")
    for one, paths in (
        (repo, ["config.json", "a.gguf", "b.gguf", "none.gguf", "README.md"]),
        (data, ["none.txt"]),
    ):
        assert one.post("/download/main", {"paths": paths}).status_code == 200
    fetch(repo, "a.gguf", viewer=repo.account)
    own_hub.stop()
    assert counted(repo) == (3, 3)
    assert counted(data) == (0, 0)


def test_what_is_counted_is_told_everywhere(own_hub: LiveHub) -> None:
    alice = own_hub.user()
    repo, other = new_repo(own_hub, alice, CONFIG), new_repo(own_hub, alice)
    fetch(repo, "config.json")
    own_hub.restart()
    with own_hub.inside.db.write() as tx:
        tx.run("UPDATE repo SET downloads_all_time = 7 WHERE downloads = 1")
    info = repo.get().json()
    assert info["downloads"] == 1
    assert "downloadsAllTime" not in info
    expanded = repo.get("?expand=downloads&expand=downloadsAllTime").json()
    assert (expanded["downloads"], expanded["downloadsAllTime"]) == (1, 7)
    listed = own_hub.call("GET", f"/api/models?author={alice.name}&sort=downloads").json()
    assert [(item["id"], item["downloads"]) for item in listed] == [
        (repo.full_name, 1),
        (other.full_name, 0),
    ]
    query = f"author={alice.name}&sort=downloads&expand=downloadsAllTime"
    listed = own_hub.call("GET", f"/api/models?{query}").json()
    assert [item["downloadsAllTime"] for item in listed] == [7, 0]


def test_a_moved_model_keeps_its_downloads_and_a_copy_begins_anew(own_hub: LiveHub) -> None:
    alice = own_hub.user()
    repo = new_repo(own_hub, alice, CONFIG)
    fetch(repo, "config.json")
    moved = f"{alice.name}/{fresh_name('moved')}"
    body = {"fromRepo": repo.full_name, "toRepo": moved, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
    fetch(repo, "config.json", viewer=alice, status=307)
    there = Repo(own_hub, alice, moved)
    copy = f"{alice.name}/{fresh_name('copy')}"
    assert there.post("/duplicate", {"repository": copy}).status_code == 200
    own_hub.stop()
    assert counted(there) == (1, 1)
    assert counted(Repo(own_hub, alice, copy)) == (0, 0)


def test_a_model_that_is_deleted_before_it_is_counted_harms_no_other(own_hub: LiveHub) -> None:
    alice = own_hub.user()
    doomed, repo = new_repo(own_hub, alice, CONFIG), new_repo(own_hub, alice, CONFIG)
    for one in (doomed, repo):
        fetch(one, "config.json")
    name = doomed.full_name.partition("/")[2]
    assert doomed.call("DELETE", "/api/repos/delete", json={"name": name}).status_code == 200
    own_hub.stop()
    assert counted(repo) == (1, 1)
    with own_hub.inside.db.read() as tx:
        rows = tx.all("SELECT repo_id FROM repo_download")
    assert len(rows) == 1
    assert "downloads could not be counted" not in own_hub.log()


@pytest.mark.parametrize("backend", BACKENDS)
def test_processes_add_up(fresh_hub: NewHub, backend: str) -> None:
    hub = fresh_hub(backend, workers=2)
    users = [hub.user() for _ in range(8)]
    repo = new_repo(hub, users[0], CONFIG)
    for user in users:
        # A connection of its own, which any of the processes may take.
        fetch(repo, "config.json", viewer=user, connection="close")
    hub.stop()
    assert counted(repo) == (8, 8)


def test_a_kill_loses_at_most_what_was_not_written(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    repo = new_repo(hub, hub.user(), CONFIG)
    fetch(repo, "config.json")
    hub.restart()
    fetch(repo, "config.json")
    hub.kill()
    assert counted(repo) in {(1, 1), (2, 2)}
    hub.start()
    before = counted(repo)[0]
    fetch(repo, "config.json", viewer=repo.account)
    hub.stop()
    assert counted(repo)[0] == before + 1


def test_no_address_is_kept(own_hub: LiveHub) -> None:
    repo = new_repo(own_hub, own_hub.user(), CONFIG)
    fetch(repo, "config.json")
    own_hub.stop()
    with own_hub.inside.db.read() as tx:
        [row] = tx.all("SELECT * FROM repo_download")
    assert row._fields == ("repo_id", "day", "count")
    assert (row.day, row.count) == (today(), 1) or row.day == today() - 1


# Days that are over


def add(hub: Hub, repo_id: str, day: int, count: int) -> None:
    with hub.db.write() as tx:
        downloads.add_downloads(tx, {repo_id: count}, day)


def test_days_that_are_over_leave_the_downloads_and_not_all_of_them(hub: LiveHub) -> None:
    alice = hub.user()
    repo, other = new_repo(hub, alice), new_repo(hub, alice)
    first = today() - WINDOW_DAYS + 1
    for one in (repo, other):
        repo_id = one.get().json()["_id"]
        add(hub.inside, repo_id, first - 1, 1)
        add(hub.inside, repo_id, first - 30, 2)
        add(hub.inside, repo_id, first, 4)
        add(hub.inside, repo_id, today(), 8)
        add(hub.inside, repo_id, today(), 16)
    assert counted(repo) == (31, 31)
    # The hub may do it as well at this moment.
    forget_old_downloads(hub.inside)
    assert counted(repo) == counted(other) == (28, 31)
    with hub.inside.db.read() as tx:
        assert tx.all("SELECT 1 FROM repo_download WHERE day < :first", first=first) == []
    assert forget_old_downloads(hub.inside) == 0


def test_what_came_within_five_minutes_is_remembered_and_no_more_than_there_is_room_for() -> None:
    recent = Recent(300, 3)
    assert [recent.add("a", now) for now in (0, 1, 299, 300, 301, 600)] == [
        *(True, False, False, True, False, True),
    ]
    assert [recent.add(key, 601) for key in "bcda"] == [True, True, True, True]
    assert [recent.add(key, 601) for key in "dca"] == [False, False, False]
