"""What a command says when it fails, and the exit status that a script can act upon."""

from __future__ import annotations

import sys
from typing import Any, Final

from freehold.errors import (
    EntryNotFoundError,
    ForbiddenError,
    FreeholdError,
    GatedRepoError,
    HfHubHTTPError,
    NotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)

FAILED: Final = 1
WRONG_USAGE: Final = 2
NOT_FOUND: Final = 3
NOT_ALLOWED: Final = 4
NO_CONNECTION: Final = 5


class UsageError(FreeholdError):
    """The command was not given what it needs; nothing was done."""


class NothingFoundError(FreeholdError):
    """What the command was asked to act upon is not there."""


class DeclinedError(FreeholdError):
    """Somebody was asked, and did not say yes; nothing was done."""


def exit_status(error: BaseException) -> int:
    """The status of the process: see docs/guides/command-line.md."""
    from freehold.client import errors as client

    if isinstance(error, UsageError | client.HFValidationError):
        return WRONG_USAGE
    if isinstance(error, GatedRepoError | UnauthorizedError | ForbiddenError):
        return NOT_ALLOWED
    if isinstance(error, client.LocalTokenNotFoundError):
        return NOT_ALLOWED
    if isinstance(error, client.HubConnectionError | UnavailableError | TooManyRequestsError):
        return NO_CONNECTION
    found = (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError, NotFoundError)
    if isinstance(error, (*found, NothingFoundError, client.CacheNotFound)):
        return NOT_FOUND
    return FAILED


def report(error: BaseException, as_json: bool) -> int:
    """Writes the error to stderr, one line or one JSON object, and gives the exit status."""
    status = exit_status(error)
    if as_json:
        _write_json(_describe(error, status))
    else:
        _write(f"freehold: {one_line(message_of(error, with_details=True))}")
    return status


def tell_interruption(as_json: bool) -> None:
    """Says that Ctrl-C was heard and what to do to go on."""
    text = "Interrupted. Nothing is half done: run the same command again to resume."
    if as_json:
        _write_json({"error": text, "type": "KeyboardInterrupt", "exit_status": 130})
    else:
        _write(f"\nfreehold: {text}")


def message_of(error: BaseException, *, with_details: bool = False) -> str:
    """What went wrong, in words; with details also the call, its request id and what to do."""
    if isinstance(error, HfHubHTTPError):
        return str(error) if with_details else error.message
    if isinstance(error, ModuleNotFoundError):
        return _explain_missing(error)
    if isinstance(error, OSError) and not isinstance(error, FreeholdError):
        about = f"{error.filename}: " if error.filename is not None else ""
        return f"{about}{error.strerror or error}"
    return str(error) or type(error).__name__


def _explain_missing(error: ModuleNotFoundError) -> str:
    if error.name is None or error.name.startswith("freehold"):
        raise error
    return f"{error.name} is missing: the server is installed by `pip install 'freehold[server]'`"


def _describe(error: BaseException, status: int) -> dict[str, Any]:
    """The error as a JSON object; fields without a value are null."""
    hub = error if isinstance(error, HfHubHTTPError) else None
    return {
        "error": message_of(error),
        "type": type(error).__name__,
        "exit_status": status,
        "status": hub.status if hub else None,
        "code": hub.code if hub else None,
        "request_id": hub.request_id if hub else None,
        "hint": hub.hint if hub else None,
    }


def one_line(text: str) -> str:
    """The text without line ends, and without anything that would steer a terminal."""
    from freehold.client.progress import printable

    return printable(" ".join(text.split()))


def _write_json(value: dict[str, Any]) -> None:
    import json

    _write(json.dumps(value))


def _write(line: str) -> None:
    print(line, file=sys.stderr)
