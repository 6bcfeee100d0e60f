"""Which token is sent where: from the environment, saved here, saved by the official client."""

from __future__ import annotations

import json
import logging
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from freehold import (
    HfApi,
    HfFolder,
    HFValidationError,
    LocalFileError,
    LocalTokenNotFoundError,
    UnauthorizedError,
    auth_list,
    auth_switch,
    get_token,
    login,
    logout,
)
from freehold.client.saved_tokens import changing, hub_of
from freehold.client.session import Session
from freehold.client.settings import DEFAULT_ENDPOINT, ClientSettings
from freehold.client.tokens import find_token
from tests.compat.environments import python_of

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

PRIVATE = "http://hub.example:8080"


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """One database is enough: what is tested here happens before the hub is asked."""
    return shared_hub("sqlite")


class Listener:
    """A server that is no hub: it notes the `Authorization` of each request by path."""

    def __init__(self) -> None:
        self.seen: dict[str, str | None] = {}
        self.redirects: dict[str, str] = {}
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.seen[self.path.partition("?")[0]] = self.headers.get("authorization")
                target = listener.redirects.get(self.path)
                self.send_response(302 if target else 200)
                self.send_header("content-length", "2")
                if target:
                    self.send_header("location", target)
                self.end_headers()
                self.wfile.write(b"{}")

            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def listen() -> Iterator[Callable[[], Listener]]:
    started: list[Listener] = []

    def start() -> Listener:
        started.append(listener := Listener())
        threading.Thread(target=listener.server.serve_forever, args=(0.01,), daemon=True).start()
        return listener

    yield start
    for listener in started:
        listener.server.shutdown()
        listener.server.server_close()


def run_official(script: str, home: Path, endpoint: str, version: str = "2.4.0") -> Any:
    """What the script prints as JSON on its last line, run by the official client in this home."""
    environ = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HOME": str(home), "NO_PROXY": "*"}
    done = subprocess.run(
        [python_of(version), "-c", f"import json, huggingface_hub as h\n{script}"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rstrip().rpartition("\n")[2])


def save(token: str, endpoint: str, name: str | None = None) -> None:
    with changing(ClientSettings.load()) as saved:
        saved.add(token, endpoint, name)


def found(endpoint: str) -> str | None:
    return find_token(endpoint, ClientSettings.load())


# The order


def test_the_argument_comes_first_then_the_environment_then_what_is_saved(
    listen: Callable[[], Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = listen()
    monkeypatch.setenv("HF_ENDPOINT", hub.url)

    def sent(token: str | bool | None = None) -> str | None:
        HfApi(token=token)._session.request("GET", f"{hub.url}/x")
        return hub.seen["/x"]

    assert sent() is None
    HfFolder.save_token("hf_saved")
    assert sent() == sent(True) == "Bearer hf_saved"
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "hf_long")
    assert sent() == "Bearer hf_long"
    monkeypatch.setenv("HF_TOKEN", " hf_short\n")
    assert sent() == "Bearer hf_short"
    assert sent("hf_given") == "Bearer hf_given"
    assert sent(False) is None


def test_a_token_of_the_environment_is_for_the_hub_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_env")
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE)) == ("hf_env", None)
    with pytest.raises(UnauthorizedError, match=r"environment is for https://huggingface\.co only"):
        HfApi(endpoint=PRIVATE).whoami()
    monkeypatch.setenv("HF_ENDPOINT", PRIVATE + "/")
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE), get_token()) == (None, "hf_env", "hf_env")


# The hub that a token belongs to


@pytest.mark.parametrize(
    "other",
    [
        DEFAULT_ENDPOINT,
        "https://hub.example:8080",
        "http://hub.example",
        "http://hub.example:8081",
        "http://other.hub.example:8080",
        "http://hub.example.evil.example:8080",
    ],
)
def test_a_saved_token_is_for_its_own_hub_alone(other: str) -> None:
    save("hf_private", PRIVATE)
    assert found(PRIVATE) == found("HTTP://HUB.example:8080/") == "hf_private"
    assert found(other) is None
    with pytest.raises(
        LocalTokenNotFoundError, match=r"saved ones are for http://hub\.example:8080"
    ):
        HfApi(endpoint=other, token=True).whoami()


@pytest.mark.parametrize(
    ("endpoint", "hub"),
    [
        ("https://hub.example/", "https://hub.example"),
        ("https://Hub.Example:443", "https://hub.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://hub.example:80/behind/a/path", "http://hub.example"),
    ],
)
def test_a_hub_is_a_scheme_a_host_and_a_port(endpoint: str, hub: str) -> None:
    assert hub_of(endpoint) == hub


@pytest.mark.parametrize("text", ["hub.example", "ftp://hub.example", "http://", "http://x:port"])
def test_what_is_no_address_is_refused(text: str, isolated_home: Path) -> None:
    with pytest.raises(HFValidationError):
        login("hf_token", endpoint=text)
    assert not isolated_home.exists()


def test_no_token_follows_a_redirect_or_an_address_in_an_answer(
    listen: Callable[[], Listener],
) -> None:
    hub, stranger = listen(), listen()
    save("hf_secret", hub.url)
    hub.redirects["/file"] = f"{stranger.url}/stolen"
    hub.redirects["/inside"] = "/next"
    session = Session(hub.url)
    session.request("GET", f"{hub.url}/file")
    session.request("GET", f"{hub.url}/inside")
    session.request("PUT", f"{stranger.url}/lfs?sig=1", content=b"x")
    assert hub.seen == dict.fromkeys(["/file", "/inside", "/next"], "Bearer hf_secret")
    assert stranger.seen == {"/stolen": None, "/lfs": None}


def test_each_hub_keeps_its_own_login() -> None:
    save("hf_public", DEFAULT_ENDPOINT, "public")
    save("hf_one", PRIVATE, "one")
    save("hf_two", PRIVATE, "two")
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE)) == ("hf_public", "hf_two")
    auth_switch("one")
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE)) == ("hf_public", "hf_one")


def test_a_token_that_two_hubs_know_is_sent_to_both() -> None:
    save("hf_mine", DEFAULT_ENDPOINT, "laptop")
    save("hf_mine", PRIVATE, "laptop")
    assert found(DEFAULT_ENDPOINT) == found(PRIVATE) == "hf_mine"
    assert found("https://third.example") is None
    assert [(token.name, token.endpoint) for token in auth_list()] == [
        ("laptop", DEFAULT_ENDPOINT),
        ("laptop", PRIVATE),
    ]


def test_logging_out_of_one_of_two_hubs_leaves_the_token_to_the_other() -> None:
    save("hf_mine", DEFAULT_ENDPOINT, "laptop")
    save("hf_mine", PRIVATE, "laptop")
    logout(endpoint=PRIVATE)
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE)) == ("hf_mine", None)
    assert [token.endpoint for token in auth_list()] == [DEFAULT_ENDPOINT]


# Names and files


def test_tokens_of_two_hubs_may_have_one_name() -> None:
    save("hf_public", DEFAULT_ENDPOINT, "laptop")
    save("hf_private", PRIVATE, "laptop")
    save("hf_newer", PRIVATE, "laptop")
    assert {token.name: token.value for token in auth_list()} == {
        "laptop": "hf_public",
        "laptop@hub.example:8080": "hf_newer",
    }


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("a\n[b]\nhf_token = hf_other", "a [b] hf_token = hf_other"),
        ("DEFAULT", "DEFAULT@hub.example:8080"),
        ("100 % = #1; x: y]", "100 % = #1; x: y]"),
        ("  ", "hub.example:8080"),
    ],
)
def test_a_name_from_a_hub_is_a_name_and_nothing_else(
    name: str, stored: str, isolated_home: Path
) -> None:
    save("hf_first", PRIVATE, "first")
    save("hf_token", PRIVATE, name)
    assert {token.name: token.value for token in auth_list()} == {
        "first": "hf_first",
        stored: "hf_token",
    }
    script = f"h.auth_switch({stored!r}); print(json.dumps(h.get_token()))"
    assert run_official(script, isolated_home, PRIVATE) == "hf_token"


def test_files_with_tokens_are_for_their_owner_alone(isolated_home: Path) -> None:
    isolated_home.mkdir()
    for name in ("token", "stored_tokens"):
        (isolated_home / name).write_text("")
        (isolated_home / name).chmod(0o666)
    save("hf_token", PRIVATE)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in isolated_home.iterdir()}
    del modes[".token_lock"]
    assert modes == dict.fromkeys(["stored_tokens", "token", "token_hubs"], 0o600)
    assert "hf_token" not in (isolated_home / "token_hubs").read_text()


def test_a_link_to_the_token_stays_a_link(isolated_home: Path, tmp_path: Path) -> None:
    isolated_home.mkdir()
    (isolated_home / "token").symlink_to(tmp_path / "elsewhere")
    save("hf_token", PRIVATE)
    assert (tmp_path / "elsewhere").read_text() == "hf_token"
    assert (isolated_home / "token").is_symlink()


def test_logins_at_the_same_moment_are_all_kept() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: save(f"hf_{n}", f"http://hub-{n}.example", f"name-{n}"), range(24)))
    assert {token.value for token in auth_list()} == {f"hf_{n}" for n in range(24)}
    assert all(token.active for token in auth_list())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stored_tokens", "[name]\nhf_token hf_secret\n"),
        ("stored_tokens", "hf_secret"),
        ("token_hubs", '{"http://hub.example:8080": '),
        ("token_hubs", '{"http://hub.example:8080": []}'),
    ],
)
def test_files_that_make_no_sense_are_refused_and_not_overwritten(
    name: str, text: str, isolated_home: Path
) -> None:
    """Without its binding, a token could only be sent by guessing."""
    save("hf_private", PRIVATE)
    (isolated_home / name).write_text(text)
    for call in (get_token, lambda: save("hf_new", PRIVATE), auth_list):
        with pytest.raises(LocalFileError, match=name) as raised:
            call()
        assert "hf_secret" not in str(raised.value)
    assert (isolated_home / name).read_text() == text


def test_a_place_where_nothing_can_be_written_is_an_error(isolated_home: Path) -> None:
    isolated_home.write_text("a file")
    with pytest.raises(LocalFileError):
        save("hf_token", PRIVATE)


# Together with the official client


def test_the_official_client_reads_what_is_saved_here(
    hub: LiveHub, alice: Account, isolated_home: Path
) -> None:
    login(alice.token, endpoint=hub.url)
    (saved,) = auth_list()
    script = "h.auth_list(); print(json.dumps([h.get_token(), h.whoami()['name']]))"
    assert run_official(script, isolated_home, hub.url) == [alice.token, alice.name]
    script = f"h.auth_switch({saved.name!r}); h.logout(); print(json.dumps(h.get_token()))"
    assert run_official(script, isolated_home, hub.url) is None
    assert found(hub.url) is None


def test_what_the_official_client_saved_is_for_the_public_hub(
    hub: LiveHub, alice: Account, isolated_home: Path
) -> None:
    """It writes down no hub, so a token that it saved for another one is not sent there."""
    run_official(f"h.login({alice.token!r}); print(1)", isolated_home, hub.url)
    assert (found(DEFAULT_ENDPOINT), found(hub.url)) == (alice.token, None)
    with pytest.raises(UnauthorizedError, match=f"freehold login --endpoint {hub.url}`") as raised:
        HfApi(endpoint=hub.url).whoami()
    assert "The saved ones are for https://huggingface.co only" in str(raised.value)
    login(alice.token, endpoint=hub.url)
    assert HfApi(endpoint=hub.url).whoami()["name"] == alice.name


def test_a_login_here_leaves_the_one_of_the_official_client(isolated_home: Path) -> None:
    isolated_home.mkdir()
    (isolated_home / "token").write_text("hf_old")
    save("hf_private", PRIVATE)
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE)) == ("hf_old", "hf_private")
    assert [(token.name, token.value) for token in auth_list()] == [
        ("hub.example:8080", "hf_private"),
        ("huggingface.co", "hf_old"),
    ]


@pytest.mark.parametrize("version", ["0.36.2", "2.4.0"])
def test_what_the_official_client_does_unbinds_no_token(
    version: str, hub: LiveHub, alice: Account, isolated_home: Path
) -> None:
    """Version 0.36 drops from `stored_tokens` all that it does not know."""
    save("hf_private", PRIVATE, "private")
    script = f"h.login({alice.token!r}); h.auth_switch('private'); print(json.dumps(h.get_token()))"
    assert run_official(script, isolated_home, hub.url, version) == "hf_private"
    assert (found(DEFAULT_ENDPOINT), found(PRIVATE)) == (None, "hf_private")


# The old class


def test_hf_folder_saves_for_the_hub_of_the_environment(
    isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", PRIVATE)
    assert HfFolder.get_token() is None
    HfFolder.delete_token()
    HfFolder.save_token(" hf_token\n")
    assert HfFolder.get_token() == HfFolder().get_token() == get_token() == "hf_token"
    assert found(DEFAULT_ENDPOINT) is None
    HfFolder.delete_token()
    assert HfFolder.get_token() is None
    assert not (isolated_home / "token").exists()


@pytest.mark.parametrize("text", ["", "two words", "hf_ü", "hf_\x00"])
def test_hf_folder_refuses_what_is_no_token(text: str, isolated_home: Path) -> None:
    with pytest.raises(HFValidationError):
        HfFolder.save_token(text)
    assert not (isolated_home / "token").exists()


def test_hf_folder_takes_over_what_very_old_clients_saved(
    isolated_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / ".huggingface" / "token"
    old.parent.mkdir()
    old.write_text("hf_old\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", PRIVATE)
    assert HfFolder.get_token() is None
    monkeypatch.delenv("HF_ENDPOINT")
    assert HfFolder.get_token() == "hf_old"
    assert (isolated_home / "token").read_text() == "hf_old"
    assert old.exists()
    HfFolder.delete_token()
    assert HfFolder.get_token() is None
    assert not old.exists()


# What a log shows


def test_no_log_holds_a_token_or_a_signature(
    hub: LiveHub,
    alice: Account,
    listen: Callable[[], Listener],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Everything that any library says at DEBUG, while addresses are signed and redirected."""
    caplog.set_level(logging.DEBUG)
    store, front = listen(), listen()
    front.redirects["/file"] = f"{store.url}/signed?X-Amz-Signature=0123456789abcdef"
    login(alice.token, endpoint=hub.url)
    save("hf_of_the_front", front.url)
    api = HfApi(endpoint=hub.url)
    api.create_repo(f"{alice.name}/logged")
    with pytest.raises(UnauthorizedError):
        api.whoami("hf_wrong")
    session = Session(front.url)
    session.request("GET", f"{front.url}/file")
    session.request("PUT", f"{store.url}/put?token=hf_of_the_store&sig=fedcba", content=b"x")
    assert {"/signed", "/put"} <= store.seen.keys()
    assert "/api/repos/create" in caplog.text
    assert "/signed" in caplog.text
    secrets = (alice.token, "hf_wrong", "hf_of_the", "0123456789abcdef", "fedcba")
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_a_saved_token_is_not_shown_by_its_repr() -> None:
    save("hf_secret", PRIVATE, "name")
    assert "hf_secret" not in f"{auth_list()} {auth_list()[0]!s} {auth_list()[0]!r}"
