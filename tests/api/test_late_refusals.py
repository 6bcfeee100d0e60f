"""What has changed between the beginning of a call and its end counts."""

from __future__ import annotations

import json
import socket

from freehold.server.core import orgs
from tests.live import Account, LiveHub
from tests.repos import NDJSON, file, header_line, new_repo


def test_rights_that_are_lost_while_a_body_arrives_are_lost(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice.name, members={bob.name: "write"})
    repo = new_repo(hub, alice, namespace=org)
    head = repo.head()
    lines = [header_line(), file("late.txt", "too late")]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    request = (
        f"POST {repo.api}/commit/main HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
        f"Authorization: Bearer {bob.token}\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(request.encode())
        # The hub asks for the body once it knows that bob may send one.
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        orgs.set_member(hub.inside, org, bob.name, "read")
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")
    assert repo.head() == head


def test_a_duplicate_is_refused_before_anything_is_copied(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    taken = new_repo(hub, bob)
    copy = f"{repo.api}/duplicate"
    stranger = hub.call("POST", copy, json={"repository": f"{bob.name}/copy"})
    assert stranger.status_code == 401
    foreign = hub.call("POST", copy, token=bob.token, json={"repository": f"{alice.name}/copy"})
    assert foreign.status_code == 403
    twice = hub.call("POST", copy, token=bob.token, json={"repository": taken.full_name})
    assert twice.status_code == 409
    assert twice.json()["url"] == f"{hub.url}/{taken.full_name}"


def test_a_range_of_a_file_that_has_changed_is_the_whole_new_file(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", "old bytes"))
    etag = repo.resolve("a.txt").headers["etag"]
    asked = {"range": "bytes=4-", "if-range": etag}
    assert repo.resolve("a.txt", headers=asked).status_code == 206
    repo.commit(file("a.txt", "new bytes, and more"))
    answer = repo.resolve("a.txt", headers=asked)
    assert (answer.status_code, answer.text) == (200, "new bytes, and more")
