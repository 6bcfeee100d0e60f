"""Branches and tags."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import accumulate

from freehold.errors import BadRequestError, ConflictError, ForbiddenError, PreconditionFailedError
from freehold.formats.git_objects import build_tag, object_id
from freehold.formats.pack import PackWriter
from freehold.server.core.access import Context
from freehold.server.core.commits import SYSTEM, sign, squash_commit, stage_initial_commit
from freehold.server.core.facts import renew_facts
from freehold.server.core.revisions import (
    MAIN,
    new_ref,
    reader_of,
    resolve_revision,
    unknown_revision,
)
from freehold.server.db import refs, repos
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.git.store import LostRaceError, PackSource, RefChange
from freehold.server.hub import now_ms
from freehold.wire.refs import (
    CreateBranch,
    CreateTag,
    GitRef,
    Refs,
    RefsQuery,
    Squashed,
    SuperSquash,
)

MAX_MESSAGE = 500
ATTEMPTS = 20


def list_repo_refs(ctx: Context, repo: Repo, query: RefsQuery) -> Refs:
    """All branches, converts and tags; pull requests when they are asked for."""
    with ctx.hub.db.read() as tx:
        found = refs.list_refs(tx, repo.id)
    answer = Refs(
        branches=_select(ctx, repo, found, "refs/heads/"),
        converts=_select(ctx, repo, found, "refs/convert/"),
        tags=_select(ctx, repo, found, "refs/tags/"),
    )
    if query.include_prs:
        answer.pull_requests = _select(ctx, repo, found, "refs/pr/")
    return answer


def _select(ctx: Context, repo: Repo, found: dict[str, str], prefix: str) -> list[GitRef]:
    reader = reader_of(ctx, repo)
    selected = {name: oid for name, oid in found.items() if name.startswith(prefix)}
    return [
        GitRef(name=name.removeprefix(prefix), ref=name, target_commit=reader.peel(oid) or oid)
        for name, oid in selected.items()
    ]


def list_ref_names(ctx: Context, repo: Repo, limit: int) -> list[str]:
    """The first `limit` full names of branches, converts and tags, without a look at commits."""
    with ctx.hub.db.read() as tx:
        return refs.list_ref_names(tx, repo.id, limit)


def create_branch(ctx: Context, repo: Repo, branch: str, body: CreateBranch | None) -> None:
    """A new branch at the starting point, or at the head of `main`.

    Raises `ConflictError` when it exists and `overwrite` was not asked for.
    """
    body = body or CreateBranch()
    name = new_ref("heads", branch)
    sources: list[PackSource] = []
    if body.empty_branch:
        source, target = stage_initial_commit([], [])
        sources.append(source)
    else:
        target = resolve_revision(ctx, repo, body.starting_point or "main").oid
    old = _find(ctx, repo, name) if body.overwrite else None
    _move(ctx, repo, RefChange(name, old, target), sources)


def delete_branch(ctx: Context, repo: Repo, branch: str) -> None:
    """Removes a branch; raises `ForbiddenError` for `main`."""
    name = f"refs/heads/{branch}"
    if name == MAIN:
        raise ForbiddenError("The branch main cannot be deleted.")
    _delete(ctx, repo, name, branch)


def create_tag(ctx: Context, repo: Repo, revision: str, body: CreateTag) -> None:
    """A new tag at the revision: annotated when there is a message, else a plain ref."""
    name = new_ref("tags", body.tag)
    target = resolve_revision(ctx, repo, revision).oid
    if not body.message:
        _move(ctx, repo, RefChange(name, None, target), [])
        return
    tagger = sign(ctx.viewer.name or SYSTEM)
    data = build_tag(bytes.fromhex(target), "commit", body.tag, tagger, body.message)
    source = partial(PackWriter().finish, extra=[("tag", data)])
    _move(ctx, repo, RefChange(name, None, object_id("tag", data).hex()), [source])


def delete_tag(ctx: Context, repo: Repo, tag: str) -> None:
    """Removes a tag; raises `RevisionNotFoundError` when there is none."""
    _delete(ctx, repo, f"refs/tags/{tag}", tag)


def super_squash_history(
    ctx: Context, repo: Repo, branch: str, body: SuperSquash | None
) -> Squashed:
    """Replaces the history of a branch by one commit with its present files."""
    message = (body.message if body else None) or "Super-squash branch using the API"
    if len(message) > MAX_MESSAGE:
        raise BadRequestError(f"The message has at most {MAX_MESSAGE} characters.")
    name = f"refs/heads/{branch.removeprefix('refs/heads/')}"
    for _ in range(ATTEMPTS):
        head = _find(ctx, repo, name)
        if head is None:
            _refuse_other_revision(ctx, repo, branch)
            raise unknown_revision(branch)
        tree = reader_of(ctx, repo).commit(head).tree
        source, oid = squash_commit(tree, ctx.viewer.name or SYSTEM, message)
        try:
            ctx.hub.git.publish(repo.id, [RefChange(name, head, oid)], [source], now_ms())
        except LostRaceError:
            continue
        renew_facts(ctx.hub, repo.id)
        return Squashed(commit_oid=oid)
    raise PreconditionFailedError


def _refuse_other_revision(ctx: Context, repo: Repo, revision: str) -> None:
    resolve_revision(ctx, repo, revision)
    raise BadRequestError(f"Only a branch can be squashed, and {revision!r} is a tag or a commit.")


def _find(ctx: Context, repo: Repo, name: str) -> str | None:
    with ctx.hub.db.read() as tx:
        return refs.find_refs(tx, repo.id, [name]).get(name)


def _move(ctx: Context, repo: Repo, change: RefChange, sources: list[PackSource]) -> None:
    check = partial(_refuse_nesting, repo_id=repo.id, name=change.name)
    try:
        ctx.hub.git.publish(repo.id, [change], sources, now_ms(), check)
    except LostRaceError as error:
        raise ConflictError(f"Reference already exists: {change.name}") from error
    if change.name == MAIN:
        renew_facts(ctx.hub, repo.id)


def _refuse_nesting(tx: Transaction, repo_id: str, name: str) -> None:
    repos.lock_repo(tx, repo_id)
    other = find_nested([name, *refs.list_refs(tx, repo_id)]).get(name)
    if other is not None:
        raise ConflictError(f"Reference {name} is in the way of {other}, which exists.")


def find_nested(names: Iterable[str]) -> dict[str, str]:
    """The refs that cannot be together, each with one that it is in the way of.

    git keeps refs as files and folders.
    """
    present, found = set(names), dict[str, str]()
    for name in sorted(present):
        for folder in accumulate(name.split("/")[:-1], "{}/{}".format):
            if folder in present:
                found.setdefault(name, folder)
                found.setdefault(folder, name)
    return found


def _delete(ctx: Context, repo: Repo, name: str, revision: str) -> None:
    old = _find(ctx, repo, name)
    if old is None:
        raise unknown_revision(revision)
    try:
        ctx.hub.git.publish(repo.id, [RefChange(name, old, None)], [], now_ms())
    except LostRaceError as error:
        raise ConflictError(f"Reference {name} has moved: please try again.") from error
