"""Commits of one history made anew on top of another one.

Nothing can conflict: a new commit has the files of the commit below it, and its own change to them;
the first one puts all its files over those of the other history. Authors, dates and messages stay
byte for byte; signatures, which would be wrong, go. No ref and no file is touched.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from freehold.client import git_lfs
from freehold.client.git_program import Git

_FILES: Final = frozenset({b"100644", b"100755"})
_DELETED: Final = b"000000"
# Each goes on in the lines that begin with a space.
_SIGNATURE: Final = re.compile(rb"^(?:gpgsig|gpgsig-sha256|mergetag) .*\n(?: .*\n)*", re.MULTILINE)
_TREE_AND_PARENTS: Final = re.compile(rb"\Atree .*\n(?:parent .*\n)*")


class _Change(NamedTuple):
    mode: bytes
    blob: bytes
    path: bytes


def replay(git: Git, head: str, base: str, *, with_lfs: bool) -> str:
    """The id of the commit that `head` becomes when its whole history stands on `base`.

    A commit that changes nothing there is left out. With `with_lfs`, what `.gitattributes` says to
    be a large file becomes one. Raises `GitError`.
    """
    with tempfile.TemporaryDirectory(prefix="freehold-") as folder:
        index = git.changed(environ={"GIT_INDEX_FILE": str(Path(folder, "index"))})
        return _Replay(index, base, with_lfs).run(head)


class _Replay:
    def __init__(self, git: Git, base: str, with_lfs: bool) -> None:
        self._git = git
        self._base = base
        self._with_lfs = with_lfs
        self._new: dict[str, str] = {}
        self._pointers: dict[bytes, bytes] = {}

    def run(self, head: str) -> str:
        listed = self._git.ask("rev-list", "--topo-order", "--reverse", "--parents", head, "--")
        for line in listed.splitlines():
            commit, *parents = line.split()
            self._new[commit] = self._copy(commit, parents)
        return self._new[head]

    def _copy(self, commit: str, parents: Sequence[str]) -> str:
        above = list(dict.fromkeys(self._new[p] for p in parents)) or [self._base]
        changes = list(self._list_changes(commit, parents))
        self._git.run("read-tree", above[0])
        self._apply(changes)
        if self._with_lfs:
            self._apply(list(self._to_pointers(changes)))
        tree = self._git.ask("write-tree")
        if changes and len(above) == 1 and tree == self._tree_of(above[0]):
            return above[0]
        return self._write(commit, tree, above)

    def _tree_of(self, commit: str) -> str:
        return self._git.ask("rev-parse", f"{commit}^{{tree}}")

    def _list_changes(self, commit: str, parents: Sequence[str]) -> Iterator[_Change]:
        """What the commit changes of its first parent; all that it holds when it has none."""
        between = [parents[0], commit] if parents else ["--root", "--no-commit-id", commit]
        listed = self._git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", *between, "--")
        words = iter(listed.split(b"\0")[:-1])
        for about, path in zip(words, words, strict=True):
            _, mode, _, blob, _ = about.split(b" ")
            yield _Change(mode, blob, path)

    def _apply(self, changes: Sequence[_Change]) -> None:
        # Deletions first: where there was a file there may be a folder now.
        ordered = sorted(changes, key=lambda change: change.mode != _DELETED)
        lines = (b"%s %s\t%s\0" % (change.mode, change.blob, change.path) for change in ordered)
        self._git.run("update-index", "-z", "--index-info", stdin=b"".join(lines))

    def _to_pointers(self, changes: Sequence[_Change]) -> Iterator[_Change]:
        files = [change for change in changes if change.mode in _FILES]
        stdin = b"".join(change.path + b"\0" for change in files)
        told = self._git.run("check-attr", "--cached", "-z", "--stdin", "filter", stdin=stdin)
        words = told.split(b"\0")
        for change, attribute in zip(files, words[2::3], strict=True):
            if attribute == b"lfs":
                yield change._replace(blob=self._pointer(change.blob))

    def _pointer(self, blob: bytes) -> bytes:
        if blob not in self._pointers:
            pointer = git_lfs.make_pointer(self._git, blob.decode())
            made = self._git.run("hash-object", "-w", "--stdin", stdin=pointer)
            self._pointers[blob] = made.strip()
        return self._pointers[blob]

    def _write(self, commit: str, tree: str, parents: Sequence[str]) -> str:
        head, end, message = self._git.run("cat-file", "commit", commit).partition(b"\n\n")
        first = "".join([f"tree {tree}\n", *(f"parent {parent}\n" for parent in parents)])
        rest = _SIGNATURE.sub(b"", _TREE_AND_PARENTS.sub(b"", head + b"\n"))
        text = first.encode() + rest.rstrip(b"\n") + end + message
        written = self._git.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=text)
        return written.decode().strip()
