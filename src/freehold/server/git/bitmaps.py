"""Reachability bitmaps: what each commit leads to, so that a clone of many objects walks nothing.

git keeps them with an index over several packs, and does not like it when one of those packs goes
away. So they are in a folder beside the cached repository, with hard links to its packs: compaction
and libgit2 know nothing of it, and it is whole until a later one takes its place.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from freehold.server.db.packs import Pack
from freehold.server.git import native
from freehold.server.git.cache import PACK_ENDINGS
from freehold.server.git.views import View

# With fewer objects, to walk is as fast.
MIN_OBJECTS: Final = 10_000

# Objects without bitmaps are walked, which is fine for a few of them.
MAX_UNCOVERED: Final = 0.2

# Whoever began with an earlier folder may still be at work in it.
KEPT: Final = 2


def find_bitmaps(repository: Path) -> list[Path]:
    """The folder of objects with bitmaps, if the cached repository has one."""
    return _list(repository)[:1]


def are_due(repository: Path, listed: Iterable[Pack]) -> bool:
    """Whether a repository of these packs needs bitmaps, or others than it has."""
    total = _count(listed)
    covered = [int(folder.name) for folder in find_bitmaps(repository)]
    return total >= MIN_OBJECTS and total * (1 - MAX_UNCOVERED) > max(covered, default=0)


def make_bitmaps(repository: Path, listed: Iterable[Pack], refs: Mapping[str, str]) -> None:
    """Makes bitmaps for the packs and the commits that the refs lead to.

    Raises `GitError`, and `OSError` when a pack has gone meanwhile.
    """
    packs = list(listed)
    draft = repository / "bitmaps" / f"draft-{uuid.uuid4().hex}"
    try:
        (draft / "pack").mkdir(parents=True)
        for name in (f"pack-{pack.name}{ending}" for pack in packs for ending in PACK_ENDINGS):
            (draft / "pack" / name).hardlink_to(repository / "objects" / "pack" / name)
        with View([draft], refs) as view:
            native.write_bitmaps(view.path, draft)
        target = draft.with_name(str(_count(packs)))
        if not target.exists():
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for folder in _list(repository)[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _count(listed: Iterable[Pack]) -> int:
    return sum(pack.object_count for pack in listed)


def _list(repository: Path) -> list[Path]:
    """The finished folders, each named after the number of objects in it; the largest first."""
    folders = [path for path in (repository / "bitmaps").glob("*") if path.name.isdecimal()]
    return sorted(folders, key=lambda path: int(path.name), reverse=True)
