"""Which proxy the environment names for an address, if any.

The variables are those that curl knows: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in
lower or upper case. The lower case counts first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit


class Proxy(NamedTuple):
    """A proxy: its address without an account, and the account that it wants to know."""

    url: str
    account: tuple[str, str] | None

    def __repr__(self) -> str:
        return f"Proxy(url={self.url!r})"


def find_proxy(url: str, network: Sequence[tuple[str, str]]) -> Proxy | None:
    """The proxy for the address; None to go straight. Raises `ValueError` for one that is none."""
    named = _by_lower_case(network)
    parts = urlsplit(url)
    found = named.get(f"{parts.scheme}_proxy") or named.get("all_proxy")
    if not found or is_excepted(parts.hostname or "", parts.port, named.get("no_proxy", "")):
        return None
    return _parse(found)


def _by_lower_case(network: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    upper = {name.lower(): value for name, value in network if name != name.lower()}
    return upper | {name: value for name, value in network if name == name.lower()}


def _parse(text: str) -> Proxy:
    parts = urlsplit(text if "://" in text else f"http://{text}")
    port = _port_of(parts)
    if parts.scheme not in {"http", "https", "socks5", "socks5h"} or not parts.hostname:
        raise ValueError(f"{parts.hostname or 'it'!r} is not the address of a proxy")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    account = None
    if parts.username is not None:
        account = unquote(parts.username), unquote(parts.password or "")
    return Proxy(f"{parts.scheme}://{host}:{port}", account)


def _port_of(parts: SplitResult) -> int:
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme, 1080)
    except ValueError:
        # What stands there may be a part of a password.
        raise ValueError("its port is no number") from None


def is_excepted(host: str, port: int | None, exceptions: str) -> bool:
    """Whether `no_proxy` lets this host be asked directly.

    It lists hosts with all below them, addresses, networks (`10.0.0.0/8`), each perhaps with a
    port; `*` stands for every host.
    """
    for text in exceptions.replace(",", " ").split():
        name, wanted = _split_port(text)
        if wanted is not None and wanted != port:
            continue
        if name == "*" or _is_within(host.lower(), name.lower().lstrip("*").lstrip(".")):
            return True
    return False


def _split_port(text: str) -> tuple[str, int | None]:
    name, _, port = text.rpartition(":")
    if port.isdigit() and name and (":" not in name or name.startswith("[")):
        return name.strip("[]"), int(port)
    return text.strip("[]"), None


def _is_within(host: str, name: str) -> bool:
    if host == name or host.endswith(f".{name}"):
        return True
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        return False
