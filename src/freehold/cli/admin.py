"""`freehold admin`: accounts, tokens, organisations and storage, directly on the data of a hub."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from freehold.cli.failures import UsageError
from freehold.cli.output import show, show_table
from freehold.cli.parsing import Run, Verbs, add_output_options
from freehold.cli.settings import add_settings, read_settings
from freehold.client.progress import format_size
from freehold.wire.ids import ORG_ROLES, TOKEN_ROLES

if TYPE_CHECKING:
    import argparse

    from freehold.server.core.storage import HubStorage, RepoStorage
    from freehold.server.hub import Hub


def add_admin(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    nouns = Verbs(parser)
    _add_user(nouns.add("user", "manage users"))
    _add_token(nouns.add("token", "manage access tokens"))
    _add_org(nouns.add("org", "manage organisations"))
    _add_xet(nouns.add("xet", "manage how large files are kept"))
    invite = _add_verb(nouns, "invite", "print a link to make an account with", _invite)
    invite.add_argument("--note", default="", help="whom it is for")
    _add_verb(nouns, "storage", "show what large files take, and why", _show_storage)


def _add_user(parser: argparse.ArgumentParser) -> None:
    verbs = Verbs(parser)
    create = _add_verb(verbs, "create", "make a user", _create_user)
    create.add_argument("name")
    create.add_argument("--email", required=True)
    create.add_argument("--fullname")
    create.add_argument("--password")
    create.add_argument("--admin", action="store_true", help="may do everything")
    change = _add_verb(verbs, "set-password", "give a user a password", _set_password)
    change.add_argument("name")
    change.add_argument(
        "--password", help="asked for, or the first line of the input, if not given"
    )


def _add_token(parser: argparse.ArgumentParser) -> None:
    verbs = Verbs(parser)
    create = _add_verb(verbs, "create", "make a token and print it", _create_token)
    create.add_argument("user")
    create.add_argument("--name", dest="token_name", required=True)
    create.add_argument("--role", choices=TOKEN_ROLES, required=True)
    create.add_argument("--value", help="the token itself, brought from elsewhere")


def _add_org(parser: argparse.ArgumentParser) -> None:
    verbs = Verbs(parser)
    create = _add_verb(verbs, "create", "make an organisation", _create_org)
    create.add_argument("name")
    create.add_argument("--owner", required=True)
    member = _add_verb(verbs, "member", "give a user a role in an organisation", _set_member)
    member.add_argument("org")
    member.add_argument("user")
    member.add_argument("--role", choices=ORG_ROLES, required=True)


def _add_xet(parser: argparse.ArgumentParser) -> None:
    verbs = Verbs(parser)
    _add_verb(verbs, "ingest", "turn large files that are kept whole into chunks", _ingest)


def _add_verb(verbs: Verbs, name: str, help: str, run: Run) -> argparse.ArgumentParser:
    parser = verbs.add(name, help, run)
    add_settings(parser)
    add_output_options(parser)
    return parser


@contextmanager
def _open(options: argparse.Namespace) -> Iterator[Hub]:
    config = read_settings(options)
    from freehold.server.hub import open_hub

    hub = open_hub(config)
    try:
        yield hub
    finally:
        hub.close()


def _create_user(options: argparse.Namespace) -> None:
    from freehold.server.core.users import create_user

    with _open(options) as hub:
        account = create_user(
            hub,
            options.name,
            email=options.email,
            fullname=options.fullname,
            password=options.password,
            is_admin=options.admin,
        )
    show(options, {"user": account.name}, f"Created the user {account.name}.")


def _set_password(options: argparse.Namespace) -> None:
    from freehold.server.core.passwords import set_password

    password = _read_password() if options.password is None else options.password
    with _open(options) as hub:
        set_password(hub, options.name, password)
    told = f"{options.name} has a new password, and has to sign in again."
    show(options, {"user": options.name}, told)


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    password = getpass("New password (it is not shown): ")
    if getpass("The same once more: ") != password:
        raise UsageError("That was not the same both times.")
    return password


def _invite(options: argparse.Namespace) -> None:
    from freehold.server.core.sign_up import invite

    with _open(options) as hub:
        secret = invite(hub, options.note)
        origin = hub.config.public_url or f"http://{hub.config.host}:{hub.config.port}"
    link = f"{origin}/join?invitation={secret}"
    show(options, {"link": link}, link)


def _create_token(options: argparse.Namespace) -> None:
    from freehold.server.core.tokens import create_token

    with _open(options) as hub:
        token = create_token(
            hub, options.user, name=options.token_name, role=options.role, value=options.value
        )
    show(options, {"user": options.user, "token": token}, token)


def _create_org(options: argparse.Namespace) -> None:
    from freehold.server.core.orgs import create_org

    with _open(options) as hub:
        org = create_org(hub, options.name, owner=options.owner)
    show(options, {"org": org.name}, f"Created the organisation {org.name}.")


def _set_member(options: argparse.Namespace) -> None:
    from freehold.server.core.orgs import set_member

    with _open(options) as hub:
        set_member(hub, options.org, options.user, options.role)
    told = f"{options.user} has the role {options.role} in {options.org}."
    show(options, {"org": options.org, "user": options.user, "role": options.role}, told)


def _ingest(options: argparse.Namespace) -> None:
    from freehold.server.core.ingest import ingest

    with _open(options) as hub:
        done = ingest(hub)
    told = f"{done.objects} large files, {format_size(done.size)}, are kept in chunks now."
    show(options, done._asdict(), told)


def _show_storage(options: argparse.Namespace) -> None:
    from freehold.server.core.storage import measure_storage

    with _open(options) as hub:
        report = measure_storage(hub)
    if options.json:
        show(options, {"hub": report.hub._asdict(), "repos": [r._asdict() for r in report.repos]})
        return
    _show_repos(options, report.repos)
    show(options, None, "\n".join(_explain(report.hub)))


def _show_repos(options: argparse.Namespace, repos: list[RepoStorage]) -> None:
    head = ("repository", "files", "sent", "stored", "ratio", "alone")
    show_table(
        options,
        repos,
        head,
        lambda repo: (
            f"{repo.type} {repo.repo}",
            str(repo.files),
            format_size(repo.sent),
            format_size(repo.stored),
            _format_ratio(repo.stored, repo.sent),
            format_size(repo.alone),
        ),
    )


def _explain(hub: HubStorage) -> list[str]:
    """From what was sent to what is stored, a step on each line."""
    steps = (
        ("sent", hub.sent),
        ("the same content in several repositories", -hub.saved_by_same_content),
        ("the same chunks in several places", -hub.saved_by_same_chunks),
        ("compression", -hub.saved_by_compression),
        ("not needed by any file, kept for now", hub.extra_unused),
        ("tables of chunks", hub.extra_tables),
    )
    lines = [f"{_format_step(size):>12}  {what}" for what, size in steps]
    ratio = _format_ratio(hub.stored, hub.sent)
    lines.append(f"{format_size(hub.stored):>12}  stored, {ratio} of what was sent")
    return [*lines, f"{format_size(hub.packs):>12}  git objects besides"]


def _format_step(size: int) -> str:
    return f"-{format_size(-size)}" if size < 0 else format_size(size)


def _format_ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"
