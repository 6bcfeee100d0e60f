"""Comparisons of commits: what is found, and what it may cost."""

from __future__ import annotations

import random

import pytest

from freehold.errors import PayloadTooLargeError
from freehold.server.git import differences
from freehold.server.git.native import GitError
from freehold.server.git.reader import MissingObjectError
from tests.conftest import NewHub
from tests.histories import open_reader
from tests.live import LiveHub
from tests.repos import Repo, deleted, file, new_repo

TEXT = "a text that is long enough to be known again\n" * 20


@pytest.fixture
def live(fresh_hub: NewHub) -> LiveHub:
    return fresh_hub()


@pytest.mark.parametrize(("most", "found"), [(2, 2), (1, 0)])
def test_renames_are_looked_for_among_so_many_changes_only(
    live: LiveHub, monkeypatch: pytest.MonkeyPatch, most: int, found: int
) -> None:
    """Each change is compared with each other one, which takes minutes for a hundred thousand."""
    texts = [f"{n}\n{TEXT * (n + 1)}" for n in range(2)]
    repo = new_repo(live, live.user(), *[file(f"old-{n}.txt", texts[n]) for n in range(2)])
    before = repo.head()
    gone = [deleted("deletedFile", f"old-{n}.txt") for n in range(2)]
    after = repo.commit(*gone, *[file(f"new-{n}.txt", texts[n] + "x\n") for n in range(2)])
    reader = open_reader(repo)
    monkeypatch.setattr(differences, "MAX_RENAMES", most)
    trees = reader.commit(before).tree, reader.commit(after).tree
    changes = differences.compare_trees(reader, *trees)
    assert [change.status for change in changes].count("renamed") == found


def test_compare_gives_up_what_takes_too_long(
    live: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same few lines in another order: a hundred seconds for 9 MB of them."""
    numbers = random.Random(7)
    texts = ["".join(numbers.choices(["a\n", "b\n", "c\n", "d\n"], k=1_500_000)) for _ in range(2)]
    repo = new_repo(live, live.user(), file("f.txt", texts[0]))
    before, after = repo.head(), repo.commit(file("f.txt", texts[1]))
    reader = open_reader(repo)
    trees = reader.commit(before).tree, reader.commit(after).tree
    monkeypatch.setattr(differences, "SECONDS", 1)
    with pytest.raises(PayloadTooLargeError, match="too large to be worked out"):
        differences.format_patch(reader, *trees)
    [change] = differences.compare_trees(reader, *trees)
    assert change == ("f.txt", "modified", None)


def test_compare_gives_up_what_is_too_much(live: LiveHub, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = new_repo(live, live.user())
    before, after = repo.head(), repo.commit(*[file(f"{n}.txt", TEXT) for n in range(40)])
    reader = open_reader(repo)
    trees = reader.commit(before).tree, reader.commit(after).tree
    size = len(differences.format_patch(reader, *trees).encode())
    monkeypatch.setattr(differences, "MAX_PATCH_SIZE", size)
    assert differences.format_patch(reader, *trees)
    monkeypatch.setattr(differences, "MAX_PATCH_SIZE", size - 1)
    with pytest.raises(PayloadTooLargeError):
        differences.format_patch(reader, *trees)


def test_compare_finds_what_the_cache_has_lost(live: LiveHub) -> None:
    repo: Repo = new_repo(live, live.user())
    before, after = repo.head(), repo.commit(file("a.txt", TEXT))
    reader = open_reader(repo)
    trees = reader.commit(before).tree, reader.commit(after).tree
    for pack in live.inside.git.cache.path(reader.repo_id).rglob("*.pack"):
        pack.unlink()
    assert [change.path for change in differences.compare_trees(reader, *trees)] == ["a.txt"]
    assert differences.find_merge_base(reader, after, before) == before
    with pytest.raises((MissingObjectError, GitError)):
        differences.compare_trees(reader, trees[0], "0" * 40)
