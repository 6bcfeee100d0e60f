"""A git repository as it was: its configuration, hooks and refs, put back when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freehold.client.git_program import Git


@contextmanager
def unchanged_on_failure(git: Git) -> Iterator[None]:
    """Puts back the configuration, hooks and refs of the repository when the block fails.

    The files are not its business. Objects that were added stay, as nobody sees them.
    """
    before = _Snapshot(git)
    try:
        yield
    except BaseException:
        before.restore()
        raise


class _Snapshot:
    def __init__(self, git: Git) -> None:
        # What is put back is put back also when the caller has cancelled.
        self._git = git.uncancelled()
        self._config = self._path("config")
        self._text = self._config.read_bytes()
        self._hooks = self._list_hooks()
        self._refs = self._list_refs()
        self._head = git.find("symbolic-ref", "--quiet", "HEAD")

    def _path(self, name: str) -> Path:
        return self._git.folder / self._git.ask("rev-parse", "--git-path", name)

    def _list_hooks(self) -> set[Path]:
        """The hooks of this repository; a folder that several share is not its own."""
        folder = self._path("hooks")
        own = folder.parent == self._config.parent
        return set(folder.glob("*")) if own else set()

    def _list_refs(self) -> dict[str, str]:
        listed = self._git.ask(
            "for-each-ref", "--format=%(refname) %(objectname) %(symref)"
        ).splitlines()
        pairs = (line.split(" ") for line in listed)
        return {name: oid for name, oid, leads_to in pairs if not leads_to}

    def restore(self) -> None:
        """Puts everything back."""
        if self._head is not None:
            self._git.run("symbolic-ref", "HEAD", self._head)
        now = self._list_refs()
        lines = [f"delete {name}\n" for name in now.keys() - self._refs.keys()]
        lines += [f"update {n} {oid}\n" for n, oid in self._refs.items() if now.get(n) != oid]
        self._git.run("update-ref", "--no-deref", "--stdin", stdin="".join(lines).encode())
        for hook in self._list_hooks() - self._hooks:
            hook.unlink()
        if self._config.read_bytes() != self._text:
            self._config.write_bytes(self._text)
