"""`freehold repo`: what it does to repositories, and whom it asks before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PROGRAM, Cli
from tests.live import fresh_name
from tests.terminal import Terminal

if TYPE_CHECKING:
    from freehold import HfApi
    from tests.live import Account, LiveHub


def test_create_repo_prints_the_address(cli: Cli, api: HfApi, hub: LiveHub, alice: Account) -> None:
    done = cli.run("repo", "create", f"{alice.name}/m")
    assert done.lines == [f"{hub.url}/{alice.name}/m"]
    assert api.repo_exists(f"{alice.name}/m")


def test_create_repo_of_another_type_private_and_as_json(
    cli: Cli, api: HfApi, alice: Account
) -> None:
    repo_id = f"{alice.name}/d"
    words = ("repo", "create", repo_id, "--repo-type", "dataset", "--private", "--json")
    found = cli.run(*words).json
    assert (found["repo_id"], found["repo_type"]) == (repo_id, "dataset")
    assert api.dataset_info(repo_id).private is True


def test_create_repo_twice_is_an_error_unless_it_may_exist(cli: Cli, repo: str) -> None:
    assert cli.fail("repo", "create", repo).status == 1
    assert cli.run("repo", "create", repo, "--exist-ok").lines[0].endswith(repo)


def test_create_repo_refuses_options_that_contradict_each_other(cli: Cli, alice: Account) -> None:
    done = cli.fail("repo", "create", f"{alice.name}/x", "--private", "--public")
    assert (done.status, "one of --private" in done.err) == (2, True)


def test_delete_repo_with_yes(cli: Cli, api: HfApi, repo: str) -> None:
    assert cli.run("repo", "delete", repo, "--yes").out == ""
    assert not api.repo_exists(repo)
    assert cli.fail("repo", "delete", repo, "--yes").status == 3
    assert cli.run("repo", "delete", repo, "--yes", "--missing-ok", "--json").json == {
        "repo_id": repo
    }


DESTRUCTIVE = {
    "repo": ("repo", "delete", "{repo}"),
    "tag": ("tag", "delete", "{repo}", "v1"),
    "branch": ("branch", "delete", "{repo}", "dev"),
    "squash": ("squash", "{repo}"),
    "lfs-files": ("repo", "lfs-files", "delete", "{repo}", "weights/model.bin"),
}


@pytest.fixture
def marked(api: HfApi, repo: str) -> str:
    api.create_tag(repo, "v1")
    api.create_branch(repo, "dev")
    return repo


def state(api: HfApi, repo: str) -> list[object]:
    refs = api.list_repo_refs(repo)
    return [refs.branches, refs.tags, list(api.list_lfs_files(repo))]


@pytest.mark.parametrize("words", DESTRUCTIVE.values(), ids=DESTRUCTIVE.keys())
def test_where_nobody_can_be_asked_nothing_is_destroyed_without_yes(
    cli: Cli, api: HfApi, marked: str, words: tuple[str, ...]
) -> None:
    before = state(api, marked)
    done = cli.fail(*(word.format(repo=marked) for word in words), stdin=b"y\n")
    assert (done.status, "--yes" in done.err) == (2, True)
    assert state(api, marked) == before


@pytest.mark.parametrize("words", DESTRUCTIVE.values(), ids=DESTRUCTIVE.keys())
def test_on_a_terminal_somebody_is_asked_and_may_say_no(
    cli: Cli, api: HfApi, marked: str, words: tuple[str, ...]
) -> None:
    before = state(api, marked)
    command = [*PROGRAM, *(word.format(repo=marked) for word in words)]
    terminal = Terminal(command, cli.environ)
    terminal.wait_for("[y/N] ")
    terminal.type("\n")
    assert terminal.finish() == 1
    assert terminal.screen.text.endswith("freehold: Nothing was changed.")
    assert state(api, marked) == before


@pytest.mark.parametrize("words", DESTRUCTIVE.values(), ids=DESTRUCTIVE.keys())
def test_on_a_terminal_it_is_done_after_a_yes(
    cli: Cli, api: HfApi, marked: str, words: tuple[str, ...]
) -> None:
    before = state(api, marked)
    terminal = Terminal([*PROGRAM, *(w.format(repo=marked) for w in words)], cli.environ)
    terminal.wait_for("[y/N] ")
    terminal.type("y\n")
    assert terminal.finish() == 0
    assert not api.repo_exists(marked) or state(api, marked) != before


def test_move_repo(cli: Cli, api: HfApi, repo: str, alice: Account) -> None:
    cli.run("repo", "move", repo, f"{alice.name}/moved")
    assert api.repo_info(f"{alice.name}/moved").id == f"{alice.name}/moved"


def test_duplicate_repo(cli: Cli, api: HfApi, repo: str, alice: Account) -> None:
    done = cli.run("repo", "duplicate", repo, f"{alice.name}/copy", "--private")
    assert done.lines[0].endswith("/copy")
    assert api.list_repo_files(f"{alice.name}/copy") == api.list_repo_files(repo)
    assert api.repo_info(f"{alice.name}/copy").private is True


def test_update_repo_settings_shows_and_changes_them(cli: Cli, api: HfApi, repo: str) -> None:
    assert cli.run("repo", "settings", repo).lines[1:] == ["private: no", "gated: no"]
    changed = cli.run("repo", "settings", repo, "--private", "--gated", "manual", "--json").json
    assert changed == {"repo_id": repo, "private": True, "gated": "manual"}
    assert api.repo_info(repo).gated == "manual"
    again = cli.run("repo", "settings", repo, "--public", "--gated", "off", "--json").json
    assert again == {"repo_id": repo, "private": False, "gated": False}


def test_list_lfs_files(cli: Cli, repo: str) -> None:
    head, line = cli.run("repo", "lfs-files", "list", repo).lines
    assert head.split() == ["SIZE", "PUSHED", "SHA256", "NAME"]
    assert line.split()[0] == "16.4kB" and line.endswith("weights/model.bin")
    (found,) = cli.run("repo", "lfs-files", "list", repo, "--json").json
    assert (found["filename"], found["size"]) == ("weights/model.bin", 16384)


def test_permanently_delete_lfs_files_by_name(cli: Cli, api: HfApi, repo: str) -> None:
    cli.run("repo", "lfs-files", "delete", repo, "weights/model.bin", "--yes")
    assert list(api.list_lfs_files(repo)) == []
    assert not api.file_exists(repo, "weights/model.bin")
    assert all("model.bin" not in name for name in api.list_repo_files(repo))


def test_permanently_delete_lfs_files_deletes_nothing_when_one_is_unknown(
    cli: Cli, api: HfApi, repo: str
) -> None:
    words = ("repo", "lfs-files", "delete", repo, "weights/model.bin", "other.bin", "--yes")
    done = cli.fail(*words)
    assert (done.status, "other.bin" in done.err) == (3, True)
    assert len(list(api.list_lfs_files(repo))) == 1


def test_a_name_that_no_repository_can_have_is_wrong_usage(cli: Cli) -> None:
    done = cli.fail("repo", "create", "a b/c")
    assert (done.status, "Invalid repo id" in done.err) == (2, True)


def test_an_organisation_one_is_not_in_is_not_allowed(cli: Cli, hub: LiveHub) -> None:
    org = hub.org(owner=hub.user())
    assert cli.fail("repo", "create", f"{org}/{fresh_name('m')}").status == 4
