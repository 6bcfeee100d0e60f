"""`freehold list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freehold.cli.connection import connect
from freehold.cli.failures import UsageError
from freehold.cli.output import show_each
from freehold.cli.parsing import Verbs, add_hub_options

if TYPE_CHECKING:
    import argparse

    from freehold.client.info import RepoInfo

TYPES = {"models": "models", "datasets": "datasets", "spaces": "Spaces"}
# How many columns most numbers need.
NUMBER_WIDTH = 9


def add_list(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    for name, words in TYPES.items():
        _add_conditions(verbs.add(name, f"find {words}, page after page", list_repos), name)


def _add_conditions(parser: argparse.ArgumentParser, name: str) -> None:
    parser.set_defaults(listed=name)
    parser.add_argument("--search", metavar="TEXT", help="a part of namespace/name")
    parser.add_argument("--author", metavar="NAME", help="only those of a user or an organisation")
    parser.add_argument(
        "--filter",
        metavar="TAG",
        action="append",
        help="only those with the tag; may be repeated, and all must be there",
    )
    parser.add_argument("--sort", metavar="KEY", help="downloads, likes, last_modified, …")
    parser.add_argument(
        "--ascending", action="store_true", help="with the smallest first, not with the largest"
    )
    parser.add_argument(
        "-n", "--limit", type=int, metavar="N", help="no more than N (default: all)"
    )
    parser.add_argument(
        "-l", "--long", action="store_true", help="also the last change, downloads and likes"
    )
    add_hub_options(parser)


def list_repos(options: argparse.Namespace) -> None:
    """`freehold list models`, `datasets`, `spaces`."""
    if options.limit is not None and options.limit < 1:
        raise UsageError("--limit is 1 or more.")
    ordered = options.sort or options.ascending
    found = getattr(connect(options), f"list_{options.listed}")(
        search=options.search,
        author=options.author,
        filter=options.filter,
        sort=options.sort,
        direction=(1 if options.ascending else -1) if ordered else None,
        limit=options.limit,
        full=options.long or options.json,
    )
    show_each(options, found, _describe if options.long else _name)


def _name(info: RepoInfo) -> str:
    return info.id


def _describe(info: RepoInfo) -> str:
    """One line: last change, downloads, likes, name."""
    moment = info.last_modified.strftime("%Y-%m-%d %H:%M") if info.last_modified else "-"
    return f"{moment:16}  {_number(info.downloads)}  {_number(info.likes)}  {info.id}"


def _number(value: Any) -> str:
    return f"{'-' if value is None else value:>{NUMBER_WIDTH}}"
