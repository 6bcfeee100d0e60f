"""Bytes on their way into the object store: a crash leaves none that nobody knows.

Until a row names an object, it is marked as trash. The mark is made before its first byte is
written, and the transaction that names the object takes the mark away. Who begins makes the mark
and then looks for a row; who ends makes the row and then takes the mark away: so whichever of two
comes second sees what the first has done.
"""

from __future__ import annotations

from collections.abc import Callable

from freehold.errors import InternalError
from freehold.server.db import trash
from freehold.server.db.database import Transaction
from freehold.server.hub import Hub, now_ms


def expect_bytes(
    tx: Transaction, hub: Hub, key: str, is_stored: Callable[[], bool] = lambda: False
) -> None:
    """Prepares for an object to be written, perhaps again; `is_stored` tells if a row names it.

    The mark counts from when the upload must be over.
    """
    trash.mark_object(tx, key, now_ms() + 1000 * hub.config.upload_seconds)
    if is_stored():
        trash.rescue_object(tx, key)


def keep_bytes(tx: Transaction, hub: Hub, key: str, size: int) -> None:
    """Takes the mark away from an object of so many bytes, which a row of the transaction names.

    The trash may have been emptied since it was written: raises `InternalError` when it is gone.
    """
    trash.rescue_object(tx, key)
    if hub.objects.size(key) != size:
        raise InternalError("The bytes are gone again: please send them once more.")
