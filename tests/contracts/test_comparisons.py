"""Comparisons of commits: what is found, and what it may cost."""

from __future__ import annotations

import pytest

from freehold.server.core import access
from freehold.server.core.access import Viewer
from freehold.server.git import history
from tests.conftest import NewHub
from tests.repos import deleted, file, new_repo

TEXT = "a text that is long enough to be known again\n" * 20


@pytest.mark.parametrize(("most", "found"), [(2, ["renamed"]), (1, ["added", "deleted"])])
def test_renames_are_looked_for_among_so_many_changes_only(
    fresh_hub: NewHub, monkeypatch: pytest.MonkeyPatch, most: int, found: list[str]
) -> None:
    """Each change is compared with each other one, which takes minutes for a hundred thousand."""
    live = fresh_hub()
    repo = new_repo(live, live.user(), file("old.txt", TEXT))
    before = repo.head()
    after = repo.commit(deleted("deletedFile", "old.txt"), file("new.txt", TEXT))
    hub = live.inside
    with hub.db.read() as tx:
        row = access.find_repo(tx, Viewer(is_admin=True), "model", repo.full_name)
    reader = hub.git.reader(row.id, row.generation)
    monkeypatch.setattr(history, "MAX_RENAMES", most)
    changes = history.compare_trees(reader, reader.commit(before).tree, reader.commit(after).tree)
    assert sorted(change.status for change in changes) == found
