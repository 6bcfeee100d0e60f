"""What the cache on this machine holds, and how to take parts of it away.

A scan reads names and sizes and no contents. What is not as the layout says becomes a warning.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from freehold.client.disk import local_errors
from freehold.client.errors import CacheNotFound, CorruptedCacheException
from freehold.client.file_metadata import is_commit

_KINDS: Final = {"models": "model", "datasets": "dataset", "spaces": "space", "kernels": "kernel"}
_FOLDER: Final = re.compile(r"(models|datasets|spaces|kernels)--(.+)")
_PARTIAL: Final = ".incomplete"
_UNFINISHED: Final = frozenset({_PARTIAL, ".tmp"})

# Folders and files beside those of repositories.
_NOT_REPOS: Final = frozenset({".locks", "CACHEDIR.TAG", "version.txt"})
_AGES: Final = (
    ("second", 1),
    ("minute", 60),
    ("hour", 3600),
    ("day", 86400),
    ("week", 604800),
    ("month", 2592000),
    ("year", 31536000),
)


class CachedFileInfo(NamedTuple):
    """A file of a snapshot: sizes in bytes, times in seconds since 1970."""

    file_name: str
    file_path: Path
    blob_path: Path
    size_on_disk: int
    blob_last_accessed: float
    blob_last_modified: float

    @property
    def size_on_disk_str(self) -> str:
        """The size, to be read."""
        return format_size(self.size_on_disk)

    @property
    def blob_last_accessed_str(self) -> str:
        """How long ago the bytes were last read, in words."""
        return format_age(self.blob_last_accessed)

    @property
    def blob_last_modified_str(self) -> str:
        """How long ago the bytes were fetched, in words."""
        return format_age(self.blob_last_modified)


class CachedRevisionInfo(NamedTuple):
    """A commit in the cache; `size_on_disk` counts bytes that other commits have too."""

    commit_hash: str
    snapshot_path: Path
    size_on_disk: int
    files: frozenset[CachedFileInfo]
    refs: frozenset[str]
    last_modified: float

    @property
    def nb_files(self) -> int:
        """The number of its files."""
        return len(self.files)

    @property
    def size_on_disk_str(self) -> str:
        """The size, to be read."""
        return format_size(self.size_on_disk)

    @property
    def last_modified_str(self) -> str:
        """How long ago a file was last added, in words."""
        return format_age(self.last_modified)


class CachedRepoInfo(NamedTuple):
    """A repository in the cache; bytes that several commits have count once."""

    repo_id: str
    repo_type: str
    repo_path: Path
    size_on_disk: int
    nb_files: int
    revisions: frozenset[CachedRevisionInfo]
    last_accessed: float
    last_modified: float

    @property
    def cache_id(self) -> str:
        """Type and id in one text: `model/namespace/name`."""
        return f"{self.repo_type}/{self.repo_id}"

    @property
    def refs(self) -> dict[str, CachedRevisionInfo]:
        """The commit of each branch and tag that was used."""
        return {ref: revision for revision in self.revisions for ref in revision.refs}

    @property
    def size_on_disk_str(self) -> str:
        """The size, to be read."""
        return format_size(self.size_on_disk)

    @property
    def last_accessed_str(self) -> str:
        """How long ago anything of it was last read, in words."""
        return format_age(self.last_accessed)

    @property
    def last_modified_str(self) -> str:
        """How long ago anything was last fetched, in words."""
        return format_age(self.last_modified)


class CachedIncompleteFileInfo(NamedTuple):
    """What a download has left that was cut, and not yet gone on with."""

    file_path: Path
    size_on_disk: int


class DeleteCacheStrategy(NamedTuple):
    """What will go when `execute` is called, and how many bytes that frees."""

    expected_freed_size: int
    blobs: frozenset[Path]
    refs: frozenset[Path]
    repos: frozenset[Path]
    snapshots: frozenset[Path]
    files: frozenset[Path] = frozenset()
    cache_dir: Path | None = None

    @property
    def expected_freed_size_str(self) -> str:
        """The bytes that will be freed, to be read."""
        return format_size(self.expected_freed_size)

    def execute(self) -> None:
        """Deletes. Names go before bytes, so that nobody finds a name without its bytes.

        Raises `LocalFileError` for what cannot be deleted, and then leaves the rest.
        """
        with local_errors("deleted"):
            for path in (*self.repos, *self.snapshots, *self.refs, *self.blobs, *self.files):
                _delete(path)


class HFCacheInfo(NamedTuple):
    """The whole cache: its repositories, what was left incomplete, and what looks wrong."""

    size_on_disk: int
    repos: frozenset[CachedRepoInfo]
    warnings: list[CorruptedCacheException]
    incomplete_files: frozenset[CachedIncompleteFileInfo] = frozenset()
    cache_dir: Path | None = None

    @property
    def size_on_disk_str(self) -> str:
        """The size, to be read."""
        return format_size(self.size_on_disk)

    @property
    def incomplete_size_on_disk(self) -> int:
        """The bytes of what was left incomplete."""
        return sum(file.size_on_disk for file in self.incomplete_files)

    def delete_revisions(self, *revisions: str) -> DeleteCacheStrategy:
        """What deleting these commits means; nothing is deleted before `execute`.

        Bytes that other commits of a repository need are kept, and a repository of which no
        commit is left goes as a whole. Commits that are not in the cache are passed over.
        """
        plans = [_plan_repo(repo, set(revisions)) for repo in self.repos]
        return _join_plans(plans, self.cache_dir)

    def delete_files(self, *files: str | Path) -> DeleteCacheStrategy:
        """The same for files that were left incomplete, by their paths."""
        wanted = {Path(file) for file in files}
        chosen = [file for file in self.incomplete_files if file.file_path in wanted]
        size = sum(file.size_on_disk for file in chosen)
        paths = frozenset(file.file_path for file in chosen)
        nothing: frozenset[Path] = frozenset()
        return DeleteCacheStrategy(size, nothing, nothing, nothing, nothing, paths, self.cache_dir)

    def export_as_table(self, *, verbosity: int = 0) -> str:
        """A line for each repository, or with a `verbosity` of 1 for each commit."""
        rows: list[tuple[str, ...]] = [_HEADS[min(verbosity, 1)]]
        for repo in sorted(self.repos, key=lambda repo: repo.cache_id):
            rows += _commit_rows(repo) if verbosity else [_repo_row(repo)]
        return _align(rows)


_HEADS: Final = (
    ("REPO ID", "REPO TYPE", "SIZE ON DISK", "NB FILES", "LAST_ACCESSED", "LAST_MODIFIED", "REFS"),
    ("REPO ID", "REPO TYPE", "REVISION", "SIZE ON DISK", "NB FILES", "LAST_MODIFIED", "REFS"),
)


def scan_cache_dir(cache_dir: str | os.PathLike[str] | None = None) -> HFCacheInfo:
    """What the cache holds; raises `CacheNotFound` when there is none at that path.

    A path that is a file raises `ValueError`.
    """
    folder = _choose_folder(cache_dir)
    repos: list[CachedRepoInfo] = []
    warnings: list[CorruptedCacheException] = []
    partial: list[CachedIncompleteFileInfo] = []
    for entry in sorted(folder.iterdir()):
        if entry.name in _NOT_REPOS:
            continue
        try:
            repos.append(_scan_repo(entry))
        except CorruptedCacheException as error:
            warnings.append(error)
        partial += _scan_partial(entry)
    size = sum(repo.size_on_disk for repo in repos)
    return HFCacheInfo(size, frozenset(repos), warnings, frozenset(partial), folder)


def _choose_folder(cache_dir: str | os.PathLike[str] | None) -> Path:
    if cache_dir is None:
        from freehold.client.settings import ClientSettings

        cache_dir = ClientSettings.load().cache
    folder = Path(cache_dir).expanduser().absolute()
    if not folder.exists():
        raise CacheNotFound(f"There is no cache at {folder}.", folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file and no cache.")
    return folder


# Reading


def _scan_repo(folder: Path) -> CachedRepoInfo:
    match = _FOLDER.fullmatch(folder.name)
    if match is None or not folder.is_dir():
        raise CorruptedCacheException(f"{folder} is not the folder of a repository.")
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        raise CorruptedCacheException(f"{snapshots} is not there.")
    refs = _scan_refs(folder / "refs")
    found = [_scan_revision(entry, refs) for entry in sorted(snapshots.iterdir())]
    commits = {revision.commit_hash for revision in found}
    if lost := sorted(ref for ref, commit in refs.items() if commit not in commits):
        raise CorruptedCacheException(f"{folder}: {', '.join(lost)} lead to no snapshot.")
    blobs = {file.blob_path: file for revision in found for file in revision.files}
    changed = folder.stat().st_mtime
    return CachedRepoInfo(
        repo_id=match[2].replace("--", "/"),
        repo_type=_KINDS[match[1]],
        repo_path=folder,
        size_on_disk=sum(file.size_on_disk for file in blobs.values()),
        nb_files=len(blobs),
        revisions=frozenset(found),
        last_accessed=max((f.blob_last_accessed for f in blobs.values()), default=changed),
        last_modified=max((f.blob_last_modified for f in blobs.values()), default=changed),
    )


def _scan_refs(folder: Path) -> dict[str, str]:
    """The commit of each ref."""
    if not folder.exists():
        return {}
    files = [
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in _UNFINISHED
    ]
    try:
        return {path.relative_to(folder).as_posix(): path.read_text().strip() for path in files}
    except UnicodeDecodeError as error:
        raise CorruptedCacheException(f"{folder} holds what is no text.") from error


def _scan_revision(folder: Path, refs: dict[str, str]) -> CachedRevisionInfo:
    if not folder.is_dir() or not is_commit(folder.name):
        raise CorruptedCacheException(f"{folder} is not the folder of a commit.")
    files = frozenset(_scan_files(folder))
    blobs = {file.blob_path: file.size_on_disk for file in files}
    changed = folder.stat().st_mtime
    return CachedRevisionInfo(
        commit_hash=folder.name,
        snapshot_path=folder,
        size_on_disk=sum(blobs.values()),
        files=files,
        refs=frozenset(ref for ref, commit in refs.items() if commit == folder.name),
        last_modified=max((file.blob_last_modified for file in files), default=changed),
    )


def _scan_files(folder: Path) -> Iterator[CachedFileInfo]:
    for path in folder.rglob("*"):
        if path.is_dir():
            continue
        blob = path.resolve()
        try:
            found = blob.stat()
        except FileNotFoundError as error:
            raise CorruptedCacheException(f"{path} leads to bytes that are gone.") from error
        yield CachedFileInfo(path.name, path, blob, found.st_size, found.st_atime, found.st_mtime)


def _scan_partial(folder: Path) -> Iterator[CachedIncompleteFileInfo]:
    blobs = folder / "blobs"
    for path in sorted(blobs.iterdir()) if blobs.is_dir() else ():
        if path.name.endswith(_PARTIAL):
            # One that a download is finishing may be gone by now.
            with suppress(FileNotFoundError):
                yield CachedIncompleteFileInfo(path, path.stat().st_size)


# Deleting


def _plan_repo(repo: CachedRepoInfo, commits: set[str]) -> DeleteCacheStrategy:
    gone = [revision for revision in repo.revisions if revision.commit_hash in commits]
    kept = [revision for revision in repo.revisions if revision.commit_hash not in commits]
    nothing: frozenset[Path] = frozenset()
    if not gone:
        return DeleteCacheStrategy(0, nothing, nothing, nothing, nothing)
    if not kept:
        return DeleteCacheStrategy(
            repo.size_on_disk, nothing, nothing, frozenset({repo.repo_path}), nothing
        )
    needed = {file.blob_path for revision in kept for file in revision.files}
    files = {file.blob_path: file for revision in gone for file in revision.files}
    # A link to somewhere else was put there by somebody, and what it leads to is theirs.
    inside = repo.repo_path.resolve()
    gone_paths = {path for path in files if path not in needed and path.is_relative_to(inside)}
    blobs = [files[path] for path in gone_paths]
    refs = [repo.repo_path / "refs" / ref for revision in gone for ref in revision.refs]
    return DeleteCacheStrategy(
        sum(file.size_on_disk for file in blobs),
        frozenset(file.blob_path for file in blobs),
        frozenset(refs),
        nothing,
        frozenset(revision.snapshot_path for revision in gone),
    )


def _join_plans(
    plans: Iterable[DeleteCacheStrategy], cache_dir: Path | None
) -> DeleteCacheStrategy:
    listed = list(plans)
    return DeleteCacheStrategy(
        sum(plan.expected_freed_size for plan in listed),
        frozenset().union(*(plan.blobs for plan in listed)),
        frozenset().union(*(plan.refs for plan in listed)),
        frozenset().union(*(plan.repos for plan in listed)),
        frozenset().union(*(plan.snapshots for plan in listed)),
        cache_dir=cache_dir,
    )


def _delete(path: Path) -> None:
    import shutil

    while path.is_dir() and not path.is_symlink():
        # Another process may be deleting the same.
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
    path.unlink(missing_ok=True)


# Texts


def format_size(size: float) -> str:
    """A number of bytes in powers of 1000: `4.0`, `3.0K`, `2.5G`."""
    units = ["", "K", "M", "G", "T"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.1f}{units[0]}"


def format_age(moment: float) -> str:
    """How long ago that was, in words: `2 hours ago`."""
    seconds = max(time.time() - moment, 0)
    if seconds < 20:
        return "a few seconds ago"
    name, length = [age for age in _AGES if seconds >= age[1]][-1]
    count = int(seconds / length)
    return f"{count} {name}{'' if count == 1 else 's'} ago"


def _repo_row(repo: CachedRepoInfo) -> tuple[str, ...]:
    return (
        repo.repo_id,
        repo.repo_type,
        repo.size_on_disk_str,
        str(repo.nb_files),
        repo.last_accessed_str,
        repo.last_modified_str,
        ", ".join(sorted(repo.refs)),
    )


def _commit_rows(repo: CachedRepoInfo) -> list[tuple[str, ...]]:
    ordered = sorted(repo.revisions, key=lambda revision: revision.commit_hash)
    return [
        (
            repo.repo_id,
            repo.repo_type,
            revision.commit_hash,
            revision.size_on_disk_str,
            str(revision.nb_files),
            revision.last_modified_str,
            ", ".join(sorted(revision.refs)),
        )
        for revision in ordered
    ]


def _align(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [[*rows[0]], ["-" * width for width in widths], *rows[1:]]
    return "\n".join(
        " ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
