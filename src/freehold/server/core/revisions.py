"""From what a client calls a revision to the commit it means."""

from __future__ import annotations

import re

from freehold.errors import RevisionNotFoundError
from freehold.server.core.access import Context
from freehold.server.db import refs
from freehold.server.db.repos import Repo
from freehold.server.git.reader import CommitData, ObjectReader
from freehold.wire.ids import check_ref_name

MAIN = refs.MAIN
MAIN_NAMES = frozenset({"main", "HEAD", MAIN})

_ABBREVIATED = re.compile(r"[0-9a-f]{5,40}")
# A number that fits into a column.
_PULL_REQUEST = re.compile(r"refs/pr/[1-9][0-9]{0,14}")


def reader_of(ctx: Context, repo: Repo) -> ObjectReader:
    """Reads the git objects of the repository, as it was when the call found it."""
    return ctx.hub.git.reader(repo.id, repo.generation)


def resolve_revision(ctx: Context, repo: Repo, revision: str) -> CommitData:
    """The commit that a branch, tag, full ref name, `HEAD` or commit id leads to.

    Branches win over tags, names over abbreviated ids. Raises `RevisionNotFoundError`.
    """
    reader = reader_of(ctx, repo)
    oid = find_ref(ctx, repo, revision)
    if oid is not None:
        oid = reader.peel(oid)
    elif _ABBREVIATED.fullmatch(revision):
        oid = reader.find_commit(revision)
    if oid is None:
        raise unknown_revision(revision)
    return reader.commit(oid)


def find_ref(ctx: Context, repo: Repo, revision: str) -> str | None:
    """The id that a branch, tag, full ref name or `HEAD` leads to, before tags are peeled."""
    if revision in MAIN_NAMES and repo.main_oid is not None:
        return repo.main_oid
    names = _candidates(revision)
    with ctx.hub.db.read() as tx:
        found = refs.find_refs(tx, repo.id, names)
    return next((found[name] for name in names if name in found), None)


def branch_ref(revision: str) -> str:
    """The full name of the ref that a commit to `revision` moves: a branch or a pull request.

    Raises `RevisionNotFoundError` for a name that no branch can have.
    """
    if is_pull_request(revision):
        return revision
    return f"refs/heads/{revision.removeprefix('refs/heads/')}"


def is_pull_request(ref: str) -> bool:
    """Whether the full name of a ref is that of a pull request."""
    return bool(_PULL_REQUEST.fullmatch(ref))


def unknown_revision(revision: str) -> RevisionNotFoundError:
    """The answer for a revision that is not there."""
    return RevisionNotFoundError(f"Invalid rev id: {revision}")


def new_ref(kind: str, name: str) -> str:
    """The full name of a branch (`heads`) or tag (`tags`) that may be created."""
    return f"refs/{kind}/{check_ref_name(name)}"


def _candidates(revision: str) -> list[str]:
    if revision == "HEAD":
        return [MAIN]
    if revision.startswith("refs/"):
        return [revision]
    return [f"refs/heads/{revision}", f"refs/tags/{revision}"]
