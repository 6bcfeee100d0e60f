"""Users, organisations and who belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from freehold.server.db.database import Transaction, in_chunks
from freehold.server.db.follows import FOLLOWED

COLUMNS = "id, kind, name, fullname, email, password_hash, is_admin, created_at"


class Account(NamedTuple):
    """A user or an organisation; `kind` is user or org, `created_at` milliseconds."""

    id: str
    kind: str
    name: str
    fullname: str
    email: str | None
    password_hash: str | None
    is_admin: bool
    created_at: int


class Membership(NamedTuple):
    """An organisation of a user and the user's role in it."""

    org_id: str
    name: str
    fullname: str
    role: str


class Member(NamedTuple):
    """A member of an organisation; `is_followed` by whoever asks."""

    id: str
    name: str
    fullname: str
    is_followed: bool
    role: str


def insert_account(tx: Transaction, account: Account) -> bool:
    """Adds the account; false when its name is taken, in any case of letters."""
    return bool(
        tx.run(
            "INSERT INTO account (id, kind, name, name_key, fullname, email, password_hash,"
            " is_admin, created_at) VALUES (:id, :kind, :name, :name_key, :fullname, :email,"
            " :password_hash, :is_admin, :created_at) ON CONFLICT (name_key) DO NOTHING",
            name_key=account.name.lower(),
            **account._asdict(),
        )
    )


def find_account(tx: Transaction, name: str) -> Account | None:
    """The account of that name, in any case of letters."""
    row = tx.one(f"SELECT {COLUMNS} FROM account WHERE name_key = :key", key=name.lower())
    return None if row is None else Account._make(row)._replace(is_admin=bool(row.is_admin))


def find_accounts(tx: Transaction, account_ids: Iterable[str]) -> dict[str, Account]:
    """The accounts of those ids that exist, by id."""
    found: dict[str, Account] = {}
    for some in in_chunks(account_ids):
        for row in tx.all(f"SELECT {COLUMNS} FROM account WHERE id IN :some", some=some):
            found[row.id] = Account._make(row)._replace(is_admin=bool(row.is_admin))
    return found


def find_accounts_by_name(tx: Transaction, names: Iterable[str]) -> dict[str, Account]:
    """The accounts of those names that exist, by their names in lower case."""
    found: dict[str, Account] = {}
    for keys in in_chunks({name.lower() for name in names}):
        for row in tx.all(f"SELECT {COLUMNS} FROM account WHERE name_key IN :keys", keys=keys):
            account = Account._make(row)._replace(is_admin=bool(row.is_admin))
            found[account.name.lower()] = account
    return found


def find_account_by_id(tx: Transaction, account_id: str) -> Account | None:
    """The account of that id."""
    row = tx.one(f"SELECT {COLUMNS} FROM account WHERE id = :account_id", account_id=account_id)
    return None if row is None else Account._make(row)._replace(is_admin=bool(row.is_admin))


def update_profile(tx: Transaction, user_id: str, fullname: str, email: str | None) -> None:
    """Gives the user that full name and that address."""
    tx.run(
        "UPDATE account SET fullname = :fullname, email = :email WHERE id = :user_id",
        fullname=fullname,
        email=email,
        user_id=user_id,
    )


def set_password_hash(tx: Transaction, user_id: str, password_hash: str) -> None:
    """Gives the user the password with that hash."""
    tx.run(
        "UPDATE account SET password_hash = :password_hash WHERE id = :user_id",
        password_hash=password_hash,
        user_id=user_id,
    )


def lock_account(tx: Transaction, account_id: str) -> None:
    """Keeps others from taking names in the account's namespace until the transaction ends."""
    tx.run("UPDATE account SET kind = kind WHERE id = :account_id", account_id=account_id)


def has_admin(tx: Transaction) -> bool:
    """Whether the hub has an administrator."""
    return tx.one("SELECT 1 FROM account WHERE is_admin = TRUE LIMIT 1") is not None


def put_member(tx: Transaction, org_id: str, user_id: str, role: str) -> None:
    """Gives the user that role in the organisation, whatever it was before."""
    tx.run(
        "INSERT INTO org_member (org_id, user_id, role) VALUES (:org_id, :user_id, :role)"
        " ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role",
        org_id=org_id,
        user_id=user_id,
        role=role,
    )


def delete_member(tx: Transaction, org_id: str, user_id: str) -> None:
    """The user is no longer a member of the organisation."""
    tx.run(
        "DELETE FROM org_member WHERE org_id = :org_id AND user_id = :user_id",
        org_id=org_id,
        user_id=user_id,
    )


def find_role(tx: Transaction, org_id: str, user_id: str) -> str | None:
    """The user's role in the organisation."""
    row = tx.one(
        "SELECT role FROM org_member WHERE org_id = :org_id AND user_id = :user_id",
        org_id=org_id,
        user_id=user_id,
    )
    return None if row is None else row.role


def list_memberships(tx: Transaction, user_id: str) -> list[Membership]:
    """The organisations of a user, by name."""
    rows = tx.all(
        "SELECT account.id, account.name, account.fullname, org_member.role FROM org_member"
        " JOIN account ON account.id = org_member.org_id WHERE org_member.user_id = :user_id"
        " ORDER BY account.name_key",
        user_id=user_id,
    )
    return [Membership(*row) for row in rows]


def count_members(tx: Transaction, org_id: str) -> dict[str, int]:
    """How many members of each role the organisation has."""
    rows = tx.all(
        "SELECT role, COUNT(*) AS found FROM org_member WHERE org_id = :org_id GROUP BY role",
        org_id=org_id,
    )
    return {row.role: int(row.found) for row in rows}


def list_members(
    tx: Transaction,
    org_id: str,
    viewer_id: str | None,
    after: str,
    limit: int,
    search: str = "",
    email: str = "",
) -> list[Member]:
    """The first `limit` members after that name in lower case, by name.

    With `search` only those that have it in a name, with `email` only who has that address; both
    in any case of letters.
    """
    rows = tx.all(
        f"SELECT account.id, account.name, account.fullname, {FOLLOWED} AS is_followed,"
        " org_member.role FROM org_member JOIN account ON account.id = org_member.user_id"
        " WHERE org_member.org_id = :org_id AND account.name_key > :after"
        " AND (account.name_key LIKE :pattern ESCAPE '!'"
        " OR LOWER(account.fullname) LIKE :pattern ESCAPE '!')"
        " AND (:email = '' OR LOWER(account.email) = :email)"
        " ORDER BY account.name_key LIMIT :limit",
        org_id=org_id,
        viewer_id=viewer_id,
        after=after,
        pattern=f"%{_escape(search.lower())}%",
        email=email.lower(),
        limit=limit,
    )
    return [Member._make(row)._replace(is_followed=bool(row.is_followed)) for row in rows]


def _escape(text: str) -> str:
    """The text as a pattern that stands for itself alone, with `!` before what would not."""
    return "".join(f"!{letter}" if letter in "!%_" else letter for letter in text)
