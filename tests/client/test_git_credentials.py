"""Tokens in git's keeping: the real git, with its own helper that writes a file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import (
    GitCredentialError,
    HfApi,
    HFValidationError,
    auth_switch,
    get_token,
    login,
    logout,
)
from freehold.client import git_credentials
from tests.compat.environments import python_of

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

HUB = "http://hub.example:8080"


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """One database is enough: what is tested here happens on this machine."""
    return shared_hub("sqlite")


@pytest.fixture(autouse=True)
def config(git_config: Path) -> Path:
    """The configuration of the user, empty at first."""
    return git_config


@pytest.fixture
def store(tmp_path: Path, config: Path) -> Path:
    """The file in which git keeps passwords."""
    path = tmp_path / "git-credentials"
    set_helper(config, f"store --file={path}")
    return path


def set_helper(config: Path, helper: str) -> None:
    subprocess.run(
        ["git", "config", "--file", str(config), "credential.helper", helper], check=True
    )


def test_what_is_saved_is_found_and_erased(store: Path) -> None:
    assert git_credentials.find(HUB) is None
    git_credentials.save(HUB, "hf_token")
    assert store.read_text() == "http://hf_user:hf_token@hub.example%3a8080\n"
    assert store.stat().st_mode & 0o077 == 0
    assert git_credentials.find(f"{HUB}/") == "hf_token"
    assert git_credentials.find("https://hub.example:8080") is None
    git_credentials.erase(HUB)
    git_credentials.erase(HUB)
    assert store.read_text() == ""


def test_a_newer_token_replaces_the_older(store: Path) -> None:
    git_credentials.save(HUB, "hf_older")
    git_credentials.save(HUB, "hf_newer")
    assert git_credentials.find(HUB) == "hf_newer"
    assert "hf_older" not in store.read_text()


def test_one_token_can_be_erased_and_others_kept(store: Path) -> None:
    git_credentials.save(HUB, "hf_token")
    git_credentials.erase(HUB, only="hf_other")
    assert git_credentials.find(HUB) == "hf_token"
    git_credentials.erase(HUB, only="hf_token")
    assert git_credentials.find(HUB) is None


def test_set_access_token_and_unset_access_token(store: Path) -> None:
    api = HfApi(endpoint=HUB)
    api.set_access_token("hf_token")
    assert git_credentials.find(HUB) == "hf_token"
    api.unset_access_token()
    assert git_credentials.find(HUB) is None


def test_a_token_for_git_is_checked_first(store: Path) -> None:
    api = HfApi(endpoint=HUB)
    with pytest.raises(HFValidationError):
        api.set_access_token("hf_token\nhost=other.example")
    assert not store.exists()
    api.set_access_token(" hf_token\n")
    assert git_credentials.find(HUB) == "hf_token"


def test_git_gets_the_same_from_the_official_client(
    store: Path, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    git_credentials.save(hub.url, alice.token)
    ours = store.read_text()
    store.unlink()
    subprocess.run(
        [
            python_of("2.4.0"),
            "-c",
            f"import huggingface_hub as h; h.login({alice.token!r}, add_to_git_credential=True)",
        ],
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "other")},
        capture_output=True,
        check=True,
    )
    assert store.read_text().strip() == ours.strip()


def test_without_a_helper_the_error_says_what_to_run() -> None:
    with pytest.raises(GitCredentialError, match=r"git config --global credential\.helper"):
        git_credentials.save(HUB, "hf_token")


def test_a_helper_of_this_hub_alone_is_a_helper(config: Path, tmp_path: Path) -> None:
    config.write_text(f'[credential "{HUB}"]\n\thelper = store --file={tmp_path}/own\n')
    git_credentials.save(HUB, "hf_token")
    assert git_credentials.find(HUB) == "hf_token"
    with pytest.raises(GitCredentialError):
        git_credentials.save("http://other.example", "hf_token")


def test_a_helper_that_keeps_nothing_is_an_error(config: Path) -> None:
    """git itself says that all is well."""
    set_helper(config, "that-is-not-there")
    with pytest.raises(GitCredentialError, match="that-is-not-there") as raised:
        git_credentials.save(HUB, "hf_token")
    assert "hf_token" not in str(raised.value)


def test_git_asks_nobody(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "askpass"
    program.write_text(f"#!/bin/sh\ntouch {asked}\necho hf_typed\n")
    program.chmod(0o755)
    monkeypatch.setenv("GIT_ASKPASS", str(program))
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    assert git_credentials.find(HUB) is None
    assert not asked.exists()


def test_a_helper_that_never_answers_is_given_up(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_helper(config, "!sleep 5 #")
    monkeypatch.setattr(git_credentials, "_SECONDS", 0.2)
    with pytest.raises(GitCredentialError, match="did not answer") as raised:
        git_credentials.save(HUB, "hf_token")
    assert "hf_token" not in f"{raised.value} {raised.value.__cause__}"


def test_without_git_there_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for call in (lambda: git_credentials.save(HUB, "x"), lambda: git_credentials.erase(HUB)):
        with pytest.raises(GitCredentialError, match="git is not installed"):
            call()


# Together with a login


def test_login_and_logout_tell_git_when_asked(store: Path, hub: LiveHub, alice: Account) -> None:
    login(alice.token, endpoint=hub.url)
    assert git_credentials.find(hub.url) is None
    login(alice.token, True, endpoint=hub.url)
    assert git_credentials.find(hub.url) == alice.token
    logout()
    assert git_credentials.find(hub.url) is None


def test_logout_of_one_token_leaves_git_the_other(
    store: Path, hub: LiveHub, alice: Account, bob: Account
) -> None:
    login(alice.token, endpoint=hub.url)
    login(bob.token, endpoint=hub.url, add_to_git_credential=True)
    name = HfApi(endpoint=hub.url).whoami(alice.token)["auth"]["accessToken"]["displayName"]
    logout(name)
    assert git_credentials.find(hub.url) == bob.token


def test_auth_switch_tells_git_when_asked(
    store: Path, hub: LiveHub, alice: Account, bob: Account
) -> None:
    for account in (alice, bob):
        login(account.token, endpoint=hub.url, add_to_git_credential=True)
    name = HfApi(endpoint=hub.url).whoami(alice.token)["auth"]["accessToken"]["displayName"]
    auth_switch(name, add_to_git_credential=True)
    assert git_credentials.find(hub.url) == alice.token


def test_a_login_stands_when_git_cannot_be_told(
    config: Path,
    hub: LiveHub,
    alice: Account,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    set_helper(config, "that-is-not-there")
    login(alice.token, add_to_git_credential=True)
    assert "that-is-not-there" in caplog.text
    assert get_token() == alice.token
    monkeypatch.setenv("PATH", "")
    login(alice.token, add_to_git_credential=True)
    assert "git is not installed" in caplog.text
    logout()
    assert get_token() is None


# Where git has no helper, ours is used


def own_helpers(endpoint: str) -> list[str]:
    """The helpers of the user for this hub."""
    command = ["git", "config", "--global", "--get-all", f"credential.{endpoint}.helper"]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()


def test_a_login_makes_freehold_the_helper_where_git_has_none(
    config: Path, hub: LiveHub, alice: Account, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        login(alice.token, endpoint=hub.url, add_to_git_credential=True)
    (helper,) = own_helpers(hub.url)
    assert helper.endswith("-m freehold git-credential")
    assert git_credentials.find(hub.url) == alice.token
    assert alice.token not in config.read_text()
    assert caplog.text == ""
    # It is for this hub alone.
    assert git_credentials.find_helper("http://hub.example") is None
    assert git_credentials.find(hub.url.replace("http:", "https:")) is None
    logout()
    assert own_helpers(hub.url) == []
    assert git_credentials.find(hub.url) is None


def test_logout_leaves_the_helper_while_there_is_a_token(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    for account in (alice, bob):
        login(account.token, endpoint=hub.url, add_to_git_credential=True)
    name = HfApi(endpoint=hub.url).whoami(bob.token)["auth"]["accessToken"]["displayName"]
    logout(name)
    assert len(own_helpers(hub.url)) == 1
    first = HfApi(endpoint=hub.url).whoami(alice.token)["auth"]["accessToken"]["displayName"]
    auth_switch(first, add_to_git_credential=True)
    assert git_credentials.find(hub.url) == alice.token
    logout()
    assert own_helpers(hub.url) == []


def test_logout_leaves_a_helper_that_is_not_ours(
    config: Path, hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    config.write_text(f'[credential "{hub.url}"]\n\thelper = store --file={tmp_path}/own\n')
    login(alice.token, endpoint=hub.url, add_to_git_credential=True)
    assert alice.token in (tmp_path / "own").read_text()
    logout()
    assert own_helpers(hub.url) == [f"store --file={tmp_path}/own"]


def test_the_helper_of_an_installation_that_is_gone_is_replaced(
    config: Path, hub: LiveHub, alice: Account
) -> None:
    old = "!/gone/bin/python -P -m freehold git-credential"
    config.write_text(f'[credential "{hub.url}"]\n\thelper = {old}\n')
    login(alice.token, endpoint=hub.url, add_to_git_credential=True)
    (helper,) = own_helpers(hub.url)
    assert helper != old
    assert git_credentials.find(hub.url) == alice.token


def test_a_token_of_the_environment_is_for_its_hub_only(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", alice.token)
    login(add_to_git_credential=True)
    assert git_credentials.find(hub.url) == alice.token
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    assert git_credentials.find(hub.url) is None


def test_what_lies_in_the_folder_is_not_run_as_the_helper(
    hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """git runs it in the folder of a repository, which a stranger may have filled."""
    login(alice.token, endpoint=hub.url, add_to_git_credential=True)
    for name in ("freehold", "argparse", "msgspec", "json"):
        (tmp_path / f"{name}.py").write_text("open('stolen', 'w')")
    request = f"url={hub.url}\n\n"
    command = ["git", "credential", "fill"]
    done = subprocess.run(command, input=request, cwd=tmp_path, capture_output=True, text=True)
    assert f"password={alice.token}" in done.stdout
    assert not (tmp_path / "stolen").exists()
