"""The branch that a commit is for, and how to speak of it to its hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from freehold.client.names import Token, check_repo_id, check_repo_type
from freehold.client.refs import MAIN
from freehold.client.settings import STALL_SECONDS
from freehold.wire.ids import URL_PREFIXES, RepoType

if TYPE_CHECKING:
    from freehold.client.answers import Answer
    from freehold.client.session import Session
    from freehold.wire.route import Route


class Target(NamedTuple):
    """A branch of a repository, and under which token and with what patience its hub is asked.

    With `create_pr`, what is for the branch goes into a pull request that is opened for it.
    """

    session: Session
    repo_id: str
    repo_type: RepoType
    revision: str
    token: Token
    timeout: float | None
    create_pr: bool = False

    def __repr__(self) -> str:
        return f"Target({self.repo_type} {self.repo_id!r} at {self.revision!r})"

    @classmethod
    def of(
        cls,
        session: Session,
        repo_id: str,
        repo_type: str | None,
        revision: str | None,
        token: Token,
        timeout: float | None,
        create_pr: bool | None = None,
    ) -> Target:
        """The target that the arguments of a call name; raises `HFValidationError`."""
        kind, repo_id = check_repo_type(repo_type), check_repo_id(repo_id)
        return cls(session, repo_id, kind, revision or MAIN, token, timeout, bool(create_pr))

    @property
    def query(self) -> dict[str, Any]:
        """What is added to the addresses of calls that are about a change of the branch."""
        return {"create_pr": 1 if self.create_pr else None}

    @property
    def stall_seconds(self) -> float:
        """How long the hub may be silent while files are moved."""
        return STALL_SECONDS if self.timeout is None else self.timeout

    def call(self, route: Route, **options: Any) -> Answer:
        """The answer to a call about this repository; `options` are those of `Session.call`."""
        return self.session.call(
            route,
            repo_id=self.repo_id,
            repo_type=self.repo_type,
            token=self.token,
            timeout=self.timeout,
            **options,
        )

    def url(self, route: Route, query: dict[str, Any] | None = None, **pieces: str) -> str:
        """The address of a call about this repository."""
        return self.session.url(route, self.repo_id, self.repo_type, query, **pieces)

    def commit_url(self, oid: str) -> str:
        """The address of the page of a commit."""
        return f"{self._page()}/commit/{oid}"

    def page_url(self, kind: str, path: str, revision: str | None = None) -> str:
        """The address of the page of a file (`blob`) or a folder (`tree`)."""
        return f"{self._page()}/{kind}/{quote(revision or self.revision, safe='')}/{quote(path)}"

    def _page(self) -> str:
        return f"{self.session.endpoint}/{URL_PREFIXES[self.repo_type]}{self.repo_id}"
