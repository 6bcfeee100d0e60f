"""The commands of git-lfs that make, list and remove locks, and the check before a push."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.live import Account, LiveHub
from tests.locks import PLACEHOLDER, add_locks, as_user, listed, shared_repo
from tests.repos import Repo


class Worktree:
    """A git repository of this machine: its commits go to a folder, its large files to a hub."""

    def __init__(self, home: Path, repo: Repo, remote: Path) -> None:
        home.mkdir()
        self._folder = home / "worktree"
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_PROXY": "*",
            "LC_ALL": "C.UTF-8",
            "GIT_TERMINAL_PROMPT": "0",
        }
        self._run("git", "clone", "-q", "-n", str(remote), str(self._folder), cwd=home)
        user = repo.account
        self.git("config", "user.name", user.name)
        self.git("config", "user.email", "user@example.org")
        self.git("lfs", "install", "--local")
        url = f"{repo.hub.url}{repo.lfs}"
        self.git("config", "lfs.url", url)
        # Without this, git-lfs only warns, and names the setting.
        self.git("config", f"lfs.{url}.locksverify", "true")
        # Asked only after a 401, as the keyring of a user is.
        helper = f"!f() {{ echo username={user.name}; echo password={user.token}; }}; f"
        self.git("config", "credential.helper", helper)

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed, and return what it prints."""
        done = self._run("git", *arguments, cwd=self._folder)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def fail(self, *arguments: str) -> str:
        """Run git, which must fail, and return what it prints."""
        done = self._run("git", *arguments, cwd=self._folder)
        assert done.returncode != 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def _run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def commit(self, path: str, content: str) -> None:
        """Write a large file and commit it."""
        file = self._folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
        self.git("lfs", "track", "*.bin")
        self.git("add", ".")
        self.git("commit", "-q", "-m", f"change {path}")

    def locks(self, *options: str) -> list[str]:
        """The lines of `git lfs locks`: a path, its owner and the id of the lock."""
        return self.git("lfs", "locks", *options).splitlines()


@pytest.fixture
def shared(hub: LiveHub, alice: Account, bob: Account) -> Repo:
    return shared_repo(hub, alice, bob)


@pytest.fixture
def worktrees(shared: Repo, bob: Account, tmp_path: Path) -> tuple[Worktree, Worktree]:
    """Two clones of one repository: of alice and of bob, who both have `dir/w.bin`."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    of_alice = Worktree(tmp_path / "alice", shared, remote)
    of_alice.commit("dir/w.bin", "first")
    of_alice.git("push", "-q", "origin", "HEAD:main")
    of_bob = Worktree(tmp_path / "bob", as_user(shared, bob), remote)
    of_bob.git("checkout", "-q", "main")
    return of_alice, of_bob


def test_git_lfs_locks_lists_and_unlocks(
    shared: Repo, worktrees: tuple[Worktree, Worktree], bob: Account
) -> None:
    of_alice, of_bob = worktrees
    name = shared.account.name
    assert of_alice.locks() == []
    assert "Locked dir/w.bin" in of_alice.git("lfs", "lock", "dir/w.bin")
    [made] = listed(shared)
    assert (made["path"], made["owner"]) == ("dir/w.bin", {"name": name})
    for worktree, verified in ((of_alice, "O "), (of_bob, "  ")):
        line = rf"dir/w\.bin\t{name}\tID:{made['id']}"
        for options, before in (
            ((), ""),
            (("--path=dir/w.bin",), ""),
            (("--id", made["id"]), ""),
            (("--limit=5000",), ""),
            (("--verify",), verified),
        ):
            [shown] = worktree.locks(*options)
            assert re.fullmatch(before + line, shown), options
    [told] = json.loads(of_alice.git("lfs", "locks", "--json"))
    # git-lfs writes times anew, without the zeros at their end.
    then, now = (datetime.fromisoformat(one.pop("locked_at")) for one in (dict(made), told))
    assert (told, now) == ({key: made[key] for key in ("id", "path", "owner")}, then)
    assert of_bob.locks("--path=other.bin") == []
    assert "Unlocked dir/w.bin" in of_alice.git("lfs", "unlock", "dir/w.bin")
    assert listed(shared) == of_bob.locks() == []


def test_git_lfs_cannot_lock_what_is_locked(
    shared: Repo, worktrees: tuple[Worktree, Worktree]
) -> None:
    of_alice, of_bob = worktrees
    of_alice.git("lfs", "lock", "dir/w.bin")
    before = listed(shared)
    reason = f"dir/w.bin is locked already, by {shared.account.name}."
    assert reason in of_bob.fail("lfs", "lock", "dir/w.bin")
    assert reason in of_alice.fail("lfs", "lock", "dir/w.bin")
    assert listed(shared) == before


def test_git_lfs_removes_the_lock_of_somebody_else_by_force(
    shared: Repo, worktrees: tuple[Worktree, Worktree]
) -> None:
    of_alice, of_bob = worktrees
    of_bob.git("lfs", "lock", "dir/w.bin")
    [made] = listed(shared)
    assert "`force` removes the lock" in of_alice.fail("lfs", "unlock", f"--id={made['id']}")
    assert "no such lock" in of_alice.fail("lfs", "unlock", "--force", f"--id={PLACEHOLDER}")
    assert listed(shared) == [made]
    of_alice.git("lfs", "unlock", "--force", "dir/w.bin")
    assert listed(shared) == []
    of_bob.git("lfs", "lock", "dir/w.bin")
    of_alice.git("lfs", "unlock", "--force", f"--id={listed(shared)[0]['id']}")
    assert listed(shared) == []


def test_git_lfs_lists_more_locks_than_a_page_has(
    shared: Repo, worktrees: tuple[Worktree, Worktree]
) -> None:
    of_alice, of_bob = worktrees
    add_locks(shared, 250)
    assert len(of_bob.locks()) == 250
    assert len(of_bob.locks("--limit=120")) == 120
    assert len([line for line in of_alice.locks("--verify") if line.startswith("O ")]) == 250


def test_git_lfs_pushes_nothing_that_somebody_else_has_locked(
    shared: Repo, worktrees: tuple[Worktree, Worktree], bob: Account
) -> None:
    of_alice, of_bob = worktrees
    of_bob.git("lfs", "lock", "dir/w.bin")
    of_alice.commit("free.bin", "free")
    of_alice.git("push", "-q", "origin", "HEAD:main")
    of_alice.commit("dir/w.bin", "second")
    said = of_alice.fail("push", "origin", "HEAD:main")
    assert f"dir/w.bin - {bob.name}" in said
    of_bob.git("lfs", "unlock", "dir/w.bin")
    of_alice.git("lfs", "lock", "dir/w.bin")
    said = of_alice.git("push", "origin", "HEAD:main")
    assert "Consider unlocking your own locked files" in said
    assert "dir/w.bin" in said
