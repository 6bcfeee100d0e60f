"""A hub that keeps its objects in a bucket, and two of them that share everything."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.conftest import NewHub
from tests.live import LiveHub
from tests.repos import Repo, file, lfs_file, new_repo, sha256
from tests.xet import Store, name_of, wait_for_proofs

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
MIB = 1024 * 1024


@pytest.fixture
def bucket(bucket_url: str) -> str:
    """A place of its own in the bucket."""
    return bucket_url.format(prefix=uuid4().hex)


def large_commit(repo: Repo) -> dict[str, bytes]:
    """Commit a large file, and enough small ones that their pack is an object of its own."""
    large = secrets.token_bytes(12 * MIB)
    small = {f"text/{number}.txt": secrets.token_hex(20_000).encode() for number in range(20)}
    oid = repo.upload(large)
    operations = [file(path, data) for path, data in small.items()]
    repo.commit(lfs_file("model.pt", oid, len(large)), *operations)
    return {"model.pt": large, **small}


def assert_holds(repo: Repo, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        assert repo.resolve(path).content == data, path


def test_files_in_a_bucket_come_back_byte_for_byte(fresh_hub: NewHub, bucket: str) -> None:
    hub = fresh_hub(object_store=bucket, environ=CREDENTIALS)
    repo = new_repo(hub, hub.user())
    files = large_commit(repo)
    assert_holds(repo, files)
    part = repo.resolve("model.pt", headers={"range": f"bytes={9 * MIB}-{9 * MIB + 99}"})
    assert part.status_code == 206
    assert part.content == files["model.pt"][9 * MIB : 9 * MIB + 100]


def test_chunks_in_a_bucket_come_back_byte_for_byte(fresh_hub: NewHub, bucket: str) -> None:
    """And nobody gets an address of the bucket for them: it would open a whole xorb."""
    hub = fresh_hub(object_store=bucket, environ=CREDENTIALS, redirect_downloads=True)
    store = Store.open(new_repo(hub, hub.user()))
    data = secrets.token_bytes(3 * MIB)
    store.commit("model.pt", data)
    wait_for_proofs(hub)
    assert store.repo.resolve("model.pt").content == data
    part = store.repo.resolve("model.pt", headers={"range": f"bytes={MIB}-{2 * MIB}"})
    assert part.content == data[MIB : 2 * MIB + 1]
    assert store.fetch(name_of(data)) == data
    urls = [
        info["url"]
        for infos in store.reconstruct(name_of(data)).json()["fetch_info"].values()
        for info in infos
    ]
    assert urls and all(url.startswith(f"{hub.url}/xet/xorbs/") for url in urls)


def test_wrong_bytes_never_reach_the_bucket(fresh_hub: NewHub, bucket: str) -> None:
    hub = fresh_hub(object_store=bucket, environ=CREDENTIALS)
    repo = new_repo(hub, hub.user())
    data = secrets.token_bytes(MIB)
    href = repo.upload_href(data)
    wrong = hub.call("PUT", href, content=secrets.token_bytes(MIB))
    assert wrong.status_code == 422
    refused = repo.send_commit(lfs_file("a.bin", sha256(data), MIB))
    assert refused.status_code == 400
    assert hub.call("PUT", href, content=data).status_code == 200
    repo.commit(lfs_file("a.bin", sha256(data), MIB))
    assert repo.resolve("a.bin").content == data


def test_parts_are_put_together_in_the_bucket(fresh_hub: NewHub, bucket: str) -> None:
    settings = {"multipart_threshold": 6 * MIB, "part_size": 5 * MIB}
    hub = fresh_hub(object_store=bucket, environ=CREDENTIALS, **settings)
    repo = new_repo(hub, hub.user())
    data = secrets.token_bytes(12 * MIB)
    [item] = repo.batch("upload", (sha256(data), len(data))).json()["objects"]
    upload = item["actions"]["upload"]
    numbers = sorted(key for key in upload["header"] if key.isdigit())
    parts = []
    for number in reversed(numbers):
        start = (int(number) - 1) * 5 * MIB
        piece = data[start : start + 5 * MIB]
        sent = hub.call("PUT", upload["header"][number], content=piece)
        parts.append({"partNumber": int(number), "etag": sent.headers["etag"]})
    done = hub.call("POST", upload["href"], json={"oid": sha256(data), "parts": parts})
    assert done.status_code == 200, done.text
    repo.commit(lfs_file("a.bin", sha256(data), len(data)))
    assert repo.resolve("a.bin").content == data


def test_downloads_are_sent_to_the_bucket_when_that_is_allowed(
    fresh_hub: NewHub, bucket: str
) -> None:
    hub = fresh_hub(object_store=bucket, environ=CREDENTIALS, redirect_downloads=True)
    repo = new_repo(hub, hub.user(), private=True)
    files = large_commit(repo)
    answer = repo.resolve("model.pt")
    assert answer.status_code == 302
    assert answer.headers["x-linked-size"] == str(12 * MIB)
    assert answer.headers["x-linked-etag"] == f'"{sha256(files["model.pt"])}"'
    assert answer.headers["x-repo-commit"] == repo.head()
    # No token goes along: the address itself is the right to read.
    fetched = httpx2.get(answer.headers["location"], trust_env=False)
    assert fetched.content == files["model.pt"]
    assert repo.resolve("text/1.txt").status_code == 200
    assert hub.call("GET", f"{repo.page}/resolve/main/model.pt").status_code == 401
    hub.restart()
    assert repo.get().json()["downloads"] == 1, "sent elsewhere, and downloaded all the same"


def test_two_nodes_are_as_right_as_one(
    tmp_path: Path, new_database: Callable[[str], str], bucket: str
) -> None:
    database = new_database("postgresql")
    options = {"object_store": bucket, "environ": CREDENTIALS}
    with (
        LiveHub(tmp_path / "one", database, **options) as one,
        LiveHub(tmp_path / "two", database, **options) as two,
    ):
        here = new_repo(one, one.user())
        there = Repo(two, here.account, here.full_name)
        files = large_commit(here)
        assert_holds(there, files)
        head = there.commit(file("text/1.txt", "changed on the other node"))
        assert here.head() == head
        assert here.resolve("text/1.txt").text == "changed on the other node"
        # A URL that one node signed is good on the other.
        data = secrets.token_bytes(1000)
        path = here.upload_href(data).removeprefix(one.url)
        assert two.call("PUT", path, content=data).status_code == 200
        here.commit(lfs_file("b.bin", sha256(data)))
        assert there.resolve("b.bin").content == data
