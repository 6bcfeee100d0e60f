"""`hf_hub_download`: one file of a repository, from the cache or the hub."""

from __future__ import annotations

import logging
from typing import NamedTuple

from freehold.client.digests import file_matches
from freehold.client.errors import (
    HubConnectionError,
    LocalEntryNotFoundError,
)
from freehold.client.fetch import Repo, Store, fetch_file
from freehold.client.file_metadata import DryRunFileInfo, Found, NoHubError, ask_metadata, is_commit
from freehold.errors import EntryNotFoundError, HfHubHTTPError

logger = logging.getLogger("freehold")


class Manner(NamedTuple):
    """How files are asked for: anew, checked, without the hub, or not really."""

    force: bool = False
    verify: bool = False
    local_only: bool = False
    dry_run: bool = False
    etag_timeout: float | None = None


def is_out_of_reach(error: Exception) -> bool:
    """Whether the hub could not be asked, so that what is here has to do."""
    if isinstance(error, HfHubHTTPError):
        return error.status >= 500 or error.status in {408, 429}
    return isinstance(error, HubConnectionError | NoHubError)


def is_sound(repo: Repo, store: Store, commit: str, path: str, etag: str | None) -> bool:
    """Whether a file that is there holds the right bytes; what does not is taken away."""
    etag = store.find_etag(commit, path) or etag
    if etag is None or file_matches(store.pointer(commit, path), etag, None, repo.cancel):
        return True
    store.remove(commit, path, etag)
    return False


def download_file(
    repo: Repo, store: Store, revision: str, path: str, manner: Manner
) -> str | DryRunFileInfo:
    """The file on this machine, or what a download would do."""
    return _Download(repo, store, revision, path, manner).run()


class _Download:
    def __init__(self, repo: Repo, store: Store, revision: str, path: str, manner: Manner) -> None:
        self._repo = repo
        self._store = store
        self._revision = revision
        self._path = path
        self._manner = manner
        self._found: Found | None = None

    def run(self) -> str | DryRunFileInfo:
        there = None if self._manner.force else self._store.find_offline(self._revision, self._path)
        if self._manner.local_only or self._repo.session.settings.offline:
            return self._answer(there, "the hub was not asked, because only local files are wanted")
        if there is not None and self._is_final():
            return self._answer(there, "")
        try:
            return self._ask(there)
        except EntryNotFoundError as error:
            self._note_missing(error)
            raise
        except (HfHubHTTPError, HubConnectionError, NoHubError) as error:
            # Once the hub has said which bytes they are, older ones will not do.
            if self._found is not None or not is_out_of_reach(error):
                raise
            if there is not None:
                logger.warning("%s: the copy in the cache is used, because: %s", self._path, error)
            return self._answer(there, f"the hub could not be asked: {error}", error)

    def _is_final(self) -> bool:
        """Whether what is there is known to be it, without asking."""
        if not is_commit(self._revision):
            return False
        if not self._manner.verify:
            return True
        etag = self._store.find_etag(self._revision, self._path)
        return etag is not None and is_sound(
            self._repo, self._store, self._revision, self._path, etag
        )

    def _answer(
        self, there: str | None, reason: str, cause: Exception | None = None
    ) -> str | DryRunFileInfo:
        if there is None:
            raise LocalEntryNotFoundError(
                f"{self._path} of {self._repo.repo_id} at {self._revision} is not in the cache,"
                f" and {reason}"
            ) from cause
        self._repo.tell("skip", self._path)
        if self._manner.dry_run:
            commit = self._store.find_commit(self._revision) or self._revision
            return DryRunFileInfo(commit, None, self._path, there, True, False)
        return there

    def _ask(self, there: str | None) -> str | DryRunFileInfo:
        if there is None and not self._manner.dry_run and not self._store.has_partial():
            return self._fetch(self._revision)
        # Who has a copy to fall back on need not wait for a hub that is away.
        found = self._head() if there else self._repo.retry(self._path, self._head)
        if self._manner.dry_run:
            return self._describe(found)
        self._note(found)
        return self._find(found) or self._fetch(found.commit)

    def _head(self) -> Found:
        url = self._repo.file_url(self._revision, self._path)
        seconds = self._manner.etag_timeout or self._repo.session.settings.etag_seconds
        _, found = ask_metadata(
            self._repo.session,
            url,
            token=self._repo.token,
            timeout=min(seconds, self._repo.timeout or seconds),
            headers=self._repo.headers,
        )
        if found is None:
            raise NoHubError(f"{url} is not a file of a hub: its headers are missing.")
        return found

    def _describe(self, found: Found) -> DryRunFileInfo:
        commit, etag, size, _ = found
        there = self._store.find(commit, self._path, etag, size) is not None
        place = self._store.pointer(commit, self._path)
        will = self._manner.force or not there
        return DryRunFileInfo(commit, size, self._path, place, there, will)

    def _find(self, found: Found) -> str | None:
        if self._manner.force:
            return None
        commit, etag, size, _ = found
        there = self._store.find(commit, self._path, etag, size)
        if there is None:
            self._store.prepare()
            there = self._store.reuse(commit, self._path, etag)
        if there is None or (
            self._manner.verify and not is_sound(self._repo, self._store, commit, self._path, etag)
        ):
            return None
        self._repo.tell("skip", self._path, size or 0, size)
        return there

    def _fetch(self, revision: str) -> str:
        return fetch_file(
            self._repo,
            self._store,
            revision,
            self._path,
            known=self._found,
            reuse=not self._manner.force,
            note=self._note,
        )

    def _note(self, found: Found) -> None:
        if self._found is None:
            self._found = found
            self._store.remember_commit(self._revision, found.commit)

    def _note_missing(self, error: EntryNotFoundError) -> None:
        commit = error.headers.get("x-repo-commit", "")
        if is_commit(commit) and not self._manner.dry_run:
            self._store.remember_commit(self._revision, commit)
            self._store.remember_missing(commit, self._path)
