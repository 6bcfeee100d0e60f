"""git-lfs: the batch call and what follows an upload."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire


class LfsWire(Wire, kw_only=True, rename=None):
    """An object of the LFS protocol, which writes its keys with underscores."""


class LfsObject(LfsWire, kw_only=True):
    """An object by its sha256 and size."""

    oid: str
    size: int


class LfsRef(LfsWire, kw_only=True):
    """The ref that a batch or a lock is about; rights and locks are per repository."""

    name: str | None = None


class Batch(LfsWire, kw_only=True):
    """Body of `lfs_batch`; `part_size`, in bytes, asks for parts that an upload can go on with."""

    operation: Literal["upload", "download"]
    objects: list[LfsObject]
    transfers: list[str] = []
    hash_algo: str | None = None
    ref: LfsRef | None = None
    part_size: int | None = None


class CompletedPart(LfsWire, kw_only=True):
    """A part that the hub holds; its `etag` is that of the answer to it: its sha256."""

    part_number: int = field(name="partNumber")
    etag: str


class Action(LfsWire, kw_only=True):
    """Where and how to move bytes; the header values are all strings.

    `held` are the parts that need not be sent again.
    """

    href: str
    header: dict[str, str] | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET
    held: list[CompletedPart] | UnsetType = UNSET


class Actions(LfsWire, kw_only=True):
    """What the client is to do for one object."""

    upload: Action | UnsetType = UNSET
    verify: Action | UnsetType = UNSET
    download: Action | UnsetType = UNSET


class ObjectError(LfsWire, kw_only=True):
    """Why one object cannot be moved."""

    code: int
    message: str


class BatchObject(LfsWire, kw_only=True):
    """The answer for one object; neither actions nor error means: nothing to do."""

    oid: str
    size: int
    authenticated: bool | UnsetType = UNSET
    actions: Actions | UnsetType = UNSET
    error: ObjectError | UnsetType = UNSET


class BatchAnswer(LfsWire, kw_only=True):
    """One entry per object of the request, in its order."""

    transfer: Literal["basic", "multipart", "xet"]
    objects: list[BatchObject]
    hash_algo: str = "sha256"


class CompleteUpload(LfsWire, kw_only=True):
    """Body of the call that ends a multipart upload."""

    oid: str
    parts: list[CompletedPart]


class Nothing(LfsWire, kw_only=True):
    """An empty object."""
