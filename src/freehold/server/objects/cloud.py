"""Objects in a bucket: S3 and what speaks like it, Google Cloud Storage, Azure; through obstore.

Large objects are multipart uploads of the bucket, which shows them only when they are complete. One
that was cut off by a crash costs storage unseen, and no client can list it through obstore: give
the bucket a lifecycle rule that aborts incomplete multipart uploads after some days.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from freehold.server.objects.keys import (
    STAGING,
    check_key,
    check_prefix,
    check_upload_id,
    part_key,
)
from freehold.server.objects.store import (
    READ_BLOCK,
    DigestMismatchError,
    ObjectInfo,
    ObjectMissingError,
    check_digest,
    check_part,
    check_parts,
    check_range,
)

if TYPE_CHECKING:
    from obstore import ObjectMeta, WritableFile
    from obstore.store import AzureStore, ClientConfig, GCSStore, S3Store


_REQUEST_BYTES = 8 << 20
_UPLOAD_BYTES = 10 << 20
# Two requests on their way and one that fills: 30 MiB for each writer.
_UPLOADS_AT_ONCE = 2
_MOST_REQUESTS = 10_000
# Completing a huge multipart upload may take S3 minutes; obstore's own limit is 30 seconds.
_TIMEOUT = "300s"
_URL_OPTIONS = frozenset({"endpoint", "region", "account_name", "virtual_hosted_style_request"})


class CloudStore:
    """An ObjectStore in a bucket; every key is kept below the prefix the bucket was opened with."""

    def __init__(self, bucket: S3Store | GCSStore | AzureStore) -> None:
        self.bucket = bucket

    @classmethod
    def from_url(cls, url: str, **credentials: str) -> CloudStore:
        """The store at `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.

        The query may hold `endpoint`, `region`, `account_name`, `virtual_hosted_style_request` and
        `allow_http=true`. Credentials come from the arguments, under obstore's names, and else from
        the environment as the cloud's own tools read it. Raises ValueError; asks no server.
        """
        config, client = _options_of(url)
        place = urlsplit(url)._replace(query="").geturl()
        try:
            bucket = from_url(place, config=cast(Any, config | credentials), client_options=client)
        except BaseError as error:
            # obstore appends its internal state after the first line.
            reason = str(error).partition("\n")[0]
            raise ValueError(f"cannot use {place} as object store: {reason}") from None
        return cls(cast("S3Store | GCSStore | AzureStore", bucket))

    def size(self, key: str) -> int | None:
        """See ObjectStore."""
        try:
            return obstore.head(self.bucket, check_key(key))["size"]
        except FileNotFoundError:
            return None

    def get(self, key: str) -> bytes:
        """See ObjectStore."""
        try:
            return bytes(obstore.get(self.bucket, check_key(key)).bytes())
        except FileNotFoundError:
            raise ObjectMissingError(f"no object {key}") from None

    def put(self, key: str, data: bytes) -> None:
        """See ObjectStore."""
        obstore.put(self.bucket, check_key(key), data, use_multipart=False)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ObjectStore; an object that is deleted meanwhile ends in ObjectMissingError."""
        check_range(start, length)
        size = self.size(key)
        if size is None:
            raise ObjectMissingError(f"no object {key}")
        end = size if length is None else min(start + length, size)
        return _small_blocks(self.read_requests(key, start, end))

    def read_requests(self, name: str, start: int, end: int) -> Iterator[memoryview]:
        """The bytes of that range, in blocks as large as one request fetches."""
        # One request for each block, not one for all: a reader may take hours to drain a large
        # object, and no bucket keeps a connection open for it.
        for at in range(start, end, _REQUEST_BYTES):
            try:
                block = obstore.get_range(
                    self.bucket, name, start=at, end=min(at + _REQUEST_BYTES, end)
                )
            except FileNotFoundError:
                raise ObjectMissingError(f"{name} was deleted while it was read") from None
            yield memoryview(block)

    def open_write(self, key: str) -> CloudWriter:
        """See ObjectStore; the object may have up to 97 GiB, send larger ones in parts."""
        return CloudWriter(self.bucket, check_key(key))

    def staged(self, upload_id: str) -> CloudUpload:
        """See ObjectStore; each part is an object `staging/<upload_id>/<number>`."""
        return CloudUpload(self, check_upload_id(upload_id))

    def delete(self, key: str) -> None:
        """See ObjectStore."""
        self.delete_names([check_key(key)])

    def delete_names(self, names: Sequence[str]) -> None:
        """Remove objects, parts among them, with few requests; a missing one does not matter."""
        with suppress(FileNotFoundError):
            obstore.delete(self.bucket, names)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See ObjectStore."""
        for meta in self.list_names(check_prefix(prefix)):
            if not meta["path"].startswith(f"{STAGING}/"):
                yield ObjectInfo(meta["path"], meta["size"], meta["last_modified"].timestamp())

    def list_names(self, folder: str) -> Iterator[ObjectMeta]:
        """What the bucket holds in `folder` and below, parts among them."""
        for chunk in obstore.list(self.bucket, folder or None):
            yield from chunk

    def local_path(self, key: str) -> Path | None:
        """None: the object is elsewhere."""
        check_key(key)
        return None

    def url(self, key: str, seconds: int) -> str | None:
        """See ObjectStore; the answer names no file, because obstore cannot sign a header."""
        check_key(key)
        return obstore.sign(self.bucket, "GET", key, timedelta(seconds=seconds))

    def sweep_staging(self, older_than_seconds: float, keep: Set[str] = frozenset()) -> int:
        """See ObjectStore; an upload is as old as its newest part."""
        latest = time.time() - older_than_seconds
        newest: dict[str, float] = {}
        for meta in self.list_names(STAGING):
            upload_id, modified = meta["path"].split("/")[1], meta["last_modified"].timestamp()
            newest[upload_id] = max(modified, newest.get(upload_id, 0.0))
        old = [id for id, modified in newest.items() if modified <= latest and id not in keep]
        for upload_id in old:
            self.staged(upload_id).discard()
        return len(old)


class CloudWriter:
    """An ObjectWriter that fills at most three requests of `request_bytes`.

    An object that fits into one request is sent as a plain object when it is committed.
    """

    def __init__(
        self,
        bucket: S3Store | GCSStore | AzureStore,
        name: str,
        request_bytes: int = _UPLOAD_BYTES,
    ) -> None:
        self._left = _MOST_REQUESTS * request_bytes
        self._file: WritableFile | None = obstore.open_writer(
            bucket, name, buffer_size=request_bytes, max_concurrency=_UPLOADS_AT_ONCE
        )

    def write(self, block: bytes | memoryview) -> None:
        """See ObjectWriter; raises ValueError when a bucket could not hold so many requests."""
        self._left -= memoryview(block).nbytes
        if self._left < 0:
            raise ValueError("the object is too large to be sent in one piece; send it in parts")
        # obstore keeps what it is given until it is sent, and the caller may fill its buffer anew.
        self._open_file().write(bytes(block))

    def commit(self) -> None:
        """See ObjectWriter."""
        self._open_file().close()
        self._file = None

    def abort(self) -> None:
        """See ObjectWriter; what the bucket does not hear is left to its lifecycle rule."""
        file, self._file = self._file, None
        if file is not None:
            # obstore has no verb for it: leaving its `with` block by an error aborts the upload.
            with suppress(BaseError, OSError):
                file.__exit__(InterruptedError, InterruptedError(), None)

    def _open_file(self) -> WritableFile:
        if self._file is None:
            raise ValueError("this writer was committed or aborted")
        return self._file


class CloudUpload:
    """A StagedUpload whose parts are objects of the bucket; promote copies them into one."""

    def __init__(self, store: CloudStore, upload_id: str) -> None:
        self._store = store
        self._id = upload_id

    def write_part(self, number: int, offset: int) -> CloudWriter:
        """See StagedUpload; the order of the parts, not `offset`, decides."""
        check_part(number, offset)
        return CloudWriter(self._store.bucket, part_key(self._id, number))

    def promote(self, parts: Sequence[tuple[int, int]], key: str, sha256: str, size: int) -> None:
        """See StagedUpload; all bytes travel through this machine to be hashed."""
        check_key(key)
        check_parts(parts, size)
        self._check_sizes(parts)
        request_bytes = max(_UPLOAD_BYTES, -(-size // _MOST_REQUESTS))
        writer = CloudWriter(self._store.bucket, key, request_bytes)
        try:
            check_digest(sha256, self._copy(parts, writer))
            writer.commit()
        finally:
            writer.abort()
        self.discard()

    def discard(self) -> None:
        """See StagedUpload."""
        self._store.delete_names([meta["path"] for meta in self._metas()])

    def _copy(self, parts: Sequence[tuple[int, int]], writer: CloudWriter) -> str:
        digest = hashlib.sha256()
        for number, size in parts:
            requests = self._store.read_requests(part_key(self._id, number), 0, size)
            for block in _small_blocks(requests):
                digest.update(block)
                writer.write(block)
        return digest.hexdigest()

    def _check_sizes(self, parts: Sequence[tuple[int, int]]) -> None:
        found = {meta["path"]: meta["size"] for meta in self._metas()}
        if not found:
            raise ObjectMissingError(f"no upload {self._id} is open")
        for number, expected in parts:
            actual = found.get(part_key(self._id, number))
            if actual != expected:
                raise DigestMismatchError(
                    f"size of part {number}", expected=expected, actual=actual
                )

    def _metas(self) -> Iterator[ObjectMeta]:
        return self._store.list_names(f"{STAGING}/{self._id}")


def _small_blocks(blocks: Iterator[memoryview]) -> Iterator[bytes]:
    for block in blocks:
        for at in range(0, len(block), READ_BLOCK):
            yield bytes(block[at : at + READ_BLOCK])


def _options_of(url: str) -> tuple[dict[str, str], ClientConfig]:
    options = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    allow_http = options.pop("allow_http", "false") == "true"
    unknown = options.keys() - _URL_OPTIONS
    if unknown:
        raise ValueError(f"options of the object store URL that cannot be used: {sorted(unknown)}")
    return options, {"allow_http": allow_http, "timeout": _TIMEOUT}
