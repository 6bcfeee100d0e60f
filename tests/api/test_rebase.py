"""Commits on a parent that is no longer the head: those of other paths land, if they ask for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live import Account, LiveHub, fresh_name
from tests.repos import Operation, Repo, deleted, file, lfs_file, new_repo, sha256

WRITERS = 4
COMMITS = 10


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    paths = ("a.txt", "b.txt", "d/a.txt", "d/b.txt", "e/a.txt")
    return new_repo(hub, alice, *(file(path, path) for path in paths))


def rebased(repo: Repo, parent: str, *operations: Operation) -> int:
    """The status of a commit on that parent that may go on top of others."""
    return repo.send_commit(*operations, parentCommit=parent, rebase=True).status_code


def contents(repo: Repo) -> dict[str, str]:
    return {path: repo.resolve(path).text for path in repo.paths()}


DISJOINT = {
    "another file": (file("a.txt", "new"), file("b.txt", "mine")),
    "a new file": (file("a.txt", "new"), file("new.txt", "mine")),
    "a neighbour in the folder": (file("d/a.txt", "new"), file("d/b.txt", "mine")),
    "a deletion beside a change": (file("d/a.txt", "new"), deleted("deletedFile", "d/b.txt")),
    "a deleted folder": (file("d/a.txt", "new"), deleted("deletedFolder", "e")),
    "a deleted entry": (deleted("deletedFolder", "d"), deleted("deletedEntry", "e")),
    "a file in a new folder": (file("new/a.txt", "new"), file("new/b.txt", "mine")),
    "a rename": (file("a.txt", "new"), file("c.txt", "b.txt", oldPath="b.txt")),
}
OVERLAPPING = {
    "the same file": (file("a.txt", "new"), file("a.txt", "mine")),
    "the same new file": (file("new.txt", "new"), file("new.txt", "mine")),
    "a file deleted meanwhile": (deleted("deletedFile", "a.txt"), file("a.txt", "mine")),
    "a file with its folder deleted": (deleted("deletedFolder", "d"), file("d/a.txt", "mine")),
    "a deletion of what was changed": (file("a.txt", "new"), deleted("deletedFile", "a.txt")),
    "a folder with a change inside": (file("d/a.txt", "new"), deleted("deletedFolder", "d")),
    "a folder with a new file inside": (file("d/n.txt", "new"), deleted("deletedEntry", "d")),
    "a file that is a folder now": (file("new/a.txt", "new"), file("new", "mine")),
    "a folder that is a file now": (file("new", "new"), file("new/a.txt", "mine")),
    "a rename of what was changed": (file("a.txt", "new"), file("c.txt", "x", oldPath="a.txt")),
}


@pytest.mark.parametrize("name", DISJOINT)
def test_create_commit_with_rebase_lands_beside_changes_of_other_paths(
    repo: Repo, name: str
) -> None:
    theirs, mine = DISJOINT[name]
    parent = repo.head()
    repo.commit(theirs)
    middle = repo.head()
    assert repo.send_commit(mine, parentCommit=parent).status_code == 412
    assert rebased(repo, parent, mine) == 200
    there = contents(repo)
    twin = new_repo(repo.hub, repo.account, *(file(path, path) for path in repo.paths(parent)))
    twin.commit(theirs)
    twin.commit(mine)
    assert there == contents(twin)
    log = repo.get("/commits/main").json()
    assert [commit["id"] for commit in log][1:3] == [middle, parent]


@pytest.mark.parametrize("name", OVERLAPPING)
def test_create_commit_with_rebase_is_refused_where_a_path_has_changed(
    repo: Repo, name: str
) -> None:
    theirs, mine = OVERLAPPING[name]
    parent = repo.head()
    repo.commit(theirs)
    head, before = repo.head(), contents(repo)
    assert rebased(repo, parent, mine) == 412
    assert rebased(repo, parent, file("other.txt", "x"), mine) == 412
    assert (repo.head(), contents(repo)) == (head, before)


def test_a_path_that_changed_and_changed_back_is_as_it_was(repo: Repo) -> None:
    parent = repo.head()
    repo.commit(file("a.txt", "new"))
    repo.commit(file("a.txt", "a.txt"))
    assert rebased(repo, parent[:8], file("a.txt", "mine")) == 200
    assert repo.resolve("a.txt").text == "mine"


def test_the_parent_must_be_a_commit_of_the_repository(repo: Repo, alice: Account) -> None:
    other = new_repo(repo.hub, alice, file("z.txt", fresh_name("z"))).head()
    tree = repo.get("/tree/main/?recursive=0").json()[0]["oid"]
    for parent in (other, tree, "0" * 40, "abcd", "main", "not a commit", "é" * 40):
        assert rebased(repo, parent, file("new.txt", "x")) == 412, parent


def test_without_a_parent_or_on_the_head_rebase_changes_nothing(repo: Repo) -> None:
    assert repo.send_commit(file("a.txt", "1"), rebase=True).status_code == 200
    assert rebased(repo, repo.head(), file("a.txt", "2")) == 200
    assert repo.send_commit(file("a.txt", "3"), rebase="yes").status_code == 400
    assert repo.resolve("a.txt").text == "2"


def test_large_files_land_beside_each_other_with_their_attributes(repo: Repo) -> None:
    parent = repo.head()
    for path in ("one.weights", "two.weights"):
        data = fresh_name(path).encode()
        assert rebased(repo, parent, lfs_file(path, repo.upload(data))) == 200
        assert repo.resolve(path).content == data
    data = fresh_name("three").encode()
    assert rebased(repo, parent, lfs_file("one.weights", repo.upload(data))) == 412
    assert "one.weights" in (text := repo.raw(".gitattributes").text)
    assert "two.weights" in text
    assert repo.hub.call("GET", repo.page + "/resolve/main/one.weights").status_code == 200
    assert sha256(data) not in repo.raw("one.weights").text


def test_writers_with_a_stale_parent_all_land(repo: Repo) -> None:
    parent = repo.head()

    def write(writer: int) -> list[int]:
        return [
            rebased(repo, parent, file(f"{writer}/{number}.txt", f"{writer} {number}"))
            for number in range(COMMITS)
        ]

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = list(pool.map(write, range(WRITERS)))
    assert statuses == [[200] * COMMITS] * WRITERS
    wanted = {f"{writer}/{number}.txt" for writer in range(WRITERS) for number in range(COMMITS)}
    assert wanted < set(repo.paths())
    assert len(repo.get("/commits/main?limit=1000").json()) == 2 + WRITERS * COMMITS
    assert rebased(repo, parent, file("3/9.txt", "mine")) == 412


def test_of_writers_of_one_path_with_one_parent_exactly_one_lands(repo: Repo) -> None:
    parent = repo.head()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: rebased(repo, parent, file("a.txt", f"{n}")), range(8)))
    assert sorted(statuses) == [200, *[412] * 7]
