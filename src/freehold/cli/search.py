"""`freehold search`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from freehold.cli.connection import connect
from freehold.cli.failures import UsageError
from freehold.cli.output import show_each
from freehold.cli.parsing import add_hub_options
from freehold.wire.ids import URL_PREFIXES

if TYPE_CHECKING:
    from freehold.client.search_info import SearchHit

# The longest type has so many letters.
TYPE_WIDTH = 7


def add_search(parser: argparse.ArgumentParser) -> None:
    """Adds the command."""
    parser.set_defaults(run=search_repos)
    parser.add_argument("words", metavar="WORD", nargs="+", help="all must be there")
    parser.add_argument(
        "-n", "--limit", type=int, metavar="N", default=20, help="no more than N (default: 20)"
    )
    parser.add_argument(
        "-l", "--long", action="store_true", help="also the part of the card with the words"
    )
    parser.add_argument(
        "--repo-type",
        choices=list(URL_PREFIXES),
        default=argparse.SUPPRESS,
        help="only those of this kind (default: all)",
    )
    add_hub_options(parser)


def search_repos(options: argparse.Namespace) -> None:
    """`freehold search`: one line for each repository, the best first."""
    if options.limit < 1:
        raise UsageError("--limit is 1 or more.")
    found = connect(options).search_repos(
        " ".join(options.words), repo_type=options.repo_type, limit=options.limit
    )
    show_each(options, found, _describe if options.long else _name)


def _name(hit: SearchHit) -> str:
    return f"{hit.repo_type:{TYPE_WIDTH}}  {hit.id}"


def _describe(hit: SearchHit) -> str:
    return f"{_name(hit)}  {hit.snippet}".rstrip()
