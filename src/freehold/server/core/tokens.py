"""Access tokens: made once, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
import string

from freehold.errors import BadRequestError, ConflictError, NotFoundError, UnauthorizedError
from freehold.server.core.access import (
    STRANGER,
    Context,
    Viewer,
    find_repo,
    require_account,
    require_write_token,
)
from freehold.server.db import accounts, repos, tokens
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.db.tokens import ListedToken, TokenOwner
from freehold.server.hub import Hub, new_id, now_ms
from freehold.wire.ids import TOKEN_ROLES, RepoType

MIN_LENGTH = 20
MAX_LENGTH = 512
MAX_TOKENS = 1000

_ALPHABET = string.ascii_letters + string.digits


def create_token(
    hub: Hub,
    user: str,
    *,
    name: str,
    role: str,
    value: str | None = None,
    expires_at: int | None = None,
) -> str:
    """A new token of the user: `value`, or `hf_` and 34 random letters and digits.

    `expires_at` is in milliseconds since 1970. Raises `NotFoundError` for an unknown user,
    `ConflictError` for a name or value in use and for more than 1,000 tokens, `BadRequestError` for
    a role or value that cannot be.
    """
    if role not in TOKEN_ROLES:
        raise BadRequestError(f"A token's role is one of {', '.join(TOKEN_ROLES)}, not {role!r}.")
    if not 1 <= len(name) <= 200:
        raise BadRequestError("A token's name has 1 to 200 characters.")
    secret = check_secret(value) if value is not None else make_secret()
    with hub.db.write() as tx:
        owner = accounts.find_account(tx, user)
        if owner is None or owner.kind != "user":
            raise NotFoundError(f"There is no user named {user!r}.")
        if tokens.count_tokens(tx, owner.id) >= MAX_TOKENS:
            raise ConflictError(f"{owner.name} has {MAX_TOKENS:,} tokens: delete some first.")
        row = tokens.Token(
            new_id(), owner.id, name, role, hash_secret(secret), now_ms(), expires_at
        )
        if not tokens.insert_token(tx, row):
            raise ConflictError(f"{owner.name} has a token {name!r} already, or its value is used.")
    return secret


def list_tokens(ctx: Context) -> list[ListedToken]:
    """The caller's tokens, the newest first; at most 1,000."""
    user_id = require_account(ctx.viewer)
    with ctx.hub.db.read() as tx:
        return tokens.list_tokens(tx, user_id, MAX_TOKENS)


def delete_token(ctx: Context, id: str) -> None:
    """Ends a token of the caller, and what was signed in with it; raises `NotFoundError`."""
    require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        if not tokens.delete_token(tx, ctx.viewer.id or "", id):
            raise NotFoundError("There is no such token: it may have been deleted already.")


def check_secret(value: str) -> str:
    """A token value brought from elsewhere: 20 to 512 printable ASCII characters, no space."""
    if not MIN_LENGTH <= len(value) <= MAX_LENGTH:
        raise BadRequestError(f"A token has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if not all("!" <= character <= "~" for character in value):
        raise BadRequestError("A token consists of printable ASCII characters without spaces.")
    return value


def identify(tx: Transaction, secret: str | None) -> Viewer:
    """Whoever the token speaks for; a stranger when it is unknown, expired or absent."""
    if not secret:
        return STRANGER
    owner = tokens.find_token(tx, hash_secret(secret))
    return STRANGER if owner is None else _viewer_of(owner)


def identify_by_id(tx: Transaction, token_id: str) -> Viewer:
    """Whoever the token of that id speaks for; raises `UnauthorizedError` when it is gone."""
    owner = tokens.find_token_by_id(tx, token_id)
    viewer = STRANGER if owner is None else _viewer_of(owner)
    if viewer is STRANGER:
        raise UnauthorizedError
    return viewer


def identify_and_find(
    tx: Transaction, secret: str | None, type: RepoType, full_name: str
) -> tuple[Viewer, Repo]:
    """What `identify` and then `find_repo` give, in one statement if the repository is there.

    Raises as `find_repo` does.
    """
    if secret:
        namespace, _, name = full_name.partition("/")
        found = repos.find_repo_and_owner(tx, type, namespace, name, hash_secret(secret))
        if found is not None and (viewer := _viewer_of(found[1])) is not STRANGER:
            return viewer, found[0]
    viewer = identify(tx, secret)
    return viewer, find_repo(tx, viewer, type, full_name)


def _viewer_of(owner: TokenOwner) -> Viewer:
    if owner.expires_at is not None and owner.expires_at <= now_ms():
        return STRANGER
    return Viewer(owner.user_id, owner.user_name, owner.is_admin, owner)


def hash_secret(secret: str) -> str:
    """What is stored of a token; it is random and long, so a fast hash is as good as a slow one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def make_secret() -> str:
    """A new token value."""
    return "hf_" + "".join(secrets.choice(_ALPHABET) for _ in range(34))
