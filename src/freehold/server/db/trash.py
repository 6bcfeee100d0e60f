"""Objects that nothing names any more, waiting for the grace period to end."""

from __future__ import annotations

from freehold.server.db.database import Transaction


def trash_objects(tx: Transaction, keys: list[str], now: int) -> None:
    """Marks objects for deletion, from `now` (milliseconds) on."""
    tx.run_many(
        "INSERT INTO object_trash (object_key, trashed_at) VALUES (:key, :now)"
        " ON CONFLICT (object_key) DO NOTHING",
        [{"key": key, "now": now} for key in keys],
    )


def rescue_object(tx: Transaction, key: str) -> None:
    """Takes an object out of the trash, because its bytes are about to be stored again."""
    tx.run("DELETE FROM object_trash WHERE object_key = :key", key=key)


def list_trash(tx: Transaction, before: int) -> list[str]:
    """The keys that were trashed before that time (milliseconds), oldest first."""
    rows = tx.all(
        "SELECT object_key FROM object_trash WHERE trashed_at < :before ORDER BY trashed_at",
        before=before,
    )
    return [row.object_key for row in rows]


def take_from_trash(tx: Transaction, key: str) -> bool:
    """Removes the mark; the caller deletes the object before the transaction ends."""
    return tx.run("DELETE FROM object_trash WHERE object_key = :key", key=key) == 1
