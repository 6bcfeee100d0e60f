"""What this hub can do beyond the protocol, with the limits where they are enforced."""

from __future__ import annotations

from freehold import __version__
from freehold.server.core import commit_keys, downloads, lfs
from freehold.server.core.access import Context
from freehold.wire.capabilities import (
    BatchDownload,
    Capabilities,
    Extensions,
    IdempotencyKey,
    LfsLocks,
    PullRequestBranches,
    Rebase,
    UploadParts,
    Xet,
)


def capabilities(ctx: Context) -> Capabilities:
    """What this hub offers beyond the protocol; every answer names this call in a header."""
    return _CAPABILITIES


_CAPABILITIES = Capabilities(
    name="freehold",
    version=__version__,
    extensions=Extensions(
        batch_download=BatchDownload(
            max_paths=downloads.MAX_PATHS,
            max_file_size=downloads.MAX_FILE_SIZE,
            max_total_size=downloads.MAX_TOTAL_SIZE,
        ),
        idempotency_key=IdempotencyKey(seconds=commit_keys.KEY_SECONDS),
        lfs_locks=LfsLocks(),
        pull_request_branches=PullRequestBranches(),
        rebase=Rebase(),
        upload_parts=UploadParts(min_part_size=lfs.MIN_PART_SIZE),
        xet=Xet(),
    ),
)
