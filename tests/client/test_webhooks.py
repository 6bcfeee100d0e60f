"""Webhooks, through the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freehold import (
    BadRequestError,
    HfApi,
    HFValidationError,
    InvalidAnswerError,
    NotFoundError,
    WebhookInfo,
    WebhookWatchedItem,
)
from tests.client.hostile import HostileServer, reply
from tests.repos import new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

URL = "https://hooks.example.org/"
ID = "0" * 24


def test_webhooks_are_made_changed_and_deleted(hub: LiveHub, api: HfApi, alice: Account) -> None:
    repo = new_repo(hub, alice)
    me = WebhookWatchedItem("user", alice.name)
    made = api.create_webhook(
        url=URL, watched=[me, {"type": "model", "name": repo.full_name}], secret="s3cret"
    )
    assert made == WebhookInfo(
        id=made.id,
        url=URL,
        job=None,
        watched=[me, WebhookWatchedItem(type="model", name=repo.full_name)],
        domains=["repo", "discussion"],
        secret=None,
        has_secret=True,
        disabled=False,
        last_trigger_at=None,
    )
    assert api.list_webhooks() == [made] == [api.get_webhook(made.id)]
    # What is not given stays as it is.
    changed = api.update_webhook(made.id, url=f"{URL}new")
    assert changed.watched == made.watched
    assert (changed.url, changed.domains) == (f"{URL}new", ["repo", "discussion"])
    changed = api.update_webhook(made.id, watched=[me], domains=["repo"], secret="")
    assert (changed.watched, changed.domains, changed.has_secret) == ([me], ["repo"], False)
    assert api.disable_webhook(made.id).disabled is True
    assert api.enable_webhook(made.id).disabled is False
    api.delete_webhook(made.id)
    assert api.list_webhooks() == []


def test_webhooks_that_cannot_be_are_errors(api: HfApi, alice: Account) -> None:
    me = [{"type": "user", "name": alice.name}]
    with pytest.raises(BadRequestError, match=r"may not lead to 127\.0\.0\.1"):
        api.create_webhook(url="http://127.0.0.1/", watched=me)
    with pytest.raises(BadRequestError):
        api.create_webhook(url=URL, watched=[])
    for call in (api.get_webhook, api.enable_webhook, api.disable_webhook, api.delete_webhook):
        with pytest.raises(NotFoundError, match="no such webhook"):
            call(ID)
    for url, watched in (("", me), (URL, [{"type": "user", "name": " "}])):
        with pytest.raises(HFValidationError):
            api.create_webhook(url=url, watched=watched)


def test_webhooks_of_other_hubs_are_read_with_what_they_tell() -> None:
    told = {
        "id": ID,
        "url": None,
        "job": {"dockerImage": "x"},
        "watched": [{"type": "bucket", "name": "a/b"}],
        "domains": ["repo"],
        "disabled": "suspended-after-failure",
        "secret": "s",
        "lastTriggerAt": "2026-01-02T03:04:05.006Z",
    }
    with HostileServer(lambda _: reply(200, {"webhook": told})) as server:
        found = HfApi(endpoint=server.url, token="hf_a").get_webhook(ID)
    assert (found.secret, found.job, found.url) == ("s", {"dockerImage": "x"}, None)
    assert (found.disabled, found.watched[0].type) == ("suspended-after-failure", "bucket")
    assert found.last_trigger_at is not None and found.last_trigger_at.microsecond == 6000
    little = reply(200, {"webhook": {"id": ID}})
    with HostileServer(lambda _: little) as server, pytest.raises(InvalidAnswerError):
        HfApi(endpoint=server.url, token="hf_a").get_webhook(ID)
