"""Webhooks with the clients that know them, and their model of what a receiver gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import CACHE, VERSIONS
from tests.live import fresh_name
from tests.receivers import Receiver, watch
from tests.repos import file, new_repo

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.conftest import NewHub
    from tests.live import Account, LiveHub

# The oldest knows no webhooks.
KNOWING = VERSIONS[1:]

CALLS = """
from huggingface_hub import WebhookWatchedItem
from compat_script import api, error_of, repo, tell

def show(info):
    watched = [[item.type, item.name] for item in info.watched]
    return [info.url, watched, info.domains, info.disabled, info.secret]

user = repo.split("/")[0]
watched = [WebhookWatchedItem(type="user", name=user), {"type": "model", "name": repo}]
made = api.create_webhook(url="https://hooks.example.org/", watched=watched, secret="s3cret")
steps = [show(made), show(api.get_webhook(made.id))]
steps.append(show(api.update_webhook(made.id, url="https://other.example.org/")))
steps.append(show(api.update_webhook(made.id, domains=["repo"], watched=watched[:1])))
steps.append(show(api.disable_webhook(made.id)))
steps.append(show(api.enable_webhook(made.id)))
listed = [info.id for info in api.list_webhooks()] == [made.id]
api.delete_webhook(made.id)
gone = error_of(api.get_webhook, made.id)
tell(steps=steps, listed=listed, rest=len(api.list_webhooks()), gone=gone)
"""


@pytest.mark.parametrize("client", KNOWING, indirect=True)
def test_webhooks_are_made_changed_and_deleted(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    facts = client.run(CALLS, hub.url, alice.token, REPO=repo.full_name)
    both = [["user", alice.name], ["model", repo.full_name]]
    urls = ["https://hooks.example.org/", "https://other.example.org/"]
    domains = ["repo", "discussion"]
    assert facts["steps"] == [
        [urls[0], both, domains, False, None],
        [urls[0], both, domains, False, None],
        [urls[1], both, domains, False, None],
        [urls[1], both[:1], ["repo"], False, None],
        [urls[1], both[:1], ["repo"], True, None],
        [urls[1], both[:1], ["repo"], False, None],
    ]
    assert (facts["listed"], facts["rest"], facts["gone"]["status"]) == (True, 0, 404)


READ = """
import json, sys
from huggingface_hub import WebhookPayload
texts = json.load(sys.stdin)
read = [WebhookPayload.model_validate_json(text) for text in texts]
print(json.dumps([[p.event.action, p.event.scope, p.repo.name, p.webhook.version] for p in read]))
"""


@pytest.mark.parametrize("version", KNOWING)
def test_the_model_of_a_receiver_reads_every_event(
    version: str, fresh_hub: NewHub, tmp_path: Path
) -> None:
    hub = fresh_hub(webhook_targets="127.0.0.1")
    alice = hub.user()
    with Receiver() as receiver:
        watch(hub, alice, receiver.url, alice.name)
        repo = new_repo(hub, alice, file("a.txt", "x"), type="space")
        repo.put("/settings", {"private": True})
        new_name = f"{alice.name}/{fresh_name('moved')}"
        body = {"fromRepo": repo.full_name, "toRepo": new_name, "type": "space"}
        assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
        body = {"name": new_name.partition("/")[2], "type": "space"}
        assert repo.call("DELETE", "/api/repos/delete", json=body).status_code == 200
        told = [receiver.get().body for _ in range(6)]
    assert read_payloads(version, told, tmp_path) == [
        ["create", "repo", repo.full_name, 3],
        ["update", "repo.content", repo.full_name, 3],
        ["update", "repo.content", repo.full_name, 3],
        ["update", "repo.config", repo.full_name, 3],
        ["move", "repo", repo.full_name, 3],
        ["delete", "repo", new_name, 3],
    ]


def read_payloads(version: str, payloads: list[dict[str, Any]], home: Path) -> Any:
    """What the client's model makes of them; pydantic is that of the tests, which it lacks."""
    (site,) = (CACHE / version / "lib").glob("python3*/site-packages")
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", READ],
        input=json.dumps([json.dumps(payload) for payload in payloads]),
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
