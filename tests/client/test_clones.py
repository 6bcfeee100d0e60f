"""`clone_repo`: new clones, older ones that are brought up to date, and who is given a token."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import pytest

from freehold import (
    AsyncHfApi,
    Cancellation,
    CloneSourceNotFoundError,
    EntryNotFoundError,
    GatedRepoError,
    GitError,
    GitMissingError,
    HfApi,
    HFValidationError,
    LocalFileError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    TransferCancelledError,
    clone_repo,
    login,
)
from tests.client.folders import list_files, new_repo, read_file, write_files
from tests.client.worktrees import Worktree, put_git_in_the_way
from tests.loops import run_async
from tests.repos import Repo, put_ref

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

WEIGHTS = bytes(range(256)) * 100


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """One database is enough: what is tested here happens on this machine."""
    return shared_hub("sqlite")


@pytest.fixture(autouse=True)
def user(git_config: Path) -> Path:
    """git knows nothing of the user."""
    return git_config


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    """A private repository with a text and a large file."""
    repo_id = new_repo(api, alice, private=True)
    api.upload_file(b"# Tiny\n", "README.md", repo_id)
    api.upload_file(WEIGHTS, "weights.bin", repo_id)
    return repo_id


def files_with(folder: Path, secret: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() if secret in read_text(path)]


def read_text(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


# A new clone


def test_a_clone_has_the_files_and_the_history(api: HfApi, repo: str, tmp_path: Path) -> None:
    path = api.clone_repo(repo, tmp_path / "deep" / "tiny")
    made = Worktree(path)
    assert path == str(tmp_path / "deep" / "tiny")
    assert (made.read("README.md"), made.read("weights.bin")) == (b"# Tiny\n", WEIGHTS)
    assert made.head() == api.repo_info(repo).sha
    assert len(made.titles()) == 3
    assert made.git("status", "--porcelain", "--branch") == "## main...origin/main"
    assert made.git("config", "remote.origin.url") == f"{api.endpoint}/{repo}"
    # In git it is a pointer.
    assert len(made.git("show", "HEAD:weights.bin")) < 200


def test_an_empty_folder_is_cloned_to(
    api: HfApi, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert api.clone_repo(repo, "empty") == str(tmp_path / "empty")
    assert Worktree("empty").read("weights.bin") == WEIGHTS
    monkeypatch.chdir(write_files(tmp_path / "here", {}))
    api.clone_repo(repo, ".")
    assert Path("README.md").exists()


@pytest.mark.parametrize("repo_type", ["dataset", "space", "kernel"])
def test_every_type_can_be_cloned(
    api: HfApi, alice: Account, tmp_path: Path, repo_type: str
) -> None:
    more = {"space_sdk": "static"} if repo_type == "space" else {}
    repo = new_repo(api, alice, repo_type=repo_type, **more)
    made = Worktree(api.clone_repo(repo, tmp_path / "c", repo_type=repo_type))
    assert made.head() == api.repo_info(repo, repo_type=repo_type).sha


def test_a_revision_is_checked_out(api: HfApi, repo: str, tmp_path: Path) -> None:
    api.create_branch(repo, branch="dev/new")
    api.upload_file(b"dev", "dev.txt", repo, revision="dev/new")
    api.create_tag(repo, tag="v1", tag_message="The first")
    api.upload_file(b"newer", "README.md", repo)
    branch = Worktree(api.clone_repo(repo, tmp_path / "branch", revision="dev/new"))
    assert branch.read("dev.txt") == b"dev"
    assert branch.git("status", "--porcelain", "--branch") == "## dev/new...origin/dev/new"
    tag = Worktree(api.clone_repo(repo, tmp_path / "tag", revision="v1"))
    assert (tag.read("README.md"), tag.git("branch", "--show-current")) == (b"# Tiny\n", "")
    old = tag.head("HEAD~1")
    commit = Worktree(api.clone_repo(repo, tmp_path / "commit", revision=old))
    assert commit.head() == old
    with pytest.raises(RevisionNotFoundError):
        api.clone_repo(repo, tmp_path / "none", revision="no-such")
    assert not (tmp_path / "none").exists()


def test_a_pull_request_is_checked_out(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    api.create_branch(repo, branch="dev")
    api.upload_file(b"asked for", "more.bin", repo, revision="dev")
    head = str(api.repo_info(repo, revision="dev").sha)
    put_ref(Repo(hub, alice, repo), "refs/pr/1", head)
    api.delete_branch(repo, branch="dev")
    for _ in range(2):
        made = Worktree(api.clone_repo(repo, tmp_path / "c", revision="refs/pr/1"))
        assert (made.head(), made.read("more.bin")) == (head, b"asked for")


def test_large_files_can_be_left_for_later(api: HfApi, repo: str, tmp_path: Path) -> None:
    login(str(api.token), endpoint=api.endpoint)
    made = Worktree(api.clone_repo(repo, tmp_path / "c", skip_lfs_files=True))
    assert made.read("weights.bin").startswith(b"version https://git-lfs")
    made.git("lfs", "pull")
    assert made.read("weights.bin") == WEIGHTS


def test_what_is_committed_in_a_clone_can_be_pushed(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    login(alice.token, endpoint=hub.url)
    made = Worktree(api.clone_repo(repo, tmp_path / "c"))
    head = made.commit({"more.bin": b"\0" * 2_000_000, "notes.txt": b"new"})
    done = made.try_git("push")
    assert done.returncode == 0, done.stderr
    # No advice of git-lfs about locks.
    assert "lock" not in done.stderr.lower()
    assert api.repo_info(repo).sha == head
    assert read_file(hub, alice, repo, "more.bin") == b"\0" * 2_000_000
    made.git("fetch")


def test_a_push_from_a_clone_respects_the_locks_of_others(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    login(alice.token, endpoint=hub.url)
    made = Worktree(api.clone_repo(repo, tmp_path / "c"))
    lock = f"/{repo}.git/info/lfs/locks"
    admin = hub.user(admin=True)
    locked = hub.call("POST", lock, token=admin.token, json={"path": "weights.bin"})
    assert locked.status_code == 201
    made.commit({"weights.bin": b"\0" * 1_000_000})
    done = made.try_git("push")
    assert done.returncode != 0
    assert f"weights.bin - {admin.name}" in done.stdout + done.stderr
    # Somebody who does not want that is not overruled.
    verify = f"lfs.{hub.url}/{repo}.git/info/lfs.locksverify"
    made.git("config", verify, "false")
    api.clone_repo(repo, made.folder)
    assert made.git("config", verify) == "false"
    made.git("config", verify, "true")
    made.git("lfs", "unlock", "--force", f"--id={locked.json()['lock']['id']}")
    made.git("push")


def test_the_functions_at_the_root_and_for_asyncio_clone_as_well(
    api: HfApi, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", api.endpoint)
    assert Path(clone_repo(repo, tmp_path / "a", token=str(api.token)), "README.md").exists()
    many = AsyncHfApi(api.endpoint, api.token)
    assert Path(run_async(many.clone_repo(repo, tmp_path / "b")), "README.md").exists()


def test_nothing_is_printed_unless_it_is_asked_for(
    api: HfApi, repo: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api.clone_repo(repo, tmp_path / "a")
    assert capfd.readouterr() == ("", "")
    api.clone_repo(repo, tmp_path / "b", show_progress=True)
    shown = capfd.readouterr()
    assert shown.out == "" and "Receiving objects: 100%" in shown.err


# What cannot be cloned


def test_a_missing_repository_is_both_errors(api: HfApi, alice: Account, tmp_path: Path) -> None:
    for error in (EntryNotFoundError, RepositoryNotFoundError, CloneSourceNotFoundError):
        with pytest.raises(error) as raised:
            api.clone_repo(f"{alice.name}/none", tmp_path / "c")
        assert (raised.value.status, raised.value.code) == (404, "RepoNotFound")
        assert raised.value.request_id is not None
    with pytest.raises(EntryNotFoundError):
        HfApi(api.endpoint, token=False).clone_repo(f"{alice.name}/none", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_what_somebody_may_not_read_is_not_cloned(
    api: HfApi, hub: LiveHub, bob: Account, repo: str, tmp_path: Path
) -> None:
    with pytest.raises(CloneSourceNotFoundError):
        HfApi(hub.url, bob.token).clone_repo(repo, tmp_path / "c")
    # A token that the hub does not know is no better than none.
    with pytest.raises(CloneSourceNotFoundError, match="401"):
        api.clone_repo(repo, tmp_path / "c", token="hf_wrong")
    api.update_repo_settings(repo, private=False, gated="manual")
    with pytest.raises(GatedRepoError):
        HfApi(hub.url, bob.token).clone_repo(repo, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_name_that_no_hub_would_accept_is_not_asked_for(api: HfApi, tmp_path: Path) -> None:
    for repo, folder in (("a/b/c", tmp_path / "c"), ("a/../b", tmp_path / "c"), ("a/b", "")):
        with pytest.raises(HFValidationError):
            api.clone_repo(repo, folder)
    with pytest.raises(HFValidationError):
        api.clone_repo("a/b", tmp_path / "c", revision="--upload-pack=touch stolen")


def test_a_folder_with_something_else_is_left_alone(api: HfApi, repo: str, tmp_path: Path) -> None:
    write_files(tmp_path / "c", {"mine.txt": b"mine"})
    for place in (tmp_path / "c", tmp_path / "c" / "mine.txt"):
        with pytest.raises(LocalFileError):
            api.clone_repo(repo, place)
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["mine.txt"]


def test_a_repository_around_the_folder_is_not_meant(
    api: HfApi, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = Worktree.new(tmp_path / "outer")
    outer.commit({"sub/mine.txt": b"mine"})
    before = outer.state()
    with pytest.raises(LocalFileError):
        api.clone_repo(repo, outer.folder / "sub")
    # An empty `.git` is no repository either.
    (outer.folder / "sub" / ".git").mkdir()
    with pytest.raises(GitError):
        api.clone_repo(repo, outer.folder / "sub")
    (outer.folder / "sub" / ".git").rmdir()
    # As in a hook of it.
    monkeypatch.setenv("GIT_DIR", str(outer.folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(outer.folder / ".git" / "index"))
    api.clone_repo(repo, tmp_path / "c")
    monkeypatch.undo()
    assert outer.state() == before
    assert (tmp_path / "c" / "README.md").exists()


def test_a_clone_that_fails_leaves_nothing_behind(
    api: HfApi, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = 'case "$*" in *" checkout "*) echo "the disk is full" >&2; exit 128;; esac'
    monkeypatch.setenv("PATH", put_git_in_the_way(tmp_path / "bin", fails))
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "deep" / "c", tmp_path / "empty"):
        with pytest.raises(GitError, match="git checkout failed: the disk is full"):
            api.clone_repo(repo, folder)
    assert not (tmp_path / "deep").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_without_git_there_is_a_typed_error(
    api: HfApi, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissingError, match="git is not installed"):
        api.clone_repo(repo, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_without_git_lfs_large_files_are_pointers_and_a_warning_says_so(
    api: HfApi,
    repo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(str(which("git")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    made = Worktree(api.clone_repo(repo, tmp_path / "c"))
    assert made.read("weights.bin").startswith(b"version https://git-lfs")
    assert "large files are pointers" in caplog.text
    assert "filter" not in made.read(".git/config").decode()


def test_a_clone_can_be_stopped_from_another_thread(
    api: HfApi, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    hangs = f'case "$*" in *clone*) echo $$ > {started}; exec sleep 600;; esac'
    monkeypatch.setenv("PATH", put_git_in_the_way(tmp_path / "bin", hangs))
    cancel = Cancellation()
    found: list[int] = []

    def stop() -> None:
        found.append(int(started.read_text()))
        cancel.cancel()

    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    with pytest.raises(TransferCancelledError):
        api.clone_repo(repo, tmp_path / "c", cancel=cancel)
    thread.join(10)
    assert not (tmp_path / "c").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(found[0], 0)


# A clone that is here already


@pytest.fixture
def work(api: HfApi, repo: str, tmp_path: Path) -> Worktree:
    """A clone of the repository."""
    return Worktree(api.clone_repo(repo, tmp_path / "work"))


def test_a_clone_is_brought_up_to_date(api: HfApi, repo: str, work: Worktree) -> None:
    api.upload_file(WEIGHTS[::-1], "weights.bin", repo)
    (work.folder / "mine.txt").write_text("not under git")
    config = work.read(".git/config")
    assert api.clone_repo(repo, work.folder) == str(work.folder)
    assert work.head() == api.repo_info(repo).sha
    assert (work.read("weights.bin"), work.read("mine.txt")) == (WEIGHTS[::-1], b"not under git")
    # Nothing is said twice in the configuration.
    assert sorted(work.read(".git/config").split(b"\n")) == sorted(config.split(b"\n"))


@pytest.mark.parametrize("ending", [".git", "/", ""])
def test_the_address_of_a_clone_may_be_written_in_other_ways(
    api: HfApi, repo: str, work: Worktree, ending: str, alice: Account
) -> None:
    account = api.endpoint.replace("://", f"://{alice.name}:secret@")
    work.git("config", "remote.origin.url", f"{account}/{repo}{ending}")
    work.git("config", "remote.origin.url", f"{api.endpoint}/{repo}{ending}")
    api.upload_file(b"newer", "README.md", repo)
    api.clone_repo(repo, work.folder)
    assert work.read("README.md") == b"newer"
    assert work.git("config", "remote.origin.url").endswith(f"{repo}{ending}")


def test_a_token_in_the_address_of_a_clone_is_not_shown(
    api: HfApi, alice: Account, repo: str, work: Worktree
) -> None:
    other = f"{api.endpoint.replace('://', '://user:hf_secret@')}/{alice.name}/other"
    work.git("config", "remote.origin.url", other)
    with pytest.raises(LocalFileError, match=f"{alice.name}/other") as raised:
        api.clone_repo(repo, work.folder)
    assert "hf_secret" not in str(raised.value)


def test_commits_that_wait_in_a_clone_stay(api: HfApi, repo: str, work: Worktree) -> None:
    head = work.commit({"mine.txt": b"mine"})
    api.clone_repo(repo, work.folder)
    assert work.head() == head


def test_a_clone_with_other_commits_than_the_hub_is_left_alone(
    api: HfApi, repo: str, work: Worktree
) -> None:
    work.commit({"mine.txt": b"mine"})
    api.upload_file(b"theirs", "theirs.txt", repo)
    before = work.state()
    with pytest.raises(LocalFileError, match="different commits"):
        api.clone_repo(repo, work.folder)
    assert work.state() == before


def test_a_clone_of_what_the_hub_has_squashed_is_left_alone(
    api: HfApi, repo: str, work: Worktree
) -> None:
    api.super_squash_history(repo)
    before = work.state()
    with pytest.raises(LocalFileError, match="different commits"):
        api.clone_repo(repo, work.folder)
    assert work.state() == before


def test_changes_that_are_not_committed_stay(api: HfApi, repo: str, work: Worktree) -> None:
    (work.folder / "README.md").write_text("mine")
    api.upload_file(b"theirs", "theirs.txt", repo)
    api.clone_repo(repo, work.folder)
    assert (work.read("README.md"), work.read("theirs.txt")) == (b"mine", b"theirs")
    api.upload_file(b"theirs", "README.md", repo)
    before = work.state()
    with pytest.raises(GitError, match="README"):
        api.clone_repo(repo, work.folder)
    assert work.state() == before
    work.git("checkout", "-q", "--", "README.md")
    (work.folder / ".git/info/exclude").write_text("ignored.txt\n")
    (work.folder / "ignored.txt").write_text("mine")
    api.upload_file(b"theirs", "ignored.txt", repo)
    for revision in (None, "main"):
        with pytest.raises(GitError, match="ignored"):
            api.clone_repo(repo, work.folder, revision=revision)
    assert work.read("ignored.txt") == b"mine"


def test_large_files_that_the_hub_has_lost_leave_a_clone_as_it_is(
    api: HfApi, repo: str, work: Worktree
) -> None:
    api.upload_file(b"newer", "README.md", repo)
    api.upload_file(WEIGHTS[::-1], "weights.bin", repo)
    doomed = [f for f in api.list_lfs_files(repo) if f.oid == sha256(WEIGHTS[::-1]).hexdigest()]
    api.permanently_delete_lfs_files(repo, doomed, rewrite_history=False)
    before = work.state()
    for revision in (None, str(api.repo_info(repo).sha)):
        with pytest.raises(GitError, match="does not exist"):
            api.clone_repo(repo, work.folder, revision=revision)
        assert work.state() == before
    api.clone_repo(repo, work.folder, skip_lfs_files=True)
    assert work.read("README.md") == b"newer"


def test_a_clone_is_switched_to_a_revision(api: HfApi, repo: str, work: Worktree) -> None:
    api.create_branch(repo, branch="dev")
    api.create_tag(repo, tag="v1")
    first = work.head()
    api.clone_repo(repo, work.folder, revision="dev")
    assert work.git("branch", "--show-current") == "dev"
    api.upload_file(b"newer", "README.md", repo)
    api.clone_repo(repo, work.folder, revision="main")
    assert (work.git("branch", "--show-current"), work.read("README.md")) == ("main", b"newer")
    api.clone_repo(repo, work.folder, revision="v1")
    assert (work.git("branch", "--show-current"), work.head()) == ("", first)
    with pytest.raises(LocalFileError, match="no branch checked out"):
        api.clone_repo(repo, work.folder)
    # One that has more than the hub is checked out as it is.
    work.git("checkout", "-q", "dev")
    head = work.commit({"mine.txt": b"mine"})
    api.clone_repo(repo, work.folder, revision="main")
    api.clone_repo(repo, work.folder, revision="dev")
    assert work.head() == head


def test_a_clone_of_something_else_is_left_alone(
    api: HfApi, alice: Account, repo: str, work: Worktree
) -> None:
    before = work.state()
    with pytest.raises(LocalFileError, match=repo):
        api.clone_repo(new_repo(api, alice), work.folder)
    assert work.state() == before


def test_a_clone_that_git_made_is_set_up(
    api: HfApi, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    repo = new_repo(api, alice)
    Worktree(tmp_path).git("clone", "-q", f"{hub.url}/{repo}.git", "plain")
    login(alice.token, endpoint=hub.url)
    made = Worktree(api.clone_repo(repo, tmp_path / "plain"))
    head = made.commit({"weights.bin": WEIGHTS})
    made.git("push", "-q")
    assert api.repo_info(repo).sha == head
    assert list_files(api, repo) == ["weights.bin"]


# Who is given the token, and who never sees it


def test_the_token_of_a_call_is_written_nowhere(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the user keeps passwords in a file, and tells git to log all that it starts."""
    Worktree(tmp_path).git("config", "--global", "credential.helper", "store")
    log = tmp_path / "git.log"
    monkeypatch.setenv("GIT_TRACE", str(log))
    HfApi(hub.url, token=False).clone_repo(repo, tmp_path / "c", token=alice.token)
    monkeypatch.delenv("GIT_TRACE")
    started = log.read_text()
    assert "git-credential get" in started and "git-lfs" in started
    assert files_with(tmp_path / "c", "") != []
    assert files_with(tmp_path, alice.token) == []
    assert not (tmp_path / ".git-credentials").exists()
    # What comes later needs a token of its own.
    made = Worktree(tmp_path / "c")
    assert made.try_git("fetch").returncode != 0
    login(alice.token, endpoint=hub.url)
    made.git("fetch")
    assert not (tmp_path / ".git-credentials").exists()


def test_a_token_goes_to_its_own_hub_only(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    login(alice.token, endpoint=hub.url)
    made = Worktree(api.clone_repo(repo, tmp_path / "c"))
    for url in ("http://hub.example", hub.url.replace("http:", "https:"), "https://huggingface.co"):
        assert made.try_git("credential", "fill", url=url).returncode != 0
        helpers = made.try_git("config", "--get-urlmatch", "credential.helper", url).stdout
        assert "freehold" not in helpers


def test_no_token_is_used_when_none_is_wanted(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    login(alice.token, endpoint=hub.url)
    with pytest.raises(CloneSourceNotFoundError):
        HfApi(hub.url, token=False).clone_repo(repo, tmp_path / "c")
    api.update_repo_settings(repo, private=False)
    HfApi(hub.url, token=False).clone_repo(repo, tmp_path / "c")
    assert Worktree(tmp_path / "c").read("weights.bin") == WEIGHTS


def test_files_of_a_repository_are_not_run(
    api: HfApi, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """git runs the helper, and git-lfs the transfer, in the folder of the clone."""
    repo = new_repo(api, alice, private=True)
    trap = b"open('stolen', 'w')"
    for name in ("freehold/__init__.py", "argparse.py", "json.py", "msgspec.py"):
        api.upload_file(trap, name, repo)
    login(alice.token, endpoint=hub.url)
    made = Worktree(api.clone_repo(repo, tmp_path / "c"))
    made.commit({"weights.bin": WEIGHTS})
    made.git("push")
    assert not (made.folder / "stolen").exists()
    assert (made.folder / "argparse.py").exists()
