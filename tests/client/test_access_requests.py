"""Access to gated repositories, through the client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from freehold import (
    AsyncHfApi,
    BadRequestError,
    ForbiddenError,
    GatedRepoError,
    HfApi,
    HFValidationError,
    NotFoundError,
    RepositoryNotFoundError,
)
from tests.client.hostile import HostileServer, reply
from tests.gates import CARD
from tests.live import Account, fresh_name
from tests.loops import run_async
from tests.repos import file, new_repo

if TYPE_CHECKING:
    from tests.live import LiveHub

FIELDS = {"Company": "ACME", "Country": "Fiji", "Since": "2024-01-01", "Purpose": "Research"}


@pytest.fixture
def repo(hub: LiveHub, api: HfApi, alice: Account) -> str:
    """A gated repository of alice, whose card asks for `FIELDS`."""
    name = new_repo(hub, alice, file("README.md", CARD)).full_name
    api.update_repo_settings(name, gated="manual")
    return name


@pytest.fixture
def visitor(hub: LiveHub, bob: Account) -> HfApi:
    """The calls of bob, who has a token that can only read."""
    return HfApi(hub.url, token=hub.token(bob, "read"))


def test_ask_access_and_what_becomes_of_it(
    api: HfApi, visitor: HfApi, repo: str, alice: Account, bob: Account
) -> None:
    with pytest.raises(GatedRepoError, match="ask for access"):
        visitor.hf_hub_download(repo, "README.md")
    asked = visitor.ask_access(repo, fields={**FIELDS, "I agree": True})
    assert (asked.username, asked.status) == (bob.name, "pending")
    assert abs(asked.timestamp - datetime.now(UTC)) < timedelta(minutes=5)
    assert asked.fields == {**FIELDS, "I agree": "true"}
    assert list(api.list_pending_access_requests(repo)) == [asked]
    with pytest.raises(GatedRepoError, match="awaiting a review"):
        visitor.auth_check(repo)
    api.accept_access_request(repo, bob.name)
    visitor.auth_check(repo)
    [accepted] = api.list_accepted_access_requests(repo)
    assert (accepted.request_id, accepted.granted_by) == (asked.request_id, alice.name)
    assert (accepted.email, accepted.fullname) == (f"{bob.name}@example.org", bob.name)
    api.reject_access_request(repo, request_id=asked.request_id, rejection_reason="No units")
    [rejected] = api.list_rejected_access_requests(repo)
    assert (rejected.status, rejected.rejection_reason) == ("rejected", "No units")
    with pytest.raises(GatedRepoError, match="No units"):
        visitor.ask_access(repo)
    api.cancel_access_request(repo, bob.name)
    assert [item.status for item in api.list_pending_access_requests(repo)] == ["pending"]


def test_ask_access_raises_what_is_wrong(api: HfApi, visitor: HfApi, repo: str) -> None:
    with pytest.raises(BadRequestError, match="'I agree' must be ticked"):
        visitor.ask_access(repo, fields={**FIELDS, "I agree": False})
    with pytest.raises(HFValidationError, match="True for a ticked box"):
        visitor.ask_access(repo, fields={"Company": 5})  # type: ignore[dict-item]
    with pytest.raises(RepositoryNotFoundError):
        HfApi(api.endpoint, token=False).ask_access(repo)
    with pytest.raises(BadRequestError, match="open to you"):
        api.ask_access(repo)
    api.update_repo_settings(repo, gated=False)
    for call in (visitor.ask_access, lambda name: list(api.list_pending_access_requests(name))):
        with pytest.raises(BadRequestError, match="not gated"):
            call(repo)


def test_grant_access_to_a_dataset(hub: LiveHub, api: HfApi, visitor: HfApi, bob: Account) -> None:
    repo = api.create_repo(fresh_name("repo"), repo_type="dataset").repo_id
    api.update_repo_settings(repo, repo_type="dataset", gated="auto")
    api.grant_access(repo, bob.name, repo_type="dataset")
    [granted] = api.list_accepted_access_requests(repo, repo_type="dataset")
    assert (granted.username, granted.fields, granted.email) == (bob.name, None, None)
    visitor.auth_check(repo, repo_type="dataset")
    with pytest.raises(BadRequestError, match="already"):
        api.grant_access(repo, bob.name, repo_type="dataset")
    with pytest.raises(NotFoundError, match="no user 'nobody-is-called-this'"):
        api.grant_access(repo, "nobody-is-called-this", repo_type="dataset")
    other = HfApi(hub.url, token=hub.user().token)
    assert other.ask_access(repo, repo_type="dataset").status == "accepted"


def test_requests_are_handled_by_those_who_may_and_named_once(
    api: HfApi, visitor: HfApi, repo: str, bob: Account
) -> None:
    with pytest.raises(NotFoundError, match="no request for access"):
        api.accept_access_request(repo, bob.name)
    with pytest.raises(GatedRepoError):
        visitor.grant_access(repo, bob.name)
    api.grant_access(repo, bob.name)
    with pytest.raises(ForbiddenError):
        list(visitor.list_accepted_access_requests(repo))
    for call in (api.accept_access_request, api.reject_access_request, api.cancel_access_request):
        for given in ({}, {"user": "a", "request_id": "b"}, {"user": " "}):
            with pytest.raises(HFValidationError):
                call(repo, **given)


def test_lists_are_followed_lazily_and_names_may_be_missing() -> None:
    """Other hubs may keep the names of those who ask to themselves."""
    item = {"requestId": "0" * 24, "status": "pending", "timestamp": "2024-01-02T03:04:05.000Z"}
    path = "/api/models/a/b/user-access-request/pending"
    with HostileServer(lambda _: reply(200)) as server:
        link = f'<{server.url}{path}?after=x>; rel="next"'
        server.script = lambda _: reply(200, [item, item], link=link)
        found = HfApi(server.url, token="hf_x").list_pending_access_requests("a/b")
        first, second = islice(found, 2)
        assert len(server.requests) == 1
    assert first == second
    assert (first.username, first.email, first.fields) == (None, None, None)
    assert first.timestamp == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_lists_are_there_to_be_awaited(
    hub: LiveHub, api: HfApi, repo: str, bob: Account, alice: Account
) -> None:
    api.grant_access(repo, bob.name)

    async def list_names() -> list[str | None]:
        found = AsyncHfApi(hub.url, token=alice.token).list_accepted_access_requests(repo)
        return [item.username async for item in found]

    assert run_async(list_names()) == [bob.name]
