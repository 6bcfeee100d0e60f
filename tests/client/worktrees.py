"""Folders under git on this machine, worked on by the real git with the settings of the user."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from shutil import which

# Whoever has commits has a name, whatever the machine is set to.
_WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


class Worktree:
    """A folder under git."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @classmethod
    def new(cls, folder: Path, branch: str = "master") -> Worktree:
        """An empty repository whose first branch has that name."""
        subprocess.run(["git", "init", "-q", "-b", branch, str(folder)], check=True)
        return cls(folder)

    def try_git(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run git there, whatever becomes of it."""
        return subprocess.run(
            ["git", *_WHO, *arguments],
            cwd=self.folder,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **environ},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )

    def git(self, *arguments: str, **environ: str) -> str:
        """What git prints, without the line end; it must succeed."""
        done = self.try_git(*arguments, **environ)
        assert done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.rstrip("\n")

    def commit(self, files: Mapping[str, bytes | None], message: str = "a change") -> str:
        """Write the files, delete those that are None, commit all, and return the commit's id."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        """The id that a name stands for."""
        return self.git("rev-parse", "--verify", name)

    def titles(self, name: str = "HEAD") -> list[str]:
        """The first lines of the commits, newest first."""
        return self.git("log", "--format=%s", name).splitlines()

    def read(self, name: str) -> bytes:
        """A file as it lies there."""
        return (self.folder / name).read_bytes()

    def state(self) -> dict[str, object]:
        """All that a user can tell apart: files, refs, configuration, hooks, index."""
        inside = self.folder / ".git"
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and inside not in path.parents
        }
        return {
            "files": files,
            "head": (inside / "HEAD").read_text(),
            "refs": self.git("for-each-ref"),
            "config": (inside / "config").read_text(),
            "hooks": sorted(path.name for path in (inside / "hooks").glob("*")),
            "index": self.git("ls-files", "--stage"),
            "status": self.git("status", "--porcelain"),
        }


def put_git_in_the_way(folder: Path, script: str) -> str:
    """A PATH on which a `git` of ours is first: a shell script that ends with the real one."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f'#!/bin/sh\n{script}\nexec {which("git")} "$@"\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
