"""`freehold clone`, and the commands that git and git-lfs run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from freehold.cli.connection import connect
from freehold.cli.output import note, show
from freehold.cli.parsing import add_output_options, add_repo_options, add_revision

if TYPE_CHECKING:
    import argparse


def add_clone(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_repo_options(parser)
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", help="where to (default: the name of the repository)"
    )
    add_revision(parser)
    parser.add_argument(
        "--skip-lfs-files", action="store_true", help="leave large files as pointers for now"
    )
    parser.set_defaults(run=clone_repo)


def clone_repo(options: argparse.Namespace) -> None:
    """`freehold clone`: prints where the clone is, and nothing else, on stdout."""
    folder = connect(options).clone_repo(
        options.repo_id,
        options.folder or options.repo_id.rpartition("/")[2],
        repo_type=options.repo_type,
        revision=options.revision,
        skip_lfs_files=options.skip_lfs_files,
        show_progress=not options.quiet and not options.json and sys.stderr.isatty(),
    )
    show(options, {"path": folder}, folder)


# What git runs


def add_git_credential(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "operation", metavar="get|store|erase", help="what git asks for; only `get` does anything"
    )
    parser.set_defaults(run=git_credential)


def git_credential(options: argparse.Namespace) -> None:
    """`freehold git-credential`: a credential helper that gives what `freehold login` has saved."""
    request = sys.stdin.read()
    if options.operation != "get":
        return
    from freehold.client.git_credentials import answer_git
    from freehold.client.settings import ClientSettings

    sys.stdout.write(answer_git(request, ClientSettings.load()))


# What git-lfs runs


def add_lfs_enable_largefiles(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("folder", metavar="FOLDER", help="a clone of a repository")
    add_output_options(parser)
    parser.set_defaults(run=lfs_enable_largefiles)


def lfs_enable_largefiles(options: argparse.Namespace) -> None:
    """`freehold lfs-enable-largefiles`."""
    from freehold.client.git_lfs import enable_parts
    from freehold.client.git_program import Git

    enable_parts(Git(Path(options.folder)))
    note(options, f"git-lfs sends the large files of {options.folder} in parts.")
    show(options, {"path": options.folder})


def add_lfs_multipart_upload(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.set_defaults(run=lfs_multipart_upload)


def lfs_multipart_upload(options: argparse.Namespace) -> None:
    """`freehold lfs-multipart-upload`."""
    from freehold.client.lfs_multipart import serve

    def write(line: str) -> None:
        sys.stdout.write(line)
        sys.stdout.flush()

    serve(sys.stdin, write)
