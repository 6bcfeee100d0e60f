"""Every error that crosses the wire, with its HTTP status and `X-Error-Code`.

The server raises these classes; the edge turns them into an answer. The client looks an answer up
in the same table and raises the same class. What can go wrong without an answer is in
`freehold.client.errors`.

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
        ├── NotSupportedError              501
        └── UnavailableError               503  (502 and 504 from what stands before a hub)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class FreeholdError(Exception):
    """Any error that Freehold raises on purpose."""


class HfHubHTTPError(FreeholdError, OSError):
    """An error answer of a hub: `status`, `code` (the `X-Error-Code`) and `message`.

    In the server `headers` are sent besides the standard ones, and `body` adds fields to the JSON
    object. In the client they are those of the answer, and `response` is the answer itself.
    Scripts catch failed calls as `OSError`, as they do for other HTTP clients.
    """

    status: int = 500
    response: Any = None
    code: str | None = None
    default_message: ClassVar[str] = "The hub could not answer this request."
    default_hint: ClassVar[str | None] = None

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

    def __str__(self) -> str:
        """The message; in the client also the call that failed, its request id and what to do."""
        if self.response is None:
            return self.message
        about = f"{self.status} for {self.response.method} {self.response.shown_url}"
        if self.request_id is not None:
            about += f", request id {self.request_id}"
        return f"{self.message} ({about})" + (f" {self.hint}" if self.hint else "")

    @property
    def server_message(self) -> str:
        """What the hub said, without anything that was added here."""
        return self.message

    @property
    def request_id(self) -> str | None:
        """The id under which the hub's log holds this request."""
        return self.headers.get("x-request-id") or self.headers.get("x-amzn-trace-id")

    @property
    def retry_after(self) -> float | None:
        """The seconds after which the hub wants to be asked again, when it said so."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdecimal():
            return float(text)
        return _seconds_until(text) if text else None

    @property
    def hint(self) -> str | None:
        """What the caller can do about it, when that is known."""
        return self.default_hint


def _seconds_until(moment: str) -> float | None:
    """The seconds until a date of HTTP, 0 when it is over; None when it is no date."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        then = parsedate_to_datetime(moment)
    except (ValueError, OverflowError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


class BadRequestError(HfHubHTTPError, ValueError):
    """The request is malformed or breaks a rule; nothing was changed."""

    status = 400
    default_message = "Bad request"


class UnauthorizedError(HfHubHTTPError):
    """The call needs a valid token."""

    status = 401
    default_message = "Invalid username or password."
    default_hint = "Log in with `freehold login`, or pass a valid `token`."

    @property
    def hint(self) -> str | None:
        """How to log in at the hub that answered."""
        if self.response is None:
            return self.default_hint
        hub = "/".join(self.response.shown_url.split("/")[:3])
        return f"Log in with `freehold login --endpoint {hub}`, or pass a valid `token`."


class ForbiddenError(HfHubHTTPError):
    """The caller is known and may not do this."""

    status = 403
    default_message = "You don't have the rights required for this action."
    default_hint: ClassVar[str | None] = (
        "A token with the role `write`, of an account that may do this, is needed."
    )


class DisabledRepoError(ForbiddenError):
    """The repository was disabled by the hub's operators."""

    default_message = "Access to this resource is disabled."
    default_hint = None


class NotFoundError(HfHubHTTPError):
    """No such route or API object."""

    status = 404
    default_message = "Sorry, we can't find the page you are looking for."


class RepositoryNotFoundError(HfHubHTTPError):
    """The repository does not exist, or the caller may not know that it does."""

    status = 404
    code: str | None = "RepoNotFound"
    default_message = "Repository not found"
    default_hint = (
        "Check `repo_id` and `repo_type`; a private repository is only found with a token of"
        " somebody who may see it. `create_repo` makes a new one."
    )


class GatedRepoError(RepositoryNotFoundError):
    """The repository exists, and its files are only for accounts that were granted access."""

    status = 403
    code = "GatedRepo"
    default_message = "Access to this repository is restricted."
    default_hint = "Log in and ask its authors for access, on its page or by `ask_access`."


class RevisionNotFoundError(HfHubHTTPError):
    """The repository has no such branch, tag or commit."""

    status = 404
    code = "RevisionNotFound"
    default_message = "Invalid rev id"


class EntryNotFoundError(HfHubHTTPError):
    """The revision has no such file or folder."""

    status = 404
    code: str | None = "EntryNotFound"
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
    default_hint = "Pass `rebase=True` to commit anyway when nobody changed the same paths."


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


class UnavailableError(HfHubHTTPError):
    """The hub, or what stands before it, cannot answer now; later it may."""

    status = 503
    default_message = "The hub is not available now: please try again later."
