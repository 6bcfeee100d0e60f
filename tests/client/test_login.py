"""`login`, `logout`, `auth_switch` and `auth_list` against a running hub."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import (
    HfApi,
    HFValidationError,
    HubConnectionError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    UnauthorizedError,
    auth_list,
    auth_switch,
    get_token,
    hf_hub_login,
    login,
    logout,
)

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

ASK = "import freehold, os; freehold.login(); print(freehold.whoami()['name'])"


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """One database is enough: what is tested here happens on this machine."""
    return shared_hub("sqlite")


@pytest.fixture(autouse=True)
def endpoint(hub: LiveHub, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return hub.url


def token_name(token: str) -> str:
    return str(HfApi().whoami(token)["auth"]["accessToken"]["displayName"])


def saved_files(home: Path) -> set[str]:
    return {path.name for path in home.glob("*")} - {".token_lock"}


# Logging in


def test_login_saves_the_token_under_its_name(
    hub: LiveHub, alice: Account, capfd: pytest.CaptureFixture[str]
) -> None:
    login(f"  {alice.token}\n")
    (saved,) = auth_list()
    assert (saved.name, saved.endpoint) == (token_name(alice.token), hub.url)
    assert (saved.active, saved.value) == (True, alice.token)
    assert HfApi().whoami()["name"] == alice.name
    assert capfd.readouterr() == ("", "")


def test_login_refuses_a_token_that_the_hub_does_not_know(isolated_home: Path) -> None:
    with pytest.raises(UnauthorizedError) as raised:
        login("hf_wrong")
    assert "hf_wrong" not in str(raised.value)
    assert saved_files(isolated_home) == set()


def test_a_login_that_fails_leaves_the_earlier_one(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(alice.token)
    with pytest.raises(UnauthorizedError):
        login("hf_wrong")
    with pytest.raises(HFValidationError):
        login("")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setattr("freehold.client.retries.FIRST_PAUSE", 0.001)
        with pytest.raises(HubConnectionError):
            login(alice.token, endpoint=address)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineModeIsEnabled):
        login(alice.token)
    assert [token.value for token in auth_list()] == [alice.token]


def test_login_at_another_hub_than_that_of_the_environment(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    login(alice.token, endpoint=f"{hub.url}/")
    assert HfApi(endpoint=hub.url).whoami()["name"] == alice.name
    assert get_token() is None


def test_login_can_ask_for_the_right_to_write(
    hub: LiveHub, alice: Account, isolated_home: Path
) -> None:
    with pytest.raises(HFValidationError, match="only read"):
        login(hub.token(alice, "read"), write_permission=True)
    assert saved_files(isolated_home) == set()
    login(alice.token, write_permission=True)
    assert get_token() == alice.token


@pytest.mark.parametrize("options", [{"skip_if_logged_in": True}, {"new_session": False}])
def test_login_asks_for_nothing_when_there_is_a_token(
    options: dict[str, bool], alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(alice.token)
    login(**options)
    assert get_token() == alice.token
    login(bob.token, **options)
    assert get_token() == bob.token


def test_login_with_a_token_in_the_environment_checks_it_and_saves_nothing(
    alice: Account, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", alice.token)
    hf_hub_login()
    assert saved_files(isolated_home) == set()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(UnauthorizedError):
        hf_hub_login()


def test_login_says_that_the_environment_is_still_used(
    alice: Account,
    bob: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("HF_TOKEN", alice.token)
    hf_hub_login(token=alice.token)
    assert caplog.text == ""
    login(bob.token)
    assert "environment is still used" in caplog.text
    assert get_token() == alice.token


def test_login_without_a_terminal_is_an_error(isolated_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert "LocalTokenNotFoundError" in done.stderr
    assert "no terminal to ask on" in done.stderr
    assert saved_files(isolated_home) == set()


def test_login_asks_on_a_terminal_and_shows_nothing(hub: LiveHub, alice: Account) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        prompt = f"Token for {hub.url} (it is not shown): ".encode()
        assert process.stderr.read(len(prompt)) == prompt
        os.write(ours, f"{alice.token}\n".encode())
        assert process.stdout.read().decode().strip() == alice.name
        assert process.stderr.read().strip() == b""
    os.set_blocking(ours, False)
    os.write(theirs, b"the end")
    assert alice.token.encode() not in os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)
    assert get_token() == alice.token


# Switching and logging out


def test_auth_switch_chooses_the_token(hub: LiveHub, alice: Account, bob: Account) -> None:
    login(alice.token)
    login(bob.token)
    assert HfApi().whoami()["name"] == bob.name
    auth_switch(token_name(alice.token))
    assert HfApi().whoami()["name"] == alice.name
    assert {token.value: token.active for token in auth_list()} == {
        alice.token: True,
        bob.token: False,
    }


@pytest.mark.parametrize("call", [auth_switch, logout], ids=["auth_switch", "logout"])
def test_a_name_that_no_token_has(call: Callable[[str], None], alice: Account) -> None:
    login(alice.token)
    with pytest.raises(LocalTokenNotFoundError, match=f"there are: {token_name(alice.token)}"):
        call("nobody")
    assert get_token() == alice.token


def test_logout_of_everything(alice: Account, bob: Account, isolated_home: Path) -> None:
    logout()
    login(alice.token)
    login(bob.token)
    logout()
    assert (auth_list(), get_token()) == ([], None)
    assert saved_files(isolated_home) == {"token_hubs"}
    with pytest.raises(UnauthorizedError):
        HfApi().whoami()


def test_logout_of_one_token_keeps_the_others(alice: Account, bob: Account) -> None:
    """Whoever has logged out is nobody, not suddenly somebody else."""
    login(alice.token)
    login(bob.token)
    bobs_token = token_name(bob.token)
    logout(token_name(alice.token))
    assert get_token() == bob.token
    login(alice.token)
    logout(token_name(alice.token))
    assert get_token() is None
    assert [token.name for token in auth_list()] == [bobs_token]
    auth_switch(bobs_token)
    assert get_token() == bob.token


def test_logout_of_one_hub_keeps_those_of_others(
    hub: LiveHub, alice: Account, isolated_home: Path
) -> None:
    isolated_home.mkdir()
    (isolated_home / "token").write_text("hf_public")
    login(alice.token)
    logout(endpoint=hub.url)
    assert [(token.value, token.active) for token in auth_list()] == [("hf_public", True)]
    logout(endpoint="https://huggingface.co")
    assert auth_list() == []


def test_logout_says_that_the_environment_is_still_used(
    alice: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_TOKEN", alice.token)
    logout()
    assert "environment is still used" in caplog.text
