"""Large files: what is to be sent, what was sent, and who may use it.

An object becomes visible only once its sha256 and its size were checked, and a repository may
serve it only with a link row, which is granted to whoever sent the bytes to it or can already
read them elsewhere.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from freehold.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PayloadTooLargeError,
    RepositoryNotFoundError,
    UnprocessableError,
)
from freehold.server.core import access, arrivals, signing, xet_tokens
from freehold.server.core.access import Context
from freehold.server.core.signing import Grant
from freehold.server.db import lfs, repos
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import Part, StoredObject, Upload
from freehold.server.db.repos import Repo
from freehold.server.hub import Hub, new_id, now_ms
from freehold.server.objects.keys import lfs_key
from freehold.server.objects.store import DigestMismatchError, ObjectMissingError, ObjectWriter
from freehold.wire.etags import strip_etag
from freehold.wire.lfs import (
    Action,
    Actions,
    Batch,
    BatchAnswer,
    BatchObject,
    CompletedPart,
    CompleteUpload,
    LfsObject,
    Nothing,
    ObjectError,
)
from freehold.wire.route import Needs
from freehold.wire.routes import XET_WRITE_TOKEN

MAX_BATCH = 1000
MAX_PARTS = 10_000

# The part sizes that a client may choose, in bytes: more would be a burden on the one, fewer on
# the other, and a bucket takes no larger object in one piece without end.
MIN_PART_SIZE = 5 * 1024 * 1024
MAX_PART_SIZE = 4 * 1024 * 1024 * 1024

# The address of a download outlives the right to it by this much at the most.
DOWNLOAD_SECONDS = 3600

_SHA256 = re.compile(r"[0-9a-f]{64}")

# Of tokens for Xet; they are for a repository and not for one revision of it.
_REVISION = "main"

Transfer = Literal["basic", "multipart", "xet"]
MakeAction = Callable[[Context, Repo, Batch, LfsObject], Action]


def lfs_batch(ctx: Context, repo: Repo, body: Batch) -> BatchAnswer:
    """For each object, where to send or fetch its bytes, or that there is nothing to do."""
    if body.hash_algo not in {None, "sha256", "sha_256"}:
        raise ConflictError(f"This hub knows objects by sha256, not by {body.hash_algo}.")
    if len(body.objects) > MAX_BATCH:
        raise PayloadTooLargeError(f"A batch holds at most {MAX_BATCH} objects.")
    if body.part_size is not None and body.part_size < 1:
        raise BadRequestError("The part_size of a batch is a number of bytes, at least 1.")
    if body.operation == "download":
        return _batch_download(ctx, repo, body)
    # Who may not write can still propose; a batch for a branch is no part of that.
    ref = body.ref.name if body.ref is not None else None
    is_for_branch = (ref or "").startswith(("refs/heads/", "refs/tags/"))
    access.check_level(ctx, repo, Needs.WRITE if is_for_branch else Needs.PROPOSE)
    return _batch_upload(ctx, repo, body)


def _batch_download(ctx: Context, repo: Repo, body: Batch) -> BatchAnswer:
    access.check_level(ctx, repo, Needs.CONTENT)
    with ctx.hub.db.read() as tx:
        linked = lfs.find_linked(tx, repo.id, [item.oid for item in body.objects])
    return BatchAnswer(
        transfer="basic", objects=[_offer_download(ctx, repo, o, linked) for o in body.objects]
    )


def _offer_download(
    ctx: Context, repo: Repo, item: LfsObject, linked: dict[str, StoredObject]
) -> BatchObject:
    if item.oid not in linked:
        return _refuse(item, 404, "Object does not exist")
    href, seconds = signing.sign_url(
        ctx, f"/lfs/objects/{item.oid}", "GET", repo.id, item, DOWNLOAD_SECONDS
    )
    action = Action(href=href, expires_in=seconds)
    return BatchObject(
        oid=item.oid,
        size=linked[item.oid].size,
        authenticated=True,
        actions=Actions(download=action),
    )


def _batch_upload(ctx: Context, repo: Repo, body: Batch) -> BatchAnswer:
    well_formed = [item.oid for item in body.objects if _SHA256.fullmatch(item.oid)]
    _renew_links(ctx.hub, repo.id, well_formed)
    held = _find_trusted(ctx, repo, well_formed)
    transfer = _choose_transfer(ctx, body, [o for o in body.objects if o.oid not in held])
    make_action = _MAKE_ACTION[transfer]
    return BatchAnswer(
        transfer=transfer,
        objects=[_offer_upload(ctx, repo, body, o, held, make_action) for o in body.objects],
    )


def _choose_transfer(ctx: Context, body: Batch, missing: list[LfsObject]) -> Transfer:
    if "xet" in body.transfers:
        return "xet"
    return "multipart" if any(_is_large(ctx, body, item) for item in missing) else "basic"


def _is_large(ctx: Context, body: Batch, item: LfsObject) -> bool:
    """Whether the object is to be sent in parts."""
    return "multipart" in body.transfers and (
        item.size > ctx.hub.config.multipart_threshold or _is_larger_than_wished(body, item)
    )


def _is_larger_than_wished(body: Batch, item: LfsObject) -> bool:
    return body.part_size is not None and item.size > body.part_size


def _renew_links(hub: Hub, repo_id: str, oids: list[str]) -> None:
    """Gives what was sent and not committed yet its time again, before anybody relies on it."""
    with hub.db.read() as tx:
        waiting = lfs.list_uncommitted(tx, repo_id, oids)
    if waiting:
        with hub.db.write() as tx:
            # Commits change the same rows in an order of their own.
            repos.lock_repo(tx, repo_id)
            lfs.renew_links(tx, repo_id, waiting, now_ms())


def _offer_upload(
    ctx: Context,
    repo: Repo,
    body: Batch,
    item: LfsObject,
    held: dict[str, StoredObject],
    make_action: MakeAction,
) -> BatchObject:
    if not _SHA256.fullmatch(item.oid) or item.size < 0:
        return _refuse(item, 422, "An object is named by its sha256 and a size in bytes.")
    if item.size > ctx.hub.config.object_limit:
        return _refuse(item, 413, f"Files over {ctx.hub.config.object_limit} bytes are refused.")
    known = held.get(item.oid)
    if known is not None and known.size != item.size:
        return _refuse(item, 422, f"The object has {known.size} bytes, not {item.size}.")
    if known is not None:
        return BatchObject(oid=item.oid, size=item.size)
    # No verify action: what arrives is checked anyway, and git-lfs would call it without a token,
    # which it does not send where an object is said to be authenticated.
    return BatchObject(
        oid=item.oid,
        size=item.size,
        authenticated=True,
        actions=Actions(upload=make_action(ctx, repo, body, item)),
    )


def _refuse(item: LfsObject, code: int, message: str) -> BatchObject:
    return BatchObject(
        oid=item.oid, size=max(item.size, 0), error=ObjectError(code=code, message=message)
    )


def _whole_or_parts(ctx: Context, repo: Repo, body: Batch, item: LfsObject) -> Action:
    """In parts what is large; git-lfs hands all of a batch to one program, which knows only parts.

    A client that chooses its parts tells each file from its action.
    """
    tells_apart = body.part_size is not None or not item.size
    if _is_large(ctx, body, item) or not tells_apart:
        return _multipart_action(ctx, repo, body, item)
    return _basic_action(ctx, repo, body, item)


def _basic_action(ctx: Context, repo: Repo, body: Batch, item: LfsObject) -> Action:
    href, seconds = signing.sign_url(ctx, f"/lfs/objects/{item.oid}", "PUT", repo.id, item)
    return Action(href=href, expires_in=seconds)


def _xet_action(ctx: Context, repo: Repo, body: Batch, item: LfsObject) -> Action:
    """Where a client gets its tokens; the first one is here already."""
    token = xet_tokens.make_token(ctx, repo, "write")
    path = XET_WRITE_TOKEN.url_path(type=repo.type, repo=repo.full_name, revision=_REVISION)
    return Action(href=ctx.origin + path, header=token.headers, expires_in=xet_tokens.TOKEN_SECONDS)


_MAKE_ACTION: Final[dict[Transfer, MakeAction]] = {
    "basic": _basic_action,
    "multipart": _whole_or_parts,
    "xet": _xet_action,
}


def _multipart_action(ctx: Context, repo: Repo, body: Batch, item: LfsObject) -> Action:
    upload = _open_upload(ctx, repo, item, _choose_part_size(ctx, body, item))
    base = f"/lfs/uploads/{upload.id}"
    header = {"chunk_size": str(upload.part_size)}
    for number in range(1, _part_count(upload) + 1):
        header[f"{number:05d}"] = signing.sign_url(ctx, f"{base}/{number}", "PUT", repo.id, item)[0]
    href, seconds = signing.sign_url(ctx, base, "POST", repo.id, item)
    action = Action(href=href, header=header, expires_in=seconds)
    if body.part_size is not None:
        action.held = _list_held(ctx, upload)
    return action


def _choose_part_size(ctx: Context, body: Batch, item: LfsObject) -> int:
    """The size of the parts of a new upload, in bytes."""
    size = ctx.hub.config.part_size
    if body.part_size is not None and _is_larger_than_wished(body, item):
        size = max(MIN_PART_SIZE, min(body.part_size, MAX_PART_SIZE))
    return max(size, math.ceil(item.size / MAX_PARTS))


def _list_held(ctx: Context, upload: Upload) -> list[CompletedPart]:
    with ctx.hub.db.read() as tx:
        held = lfs.list_parts(tx, upload.id)
    return [CompletedPart(part_number=part.number, etag=part.etag) for part in held]


def _open_upload(ctx: Context, repo: Repo, item: LfsObject, part_size: int) -> Upload:
    """The upload begun before for the same file: its parts are kept, and may come again."""
    wanted = Upload(
        new_id(), repo.id, ctx.viewer.id or "", item.oid, item.size, part_size, now_ms()
    )
    with ctx.hub.db.write() as tx:
        upload = lfs.open_upload(tx, wanted)
        if upload.size != item.size:
            lfs.delete_upload(tx, upload.id)
            upload = lfs.open_upload(tx, wanted)
    return upload


def _part_count(upload: Upload) -> int:
    return math.ceil(upload.size / upload.part_size)


def _find_trusted(ctx: Context, repo: Repo, oids: list[str]) -> dict[str, StoredObject]:
    """What need not be sent to the repository again: its content is certain, or the viewer's word.

    So nobody else's word keeps the true bytes out.
    """
    viewer = ctx.viewer
    if viewer.id is None:
        return {}
    with ctx.hub.db.read() as tx:
        found = lfs.find_trusted(tx, repo.id, oids, viewer.id)
        others = [oid for oid in oids if oid not in found]
        return found | lfs.find_readable(tx, others, viewer.id, viewer.is_admin)


def find_usable(ctx: Context, repo: Repo, oids: Sequence[str]) -> dict[str, StoredObject]:
    """The contents that the viewer may use in this repository; certain ones, where there are."""
    if not oids:
        return {}
    with ctx.hub.db.read() as tx:
        linked = lfs.find_linked(tx, repo.id, list(oids))
    return linked | _find_trusted(ctx, repo, list(oids))


def link_objects(
    tx: Transaction, repo_id: str, stored: Sequence[StoredObject], pusher_id: str
) -> None:
    """Lets the repository serve the objects, as part of the commit that names them."""
    if stored:
        repos.lock_repo(tx, repo_id)
    # Everybody locks contents in the same order.
    for item in sorted(stored, key=lambda item: (item.xet_hash or "", item.sha256)):
        lfs.commit_object(tx, repo_id, item, pusher_id, now_ms())


def lfs_verify(ctx: Context, repo: Repo, body: LfsObject) -> Nothing:
    """Nothing, when the repository holds that object with that size; else an error."""
    with ctx.hub.db.read() as tx:
        stored = lfs.find_linked(tx, repo.id, [body.oid]).get(body.oid)
    if stored is None:
        raise NotFoundError(f"This repository has no object {body.oid}.")
    if stored.size != body.size:
        raise UnprocessableError(f"The object has {stored.size} bytes, not {body.size}.")
    return Nothing()


def begin_upload(hub: Hub, grant: Grant) -> ObjectWriter | None:
    """A writer for the object that the grant is about; `None` when it is already linked.

    Raises `RepositoryNotFoundError` when the repository is gone.
    """
    with hub.db.write() as tx:
        _require_repo(tx, grant)
        if _is_held(tx, grant):
            return None
        _expect_bytes(tx, hub, grant.oid)
    return hub.objects.open_write(lfs_key(grant.oid))


def _is_held(tx: Transaction, grant: Grant) -> bool:
    """Whether the repository has the object for certain; its time to be committed begins now."""
    held = bool(lfs.find_trusted(tx, grant.repo_id, [grant.oid], grant.user_id))
    if held:
        lfs.renew_links(tx, grant.repo_id, [grant.oid], now_ms())
    return held


def _expect_bytes(tx: Transaction, hub: Hub, oid: str) -> None:
    arrivals.expect_bytes(tx, hub, lfs_key(oid), lambda: lfs.is_stored_whole(tx, oid))


def finish_upload(hub: Hub, grant: Grant, writer: ObjectWriter, sha256: str, size: int) -> None:
    """Publishes what was sent, if it is what the grant is about; else `UnprocessableError`."""
    if size != grant.size:
        raise UnprocessableError(f"{size} bytes arrived, and {grant.size} were announced.")
    if sha256 != grant.oid:
        raise UnprocessableError(f"The bytes have the sha256 {sha256}, not {grant.oid}.")
    writer.commit()
    _record(hub, grant)


def _record(hub: Hub, grant: Grant, upload_id: str | None = None) -> None:
    with hub.db.write() as tx:
        repos.lock_repo(tx, grant.repo_id)
        stored = lfs.put_whole_object(tx, new_id(), grant.oid, grant.size, now_ms())
        arrivals.keep_bytes(tx, hub, lfs_key(grant.oid), grant.size)
        lfs.link_object(tx, grant.repo_id, stored, grant.user_id, now_ms())
        if upload_id is not None:
            lfs.delete_upload(tx, upload_id)


def _require_repo(tx: Transaction, grant: Grant) -> None:
    if repos.find_repo_by_id(tx, grant.repo_id, None) is None:
        raise RepositoryNotFoundError


def find_download(hub: Hub, grant: Grant) -> StoredObject:
    """The object, while the repository of the grant still holds it."""
    with hub.db.read() as tx:
        stored = lfs.find_linked(tx, grant.repo_id, [grant.oid]).get(grant.oid)
    if stored is None:
        raise NotFoundError("This repository has no such object.")
    return stored


def begin_part(hub: Hub, grant: Grant, upload_id: str, number: int) -> tuple[ObjectWriter, int]:
    """A writer for one part, and the number of bytes that it must have.

    A part that is sent again counts as missing until it has arrived, because its place is written.
    """
    upload = _find_upload(hub, grant, upload_id)
    if not 1 <= number <= _part_count(upload):
        raise BadRequestError(f"This upload has the parts 1 to {_part_count(upload)}.")
    with hub.db.read() as tx:
        is_held = lfs.is_held(tx, upload_id, number)
    if is_held:
        with hub.db.write() as tx:
            lfs.delete_part(tx, upload_id, number)
    offset = (number - 1) * upload.part_size
    writer = hub.objects.staged(upload_id).write_part(number, offset)
    return writer, min(upload.part_size, upload.size - offset)


def finish_part(hub: Hub, upload_id: str, writer: ObjectWriter, part: Part) -> None:
    """Makes a part durable and remembers that the hub holds it."""
    writer.commit()
    with hub.db.write() as tx:
        lfs.put_part(tx, upload_id, part, now_ms())


def complete_upload(hub: Hub, grant: Grant, upload_id: str, body: CompleteUpload) -> Nothing:
    """Publishes an object whose parts have all arrived; a second call finds it done."""
    if not _is_done(hub, grant):
        try:
            _publish(hub, grant, upload_id, body)
        except (BadRequestError, ConflictError, NotFoundError, UnprocessableError):
            # Another call may have completed it in the meantime, and taken its rows away.
            if not _is_done(hub, grant):
                raise
    return Nothing()


def _is_done(hub: Hub, grant: Grant) -> bool:
    with hub.db.write() as tx:
        return _is_held(tx, grant)


def _publish(hub: Hub, grant: Grant, upload_id: str, body: CompleteUpload) -> None:
    upload = _find_upload(hub, grant, upload_id)
    parts = _check_parts(hub, upload, body)
    with hub.db.write() as tx:
        _expect_bytes(tx, hub, grant.oid)
    sizes = [(part.number, part.size) for part in parts]
    try:
        hub.objects.staged(upload_id).promote(
            sizes, lfs_key(upload.sha256), upload.sha256, upload.size
        )
    except (DigestMismatchError, ObjectMissingError) as error:
        if not _is_published(hub, upload, parts):
            _forget(hub, upload_id)
            if isinstance(error, ObjectMissingError):
                raise ConflictError("The parts are gone: start the upload again.") from error
            raise UnprocessableError(f"The parts are not the announced file: {error}") from error
    _record(hub, grant, upload_id)


def _is_published(hub: Hub, upload: Upload, parts: list[Part]) -> bool:
    """Whether these very parts are the object that the store has.

    Another call may have published them a moment ago, or one that a crash ended. The parts are
    compared byte for byte, by their digests: that somebody has stored such an object is no licence.
    """
    if hub.objects.size(lfs_key(upload.sha256)) != upload.size:
        return False
    offset = 0
    for part in parts:
        digest = hashlib.sha256()
        for block in hub.objects.read(lfs_key(upload.sha256), offset, part.size):
            digest.update(block)
        if digest.hexdigest() != part.etag:
            return False
        offset += part.size
    return True


def _check_parts(hub: Hub, upload: Upload, body: CompleteUpload) -> list[Part]:
    """The stored parts, if the call names each of them once with its ETag."""
    with hub.db.read() as tx:
        held = lfs.list_parts(tx, upload.id)
    if body.oid != upload.sha256:
        raise BadRequestError("The body names another object than the upload.")
    named = [part.part_number for part in body.parts]
    if len(set(named)) != len(named):
        raise BadRequestError("A part is named twice.")
    missing = set(range(1, _part_count(upload) + 1)) - {part.number for part in held}
    if missing:
        raise BadRequestError(f"Parts are missing: {_shorten(sorted(missing))}")
    stored = {part.number: part.etag for part in held}
    if {part.part_number: strip_etag(part.etag) for part in body.parts} != stored:
        raise BadRequestError("The parts of the call are not those that the hub holds.")
    return held


def _shorten(numbers: list[int]) -> str:
    text = ", ".join(str(number) for number in numbers[:10])
    return text if len(numbers) <= 10 else f"{text} and {len(numbers) - 10} more"


def _forget(hub: Hub, upload_id: str) -> None:
    with hub.db.write() as tx:
        lfs.delete_upload(tx, upload_id)
    hub.objects.staged(upload_id).discard()


def _find_upload(hub: Hub, grant: Grant, upload_id: str) -> Upload:
    with hub.db.read() as tx:
        upload = lfs.find_upload(tx, upload_id)
    if upload is None or (upload.repo_id, upload.sha256) != (grant.repo_id, grant.oid):
        raise NotFoundError("There is no such upload: ask for a new one.")
    return upload
