"""`freehold tag`, `branch`, `log` and `squash`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freehold.cli.connection import connect
from freehold.cli.failures import UsageError
from freehold.cli.output import confirm, note, show, show_each
from freehold.cli.parsing import (
    Verbs,
    add_confirmation,
    add_repo_options,
    add_revision,
)

if TYPE_CHECKING:
    import argparse

    from freehold.client.info import GitCommitInfo, GitRefInfo

SHORT_ID = 10
"""How many digits of a commit id are shown; more than one hub needs to find it."""


# Tags


def add_tag(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    create = verbs.add("create", "give a commit a name for ever", create_tag)
    add_repo_options(create)
    create.add_argument("tag", metavar="TAG", help="the name of the tag")
    create.add_argument("-m", "--message", help="a text that is kept with the tag")
    add_revision(create)
    _add_exist_ok(create)
    add_repo_options(verbs.add("list", "list the tags", list_tags))
    delete = verbs.add("delete", "delete a tag", delete_tag)
    add_repo_options(delete)
    delete.add_argument("tag", metavar="TAG", help="the name of the tag")
    add_confirmation(delete)


def _add_exist_ok(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exist-ok", action="store_true", help="no error when it is there already")


def create_tag(options: argparse.Namespace) -> None:
    """`freehold tag create`."""
    connect(options).create_tag(
        options.repo_id,
        options.tag,
        tag_message=options.message,
        revision=options.revision,
        repo_type=options.repo_type,
        exist_ok=options.exist_ok,
    )
    note(options, f"Created the tag {options.tag} of {options.repo_id}.")
    show(options, {"repo_id": options.repo_id, "tag": options.tag})


def list_tags(options: argparse.Namespace) -> None:
    """`freehold tag list`."""
    refs = connect(options).list_repo_refs(options.repo_id, repo_type=options.repo_type)
    show_each(options, refs.tags, _describe_ref)


def _describe_ref(ref: GitRefInfo) -> str:
    return f"{ref.target_commit[:SHORT_ID]}  {ref.name}"


def delete_tag(options: argparse.Namespace) -> None:
    """`freehold tag delete`."""
    confirm(options, f"Delete the tag {options.tag} of {options.repo_id}?")
    connect(options).delete_tag(options.repo_id, options.tag, repo_type=options.repo_type)
    note(options, f"Deleted the tag {options.tag} of {options.repo_id}.")
    show(options, {"repo_id": options.repo_id, "tag": options.tag})


# Branches


def add_branch(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    create = verbs.add("create", "begin a branch at a revision", create_branch)
    add_repo_options(create)
    create.add_argument("branch", metavar="BRANCH", help="the name of the branch")
    add_revision(create)
    _add_exist_ok(create)
    add_repo_options(verbs.add("list", "list the branches", list_branches))
    delete = verbs.add("delete", "delete a branch", delete_branch)
    add_repo_options(delete)
    delete.add_argument("branch", metavar="BRANCH", help="the name of the branch")
    add_confirmation(delete)


def create_branch(options: argparse.Namespace) -> None:
    """`freehold branch create`."""
    connect(options).create_branch(
        options.repo_id,
        options.branch,
        revision=options.revision,
        repo_type=options.repo_type,
        exist_ok=options.exist_ok,
    )
    note(options, f"Created the branch {options.branch} of {options.repo_id}.")
    show(options, {"repo_id": options.repo_id, "branch": options.branch})


def list_branches(options: argparse.Namespace) -> None:
    """`freehold branch list`."""
    refs = connect(options).list_repo_refs(options.repo_id, repo_type=options.repo_type)
    show_each(options, refs.branches, _describe_ref)


def delete_branch(options: argparse.Namespace) -> None:
    """`freehold branch delete`."""
    confirm(options, f"Delete the branch {options.branch} of {options.repo_id}?")
    connect(options).delete_branch(options.repo_id, options.branch, repo_type=options.repo_type)
    note(options, f"Deleted the branch {options.branch} of {options.repo_id}.")
    show(options, {"repo_id": options.repo_id, "branch": options.branch})


# History


def add_log(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_repo_options(parser)
    add_revision(parser)
    parser.add_argument("-n", "--number", type=int, metavar="N", help="only the newest N commits")
    parser.set_defaults(run=list_repo_commits)


def list_repo_commits(options: argparse.Namespace) -> None:
    """`freehold log`."""
    if options.number is not None and options.number < 1:
        raise UsageError("--number is 1 or more.")
    commits = connect(options).list_repo_commits(
        options.repo_id,
        repo_type=options.repo_type,
        revision=options.revision,
        limit=options.number,
    )
    show_each(options, commits, _describe_commit)


def _describe_commit(commit: GitCommitInfo) -> str:
    day = commit.created_at.strftime("%Y-%m-%d %H:%M")
    return f"{commit.commit_id[:SHORT_ID]}  {day}  {', '.join(commit.authors)}  {commit.title}"


def add_squash(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_repo_options(parser)
    parser.add_argument("--branch", help="the branch (default: main)")
    parser.add_argument("-m", "--message", help="the message of the one commit")
    add_confirmation(parser)
    parser.set_defaults(run=super_squash_history)


def super_squash_history(options: argparse.Namespace) -> None:
    """`freehold squash`."""
    branch = options.branch or "main"
    confirm(options, f"Replace the history of {branch} of {options.repo_id} by one commit?")
    connect(options).super_squash_history(
        options.repo_id,
        branch=branch,
        commit_message=options.message,
        repo_type=options.repo_type,
    )
    note(options, f"{branch} of {options.repo_id} has one commit now.")
    show(options, {"repo_id": options.repo_id, "branch": branch})
