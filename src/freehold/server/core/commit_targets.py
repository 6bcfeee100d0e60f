"""Where a commit goes: to a branch, to a pull request, or to one that it opens."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.server.core.access import Context
from freehold.server.core.commit_keys import Once
from freehold.server.core.pull_requests import NewCommit, Proposal, check_open, note_commits
from freehold.server.core.revisions import is_pull_request
from freehold.server.db import repos
from freehold.server.db.commit_keys import KeyedCommit
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.git.store import RefChange


@dataclass(frozen=True)
class Target:
    """A commit that goes on top of the head of `ref`; a `proposal` moves a ref of its own instead.

    `made` knows the commit if it was made before.
    """

    ref: str
    made: Once
    proposal: Proposal | None = None

    @property
    def moved_ref(self) -> str:
        """The full name of the ref that the commit has moved."""
        opened = None if self.proposal is None else self.proposal.opened
        return self.ref if opened is None else opened.head

    def check(self, ctx: Context, repo: Repo) -> None:
        """Refuses what cannot be before anybody works for it; raises as `check_open` does."""
        if is_pull_request(self.ref):
            with ctx.hub.db.read() as tx:
                check_open(tx, ctx, repo, self.ref)

    def move(
        self, tx: Transaction, ctx: Context, repo: Repo, head: str, commit: NewCommit
    ) -> list[RefChange]:
        """The change that makes the commit the new head, once it is noted where it has to be."""
        if self.made.key is not None:
            repos.lock_repo(tx, repo.id)
        if self.proposal is not None:
            moves = self.proposal.open(tx, commit.oid, [commit])
        else:
            if is_pull_request(self.ref):
                note_commits(tx, ctx, repo, self.ref, [commit])
            moves = [RefChange(self.ref, head, commit.oid)]
        self.made.record(tx, KeyedCommit(moves[0].name, commit.oid))
        return moves
