"""Accounts: who the token belongs to, what it may do, and what others have and whom they follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from freehold import wire
from freehold.client.calls import Caller, parse_with, require_text
from freehold.client.names import Token, check_token
from freehold.errors import UnauthorizedError

if TYPE_CHECKING:
    from freehold.client.account_info import Organization, User


class Users(Caller):
    """Calls about users, organisations and tokens."""

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

    def get_user_overview(
        self, username: str, token: Token = None, *, timeout: float | None = None
    ) -> User:
        """What the hub tells about a user; raises `NotFoundError`.

        Numbers count what the token's owner may see.
        """
        from freehold.client.account_info import parse_user

        route = wire.community_routes.GET_USER_OVERVIEW
        name = require_text("username", username)
        answer = self._session.call(route, user=name, token=token, timeout=timeout)
        found: User = parse_with(parse_user, answer.object())
        return found

    def get_organization_overview(
        self, organization: str, token: Token = None, *, timeout: float | None = None
    ) -> Organization:
        """What the hub tells about an organisation; raises `NotFoundError`.

        Numbers count what the token's owner may see.
        """
        from freehold.client.account_info import parse_organization

        route = wire.community_routes.GET_ORGANIZATION_OVERVIEW
        name = require_text("organization", organization)
        answer = self._session.call(route, organization=name, token=token, timeout=timeout)
        found: Organization = parse_with(parse_organization, answer.object())
        return found

    def list_organization_members(
        self, organization: str, token: Token = None, *, timeout: float | None = None
    ) -> Iterator[User]:
        """The members of an organisation; pages are asked for as they are needed.

        Each has a `role` when the token's owner is a member. Raises `NotFoundError`.
        """
        route = wire.community_routes.LIST_ORGANIZATION_MEMBERS
        url = self._session.url(route, organization=require_text("organization", organization))
        yield from self._list_users(url, token, timeout)

    def list_organization_followers(
        self, organization: str, token: Token = None, *, timeout: float | None = None
    ) -> Iterator[User]:
        """The users who follow an organisation; raises `NotFoundError`."""
        route = wire.community_routes.LIST_ORGANIZATION_FOLLOWERS
        url = self._session.url(route, organization=require_text("organization", organization))
        yield from self._list_users(url, token, timeout)

    def list_user_followers(
        self, username: str, token: Token = None, *, timeout: float | None = None
    ) -> Iterator[User]:
        """The users who follow a user; raises `NotFoundError`."""
        route = wire.community_routes.LIST_USER_FOLLOWERS
        url = self._session.url(route, user=require_text("username", username))
        yield from self._list_users(url, token, timeout)

    def list_user_following(
        self, username: str, token: Token = None, *, timeout: float | None = None
    ) -> Iterator[User]:
        """The users whom a user follows; raises `NotFoundError`."""
        route = wire.community_routes.LIST_USER_FOLLOWING
        url = self._session.url(route, user=require_text("username", username))
        yield from self._list_users(url, token, timeout)

    def _list_users(self, url: str, token: Token, timeout: float | None) -> Iterator[User]:
        from freehold.client.account_info import parse_user

        for item in self._session.pages(url, token=token, timeout=timeout):
            yield parse_with(parse_user, item)

    def set_access_token(self, access_token: str) -> None:
        """Gives the token to git, so that it can push to and pull from this hub."""
        from freehold.client import git_credentials

        git_credentials.save(self.endpoint, check_token(access_token))

    def unset_access_token(self) -> None:
        """Takes the token for this hub away from git."""
        from freehold.client import git_credentials

        git_credentials.erase(self.endpoint)
