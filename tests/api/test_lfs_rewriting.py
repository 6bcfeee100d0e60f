"""A history without some large files: what `git filter-branch` would make of it, and races."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest

from freehold.server.db import refs, repos
from tests.histories import MAIN, Source, assert_sound, open_reader, send
from tests.live import Account, LiveHub, fresh_name, wait_for_lock
from tests.repos import Repo, file, lfs_file, new_repo, pointer, sha256

SIGNATURE = """-----BEGIN PGP SIGNATURE-----

c2lnbmVk
-----END PGP SIGNATURE-----
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "source")


def stored_refs(repo: Repo) -> dict[str, str]:
    """The ids that the refs have in the database: tags are not peeled."""
    repo_id = repo.get().json()["_id"]
    with repo.hub.inside.db.read() as tx:
        return refs.list_refs(tx, repo_id)


def used_storage(repo: Repo) -> int:
    used: int = repo.get("?expand=usedStorage").json()["usedStorage"]
    return used


def delete(repo: Repo, *hashes: str) -> None:
    body = {"deletions": {"sha": list(hashes), "rewriteHistory": True}}
    answer = repo.post("/lfs-files/batch", body)
    assert answer.status_code == 200, answer.text


def read_object(repo: Repo, oid: str) -> bytes:
    return open_reader(repo).blob(oid)


def test_a_new_history_is_the_one_that_git_makes(
    hub: LiveHub, alice: Account, source: Source, tmp_path: Path
) -> None:
    """Merges, tags, links, modes, submodules and odd messages included: the ids are the same."""
    doomed, kept = b"doomed" * 100, b"kept" * 100
    source.commit("one\n", a__txt=b"1")
    source.commit("two\n\nwith a body\n\n\n", dir__w=pointer(doomed), dir__kept=pointer(kept))
    (source.path / "dir" / "run").write_text("#!/bin/sh\n")
    (source.path / "dir" / "run").chmod(0o755)
    (source.path / "link").symlink_to("dir/w")
    for name, oid in (("sub", source.git("rev-parse", "HEAD~1")), ("elsewhere", "1" * 40)):
        source.git("update-index", "--add", "--cacheinfo", f"160000,{oid},{name}")
        (source.path / name).mkdir()
    source.commit("three, without a newline", only__w=pointer(doomed))
    source.git("tag", "light")
    source.git("tag", "-a", "annotated", "-m", "A tag\n\nwith a body", "HEAD~1")
    source.git("tag", "-a", "early", "-m", "before it came", "HEAD~2")
    source.git("checkout", "-q", "-b", "side", "HEAD~1")
    source.commit("", dir__w=None)
    source.commit("back\n", dir__w=pointer(doomed), b__txt=b"2")
    source.git("checkout", "-q", "main")
    source.git("merge", "-q", "--no-ff", "-m", "Merge it", "side")
    source.git("branch", "merged")
    source.commit("gone\n", dir__w=None, only__w=None)
    old = source.refs()
    repo = new_repo(hub, alice)
    send(source, repo, tmp_path)
    delete(repo, sha256(doomed))
    paths = "git rm -q --cached --ignore-unmatch dir/w only/w"
    source.git("filter-branch", "--index-filter", paths, "--tag-name-filter", "cat", "--", "--all")
    assert stored_refs(repo) == source.refs()
    unchanged = {name for name, oid in source.refs().items() if old[name] == oid}
    assert unchanged == {"refs/tags/early"}
    assert len(old) == 6


def test_parents_that_become_the_same_commit_are_named_once(
    hub: LiveHub, alice: Account, source: Source, tmp_path: Path
) -> None:
    doomed = b"doomed" * 100
    source.commit("base\n", a__txt=b"1")
    base = source.git("rev-parse", "HEAD")
    texts = []
    for path in ("one", "two"):
        source.git("checkout", "-q", base)
        source.commit("side\n", **{path: pointer(doomed)})
        texts.append(source.read("HEAD"))
    one = source.put("commit", texts[0] + "\n", "refs/heads/one")
    same = texts[0].replace(texts[0].split()[1], texts[1].split()[1]) + "\n"
    two = source.put("commit", same, "refs/heads/two")
    merge = f"parent {one}\nparent {two}\n".join(same.split(f"parent {base}\n"))
    source.put("commit", merge, MAIN)
    repo = new_repo(hub, alice)
    send(source, repo, tmp_path)
    delete(repo, sha256(doomed))
    found = stored_refs(repo)
    assert found["refs/heads/one"] == found["refs/heads/two"]
    assert read_object(repo, found[MAIN]).decode().count("\nparent ") == 1
    assert repo.paths() == ["a/txt"]


def test_signatures_of_what_changed_are_left_out(
    hub: LiveHub, alice: Account, source: Source, tmp_path: Path
) -> None:
    """They were made for other bytes; on what did not change they stay."""
    doomed = b"doomed" * 100
    source.commit("one\n", a__txt=b"1")
    signed_text = add_signature(source.read("HEAD"))
    before = source.put("commit", signed_text, MAIN)
    source.git("reset", "-q", "--hard")
    source.commit("two\n", w=pointer(doomed))
    after = source.put("commit", add_signature(source.read("HEAD")), MAIN)
    source.git("tag", "-a", "inner", "-m", "the message")
    inner = source.git("rev-parse", "inner")
    tag = source.read(inner) + "\n" + SIGNATURE
    signed = source.put("tag", tag, "refs/tags/signed")
    outer = source.put("tag", nest(signed), "refs/tags/outer")
    repo = new_repo(hub, alice)
    send(source, repo, tmp_path)
    delete(repo, sha256(doomed))
    found = stored_refs(repo)
    commit = read_object(repo, found[MAIN]).decode()
    assert (before in commit, after in commit) == (True, False)
    assert "gpgsig" not in commit and "SIGNATURE" not in commit
    assert commit.endswith("\n\ntwo\n")
    assert read_object(repo, before).decode() == signed_text
    assert read_object(repo, found["refs/tags/signed"]).decode() == (
        source.read(inner).replace(after, found[MAIN]) + "\n"
    )
    assert read_object(repo, found["refs/tags/outer"]).decode() == (
        nest(signed).replace(signed, found["refs/tags/signed"])
    )
    assert outer != found["refs/tags/outer"]


def add_signature(commit: str) -> str:
    head, _, message = commit.partition("\n\n")
    signature = SIGNATURE.rstrip("\n").replace("\n", "\n ")
    return f"{head}\ngpgsig {signature}\n\n{message}\n"


def nest(tag: str) -> str:
    """A tag of a tag."""
    return f"object {tag}\ntype tag\ntag outer\ntagger A <a@b> 1 +0000\n\na tag of a tag\n"


def test_a_tag_of_a_folder_is_rewritten_and_one_of_a_file_is_not(
    hub: LiveHub, alice: Account, source: Source, tmp_path: Path
) -> None:
    doomed = b"doomed" * 100
    source.commit("one\n", dir__w=pointer(doomed), dir__a=b"a")
    source.git("tag", "-a", "folder", "-m", "a folder", "HEAD:dir")
    source.git("update-ref", "refs/tags/file", source.git("rev-parse", "HEAD:dir/a"))
    repo = new_repo(hub, alice)
    send(source, repo, tmp_path)
    delete(repo, sha256(doomed))
    found = stored_refs(repo)
    assert found["refs/tags/file"] == source.refs()["refs/tags/file"]
    folder = read_object(repo, found["refs/tags/folder"]).decode().split()[1]
    rows = open_reader(repo).tree(folder)
    assert [row.name for row in rows] == [b"a"]


def test_a_long_history_takes_no_more_space_than_before(
    hub: LiveHub, alice: Account, source: Source, tmp_path: Path
) -> None:
    """Each of its trees is nearly the one before, and is kept as the difference."""
    doomed = b"doomed" * 100
    text = pointer(doomed).decode()
    lines = []
    for number in range(60):
        lines.append(f"commit {MAIN}\ncommitter A <a@b> {number} +0000\ndata 1\nx")
        if number == 1:
            lines.append(f"M 100644 inline w\ndata {len(text)}\n{text}")
        files = range(400) if number == 0 else [number]
        lines += [f"M 100644 inline f{name}\ndata 3\n{number + name:03}" for name in files]
    source.git("fast-import", "--quiet", stdin="\n".join(lines) + "\n")
    repo = new_repo(hub, alice)
    send(source, repo, tmp_path)
    old, before = repo.get("/commits/main").headers["x-total-count"], used_storage(repo)
    delete(repo, sha256(doomed))
    assert repo.get("/commits/main").headers["x-total-count"] == old == "60"
    assert used_storage(repo) < 2 * before < 200_000
    assert repo.paths() == sorted(f"f{number}" for number in range(400))
    assert repo.resolve("f59").text == "118"
    assert_sound(repo)


def test_no_commit_is_lost_while_a_history_is_rewritten(hub: LiveHub, alice: Account) -> None:
    """Writers go on and make branches at old commits; all of it is in the new history."""
    repo = new_repo(hub, alice)
    doomed = fresh_name("bytes").encode() * 100
    for number in range(20):
        repo.commit(file(f"before-{number}.txt", f"{number}"))
    old = repo.commit_lfs("w.bin", doomed)
    barrier, over = Barrier(4), Event()

    def write(writer: int) -> int:
        barrier.wait(30)
        count = 0
        while not over.is_set() or count < 5:
            repo.commit(file(f"{writer}/{count}.txt", f"{count}"))
            count += 1
        return count

    def branch() -> int:
        barrier.wait(30)
        count = 0
        while not over.is_set() or count < 5:
            answer = repo.post(f"/branch/b{count}", {"startingPoint": old})
            assert answer.status_code == 200, answer.text
            count += 1
        return count

    def rewrite() -> int:
        barrier.wait(30)
        try:
            delete(repo, sha256(doomed))
        finally:
            over.set()
        return 0

    actions: list[Callable[[], int]] = [rewrite, branch, lambda: write(0), lambda: write(1)]
    with ThreadPoolExecutor(len(actions)) as pool:
        _, branches, *written = [f.result() for f in [pool.submit(a) for a in actions]]
    wanted = {f"{writer}/{n}.txt" for writer, count in enumerate(written) for n in range(count)}
    assert set(repo.paths()) == wanted | {f"before-{number}.txt" for number in range(20)}
    total = repo.get("/commits/main").headers["x-total-count"]
    assert int(total) == 1 + 20 + 1 + sum(written)
    heads = {ref["name"]: ref["targetCommit"] for ref in repo.get("/refs").json()["branches"]}
    assert len(heads) == branches + 1
    # A branch that was made afterwards, from the old commit, is as its maker wanted it.
    moved = {name for name, oid in heads.items() if name != "main" and oid != old}
    assert all("w.bin" not in repo.paths(name) for name in moved)
    assert moved == {f"b{number}" for number in range(len(moved))}


@pytest.mark.parametrize("hub", ["postgresql"], indirect=True)
def test_a_branch_that_was_made_meanwhile_is_rewritten_too(hub: LiveHub, alice: Account) -> None:
    """The rewriting waits for the transaction that makes it, and starts again."""
    repo = new_repo(hub, alice)
    data = fresh_name("bytes").encode() * 100
    old = repo.commit_lfs("w.bin", data)
    repo_id = repo.get().json()["_id"]
    with ThreadPoolExecutor(1) as pool:
        with hub.inside.db.write() as tx:
            repos.lock_repo(tx, repo_id)
            deletion = pool.submit(delete, repo, sha256(data))
            wait_for_lock(hub)
            assert refs.swap_ref(tx, repo_id, "refs/heads/late", None, old)
        deletion.result(60)
    assert repo.head("late") == repo.head() != old
    assert repo.paths("late") == []


def test_of_a_commit_and_a_deletion_of_its_file_one_comes_first(
    hub: LiveHub, alice: Account
) -> None:
    """Either the commit is refused or rewritten, or the file is there again with its bytes."""
    for _ in range(5):
        repo = new_repo(hub, alice)
        data = fresh_name("bytes").encode() * 100
        repo.commit_lfs("w.bin", data)
        barrier = Barrier(2)

        def commit(repo: Repo = repo, data: bytes = data, barrier: Barrier = barrier) -> int:
            barrier.wait(30)
            return repo.send_commit(lfs_file("again.bin", sha256(data), len(data))).status_code

        def rewrite(repo: Repo = repo, data: bytes = data, barrier: Barrier = barrier) -> int:
            barrier.wait(30)
            delete(repo, sha256(data))
            return 200

        with ThreadPoolExecutor(2) as pool:
            answers = [future.result() for future in [pool.submit(commit), pool.submit(rewrite)]]
        assert answers[0] in (200, 400)
        for path in repo.paths():
            assert repo.resolve(path).content == data
        assert "w.bin" not in repo.paths()
