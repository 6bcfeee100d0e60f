"""Accounts: who the token belongs to, and what it may do."""

from __future__ import annotations

from typing import Any

from freehold import wire
from freehold.client.calls import Caller, parse_with
from freehold.client.names import Token, check_token
from freehold.errors import UnauthorizedError


class Users(Caller):
    """Calls about accounts and their tokens."""

    def whoami(
        self, token: Token = None, *, cache: bool = False, timeout: float | None = None
    ) -> dict[str, Any]:
        """The account behind the token, as the hub describes it: `name`, `orgs`, `auth`, …

        With `cache` the answer of an earlier call with the same token is given again. Raises
        `UnauthorizedError` when the token is missing, wrong or expired.
        """
        used = self._session.find_token(token)
        if cache and used in self._known_accounts:
            return self._known_accounts[used]
        if used is None:
            from freehold.client.tokens import explain_missing

            raise UnauthorizedError(explain_missing(self.endpoint, self._session.settings))
        found = self._session.call(wire.routes.WHOAMI, token=used, timeout=timeout).object()
        self._known_accounts[used] = found
        return found

    @property
    def _known_accounts(self) -> dict[str | None, dict[str, Any]]:
        return self.__dict__.setdefault("_accounts", {})  # type: ignore[no-any-return]

    def get_full_repo_name(
        self,
        model_id: str,
        organization: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> str:
        """`model_id` in the namespace of the organisation, or in that of the token's owner."""
        if organization is not None:
            return f"{organization}/{model_id}"
        if "/" in model_id:
            return model_id
        account = self.whoami(token, cache=True, timeout=timeout)
        return f"{parse_with(lambda data: data['name'], account)}/{model_id}"

    def auth_check(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        write: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Nothing when the files may be read (with `write`: changed), else the error that says why.

        Raises `GatedRepoError`, `RepositoryNotFoundError`, `ForbiddenError`.
        """
        route = wire.routes.AUTH_CHECK_WRITE if write else wire.routes.AUTH_CHECK
        self._session.call(
            route, repo_id=repo_id, repo_type=repo_type, token=token, timeout=timeout
        )

    def set_access_token(self, access_token: str) -> None:
        """Gives the token to git, so that it can push to and pull from this hub."""
        from freehold.client import git_credentials

        git_credentials.save(self.endpoint, check_token(access_token))

    def unset_access_token(self) -> None:
        """Takes the token for this hub away from git."""
        from freehold.client import git_credentials

        git_credentials.erase(self.endpoint)
