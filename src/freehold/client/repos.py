"""Repositories: creating, changing, describing and deleting them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from freehold import wire
from freehold.client.calls import parse_with
from freehold.client.deprecation import deprecate
from freehold.client.errors import HFValidationError, InvalidAnswerError
from freehold.client.names import Token, check_repo_id, check_repo_type
from freehold.client.users import Users
from freehold.errors import (
    ConflictError,
    ForbiddenError,
    GatedRepoError,
    NotSupportedError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from freehold.client.answers import Answer
    from freehold.client.info import (
        DatasetInfo,
        KernelInfo,
        ModelInfo,
        RepoInfo,
        SpaceInfo,
    )
    from freehold.client.repo_url import RepoUrl
    from freehold.wire.ids import RepoType
    from freehold.wire.repos import CreateRepo, Gated, Visibility

# What the Hub answers while another call creates the same repository.
_TOO_EARLY = "another conflicting operation is in progress"


class Repos(Users):
    """Calls about whole repositories."""

    def create_repo(
        self,
        repo_id: str,
        token: Token = None,
        private: bool | None = None,
        repo_type: str | None = None,
        exist_ok: bool = False,
        space_sdk: str | None = None,
        space_hardware: str | None = None,
        *,
        visibility: Visibility | None = None,
        timeout: float | None = None,
    ) -> RepoUrl:
        """The address of a new, almost empty repository.

        Without a namespace it is made in that of the token's owner. Raises `ConflictError` when it
        is there already, unless `exist_ok`.
        """
        kind = check_repo_type(repo_type)
        namespace, _, name = check_repo_id(repo_id).rpartition("/")
        body = wire.repos.CreateRepo(
            name=name,
            organization=namespace or None,
            type=None if kind == "model" else kind,
            private=private,
            visibility=visibility,
            sdk=_check_space(kind, space_sdk, space_hardware),
        )
        try:
            return self._repo_url(kind, self._create(body, token, timeout).object())
        except ConflictError as error:
            if exist_ok and "url" in error.body:
                return self._repo_url(kind, error.body)
            raise
        except (ForbiddenError, UnauthorizedError):
            # Somebody who may not create it may still see that it is there.
            if not namespace or not exist_ok:
                raise
            if self.repo_exists(repo_id, repo_type=kind, token=token, timeout=timeout):
                return self._repo_page(kind, repo_id)
            raise

    def _create(self, body: CreateRepo, token: Token, timeout: float | None) -> Answer:
        """Some hubs refuse one of two calls that come at once, and mean that it be made again."""
        from freehold.client.retries import MAX_RETRIES, random_pause

        for attempt in range(MAX_RETRIES + 1):
            try:
                return self._session.call(
                    wire.routes.CREATE_REPO, body=body, token=token, timeout=timeout
                )
            except ConflictError as error:
                if "url" in error.body or _TOO_EARLY not in error.message or attempt == MAX_RETRIES:
                    raise
                time.sleep(random_pause(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _repo_url(self, repo_type: RepoType, answer: dict[str, Any]) -> RepoUrl:
        """The repository that the hub names, at the address at which this client knows the hub.

        The hub may know itself by another one.
        """
        url = answer.get("url")
        repo_id = "/".join(str(url).partition("?")[0].rstrip("/").split("/")[-2:])
        try:
            return self._repo_page(repo_type, repo_id)
        except HFValidationError as error:
            raise InvalidAnswerError("The hub did not say where the repository is.") from error

    def _repo_page(self, repo_type: RepoType, repo_id: str) -> RepoUrl:
        from freehold.client.repo_url import RepoUrl
        from freehold.wire.ids import URL_PREFIXES

        if "/" not in check_repo_id(repo_id):
            raise HFValidationError(f"{repo_id!r} must have the form namespace/name.")
        page = f"{self.endpoint}/{URL_PREFIXES[repo_type]}{repo_id}"
        return RepoUrl(page, endpoint=self.endpoint)

    def delete_repo(
        self,
        repo_id: str,
        token: Token = None,
        repo_type: str | None = None,
        *,
        missing_ok: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Deletes the repository and all it holds, for ever.

        Raises `RepositoryNotFoundError` unless `missing_ok`.
        """
        namespace, _, name = check_repo_id(repo_id).rpartition("/")
        body = wire.repos.DeleteRepo(
            name=name, organization=namespace or None, type=check_repo_type(repo_type)
        )
        try:
            self._session.call(wire.routes.DELETE_REPO, body=body, token=token, timeout=timeout)
        except RepositoryNotFoundError:
            if not missing_ok:
                raise

    def move_repo(
        self,
        from_id: str,
        to_id: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Renames the repository, or hands it to another namespace; the old id leads to the new.

        Raises `ConflictError` when the new id is taken.
        """
        for repo_id in (from_id, to_id):
            if "/" not in check_repo_id(repo_id):
                raise HFValidationError(f"{repo_id!r} must have the form namespace/name.")
        body = wire.repos.MoveRepo(
            from_repo=from_id, to_repo=to_id, type=check_repo_type(repo_type)
        )
        self._session.call(wire.routes.MOVE_REPO, body=body, token=token, timeout=timeout)

    def update_repo_settings(
        self,
        repo_id: str,
        *,
        gated: Gated | None = None,
        private: bool | None = None,
        visibility: Visibility | None = None,
        discussions_disabled: bool | None = None,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Changes what is given, and returns the settings that were changed.

        `gated` is "auto", "manual" or False; `discussions_disabled` closes discussions and pull
        requests. Raises `HFValidationError` when nothing is given.
        """
        given = {
            "gated": gated,
            "private": private,
            "visibility": visibility,
            "discussions_disabled": discussions_disabled,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            raise HFValidationError("Nothing to change: give a setting.")
        return self._put_settings(repo_id, repo_type, changes, token, timeout)

    def _put_settings(
        self,
        repo_id: str,
        repo_type: str | None,
        changes: dict[str, Any],
        token: Token,
        timeout: float | None,
    ) -> dict[str, Any]:
        answer = self._session.call(
            wire.routes.UPDATE_REPO_SETTINGS,
            repo_id=repo_id,
            repo_type=repo_type,
            body=wire.repos.UpdateRepoSettings(**changes),
            token=token,
            timeout=timeout,
        )
        return answer.object()

    def update_repo_visibility(
        self,
        repo_id: str,
        private: bool = False,
        token: Token = None,
        organization: str | None = None,
        repo_type: str | None = None,
        name: str | None = None,
        *,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """The old name of `update_repo_settings(private=…)`."""
        deprecate("update_repo_visibility", "use update_repo_settings(private=…)")
        if organization is not None or name is not None:
            repo_id = f"{organization}/{name or repo_id}" if organization else name or repo_id
        return self._put_settings(repo_id, repo_type, {"private": private}, token, timeout)

    def duplicate_repo(
        self,
        from_id: str,
        to_id: str | None = None,
        *,
        repo_type: str | None = None,
        private: bool | None = None,
        visibility: Visibility | None = None,
        token: Token = None,
        exist_ok: bool = False,
        timeout: float | None = None,
    ) -> RepoUrl:
        """The address of a copy, made on the hub; in the token owner's namespace by default.

        Raises `ConflictError` when the copy is there already, unless `exist_ok`.
        """
        name = from_id.rpartition("/")[2] if to_id is None else to_id
        target = self.get_full_repo_name(name, token=token, timeout=timeout)
        body = wire.repos.DuplicateRepo(repository=target, private=private, visibility=visibility)
        try:
            made = self._session.call(
                wire.routes.DUPLICATE_REPO,
                repo_id=from_id,
                repo_type=repo_type,
                body=body,
                token=token,
                timeout=timeout,
            )
        except ConflictError as error:
            if exist_ok and "url" in error.body:
                return self._repo_url(check_repo_type(repo_type), error.body)
            raise
        return self._repo_url(check_repo_type(repo_type), made.object())

    def repo_info(
        self,
        repo_id: str,
        revision: str | None = None,
        repo_type: str | None = None,
        timeout: float | None = None,
        files_metadata: bool = False,
        token: Token = None,
        *,
        expand: Sequence[str] | str | None = None,
    ) -> ModelInfo | DatasetInfo | SpaceInfo | KernelInfo:
        """What the hub tells about the repository at a revision.

        With `files_metadata` each file has its size and ids; `expand` limits the answer to the
        named properties. Raises `RepositoryNotFoundError`, `RevisionNotFoundError`.
        """
        query = {"blobs": files_metadata or None, "expand": _as_list(expand)}
        return self._info(repo_id, revision, repo_type, query, token, timeout)  # type: ignore[return-value]

    def _info(
        self,
        repo_id: str,
        revision: str | None,
        repo_type: str | None,
        query: dict[str, Any],
        token: Token,
        timeout: float | None,
    ) -> RepoInfo:
        from freehold.client.info import INFO_TYPES

        if query.get("expand") and (query.get("blobs") or query.get("securityStatus")):
            raise HFValidationError("expand cannot be used with files_metadata or securityStatus.")
        if revision is None:
            route, where = wire.routes.REPO_INFO, {}
        else:
            route, where = wire.routes.REPO_INFO_AT_REVISION, {"revision": revision}
        url = self._session.url(route, repo_id, repo_type, query, **where)
        answer = self._session.request("GET", url, token=token, timeout=timeout)
        shape = INFO_TYPES[check_repo_type(repo_type)]
        found: RepoInfo = parse_with(partial(_read_info, shape), answer.object())
        return found

    def model_info(
        self,
        repo_id: str,
        revision: str | None = None,
        timeout: float | None = None,
        securityStatus: bool | None = None,  # noqa: N803 - the documented name
        files_metadata: bool = False,
        token: Token = None,
        *,
        expand: Sequence[str] | str | None = None,
    ) -> ModelInfo:
        """`repo_info` of a model; `securityStatus` adds what scans have found."""
        query = {
            "blobs": files_metadata or None,
            "securityStatus": securityStatus,
            "expand": _as_list(expand),
        }
        return self._info(repo_id, revision, "model", query, token, timeout)  # type: ignore[return-value]

    def dataset_info(
        self,
        repo_id: str,
        revision: str | None = None,
        timeout: float | None = None,
        files_metadata: bool = False,
        token: Token = None,
        *,
        expand: Sequence[str] | str | None = None,
    ) -> DatasetInfo:
        """`repo_info` of a dataset."""
        return self.repo_info(  # type: ignore[return-value]
            repo_id, revision, "dataset", timeout, files_metadata, token, expand=expand
        )

    def space_info(
        self,
        repo_id: str,
        revision: str | None = None,
        timeout: float | None = None,
        files_metadata: bool = False,
        token: Token = None,
        *,
        expand: Sequence[str] | str | None = None,
    ) -> SpaceInfo:
        """`repo_info` of a Space."""
        return self.repo_info(  # type: ignore[return-value]
            repo_id, revision, "space", timeout, files_metadata, token, expand=expand
        )

    def repo_exists(
        self,
        repo_id: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Whether the repository exists, as far as the token may know."""
        try:
            self._info(repo_id, None, repo_type, {}, token, timeout)
        except GatedRepoError:
            return True
        except RepositoryNotFoundError:
            return False
        return True

    def revision_exists(
        self,
        repo_id: str,
        revision: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Whether the repository exists and has the branch, tag or commit."""
        try:
            self._info(repo_id, revision, repo_type, {}, token, timeout)
        except GatedRepoError:
            return True
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return False
        return True


def _read_info(shape: type[RepoInfo], data: Mapping[str, Any]) -> RepoInfo:
    return shape(**{**data, "id": data.get("id") or data["modelId"]})


def _check_space(repo_type: str, sdk: str | None, hardware: str | None) -> str | None:
    """The kit that a new Space is made with; other repositories have none."""
    if hardware is not None:
        raise NotSupportedError("The hardware of a Space cannot be chosen yet.")
    if repo_type == "space" and sdk is None:
        raise HFValidationError("A Space needs space_sdk: gradio, docker, static or streamlit.")
    return sdk if repo_type == "space" else None


def _as_list(names: Sequence[str] | str | None) -> list[str]:
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)
