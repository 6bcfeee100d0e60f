"""Work in the background: compacting repositories and freeing bytes that nothing names.

Every job may run on several nodes at once: whoever comes second finds nothing to do.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pygit2

from freehold.errors import FreeholdError
from freehold.formats.lfs_pointer import LfsPointer
from freehold.server.core.commit_keys import KEY_SECONDS
from freehold.server.core.download_counts import forget_old_downloads
from freehold.server.core.facts import VERSION, settle_or_put_off
from freehold.server.core.sessions import forget_sessions
from freehold.server.core.sign_up import forget_invitations
from freehold.server.core.throttle import forget_attempts
from freehold.server.core.trends import count_trends
from freehold.server.core.xorbs import KEEP_SECONDS
from freehold.server.db import (
    commit_keys,
    deliveries,
    lfs,
    packs,
    refs,
    repo_facts,
    repos,
    tags,
    trash,
    xet_files,
    xorbs,
)
from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.packs import Pack
from freehold.server.git import native
from freehold.server.git.cache import PACK_ENDINGS
from freehold.server.git.pointers import find_pointed
from freehold.server.git.store import LostRaceError
from freehold.server.hub import Hub, now_ms
from freehold.server.objects.keys import lfs_key

# Looking at everything in each round would take seconds on a large hub, for little.
WALKED_AT_ONCE = 10_000
FREED_AT_ONCE = 1000
STALE_AT_ONCE = 1000
CHANGES_AT_ONCE = 10_000
# After so long, the other jobs get their turn.
RENEW_SECONDS = 60

# As long as no pack takes to be moved, in seconds.
TEMPORARY_SECONDS = 2 * 86400

# How long the logs of webhooks go back, in milliseconds.
LOG_MS = 30 * 86_400_000

# What a job may run into when its repository is deleted, or compacted by another, under its hands.
VANISHED = (FreeholdError, OSError, pygit2.GitError)

# Later than any time in the database (milliseconds).
FOREVER = 2**62

log = logging.getLogger("freehold.jobs")


def run_jobs(hub: Hub) -> None:
    """One round of everything that is due."""
    for job in (
        compact_repos,
        end_stale_uploads,
        drop_abandoned_links,
        free_unlinked_objects,
        free_unused_xorbs,
        forget_commit_keys,
        forget_sessions,
        forget_attempts,
        forget_invitations,
        empty_trash,
        sweep_staging,
        sweep_temporary,
        renew_stale_facts,
        forget_old_downloads,
        count_trends,
        add_up_tags,
        forget_deliveries,
    ):
        _attempt(job, hub)


def _attempt(job: Callable[..., int], hub: Hub, *args: str | int) -> int:
    """What one job gives, or 0: one that fails must not end the others."""
    try:
        return job(hub, *args)
    except Exception:
        log.exception("a job in the background failed: %s%r", job.__name__, args)
        return 0


def _place(hub: Hub, walk: str) -> str:
    """The key after which this round begins to look."""
    return hub.walks.get(walk, "")


def _go_on(hub: Hub, walk: str, keys: Sequence[str]) -> None:
    """Lets the next round begin after these, or at the beginning when they were the last."""
    hub.walks[walk] = keys[-1] if len(keys) == WALKED_AT_ONCE else ""


def sweep_staging(hub: Hub) -> int:
    """Removes what was never finished, and gives the number of drafts and uploads.

    The parts of an upload that may go on are kept, however long nothing was added to them.
    """
    with hub.db.read() as tx:
        going_on = lfs.list_uploads(tx, FOREVER)
    return hub.objects.sweep_staging(_upload_seconds(hub), keep=frozenset(going_on))


def sweep_temporary(hub: Hub) -> int:
    """Removes the folders that processes have left which were killed, and gives their number.

    They hold packs on their way in or out of git; no living one is at work on them for so long.
    """
    before = time.time() - TEMPORARY_SECONDS
    root = hub.config.temporary_folder
    left = [path for pattern in ("git-*", "tmp*") for path in root.glob(pattern)]
    old = [path for path in left if path.is_dir() and path.lstat().st_mtime < before]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return len(old)


def _upload_seconds(hub: Hub) -> int:
    """How long after its beginning an upload may still be going on."""
    return max(hub.config.upload_seconds, hub.config.grace_seconds)


def compact_repos(hub: Hub) -> int:
    """Compacts what needs it of the next repositories, and gives the number of combined packs."""
    with hub.db.read() as tx:
        counts = packs.count_packs(tx, _place(hub, "packs"), WALKED_AT_ONCE)
    _go_on(hub, "packs", list(counts))
    crowded = [repo_id for repo_id, count in counts.items() if count > hub.config.compact_packs]
    return sum(_attempt(compact_repo, hub, repo_id) for repo_id in crowded)


def compact_crowded(hub: Hub) -> None:
    """Compacts repositories as soon as they have had many changes; never returns."""
    while True:
        _attempt(compact_repo, hub, hub.git.crowded.get())


def prepare_fetches(hub: Hub) -> None:
    """Makes the next fetch of repositories faster that somebody has fetched; never returns."""
    while True:
        _attempt(prepare_fetch, hub, hub.git.fetched.get())


def prepare_fetch(hub: Hub, repo_id: str) -> int:
    """Compacts a repository and makes its bitmaps, where it needs them; 1 if it got bitmaps."""
    compact_repo(hub, repo_id)
    with hub.db.read() as tx:
        heads = refs.list_refs(tx, repo_id)
    try:
        return int(hub.git.prepare_bitmaps(repo_id, heads))
    except VANISHED:
        log.info("a repository has changed while bitmaps were made for it: %s", repo_id)
        return 0


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
    try:
        _combine_packs(hub, repo_id, chosen)
    except VANISHED:
        # Whoever was faster has taken the packs away, from the list and from a shared cache, or
        # has deleted the repository.
        if _are_listed(hub, repo_id, chosen):
            raise
        if not hub.git.cache.is_listed(repo_id):
            hub.git.cache.remove(repo_id)
        return 0
    return len(chosen)


def _combine_packs(hub: Hub, repo_id: str, chosen: Sequence[Pack]) -> None:
    repository = hub.git.cache.reopen(repo_id).path
    with tempfile.TemporaryDirectory() as folder:
        names = dict.fromkeys(pack.name for pack in chosen)
        combined = native.combine_packs(repository, names, Path(folder))
        hub.git.publish(
            repo_id,
            [],
            [combined],
            now_ms(),
            lambda tx: _drop_packs(tx, repo_id, chosen),
        )


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
    """Forgets uploads in parts that have had no part for too long, and gives their number."""
    before = now_ms() - 1000 * _upload_seconds(hub)
    with hub.db.read() as tx:
        stale = lfs.list_uploads(tx, before)
    return sum(_attempt(_end_stale_upload, hub, upload_id, before) for upload_id in stale)


def _end_stale_upload(hub: Hub, upload_id: str, before: int) -> bool:
    with hub.db.write() as tx:
        ended = lfs.end_stale_upload(tx, upload_id, before)
    if ended:
        hub.objects.staged(upload_id).discard()
    return ended


def drop_abandoned_links(hub: Hub) -> int:
    """Ends what was sent long ago and never committed, and gives the number of objects."""
    before = now_ms() - 1000 * _upload_seconds(hub)
    with hub.db.read() as tx:
        repo_ids = lfs.list_abandoning_repos(tx, before)
    return sum(_attempt(drop_links, hub, repo_id, before) for repo_id in repo_ids)


def drop_links(hub: Hub, repo_id: str, before: int) -> int:
    """Ends the links of one repository that were made before that time and that nothing names.

    A pointer that was committed before its bytes came did not mark the link then, so the git
    objects are asked first, and the link is marked now. Gives the number of links that ended.
    """
    with hub.db.read() as tx:
        links = lfs.list_abandoned_links(tx, repo_id, before)
    try:
        named = _find_named(hub, repo_id, links)
        with hub.db.write() as tx:
            repos.lock_repo(tx, repo_id)
            for sha256 in named:
                lfs.commit_link(tx, repo_id, sha256)
            rest = links.keys() - named
            return sum(lfs.drop_abandoned_link(tx, repo_id, sha256, before) for sha256 in rest)
    except VANISHED:
        if hub.git.cache.is_listed(repo_id):
            raise
        hub.git.cache.remove(repo_id)
        return 0


def _find_named(hub: Hub, repo_id: str, sizes: dict[str, int]) -> set[str]:
    """Those of the objects, given as sha256 and size, that any git object of the repository names.

    The repository is opened anew: a cache that has lost a pack would say no too often.
    """
    pointers = {LfsPointer(sha256, size) for sha256, size in sizes.items()}
    return {found.oid for found in find_pointed(hub.git.cache.reopen(repo_id), pointers)}


def free_unlinked_objects(hub: Hub) -> int:
    """Puts large files that no repository serves any more into the trash, and gives their number.

    Of the next ones. A link that is made at the same moment wins: the database refuses to forget
    what it names.
    """
    before = now_ms() - 1000 * hub.config.grace_seconds
    with hub.db.read() as tx:
        found = lfs.find_unlinked(tx, before, _place(hub, "objects"), WALKED_AT_ONCE)
    _go_on(hub, "objects", list(found))
    unlinked = [object_id for object_id, is_unlinked in found.items() if is_unlinked]
    return sum(_free_unlinked(hub, ids, before) for ids in in_chunks(unlinked, FREED_AT_ONCE))


def _free_unlinked(hub: Hub, ids: list[str], before: int) -> int:
    with hub.db.write() as tx:
        freed = lfs.delete_unlinked_objects(tx, ids, before)
        whole = [lfs_key(item.sha256) for item in freed if item.xet_hash is None]
        trash.trash_objects(tx, whole, now_ms())
        xet_files.delete_unnamed_files(tx, [item.xet_hash for item in freed if item.xet_hash])
    return len(freed)


def free_unused_xorbs(hub: Hub) -> int:
    """Puts xorbs that no file needs any more into the trash, and gives their number.

    Of the next ones. Clients have been told that they are here, so they are kept for as long as
    one may rely on it.
    """
    keep_seconds = max(KEEP_SECONDS, hub.config.grace_seconds)
    before = now_ms() - 1000 * keep_seconds
    with hub.db.read() as tx:
        found = xorbs.find_unused(tx, before, _place(hub, "xorbs"), WALKED_AT_ONCE)
    _go_on(hub, "xorbs", list(found))
    unused = [xorb_hash for xorb_hash, is_unused in found.items() if is_unused]
    return sum(_free_unused(hub, hashes, before) for hashes in in_chunks(unused, FREED_AT_ONCE))


def _free_unused(hub: Hub, hashes: list[str], before: int) -> int:
    with hub.db.write() as tx:
        keys = xorbs.delete_unused_xorbs(tx, hashes, before)
        trash.trash_objects(tx, keys, now_ms())
    return len(keys)


def forget_commit_keys(hub: Hub) -> int:
    """Forgets the idempotency keys that no call may count on any more, and gives their number."""
    with hub.db.write() as tx:
        return commit_keys.delete_commit_keys(tx, now_ms() - 1000 * KEY_SECONDS)


def renew_stale_facts(hub: Hub) -> int:
    """Looks at repositories whose facts are missing or of old rules, and gives their number."""
    renewed, end = 0, time.monotonic() + RENEW_SECONDS
    while True:
        with hub.db.read() as tx:
            stale = repo_facts.list_stale_repos(tx, VERSION, STALE_AT_ONCE)
        done = sum(_attempt(settle_or_put_off, hub, repo_id) for repo_id in stale)
        renewed += done
        # What cannot be read stays stale, and must not be tried for ever.
        if len(stale) < STALE_AT_ONCE or not done or time.monotonic() > end:
            return renewed


def add_up_tags(hub: Hub) -> int:
    """Brings the totals of tags up to date, and gives the number of changes."""
    added = 0
    while True:
        with hub.db.write() as tx:
            found = tags.add_up_tags(tx, CHANGES_AT_ONCE)
        added += found
        if found < CHANGES_AT_ONCE:
            return added


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


def forget_deliveries(hub: Hub) -> int:
    """Forgets what was told to webhooks long ago, and gives the number of deliveries."""
    with hub.db.write() as tx:
        return deliveries.forget_deliveries(tx, now_ms() - LOG_MS)
