"""File contents: every header that clients read, ranges, conditions and the git blobs behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import Account, LiveHub
from tests.repos import (
    Repo,
    assert_error,
    blob_id,
    deleted,
    file,
    new_repo,
    pointer,
    sha256,
)

TEXT = b"hello"
WEIGHTS = bytes(range(256)) * 20


def library(hub: LiveHub, account: Account, type: str = "model") -> Repo:
    """A repository with a small, an empty and a large file."""
    repo = new_repo(hub, account, file("sub/a.txt", TEXT), file("empty.txt", b""), type=type)
    repo.commit_lfs("w/b.bin", WEIGHTS)
    return repo


def ranged(repo: Repo, path: str, value: str, method: str = "GET") -> Any:
    return repo.resolve(path, method=method, headers={"range": value})


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
def test_resolve_sends_a_small_file_with_its_git_id(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = library(hub, alice, type)
    answer = repo.resolve("sub/a.txt")
    assert (answer.status_code, answer.content) == (200, TEXT)
    assert answer.headers["etag"] == f'"{blob_id(TEXT)}"'
    assert answer.headers["x-repo-commit"] == repo.head()
    assert answer.headers["content-length"] == "5"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"] == (
        "inline; filename*=UTF-8''a.txt; filename=\"a.txt\";"
    )
    for absent in ("x-linked-etag", "x-linked-size", "content-encoding", "location", "x-xet-hash"):
        assert absent not in answer.headers


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
def test_resolve_sends_a_large_file_with_its_sha256(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = library(hub, alice, type)
    answer = repo.resolve("w/b.bin")
    assert (answer.status_code, answer.content) == (200, WEIGHTS)
    etag = f'"{sha256(WEIGHTS)}"'
    assert answer.headers["etag"] == answer.headers["x-linked-etag"] == etag
    size = str(len(WEIGHTS))
    assert answer.headers["content-length"] == answer.headers["x-linked-size"] == size
    assert answer.headers["x-repo-commit"] == repo.head()
    assert answer.headers["accept-ranges"] == "bytes"


def test_resolve_answers_head_as_get_without_the_bytes(hub: LiveHub, alice: Account) -> None:
    repo = library(hub, alice)
    for path in ("sub/a.txt", "w/b.bin", "empty.txt"):
        get = repo.resolve(path, headers={"accept-encoding": "identity"})
        head = repo.resolve(path, method="HEAD", headers={"accept-encoding": "identity"})
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "x-repo-commit", "content-length", "accept-ranges", "content-type"):
            assert head.headers[name] == get.headers[name], name
        assert head.headers.get("x-linked-size") == get.headers.get("x-linked-size")


def test_resolve_never_compresses(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("long.txt", b"a" * 100_000))
    answer = repo.resolve("long.txt", headers={"accept-encoding": "gzip, br, zstd"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == "100000"


def test_resolve_takes_every_name_of_a_revision(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.commit(file("a.txt", "1"))
    repo.post("/branch/dev%2Fx", {"startingPoint": first})
    repo.post("/tag/main", {"tag": "v1", "message": "m"})
    repo.commit(file("a.txt", "2"))
    for revision in (first, first[:8], "dev%2Fx", "v1", "refs%2Ftags%2Fv1"):
        answer = repo.resolve("a.txt", revision)
        assert (answer.text, answer.headers["x-repo-commit"]) == ("1", first), revision
    for revision in ("main", "HEAD", "refs%2Fheads%2Fmain"):
        assert repo.resolve("a.txt", revision).text == "2"


def test_an_old_revision_is_served_with_its_own_etag(hub: LiveHub, alice: Account) -> None:
    """Also after the path was replaced, became a large file, and was deleted elsewhere."""
    repo = new_repo(hub, alice)
    small = repo.commit(file("a.bin", "small"))
    repo.post("/branch/dev", {"startingPoint": small})
    large = repo.commit_lfs("a.bin", WEIGHTS)
    repo.commit(deleted("deletedFile", "a.bin"), revision="dev")
    gone = repo.commit(deleted("deletedFile", "a.bin"))
    for revision, etag in ((small, blob_id(b"small")), (large, sha256(WEIGHTS))):
        answer = repo.resolve("a.bin", revision, method="HEAD")
        assert answer.headers["etag"] == f'"{etag}"'
        assert answer.headers["x-repo-commit"] == revision
    for revision in ("main", "dev", gone):
        assert repo.resolve("a.bin", revision).status_code == 404


def test_a_deletion_on_one_branch_leaves_the_file_of_the_other(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", TEXT))
    repo.post("/branch/dev", {})
    repo.commit(deleted("deletedFile", "a.txt"), revision="dev")
    assert repo.resolve("a.txt").headers["etag"] == f'"{blob_id(TEXT)}"'


# Names


@pytest.mark.parametrize(
    ("path", "escaped", "shown", "plain"),
    (
        ("a b#c?.txt", "a%20b%23c%3F.txt", "a%20b%23c%3F.txt", "a b#c?.txt"),
        ("ü/größe.txt", "%C3%BC/gr%C3%B6%C3%9Fe.txt", "gr%C3%B6%C3%9Fe.txt", "gr__e.txt"),
        ('say "hi".txt', "say%20%22hi%22.txt", "say%20%22hi%22.txt", "say _hi_.txt"),
        ("100%25.txt", "100%2525.txt", "100%2525.txt", "100%25.txt"),
        ("a+b&c=d.txt", "a+b&c=d.txt", "a%2Bb%26c%3Dd.txt", "a+b&c=d.txt"),
        ("x/y.txt", "x%2Fy.txt", "y.txt", "y.txt"),
    ),
)
def test_resolve_decodes_names_and_gives_them_to_browsers(
    hub: LiveHub, alice: Account, path: str, escaped: str, shown: str, plain: str
) -> None:
    repo = new_repo(hub, alice, file(path, path))
    answer = repo.resolve(escaped)
    assert (answer.status_code, answer.text) == (200, path)
    disposition = f"filename*=UTF-8''{shown}; filename=\"{plain}\";"
    assert answer.headers["content-disposition"] == f"inline; {disposition}"
    download = repo.resolve(f"{escaped}?download=true")
    assert download.headers["content-disposition"] == f"attachment; {disposition}"


def test_resolve_ignores_unknown_parameters(hub: LiveHub, alice: Account) -> None:
    answer = library(hub, alice).resolve("sub/a.txt?noContentDisposition=1&junk")
    assert answer.content == TEXT


def test_a_file_of_a_stranger_cannot_run_as_a_page(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("x.html", "<script>alert(1)</script>"))
    repo.commit_lfs("large.html", b"<script>alert(2)</script>")
    for path in ("x.html", "large.html"):
        answer = repo.resolve(path)
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert repo.resolve("x.html").headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("name", "type"), [("x.svg", "image/svg+xml"), ("x.png", "image/png"), ("x.mp3", "audio/mpeg")]
)
def test_small_files_that_pages_show_have_their_type(
    hub: LiveHub, alice: Account, name: str, type: str
) -> None:
    answer = new_repo(hub, alice, file(name, "<svg/>")).resolve(name)
    assert answer.headers["content-type"] == type
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


# Ranges


@pytest.mark.parametrize("path", ("sub/a.txt", "w/b.bin"))
def test_resolve_sends_the_part_that_was_asked_for(hub: LiveHub, alice: Account, path: str) -> None:
    repo = library(hub, alice)
    whole = TEXT if path == "sub/a.txt" else WEIGHTS
    size = len(whole)
    for value, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=1-4", 1, 5),
        ("bytes=2-", 2, size),
        ("bytes=-2", size - 2, size),
        (f"bytes=-{size + 10}", 0, size),
        (f"bytes=1-{size + 100}", 1, size),
        (f"bytes={size - 1}-", size - 1, size),
    ):
        for method in ("GET", "HEAD"):
            answer = ranged(repo, path, value, method)
            assert answer.status_code == 206, value
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
            assert answer.headers["content-length"] == str(end - start)
            assert answer.content == (whole[start:end] if method == "GET" else b"")
            assert answer.headers["x-repo-commit"] == repo.head()
            assert "etag" in answer.headers


@pytest.mark.parametrize("path", ("sub/a.txt", "w/b.bin"))
def test_resolve_answers_416_with_the_size_beyond_the_end(
    hub: LiveHub, alice: Account, path: str
) -> None:
    repo = library(hub, alice)
    size = 5 if path == "sub/a.txt" else len(WEIGHTS)
    for value in (f"bytes={size}-", f"bytes={size}-{size + 5}", "bytes=999999-", "bytes=-0"):
        answer = ranged(repo, path, value)
        assert_error(answer, 416, "Range not satisfiable")
        assert answer.headers["content-range"] == f"bytes */{size}"


def test_resolve_ignores_a_range_that_is_none(hub: LiveHub, alice: Account) -> None:
    repo = library(hub, alice)
    for value in (
        "bytes=3-1",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "items=0-1",
        "0-1",
        "bytes=1--2",
        f"bytes={'9' * 50}-",
    ):
        answer = ranged(repo, "sub/a.txt", value)
        assert (answer.status_code, answer.content) == (200, TEXT), value


def test_resolve_of_an_empty_file_answers_any_range_with_its_size(
    hub: LiveHub, alice: Account
) -> None:
    repo = library(hub, alice)
    plain = repo.resolve("empty.txt")
    assert (plain.status_code, plain.content) == (200, b"")
    assert plain.headers["content-length"] == "0"
    for value in ("bytes=0-0", "bytes=0-", "bytes=-1"):
        answer = ranged(repo, "empty.txt", value)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-range"] == "bytes */0"
        assert answer.headers["etag"] == f'"{blob_id(b"")}"'


def test_a_download_can_be_resumed_to_the_same_bytes(hub: LiveHub, alice: Account) -> None:
    data = bytes(range(256)) * 20_000
    repo = new_repo(hub, alice)
    repo.commit_lfs("w.bin", data)
    cut = 2_345_678
    first = ranged(repo, "w.bin", f"bytes=0-{cut - 1}").content
    rest = ranged(repo, "w.bin", f"bytes={cut}-").content
    assert first + rest == data


# Conditions


def test_resolve_answers_304_to_those_who_have_the_file(hub: LiveHub, alice: Account) -> None:
    repo = library(hub, alice)
    for path, etag in (("sub/a.txt", blob_id(TEXT)), ("w/b.bin", sha256(WEIGHTS))):
        for value in (f'"{etag}"', f'W/"{etag}"', f'"other", "{etag}"', "*"):
            answer = repo.resolve(path, headers={"if-none-match": value})
            assert (answer.status_code, answer.content) == (304, b""), value
            assert answer.headers["etag"] == f'"{etag}"'
            assert answer.headers["x-repo-commit"] == repo.head()
        fresh = repo.resolve(path, headers={"if-none-match": '"other"'})
        assert fresh.status_code == 200


# What is not there


def test_resolve_of_a_missing_file_names_the_commit(hub: LiveHub, alice: Account) -> None:
    repo = library(hub, alice)
    for path in ("nope", "sub", "sub/", "w/b.bin/below", "sub/A.txt", "", "sub//a.txt"):
        for method in ("GET", "HEAD"):
            answer = repo.resolve(path, method=method)
            assert_error(answer, 404, "Entry not found", "EntryNotFound")
            assert answer.headers["x-repo-commit"] == repo.head()
            assert answer.headers["content-type"].startswith("text/plain")


def test_resolve_of_an_unknown_revision(hub: LiveHub, alice: Account) -> None:
    repo = library(hub, alice)
    for revision, shown in (
        ("zzz", "zzz"),
        ("refs/pr/1", "refs/pr/1"),
        ("refs%2Fpr%2F1", "refs/pr/1"),
        ("0" * 40, "0" * 40),
        (sha256(WEIGHTS), sha256(WEIGHTS)),
        (blob_id(TEXT), blob_id(TEXT)),
    ):
        for method in ("GET", "HEAD"):
            answer = repo.resolve("sub/a.txt", revision, method=method)
            assert_error(answer, 404, f"Invalid rev id: {shown}", "RevisionNotFound")


def test_resolve_of_an_unknown_repository(hub: LiveHub, alice: Account) -> None:
    for method in ("GET", "HEAD"):
        missing = hub.call(method, f"/{alice.name}/no/resolve/main/x", token=alice.token)
        assert_error(missing, 404, "Repository not found", "RepoNotFound")
        stranger = hub.call(method, f"/{alice.name}/no/resolve/main/x")
        assert_error(stranger, 401, "Invalid username or password.", "RepoNotFound")
        assert stranger.headers["www-authenticate"].startswith("Bearer ")


def test_resolve_of_a_gated_repository_has_the_words_that_clients_show(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = library(hub, alice)
    repo.put("/settings", {"gated": "auto"})
    path = f"{repo.page}/resolve/main/sub/a.txt"
    anonymous = hub.call("HEAD", path)
    assert (anonymous.status_code, anonymous.headers["x-error-code"]) == (401, "GatedRepo")
    stranger = hub.call("HEAD", path, token=bob.token)
    assert (stranger.status_code, stranger.headers["x-error-code"]) == (403, "GatedRepo")
    assert stranger.headers["x-error-message"].startswith(
        f"Access to model {repo.full_name} is restricted and you are not in the authorized list."
    )
    assert "x-repo-commit" not in stranger.headers
    assert repo.resolve("sub/a.txt").content == TEXT


def test_a_pointer_to_an_object_of_nobody_is_only_a_text(hub: LiveHub, alice: Account) -> None:
    text = pointer(b"never sent")
    repo = new_repo(hub, alice, file("fake.txt", text))
    answer = repo.resolve("fake.txt")
    assert (answer.status_code, answer.content) == (200, text)
    assert answer.headers["etag"] == f'"{blob_id(text)}"'


# Git blobs


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
def test_raw_sends_the_git_blob_even_of_a_large_file(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = library(hub, alice, type)
    for path, data in (("sub/a.txt", TEXT), ("w/b.bin", pointer(WEIGHTS)), ("empty.txt", b"")):
        answer = repo.raw(path)
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["etag"] == f'"{blob_id(data)}"'
        assert answer.headers["x-repo-commit"] == repo.head()
        assert "x-linked-etag" not in answer.headers
        head = repo.raw(path, method="HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(data))


def test_raw_tells_with_head_whether_a_file_is_there(hub: LiveHub, alice: Account) -> None:
    repo = library(hub, alice)
    for path in ("nope", "sub"):
        answer = repo.raw(path, method="HEAD")
        assert_error(answer, 404, "Entry not found", "EntryNotFound")
        assert answer.headers["x-repo-commit"] == repo.head()
