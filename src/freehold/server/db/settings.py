"""Values that the hub makes for itself and every node shares, such as its signing key."""

from __future__ import annotations

from freehold.server.db.database import Transaction


def get_or_set(tx: Transaction, name: str, value: str) -> str:
    """The stored value; `value` becomes it when there is none."""
    tx.run(
        "INSERT INTO hub_setting (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING",
        name=name,
        value=value,
    )
    row = tx.one("SELECT value FROM hub_setting WHERE name = :name", name=name)
    if row is None:
        raise LookupError(name)
    return str(row.value)
