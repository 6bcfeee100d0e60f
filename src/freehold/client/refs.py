"""Branches, tags, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freehold import wire
from freehold.client.calls import parse_with, require_text
from freehold.client.errors import HFValidationError
from freehold.client.names import Token
from freehold.client.repos import Repos
from freehold.errors import ConflictError, ForbiddenError

if TYPE_CHECKING:
    from freehold.client.info import GitCommitInfo, GitRefInfo, GitRefs

MAIN = "main"
LARGEST_PAGE = 1000


class Refs(Repos):
    """Calls about branches, tags and the commits that they lead to."""

    def list_repo_refs(
        self,
        repo_id: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        include_pull_requests: bool = False,
        timeout: float | None = None,
    ) -> GitRefs:
        """All branches, tags and converted copies, and the pull requests when asked for."""
        from freehold.client.info import GitRefInfo, GitRefs

        data = self._session.call(
            wire.routes.LIST_REPO_REFS,
            repo_id=repo_id,
            repo_type=repo_type,
            query={"include_prs": 1 if include_pull_requests else None},
            token=token,
            timeout=timeout,
        ).object()

        def read(name: str) -> list[GitRefInfo]:
            return [GitRefInfo.parse(item) for item in data[name]]

        def read_all(_: object) -> GitRefs:
            return GitRefs(
                branches=read("branches"),
                converts=read("converts"),
                tags=read("tags"),
                pull_requests=read("pullRequests") if include_pull_requests else None,
            )

        refs: GitRefs = parse_with(read_all, data)
        return refs

    def create_branch(
        self,
        repo_id: str,
        branch: str,
        revision: str | None = None,
        token: Token = None,
        repo_type: str | None = None,
        exist_ok: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Makes a branch at a revision, by default at the head of `main`.

        Raises `ConflictError` when it is there already, unless `exist_ok`; `RevisionNotFoundError`;
        `BadRequestError` for a name that no branch can have.
        """
        require_text("branch", branch)
        try:
            self._session.call(
                wire.routes.CREATE_BRANCH,
                repo_id=repo_id,
                repo_type=repo_type,
                branch=branch,
                body=wire.refs.CreateBranch(starting_point=revision),
                token=token,
                timeout=timeout,
            )
        except ConflictError:
            if not exist_ok:
                raise
        except ForbiddenError:
            # Somebody who may not create it may still see that it is there.
            if not exist_ok or not self._has_branch(repo_id, branch, repo_type, token, timeout):
                raise

    def _has_branch(
        self,
        repo_id: str,
        branch: str,
        repo_type: str | None,
        token: Token,
        timeout: float | None,
    ) -> bool:
        refs = self.list_repo_refs(repo_id, repo_type, token, timeout=timeout)
        return any(ref.name == branch for ref in refs.branches)

    def delete_branch(
        self,
        repo_id: str,
        branch: str,
        token: Token = None,
        repo_type: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Deletes a branch; raises `RevisionNotFoundError`, and `HfHubHTTPError` for `main`."""
        self._session.call(
            wire.routes.DELETE_BRANCH,
            repo_id=repo_id,
            repo_type=repo_type,
            branch=require_text("branch", branch),
            token=token,
            timeout=timeout,
        )

    def create_tag(
        self,
        repo_id: str,
        tag: str,
        tag_message: str | None = None,
        revision: str | None = None,
        token: Token = None,
        repo_type: str | None = None,
        exist_ok: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Tags a revision, by default the head of `main`.

        Raises `ConflictError` when the tag is there already, unless `exist_ok`;
        `RevisionNotFoundError`.
        """
        body = wire.refs.CreateTag(tag=require_text("tag", tag), message=tag_message)
        try:
            self._session.call(
                wire.routes.CREATE_TAG,
                repo_id=repo_id,
                repo_type=repo_type,
                revision=revision or MAIN,
                body=body,
                token=token,
                timeout=timeout,
            )
        except ConflictError:
            if not exist_ok:
                raise

    def delete_tag(
        self,
        repo_id: str,
        tag: str,
        token: Token = None,
        repo_type: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Deletes a tag; raises `RevisionNotFoundError`."""
        self._session.call(
            wire.routes.DELETE_TAG,
            repo_id=repo_id,
            repo_type=repo_type,
            tag=require_text("tag", tag),
            token=token,
            timeout=timeout,
        )

    def list_repo_commits(
        self,
        repo_id: str,
        repo_type: str | None = None,
        token: Token = None,
        revision: str | None = None,
        formatted: bool = False,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> list[GitCommitInfo]:
        """The history of a revision, newest first; with `limit` no more than so many commits.

        `formatted` adds title and message as HTML.
        """
        from itertools import islice

        from freehold.client.info import GitCommitInfo

        if limit is not None and limit < 1:
            raise HFValidationError(f"limit is 1 at least, not {limit!r}.")
        url = self._session.url(
            wire.routes.LIST_REPO_COMMITS,
            repo_id,
            repo_type,
            {"expand[]": ["formatted"] if formatted else [], "limit": _page(limit)},
            revision=revision or MAIN,
        )
        items = islice(self._session.pages(url, token=token, timeout=timeout), limit)
        return [parse_with(GitCommitInfo.parse, item) for item in items]

    def super_squash_history(
        self,
        repo_id: str,
        branch: str | None = None,
        commit_message: str | None = None,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Replaces the history of a branch (`main` by default) by one commit with its files."""
        self._session.call(
            wire.routes.SUPER_SQUASH_HISTORY,
            repo_id=repo_id,
            repo_type=repo_type,
            branch=branch or MAIN,
            body=wire.refs.SuperSquash(message=commit_message),
            token=token,
            timeout=timeout,
        )


def _page(limit: int | None) -> int | None:
    """How many commits are asked for at once; hubs give no more than 1,000."""
    return None if limit is None else min(limit, LARGEST_PAGE)
