"""Requests of the hub itself: which addresses they reach, and how long they may take."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from freehold.errors import BadRequestError
from freehold.server.config import Config, ConfigError
from freehold.server.core import outgoing
from freehold.server.core.outgoing import Outcome, Targets, check_url, post

# Some of each network that is none of the internet, and their disguises.
REFUSED = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1"),
    *("198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::808:808"),
    *("100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1"),
    *("2002:7f00:1::1", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1"),
    *("fe80::1", "fec0::1", "ff02::1"),
)
REACHED = (
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"),
    *("192.0.1.1", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    *("2606:4700::1111", "2a00:1450::1"),
)


@pytest.mark.parametrize("text", ["public", "public,ci.internal"])
def test_only_public_addresses_are_reached(text: str) -> None:
    targets = Targets(text)
    assert [address for address in REFUSED if targets.allow_address(address)] == []
    assert [address for address in REACHED if not targets.allow_address(address)] == []


def test_any_address_is_reached_where_that_is_said() -> None:
    targets = Targets("any")
    assert all(targets.allow_address(address) for address in (*REFUSED, *REACHED))


def test_what_is_listed_is_reached_and_nothing_else() -> None:
    targets = Targets("10.1.0.0/16, ::1 CI.internal 192.168.1.1")
    reached = ("10.1.2.3", "::1", "192.168.1.1", "::ffff:10.1.0.1")
    assert all(targets.allow_address(address) for address in reached)
    refused = ("10.2.0.1", "127.0.0.1", "8.8.8.8", "::2")
    assert not any(targets.allow_address(address) for address in refused)
    assert targets.allow_host("ci.INTERNAL.") and not targets.allow_host("x.ci.internal")


@pytest.mark.parametrize("text", ["", " , ", "10.0.0.0/33", "http://x", "a b/c", "::1::"])
def test_a_list_of_targets_that_cannot_be_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match="--webhook-targets"):
        Config.load(environ={}, webhook_targets=text)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "x"])
def test_a_time_that_is_none_is_refused_at_the_start(seconds: str) -> None:
    with pytest.raises(ConfigError, match="--webhook-seconds"):
        Config.load(environ={}, webhook_seconds=seconds)


def test_an_address_in_any_spelling_is_refused_before_it_is_kept() -> None:
    for address in REFUSED:
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(BadRequestError):
            check_url(f"http://{host}/", Targets("public"))
    for host in ("127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0", "[::FFFF:7f00:1]"):
        with pytest.raises(BadRequestError):
            check_url(f"https://{host}:8080/x", Targets("public"))
    for host in ("example.org", "EXAMPLE.org.", "8.8.8.8", "[2606:4700::1111]", "localhost"):
        url = f"HTTPS://{host}:99/x?y"
        assert check_url(url, Targets("public")) == url


# What is sent


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that answers one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            try:
                connection, _ = listener.accept()
                with connection:
                    answer(connection)
            except OSError:
                return

        thread = Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def send(
    port: int,
    *,
    scheme: str = "http",
    host: str = "127.0.0.1",
    targets: str = "any",
    seconds: float = 30,
) -> Outcome:
    content = b"{}" * 200_000
    return post(
        f"{scheme}://{host}:{port}/", {}, content, seconds=seconds, targets=Targets(targets)
    )


def read_all(connection: socket.socket) -> None:
    """Read the head and the body of the request."""
    read = b""
    while not read.endswith(b"{}") or len(read) < 400_000:
        read += connection.recv(1 << 20)


def test_a_name_is_judged_by_where_it_leads() -> None:
    def answer(connection: socket.socket) -> None:
        read_all(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    with serving(answer) as port:
        refused = send(port, host="localhost", targets="public")
        assert refused == Outcome(
            error="webhooks of this hub may not lead to this address", connected=False
        )
        assert send(port, host="localhost", targets="127.0.0.0/8") == Outcome(200)


def test_the_name_itself_may_be_allowed() -> None:
    def answer(connection: socket.socket) -> None:
        read_all(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")

    with serving(answer) as port:
        assert send(port, host="localhost", targets="localhost") == Outcome(202)


def test_a_name_that_leads_nowhere_is_no_connection() -> None:
    for host in ("nowhere.invalid", f"{'x' * 64}.invalid"):
        outcome = send(80, host=host)
        assert (outcome.status, outcome.connected) == (None, False)
        assert (outcome.error or "").startswith("no connection: ")


def drip(connection: socket.socket) -> None:
    """One header after the other, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x: y\r\n")
        time.sleep(0.01)


def stay_silent(connection: socket.socket) -> None:
    connection.recv(1)
    while connection.recv(1 << 16):
        pass


@pytest.mark.parametrize("answer", [drip, stay_silent])
def test_an_answer_that_does_not_end_is_given_up_in_time(
    answer: Callable[[socket.socket], None],
) -> None:
    with serving(answer) as port:
        started = time.monotonic()
        assert send(port, seconds=0.3) == Outcome(error="no answer within 0.3 seconds")
        assert time.monotonic() - started < 10


def test_an_answer_that_is_none_is_an_error_and_so_is_an_end() -> None:
    def nonsense(connection: socket.socket) -> None:
        read_all(connection)
        connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

    for answer in (nonsense, read_all):
        with serving(answer) as port:
            outcome = send(port)
            assert (outcome.status, outcome.connected) == (None, True)
            assert (outcome.error or "").startswith("the connection broke: ")


def test_a_certificate_has_to_be_signed_by_somebody_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command, *names, *files], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            read_all(secured)
            secured.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with serving(answer) as port:
        outcome = send(port, host="localhost", scheme="https")
    assert (outcome.status, outcome.connected) == (None, False)
    assert "certificate verify failed" in (outcome.error or "")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    outgoing._tls_context.cache_clear()
    with serving(answer) as port:
        assert send(port, host="localhost", scheme="https") == Outcome(200)
    outgoing._tls_context.cache_clear()


def test_a_side_that_speaks_no_tls_is_no_connection() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(answer) as port:
        outcome = send(port, scheme="https")
    assert (outcome.status, outcome.connected) == (None, False)
    assert "SSL" in (outcome.error or "")
