"""Idempotency keys: a commit that is sent again is answered again, and not made again.

The key is recorded in the transaction that moves the ref, so it is known exactly when the commit
was made, whatever happened to the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.errors import BadRequestError, ConflictError, UnprocessableError
from freehold.server.core.access import Context, require_account
from freehold.server.db import commit_keys
from freehold.server.db.commit_keys import CommitKey, KeyedCommit
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.hub import Hub, now_ms

KEY_SECONDS = 24 * 3600
MAX_KEY_LENGTH = 200


@dataclass(frozen=True)
class Once:
    """A commit to one ref that is made at most once under its key, if it has one.

    A `ref` that ends with a slash stands for any ref below it.
    """

    key: CommitKey | None
    ref: str

    def recall(self, hub: Hub) -> KeyedCommit | None:
        """The commit that was made under the key; `None` when there is none yet.

        Raises `UnprocessableError` when it was made on another ref.
        """
        if self.key is None:
            return None
        with hub.db.read() as tx:
            found = commit_keys.find_keyed_commit(tx, self.key, _oldest())
        if found is not None and not self._fits(found.ref):
            raise UnprocessableError("This Idempotency-Key was used for a commit to another ref.")
        return found

    def _fits(self, ref: str) -> bool:
        return ref.startswith(self.ref) if self.ref.endswith("/") else ref == self.ref

    def record(self, tx: Transaction, commit: KeyedCommit) -> None:
        """Notes in the transaction that makes the commit that it was made.

        The caller holds the lock of the repository. Raises `ConflictError`, which undoes the
        commit, when another call with the key was faster.
        """
        if self.key is None:
            return
        if not commit_keys.insert_keyed_commit(tx, self.key, commit, now_ms(), _oldest()):
            raise ConflictError("Another call with this Idempotency-Key was faster.")


def once(ctx: Context, repo: Repo, ref: str, keys: Sequence[str] = ()) -> Once:
    """A commit of the viewer to that ref, under the key that the headers of the call give.

    Raises `BadRequestError` for several keys, and for one that is not 1 to 200 printable
    characters of ASCII.
    """
    if not keys:
        return Once(None, ref)
    key = keys[0]
    is_valid = key.isascii() and key.isprintable() and 1 <= len(key) <= MAX_KEY_LENGTH
    if len(keys) > 1 or not is_valid:
        raise BadRequestError(
            f"An Idempotency-Key is one header of 1 to {MAX_KEY_LENGTH} printable ASCII characters."
        )
    return Once(CommitKey(repo.id, require_account(ctx.viewer), key), ref)


def _oldest() -> int:
    return now_ms() - 1000 * KEY_SECONDS
