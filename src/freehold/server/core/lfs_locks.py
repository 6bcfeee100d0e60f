"""Locks on files: made, listed and removed by whoever may write to the repository.

A lock holds on every branch. The hub keeps the list, and git-lfs asks for it before it pushes: no
commit is refused because of a lock.
"""

from __future__ import annotations

import re

from freehold.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from freehold.server.core import access
from freehold.server.core.access import Context
from freehold.server.core.paging import decode_cursor, encode_cursor
from freehold.server.db import lfs_locks, repos
from freehold.server.db.database import Transaction
from freehold.server.db.lfs_locks import LfsLock
from freehold.server.db.repos import Repo
from freehold.server.hub import new_id, now_ms
from freehold.wire.dates import iso_time
from freehold.wire.ids import check_path
from freehold.wire.lfs_locks import (
    CreateLock,
    Lock,
    LockOwner,
    Locks,
    LocksQuery,
    OneLock,
    Unlock,
    VerifiedLocks,
    VerifyLocks,
)

MAX_LOCKS = 10_000
MAX_PAGE = 1000
DEFAULT_PAGE = 100

_START = (0, "")
_PLACE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{24})")


def lfs_create_lock(ctx: Context, repo: Repo, body: CreateLock) -> OneLock:
    """A lock of the caller on a path, which need not be that of a file yet.

    Raises `ConflictError`, which carries the lock that is there, when the path is locked, by
    whomever; and `ForbiddenError` when the repository has 10,000 locks.
    """
    owner_id = access.require_account(ctx.viewer)
    path = check_path(body.path)
    lock = LfsLock(new_id(), path, owner_id, ctx.viewer.name or "", now_ms())
    with ctx.hub.db.write() as tx:
        # Whoever makes a lock waits here, so a path that is free stays free until the end.
        repos.lock_repo(tx, repo.id)
        _require_room(tx, repo, path)
        lfs_locks.insert_lock(tx, repo.id, lock)
    return OneLock(lock=_describe(lock))


def _require_room(tx: Transaction, repo: Repo, path: str) -> None:
    known = lfs_locks.find_lock_of_path(tx, repo.id, path)
    if known is not None:
        message = f"{path} is locked already, by {known.owner_name}."
        raise ConflictError(message, body={"lock": _describe(known)})
    if lfs_locks.count_locks(tx, repo.id) >= MAX_LOCKS:
        raise ForbiddenError(f"A repository has at most {MAX_LOCKS} locks: remove some first.")


def _describe(lock: LfsLock) -> Lock:
    return Lock(
        id=lock.id,
        path=lock.path,
        locked_at=iso_time(lock.created_at),
        owner=LockOwner(name=lock.owner_name),
    )


def lfs_list_locks(ctx: Context, repo: Repo, query: LocksQuery) -> Locks:
    """A page of the locks, the oldest first, or the one of a path or an id, if there is any.

    A page has 100 locks unless `limit` asks for fewer or more, and never more than 1,000. Who
    follows the cursors meets each lock that was there and stays, once, whatever changes meanwhile.
    """
    after, limit = _read_place(query.cursor), _read_limit(query.limit)
    if query.path or query.id:
        return Locks(locks=[_describe(lock) for lock in _find_locks(ctx, repo, query)])
    page, more = _list_page(ctx, repo, after, limit)
    answer = Locks(locks=[_describe(lock) for lock in page])
    if more:
        answer.next_cursor = _make_cursor(page)
    return answer


def _find_locks(ctx: Context, repo: Repo, query: LocksQuery) -> list[LfsLock]:
    """The lock that has the path and the id of the query, as far as it names them."""
    with ctx.hub.db.read() as tx:
        if query.path:
            found = lfs_locks.find_lock_of_path(tx, repo.id, check_path(query.path))
        else:
            found = lfs_locks.find_lock(tx, repo.id, query.id or "")
    if found is None or (query.id and query.id != found.id):
        return []
    return [found]


def lfs_verify_locks(ctx: Context, repo: Repo, body: VerifyLocks | None) -> VerifiedLocks:
    """A page of the locks as `lfs_list_locks` gives it: those of the caller, and all others."""
    body = body or VerifyLocks()
    page, more = _list_page(ctx, repo, _read_place(body.cursor), _read_limit(body.limit))
    answer = VerifiedLocks(
        ours=[_describe(lock) for lock in page if lock.owner_id == ctx.viewer.id],
        theirs=[_describe(lock) for lock in page if lock.owner_id != ctx.viewer.id],
    )
    if more:
        answer.next_cursor = _make_cursor(page)
    return answer


def _read_limit(limit: int | None) -> int:
    """The size of a page; git-lfs asks for as many as its user wants, so large ones are cut."""
    if limit is None:
        return DEFAULT_PAGE
    if limit < 1:
        raise BadRequestError("The limit of a page of locks is at least 1.")
    return min(limit, MAX_PAGE)


def _read_place(cursor: str | None) -> tuple[int, str]:
    if not cursor:
        return _START
    place = _PLACE.fullmatch(decode_cursor(cursor))
    if place is None:
        raise BadRequestError("The cursor is not one that this hub gave.")
    return int(place[1]), place[2]


def _list_page(
    ctx: Context, repo: Repo, after: tuple[int, str], limit: int
) -> tuple[list[LfsLock], bool]:
    """The locks of a page, and whether there are more."""
    with ctx.hub.db.read() as tx:
        found = lfs_locks.list_locks(tx, repo.id, after, limit + 1)
    return found[:limit], len(found) > limit


def _make_cursor(page: list[LfsLock]) -> str:
    return encode_cursor(f"{page[-1].created_at} {page[-1].id}")


def lfs_unlock(ctx: Context, repo: Repo, lock: str, body: Unlock | None) -> OneLock:
    """The lock that is removed by this.

    Raises `NotFoundError` when the repository has no such lock, and `ForbiddenError` when it is
    somebody else's and `force` was not asked for.
    """
    with ctx.hub.db.write() as tx:
        found = lfs_locks.find_lock(tx, repo.id, lock)
        if found is None:
            raise _unknown_lock()
        if found.owner_id != ctx.viewer.id and not (body and body.force):
            raise ForbiddenError(
                f"{found.path} was locked by {found.owner_name}: `force` removes the lock."
            )
        if not lfs_locks.delete_lock(tx, found.id):
            raise _unknown_lock()
    return OneLock(lock=_describe(found))


def _unknown_lock() -> NotFoundError:
    return NotFoundError("This repository has no such lock.")
