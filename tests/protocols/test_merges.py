"""Merges of pull requests beside those of git: equal where both merge, and refused where git asks.

What only the hub refuses is what it would refuse in a push as well.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from freehold.errors import RepositoryNotFoundError
from freehold.server.git.merging import merge_commits
from freehold.server.git.native import GitLimitError
from freehold.server.git.views import View
from tests.clones import Clone, GitFailedError, clone
from tests.discussions import act, assert_refused, discuss, propose, read
from tests.histories import Source, assert_sound
from tests.live import Account, LiveHub
from tests.repos import Repo, file, lfs_file, new_repo

Files = Mapping[str, str]

LINES = "".join(f"line {n}\n" for n in range(30))
TOP, END = LINES.replace("line 3\n", "line three\n"), LINES + "the end\n"
CARD = "---\nlicense: mit\n\n\n\n\n\n\nlanguage: en\n---\n# Hello\n"


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice, file("a.txt", "one\n"))


def diverge(repo: Repo, before: Files, ours: Files, theirs: Files) -> int:
    """A pull request that makes some files into `theirs`, while its base makes them into `ours`."""
    if before:
        repo.commit(*[file(path, text) for path, text in before.items()])
    num = propose(repo, *[file(path, text) for path, text in theirs.items()])
    repo.commit(*[file(path, text) for path, text in ours.items()])
    return num


def draft(repo: Repo) -> int:
    """An open pull request without a commit of its own."""
    num = discuss(repo, pullRequest=True)
    act(repo, num, "status", {"status": "open"})
    return num


def push(work: Clone, target: str) -> None:
    work.git("push", "-q", "--force", "origin", f"HEAD:{target}")


def merge_by_git(work: Clone, base: str, num: int) -> str | None:
    """The tree that git makes of that base and the pull request; `None` when it finds conflicts."""
    work.git("fetch", "-q", "origin", f"refs/pr/{num}:pr-{num}", "main")
    work.git("checkout", "-q", "--force", base)
    try:
        work.git("merge", "-q", "--no-edit", f"pr-{num}")
    except GitFailedError:
        work.git("reset", "-q", "--hard")
        return None
    return work.head("HEAD^{tree}")


def test_a_merge_does_what_the_attributes_of_the_base_say(repo: Repo, tmp_path: Path) -> None:
    clean = ({"f.txt": LINES}, {"f.txt": TOP}, {"f.txt": END})
    clash = ({"f.txt": "a\nb\nc\n"}, {"f.txt": "a\nX\nc\n"}, {"f.txt": "a\nY\nc\n"})
    work = clone(repo, tmp_path / "work")
    for attributes, (before, ours, theirs), is_merged in (
        ("", clean, True),
        ("", clash, False),
        ("*.bin filter=lfs diff=lfs merge=lfs -text\n*.txt merge=unknown", clean, True),
        ("*.txt -merge", clean, False),
        ("*.txt binary", clean, False),
        ("[attr]stiff -merge\nf.* stiff", clean, False),
        ("*.txt merge=union", clash, True),
    ):
        num = diverge(repo, {**before, ".gitattributes": attributes}, ours, theirs)
        base = repo.head()
        assert read(repo, num)["filesWithConflicts"] == ([] if is_merged else ["f.txt"]), attributes
        assert act(repo, num, "merge").status_code == (200 if is_merged else 409), attributes
        wanted = merge_by_git(work, base, num)
        assert (wanted is not None) is is_merged, attributes
        if wanted:
            work.git("fetch", "-q", "origin", "main")
            assert work.head("FETCH_HEAD^{tree}") == wanted, attributes
    assert_sound(repo)


def test_a_merge_of_histories_that_cross_is_that_of_git(repo: Repo, tmp_path: Path) -> None:
    repo.commit(file("f.txt", LINES), file("run.sh", LINES))
    num, work = draft(repo), clone(repo, tmp_path / "work")
    work.git("checkout", "-q", "-b", "side")
    side = work.write({"f.txt": TOP})
    work.git("checkout", "-q", "main")
    main = work.write({"f.txt": END, "run.sh": END})
    work.git("merge", "-q", "--no-edit", side)
    work.git("checkout", "-q", "side")
    work.git("merge", "-q", "--no-edit", main)
    work.git("update-index", "--chmod=+x", "run.sh")
    work.git("commit", "-q", "-m", "Make it run")
    push(work, f"refs/pr/{num}")
    work.git("checkout", "-q", "--force", "main")
    work.write({"run.sh": TOP + "the end\n"})
    push(work, "main")
    assert act(repo, num, "merge").status_code == 200
    wanted = merge_by_git(work, "main", num)
    work.git("fetch", "-q", "origin", "main")
    assert work.head("FETCH_HEAD^{tree}") == wanted is not None
    assert work.git("ls-tree", "FETCH_HEAD", "run.sh").startswith("100755")
    assert_sound(repo)


def test_conflicts_are_told_by_the_paths_that_people_know(repo: Repo, tmp_path: Path) -> None:
    odd = 'ünï "q" \U0001f600 $(x).txt'
    num = diverge(repo, {odd: "1\n"}, {odd: "2\n", "d": "a file\n"}, {odd: "3\n", "d/x.txt": "x\n"})
    assert read(repo, num)["filesWithConflicts"] == ["d", odd]
    assert_refused(act(repo, num, "merge"), 409, f"'d', {odd!r}")
    # The other way round: what is a folder in the base is a file in the pull request.
    num = diverge(repo, {"e.txt": "1\n"}, {"e/x.txt": "x\n"}, {"e": "a file\n"})
    assert read(repo, num)["filesWithConflicts"] == ["e"]


def test_a_merge_makes_no_card_that_cannot_be_read(repo: Repo) -> None:
    ours = CARD.replace("license: mit", "pretty_name: A\nlicense: mit")
    theirs = CARD.replace("language: en", "language: en\npretty_name: B")
    num = diverge(repo, {"README.md": CARD}, {"README.md": ours}, {"README.md": theirs})
    head = repo.head()
    answer = act(repo, num, "merge")
    assert_refused(answer, 409, "README.md is not valid: The YAML metadata of README.md is not")
    assert (repo.head(), read(repo, num)["status"]) == (head, "open")
    # Its author mends it.
    mended = ours.replace("language: en", "language: de")
    repo.commit(file("README.md", mended), revision=f"refs%2Fpr%2F{num}")
    repo.commit(file("README.md", CARD.replace("language: en", "language: de")))
    assert_refused(act(repo, num, "merge", {"comment": "x" * 65_537}), 400)
    assert act(repo, num, "merge").status_code == 200
    assert repo.resolve("README.md").text == mended


def test_a_merge_makes_no_file_that_is_too_large_for_git(repo: Repo) -> None:
    limit = repo.hub.inside.config.inline_limit
    more = ("x" * 999 + "\n") * (limit * 2 // 3000)
    num = diverge(repo, {"f.txt": LINES}, {"f.txt": more + LINES}, {"f.txt": LINES + more})
    answer = act(repo, num, "merge")
    assert_refused(answer, 409, f"'f.txt' would have {2 * len(more) + len(LINES)} bytes")
    assert repo.resolve("f.txt").text == more + LINES


def test_a_merge_names_commits_whatever_they_say(repo: Repo, tmp_path: Path) -> None:
    """A first line can be as long as a message: fifty of them would be too much for a commit."""
    num, work = draft(repo), clone(repo, tmp_path / "work")
    for n in range(20):
        work.git("commit", "-q", "--allow-empty", "-F", "-", input=f"{n} " + "t" * 60_000)
    work.write({"b.txt": "b"})
    push(work, f"refs/pr/{num}")
    assert act(repo, num, "merge").status_code == 200
    [made] = repo.get("/commits/main?limit=1").json()
    assert made["message"].count("\n") == 20
    assert len(made["message"]) < 10_000


def test_large_files_that_differ_are_a_conflict_and_one_is_readable_after(repo: Repo) -> None:
    def send(revision: str, data: bytes) -> str:
        return repo.commit(
            lfs_file("w.bin", repo.upload(data), len(data)), revision=revision.replace("/", "%2F")
        )

    first, second, third = (f"\0weights {n}".encode() * 99 for n in range(3))
    send("main", first)
    num = propose(repo)
    send(f"refs/pr/{num}", second)
    send("main", third)
    assert read(repo, num)["filesWithConflicts"] == ["w.bin"]
    assert act(repo, num, "merge").status_code == 409
    send("main", first)
    assert act(repo, num, "merge").status_code == 200
    assert repo.resolve("w.bin").content == second


def test_a_merge_may_leave_nothing(repo: Repo, tmp_path: Path) -> None:
    num, work = draft(repo), clone(repo, tmp_path / "work")
    work.git("rm", "-q", "-r", ".")
    work.git("commit", "-q", "-m", "Nothing")
    push(work, f"refs/pr/{num}")
    assert act(repo, num, "merge").status_code == 200
    assert repo.get("/tree/main").json() == []
    assert_sound(repo)


def test_a_merge_brings_no_link_that_leads_out(repo: Repo, tmp_path: Path) -> None:
    """One side moves a link up, the other one lets it lead further up."""

    def link(work: Clone, path: str, target: str) -> None:
        (work.folder / path).parent.mkdir(exist_ok=True, parents=True)
        (work.folder / path).unlink(missing_ok=True)
        (work.folder / path).symlink_to(target)
        work.git("add", "-A")
        work.git("commit", "-q", "-m", "Link")

    work = clone(repo, tmp_path / "work")
    link(work, "d/link", "a.txt")
    push(work, "main")
    num = draft(repo)
    work.git("mv", "d/link", "link")
    work.git("commit", "-q", "-m", "Move")
    push(work, f"refs/pr/{num}")
    work.git("checkout", "-q", "--detach", "HEAD~1")
    link(work, "d/link", "../a.txt")
    push(work, "main")
    assert_refused(act(repo, num, "merge"), 409, "A symbolic link leads out of the repository.")
    assert "link" not in repo.paths()


def test_a_merge_in_a_repository_that_is_deleted_meanwhile_finds_none(repo: Repo) -> None:
    git = repo.hub.inside.git
    with (
        pytest.raises(RepositoryNotFoundError),
        git.open_workshop(repo.get().json()["_id"]) as view,
    ):
        repo.call("DELETE", "/api/repos/delete", json={"name": repo.full_name.partition("/")[2]})
        merge_commits(view, "0" * 40, "1" * 40, 1)


def test_a_merge_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """The same few lines in another order on each side."""
    numbers = random.Random(5)
    base, ours, theirs = (
        b"".join(numbers.choices([b"a\n", b"b\n", b"c\n", b"d\n"], k=1_500_000)) for _ in range(3)
    )
    source = Source(tmp_path / "source")
    source.commit("base", f=base)
    source.commit("ours", f=ours)
    head = source.git("rev-parse", "HEAD")
    source.git("checkout", "-q", "HEAD~1")
    source.commit("theirs", f=theirs)
    other = source.git("rev-parse", "HEAD")
    with View([source.path / ".git/objects"], {}) as view, pytest.raises(GitLimitError):
        merge_commits(view, head, other, 1)


def test_a_merge_leaves_nothing_behind_on_the_disk(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with LiveHub(tmp_path / "hub", environ={"TMPDIR": str(temporary)}) as hub:
        repo = new_repo(hub, hub.user())
        clash = diverge(repo, {"f.txt": "1\n"}, {"f.txt": "2\n"}, {"f.txt": "3\n"})
        twins = diverge(repo, {}, {"readme.txt": "1\n"}, {"README.txt": "2\n"})
        clean = diverge(repo, {"g.txt": LINES}, {"g.txt": TOP}, {"g.txt": END})
        for num, status in ((clash, 409), (twins, 409), (clean, 200)):
            read(repo, num)
            assert act(repo, num, "merge").status_code == status
        cache = hub.inside.git.cache.path(repo.get().json()["_id"])
        packs = [path.name for path in (cache / "objects").rglob("*") if path.is_file()]
        assert all(name.startswith("pack-") for name in packs)
        assert list(temporary.iterdir()) == []
