"""Sending large files: the batch call of git-lfs, then the bytes, in one piece or in parts.

Where it is possible (`client/xet.py`), hf_xet sends the bytes that the batch call says are wanted.
A hub that offers it is asked for parts of a chosen size, and says which of them it holds already,
so that an upload that was cut off goes on where it stopped. Bytes go to the address that the hub
names, which carries its own right: no token is sent with them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from freehold import wire
from freehold.client.calls import parse_with
from freehold.client.content import Content, LargeFile
from freehold.client.errors import CorruptedFileError, InvalidAnswerError
from freehold.client.events import Cancellation
from freehold.client.names import Token
from freehold.client.refs import MAIN
from freehold.client.targets import Target
from freehold.client.transfers import Transfer
from freehold.client.xet import XetRefusedError, is_chosen
from freehold.errors import (
    BadRequestError,
    ForbiddenError,
    HfHubHTTPError,
    NotFoundError,
    PayloadTooLargeError,
    UnprocessableError,
)
from freehold.wire.etags import strip_etag

if TYPE_CHECKING:
    from freehold.client.session import Session

logger = logging.getLogger("freehold")

LFS_JSON: Final = "application/vnd.git-lfs+json"
OBJECTS_PER_BATCH: Final = 256
PART_SIZE: Final = 16 * 1024 * 1024
"""What is asked for: this is what a cut connection loses at most, for each thread."""
PARTS_AT_ONCE: Final = 8
"""Parts are sent so many at once, of one file or of several: a line with a delay is filled."""

_SHA256_LENGTH: Final = 64
# The address has expired, or the upload is gone or broken: a new batch call mends that, once.
_STALE: Final = frozenset({400, 403, 404, 409, 410, 422})
# How fast a hub reads a file again, at least, before it can say that the upload is complete.
_BYTES_PER_SECOND: Final = 100e6


class _Order(NamedTuple):
    """What the hub wants to be done for one file; no `upload` means that it has the bytes."""

    file: LargeFile
    upload: Mapping[str, Any] | None
    verify: Mapping[str, Any] | None


class _Failure(NamedTuple):
    file: LargeFile
    error: HfHubHTTPError | XetRefusedError


def send_large_files(target: Target, files: Sequence[LargeFile], transfer: Transfer) -> None:
    """Sends the bytes of the files that the hub does not hold yet; several at the same time.

    Raises `HfHubHTTPError` for what the hub refuses, `FileChangedError` and `CorruptedFileError`.
    """
    distinct = list({file.sha256: file for file in files}.values())
    slots = BoundedSemaphore(max(PARTS_AT_ONCE, transfer.threads))
    ways = [False, False]
    if distinct and is_chosen(target.session):
        ways.insert(0, True)
    for start in range(0, len(distinct), OBJECTS_PER_BATCH):
        batch = distinct[start : start + OBJECTS_PER_BATCH]
        _send_batch_again(target, batch, transfer, slots, ways)


def send_as_ordered(
    session: Session,
    file: LargeFile,
    upload: Mapping[str, Any],
    transfer: Transfer,
    slots: BoundedSemaphore,
) -> None:
    """Sends a file as the `upload` action of a batch answer says, which somebody else has got.

    Raises the same as `send_large_files`; a stale address is for the one to renew who has got it.
    """
    target = Target(session, "", "model", MAIN, False, None)
    _Sending(target, _Order(file, upload, None), transfer, slots).run()


def _send_batch_again(
    target: Target,
    batch: Sequence[LargeFile],
    transfer: Transfer,
    slots: BoundedSemaphore,
    ways: Sequence[bool],
) -> None:
    """Tries one way after another, each for what is still missing."""
    for by_xet in ways:
        failed = _send_batch(target, batch, transfer, slots, by_xet)
        if not failed:
            return
        logger.info("%d uploads are begun again: %s", len(failed), failed[0].error)
        batch = [one.file for one in failed]
    raise _explain(failed[0])


def _explain(failure: _Failure) -> Exception:
    error = failure.error
    if not isinstance(error, HfHubHTTPError) or error.status != 422:
        return error
    return _damaged(failure.file.content, error.message)


def _damaged(content: Content, reason: str) -> CorruptedFileError:
    return CorruptedFileError(f"{content.path_in_repo!r} arrived damaged, twice: {reason}")


def _send_batch(
    target: Target,
    files: Sequence[LargeFile],
    transfer: Transfer,
    slots: BoundedSemaphore,
    by_xet: bool,
) -> list[_Failure]:
    """The files that must be asked for again, because what the hub said was out of date."""
    failures: list[_Failure] = []

    def send(order: _Order) -> None:
        try:
            _Sending(target, order, transfer, slots).run()
        except HfHubHTTPError as error:
            if error.status not in _STALE:
                order.file.content.check_unchanged()
                raise
            failures.append(_begin_again(order.file, error, transfer))

    transfer.check()
    orders = _ask_batch(target, files, by_xet)
    for order in orders:
        if order.upload is None:
            size = order.file.content.size
            transfer.tell("skip", order.file.content.path_in_repo, 0, size)
    wanted = [order for order in orders if order.upload is not None]
    if by_xet and wanted:
        return _send_by_xet(target, [order.file for order in wanted], transfer)
    transfer.run_all([partial(send, order) for order in wanted])
    return failures


def _begin_again(
    file: LargeFile, error: HfHubHTTPError | XetRefusedError, transfer: Transfer
) -> _Failure:
    file.content.check_unchanged()
    transfer.tell("retry", file.content.path_in_repo, 0, file.content.size)
    return _Failure(file, error)


def _send_by_xet(target: Target, files: Sequence[LargeFile], transfer: Transfer) -> list[_Failure]:
    """All the files, when hf_xet could not send them.

    It leaves out chunks that the hub had three weeks ago, and never asks whether it still has them:
    only another way mends that.
    """
    from freehold.client.xet_uploads import XetUpload

    failures: list[_Failure] = []

    def send() -> None:
        try:
            XetUpload(target, files, transfer).run()
        except XetRefusedError as error:
            transfer.check()
            logger.warning("%s They are sent by LFS instead.", error)
            failures.extend(_begin_again(file, error, transfer) for file in files)

    transfer.run_all([send])
    return failures


# What the hub says


def _ask_batch(target: Target, files: Sequence[LargeFile], by_xet: bool) -> list[_Order]:
    in_parts = _offers_parts(target) and not by_xet
    answer = target.call(
        wire.routes.LFS_BATCH,
        body=wire.lfs.Batch(
            operation="upload",
            # For parts, the hub would begin uploads that nobody goes on with.
            transfers=["basic"] if by_xet else ["basic", "multipart"],
            objects=[wire.lfs.LfsObject(oid=file.sha256, size=file.content.size) for file in files],
            hash_algo="sha256",
            ref=None if "/" in target.revision else wire.lfs.LfsRef(name=target.revision),
            part_size=PART_SIZE if in_parts else None,
        ),
        headers={"accept": LFS_JSON, "content-type": LFS_JSON},
        repeatable=True,
    )
    found = parse_with(lambda data: {item["oid"]: item for item in data["objects"]}, answer.json())
    if found.keys() != {file.sha256 for file in files}:
        raise InvalidAnswerError(f"{answer.described()} is not about the files that were asked.")
    for file in files:
        if refused := parse_with(_read_refusal, found[file.sha256]):
            raise _refusal(file, *refused)
    return [parse_with(partial(_read_order, file), found[file.sha256]) for file in files]


def _offers_parts(target: Target) -> bool:
    """Whether the hub has extensions: another might not like a field that it does not know."""
    return target.session.capabilities_path is not None


_REFUSALS: Final[dict[int, type[HfHubHTTPError]]] = {
    error.status: error
    for error in (
        BadRequestError,
        ForbiddenError,
        NotFoundError,
        PayloadTooLargeError,
        UnprocessableError,
    )
}


def _read_refusal(item: Mapping[str, Any]) -> tuple[int | None, str] | None:
    """The status and the words with which the hub refuses a file; None when it does not."""
    error = item.get("error")
    return (error.get("code"), error.get("message")) if error else None


def _refusal(file: LargeFile, status: int | None, message: str) -> HfHubHTTPError:
    text = f"The hub does not take {file.content.path_in_repo!r}: {message}"
    known = _REFUSALS.get(status or 0)
    return known(text) if known else HfHubHTTPError(text, status=status)


def _read_order(file: LargeFile, item: Mapping[str, Any]) -> _Order:
    actions = item.get("actions") or {}
    for action in actions.values():
        action["href"].encode()
    return _Order(file, actions.get("upload"), actions.get("verify"))


class _Part(NamedTuple):
    number: int
    href: str
    offset: int
    size: int


def _read_parts(header: Mapping[str, str], size: int) -> list[_Part]:
    """The parts of a multipart upload, from the header of its action."""
    hrefs = {int(name): href for name, href in header.items() if name.isdecimal()}
    try:
        part_size = int(header["chunk_size"])
    except ValueError as error:
        raise InvalidAnswerError("The hub named a size of parts that is no number.") from error
    if part_size < 1 or sorted(hrefs) != list(range(1, -(-size // part_size) + 1)):
        raise InvalidAnswerError(f"The hub named {len(hrefs)} parts for {size} bytes.")
    return [
        _Part(n, hrefs[n], (n - 1) * part_size, min(part_size, size - (n - 1) * part_size))
        for n in sorted(hrefs)
    ]


def _read_held(upload: Mapping[str, Any]) -> dict[int, str]:
    """The ETags of the parts that the hub holds."""
    return {part["partNumber"]: part["etag"] for part in upload.get("held") or []}


# The bytes


class _Sending:
    """One file on its way, in one piece or in parts."""

    def __init__(
        self, target: Target, order: _Order, transfer: Transfer, slots: BoundedSemaphore
    ) -> None:
        assert order.upload is not None
        self._target = target
        self._content = order.file.content
        self._sha256 = order.file.sha256
        self._href: str = order.upload["href"]
        self._header: Mapping[str, str] = order.upload.get("header") or {}
        self._held = parse_with(_read_held, order.upload)
        self._verify = order.verify
        self._transfer = transfer
        self._slots = slots
        self._stop = Cancellation()
        self._lock = Lock()
        self._etags: dict[int, str] = {}
        self._sent = 0

    def run(self) -> None:
        """Sends the file; the hub has it, and knows it, when this returns."""
        is_known = self._send_parts() if "chunk_size" in self._header else self._send_whole()
        self._content.check_unchanged()
        if self._verify is not None and not is_known:
            body = wire.lfs.LfsObject(oid=self._sha256, size=self._content.size)
            self._post(self._verify["href"], wire.codec.encode_json(body), self._target.token)
        size = self._content.size
        self._transfer.tell("upload", self._content.path_in_repo, size, size)

    def _send_whole(self) -> bool:
        """Whether the answer said that what arrived is the file."""
        etag = self._put(self._href, _Piece(self._content, 0, self._content.size), self._header)
        return etag == self._sha256

    def _send_parts(self) -> bool:
        parts = _read_parts(self._header, self._content.size)
        missing = [part for part in parts if part.number not in self._held]
        self._etags = {p.number: self._held[p.number] for p in parts if p.number in self._held}
        self._sent = self._content.size - sum(part.size for part in missing)
        jobs = [partial(self._send_part, part) for part in missing]
        self._transfer.run_apart(jobs, PARTS_AT_ONCE, self._stop)
        body = wire.lfs.CompleteUpload(
            oid=self._sha256,
            parts=[
                wire.lfs.CompletedPart(part_number=number, etag=etag)
                for number, etag in sorted(self._etags.items())
            ],
        )
        self._post(self._href, wire.codec.encode_json(body), token=False)
        return False

    def _send_part(self, part: _Part) -> None:
        """Sends a part, and again when what arrived is something else."""
        for _ in range(2):
            piece = _Piece(self._content, part.offset, part.size, _offers_parts(self._target))
            etag = self._put(part.href, piece, {})
            if etag is None:
                raise InvalidAnswerError("The store did not name the part that it was sent.")
            if piece.may_be(etag):
                self._etags[part.number] = etag
                return
            self._content.check_unchanged()
            self._count(-part.size)
            self._transfer.tell("retry", self._content.path_in_repo, self._sent, self._content.size)
        raise _damaged(self._content, f"part {part.number} was another one at the hub.")

    def _post(self, url: str, body: bytes, token: Token) -> None:
        self._target.session.request(
            "POST",
            url,
            headers={"accept": LFS_JSON, "content-type": LFS_JSON},
            content=body,
            token=token,
            # The hub may have to read the whole file once more before it can answer.
            timeout=self._target.stall_seconds + self._content.size / _BYTES_PER_SECOND,
            repeatable=True,
        )

    def _put(self, url: str, piece: _Piece, header: Mapping[str, str]) -> str | None:
        """Sends bytes of the file, and gives the ETag of the answer."""

        def blocks() -> Iterable[bytes]:
            # A repeated request sends the bytes again: what was counted of it counts no more.
            self._count(-piece.done)
            for block in piece.read():
                self._transfer.check()
                self._stop.check()
                yield block
                self._count(len(block))

        with self._slots:
            answer = self._target.session.request(
                "PUT",
                url,
                headers={"content-length": str(piece.size), **header},
                content=blocks,
                token=False,
                timeout=self._target.stall_seconds,
            )
        etag = answer.headers.get("etag")
        return None if etag is None else strip_etag(etag)

    def _count(self, size: int) -> None:
        with self._lock:
            self._sent += size
            if size > 0:
                self._transfer.tell(
                    "upload", self._content.path_in_repo, self._sent, self._content.size
                )


class _Piece:
    """A range of a content, which may be read several times; `done` bytes were in the last one."""

    def __init__(self, content: Content, offset: int, size: int, hashed: bool = False) -> None:
        self.size = size
        self.done = 0
        self._content = content
        self._offset = offset
        self._hashed = hashed
        self._digest = hashlib.sha256()

    def read(self) -> Iterator[bytes]:
        """The bytes from the beginning of the range, block by block."""
        self.done = 0
        self._digest = hashlib.sha256()
        for block in self._content.read_pieces(self._offset, self.size):
            if self._hashed:
                self._digest.update(block)
            yield block
            self.done += len(block)

    def may_be(self, etag: str) -> bool:
        """Whether the ETag is none of other bytes; only a sha256 can tell."""
        return not self._hashed or len(etag) != _SHA256_LENGTH or etag == self._digest.hexdigest()
