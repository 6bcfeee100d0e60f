"""What callers name a repository by, checked before anything is sent."""

from __future__ import annotations

from typing import Final

from freehold.client.errors import HFValidationError
from freehold.errors import BadRequestError
from freehold.wire.ids import URL_PREFIXES, RepoType, check_repo_name

Token = str | bool | None
"""A token, True for the saved one, False for none, None for that of the object or the saved one."""

_PLURALS: Final = {"models": "model", "datasets": "dataset", "spaces": "space"}


def check_repo_type(repo_type: str | None) -> RepoType:
    """The repo type, `model` for None; raises `HFValidationError`."""
    found = _PLURALS.get(repo_type or "models", repo_type)
    if found not in URL_PREFIXES:
        raise HFValidationError(
            f"Invalid repo_type {repo_type!r}: it is one of {', '.join(URL_PREFIXES)}."
        )
    return found  # type: ignore[return-value]


def check_repo_id(repo_id: str | None) -> str:
    """The id `namespace/name`, or an old one without namespace; raises `HFValidationError`."""
    if not isinstance(repo_id, str):
        raise HFValidationError(f"A repo id is a text, not {type(repo_id).__name__}: {repo_id!r}")
    if repo_id.count("/") > 1:
        raise HFValidationError(f"Invalid repo id {repo_id!r}: it has the form namespace/name.")
    try:
        for part in repo_id.split("/"):
            check_repo_name(part)
    except BadRequestError as error:
        raise HFValidationError(f"Invalid repo id {repo_id!r}: {error.message}") from error
    return repo_id


def check_token(token: str) -> str:
    """The token without space around it; raises `HFValidationError`, which does not show it."""
    clean = token.strip()
    if not clean:
        raise HFValidationError("The token is empty: pass None for the saved one, False for none.")
    if not clean.isascii() or not clean.isprintable() or " " in clean:
        raise HFValidationError("The token holds characters that no token has.")
    return clean
