"""Many clients at once: nothing is lost, and what only one may have is given to one."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import TypeVar

import httpx2
import pytest

from tests.commits import (
    Remote,
    create_remote,
    deletion,
    file,
    header,
    lfs_file,
    sha256,
    to_lines,
)
from tests.live import Account, LiveHub, fresh_name

WRITERS = 8
COMMITS = 25

T = TypeVar("T")


@pytest.fixture
def remote(hub: LiveHub, alice: Account) -> Remote:
    return create_remote(hub, alice)


def together(*actions: Callable[[], T]) -> list[T]:
    """Run the actions at the same moment and return what they give."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], T]) -> T:
        barrier.wait(30)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def statuses(answers: Iterable[httpx2.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_eight_writers_on_one_branch_lose_no_commit(remote: Remote) -> None:
    def write(writer: int) -> list[str]:
        return [
            remote.commit(file(f"{writer}/{n}.txt", b"%d %d" % (writer, n)), summary=f"{writer}")
            for n in range(COMMITS)
        ]

    first = remote.head()
    made = together(*(lambda writer=writer: write(writer) for writer in range(WRITERS)))
    log = remote.call("GET", "/commits/main?limit=1000").json()
    ids = [commit["id"] for commit in log]
    assert len(ids) == WRITERS * COMMITS + 1
    assert ids[-1] == first
    assert set(ids[:-1]) == {oid for oids in made for oid in oids}
    for oids in made:
        assert sorted(oids, key=ids.index, reverse=True) == oids, "each writer's order is kept"
    assert_linear(remote, ids)
    wanted = {f"{writer}/{n}.txt" for writer in range(WRITERS) for n in range(COMMITS)}
    assert remote.tree().keys() == wanted | {".gitattributes"}
    assert remote.read("7/24.txt") == b"7 24"


def assert_linear(remote: Remote, ids: list[str]) -> None:
    """Check that every commit has exactly the next one of the list as its parent."""
    repo_id = remote.call("GET", "").json()["_id"]
    reader = remote.hub.inside.git.reader(repo_id, 10**9)
    parents = [reader.commit(oid).parents for oid in ids]
    assert parents == [(oid,) for oid in ids[1:]] + [()]


def test_writers_that_delete_and_replace_the_same_file_see_whole_commits(remote: Remote) -> None:
    def replace(writer: int) -> None:
        for n in range(10):
            remote.commit(file("shared/a", b"%d-%d" % (writer, n)), file("shared/b", b"%d" % n))

    def delete() -> Counter[int]:
        body = to_lines([header(), deletion("deletedFolder", "shared")])
        return statuses(remote.send_commit(body) for _ in range(10))

    remote.commit(file("shared/a", b""), file("shared/b", b""))
    answers = together(delete, lambda: replace(1), lambda: replace(2))
    assert answers[0] is not None and answers[0].keys() <= {200, 404}
    for commit in remote.call("GET", "/commits/main?limit=1000").json():
        assert len([path for path in remote.tree(commit["id"]) if "shared" in path]) in (0, 2)


def test_of_two_commits_on_the_same_parent_exactly_one_lands(remote: Remote) -> None:
    for number in range(10):
        parent = remote.head()
        bodies = [
            to_lines([header(parentCommit=parent), file(f"{number}-{n}.txt", b"%d" % n)])
            for n in range(2)
        ]
        answers = together(*(lambda body=body: remote.send_commit(body) for body in bodies))
        assert statuses(answers) == {200: 1, 412: 1}
        assert [n for n in range(2) if f"{number}-{n}.txt" in remote.tree()] == [
            n for n in range(2) if answers[n].status_code == 200
        ]


def test_of_many_creations_of_one_name_exactly_one_makes_it(hub: LiveHub, alice: Account) -> None:
    for _ in range(5):
        name = fresh_name("Repo")

        def create(number: int, name: str = name) -> httpx2.Response:
            wanted = name if number % 2 else name.lower()
            body = {"name": wanted}
            return hub.call("POST", "/api/repos/create", token=alice.token, json=body)

        answers = together(*(lambda n=n: create(n) for n in range(6)))
        assert statuses(answers) == {200: 1, 409: 5}
        remote = Remote(hub, alice, f"{alice.name}/{name}")
        remote.commit(file("x", b"x"))
        assert len(remote.call("GET", "/commits/main").json()) == 2


def test_of_many_creations_of_one_branch_exactly_one_makes_it(remote: Remote) -> None:
    for number in range(5):
        answers = together(
            *(
                lambda number=number: remote.call("POST", f"/branch/dev-{number}", json={})
                for _ in range(6)
            )
        )
        assert statuses(answers) == {200: 1, 409: 5}
    assert len(remote.refs()["branches"]) == 6


def test_branches_that_git_cannot_hold_side_by_side_are_not_both_made(remote: Remote) -> None:
    for number in range(10):
        names = (f"a{number}", f"a{number}%2Fb")
        answers = together(
            *(lambda name=name: remote.call("POST", f"/branch/{name}", json={}) for name in names)
        )
        assert statuses(answers) == {200: 1, 409: 1}


def test_many_branches_can_be_made_while_others_commit(remote: Remote) -> None:
    def branch(number: int) -> None:
        remote.call("POST", f"/branch/b{number}", json={}).raise_for_status()
        remote.commit(file(f"{number}", b"x"), revision=f"b{number}")

    def commit() -> None:
        for n in range(10):
            remote.commit(file(f"main-{n}", b"x"))

    together(commit, *(lambda n=n: branch(n) for n in range(7)))
    assert {ref["name"] for ref in remote.refs()["branches"]} == {"main"} | {
        f"b{n}" for n in range(7)
    }
    for number in range(7):
        assert str(number) in remote.tree(f"b{number}")


def test_many_uploads_of_one_object_make_one_whole_object(remote: Remote) -> None:
    data = secrets.token_bytes(3_000_000)
    offers = [remote.batch((sha256(data), len(data)))["objects"][0] for _ in range(6)]
    urls = [offer["actions"]["upload"]["href"] for offer in offers]

    def put(url: str) -> httpx2.Response:
        return remote.hub.call("PUT", url, content=data)

    assert statuses(together(*(lambda url=url: put(url) for url in urls))) == {200: 6}
    remote.commit(lfs_file("x.bin", data))
    assert remote.read("x.bin") == data
    assert list_staging(remote) == []


def list_staging(remote: Remote) -> list[str]:
    """What is left of unfinished uploads, those of other tests on the same hub aside."""
    folder = remote.hub.data / "objects" / "staging"
    return [path.name for path in folder.iterdir() if path.stat().st_size == 3_000_000]


def test_an_object_sent_to_two_repositories_at_once_belongs_to_both(hub: LiveHub) -> None:
    data = secrets.token_bytes(500_000)
    remotes = [create_remote(hub, hub.user()) for _ in range(4)]

    def push(remote: Remote) -> None:
        remote.upload(data)
        remote.commit(lfs_file("x.bin", data))

    together(*(lambda remote=remote: push(remote) for remote in remotes))
    for remote in remotes:
        assert remote.read("x.bin") == data


def test_commits_during_a_move_all_land_in_the_moved_repository(remote: Remote) -> None:
    names = [remote.name, *(f"{remote.owner.name}/{fresh_name('moved')}" for _ in range(4))]

    def move() -> None:
        for old, new in pairwise(names):
            body = {"fromRepo": old, "toRepo": new, "type": "model"}
            path = "/api/repos/move"
            remote.hub.call("POST", path, token=remote.owner.token, json=body).raise_for_status()

    def commit(writer: int) -> None:
        for n in range(COMMITS):
            follow(remote, to_lines([header(), file(f"{writer}-{n}", b"x")]))

    together(move, lambda: commit(1), lambda: commit(2))
    moved = Remote(remote.hub, remote.owner, names[-1])
    assert moved.tree().keys() >= {f"{w}-{n}" for w in (1, 2) for n in range(COMMITS)}
    assert remote.call("GET", "").status_code == 307


def follow(remote: Remote, body: bytes) -> None:
    """Send a commit to the first name of the repository, wherever that leads."""
    path = f"/api/models/{remote.name}/commit/main"
    for _ in range(5):
        headers = {"content-type": "application/x-ndjson"}
        answer = remote.hub.call(
            "POST", path, token=remote.owner.token, content=body, headers=headers
        )
        if answer.status_code != 307:
            break
        path = answer.headers["location"]
    assert answer.status_code == 200, answer.text


def test_of_two_moves_to_one_name_exactly_one_is_done(hub: LiveHub, alice: Account) -> None:
    for _ in range(5):
        target = f"{alice.name}/{fresh_name('target')}"
        sources = [create_remote(hub, alice) for _ in range(2)]

        def move(source: Remote, target: str = target) -> httpx2.Response:
            body = {"fromRepo": source.name, "toRepo": target}
            return hub.call("POST", "/api/repos/move", token=alice.token, json=body)

        answers = together(*(lambda source=source: move(source) for source in sources))
        assert statuses(answers) == {200: 1, 409: 1}
        assert hub.call("GET", f"/api/models/{target}").status_code == 200


def test_a_deletion_during_commits_ends_them_with_not_found(hub: LiveHub, alice: Account) -> None:
    """A commit may land before the deletion, or miss its objects or its repository after it."""
    for _ in range(3):
        remote = create_remote(hub, alice)
        data = secrets.token_bytes(1000)
        remote.upload(data)

        def commit(writer: int, remote: Remote = remote, data: bytes = data) -> Counter[int]:
            found: Counter[int] = Counter()
            for n in range(COMMITS):
                body = to_lines([header(), lfs_file(f"{writer}-{n}.bin", data)])
                found[remote.send_commit(body).status_code] += 1
            return found

        def delete(remote: Remote = remote) -> Counter[int]:
            body = {"name": remote.name.partition("/")[2]}
            answer = hub.call("DELETE", "/api/repos/delete", token=alice.token, json=body)
            return Counter({answer.status_code: 1})

        *commits, deleted = together(
            lambda: commit(1), lambda: commit(2), lambda: commit(3), delete
        )
        assert deleted == {200: 1}
        assert all(found.keys() <= {200, 400, 404} for found in commits), commits
        assert remote.call("GET", "").status_code == 404
