"""Commits: files added, deleted and copied, each time as one change that lands or does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from freehold.client.files import Files
from freehold.client.names import Token
from freehold.errors import EntryNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from freehold.client.commit_info import CommitInfo
    from freehold.client.commit_request import CommitRequest
    from freehold.client.events import Cancellation, OnEvent
    from freehold.client.folders import Folder
    from freehold.client.info import RepoFile
    from freehold.client.operations import (
        CommitOperation,
        CommitOperationAdd,
        CommitOperationCopy,
        CommitOperationDelete,
    )
    from freehold.client.targets import Target
    from freehold.client.transfers import Transfer

F = TypeVar("F", bound=Callable[..., Any])

# Deleting it along with everything else would turn large files into small ones.
_ATTRIBUTES = ".gitattributes"


def _may_run_as_future(method: F) -> F:
    """The method, which with `run_as_future=True` returns a future at once.

    The type is that of what the future will hold: signatures would double otherwise.
    """

    @wraps(method)
    def call(self: Commits, *args: Any, run_as_future: bool = False, **named: Any) -> Any:
        if not run_as_future:
            return method(self, *args, **named)
        from freehold.client.futures import submit

        return submit(self, method, self, *args, **named)

    return cast("F", call)


class Commits(Files):
    """Calls that change files.

    Their common arguments: `commit_message` (the first line) and `commit_description` (the rest);
    `parent_commit`, the id that the branch must still have, else `PreconditionFailedError`;
    `rebase`, to commit all the same when only other paths have changed since; `create_pr`, to open
    a pull request with the commit instead, for which it is enough to be able to read the files (it
    goes on at `pr_revision` of the answer; none is opened when nothing would change);
    `num_threads`, how many files are sent at once; `run_as_future`, to get a future at once. A
    call that is cancelled or breaks off can be repeated: what was sent is not sent again, and a
    commit that has landed all the same is found to be there.
    """

    @_may_run_as_future
    def create_commit(
        self,
        repo_id: str,
        operations: Iterable[CommitOperation],
        commit_message: str,
        commit_description: str | None = None,
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        create_pr: bool | None = None,
        num_threads: int = 5,
        parent_commit: str | None = None,
        *,
        rebase: bool = False,
        run_as_future: bool = False,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> CommitInfo:
        """One commit with all operations, or nothing at all when one of them is refused.

        Files that the branch holds just so already are left out; when nothing is left the head of
        the branch is returned. Files may be of any size: none is held in memory. Deletions come
        first, so what is deleted and added is there afterwards. Raises `HFValidationError` for an
        empty message, `RepositoryNotFoundError`, `RevisionNotFoundError`, `EntryNotFoundError` for
        a deletion or a copy of what is not there, `FileChangedError`, `CorruptedFileError`,
        `UncertainCommitError`.
        """
        target, transfer = self._prepare(
            repo_id, repo_type, revision, token, timeout, create_pr, num_threads, on_event, cancel
        )
        request = _check_request(commit_message, commit_description, parent_commit, rebase)
        return transfer.run(lambda: self._commit(target, request, transfer, operations))

    def _prepare(
        self,
        repo_id: str,
        repo_type: str | None,
        revision: str | None,
        token: Token,
        timeout: float | None,
        create_pr: bool | None = None,
        num_threads: int = 1,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> tuple[Target, Transfer]:
        """Where to, and how."""
        from freehold.client.targets import Target
        from freehold.client.transfers import Transfer

        target = Target.of(self._session, repo_id, repo_type, revision, token, timeout, create_pr)
        return target, Transfer(num_threads, on_event, cancel)

    def _commit(
        self,
        target: Target,
        request: CommitRequest,
        transfer: Transfer,
        operations: Iterable[CommitOperation],
    ) -> CommitInfo:
        from freehold.client.operations import sort_operations
        from freehold.client.upload import Upload

        additions, deletions, copies = sort_operations(operations)
        found = self._find_copied(target, copies)
        upload = Upload(target, request, transfer)
        landed = upload.commit(additions, deletions, found)
        return landed or request.unchanged(target, upload.head or self._head_oid(target))

    def _head_oid(self, target: Target) -> str:
        info = self.repo_info(
            target.repo_id,
            target.revision,
            target.repo_type,
            target.timeout,
            token=target.token,
            expand=["sha"],
        )
        return info.sha or ""

    def _find_copied(
        self, target: Target, copies: Sequence[CommitOperationCopy]
    ) -> list[tuple[CommitOperationCopy, RepoFile | bytes]]:
        """What each copy copies: a large file by its digest, any other by its bytes."""
        from freehold import wire

        places = [(copy.src_revision or target.revision, copy.src_path_in_repo) for copy in copies]
        revisions = {revision for revision, _ in places}
        files = {revision: self._find_files(target, revision, places) for revision in revisions}
        found: list[tuple[CommitOperationCopy, RepoFile | bytes]] = []
        for copy, (revision, path) in zip(copies, places, strict=True):
            file = files[revision].get(path)
            if file is None:
                raise EntryNotFoundError(f"There is no file {path!r} at {revision!r} to copy.")
            if file.lfs is not None:
                found.append((copy, file))
            else:
                url = target.url(wire.routes.RESOLVE, revision=revision, path=path)
                answer = target.session.request(
                    "GET", url, token=target.token, timeout=target.timeout
                )
                found.append((copy, answer.content))
        return found

    def _find_files(
        self, target: Target, revision: str, places: Sequence[tuple[str, str]]
    ) -> dict[str, RepoFile]:
        """Those of the places that are files of the revision, by path."""
        from freehold.client.info import RepoFile

        entries = self.get_paths_info(
            target.repo_id,
            [path for wanted, path in places if wanted == revision],
            revision=revision,
            repo_type=target.repo_type,
            token=target.token,
            timeout=target.timeout,
        )
        return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}

    def preupload_lfs_files(
        self,
        repo_id: str,
        additions: Iterable[CommitOperationAdd],
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        create_pr: bool | None = None,
        num_threads: int = 5,
        free_memory: bool = True,
        gitignore_content: str | None = None,
        *,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> None:
        """Sends the large ones of the additions before the commit that names them.

        A later `create_commit` with the same objects does not send them again. With `free_memory`
        the bytes of those that hold their content in memory are let go of.
        """
        from freehold.client.upload import Upload

        target, transfer = self._prepare(
            repo_id, repo_type, revision, token, timeout, create_pr, num_threads, on_event, cancel
        )
        request = _check_request("upload")
        waiting = [addition for addition in additions if addition.sent_sha256 is None]
        upload = Upload(target, request, transfer)
        transfer.run(lambda: upload.send_large(waiting, gitignore_content))
        for addition in waiting if free_memory else []:
            if addition.sent_sha256 and isinstance(addition.path_or_fileobj, bytes):
                addition.path_or_fileobj = b""

    @_may_run_as_future
    def upload_file(
        self,
        path_or_fileobj: str | Path | bytes | BinaryIO,
        path_in_repo: str,
        repo_id: str,
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        commit_description: str | None = None,
        create_pr: bool | None = None,
        parent_commit: str | None = None,
        *,
        rebase: bool = False,
        run_as_future: bool = False,
        num_threads: int = 5,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> CommitInfo:
        """One file, uploaded as one commit; as a text the answer is the address of its page.

        The repository must exist: `create_repo` makes it. An open file is read from where it
        stands. Raises what `create_commit` raises, and `LocalFileError` for a path here that is no
        readable file.
        """
        from freehold.client.operations import CommitOperationAdd

        target, transfer = self._prepare(
            repo_id, repo_type, revision, token, timeout, create_pr, num_threads, on_event, cancel
        )
        addition = CommitOperationAdd(path_in_repo, path_or_fileobj)
        message = commit_message or f"Upload {addition.path_in_repo} with freehold"
        request = _check_request(message, commit_description, parent_commit, rebase)
        info = transfer.run(lambda: self._commit(target, request, transfer, [addition]))
        return info.at_page(target.page_url("blob", addition.path_in_repo, info.pr_revision))

    @_may_run_as_future
    def upload_folder(
        self,
        repo_id: str,
        folder_path: str | Path,
        path_in_repo: str | None = None,
        commit_message: str | None = None,
        commit_description: str | None = None,
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        create_pr: bool | None = None,
        parent_commit: str | None = None,
        allow_patterns: Sequence[str] | str | None = None,
        ignore_patterns: Sequence[str] | str | None = None,
        delete_patterns: Sequence[str] | str | None = None,
        *,
        rebase: bool = False,
        run_as_future: bool = False,
        num_threads: int = 5,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> CommitInfo:
        """A folder, uploaded as one commit; as a text the answer is the address of its page.

        The patterns choose among the paths below the folder; `.git` and `.cache` folders stay.
        `delete_patterns` choose among those below `path_in_repo` what is deleted in the same
        commit, unless it is uploaded. A folder that was not touched since it was last pushed costs
        one request. Raises what `create_commit` raises, and `LocalFileError`.
        """
        from freehold.client.folders import Folder

        target, transfer = self._prepare(
            repo_id, repo_type, revision, token, timeout, create_pr, num_threads, on_event, cancel
        )
        message = commit_message or f"Upload {path_in_repo or 'folder'} with freehold"
        request = _check_request(message, commit_description, parent_commit, rebase)
        folder = Folder.of(
            folder_path, path_in_repo, allow_patterns, ignore_patterns, delete_patterns
        )
        return transfer.run(lambda: self._upload_folder(target, request, transfer, folder))

    def _upload_folder(
        self, target: Target, request: CommitRequest, transfer: Transfer, folder: Folder
    ) -> CommitInfo:
        from freehold.client.pushes import PushMemory

        additions = folder.list_additions()
        memory = PushMemory(target, folder.path_in_repo, additions)
        head = None if folder.delete or target.create_pr else memory.find_commit()
        if head is not None and head == self._head_oid(target):
            info = request.unchanged(target, head)
        else:
            kept = {addition.path_in_repo for addition in additions}
            deletions = self._find_deletions(target, folder.path_in_repo, folder.delete, kept)
            info = self._commit(target, request, transfer, [*additions, *deletions])
            memory.remember(info)
        return info.at_page(target.page_url("tree", folder.path_in_repo, info.pr_revision))

    def _find_deletions(
        self, target: Target, below: str, patterns: Sequence[str] | str | None, kept: set[str]
    ) -> list[CommitOperationDelete]:
        """What the patterns choose among the files below a folder, except those that are kept."""
        from freehold.client.operations import CommitOperationDelete
        from freehold.client.patterns import filter_paths

        if patterns is None:
            return []
        before = f"{below}/" if below else ""
        held = self.list_repo_files(
            target.repo_id, target.revision, target.repo_type, target.timeout, target.token
        )
        inside = [path.removeprefix(before) for path in held if path.startswith(before)]
        chosen = {before + path for path in filter_paths(inside, patterns)} - {*kept, _ATTRIBUTES}
        return [CommitOperationDelete(path, is_folder=False) for path in sorted(chosen)]

    def delete_file(
        self,
        path_in_repo: str,
        repo_id: str,
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        commit_description: str | None = None,
        create_pr: bool | None = None,
        parent_commit: str | None = None,
        *,
        timeout: float | None = None,
    ) -> CommitInfo:
        """Deletes a file, as one commit; raises `EntryNotFoundError` when it is not there."""
        from freehold.client.operations import CommitOperationDelete

        deletion = CommitOperationDelete(path_in_repo, is_folder=False)
        message = commit_message or f"Delete {path_in_repo} with freehold"
        target, transfer = self._prepare(repo_id, repo_type, revision, token, timeout, create_pr)
        request = _check_request(message, commit_description, parent_commit)
        return self._commit(target, request, transfer, [deletion])

    def delete_folder(
        self,
        path_in_repo: str,
        repo_id: str,
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        commit_description: str | None = None,
        create_pr: bool | None = None,
        parent_commit: str | None = None,
        *,
        timeout: float | None = None,
    ) -> CommitInfo:
        """Deletes a folder and all in it, as one commit; raises `EntryNotFoundError`."""
        from freehold.client.operations import CommitOperationDelete

        deletion = CommitOperationDelete(path_in_repo, is_folder=True)
        message = commit_message or f"Delete folder {path_in_repo} with freehold"
        target, transfer = self._prepare(repo_id, repo_type, revision, token, timeout, create_pr)
        request = _check_request(message, commit_description, parent_commit)
        return self._commit(target, request, transfer, [deletion])

    def delete_files(
        self,
        repo_id: str,
        delete_patterns: Sequence[str] | str,
        token: Token = None,
        repo_type: str | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        commit_description: str | None = None,
        create_pr: bool | None = None,
        parent_commit: str | None = None,
        *,
        timeout: float | None = None,
    ) -> CommitInfo:
        """Deletes the files that the patterns choose, as one commit.

        The `.gitattributes` of the root stays. When they choose none, nothing is committed and the
        head of the branch is returned.
        """
        target, transfer = self._prepare(repo_id, repo_type, revision, token, timeout, create_pr)
        message = commit_message or "Delete files with freehold"
        request = _check_request(message, commit_description, parent_commit)
        deletions = self._find_deletions(target, "", delete_patterns, set())
        return self._commit(target, request, transfer, deletions)


def _check_request(
    message: str,
    description: str | None = None,
    parent_commit: str | None = None,
    rebase: bool = False,
) -> CommitRequest:
    from freehold.client.commit_request import CommitRequest

    return CommitRequest.of(message, description, parent_commit, rebase)
