"""Files of a hub, open for reading: in blocks, or as one stream."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from fsspec.spec import AbstractBufferedFile

from freehold.client.addresses import without_secrets
from freehold.client.connections import Exchange
from freehold.client.digests import Digest
from freehold.client.errors import CorruptedFileError, HubConnectionError, InvalidAnswerError
from freehold.client.fetch import Repo
from freehold.client.file_metadata import Found, ask_metadata, read_found, read_number
from freehold.client.filesystem_paths import ResolvedPath, as_os_errors
from freehold.errors import HfHubHTTPError, RangeNotSatisfiableError

if TYPE_CHECKING:
    from freehold.client.filesystem import HfFileSystem

STREAM_BLOCK: Final = 1 << 20


class RemoteFile:
    """A file at one commit, so that what is read of it belongs together whatever is pushed.

    `name` is its path in the file system, `size` its bytes, `etag` their digest.
    """

    def __init__(self, repo: Repo, place: ResolvedPath, found: Found) -> None:
        if found.size is None:
            raise InvalidAnswerError(f"The hub does not say how large {place.unresolve()} is.")
        self.repo = repo
        self.name = place.unresolve()
        self.place = place.pinned(found.commit)
        self.etag = found.etag
        self.size = found.size

    @property
    def info(self) -> dict[str, Any]:
        """What an open file tells of itself."""
        return {
            "name": self.name,
            "size": self.size,
            "type": "file",
            "etag": self.etag,
            "commit": self.place.revision,
        }

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, or to the end of the file."""
        last = min(end, self.size)
        data = read_range(self.repo, self.place, start, last)
        if len(data) != max(last - start, 0):
            raise InvalidAnswerError(f"{self.name}: {len(data)} of {last - start} bytes came.")
        return data


def find_file(repo: Repo, place: ResolvedPath) -> RemoteFile:
    """The file as it is now; raises `FileNotFoundError`, `PermissionError`."""
    url = repo.file_url(place.revision, place.path_in_repo)

    def ask() -> RemoteFile:
        _, found = ask_metadata(repo.session, url, token=repo.token, timeout=repo.timeout)
        if found is None:
            raise InvalidAnswerError(f"{url} does not say what file it is.")
        return RemoteFile(repo, place, found)

    with as_os_errors(place.unresolve()):
        return repo.retry(place.path_in_repo, ask)


def open_stream(repo: Repo, place: ResolvedPath) -> RemoteStream:
    """The bytes of the file as it is now, for one request; raises like `find_file`."""
    url = repo.file_url(place.revision, place.path_in_repo)

    def ask() -> RemoteStream:
        with ExitStack() as stack:
            got = stack.enter_context(repo.get(url, {}))
            remote = RemoteFile(repo, place, read_found(got))
            return RemoteStream(remote, got.iter_bytes(), stack.pop_all())

    with as_os_errors(place.unresolve()):
        return repo.retry(place.path_in_repo, ask)


def read_range(repo: Repo, place: ResolvedPath, start: int | None, end: int | None) -> bytes:
    """Those bytes of a file, in one request; the last ones when `start` is negative.

    Nothing when they lie behind its end.
    """
    if end is not None and end <= (start or 0):
        return b""
    wanted = _to_range(start, end)

    def ask() -> bytes:
        url = repo.file_url(place.revision, place.path_in_repo)
        with repo.get(url, {"range": wanted} if wanted else {}) as got:
            return _read_part(got, start, end)

    try:
        with as_os_errors(place.unresolve()):
            return repo.retry(place.path_in_repo, ask)
    except RangeNotSatisfiableError:
        return b""


def _read_part(got: Exchange, start: int | None, end: int | None) -> bytes:
    """Those bytes, of an answer with them alone or with the whole file; no others are kept."""
    first = start or 0
    whole = got.status != 206
    if not whole and first >= 0:
        _check_begin(got, first)
    length = None if end is None else end - first
    before = max(first, 0) if whole else 0
    data = bytearray()
    for block in got.iter_bytes():
        data += block[before:]
        before = max(before - len(block), 0)
        if length is not None and len(data) >= length:
            break
    return bytes(data[first:] if whole and first < 0 else data[:length])


def _to_range(start: int | None, end: int | None) -> str | None:
    if start is not None and start < 0:
        return f"bytes={start}"
    if not start and end is None:
        return None
    return f"bytes={start or 0}-{'' if end is None else end - 1}"


class ReadFile(AbstractBufferedFile):
    """A file that is read in blocks, which are remembered; it can be pickled."""

    def __init__(self, fs: HfFileSystem, remote: RemoteFile, **options: Any) -> None:
        self.remote = remote
        self._details = remote.info
        super().__init__(fs, remote.name, "rb", size=remote.size, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self.remote.read(start, end)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        # The name with its commit: elsewhere the same bytes are read, whatever was pushed since.
        pinned = self.remote.place.unresolve()
        cache = self.cache.name if self.cache else "none"
        return _open_again, (self.fs, pinned, self.blocksize, cache, self.loc)


def _open_again(fs: HfFileSystem, name: str, block_size: int, cache: str, place: int) -> Any:
    file = fs.open(name, "rb", block_size=block_size, cache_type=cache)
    file.seek(place)
    return file


class StreamFile(io.BufferedReader):
    """A file that is read from one place on as it arrives, and asked for anew after a `seek`."""

    def __init__(self, stream: RemoteStream) -> None:
        super().__init__(stream, STREAM_BLOCK)
        self.remote = stream.remote
        self.path = stream.remote.name
        self.size = stream.remote.size

    def info(self) -> dict[str, Any]:
        """What is known of the file."""
        return self.remote.info


class RemoteStream(io.RawIOBase):
    """The bytes of a file as they arrive; what is cut goes on where it ended."""

    def __init__(self, remote: RemoteFile, blocks: Iterator[bytes], opened: ExitStack) -> None:
        self.remote = remote
        self._position = 0
        self._blocks = blocks
        self._opened: ExitStack | None = opened
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always, at the price of a request."""
        return True

    def tell(self) -> int:
        """The number of bytes before the place that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes on at another place; raises `ValueError` for one before the file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.remote.size}
        wanted = base[whence] + offset
        if wanted < 0:
            raise ValueError(f"{wanted} lies before the beginning of the file.")
        if wanted != self._position:
            self._drop()
            self._position = wanted
        return wanted

    def readinto(self, buffer: Any) -> int:
        """Fills what it can of the buffer; 0 at the end of the file."""
        view = memoryview(buffer).cast("B")
        if self._position >= self.remote.size or not view:
            return 0
        if not self._rest:
            self._rest = memoryview(self._receive())
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        self._position += count
        return count

    def _receive(self) -> bytes:
        remote = self.remote
        with as_os_errors(remote.name):
            return remote.repo.retry(remote.name, self._receive_once)

    def _receive_once(self) -> bytes:
        try:
            if self._opened is None:
                self._open()
            if block := next(self._blocks, b""):
                return block
            raise HubConnectionError(f"{self.remote.name} ended after {self._position} bytes.")
        except (HfHubHTTPError, HubConnectionError):
            self._drop()
            raise

    def _open(self) -> None:
        remote, place = self.remote, self.remote.place
        url = remote.repo.file_url(place.revision, place.path_in_repo)
        wanted = _to_range(self._position, None)
        with ExitStack() as stack:
            got = stack.enter_context(remote.repo.get(url, {"range": wanted} if wanted else {}))
            _check_begin(got, self._position)
            self._blocks = got.iter_bytes()
            self._opened = stack.pop_all()

    def _drop(self) -> None:
        opened, self._opened = self._opened, None
        self._rest = memoryview(b"")
        if opened is not None:
            opened.close()

    def close(self) -> None:
        """Lets go of the connection."""
        if not self.closed:
            self._drop()
        super().close()


def _check_begin(got: Exchange, position: int) -> None:
    """Raises `InvalidAnswerError` when the bytes that come are not those from there on."""
    begin = _begin_of(got.headers) if got.status == 206 else 0
    if begin != position:
        shown = without_secrets(got.url)
        raise InvalidAnswerError(f"{shown} begins at byte {begin} and not at {position}.")


def _begin_of(headers: Mapping[str, str]) -> int | None:
    begin = headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return read_number(begin)


def download(stream: RemoteStream, target: Any, told: Callable[[int], object]) -> None:
    """Writes the whole file to an open one; `told` hears how many bytes each step has brought.

    Raises `CorruptedFileError` when they do not have the digest that the hub gives for them.
    """
    remote = stream.remote
    digest = Digest(remote.etag, remote.size)
    with stream:
        while block := stream.read(STREAM_BLOCK):
            target.write(block)
            digest.update(block)
            told(len(block))
    if not digest.matches():
        raise CorruptedFileError(f"{remote.name} does not have the digest {remote.etag}.")
