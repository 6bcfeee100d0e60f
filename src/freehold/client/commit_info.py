"""What a commit has made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from freehold.client.repo_url import RepoUrl


class CommitInfo(str):
    """A commit that has landed; as a text it is the address to look at what was changed.

    Attributes: `commit_url`, `commit_message`, `commit_description`, `oid` (the id), `repo_url`,
    and for a pull request `pr_url`, `pr_num` and `pr_revision` (`refs/pr/N`), else None.
    """

    commit_url: str
    commit_message: str
    commit_description: str
    oid: str
    pr_url: str | None

    def __new__(  # noqa: D102
        cls,
        commit_url: str,
        commit_message: str = "",
        commit_description: str = "",
        oid: str = "",
        pr_url: str | None = None,
        *,
        page_url: str | None = None,
    ) -> CommitInfo:
        info = super().__new__(cls, page_url or commit_url)
        info.commit_url = commit_url
        info.commit_message = commit_message
        info.commit_description = commit_description
        info.oid = oid
        info.pr_url = pr_url
        return info

    def __repr__(self) -> str:
        return (
            f"CommitInfo(commit_url={self.commit_url!r}, commit_message={self.commit_message!r},"
            f" commit_description={self.commit_description!r}, oid={self.oid!r},"
            f" pr_url={self.pr_url!r}, pr_revision={self.pr_revision!r}, pr_num={self.pr_num!r})"
        )

    @property
    def repo_url(self) -> RepoUrl:
        """The repository."""
        from freehold.client.repo_url import RepoUrl

        return RepoUrl(self.commit_url.rpartition("/commit/")[0])

    @property
    def pr_num(self) -> int | None:
        """The number of the pull request."""
        found = re.search(r"/discussions/(\d+)", self.pr_url or "")
        return int(found[1]) if found else None

    @property
    def pr_revision(self) -> str | None:
        """The revision of the pull request."""
        return None if self.pr_num is None else f"refs/pr/{self.pr_num}"

    def at_page(self, page_url: str) -> CommitInfo:
        """The same commit, as the address of another page."""
        return CommitInfo(
            self.commit_url,
            self.commit_message,
            self.commit_description,
            self.oid,
            self.pr_url,
            page_url=page_url,
        )
