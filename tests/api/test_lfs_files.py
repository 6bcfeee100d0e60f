"""The large files of a repository: what there is, and deleting some for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from freehold.server.core import jobs
from freehold.server.git.reader import CommitData
from freehold.server.objects.keys import lfs_key
from tests.conftest import NewHub
from tests.histories import assert_sound, open_reader
from tests.live import Account, LiveHub, fresh_name
from tests.repos import (
    Repo,
    assert_error,
    deleted,
    file,
    lfs_file,
    new_repo,
    pointer,
    put_ref,
    sha256,
)

MISSING = "0" * 64


def unique(size: int = 1000) -> bytes:
    """Bytes that no other test sends."""
    seed = fresh_name("bytes").encode()
    return (seed * (size // len(seed) + 1))[:size]


def listed(repo: Repo) -> dict[str, dict[str, Any]]:
    """All large files of the repository, by sha256."""
    return {item["oid"]: item for page in pages(repo, "/lfs-files") for item in page.json()}


def pages(repo: Repo, path: str) -> Iterator[httpx2.Response]:
    url: str | None = repo.api + path
    while url is not None:
        page = repo.call("GET", url)
        assert page.status_code == 200, page.text
        yield page
        url = page.links.get("next", {}).get("url")


def delete(repo: Repo, *hashes: str, rewrite: bool) -> httpx2.Response:
    body = {"deletions": {"sha": list(hashes), "rewriteHistory": rewrite}}
    return repo.post("/lfs-files/batch", body)


def used_storage(repo: Repo) -> int:
    used: int = repo.get("?expand=usedStorage").json()["usedStorage"]
    return used


def heads(repo: Repo) -> dict[str, str]:
    refs = repo.get("/refs?include_prs=1").json()
    return {ref["ref"]: ref["targetCommit"] for kind in refs.values() for ref in kind}


def history(repo: Repo, revision: str = "main") -> list[CommitData]:
    """The commits of a revision, newest first, read anew from the git objects."""
    ids = [commit["id"] for commit in repo.get(f"/commits/{revision}?limit=1000").json()]
    reader = open_reader(repo)
    return [reader.commit(oid) for oid in ids]


# Listing


def test_list_lfs_files_tells_what_a_client_reads(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("weights/w.bin", data)
    [item] = repo.get("/lfs-files").json()
    pushed_at = item.pop("pushedAt")
    assert item == {
        "fileOid": sha256(data),
        "filename": "weights/w.bin",
        "oid": sha256(data),
        "size": len(data),
        "ref": "refs/heads/main",
        "pusher": {"type": "user", "name": alice.name, "fullname": alice.name},
    }
    created_at = repo.get().json()["createdAt"]
    assert created_at < pushed_at and len(pushed_at) == len(created_at)


@pytest.mark.parametrize("type", ("dataset", "space", "kernel"))
def test_list_lfs_files_of_every_type(hub: LiveHub, alice: Account, type: str) -> None:
    repo = new_repo(hub, alice, type=type)
    assert repo.get("/lfs-files?xet=true").json() == []
    data = unique()
    repo.commit_lfs("w.bin", data)
    assert listed(repo).keys() == {sha256(data)}
    assert delete(repo, sha256(data), rewrite=True).status_code == 200
    assert repo.get("/lfs-files").json() == []


def test_list_lfs_files_names_each_where_it_is_now(hub: LiveHub, alice: Account) -> None:
    """On main if it is there, else at another ref, else in the newest commit that had it."""
    repo = new_repo(hub, alice)
    old, moved, branched, tagged, asked = (unique() for _ in range(5))
    repo.commit_lfs("old.bin", old)
    repo.commit_lfs("first.bin", moved)
    repo.post("/branch/a-branch", {})
    repo.commit_lfs("dir/branched.bin", branched)
    repo.commit_lfs("tagged.bin", tagged)
    repo.post("/tag/main", {"tag": "v1", "message": "annotated"})
    repo.commit_lfs("asked.bin", asked)
    put_ref(repo, "refs/pr/1", repo.head())
    repo.post("/super-squash/main")
    repo.commit(deleted("deletedFile", "asked.bin"), deleted("deletedFile", "tagged.bin"))
    repo.commit(
        lfs_file("a/second.bin", sha256(moved)),
        deleted("deletedFile", "first.bin"),
        deleted("deletedFile", "old.bin"),
        deleted("deletedFolder", "dir"),
    )
    repo.post("/branch/a-branch", {"startingPoint": "v1", "overwrite": True})
    repo.commit(deleted("deletedFile", "tagged.bin"), revision="a-branch")
    repo.commit(deleted("deletedFile", "old.bin"), revision="a-branch")
    found = {oid: (item["filename"], item.get("ref")) for oid, item in listed(repo).items()}
    assert found == {
        sha256(old): ("old.bin", "refs/tags/v1"),
        sha256(moved): ("a/second.bin", "refs/heads/main"),
        sha256(branched): ("dir/branched.bin", "refs/heads/a-branch"),
        sha256(tagged): ("tagged.bin", "refs/tags/v1"),
        sha256(asked): ("asked.bin", "refs/pr/1"),
    }


def test_list_lfs_files_has_what_only_history_names(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data, other = unique(), unique()
    repo.commit_lfs("one.bin", data)
    repo.commit(lfs_file("two.bin", sha256(data)), deleted("deletedFile", "one.bin"))
    repo.commit_lfs("two.bin", other)
    repo.commit(deleted("deletedFile", "two.bin"))
    found = listed(repo)
    assert {oid: item["filename"] for oid, item in found.items()} == {
        sha256(data): "two.bin",
        sha256(other): "two.bin",
    }
    assert all("ref" not in item for item in found.values())


def test_list_lfs_files_that_no_commit_names_have_no_name(hub: LiveHub, alice: Account) -> None:
    """A copy holds what its source holds, but not its history."""
    source = new_repo(hub, alice)
    gone, kept = unique(), unique()
    source.commit_lfs("gone.bin", gone)
    source.commit(deleted("deletedFile", "gone.bin"))
    source.commit_lfs("kept.bin", kept)
    name = f"{alice.name}/{fresh_name('copy')}"
    assert source.post("/duplicate", {"repository": name}).status_code == 200
    copy = Repo(hub, alice, name)
    assert {oid: item["filename"] for oid, item in listed(copy).items()} == {
        sha256(gone): "",
        sha256(kept): "kept.bin",
    }
    assert delete(copy, sha256(gone), rewrite=True).status_code == 200
    assert listed(copy).keys() == {sha256(kept)}
    assert listed(source).keys() == {sha256(gone), sha256(kept)}


def test_list_lfs_files_has_no_uploads_without_a_commit(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.upload(data)
    assert repo.get("/lfs-files").json() == []
    repo.commit_lfs("w.bin", data)
    assert listed(repo).keys() == {sha256(data)}


def test_list_lfs_files_is_given_in_pages(hub: LiveHub, alice: Account) -> None:
    """What is deleted while the pages are read makes none of the others come twice or never."""
    repo = new_repo(hub, alice)
    datas = [unique() for _ in range(7)]
    repo.commit(*(lfs_file(f"{n}.bin", repo.upload(data)) for n, data in enumerate(datas)))
    found: list[str] = []
    sizes = []
    for page in pages(repo, "/lfs-files?limit=3"):
        sizes.append(len(page.json()))
        found += [item["oid"] for item in page.json()]
        delete(repo, found[-1], rewrite=False)
    assert sizes == [3, 3, 1]
    assert found == sorted(sha256(data) for data in datas)
    assert len(listed(repo)) == 4


@pytest.mark.parametrize("query", ("limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=eHg"))
def test_list_lfs_files_refuses_pages_that_cannot_be(
    hub: LiveHub, alice: Account, query: str
) -> None:
    repo = new_repo(hub, alice)
    assert repo.get(f"/lfs-files?{query}").status_code == 400


# Deleting without a new history


def test_permanently_delete_lfs_files_leaves_pointers_as_text(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data, other = unique(5000), unique()
    repo.commit_lfs("w.bin", data)
    repo.commit_lfs("other.bin", other)
    before, used = heads(repo), used_storage(repo)
    assert delete(repo, sha256(data), rewrite=False).status_code == 200
    assert used_storage(repo) == used - len(data)
    assert heads(repo) == before
    assert listed(repo).keys() == {sha256(other)}
    answer = repo.resolve("w.bin")
    assert (answer.status_code, answer.content) == (200, pointer(data))
    assert "x-linked-etag" not in answer.headers
    [offer] = repo.batch("download", (sha256(data), len(data))).json()["objects"]
    assert offer["error"]["code"] == 404
    assert repo.resolve("other.bin").content == other


def test_permanently_delete_lfs_files_ends_addresses_that_were_given(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    [offer] = repo.batch("download", (sha256(data), len(data))).json()["objects"]
    href = offer["actions"]["download"]["href"]
    assert hub.call("GET", href).content == data
    delete(repo, sha256(data), rewrite=False)
    assert hub.call("GET", href).status_code == 404


def test_a_file_that_was_deleted_for_good_can_be_sent_again(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    delete(repo, sha256(data), rewrite=False)
    answer = repo.send_commit(lfs_file("w.bin", sha256(data), len(data)))
    assert answer.status_code == 400, "the hub must not serve what it may free at any moment"
    repo.commit_lfs("w.bin", data)
    assert repo.resolve("w.bin").content == data
    assert listed(repo).keys() == {sha256(data)}


@pytest.mark.parametrize("backend", ("sqlite", "postgresql"))
def test_bytes_that_are_deleted_for_good_are_freed(fresh_hub: NewHub, backend: str) -> None:
    """Unless another repository holds them."""
    hub = fresh_hub(backend, grace_seconds=0)
    owner = hub.user()
    repo, other = new_repo(hub, owner), new_repo(hub, owner)
    shared, alone = unique(), unique()
    for data in (shared, alone):
        repo.commit_lfs(f"{sha256(data)}.bin", data)
    other.commit_lfs("w.bin", shared)
    delete(repo, sha256(shared), sha256(alone), rewrite=True)
    for _ in range(3):
        with hub.inside.db.write() as tx:
            tx.run("UPDATE lfs_object SET created_at = 0")
            tx.run("UPDATE object_trash SET trashed_at = 0")
        jobs.run_jobs(hub.inside)
    assert hub.inside.objects.size(lfs_key(sha256(alone))) is None
    assert other.resolve("w.bin").content == shared
    delete(other, sha256(shared), rewrite=False)
    for _ in range(3):
        with hub.inside.db.write() as tx:
            tx.run("UPDATE lfs_object SET created_at = 0")
            tx.run("UPDATE object_trash SET trashed_at = 0")
        jobs.run_jobs(hub.inside)
    assert hub.inside.objects.size(lfs_key(sha256(shared))) is None


def test_permanently_delete_lfs_files_passes_over_unknown_ones(
    hub: LiveHub, alice: Account
) -> None:
    """The client may repeat a call whose answer was lost."""
    repo, stranger = new_repo(hub, alice), new_repo(hub, alice)
    data, elsewhere = unique(), unique()
    repo.commit_lfs("w.bin", data)
    stranger.commit_lfs("w.bin", elsewhere)
    before = heads(repo)
    for rewrite in (False, True):
        assert delete(repo, MISSING, sha256(elsewhere), rewrite=rewrite).status_code == 200
        assert delete(repo, rewrite=rewrite).status_code == 200
    assert heads(repo) == before
    assert stranger.resolve("w.bin").content == elsewhere
    for _ in range(2):
        assert delete(repo, MISSING, *[sha256(data)] * 2, rewrite=True).status_code == 200
    assert repo.paths() == []


def test_permanently_delete_lfs_files_refuses_what_is_no_hash(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    before = (heads(repo), used_storage(repo))
    for wrong in ("", "w.bin", sha256(data).upper(), sha256(data) + "\n", "x\0"):
        answer = delete(repo, sha256(data), wrong, rewrite=True)
        assert answer.status_code == 400, wrong
        assert "sha256" in answer.json()["error"]
    for body in (None, {}, {"deletions": {}}, {"deletions": {"sha": sha256(data)}}):
        assert repo.post("/lfs-files/batch", body).status_code == 400, body
    assert (heads(repo), used_storage(repo)) == before
    assert repo.resolve("w.bin").content == data


def test_permanently_delete_lfs_files_takes_a_thousand_at_once(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    hashes = [f"{number:064x}" for number in range(999)]
    answer = delete(repo, *hashes, "f" * 64, sha256(data), rewrite=True)
    assert_error(answer, 413, "At most 1000 large files are deleted at once.")
    assert repo.resolve("w.bin").content == data
    assert delete(repo, *hashes, sha256(data), rewrite=True).status_code == 200
    assert repo.paths() == []


# Deleting with a new history


def test_permanently_delete_lfs_files_rewrites_all_that_named_them(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", "1"))
    doomed, kept = unique(), unique()
    repo.post("/tag/main", {"tag": "early", "message": "before it came"})
    repo.commit(lfs_file("dir/w.bin", repo.upload(doomed)), summary="Add it", description="twice")
    repo.post("/tag/main", {"tag": "light"})
    repo.commit(file("a.txt", "2"), lfs_file("kept.bin", repo.upload(kept)))
    repo.post("/tag/main", {"tag": "v1", "message": "annotated"})
    repo.post("/branch/dev%2Fx", {})
    repo.commit(lfs_file("copy.bin", sha256(doomed)), revision="dev%2Fx")
    put_ref(repo, "refs/pr/1", repo.head("dev%2Fx"))
    put_ref(repo, "refs/convert/parquet", repo.head())
    old_heads = heads(repo)
    old = {name: history(repo, name.replace("/", "%2F")) for name in old_heads}
    assert delete(repo, sha256(doomed), rewrite=True).status_code == 200
    new_heads = heads(repo)
    assert new_heads.keys() == old_heads.keys()
    assert {name for name in old_heads if new_heads[name] == old_heads[name]} == {"refs/tags/early"}
    for name, commits in old.items():
        new = history(repo, name.replace("/", "%2F"))
        assert [facts(commit) for commit in new] == [facts(commit) for commit in commits]
        assert [commit.oid for commit in new[-2:]] == [commit.oid for commit in commits[-2:]]
        assert doomed_paths(repo, new, doomed) == []
    assert repo.paths("dev%2Fx") == ["a.txt", "kept.bin"]
    assert repo.resolve("kept.bin", "v1").content == kept
    assert listed(repo).keys() == {sha256(kept)}
    assert_sound(repo)


def facts(commit: CommitData) -> tuple[object, ...]:
    """What a new history must not change."""
    return commit.author, commit.email, commit.time, commit.message, len(commit.parents)


def doomed_paths(repo: Repo, commits: list[CommitData], data: bytes) -> list[str]:
    """Where the commits hold a pointer to these bytes."""
    return [
        f"{commit.oid}: {entry['path']}"
        for commit in commits
        for entry in repo.get(f"/tree/{commit.oid}?recursive=1").json()
        if entry.get("lfs", {}).get("oid") == sha256(data)
    ]


def test_old_commits_can_still_be_read_after_a_new_history(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    old = repo.commit(file("a.txt", "x"))
    delete(repo, sha256(data), rewrite=True)
    assert repo.head() != old
    assert repo.resolve("a.txt", old).text == "x"
    assert repo.resolve("w.bin", old).content == pointer(data)
    assert repo.resolve("w.bin").status_code == 404


def test_a_history_can_be_rewritten_after_the_bytes_have_gone(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("w.bin", data)
    delete(repo, sha256(data), rewrite=False)
    assert repo.paths() == ["w.bin"]
    assert delete(repo, sha256(data), rewrite=True).status_code == 200
    assert repo.paths() == []


def test_every_form_of_a_pointer_is_taken_out(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    text = pointer(data)
    forms = {
        "no-newline": text.removesuffix(b"\n"),
        "extended": text.replace(b"oid", b"ext-0-x sha256:" + b"1" * 64 + b"\noid", 1),
        "other-size": text.replace(b"size 1000", b"size 999"),
    }
    quoted = b"see: " + text
    repo.commit(*(file(path, form) for path, form in forms.items()), file("quoted", quoted))
    repo.commit_lfs("w.bin", data)
    delete(repo, sha256(data), rewrite=True)
    assert repo.paths() == ["quoted"]
    assert repo.resolve("quoted").content == quoted


def test_a_commit_may_be_left_without_any_file(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = unique()
    repo.commit_lfs("deep/er/w.bin", data)
    repo.commit(deleted("deletedFile", ".gitattributes"))
    delete(repo, sha256(data), rewrite=True)
    assert repo.get("/tree/main").json() == []
    assert [len(repo.get(f"/tree/{c.oid}").json()) for c in history(repo)] == [0, 1, 1]
    assert_sound(repo)


def test_delete_lfs_file_takes_one_away(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    one, other = unique(), unique()
    repo.commit_lfs("one.bin", one)
    repo.commit_lfs("other.bin", other)
    head = repo.head()
    assert repo.delete(f"/lfs-files/{sha256(one)}").status_code == 200
    assert listed(repo).keys() == {sha256(other)}
    assert repo.head() == head
    assert repo.delete(f"/lfs-files/{sha256(other)}?rewriteHistory=true").status_code == 200
    assert repo.paths() == ["one.bin"]
    assert repo.delete(f"/lfs-files/{sha256(one)}?rewriteHistory=True").status_code == 200
    assert repo.paths() == []


def test_delete_lfs_file_of_what_is_not_there_is_404(hub: LiveHub, alice: Account) -> None:
    repo, other = new_repo(hub, alice), new_repo(hub, alice)
    data = unique()
    other.commit_lfs("w.bin", data)
    for query in ("", "?rewriteHistory=false", "?rewriteHistory=true"):
        answer = repo.delete(f"/lfs-files/{sha256(data)}{query}")
        assert_error(answer, 404, f"This repository has no large file {sha256(data)}.")
    assert repo.delete("/lfs-files/w.bin").status_code == 400
    assert repo.delete(f"/lfs-files/{sha256(data)}?rewriteHistory=maybe").status_code == 400
    assert other.resolve("w.bin").content == data
