"""What a folder was last pushed as, so that pushing it again unchanged costs next to nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from freehold.client.commit_info import CommitInfo
from freehold.client.hash_cache import FINE_REST_NS, Fingerprint, HashCache
from freehold.client.operations import CommitOperationAdd
from freehold.client.targets import Target


class PushMemory:
    """The last push of a folder to one place of a branch.

    It only says which commit held the folder just as it is now: whether the branch is still there
    is to be asked.
    """

    def __init__(
        self, target: Target, path_in_repo: str, additions: Sequence[CommitOperationAdd]
    ) -> None:
        self._home = target.session.settings.home
        # Taken before anything is read: a later change of a file makes it another manifest.
        self._manifest = _digest(additions)
        self._place = (
            target.session.endpoint,
            target.repo_type,
            target.repo_id,
            target.revision,
            path_in_repo,
        )

    def find_commit(self) -> str | None:
        """The commit that holds the folder as it is now; None when none is known to."""
        with HashCache(self._home) as cache:
            found = cache.find_push(self._place)
        return found[1] if found is not None and found[0] == self._manifest else None

    def remember(self, info: CommitInfo) -> None:
        """Notes that the commit holds the folder, if it was not a pull request."""
        if info.pr_url is None and self._manifest is not None:
            with HashCache(self._home) as cache:
                cache.put_push(self._place, self._manifest, info.oid)


def _digest(additions: Sequence[CommitOperationAdd]) -> str | None:
    """A digest of the paths and of what tells whether a file was touched; no file is read.

    None when a file changed so lately that its next change might look the same. Where that is
    over in a moment, the moment is waited for: folders are often pushed as soon as they are
    written.
    """
    files = [Fingerprint.of(addition.local_path or "") for addition in additions]
    manifest = hashlib.sha256()
    rested_at = 0
    for addition, file in zip(additions, files, strict=True):
        if file is None:
            return None
        rested_at = max(rested_at, file.rested_at)
        manifest.update(f"{addition.path_in_repo}\0{tuple(file)}\n".encode())
    pause = rested_at - time.time_ns()
    if pause > FINE_REST_NS:
        return None
    time.sleep(max(pause, 0) / 1e9)
    return manifest.hexdigest()
