"""Uploads in parts that go on where they were interrupted, without sending a part twice."""

from __future__ import annotations

import math
import os
from typing import Any
from urllib.parse import urlsplit

import pytest

from freehold.server.core.lfs import MAX_PART_SIZE, MIN_PART_SIZE
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub
from tests.repos import Repo, lfs_file, new_repo, sha256

MIB = 1024 * 1024
GIB = 1024 * MIB


def ask(repo: Repo, oid: str, size: int, **more: Any) -> dict[str, Any]:
    """What is to be done to upload an object; nothing when nothing is."""
    answer = repo.batch("upload", (oid, size), **more)
    assert answer.status_code == 200, answer.text
    [item] = answer.json()["objects"]
    action: dict[str, Any] = item.get("actions", {}).get("upload", {})
    assert answer.json()["transfer"] == ("multipart" if "header" in action else "basic")
    return action


def send(repo: Repo, data: bytes, action: dict[str, Any], *numbers: int) -> dict[int, str]:
    """Send these parts, and give their tags."""
    size = int(action["header"]["chunk_size"])
    tags = {}
    for number in numbers:
        block = data[(number - 1) * size : number * size]
        sent = repo.hub.call("PUT", action["header"][f"{number:05}"], content=block)
        assert sent.status_code == 200, sent.text
        tags[number] = sent.headers["etag"]
    return tags


def complete(repo: Repo, data: bytes, action: dict[str, Any], tags: dict[int, str]) -> Any:
    """End the upload."""
    parts = [{"partNumber": number, "etag": tags[number]} for number in sorted(tags)]
    return repo.hub.call("POST", action["href"], json={"oid": sha256(data), "parts": parts})


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_upload_goes_on_with_the_parts_that_a_crash_has_left(
    fresh_hub: NewHub, backend: str
) -> None:
    hub = fresh_hub(backend)
    repo = new_repo(hub, hub.user())
    data = os.urandom(9 * MIN_PART_SIZE + 12_345)
    begun = ask(repo, sha256(data), len(data), part_size=MIN_PART_SIZE)
    assert begun["held"] == []
    sent = send(repo, data, begun, 1, 2, 3, 5, 8, 10)
    hub.kill()
    hub.start()
    action = ask(repo, sha256(data), len(data), part_size=MIN_PART_SIZE)
    assert urlsplit(action["href"]).path == urlsplit(begun["href"]).path
    held = {part["partNumber"]: part["etag"] for part in action["held"]}
    assert held == {number: tag.strip('"') for number, tag in sent.items()}
    assert held[10] == sha256(data[9 * MIN_PART_SIZE :])
    assert complete(repo, data, action, held).status_code == 400
    rest = send(repo, data, action, 4, 6, 7, 9)
    done = complete(repo, data, action, held | rest)
    assert done.status_code == 200, done.text
    repo.commit(lfs_file("large.bin", sha256(data), len(data)))
    assert repo.resolve("large.bin").content == data
    assert ask(repo, sha256(data), len(data), part_size=MIN_PART_SIZE) == {}


@pytest.mark.parametrize(
    ("size", "wished", "expected"),
    [
        (100 * MIB, 8 * MIB, 8 * MIB),
        (100 * MIB, 1, MIN_PART_SIZE),
        (100 * MIB, 100 * MIB - 1, 100 * MIB - 1),
        (1000, 999, MIN_PART_SIZE),
        (400 * GIB, 6 * MIB, math.ceil(400 * GIB / 10_000)),
        (500 * GIB, 499 * GIB, MAX_PART_SIZE),
    ],
)
def test_lfs_batch_offers_parts_of_the_size_that_is_asked_for(
    hub: LiveHub, alice: Account, size: int, wished: int, expected: int
) -> None:
    repo = new_repo(hub, alice)
    action = ask(repo, sha256(os.urandom(8)), size, part_size=wished)
    assert int(action["header"].pop("chunk_size")) == expected
    assert len(action["header"]) == math.ceil(size / expected) <= 10_000
    assert action["held"] == []


def test_lfs_batch_offers_one_piece_where_parts_were_not_asked_for(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    oid = sha256(os.urandom(8))
    for size, more in (
        (100 * MIB, {"part_size": 100 * MIB}),
        (100 * MIB, {"part_size": 2**70}),
        (100 * MIB, {"part_size": MIB, "transfers": ["basic"]}),
        (100 * MIB, {"part_size": None}),
        (100 * MIB, {}),
    ):
        assert set(ask(repo, oid, size, **more)) == {"href", "expires_in"}


def test_lfs_batch_names_no_held_parts_to_who_did_not_ask(fresh_hub: NewHub) -> None:
    hub = fresh_hub(multipart_threshold=MIN_PART_SIZE, part_size=MIN_PART_SIZE)
    repo = new_repo(hub, hub.user())
    data = os.urandom(2 * MIN_PART_SIZE)
    begun = ask(repo, sha256(data), len(data))
    assert set(begun) == {"href", "header", "expires_in"}
    tags = send(repo, data, begun, 2)
    again = ask(repo, sha256(data), len(data), part_size=8 * MIB)
    assert int(again["header"]["chunk_size"]) == MIN_PART_SIZE, "an upload keeps its part size"
    assert again["held"] == [{"partNumber": 2, "etag": tags[2].strip('"')}]
    other = ask(Repo(hub, hub.user(), repo.full_name), sha256(data), len(data), part_size=8 * MIB)
    assert other["held"] == []
    assert other["href"].partition("?")[0] != begun["href"].partition("?")[0]


def test_a_part_that_is_sent_again_and_cut_off_is_not_held(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = os.urandom(2 * MIN_PART_SIZE + 1)
    action = ask(repo, sha256(data), len(data), part_size=MIB)
    tags = send(repo, data, action, 1, 2, 3)
    broken = hub.call("PUT", action["header"]["00002"], content=b"not these bytes")
    assert broken.status_code == 422
    held = ask(repo, sha256(data), len(data), part_size=MIB)["held"]
    assert [part["partNumber"] for part in held] == [1, 3]
    refused = complete(repo, data, action, tags)
    assert (refused.status_code, refused.json()["error"]) == (400, "Parts are missing: 2")
    tags |= send(repo, data, action, 2)
    assert complete(repo, data, action, tags).status_code == 200


@pytest.mark.parametrize("part_size", [0, -1, "5", 1.5, []])
def test_lfs_batch_refuses_a_part_size_that_is_none(
    hub: LiveHub, alice: Account, part_size: object
) -> None:
    repo = new_repo(hub, alice)
    answer = repo.batch("upload", (sha256(b"x"), 1), part_size=part_size)
    assert answer.status_code == 400, answer.text


def test_held_parts_are_of_one_account_and_one_repository(hub: LiveHub, alice: Account) -> None:
    colleague = hub.user()
    org = hub.org(owner=alice, members={colleague.name: "write"})
    repo, second = (new_repo(hub, alice, namespace=org) for _ in range(2))
    data = os.urandom(MIN_PART_SIZE + 1)
    send(repo, data, ask(repo, sha256(data), len(data), part_size=MIB), 1, 2)
    for other in (second, Repo(hub, colleague, repo.full_name)):
        assert ask(other, sha256(data), len(data), part_size=MIB)["held"] == []
