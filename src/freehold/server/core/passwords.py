"""Passwords: their rules, and hashes of them that take long to try."""

from __future__ import annotations

from freehold.errors import BadRequestError, NotFoundError
from freehold.server.db import accounts, sessions
from freehold.server.hub import Hub

MIN_PASSWORD_LENGTH = 8
# Longer ones are no safer.
MAX_PASSWORD_LENGTH = 1000


def hash_password(password: str) -> str:
    """What is kept of a password; raises `BadRequestError` for one that is too short or long."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise BadRequestError(f"A password has at least {MIN_PASSWORD_LENGTH} characters.")
    if len(password) > MAX_PASSWORD_LENGTH:
        raise BadRequestError(f"A password has at most {MAX_PASSWORD_LENGTH} characters.")
    # Loaded only here: few requests of a running hub need it.
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether that is the password; it takes as long when there is none."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    password = password[: MAX_PASSWORD_LENGTH + 1]
    if password_hash is None:
        PasswordHasher().hash(password)
        return False
    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def set_password(hub: Hub, user: str, password: str) -> None:
    """Gives a user a password, whatever it was before, and ends all of their sessions.

    Raises `NotFoundError` for an unknown user, `BadRequestError` for a password that cannot be.
    """
    password_hash = hash_password(password)
    with hub.db.write() as tx:
        account = accounts.find_account(tx, user)
        if account is None or account.kind != "user":
            raise NotFoundError(f"There is no user named {user!r}.")
        accounts.set_password_hash(tx, account.id, password_hash)
        sessions.delete_other_sessions(tx, account.id, None)
