"""Likes: what the token's owner and others have marked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from freehold import wire
from freehold.client.calls import parse_with, require_text
from freehold.client.errors import HFValidationError
from freehold.client.names import Token
from freehold.client.users import Users
from freehold.errors import ConflictError

if TYPE_CHECKING:
    from freehold.client.account_info import User, UserLikes


class Likes(Users):
    """Calls about likes of repositories."""

    def like(
        self,
        repo_id: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Marks the repository as one that the token's owner likes; nothing when it is already."""
        # Some hubs say so, which is what the caller wanted.
        with suppress(ConflictError):
            self._session.call(
                wire.community_routes.LIKE,
                repo_id=repo_id,
                repo_type=repo_type,
                token=token,
                timeout=timeout,
                repeatable=True,
            )

    def unlike(
        self,
        repo_id: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Takes the mark of `like` away; nothing when there is none."""
        self._session.call(
            wire.community_routes.UNLIKE,
            repo_id=repo_id,
            repo_type=repo_type,
            token=token,
            timeout=timeout,
            repeatable=True,
        )

    def list_liked_repos(
        self, user: str | None = None, *, token: Token = None, timeout: float | None = None
    ) -> UserLikes:
        """What a user likes of what the token's owner may see; by default the owner themselves.

        Raises `NotFoundError` when there is no such user, `UnauthorizedError` when neither a user
        nor a token is given.
        """
        from freehold.client.account_info import UserLikes

        if user is None:
            me = self.whoami(token, timeout=timeout)
            if me.get("type") != "user":
                raise HFValidationError("This token is not that of a user: pass `user`.")
            user = parse_with(lambda data: data["name"], me)
        name = require_text("user", user)
        url = self._session.url(wire.community_routes.LIST_LIKED_REPOS, user=name)
        likes = list(self._session.pages(url, token=token, timeout=timeout))
        found: UserLikes = parse_with(partial(UserLikes.parse, name), likes)
        return found

    def list_repo_likers(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[User]:
        """The users who like the repository; pages are asked for as they are needed."""
        from freehold.client.account_info import parse_user

        url = self._session.url(wire.community_routes.LIST_REPO_LIKERS, repo_id, repo_type)
        for item in self._session.pages(url, token=token, timeout=timeout):
            yield parse_with(parse_user, item)
