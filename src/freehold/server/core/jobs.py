"""Work in the background: compacting repositories and freeing bytes that nothing names.

Every job may run on several nodes at once: whoever comes second finds nothing to do.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from freehold.server.db import lfs, packs, repos, trash
from freehold.server.db.database import Transaction
from freehold.server.db.packs import Pack
from freehold.server.git import native
from freehold.server.git.cache import PACK_ENDINGS
from freehold.server.git.store import LostRaceError
from freehold.server.hub import Hub, now_ms
from freehold.server.objects.keys import lfs_key

UNLINKED_AT_ONCE = 1000

log = logging.getLogger("freehold.jobs")


def run_jobs(hub: Hub) -> None:
    """One round of everything that is due."""
    with hub.db.read() as tx:
        crowded = packs.list_crowded_repos(tx, hub.config.compact_packs)
    for repo_id in crowded:
        _attempt(compact_repo, hub, repo_id)
    for job in (
        end_stale_uploads,
        free_unlinked_objects,
        empty_trash,
        sweep_staging,
    ):
        _attempt(job, hub)


def _attempt(job: Callable[..., int], hub: Hub, *args: str) -> None:
    """Runs one job; one that fails must not end the others."""
    try:
        job(hub, *args)
    except Exception:
        log.exception("a job in the background failed: %s %s", job.__name__, *args or ("",))


def sweep_staging(hub: Hub) -> int:
    """Removes what was never finished, and gives the number of drafts and uploads."""
    return hub.objects.sweep_staging(_upload_seconds(hub))


def _upload_seconds(hub: Hub) -> int:
    """How long after its beginning an upload may still be going on."""
    return max(hub.config.upload_seconds, hub.config.grace_seconds)


def compact_crowded(hub: Hub) -> None:
    """Compacts repositories as soon as they have had many changes; never returns."""
    while True:
        _attempt(compact_repo, hub, hub.git.crowded.get())


def compact_repo(hub: Hub, repo_id: str) -> int:
    """Combines the small packs of a repository into one and gives their number.

    No object is dropped, so whoever writes at the same time may count on all of them. Packs grow
    geometrically: each that is left is larger than all smaller ones together, so a byte is copied
    only a logarithmic number of times.
    """
    with hub.db.read() as tx:
        chosen = choose_packs(packs.list_packs(tx, repo_id))
    if len(chosen) < 2:
        return 0
    repository = hub.git.cache.reopen(repo_id).path
    with tempfile.TemporaryDirectory() as folder:
        names = dict.fromkeys(pack.name for pack in chosen)
        try:
            combined = native.combine_packs(repository, names, Path(folder))
            hub.git.publish(
                repo_id,
                [],
                [combined.copy_to],
                now_ms(),
                lambda tx: _drop_packs(tx, repo_id, chosen),
            )
        except (LostRaceError, native.GitError):
            # Whoever was faster has taken the packs away, from the list and from a shared cache.
            if _are_listed(hub, repo_id, chosen):
                raise
            return 0
    return len(chosen)


def _are_listed(hub: Hub, repo_id: str, chosen: Sequence[Pack]) -> bool:
    with hub.db.read() as tx:
        return set(chosen) <= set(packs.list_packs(tx, repo_id))


def choose_packs(listed: Sequence[Pack]) -> list[Pack]:
    """The packs to combine: all but the largest that outweigh twice everything below them."""
    rest = sorted(listed, key=lambda pack: pack.size)
    below = sum(pack.size for pack in rest)
    while rest:
        below -= rest[-1].size
        if rest[-1].size < 2 * below:
            break
        rest.pop()
    return rest


def _drop_packs(tx: Transaction, repo_id: str, chosen: Sequence[Pack]) -> None:
    repos.lock_repo(tx, repo_id)
    if packs.delete_packs(tx, repo_id, [pack.seq for pack in chosen]) != len(chosen):
        raise LostRaceError("packs")
    keys = [pack.object_key for pack in chosen if pack.object_key is not None]
    trash.trash_objects(tx, [key + end for key in keys for end in PACK_ENDINGS], now_ms())
    repos.add_used_storage(tx, repo_id, -sum(pack.size for pack in chosen))


def end_stale_uploads(hub: Hub) -> int:
    """Forgets uploads in parts that were begun too long ago, and gives their number."""
    before = now_ms() - 1000 * _upload_seconds(hub)
    with hub.db.read() as tx:
        stale = lfs.list_stale_uploads(tx, before)
    for upload_id in stale:
        with hub.db.write() as tx:
            lfs.delete_upload(tx, upload_id)
        hub.objects.staged(upload_id).discard()
    return len(stale)


def drop_abandoned_links(hub: Hub) -> int:
    """Ends what was sent long ago and never committed, and gives the number of objects.

    Not part of a round: a pointer that was committed before its bytes came does not count as
    naming them yet, and to keep too much is better than to lose a file.
    """
    before = now_ms() - 1000 * _upload_seconds(hub)
    with hub.db.read() as tx:
        repo_ids = lfs.list_abandoning_repos(tx, before)
    dropped = 0
    for repo_id in repo_ids:
        with hub.db.write() as tx:
            repos.lock_repo(tx, repo_id)
            dropped += lfs.drop_abandoned_links(tx, repo_id, before)
    return dropped


def free_unlinked_objects(hub: Hub) -> int:
    """Puts large files that no repository serves any more into the trash, and gives their number.

    A link that is made at the same moment wins: the database refuses to forget what it names.
    """
    before = now_ms() - 1000 * hub.config.grace_seconds
    with hub.db.write() as tx:
        freed = lfs.delete_unlinked_objects(tx, before, UNLINKED_AT_ONCE)
        trash.trash_objects(tx, [lfs_key(sha256) for sha256 in freed], now_ms())
    return len(freed)


def empty_trash(hub: Hub) -> int:
    """Deletes what has been in the trash for the grace period, and gives the number of objects.

    The mark is removed in the transaction that covers the deletion: an upload that wants the same
    key takes the mark away first, so it waits until the object is gone, or saves it.
    """
    before = now_ms() - 1000 * hub.config.grace_seconds
    with hub.db.read() as tx:
        keys = trash.list_trash(tx, before)
    deleted = 0
    for key in keys:
        with hub.db.write() as tx:
            if trash.take_from_trash(tx, key, before):
                hub.objects.delete(key)
                deleted += 1
    return deleted
