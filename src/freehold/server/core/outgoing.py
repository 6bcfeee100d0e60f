"""Requests that the hub makes itself, to addresses that users have chosen.

A name may lead anywhere, and a moment later elsewhere: what is checked is the address of the
connection that is made. Redirects are not followed, and no proxy is used.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpcore2

from freehold.errors import BadRequestError, FreeholdError

MAX_URL_LENGTH = 2048

Address = IPv4Address | IPv6Address

_PRINTABLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_BLOCK = 16 * 1024

# What the registries of special addresses list: none of it is a host of the internet. Tables of
# our own, because those of the standard library differ from version to version.
_SPECIAL_V4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = ip_network("2000::/3")
_SPECIAL_V6 = tuple(
    ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Forms of an IPv4 address, in its last four bytes: where it leads is what counts.
_EMBEDDING_V4 = (ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"))


class RefusedTargetError(FreeholdError):
    """The operator of the hub allows no requests to this address."""


class Outcome(NamedTuple):
    """What became of a request: the status of the answer, or an error that says why there is none.

    `connected` is whether there was anybody to say no.
    """

    status: int | None = None
    error: str | None = None
    connected: bool = True


class Targets:
    """Where requests may go: `public`, `any`, or hosts, addresses and networks."""

    def __init__(self, text: str) -> None:
        words = set(text.lower().replace(",", " ").split())
        self._any = "any" in words
        self._public = "public" in words
        self._networks = [network for word in words if (network := _read_network(word))]
        self._hosts = words

    def allow_host(self, host: str) -> bool:
        """Whether the name is allowed whatever address it has."""
        return self._any or host.lower().rstrip(".") in self._hosts

    def allow_address(self, text: str) -> bool:
        """Whether this address is allowed."""
        address = _unwrap(ip_address(text))
        return (
            self._any
            or (self._public and _is_public(address))
            or any(address in network for network in self._networks)
        )


def _read_network(word: str) -> Any:
    try:
        return ip_network(word, strict=False)
    except ValueError:
        return None


def _unwrap(address: Address) -> Address:
    if isinstance(address, IPv6Address) and any(address in form for form in _EMBEDDING_V4):
        return IPv4Address(address.packed[-4:])
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)


@lru_cache(maxsize=16)
def read_targets(text: str) -> Targets:
    """The targets that the text of the setting names."""
    return Targets(text)


def check_url(url: str, targets: Targets) -> str:
    """Accepts an address to send to, unless it is none or names one that is not allowed.

    Where a name leads is only seen when something is sent. Raises `BadRequestError`.
    """
    parts = _split(url)
    host = parts.hostname or ""
    if not targets.allow_host(host):
        for address in _read_literal(host):
            if not targets.allow_address(address):
                raise BadRequestError(f"Webhooks of this hub may not lead to {host}.")
    return url


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_LENGTH or not _PRINTABLE.fullmatch(url):
        raise BadRequestError(
            f"The address of a webhook has at most {MAX_URL_LENGTH} printable ASCII characters."
        )
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and _is_host(parts)
    except ValueError as error:
        raise BadRequestError(f"The address of a webhook cannot be used: {error}.") from error
    if parts.scheme not in {"http", "https"} or not usable:
        raise BadRequestError("A webhook has an address such as https://example.org/hook.")
    if "@" in parts.netloc:
        raise BadRequestError("The address of a webhook holds no account: use a secret instead.")
    return parts


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        return "%" not in host and bool(IPv6Address(host))
    return bool(_HOST_NAME.fullmatch(host))


def _read_literal(host: str) -> list[str]:
    """The address that the host is, in any of the ways to write one; nothing for a name."""
    try:
        return _resolve(host, None, socket.AI_NUMERICHOST)
    except OSError:
        return []


def _resolve(host: str, port: int | None, flags: int = 0) -> list[str]:
    """The addresses of a host, each once, in the order of the system."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError as error:
        raise OSError(f"not a host: {error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def post(
    url: str, headers: Mapping[str, str], content: bytes, *, seconds: float, targets: Targets
) -> Outcome:
    """Sends one request, which takes no longer than `seconds` with all its answer's headers."""
    origin = httpcore2.URL(url).origin
    request = httpcore2.Request(
        "POST",
        url,
        headers=[
            ("host", urlsplit(url).netloc),
            ("connection", "close"),
            ("content-length", str(len(content))),
            *headers.items(),
        ],
        content=content,
        extensions={"timeout": {"connect": seconds}},
    )
    network = _Network(targets, time.monotonic() + seconds)
    context = _tls_context() if origin.scheme == b"https" else None
    try:
        with httpcore2.HTTPConnection(origin, context, network_backend=network) as connection:
            return Outcome(connection.handle_request(request).status)
    except RefusedTargetError as error:
        return Outcome(error=str(error), connected=False)
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
        return Outcome(error=f"no connection: {error}", connected=False)
    except httpcore2.TimeoutException:
        return Outcome(error=f"no answer within {seconds:g} seconds")
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        return Outcome(error=f"the connection broke: {error}")


@cache
def _tls_context() -> ssl.SSLContext:
    """The certificates of the system, which take long to read."""
    return httpcore2.default_ssl_context()


class _Network(httpcore2.NetworkBackend):
    """Connects to allowed addresses only, and moves bytes until a moment in time."""

    def __init__(self, targets: Targets, deadline: float) -> None:
        self._targets = targets
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._find(host, port)
        failure: Exception | None = None
        for place, address in enumerate(addresses):
            # A silent address leaves time for the others.
            left = _time_left(self._deadline) / (len(addresses) - place)
            try:
                stream = self._sockets.connect_tcp(address, port, left)
                return _Stream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the host has no address")

    def _find(self, host: str, port: int) -> list[str]:
        try:
            found = _resolve(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(error.strerror or str(error)) from error
        if self._targets.allow_host(host):
            return found
        allowed = [address for address in found if self._targets.allow_address(address)]
        if found and not allowed:
            raise RefusedTargetError("webhooks of this hub may not lead to this address")
        return allowed


class _Stream(httpcore2.NetworkStream):
    """A connection that is over at a moment in time, however slowly it moves."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for block in _blocks(buffer):
            self._stream.write(block, _time_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = _time_left(self._deadline)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _blocks(buffer: bytes) -> Iterator[bytes]:
    return (buffer[start : start + _BLOCK] for start in range(0, len(buffer), _BLOCK))


def _time_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left
