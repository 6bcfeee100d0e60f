"""`clone_repo` into a repository with commits of its own, which come to stand on the hub's."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import Cancellation, GitError, HfApi, LocalFileError, TransferCancelledError, login
from tests.client.folders import list_files, new_repo, read_file
from tests.client.worktrees import Worktree, put_git_in_the_way

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

LARGE = random.Random(7).randbytes(12_000_000)
BINARY = bytes(range(256)) * 50


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """One database is enough: what is tested here happens on this machine."""
    return shared_hub("sqlite")


@pytest.fixture(autouse=True)
def user(git_config: Path, hub: LiveHub, alice: Account) -> None:
    """git knows nothing of the user, and Freehold the token."""
    login(alice.token, endpoint=hub.url)


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    """A private repository with a text and a large file."""
    repo_id = new_repo(api, alice, private=True)
    api.upload_file(b"# Hub\n", "README.md", repo_id)
    api.upload_file(BINARY, "theirs.bin", repo_id)
    return repo_id


@pytest.fixture
def work(tmp_path: Path) -> Worktree:
    """A repository of this machine with a commit, which no hub knows."""
    made = Worktree.new(tmp_path / "work")
    made.commit({"config.json": b"{}"}, "Initial model upload")
    return made


def test_local_commits_come_to_stand_on_those_of_the_hub(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, work: Worktree
) -> None:
    work.commit({"pytorch_model.bin": LARGE, "notes.txt": b"1"}, "Weights\n\nof today")
    old = work.head()
    theirs = api.repo_info(repo).sha
    assert api.clone_repo(repo, local_dir=work.folder) == str(work.folder)
    assert work.titles()[:2] == ["Weights", "Initial model upload"]
    assert work.head("HEAD~2") == work.head("origin/main") == theirs
    assert work.git("status", "--porcelain", "--branch") == "## main...origin/main [ahead 2]"
    assert work.git("branch", "--format=%(refname:short)") == "main"
    # The files are those of both; what the hub calls large is a pointer in git.
    assert (work.read("README.md"), work.read("theirs.bin")) == (b"# Hub\n", BINARY)
    assert work.read("pytorch_model.bin") == LARGE
    assert len(work.git("cat-file", "-p", "HEAD:pytorch_model.bin")) < 200
    # The commits as they were are still there.
    assert work.git("for-each-ref", "--format=%(objectname)", "refs/freehold/") == old
    assert work.git("log", "-1", "--format=%an|%ae|%ad|%cd|%B") == work.git(
        "log", "-1", "--format=%an|%ae|%ad|%cd|%B", old
    )
    work.git("push")
    assert [c.title for c in api.list_repo_commits(repo)][:2] == ["Weights", "Initial model upload"]
    assert read_file(hub, alice, repo, "pytorch_model.bin") == LARGE
    assert read_file(hub, alice, repo, "config.json") == b"{}"
    work.git("fsck", "--strict")


@pytest.mark.parametrize("default", ["nothing", "matching", "current", "upstream", "simple", ""])
def test_a_bare_push_works_whatever_the_user_has_set(
    api: HfApi, repo: str, work: Worktree, default: str, tmp_path: Path
) -> None:
    if default:
        work.git("config", "--global", "push.default", default)
    work.git("remote", "add", "other", str(tmp_path / "nowhere"))
    work.git("config", "--global", "remote.pushDefault", "other")
    api.clone_repo(repo, work.folder)
    work.git("push")
    assert api.repo_info(repo).sha == work.head()


def test_the_local_version_of_a_file_wins(api: HfApi, repo: str, work: Worktree) -> None:
    work.commit({"README.md": b"# Mine\n", "theirs.bin/inside.txt": b"a folder"}, "Mine")
    api.clone_repo(repo, work.folder)
    assert work.read("README.md") == b"# Mine\n"
    assert work.read("theirs.bin/inside.txt") == b"a folder"
    work.git("push")
    assert list_files(api, repo) == ["README.md", "config.json", "theirs.bin/inside.txt"]


def test_each_commit_changes_what_it_changed_before(api: HfApi, repo: str, work: Worktree) -> None:
    work.commit({"README.md": b"# Mine\n", "a.txt": b"a"}, "Both")
    work.commit({"README.md": None, "config.json": None, "config.json/x": b"x"}, "Without")
    work.git("mv", "a.txt", "b.txt")
    work.commit({}, "Moved")
    work.commit({}, "Nothing")
    api.clone_repo(repo, work.folder)
    assert work.titles()[:5] == ["Nothing", "Moved", "Without", "Both", "Initial model upload"]

    def changes(commit: str) -> set[str]:
        return set(work.git("diff", "--name-status", "-M", f"{commit}~1", commit).splitlines())

    assert changes("HEAD") == set()
    assert changes("HEAD~1") == {"R100\ta.txt\tb.txt"}
    assert changes("HEAD~2") == {"D\tREADME.md", "D\tconfig.json", "A\tconfig.json/x"}
    assert changes("HEAD~3") == {"M\tREADME.md", "A\ta.txt"}
    assert sorted(work.git("ls-files").splitlines()) == [
        ".gitattributes",
        "b.txt",
        "config.json/x",
        "theirs.bin",
    ]
    assert work.git("status", "--porcelain") == ""


def test_merges_stay_merges(api: HfApi, repo: str, work: Worktree) -> None:
    work.git("checkout", "-q", "-b", "side", "HEAD")
    work.commit({"side.bin": BINARY[::-1]}, "Side")
    work.git("checkout", "-q", "master")
    work.commit({"main.txt": b"main"}, "Main")
    work.git("merge", "-q", "--no-ff", "-m", "Merged", "side")
    api.clone_repo(repo, work.folder)
    shape = work.git("log", "--format=%s:%p", "--topo-order", "origin/main..").splitlines()
    assert shape[0].startswith("Merged:")
    assert len(shape) == 4 and len(shape[0].partition(":")[2].split()) == 2
    assert set(work.git("ls-files").split()) >= {"side.bin", "main.txt", "README.md"}
    work.git("push")
    assert api.repo_info(repo).sha == work.head()
    # The other branch stands where it stood.
    assert work.titles("side") == ["Side", "Initial model upload"]


def test_what_the_hub_has_already_is_no_commit(
    api: HfApi, repo: str, work: Worktree, tmp_path: Path
) -> None:
    api.clone_repo(repo, work.folder)
    work.git("push")
    again = Worktree.new(tmp_path / "again")
    again.commit({"config.json": b"{}", "theirs.bin": BINARY}, "Initial model upload")
    again.commit({"more.txt": b"more"}, "More")
    api.clone_repo(repo, again.folder)
    assert again.titles("origin/main..") == ["More"]
    assert again.git("status", "--porcelain") == ""


def test_bytes_that_are_no_text_stay_what_they_are(api: HfApi, repo: str, work: Worktree) -> None:
    name = os.fsdecode(b"na\xefve \xff\n.txt")
    (work.folder / name).write_bytes(b"\r\n\0")
    (work.folder / "link").symlink_to("config.json")
    (work.folder / "run.sh").write_text("#!/bin/sh\n")
    (work.folder / "run.sh").chmod(0o755)
    work.git("add", "-A")
    work.git(
        "-c", "i18n.commitEncoding=latin1", "commit", "-q", "-m", "x", "--author=Zoë <z@e.org>"
    )
    old = work.git("cat-file", "commit", "HEAD").splitlines()
    api.clone_repo(repo, work.folder)
    assert work.git("cat-file", "commit", "HEAD").splitlines()[2:] == old[2:]
    assert (work.folder / name).read_bytes() == b"\r\n\0"
    modes = {line.split()[0] for line in work.git("ls-files", "-s", "link", "run.sh").splitlines()}
    assert modes == {"120000", "100755"}


def test_a_repository_without_commits_becomes_a_clone(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    empty = Worktree.new(tmp_path / "empty")
    (empty.folder / "mine.txt").write_text("mine")
    api.clone_repo(repo, empty.folder)
    assert empty.head() == api.repo_info(repo).sha
    assert empty.git("status", "--porcelain", "--branch") == "## main...origin/main\n?? mine.txt"
    other = Worktree.new(tmp_path / "other", "main")
    api.clone_repo(repo, other.folder)
    assert other.read("theirs.bin") == BINARY


def test_another_branch_can_be_joined(api: HfApi, repo: str, work: Worktree) -> None:
    api.create_branch(repo, branch="dev")
    api.upload_file(b"dev", "dev.txt", repo, revision="dev")
    api.clone_repo(repo, work.folder, revision="dev")
    assert work.git("status", "--porcelain", "--branch") == "## dev...origin/dev [ahead 1]"
    work.git("push")
    assert list_files(api, repo, "dev") == ["README.md", "config.json", "dev.txt", "theirs.bin"]
    assert "config.json" not in list_files(api, repo)


def test_an_origin_that_the_user_has_added_will_do(api: HfApi, repo: str, work: Worktree) -> None:
    work.git("branch", "-m", "main")
    work.git("remote", "add", "origin", f"{api.endpoint}/{repo}.git")
    api.clone_repo(repo, work.folder)
    work.git("push")
    assert api.repo_info(repo).sha == work.head()
    # From now on it is a clone like any other.
    api.upload_file(b"newer", "README.md", repo)
    api.clone_repo(repo, work.folder)
    assert work.read("README.md") == b"newer"


def test_large_files_that_are_pointers_already_stay_so(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, work: Worktree
) -> None:
    work.git("lfs", "install", "--local")
    work.git("lfs", "track", "*.dat")
    work.commit({"weights.dat": BINARY, "other.bin": BINARY[::-1]}, "Tracked")
    pointer = work.git("cat-file", "-p", "HEAD:weights.dat")
    api.clone_repo(repo, work.folder)
    assert work.git("cat-file", "-p", "HEAD:weights.dat") == pointer
    work.git("push")
    assert read_file(hub, alice, repo, "weights.dat") == BINARY
    assert read_file(hub, alice, repo, "other.bin") == BINARY[::-1]


# What stands in the way


def expect_unchanged(
    api: HfApi, repo: str, work: Worktree, error: type[Exception], match: str
) -> None:
    before = work.state()
    with pytest.raises(error, match=match):
        api.clone_repo(repo, work.folder)
    assert work.state() == before


def test_changes_that_are_not_committed_are_refused(api: HfApi, repo: str, work: Worktree) -> None:
    (work.folder / "config.json").write_text("changed")
    expect_unchanged(api, repo, work, LocalFileError, "not committed")
    work.git("add", "-A")
    expect_unchanged(api, repo, work, LocalFileError, "not committed")


def test_a_file_of_the_user_is_not_written_over(api: HfApi, repo: str, work: Worktree) -> None:
    (work.folder / "README.md").write_text("not under git")
    expect_unchanged(api, repo, work, LocalFileError, "README.md")
    (work.folder / "README.md").unlink()
    (work.folder / ".gitignore").write_text("theirs.bin\n")
    work.commit({}, "Ignored")
    (work.folder / "theirs.bin").write_text("ignored by git, and still not ours")
    expect_unchanged(api, repo, work, LocalFileError, "theirs.bin")
    (work.folder / "theirs.bin").unlink()
    api.upload_file(b"x", "cache/x.txt", repo)
    (work.folder / ".gitignore").write_text("cache\n")
    work.commit({}, "Ignored, too")
    (work.folder / "cache").write_text("a file where a folder is to be")
    expect_unchanged(api, repo, work, LocalFileError, "cache")


def test_a_branch_with_the_name_is_left_alone(api: HfApi, repo: str, work: Worktree) -> None:
    work.git("branch", "main")
    expect_unchanged(api, repo, work, LocalFileError, "check out")
    work.git("branch", "-m", "main", "main/more")
    expect_unchanged(api, repo, work, GitError, "main")


def test_a_repository_without_a_branch_is_left_alone(api: HfApi, repo: str, work: Worktree) -> None:
    work.git("checkout", "-q", "--detach")
    expect_unchanged(api, repo, work, LocalFileError, "no branch")


def test_only_a_branch_can_be_joined(api: HfApi, repo: str, work: Worktree) -> None:
    api.create_tag(repo, tag="v1")
    before = work.state()
    with pytest.raises(LocalFileError, match="no branch of the hub"):
        api.clone_repo(repo, work.folder, revision="v1")
    assert work.state() == before


def test_a_hook_of_the_user_is_kept_and_told_of(
    api: HfApi, repo: str, work: Worktree, caplog: pytest.LogCaptureFixture
) -> None:
    hook = work.folder / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\nexit 0\n")
    api.clone_repo(repo, work.folder)
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    assert "cannot send what is pushed" in caplog.text


@pytest.mark.parametrize(
    "command",
    [
        "remote add",
        "lfs install",
        "config --local",
        "fetch",
        "rev-list",
        "cat-file",
        "lfs clean",
        "hash-object",
        "write-tree",
        "read-tree -n",
        "read-tree -m",
        "update-ref -m",
        "branch -m",
        "branch --quiet",
        "update-ref refs/freehold",
    ],
)
def test_whatever_fails_the_repository_is_as_it_was(
    api: HfApi,
    repo: str,
    work: Worktree,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work.commit({"weights.bin": BINARY[::-1], "README.md": b"# Mine\n"}, "Weights")
    path = os.environ["PATH"]
    fails = f'case "$*" in *" {command}"*) echo "it is full" >&2; exit 128;; esac'
    monkeypatch.setenv("PATH", put_git_in_the_way(tmp_path / "bin", fails))
    before = work.state()
    with pytest.raises(GitError, match="it is full"):
        api.clone_repo(repo, work.folder)
    monkeypatch.setenv("PATH", path)
    assert work.state() == before
    # And all is well as soon as it can be.
    api.clone_repo(repo, work.folder)
    work.git("push")
    assert api.repo_info(repo).sha == work.head()


def test_files_that_were_written_before_a_failure_are_taken_back(
    api: HfApi, repo: str, work: Worktree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.commit({"weights.bin": BINARY[::-1]}, "Weights")
    # It does its work, and is then said to have failed.
    fails = 'case "$*" in *" read-tree -m"*) command -p git "$@"; exit 128;; esac'
    monkeypatch.setenv("PATH", put_git_in_the_way(tmp_path / "bin", fails))
    expect_unchanged(api, repo, work, GitError, "read-tree failed")


def test_a_caller_who_cancels_finds_everything_as_it_was(
    api: HfApi, repo: str, work: Worktree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = Cancellation()
    seen = tmp_path / "seen"
    notes = (
        f'case "$*" in *" read-tree -m"*) touch {seen}; command -p git "$@"; exec sleep 600;; esac'
    )
    monkeypatch.setenv("PATH", put_git_in_the_way(tmp_path / "bin", notes))
    before = work.state()

    class WhenSeen(Cancellation):
        def check(self) -> None:
            if seen.exists():
                cancel.cancel()
            cancel.check()

    with pytest.raises(TransferCancelledError):
        api.clone_repo(repo, work.folder, cancel=WhenSeen())
    assert work.state() == before
