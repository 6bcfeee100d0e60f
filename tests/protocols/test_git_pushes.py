"""Pushes by the real git and git-lfs: what may move, what is refused, and that nothing is lost."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from freehold.formats.pkt_line import FLUSH
from tests.clones import Clone, GitFailedError, clone, list_remote, new_folder
from tests.live import Account, LiveHub
from tests.raw_pushes import state_of
from tests.repos import Repo, file, new_repo, pointer, sha256

MIB = 1024 * 1024


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    """A repository with one file."""
    return new_repo(hub, alice, file("a.txt", "one"))


@pytest.fixture
def work(repo: Repo, tmp_path: Path) -> Clone:
    """A clone of it."""
    return clone(repo, tmp_path / "work")


# What moves


def test_receive_pack_takes_commits_that_the_api_then_shows(repo: Repo, work: Clone) -> None:
    oid = work.write({"d/new.txt": "new", "a.txt": "two"}, "Two files\n\nAnd why")
    work.git("push", "-q")
    assert repo.head() == oid
    assert repo.resolve("d/new.txt").text == "new"
    [newest, *_] = repo.get("/commits/main").json()
    assert (newest["id"], newest["title"], newest["message"]) == (oid, "Two files", "And why")
    assert [author["user"] for author in newest["authors"]] == ["Ada"]
    # And back: a commit of the API is on top of it, as git sees it.
    above = repo.commit(file("a.txt", "three"))
    work.git("pull", "-q")
    assert (work.head(), work.head("HEAD~1")) == (above, oid)


def test_branches_tags_and_deletions_in_one_push(hub: LiveHub, repo: Repo, work: Clone) -> None:
    work.write({"b.txt": "b"})
    work.git("tag", "light")
    work.git("tag", "-a", "annotated", "-m", "A message")
    work.git("push", "-q", "origin", "HEAD:refs/heads/dev", "light", "annotated")
    refs = list_remote(hub, repo)
    assert refs["refs/heads/dev"] == refs["refs/tags/light"] == work.head()
    assert refs["refs/tags/annotated"] == work.head("annotated")
    assert refs["refs/tags/annotated^{}"] == work.head()
    work.git("push", "-q", "origin", ":dev", ":light", "annotated:refs/tags/copy")
    assert set(list_remote(hub, repo)) == {
        "HEAD",
        "refs/heads/main",
        "refs/tags/annotated",
        "refs/tags/annotated^{}",
        "refs/tags/copy",
        "refs/tags/copy^{}",
    }


def test_a_history_is_replaced_by_force_only(repo: Repo, work: Clone) -> None:
    work.git("commit", "-q", "--amend", "-m", "another")
    assert "non-fast-forward" in work.refuse("push")
    work.git("push", "-q", "--force-with-lease")
    assert repo.head() == work.head()


def test_a_branch_of_what_is_there_needs_no_objects(repo: Repo, work: Clone) -> None:
    before = state_of(repo)[1]
    work.git("push", "-q", "origin", "main:refs/heads/copy")
    assert repo.head("copy") == repo.head()
    assert state_of(repo)[1] == before


def test_a_first_push_from_a_folder_with_a_history_of_its_own(repo: Repo, tmp_path: Path) -> None:
    made = new_folder(tmp_path / "own", repo)
    made.write({"own.txt": "x"})
    assert "fetch first" in made.refuse("push", "origin", "main")
    made.git("push", "-q", "--force", "origin", "main")
    assert repo.paths() == ["own.txt"]


def test_a_shallow_clone_pushes(repo: Repo, tmp_path: Path) -> None:
    repo.commit(file("a.txt", "two"))
    made = new_folder(tmp_path / "c", repo)
    made.git("fetch", "-q", "--depth=1", "origin", "main")
    made.git("checkout", "-q", "-b", "main", "--track", "origin/main")
    oid = made.write({"b.txt": "b"})
    made.git("push", "-q")
    assert repo.head() == oid


# What is refused, ref by ref


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("refs/convert/parquet", "not for pushes"),
        ("refs/hidden", "not for pushes"),
        ("refs/notes/commits", "not for pushes"),
        ("refs/heads/refs/heads/x", "does not begin with refs/"),
        ("refs/heads/main/below", "in the way"),
        ("refs/tags/" + "a" * 40, "not a commit id"),
    ],
)
def test_a_ref_that_nobody_may_move_is_refused_alone(
    repo: Repo, work: Clone, target: str, reason: str
) -> None:
    work.write({"b.txt": "b"})
    said = work.refuse("push", "origin", f"HEAD:{target}", "HEAD:refs/heads/fine")
    assert reason in said
    assert "[new branch]" in said
    assert repo.head("fine") == work.head()


def test_main_is_not_deleted(repo: Repo, work: Clone) -> None:
    assert "main cannot be deleted" in work.refuse("push", "origin", ":main")
    assert repo.head() == work.head()


def test_an_atomic_push_changes_all_refs_or_none(hub: LiveHub, repo: Repo, work: Clone) -> None:
    before = list_remote(hub, repo)
    work.write({"b.txt": "b"})
    work.git("tag", "v1")
    refused = ("HEAD:refs/heads/main", "v1", "HEAD:refs/hidden")
    said = work.refuse("push", "--atomic", "origin", *refused)
    assert said.count("atomic push failed") >= 1
    assert list_remote(hub, repo) == before
    work.git("push", "-q", "--atomic", "origin", "main", "v1")
    assert list_remote(hub, repo)["refs/tags/v1"] == work.head()


def test_refs_that_git_cannot_keep_together_are_refused(
    hub: LiveHub, repo: Repo, work: Clone
) -> None:
    work.git("push", "-q", "origin", "HEAD:refs/heads/a")
    assert "in the way" in work.refuse("push", "origin", "HEAD:refs/heads/a/b")
    said = work.refuse("push", "origin", "HEAD:refs/heads/c", "HEAD:refs/heads/c/d")
    assert "in the way" in said
    # One makes room for the other in the same push.
    work.git("push", "-q", "origin", ":refs/heads/a", "HEAD:refs/heads/a/b")
    assert "refs/heads/a/b" in list_remote(hub, repo)


# What is refused, by what it holds


def refuse_push(work: Clone, repo: Repo) -> str:
    """What git says to a push that changes nothing, neither refs nor storage."""
    before = state_of(repo)
    said = work.refuse("push", "origin", "HEAD:main")
    assert state_of(repo) == before
    return said


def test_a_large_file_outside_lfs_is_refused_with_the_way_out(repo: Repo, work: Clone) -> None:
    work.write({"big/file.txt": os.urandom(10 * MIB + 1), "small.txt": "x"})
    work.write({"big/file.txt": "small again"})
    said = refuse_push(work, repo)
    assert "big/file.txt (10485761 bytes)" in said
    assert "git lfs migrate import" in said
    assert "small.txt" not in said


def test_a_file_at_the_limit_is_taken(repo: Repo, work: Clone) -> None:
    data = os.urandom(10 * MIB)
    work.write({"big.txt": data})
    work.git("push", "-q")
    assert repo.resolve("big.txt").content == data


def test_a_pointer_without_its_file_is_refused(repo: Repo, work: Clone) -> None:
    data = os.urandom(1000)
    work.write({"d/w.txt": pointer(data)})
    said = refuse_push(work, repo)
    assert f"d/w.txt (sha256 {sha256(data)})" in said
    assert "git lfs push --all" in said
    repo.upload(data)
    work.git("push", "-q")
    assert repo.resolve("d/w.txt").content == data


def test_a_pointer_with_a_wrong_size_is_refused(repo: Repo, work: Clone) -> None:
    data = os.urandom(1000)
    repo.upload(data)
    work.write({"w.txt": pointer(data).replace(b"size 1000", b"size 1001")})
    assert "w.txt" in refuse_push(work, repo)


def test_a_pointer_to_what_only_others_can_read_is_refused(
    hub: LiveHub, repo: Repo, bob: Account, work: Clone
) -> None:
    data = os.urandom(1000)
    secret = new_repo(hub, bob, private=True)
    secret.commit_lfs("w.bin", data)
    work.write({"w.txt": pointer(data)})
    assert sha256(data) in refuse_push(work, repo)
    secret.put("/settings", {"private": False})
    work.git("push", "-q")
    assert repo.resolve("w.txt").content == data


@pytest.mark.parametrize(
    "name",
    ["con\ttrol.txt", "back\\slash.txt", "a/GIT~1/x", "x/\u200c.git/y"],
)
def test_a_name_that_the_api_would_refuse_is_refused(repo: Repo, work: Clone, name: str) -> None:
    blob = work.git("hash-object", "-w", "--stdin", input="x").strip()
    work.git(
        "-c",
        "core.protectNTFS=false",
        "-c",
        "core.protectHFS=false",
        "update-index",
        "--add",
        "--cacheinfo",
        f"100644,{blob},{name}",
    )
    work.git("commit", "-q", "-m", "a name")
    said = refuse_push(work, repo)
    assert "refused by the hub" in said or "unpacker error" in said


def test_names_that_differ_only_in_case_are_refused(repo: Repo, work: Clone) -> None:
    work.write({"d/Readme.txt": "1", "d/README.txt": "2"})
    said = refuse_push(work, repo)
    assert "only in the case" in said
    assert "In the folder 'd'" in said


def test_a_broken_card_is_taken_with_a_warning(repo: Repo, work: Clone) -> None:
    work.write({"README.md": "---\nlicense: [mit\n---\n# hi\n"})
    said = work.hear("push", "origin", "HEAD:main")
    assert "remote: warning: refs/heads/main: The YAML metadata of README.md is not valid" in said
    assert "remote: - line 3, column 1: " in said
    assert repo.head() == work.head()
    assert "cardData" not in repo.get("").json()
    # Nothing is said of what was there before, nor when a later commit makes it good.
    work.write({"x": "y"})
    assert "warning" not in work.hear("push", "origin", "HEAD:main")
    work.write({"README.md": "---\nlicense: mit\n---\n# hi\n"})
    assert "warning" not in work.hear("push", "origin", "HEAD:main")
    assert repo.get("").json()["cardData"] == {"license": "mit"}


# git-lfs


def test_git_lfs_pushes_and_the_hub_has_the_same_object(
    hub: LiveHub, repo: Repo, bob: Account, work: Clone, tmp_path: Path
) -> None:
    data = os.urandom(300_000)
    work.git("lfs", "install", "--local")
    work.write({"model.pt": data})
    assert work.git("lfs", "ls-files", "-n") == "model.pt\n"
    work.git("push", "-q")
    assert repo.raw("model.pt").content == pointer(data)
    assert repo.resolve("model.pt").content == data
    # The API has the same object by the same name, and needs no bytes for it.
    [item] = repo.batch("upload", (sha256(data), len(data))).json()["objects"]
    assert "actions" not in item
    # And what the API has sent, git-lfs fetches.
    more = os.urandom(200_000)
    repo.commit_lfs("more.bin", more)
    work.git("pull", "-q")
    assert (work.folder / "more.bin").read_bytes() == more
    work.git("lfs", "fsck")


def test_a_download_of_git_lfs_goes_on_where_it_broke_off(repo: Repo, work: Clone) -> None:
    data = os.urandom(3 * MIB)
    repo.commit_lfs("w.bin", data)
    work.git("lfs", "install", "--local", "--skip-smudge")
    work.git("pull", "-q")
    half = work.folder / ".git/lfs/incomplete" / f"{sha256(data)}.part"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(data[:MIB])
    work.git("lfs", "pull")
    assert (work.folder / "w.bin").read_bytes() == data
    asked = [line for line in repo.hub.log().splitlines() if f"/lfs/objects/{sha256(data)}" in line]
    assert '"status":206' in asked[-1]


# Several at once


def test_of_two_pushes_to_one_branch_one_wins(repo: Repo, tmp_path: Path) -> None:
    works = [clone(repo, tmp_path / str(number)) for number in range(6)]
    heads = [work.write({f"{number}.txt": "x"}) for number, work in enumerate(works)]

    def push(work: Clone) -> bool:
        try:
            work.git("push", "-q")
        except GitFailedError as error:
            assert "fetch first" in str(error) or "has moved" in str(error)
            return False
        return True

    with ThreadPoolExecutor() as pool:
        pushed = list(pool.map(push, works))
    assert sum(pushed) == 1
    assert repo.head() == heads[pushed.index(True)]


def test_pushes_and_commits_of_the_api_lose_nothing(repo: Repo, tmp_path: Path) -> None:
    works = [clone(repo, tmp_path / str(number)) for number in range(2)]

    def push_all(number: int) -> None:
        for count in range(5):
            works[number].write({f"git-{number}-{count}.txt": "x"})
            while True:
                try:
                    works[number].git("pull", "-q", "--rebase")
                    works[number].git("push", "-q")
                    break
                except GitFailedError as error:
                    assert "fetch first" in str(error) or "has moved" in str(error)

    def commit_all(number: int) -> None:
        for count in range(10):
            repo.commit(file(f"api-{number}-{count}.txt", "x"))

    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(push_all, n) for n in range(2)]
        jobs += [pool.submit(commit_all, n) for n in range(2)]
        for job in jobs:
            job.result()
    assert len(repo.paths()) == 1 + 2 * 5 + 2 * 10
    assert len(repo.get("/commits/main?limit=100").json()) == 2 + 2 * 5 + 2 * 10


# Who may


def test_a_reader_is_told_that_they_may_not_push(
    hub: LiveHub, repo: Repo, bob: Account, tmp_path: Path
) -> None:
    made = clone(repo, tmp_path / "bobs", account=bob)
    made.write({"b.txt": "b"})
    assert "403" in made.refuse("push")
    read_only = Account(repo.account.name, hub.token(repo.account, "read"))
    assert "403" in Clone(made.folder, read_only).refuse("push")
    assert "could not read Username" in Clone(made.folder, None).refuse("push")
    assert repo.paths() == ["a.txt"]


# What is no push


def test_receive_pack_refuses_what_is_no_push(repo: Repo) -> None:
    path = f"{repo.page}.git/git-receive-pack"
    type = {"content-type": "application/x-git-receive-pack-request"}
    assert repo.call("POST", path, content=FLUSH, headers=type).status_code == 200
    for junk in (b"", b"junk", b"0000junk"[2:], b"0011short line" + FLUSH, b"ffff", b"0003"):
        answer = repo.call("POST", path, content=junk, headers=type)
        assert answer.status_code == 400, junk
    assert repo.call("POST", path, content=FLUSH).status_code == 400
