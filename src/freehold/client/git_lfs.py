"""git-lfs in a clone: installed there, and sending large files in parts."""

from __future__ import annotations

import logging
import sys
from typing import Final

from freehold.client.errors import LocalFileError
from freehold.client.git_credentials import OWN_ARGUMENTS
from freehold.client.git_program import Git

logger = logging.getLogger("freehold")

_TRANSFER: Final = "lfs.customtransfer.multipart"


def is_installed(git: Git) -> bool:
    """Whether there is a git-lfs on this machine."""
    return git.try_run("lfs", "version").status == 0


def set_up(git: Git) -> bool:
    """Installs git-lfs in the repository of `git`, and says whether there is one on this machine.

    A hook of somebody else is left alone and told of, as git-lfs would.
    """
    if not is_installed(git):
        logger.warning("git-lfs is not installed: large files are pointers in %s.", git.folder)
        return False
    git.run("lfs", "install", "--local", "--skip-repo")
    hooks = git.try_run("lfs", "update")
    if hooks.status:
        logger.warning("git-lfs cannot send what is pushed from %s: %s", git.folder, hooks.told)
    enable_parts(git)
    return True


def enable_parts(git: Git) -> None:
    """Lets git-lfs send large files in parts, where the hub wants them so.

    Raises `LocalFileError` when the folder is no git repository.
    """
    if not git.folder.is_dir() or git.find("rev-parse", "--git-dir") is None:
        raise LocalFileError(f"{str(git.folder)!r} is no git repository.")
    values = {
        "path": sys.executable,
        "args": f"{OWN_ARGUMENTS} lfs-multipart-upload",
        "direction": "upload",
        # One program sends several parts at once, of one file after the other.
        "concurrent": "false",
    }
    for name, value in values.items():
        git.run("config", "--local", f"{_TRANSFER}.{name}", value)


def make_pointer(git: Git, blob: str) -> bytes:
    """The pointer to the content of a git blob, which git-lfs now has; a pointer stays what it is.

    Raises `GitError`.
    """
    return git.pipe(("cat-file", "blob", blob), ("lfs", "clean"))
