"""Pull requests by git: pushed to by their authors, fetched, compared and merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clones import Clone, clone, fail_git, list_remote, url_of
from tests.discussions import act, as_account, discuss, propose, read
from tests.live import Account, LiveHub
from tests.repos import Repo, file, new_repo


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    """A repository with one file."""
    return new_repo(hub, alice, file("a.txt", "one\n"))


@pytest.fixture
def reader(repo: Repo, bob: Account) -> Repo:
    """The same repository, spoken to by somebody who may only read it."""
    return as_account(repo, bob)


@pytest.fixture
def work(reader: Repo, tmp_path: Path) -> Clone:
    """A clone with the rights of the reader."""
    return clone(reader, tmp_path / "work")


def subjects(repo: Repo, num: int) -> list[str]:
    events = read(repo, num)["events"]
    return [event["data"]["subject"] for event in events if event["type"] == "commit"]


def test_receive_pack_takes_the_commits_of_a_draft_from_its_author(
    hub: LiveHub, repo: Repo, reader: Repo, work: Clone
) -> None:
    num = discuss(reader, "To come", pullRequest=True)
    work.write({"b.txt": "b"}, "One")
    work.write({"c.txt": "c"}, "Two")
    work.git("push", "-q", "origin", f"HEAD:refs/pr/{num}")
    assert repo.head(f"refs%2Fpr%2F{num}") == work.head()
    assert subjects(repo, num) == ["One", "Two"]
    assert read(repo, num)["status"] == "draft"
    # What came from the branch since is not told as new.
    repo.commit(file("d.txt", "d"))
    work.git("fetch", "-q", "origin", "main")
    work.git("merge", "-q", "--no-edit", "FETCH_HEAD")
    work.git("push", "-q", "origin", f"HEAD:refs/pr/{num}")
    assert len(subjects(repo, num)) == 3
    act(reader, num, "status", {"status": "open"})
    assert act(repo, num, "merge").status_code == 200
    assert sorted(repo.paths()) == ["a.txt", "b.txt", "c.txt", "d.txt"]
    # git agrees that all of it is in the branch now.
    work.git("fetch", "-q", "origin", "main", f"refs/pr/{num}:refs/pr/{num}")
    assert work.git("log", "--format=%s", f"FETCH_HEAD..refs/pr/{num}") == ""
    assert list_remote(hub, repo)[f"refs/pr/{num}"] == work.head()


def test_receive_pack_rewrites_a_pull_request(repo: Repo, reader: Repo, work: Clone) -> None:
    num = propose(reader, file("b.txt", "b"), summary="First")
    work.write({"c.txt": "c"}, "Instead")
    target = f"HEAD:refs/pr/{num}"
    assert "fetch first" in work.refuse("push", "origin", target)
    work.git("push", "-q", "--force", "origin", target)
    assert subjects(repo, num) == ["First", "Instead"]
    assert read(repo, num)["diff"].count("diff --git") == 1


def test_receive_pack_with_a_large_file(repo: Repo, reader: Repo, work: Clone) -> None:
    num = discuss(reader, pullRequest=True)
    work.git("lfs", "install", "--local")
    work.git("lfs", "track", "*.bin")
    work.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    (work.folder / "w.bin").write_bytes(b"\0weights" * 99)
    work.git("add", "w.bin")
    work.git("commit", "-qm", "Weights")
    work.git("push", "-q", "origin", f"HEAD:refs/pr/{num}")
    assert repo.resolve("w.bin", f"refs%2Fpr%2F{num}").content == b"\0weights" * 99


def test_receive_pack_leaves_everything_else_to_writers(
    repo: Repo, reader: Repo, work: Clone, hub: LiveHub
) -> None:
    num, others = propose(reader), propose(repo)
    work.git("fetch", "-q", "origin", f"refs/pr/{num}", f"refs/pr/{others}")
    work.git("checkout", "-q", "FETCH_HEAD")
    work.write({"c.txt": "c"})
    before = list_remote(hub, repo)
    for ref, reason in (
        ("refs/heads/main", "you may only push to pull requests of your own here"),
        ("refs/heads/new", "you may only push to pull requests of your own here"),
        ("refs/tags/v1", "you may only push to pull requests of your own here"),
        (f"refs/pr/{others}", "You don't have the rights required for this action."),
        ("refs/pr/99", "you may only push to pull requests of your own here"),
    ):
        assert reason in work.refuse("push", "--force", "origin", f"HEAD:{ref}")
    assert "none is deleted" in work.refuse("push", "origin", f":refs/pr/{num}")
    assert list_remote(hub, repo) == before


def test_receive_pack_is_refused_at_once_to_whoever_has_no_pull_request(
    repo: Repo, reader: Repo, tmp_path: Path, hub: LiveHub
) -> None:
    other = hub.user()
    propose(reader)
    made = clone(as_account(repo, other), tmp_path / "other")
    made.write({"c.txt": "c"})
    assert "403" in made.refuse("push", "origin", "HEAD:refs/pr/1")
    act(reader, 1, "status", {"status": "closed"})
    said = fail_git(made.folder, reader.account, "push", url_of(reader), "HEAD:refs/pr/1")
    assert "403" in said


@pytest.mark.parametrize("end", ["closed", "merged"])
def test_receive_pack_adds_nothing_to_what_is_over(repo: Repo, tmp_path: Path, end: str) -> None:
    num = propose(repo)
    if end == "merged":
        act(repo, num, "merge")
    else:
        act(repo, num, "status", {"status": "closed"})
    made = clone(repo, tmp_path / "own")
    made.write({"late.txt": "x"})
    said = made.refuse("push", "--force", "origin", f"HEAD:refs/pr/{num}")
    assert "This pull request is over" in said
    assert "late.txt" not in read(repo, num)["diff"]


def test_a_merge_is_what_git_makes_of_it(repo: Repo, reader: Repo, tmp_path: Path) -> None:
    """The same tree as `git merge`, with a rename on one side and a change on the other."""
    text = "".join(f"line {n}\n" for n in range(30))
    repo.commit(file("d/old.txt", text), file("same.txt", text))
    made = clone(repo, tmp_path / "own")
    num = discuss(repo, pullRequest=True)
    made.git("mv", "d/old.txt", "d/new.txt")
    made.git("commit", "-qm", "Rename")
    made.write({"same.txt": text.replace("line 3\n", "")})
    made.git("push", "-q", "origin", f"HEAD:refs/pr/{num}")
    repo.commit(
        file("d/old.txt", text.replace("line 9\n", "line nine\n")),
        file("same.txt", text + "the end\n"),
    )
    act(repo, num, "status", {"status": "open"})
    assert act(repo, num, "merge").status_code == 200
    made.git("fetch", "-q", "origin", "main")
    made.git("checkout", "-q", "-b", "mine", "FETCH_HEAD~1")
    made.git("fetch", "-q", "origin", f"refs/pr/{num}")
    made.git("merge", "-q", "--no-edit", "FETCH_HEAD")
    made.git("fetch", "-q", "origin", "main")
    assert made.git("rev-parse", "FETCH_HEAD^{tree}") == made.git("rev-parse", "HEAD^{tree}")
    assert "line nine" in repo.resolve("d/new.txt").text
