"""`snapshot_download`: all files of a revision, for as few requests as the hub allows.

One request names the commit, its files and their digests. What is not here yet is fetched file by
file, or many small files at a time from a hub that offers it. The list of a commit is kept, since
it cannot change: then a branch costs one small request, and a commit none.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from freehold import wire
from freehold.client.answers import Answer
from freehold.client.cache import TreeFile, check_name, is_inside, new_tree_file
from freehold.client.capabilities import find_extensions
from freehold.client.digests import matches
from freehold.client.disk import write_whole
from freehold.client.errors import (
    HFValidationError,
    HubConnectionError,
    InvalidAnswerError,
    LocalEntryNotFoundError,
)
from freehold.client.fetch import Repo, Store, fetch_file
from freehold.client.file_metadata import (
    DryRunFileInfo,
    NoHubError,
    is_commit,
    is_etag,
    raise_for_status,
)
from freehold.client.locks import Stop
from freehold.client.single_files import Manner, is_out_of_reach, is_sound
from freehold.client.workers import run_all
from freehold.errors import HfHubHTTPError, RevisionNotFoundError

if TYPE_CHECKING:
    from freehold.wire.capabilities import BatchDownload

logger = logging.getLogger("freehold")

MAX_SIBLINGS: Final = 1000
"""A list of up to so many files is complete on any hub; some cut longer ones."""
FILES_PER_BATCH: Final = 500
FEWEST_PER_BATCH: Final = 4
LARGEST_IN_BATCH: Final = 8 << 20
"""The bytes of a file that is held in memory, whatever more the hub would send that way."""


class Wanted(NamedTuple):
    """Which files are wanted, and how many threads may fetch them."""

    is_wanted: Callable[[str], bool]
    threads: int


def download_snapshot(
    repo: Repo, store: Store, revision: str, wanted: Wanted, manner: Manner
) -> str | list[DryRunFileInfo]:
    """The folder with the files, or what a download would do."""
    if wanted.threads < 1:
        raise HFValidationError(f"max_workers is 1 at least, not {wanted.threads!r}.")
    return _Snapshot(repo, store, revision, wanted, manner).run()


class _Snapshot:
    def __init__(
        self, repo: Repo, store: Store, revision: str, wanted: Wanted, manner: Manner
    ) -> None:
        self._repo = repo
        self._store = store
        self._revision = revision
        self._wanted = wanted
        self._manner = manner

    def run(self) -> str | list[DryRunFileInfo]:
        if self._manner.local_only or self._repo.session.settings.offline:
            return self._offline("the hub was not asked, because only local files are wanted")
        try:
            commit, tree = Listing(self._repo, self._store).find(self._revision)
        except (HfHubHTTPError, HubConnectionError, NoHubError) as error:
            if self._manner.force or not is_out_of_reach(error):
                raise
            folder = self._offline(f"the hub could not be asked: {error}", error)
            logger.warning("The snapshot in the cache is used, because: %s", error)
            return folder
        files = [file for file in tree if self._is_wanted(file.path)]
        check_paths(files)
        if self._manner.dry_run:
            return [self._describe(commit, file) for file in files]
        return self._fetch(commit, files)

    def _offline(self, reason: str, cause: Exception | None = None) -> str | list[DryRunFileInfo]:
        """The snapshot as it is here, if nothing is known to be missing from it."""
        commit = self._store.find_commit(self._revision)
        folder = self._store.snapshot(commit or self._revision)
        missing = list(self._missing_here(commit))
        if not os.path.isdir(folder) or missing:
            what = f"{len(missing)} files, {missing[0]} the first," if missing else "A snapshot"
            raise LocalEntryNotFoundError(
                f"{what} of {self._repo.repo_id} at {self._revision}: not in the cache, and"
                f" {reason}"
            ) from cause
        return [] if self._manner.dry_run else folder

    def _missing_here(self, commit: str | None) -> Iterator[str]:
        for file in (commit and self._store.find_tree(commit)) or ():
            here = os.path.exists(self._store.pointer(commit or "", file.path))
            if self._is_wanted(file.path) and not here:
                yield file.path

    def _is_wanted(self, path: str) -> bool:
        return self._wanted.is_wanted(path) and self._store.may_hold(path)

    def _describe(self, commit: str, file: TreeFile) -> DryRunFileInfo:
        there = self._find(commit, file) is not None
        place = self._store.pointer(commit, file.path)
        will = self._manner.force or not there
        return DryRunFileInfo(commit, file.size, file.path, place, there, will)

    def _find(self, commit: str, file: TreeFile) -> str | None:
        return self._store.find(commit, file.path, file.etag, file.size)

    def _fetch(self, commit: str, files: list[TreeFile]) -> str:
        if self._manner.verify:
            for file in files:
                is_sound(self._repo, self._store, commit, file.path, file.etag)
        missing = [file for file in files if self._manner.force or not self._have(commit, file)]
        if missing:
            self._store.prepare()
            crew = _Crew(self._repo, self._store, commit, self._wanted.threads, self._manner.force)
            crew.fetch(missing)
        self._store.remember_commit(self._revision, commit)
        folder = self._store.snapshot(commit)
        os.makedirs(folder, exist_ok=True)
        return folder

    def _have(self, commit: str, file: TreeFile) -> bool:
        if self._find(commit, file) is None:
            return False
        if self._repo.on_event is not None:
            self._repo.tell("skip", file.path, file.size or 0, file.size)
        return True


def check_paths(files: Sequence[TreeFile]) -> None:
    """Raises `InvalidAnswerError` for a path that leads out of its folder, or an odd digest.

    Raises `LocalFileError` for a name that this system cannot give to a file.
    """
    for file in files:
        if not is_inside(file.path):
            raise InvalidAnswerError(f"The hub names a file that no folder holds: {file.path!r}")
        check_name(file.path)
        if file.etag is not None and not is_etag(file.etag):
            raise InvalidAnswerError(f"The hub gives {file.path} a wrong digest: {file.etag!r}")


# What a commit holds


class Listing:
    """Asks which commit a revision is and what it holds, or remembers."""

    def __init__(self, repo: Repo, store: Store) -> None:
        self._repo = repo
        self._store = store

    def find(self, revision: str) -> tuple[str, list[TreeFile]]:
        """The commit of the revision and its files; one request at most, and a second if it moved.

        Raises `InvalidAnswerError` for what no hub would say.
        """
        known = self._store.find_commit(revision)
        tree = self._store.find_tree(known) if known is not None else None
        if known is None or tree is None:
            return self._ask_all(known if is_commit(revision) and known else revision)
        if is_commit(revision):
            return known, tree
        # With something to fall back on there is no need to be patient with the hub.
        commit = _commit_of(self._ask(revision, {"expand": "sha"}, patient=False))
        if commit == known:
            return known, tree
        tree = self._store.find_tree(commit)
        return (commit, tree) if tree is not None else self._ask_all(commit)

    def _ask_all(self, revision: str) -> tuple[str, list[TreeFile]]:
        info = self._ask(revision, {"blobs": True}, patient=True)
        commit = _commit_of(info)
        tree = self._read_siblings(info.get("siblings"))
        if tree is None:
            tree = self._ask_tree(commit)
        check_paths(tree)
        if all(file.blob_id is not None and file.size is not None for file in tree):
            self._store.remember_tree(commit, tree)
        return commit, tree

    def _read_siblings(self, siblings: Any) -> list[TreeFile] | None:
        """The files, when the list is complete and says what is needed."""
        if not isinstance(siblings, list):
            return None
        if self._repo.session.capabilities_path is None and len(siblings) > MAX_SIBLINGS:
            return None
        try:
            tree = [_read_sibling(item) for item in siblings]
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidAnswerError(f"The hub's list of files is wrong: {error!r}") from error
        return tree if all(file.blob_id is not None for file in tree) else None

    def _ask_tree(self, commit: str) -> list[TreeFile]:
        repo = self._repo
        url = repo.session.url(
            wire.routes.LIST_REPO_TREE,
            repo.repo_id,
            repo.repo_type,
            {"recursive": True, "expand": False},
            revision=commit,
            path="",
        )
        pages = repo.session.pages(url, token=repo.token, timeout=repo.timeout)
        try:
            return [_read_entry(item) for item in pages if item["type"] == "file"]
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidAnswerError(f"The hub's list of files is wrong: {error!r}") from error

    def _ask(self, revision: str, query: dict[str, Any], *, patient: bool) -> dict[str, Any]:
        """What the hub says about the repository at the revision."""
        repo = self._repo
        url = repo.session.url(
            wire.routes.REPO_INFO_AT_REVISION,
            repo.repo_id,
            repo.repo_type,
            query,
            revision=revision,
        )
        answer = repo.retry(None, partial(self._get, url)) if patient else self._get(url)
        try:
            info = answer.json()
        except InvalidAnswerError as error:
            raise NoHubError(str(error)) from error
        if not isinstance(info, dict):
            raise InvalidAnswerError(f"{answer.described()} describes no repository.")
        return info

    def _get(self, url: str) -> Answer:
        repo = self._repo
        with repo.session.stream(
            "GET", url, headers=repo.headers, token=repo.token, timeout=repo.timeout
        ) as got:
            raise_for_status(got, "GET")
            return Answer("GET", got.url, got.status, got.headers, got.read())


def _commit_of(info: dict[str, Any]) -> str:
    commit = info.get("sha")
    if commit is None:
        raise RevisionNotFoundError(f"{info.get('id', 'The repository')} has no commit yet.")
    if not isinstance(commit, str) or not is_commit(commit):
        raise InvalidAnswerError(f"The hub names no commit: {commit!r}")
    return commit


def _read_sibling(item: dict[str, Any]) -> TreeFile:
    lfs = item.get("lfs") or {}
    return new_tree_file(item["rfilename"], item.get("size"), item.get("blobId"), lfs.get("sha256"))


def _read_entry(item: dict[str, Any]) -> TreeFile:
    lfs = item.get("lfs") or {}
    return new_tree_file(item["path"], item.get("size"), item.get("oid"), lfs.get("oid"))


# Bytes


class _Crew:
    """Fetches files, several at a time."""

    def __init__(self, repo: Repo, store: Store, commit: str, threads: int, force: bool) -> None:
        self._outer = repo.cancel
        self._repo = repo._replace(cancel=Stop())
        self._store = store
        self._commit = commit
        self._threads = threads
        self._force = force

    def fetch(self, files: list[TreeFile]) -> None:
        """Each of the files; bytes that several have are fetched once."""
        first: dict[str, TreeFile] = {}
        for file in files:
            first.setdefault(file.etag or file.path, file)
        chosen = set(first.values())
        self._fetch_different(list(first.values()))
        self._fetch_different([file for file in files if file not in chosen])

    def _fetch_different(self, files: list[TreeFile]) -> None:
        left = [file for file in files if not self._reuse(file)]
        single = self._fetch_batches(left)
        self._run([partial(self._fetch_one, file) for file in single])

    def _reuse(self, file: TreeFile) -> bool:
        if self._force or file.etag is None:
            return False
        if self._store.reuse(self._commit, file.path, file.etag) is None:
            return False
        self._repo.tell("skip", file.path, file.size or 0, file.size)
        return True

    def _run(self, jobs: Sequence[Callable[[], object]]) -> None:
        run_all(jobs, self._threads, self._outer, self._repo.cancel)

    def _fetch_one(self, file: TreeFile) -> None:
        fetch_file(self._repo, self._store, self._commit, file.path, reuse=not self._force)

    def _fetch_batches(self, files: list[TreeFile]) -> list[TreeFile]:
        """Fetches the small files many at a time; returns those that are left."""
        offered = self._find_offer(len(files))
        if offered is None:
            return files
        small = [file for file in files if _is_small(file, offered)]
        left = [file for file in files if not _is_small(file, offered)]
        self._run([partial(self._fetch_batch, batch, left) for batch in _split(small, offered)])
        return left

    def _find_offer(self, files: int) -> BatchDownload | None:
        if files < FEWEST_PER_BATCH:
            return None
        return find_extensions(self._repo.session).batch_download or None

    def _fetch_batch(self, batch: list[TreeFile], left: list[TreeFile]) -> None:
        """Fetches the files of one batch; what does not come or is wrong is added to `left`."""
        waiting = {file.path: file for file in batch}
        try:
            self._repo.retry(batch[0].path, lambda: self._receive(waiting))
        except (InvalidAnswerError, HfHubHTTPError) as error:
            logger.info("Files are fetched one by one, because: %s", error)
        left += waiting.values()

    def _receive(self, waiting: dict[str, TreeFile]) -> None:
        """Takes what comes; what is done is no longer waited for."""
        from freehold.formats.file_stream import FileStreamError, read_files

        paths = list(waiting)
        largest = max(file.size or 0 for file in waiting.values())
        try:
            for entry, data in read_files(self._ask(paths), paths, largest):
                self._repo.cancel.check()
                if entry.error is None and self._put(waiting[entry.path], data):
                    del waiting[entry.path]
        except FileStreamError as error:
            raise InvalidAnswerError(f"The hub sent many files wrongly: {error}") from error

    def _ask(self, paths: list[str]) -> Iterator[bytes]:
        repo = self._repo
        url = repo.session.url(
            wire.routes.DOWNLOAD_FILES, repo.repo_id, repo.repo_type, revision=self._commit
        )
        with repo.session.stream(
            "POST",
            url,
            headers={**repo.headers, "content-type": "application/json"},
            content=wire.codec.encode_body(wire.files.DownloadFiles(paths=paths)),
            token=repo.token,
            timeout=repo.stall_seconds,
        ) as got:
            raise_for_status(got, "POST")
            yield from got.iter_bytes()

    def _put(self, file: TreeFile, data: bytes) -> bool:
        """Whether the bytes were right, and are now at their place."""
        etag = file.etag or ""
        if not matches(data, etag):
            return False
        place = self._store.place(file.path, etag)
        write_whole(place.final, data, place.partial)
        self._store.settle(self._commit, file.path, etag, fresh=True)
        self._repo.tell("download", file.path, len(data), len(data))
        return True


def _is_small(file: TreeFile, offered: BatchDownload) -> bool:
    largest = min(offered.max_file_size, LARGEST_IN_BATCH)
    return file.etag is not None and file.size is not None and file.size <= largest


def _split(files: list[TreeFile], offered: BatchDownload) -> list[list[TreeFile]]:
    """Batches that the hub takes, and of which several can be fetched at once."""
    batches: list[list[TreeFile]] = []
    room = 0
    for file in files:
        size = file.size or 0
        full = not batches or len(batches[-1]) >= min(offered.max_paths, FILES_PER_BATCH)
        if full or size > room:
            batches.append([])
            room = offered.max_total_size // 4
        batches[-1].append(file)
        room -= size
    return batches
