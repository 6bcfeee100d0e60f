"""Bad input gets a clear error, and changes nothing."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.commits import (
    Operation,
    Remote,
    assert_refused,
    create_remote,
    deletion,
    file,
    header,
    lfs_file,
    sha256,
    to_lines,
)
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub, fresh_name


@pytest.fixture
def remote(hub: LiveHub, alice: Account) -> Remote:
    return create_remote(hub, alice)


@pytest.fixture(scope="module")
def kept() -> dict[str, Remote]:
    """One repository for each hub, which no test may change."""
    return {}


@pytest.fixture
def unchanged(hub: LiveHub, kept: dict[str, Remote]) -> Iterator[Remote]:
    """A repository with some files, which must be the same after the test."""
    if hub.url not in kept:
        kept[hub.url] = create_remote(hub, hub.user())
        kept[hub.url].commit(file("a/file.txt", b"one"), file("top.txt", b"two"))
    before = kept[hub.url].state()
    yield kept[hub.url]
    after = kept[hub.url].state()
    if after != before:
        del kept[hub.url]
    assert after == before


# Broken commit bodies

GOOD = [
    header("Add é and more", description="why\n\nnot"),
    file("new.txt", b"new"),
    deletion("deletedFile", "a/old.txt"),
    file("b/ü.bin", bytes(range(9))),
]


def test_a_commit_cut_anywhere_but_at_a_line_end_is_refused(unchanged: Remote) -> None:
    body = to_lines(GOOD)
    for cut in range(len(body)):
        if not is_line_end(body, cut):
            assert_refused(unchanged.send_commit(body[:cut]), 400)


def is_line_end(body: bytes, cut: int) -> bool:
    """Whether a cut leaves whole lines; the newline after the last one is not needed."""
    return cut > 0 and (body[cut - 1 : cut] == b"\n" or body[cut : cut + 1] == b"\n")


def test_a_commit_cut_at_a_line_end_does_exactly_its_complete_lines(remote: Remote) -> None:
    start = remote.commit(file("a/old.txt", b"old"), file("keep.txt", b"keep"))
    body = to_lines(GOOD)
    kept = {".gitattributes", "keep.txt"}
    expected = [
        kept | {"a/old.txt"},
        kept | {"a/old.txt", "new.txt"},
        kept | {"new.txt"},
        kept | {"new.txt", "b/ü.bin"},
    ]
    ends = [cut for cut in range(1, len(body) + 1) if body[cut - 1 : cut] == b"\n"]
    for number, (end, files) in enumerate(zip(ends, expected, strict=True)):
        for cut in (end, end - 1):
            branch = f"cut-{number}-{cut}"
            remote.call("POST", f"/branch/{branch}", json={"startingPoint": start})
            assert remote.send_commit(body[:cut], branch).status_code == 200
            assert remote.tree(branch).keys() == files


def test_a_body_shorter_than_its_declared_length_changes_nothing(unchanged: Remote) -> None:
    body = to_lines(GOOD[:2])
    for cut in range(len(body)):
        send_part_of_a_commit(unchanged, body, cut)


def send_part_of_a_commit(remote: Remote, body: bytes, cut: int) -> None:
    """Send the first bytes of a commit, hang up, and wait until the hub has noticed."""
    parts = urlsplit(remote.hub.url)
    head = (
        f"POST /api/models/{remote.name}/commit/main HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        f"authorization: Bearer {remote.owner.token}\r\ncontent-type: application/x-ndjson\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(head.encode() + body[:cut])
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in connection.recv(100)


def raw(key: str, value: Any) -> Operation:
    return {"key": key, "value": value}


BROKEN_LINES: dict[str, list[Any]] = {
    "no header": [file("x.txt", b"x")],
    "header not first": [file("x.txt", b"x"), header()],
    "header twice": [header(), file("x.txt", b"x"), header()],
    "unknown operation": [header(), raw("renamedFile", {"path": "x", "content": ""})],
    "operation in another case": [header(), raw("File", {"path": "x", "content": ""})],
    "empty summary": [header(""), file("x.txt", b"x")],
    "blank summary": [header(" \n\t"), file("x.txt", b"x")],
    "summary with NUL": [header("a\0b"), file("x.txt", b"x")],
    "description with NUL": [header("a", description="a\0b"), file("x.txt", b"x")],
    "no summary": [raw("header", {"description": "x"}), file("x.txt", b"x")],
    "summary is a number": [raw("header", {"summary": 7}), file("x.txt", b"x")],
    "header is a list": [raw("header", ["x"]), file("x.txt", b"x")],
    "header is null": [raw("header", None), file("x.txt", b"x")],
    "parent is a number": [raw("header", {"summary": "x", "parentCommit": 7})],
    "line is a list": [header(), ["file", {}]],
    "line is a number": [header(), 7],
    "line is null": [header(), None],
    "line without value": [header(), {"key": "file"}],
    "line without key": [header(), {"value": {}}],
    "path is missing": [header(), raw("file", {"content": ""})],
    "path is a list": [header(), raw("file", {"path": ["x"], "content": ""})],
    "content is missing": [header(), raw("file", {"path": "x"})],
    "content is null": [header(), raw("file", {"path": "x", "content": None})],
    "unknown encoding": [
        header(),
        raw("file", {"path": "x", "content": "", "encoding": "latin-1"}),
    ],
    "unknown algorithm": [header(), lfs_file("x", b"x", algo="md5")],
    "oid in capitals": [header(), lfs_file("x", b"x", oid=sha256(b"x").upper())],
    "oid too short": [header(), lfs_file("x", b"x", oid="ab12")],
    "oid is a number": [header(), lfs_file("x", b"x", oid=12)],
    "negative size": [header(), lfs_file("x", b"x", size=-1)],
    "size is a text": [header(), lfs_file("x", b"x", size="1")],
    "size is a fraction": [header(), lfs_file("x", b"x", size=1.5)],
    "attributes in LFS": [header(), lfs_file(".gitattributes", b"x")],
    "card in LFS": [header(), lfs_file("README.md", b"x")],
    "a card that is no YAML": [header(), file("README.md", b"---\na: [\n---\n")],
}


@pytest.mark.parametrize("name", BROKEN_LINES)
def test_a_broken_operation_refuses_the_whole_commit(unchanged: Remote, name: str) -> None:
    lines = BROKEN_LINES[name]
    assert_refused(unchanged.send_commit(to_lines(lines)), 400)
    if name != "no header":
        assert_refused(unchanged.send_commit(to_lines([header(), file("y", b""), *lines])), 400)


NOT_BASE64 = ["YQ", "YQ=", "Y Q=", "YQ==YQ==", "YQ==\n", "é", "-_==", "=", "data:,YQ=="]


@pytest.mark.parametrize("content", NOT_BASE64)
def test_content_that_is_not_base64_is_refused(unchanged: Remote, content: str) -> None:
    operation = raw("file", {"path": "x.txt", "content": content, "encoding": "base64"})
    answer = unchanged.send_commit(to_lines([header(), file("y.txt", b"y"), operation]))
    assert_refused(answer, 400, "is not base64")


BROKEN_BYTES = {
    "nothing": b"",
    "blank lines": b"\n\r\n  \n",
    "invalid UTF-8": to_lines([header()])[:-3] + b"\xff\xfe\n",
    "invalid UTF-8 in a path": to_lines([header()])
    + b'{"key":"file","value":{"path":"\xc3","content":""}}',
    "invalid UTF-8 in a content": to_lines([header()])
    + b'{"key":"file","value":{"path":"x","content":"\xc3\x28","encoding":"utf-8"}}',
    "UTF-16": json.dumps(header()).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + to_lines([header()]),
    "lone surrogate in the summary": b'{"key":"header","value":{"summary":"\\ud800 x"}}',
    "lone surrogate in a path": to_lines([header()])
    + b'{"key":"file","value":{"path":"a\\udc00b","content":""}}',
    "lone surrogate in a content": to_lines([header()])
    + b'{"key":"file","value":{"path":"a","content":"\\ud800 a","encoding":"utf-8"}}',
    "two objects in a line": to_lines([header()]).strip() + to_lines([file("x", b"")]),
    "carriage returns alone": to_lines([header(), file("x", b"")]).replace(b"\n", b"\r"),
    "nested arrays": b'{"key":"header","value":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested objects": b'{"key":"header","value":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "nested lines": b"[" * 1_000_000,
    "NaN": to_lines([header()]) + b'{"key":"lfsFile","value":{"path":"x","oid":"","size":NaN}}',
    "a form": b"key=header&value=x",
    "random": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", BROKEN_BYTES)
def test_bytes_that_are_no_commit_are_refused(unchanged: Remote, name: str) -> None:
    assert_refused(unchanged.send_commit(BROKEN_BYTES[name]), 400)


def test_the_json_form_of_a_commit_is_checked_as_the_lines_are(unchanged: Remote) -> None:
    bodies: list[Any] = [
        {},
        [],
        7,
        {"summary": ""},
        {"summary": "x", "files": {}},
        {"summary": "x", "files": [{"path": "../x", "content": ""}]},
        {"summary": "x", "files": [{"path": "x", "content": "?"}]},
        {"summary": "x", "lfsFiles": [{"path": "x", "oid": "0"}]},
        {"summary": "x", "deletedFolders": [{"path": "/"}]},
    ]
    for body in bodies:
        content = json.dumps(body).encode()
        assert_refused(unchanged.send_commit(content, content_type="application/json"), 400)
    good = json.dumps({"summary": "x", "files": [{"path": "x", "content": ""}]}).encode()
    for cut in range(len(good)):
        answer = unchanged.send_commit(good[:cut], content_type="application/json; charset=utf-8")
        assert_refused(answer, 400)


def test_lines_sent_as_json_and_json_sent_as_lines_are_refused(unchanged: Remote) -> None:
    lines = to_lines([header(), file("x", b"")])
    assert_refused(unchanged.send_commit(lines, content_type="application/json"), 400)
    body = json.dumps({"summary": "x", "files": [{"path": "x", "content": ""}]}).encode()
    assert_refused(unchanged.send_commit(body), 400)


# Paths

BAD_PATHS = [
    "",
    ".",
    "..",
    "../x",
    "a/../x",
    "a/..",
    "./x",
    "a/./x",
    "/x",
    "//x",
    "a//x",
    ".git",
    ".GIT/config",
    "a/.Git/x",
    ".git.",
    ".git. . ",
    ".git ",
    ".git::$INDEX_ALLOCATION",
    "git~1",
    "GIT~1/x",
    ".g\u200cit",
    "a\0b",
    "a\nb",
    "a\rb",
    "\x1b[31m",
    "a\x7fb",
    "a\x85b",
    "a\\b",
    "..\\x",
    "C:\\x",
    "x" * 256,
    "ü" * 128,
    "/".join(["x" * 200] * 21),
]


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: ascii(path)[:30])
def test_a_bad_path_is_refused_in_every_operation(unchanged: Remote, path: str) -> None:
    operations = [
        file(path, b"x"),
        lfs_file(path, b"x"),
        deletion("deletedFile", path),
        deletion("deletedFolder", path),
        deletion("deletedEntry", path),
    ]
    if path:
        operations.append(raw("file", {"path": "ok.txt", "content": "", "oldPath": path}))
        operations.append(lfs_file("ok.txt", b"x", oldPath=path))
    for operation in operations:
        answer = unchanged.send_commit(to_lines([header(), file("ok", b"ok"), operation]))
        assert_refused(answer, 400, "Invalid path")
    body = {"name": fresh_name("repo"), "files": [{"path": path, "content": ""}]}
    hub, token = unchanged.hub, unchanged.owner.token
    assert_refused(hub.call("POST", "/api/repos/create", token=token, json=body), 400)
    missing = hub.call("GET", f"/api/models/{unchanged.owner.name}/{body['name']}", token=token)
    assert missing.status_code == 404


COLLISIONS: dict[str, list[Operation]] = {
    "a file over a folder": [file("a", b"x")],
    "a folder over a file": [file("top.txt/x", b"x")],
    "a folder deep over a file": [file("a/file.txt/b/c", b"x")],
    "a file and then a folder": [file("new", b"x"), file("new/x", b"x")],
    "a folder and then a file": [file("new/x", b"x"), file("new", b"x")],
    "a file and a folder deep": [file("n/m/o", b"x"), file("n/m", b"x")],
    "a file in another case": [file("TOP.txt", b"x")],
    "a folder in another case": [file("A/x", b"x")],
    "two files in two cases": [file("New", b"x"), file("nEW", b"x")],
    "a file and a folder in two cases": [file("new", b"x"), file("NEW/x", b"x")],
    "non-ASCII letters in two cases": [file("Ärger", b"x"), file("ärger", b"x")],
    "a deletion elsewhere": [deletion("deletedFile", "top.txt"), file("a", b"x")],
}


@pytest.mark.parametrize("name", COLLISIONS)
def test_paths_that_no_checkout_can_hold_are_refused(unchanged: Remote, name: str) -> None:
    answer = unchanged.send_commit(to_lines([header(), *COLLISIONS[name]]))
    assert_refused(answer, 400, "Path")


def test_a_path_may_change_its_case_or_kind_when_the_old_one_goes(remote: Remote) -> None:
    remote.commit(file("a/x", b"1"), file("b", b"2"), file("C/y", b"3"))
    remote.commit(
        deletion("deletedFolder", "a"),
        file("a", b"file now"),
        deletion("deletedFile", "b"),
        file("b/deep/x", b"folder now"),
        deletion("deletedFile", "C/y"),
        file("c/y", b"other case"),
    )
    assert remote.tree().keys() == {".gitattributes", "a", "b/deep/x", "c/y"}


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("deletedFile", "missing"),
        ("deletedFile", "a"),
        ("deletedFile", "a/file.txt/x"),
        ("deletedFolder", "missing"),
        ("deletedFolder", "top.txt"),
        ("deletedEntry", "a/missing"),
    ],
)
def test_deleting_what_is_not_there_is_an_unknown_entry(
    unchanged: Remote, key: str, path: str
) -> None:
    answer = unchanged.send_commit(to_lines([header(), file("x", b"x"), deletion(key, path)]))
    assert_refused(answer, 404, "A file with this name doesn't exist", "EntryNotFound")


def test_a_move_from_a_path_that_is_not_there_is_an_unknown_entry(unchanged: Remote) -> None:
    move = raw("file", {"path": "x", "content": "", "oldPath": "missing"})
    answer = unchanged.send_commit(to_lines([header(), move]))
    assert_refused(answer, 404, "A file with this name doesn't exist", "EntryNotFound")


def test_a_pointer_to_bytes_that_nobody_sent_is_refused(unchanged: Remote) -> None:
    operation = lfs_file("model.bin", b"never sent")
    answer = unchanged.send_commit(to_lines([header(), file("x", b"x"), operation]))
    assert_refused(answer, 400, "LFS pointer pointed to a file that does not exist")
    assert "Offending file: - model.bin" in answer.json()["error"]


def test_a_pointer_with_another_size_than_the_bytes_is_refused(remote: Remote) -> None:
    remote.upload(b"four")
    before = remote.state()
    answer = remote.send_commit(to_lines([header(), lfs_file("model.bin", b"four", size=5)]))
    assert_refused(answer, 400, "declared with 5 bytes and has 4")
    assert remote.state() == before


def test_a_pointer_to_bytes_in_the_private_repository_of_another_is_refused(
    unchanged: Remote, bob: Account
) -> None:
    name = fresh_name("secret")
    body = {"name": name, "private": True}
    unchanged.hub.call("POST", "/api/repos/create", token=bob.token, json=body).raise_for_status()
    secret = sha256(name.encode()).encode()
    Remote(unchanged.hub, bob, f"{bob.name}/{name}").upload(secret)
    answer = unchanged.send_commit(to_lines([header(), lfs_file("stolen.bin", secret)]))
    assert_refused(answer, 400, "LFS pointer pointed to a file that does not exist")


# Sizes


@pytest.mark.parametrize("backend", BACKENDS)
def test_bodies_over_the_limits_are_refused(fresh_hub: NewHub, backend: str) -> None:
    hub = fresh_hub(backend, commit_limit=3_000_000, inline_limit=1000)
    remote = create_remote(hub, hub.user())
    remote.commit(file("ok.txt", b"x" * 1000))
    before = remote.state()
    whole = to_lines([header(), *(file(f"{n}.txt", b"x" * 900) for n in range(3000))])
    for content in (to_lines([header(), file("x", b"x" * 1001)]), whole, b" " * 2_000_000):
        assert_refused(remote.send_commit(content), 413)
    assert_refused(remote.call("POST", "/commit/main", content=blocks_of(whole)), 413)  # type: ignore[arg-type]
    raw_file = f"/api/{remote.name}/upload/main/raw.bin"
    answer = hub.call("POST", raw_file, token=remote.owner.token, content=b"x" * 1001)
    assert_refused(answer, 413)
    assert remote.state() == before


def blocks_of(body: bytes) -> Iterator[bytes]:
    """The body in pieces, which are sent without a length."""
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


def test_one_giant_line_is_refused_without_being_read_whole(unchanged: Remote) -> None:
    answer = unchanged.send_commit(to_lines([header()]) + b"x" * (40 * 1024 * 1024))
    assert_refused(answer, 413, "A line of a commit has at most")


def test_a_json_body_over_the_limit_is_refused(unchanged: Remote) -> None:
    content = b'{"summary":"x","files":[{"path":"x","content":"' + b"A" * (65 * 1024 * 1024)
    assert_refused(unchanged.send_commit(content, content_type="application/json"), 413)
    big = {"name": "x" * (17 * 1024 * 1024)}
    token = unchanged.owner.token
    assert_refused(unchanged.hub.call("POST", "/api/repos/create", token=token, json=big), 413)


def test_ten_thousand_operations_in_one_commit_work_in_bounded_time(remote: Remote) -> None:
    files = {f"folder-{n % 100}/part-{n}.txt": b"%d" % n for n in range(10_000)}
    started = time.monotonic()
    remote.commit(*(file(path, data) for path, data in files.items()))
    assert remote.tree().keys() == files.keys() | {".gitattributes"}
    remote.commit(*(deletion("deletedFile", path) for path in files))
    assert time.monotonic() - started < 30
    assert remote.tree().keys() == {".gitattributes"}


def test_too_many_files_or_paths_in_one_question_are_refused(unchanged: Remote) -> None:
    files = [{"path": f"{n}", "size": 1} for n in range(1001)]
    assert_refused(unchanged.call("POST", "/preupload/main", json={"files": files}), 413)
    paths = [f"{n}" for n in range(2001)]
    answer = unchanged.call("POST", "/paths-info/main", json={"paths": paths})
    assert_refused(answer, 413, "too many parameters")
    form = "&".join(f"paths={n}" for n in range(2001)).encode()
    typed = {"content-type": "application/x-www-form-urlencoded"}
    answer = unchanged.call("POST", "/paths-info/main", content=form, headers=typed)
    assert_refused(answer, 413, "too many parameters")
    answer = unchanged.call("POST", "/paths-info/main", content=b"a=&" * 20_000, headers=typed)
    assert_refused(answer, 400)


def test_a_batch_of_too_many_objects_is_refused(unchanged: Remote) -> None:
    objects = [{"oid": sha256(b"%d" % n), "size": 1} for n in range(1001)]
    for operation in ("upload", "download"):
        body = {"operation": operation, "objects": objects}
        path = f"/{unchanged.name}.git/info/lfs/objects/batch"
        answer = unchanged.hub.call("POST", path, token=unchanged.owner.token, json=body)
        assert_refused(answer, 413)


# Revisions and names

UNKNOWN = ["missing", "main2", "refs/pr/1", "refs/heads/", "0" * 40, "f" * 64, "MAIN", "ma"]


@pytest.mark.parametrize("revision", UNKNOWN)
def test_an_unknown_revision_is_said_to_be_one_everywhere(unchanged: Remote, revision: str) -> None:
    quoted = quote(revision, safe="")
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/revision/{quoted}", None),
        ("GET", f"/tree/{quoted}", None),
        ("GET", f"/tree/{quoted}/a", None),
        ("GET", f"/treesize/{quoted}/a", None),
        ("GET", f"/commits/{quoted}", None),
        ("GET", f"/compare/{quoted}..main", None),
        ("GET", f"/compare/main..{quoted}", None),
        ("POST", f"/paths-info/{quoted}", {"paths": ["a"]}),
        ("POST", f"/preupload/{quoted}", {"files": [{"path": "a", "size": 1}]}),
        ("POST", f"/super-squash/{quoted}", {}),
        ("POST", f"/tag/{quoted}", {"tag": "v1"}),
        ("DELETE", f"/branch/{quoted}", None),
        ("DELETE", f"/tag/{quoted}", None),
    ]
    for method, route, body in calls:
        answer = unchanged.call(method, route, json=body)
        assert_refused(answer, 404, "Invalid rev id", "RevisionNotFound")
    answer = unchanged.send_commit(to_lines([header(), file("x", b"x")]), revision)
    assert_refused(answer, 404, "Invalid rev id", "RevisionNotFound")
    for route in ("resolve", "raw"):
        path = f"/{unchanged.name}/{route}/{quoted}/a/file.txt"
        answer = unchanged.hub.call("GET", path, token=unchanged.owner.token)
        assert (answer.status_code, answer.headers["x-error-code"]) == (404, "RevisionNotFound")


def test_a_branch_cannot_start_at_an_unknown_revision(unchanged: Remote) -> None:
    for start in ("missing", "0" * 40, "..", " ", "refs/heads/missing"):
        answer = unchanged.call("POST", "/branch/new", json={"startingPoint": start})
        assert_refused(answer, 404, "Invalid rev id", "RevisionNotFound")


def test_an_abbreviated_id_counts_only_when_one_object_begins_so(remote: Remote) -> None:
    """1,800 objects hold some pairs that begin with the same five digits."""
    remote.commit(*(file(f"{n}", b"%d" % n) for n in range(1800)))
    head = remote.head()
    by_prefix: defaultdict[str, list[str]] = defaultdict(list)
    for oid in {*remote.tree().values(), head}:
        by_prefix[oid[:5]].append(oid)
    ambiguous = [prefix for prefix, oids in by_prefix.items() if len(oids) > 1]
    assert ambiguous
    for prefix in ambiguous:
        answer = remote.call("GET", f"/revision/{prefix}")
        assert_refused(answer, 404, "Invalid rev id", "RevisionNotFound")
    blob = remote.tree()["7"]
    assert remote.call("GET", f"/revision/{blob}").status_code == 404
    assert remote.call("GET", f"/revision/{head[:12]}").json()["sha"] == head
    assert remote.call("GET", f"/revision/{head[:4]}").status_code == 404


BAD_REF_NAMES = [
    "a b",
    "a..b",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[",
    "a\\b",
    "a.lock",
    "a/.b",
    ".a",
    "a/",
    "/a",
    "a//b",
    "a.",
    "-a",
    "@",
    "a@{1}",
    "HEAD",
    "refs/heads/a",
    "refs/pr/1",
    "a\nb",
    "a\x7fb",
    "x" * 256,
    "x" * 251,
    "0" * 40,
]


@pytest.mark.parametrize("name", BAD_REF_NAMES, ids=ascii)
def test_a_bad_branch_or_tag_name_is_refused(unchanged: Remote, name: str) -> None:
    branch = unchanged.call("POST", f"/branch/{quote(name, safe='')}", json={})
    assert_refused(branch, 400, "Invalid branch or tag name")
    tag = unchanged.call("POST", "/tag/main", json={"tag": name})
    assert_refused(tag, 400, "Invalid branch or tag name")


BAD_REPO_NAMES = [
    "",
    ".",
    "..",
    "a/b",
    "a b",
    "-a",
    "a-",
    ".a",
    "a.",
    "a--b",
    "a..b",
    "a.git",
    "a.GIT",
    "a.ipynb",
    "ü",
    "a\0",
    "a\n",
    "x" * 97,
    "a%2Fb",
]


@pytest.mark.parametrize("name", BAD_REPO_NAMES, ids=ascii)
def test_a_bad_repo_name_is_refused(unchanged: Remote, name: str) -> None:
    def post(route: str, body: dict[str, Any]) -> Any:
        return unchanged.hub.call("POST", route, token=unchanged.owner.token, json=body)

    assert_refused(post("/api/repos/create", {"name": name}), 400, "Invalid repo name")
    target = f"{unchanged.owner.name}/{name}"
    move = {"fromRepo": unchanged.name, "toRepo": target, "type": "model"}
    assert_refused(post("/api/repos/move", move), 400, "Invalid")
    copy = {"repository": target}
    assert_refused(post(f"/api/models/{unchanged.name}/duplicate", copy), 400, "Invalid")


@pytest.mark.parametrize("namespace", ["missing-account", "a/b", "ü", "x" * 10_000])
def test_a_namespace_that_is_not_yours_is_refused(unchanged: Remote, namespace: str) -> None:
    def send(method: str, route: str, body: dict[str, Any]) -> Any:
        return unchanged.hub.call(method, route, token=unchanged.owner.token, json=body)

    body = {"name": "x", "organization": namespace}
    assert_refused(send("POST", "/api/repos/create", body), 403, "namespace")
    gone = send("DELETE", "/api/repos/delete", body)
    assert_refused(gone, 404, "Repository not found", "RepoNotFound")
    move = {"fromRepo": f"{namespace}/x", "toRepo": f"{unchanged.owner.name}/y"}
    gone = send("POST", "/api/repos/move", move)
    assert_refused(gone, 404, "Repository not found", "RepoNotFound")


@pytest.mark.parametrize("name", ["%2e%2e/x", "a%2Fb/c", "ü/ü"])
def test_a_repository_with_an_impossible_name_is_not_found(unchanged: Remote, name: str) -> None:
    token = unchanged.owner.token
    for method, route in (("GET", ""), ("GET", "/tree/main"), ("POST", "/commit/main")):
        answer = unchanged.hub.call(method, f"/api/models/{name}{route}", token=token)
        assert_refused(answer, 404, "Repository not found", "RepoNotFound")


def test_a_path_that_is_not_utf_8_is_refused(unchanged: Remote) -> None:
    hub, token = unchanged.hub, unchanged.owner.token
    for path in (
        f"/api/models/{unchanged.name}/tree/main/%ff",
        f"/api/models/{unchanged.name}/revision/%c3%28",
        "/api/models/%ff/x",
    ):
        assert_refused(hub.call("GET", path, token=token), 400, "not UTF-8")


# Queries, headers and bodies of the other calls

BAD_QUERIES = [
    "/tree/main?limit=abc",
    "/tree/main?limit=0",
    "/tree/main?limit=-1",
    "/tree/main?limit=10001",
    "/tree/main?limit=1.5",
    "/tree/main?limit=",
    "/tree/main?limit=99999999999999999999999999",
    "/tree/main?recursive=perhaps",
    "/tree/main?cursor=%21%21",
    "/tree/main?cursor=junk",
    "/tree/main?cursor=%C3%A9",
    "/tree/main?cursor=LTE6YQ",
    "/commits/main?limit=abc",
    "/commits/main?limit=0",
    "/commits/main?limit=1001",
    "/commits/main?p=-1",
    "/commits/main?p=x",
    "/refs?include_prs=maybe",
    "/compare/main",
    "/compare/main..",
    "/compare/..main",
    "/compare/%2E%2E",
    "?blobs=2",
]


@pytest.mark.parametrize("route", BAD_QUERIES)
def test_a_bad_query_value_is_refused(unchanged: Remote, route: str) -> None:
    assert_refused(unchanged.call("GET", route), 400)


def test_pages_beyond_the_end_are_empty(unchanged: Remote) -> None:
    far = base64.urlsafe_b64encode(b"9" * 30 + b":x").decode().rstrip("=")
    for route in (f"/tree/main?cursor={far}", "/commits/main?p=99999999999999999999999"):
        answer = unchanged.call("GET", route)
        assert (answer.status_code, answer.json()) == (200, [])
        assert "link" not in answer.headers


def test_unknown_query_parameters_are_ignored(unchanged: Remote) -> None:
    answer = unchanged.call("GET", "/tree/main?recursive=1&colour=blue&%00=%00&=&&")
    assert {entry["path"] for entry in answer.json()} >= {"a/file.txt", "top.txt"}


BAD_BODIES: dict[str, tuple[str, Any]] = {
    "branch: a list": ("/branch/new", []),
    "branch: wrong type": ("/branch/new", {"startingPoint": 7}),
    "branch: flag as a word": ("/branch/new", {"overwrite": "yes"}),
    "tag: no name": ("/tag/main", {}),
    "tag: null": ("/tag/main", {"tag": None}),
    "squash: too long": ("/super-squash/main", {"message": "x" * 501}),
    "squash: a number": ("/super-squash/main", {"message": 7}),
    "preupload: no files": ("/preupload/main", {}),
    "preupload: negative": ("/preupload/main", {"files": [{"path": "x", "size": -1}]}),
    "preupload: not base64": (
        "/preupload/main",
        {"files": [{"path": "x", "size": 1, "sample": "?"}]},
    ),
    "preupload: size as text": ("/preupload/main", {"files": [{"path": "x", "size": "1"}]}),
    "paths: a text": ("/paths-info/main", {"paths": "x"}),
    "paths: numbers": ("/paths-info/main", {"paths": [1]}),
    "duplicate: nothing": ("/duplicate", {}),
    "duplicate: one segment": ("/duplicate", {"repository": "x"}),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_of_wrong_types_is_refused(unchanged: Remote, name: str) -> None:
    route, body = BAD_BODIES[name]
    assert_refused(unchanged.call("POST", route, json=body), 400)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operation": "delete", "objects": []},
        {"operation": "upload"},
        {"operation": "upload", "objects": [{"oid": "x"}]},
        {"operation": "upload", "objects": [{"oid": 1, "size": 1}]},
        {"operation": "upload", "objects": [{"oid": "x", "size": "1"}]},
        {"operation": "upload", "objects": "x"},
    ],
)
def test_a_batch_of_wrong_types_is_refused(unchanged: Remote, body: Any) -> None:
    path = f"/{unchanged.name}.git/info/lfs/objects/batch"
    answer = unchanged.hub.call("POST", path, token=unchanged.owner.token, json=body)
    assert_refused(answer, 400)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "text/xml", "", "x/y"])
def test_a_json_call_with_another_body_is_refused(unchanged: Remote, content_type: str) -> None:
    content = b'--x\r\ncontent-disposition: form-data; name="paths"\r\n\r\na\r\n--x--\r\n'
    for route in ("/paths-info/main", "/preupload/main", "/tag/main", "/branch/new"):
        answer = unchanged.call(
            "POST", route, content=content, headers={"content-type": content_type}
        )
        assert_refused(answer, 400, "Invalid JSON body")


NUL_IN_PATHS = [
    ("GET", "/api/models/a%00b/c"),
    ("GET", "/api/models/a/b%00"),
    ("GET", "/api/models/%00"),
    ("GET", "/api/models/{repo}/revision/a%00"),
    ("GET", "/api/models/{repo}/tree/main%00"),
    ("GET", "/api/models/{repo}/tree/main/a%00b"),
    ("GET", "/api/models/{repo}/compare/a%00..main"),
    ("GET", "/{repo}/resolve/main/top.txt%00.html"),
    ("GET", "/{repo}/raw/main%00/top.txt"),
    ("POST", "/api/models/{repo}/branch/a%00"),
    ("DELETE", "/api/models/{repo}/branch/a%00"),
    ("POST", "/api/models/{repo}/commit/main%00"),
]


@pytest.mark.parametrize(("method", "path"), NUL_IN_PATHS)
def test_a_nul_in_a_path_is_refused(unchanged: Remote, method: str, path: str) -> None:
    url = path.format(repo=unchanged.name)
    answer = unchanged.hub.call(method, url, token=unchanged.owner.token)
    assert answer.status_code == 400
    assert answer.headers["x-error-message"] == "The path holds a NUL character."


def test_a_nul_in_a_body_finds_nothing(unchanged: Remote) -> None:
    """PostgreSQL cannot even look for such a text, so it may be called malformed instead."""
    batch = f"/{unchanged.name}.git/info/lfs/objects/batch"
    item = {"oid": "a\0b", "size": 1}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/repos/create", {"name": "x", "organization": "a\0b"}),
        ("DELETE", "/api/repos/delete", {"name": "a\0b"}),
        ("POST", "/api/repos/move", {"fromRepo": "a\0b/c", "toRepo": "a/b"}),
        ("POST", f"/api/models/{unchanged.name}/branch/new", {"startingPoint": "a\0b"}),
        ("POST", f"/api/models/{unchanged.name}/tag/main", {"tag": "a\0b"}),
        ("POST", f"/{unchanged.name}.git/info/lfs/objects/verify", item),
    ]
    for method, path, body in calls:
        answer = unchanged.hub.call(method, path, token=unchanged.owner.token, json=body)
        assert answer.status_code in (400, 403, 404), answer.text
    for operation in ("download", "upload"):
        body = {"operation": operation, "objects": [item]}
        answer = unchanged.hub.call("POST", batch, token=unchanged.owner.token, json=body)
        assert answer.status_code == 400 or "error" in answer.json()["objects"][0]
    answer = unchanged.call("POST", "/paths-info/main", json={"paths": ["top.txt\0", "top.txt"]})
    assert [entry["path"] for entry in answer.json()] == ["top.txt"]
    files = [{"path": "top.txt\0", "size": 1}]
    answer = unchanged.call("POST", "/preupload/main", json={"files": files})
    assert answer.status_code == 400
    assert "control character" in answer.json()["error"]


@pytest.mark.parametrize("name", ["authorization", "x-amzn-trace-id", "range", "user-agent", "x"])
def test_a_huge_header_is_answered(unchanged: Remote, name: str) -> None:
    answer = unchanged.hub.call(
        "GET", f"/{unchanged.name}/resolve/main/top.txt", headers={name: "bytes=" + "9" * 60_000}
    )
    assert answer.status_code in (200, 431)
    assert len(answer.headers.get("x-request-id", "")) < 1000
    assert unchanged.hub.call("GET", "/health").status_code == 200


def test_a_header_of_odd_bytes_is_answered(unchanged: Remote, http: Callable[..., Any]) -> None:
    for value in (b"\xff\xfe", b"Bearer \xc3\xa9", b"Basic \xff", b"Basic !!!", b"Bearer"):
        headers = {b"authorization": value, b"if-none-match": value, b"x-amzn-trace-id": value}
        answer = http("GET", f"/{unchanged.name}/resolve/main/top.txt", headers=headers)
        assert (answer.status_code, answer.content) == (200, b"two")


# Ranges

RANGES = [
    ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
    ("bytes=2-", 206, b"23456789", "bytes 2-9/10"),
    ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
    ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"),
    ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
    ("bytes=10-", 416, None, "bytes */10"),
    ("bytes=99-100", 416, None, "bytes */10"),
    ("bytes=-0", 416, None, "bytes */10"),
    ("bytes=4-2", 200, b"0123456789", None),
    ("bytes=0-1,3-4", 200, b"0123456789", None),
    ("bytes=a-b", 200, b"0123456789", None),
    ("bytes=", 200, b"0123456789", None),
    ("bytes=-", 200, b"0123456789", None),
    ("bytes=--1", 200, b"0123456789", None),
    ("bytes", 200, b"0123456789", None),
    ("lines=0-1", 200, b"0123456789", None),
    ("bytes=" + "9" * 5000 + "-", 200, b"0123456789", None),
]


@pytest.mark.parametrize(("asked", "status", "expected", "content_range"), RANGES)
def test_ranges_give_that_range_or_what_http_says_instead(
    remote: Remote, asked: str, status: int, expected: bytes | None, content_range: str | None
) -> None:
    remote.upload(b"0123456789")
    remote.commit(file("small.txt", b"0123456789"), lfs_file("large.bin", b"0123456789"))
    for path in ("small.txt", "large.bin"):
        answer = remote.hub.call(
            "GET", f"/{remote.name}/resolve/main/{path}", headers={"range": asked}
        )
        assert answer.status_code == status
        assert answer.headers.get("content-range") == content_range
        assert expected is None or answer.content == expected
