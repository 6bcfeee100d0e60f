"""History without some large files: every commit that holds a pointer to one is made anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pygit2

from freehold.formats.git_links import (
    CommitLinks,
    commit_links,
    join_rows,
    relink_commit,
    relink_tag,
    tag_target,
)
from freehold.formats.git_objects import DIRECTORY, GITLINK, TreeEntry
from freehold.formats.pack import PackWriter
from freehold.server.git import native
from freehold.server.git.history import walk_commits
from freehold.server.git.places import read_pointer
from freehold.server.git.reader import ObjectReader
from freehold.server.git.store import INLINE_PACK_LIMIT, PackSource

_TREE: Final = int(pygit2.enums.ObjectType.TREE)
_TAG: Final = int(pygit2.enums.ObjectType.TAG)
_PARENTS_FIRST: Final = (
    pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME | pygit2.enums.SortMode.REVERSE
)


@dataclass
class Rewritten:
    """What takes the place of each object that was looked at: itself, another, or nothing.

    `tips` are the commits whose whole history is among them. The objects must be in the
    repository, or in the pack that is to be published, before this is used again.
    """

    commits: dict[bytes, bytes] = field(default_factory=dict)
    # Files and folders. Apart from the commits, since a submodule may name any commit.
    entries: dict[bytes, bytes | None] = field(default_factory=dict)
    tips: set[str] = field(default_factory=set)


class HistoryRewriter:
    """Takes every pointer to one of the large files out of the history of refs.

    `hashes` are sha256 in hex; the size that a pointer tells does not matter. New objects go into
    `writer` one by one, and what is not changed keeps its id.
    """

    def __init__(
        self, reader: ObjectReader, writer: PackWriter, hashes: Collection[str], done: Rewritten
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._hashes = hashes
        self._done = done

    def rewrite(self, refs: Mapping[str, str]) -> dict[str, str]:
        """The new ids of those refs that are to move, by name."""
        tips = {tip for oid in refs.values() if (tip := self._reader.peel(oid)) is not None}
        for oid in walk_commits(self._reader, tips, _PARENTS_FIRST, self._done.tips):
            self._done.commits[bytes.fromhex(oid)] = self._rewrite_commit(oid)
        self._done.tips |= tips
        targets = {name: self._rewrite_target(bytes.fromhex(oid)) for name, oid in refs.items()}
        return {name: oid.hex() for name, oid in targets.items() if oid.hex() != refs[name]}

    def _rewrite_commit(self, oid: str) -> bytes:
        data = self._reader.blob(oid)
        links = commit_links(data)
        parents = tuple(self._done.commits[parent] for parent in links.parents)
        moved = CommitLinks(self._rewrite_root(links.tree), parents)
        if moved == links:
            return bytes.fromhex(oid)
        # Two commits may have become the same one.
        moved = moved._replace(parents=tuple(dict.fromkeys(parents)))
        return self._writer.add("commit", relink_commit(data, moved))

    def _rewrite_target(self, oid: bytes) -> bytes:
        if oid in self._done.commits:
            return self._done.commits[oid]
        kind, data = self._reader.read(oid.hex())
        if kind == _TREE:
            return self._rewrite_root(oid)
        if kind != _TAG:
            return oid
        target = tag_target(data)
        moved = self._rewrite_target(target)
        return oid if moved == target else self._writer.add("tag", relink_tag(data, moved))

    def _rewrite_root(self, oid: bytes) -> bytes:
        if oid not in self._done.entries:
            self._done.entries[oid] = self._rewrite_folder(oid)
        place = self._done.entries[oid]
        return self._writer.add("tree", b"") if place is None else place

    def _rewrite_folder(self, oid: bytes) -> bytes | None:
        """The folder without what is taken out; `None` when that leaves nothing."""
        rows = self._reader.tree(oid.hex())
        entries = self._done.entries
        for row in rows:
            if row.oid not in entries and row.mode != GITLINK:
                entries[row.oid] = self._rewrite_entry(row)
        places = [entries.get(row.oid, row.oid) for row in rows]
        if places == [row.oid for row in rows]:
            return oid
        kept = zip(rows, places, strict=True)
        data = join_rows(TreeEntry(row.mode, row.name, to) for row, to in kept if to is not None)
        return self._writer.add("tree", data) if data else None

    def _rewrite_entry(self, row: TreeEntry) -> bytes | None:
        if row.mode == DIRECTORY:
            return self._rewrite_folder(row.oid)
        pointer = read_pointer(self._reader, row.oid.hex())
        return None if pointer is not None and pointer.oid in self._hashes else row.oid


def pack_history(writer: PackWriter, folder: Path) -> PackSource:
    """What a rewriter has made, as one pack; `folder` is empty and stays until it is published.

    The trees of a history hardly differ from one another. Whole, as they are staged, they may
    take a hundred times the space, and compaction leaves a pack alone that outweighs all others.
    """
    packs = folder / "objects" / "pack"
    packs.mkdir(parents=True)
    draft = packs / "draft"
    with draft.open("wb") as out:
        info = writer.finish(out)
    if info.size <= INLINE_PACK_LIMIT:
        return writer.finish
    draft.rename(packs / f"pack-{info.name}.pack")
    (packs / f"pack-{info.name}.idx").write_bytes(info.index)
    (folder / "refs").mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    return native.shrink_pack(str(folder), info.name, folder)
