"""Every error that crosses the wire, with its HTTP status and `X-Error-Code`.

The server raises these classes; the edge turns them into an answer. The client looks an answer up
in the same table and raises the same class.

    FreeholdError
    └── HfHubHTTPError                     any error answer of a hub
        ├── BadRequestError                400
        ├── UnauthorizedError              401
        ├── ForbiddenError                 403
        │   └── DisabledRepoError          403
        ├── NotFoundError                  404  no such route or API object
        ├── RepositoryNotFoundError        404  RepoNotFound (401 to a stranger)
        │   └── GatedRepoError             403  GatedRepo (401 to a stranger)
        ├── RevisionNotFoundError          404  RevisionNotFound
        ├── EntryNotFoundError             404  EntryNotFound
        ├── MethodNotAllowedError          405
        ├── ConflictError                  409
        ├── PreconditionFailedError        412
        ├── PayloadTooLargeError           413
        ├── RangeNotSatisfiableError       416
        ├── UnprocessableError             422
        ├── TooManyRequestsError           429
        ├── InternalError                  500
        └── NotSupportedError              501
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class FreeholdError(Exception):
    """Any error that Freehold raises on purpose."""


class HfHubHTTPError(FreeholdError):
    """An error answer of a hub: `status`, `code` (the `X-Error-Code`) and `message`.

    `headers` are sent besides the standard ones, and `body` adds fields to the JSON object.
    """

    status: int = 500
    code: ClassVar[str | None] = None
    default_message: ClassVar[str] = "The hub could not answer this request."

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.status = status or type(self).status
        self.headers = dict(headers or {})
        self.body = dict(body or {})
        super().__init__(self.message)


class BadRequestError(HfHubHTTPError):
    """The request is malformed or breaks a rule; nothing was changed."""

    status = 400
    default_message = "Bad request"


class UnauthorizedError(HfHubHTTPError):
    """The call needs a valid token."""

    status = 401
    default_message = "Invalid username or password."


class ForbiddenError(HfHubHTTPError):
    """The caller is known and may not do this."""

    status = 403
    default_message = "You don't have the rights required for this action."


class DisabledRepoError(ForbiddenError):
    """The repository was disabled by the hub's operators."""

    default_message = "Access to this resource is disabled."


class NotFoundError(HfHubHTTPError):
    """No such route or API object."""

    status = 404
    default_message = "Sorry, we can't find the page you are looking for."


class RepositoryNotFoundError(HfHubHTTPError):
    """The repository does not exist, or the caller may not know that it does."""

    status = 404
    code = "RepoNotFound"
    default_message = "Repository not found"


class GatedRepoError(RepositoryNotFoundError):
    """The repository exists, and its files are only for accounts that were granted access."""

    status = 403
    code = "GatedRepo"
    default_message = "Access to this repository is restricted."


class RevisionNotFoundError(HfHubHTTPError):
    """The repository has no such branch, tag or commit."""

    status = 404
    code = "RevisionNotFound"
    default_message = "Invalid rev id"


class EntryNotFoundError(HfHubHTTPError):
    """The revision has no such file or folder."""

    status = 404
    code = "EntryNotFound"
    default_message = "Entry not found"


class MethodNotAllowedError(HfHubHTTPError):
    """The path exists with another HTTP method."""

    status = 405
    default_message = "Method not allowed"


class ConflictError(HfHubHTTPError):
    """The thing to create is already there, or the state forbids the change."""

    status = 409
    default_message = "Conflict"


class PreconditionFailedError(HfHubHTTPError):
    """The branch has moved since the commit that the caller named."""

    status = 412
    default_message = "A commit has happened since. Please refresh and try again."


class PayloadTooLargeError(HfHubHTTPError):
    """The body, or a list in it, is over the limit."""

    status = 413
    default_message = "Payload too large"


class RangeNotSatisfiableError(HfHubHTTPError):
    """The asked byte range lies outside the file."""

    status = 416
    default_message = "Range not satisfiable"


class UnprocessableError(HfHubHTTPError):
    """The content does not match what was declared for it (size or digest)."""

    status = 422
    default_message = "Unprocessable content"


class TooManyRequestsError(HfHubHTTPError):
    """The caller has to wait; `Retry-After` says how many seconds."""

    status = 429
    default_message = "Too many requests"


class InternalError(HfHubHTTPError):
    """The hub failed; its log holds the cause under the request id."""

    default_message = "Internal error"


class NotSupportedError(HfHubHTTPError):
    """The call is part of the protocol, and this hub does not offer it yet."""

    status = 501
    default_message = "This hub does not offer this call yet."
