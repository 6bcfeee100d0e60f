"""One file from a hub to the disk: whole, or not there at all.

Every byte is hashed as it comes, also those that an earlier try has left. What was cut goes on
where it ended; what turns out wrong is fetched once more from the beginning. What hf_xet cannot
fetch (`client/xet_downloads.py`), plain requests do, from where it ended.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO, Final, NamedTuple, TypeVar

from freehold.client.addresses import without_secrets
from freehold.client.cache import Place, RepoCache
from freehold.client.connections import Exchange
from freehold.client.digests import BLOCK_SIZE, Digest, file_matches, matches
from freehold.client.disk import check_room, write_whole
from freehold.client.errors import CorruptedFileError, HubConnectionError, InvalidAnswerError
from freehold.client.events import Cancellation, Event, EventKind, OnEvent
from freehold.client.file_metadata import IDENTITY, Found, raise_for_status, read_found
from freehold.client.local_folder import LocalFolder
from freehold.client.locks import FileLock, Stop
from freehold.client.names import Token
from freehold.client.retries import MAX_RETRIES, pause_before_retry
from freehold.client.session import Session
from freehold.client.settings import STALL_SECONDS
from freehold.client.xet import XetRefusedError
from freehold.client.xet_downloads import Line, is_for_xet, read_rest
from freehold.errors import FreeholdError, HfHubHTTPError, RangeNotSatisfiableError

T = TypeVar("T")
logger = logging.getLogger("freehold")

SMALL: Final = BLOCK_SIZE
"""Files up to this many bytes are fetched whole and then written, without a lock."""


Store = RepoCache | LocalFolder
"""Where files go."""


class Repo(NamedTuple):
    """A repository of a hub, who asks for its files, and who hears about them."""

    session: Session
    repo_id: str
    repo_type: str | None
    token: Token
    timeout: float | None
    on_event: OnEvent | None
    cancel: Stop
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Repo(repo_id={self.repo_id!r}, repo_type={self.repo_type!r})"

    def file_url(self, revision: str, path: str) -> str:
        """The address of a file."""
        from freehold.wire.routes import RESOLVE

        return self.session.url(RESOLVE, self.repo_id, self.repo_type, revision=revision, path=path)

    @property
    def stall_seconds(self) -> float:
        """How long the hub may be silent while it sends bytes."""
        return self.timeout or max(STALL_SECONDS, self.session.settings.read_seconds)

    def tell(self, kind: EventKind, path: str, done: int = 0, total: int | None = None) -> None:
        """Tells a step, unless the transfer is over."""
        if self.on_event is not None:
            self.cancel.check()
            self.on_event(Event(kind, path, done, total))

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Exchange]:
        """An answer with its bytes still to come; raises what the hub answered."""
        with self.session.stream(
            "GET",
            url,
            headers={**IDENTITY, **self.headers, **headers},
            token=self.token,
            timeout=self.stall_seconds,
        ) as got:
            raise_for_status(got, "GET")
            yield got

    def pause_after(self, error: FreeholdError, attempt: int, path: str | None) -> None:
        """Waits until the call can be made again; raises the error when that cannot help."""
        pause = pause_before_retry(error, attempt, may_repeat=True)
        if pause is None:
            raise error
        logger.info("%s failed, again in %.1f s: %s", path or self.repo_id, pause, error)
        if path is not None:
            self.tell("retry", path)
        self.cancel.sleep(pause)

    def retry(self, path: str | None, call: Callable[[], T]) -> T:
        """What the call about the file returns; it is made again as long as that can help."""
        for attempt in range(MAX_RETRIES + 1):
            try:
                return call()
            except (HfHubHTTPError, HubConnectionError) as error:
                self.pause_after(error, attempt, path)
        raise AssertionError("the last attempt returns or raises")


def fetch_file(
    repo: Repo,
    store: Store,
    revision: str,
    path: str,
    *,
    known: Found | None = None,
    reuse: bool = True,
    note: Callable[[Found], None] = lambda found: None,
) -> str:
    """The file at its place in the store, for one request if it is not there and was not cut.

    `known` is what the hub has already said of it; `note` is told what it says. Without `reuse`
    the bytes are fetched even if they are there. Raises `CorruptedFileError`.
    """
    job = _Fetch(repo, store, path, reuse)
    found = known
    if found is None or not job.is_cut(found):
        found, done = repo.retry(path, lambda: job.begin(revision, note))
        if done is not None:
            return done
    return job.finish(found)


class _Fetch:
    """One file on its way."""

    def __init__(self, repo: Repo, store: Store, path: str, reuse: bool) -> None:
        self._repo = repo
        self._store = store
        self._path = path
        self._reuse = reuse
        # Bytes that turn out wrong are fetched once more, and not a third time.
        self._tries = 2
        self._may_use_xet = True
        self._is_left_to_xet = False

    def is_cut(self, found: Found) -> bool:
        """Whether a part of the file is there."""
        return os.path.exists(self._store.place(self._path, found.etag).partial)

    def begin(self, revision: str, note: Callable[[Found], None]) -> tuple[Found, str | None]:
        """Asks for the whole file; None instead of its path when more has to be done."""
        with self._repo.get(self._repo.file_url(revision, self._path), {}) as got:
            found = read_found(got)
            note(found)
            if self._reuse and (there := self._find(found)):
                return found, there
            self._store.prepare()
            if found.size is not None and found.size <= SMALL:
                return found, self._take_small(found, got)
            return found, self._take_large(found, got)

    def _find(self, found: Found) -> str | None:
        commit, etag, size, _ = found
        there = self._store.find(commit, self._path, etag, size) or self._store.reuse(
            commit, self._path, etag
        )
        if there is not None:
            self._repo.tell("skip", self._path, size or 0, size)
        return there

    def _take_small(self, found: Found, got: Exchange) -> str | None:
        data = _read_small(got, found.size or 0)
        if not matches(data, found.etag):
            self._tries -= 1
            return None
        place = self._store.place(self._path, found.etag)
        write_whole(place.final, data, place.partial)
        return self._settle(found)

    def _take_large(self, found: Found, got: Exchange) -> str | None:
        """Receives the body, unless another process does, or a part of it is there."""
        place = self._store.place(self._path, found.etag)
        with FileLock(place.lock, self._repo.cancel) as lock:
            if not lock.try_acquire() or self.is_cut(found):
                return None
            check_room(os.path.dirname(place.partial), found.size or 0)
            opened = _Part(place.partial, found, self._repo.cancel)
            with opened as part, suppress(HubConnectionError):
                self._receive(found, part, got)
            return self._accept(found, part, place)

    def finish(self, found: Found) -> str:
        """What `begin` could not do: alone with the file, from where it was cut."""
        place = self._store.place(self._path, found.etag)
        with FileLock(place.lock, self._repo.cancel) as lock:
            lock.acquire()
            if self._reuse and (there := self._find(found)):
                return there
            while self._tries:
                if not self._is_left_to_xet:
                    self._repo.tell("retry", self._path)
                with _Part(place.partial, found, self._repo.cancel) as part:
                    check_room(os.path.dirname(place.partial), (found.size or 0) - part.done)
                    self._receive_rest(found, part)
                if done := self._accept(found, part, place):
                    return done
        raise CorruptedFileError(
            f"{self._path} of {self._repo.repo_id} does not have the digest {found.etag}"
            " that the hub gives for it; nothing of it was kept."
        )

    def _accept(self, found: Found, part: _Part, place: Place) -> str | None:
        """Gives the part its name, if it is whole; None if it is not, or was wrong and is gone."""
        if not part.ended:
            return None
        if not part.matches():
            self._tries -= 1
            os.unlink(place.partial)
            return None
        os.makedirs(os.path.dirname(place.final), exist_ok=True)
        os.replace(place.partial, place.final)
        return self._settle(found)

    def _settle(self, found: Found) -> str:
        size = os.path.getsize(self._store.place(self._path, found.etag).final)
        there = self._store.settle(found.commit, self._path, found.etag, fresh=True)
        self._repo.tell("download", self._path, size, size)
        return there

    def _receive_rest(self, found: Found, part: _Part) -> None:
        """Asks for what is missing until all is there; every piece renews the patience."""
        attempt = 0
        while not part.ended:
            before = part.done
            try:
                if self._is_left_to_xet:
                    self._receive_by_xet(found, part)
                else:
                    self._ask_rest(found, part)
            except (HfHubHTTPError, HubConnectionError) as error:
                attempt = 0 if part.done > before else attempt
                self._repo.pause_after(error, attempt, self._path)
                attempt += 1

    def _ask_rest(self, found: Found, part: _Part) -> None:
        wanted = {"range": f"bytes={part.done}-"} if part.done else {}
        try:
            with self._repo.get(self._repo.file_url(found.commit, self._path), wanted) as got:
                if not _starts_at(got, part.done):
                    part.restart()
                self._receive(found, part, got)
        except RangeNotSatisfiableError:
            if not part.done:
                raise
            part.restart()

    def _receive(self, found: Found, part: _Part, got: Exchange) -> None:
        """Takes what one connection brings; when that is little, the rest may be left to hf_xet."""
        line = Line(part.done)
        for piece in got.iter_bytes():
            self._take(part, piece)
            if self._may_use_xet and line.is_slow(part.done, found):
                self._may_use_xet = False
                self._is_left_to_xet = is_for_xet(self._repo, found)
                if self._is_left_to_xet:
                    return
        part.end()

    def _receive_by_xet(self, found: Found, part: _Part) -> None:
        """Fetches what is missing through hf_xet, once: what it leaves is asked for plainly."""
        self._is_left_to_xet = False
        try:
            with closing(read_rest(self._repo, found, self._path, part.done)) as pieces:
                for piece in pieces:
                    self._take(part, piece)
            if part.done == part.size:
                part.end()
        except (XetRefusedError, HfHubHTTPError, HubConnectionError, InvalidAnswerError) as error:
            logger.warning("%s Plain requests go on.", error)
            self._repo.tell("retry", self._path)

    def _take(self, part: _Part, piece: bytes) -> None:
        self._repo.cancel.check()
        before = part.done
        part.write(piece)
        if part.done // BLOCK_SIZE > before // BLOCK_SIZE and part.done != part.size:
            self._repo.tell("download", self._path, part.done, part.size)


class _Part:
    """The beginning of a file on the disk, open to be continued, and hashed as far as it goes."""

    def __init__(self, path: str, found: Found, cancel: Cancellation) -> None:
        self._path = path
        self._found = found
        self.size = found.size
        self.ended = False
        self._file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115 - closed at exit
        try:
            self._read_again(cancel)
        except BaseException:
            self._file.close()
            raise

    def _read_again(self, cancel: Cancellation) -> None:
        self._digest = self._new_digest()
        self._file.seek(0)
        while block := self._file.read(BLOCK_SIZE):
            cancel.check()
            self._digest.update(block)
        if self.size is not None and self.done > self.size:
            self.restart()
        self.ended = self.size is not None and self.done == self.size

    def _new_digest(self) -> Digest:
        return Digest(self._found.etag, self.size or 0)

    @property
    def done(self) -> int:
        """The bytes that are there."""
        return self._digest.done

    def write(self, block: bytes) -> None:
        """Takes the next bytes."""
        if self.size is not None and self.done + len(block) > self.size:
            raise InvalidAnswerError(f"More than the {self.size} bytes of the file came.")
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._digest.update(block)

    def restart(self) -> None:
        """Begins with nothing."""
        self._file.truncate(0)
        self._digest = self._new_digest()

    def end(self) -> None:
        """Notes that no more will come; raises `HubConnectionError` when something is missing."""
        if self.size is not None and self.done < self.size:
            raise HubConnectionError(f"Only {self.done} of {self.size} bytes came.")
        self.ended = True

    def matches(self) -> bool:
        """Whether all of it is right, and nobody else has written into it."""
        if self.size is not None:
            return self._digest.matches() and os.path.getsize(self._path) == self.size
        return file_matches(self._path, self._found.etag, None, Cancellation())

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _starts_at(got: Exchange, offset: int) -> bool:
    if got.status != 206:
        return offset == 0
    return got.headers.get("content-range", "").startswith(f"bytes {offset}-")


def _read_small(got: Exchange, size: int) -> bytes:
    """The body; raises `HubConnectionError` when it is not as long as was said."""
    data = bytearray()
    for block in got.iter_bytes():
        data += block
        if len(data) > size:
            break
    if len(data) != size:
        shown = without_secrets(got.url)
        raise HubConnectionError(f"{shown} sent {len(data)} bytes and not {size}.")
    return bytes(data)
