"""The parser: which commands there are, and the options that they share.

A command's module is imported when it was chosen, so `freehold --help` reads none of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Container
from importlib import import_module
from typing import Any, Final, NamedTuple, NoReturn

from freehold import __version__
from freehold.cli.failures import UsageError
from freehold.wire.ids import URL_PREFIXES

Run = Callable[[argparse.Namespace], int | None]


class Command(NamedTuple):
    """The module below `freehold.cli` that has `add_<name>`, and what the command does."""

    module: str
    help: str


COMMANDS: Final = {
    "login": Command("users", "save a token for a hub"),
    "logout": Command("users", "remove saved tokens"),
    "whoami": Command("users", "show the account of the token"),
    "auth": Command("users", "list saved tokens and switch between them"),
    "repo": Command("repos", "create, change, move, duplicate and delete repositories"),
    "upload": Command("commits", "upload files and folders as one commit"),
    "download": Command("downloads", "download files or a whole repository"),
    "clone": Command("git", "clone a repository with git, or bring a clone up to date"),
    "list": Command("listing", "find models, datasets and Spaces"),
    "search": Command("search", "find repositories by words in names, tags and cards"),
    "ls": Command("files", "list the files of a repository"),
    "log": Command("refs", "show the history of a repository"),
    "tag": Command("refs", "create, list and delete tags"),
    "branch": Command("refs", "create, list and delete branches"),
    "discussions": Command("discussions", "read and lead discussions and pull requests"),
    "squash": Command("refs", "replace the history of a branch by one commit"),
    "cache": Command("cache", "list, verify and delete what was downloaded"),
    "git-credential": Command("git", "give git the token for a hub (git runs this)"),
    "lfs-enable-largefiles": Command("git", "let git-lfs send the large files of a clone in parts"),
    "lfs-multipart-upload": Command("git", "send large files in parts (git-lfs runs this)"),
    "completion": Command("completion", "print a script that completes commands in a shell"),
    "version": Command("version", "print the version"),
    "serve": Command("serve", "run the hub"),
    "admin": Command("admin", "manage the accounts of a hub on this machine"),
}

DEFAULTS: Final = {
    "json": False,
    "quiet": False,
    "endpoint": None,
    "token": None,
    "repo_type": None,
    "yes": False,
}


class Parser(argparse.ArgumentParser):
    """A parser whose options are written out in full, and that raises `UsageError`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Ends parsing, with one line that names the page to read."""
        raise UsageError(f"{message} (see `{self.prog} --help`)")


def make_parser(chosen: Container[str]) -> Parser:
    """The parser of all commands; only the chosen ones have their options."""
    parser = Parser(prog="freehold", description="A self-hosted model hub, and a client for any.")
    parser.set_defaults(**DEFAULTS)
    parser.add_argument("--version", action="version", version=f"freehold {__version__}")
    add_hub_options(parser)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        added = _add_command(commands, name, command.help)
        if name in chosen:
            module = import_module(f"freehold.cli.{command.module}")
            getattr(module, f"add_{name.replace('-', '_')}")(added)
    return parser


def _add_command(commands: Any, name: str, help: str) -> Parser:
    about = f"{help[0].upper()}{help[1:]}."
    added: Parser = commands.add_parser(name, help=help, description=about)
    return added


class Verbs:
    """The verbs of a noun: `freehold tag create`, `freehold tag list`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(self, name: str, help: str, run: Run | None = None) -> Parser:
        """A verb that runs the function; without one it is a noun of its own."""
        added = _add_command(self._verbs, name, help)
        if run is not None:
            added.set_defaults(run=run)
        return added


# Shared options. They are accepted before and after the command, so those of a command have no
# default: it would overwrite what stands before.


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Adds what every command takes."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print one JSON value, and errors as JSON",
    )
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print results and errors only, no progress",
    )


def add_hub_options(parser: argparse.ArgumentParser) -> None:
    """Adds what every command takes that asks a hub."""
    add_output_options(parser)
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        default=argparse.SUPPRESS,
        help="the address of the hub [HF_ENDPOINT]",
    )
    parser.add_argument(
        "--token",
        default=argparse.SUPPRESS,
        help="use this token instead of the saved one [HF_TOKEN]",
    )


def add_repo_options(parser: argparse.ArgumentParser) -> None:
    """Adds the repository, its type, and the options of the hub."""
    parser.add_argument("repo_id", metavar="REPO", help="namespace/name of the repository")
    add_repo_type(parser)
    add_hub_options(parser)


def add_repo_type(parser: argparse.ArgumentParser) -> None:
    """Adds `--repo-type`."""
    parser.add_argument(
        "--repo-type",
        choices=list(URL_PREFIXES),
        default=argparse.SUPPRESS,
        help="what kind of repository it is (default: model)",
    )


def add_revision(parser: argparse.ArgumentParser) -> None:
    """Adds `--revision`."""
    parser.add_argument(
        "--revision", metavar="REV", help="a branch, a tag or a commit id (default: main)"
    )


def add_confirmation(parser: argparse.ArgumentParser) -> None:
    """Adds `--yes`, for commands that `output.confirm` guards."""
    parser.add_argument(
        "-y",
        "--yes",
        action="store_true",
        default=argparse.SUPPRESS,
        help="do not ask; needed where nobody can be asked",
    )
