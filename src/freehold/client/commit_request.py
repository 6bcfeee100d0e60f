"""What a caller says of a commit besides its operations."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.client.calls import require_text
from freehold.client.commit_info import CommitInfo
from freehold.client.errors import HFValidationError
from freehold.client.targets import Target
from freehold.errors import PreconditionFailedError

_HEXADECIMAL = frozenset("0123456789abcdef")


class CommitRequest(NamedTuple):
    """The texts of a commit, and what it may be put on top of."""

    message: str
    description: str
    parent_commit: str | None
    rebase: bool

    @classmethod
    def of(
        cls,
        message: str,
        description: str | None,
        parent_commit: str | None,
        rebase: bool,
    ) -> CommitRequest:
        """What the arguments of a call say; raises `HFValidationError`."""
        require_text("commit_message", message)
        if parent_commit is not None:
            parent_commit = _check_commit_id(parent_commit)
        return cls(message, description or "", parent_commit, rebase)

    def header(self) -> dict[str, Any]:
        """The first line of the body of the commit."""
        header: dict[str, Any] = {"summary": self.message, "description": self.description}
        if self.parent_commit is not None:
            header["parentCommit"] = self.parent_commit
        if self.rebase:
            header["rebase"] = True
        return header

    def landed(self, url: str, oid: str, pr_url: str | None = None) -> CommitInfo:
        """The commit that has come of it."""
        return CommitInfo(url, self.message, self.description, oid, pr_url)

    def unchanged(self, target: Target, head: str) -> CommitInfo:
        """The head of the branch as the outcome of a commit that would have changed nothing.

        Raises `PreconditionFailedError` when that is not the commit that it was to follow.
        """
        if self.parent_commit and not self.rebase and not head.startswith(self.parent_commit):
            raise PreconditionFailedError
        return self.landed(target.commit_url(head), head)


def _check_commit_id(text: str) -> str:
    if not isinstance(text, str) or not 5 <= len(text) <= 40:
        raise HFValidationError(f"parent_commit is a commit id, not {text!r}.")
    if not _HEXADECIMAL.issuperset(text.lower()):
        raise HFValidationError(f"parent_commit is a commit id, not {text!r}.")
    return text.lower()
