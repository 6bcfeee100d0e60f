"""The end of an upload in parts, when several calls or a crash come together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from freehold.server.objects.keys import lfs_key
from tests.conftest import BACKENDS, NewHub
from tests.repos import Repo, lfs_file, new_repo, sha256

PART = 100_000


@pytest.fixture(params=BACKENDS)
def repo(request: pytest.FixtureRequest, fresh_hub: NewHub) -> Repo:
    hub = fresh_hub(request.param, multipart_threshold=PART, part_size=PART)
    return new_repo(hub, hub.user())


def send_parts(repo: Repo, data: bytes, content: bytes | None = None) -> tuple[str, dict[str, Any]]:
    """Send all parts of an upload; the URL and the body of the call that ends it."""
    [item] = repo.batch("upload", (sha256(data), len(data))).json()["objects"]
    action = item["actions"]["upload"]
    action["header"].pop("chunk_size")
    parts = []
    for place, (_, url) in enumerate(sorted(action["header"].items())):
        block = (content or data)[place * PART : (place + 1) * PART]
        sent = repo.hub.call("PUT", url, content=block)
        assert sent.status_code == 200, sent.text
        parts.append({"partNumber": place + 1, "etag": sent.headers["etag"]})
    return action["href"], {"oid": sha256(data), "parts": parts}


def staged_upload(repo: Repo, href: str) -> Any:
    """The parts that the hub holds of the upload that this URL ends."""
    return repo.hub.inside.objects.staged(urlsplit(href).path.rpartition("/")[2])


def test_completions_of_one_moment_all_succeed(repo: Repo) -> None:
    for _ in range(10):
        data = os.urandom(10 * PART)
        href, body = send_parts(repo, data)

        def end(_: int, href: str = href, body: dict[str, Any] = body) -> httpx2.Response:
            return repo.hub.call("POST", href, json=body)

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(end, range(6)))
        assert [answer.text for answer in answers if answer.status_code != 200] == []
        assert "actions" not in repo.batch("upload", (sha256(data), len(data))).text


def test_a_completion_that_a_crash_ended_can_be_repeated(repo: Repo) -> None:
    data = os.urandom(3 * PART + 1)
    href, body = send_parts(repo, data)
    sizes = [(1, PART), (2, PART), (3, PART), (4, 1)]
    staged_upload(repo, href).promote(sizes, lfs_key(sha256(data)), sha256(data), len(data))
    repo.hub.kill()
    repo.hub.start()
    assert repo.hub.call("POST", href, json=body).status_code == 200
    repo.commit(lfs_file("a.bin", sha256(data), len(data)))
    assert repo.resolve("a.bin").content == data


def test_parts_that_are_gone_are_no_licence_to_what_another_has_stored(repo: Repo) -> None:
    secret = os.urandom(2 * PART)
    stranger = new_repo(repo.hub, repo.hub.user(), private=True)
    complete(stranger, secret)
    href, body = send_parts(repo, secret, content=secret[:PART] + bytes(PART))
    staged_upload(repo, href).discard()
    answer = repo.hub.call("POST", href, json=body)
    assert answer.status_code == 409, answer.text
    assert repo.send_commit(lfs_file("a.bin", sha256(secret))).status_code == 400


def complete(repo: Repo, data: bytes) -> None:
    href, body = send_parts(repo, data)
    assert repo.hub.call("POST", href, json=body).status_code == 200
    repo.commit(lfs_file("secret.bin", sha256(data), len(data)))


def test_a_repeated_completion_gives_the_bytes_their_time_again(repo: Repo) -> None:
    data = os.urandom(2 * PART)
    href, body = send_parts(repo, data)
    assert repo.hub.call("POST", href, json=body).status_code == 200
    hub = repo.hub.inside
    with hub.db.write() as tx:
        tx.run("UPDATE repo_lfs SET created_at = 0")
    assert repo.hub.call("POST", href, json=body).status_code == 200
    with hub.db.read() as tx:
        rows = tx.all("SELECT created_at FROM repo_lfs")
    assert [row.created_at > 0 for row in rows] == [True]
