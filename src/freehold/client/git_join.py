"""Local commits joined to the hub: put on top of its branch, to be pushed from there.

The commits are made anew beside the old ones. Only then do the files, the index and the branch
change, in this order, and all of it is put back when one of them cannot be changed.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from freehold.client import git_lfs
from freehold.client.errors import LocalFileError
from freehold.client.git_clone import ORIGIN, Source, fetch_large_files, has
from freehold.client.git_replay import replay
from freehold.client.refs import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freehold.client.git_program import Git

_BACKUPS: Final = "refs/freehold/before-clone"


def join(git: Git, source: Source) -> None:
    """Puts the current branch on top of that of the hub, under its name; it was fetched before.

    Raises `LocalFileError` when something stands in the way, and `GitError`.
    """
    branch = source.revision or MAIN
    upstream = f"refs/remotes/{ORIGIN}/{branch}"
    current = git.find("symbolic-ref", "--quiet", "--short", "HEAD")
    _refuse_what_is_unfit(git, current, branch)
    base = git.find("rev-parse", "--verify", "--quiet", f"{upstream}^{{commit}}")
    if base is None:
        raise LocalFileError(f"{branch!r} is no branch of the hub: commits can only join a branch.")
    fetch_large_files(git, source, base)
    old = git.find("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if old is None:
        git.run("checkout", *git.careful_options, "-b", branch, "--track", upstream, "--")
        return
    new = replay(git, old, base, with_lfs=git_lfs.is_installed(git))
    with _switched_files(git, old, new):
        _switch_branch(git, str(current), branch, new)
        git.run("update-ref", f"{_BACKUPS}/{old[:12]}", old)
        _let_push_work(git, branch)


def _refuse_what_is_unfit(git: Git, current: str | None, branch: str) -> None:
    where = repr(str(git.folder))
    if current is None:
        raise LocalFileError(f"{where} has no branch checked out: nothing was changed.")
    if branch != current and has(git, f"refs/heads/{branch}"):
        raise LocalFileError(
            f"{where} has a branch {branch!r} already, and {current!r} is checked out: check out"
            " the one that the hub is to get. Nothing was changed."
        )
    if git.find("status", "--porcelain", "--untracked-files=no") is not None:
        raise LocalFileError(
            f"{where} has changes that are not committed: commit them first. Nothing was changed."
        )
    git.run("status", "--porcelain", "--untracked-files=no")


@contextmanager
def _switched_files(git: Git, old: str, new: str) -> Iterator[None]:
    """Brings index and files to the new commit, and back to the old one when the block fails.

    Raises `LocalFileError` for a file in the way that is not git's, and writes over none.
    """
    came = _list(git, old, new, "A")
    changed = _list(git, old, new, "MT")
    for name in came:
        _refuse_file_in_the_way(git.folder, name)
    git.try_run("update-index", "-q", "--refresh")
    git.run("read-tree", "-n", "-m", "-u", old, new)
    try:
        git.run("read-tree", "-m", "-u", old, new)
        yield
    except BaseException:
        again = git.uncancelled()
        again.run("read-tree", "--reset", old)
        for name in came:
            Path(git.folder, name).unlink(missing_ok=True)
        if changed:
            paths = "".join(f"{name}\0" for name in changed).encode("utf-8", "surrogateescape")
            again.run("checkout-index", "-f", "-u", "-z", "--stdin", stdin=paths)
        raise


def _refuse_file_in_the_way(folder: Path, name: str) -> None:
    """git itself would write over a file that it is told to ignore."""
    path = folder / name
    above = [place for place in path.parents if folder in place.parents]
    files = [p for p in above if p.is_symlink() or (p.exists() and not p.is_dir())]
    for found in [*files, *([path] if path.exists() or path.is_symlink() else [])]:
        raise LocalFileError(
            f"{str(found)!r} is not under git, and the hub has a file there: move it away."
            " Nothing was changed."
        )


def _list(git: Git, old: str, new: str, kinds: str) -> set[str]:
    """The paths that came, or changed, from one commit to the other."""
    options = ("-r", "-z", "--name-only", "--no-renames", f"--diff-filter={kinds}")
    listed = git.run("diff-tree", *options, old, new, "--").split(b"\0")
    return {name.decode("utf-8", "surrogateescape") for name in filter(None, listed)}


def _switch_branch(git: Git, current: str, branch: str, new: str) -> None:
    reason = f"clone_repo: on top of {ORIGIN}/{branch}"
    git.run("update-ref", "-m", reason, f"refs/heads/{current}", new)
    if current != branch:
        git.run("branch", "-m", current, branch)
    git.run("branch", "--quiet", f"--set-upstream-to={ORIGIN}/{branch}", branch)


def _let_push_work(git: Git, branch: str) -> None:
    """A bare `git push` sends this branch to the hub, whatever the user has set for others."""
    if git.find("config", "push.default") == "nothing":
        git.run("config", "--local", "push.default", "simple")
    if git.find("config", "remote.pushDefault") not in {None, ORIGIN}:
        git.run("config", "--local", f"branch.{branch}.pushRemote", ORIGIN)
