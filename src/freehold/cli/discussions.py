"""`freehold discussions`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from freehold.cli.connection import connect
from freehold.cli.failures import NothingFoundError, UsageError
from freehold.cli.output import confirm, note, print_text, show, show_each
from freehold.cli.parsing import Verbs, add_confirmation, add_repo_options

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from freehold.client.discussion_info import Discussion, DiscussionEvent, DiscussionWithDetails
    from freehold.client.discussions import DiscussionType

STDIN = "-"
SHORT_ID = 10

TYPES: dict[str, DiscussionType] = {
    "all": "all",
    "discussion": "discussion",
    "pull-request": "pull_request",
}


def add_discussions(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    _add_list(verbs.add("list", "list discussions and pull requests", list_discussions))
    _add_one(verbs.add("info", "show all that has happened in one", show_discussion))
    _add_create(verbs.add("create", "open one and print its address", create_discussion))
    comment = verbs.add("comment", "say something", comment_discussion)
    _add_one(comment)
    comment.add_argument("text", metavar="TEXT", help="Markdown, or - for what is piped in")
    _add_change(verbs.add("close", "close one", close_discussion))
    again = "open a closed one again, or a draft for the first time"
    _add_change(verbs.add("reopen", again, reopen_discussion))
    rename = verbs.add("rename", "give one another title", rename_discussion)
    _add_one(rename)
    rename.add_argument("title", metavar="TITLE", help="3 to 200 characters")
    merge = verbs.add("merge", "put a pull request into its branch", merge_pull_request)
    _add_change(merge)
    add_confirmation(merge)
    _add_one(verbs.add("diff", "print what a pull request would change", show_diff))


def _add_one(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    parser.add_argument("num", metavar="NUMBER", type=int, help="its number in the repository")


def _add_change(parser: argparse.ArgumentParser) -> None:
    _add_one(parser)
    parser.add_argument("-m", "--comment", metavar="TEXT", help="say this with it")


# Reading


def _add_list(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    parser.add_argument(
        "--status",
        choices=("open", "closed", "all"),
        default="open",
        help="drafts are open, what was merged is closed (default: open)",
    )
    parser.add_argument("--type", choices=list(TYPES), default="all", help="only those (all)")
    parser.add_argument("--author", metavar="NAME", help="only those that NAME has opened")
    parser.add_argument("-n", "--number", type=int, metavar="N", help="only the newest N")


def list_discussions(options: argparse.Namespace) -> None:
    """`freehold discussions list`."""
    if options.number is not None and options.number < 1:
        raise UsageError("--number is 1 or more.")
    found = connect(options).get_repo_discussions(
        options.repo_id,
        author=options.author,
        discussion_type=TYPES[options.type],
        discussion_status=options.status,
        repo_type=options.repo_type,
    )
    show_each(options, islice(found, options.number), _describe)


def _describe(found: Discussion) -> str:
    kind = "pull request" if found.is_pull_request else "discussion"
    about = f"#{found.num:<5} {found.status:6}  {kind:12}  {_moment(found.created_at)}"
    return f"{about}  {found.author}  {found.title}"


def _moment(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "-"


def show_discussion(options: argparse.Namespace) -> None:
    """`freehold discussions info`."""
    found = _find(options)
    show(options, found, "\n".join(_tell(found)))


def _find(options: argparse.Namespace) -> DiscussionWithDetails:
    return connect(options).get_discussion_details(
        options.repo_id, options.num, repo_type=options.repo_type
    )


def _tell(found: DiscussionWithDetails) -> Iterator[str]:
    """The head of a discussion, and its events."""
    yield f"#{found.num} {found.title}"
    yield f"{found.status}, opened by {found.author}, {_moment(found.created_at)}"
    if found.is_pull_request:
        yield from _tell_changes(found)
    yield found.url
    for event in found.events:
        yield ""
        yield f"{_moment(event.created_at)}  {event.author}  {_tell_event(event)}"
        yield from (f"    {line}" for line in getattr(event, "content", "").splitlines())


def _tell_changes(found: DiscussionWithDetails) -> Iterator[str]:
    yield f"{found.git_reference} into {(found.target_branch or '-').removeprefix('refs/heads/')}"
    if found.merge_commit_oid:
        yield f"merged by {found.merge_commit_oid}"
    if isinstance(found.conflicting_files, list) and found.conflicting_files:
        yield f"conflicts in {', '.join(found.conflicting_files)}"
    elif found.conflicting_files:
        yield "conflicts"


def _tell_event(event: DiscussionEvent) -> str:
    """What it was, in a few words."""
    from freehold.client import discussion_info as info

    if isinstance(event, info.DiscussionComment):
        return "edited" if event.edited else ""
    if isinstance(event, info.DiscussionStatusChange):
        return f"-> {event.new_status}"
    if isinstance(event, info.DiscussionTitleChange):
        return f"renamed it: {event.new_title}"
    if isinstance(event, info.DiscussionCommit):
        return f"{(event.oid or '')[:SHORT_ID]} {event.summary}"
    return event.type


def show_diff(options: argparse.Namespace) -> None:
    """`freehold discussions diff`: as git prints it, for a pager or for `git apply`."""
    found = _find(options)
    if not found.is_pull_request:
        raise NothingFoundError(f"#{found.num} of {found.repo_id} is no pull request.")
    if found.diff is None:
        raise NothingFoundError(f"The hub gives no diff of #{found.num}: it may be too large.")
    if options.json:
        show(options, {"num": found.num, "diff": found.diff})
    else:
        print_text(found.diff)


# Changing


def _add_create(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    parser.add_argument("title", metavar="TITLE", help="3 to 200 characters")
    parser.add_argument(
        "-m", "--description", metavar="TEXT", help="Markdown, or - for what is piped in"
    )
    parser.add_argument(
        "--pull-request", action="store_true", help="the draft of a pull request, without changes"
    )
    parser.add_argument(
        "--head", metavar="BRANCH", help="a pull request with the commits of BRANCH"
    )
    parser.add_argument(
        "--base", metavar="BRANCH", help="a pull request that wants to change BRANCH (main)"
    )


def create_discussion(options: argparse.Namespace) -> None:
    """`freehold discussions create`."""
    api = connect(options)
    common: dict[str, Any] = {
        "description": _read(options.description),
        "repo_type": options.repo_type,
    }
    if options.pull_request or options.head or options.base:
        made = api.create_pull_request(
            options.repo_id, options.title, head=options.head, base=options.base, **common
        )
        note(options, f"Opened the pull request #{made.num}: {made.git_reference} is its revision.")
    else:
        made = api.create_discussion(options.repo_id, options.title, **common)
        note(options, f"Opened the discussion #{made.num}.")
    show(options, made, made.url)


def _read(text: str | None) -> str | None:
    return sys.stdin.read() if text == STDIN else text


def comment_discussion(options: argparse.Namespace) -> None:
    """`freehold discussions comment`."""
    made = connect(options).comment_discussion(
        options.repo_id, options.num, _read(options.text) or "", repo_type=options.repo_type
    )
    note(options, f"Commented on #{options.num} of {options.repo_id}.")
    show(options, made)


def close_discussion(options: argparse.Namespace) -> None:
    """`freehold discussions close`."""
    _change_status(options, "closed")
    note(options, f"Closed #{options.num} of {options.repo_id}.")


def reopen_discussion(options: argparse.Namespace) -> None:
    """`freehold discussions reopen`."""
    _change_status(options, "open")
    note(options, f"Opened #{options.num} of {options.repo_id}.")


def _change_status(options: argparse.Namespace, status: Any) -> None:
    made = connect(options).change_discussion_status(
        options.repo_id, options.num, status, comment=options.comment, repo_type=options.repo_type
    )
    show(options, made)


def rename_discussion(options: argparse.Namespace) -> None:
    """`freehold discussions rename`."""
    made = connect(options).rename_discussion(
        options.repo_id, options.num, options.title, repo_type=options.repo_type
    )
    note(options, f"Renamed #{options.num} of {options.repo_id}.")
    show(options, made)


def merge_pull_request(options: argparse.Namespace) -> None:
    """`freehold discussions merge`."""
    confirm(options, f"Merge the pull request #{options.num} of {options.repo_id}?")
    connect(options).merge_pull_request(
        options.repo_id, options.num, comment=options.comment, repo_type=options.repo_type
    )
    note(options, f"Merged #{options.num} of {options.repo_id}.")
    show(options, {"repo_id": options.repo_id, "num": options.num})
