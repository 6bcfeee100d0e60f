"""What a file system sees of a hub: folders, files, and what is remembered of them."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from fsspec.spec import AbstractFileSystem
from fsspec.utils import stringify_path

from freehold import wire
from freehold.client.api import HfApi
from freehold.client.errors import HFValidationError
from freehold.client.filesystem_paths import ResolvedPath, as_os_errors, parse_path
from freehold.client.info import LastCommitInfo, RepoFile, RepoFolder
from freehold.client.names import Token
from freehold.client.settings import ClientSettings
from freehold.errors import EntryNotFoundError
from freehold.wire.ids import quote_revision

if TYPE_CHECKING:
    from freehold.client.fetch import Repo

LISTING_SECONDS: Final = 60
"""How long a listing is remembered; what others push is seen after that."""

Entry = dict[str, Any]


class _Environment:
    """What the environment says of the hub and the account; fsspec hashes it into its key."""

    def __get__(self, instance: object, owner: type) -> tuple[object, ...]:
        settings = ClientSettings.load()
        return settings.endpoint, settings.home, settings.token, settings.offline


class ListedFiles(AbstractFileSystem):
    """The part of `HfFileSystem` that looks and changes nothing."""

    protocol = "hf"
    root_marker = ""
    # Instances are shared, but not by those who have changed HF_ENDPOINT or HF_TOKEN in between.
    _environment = _Environment()
    _extra_tokenize_attributes = ("_environment",)

    def __init__(
        self,
        *args: Any,
        endpoint: str | None = None,
        token: Token = None,
        block_size: int | None = None,
        expand_info: bool | None = None,
        timeout: float | None = None,
        **storage_options: Any,
    ) -> None:
        super().__init__(*args, **{"listings_expiry_time": LISTING_SECONDS, **storage_options})
        self.api = HfApi(endpoint=endpoint, token=token)
        self.token = token
        self.block_size = block_size
        self.expand_info = bool(expand_info)
        self.timeout = timeout
        # Folder by folder, the listing that is remembered, and its entries by name.
        self._by_name: dict[str, tuple[list[Entry] | None, dict[str, Entry]]] = {}

    @property
    def endpoint(self) -> str:
        """The address of the hub."""
        return self.api.endpoint

    def to_dict(self, *, include_password: bool = True) -> dict[str, Any]:
        """What makes this file system again; without its token if passwords are not wanted."""
        found: dict[str, Any] = super().to_dict(include_password=include_password)
        if not include_password:
            found.pop("token", None)
        return found

    # Paths

    def resolve_path(self, path: str, revision: str | None = None) -> ResolvedPath:
        """The repository, the revision and the file that a path means; asks no hub."""
        return parse_path(self._strip_protocol(path), revision)

    def url(self, path: str, revision: str | None = None) -> str:
        """The address of a file's bytes, or of a folder's page."""
        place = self.resolve_path(path, revision)
        if self.isfile(place.unresolve()):
            return self._repo(place).file_url(place.revision, place.path_in_repo)
        page = f"{self.endpoint}/{place.repo_name}/tree/"
        return page + quote_revision(place.revision) + _after_slash(place.path_in_repo)

    def _repo(self, place: ResolvedPath) -> Repo:
        """The repository as those who fetch bytes know it."""
        from freehold.client.fetch import Repo
        from freehold.client.locks import Stop

        return Repo(
            self.api._session,
            place.repo_id,
            place.repo_type,
            None,
            self.timeout,
            None,
            Stop(),
            {},
        )

    # What is there

    def ls(
        self,
        path: str,
        detail: bool = True,
        refresh: bool = False,
        revision: str | None = None,
        expand_info: bool | None = None,
        **_: Any,
    ) -> list[Entry] | list[str]:
        """What a folder holds, or the file itself, by name.

        With `refresh` the hub is asked also when the listing is remembered. Raises
        `FileNotFoundError`.
        """
        place = self.resolve_path(path, revision)
        found = self._list(place, False, refresh, self._expands(expand_info))
        found = sorted(found, key=lambda entry: str(entry["name"]))
        return found if detail else [entry["name"] for entry in found]

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        refresh: bool = False,
        revision: str | None = None,
        expand_info: bool | None = None,
        **_: Any,
    ) -> dict[str, Entry] | list[str]:
        """All files below a folder, with `withdirs` also the folders; one question to the hub.

        Nothing when the path is not there; raises `FileNotFoundError` when the repository or the
        revision is not.
        """
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        place = self.resolve_path(path, revision)
        entries = self._find(place, maxdepth, refresh, self._expands(expand_info))
        if withdirs and entries is not None and not _is_alone(place, entries):
            entries.append(self._describe_listed(place, self._expands(expand_info)))
        wanted = {e["name"]: e for e in entries or () if withdirs or e["type"] == "file"}
        names = sorted(wanted)
        return {name: wanted[name] for name in names} if detail else names

    def _find(
        self, place: ResolvedPath, maxdepth: int | None, refresh: bool, expand: bool
    ) -> list[Entry] | None:
        """What is below a path, down to a depth; None when the path is not there."""
        try:
            found = self._list(place, maxdepth != 1, refresh, expand)
        except FileNotFoundError as error:
            if isinstance(error.__cause__, EntryNotFoundError):
                return None
            raise
        if maxdepth is None:
            return list(found)
        above = len(place.unresolve())
        return [entry for entry in found if entry["name"].count("/", above) <= maxdepth]

    def walk(
        self,
        path: str,
        maxdepth: int | None = None,
        topdown: bool = True,
        on_error: Any = "omit",
        revision: str | None = None,
        **options: Any,
    ) -> Iterator[tuple[str, Any, Any]]:
        """Folder after folder with what it holds; without `maxdepth` the hub is asked once."""
        name = self.resolve_path(path, revision).unresolve()
        if maxdepth is None and topdown and self.dircache.use_listings_cache:
            self.find(name, **options)
        yield from super().walk(
            name, maxdepth=maxdepth, topdown=topdown, on_error=on_error, **options
        )

    def glob(
        self,
        path: str,
        maxdepth: int | None = None,
        revision: str | None = None,
        **options: Any,
    ) -> dict[str, Entry] | list[str]:
        """The paths that a pattern matches; only what stands behind the repository may vary."""
        name = self.resolve_path(path, revision).unresolve()
        pattern = f"{name}/" if stringify_path(path).endswith("/") else name
        found: dict[str, Entry] | list[str] = super().glob(pattern, maxdepth=maxdepth, **options)
        return found

    def du(
        self,
        path: str,
        total: bool = True,
        maxdepth: int | None = None,
        withdirs: bool = False,
        **options: Any,
    ) -> int | dict[str, int]:
        """The bytes of all files below a path, or of each."""
        found = self.find(path, maxdepth=maxdepth, withdirs=withdirs, detail=True, **options)
        assert isinstance(found, dict)
        sizes = {name: entry["size"] for name, entry in found.items()}
        return sum(sizes.values()) if total else sizes

    def info(
        self,
        path: str,
        refresh: bool = False,
        revision: str | None = None,
        expand_info: bool | None = None,
        **_: Any,
    ) -> Entry:
        """A file or a folder: `name`, `type`, `size` in bytes (0 for a folder), `last_commit`.

        A file has `blob_id`, `lfs`, `xet_hash` and `security` besides, a folder `tree_id`.
        `last_commit` is None unless it is asked for with `expand_info`. Raises
        `FileNotFoundError`.
        """
        place = self.resolve_path(path, revision)
        expand = self._expands(expand_info)
        if not refresh and (known := self._find_remembered(place, expand)):
            return known
        if not place.path_in_repo:
            return self._describe_root(place, expand)
        found = self._ask_about(place, expand)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or folder", place.unresolve())
        return found

    def _ask_about(self, place: ResolvedPath, expand: bool) -> Entry | None:
        with as_os_errors(place.unresolve()):
            found = self.api.get_paths_info(
                place.repo_id,
                [place.path_in_repo],
                expand=expand,
                revision=place.revision,
                repo_type=place.repo_type,
                timeout=self.timeout,
            )
        return _to_entry(place, found[0]) if found else None

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is a file or a folder; a hub that cannot be asked is an error."""
        return self._find_type(path, options) is not None

    def isfile(self, path: str, **options: Any) -> bool:
        """Whether there is a file."""
        return self._find_type(path, options) == "file"

    def isdir(self, path: str, **options: Any) -> bool:
        """Whether there is a folder."""
        return self._find_type(path, options) == "directory"

    def _find_type(self, path: str, options: Mapping[str, Any]) -> str | None:
        try:
            return str(self.info(path, **options)["type"])
        except (FileNotFoundError, HFValidationError):
            return None

    def modified(self, path: str, **options: Any) -> Any:
        """The moment of the newest commit that changed a path, with its time zone."""
        return self.info(path, refresh=True, expand_info=True, **options)["last_commit"].date

    def checksum(self, path: str, **options: Any) -> int:
        """A number that is another one when the content is; see `ukey`."""
        return int(self.ukey(path, **options), 16)

    def ukey(self, path: str, **options: Any) -> str:
        """The git id of a file or a folder, or the commit of a repository, as it is now."""
        place = self.resolve_path(path, options.pop("revision", None))
        if not place.path_in_repo:
            return self._find_commit(place)
        entry = self.info(place.unresolve(), refresh=True, **options)
        return str(entry.get("blob_id") or entry.get("tree_id"))

    def _expands(self, expand_info: bool | None) -> bool:
        return self.expand_info if expand_info is None else expand_info

    def _describe_root(self, place: ResolvedPath, expand: bool) -> Entry:
        if expand:
            with as_os_errors(place.unresolve()):
                return _root_entry(place, self._find_last_commit(place))
        self._find_commit(place)
        return _root_entry(place)

    def _describe_listed(self, place: ResolvedPath, expand: bool) -> Entry:
        """A folder that has just been listed; that a repository is there need not be asked."""
        if place.path_in_repo or expand:
            return self.info(place.unresolve(), expand_info=expand)
        return _root_entry(place)

    def _find_commit(self, place: ResolvedPath) -> str:
        """The id of a revision; raises `FileNotFoundError` when it is not there."""
        with as_os_errors(place.root):
            found = self.api.repo_info(
                place.repo_id, place.revision, place.repo_type, self.timeout, expand=["sha"]
            )
        return found.sha or ""

    def _find_last_commit(self, place: ResolvedPath) -> LastCommitInfo | None:
        """The newest commit of a revision, without the rest of its history."""
        url = self.api._session.url(
            wire.routes.LIST_REPO_COMMITS,
            place.repo_id,
            place.repo_type,
            {"limit": 1},
            revision=place.revision,
        )
        pages = self.api._session.pages(url, token=None, timeout=self.timeout)
        return LastCommitInfo.parse(next(pages, None))

    # Listings, and which are remembered

    def _list(
        self, place: ResolvedPath, recursive: bool, refresh: bool, expand: bool
    ) -> Sequence[Entry]:
        """What is in a folder or below it; of a file, the file alone."""
        name = place.unresolve()
        known = None if refresh else self._remembered_below(name, recursive, expand)
        if known is not None:
            return known
        try:
            with as_os_errors(name):
                found = self.api.list_repo_tree(
                    place.repo_id,
                    place.path_in_repo,
                    recursive=recursive,
                    expand=expand,
                    revision=place.revision,
                    repo_type=place.repo_type,
                    timeout=self.timeout,
                )
                entries = [_to_entry(place, item) for item in found]
        except FileNotFoundError as error:
            if not place.path_in_repo or not isinstance(error.__cause__, EntryNotFoundError):
                raise
            if (alone := self._ask_about(place, expand)) is None:
                raise
            return [alone]
        self._remember(name, entries, recursive)
        return entries

    def _remember(self, name: str, entries: Sequence[Entry], recursive: bool) -> None:
        folders: dict[str, list[Entry]] = {name: []}
        if recursive:
            folders |= {e["name"]: [] for e in entries if e["type"] == "directory"}
        for entry in entries:
            folders.setdefault(self._parent(entry["name"]), []).append(entry)
        for folder, inside in folders.items():
            self.dircache[folder] = inside

    def _remembered_below(self, name: str, recursive: bool, expand: bool) -> list[Entry] | None:
        """What is remembered of a folder, if nothing is missing."""
        found: list[Entry] = []
        waiting = [name]
        while waiting:
            try:
                inside = self.dircache[waiting.pop()]
            except KeyError:
                return None
            if expand and any(entry["last_commit"] is None for entry in inside):
                return None
            found += inside
            if recursive:
                waiting += [entry["name"] for entry in inside if entry["type"] == "directory"]
        return found

    def _find_remembered(self, place: ResolvedPath, expand: bool) -> Entry | None:
        """A path in the remembered listing of its folder; what is not there may be new."""
        name = place.unresolve()
        if not place.path_in_repo:
            return _root_entry(place) if name in self.dircache and not expand else None
        entry = self._remembered_by_name(self._parent(name)).get(name)
        return None if entry is not None and expand and entry["last_commit"] is None else entry

    def _remembered_by_name(self, folder: str) -> Mapping[str, Entry]:
        """What a folder holds: whoever asks for each file of many must not search a list."""
        try:
            inside = self.dircache[folder]
        except KeyError:
            self._by_name.pop(folder, None)
            return {}
        known, found = self._by_name.get(folder, (None, {}))
        if known is not inside:
            found = {entry["name"]: entry for entry in inside}
            self._by_name[folder] = inside, found
        return found

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forgets all listings, or those of the repository of a path."""
        super().invalidate_cache(path)
        if path is None:
            self.dircache.clear()
            self._by_name.clear()
        else:
            self.forget(self.resolve_path(path))

    def forget(self, place: ResolvedPath) -> None:
        """Forgets the listings of a repository, under all its revisions."""
        whole = place.repo_name
        for name in list(self.dircache):
            if name == whole or name.startswith((f"{whole}/", f"{whole}@")):
                del self.dircache[name]
                self._by_name.pop(name, None)


def _to_entry(place: ResolvedPath, item: RepoFile | RepoFolder) -> Entry:
    entry: Entry = {"name": place.name_of(item.path), "size": 0, "type": "directory"}
    if isinstance(item, RepoFolder):
        return {**entry, "tree_id": item.tree_id, "last_commit": item.last_commit}
    return {
        **entry,
        "size": item.size,
        "type": "file",
        "blob_id": item.blob_id,
        "lfs": item.lfs,
        "xet_hash": item.xet_hash,
        "last_commit": item.last_commit,
        "security": item.security,
    }


def _root_entry(place: ResolvedPath, last_commit: LastCommitInfo | None = None) -> Entry:
    return {"name": place.root, "size": 0, "type": "directory", "last_commit": last_commit}


def _is_alone(place: ResolvedPath, entries: Sequence[Entry]) -> bool:
    """Whether the path is a file, which is then all that there is."""
    return [entry["name"] for entry in entries] == [place.unresolve()]


def _after_slash(path: str) -> str:
    return f"/{quote(path)}" if path else ""
