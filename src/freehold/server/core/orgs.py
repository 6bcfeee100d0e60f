"""Organisations and the roles of their members."""

from __future__ import annotations

from freehold.errors import BadRequestError, ConflictError, NotFoundError
from freehold.server.db import accounts
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.ids import ORG_ROLES, check_account_name


def create_org(hub: Hub, name: str, *, owner: str, fullname: str | None = None) -> Account:
    """A new organisation with `owner` as its first admin.

    Raises `NotFoundError` for an unknown owner, `ConflictError` for a name that is taken.
    """
    check_account_name(name, imported=True)
    org = Account(new_id(), "org", name, fullname or name, None, None, False, now_ms())
    with hub.db.write() as tx:
        user = _find(tx, owner, "user")
        if not accounts.insert_account(tx, org):
            raise ConflictError(f"The name {name!r} is taken.")
        accounts.put_member(tx, org.id, user.id, "admin")
    return org


def set_member(hub: Hub, org: str, user: str, role: str) -> None:
    """Gives a user a role in an organisation, whatever it was before."""
    if role not in ORG_ROLES:
        raise BadRequestError(f"A role is one of {', '.join(ORG_ROLES)}, not {role!r}.")
    with hub.db.write() as tx:
        accounts.put_member(tx, _find(tx, org, "org").id, _find(tx, user, "user").id, role)


def _find(tx: Transaction, name: str, kind: str) -> Account:
    account = accounts.find_account(tx, name)
    if account is None or account.kind != kind:
        what = "user" if kind == "user" else "organisation"
        raise NotFoundError(f"There is no {what} named {name!r}.")
    return account
