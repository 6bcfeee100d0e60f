"""Proving what the sha256 of a file of chunks is, by putting the file together and hashing it.

Until then it is only what a client has said. A file that turns out to be another one is taken away
from the repositories that were told so; their pointers are then texts.

Whoever proves a file takes it on for a while, so that it is not read by every process of every
node; if that fails, nobody tries again until then.
"""

from __future__ import annotations

import logging
import os
import threading
from queue import Empty

from freehold.errors import ConflictError
from freehold.server.core.xet_files import hash_file
from freehold.server.db import lfs, repos, xet_files
from freehold.server.db.database import Transaction
from freehold.server.db.xet_files import XetFile
from freehold.server.hub import Hub, now_ms

UNPROVEN_AT_ONCE = 100

# How long a file is taken on: a time for everything, and more for what is large.
TAKEN_ON_MS = 600_000
BYTES_PER_MS = 5_000

# Of the thread that proves what has arrived: whoever is waiting for an answer goes first.
_NICENESS = 10

log = logging.getLogger("freehold.proofs")


def prove_arrivals(hub: Hub) -> None:
    """Proves files as soon as they have been registered, small ones first; never returns.

    In between it looks for what others have left, for example by a crash.
    """
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    while True:
        try:
            prove_files(hub)
            _prove_queued(hub)
        except Exception:
            log.exception("a round of proofs failed")


def _prove_queued(hub: Hub) -> None:
    """Proves what arrives, until nothing has for `--jobs-seconds`."""
    while True:
        try:
            _, file_hash = hub.unproven.get(timeout=hub.config.jobs_seconds)
        except Empty:
            return
        _attempt(hub, file_hash)


def prove_files(hub: Hub) -> int:
    """Proves what nobody has taken on, and gives the number of files."""
    count = 0
    while True:
        with hub.db.read() as tx:
            found = xet_files.list_unproven_files(tx, now_ms(), UNPROVEN_AT_ONCE)
        if not found:
            return count
        count += sum(_attempt(hub, file.hash) for file in found)


def _attempt(hub: Hub, file_hash: str) -> bool:
    """Whether the file was proven now: one that cannot be read must not end the others."""
    try:
        return prove_file(hub, file_hash)
    except Exception:
        log.exception("the sha256 of the file %s could not be proven", file_hash)
        return False


def prove_file(hub: Hub, file_hash: str) -> bool:
    """Records the sha256 of the file, and ends every link under another one.

    False when somebody has proven it or is about to, or it is gone. Raises `XorbError` when its
    bytes are not what they were: that is nobody's lie.
    """
    file = _take_on(hub, file_hash)
    if file is None:
        return False
    sha256 = hash_file(hub, file.hash, file.size)
    with hub.db.write() as tx:
        _record(tx, file.hash, sha256)
    return True


def _take_on(hub: Hub, file_hash: str) -> XetFile | None:
    with hub.db.read() as tx:
        file = xet_files.find_files(tx, [file_hash]).get(file_hash)
    if file is None or file.sha256 is not None:
        return None
    now = now_ms()
    until = now + TAKEN_ON_MS + file.size // BYTES_PER_MS
    with hub.db.write() as tx:
        return file if xet_files.take_on_proof(tx, file_hash, now, until) else None


def _record(tx: Transaction, file_hash: str, sha256: str) -> None:
    """Records what the sha256 of a file is, and ends every link under another one.

    Raises `ConflictError` when such a link is made at the same moment: then try again.
    """
    # The repositories first, as whoever makes a link locks them.
    locked = {link.repo_id for link in xet_files.list_false_links(tx, file_hash, sha256)}
    for repo_id in sorted(locked):
        repos.lock_repo(tx, repo_id)
    xet_files.prove_file(tx, file_hash, sha256)
    for link in xet_files.list_false_links(tx, file_hash, sha256):
        if link.repo_id not in locked:
            raise ConflictError("Another call was faster: please try again.")
        lfs.unlink_objects(tx, link.repo_id, [link.sha256])
        log.warning(
            "repository %s: account %s sent a file as %s that is %s; it is not served any more",
            link.repo_id,
            link.pusher_id,
            link.sha256,
            sha256,
        )
