"""Clones and fetches by the real git: what it gets is what the API made, id by id."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import httpx2
import pytest

from freehold.formats.pkt_line import FLUSH, pkt_line
from tests.clones import Clone, clone, fail_git, list_remote, new_folder, run_git, url_of
from tests.live import Account, LiveHub
from tests.repos import Repo, deleted, file, new_repo, put_ref

VERSIONS = ("0", "1", "2")
FETCH_TYPE = "application/x-git-upload-pack-request"


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    """A repository with two commits, a branch and a tag with a message."""
    made = new_repo(hub, alice, file("a.txt", "one"), file("d/b.txt", "two"))
    made.commit(file("a.txt", "three"))
    assert made.post("/branch/dev").status_code == 200
    tag = {"tag": "v1", "message": "The first"}
    assert made.post("/tag/main", json=tag).status_code == 200
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_upload_pack_clones_what_the_api_has_committed(
    repo: Repo, tmp_path: Path, version: str
) -> None:
    made = clone(repo, tmp_path / "c", "-c", f"protocol.version={version}")
    assert made.head() == repo.head()
    assert made.git("rev-list", "--count", "HEAD").strip() == "3"
    assert (made.folder / "a.txt").read_text() == "three"
    assert (made.folder / "d/b.txt").read_text() == "two"
    assert made.head("v1^{commit}") == made.head("origin/dev") == repo.head()
    assert made.git("cat-file", "-t", "v1").strip() == "tag"
    made.git("fsck", "--strict", "--no-dangling")


@pytest.mark.parametrize("version", VERSIONS)
def test_advertise_refs_shows_every_ref_and_where_head_is(
    hub: LiveHub, repo: Repo, version: str, tmp_path: Path
) -> None:
    put_ref(repo, "refs/pr/1", repo.head("main"))
    command = ("-c", f"protocol.version={version}", "ls-remote", "--symref", url_of(repo))
    said = run_git(tmp_path, repo.account, *command)
    names = [line.partition("\t")[2] for line in said.splitlines()]
    assert names == [
        "HEAD",
        "HEAD",
        "refs/heads/dev",
        "refs/heads/main",
        "refs/pr/1",
        "refs/tags/v1",
        "refs/tags/v1^{}",
    ]
    assert said.startswith("ref: refs/heads/main\tHEAD\n")
    assert list_remote(hub, repo)["refs/heads/main"] == repo.head()


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
@pytest.mark.parametrize("suffix", ("", ".git"))
def test_each_type_has_its_address_with_and_without_an_ending(
    hub: LiveHub, alice: Account, tmp_path: Path, type: str, suffix: str
) -> None:
    made = new_repo(hub, alice, file("a.txt", type), type=type)
    run_git(tmp_path, None, "clone", "-q", url_of(made) + suffix, "c")
    assert (tmp_path / "c/a.txt").read_text() == type


def test_a_pull_request_is_fetched_by_its_ref(repo: Repo, tmp_path: Path) -> None:
    put_ref(repo, "refs/pr/7", repo.head())
    made = new_folder(tmp_path / "c", repo)
    made.git("fetch", "-q", "origin", "refs/pr/7:pr/7")
    assert made.head("pr/7") == repo.head()


# Parts of a repository


@pytest.mark.parametrize("version", VERSIONS)
def test_a_shallow_clone_has_one_commit_and_can_be_deepened(
    repo: Repo, tmp_path: Path, version: str
) -> None:
    made = Clone(tmp_path / "c", repo.account)
    options = ("-c", f"protocol.version={version}")
    run_git(tmp_path, repo.account, *options, "clone", "-q", "--depth=1", url_of(repo), "c")
    assert made.git("rev-list", "--count", "HEAD").strip() == "1"
    made.git(*options, "fetch", "-q", "--unshallow")
    assert made.git("rev-list", "--count", "HEAD").strip() == "3"


def test_a_shallow_clone_may_leave_out_what_a_tag_has(repo: Repo, tmp_path: Path) -> None:
    repo.commit(file("new.txt", "after the tag"))
    run_git(tmp_path, repo.account, "clone", "-q", "--shallow-exclude=v1", url_of(repo), "c")
    assert Clone(tmp_path / "c", None).git("rev-list", "--count", "HEAD").strip() == "1"


@pytest.mark.parametrize("what", ("blob:none", "tree:0", "blob:limit=4"))
def test_a_partial_clone_fetches_what_it_lacks_when_it_is_needed(
    repo: Repo, tmp_path: Path, what: str
) -> None:
    options = ("clone", "-q", "--no-checkout", f"--filter={what}", url_of(repo), "c")
    run_git(tmp_path, repo.account, *options)
    made = Clone(tmp_path / "c", repo.account)
    missing = made.git("rev-list", "--objects", "--all", "--missing=print").count("?")
    assert missing > 0
    made.git("checkout", "-q", "main")
    assert (made.folder / "a.txt").read_text() == "three"


def test_a_single_branch_is_all_that_is_fetched(repo: Repo, tmp_path: Path) -> None:
    run_git(
        tmp_path, repo.account, "clone", "-q", "--single-branch", "-b", "dev", url_of(repo), "c"
    )
    branches = Clone(tmp_path / "c", None).git("branch", "-r").split()
    assert branches == ["origin/dev"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_commit_is_fetched_by_its_id(repo: Repo, tmp_path: Path, version: str) -> None:
    old = repo.head()
    repo.commit(file("a.txt", "four"))
    made = new_folder(tmp_path / "c", repo)
    made.git("-c", f"protocol.version={version}", "fetch", "-q", "origin", old)
    assert made.head("FETCH_HEAD") == old


def test_an_incremental_fetch_brings_only_what_is_new(repo: Repo, tmp_path: Path) -> None:
    made = clone(repo, tmp_path / "c")
    repo.commit(file("new.txt", "new"), deleted("deletedFile", "d/b.txt"))
    said = run_git(made.folder, repo.account, "-c", "fetch.unpackLimit=1", "pull", "-q")
    assert said == ""
    assert made.head() == repo.head()
    packs = sorted(
        (made.folder / ".git/objects/pack").glob("*.pack"), key=lambda p: p.stat().st_mtime
    )
    listed = made.git("verify-pack", "-v", str(packs[-1]))
    assert sum(kind in listed for kind in (" commit ", " tree ", " blob ")) == 3
    assert listed.count(" blob ") == 1


def test_a_long_conversation_is_sent_packed(repo: Repo, tmp_path: Path) -> None:
    """git packs a request by gzip once it has many commits to tell of."""
    made = clone(repo, tmp_path / "c")
    for number in range(60):
        made.git("commit", "-q", "--allow-empty", "-m", f"local {number}")
    repo.commit(file("a.txt", "five"))
    made.git("fetch", "-q")
    assert made.head("origin/main") == repo.head()


# Who may


def test_everybody_clones_what_is_public_and_nobody_else_what_is_private(
    hub: LiveHub, alice: Account, bob: Account, tmp_path: Path
) -> None:
    made = new_repo(hub, alice, file("a.txt", "x"), private=True)
    clone(made, tmp_path / "mine")
    missing = Repo(hub, alice, f"{alice.name}/{'x' * 8}")
    for place, account in (("strangers", None), ("bobs", bob)):
        said = [fail_git(tmp_path, account, "clone", url_of(r), place) for r in (made, missing)]
        assert said[0].replace(made.full_name, "") == said[1].replace(missing.full_name, "")
    made.put("/settings", {"private": False})
    run_git(tmp_path, None, "clone", "-q", url_of(made), "public")


def test_a_gated_repository_is_cloned_by_members_only(
    repo: Repo, bob: Account, tmp_path: Path
) -> None:
    repo.put("/settings", {"gated": "manual"})
    clone(repo, tmp_path / "mine")
    assert "restricted" in fail_git(tmp_path, bob, "clone", url_of(repo), "bobs")
    fail_git(tmp_path, None, "clone", url_of(repo), "nobodys")


def test_a_password_that_is_no_token_is_refused(repo: Repo, tmp_path: Path) -> None:
    repo.put("/settings", {"private": True})
    wrong = Account(repo.account.name, "my-password")
    said = fail_git(tmp_path, wrong, "clone", url_of(repo), "c")
    assert "Authentication failed" in said


def test_a_renamed_repository_is_found_under_its_old_address(repo: Repo, tmp_path: Path) -> None:
    body = {"fromRepo": repo.full_name, "toRepo": f"{repo.full_name}-new", "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
    clone(repo, tmp_path / "c")
    assert (tmp_path / "c/a.txt").read_text() == "three"


# The cache


def test_a_clone_after_the_cache_was_deleted(repo: Repo, tmp_path: Path) -> None:
    clone(repo, tmp_path / "one")
    shutil.rmtree(repo.hub.data / "cache")
    clone(repo, tmp_path / "two")
    assert Clone(tmp_path / "two", None).head() == repo.head()


# What is no request


# The status of an answer that breaks off, because git failed after its first words.
BROKEN_OFF = 0


def ask(repo: Repo, content: bytes, **headers: str) -> int:
    """Send a request for objects and return the status."""
    own = {"content-type": FETCH_TYPE, **{k.replace("_", "-"): v for k, v in headers.items()}}
    path = f"{repo.page}.git/git-upload-pack"
    try:
        return repo.hub.call("POST", path, content=content, headers=own).status_code
    except httpx2.RemoteProtocolError:
        return BROKEN_OFF


def test_upload_pack_refuses_what_is_no_request(repo: Repo) -> None:
    good = pkt_line(b"command=ls-refs\n") + FLUSH
    assert ask(repo, good, git_protocol="version=2") == 200
    assert ask(repo, gzip.compress(good), git_protocol="version=2", content_encoding="gzip") == 200
    assert ask(repo, good, git_protocol="version=2", content_type="text/plain") == 400
    assert ask(repo, good, git_protocol="version=2", content_encoding="br") == 400
    assert ask(repo, good, git_protocol="version=2", content_encoding="gzip") == 400
    half = gzip.compress(good)[:-4]
    assert ask(repo, half, git_protocol="version=2", content_encoding="gzip") == 400
    for junk in (b"junk", b"0004junk", b"fff0", b"00", pkt_line(b"command=nothing\n") + FLUSH):
        # git itself answers some of them, with its own error.
        assert ask(repo, junk, git_protocol="version=2") in (200, 400, BROKEN_OFF)
    want = pkt_line(b"want " + b"1" * 40 + b"\n") + FLUSH + pkt_line(b"done\n")
    assert ask(repo, want) in (200, 400, BROKEN_OFF)
    assert ask(repo, good, git_protocol="version=2") == 200


def test_a_request_that_unpacks_without_end_is_refused(repo: Repo) -> None:
    bomb = gzip.compress(b"\0" * (80 << 20))
    assert ask(repo, bomb, git_protocol="version=2", content_encoding="gzip") == 413


def test_advertise_refs_tells_an_old_client_that_it_is_too_old(repo: Repo) -> None:
    answer = repo.call("GET", f"{repo.page}.git/info/refs")
    assert answer.status_code == 400
    assert "newer git" in answer.text
    assert repo.call("GET", f"{repo.page}.git/info/refs?service=git-shell").status_code == 400
