"""Pushes: refs that git clients move, with the objects that come along.

What arrives is unpacked and checked beside the repository. Then its pack and all refs that may
move are published in one transaction, exactly as a commit of the API is; whoever moved a ref in
the meantime has won.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import pygit2

from freehold.errors import BadRequestError, HfHubHTTPError
from freehold.formats.git_push import Push, RefUpdate, build_advertisement, build_report, read_push
from freehold.server.core import access
from freehold.server.core.access import Context, require_account
from freehold.server.core.discussion_rules import may
from freehold.server.core.facts import noting_facts
from freehold.server.core.lfs import link_objects
from freehold.server.core.pull_requests import NewCommit, check_open, list_new, note_commits
from freehold.server.core.push_contents import (
    HeadFiles,
    Problem,
    RefusedPushError,
    find_stored,
    inspect,
)
from freehold.server.core.refs import find_nested
from freehold.server.core.revisions import MAIN, is_pull_request
from freehold.server.core.sources import source_of_repository
from freehold.server.db import discussions, refs, repos
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repos import Repo
from freehold.server.git.incoming import Incoming
from freehold.server.git.native import GitError, GitLimitError
from freehold.server.git.store import LostRaceError, RefChange
from freehold.server.hub import now_ms
from freehold.wire.ids import check_ref_name
from freehold.wire.route import Needs

CAPABILITIES = (
    "report-status",
    "delete-refs",
    "side-band-64k",
    "quiet",
    "atomic",
    "ofs-delta",
    "object-format=sha1",
)

# Tags of tags; each reader follows them to the end.
MAX_TAGS = 10

# About files, in the answer to one push.
MAX_MESSAGES = 100

BRANCHES = "refs/heads/"
TAGS = "refs/tags/"

# Where the hub keeps its files is nobody's business.
_PATH = re.compile(r"(?<!\w)\.{0,2}/\S+")

BEYOND_LIMITS = (
    "the pack cannot be unpacked within the limits of this hub: are there large files outside of"
    " git LFS?"
)
NOT_ATOMIC = "atomic push failed: another ref was refused"
MOVED = "the ref has moved: fetch first"

log = logging.getLogger("freehold.git")


@dataclass
class _Attempt:
    """A push under way: what was asked for, and why some refs will not move."""

    push: Push
    present: Mapping[str, str]
    refused: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def open_updates(self) -> list[RefUpdate]:
        """What was not refused yet; nothing when one refusal is that of all."""
        if self.refused and "atomic" in self.push.capabilities:
            self.refuse_rest(NOT_ATOMIC)
        return [update for update in self.push.updates if update.name not in self.refused]

    def refuse(self, name: str, reason: str) -> None:
        """Keeps a ref as it is; the first reason counts."""
        self.refused.setdefault(name, reason)

    def refuse_rest(self, reason: str) -> None:
        """Keeps all refs as they are."""
        for update in self.push.updates:
            self.refuse(update.name, reason)

    def tell(self, name: str, problem: Problem) -> None:
        """Tells the user what is wrong with a file; of thousands of branches only some."""
        kind = "" if problem.is_fatal else "warning: "
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(f"{kind}{name}: {problem.reason}\n")

    def report(self, unpacked: str = "ok") -> bytes:
        """The answer to the client."""
        return build_report(self.push, unpacked, self.refused, "".join(self.messages))


def check_pusher(ctx: Context, repo: Repo) -> None:
    """Raises unless the viewer may push something: to a pull request of their own, at least."""
    access.check_level(ctx, repo, Needs.PROPOSE)
    if not may(ctx, repo, Needs.WRITE):
        with ctx.hub.db.read() as tx:
            if discussions.has_open_pull_request(tx, repo.id, require_account(ctx.viewer)):
                return
        access.check_level(ctx, repo, Needs.WRITE)


def advertise_push(ctx: Context, repo: Repo) -> bytes:
    """What a client that wants to push is told first: where the refs are."""
    check_pusher(ctx, repo)
    with ctx.hub.db.read() as tx:
        heads = refs.list_refs(tx, repo.id)
    return build_advertisement(heads, CAPABILITIES)


def receive_pack(ctx: Context, repo: Repo, request: BinaryIO) -> bytes:
    """Moves the refs that may move, and says which did and why the others did not.

    Raises `BadRequestError` for what is no push, and what `check_pusher` does.
    """
    check_pusher(ctx, repo)
    try:
        push = read_push(request)
    except ValueError as error:
        raise BadRequestError(f"This is not a push: {error}") from error
    if not push.updates:
        return b""  # git asks like this whether it may push at all
    attempt = _begin(ctx, repo, push)
    with ctx.hub.git.receive(repo.id) as incoming:
        try:
            if push.has_pack:
                _unpack(ctx, incoming, request)
            _take(ctx, repo, attempt, incoming)
        except GitError as error:
            log.warning("a push was not unpacked", extra={"fields": {"reason": str(error)}})
            attempt.refuse_rest("unpacker error")
            return attempt.report(_explain(error))
        except RefusedPushError as error:
            attempt.messages.append(f"{error.message}\n")
            attempt.refuse_rest(error.reason)
    return attempt.report()


def _unpack(ctx: Context, incoming: Incoming, request: BinaryIO) -> None:
    try:
        incoming.take(request, ctx.hub.config.push_limit)
    except BadRequestError as error:
        raise RefusedPushError(error.message) from error


def _explain(error: GitError) -> str:
    """The reason that git gives, on one line and without what only concerns the hub."""
    lines = [line for line in str(error).splitlines() if line.startswith(("fatal: ", "error: "))]
    reason = "; ".join(line.partition(": ")[2] for line in lines[:3])
    is_beyond = not reason or isinstance(error, GitLimitError)
    return BEYOND_LIMITS if is_beyond else _PATH.sub("a file", reason)


def _take(ctx: Context, repo: Repo, attempt: _Attempt, incoming: Incoming) -> None:
    repository = incoming.open()
    found = inspect(repository, incoming, ctx.hub.config.inline_limit)
    stored = find_stored(ctx, repo, repository, found)
    files = HeadFiles(repository)
    for update in attempt.open_updates():
        _check_target(repository, files, attempt, update)
    added = _list_added(repository, attempt)
    _publish(ctx, repo, attempt, incoming, stored, added)


def _list_added(repository: pygit2.Repository, attempt: _Attempt) -> dict[str, list[NewCommit]]:
    """The new commits of each pull request in the push: those that it and no branch has had."""
    branches = {oid for name, oid in attempt.present.items() if name.startswith(BRANCHES)}
    return {
        update.name: list_new(repository, update.new, branches | {update.old or update.new})
        for update in attempt.open_updates()
        if is_pull_request(update.name) and update.new is not None
    }


# Which refs may move


def _begin(ctx: Context, repo: Repo, push: Push) -> _Attempt:
    """The push, with what is refused by the names of the refs and by who pushes."""
    with ctx.hub.db.read() as tx:
        attempt = _Attempt(push, refs.list_refs(tx, repo.id))
        for update in push.updates:
            _refuse_pusher(tx, ctx, repo, attempt, update)
    _refuse_names(attempt)
    return attempt


def _refuse_pusher(
    tx: Transaction, ctx: Context, repo: Repo, attempt: _Attempt, update: RefUpdate
) -> None:
    if is_pull_request(update.name) and update.name in attempt.present:
        try:
            check_open(tx, ctx, repo, update.name)
        except HfHubHTTPError as error:
            attempt.refuse(update.name, error.message)
    elif not may(ctx, repo, Needs.WRITE):
        attempt.refuse(update.name, "you may only push to pull requests of your own here")


def _refuse_names(attempt: _Attempt) -> None:
    updates, present = attempt.push.updates, attempt.present
    times = Counter(update.name for update in updates)
    for update in updates:
        reason = _refusal(update, present)
        if reason is not None:
            attempt.refuse(update.name, reason)
        elif times[update.name] > 1:
            attempt.refuse(update.name, "the push names this ref twice")
        elif update.old != present.get(update.name):
            attempt.refuse(update.name, MOVED)
    for name, other in _nested(attempt.open_updates(), present):
        attempt.refuse(name, f"{other} is in the way")


def _refusal(update: RefUpdate, present: Mapping[str, str]) -> str | None:
    """Why nobody may move this ref; `None` when some may."""
    if update.old is None and update.new is None:
        return "there is nothing to delete"
    if is_pull_request(update.name):
        if update.name not in present or update.new is None:
            return "only the API opens pull requests, and none is deleted"
        return None
    kind, short = next(
        (
            (kind, update.name[len(kind) :])
            for kind in (BRANCHES, TAGS)
            if update.name.startswith(kind)
        ),
        ("", ""),
    )
    if not kind:
        return "this ref is not for pushes: they move refs/heads/ and refs/tags/"
    if update.new is None:
        return "the branch main cannot be deleted" if update.name == MAIN else None
    try:
        check_ref_name(short)
    except BadRequestError as error:
        return error.message
    return None


def _nested(updates: Iterable[RefUpdate], present: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The new refs that git could not keep beside another one, each with the other."""
    wanted = list(updates)
    gone = {update.name for update in wanted if update.new is None}
    nested = find_nested({*present, *(update.name for update in wanted)} - gone)
    for update in wanted:
        if update.name in nested:
            yield update.name, nested[update.name]


# What the refs lead to


def _check_target(
    repository: pygit2.Repository, files: HeadFiles, attempt: _Attempt, update: RefUpdate
) -> None:
    """Refuses a ref that leads to what it must not; says so where a card cannot be read."""
    if update.new is None:
        return
    found = repository.get(update.new)
    for _ in range(MAX_TAGS):
        if not isinstance(found, pygit2.Tag) or not update.name.startswith(TAGS):
            break
        found = repository.get(found.target)
    if found is None:
        attempt.refuse(update.name, "the push has not brought the object that it names")
    elif isinstance(found, pygit2.Tag):
        attempt.refuse(update.name, f"it leads to a tag, or to over {MAX_TAGS} of them")
    elif not update.name.startswith(TAGS):
        if not isinstance(found, pygit2.Commit):
            attempt.refuse(update.name, "a branch leads to a commit")
            return
        for problem in files.find_problems(found, update.old):
            attempt.tell(update.name, problem)
            if problem.is_fatal:
                attempt.refuse(update.name, f"{problem.file} is not valid")


# The one transaction


def _publish(
    ctx: Context,
    repo: Repo,
    attempt: _Attempt,
    incoming: Incoming,
    stored: list[StoredObject],
    added: Mapping[str, list[NewCommit]],
) -> None:
    """Moves what was not refused, with the pack; a ref that somebody else has moved is refused."""

    def note(tx: Transaction) -> None:
        repos.lock_repo(tx, repo.id)
        _refuse_moved(attempt, updates, refs.list_refs(tx, repo.id))
        _tell_pull_requests(tx, ctx, repo, attempt, added)
        link_objects(tx, repo.id, stored, ctx.viewer.id or "")

    sources = [] if incoming.pack is None else [incoming.pack]
    while updates := attempt.open_updates():
        changes = [RefChange(*update) for update in updates]
        try:
            after = _find_facts(ctx, repo, incoming, changes, stored)
            ctx.hub.git.publish(repo.id, changes, sources, now_ms(), note, after)
        except LostRaceError as error:
            lost = str(error)
            if lost in {update.name for update in updates}:
                attempt.refuse(lost, MOVED)
            else:
                attempt.refuse_rest("the hub was too slow: try again")
        else:
            return


def _find_facts(
    ctx: Context,
    repo: Repo,
    incoming: Incoming,
    changes: Sequence[RefChange],
    stored: Sequence[StoredObject],
) -> Callable[[Transaction], None]:
    heads = [change.new for change in changes if change.name == MAIN and change.new]
    if not heads:
        return lambda tx: None
    repository = incoming.open()
    tree = repository[heads[0]].peel(pygit2.Commit).tree_id.raw
    source = source_of_repository(repository)
    return noting_facts(ctx.hub, source, repo, changes, tree, stored)


def _tell_pull_requests(
    tx: Transaction,
    ctx: Context,
    repo: Repo,
    attempt: _Attempt,
    added: Mapping[str, list[NewCommit]],
) -> None:
    """Tells them of their commits; one that was closed or merged meanwhile takes none."""
    for name, commits in added.items():
        if name in attempt.refused:
            continue
        try:
            note_commits(tx, ctx, repo, name, commits)
        except HfHubHTTPError as error:
            attempt.refuse(name, error.message)
            raise LostRaceError(name) from error


def _refuse_moved(
    attempt: _Attempt, updates: Sequence[RefUpdate], present: Mapping[str, str]
) -> None:
    """Refuses all that others have moved or got in the way of, at once: there may be thousands."""
    lost = [update.name for update in updates if update.old != present.get(update.name)]
    lost += [name for name, _ in _nested(updates, present)]
    for name in lost:
        attempt.refuse(name, MOVED)
    if lost:
        raise LostRaceError(lost[0])
