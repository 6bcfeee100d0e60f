"""What the hub says it can do beyond the protocol, and how a client learns of it."""

from __future__ import annotations

import pytest
from msgspec import UNSET

import freehold
from freehold.wire.capabilities import BatchDownload, Capabilities, Extensions
from freehold.wire.codec import decode_json
from tests.live import Account, LiveHub
from tests.repos import file, new_repo


def test_capabilities_name_the_hub_and_its_limits(hub: LiveHub) -> None:
    answer = hub.call("GET", "/api/capabilities")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {
        "name": "freehold",
        "version": freehold.__version__,
        "extensions": {
            "batchDownload": {"maxPaths": 1000, "maxFileSize": 1 << 20, "maxTotalSize": 64 << 20},
            "idempotencyKey": {"seconds": 86400},
            "lfsLocks": {},
            "pullRequestBranches": {},
            "rebase": {},
            "uploadParts": {"minPartSize": 5242880},
            "xet": {},
        },
    }


def test_capabilities_that_are_said_are_those_that_hold(hub: LiveHub, alice: Account) -> None:
    said = decode_json(hub.call("GET", "/api/capabilities").content, Capabilities)
    limits = said.extensions.batch_download
    assert limits is not UNSET
    edge = limits.max_file_size
    repo = new_repo(hub, alice, file("edge", b"x" * edge), file("over", b"x" * (edge + 1)))

    def lines_without_bytes(*paths: str) -> int:
        return repo.post("/download/main", {"paths": paths}).content.count(b'"error":"TooLarge"')

    assert lines_without_bytes("edge") == 0
    assert lines_without_bytes("over") == 1
    fitting = limits.max_total_size // edge
    assert lines_without_bytes(*["edge"] * fitting) == 0
    assert lines_without_bytes(*["edge"] * (fitting + 1)) == 1
    most = {"paths": ["x"] * limits.max_paths}
    assert repo.post("/download/main", most).status_code == 200
    most["paths"].append("x")
    assert repo.post("/download/main", most).status_code == 413


def test_capabilities_are_named_by_every_answer(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    etag = repo.resolve("a.txt").headers["etag"]
    answers = {
        200: repo.resolve("a.txt"),
        204: hub.call("OPTIONS", repo.api),
        206: repo.resolve("a.txt", headers={"range": "bytes=0-0"}),
        304: repo.resolve("a.txt", headers={"if-none-match": etag}),
        400: repo.post("/download/main", {}),
        401: hub.call("GET", "/api/whoami-v2"),
        404: hub.call("GET", "/no/such/page"),
        405: hub.call("DELETE", "/health"),
        501: hub.call("GET", "/api/models"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["x-hub-capabilities"] == "/api/capabilities"
        assert "X-Hub-Capabilities" in answer.headers["access-control-expose-headers"].split(",")


@pytest.mark.parametrize(
    ("text", "extensions"),
    (
        (b"{}", Extensions()),
        (
            b'{"batchDownload":{"maxPaths":1,"maxFileSize":2,"maxTotalSize":3}}',
            Extensions(
                batch_download=BatchDownload(max_paths=1, max_file_size=2, max_total_size=3)
            ),
        ),
        (b'{"teleport":{"range":9},"rebase":{"since":"1.0"}}', None),
    ),
)
def test_capabilities_of_an_older_or_newer_hub_can_be_read(
    text: bytes, extensions: Extensions | None
) -> None:
    read = decode_json(b'{"name":"x","version":"9","more":[],"extensions":%s}' % text, Capabilities)
    if extensions is not None:
        assert read == Capabilities(name="x", version="9", extensions=extensions)
    else:
        assert read.extensions.rebase is not UNSET
        assert read.extensions.batch_download is UNSET


def test_a_page_may_send_the_header_that_an_extension_needs(hub: LiveHub) -> None:
    answer = hub.call("OPTIONS", "/api/models/some/body/commit/main")
    assert "idempotency-key" in answer.headers["access-control-allow-headers"].split(", ")
