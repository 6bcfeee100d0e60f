"""git-lfs: what is to be sent, the bytes on their way in and out, and who may have them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from freehold.server.core import signing
from freehold.server.core.access import Context, Viewer
from freehold.server.db import accounts, repos
from freehold.wire.lfs import LfsObject
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.repos import (
    LFS_JSON,
    Repo,
    assert_error,
    file,
    lfs_file,
    new_repo,
    pointer,
    sha256,
)


def unique(size: int = 1000) -> bytes:
    """Bytes that no other test sends."""
    seed = fresh_name("bytes").encode()
    return (seed * (size // len(seed) + 1))[:size]


def only(answer: Any) -> Any:
    """The one object of a batch answer."""
    assert answer.status_code == 200, answer.text
    [item] = answer.json()["objects"]
    return item


def put(repo: Repo, href: str, data: bytes, **headers: str) -> Any:
    """Send bytes as the clients do: without a token."""
    return repo.hub.call("PUT", href, content=data, headers=headers)


def path_of(href: str) -> str:
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}"


# The batch call


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
def test_lfs_batch_says_where_to_send_an_object(hub: LiveHub, alice: Account, type: str) -> None:
    repo = new_repo(hub, alice, type=type)
    data = unique()
    answer = repo.batch("upload", (sha256(data), len(data)), ref={"name": "main"})
    assert answer.headers["content-type"] == LFS_JSON
    item = only(answer)
    actions = item.pop("actions")
    assert answer.json()["transfer"] == "basic"
    assert item == {"oid": sha256(data), "size": len(data), "authenticated": True}
    assert set(actions) == {"upload"}
    assert actions["upload"]["href"].startswith(f"{hub.url}/lfs/objects/{sha256(data)}?")
    assert actions["upload"]["expires_in"] == 86400
    assert set(actions["upload"]) == {"href", "expires_in"}


def test_lfs_batch_needs_no_bytes_that_are_there(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.upload(data)
    answer = repo.batch("upload", (sha256(data), len(data)))
    assert answer.json() == {
        "transfer": "basic",
        "objects": [{"oid": sha256(data), "size": len(data)}],
        "hash_algo": "sha256",
    }


def test_lfs_batch_answers_each_object_in_order(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    datas = [unique() for _ in range(20)]
    objects = [(sha256(data), len(data)) for data in datas]
    answer = repo.batch("upload", *objects).json()["objects"]
    assert [(item["oid"], item["size"]) for item in answer] == objects
    assert repo.batch("upload").json()["objects"] == []


def test_lfs_batch_takes_the_words_of_every_client(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    for more in (
        {"hash_algo": "sha_256", "ref": {"name": "refs/heads/main"}},
        {"transfers": ["basic", "multipart", "xet", "lfs-standalone-file", "ssh"]},
        {"transfers": []},
    ):
        assert "actions" in only(repo.batch("upload", (sha256(data), 1000), **more))
    bare = {"operation": "upload", "objects": [{"oid": sha256(data), "size": 1000}]}
    assert "actions" in only(repo.call("POST", f"{repo.lfs}/objects/batch", json=bare))


def test_lfs_batch_offers_a_download_of_what_the_repository_holds(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    item = only(hub.call("POST", f"{repo.lfs}/objects/batch", json=download_body(data)))
    href = item["actions"]["download"]["href"]
    assert item["authenticated"] is True
    assert hub.call("GET", href).content == data
    missing = only(repo.batch("download", ("0" * 64, 5)))
    assert missing == {
        "oid": "0" * 64,
        "size": 5,
        "error": {"code": 404, "message": "Object does not exist"},
    }


def download_body(*datas: bytes) -> dict[str, Any]:
    objects = [{"oid": sha256(data), "size": len(data)} for data in datas]
    return {"operation": "download", "transfers": ["basic"], "objects": objects}


def test_lfs_batch_refuses_an_object_without_stopping_the_others(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    stored, data = unique(), unique()
    repo.upload(stored)
    answer = repo.batch(
        "upload",
        (sha256(stored), len(stored) + 1),
        ("nonsense", 5),
        (sha256(data).upper(), 5),
        (sha256(data), -1),
        (sha256(data), 501 * 1024**3),
        (sha256(data), len(data)),
    )
    codes = [item.get("error", {}).get("code") for item in answer.json()["objects"]]
    assert codes == [422, 422, 422, 422, 413, None]


def test_lfs_batch_refuses_what_is_no_batch(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert repo.batch("verify").status_code == 400
    assert repo.batch("upload", hash_algo="md5").status_code == 409
    assert repo.batch("upload", *[("0" * 64, 1)] * 1001).status_code == 413
    assert repo.call("POST", f"{repo.lfs}/objects/batch", content=b"{").status_code == 400


def test_lfs_batch_challenges_with_basic_and_speaks_to_git_lfs(hub: LiveHub) -> None:
    for path in ("/no/body.git", "/datasets/no/body.git"):
        answer = hub.call("POST", f"{path}/info/lfs/objects/batch", json=download_body())
        assert_error(answer, 401, "Invalid username or password.", "RepoNotFound")
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
        assert answer.json()["message"] == "Invalid username or password."


def test_lfs_batch_upload_is_for_whoever_may_open_a_pull_request(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    body = {**download_body(unique()), "operation": "upload"}
    for token, ref, status in (
        (bob.token, "main", 200),
        (bob.token, "refs/pr/1", 200),
        (bob.token, "refs/heads/main", 403),
        (bob.token, "refs/tags/v1", 403),
        (hub.token(alice, "read"), "main", 403),
        (None, "main", 401),
    ):
        path = f"{repo.lfs}/objects/batch"
        answer = hub.call("POST", path, token=token, json={**body, "ref": {"name": ref}})
        assert answer.status_code == status, (ref, answer.text)
        assert status == 200 or "message" in answer.json()


# Bytes in one piece


def test_lfs_upload_takes_the_bytes_without_a_token(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique(3_000_000)
    answer = put(repo, repo.upload_href(data), data)
    assert (answer.status_code, answer.content) == (200, b"")
    assert repo.commit(lfs_file("w.bin", sha256(data)))
    assert repo.resolve("w.bin").content == data


def test_lfs_upload_may_be_repeated(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    href = repo.upload_href(data)
    assert [put(repo, href, data).status_code for _ in range(3)] == [200, 200, 200]


def test_lfs_upload_of_other_bytes_stores_nothing(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    href = repo.upload_href(data)
    wrong = bytes(reversed(data))
    for sent, status in ((wrong, 422), (data[:-1], 422), (b"", 422), (data + b"x", 413)):
        assert put(repo, href, sent).status_code == status
        assert "actions" in only(repo.batch("upload", (sha256(data), len(data))))
    assert put(repo, href, data).status_code == 200


def test_lfs_upload_takes_an_empty_object(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.upload(b"")
    repo.commit(lfs_file("empty.bin", sha256(b""), 0))
    assert repo.resolve("empty.bin").content == b""


def test_lfs_upload_to_a_repository_that_was_deleted_is_refused(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    href = repo.upload_href(data)
    repo.call("DELETE", "/api/repos/delete", json={"name": repo.full_name.partition("/")[2]})
    assert put(repo, href, data).status_code == 404


# Signed URLs


def altered_urls(href: str) -> list[tuple[str, str]]:
    """The URL with one thing changed, for each thing that it says."""
    parts = urlsplit(href)
    pairs = parse_qsl(parts.query)
    urls = []
    for number, (name, value) in enumerate(pairs):
        changed = value[:-1] + ("1" if value[-1] != "1" else "2")
        for new in ([(name, changed)], [(name, "")], []):
            query = urlencode([*pairs[:number], *new, *pairs[number + 1 :]])
            urls.append((name, f"{parts.path}?{query}"))
    other_path = parts.path[:-1] + ("0" if parts.path[-1] != "0" else "1")
    urls.append(("path", f"{other_path}?{parts.query}"))
    urls.append(("everything", parts.path))
    return urls


def test_a_signed_url_cannot_be_altered(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    href = repo.upload_href(data)
    for name, url in altered_urls(href):
        assert put(repo, url, data).status_code == 403, name
    repo.commit_lfs("w.bin", data)
    item = only(repo.batch("download", (sha256(data), len(data))))
    for name, url in altered_urls(item["actions"]["download"]["href"]):
        assert hub.call("GET", url).status_code == 403, name


def test_a_signed_url_is_for_one_method_and_one_path(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    stored, data = unique(), unique()
    repo.commit_lfs("w.bin", stored)
    upload = path_of(repo.upload_href(data))
    download = path_of(
        only(repo.batch("download", (sha256(stored), 1000)))["actions"]["download"]["href"]
    )
    assert hub.call("GET", upload).status_code == 403
    assert hub.call("HEAD", upload).status_code == 403
    assert hub.call("PUT", download, content=stored).status_code == 403
    query = upload.partition("?")[2]
    for method, path in (
        ("PUT", f"/lfs/objects/{sha256(stored)}"),
        ("PUT", "/lfs/uploads/0123456789abcdef01234567/1"),
        ("POST", "/lfs/uploads/0123456789abcdef01234567"),
    ):
        answer = hub.call(method, f"{path}?{query}", json={"oid": sha256(data), "parts": []})
        assert answer.status_code == 403, path
    assert hub.call("HEAD", download).headers["content-length"] == "1000"


def test_a_signed_url_ends(hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    old = sign_as_long_ago(repo, "GET", data, 86401, monkeypatch)
    answer = hub.call("GET", old)
    assert_error(answer, 403, "The URL has expired: ask for a new one.")
    assert hub.call("GET", sign_as_long_ago(repo, "GET", data, 10, monkeypatch)).content == data
    other = unique()
    for seconds, status in ((86401, 403), (10, 200)):
        href = sign_as_long_ago(repo, "PUT", other, seconds, monkeypatch)
        assert hub.call("PUT", href, content=other).status_code == status


def sign_as_long_ago(
    repo: Repo, method: str, data: bytes, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The path that the hub would have signed that many seconds ago."""
    hub = repo.hub.inside
    namespace, _, name = repo.full_name.partition("/")
    with hub.db.read() as tx:
        found = repos.find_visible_repo(tx, repo.type, namespace, name, None, True)
        user = accounts.find_account(tx, repo.account.name)
    assert found is not None and user is not None
    ctx = Context(hub, Viewer(id=user.id), "")
    item = LfsObject(oid=sha256(data), size=len(data))
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(signing.time, "time", lambda: now - seconds)
        return signing.sign_url(ctx, f"/lfs/objects/{sha256(data)}", method, found.id, item)[0]


def test_a_signature_of_another_hub_is_worth_nothing(fresh_hub: NewHub) -> None:
    one, other = fresh_hub(), fresh_hub()
    data = unique()
    repo = new_repo(one, one.user())
    path = path_of(repo.upload_href(data))
    assert other.call("PUT", path, content=data).status_code == 403


# A hash is no permission


def private_object(hub: LiveHub, owner: Account) -> bytes:
    data = unique()
    new_repo(hub, owner, private=True).commit_lfs("secret.bin", data)
    return data


def test_an_object_of_another_is_not_linked_by_a_commit(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    data = private_object(hub, alice)
    repo = new_repo(hub, bob)
    known = repo.send_commit(lfs_file("x.bin", sha256(data), len(data)))
    unknown = repo.send_commit(lfs_file("x.bin", "0" * 64, len(data)))
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert known.status_code == 400
    assert repo.paths() == []


def test_an_object_of_another_is_not_called_stored(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    data = private_object(hub, alice)
    repo = new_repo(hub, bob)
    item = only(repo.batch("upload", (sha256(data), len(data))))
    assert set(item["actions"]) == {"upload"}
    other_size = only(repo.batch("upload", (sha256(data), len(data) + 1)))
    assert "actions" in other_size
    verify = repo.call(
        "POST", f"{repo.lfs}/objects/verify", json={"oid": sha256(data), "size": len(data)}
    )
    assert verify.status_code == 404
    assert put(repo, item["actions"]["upload"]["href"], data).status_code == 200


def test_an_object_of_another_is_not_downloaded_by_its_hash(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    data = private_object(hub, alice)
    repo = new_repo(hub, bob)
    item = only(repo.batch("download", (sha256(data), len(data))))
    assert item["error"]["code"] == 404
    assert hub.call("GET", f"/lfs/objects/{sha256(data)}", token=bob.token).status_code == 403
    anonymous = only(hub.call("POST", f"{repo.lfs}/objects/batch", json=download_body(data)))
    assert anonymous == item


def test_a_pointer_text_is_no_permission_either(hub: LiveHub, alice: Account, bob: Account) -> None:
    data = private_object(hub, alice)
    repo = new_repo(hub, bob, file("stolen.txt", pointer(data)))
    assert repo.resolve("stolen.txt").content == pointer(data)


@pytest.mark.parametrize("gated", ("auto", "manual"))
def test_an_object_behind_a_gate_stays_behind_it(
    hub: LiveHub, alice: Account, bob: Account, gated: str
) -> None:
    data = unique()
    behind = new_repo(hub, alice)
    behind.commit_lfs("w.bin", data)
    behind.put("/settings", {"gated": gated})
    repo = new_repo(hub, bob)
    assert "actions" in only(repo.batch("upload", (sha256(data), len(data))))
    assert repo.send_commit(lfs_file("x.bin", sha256(data))).status_code == 400
    answer = hub.call(
        "POST", f"{behind.lfs}/objects/batch", token=bob.token, json=download_body(data)
    )
    assert (answer.status_code, answer.headers["x-error-code"]) == (403, "GatedRepo")


def test_an_object_that_everybody_can_read_need_not_be_sent_again(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    data = unique()
    new_repo(hub, alice).commit_lfs("w.bin", data)
    repo = new_repo(hub, bob)
    assert only(repo.batch("upload", (sha256(data), len(data)))) == {
        "oid": sha256(data),
        "size": len(data),
    }
    repo.commit(lfs_file("mine.bin", sha256(data)))
    assert repo.resolve("mine.bin").content == data


def test_a_download_ends_with_the_repository(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    item = only(repo.batch("download", (sha256(data), len(data))))
    repo.call("DELETE", "/api/repos/delete", json={"name": repo.full_name.partition("/")[2]})
    answer = hub.call("GET", item["actions"]["download"]["href"])
    assert answer.status_code == 404


# After the upload


def test_lfs_verify_knows_what_the_repository_holds(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    oid = repo.upload(data)
    path = f"{repo.lfs}/objects/verify"
    good = {"oid": oid, "size": len(data)}
    answer = repo.call("POST", path, json=good)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == LFS_JSON
    assert repo.call("POST", path, json={"oid": oid, "size": 1}).status_code == 422
    assert repo.call("POST", path, json={"oid": "0" * 64, "size": 1}).status_code == 404
    assert hub.call("POST", path, token=bob.token, json=good).status_code == 200
    weak = hub.token(alice, "read")
    assert hub.call("POST", path, token=weak, json=good).status_code == 403
    assert hub.call("POST", path, json=good).status_code == 401


def test_lfs_download_serves_parts_and_heads(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique(5000)
    repo.commit_lfs("w.bin", data)
    href = only(repo.batch("download", (sha256(data), 5000)))["actions"]["download"]["href"]
    whole = hub.call("GET", href)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["etag"] == f'"{sha256(data)}"'
    assert whole.headers["content-length"] == "5000"
    assert whole.headers["content-type"] == "application/octet-stream"
    for value, status, content_range, content in (
        ("bytes=0-0", 206, "bytes 0-0/5000", data[:1]),
        ("bytes=4000-", 206, "bytes 4000-4999/5000", data[4000:]),
        ("bytes=-10", 206, "bytes 4990-4999/5000", data[-10:]),
        ("bytes=5000-", 416, "bytes */5000", None),
    ):
        part = hub.call("GET", href, headers={"range": value})
        assert (part.status_code, part.headers["content-range"]) == (status, content_range)
        assert content is None or part.content == content
    head = hub.call("HEAD", href)
    assert (head.status_code, head.headers["content-length"]) == (200, "5000")


# Bytes in parts


@pytest.fixture
def small_parts(fresh_hub: NewHub) -> Callable[[str], tuple[Repo, bytes]]:
    """A repository of a hub that takes files in parts of 1000 bytes, and a file of 2500."""

    def make(backend: str) -> tuple[Repo, bytes]:
        hub = fresh_hub(backend, multipart_threshold=1500, part_size=1000)
        return new_repo(hub, hub.user()), unique(2500)

    return make


def begin(repo: Repo, data: bytes) -> tuple[str, list[str]]:
    """The URL that ends an upload in parts, and the URLs of the parts."""
    action = only(repo.batch("upload", (sha256(data), len(data))))["actions"]["upload"]
    header = action["header"]
    assert all(isinstance(value, str) for value in header.values())
    assert int(header.pop("chunk_size")) == 1000
    assert list(header) == [f"{number + 1:05}" for number in range(math.ceil(len(data) / 1000))]
    return action["href"], list(header.values())


def send_parts(repo: Repo, data: bytes, urls: list[str]) -> list[dict[str, Any]]:
    parts = []
    for number, url in enumerate(urls, 1):
        sent = put(repo, url, data[(number - 1) * 1000 : number * 1000])
        assert sent.status_code == 200, sent.text
        parts.append({"partNumber": number, "etag": sent.headers["etag"]})
    return parts


def complete(repo: Repo, href: str, oid: str, parts: list[dict[str, Any]]) -> Any:
    return repo.hub.call("POST", href, json={"oid": oid, "parts": parts})


@pytest.mark.parametrize("backend", BACKENDS)
def test_lfs_complete_upload_makes_one_object_of_the_parts(
    small_parts: Callable[[str], tuple[Repo, bytes]], backend: str
) -> None:
    repo, data = small_parts(backend)
    answer = repo.batch("upload", (sha256(data), len(data)))
    assert answer.json()["transfer"] == "multipart"
    href, urls = begin(repo, data)
    parts = send_parts(repo, data, urls)
    done = complete(repo, href, sha256(data), parts)
    assert (done.status_code, done.json()) == (200, {})
    assert complete(repo, href, sha256(data), parts).status_code == 200
    repo.commit(lfs_file("w.bin", sha256(data), 2500))
    assert repo.resolve("w.bin").content == data
    assert repo.resolve("w.bin", headers={"range": "bytes=999-1001"}).content == data[999:1002]


def test_lfs_batch_sends_all_of_a_batch_the_way_it_names(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    """A program for git-lfs that knows parts is given the small files as well."""
    repo, data = small_parts("sqlite")
    small, empty = unique(10), b""
    wanted = [(sha256(content), len(content)) for content in (data, small, empty)]
    answer = repo.batch("upload", *wanted).json()
    assert answer["transfer"] == "multipart"
    headers = [item["actions"]["upload"].get("header") for item in answer["objects"]]
    assert [len(header or ()) for header in headers] == [4, 2, 0]
    action = answer["objects"][1]["actions"]["upload"]
    parts = send_parts(repo, small, [action["header"]["00001"]])
    assert complete(repo, action["href"], sha256(small), parts).status_code == 200
    assert repo.batch("upload", (sha256(b"x"), 1)).json()["transfer"] == "basic"


def test_lfs_complete_upload_checks_the_hash_of_everything(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    href, urls = begin(repo, data)
    junk = bytes(reversed(data))
    parts = send_parts(repo, junk, urls)
    answer = complete(repo, href, sha256(data), parts)
    assert answer.status_code == 422
    assert "actions" in only(repo.batch("upload", (sha256(data), 2500)))
    href, urls = begin(repo, data)
    assert complete(repo, href, sha256(data), send_parts(repo, data, urls)).status_code == 200


def test_lfs_complete_upload_needs_every_part_as_it_was_sent(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    href, urls = begin(repo, data)
    first = put(repo, urls[0], data[:1000]).headers["etag"]
    missing = complete(repo, href, sha256(data), [{"partNumber": 1, "etag": first}])
    assert missing.status_code == 400
    assert "2, 3" in missing.json()["error"]
    parts = send_parts(repo, data, urls)
    for wrong in (
        parts[:2],
        [*parts, parts[0]],
        [*parts[:2], {"partNumber": 3, "etag": '"other"'}],
        [*parts, {"partNumber": 4, "etag": '"x"'}],
    ):
        assert complete(repo, href, sha256(data), wrong).status_code == 400
    assert complete(repo, href, "0" * 64, parts).status_code == 400
    assert repo.hub.call("POST", href, content=b"").status_code == 400
    assert complete(repo, href, sha256(data), parts[::-1]).status_code == 200


def test_lfs_upload_part_takes_only_its_own_bytes(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    _, urls = begin(repo, data)
    assert put(repo, urls[0], data[:999]).status_code == 422
    assert put(repo, urls[0], data[:1001]).status_code == 413
    assert put(repo, urls[2], data[2000:] + b"x").status_code == 413
    sent = put(repo, urls[2], data[2000:])
    assert (sent.status_code, sent.headers["etag"]) == (200, f'"{sha256(data[2000:])}"')


def test_lfs_upload_part_cannot_be_sent_to_another_place(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    href, urls = begin(repo, data)
    path, _, query = path_of(urls[0]).partition("?")
    for wrong in (f"{path[:-1]}2", f"{path[:-1]}4", f"{path}0"):
        assert put(repo, f"{wrong}?{query}", data[:1000]).status_code == 403
    for name, url in [*altered_urls(urls[0]), *altered_urls(href)]:
        method = "PUT" if "/1?" in url else "POST"
        answer = repo.hub.call(method, url, json={"oid": sha256(data), "parts": []})
        assert answer.status_code in (403, 405), name


def test_lfs_upload_part_may_come_again_and_in_any_order(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    href, urls = begin(repo, data)
    put(repo, urls[2], data[2000:])
    put(repo, urls[0], b"x" * 1000)
    parts = send_parts(repo, data, urls)
    assert complete(repo, href, sha256(data), parts).status_code == 200


def test_an_upload_in_parts_goes_on_after_a_crash(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    href, urls = begin(repo, data)
    parts = send_parts(repo, data, urls)
    repo.hub.kill()
    repo.hub.start()
    again, _ = begin(repo, data)
    assert urlsplit(again).path == urlsplit(href).path
    assert complete(repo, again, sha256(data), parts).status_code == 200


def test_who_chooses_parts_sends_a_small_object_beside_a_large_one_in_one_piece(
    small_parts: Callable[[str], tuple[Repo, bytes]],
) -> None:
    repo, data = small_parts("sqlite")
    wanted = [(sha256(unique(100)), 100), (sha256(data), 2500)]
    answer = repo.batch("upload", *wanted, part_size=2000).json()
    first, second = (item["actions"]["upload"] for item in answer["objects"])
    assert "chunk_size" not in first.get("header", {})
    assert "chunk_size" in second["header"]
    alone = repo.batch("upload", (sha256(data), 2500), transfers=["basic"]).json()
    assert alone["transfer"] == "basic"
    assert "header" not in alone["objects"][0]["actions"]["upload"]
