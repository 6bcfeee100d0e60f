"""Many small files in one answer: the same bytes and the same rights as one by one."""

from __future__ import annotations

import json
import socket
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from freehold.formats.file_stream import FileEntry, FileStreamError, FileStreamReader, read_files
from freehold.server.objects.keys import lfs_key
from tests.conftest import NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.repos import (
    Repo,
    assert_error,
    blob_id,
    file,
    lfs_file,
    new_repo,
    pointer,
    put_ref,
    sha256,
)

MIB = 1024 * 1024
TEXT = b"hello"
WEIGHTS = bytes(range(256)) * 20
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

File = tuple[FileEntry, bytes]


def library(hub: LiveHub, account: Account, type: str = "model") -> Repo:
    """A repository with a small, an empty and a large file."""
    repo = new_repo(hub, account, file("sub/a.txt", TEXT), file("empty.txt", b""), type=type)
    repo.commit_lfs("w/b.bin", WEIGHTS)
    return repo


def ask(repo: Repo, *paths: str, revision: str = "main") -> httpx2.Response:
    return repo.post(f"/download/{revision}", {"paths": list(paths)})


def download(repo: Repo, *paths: str, revision: str = "main") -> list[File]:
    answer = ask(repo, *paths, revision=revision)
    assert answer.status_code == 200, answer.text
    return list(read_files([answer.content], paths, MIB))


def regular(path: str, data: bytes) -> File:
    return FileEntry(path=path, oid=blob_id(data), size=len(data)), data


def large(path: str, data: bytes) -> File:
    oid = blob_id(pointer(data))
    return FileEntry(path=path, oid=oid, size=len(data), lfs=sha256(data)), data


def missing(path: str) -> File:
    return FileEntry(path=path, error="EntryNotFound"), b""


def too_large(path: str, oid: str, size: int, lfs: str | None = None) -> File:
    return FileEntry(path=path, oid=oid, size=size, lfs=lfs, error="TooLarge"), b""


# What is sent


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
def test_download_files_is_a_line_and_the_bytes_of_each_path_in_the_order_asked(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = library(hub, alice, type)
    answer = ask(repo, "w/b.bin", "nope", "sub/a.txt", "sub", "empty.txt", "sub/a.txt")
    lines = {
        "a": {"path": "sub/a.txt", "oid": blob_id(TEXT), "size": 5},
        "b": {
            "path": "w/b.bin",
            "oid": blob_id(pointer(WEIGHTS)),
            "size": len(WEIGHTS),
            "lfs": sha256(WEIGHTS),
        },
        "empty": {"path": "empty.txt", "oid": blob_id(b""), "size": 0},
        "nope": {"path": "nope", "error": "EntryNotFound"},
        "sub": {"path": "sub", "error": "EntryNotFound"},
    }
    text = {name: json.dumps(line, separators=(",", ":")) + "\n" for name, line in lines.items()}
    order = ("b", "nope", "a", "sub", "empty", "a")
    data = {"a": TEXT, "b": WEIGHTS}
    assert answer.content == b"".join(text[n].encode() + data.get(n, b"") for n in order)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.freehold.files"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["x-repo-commit"] == repo.head()


def test_download_files_takes_every_name_of_a_revision(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.commit(file("a.txt", "1"))
    repo.post("/branch/dev%2Fx", {"startingPoint": first})
    put_ref(repo, "refs/pr/1", first)
    second = repo.commit(file("a.txt", "2"))
    for revision in (first, first[:8], "dev%2Fx", "refs/pr/1", "refs%2Fpr%2F1"):
        answer = ask(repo, "a.txt", revision=revision)
        assert answer.headers["x-repo-commit"] == first
        assert answer.content.endswith(b"\n1"), revision
    assert ask(repo, "a.txt").headers["x-repo-commit"] == second


def test_download_files_finds_what_resolve_finds(hub: LiveHub, alice: Account) -> None:
    names = ("a b#c?.txt", "ü/größe.txt", 'say "hi".txt', "100%25.txt", "deep/er/and/er.txt")
    repo = new_repo(hub, alice, *(file(name, name) for name in names))
    assert download(repo, *names) == [regular(name, name.encode()) for name in names]
    odd = ("", "/", ".", "..", "deep/", "/deep", "deep//er", "deep/er/and/er.txt/x", "\0", "a\nb")
    odd += ("../" * 50 + "etc/passwd", "100%2525.txt", "x" * 4096)
    assert download(repo, *odd) == [missing(path) for path in odd]


def test_a_download_of_many_files_is_complete(hub: LiveHub, alice: Account) -> None:
    contents = {f"many/{n % 7}/{n:04}.txt": f"{n} ".encode() * (n % 300) for n in range(1000)}
    repo = new_repo(hub, alice, *(file(path, data) for path, data in contents.items()))
    assert download(repo, *contents) == [regular(*item) for item in contents.items()]


def test_a_download_leaves_files_over_a_mebibyte_to_resolve(hub: LiveHub, alice: Account) -> None:
    exact, over = b"x" * MIB, b"x" * (MIB + 1)
    repo = new_repo(hub, alice, file("exact.txt", exact), file("over.txt", over))
    repo.commit_lfs("exact.bin", exact)
    repo.commit_lfs("over.bin", over)
    assert download(repo, "over.bin", "exact.bin", "over.txt", "exact.txt") == [
        too_large("over.bin", blob_id(pointer(over)), len(over), sha256(over)),
        large("exact.bin", exact),
        too_large("over.txt", blob_id(over), len(over)),
        regular("exact.txt", exact),
    ]
    assert repo.resolve("over.txt").content == over


def test_a_download_stops_at_64_mebibytes_in_all(hub: LiveHub, alice: Account) -> None:
    """What no longer fits is said to be too large; what still fits is sent all the same."""
    most, some, rest = b"m" * MIB, b"s" * (MIB - 10), b"r" * 10
    contents = {"most": most, "some": some, "rest": rest, "eleven": b"e" * 11, "empty": b""}
    repo = new_repo(hub, alice, *(file(path, data) for path, data in contents.items()))
    asked = [*["most"] * 63, "some", "eleven", "rest", "rest", "empty"]
    *first, eleven, fitting, second, empty = download(repo, *asked)
    assert [data for _, data in first] == [*[most] * 63, some]
    assert eleven == too_large("eleven", blob_id(b"e" * 11), 11)
    assert fitting == regular("rest", rest)
    assert second == too_large("rest", blob_id(rest), 10)
    assert empty == regular("empty", b"")


def test_a_download_from_a_bucket_has_the_large_files(fresh_hub: NewHub, bucket_url: str) -> None:
    url = bucket_url.format(prefix=uuid4().hex)
    hub = fresh_hub(object_store=url, environ=CREDENTIALS)
    repo = library(hub, hub.user())
    assert download(repo, "sub/a.txt", "w/b.bin") == [
        regular("sub/a.txt", TEXT),
        large("w/b.bin", WEIGHTS),
    ]


# What is refused


def test_download_files_has_a_limit(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert download(repo, *["x"] * 1000) == [missing("x")] * 1000
    assert_error(ask(repo, *["x"] * 1001), 413, "A download has at most 1000 paths.")
    assert_error(ask(repo), 400, "A download has at least one path.")
    long = ask(repo, "ok", "ü" * 2049)
    assert long.status_code == 400
    assert "it has up to 4096 bytes" in long.json()["error"]


@pytest.mark.parametrize(
    "body", (b"", b"[]", b"{}", b'{"paths":"a"}', b'{"paths":[1]}', b'{"paths":["\xff"]}')
)
def test_download_files_refuses_a_malformed_body(hub: LiveHub, alice: Account, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = new_repo(hub, alice).post("/download/main", content=body, headers=headers)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_download_files_at_an_unknown_revision_is_404(hub: LiveHub, alice: Account) -> None:
    answer = ask(new_repo(hub, alice), "a.txt", revision="nope")
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")


def test_download_files_refuses_whom_resolve_refuses(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repos = [library(hub, alice) for _ in range(3)]
    repos[1].put("/settings", {"private": True})
    repos[2].put("/settings", {"gated": "manual"})
    repos.append(Repo(hub, alice, f"{alice.name}/{fresh_name('repo')}"))
    tokens = (None, "hf_" + "x" * 34, bob.token, hub.token(alice, "read"), alice.token)

    def outcome(answer: httpx2.Response) -> tuple[Any, ...]:
        names = ("x-error-code", "x-error-message", "x-repo-commit", "www-authenticate")
        return answer.status_code, *(answer.headers.get(name) for name in names)

    seen = set()
    for repo in repos:
        for token in tokens:
            one = hub.call("GET", f"{repo.page}/resolve/main/sub/a.txt", token=token)
            body = {"paths": ["sub/a.txt"]}
            many = hub.call("POST", f"{repo.api}/download/main", token=token, json=body)
            assert outcome(many) == outcome(one)
            assert (TEXT in many.content) == (one.content == TEXT)
            seen.add(many.status_code)
    assert seen == {200, 401, 403, 404}


def test_download_files_of_a_repository_that_moved_is_a_redirect_that_keeps_the_body(
    hub: LiveHub, alice: Account
) -> None:
    repo = library(hub, alice)
    new_name = f"{alice.name}/{fresh_name('moved')}"
    body = {"fromRepo": repo.full_name, "toRepo": new_name, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
    answer = ask(repo, "sub/a.txt")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/api/models/{new_name}/download/main"


# A hash is not a permission


def test_a_download_takes_a_pointer_to_the_bytes_of_others_for_a_text(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    secret = fresh_name("secret").encode() * 50
    theirs = new_repo(hub, bob)
    theirs.commit_lfs("s.bin", secret)
    theirs.put("/settings", {"private": True})
    wrong_size = pointer(WEIGHTS).replace(b"size 5120", b"size 5119")
    mine = library(hub, alice)
    mine.commit(file("s.bin", pointer(secret)), file("b.bin", wrong_size))
    assert download(mine, "s.bin", "b.bin", "w/b.bin") == [
        regular("s.bin", pointer(secret)),
        regular("b.bin", wrong_size),
        large("w/b.bin", WEIGHTS),
    ]
    assert download(theirs, "s.bin") == [large("s.bin", secret)]


# When something breaks


def test_a_download_whose_bytes_are_gone_is_never_taken_for_a_whole_one(
    fresh_hub: NewHub,
) -> None:
    hub = fresh_hub()
    repo = new_repo(hub, hub.user(), file("a.txt", b"a" * 1000), file("c.txt", b"c" * 1000))
    lost = b"lost" * 1000
    repo.commit_lfs("b.bin", lost)
    hub.inside.objects.delete(lfs_key(sha256(lost)))
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(repo, "a.txt", "b.bin", "c.txt")
    assert download(repo, "a.txt", "c.txt")[0] == regular("a.txt", b"a" * 1000)


def test_a_download_that_nobody_reads_keeps_no_one_waiting(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", b"a" * MIB))
    body = json.dumps({"paths": ["a.txt"] * 64}).encode()
    request = (
        f"POST {repo.api}/download/main HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {alice.token}\r\n\r\n"
    )
    address = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    # More than there are threads.
    connections = [socket.create_connection(address, timeout=60) for _ in range(20)]
    try:
        for connection in connections:
            connection.sendall(request.encode() + body)
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 200"
        assert hub.call("GET", "/health").status_code == 200
        assert download(repo, "a.txt") == [regular("a.txt", b"a" * MIB)]
    finally:
        for connection in connections:
            connection.close()


def test_a_download_that_was_cut_is_read_as_far_as_it_came(hub: LiveHub, alice: Account) -> None:
    content = ask(library(hub, alice), "sub/a.txt", "w/b.bin").content
    reader = FileStreamReader(["sub/a.txt", "w/b.bin"], MIB)
    assert list(reader.feed(content[:-1])) == [regular("sub/a.txt", TEXT)]
    with pytest.raises(FileStreamError, match="ended early: 1 files are missing"):
        reader.close()


def test_a_download_holds_one_commit_while_the_branch_moves(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", b"a" * MIB), file("z.txt", "old"))
    old = repo.head()
    paths = [*["a.txt"] * 60, "z.txt"]
    request = hub_stream(repo, paths)
    with request as answer:
        reader = FileStreamReader(paths, MIB)
        chunks = answer.iter_raw(MIB)
        found = list(reader.feed(next(chunks)))
        repo.commit(file("z.txt", "new"), lfs_file("a.txt", repo.upload(WEIGHTS), len(WEIGHTS)))
        for chunk in chunks:
            found += reader.feed(chunk)
        reader.close()
    assert answer.headers["x-repo-commit"] == old != repo.head()
    assert [data for _, data in found] == [*[b"a" * MIB] * 60, b"old"]


def hub_stream(repo: Repo, paths: list[str]) -> Any:
    return httpx2.stream(
        "POST",
        f"{repo.hub.url}{repo.api}/download/main",
        json={"paths": paths},
        headers={"authorization": f"Bearer {repo.account.token}"},
        trust_env=False,
        timeout=60,
    )
