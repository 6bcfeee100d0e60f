"""`freehold login`, `logout`, `whoami` and `auth`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from freehold.cli.connection import check_endpoint, connect
from freehold.cli.failures import UsageError
from freehold.cli.output import note, show, show_table
from freehold.cli.parsing import Verbs, add_hub_options, add_output_options

if TYPE_CHECKING:
    import argparse

STDIN = "-"


def add_login(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_hub_options(parser)
    _add_git(parser)
    parser.set_defaults(run=login)


def _add_git(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--add-to-git-credential", action="store_true", help="give the token to git as well"
    )


def login(options: argparse.Namespace) -> None:
    """`freehold login`: asks for the token, unless `--token` has it or says where it comes from."""
    from freehold.client import login as accounts

    token = _read_piped_token() if options.token == STDIN else options.token
    accounts.login(
        token,
        endpoint=check_endpoint(options.endpoint),
        add_to_git_credential=options.add_to_git_credential,
    )
    hub = connect(options).endpoint
    note(options, f"Logged in to {hub}.")
    show(options, {"endpoint": hub})


def _read_piped_token() -> str:
    token = sys.stdin.readline().strip()
    if not token:
        raise UsageError("--token - reads the token from stdin, and nothing came.")
    return token


def add_logout(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="only the token of that name")
    add_hub_options(parser)
    parser.set_defaults(run=logout)


def logout(options: argparse.Namespace) -> None:
    """`freehold logout`: the named token, those of `--endpoint`, or all of them."""
    from freehold.client import login as accounts

    endpoint = check_endpoint(options.endpoint)
    accounts.logout(options.name, endpoint=endpoint)
    what = options.name or (f"All tokens for {endpoint}" if endpoint else "All tokens")
    note(options, f"Removed from this machine: {what}.")
    show(options, {"name": options.name, "endpoint": endpoint})


def add_whoami(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_hub_options(parser)
    parser.set_defaults(run=whoami)


def whoami(options: argparse.Namespace) -> None:
    """`freehold whoami`."""
    found = connect(options).whoami()
    show(options, found, "\n".join(_describe_account(found)))


def _describe_account(account: dict[str, Any]) -> list[str]:
    orgs = [str(org.get("name")) for org in account.get("orgs") or []]
    return [str(account.get("name")), *([f"orgs: {', '.join(orgs)}"] if orgs else [])]


# Several tokens


def add_auth(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    add_output_options(verbs.add("list", "list the saved tokens, without their values", auth_list))
    switch = verbs.add("switch", "use another saved token", auth_switch)
    switch.add_argument("name", metavar="NAME", help="the name of the token")
    _add_git(switch)
    add_output_options(switch)


def auth_list(options: argparse.Namespace) -> None:
    """`freehold auth list`."""
    from freehold.client import login as accounts

    # The value of a token is never printed.
    found = [
        {"name": token.name, "endpoint": token.endpoint, "active": token.active}
        for token in accounts.auth_list()
    ]

    def to_row(token: dict[str, Any]) -> tuple[str, str, str]:
        return "*" if token["active"] else "", token["name"], token["endpoint"]

    show_table(options, found, ("USED", "NAME", "HUB"), to_row)


def auth_switch(options: argparse.Namespace) -> None:
    """`freehold auth switch`."""
    from freehold.client import login as accounts

    accounts.auth_switch(options.name, add_to_git_credential=options.add_to_git_credential)
    note(options, f"{options.name} is used now.")
    show(options, {"name": options.name})
