"""`freehold login`, `logout`, `whoami` and `auth`: which token is used, and that none is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PROGRAM, Cli
from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


@pytest.fixture
def stranger(cli: Cli) -> Cli:
    """`freehold` without any token."""
    environ = {name: value for name, value in cli.environ.items() if name != "HF_TOKEN"}
    return Cli(environ, cli.folder)


def test_whoami(cli: Cli, hub: LiveHub, alice: Account) -> None:
    org = hub.org(owner=alice)
    assert cli.run("whoami").lines == [alice.name, f"orgs: {org}"]
    assert cli.run("whoami", "--json").json["name"] == alice.name


def test_without_a_token_nobody_is_anybody(stranger: Cli) -> None:
    done = stranger.fail("whoami")
    assert (done.status, "freehold login" in done.err) == (4, True)


def test_the_token_of_the_command_line_comes_first(cli: Cli, bob: Account) -> None:
    assert cli.run("whoami", "--token", bob.token).lines[0] == bob.name
    assert cli.run("--token", bob.token, "whoami").lines[0] == bob.name
    assert cli.fail("whoami", "--token", "hf_wrong").status == 4


def test_login_saves_the_token_for_later_commands(stranger: Cli, alice: Account) -> None:
    done = stranger.run("login", "--token", alice.token)
    assert alice.token not in done.out + done.err
    assert stranger.run("whoami").lines[0] == alice.name
    stranger.run("logout")
    assert stranger.fail("whoami").status == 4


def test_login_reads_a_piped_token(stranger: Cli, alice: Account) -> None:
    stranger.run("login", "--token", "-", stdin=f"{alice.token}\n".encode())
    assert stranger.run("whoami").lines[0] == alice.name
    assert stranger.fail("login", "--token", "-").status == 2


def test_login_asks_on_a_terminal_and_does_not_show_the_token(
    stranger: Cli, alice: Account
) -> None:
    terminal = Terminal([*PROGRAM, "login"], stranger.environ)
    terminal.wait_for("not shown")
    terminal.type(f"{alice.token}\n")
    assert terminal.finish() == 0
    assert alice.token not in terminal.written
    assert stranger.run("whoami").lines[0] == alice.name


def test_login_with_a_wrong_token_saves_nothing(stranger: Cli) -> None:
    assert stranger.fail("login", "--token", "hf_wrong").status == 4
    assert stranger.run("auth", "list", "--json").json == []


def test_login_where_nobody_can_be_asked(stranger: Cli) -> None:
    assert stranger.fail("login").status == 4


def test_auth_list_and_auth_switch(stranger: Cli, hub: LiveHub, alice: Account) -> None:
    bob = hub.user()
    for account in (alice, bob):
        stranger.run("login", "--token", account.token)
    done = stranger.run("auth", "list", "--json")
    assert alice.token not in done.out and bob.token not in done.out
    tokens = done.json
    assert len(tokens) == 2 and {token["endpoint"] for token in tokens} == {hub.url}
    assert stranger.run("whoami").lines[0] == bob.name
    (other,) = [token["name"] for token in tokens if not token["active"]]
    stranger.run("auth", "switch", other)
    assert stranger.run("whoami").lines[0] == alice.name
    lines = stranger.run("auth", "list").lines
    assert lines[0].split() == ["USED", "NAME", "HUB"]
    assert [line.split()[:2] for line in lines if line.startswith("*")] == [["*", other]]


def test_auth_switch_to_a_name_that_no_token_has(stranger: Cli) -> None:
    assert stranger.fail("auth", "switch", "nobody").status == 4


def test_logout_of_one_name_leaves_the_others(stranger: Cli, hub: LiveHub, alice: Account) -> None:
    for account in (alice, hub.user()):
        stranger.run("login", "--token", account.token)
    first = stranger.run("auth", "list", "--json").json[0]["name"]
    stranger.run("logout", first)
    assert [t["name"] for t in stranger.run("auth", "list", "--json").json] != [first]
    assert stranger.fail("logout", first).status == 4
