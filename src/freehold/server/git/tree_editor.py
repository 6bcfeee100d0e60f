"""Changes to a tree, kept in memory until the new tree objects are asked for."""

from __future__ import annotations

from freehold.errors import BadRequestError
from freehold.formats.git_objects import DIRECTORY, TreeEntry, build_tree, object_id
from freehold.server.git.reader import ObjectReader


class _Folder:
    """One folder under edit: its rows, less the subfolders that a change has gone into."""

    __slots__ = ("folded", "folders", "rows")

    def __init__(self, rows: list[TreeEntry]) -> None:
        self.rows = {row.name: row for row in rows}
        self.folders: dict[bytes, _Folder] = {}
        self.folded: dict[str, bytes] | None = None

    def is_empty(self) -> bool:
        return not self.rows and all(child.is_empty() for child in self.folders.values())

    def claim_name(self, name: bytes, path: str) -> None:
        """Refuses a new name that a file system blind to case would take for an old one."""
        if name in self.rows or name in self.folders:
            return
        if self.folded is None:
            self.folded = {_fold(taken): taken for taken in (*self.rows, *self.folders)}
        taken = self.folded.setdefault(_fold(name), name)
        child = self.folders.get(taken)
        if taken != name and child is not None and child.is_empty():
            # Its last file was removed, so nothing keeps the name.
            self.remove(taken)
            self.folded[_fold(name)] = taken = name
        if taken != name:
            other = taken.decode("utf-8", "replace")
            raise BadRequestError(
                f"Path {path!r} differs from {other!r} only in the case of its letters."
            )

    def remove(self, name: bytes) -> None:
        self.rows.pop(name, None)
        self.folders.pop(name, None)
        if self.folded is not None and self.folded.get(_fold(name)) == name:
            del self.folded[_fold(name)]


class TreeEditor:
    """A tree that files are put into and removed from; paths are checked beforehand.

    Nothing is written: `finish` gives the new tree objects. An empty tree (no `root_oid`) needs
    no reader.
    """

    def __init__(self, reader: ObjectReader | None, root_oid: str | None) -> None:
        self._reader = reader
        self._root = _Folder(self._load(root_oid) if root_oid else [])

    def get(self, path: str) -> TreeEntry | None:
        """The row of the file at `path`."""
        folder, name = self._find_parent(path)
        row = folder.rows.get(name) if folder else None
        return None if _is_directory(row) else row

    def put(self, path: str, mode: int, oid: bytes) -> None:
        """Creates or replaces a file.

        Raises `BadRequestError` when `path` is a folder, leads through a file, or differs from
        another path only in the case of its letters.
        """
        folder = self._root
        *parents, name = path.encode().split(b"/")
        for parent in parents:
            folder = self._enter_or_make(folder, parent, path)
        if self._enter(folder, name) is not None:
            raise BadRequestError(f"Path {path!r} is a folder: a file cannot take its name.")
        folder.folders.pop(name, None)
        folder.claim_name(name, path)
        folder.rows[name] = TreeEntry(mode, name, oid)

    def remove_file(self, path: str) -> bool:
        """Removes a file; false when there is none."""
        folder, name = self._find_parent(path)
        if folder is None or name not in folder.rows or _is_directory(folder.rows[name]):
            return False
        folder.remove(name)
        return True

    def remove_folder(self, path: str) -> bool:
        """Removes a folder and everything in it; false when there is none."""
        folder, name = self._find_parent(path)
        if folder is None or self._enter(folder, name) is None:
            return False
        folder.remove(name)
        return True

    def finish(self) -> tuple[bytes, list[bytes]]:
        """The id of the root tree, and the bytes of every tree on the way to a change."""
        trees: list[bytes] = []
        root = _write(self._root, trees)
        if root is None:
            trees.append(b"")
            root = object_id("tree", b"")
        return root, trees

    def _find_parent(self, path: str) -> tuple[_Folder | None, bytes]:
        folder: _Folder | None = self._root
        *parents, name = path.encode().split(b"/")
        for parent in parents:
            folder = self._enter(folder, parent) if folder else None
        return folder, name

    def _load(self, tree_oid: str) -> list[TreeEntry]:
        assert self._reader is not None, "a tree that is not empty needs a reader"
        return self._reader.tree(tree_oid)

    def _enter(self, folder: _Folder, name: bytes) -> _Folder | None:
        row = folder.rows.get(name)
        if row is not None and _is_directory(row):
            folder.folders[name] = _Folder(self._load(row.oid.hex()))
            del folder.rows[name]
        known = folder.folders.get(name)
        return None if known is None or known.is_empty() else known

    def _enter_or_make(self, folder: _Folder, name: bytes, path: str) -> _Folder:
        found = self._enter(folder, name) or folder.folders.get(name)
        if found is not None:
            return found
        if name in folder.rows:
            part = name.decode("utf-8", "replace")
            raise BadRequestError(f"Path {path!r} leads through {part!r}, which is a file.")
        folder.claim_name(name, path)
        made = folder.folders[name] = _Folder([])
        return made


def _is_directory(row: TreeEntry | None) -> bool:
    return row is not None and row.mode == DIRECTORY


def _fold(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape").casefold()


def _write(folder: _Folder, trees: list[bytes]) -> bytes | None:
    """The id of the folder's tree; `None` for an empty one, which git does not keep."""
    rows = list(folder.rows.values())
    for name, child in folder.folders.items():
        oid = _write(child, trees)
        if oid is not None:
            rows.append(TreeEntry(DIRECTORY, name, oid))
    if not rows:
        return None
    data = build_tree(rows)
    trees.append(data)
    return object_id("tree", data)
