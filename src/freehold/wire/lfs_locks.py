"""git-lfs: locks, which tell others to leave a file alone."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from freehold.wire.lfs import LfsRef, LfsWire


class LockOwner(LfsWire, kw_only=True):
    """The user who has locked a file."""

    name: str


class Lock(LfsWire, kw_only=True):
    """A locked path of a repository, on all its branches."""

    id: str
    path: str
    locked_at: str
    owner: LockOwner


class CreateLock(LfsWire, kw_only=True):
    """Body of `lfs_create_lock`; the path is locked whatever the ref."""

    path: str
    ref: LfsRef | None = None


class OneLock(LfsWire, kw_only=True):
    """The lock that was made or removed."""

    lock: Lock


class LocksQuery(LfsWire, kw_only=True):
    """Which locks are wanted: the one of a path or an id, else a page of all.

    `limit` is at least 1; the ref is ignored.
    """

    path: str | None = None
    id: str | None = None
    cursor: str | None = None
    limit: int | None = None
    refspec: str | None = None


class Locks(LfsWire, kw_only=True):
    """A page of locks; without `next_cursor` it is the last one."""

    locks: list[Lock]
    next_cursor: str | UnsetType = UNSET


class VerifyLocks(LfsWire, kw_only=True):
    """Body of `lfs_verify_locks`, which git-lfs sends before a push; `limit` is at least 1."""

    cursor: str | None = None
    limit: int | None = None
    ref: LfsRef | None = None


class VerifiedLocks(LfsWire, kw_only=True):
    """A page of locks: those of the caller, and those of others, which a push shall respect."""

    ours: list[Lock]
    theirs: list[Lock]
    next_cursor: str | UnsetType = UNSET


class Unlock(LfsWire, kw_only=True):
    """Body of `lfs_unlock`; `force` is what it takes to remove the lock of somebody else."""

    force: bool = False
    ref: LfsRef | None = None
