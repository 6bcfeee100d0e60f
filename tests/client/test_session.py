"""Manners: what is sent again, who sees a token, and how the client meets networks and faults."""

from __future__ import annotations

import gzip
import logging
import os
import pickle
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from freehold import (
    ConflictError,
    HfApi,
    HfHubHTTPError,
    HFValidationError,
    HubConnectionError,
    HubTimeoutError,
    InvalidAnswerError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    TooManyRequestsError,
    UnavailableError,
)
from freehold.client import connections, retries
from freehold.client.addresses import origin_of, to_query, without_secrets
from freehold.client.connections import ConnectionNotMadeError, UnusableConnectionError
from freehold.client.fetch import Repo
from freehold.client.locks import Stop
from freehold.client.proxies import find_proxy
from freehold.client.retries import pause_before_retry
from freehold.client.session import Session
from freehold.client.targets import Target
from tests.client.hostile import (
    HANG_UP,
    ForwardProxy,
    HostileServer,
    Received,
    Script,
    dead_port,
    in_turn,
    reply,
)
from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.live import LiveHub

TOKEN = "hf_SecretOfAlice"
INFO = {"id": "a/b", "sha": "0" * 40}
OK = reply(200, INFO)


class NewServer(Protocol):
    """The type of `serve`."""

    def __call__(self, script: Script | bytes, tls: ssl.SSLContext | None = None) -> HostileServer:
        """Start a server that answers so."""


@pytest.fixture
def serve() -> Iterator[NewServer]:
    with ExitStack() as stack:

        def start(script: Script | bytes, tls: ssl.SSLContext | None = None) -> HostileServer:
            answers = in_turn(script) if isinstance(script, bytes) else script
            return stack.enter_context(HostileServer(answers, tls))

        yield start


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts that no test has to wait for."""
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.005)


def client(server: HostileServer) -> HfApi:
    return HfApi(endpoint=server.url, token=TOKEN)


def sees_token(server: HostileServer) -> list[bool]:
    return ["authorization" in request.headers for request in server.requests]


# What is sent again


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [reply(s) for s in (408, 429, 500, 502, 503, 504)] + [HANG_UP])
def test_reading_is_repeated_after_what_is_temporary(serve: NewServer, fault: bytes) -> None:
    server = serve(in_turn(fault, fault, OK))
    assert client(server).model_info("a/b").id == "a/b"
    assert len(server.requests) == 3


@pytest.mark.usefixtures("impatient")
def test_reading_is_given_up_after_some_attempts(serve: NewServer) -> None:
    server = serve(reply(503))
    with pytest.raises(UnavailableError):
        client(server).model_info("a/b")
    assert len(server.requests) == 1 + retries.MAX_RETRIES


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 413, 501])
def test_what_would_stay_as_it_is_is_not_asked_again(serve: NewServer, status: int) -> None:
    server = serve(reply(status))
    with pytest.raises(HfHubHTTPError) as caught:
        client(server).model_info("a/b")
    assert caught.value.status == status
    assert len(server.requests) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [reply(s) for s in (408, 500, 502, 503, 504)] + [HANG_UP])
def test_a_change_that_may_have_happened_is_not_sent_again(serve: NewServer, fault: bytes) -> None:
    server = serve(in_turn(fault, reply(200)))
    with pytest.raises((HfHubHTTPError, HubConnectionError)):
        client(server).create_tag("a/b", tag="v1")
    assert len(server.requests) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("refusal", [reply(429), reply(503, retry_after="0")])
def test_a_change_that_was_refused_for_now_is_sent_again(serve: NewServer, refusal: bytes) -> None:
    server = serve(in_turn(refusal, reply(200)))
    client(server).create_tag("a/b", tag="v1")
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.usefixtures("impatient")
def test_a_silent_hub_is_not_asked_for_a_change_twice(serve: NewServer) -> None:
    server = serve(lambda _: None)
    with pytest.raises(HubTimeoutError):
        client(server).create_branch("a/b", branch="x", timeout=0.1)
    assert len(server.requests) == 1


def test_an_answer_that_only_drips_is_given_up(serve: NewServer) -> None:
    """Each pause is shorter than the timeout, but there would be no end of them."""

    def drip(_: Received) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
        while True:
            time.sleep(0.02)
            yield b" "

    server = serve(drip)
    began = time.monotonic()
    with pytest.raises(HubTimeoutError, match="whole answer"):
        client(server).create_branch("a/b", branch="x", timeout=0.1)
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("impatient")
def test_a_hub_that_is_not_there_is_reported_soon() -> None:
    with dead_port() as port:
        api = HfApi(endpoint=f"http://127.0.0.1:{port}", token=TOKEN)
        with pytest.raises(HubConnectionError, match="cannot be reached"):
            api.create_tag("a/b", tag="v1")


def test_the_hub_is_obeyed_when_it_says_how_long_to_wait(serve: NewServer) -> None:
    server = serve(in_turn(reply(429, retry_after="1"), OK))
    began = time.monotonic()
    client(server).model_info("a/b")
    assert 1 <= time.monotonic() - began < 10


def test_a_hub_that_wants_more_patience_gets_it_from_the_caller(serve: NewServer) -> None:
    server = serve(reply(429, retry_after="3600"))
    with pytest.raises(TooManyRequestsError) as caught:
        client(server).model_info("a/b")
    assert caught.value.retry_after == 3600
    assert len(server.requests) == 1


def error(status: int, **headers: str) -> HfHubHTTPError:
    return HfHubHTTPError(status=status, headers=headers)


def test_pauses_grow_and_are_random() -> None:
    for attempt in range(retries.MAX_RETRIES):
        pauses = {pause_before_retry(error(503), attempt, True) for _ in range(20)}
        longest = min(8, 0.5 * 2**attempt)
        assert len(pauses) > 1
        assert all(p is not None and longest / 2 <= p <= longest for p in pauses)
    assert pause_before_retry(error(503), retries.MAX_RETRIES, True) is None


def test_the_end_of_a_window_is_waited_for() -> None:
    over = error(429, ratelimit='"api";r=0;t=29')
    assert pause_before_retry(over, 0, False) == 30
    left = pause_before_retry(error(429, ratelimit='"api";r=7;t=29'), 0, False)
    assert left is not None and left <= 0.5
    assert pause_before_retry(error(429, ratelimit='"api";r=0;t=300'), 0, False) is None
    for broken in ("", "r=0", "r=0;t=x", "r=0;t=²", ";;==;", "t=5"):
        assert pause_before_retry(error(429, ratelimit=broken), 0, False) is not None


def test_a_date_says_how_long_to_wait() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    pause = pause_before_retry(TooManyRequestsError(headers={"retry-after": soon}), 0, False)
    assert pause is not None and 15 < pause <= 20
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    assert TooManyRequestsError(headers={"retry-after": past}).retry_after == 0
    for broken in ("soon", "-1", "1.5.2", "²", ""):
        assert TooManyRequestsError(headers={"retry-after": broken}).retry_after is None


@pytest.mark.parametrize(
    ("fault", "repeatable", "attempts"),
    [
        (ConnectionNotMadeError("x"), False, retries.MAX_CONNECTS_AGAIN),
        (HubConnectionError("x"), True, retries.MAX_RETRIES),
        (HubConnectionError("x"), False, 0),
        (HubTimeoutError("x"), True, 1),
        (HubTimeoutError("x"), False, 0),
        (OfflineModeIsEnabled("x"), True, 0),
        (UnusableConnectionError("x"), True, 0),
        (InvalidAnswerError("x"), True, 0),
    ],
)
def test_faults_without_an_answer(fault: Exception, repeatable: bool, attempts: int) -> None:
    made = [pause_before_retry(fault, n, repeatable) for n in range(9)]
    assert [pause is not None for pause in made] == [n < attempts for n in range(9)]


# Redirects, and who sees the token


def test_a_renamed_repository_is_followed_with_the_token(serve: NewServer) -> None:
    moved = reply(307, b"moved", location="/api/models/a/new?x=1")
    server = serve(lambda got: OK if got.target.endswith("new?x=1") else moved)
    assert client(server).model_info("a/old").id == "a/b"
    assert sees_token(server) == [True, True]


def test_a_change_follows_on_the_same_origin_with_its_body(serve: NewServer) -> None:
    moved = reply(307, location="/api/models/a/new/branch/x")
    server = serve(lambda got: reply(200) if "/new/" in got.target else moved)
    client(server).create_branch("a/old", branch="x", revision="v1")
    assert server.requests[0].body == server.requests[1].body
    assert b'"startingPoint":"v1"' in server.requests[0].body
    assert [r.method for r in server.requests] == ["POST", "POST"]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_change_is_never_reported_done_by_a_redirect(serve: NewServer, status: int) -> None:
    server = serve(in_turn(reply(status, location="/elsewhere"), reply(200)))
    with pytest.raises(InvalidAnswerError, match="endpoint"):
        client(server).create_branch("a/b", branch="x")
    assert len(server.requests) == 1


def test_a_change_is_not_sent_to_another_origin(serve: NewServer) -> None:
    other = serve(reply(200))
    server = serve(reply(307, location=f"{other.url}/api/models/a/b/branch/x"))
    with pytest.raises(InvalidAnswerError, match=without_secrets(other.url)):
        client(server).create_branch("a/b", branch="x")
    assert other.requests == []


def test_another_origin_never_sees_the_token_not_even_on_the_way_back(serve: NewServer) -> None:
    home = serve(OK)
    back = f"{home.url}/back"
    other = serve(lambda _: reply(302, location=back))
    away = reply(302, location=f"{other.url}/there")
    home.script = lambda got: OK if got.target == "/back" else away
    headers = {"authorization": "Basic own", "cookie": "a=b", "x-other": "kept"}
    Session(home.url, TOKEN).request("GET", f"{home.url}/x", headers=headers)
    assert [r.headers.get("authorization") for r in home.requests] == [f"Bearer {TOKEN}", None]
    assert sees_token(other) == [False]
    assert "cookie" not in other.requests[0].headers
    assert other.requests[0].headers["x-other"] == "kept"


def test_the_same_host_under_another_name_is_another_origin(serve: NewServer) -> None:
    server = serve(lambda got: OK)
    session = Session(server.url, TOKEN)
    session.request("GET", f"http://127.0.0.1:{server.port}/api/models/a/b")
    assert sees_token(server) == [False]


def test_head_is_not_sent_to_a_store_whose_address_was_signed_for_get(serve: NewServer) -> None:
    store = serve(reply(403))
    location = f"{store.url}/bucket/f?signature=1"
    server = serve(reply(302, location=location, x_linked_size="7"))
    assert client(server).file_exists("a/b", "f") is True
    assert store.requests == []


def test_what_the_hub_said_on_a_redirect_is_kept(serve: NewServer) -> None:
    store = serve(reply(200, b"bytes", x_repo_commit="of the store", etag='"theirs"'))
    said = {"x_repo_commit": "c" * 40, "x_linked_etag": '"e"', "x_linked_size": "5"}
    server = serve(reply(302, location=f"{store.url}/f", **said))
    session = Session(server.url, TOKEN)
    with session.stream("GET", f"{server.url}/a/b/resolve/main/f") as got:
        assert b"".join(got.iter_bytes()) == b"bytes"
        assert got.headers["x-repo-commit"] == "c" * 40
        assert got.headers["x-linked-etag"] == '"e"'
        assert got.url == f"{store.url}/f"


def test_a_loop_of_redirects_ends(serve: NewServer) -> None:
    server = serve(lambda got: reply(302, location=got.target + "x"))
    with pytest.raises(InvalidAnswerError, match="redirects"):
        client(server).model_info("a/b")
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location", ["http://[bad", "http://h:99999999/", "ftp://h/x", "file:///etc/passwd", ""]
)
def test_a_redirect_that_leads_nowhere_is_an_error(serve: NewServer, location: str) -> None:
    server = serve(reply(302, location=location))
    with pytest.raises(InvalidAnswerError):
        client(server).model_info("a/b")


def test_the_next_page_on_another_origin_does_not_get_the_token(serve: NewServer) -> None:
    other = serve(reply(200, [{"type": "file", "path": "2", "size": 1, "oid": "x"}]))
    page = [{"type": "file", "path": "1", "size": 1, "oid": "x"}]
    server = serve(reply(200, page, link=f'<{other.url}/next>; rel="next"'))
    assert client(server).list_repo_files("a/b") == ["1", "2"]
    assert sees_token(server) == [True]
    assert sees_token(other) == [False]


def test_pages_are_asked_for_as_they_are_needed(serve: NewServer) -> None:
    page = [{"type": "file", "path": "1", "size": 1, "oid": "x"}]
    server = serve(in_turn(reply(200, page, link='</next?c=1>; rel="next"'), reply(200, page)))
    entries = client(server).list_repo_tree("a/b")
    assert server.requests == []
    next(entries)
    assert len(server.requests) == 1
    assert len(list(entries)) == 1
    assert server.requests[1].target == "/next?c=1"


def test_pages_that_lead_in_a_circle_end(serve: NewServer) -> None:
    page = [{"type": "file", "path": "1", "size": 1, "oid": "x"}]
    server = serve(lambda _: reply(200, page, link='</again>; rel="next"'))
    with pytest.raises(InvalidAnswerError, match="again"):
        client(server).list_repo_files("a/b")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "link",
    [
        '</next?c=a,b;c>; rel="next"',
        '</first>; rel="first", </next?c=a,b;c>; title="x, y"; rel="next"',
        "</next?c=a,b;c>; rel=next",
        '</next?c=a,b;c>; rel="last next"',
    ],
)
def test_the_next_page_may_have_commas_in_its_address(serve: NewServer, link: str) -> None:
    page = [{"type": "file", "path": "1", "size": 1, "oid": "x"}]
    server = serve(in_turn(reply(200, page, link=link), reply(200, page)))
    assert len(client(server).list_repo_files("a/b")) == 2
    assert server.requests[1].target == "/next?c=a,b;c"


def test_cookies_are_not_kept(serve: NewServer) -> None:
    server = serve(reply(200, INFO, set_cookie="session=of-alice; Path=/"))
    client(server).model_info("a/b")
    HfApi(endpoint=server.url, token="hf_bob").model_info("a/b")
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


# Tokens and names that cannot be sent


@pytest.mark.parametrize("token", ["a b", "hf_\n_x", "hf_é", "\x00", ""])
def test_a_token_that_is_none_is_refused_without_being_shown(serve: NewServer, token: str) -> None:
    server = serve(OK)
    with pytest.raises(HFValidationError) as caught:
        HfApi(endpoint=server.url).model_info("a/b", token=token)
    assert not token or token not in str(caught.value)
    assert server.requests == []


def test_space_that_copying_has_left_around_a_token_is_dropped(serve: NewServer) -> None:
    server = serve(OK)
    HfApi(endpoint=server.url).model_info("a/b", token=f" {TOKEN}\n")
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_token_of_a_call_comes_before_that_of_the_object(serve: NewServer) -> None:
    server = serve(OK)
    api = HfApi(endpoint=server.url, token="hf_object")
    api.model_info("a/b")
    api.model_info("a/b", token="hf_call")
    api.model_info("a/b", token=False)
    api.token = "hf_later"
    api.model_info("a/b")
    sent = [request.headers.get("authorization") for request in server.requests]
    assert sent == ["Bearer hf_object", "Bearer hf_call", None, "Bearer hf_later"]


def test_true_wants_a_saved_token(serve: NewServer) -> None:
    server = serve(OK)
    with pytest.raises(LocalTokenNotFoundError):
        HfApi(endpoint=server.url, token=True).model_info("a/b")
    assert server.requests == []


@pytest.mark.parametrize(
    "endpoint",
    ["hub.example", "ftp://h", "http://", "http://u:p@h", "http://[x", "http://h:port", "http://é"],
)
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(HFValidationError, match="endpoint") as caught:
        HfApi(endpoint=endpoint).model_info("a/b")
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("path", ["../../api/whoami-v2", "a/../../..", "./x", "a/.", "\udc80"])
def test_a_name_never_leads_to_another_address(serve: NewServer, path: str) -> None:
    server = serve(reply(200))
    api = client(server)
    for call in (
        lambda: api.file_exists("a/b", path),
        lambda: list(api.list_repo_tree("a/b", path)),
        lambda: api.model_info("a/b", revision=path),
        lambda: api.delete_branch("a/b", branch=path),
        lambda: api.delete_tag("a/b", tag=path),
    ):
        with pytest.raises(HFValidationError):
            call()
    assert server.requests == []


def test_names_are_escaped(serve: NewServer) -> None:
    server = serve(OK)
    client(server).model_info("a/b", revision="refs/pr/1")
    client(server).file_exists("a/b", "d ä/50%?.txt")
    targets = [request.target for request in server.requests]
    assert targets == [
        "/api/models/a/b/revision/refs%2Fpr%2F1",
        "/a/b/resolve/main/d%20%C3%A4/50%25%3F.txt",
    ]


def test_the_hub_is_told_who_asks(serve: NewServer) -> None:
    server = serve(OK)
    HfApi(server.url, False, "trainer", "1.2", {"torch": "2", "evil": "a\r\nx: y"}).model_info(
        "a/b"
    )
    HfApi(server.url, False, user_agent="mine/1").model_info("a/b")
    sent = [request.headers["user-agent"] for request in server.requests]
    assert sent[0].startswith("freehold/") and sent[0].endswith(
        "; trainer/1.2; torch/2; evil/a??x: y"
    )
    assert sent[1].endswith("; mine/1")
    assert "x" not in server.requests[0].headers


def test_queries_are_written_as_hubs_read_them() -> None:
    assert to_query({"a": True, "b": None, "c": ["x", "y z"], "d": 1}) == "?a=true&c=x&c=y+z&d=1"
    assert to_query({"a": None, "b": []}) == ""


def test_origins_and_what_may_be_shown() -> None:
    assert origin_of("HTTPS://Hub.Example/x") == ("https", "hub.example", 443)
    assert origin_of("http://h:8080") == ("http", "h", 8080)
    assert without_secrets("https://u:p@h/a/b?sig=1") == "https://h/a/b"
    with pytest.raises(InvalidAnswerError):
        origin_of("http://h:x/")


# Offline, and what was not asked for


def test_nothing_is_asked_in_offline_mode(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(OK)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineModeIsEnabled, match="HF_HUB_OFFLINE"):
        client(server).model_info("a/b")
    assert server.requests == []


def test_a_session_makes_only_the_requests_that_were_asked_for(
    hub: LiveHub, api: HfApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        api = HfApi(endpoint=hub.url, token=api.token)
        repo = api.create_repo(fresh_name("repo")).repo_id
        api.create_tag(repo, tag="v1")
        api.list_repo_files(repo)
        api.model_info(repo)
        api.delete_repo(repo)
    path = f"/api/models/{repo}"
    assert [line.replace(hub.url, "").rpartition(" ")[0] for line in proxy.lines] == [
        "POST /api/repos/create",
        f"POST {path}/tag/main",
        f"GET {path}/tree/main?recursive=true&expand=false",
        f"GET {path}",
        "DELETE /api/repos/delete",
    ]


def test_importing_and_making_an_object_asks_nothing(serve: NewServer) -> None:
    server = serve(OK)
    api = HfApi(endpoint=server.url)
    assert repr(api) == f"HfApi(endpoint={server.url!r})"
    assert server.requests == []


# Answers without an end


def test_an_answer_that_unpacks_to_more_than_fits_is_refused(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LARGEST_ANSWER", 1 << 20)
    bomb = gzip.compress(b" " * (64 << 20))
    server = serve(reply(200, bomb, content_encoding="gzip"))
    with pytest.raises(InvalidAnswerError, match="MiB"):
        client(server).model_info("a/b")
    assert len(server.requests) == 1


def test_an_answer_that_never_ends_is_given_up(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LARGEST_ANSWER", 1 << 20)

    def endless(_: Received) -> Iterator[bytes]:
        yield b"HTTP/1.1 500 Never\r\n\r\n"
        while True:
            yield b" " * 65536

    server = serve(endless)
    with pytest.raises(InvalidAnswerError, match="MiB"):
        client(server).model_info("a/b")
    assert len(server.requests) == 1


@pytest.mark.usefixtures("impatient")
def test_a_packed_answer_that_was_cut_is_asked_for_again(serve: NewServer) -> None:
    packed = gzip.compress(b'{"id": "a/b"}')
    cut = reply(200, packed[:-4], content_encoding="gzip")
    server = serve(in_turn(cut, reply(200, packed, content_encoding="gzip")))
    assert client(server).model_info("a/b").id == "a/b"
    assert len(server.requests) == 2


# The log


def test_the_log_holds_no_secret(
    serve: NewServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.005)
    caplog.set_level(logging.DEBUG)
    store = serve(reply(404, b"gone"))
    away = reply(302, location=f"{store.url}/f?X-Signature=TopSecret")
    home = serve(in_turn(reply(503), away))
    with pytest.raises(HfHubHTTPError) as caught:
        Session(home.url, TOKEN).request("GET", f"{home.url}/x?sig=TopSecret")
    assert "again in" in caplog.text and "/f" in caplog.text
    for secret in (TOKEN, "TopSecret"):
        assert secret not in caplog.text
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value.response)


def test_an_address_that_is_none_is_refused_without_its_secrets(serve: NewServer) -> None:
    away = reply(302, location="http://me:TopSecret@store:99999/f?sig=TopSecret")
    with pytest.raises(InvalidAnswerError) as caught:
        client(serve(away)).model_info("a/b")
    assert "TopSecret" not in str(caught.value)
    with pytest.raises(HFValidationError) as refused:
        HfApi(endpoint="https://me:TopSecret@hub:port").endpoint  # noqa: B018
    assert "TopSecret" not in str(refused.value)


def test_an_account_in_an_address_is_not_shown(serve: NewServer) -> None:
    store = serve(reply(401))
    place = store.url.replace("://", "://me:TopSecret@")
    with pytest.raises(HfHubHTTPError) as caught:
        client(serve(reply(302, location=f"{place}/f"))).model_info("a/b")
    assert "TopSecret" not in str(caught.value)


def test_what_holds_a_token_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that print the values of an error's frames see these."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HTTP_PROXY", f"http://me:{TOKEN}@proxy:1")
    session = Session("http://hub", TOKEN)
    repo = Repo(session, "a/b", None, TOKEN, None, None, Stop(), {"cookie": TOKEN})
    target = Target.of(session, "a/b", None, None, TOKEN, None)
    for value in (session.settings, repo, target, find_proxy("http://x", session.settings.network)):
        assert TOKEN not in repr(value)


def test_the_account_at_a_proxy_is_not_logged(
    serve: NewServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client(serve(OK)).model_info("a/b")
    # So it writes when it goes through a SOCKS proxy.
    logger = logging.getLogger("httpcore2.socks")
    logger.debug("setup_socks5_connection.started auth=(b'me', b'TopSecret')")
    assert "setup_socks5" in caplog.text
    assert "TopSecret" not in caplog.text


def test_a_hub_cannot_steer_a_terminal(serve: NewServer, caplog: pytest.LogCaptureFixture) -> None:
    said = "\x1b[2J" + fresh_name("gone")
    warning = serve(reply(200, INFO, x_hf_warning=f"{said}; {said}"))
    client(warning).model_info("a/b")
    with pytest.raises(HfHubHTTPError) as caught:
        client(serve(reply(400, {"error": f"{said}\nmore"}))).model_info("a/b")
    assert said[4:] in caplog.text and "\x1b" not in caplog.text
    assert "\nmore" in str(caught.value) and "\x1b" not in str(caught.value)


def test_a_warning_of_the_hub_is_told_once(
    serve: NewServer, caplog: pytest.LogCaptureFixture
) -> None:
    text = fresh_name("slow down")
    server = serve(reply(200, INFO, x_hf_warning=f"{text}; {text}, please"))
    client(server).model_info("a/b")
    client(server).model_info("a/b")
    assert [r.message for r in caplog.records if text in r.message] == [f"{text}, please"]


# TLS and proxies


class Certificates(NamedTuple):
    """The files of an authority of our own: its certificate, and those that it has signed."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def context(self, *, mutual: bool = False) -> ssl.SSLContext:
        """What a server needs to answer over TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server, self.server_key)
        if mutual:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
        "-subj", "/CN=Authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    for name in ("server", "client"):
        openssl(
            folder, "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key",
        )  # fmt: skip
    names = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
    return Certificates(*(folder / name for name in names))


def test_a_stranger_behind_tls_is_refused_with_advice(
    serve: NewServer, certificates: Certificates
) -> None:
    server = serve(OK, certificates.context())
    with pytest.raises(HubConnectionError, match="SSL_CERT_FILE"):
        client(server).model_info("a/b")
    assert server.requests == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authority_of_an_organisation_is_trusted(
    serve: NewServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server = serve(OK, certificates.context())
    monkeypatch.setenv(variable, str(certificates.ca))
    assert client(server).model_info("a/b").id == "a/b"


def test_the_name_in_the_certificate_must_be_that_of_the_hub(
    serve: NewServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(OK, certificates.context())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with pytest.raises(HubConnectionError, match="not trusted"):
        HfApi(endpoint=f"https://127.0.0.1:{server.port}", token=TOKEN).model_info("a/b")
    assert server.requests == []


def test_no_token_leaves_over_a_downgrade(
    serve: NewServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = serve(OK)
    server = serve(reply(307, location=f"{plain.url}/api/models/a/b"), certificates.context())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    client(server).model_info("a/b")
    assert sees_token(server) == [True]
    assert sees_token(plain) == [False]


def test_a_certificate_of_our_own_is_shown(
    serve: NewServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(OK, certificates.context(mutual=True))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with pytest.raises(HubConnectionError):
        client(server).create_branch("a/b", branch="x", timeout=5)
    monkeypatch.setenv("FREEHOLD_CLIENT_CERT", str(certificates.client))
    monkeypatch.setenv("FREEHOLD_CLIENT_KEY", str(certificates.client_key))
    assert client(server).model_info("a/b").id == "a/b"
    assert "'client'" in str(server.peers[-1])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "FREEHOLD_CLIENT_CERT"])
def test_a_certificate_that_cannot_be_read_is_said_so(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    server = serve(OK)
    monkeypatch.setenv(variable, str(tmp_path / "missing.pem"))
    with pytest.raises(HubConnectionError, match="certificate"):
        client(server).model_info("a/b")


def test_a_plain_hub_is_reached_through_a_proxy(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(OK)
    with ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client(server).model_info("a/b")
        assert proxy.lines == [f"GET {server.url}/api/models/a/b HTTP/1.1"]
        monkeypatch.setenv("NO_PROXY", "localhost")
        client(server).model_info("a/b")
        assert len(proxy.lines) == 1
    assert len(server.requests) == 2


def test_a_tunnel_through_a_proxy_hides_the_token_from_it(
    serve: NewServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(OK, certificates.context())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with ForwardProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client(server).model_info("a/b")
    assert proxy.lines == [f"CONNECT localhost:{server.port} HTTP/1.1"]
    assert sees_token(server) == [True]


@pytest.mark.parametrize("proxy", ["nonsense://x", "socks5://127.0.0.1:1", "http://[x"])
def test_a_proxy_that_cannot_be_used_is_said_so(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    server = serve(OK)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(HubConnectionError):
        client(server).model_info("a/b")
    assert server.requests == []


# Processes


def test_a_forked_process_opens_connections_of_its_own(serve: NewServer) -> None:
    """Also when another thread was about to take a connection at that moment."""
    server = serve(OK)
    api = client(server)
    api.model_info("a/b")
    connections._lock.acquire()
    try:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if api.model_info("a/b").id == "a/b" else 2
            finally:
                os._exit(status)
    finally:
        connections._lock.release()
    assert os.waitpid(child, 0)[1] == 0
    assert len(server.requests) == 2


def test_an_object_can_be_sent_to_another_process(serve: NewServer) -> None:
    server = serve(OK)
    api = client(server)
    api.model_info("a/b")
    copy = pickle.loads(pickle.dumps(api))
    assert copy.model_info("a/b").id == "a/b"
    assert sees_token(server) == [True, True]


def test_a_forked_process_runs_futures_of_its_own(serve: NewServer) -> None:
    api = client(serve(OK))
    assert api.run_as_future(len, "text").result(10) == 4
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if api.run_as_future(len, "text").result(10) == 4 else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


# Small things


def test_a_repository_that_another_call_creates_at_once_is_asked_for_again(
    serve: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.005)
    text = "Cannot create repo: another conflicting operation is in progress"
    busy = reply(409, {"error": text}, x_error_message=text)
    server = serve(in_turn(busy, busy, reply(200, {"url": "http://localhost/a/b"})))
    server.script = in_turn(busy, busy, reply(200, {"url": f"{server.url}/a/b"}))
    assert client(server).create_repo("a/b").repo_id == "a/b"
    always = serve(busy)
    with pytest.raises(ConflictError):
        client(always).create_repo("a/b")
    assert len(always.requests) == 1 + retries.MAX_RETRIES


def test_a_repository_of_the_hub_that_needs_a_token_is_not_found(serve: NewServer) -> None:
    server = serve(reply(401, {"error": "Invalid username or password."}))
    with pytest.raises(RepositoryNotFoundError):
        client(server).model_info("a/b")
