"""Uploads that are broken, cut or forged get a clear error, and leave no object behind."""

from __future__ import annotations

import hashlib
import secrets
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from freehold.server.objects.keys import lfs_key
from tests.commits import LFS_JSON, Remote, assert_refused, create_remote, lfs_file, sha256
from tests.conftest import BACKENDS
from tests.live import Account, LiveHub

PART = 1000


@pytest.fixture
def remote(hub: LiveHub, alice: Account) -> Remote:
    return create_remote(hub, alice)


@pytest.fixture(scope="module", params=BACKENDS)
def small_parts(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_database: Any,
) -> Iterator[LiveHub]:
    """A hub that wants everything over 2,000 bytes in parts of 1,000, and nothing over 100,000."""
    data = tmp_path_factory.mktemp("small-parts")
    settings = {"multipart_threshold": 2 * PART, "part_size": PART, "object_limit": 100 * PART}
    with LiveHub(data, new_database(request.param), **settings) as hub:
        yield hub


@pytest.fixture
def parts_remote(small_parts: LiveHub) -> Remote:
    return create_remote(small_parts, small_parts.user())


def upload_url(remote: Remote, data: bytes, size: int | None = None) -> str:
    """The signed URL for an object of this content."""
    offer = remote.batch((sha256(data), len(data) if size is None else size))
    return str(offer["objects"][0]["actions"]["upload"]["href"])


def assert_not_stored(remote: Remote, data: bytes) -> None:
    """Check that the hub neither serves nor knows the object."""
    item = remote.batch((sha256(data), len(data)), operation="download")["objects"][0]
    assert item["error"]["code"] == 404
    assert "actions" in remote.batch((sha256(data), len(data)))["objects"][0]
    assert remote.hub.inside.objects.size(lfs_key(sha256(data))) is None


# One PUT


def random_object(size: int = 5000) -> bytes:
    return secrets.token_bytes(size)


BODIES = {
    "other bytes": lambda data: bytes(len(data)),
    "one byte short": lambda data: data[:-1],
    "one byte long": lambda data: data + b"x",
    "nothing": lambda data: b"",
    "one bit flipped": lambda data: bytes([data[0] ^ 1]) + data[1:],
}


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_the_announced_object_is_refused(
    remote: Remote, name: str, chunked: bool
) -> None:
    data = random_object()
    before = remote.state()
    body: Any = BODIES[name](data)
    status = 413 if name == "one byte long" else 422
    url = upload_url(remote, data)
    answer = remote.hub.call("PUT", url, content=iter([body]) if chunked else body)  # type: ignore[arg-type]
    assert_refused(answer, status)
    assert_not_stored(remote, data)
    assert remote.state() == before
    assert remote.hub.call("PUT", url, content=data).status_code == 200
    assert remote.batch((sha256(data), len(data)))["objects"][0].keys() == {"oid", "size"}


def test_the_right_body_may_come_in_chunks(remote: Remote) -> None:
    data = random_object()
    pieces = iter([data[:10], data[10:11], data[11:]])
    answer = remote.hub.call("PUT", upload_url(remote, data), content=pieces)  # type: ignore[arg-type]
    assert answer.status_code == 200
    remote.commit(lfs_file("x.bin", data))
    assert remote.read("x.bin") == data


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_a_connection_cut_in_the_middle_stores_nothing(remote: Remote, chunked: bool) -> None:
    data = random_object(300_000)
    url = urlsplit(upload_url(remote, data))
    length = "transfer-encoding: chunked" if chunked else f"content-length: {len(data)}"
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nhost: {url.netloc}\r\n{length}\r\n\r\n"
    for cut in (0, 1, 150_000, len(data) - 1):
        sent = f"{len(data):x}\r\n".encode() + data[:cut] if chunked else data[:cut]
        send_and_hang_up(url.hostname or "", url.port or 0, head.encode() + sent)
        assert_not_stored(remote, data)
    remote.upload(data)
    remote.commit(lfs_file("x.bin", data))
    assert remote.read("x.bin") == data


def send_and_hang_up(host: str, port: int, sent: bytes) -> None:
    """Send the beginning of a request and wait until the hub has given up on the rest."""
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in connection.recv(100)


def test_an_object_announced_with_a_wrong_size_is_refused(remote: Remote) -> None:
    data = random_object()
    for size in (0, 1, len(data) - 1, len(data) + 1):
        answer = remote.hub.call("PUT", upload_url(remote, data, size), content=data)
        assert answer.status_code in (413, 422)
    assert_not_stored(remote, data)
    remote.upload(data)
    item = remote.batch((sha256(data), len(data) + 1))["objects"][0]
    assert item["error"]["code"] == 422


def test_a_signed_url_is_good_for_its_own_object_method_and_repository_only(
    remote: Remote, bob: Account
) -> None:
    data, other = random_object(), random_object()
    url = upload_url(remote, data)
    digest = sha256(data)
    forged = [
        url.replace(digest, sha256(other)),
        url.replace(f"oid={digest}", f"oid={sha256(other)}"),
        url.replace(f"size={len(data)}", f"size={len(data) + 1}"),
        url.replace("exp=", "exp=9"),
        url.replace("exp=", "exp=x"),
        url.replace("sig=", "sig=0"),
        url.replace("sig=", "sig=é"),
        url.replace("repo=", "repo=0"),
        url.partition("?")[0],
        url.replace("user=", "user=%00"),
    ]
    for changed in forged:
        assert changed != url
        assert_refused(remote.hub.call("PUT", changed, content=data), 403)
    assert_refused(remote.hub.call("GET", url), 403)
    assert_refused(remote.hub.call("GET", url, token=bob.token), 403)
    assert_not_stored(remote, data)


def test_a_signed_url_of_a_deleted_repository_is_refused(remote: Remote) -> None:
    data = random_object()
    url = upload_url(remote, data)
    body = {"name": remote.name.partition("/")[2]}
    remote.hub.call("DELETE", "/api/repos/delete", token=remote.owner.token, json=body)
    answer = remote.hub.call("PUT", url, content=data)
    assert_refused(answer, 404, "Repository not found", "RepoNotFound")
    assert remote.hub.inside.objects.size(lfs_key(sha256(data))) is None


def test_verify_tells_a_missing_object_and_a_wrong_size(remote: Remote) -> None:
    data = random_object()
    path = f"/{remote.name}.git/info/lfs/objects/verify"

    def verify(oid: str, size: int) -> httpx2.Response:
        body = {"oid": oid, "size": size}
        return remote.hub.call("POST", path, token=remote.owner.token, json=body, headers=LFS_JSON)

    assert_refused(verify(sha256(data), len(data)), 404)
    remote.upload(data)
    assert verify(sha256(data), len(data)).status_code == 200
    assert_refused(verify(sha256(data), len(data) + 1), 422)
    assert_refused(verify("junk", 1), 404)


BAD_OBJECTS: list[tuple[str, int, int]] = [
    ("x", 1, 422),
    ("A" * 64, 1, 422),
    ("0" * 63, 1, 422),
    ("0" * 64 + "\n", 1, 422),
    ("0" * 64, -1, 422),
    ("0" * 64, 2**80, 413),
]


def test_a_batch_refuses_bad_objects_one_by_one(remote: Remote) -> None:
    good = (sha256(b"good"), 4)
    for oid, size, code in BAD_OBJECTS:
        first, second = remote.batch((oid, size), good)["objects"]
        assert first["error"]["code"] == code
        assert first["oid"] == oid and "actions" not in first
        assert "actions" in second


def test_an_object_over_the_limit_is_refused_by_the_batch(parts_remote: Remote) -> None:
    item = parts_remote.batch((sha256(b"x"), 100 * PART + 1))["objects"][0]
    assert item["error"]["code"] == 413
    assert "actions" not in item


# Uploads in parts


class Parts:
    """An upload in parts of one object, and what the hub has said about it so far."""

    def __init__(self, remote: Remote, data: bytes) -> None:
        self.remote = remote
        self.data = data
        offer = remote.batch((sha256(data), len(data)))
        assert offer["transfer"] == "multipart"
        action = offer["objects"][0]["actions"]["upload"]
        self.href = str(action["href"])
        size = int(action["header"].pop("chunk_size"))
        self.urls = [url for _, url in sorted(action["header"].items())]
        self.blocks = [data[start : start + size] for start in range(0, len(data), size)]
        self.etags: dict[int, str] = {}

    def put(self, number: int, content: Any = None) -> httpx2.Response:
        """Send one part, counted from 1."""
        block = self.blocks[number - 1] if content is None else content
        answer = self.remote.hub.call("PUT", self.urls[number - 1], content=block)
        if answer.status_code == 200:
            self.etags[number] = answer.headers["etag"]
        return answer

    def put_all(self) -> None:
        for number in range(1, len(self.blocks) + 1):
            assert self.put(number).status_code == 200

    def complete(self, parts: list[tuple[int, str]] | None = None, oid: str = "") -> Any:
        """End the upload, with the etags that the hub gave unless others are given."""
        named = sorted(self.etags.items()) if parts is None else parts
        body = {
            "oid": oid or sha256(self.data),
            "parts": [{"partNumber": number, "etag": etag} for number, etag in named],
        }
        return self.remote.hub.call("POST", self.href, json=body, headers=LFS_JSON)


@pytest.fixture
def parts(parts_remote: Remote) -> Iterator[Parts]:
    """An upload of five parts, which must still be possible after the test."""
    upload = Parts(parts_remote, random_object(4 * PART + 77))
    before = parts_remote.state()
    yield upload
    assert parts_remote.state() == before
    assert_not_stored(parts_remote, upload.data)
    again = Parts(parts_remote, upload.data)
    again.put_all()
    assert again.complete().status_code == 200
    parts_remote.commit(lfs_file("x.bin", upload.data))
    assert parts_remote.read("x.bin") == upload.data


def test_an_upload_with_a_missing_part_is_not_complete(parts: Parts) -> None:
    for number in (1, 2, 4, 5):
        parts.put(number)
    assert_refused(parts.complete(), 400, "Parts are missing: 3")


def test_an_upload_without_any_part_is_not_complete(parts: Parts) -> None:
    assert_refused(parts.complete(), 400, "Parts are missing: 1, 2, 3, 4, 5")


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART + 1, 10 * PART])
@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_a_part_of_another_size_is_refused(parts: Parts, size: int, chunked: bool) -> None:
    content = b"x" * size
    answer = parts.put(2, iter([content]) if chunked else content)
    assert_refused(answer, 413 if size > PART else 422)
    assert_refused(parts.complete(), 400, "Parts are missing")


def test_the_last_part_has_the_rest_of_the_size(parts: Parts) -> None:
    assert_refused(parts.put(5, b"x" * PART), 413)
    assert_refused(parts.put(5, b"x" * 76), 422)


def test_wrong_etags_and_numbers_are_refused_and_the_upload_goes_on(
    parts_remote: Remote,
) -> None:
    parts = Parts(parts_remote, random_object(3 * PART))
    parts.put_all()
    first, second, third = sorted(parts.etags.items())
    for named in (
        [first, second],
        [first, second, third, third],
        [first, second, third, (4, third[1])],
        [first, second, (4, third[1])],
        [first, second, (0, third[1])],
        [first, second, (-1, third[1])],
        [first, second, (2**70, third[1])],
        [(1, second[1]), (2, first[1]), third],
        [first, second, (3, '"0"')],
        [first, second, (3, "")],
        [],
    ):
        assert_refused(parts.complete(named), 400)
    assert_refused(parts.complete(oid=sha256(b"other")), 400)
    assert_not_stored(parts_remote, parts.data)
    assert parts.complete([third, first, second]).status_code == 200
    assert parts.complete().status_code == 200, "completing twice is no error"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"oid":1}', b'{"oid":"x","parts":[1]}'])
def test_a_completion_of_wrong_types_is_refused(parts: Parts, body: bytes) -> None:
    assert_refused(parts.remote.hub.call("POST", parts.href, content=body, headers=LFS_JSON), 400)


def test_parts_may_come_in_any_order_and_again(parts_remote: Remote) -> None:
    parts = Parts(parts_remote, random_object(4 * PART + 1))
    for number in (5, 1, 3, 3, 2, 1, 4):
        assert parts.put(number).status_code == 200
    assert parts.complete().status_code == 200
    parts_remote.commit(lfs_file("x.bin", parts.data))
    assert parts_remote.read("x.bin") == parts.data


def test_a_part_sent_again_with_other_bytes_counts_as_those(parts: Parts) -> None:
    parts.put_all()
    old = parts.etags[2]
    assert parts.put(2, b"x" * PART).status_code == 200
    assert parts.etags[2] != old
    assert_refused(parts.complete([*sorted((parts.etags | {2: old}).items())]), 400)
    assert_refused(parts.complete(), 422, "not the announced file")


def test_parts_that_are_another_file_end_the_upload(parts: Parts) -> None:
    for number in range(1, 6):
        parts.put(number, bytes(len(parts.blocks[number - 1])))
    assert_refused(parts.complete(), 422, "not the announced file")
    assert_refused(parts.complete(), 404, "no such upload")


def test_a_part_that_was_cut_does_not_count(parts: Parts) -> None:
    url = urlsplit(parts.urls[1])
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nhost: {url.netloc}\r\n"
    for cut in (0, 1, PART - 1):
        sent = f"{head}content-length: {PART}\r\n\r\n".encode() + parts.blocks[1][:cut]
        send_and_hang_up(url.hostname or "", url.port or 0, sent)
    for number in (1, 3, 4, 5):
        parts.put(number)
    assert_refused(parts.complete(), 400, "Parts are missing: 2")


def test_a_foreign_or_impossible_upload_is_refused(parts: Parts, small_parts: LiveHub) -> None:
    other = Parts(create_remote(small_parts, small_parts.user()), parts.data)
    mine, theirs = (urlsplit(upload.href).path for upload in (parts, other))
    assert mine != theirs
    for number, url in enumerate(parts.urls, 1):
        assert_refused(small_parts.call("PUT", url.replace(mine, theirs), content=b"x"), 403)
        changed = url.replace(f"{mine}/{number}", f"{mine}/{number + 1}")
        assert_refused(small_parts.call("PUT", changed, content=b"x"), 403)
    assert_refused(small_parts.call("POST", parts.href.replace(mine, theirs), json={}), 403)
    for number in ("0", "6", "x", "-1", "99999999", "1.5"):
        url = parts.urls[0].replace(f"{mine}/1?", f"{mine}/{number}?")
        assert small_parts.call("PUT", url, content=b"x").status_code in (403, 404)


def test_a_repeated_batch_finds_the_upload_begun_before(parts_remote: Remote) -> None:
    data = random_object(3 * PART)
    first = Parts(parts_remote, data)
    first.put(1)
    second = Parts(parts_remote, data)
    assert urlsplit(second.href).path == urlsplit(first.href).path
    second.etags |= first.etags
    second.put(2)
    second.put(3)
    assert second.complete().status_code == 200
    assert first.complete().status_code == 200


def test_an_upload_announced_with_another_size_begins_anew(parts_remote: Remote) -> None:
    data = random_object(3 * PART)
    wrong = parts_remote.batch((sha256(data), 3 * PART + 1))["objects"][0]["actions"]["upload"]
    right = Parts(parts_remote, data)
    assert urlsplit(wrong["href"]).path != urlsplit(right.href).path
    answer = parts_remote.hub.call("PUT", wrong["header"]["00001"], content=data[:PART])
    assert_refused(answer, 404, "no such upload")
    right.put_all()
    assert right.complete().status_code == 200


def test_an_etag_of_a_part_is_the_digest_of_what_arrived(parts: Parts) -> None:
    answer = parts.put(1)
    assert answer.headers["etag"].strip('"') == hashlib.sha256(parts.blocks[0]).hexdigest()
