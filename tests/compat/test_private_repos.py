"""Who sees and changes what: private and gated repositories, with every client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import stored_files

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

MAKE_PRIVATE = """
from compat_script import api, repo, tell
api.create_repo(repo, private=True)
api.upload_file(path_or_fileobj=b"secret", path_in_repo="a.txt", repo_id=repo)
api.upload_file(path_or_fileobj=b"secret weights\\0", path_in_repo="w.bin", repo_id=repo)
tell(private=api.model_info(repo).private)
"""

# Everything somebody may try, with whatever token the environment holds.
ATTEMPTS = """
from pathlib import Path
from huggingface_hub import CommitOperationAdd, hf_hub_download, snapshot_download
from compat_script import api, error_of, repo, tell

reads = {
    "info": lambda: api.model_info(repo),
    "files": lambda: list(api.list_repo_files(repo)),
    "commits": lambda: list(api.list_repo_commits(repo)),
    "refs": lambda: api.list_repo_refs(repo),
    "download": lambda: Path(hf_hub_download(repo, "a.txt")).read_text(),
    "large": lambda: Path(hf_hub_download(repo, "w.bin")).read_text(),
    "snapshot": lambda: snapshot_download(repo),
}
def put(content, **options):
    return api.upload_file(path_or_fileobj=content, path_in_repo="b", repo_id=repo, **options)

writes = {
    "upload": lambda: put(b"stolen"),
    "large upload": lambda: put(b"stolen\\0"),
    "delete": lambda: api.delete_file("a.txt", repo),
    "branch": lambda: api.create_branch(repo, branch="mine"),
    "tag": lambda: api.create_tag(repo, tag="mine"),
    "move": lambda: api.move_repo(repo, repo + "-moved"),
    "delete repo": lambda: api.delete_repo(repo),
}
tell(
    reads={name: error_of(call) for name, call in reads.items()},
    writes={name: error_of(call) for name, call in writes.items()},
)
"""


def test_a_private_repo_is_not_there_for_others(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = f"{alice.name}/private"
    assert client.run(MAKE_PRIVATE, hub.url, alice.token, REPO=repo) == {"private": True}
    files = stored_files(hub, repo, alice.token)
    assert files == {"a.txt": b"secret", "w.bin": b"secret weights\0"}
    for token, status in ((None, 401), ("hf_nobody", 401), (bob.token, 404)):
        told = client.run(ATTEMPTS, hub.url, token, REPO=repo)
        for name, error in {**told["reads"], **told["writes"]}.items():
            assert is_hidden(name, error, status), (token, name, error)
    assert stored_files(hub, repo, alice.token) == files


def is_hidden(name: str, error: dict[str, Any], status: int) -> bool:
    """Whether the answer is that of a repository that does not exist."""
    if name == "snapshot" and "LocalEntryNotFoundError" in error["is"]:
        # Some clients look into their cache for whatever error the hub gives.
        return True
    if name in ("move", "delete repo") and error["status"] == 401:
        # These calls name no repository in their path, so clients take it for any other error.
        return status == 401
    if error["status"] is None and "ValueError" in error["is"]:
        # 0.13 sends no change at all without a token.
        return "Token is required" in error["text"] and status == 401
    return "RepositoryNotFoundError" in error["is"] and error["status"] == status


def test_a_read_token_reads_and_does_not_write(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/readonly"
    client.run(MAKE_PRIVATE, hub.url, alice.token, REPO=repo)
    files = stored_files(hub, repo, alice.token)
    told = client.run(ATTEMPTS, hub.url, hub.token(alice, "read"), REPO=repo)
    assert [error["is"] for error in told["reads"].values()] == [[]] * 7
    assert "secret weights" in told["reads"]["large"]["text"]
    for name, error in told["writes"].items():
        assert "HfHubHTTPError" in error["is"] and error["status"] == 403, (name, error)
        assert "RepositoryNotFoundError" not in error["is"], (name, error)
    assert stored_files(hub, repo, alice.token) == files


def test_members_of_an_organisation_work_in_its_repos(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    carol, dave = hub.user(), hub.user()
    org = hub.org(owner=alice, members={bob.name: "write", carol.name: "read"})
    repo = f"{org}/private"
    client.run(MAKE_PRIVATE, hub.url, alice.token, REPO=repo)
    reader = client.run(ATTEMPTS, hub.url, carol.token, REPO=repo)
    assert [error["is"] for error in reader["reads"].values()] == [[]] * 7
    assert {error["status"] for error in reader["writes"].values()} == {403}
    script = "from compat_script import api, repo, tell\n"
    script += "api.upload_file(path_or_fileobj=b'b', path_in_repo='b.txt', repo_id=repo)\n"
    script += "tell(orgs=[org['name'] for org in api.whoami()['orgs']])"
    assert client.run(script, hub.url, bob.token, REPO=repo) == {"orgs": [org]}
    assert stored_files(hub, repo, carol.token)["b.txt"] == b"b"
    answer = hub.call("GET", f"/api/models/{repo}", token=dave.token)
    assert answer.status_code == 404


VISIBILITY = """
from compat_script import api, repo, tell

def switch(private):
    if hasattr(api, "update_repo_settings"):
        api.update_repo_settings(repo, private=private)
    else:
        api.update_repo_visibility(repo, private=private)
    return api.model_info(repo).private

api.create_repo(repo)
api.upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id=repo)
tell(private=[switch(True), switch(False), switch(True)])
"""


def test_a_repo_becomes_private_and_public_again(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/switched"
    told = client.run(VISIBILITY, hub.url, alice.token, REPO=repo)
    assert told["private"] == [True, False, True]
    assert hub.call("GET", f"/api/models/{repo}").status_code == 401
    assert hub.call("GET", f"/{repo}/resolve/main/a.txt").status_code == 401


GATED = """
from compat_script import api, repo, tell
api.create_repo(repo)
api.upload_file(path_or_fileobj=b"gated", path_in_repo="a.txt", repo_id=repo)
api.update_repo_settings(repo, gated="manual")
api.auth_check(repo)
tell(gated=api.model_info(repo).gated)
"""

AT_THE_GATE = """
from huggingface_hub import hf_hub_download
from compat_script import api, error_of, repo, tell
tell(
    info=api.model_info(repo).gated,
    files=api.list_repo_files(repo),
    exists=api.repo_exists(repo),
    download=error_of(hf_hub_download, repo, "a.txt"),
    check=error_of(api.auth_check, repo),
)
"""


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_a_gated_repo_is_seen_and_not_read(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = f"{alice.name}/gated"
    assert client.run(GATED, hub.url, alice.token, REPO=repo) == {"gated": "manual"}
    for token, status in ((None, 401), (bob.token, 403)):
        told = client.run(AT_THE_GATE, hub.url, token, REPO=repo)
        assert (told["info"], told["exists"]) == ("manual", True)
        assert "a.txt" in told["files"]
        for error in (told["download"], told["check"]):
            assert "GatedRepoError" in error["is"], error
            assert error["status"] == status
            assert repo in error["text"]


ACCESS = """
from compat_script import api, error_of, repo, tell
api.auth_check(repo)
tell(
    missing=error_of(api.auth_check, repo + "-not"),
    write=error_of(api.auth_check, repo, write=True),
)
"""


@pytest.mark.parametrize("client", VERSIONS[2:], indirect=True)
def test_access_is_checked_before_work_begins(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    """Clients since 1.5 ask for the right to write as well."""
    repo = f"{alice.name}/checked"
    created = hub.call("POST", "/api/repos/create", token=alice.token, json={"name": "checked"})
    assert created.status_code == 200
    owner = client.run(ACCESS, hub.url, alice.token, REPO=repo)
    assert owner["write"]["is"] == []
    assert "RepositoryNotFoundError" in owner["missing"]["is"]
    other = client.run(ACCESS, hub.url, bob.token, REPO=repo)
    assert "HfHubHTTPError" in other["write"]["is"]
    assert other["write"]["status"] == 403
