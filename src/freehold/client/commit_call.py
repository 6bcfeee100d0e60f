"""Sending a commit so that it lands once, whatever happens to the answer.

The call carries an idempotency key, so that it can be sent again when its answer was lost. A hub
that does not know such keys is never sent a commit twice.
"""

from __future__ import annotations

import logging
import uuid

from freehold import wire
from freehold.client.answers import Answer
from freehold.client.calls import parse_with
from freehold.client.capabilities import find_extensions
from freehold.client.commit_body import CommitBody
from freehold.client.commit_info import CommitInfo
from freehold.client.commit_request import CommitRequest
from freehold.client.connections import ConnectionNotMadeError, UnusableConnectionError
from freehold.client.errors import (
    CorruptedFileError,
    HubConnectionError,
    OfflineModeIsEnabled,
    UncertainCommitError,
)
from freehold.client.retries import MAX_RETRIES, pause_before_retry
from freehold.client.targets import Target
from freehold.client.transfers import Transfer
from freehold.errors import (
    HfHubHTTPError,
    InternalError,
    UnavailableError,
    UnprocessableError,
)

logger = logging.getLogger("freehold")

_NOT_SENT = (ConnectionNotMadeError, UnusableConnectionError, OfflineModeIsEnabled)


class CommitCall:
    """One commit, sent to a hub as often as it takes."""

    def __init__(self, target: Target, request: CommitRequest, transfer: Transfer) -> None:
        self._target = target
        self._request = request
        self._transfer = transfer
        self._key = str(uuid.uuid4())

    def send(self, body: CommitBody) -> CommitInfo:
        """The commit that the hub has made.

        Raises what the hub answered, `UncertainCommitError` when it is not known whether the
        commit has landed, and `CorruptedFileError` when it arrived damaged, twice.
        """
        is_damaged = False
        for attempt in range(MAX_RETRIES + 1):
            try:
                return self._read(self._post(body))
            except UnprocessableError as error:
                if is_damaged:
                    raise CorruptedFileError(f"A commit arrived damaged, twice: {error}") from error
                is_damaged = True
                self._transfer.tell("retry", "", 0, body.length())
            except (HubConnectionError, InternalError, UnavailableError) as error:
                if attempt == 0 and _was_not_made(error):
                    raise
                logger.info("The answer to a commit was lost: %s", error)
                self._wait_to_repeat(error, attempt)
                self._transfer.tell("retry", "", 0, body.length())
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: CommitBody) -> Answer:
        target = self._target
        return target.session.request(
            "POST",
            target.url(wire.routes.CREATE_COMMIT, target.query, revision=target.revision),
            headers={
                "content-type": "application/x-ndjson",
                "content-length": str(body.length()),
                "idempotency-key": self._key,
                **({"x-trailing-sha256": "1"} if body.has_digest else {}),
            },
            content=lambda: body.pieces(self._transfer),
            token=target.token,
            timeout=target.stall_seconds,
        )

    def _read(self, answer: Answer) -> CommitInfo:
        data = answer.object()
        info: CommitInfo = parse_with(
            lambda found: self._request.landed(
                found["commitUrl"], found["commitOid"], found.get("pullRequestUrl")
            ),
            data,
        )
        self._transfer.tell("commit", info.oid)
        return info

    def _wait_to_repeat(self, error: Exception, attempt: int) -> None:
        """Returns when the commit may be sent again; else raises `UncertainCommitError`.

        An answer of the hub itself, that it has failed, is raised as it is.
        """
        assert isinstance(error, HfHubHTTPError | HubConnectionError)
        pause = pause_before_retry(error, attempt, may_repeat=True)
        if pause is not None and self._knows_keys():
            self._transfer.sleep(pause)
        elif isinstance(error, InternalError):
            raise error
        else:
            place = "pull requests" if self._target.create_pr else "history"
            raise UncertainCommitError(
                f"The answer to the commit was lost ({error}). Look at the {place} of"
                f" {self._target.repo_id} before you try again: it may have landed."
            ) from error

    def _knows_keys(self) -> bool:
        """Whether the hub does not make a commit again under its key; False if it cannot be asked.

        What it can do may not be known yet when the commit was the first thing that it was told.
        """
        target = self._target
        try:
            if target.session.capabilities_path is None:
                route = wire.routes.REPO_INFO_AT_REVISION
                target.call(route, revision=target.revision, query={"expand": ["sha"]})
            return bool(find_extensions(target.session).idempotency_key)
        except (HubConnectionError, HfHubHTTPError):
            return False


def _was_not_made(error: Exception) -> bool:
    """Whether the hub has certainly not made the commit."""
    if isinstance(error, UnavailableError):
        # Only a hub that knows what it did not do can say when to come back.
        return error.retry_after is not None
    return isinstance(error, _NOT_SENT)
