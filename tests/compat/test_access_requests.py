"""A gated repository, from the request to the download and back, with the official clients."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.compat.environments import VERSIONS

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

CARD = "---\\nextra_gated_fields:\\n  Company: text\\n  I agree: checkbox\\n---\\n"

GATE = f"""
from compat_script import api, repo, tell
api.create_repo(repo)
api.upload_file(path_or_fileobj=b"{CARD}", path_in_repo="README.md", repo_id=repo)
api.upload_file(path_or_fileobj=b"weights\\0", path_in_repo="w.bin", repo_id=repo)
api.update_repo_settings(repo, gated="manual")
tell(asks=api.model_info(repo).card_data["extra_gated_fields"])
"""

FETCH = """
from pathlib import Path
from tempfile import mkdtemp
from huggingface_hub import hf_hub_download
from compat_script import api, error_of, repo, tell

def fetch():
    # What was fetched once would be found in the cache.
    return Path(hf_hub_download(repo, "w.bin", cache_dir=mkdtemp(dir="."))).read_text()

tell(download=error_of(fetch), check=error_of(api.auth_check, repo))
"""

OWNER = """
import os
from compat_script import api, error_of, repo, tell

def show(request):
    told = vars(request)
    return {**told, "timestamp": request.timestamp.isoformat()}

def lists():
    found = (
        api.list_pending_access_requests(repo),
        api.list_accepted_access_requests(repo),
        api.list_rejected_access_requests(repo),
    )
    return [[show(request) for request in requests] for requests in found]

user = os.environ["WHO"]
before = lists()
"""
ACCEPT = f"""{OWNER}
api.accept_access_request(repo, user)
tell(before=before, after=lists(), again=error_of(api.accept_access_request, repo, user))
"""
CANCEL = f"""{OWNER}
api.cancel_access_request(repo, user)
cancelled = lists()
api.reject_access_request(repo, user, rejection_reason="No units")
other = os.environ["OTHER"]
tell(
    before=before,
    cancelled=cancelled,
    after=lists(),
    granted=api.grant_access(repo, other),
    twice=error_of(api.grant_access, repo, other),
    unknown=error_of(api.grant_access, repo, "nobody-is-called-this"),
)
"""


def names(lists: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[request["username"] for request in requests] for requests in lists]


def assert_refused(told: dict[str, Any], words: str) -> None:
    for error in told.values():
        assert "GatedRepoError" in error["is"], error
        assert error["status"] == 403
        assert words in error["text"]


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_a_user_is_let_in_and_out_of_a_gated_repo(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo, carol = f"{alice.name}/gated", hub.user()
    visitor = replace(client, home=client.home / "bob")
    visitor.home.mkdir()

    def decide(script: str) -> Any:
        more = {"REPO": repo, "WHO": bob.name, "OTHER": carol.name}
        return client.run(script, hub.url, alice.token, **more)

    def fetch(account: Account) -> Any:
        return visitor.run(FETCH, hub.url, account.token, REPO=repo)

    asks = client.run(GATE, hub.url, alice.token, REPO=repo)["asks"]
    assert asks == {"Company": "text", "I agree": "checkbox"}
    assert_refused(fetch(bob), "ask for access")
    asked = hub.call(
        "POST",
        f"/{repo}/ask-access",
        token=bob.token,
        content=urlencode({"Company": "ACME", "I agree": "on"}).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (asked.status_code, asked.headers["location"]) == (303, f"/{repo}")

    told = decide(ACCEPT)
    [waiting] = told["before"][0]
    assert waiting["fields"] == {"Company": "ACME", "I agree": "true"}
    assert (waiting["status"], waiting["email"]) == ("pending", f"{bob.name}@example.org")
    assert (names(told["before"]), names(told["after"])) == (
        [[bob.name], [], []],
        [[], [bob.name], []],
    )
    assert told["again"]["status"] == 404 and "accepted already" in told["again"]["text"]
    let_in = fetch(bob)
    assert "weights" in let_in["download"]["text"] and let_in["check"]["is"] == []

    told = decide(CANCEL)
    steps = ("before", "cancelled", "after")
    assert [names(told[step]).index([bob.name]) for step in steps] == [1, 0, 2]
    assert (told["twice"]["status"], told["unknown"]["status"]) == (400, 404)
    assert "BadRequestError" in told["twice"]["is"]
    assert_refused(fetch(bob), "No units")
    assert "weights" in fetch(carol)["download"]["text"]
