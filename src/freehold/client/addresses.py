"""Addresses: which belong to one origin, where an answer sends to, what may be shown of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from freehold.client.errors import HFValidationError, InvalidAnswerError

Origin = tuple[str, str, int | None]
"""Scheme, host and port: what a token is bound to."""

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# These say to send the same request again; after the others a change would have to become a GET.
_REPEATING_REDIRECTS = frozenset({307, 308})
# An address, and the parameters up to the next one; both may hold commas and semicolons.
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_RELATION = re.compile(r";\s*rel\s*=\s*[\"]?([^\",;]*)", re.IGNORECASE)
_ANSWERED_BY_READING = frozenset({"GET", "HEAD"})


def check_endpoint(endpoint: str) -> str:
    """The address of a hub without a slash at its end; raises `HFValidationError`."""
    try:
        scheme, host, _ = origin_of(endpoint)
        user = urlsplit(endpoint).username
    except InvalidAnswerError:
        shown = without_secrets(endpoint)
        raise HFValidationError(f"The endpoint {shown!r} is no address.") from None
    if scheme not in _PORTS or not host or user is not None or not endpoint.isascii():
        raise HFValidationError(
            f"The endpoint {without_secrets(endpoint)!r} does not have the form https://host."
        )
    return endpoint.rstrip("/")


def origin_of(url: str) -> Origin:
    """The origin of an address; raises `InvalidAnswerError` when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        # What stands there may be a part of a password.
        raise InvalidAnswerError(f"{without_secrets(url)!r} is no address.") from None
    return parts.scheme, (parts.hostname or "").lower(), port


def redirect_target(status: int, url: str, headers: Mapping[str, str]) -> str | None:
    """The absolute address that the answer of `url` sends to; None when it is no redirect."""
    location = headers.get("location")
    if status not in _REDIRECTS or not location:
        return None
    return _join(url, location)


def may_follow(method: str, status: int, url: str, target: str) -> bool:
    """Whether a redirect is followed.

    GET goes anywhere. A store may have signed its address for GET alone, so HEAD stays on the
    origin, and so does a change, which must also be meant to be sent again.
    """
    if urlsplit(target).scheme not in _PORTS:
        return False
    if method == "GET":
        return True
    repeating = method in _ANSWERED_BY_READING or status in _REPEATING_REDIRECTS
    return repeating and origin_of(url) == origin_of(target)


def is_refused_redirect(method: str, status: int) -> bool:
    """Whether an answer that is the last one still sends elsewhere; to HEAD it says enough."""
    return status in _REDIRECTS and method != "HEAD"


def find_link(url: str, link: str, relation: str) -> str | None:
    """The address that the `Link` header of `url` gives to a relation, such as `next`."""
    for address, parameters in _LINK.findall(link):
        found = _RELATION.search(parameters)
        if found is not None and relation in found[1].lower().split():
            return _join(url, address.strip())
    return None


def same_list(url: str, following: str) -> str:
    """The address of the next page of the list at `url`, on the same origin.

    A hub may know itself by another name than its callers, and a token is for the name that they
    know. Raises `InvalidAnswerError` for a page that is not of this list.
    """
    if origin_of(following) == origin_of(url):
        return following
    path, _, query = following.partition("?")
    if urlsplit(path).path != urlsplit(url).path:
        raise InvalidAnswerError(
            f"The next page of {without_secrets(url)} is on another host:"
            f" {without_secrets(following)}."
        )
    return f"{url.partition('?')[0]}?{query}"


def _join(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise InvalidAnswerError(f"{without_secrets(target)!r} is no address.") from None


def to_query(values: Mapping[str, Any]) -> str:
    """The query string with its `?`: booleans as true and false, lists by repeated keys."""
    pairs = []
    for name, value in values.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is not None:
                pairs.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return f"?{urlencode(pairs)}" if pairs else ""


def without_secrets(url: str) -> str:
    """The address as it may be logged: a query may be signed, and then stands for an account."""
    scheme, separator, rest = url.partition("?")[0].partition("://")
    if not separator:
        return scheme
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
