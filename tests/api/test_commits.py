"""Commits: every line of a body, what is refused, the history, and what differs."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import NewHub
from tests.live import Account, LiveHub
from tests.repos import (
    NDJSON,
    Repo,
    assert_error,
    blob_id,
    deleted,
    file,
    header_line,
    lfs_file,
    new_repo,
    pointer,
    sha256,
)

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WEIGHTS = b"\0weights" * 100

BAD_PATHS = (
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    ".git",
    "a/.git/config",
    ".GIT/x",
    "git~1/x",
    "a\\b",
    "a\nb",
    "a\u0000b",
    "x" * 256,
    "/".join(["y" * 200] * 30),
)


def send_body(repo: Repo, content: bytes, content_type: str = NDJSON) -> Any:
    return repo.post("/commit/main", content=content, headers={"content-type": content_type})


# The lines of a body


def test_create_commit_answers_with_the_new_head_on_this_host(hub: LiveHub, alice: Account) -> None:
    for type in ("model", "dataset", "space", "kernel"):
        repo = new_repo(hub, alice, type=type)
        body = repo.send_commit(file("a.txt", "hello")).json()
        assert body == {
            "success": True,
            "commitOid": repo.head(),
            "commitUrl": f"{hub.url}{repo.page}/commit/{repo.head()}",
            "hookOutput": "",
        }
        assert re.fullmatch("[0-9a-f]{40}", body["commitOid"])


def test_create_commit_takes_every_operation_at_once(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(
        hub,
        alice,
        file("old.txt", "x"),
        file("sub/a.txt", "x"),
        file("sub/deep/b.txt", "x"),
        file("entry/c.txt", "x"),
        file("name.txt", "renamed"),
        file("kept.txt", "x"),
    )
    repo.commit(
        file("a.txt", "hello"),
        {"key": "file", "value": {"path": "ü.txt", "content": "größe", "encoding": "utf-8"}},
        {"key": "file", "value": {"path": "plain.txt", "content": "eA=="}},
        file("new-name.txt", "renamed", oldPath="name.txt"),
        lfs_file("w/b.bin", repo.upload(WEIGHTS), len(WEIGHTS)),
        lfs_file("w/copy.bin", sha256(WEIGHTS)),
        deleted("deletedFile", "old.txt"),
        deleted("deletedFolder", "sub/"),
        deleted("deletedEntry", "entry"),
    )
    assert sorted(repo.paths()) == sorted(
        ["a.txt", "kept.txt", "new-name.txt", "plain.txt", "w/b.bin", "w/copy.bin", "ü.txt"]
    )
    assert repo.resolve("%C3%BC.txt").text == "größe"
    assert repo.resolve("plain.txt").text == "x"
    assert repo.resolve("w/copy.bin").content == WEIGHTS
    assert repo.raw("w/b.bin").content == pointer(WEIGHTS)


def test_create_commit_reads_lines_as_every_client_ends_them(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for number, (before, between, after) in enumerate(
        (
            (b"", b"\n", b"\n"),
            (b"", b"\n", b""),
            (b"\n \n", b"\n\n\r\n", b"\n\n"),
            (b"", b"\r\n", b""),
        )
    ):
        lines = [json.dumps(line).encode() for line in (header_line(), file(f"{number}.txt", "x"))]
        answer = send_body(repo, before + between.join(lines) + after)
        assert answer.status_code == 200, answer.text
    assert repo.paths() == ["0.txt", "1.txt", "2.txt", "3.txt"]


def test_create_commit_takes_the_json_body_of_the_oldest_clients(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("old.txt", "x"), file("sub/a.txt", "x"))
    head = repo.head()
    body = {
        "summary": "in one object",
        "description": "with words",
        "parentCommit": head,
        "files": [{"path": "a.txt", "content": "aGVsbG8=", "encoding": "base64"}],
        "lfsFiles": [
            {"path": "w.bin", "algo": "sha256", "oid": repo.upload(WEIGHTS), "size": len(WEIGHTS)}
        ],
        "deletedFiles": [{"path": "old.txt"}],
        "deletedEntries": [{"path": "sub"}],
    }
    answer = repo.post("/commit/main", body)
    assert answer.status_code == 200
    assert answer.json()["commitOid"] == repo.head()
    assert repo.paths() == ["a.txt", "w.bin"]
    newest = repo.get("/commits/main").json()[0]
    assert (newest["title"], newest["message"]) == ("in one object", "with words")
    assert repo.post("/commit/main", body).status_code == 412


def test_create_commit_stores_each_byte_as_it_was(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    contents = {"empty": b"", "nul": b"\0", "crlf": b"a\r\nb\r", "all": bytes(range(256)) * 40}
    repo.commit(*(file(path, data) for path, data in contents.items()))
    for path, data in contents.items():
        answer = repo.resolve(path)
        assert answer.content == data
        assert answer.headers["etag"] == f'"{blob_id(data)}"'


def test_create_commit_takes_an_empty_file_where_rules_say_lfs(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("empty.bin", b""))
    assert repo.resolve("empty.bin").content == b""


def test_create_commit_applies_deletions_before_additions(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "old"), file("sub/b.txt", "old"))
    repo.commit(
        file("a.txt", "new"),
        deleted("deletedFile", "a.txt"),
        file("sub/c.txt", "new"),
        deleted("deletedFolder", "sub"),
    )
    assert repo.paths() == ["sub/c.txt", "a.txt"]
    assert repo.resolve("a.txt").text == "new"


def test_create_commit_leaves_no_empty_folder(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a/b/c.txt", "x"))
    repo.commit(deleted("deletedFile", "a/b/c.txt"))
    assert [entry["path"] for entry in repo.get("/tree/main").json()] == [".gitattributes"]


def test_create_commit_of_a_path_below_a_file_is_refused_or_replaces_it(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a", "file"), file("dir/b", "x"))
    for operation in (file("a/below", "x"), file("dir", "a file now")):
        assert repo.send_commit(operation).status_code in (200, 400)
    swapped = repo.send_commit(deleted("deletedFolder", "dir"), file("dir", "a file now"))
    if swapped.status_code == 200:
        assert repo.resolve("dir").text == "a file now"


def test_create_commit_on_a_branch_moves_that_branch_alone(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    head = repo.head()
    repo.post("/branch/dev%2Fx", {})
    oid = repo.commit(file("a.txt", "x"), revision="dev%2Fx")
    assert (repo.head("dev%2Fx"), repo.head()) == (oid, head)


def test_create_commit_that_changes_nothing_gives_the_head(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    head = repo.head()
    assert repo.commit(file("a.txt", "x")) == head
    assert repo.commit() == head
    assert repo.get("/commits/main").headers["x-total-count"] == "2"


# Refusals: nothing has happened


def assert_refused(repo: Repo, answer: Any, status: int, part: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert part in answer.json()["error"]
    assert repo.get("/commits/main").headers["x-total-count"] == "1"


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: repr(path)[:20])
def test_create_commit_refuses_a_path_that_git_cannot_hold(
    hub: LiveHub, alice: Account, path: str
) -> None:
    repo = new_repo(hub, alice)
    assert_refused(repo, repo.send_commit(file("good.txt", "x"), file(path, "x")), 400)
    lfs = lfs_file(path, repo.upload(WEIGHTS), len(WEIGHTS))
    assert_refused(repo, repo.send_commit(lfs), 400)
    renamed = file("new.txt", "x", oldPath=path)
    if path:
        assert_refused(repo, repo.send_commit(renamed), 400)


def test_create_commit_refuses_a_malformed_body_with_its_line(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    head = json.dumps(header_line()).encode() + b"\n"
    for content, part in (
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"{", "Line 1"),
        (b'{"key":"file","value":{"path":"a","content":""}}', "Line 1"),
        (b'{"key":"header","value":{}}', "summary"),
        (b'{"key":"header","value":{"summary":" "}}', "summary"),
        (head + b"nonsense\n", "Line 2"),
        (head + b'\n{"key":"fiel","value":{}}', "Line 3"),
        (head + b'{"key":"file","value":{"path":"a"}}', "content"),
        (head + b'{"key":"file","value":{"path":"a","content":"?"}}', "base64"),
        (head + b'{"key":"file","value":{"path":"a","content":"","encoding":"x"}}', "encoding"),
        (head + b'{"key":"file","value":[]}', "Line 2"),
        (head + b'{"key":"lfsFile","value":{"path":"a","oid":"abc"}}', "sha256"),
        (head + b'{"key":"header","value":{"summary":"again"}}', "Line 2"),
        (head + b"\xff\xfe\n", "Line 2"),
        (head + b"[" * 100_000, "Line 2"),
    ):
        assert_refused(repo, send_body(repo, content), 400, part)


def test_create_commit_has_a_limit_of_lines_and_operations(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    head = repo.head()
    first = json.dumps(header_line()).encode() + b"\n"
    deletion = json.dumps(deleted("deletedFile", "a.txt")).encode() + b"\n"
    for body in (first + deletion + b"\n" * 100_000, b"\n" * 100_001, first + deletion * 100_000):
        answer = send_body(repo, body)
        assert_error(answer, 413, "A commit has at most 100000 lines.")
    group = [{"path": f"{number}.txt"} for number in range(50_001)]
    body = {"summary": "x", "deletedFiles": group, "deletedEntries": group[1:]}
    assert_error(repo.post("/commit/main", body), 413, "A commit has at most 100000 operations.")
    assert repo.head() == head


def test_create_commit_refuses_the_deletion_of_what_is_not_there(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("sub/a.txt", "x"))
    for key, path in (
        ("deletedFile", "nope.txt"),
        ("deletedFile", "sub"),
        ("deletedFolder", "nope"),
        ("deletedFolder", "sub/a.txt"),
        ("deletedEntry", "nope"),
    ):
        answer = repo.send_commit(file("new.txt", "x"), deleted(key, path))
        message = f"A file with this name doesn't exist: {path}"
        assert_error(answer, 404, message, "EntryNotFound")
    assert repo.paths() == ["sub/a.txt"]


def test_create_commit_refuses_a_large_file_that_was_never_sent(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    answer = repo.send_commit(file("a.txt", "x"), lfs_file("w/b.bin", "1" * 64, 5))
    assert_refused(repo, answer, 400, "Offending file: - w/b.bin")
    assert answer.json()["error"].startswith(
        "Your push was rejected because an LFS pointer pointed to a file that does not exist."
    )


def test_create_commit_refuses_a_large_file_of_another_size(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    oid = repo.upload(WEIGHTS)
    answer = repo.send_commit(lfs_file("w.bin", oid, len(WEIGHTS) + 1))
    assert_refused(repo, answer, 400, "was declared with")


def test_create_commit_refuses_an_lfs_path_that_no_attributes_line_can_hold(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    path = "/".join(["d" * 250] * 12) + ".dat"
    assert_refused(repo, repo.send_commit(lfs_file(path, repo.upload(WEIGHTS))), 400)


def test_create_commit_to_what_is_no_branch_is_404(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.post("/tag/main", {"tag": "v1"})
    for revision, shown in (
        ("nope", "nope"),
        ("v1", "v1"),
        (repo.head(), repo.head()),
        ("refs%2Fpr%2F1", "refs/pr/1"),
        ("refs/pr/1", "refs/pr/1"),
    ):
        answer = repo.send_commit(file("a.txt", "x"), revision=revision)
        assert_error(answer, 404, f"Invalid rev id: {shown}", "RevisionNotFound")


def test_create_commit_without_the_right_tells_how_to_propose_it(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = Repo(hub, bob, new_repo(hub, alice).full_name)
    message = "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request."
    assert_error(repo.send_commit(file("a.txt", "x")), 403, message)


def test_create_commit_refuses_a_file_over_the_inline_limit(fresh_hub: NewHub) -> None:
    hub = fresh_hub(inline_limit=1000, commit_limit=3_000_000)
    repo = new_repo(hub, hub.user())
    assert repo.commit(file("fits.txt", b"x" * 1000))
    over = repo.send_commit(file("over.txt", b"x" * 1001))
    assert over.status_code == 413
    assert "LFS" in over.json()["error"]
    assert repo.send_commit(file("line.txt", b"x" * 1_200_000)).status_code == 413
    assert send_body(repo, b"\n" * 3_000_001).status_code == 413
    assert repo.paths() == ["fits.txt"]


def test_a_line_may_be_as_long_as_the_largest_inline_file(hub: LiveHub, alice: Account) -> None:
    """10 MiB of content are a line of 14 MB: no buffer on the way may be smaller."""
    repo = new_repo(hub, alice)
    data = bytes(range(256)) * (10 * 4096)
    repo.commit(file("ten.mib", data))
    assert repo.resolve("ten.mib").content == data


# Parents and races


def test_parent_commit_must_be_the_head(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    second = repo.commit(file("a.txt", "1"), parentCommit=first)
    for stale in (first, first[:7], "0" * 40, "nonsense", second[:4]):
        answer = repo.send_commit(file("a.txt", "2"), parentCommit=stale)
        message = "A commit has happened since. Please refresh and try again."
        assert_error(answer, 412, message)
    assert repo.head() == second
    third = repo.commit(file("a.txt", "3"), parentCommit=second[:7])
    assert repo.commit(file("a.txt", "4"), parentCommit=None) != third


def test_parent_commit_of_the_same_moment_lets_exactly_one_win(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    head = repo.head()

    def send(number: int) -> int:
        return repo.send_commit(file(f"{number}.txt", "x"), parentCommit=head).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))
    assert statuses == [200, *[412] * 7]
    assert len(repo.paths()) == 1


def test_commits_of_the_same_moment_all_land(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    with ThreadPoolExecutor(8) as pool:
        oids = list(pool.map(lambda n: repo.commit(file(f"{n}.txt", str(n))), range(16)))
    assert sorted(repo.paths()) == sorted(f"{n}.txt" for n in range(16))
    listed = [commit["id"] for commit in repo.get("/commits/main").json()]
    assert set(oids) <= set(listed)
    assert len(listed) == 17


def test_a_refused_commit_leaves_nothing_for_the_next_one(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.send_commit(file("half.txt", "x"), deleted("deletedFile", "nope"))
    repo.commit(file("whole.txt", "x"))
    assert repo.paths() == ["whole.txt"]


# Attributes and cards


def test_a_large_file_outside_the_rules_gets_a_line_of_its_own(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    before = repo.raw(".gitattributes").text
    repo.commit_lfs("data/my file.dat", WEIGHTS)
    added = repo.raw(".gitattributes").text.removeprefix(before)
    assert added == "data/my[[:space:]]file.dat filter=lfs diff=lfs merge=lfs -text\n"
    repo.commit_lfs("data/covered.bin", WEIGHTS)
    assert repo.raw(".gitattributes").text == before + added


def test_a_large_file_beside_new_attributes_extends_those(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.commit(
        lfs_file("a.dat", repo.upload(WEIGHTS)), file(".gitattributes", "*.x filter=lfs -text")
    )
    lines = repo.raw(".gitattributes").text.splitlines()
    assert lines == ["*.x filter=lfs -text", "/a.dat filter=lfs diff=lfs merge=lfs -text"]


def test_attributes_and_cards_stay_readable(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    oid = repo.upload(WEIGHTS)
    for path in (".gitattributes", "README.md"):
        assert_refused(repo, repo.send_commit(lfs_file(path, oid)), 400, "LFS")


# History


def test_list_repo_commits_is_newest_first_with_title_and_message(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    second = repo.commit(file("a.txt", "x"), summary="A title", description="Some\n\nwords")
    commits = repo.get("/commits/main").json()
    assert [commit["id"] for commit in commits] == [second, first]
    newest = commits[0]
    assert DATE.fullmatch(newest.pop("date"))
    [author] = newest.pop("authors")
    assert author["user"] == alice.name
    assert newest == {"id": second, "title": "A title", "message": "Some\n\nwords"}


def test_list_repo_commits_can_be_formatted_and_never_as_markup(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    repo.commit(file("a.txt", "x"), summary="<b>", description="<script>")
    for query in ("expand[]=formatted", "expand%5B%5D=formatted", "expand=formatted"):
        newest, oldest = repo.get(f"/commits/main?{query}").json()
        assert newest["formatted"] == {"title": "&lt;b&gt;", "message": "<p>&lt;script&gt;</p>"}
        assert oldest["formatted"] == {"title": "initial commit", "message": ""}


def test_list_repo_commits_pages_to_the_end_with_absolute_links(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    made = [repo.commit(file("a.txt", str(number))) for number in range(6)]
    seen: list[str] = []
    url = f"{repo.api}/commits/main?limit=3&expand[]=formatted"
    while url:
        answer = repo.call("GET", url)
        assert answer.headers["x-total-count"] == "7"
        assert all("formatted" in commit for commit in answer.json())
        seen += [commit["id"] for commit in answer.json()]
        found = re.fullmatch(r'<(http[^>]+)>; rel="next"', answer.headers.get("link", ""))
        url = found[1] if found else ""
        assert not url or url.startswith(f"{hub.url}{repo.api}/commits/main?")
    assert seen[:-1] == made[::-1]
    assert len(seen) == 7


def test_list_repo_commits_by_page_number(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "1"))
    ids = [commit["id"] for commit in repo.get("/commits/main").json()]
    assert [c["id"] for c in repo.get("/commits/main?limit=1&p=1").json()] == [ids[1]]
    assert repo.get("/commits/main?limit=1&p=9").json() == []
    assert "link" not in repo.get("/commits/main?limit=2").headers
    for query in ("limit=0", "limit=1001", "limit=x", "p=-1", "p=x"):
        assert repo.get(f"/commits/main?{query}").status_code == 400, query


def test_list_repo_commits_of_any_revision(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    repo.commit(file("a.txt", "x"))
    for revision in (first, first[:7]):
        assert [c["id"] for c in repo.get(f"/commits/{revision}").json()] == [first]
    answer = repo.get("/commits/refs/pr/1")
    assert_error(answer, 404, "Invalid rev id: refs/pr/1", "RevisionNotFound")


# Differences


def test_compare_names_what_was_added_deleted_changed_and_renamed(
    hub: LiveHub, alice: Account
) -> None:
    long = "line of text\n" * 50
    base = file("gone.txt", "x"), file("changed.txt", "1"), file("old-name.txt", long)
    repo = new_repo(hub, alice, *base)
    start = repo.head()
    end = repo.commit(
        deleted("deletedFile", "gone.txt"),
        file("changed.txt", "2"),
        file("new-name.txt", long, oldPath="old-name.txt"),
        file("added.txt", "fresh"),
    )
    answer = repo.get(f"/compare/{start}..{end}")
    assert answer.status_code == 200
    body = answer.json()
    files = {change.pop("path"): change for change in body.pop("files")}
    assert body == {"base": start, "head": end, "mergeBase": start}
    assert files == {
        "gone.txt": {"status": "deleted"},
        "changed.txt": {"status": "modified"},
        "new-name.txt": {"status": "renamed", "oldPath": "old-name.txt"},
        "added.txt": {"status": "added"},
    }


def test_compare_as_text_is_a_patch(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "one\n"))
    start = repo.head()
    repo.commit(file("a.txt", "two\n"))
    answer = repo.get(f"/compare/{start}..main?raw=1")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "\n-one\n+two\n" in answer.text
    assert repo.get("/compare/main..main?raw=true").text == ""


def test_compare_with_three_dots_starts_at_the_merge_base(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.post("/branch/dev%2Fx", {})
    repo.commit(file("on-main.txt", "of main"))
    repo.commit(file("on-dev.txt", "another text"), revision="dev%2Fx")
    two = repo.get("/compare/main..dev%2Fx").json()["files"]
    three = repo.get("/compare/main...dev%2Fx").json()["files"]
    assert {change["path"]: change["status"] for change in two} == {
        "on-main.txt": "deleted",
        "on-dev.txt": "added",
    }
    assert three == [{"path": "on-dev.txt", "status": "added"}]


def test_compare_of_text_that_is_no_utf8_still_answers(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", b"caf\xe9\n"))
    start = repo.head()
    repo.commit(file("a.txt", b"th\xe9\n"))
    assert repo.get(f"/compare/{start}..main?raw=1").status_code == 200


def test_compare_needs_two_revisions_that_are_there(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for span in ("main", "..main", "main..", "..."):
        assert repo.get(f"/compare/{span}").status_code == 400, span
    answer = repo.get("/compare/main..nope")
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")


# A digest at the end of the body

DAMAGED = (
    "The body arrived damaged: it does not have the sha256 at its end. Nothing was changed; send it"
    " again."
)


def lines_of(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def send_with_digest(repo: Repo, body: bytes, digest: str) -> Any:
    headers = {"content-type": NDJSON, "x-trailing-sha256": "1"}
    return repo.post("/commit/main", content=body + digest.encode(), headers=headers)


def test_create_commit_takes_a_body_with_its_digest_at_the_end(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    data = b"x" * 3_000_000
    body = lines_of(header_line(), file("a.txt", data))
    assert send_with_digest(repo, body, sha256(body)).status_code == 200
    assert repo.get("/tree/main").json()[-1]["oid"] == blob_id(data)


@pytest.mark.parametrize("place", [0, 30, -70, -64, -1])
def test_create_commit_refuses_a_body_that_arrived_damaged(
    hub: LiveHub, alice: Account, place: int
) -> None:
    repo = new_repo(hub, alice)
    head = repo.get("").json()["sha"]
    body = lines_of(header_line(), file("a.txt", b"hello"))
    sent = bytearray(body + sha256(body).encode())
    sent[place] ^= 1
    assert_error(send_with_digest(repo, bytes(sent), ""), 422, DAMAGED)
    assert repo.get("").json()["sha"] == head


@pytest.mark.parametrize("body", [b"", b"short", b"0" * 64])
def test_create_commit_refuses_a_body_that_is_no_more_than_its_digest(
    hub: LiveHub, alice: Account, body: bytes
) -> None:
    assert_error(send_with_digest(new_repo(hub, alice), body, ""), 422, DAMAGED)
