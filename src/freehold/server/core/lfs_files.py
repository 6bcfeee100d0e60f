"""Managing the large files of a repository: what there is, and deleting some for good."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from freehold.errors import BadRequestError, HfHubHTTPError, NotFoundError, PayloadTooLargeError
from freehold.formats.lfs_pointer import LfsPointer
from freehold.formats.pack import PackWriter
from freehold.server.core.access import Context, missing_repo
from freehold.server.core.paging import Page, decode_cursor, encode_cursor
from freehold.server.core.revisions import MAIN, reader_of
from freehold.server.db import lfs, refs, repos
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import CommittedObject
from freehold.server.db.repos import Repo
from freehold.server.git.places import Place, find_current_places, find_historic_places
from freehold.server.git.reader import ObjectReader
from freehold.server.git.rewriting import HistoryRewriter, Rewritten, pack_history
from freehold.server.git.store import LostRaceError, PackSource, RefChange
from freehold.server.hub import now_ms
from freehold.wire.dates import iso_time
from freehold.wire.lfs_files import (
    DeleteLfsFileQuery,
    DeleteLfsFiles,
    LfsFile,
    LfsFilesQuery,
    LfsPusher,
)

MAX_PAGE = 1000
MAX_DELETIONS = 1000

# Each time that a ref moves while the history is written anew takes one.
MAX_ATTEMPTS = 100

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = ("refs/heads/", "refs/tags/", "refs/convert/", "refs/pr/")


def list_lfs_files(ctx: Context, repo: Repo, query: LfsFilesQuery) -> Page:
    """A page of the large files that the repository holds, in the order of their hashes.

    Those that only old commits name are among them; uploads that no commit has named are not.
    """
    limit = MAX_PAGE if query.limit is None else query.limit
    if not 1 <= limit <= MAX_PAGE:
        raise BadRequestError(f"A page has 1 to {MAX_PAGE} large files.")
    after = "" if query.cursor is None else decode_cursor(query.cursor)
    if after and not _SHA256.fullmatch(after):
        raise BadRequestError("The cursor is not one that this hub gave.")
    with ctx.hub.db.read() as tx:
        found = lfs.list_committed(tx, repo.id, after, limit + 1)
    page = found[:limit]
    more = {"cursor": encode_cursor(page[-1].sha256)} if len(found) > limit else None
    places = _find_places(ctx, repo, [LfsPointer(item.sha256, item.size) for item in page])
    items = [_describe(item, places.get(item.sha256, Place("", None))) for item in page]
    return Page(items, next_query=more)


def _describe(item: CommittedObject, place: Place) -> LfsFile:
    answer = LfsFile(
        file_oid=item.sha256,
        filename=place.path,
        oid=item.sha256,
        size=item.size,
        pushed_at=iso_time(item.created_at),
        pusher=LfsPusher(name=item.pusher_name, fullname=item.pusher_fullname),
    )
    if place.ref is not None:
        answer.ref = place.ref
    return answer


def _find_places(ctx: Context, repo: Repo, wanted: list[LfsPointer]) -> dict[str, Place]:
    """A place of each of the pointers, by sha256: at a ref, else in history, else none."""
    if not wanted:
        return {}
    reader = reader_of(ctx, repo)
    heads = _find_heads(ctx, repo)
    current = find_current_places(reader, heads)
    if any(pointer not in current for pointer in wanted):
        current = {**find_historic_places(reader, heads), **current}
    return {pointer.oid: current[pointer] for pointer in wanted if pointer in current}


def _find_heads(ctx: Context, repo: Repo) -> dict[str, str]:
    """The commits that the refs lead to: the default branch first, then by kind and name."""
    with ctx.hub.db.read() as tx:
        found = refs.list_refs(tx, repo.id)
    reader = reader_of(ctx, repo)
    names = sorted(found, key=lambda name: (name != MAIN, _rank(name), name))
    heads = {name: reader.peel(found[name]) for name in names}
    return {name: oid for name, oid in heads.items() if oid is not None}


def _rank(name: str) -> int:
    return next((rank for rank, kind in enumerate(_KINDS) if name.startswith(kind)), len(_KINDS))


def permanently_delete_lfs_files(ctx: Context, repo: Repo, body: DeleteLfsFiles) -> None:
    """Takes large files out of the repository; unknown ones are passed over.

    Their bytes are freed after the grace period when no other repository holds them. With
    `rewriteHistory`, all refs move to commits that are the same but for the pointers to these
    files; commits that held none keep their ids, and old ids can still be read. Without it, the
    pointers stay, and such a file is then the text of its pointer. Raises `PayloadTooLargeError`
    for more than 1,000.
    """
    hashes = body.deletions.sha
    if len(hashes) > MAX_DELETIONS:
        raise PayloadTooLargeError(f"At most {MAX_DELETIONS} large files are deleted at once.")
    _delete(ctx, repo, hashes, body.deletions.rewrite_history)


def delete_lfs_file(ctx: Context, repo: Repo, sha: str, query: DeleteLfsFileQuery) -> None:
    """Takes one large file out of the repository, as `permanently_delete_lfs_files` does.

    Raises `NotFoundError` when there is nothing to do.
    """
    if not _delete(ctx, repo, [sha], query.rewrite_history):
        raise NotFoundError(f"This repository has no large file {sha}.")


def _delete(ctx: Context, repo: Repo, hashes: list[str], rewrite_history: bool) -> bool:
    """Whether there was anything to take away."""
    for sha256 in hashes:
        if not _SHA256.fullmatch(sha256):
            raise BadRequestError(f"A large file is named by its sha256, not by {sha256[:80]!r}.")
    if not hashes:
        return False
    if rewrite_history:
        return _rewrite(ctx, repo, hashes)
    with ctx.hub.db.write() as tx:
        repos.lock_repo(tx, repo.id)
        return bool(lfs.unlink_objects(tx, repo.id, hashes))


def _rewrite(ctx: Context, repo: Repo, hashes: list[str]) -> bool:
    done = Rewritten()
    for _ in range(MAX_ATTEMPTS):
        with suppress(LostRaceError), PackWriter() as writer, TemporaryDirectory() as folder:
            found, reader = _find_refs(ctx, repo)
            moved = HistoryRewriter(reader, writer, frozenset(hashes), done).rewrite(found)
            sources = [pack_history(writer, Path(folder))] if writer.count else []
            return _publish(ctx, repo, hashes, found, moved, sources)
    raise HfHubHTTPError("The repository is too busy: please try again.", status=503)


def _find_refs(ctx: Context, repo: Repo) -> tuple[dict[str, str], ObjectReader]:
    """The refs as they are, and a reader of everything that they lead to."""
    with ctx.hub.db.read() as tx:
        found = refs.list_refs(tx, repo.id)
        now = repos.find_repo_by_id(tx, repo.id, ctx.viewer.id)
    if now is None:
        raise missing_repo(ctx.viewer)
    return found, reader_of(ctx, now)


def _publish(
    ctx: Context,
    repo: Repo,
    hashes: list[str],
    found: dict[str, str],
    moved: dict[str, str],
    sources: list[PackSource],
) -> bool:
    """Moves the refs and ends the links; false when there was nothing to move or to end."""
    unlinked: list[str] = []

    def unlink(tx: Transaction) -> None:
        repos.lock_repo(tx, repo.id)
        # A ref that is new may name the files as well.
        if refs.list_refs(tx, repo.id) != found:
            raise LostRaceError("refs")
        unlinked.extend(lfs.unlink_objects(tx, repo.id, hashes))

    changes = [RefChange(name, found[name], oid) for name, oid in moved.items()]
    try:
        ctx.hub.git.publish(repo.id, changes, sources, now_ms(), unlink)
    except LostRaceError:
        # With this in the repository, the next attempt writes only what came since.
        ctx.hub.git.publish(repo.id, [], sources, now_ms())
        raise
    return bool(changes or unlinked)
