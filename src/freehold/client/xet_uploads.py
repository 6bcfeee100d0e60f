"""Sending large files through hf_xet, which sends the chunks that the hub does not have yet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Final

from freehold import wire
from freehold.client.errors import FileChangedError
from freehold.client.events import Cancellation
from freehold.client.workers import POLL_SECONDS
from freehold.client.xet import ask_access, library, open_session, translated

if TYPE_CHECKING:
    from freehold.client.content import LargeFile
    from freehold.client.targets import Target
    from freehold.client.transfers import Transfer


FILES_AT_ONCE: Final = 4
XORB: Final = 64 << 20
"""The bytes that hf_xet sends in one piece, at the most."""
# It takes what it is given and holds it until it is sent: all of a file, when the line is slow. So
# no more is given than six xorbs on their way, and those that are not full yet: one for each file,
# and one of what files have left.
XORBS_ON_THEIR_WAY: Final = 6
# From two, which is where it begins by itself, it needs long until a line with a delay is filled.
_CONFIG: Final = {"client.ac_initial_upload_concurrency": 8}


class XetUpload:
    """Files on their way together: a chunk that several have is sent once."""

    def __init__(self, target: Target, files: Sequence[LargeFile], transfer: Transfer) -> None:
        self._target = target
        self._files = files
        self._transfer = transfer
        self._stop = Cancellation()
        self._ended = Event()
        self._lock = Lock()
        self._streams: dict[LargeFile, Any] = {}
        self._at_once = min(FILES_AT_ONCE, transfer.threads, len(files))
        self._most_ahead = (XORBS_ON_THEIR_WAY + self._at_once + 1) * XORB
        self._written = 0
        self._told: dict[LargeFile, int] = {}

    def run(self) -> None:
        """Sends the files; the hub has them, and knows them, when this returns.

        Raises `FileChangedError`, `HubConnectionError` and `UnavailableError`, and
        `XetRefusedError` when another way of sending may do. The hub then knows none of them.
        """
        access = ask_access(
            self._target.session,
            wire.routes.XET_WRITE_TOKEN,
            repo_id=self._target.repo_id,
            repo_type=self._target.repo_type,
            revision=self._target.revision,
            query=self._target.query,
            token=self._target.token,
            timeout=self._target.timeout,
        )
        self._open(access)
        try:
            self._transfer.run_apart([self._send, self._watch], 2, self._stop)
        except BaseException:
            self._commit.abort()
            raise
        for file in self._files:
            size = file.content.size
            self._transfer.tell("upload", file.content.path_in_repo, size, size)

    def _failure(self) -> str:
        more = f" and {len(self._files) - 1} more" if len(self._files) > 1 else ""
        return f"{self._files[0].content.path_in_repo!r}{more} could not be sent"

    def _open(self, access: dict[str, Any]) -> None:
        with translated(self._failure()):
            self._session = open_session(self._target.stall_seconds, **_CONFIG)
            self._commit = self._session.new_upload_commit(**access)

    def _send(self) -> None:
        try:
            with translated(self._failure()):
                jobs = [partial(self._send_file, file) for file in self._files]
                self._transfer.run_apart(jobs, self._at_once, self._stop)
                # Only here is the hub told of the files: what is wrong with one is known by now.
                self._commit.wait_to_finish()
        finally:
            self._ended.set()

    def _send_file(self, file: LargeFile) -> None:
        # The sha256 that is known will do, unless the bytes could have become others unseen.
        sha256 = file.sha256 if file.content.shows_changes else library().COMPUTE_SHA256
        stream = self._commit.start_upload_stream(name=file.content.path_in_repo, sha256=sha256)
        with self._lock:
            self._streams[file] = stream
        for piece in file.content.read_pieces():
            self._wait_for_room(len(piece))
            stream.write(piece)
        _check(file, stream.finish())

    def _wait_for_room(self, size: int) -> None:
        """Waits until not too much is on its way; raises `TransferCancelledError`."""
        with self._lock:
            self._written += size
        patience = time.monotonic() + self._target.stall_seconds
        while self._ahead() > self._most_ahead and time.monotonic() < patience:
            self._stop.sleep(POLL_SECONDS)
        self._stop.check()

    def _ahead(self) -> int:
        completed: int = self._commit.progress().total_bytes_completed
        return self._written - completed

    def _watch(self) -> None:
        """Tells how far the files are, and ends everything when nobody waits any more."""
        while not self._ended.wait(POLL_SECONDS):
            self._transfer.check()
            self._stop.check()
            with self._lock:
                streams = list(self._streams.items())
            for file, stream in streams:
                self._tell(file, stream.progress())

    def _tell(self, file: LargeFile, progress: Any) -> None:
        done = 0 if progress is None else min(progress.bytes_completed, file.content.size)
        if done > self._told.get(file, 0):
            self._told[file] = done
            self._transfer.tell("upload", file.content.path_in_repo, done, file.content.size)


def _check(file: LargeFile, sent: Any) -> None:
    """Raises `FileChangedError` when what was sent is not the file that was hashed."""
    file.content.check_unchanged()
    found = sent.xet_info
    if (found.file_size, found.sha256) != (file.content.size, file.sha256):
        raise FileChangedError(
            f"The content of {file.content.path_in_repo!r} changed while it was being uploaded:"
            " nothing was committed."
        )
