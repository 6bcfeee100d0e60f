"""What can go wrong in the client without an error answer of a hub.

    FreeholdError
    ├── HubConnectionError          no answer: the hub cannot be reached, or went away
    │   ├── HubTimeoutError         it took longer than the timeout
    │   └── OfflineModeIsEnabled    no request is made in offline mode
    ├── InvalidAnswerError          an answer that is not what the protocol says
    ├── UncertainCommitError        the answer to a commit was lost: it may have landed
    ├── CorruptedFileError          bytes that do not have the digest that they should have
    ├── TransferCancelledError      the caller stopped an upload or a download
    ├── HFValidationError           an argument that no hub would accept
    ├── InvalidCardError            a card whose metadata cannot be read, or is not valid
    ├── MetadataConflictError       a card that has another value already
    ├── LocalFileError              a file or folder of this machine that cannot be used
    │   └── FileChangedError        it changed while it was being uploaded
    ├── LocalTokenNotFoundError     a token is needed, and none was given or saved
    ├── GitError                    git has failed
    │   ├── GitMissingError         git is not installed
    │   └── GitCredentialError      git could not be given, or asked for, a token
    ├── CacheNotFound               there is no such cache folder
    └── CorruptedCacheException     a part of the cache is not as it should be

`LocalEntryNotFoundError` is an `EntryNotFoundError`: the file is not in the cache, and the hub
could not be asked. `CloneSourceNotFoundError` is both a `RepositoryNotFoundError` and an
`EntryNotFoundError`. Names without `Error` at their end are those that scripts already catch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freehold.errors import EntryNotFoundError, FreeholdError, RepositoryNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freehold.formats.repocard import CardIssue


class HubConnectionError(FreeholdError, ConnectionError):
    """The hub cannot be reached, or the connection to it broke."""


class HubTimeoutError(HubConnectionError, TimeoutError):
    """The hub did not answer, or stopped sending, for longer than the timeout."""


class OfflineModeIsEnabled(HubConnectionError):  # noqa: N818 - the name that scripts know
    """A request would be needed, and `HF_HUB_OFFLINE` forbids it."""


class InvalidAnswerError(FreeholdError, ValueError):
    """The answer is not what the protocol says, such as an HTML page or half a JSON text."""


class UncertainCommitError(HubConnectionError):
    """The answer to a commit was lost, and this hub cannot tell whether it has landed.

    Nothing was sent again. Look at the history of the branch before you repeat the call.
    """


class CorruptedFileError(FreeholdError, OSError):
    """The bytes do not have the digest that the hub gave for them, also when fetched again."""


class TransferCancelledError(FreeholdError):
    """The caller cancelled; what was already sent or fetched is kept to resume from."""


class HFValidationError(FreeholdError, ValueError):
    """An argument breaks a rule that every hub has; no request was made."""


class InvalidCardError(FreeholdError, ValueError):
    """The metadata of a card cannot be read, or is not valid; nothing was changed.

    `issues` has what is wrong, each with `message`, `line` and `column` where they are known.
    """

    def __init__(self, message: str, issues: Sequence[CardIssue] = ()) -> None:
        super().__init__(message)
        self.issues = tuple(issues)


class MetadataConflictError(FreeholdError, ValueError):
    """The card has another value for the same field or metric, which `overwrite` would replace."""


class LocalFileError(FreeholdError, ValueError, OSError):
    """A file or folder of this machine is missing, unreadable or of the wrong kind."""


class FileChangedError(LocalFileError):
    """A file changed while it was being uploaded; nothing of it was committed."""


class LocalTokenNotFoundError(FreeholdError, OSError):
    """A token is needed, and none was given, found in the environment or saved for this hub."""


class GitError(FreeholdError, OSError):
    """git could not be run, or failed: the message has its last lines, and never a token."""


class GitMissingError(GitError):
    """git is needed, and is not installed."""


class GitCredentialError(GitError):
    """git is missing, has no credential helper, or its helper did not keep the token."""


class LocalEntryNotFoundError(EntryNotFoundError, FileNotFoundError):
    """The file is not in the cache, and the hub was not, or could not be, asked."""

    code = None
    default_message = "The file is not in the cache."

    def __init__(self, message: str | None = None) -> None:
        EntryNotFoundError.__init__(self, message)


class CloneSourceNotFoundError(RepositoryNotFoundError, EntryNotFoundError):
    """There is no such repository to clone, or the caller may not know that there is.

    It is both errors, because scripts that clone first and create what is missing catch either.
    """

    code: str | None = RepositoryNotFoundError.code

    @classmethod
    def of(cls, error: RepositoryNotFoundError) -> CloneSourceNotFoundError:
        """The same answer of the hub as this error."""
        made = cls(error.message, status=error.status, headers=error.headers, body=error.body)
        made.code, made.response = error.code, error.response
        return made


class CacheNotFound(FreeholdError, FileNotFoundError):  # noqa: N818 - the name that scripts know
    """There is no cache at that path; `cache_dir` is the path."""

    def __init__(self, message: str, cache_dir: object = None) -> None:
        super().__init__(message)
        self.cache_dir = cache_dir


class CorruptedCacheException(FreeholdError):  # noqa: N818 - the name that scripts know
    """A part of the cache is not as the layout says; it is listed as a warning, not raised."""
