"""What `clone_repo` does on this machine: it makes a clone, or brings one up to date.

Commits that were made before there was a hub are joined to it by `client/git_join.py`.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from freehold.client import git_credentials, git_lfs
from freehold.client.addresses import origin_of
from freehold.client.errors import InvalidAnswerError, LocalFileError
from freehold.client.git_program import Git, Patience, without_passwords
from freehold.client.git_snapshot import unchanged_on_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGIN: Final = "origin"


class Source(NamedTuple):
    """The repository that is cloned, and `commit`: what its `revision` is, None for the newest.

    With `skip_lfs_files` large files stay pointers for now. `has_locks` says whether git-lfs can
    ask the hub for the locks of others before it pushes.
    """

    url: str
    endpoint: str
    token: str | None
    revision: str | None
    commit: str | None
    skip_lfs_files: bool
    has_locks: bool

    def __repr__(self) -> str:
        return f"Source({self.url!r}, revision={self.revision!r})"


def clone(source: Source, path: str, patience: Patience) -> Path:
    """The folder with the clone; raises `LocalFileError` and `GitError`, and then changed nothing.

    See `HfApi.clone_repo`.
    """
    folder = Path(path).absolute()
    settings, environ = git_credentials.for_one_run(source.endpoint, source.token)
    skipping = {"GIT_LFS_SKIP_SMUDGE": "1"} if source.skip_lfs_files else {}
    # Above the folder there may be a repository that is not meant.
    ceiling = {"GIT_CEILING_DIRECTORIES": str(folder.parent.resolve())}
    changes = {**environ, **skipping, **ceiling}
    # git-lfs would ask that program for a password.
    git = Git(folder, [("core.askpass", ""), *settings], changes, patience)
    if _is_new(folder):
        _clone_anew(git, source)
    elif not (folder / ".git").exists():
        raise LocalFileError(f"{path!r} is not empty, and no git repository: nothing was cloned.")
    else:
        _reuse(git, source)
    return folder


def _is_new(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError as error:
        raise LocalFileError(f"{str(folder)!r} cannot be cloned to: {error.strerror}.") from error


# A new clone


def _clone_anew(git: Git, source: Source) -> None:
    with _undone_on_failure(git.folder):
        git.changed(folder=Path(git.folder.anchor)).run(
            "clone",
            "--no-checkout",
            f"--origin={ORIGIN}",
            *git.progress_options,
            "--",
            source.url,
            str(git.folder),
        )
        set_up(git, source)
        check_out(git, source)


@contextmanager
def _undone_on_failure(folder: Path) -> Iterator[None]:
    """Leaves no half of a clone behind in the folder, which was empty or not there."""
    outermost = next((p for p in [*folder.parents][::-1] if not p.exists()), folder)
    existed = folder.exists()
    try:
        yield
    except BaseException:
        for path in [*folder.iterdir()] if folder.exists() else []:
            _remove(path)
        if not existed:
            _remove_empty(folder, outermost)
        raise


def _remove_empty(folder: Path, outermost: Path) -> None:
    """Removes the folder and those above it that were made for it; none that holds something."""
    for place in [folder, *folder.parents]:
        with suppress(OSError):
            place.rmdir()
        if place == outermost:
            return


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def set_up(git: Git, source: Source) -> None:
    """Configures the clone, so that git and git-lfs work with its hub from now on."""
    values: dict[str, list[str]] = {}
    for name, value in git_credentials.settings_of_clone(source.endpoint):
        values.setdefault(name, []).append(value)
    verify = f"lfs.{source.url}.git/info/lfs.locksverify"
    if git_lfs.set_up(git) and git.find("config", "--get", verify) is None:
        # Without a word on it, git-lfs would advise with each push to decide it.
        values[verify] = ["true" if source.has_locks else "false"]
    for name, (first, *more) in values.items():
        git.run("config", "--local", "--replace-all", name, first)
        for value in more:
            git.run("config", "--local", "--add", name, value)


def check_out(git: Git, source: Source) -> None:
    """Checks out the revision that is asked for, or what the hub has as its default branch."""
    git.run("checkout", *git.careful_options, *_what_to_check_out(git, source), "--")


def fetch_large_files(git: Git, source: Source, revision: str) -> None:
    """Fetches the large files of a revision before it is checked out.

    When git finds none in the midst of a checkout, it leaves half of the files changed.
    """
    if not source.skip_lfs_files and git_lfs.is_installed(git):
        git.run("lfs", "fetch", ORIGIN, revision)


def _what_to_check_out(git: Git, source: Source) -> list[str]:
    name = source.revision
    if name is None:
        return []
    if has(git, f"refs/heads/{name}"):
        return [name]
    if has(git, f"refs/remotes/{ORIGIN}/{name}"):
        return ["-b", name, "--track", f"{ORIGIN}/{name}"]
    commit = source.commit or name
    if not has(git, f"{commit}^{{commit}}"):
        git.run("fetch", *git.progress_options, ORIGIN, name)
    fetch_large_files(git, source, commit)
    return ["--detach", commit]


def has(git: Git, name: str) -> bool:
    """Whether git knows something by that name."""
    return git.find("rev-parse", "--verify", "--quiet", "--end-of-options", name) is not None


# A folder that is a git repository already


def _reuse(git: Git, source: Source) -> None:
    from freehold.client.git_join import join

    origin = git.find("config", "--get", f"remote.{ORIGIN}.url")
    if origin is not None and not is_same_repository(origin, source.url):
        shown = without_passwords(origin)
        raise LocalFileError(f"{str(git.folder)!r} is a clone of {shown}: nothing was changed.")
    was_fetched = git.find("for-each-ref", "--count=1", f"refs/remotes/{ORIGIN}/") is not None
    with unchanged_on_failure(git):
        if origin is None:
            git.run("remote", "add", ORIGIN, source.url)
        set_up(git, source)
        git.run("fetch", *git.progress_options, ORIGIN)
        if was_fetched and has(git, "HEAD"):
            _bring_up_to_date(git, source)
        else:
            join(git, source)


def is_same_repository(one: str, other: str) -> bool:
    """Whether two addresses are of the same repository of the same hub."""
    return _identity(one) == _identity(other)


def _identity(url: str) -> tuple[object, ...]:
    """The address without account, and without an ending that makes no difference."""
    try:
        return *origin_of(url), urlsplit(url).path.rstrip("/").removesuffix(".git")
    except InvalidAnswerError:
        return (url,)


def _bring_up_to_date(git: Git, source: Source) -> None:
    current = git.find("symbolic-ref", "--quiet", "--short", "HEAD")
    branch = source.revision or current
    if branch is None:
        raise LocalFileError(
            f"{str(git.folder)!r} has no branch checked out: pass the `revision` that it is to"
            " have. Nothing was changed."
        )
    if has(git, f"refs/remotes/{ORIGIN}/{branch}"):
        _forward(git, source, branch, is_current=branch == current)
    elif branch != current:
        check_out(git, source)


def _forward(git: Git, source: Source, branch: str, *, is_current: bool) -> None:
    """Checks the branch out with all that the hub has; it may have more than the hub."""
    local, upstream = f"refs/heads/{branch}", f"{ORIGIN}/{branch}"
    if not has(git, local) or _is_ancestor(git, local, upstream):
        fetch_large_files(git, source, upstream)
        how = ["merge", *git.careful_options, "--ff-only", upstream]
        switch = ["checkout", *git.careful_options, "-B", branch, "--track", upstream, "--"]
        git.run(*(how if is_current else switch))
    elif not _is_ancestor(git, upstream, local):
        raise LocalFileError(
            f"{branch!r} in {str(git.folder)!r} and at the hub have different commits: merge or"
            " rebase yours first. Nothing was changed."
        )
    elif not is_current:
        git.run("checkout", *git.careful_options, branch, "--")


def _is_ancestor(git: Git, one: str, other: str) -> bool:
    return git.try_run("merge-base", "--is-ancestor", one, other).status == 0
