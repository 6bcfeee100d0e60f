"""The cache on this machine, laid out as the official client does, so that both can use one.

    models--ns--name/
        blobs/<etag>                    the bytes; <etag>.incomplete while they arrive
        snapshots/<commit>/<path>       relative links to the blobs; a copy where no links exist
        refs/<revision>                 the commit that a branch or tag was last seen at
        .no_exist/<commit>/<path>       empty: the commit has no such file
        trees/<commit>.json             every file of the commit
    .locks/models--ns--name/<etag>.lock

A blob is never changed, and only has its name when it is whole.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from freehold.client.disk import copy_whole, unique_name, write_whole
from freehold.client.errors import HFValidationError, LocalFileError
from freehold.client.file_metadata import is_commit, is_etag
from freehold.client.names import check_repo_id, check_repo_type

_TREE_VERSION: Final = 1

# Empty parts, `.` and `..` lead elsewhere; `.git` would put hooks into a work tree.
_ESCAPES: Final = re.compile(
    r"(?:^|/)(?:\.{0,2}|\.git)(?:/|$)|\0" + (r"|[\\:]" if os.name == "nt" else ""), re.IGNORECASE
)

# Devices whatever their ending, characters with a meaning, and ends that are silently dropped.
_NOT_ON_WINDOWS: Final = re.compile(
    r"(?:^|/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.[^/]*)?(?:/|$)"
    r"|[<>:\"|?*\\\x00-\x1f]|[. ](?:/|$)",
    re.IGNORECASE,
)

CACHE_TAG: Final = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of files of model hubs, made by freehold: backups may leave it out.\n"
)
"""What `CACHEDIR.TAG` begins with is a convention of programs that make backups."""


class MissingFile:
    """The type of `CACHED_NO_EXIST`."""

    def __repr__(self) -> str:
        return "CACHED_NO_EXIST"


CACHED_NO_EXIST: Final = MissingFile()
"""The cache knows that the commit has no such file."""


class TreeFile(NamedTuple):
    """A file of a commit: `size` in bytes, its git id, and the sha256 if it is a large one."""

    path: str
    size: int | None
    blob_id: str | None
    lfs_sha256: str | None = None

    @property
    def etag(self) -> str | None:
        """The name of its bytes in the cache."""
        return self.lfs_sha256 or self.blob_id


def new_tree_file(path: Any, size: Any, blob_id: Any, lfs_sha256: Any) -> TreeFile:
    """A file that a stranger's list has; raises `TypeError` for values of another kind."""
    texts = isinstance(path, str) and all(isinstance(x, str | None) for x in (blob_id, lfs_sha256))
    if not texts or not isinstance(size, int | None) or (size or 0) < 0:
        raise TypeError(f"{path!r}: size {size!r}, digests {blob_id!r} and {lfs_sha256!r}")
    return TreeFile(path, size, blob_id, lfs_sha256)


class Place(NamedTuple):
    """Where the bytes of a file go: `final` when they are whole, `partial` while they arrive."""

    final: str
    partial: str
    lock: str


def is_inside(path: str) -> bool:
    """Whether a path from a stranger stays inside the folder that it is put below."""
    return not _ESCAPES.search(path) and not os.path.isabs(path)


def check_inside(path: str, what: str) -> str:
    """The path; raises `HFValidationError` when it would lead out of the cache.

    Raises `LocalFileError` for a name that this system cannot give to a file.
    """
    if not isinstance(path, str) or not is_inside(path):
        raise HFValidationError(f"Invalid {what}: {path!r} is no path inside a repository.")
    check_name(path)
    return path


def check_name(path: str) -> None:
    """Raises `LocalFileError` for a path that can be in a repository, but not on this system."""
    if os.name == "nt" and not fits_windows(path):
        raise LocalFileError(
            f"{path!r} cannot be a file on Windows. Leave it out with `ignore_patterns`, or rename"
            " it in the repository."
        )


def fits_windows(path: str) -> bool:
    """Whether Windows would keep a file under just this name."""
    return not _NOT_ON_WINDOWS.search(path)


def write_tag(folder: str) -> None:
    """Marks the folder as a cache."""
    path = os.path.join(folder, "CACHEDIR.TAG")
    if not os.path.exists(path):
        with suppress(OSError):
            write_whole(path, CACHE_TAG.encode())


def folder_name(repo_id: str, repo_type: str | None) -> str:
    """The name of a repository's folder; raises `HFValidationError`."""
    return "--".join([f"{check_repo_type(repo_type)}s", *check_repo_id(repo_id).split("/")])


class RepoCache:
    """The part of the cache that holds one repository.

    `symlinks` is False where files are to be copies, because whoever reads them knows no links.
    """

    def __init__(
        self,
        cache_dir: str | os.PathLike[str],
        repo_id: str,
        repo_type: str | None = None,
        *,
        symlinks: bool = True,
    ) -> None:
        self.cache_dir = os.path.abspath(os.path.expanduser(os.fspath(cache_dir)))
        self._name = folder_name(repo_id, repo_type)
        self.folder = os.path.join(self.cache_dir, self._name)
        self._symlinks = symlinks

    # What is there

    def may_hold(self, path: str) -> bool:
        """Any file of a repository may be here."""
        return True

    def find_commit(self, revision: str) -> str | None:
        """The commit of a revision: itself, or what it was last seen at."""
        if is_commit(revision):
            return revision
        found = _read(os.path.join(self.folder, "refs", check_inside(revision, "revision")))
        return found.strip() if found and is_commit(found.strip()) else None

    def snapshot(self, commit: str) -> str:
        """The folder of a commit's files."""
        return os.path.join(self.folder, "snapshots", commit)

    def pointer(self, commit: str, path: str) -> str:
        """Where a file of a commit is, or would be."""
        return os.path.join(self.folder, "snapshots", commit, *path.split("/"))

    def blob(self, etag: str) -> str:
        """Where bytes are, or would be."""
        return os.path.join(self.folder, "blobs", etag)

    def find(
        self, commit: str, path: str, etag: str | None = None, size: int | None = None
    ) -> str | None:
        """The file, if it is there."""
        pointer = self.pointer(commit, path)
        return pointer if os.path.exists(pointer) else None

    def find_offline(self, revision: str, path: str) -> str | None:
        """The file of the revision, as far as that is known here."""
        commit = self.find_commit(revision)
        return None if commit is None else self.find(commit, path)

    def is_missing(self, commit: str, path: str) -> bool:
        """Whether the commit is known not to have the file."""
        return os.path.exists(os.path.join(self.folder, ".no_exist", commit, *path.split("/")))

    def find_tree(self, commit: str) -> list[TreeFile] | None:
        """Every file of the commit, when that is known."""
        return read_tree(self._tree_path(commit))

    def find_etag(self, commit: str, path: str) -> str | None:
        """The etag under which the file was fetched, when a link tells it."""
        name = os.path.basename(os.path.realpath(self.pointer(commit, path)))
        return name if os.path.islink(self.pointer(commit, path)) and is_etag(name) else None

    def has_partial(self) -> bool:
        """Whether a download was cut."""
        try:
            return any(name.endswith(".incomplete") for name in os.listdir(self.blob("")))
        except FileNotFoundError:
            return False

    # What is put there

    def prepare(self) -> None:
        """Makes the folders; raises `OSError` where nothing can be written."""
        for name in ("blobs", "snapshots"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        write_tag(self.cache_dir)

    def place(self, path: str, etag: str) -> Place:
        """Where the bytes with this etag go."""
        lock = os.path.join(self.cache_dir, ".locks", self._name, f"{etag}.lock")
        return Place(self.blob(etag), self.blob(f"{etag}.incomplete"), lock)

    def reuse(self, commit: str, path: str, etag: str) -> str | None:
        """The file, made from bytes that are already there; None when they are not."""
        if not os.path.exists(self.blob(etag)):
            return None
        return self.settle(commit, path, etag, fresh=False)

    def settle(self, commit: str, path: str, etag: str, *, fresh: bool) -> str:
        """The file at its place in the snapshot, now that its blob is there.

        `fresh` means that nothing else can need this blob, so that it may be moved where links do
        not work.
        """
        pointer = self.pointer(commit, path)
        target = "../" * (path.count("/") + 2) + f"blobs/{etag}"
        if not self._symlinks or not _make_link(target, pointer):
            _put_copy(self.blob(etag), pointer, move=fresh)
        return pointer

    def remove(self, commit: str, path: str, etag: str) -> None:
        """Takes away bytes that are not what they should be, and the file."""
        for broken in (self.pointer(commit, path), self.blob(etag)):
            with suppress(FileNotFoundError):
                os.unlink(broken)

    def remember_commit(self, revision: str, commit: str) -> None:
        """Notes where a branch or tag is now."""
        if revision != commit and self.find_commit(revision) != commit:
            write_whole(os.path.join(self.folder, "refs", *revision.split("/")), commit.encode())

    def remember_missing(self, commit: str, path: str) -> None:
        """Notes that a commit has no such file."""
        if not self.is_missing(commit, path):
            name = os.path.join(self.folder, ".no_exist", commit, *path.split("/"))
            write_whole(name, b"")

    def remember_tree(self, commit: str, tree: Iterable[TreeFile]) -> None:
        """Notes every file of a commit."""
        write_tree(self._tree_path(commit), tree)

    def _tree_path(self, commit: str) -> str:
        return os.path.join(self.folder, "trees", f"{commit}.json")


def try_to_load_from_cache(
    repo_id: str,
    filename: str,
    cache_dir: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    repo_type: str | None = None,
) -> str | MissingFile | None:
    """The path of a file in the cache, without asking the hub.

    `CACHED_NO_EXIST` when the commit is known not to have it, None when nothing is known.
    """
    if cache_dir is None:
        from freehold.client.settings import ClientSettings

        cache_dir = ClientSettings.load().cache
    cache = RepoCache(cache_dir, repo_id, repo_type)
    commit = cache.find_commit(revision or "main")
    if commit is None:
        return None
    check_inside(filename, "filename")
    if cache.is_missing(commit, filename):
        return CACHED_NO_EXIST
    return cache.find(commit, filename)


# Trees


def read_tree(path: str) -> list[TreeFile] | None:
    """The files that a tree of the cache lists; None when it is not there or not readable."""
    try:
        with open(path, "rb") as file:
            data = json.load(file)
        if data["format_version"] != _TREE_VERSION:
            return None
        return [
            new_tree_file(path, item["size"], item["blob_id"], item.get("lfs_sha256"))
            for path, item in data["files"].items()
        ]
    except (OSError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None


def write_tree(path: str, tree: Iterable[TreeFile]) -> None:
    """Writes the files of a commit down in the form that the official client reads."""
    import msgspec

    files = {file.path: _tree_item(file) for file in sorted(tree, key=lambda file: file.path)}
    data = msgspec.json.encode({"format_version": _TREE_VERSION, "files": files})
    write_whole(path, msgspec.json.format(data, indent=1))


def _tree_item(file: TreeFile) -> Mapping[str, Any]:
    item: dict[str, Any] = {"size": file.size, "blob_id": file.blob_id}
    if file.lfs_sha256 is not None:
        item |= {"lfs_sha256": file.lfs_sha256, "lfs_size": file.size}
    return item


# Links


def _make_link(target: str, pointer: str) -> bool:
    """Whether there is now a link; False where the file system has none."""
    try:
        os.symlink(target, pointer)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(pointer), exist_ok=True)
        return _make_link(target, pointer)
    except FileExistsError:
        return _replace_link(target, pointer)
    except (OSError, NotImplementedError) as error:
        os.makedirs(os.path.dirname(pointer), exist_ok=True)
        if _is_about_the_folder(error, pointer):
            raise
        return False
    return True


def _replace_link(target: str, pointer: str) -> bool:
    with suppress(OSError):
        if os.readlink(pointer) == target:
            return True
    spare = unique_name(pointer)
    if not _make_link(target, spare):
        return False
    os.replace(spare, pointer)
    return True


def _is_about_the_folder(error: BaseException, pointer: str) -> bool:
    """Whether a file could not be made there either."""
    full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
    return full or not os.access(os.path.dirname(pointer), os.W_OK)


def _put_copy(blob: str, pointer: str, *, move: bool) -> None:
    os.makedirs(os.path.dirname(pointer), exist_ok=True)
    if move:
        os.replace(blob, pointer)
    else:
        copy_whole(blob, pointer)


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(100)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
