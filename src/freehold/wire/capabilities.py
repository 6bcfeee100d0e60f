"""What a hub can do beyond the protocol, so that a client need not find out by failing."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire

CAPABILITIES_HEADER = "X-Hub-Capabilities"
"""The header of every answer that says where the document is."""


class BatchDownload(Wire, kw_only=True):
    """Many small files in one answer: the most paths, and the bytes of one file and of all."""

    max_paths: int
    max_file_size: int
    max_total_size: int


class IdempotencyKey(Wire, kw_only=True):
    """A commit that is sent again under its key is not made again for so many seconds."""

    seconds: int


class LfsLocks(Wire, kw_only=True):
    """git-lfs can lock files and ask for the locks of others before it pushes."""


class PullRequestBranches(Wire, kw_only=True):
    """A pull request can start with the commits of a branch, `head`, and change another, `base`.

    `merge_pull_request` takes the head that it is to merge as `headCommitId`.
    """


class Rebase(Wire, kw_only=True):
    """A commit may follow changes of other paths, if it asks for that."""


class UploadParts(Wire, kw_only=True):
    """A client may choose that an upload is made in parts, of at least so many bytes each."""

    min_part_size: int


class Xet(Wire, kw_only=True):
    """Large files can be sent and fetched in chunks, with the tokens of `xet_write_token`."""


class Extensions(Wire, kw_only=True):
    """What the hub offers; an extension that it does not have is absent."""

    batch_download: BatchDownload | UnsetType = UNSET
    idempotency_key: IdempotencyKey | UnsetType = UNSET
    lfs_locks: LfsLocks | UnsetType = UNSET
    pull_request_branches: PullRequestBranches | UnsetType = UNSET
    rebase: Rebase | UnsetType = UNSET
    upload_parts: UploadParts | UnsetType = UNSET
    xet: Xet | UnsetType = UNSET


class Capabilities(Wire, kw_only=True):
    """The hub's software, its version, and its extensions of the protocol."""

    name: str
    version: str
    extensions: Extensions
