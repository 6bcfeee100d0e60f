"""Connections to hubs and stores: the only module that knows the HTTP library.

All `HfApi` objects of a process share one pool for each proxy, because opening connections and
reading the certificates of the system are what costs time. Redirects are not followed here: only
the session knows who may see a token.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from freehold.client.errors import HubConnectionError, HubTimeoutError, InvalidAnswerError
from freehold.client.proxies import Proxy, find_proxy
from freehold.client.settings import CONNECT_SECONDS, ClientSettings

if TYPE_CHECKING:
    import ssl

    import httpcore2

Body = bytes | Callable[[], Iterable[bytes]] | None
"""What is sent: bytes, or a function that gives them piece by piece, each time it is called."""

MAX_CONNECTIONS = 64
IDLE_SECONDS = 30.0
LARGEST_ANSWER = 512 << 20
"""The bytes of an answer that is read whole: more than the list of a million files."""
# An answer that is read whole may take so many times the longest pause: then it is only dripping.
PAUSES_PER_ANSWER = 10

# What the HTTP library itself writes into the log; the rest of its loggers say nothing of requests.
_LOGGERS = ("httpcore2.connection", "httpcore2.http11", "httpcore2.proxy", "httpcore2.socks")
_QUERY = re.compile(r"\?[^\s\"')\]]+")
_ACCOUNT = re.compile(r"\bauth=.*")
# Everything that an address may hold; what a redirect names besides is escaped.
_IN_ADDRESSES = "!#$%&'()*+,/:;=?@[]~"


class ConnectionNotMadeError(HubConnectionError):
    """No connection was made, so nothing was sent: any call can be made again."""


class UnusableConnectionError(HubConnectionError):
    """The other side is not who it should be, or the settings are wrong: it stays like that."""


class _Identity(NamedTuple):
    """What makes two pools different: the certificates, where to find them, and the proxy."""

    client_certificate: str | None
    client_key: str | None
    ca_file: str | None
    network: tuple[tuple[str, str], ...]
    proxy: Proxy | None


_pools: dict[_Identity, httpcore2.ConnectionPool] = {}
_lock = threading.Lock()


def _start_afresh() -> None:
    """In a forked process: the sockets belong to the other one, and the lock may be held by it."""
    global _lock, _pools
    _lock, _pools = threading.Lock(), {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)


class Exchange:
    """An answer whose body has not been read: `status`, `headers` (lower-case names), bytes."""

    def __init__(self, response: httpcore2.Response, url: str, longest: float) -> None:
        self._response = response
        self._longest = longest
        self.url = url
        self.status = response.status
        self.headers = _read_headers(response.headers)

    def read(self) -> bytes:
        """The whole body, unpacked; raises `HubConnectionError` when it ends too early or never.

        Raises `InvalidAnswerError` when it is larger than `LARGEST_ANSWER`.
        """
        end = time.monotonic() + self._longest
        body = bytearray()
        for piece in self.iter_bytes():
            body += piece
            _check_size(len(body))
            if time.monotonic() > end:
                raise HubTimeoutError(f"The whole answer took over {self._longest:.0f} s.")
        packed = self.headers.get("content-encoding") == "gzip" and body
        return _unpack(bytes(body)) if packed else bytes(body)

    def iter_bytes(self) -> Iterator[bytes]:
        """The body as it arrives, in pieces of at most 64 KiB; `HubConnectionError` if it breaks.

        A content encoding is not undone: who wants none asks for `identity`.
        """
        with _translated(self.url):
            yield from self._response.iter_stream()


def _check_size(size: int) -> None:
    if size > LARGEST_ANSWER:
        raise InvalidAnswerError(f"The answer is larger than {LARGEST_ANSWER >> 20} MiB.")


def _unpack(body: bytes) -> bytes:
    """Stops where it becomes too large: a few bytes may unpack to more than the memory holds."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = unpacker.decompress(body, LARGEST_ANSWER + 1)
    except zlib.error as error:
        raise HubConnectionError(
            f"The answer broke on its way, it cannot be unpacked: {error}"
        ) from error
    _check_size(len(data))
    if not unpacker.eof:
        raise HubConnectionError("The answer broke on its way, it ends too early.")
    return data


def _read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


@contextmanager
def exchange(
    settings: ClientSettings,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: Body,
    timeout: float,
) -> Iterator[Exchange]:
    """Sends one request and gives its answer, whatever the status; closes it afterwards.

    `timeout` is the longest pause in seconds between two bytes. Raises `HubConnectionError`, and
    `HubTimeoutError` for such a pause.
    """
    with _translated(url):
        response = _send(settings, method, url, headers, content, timeout)
    try:
        yield Exchange(response, url, PAUSES_PER_ANSWER * timeout)
    finally:
        response.close()


def _send(
    settings: ClientSettings,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: Body,
    timeout: float,
) -> httpcore2.Response:
    import httpcore2

    sent = content() if callable(content) else content
    limits = dict.fromkeys(("read", "write", "pool"), timeout)
    request = httpcore2.Request(
        method,
        quote(url, safe=_IN_ADDRESSES),
        headers=_complete(headers, method, url, sent),
        content=iter(sent) if sent is not None and not isinstance(sent, bytes) else sent,
        extensions={"timeout": {**limits, "connect": min(CONNECT_SECONDS, timeout)}},
    )
    return _open_pool(settings, url).handle_request(request)


def _complete(
    headers: Mapping[str, str], method: str, url: str, content: bytes | Iterable[bytes] | None
) -> list[tuple[str, str]]:
    """The headers with those that say where the request goes and where its body ends."""
    given = {name.lower(): value for name, value in headers.items()}
    standing = {"host": urlsplit(url).netloc.rpartition("@")[2], "accept": "*/*"}
    standing["accept-encoding"] = "identity"
    if isinstance(content, bytes):
        standing["content-length"] = str(len(content))
    elif content is not None and "content-length" not in given:
        standing["transfer-encoding"] = "chunked"
    elif content is None and method in {"POST", "PUT"}:
        standing["content-length"] = "0"
    return list({**standing, **given}.items())


def _open_pool(settings: ClientSettings, url: str) -> httpcore2.ConnectionPool:
    try:
        proxy = find_proxy(url, settings.network)
    except ValueError as error:
        raise UnusableConnectionError(f"A proxy setting cannot be used: {error}") from error
    identity = _Identity(
        settings.client_certificate, settings.client_key, settings.ca_file, settings.network, proxy
    )
    with _lock:
        if identity not in _pools:
            _pools[identity] = _new_pool(identity)
        return _pools[identity]


def _new_pool(identity: _Identity) -> httpcore2.ConnectionPool:
    import httpcore2

    _keep_secrets_out_of_logs()
    context = _tls_context(identity)
    limits: Any = {
        "ssl_context": context,
        "max_connections": MAX_CONNECTIONS,
        "max_keepalive_connections": MAX_CONNECTIONS,
        "keepalive_expiry": IDLE_SECONDS,
    }
    if identity.proxy is None:
        return httpcore2.ConnectionPool(**limits)
    url, account = identity.proxy
    if not url.startswith("socks5"):
        own = context if url.startswith("https") else None
        return httpcore2.HTTPProxy(url, account, proxy_ssl_context=own, **limits)
    try:
        return httpcore2.SOCKSProxy(url.replace("socks5h", "socks5"), account, **limits)
    except (ImportError, RuntimeError) as error:
        raise UnusableConnectionError(f"A SOCKS proxy cannot be used: {error}") from error


def _tls_context(identity: _Identity) -> ssl.SSLContext:
    """The certificates of the system, or of the file that the environment names, and our own.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` are read by the library itself.
    """
    import httpcore2

    try:
        context = httpcore2.default_ssl_context()
        if identity.ca_file is not None:
            context.load_verify_locations(identity.ca_file)
        if identity.client_certificate is not None:
            context.load_cert_chain(identity.client_certificate, identity.client_key)
    except OSError as error:
        raise UnusableConnectionError(f"A certificate cannot be used: {error}") from error
    return context


class _WithoutSecrets(logging.Filter):
    """Drops the account at a proxy, and queries: they may be signed, and then stand for one."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = _ACCOUNT.sub("auth=…", record.getMessage())
        record.msg, record.args = _QUERY.sub("?…", text), ()
        return True


_without_secrets = _WithoutSecrets()


def _keep_secrets_out_of_logs() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_without_secrets)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Errors of the HTTP library as our own."""
    import httpcore2

    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        yield
    except httpcore2.PoolTimeout as error:
        raise ConnectionNotMadeError(f"All {MAX_CONNECTIONS} connections are in use.") from error
    except httpcore2.ConnectTimeout as error:
        raise HubTimeoutError(f"{host} did not accept a connection in time.") from error
    except httpcore2.TimeoutException as error:
        raise HubTimeoutError(f"{host} did not answer in time.") from error
    except httpcore2.ConnectError as error:
        raise _not_connected(host, error) from error
    except (httpcore2.ProxyError, httpcore2.UnsupportedProtocol) as error:
        raise UnusableConnectionError(f"{host} cannot be reached: {error}") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise HubConnectionError(f"The connection to {host} broke: {error}") from error


def _not_connected(host: str, error: Exception) -> HubConnectionError:
    if "CERTIFICATE" not in str(error):
        return ConnectionNotMadeError(f"{host} cannot be reached: {error}")
    return UnusableConnectionError(
        f"The certificate of {host} is not trusted: {error}. If your organisation has its own"
        " authority, name the file with its certificate in SSL_CERT_FILE."
    )
