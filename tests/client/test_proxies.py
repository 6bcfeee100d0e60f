"""Which proxy counts for an address, and which hosts are asked directly."""

from __future__ import annotations

import pytest

from freehold.client.proxies import Proxy, find_proxy, is_excepted

NETWORK = (("HTTP_PROXY", "http://upper:1"), ("http_proxy", "lower:3128"), ("no_proxy", "b.org"))


def test_a_proxy_is_found_by_the_scheme_and_the_lower_case_counts_first() -> None:
    assert find_proxy("http://a.org/x", NETWORK) == Proxy("http://lower:3128", None)
    assert find_proxy("https://a.org/x", NETWORK) is None
    assert find_proxy("http://b.org/x", NETWORK) is None


def test_a_proxy_for_all_counts_where_no_other_is_named() -> None:
    network = (("ALL_PROXY", "socks5h://me:p%40ss@[::1]:1080"),)
    assert find_proxy("https://a.org", network) == Proxy("socks5h://[::1]:1080", ("me", "p@ss"))


@pytest.mark.parametrize("text", ["ftp://proxy", "http://", "http://proxy:port"])
def test_what_is_no_proxy_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        find_proxy("http://a.org", (("http_proxy", text),))


@pytest.mark.parametrize("text", ["http://me:TopSecret@:1", "ftp://me:TopSecret@x", "me:TopSecret"])
def test_the_account_is_not_in_the_error(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        find_proxy("http://a.org", (("http_proxy", text),))
    assert "TopSecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "port", "exceptions", "direct"),
    [
        ("a.org", None, "a.org", True),
        ("x.a.org", None, "a.org", True),
        ("x.a.org", None, ".a.org", True),
        ("x.a.org", None, "*.a.org", True),
        ("ba.org", None, "a.org", False),
        ("a.org", 8080, "a.org:8080", True),
        ("a.org", 8081, "a.org:8080", False),
        ("A.org", None, "b.org, a.ORG", True),
        ("anything", None, "*", True),
        ("10.1.2.3", None, "10.0.0.0/8", True),
        ("11.1.2.3", None, "10.0.0.0/8", False),
        ("::1", 80, "[::1]:80", True),
        ("::1", None, "::1", True),
        ("a.org", None, "", False),
    ],
)
def test_exceptions(host: str, port: int | None, exceptions: str, direct: bool) -> None:
    assert is_excepted(host, port, exceptions) is direct
