"""Access to gated repositories: asking for it, and deciding about those who ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from freehold import wire
from freehold.client.calls import Caller, parse_with, require_text
from freehold.client.errors import HFValidationError
from freehold.client.names import Token

if TYPE_CHECKING:
    from freehold.client.info import AccessRequest
    from freehold.wire.access_requests import RequestStatus


class AccessRequests(Caller):
    """Calls about who may read the files of a gated repository."""

    def ask_access(
        self,
        repo_id: str,
        *,
        fields: Mapping[str, str | bool] | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AccessRequest:
        """The request of the token's owner, as it is after this: `accepted`, or still `pending`.

        `fields` are the answers to `extra_gated_fields` of the card by their labels, True for a box
        that is ticked. Only a hub of this package takes requests from programs. Raises
        `BadRequestError` for a form that is not filled in, `GatedRepoError` after a rejection.
        """
        from freehold.client.info import AccessRequest

        answer = self._session.call(
            wire.community_routes.ASK_ACCESS,
            repo_id=repo_id,
            repo_type=repo_type,
            body={label: _to_text(text) for label, text in (fields or {}).items()},
            token=token,
            timeout=timeout,
            # Who asks twice has asked once.
            repeatable=True,
        )
        asked: AccessRequest = parse_with(AccessRequest.parse, answer.object())
        return asked

    def list_pending_access_requests(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[AccessRequest]:
        """The requests that wait for a decision; pages are asked for as they are needed.

        Raises `BadRequestError` without a gate, `ForbiddenError` without the right to write.
        """
        yield from self._list_access_requests("pending", repo_id, repo_type, token, timeout)

    def list_accepted_access_requests(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[AccessRequest]:
        """The requests of those who may read the files; raises as the list of pending ones does."""
        yield from self._list_access_requests("accepted", repo_id, repo_type, token, timeout)

    def list_rejected_access_requests(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[AccessRequest]:
        """The requests that were rejected; raises as the list of pending ones does."""
        yield from self._list_access_requests("rejected", repo_id, repo_type, token, timeout)

    def _list_access_requests(
        self,
        status: RequestStatus,
        repo_id: str,
        repo_type: str | None,
        token: Token,
        timeout: float | None,
    ) -> Iterator[AccessRequest]:
        from freehold.client.info import AccessRequest

        route = wire.community_routes.LIST_ACCESS_REQUESTS
        url = self._session.url(route, repo_id, repo_type, status=status)
        for item in self._session.pages(url, token=token, timeout=timeout):
            yield parse_with(AccessRequest.parse, item)

    def accept_access_request(
        self,
        repo_id: str,
        user: str | None = None,
        *,
        request_id: str | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> None:
        """Lets somebody in who has asked, named by `user` or by `request_id`.

        Raises `NotFoundError` when there is no such request, or it is accepted already.
        """
        named = _name_one(user, request_id)
        self._handle_access_request("accepted", named, None, repo_id, repo_type, token, timeout)

    def reject_access_request(
        self,
        repo_id: str,
        user: str | None = None,
        *,
        request_id: str | None = None,
        repo_type: str | None = None,
        rejection_reason: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> None:
        """Keeps somebody out, who cannot ask again; raises as `accept_access_request` does.

        They are told the `rejection_reason`, a line of at most 200 characters.
        """
        named = _name_one(user, request_id)
        self._handle_access_request(
            "rejected", named, rejection_reason, repo_id, repo_type, token, timeout
        )

    def cancel_access_request(
        self,
        repo_id: str,
        user: str | None = None,
        *,
        request_id: str | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> None:
        """Puts a request back among those that wait, and ends the access that it gave.

        Raises as `accept_access_request` does.
        """
        named = _name_one(user, request_id)
        self._handle_access_request("pending", named, None, repo_id, repo_type, token, timeout)

    def _handle_access_request(
        self,
        status: RequestStatus,
        named: Mapping[str, str],
        reason: str | None,
        repo_id: str,
        repo_type: str | None,
        token: Token,
        timeout: float | None,
    ) -> None:
        self._session.call(
            wire.community_routes.HANDLE_ACCESS_REQUEST,
            repo_id=repo_id,
            repo_type=repo_type,
            body=wire.access_requests.HandleAccessRequest(
                status=status, rejection_reason=reason, **named
            ),
            token=token,
            timeout=timeout,
        )

    def grant_access(
        self,
        repo_id: str,
        user: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> None:
        """Lets somebody in who has not asked.

        Raises `NotFoundError` for an unknown user, `BadRequestError` for one who has asked or has
        access already.
        """
        self._session.call(
            wire.community_routes.GRANT_ACCESS,
            repo_id=repo_id,
            repo_type=repo_type,
            body=wire.access_requests.GrantAccess(user=require_text("user", user)),
            token=token,
            timeout=timeout,
        )


def _name_one(user: str | None, request_id: str | None) -> dict[str, str]:
    given = {"user": user, "request_id": request_id}
    named = {name: require_text(name, text) for name, text in given.items() if text is not None}
    if len(named) != 1:
        raise HFValidationError("A request is named by one of user and request_id.")
    return named


def _to_text(value: str | bool) -> str:
    """An answer as a form sends it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise HFValidationError(f"A field is a text, or True for a ticked box, not {value!r}.")
    return value
