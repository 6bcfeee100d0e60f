"""Requests to one hub: who is asking, how long to wait, what to send again, what an answer means.

A token goes to the hub it belongs to and nowhere else: it is added here, for addresses on the
hub's own origin only, whatever URL a redirect or an answer has named.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from freehold import __version__, wire
from freehold.client.addresses import (
    check_endpoint,
    find_link,
    is_refused_redirect,
    may_follow,
    origin_of,
    redirect_target,
    same_list,
    to_query,
    without_secrets,
)
from freehold.client.answers import Answer, to_error, without_controls
from freehold.client.connections import Body, Exchange, exchange
from freehold.client.errors import (
    HFValidationError,
    HubConnectionError,
    InvalidAnswerError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)
from freehold.client.names import Token, check_repo_id, check_repo_type, check_token
from freehold.client.retries import MAX_RETRIES, pause_before_retry
from freehold.client.settings import ClientSettings
from freehold.errors import BadRequestError, HfHubHTTPError
from freehold.wire.ids import URL_PREFIXES

if TYPE_CHECKING:
    from freehold.wire.capabilities import Extensions
    from freehold.wire.codec import Wire
    from freehold.wire.route import Route

T = TypeVar("T")
logger = logging.getLogger("freehold")

MAX_REDIRECTS = 5

_REPEATABLE = frozenset({"GET", "HEAD", "PUT"})
# What a caller's own headers may hold that is meant for one origin alone.
_CREDENTIALS = frozenset({"authorization", "cookie"})


class Session:
    """A hub, and the token and the name under which it is asked."""

    def __init__(
        self,
        endpoint: str | None = None,
        token: Token = None,
        user_agent: str = "",
        settings: ClientSettings | None = None,
    ) -> None:
        self.settings = settings or ClientSettings.load()
        self.endpoint = check_endpoint(endpoint or self.settings.endpoint)
        self.token = token
        self.user_agent = _to_header(f"freehold/{__version__}", user_agent)
        self.capabilities_path: str | None = None
        self.extensions: Extensions | None = None
        self._origin = origin_of(self.endpoint)

    # Calls with typed JSON

    def call(
        self,
        route: Route,
        *,
        repo_id: str | None = None,
        repo_type: str | None = None,
        body: Wire | Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        token: Token = None,
        timeout: float | None = None,
        repeatable: bool | None = None,
        **pieces: str,
    ) -> Answer:
        """The answer to one call; raises what the hub answered when that is an error.

        A call that is not `repeatable` is made again only when it was certainly not carried out.
        """
        sent = None if body is None else _encode(body)
        answer = self.request(
            route.method,
            self.url(route, repo_id, repo_type, query, **pieces),
            headers={**({"content-type": "application/json"} if sent else {}), **(headers or {})},
            content=sent,
            token=token,
            timeout=timeout,
            repeatable=repeatable,
        )
        if "html" in answer.headers.get("content-type", ""):
            # A login page of a network, for one: the hub has never heard of the call.
            raise InvalidAnswerError(f"{answer.described()} is a web page.")
        return answer

    def url(
        self,
        route: Route,
        repo_id: str | None = None,
        repo_type: str | None = None,
        query: Mapping[str, Any] | None = None,
        **pieces: str,
    ) -> str:
        """The address of a call; raises `HFValidationError` for a name that no hub would accept."""
        for name, text in pieces.items():
            _check_piece(name, text)
        if "{repo}" in route.path:
            kind = check_repo_type(repo_type)
            pieces |= {"repo": check_repo_id(repo_id), "type": kind, "prefix": URL_PREFIXES[kind]}
        return self.endpoint + route.url_path(**pieces) + to_query(query or {})

    def pages(
        self, url: str, *, token: Token, timeout: float | None, stay: bool = False
    ) -> Iterator[Any]:
        """The items of a list, page after page as they are needed (`Link: rel="next"`).

        With `stay` all of it comes from the hub itself, where it knows who is asking: raises
        `InvalidAnswerError` for a next page that is not the same list.
        """
        following: str | None = url
        seen = set()
        while following is not None:
            if following in seen:
                raise InvalidAnswerError(f"{without_secrets(url)} leads to the same page again.")
            seen.add(following)
            answer = self.request("GET", following, token=token, timeout=timeout)
            yield from answer.items()
            following = find_link(answer.url, answer.headers.get("link", ""), "next")
            if stay and following is not None:
                following = same_list(url, following)

    def decode(self, answer: Answer, shape: type[T]) -> T:
        """The body as a value of the protocol; raises `InvalidAnswerError`."""
        try:
            return wire.codec.decode_json(answer.content, shape)
        except BadRequestError as error:
            raise InvalidAnswerError(f"{answer.described()} is wrong: {error.message}") from error

    # Requests

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Body = None,
        token: Token = None,
        timeout: float | None = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """The whole answer to one request, made again as far as that is safe.

        Raises `HfHubHTTPError` for a status of 400 and above, `HubConnectionError` without answer,
        `InvalidAnswerError` for a redirect that is not followed.
        """
        may_repeat = method in _REPEATABLE if repeatable is None else repeatable
        for attempt in range(MAX_RETRIES + 1):
            try:
                return self._request_once(method, url, headers, content, token, timeout)
            except (HfHubHTTPError, HubConnectionError) as error:
                pause = pause_before_retry(error, attempt, may_repeat)
                if pause is None:
                    raise
                shown = without_secrets(url)
                logger.info("%s %s failed, again in %.1f s: %s", method, shown, pause, error)
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _request_once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: Body,
        token: Token,
        timeout: float | None,
    ) -> Answer:
        asked = {"accept-encoding": "gzip", **(headers or {})}
        with self.stream(
            method, url, headers=asked, content=content, token=token, timeout=timeout
        ) as got:
            answer = Answer(method, got.url, got.status, got.headers, got.read())
        if not answer.ok:
            raise to_error(answer)
        return answer

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Body = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[Exchange]:
        """One request and its unread answer, redirects followed; an error status is not raised.

        Redirects of HEAD to another origin are not followed but given, those of changes refused.
        What the hub said on its own redirect (`X-Repo-Commit`, `X-Linked-*`) is kept in the headers
        of the last answer. Raises `HubConnectionError`, `InvalidAnswerError` for a redirect that
        is not followed and, when offline, `OfflineModeIsEnabled`.
        """
        seconds = self._check_may_ask(method, url, timeout)
        told: dict[str, str] = {}
        sent = dict(headers or {})
        at_home = True
        for _ in range(MAX_REDIRECTS + 1):
            at_home = at_home and origin_of(url) == self._origin
            shown = {"user-agent": self.user_agent, **sent, **self._auth(at_home, token)}
            logger.debug("%s %s", method, without_secrets(url))
            with exchange(
                self.settings, method, url, headers=shown, content=content, timeout=seconds
            ) as got:
                if at_home:
                    self._notice(got.headers)
                target = redirect_target(got.status, url, got.headers)
                if target is None or not may_follow(method, got.status, url, target):
                    _refuse_redirect(method, url, got.status, target)
                    got.headers = {**got.headers, **told}
                    yield got
                    return
                told = {**(_told_by_hub(got.headers) if at_home else {}), **told}
            if origin_of(url) != origin_of(target):
                sent = {k: v for k, v in sent.items() if k.lower() not in _CREDENTIALS}
            url = target
        raise InvalidAnswerError(f"Over {MAX_REDIRECTS} redirects, to {without_secrets(url)}")

    def _check_may_ask(self, method: str, url: str, timeout: float | None) -> float:
        """The seconds that the other side may be silent."""
        if self.settings.offline:
            raise OfflineModeIsEnabled(f"{method} {without_secrets(url)}: HF_HUB_OFFLINE is set.")
        if timeout is None:
            return self.settings.read_seconds
        if not 0 < timeout < float("inf"):
            raise HFValidationError(f"A timeout is a number of seconds above 0, not {timeout!r}.")
        return timeout

    def _auth(self, at_home: bool, token: Token) -> dict[str, str]:
        """The header with the token, for the hub itself; never again after a redirect away."""
        found = self.find_token(token) if at_home else None
        return {"authorization": f"Bearer {found}"} if found else {}

    def find_token(self, token: Token = None) -> str | None:
        """The token for this hub: the one given, that of this object, or the saved one.

        None without any or for False. Raises `LocalTokenNotFoundError` for True without any,
        `HFValidationError` for a text that is no token.
        """
        wanted = self.token if token is None else token
        if isinstance(wanted, str):
            return check_token(wanted)
        if wanted is False or (wanted is None and not self.settings.implicit_token):
            return None
        from freehold.client.tokens import explain_missing, find_token

        found = find_token(self.endpoint, self.settings)
        if found is None and wanted is True:
            raise LocalTokenNotFoundError(explain_missing(self.endpoint, self.settings))
        return None if found is None else check_token(found)

    def _notice(self, headers: Mapping[str, str]) -> None:
        """Remembers where the hub describes itself, and tells the warnings it gives."""
        if self.settings.extensions:
            self.capabilities_path = headers.get("x-hub-capabilities", self.capabilities_path)
        if warning := headers.get("x-hf-warning"):
            _warn(warning)


_warned: set[str] = set()


def _warn(warning: str) -> None:
    topic, _, message = warning.rpartition(";")
    if topic not in _warned or not topic:
        _warned.add(topic)
        logger.warning("%s", without_controls(message.strip()))


def _encode(body: Wire | Mapping[str, str]) -> bytes:
    try:
        return wire.codec.encode_body(body)
    except (TypeError, ValueError) as error:
        raise HFValidationError(f"An argument cannot be sent: {error}") from error


def _check_piece(name: str, text: str) -> None:
    """Refuses what would become another address: `..`, or what is not text at all."""
    if not isinstance(text, str):
        raise HFValidationError(f"{name} is a text, not {text!r}.")
    if any(part in {".", ".."} for part in text.split("/")):
        raise HFValidationError(f"{name} {text!r} leads out of its place.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise HFValidationError(f"{name} {text!r} is not valid Unicode.") from error


def _refuse_redirect(method: str, url: str, status: int, target: str | None) -> None:
    if is_refused_redirect(method, status):
        raise InvalidAnswerError(
            f"{method} {without_secrets(url)} was redirected ({status}) to"
            f" {without_secrets(target or 'nowhere')}, which is not followed. Is the endpoint the"
            " address of the hub itself?"
        )


def _told_by_hub(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if name.startswith(("x-repo-commit", "x-linked-", "x-xet-hash"))
    }


def _to_header(name: str, more: str) -> str:
    """The name and what else the caller wants to be known by, in characters a header may have."""
    text = f"{name}; {more}" if more else name
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
