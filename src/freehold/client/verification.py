"""Whether the files on this machine are those of the hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from freehold.client.cache import TreeFile
from freehold.client.digests import file_matches
from freehold.client.errors import LocalEntryNotFoundError
from freehold.client.fetch import Repo, Store
from freehold.client.snapshots import Listing, check_paths


class FolderVerification(NamedTuple):
    """The outcome: paths in the repository whose files are wrong, not there, or not of the hub.

    `revision` is the commit that the folder at `verified_path` was compared with, and
    `checked_count` the number of files that were read.
    """

    revision: str
    checked_count: int
    mismatches: list[str]
    missing_paths: list[str]
    extra_paths: list[str]
    verified_path: Path

    @property
    def is_sound(self) -> bool:
        """Whether no file that is there is wrong."""
        return not self.mismatches


def verify_folder(repo: Repo, store: Store, revision: str) -> FolderVerification:
    """Reads every file of the revision that is there; asks the hub unless the list is known."""
    commit, tree = _find_tree(repo, store, revision)
    check_paths(tree)
    folder = store.snapshot(commit)
    there = [file for file in tree if os.path.exists(store.pointer(commit, file.path))]
    names = {file.path for file in tree}
    here = {file.path for file in there}
    return FolderVerification(
        commit,
        len(there),
        [file.path for file in there if not _matches(repo, store, commit, file)],
        sorted(names - here),
        sorted(path for path in _walk(folder) if path not in names),
        Path(folder),
    )


def _find_tree(repo: Repo, store: Store, revision: str) -> tuple[str, list[TreeFile]]:
    if not repo.session.settings.offline:
        return Listing(repo, store).find(revision)
    commit = store.find_commit(revision)
    tree = store.find_tree(commit) if commit is not None else None
    if commit is None or tree is None:
        raise LocalEntryNotFoundError(
            f"What {repo.repo_id} holds at {revision} is not in the cache, and the hub is not"
            " asked in offline mode."
        )
    return commit, tree


def _matches(repo: Repo, store: Store, commit: str, file: TreeFile) -> bool:
    etag = file.etag or store.find_etag(commit, file.path) or ""
    right = file_matches(store.pointer(commit, file.path), etag, file.size, repo.cancel)
    repo.tell("hash", file.path, file.size or 0, file.size)
    return right


def _walk(folder: str) -> Iterator[str]:
    for base, folders, names in os.walk(folder):
        inside = os.path.relpath(base, folder)
        if inside == ".cache":
            folders[:] = [name for name in folders if name != "huggingface"]
        for name in names:
            yield os.path.normpath(os.path.join(inside, name)).replace(os.sep, "/")
