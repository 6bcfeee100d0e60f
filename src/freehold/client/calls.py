"""What every group of calls builds on: one hub, asked under one name with one token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freehold.client.errors import HFValidationError, InvalidAnswerError
from freehold.client.names import Token

if TYPE_CHECKING:
    from freehold.client.session import Session


class Caller:
    """A hub and the account that asks it; each group of calls is a subclass."""

    def __init__(
        self,
        endpoint: str | None = None,
        token: Token = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
    ) -> None:
        self._given_endpoint = endpoint
        self._given_token = token
        self.library_name = library_name
        self.library_version = library_version
        self.user_agent = user_agent
        self._opened: Session | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(endpoint={self.endpoint!r})"

    @property
    def token(self) -> Token:
        """The token of all calls that are not given one of their own; it may be set."""
        return self._given_token

    @token.setter
    def token(self, token: Token) -> None:
        self._given_token = token
        if self._opened is not None:
            self._opened.token = token

    @property
    def endpoint(self) -> str:
        """The address of the hub, without a slash at its end."""
        return self._session.endpoint

    @property
    def _session(self) -> Session:
        """The session, opened at the first call: importing this package reads no environment."""
        if self._opened is None:
            from freehold.client.session import Session

            self._opened = Session(self._given_endpoint, self.token, self._describe_user_agent())
        return self._opened

    def _describe_user_agent(self) -> str:
        parts = []
        if self.library_name is not None:
            parts.append(f"{self.library_name}/{self.library_version}")
        if isinstance(self.user_agent, Mapping):
            parts += [f"{name}/{value}" for name, value in self.user_agent.items()]
        elif self.user_agent:
            parts.append(self.user_agent)
        return "; ".join(parts)


def parse_with(parse: Any, data: Any) -> Any:
    """`parse(data)`; raises `InvalidAnswerError` when the hub left out what it needs."""
    try:
        return parse(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidAnswerError(f"The hub's answer lacks something: {error!r}") from error


def require_text(name: str, text: str) -> str:
    """The text; raises `HFValidationError` when it is empty or none."""
    if not isinstance(text, str) or not text.strip():
        raise HFValidationError(f"{name} must be a text that is not empty.")
    return text
