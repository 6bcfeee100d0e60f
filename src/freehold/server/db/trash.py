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


def mark_object(tx: Transaction, key: str, now: int) -> None:
    """Marks an object for deletion, from `now` (milliseconds) on, whatever mark it had.

    The mark is locked until the transaction ends.
    """
    tx.run(
        "INSERT INTO object_trash (object_key, trashed_at) VALUES (:key, :now)"
        " ON CONFLICT (object_key) DO UPDATE SET trashed_at = excluded.trashed_at",
        key=key,
        now=now,
    )


def rescue_object(tx: Transaction, key: str) -> bool:
    """Takes an object out of the trash, because something names it; false when it was not there."""
    return tx.run("DELETE FROM object_trash WHERE object_key = :key", key=key) == 1


def list_trash(tx: Transaction, before: int) -> list[str]:
    """The keys that were trashed before that time (milliseconds), oldest first."""
    rows = tx.all(
        "SELECT object_key FROM object_trash WHERE trashed_at < :before ORDER BY trashed_at",
        before=before,
    )
    return [row.object_key for row in rows]


def take_from_trash(tx: Transaction, key: str, before: int) -> bool:
    """Removes a mark of before that time; the caller deletes the object in the transaction.

    False when the object was rescued, or marked anew, since it was listed.
    """
    return (
        tx.run(
            "DELETE FROM object_trash WHERE object_key = :key AND trashed_at < :before",
            key=key,
            before=before,
        )
        == 1
    )
