"""Pictures that accounts have chosen."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Avatar(NamedTuple):
    """A picture: its media type, the sha256 of its bytes, and these."""

    media_type: str
    sha256: str
    data: bytes


def put_avatar(tx: Transaction, account_id: str, avatar: Avatar) -> None:
    """Gives the account that picture, whatever it had before."""
    tx.run(
        "INSERT INTO avatar (account_id, media_type, sha256, data)"
        " VALUES (:account_id, :media_type, :sha256, :data)"
        " ON CONFLICT (account_id) DO UPDATE SET media_type = excluded.media_type,"
        " sha256 = excluded.sha256, data = excluded.data",
        account_id=account_id,
        **avatar._asdict(),
    )


def delete_avatar(tx: Transaction, account_id: str) -> None:
    """Takes the picture away from the account."""
    tx.run("DELETE FROM avatar WHERE account_id = :account_id", account_id=account_id)


def find_avatar(tx: Transaction, account_id: str, sha256: str) -> Avatar | None:
    """The picture of the account, if it is the one with that sha256."""
    row = tx.one(
        "SELECT media_type, sha256, data FROM avatar"
        " WHERE account_id = :account_id AND sha256 = :sha256",
        account_id=account_id,
        sha256=sha256,
    )
    return None if row is None else Avatar(row.media_type, row.sha256, bytes(row.data))


def find_avatar_sha256(tx: Transaction, account_id: str) -> str | None:
    """The sha256 of the picture of the account, if it has one."""
    row = tx.one("SELECT sha256 FROM avatar WHERE account_id = :account_id", account_id=account_id)
    return None if row is None else row.sha256
