"""The command line: `freehold COMMAND …`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from freehold import __version__
from freehold.cli import admin, serve
from freehold.errors import FreeholdError

COMMANDS = (serve, admin)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives the exit status: 0, 1 for an error, 2 for wrong usage."""
    options = make_parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except FreeholdError as error:
        print(f"freehold: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("freehold"):
            raise
        print(
            f"freehold: {error.name} is missing: the server is installed by"
            " `pip install 'freehold[server]'`",
            file=sys.stderr,
        )
        return 1


def make_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = argparse.ArgumentParser(
        prog="freehold", description="A self-hosted model hub, and a client for any hub."
    )
    parser.add_argument("--version", action="version", version=f"freehold {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser
