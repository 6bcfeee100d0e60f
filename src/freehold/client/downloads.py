"""Downloads: single files and whole snapshots, into the shared cache or a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from freehold import wire
from freehold.client.calls import require_text
from freehold.client.files import Files
from freehold.client.names import Token, check_repo_id, check_repo_type
from freehold.client.refs import MAIN

if TYPE_CHECKING:
    from freehold.client.events import Cancellation, Event, OnEvent
    from freehold.client.fetch import Repo, Store
    from freehold.client.file_metadata import DryRunFileInfo, HfFileMetadata
    from freehold.client.patterns import Patterns
    from freehold.client.verification import FolderVerification

R = TypeVar("R")

Folder = str | os.PathLike[str]

_FROM_NOW_ON = "it has no effect; what was cut is always continued."
_OLD_NAMES = {
    "resume_download": _FROM_NOW_ON,
    "local_dir_use_symlinks": "it has no effect; `local_dir` holds files and never links.",
    "proxies": "set HTTP_PROXY, HTTPS_PROXY and NO_PROXY in the environment.",
    "legacy_cache_layout": "it has no effect; there is one layout.",
    "force_filename": "it has no effect; a file has the name that it has in the repository.",
    "tqdm_class": "it has no effect; `on_event` is told each step.",
}


class Downloads(Files):
    """Calls that fetch files."""

    @overload
    def hf_hub_download(
        self, repo_id: str, filename: str, *, dry_run: Literal[False] = False, **options: Any
    ) -> str: ...

    @overload
    def hf_hub_download(
        self, repo_id: str, filename: str, *, dry_run: Literal[True], **options: Any
    ) -> DryRunFileInfo: ...

    def hf_hub_download(
        self,
        repo_id: str,
        filename: str,
        *,
        subfolder: str | None = None,
        repo_type: str | None = None,
        revision: str | None = None,
        library_name: str | None = None,
        library_version: str | None = None,
        cache_dir: Folder | None = None,
        local_dir: Folder | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
        force_download: bool = False,
        etag_timeout: float | None = None,
        token: Token = None,
        local_files_only: bool = False,
        headers: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
        **old_names: Any,
    ) -> str | DryRunFileInfo:
        """The path of a file on this machine, fetched from the hub if it is not there yet.

        It is a link into the cache at `cache_dir`, or with `local_dir` a file of its own in that
        folder. One request is made for a file that is not there, at most one for one that is, and
        none for a commit id; `local_files_only` makes none at all. When the hub cannot be asked,
        the copy of the cache is used. Every byte is checked against the digest that the hub gave;
        `verify` checks those that are there as well. `force_download` fetches in any case,
        `dry_run` only says what would be done. `etag_timeout` is how many seconds a hub may take
        to say whether a file that is here is still the newest.

        Raises `EntryNotFoundError`, `LocalEntryNotFoundError` when neither the cache nor the hub
        has an answer, `CorruptedFileError`, `LocalFileError` when it cannot be written.
        """
        from freehold.client.single_files import Manner, download_file

        path = _join(subfolder, filename)
        api = self._for(endpoint, library_name, library_version, user_agent)
        manner = Manner(force_download, verify, local_files_only, dry_run, etag_timeout)
        token = _accept(old_names, "hf_hub_download", token)
        repo = api._open(repo_id, repo_type, token, timeout, on_event, headers)
        store = api._store(repo, cache_dir, local_dir)
        at = revision or MAIN
        return _run(repo, cancel, lambda inner: download_file(inner, store, at, path, manner))

    @overload
    def snapshot_download(
        self, repo_id: str, *, dry_run: Literal[False] = False, **options: Any
    ) -> str: ...

    @overload
    def snapshot_download(
        self, repo_id: str, *, dry_run: Literal[True], **options: Any
    ) -> list[DryRunFileInfo]: ...

    def snapshot_download(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        revision: str | None = None,
        cache_dir: Folder | None = None,
        local_dir: Folder | None = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
        etag_timeout: float | None = None,
        force_download: bool = False,
        token: Token = None,
        local_files_only: bool = False,
        allow_patterns: Patterns = None,
        ignore_patterns: Patterns = None,
        max_workers: int = 8,
        headers: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
        **old_names: Any,
    ) -> str | list[DryRunFileInfo]:
        """The path of a folder with all files of a revision, fetched as far as they are not there.

        `allow_patterns` and `ignore_patterns` choose among the files, as in a shell; `folder/`
        means all below it. Up to `max_workers` threads fetch, and one that fails ends the others.
        All else is as with `hf_hub_download`; `on_event` is called by those threads,
        by one at a time.
        """
        from freehold.client.patterns import build_filter
        from freehold.client.single_files import Manner
        from freehold.client.snapshots import Wanted, download_snapshot

        api = self._for(endpoint, library_name, library_version, user_agent)
        wanted = Wanted(build_filter(allow_patterns, ignore_patterns), max_workers)
        manner = Manner(force_download, verify, local_files_only, dry_run, etag_timeout)
        token = _accept(old_names, "snapshot_download", token)
        repo = api._open(repo_id, repo_type, token, timeout, on_event, headers)
        store = api._store(repo, cache_dir, local_dir)
        at = revision or MAIN
        return _run(repo, cancel, lambda inner: download_snapshot(inner, store, at, wanted, manner))

    def get_hf_file_metadata(
        self,
        url: str,
        token: Token = None,
        timeout: float | None = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        **old_names: Any,
    ) -> HfFileMetadata:
        """What the hub says about the file at an address (see `hf_hub_url`): one HEAD request."""
        from freehold.client.file_metadata import ask_metadata

        api = self._for(endpoint, library_name, library_version, user_agent)
        token = _accept(old_names, "get_hf_file_metadata", token)
        session = api._session
        seconds = timeout or session.settings.etag_seconds
        return ask_metadata(session, url, token=token, timeout=seconds, headers=headers)[0]

    def hf_hub_url(
        self,
        repo_id: str,
        filename: str,
        *,
        subfolder: str | None = None,
        repo_type: str | None = None,
        revision: str | None = None,
        endpoint: str | None = None,
    ) -> str:
        """The address of a file; no request is made."""
        return self._for(endpoint)._session.url(
            wire.routes.RESOLVE,
            repo_id,
            repo_type,
            revision=revision or MAIN,
            path=_join(subfolder, filename),
        )

    def verify_repo_checksums(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        revision: str | None = None,
        local_dir: Folder | None = None,
        cache_dir: Folder | None = None,
        token: Token = None,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> FolderVerification:
        """Compares the files of a snapshot, or of `local_dir`, with what the hub says they are.

        Nothing is fetched or changed: `snapshot_download(…, verify=True)` does that.
        """
        from freehold.client.verification import verify_folder

        repo = self._open(repo_id, repo_type, token, timeout, on_event, None)
        store = self._store(repo, cache_dir, local_dir)
        return _run(repo, cancel, lambda inner: verify_folder(inner, store, revision or MAIN))

    def _for(
        self,
        endpoint: str | None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
    ) -> Downloads:
        """This object, or one that asks another hub or under another name."""
        if endpoint is None and library_name is None and user_agent is None:
            return self
        elsewhere = endpoint is not None and endpoint.rstrip("/") != self.endpoint
        return type(self)(
            endpoint or self._given_endpoint,
            # A token belongs to one hub.
            None if elsewhere and isinstance(self.token, str) else self.token,
            library_name or self.library_name,
            library_version or self.library_version,
            user_agent or self.user_agent,
        )

    def _open(
        self,
        repo_id: str,
        repo_type: str | None,
        token: Token,
        timeout: float | None,
        on_event: OnEvent | None,
        headers: Mapping[str, str] | None,
    ) -> Repo:
        from freehold.client.fetch import Repo
        from freehold.client.locks import Stop

        # The name is checked before anything else happens.
        kind, name = check_repo_type(repo_type), check_repo_id(repo_id)
        sent = headers or {}
        told = None if on_event is None else _in_turn(on_event)
        return Repo(self._session, name, kind, token, timeout, told, Stop(), sent)

    def _store(self, repo: Repo, cache_dir: Folder | None, local_dir: Folder | None) -> Store:
        from freehold.client.cache import RepoCache
        from freehold.client.local_folder import LocalFolder

        settings = self._session.settings
        cache = RepoCache(
            cache_dir or settings.cache, repo.repo_id, repo.repo_type, symlinks=settings.symlinks
        )
        return cache if local_dir is None else LocalFolder(local_dir, cache)


def _in_turn(on_event: OnEvent) -> OnEvent:
    """The function, called by one thread at a time."""
    from threading import Lock

    telling = Lock()

    def tell(event: Event) -> None:
        with telling:
            on_event(event)

    return tell


def _run(repo: Repo, cancel: Cancellation | None, call: Callable[[Repo], R]) -> R:
    """What the call returns; with `cancel` it is made in a thread that can be left behind."""
    from freehold.client.disk import local_errors
    from freehold.client.workers import run_all

    with local_errors():
        if cancel is None:
            return call(repo)
        done: list[R] = []
        run_all([lambda: done.append(call(repo))], 1, cancel, repo.cancel)
        return done[0]


def _accept(old_names: dict[str, Any], method: str, token: Token) -> Token:
    """The token, which an old name may have given."""
    from freehold.client.deprecation import accept_old_names, deprecate

    if "use_auth_token" in old_names:
        deprecate(f"The argument 'use_auth_token' of {method}", "call it `token`.", frames=2)
        given = old_names.pop("use_auth_token")
        token = given if token is None else token
    accept_old_names(_OLD_NAMES, old_names, method)
    return token


def _join(subfolder: str | None, filename: str) -> str:
    """The path in the repository; raises `HFValidationError`."""
    from freehold.client.cache import check_inside

    require_text("filename", filename)
    return check_inside(f"{subfolder}/{filename}" if subfolder else filename, "filename")
