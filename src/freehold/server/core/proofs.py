"""Proving what the sha256 of a file of chunks is, by putting the file together and hashing it.

Until then it is only what a client has said. A file that turns out to be another one is taken away
from the repositories that were told so; their pointers are then texts.
"""

from __future__ import annotations

import logging
import os
import threading

from freehold.errors import ConflictError
from freehold.server.core.xet_files import hash_file
from freehold.server.db import lfs, repos, xet_files
from freehold.server.db.database import Transaction
from freehold.server.db.xet_files import XetFile
from freehold.server.hub import Hub

UNPROVEN_AT_ONCE = 1000

# Of the thread that proves what has just arrived: whoever is waiting for an answer goes first.
_NICENESS = 10

log = logging.getLogger("freehold.proofs")


def prove_arrivals(hub: Hub) -> None:
    """Proves files as soon as they have been registered; never returns."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    while True:
        _attempt(hub, hub.unproven.get())


def prove_files(hub: Hub) -> int:
    """Proves what was registered and not proven, for example before a crash; gives the number."""
    with hub.db.read() as tx:
        hashes = xet_files.list_unproven_files(tx, UNPROVEN_AT_ONCE)
    return sum(_attempt(hub, file_hash) for file_hash in hashes)


def prove_files_of_repo(hub: Hub, repo_id: str) -> None:
    """Proves all that a repository was told, so that its word can be taken elsewhere."""
    with hub.db.read() as tx:
        hashes = xet_files.list_unproven_of_repo(tx, repo_id)
    for file_hash in hashes:
        prove_file(hub, file_hash)


def _attempt(hub: Hub, file_hash: str) -> bool:
    """Whether the file was proven now: one that cannot be read must not end the others."""
    try:
        return prove_file(hub, file_hash)
    except Exception:
        log.exception("the sha256 of the file %s could not be proven", file_hash)
        return False


def prove_file(hub: Hub, file_hash: str) -> bool:
    """Records the sha256 of the file, and ends every link under another one.

    False when somebody has proven it already, or it is gone.
    """
    file = _find_unproven(hub, file_hash)
    if file is None:
        return False
    sha256 = hash_file(hub, file.hash, file.size)
    with hub.db.write() as tx:
        _record(tx, file.hash, sha256)
    return True


def _record(tx: Transaction, file_hash: str, sha256: str) -> None:
    """Records what the sha256 of a file is, and ends every link under another one.

    Raises `ConflictError` when such a link is made at the same moment: then try again.
    """
    # The repositories first, as whoever makes a link locks them.
    locked = {link.repo_id for link in xet_files.list_false_links(tx, file_hash, sha256)}
    for repo_id in sorted(locked):
        repos.lock_repo(tx, repo_id)
    lfs.lock_claims(tx, file_hash)
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


def _find_unproven(hub: Hub, file_hash: str) -> XetFile | None:
    with hub.db.read() as tx:
        found = xet_files.find_files(tx, [file_hash]).get(file_hash)
    return found if found is not None and found.sha256 is None else None
