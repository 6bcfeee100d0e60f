"""Files and folders of a repository: what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from freehold import wire
from freehold.client.calls import parse_with, require_text
from freehold.client.names import Token
from freehold.client.refs import MAIN, Refs
from freehold.errors import (
    EntryNotFoundError,
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

if TYPE_CHECKING:
    from freehold.client.info import LFSFileInfo, RepoFile, RepoFolder

# Every hub takes at least this many paths in one question.
PATHS_PER_CALL = 500


class Files(Refs):
    """Calls about the files of a repository."""

    def list_repo_files(
        self,
        repo_id: str,
        revision: str | None = None,
        repo_type: str | None = None,
        timeout: float | None = None,
        token: Token = None,
    ) -> list[str]:
        """The paths of all files of a revision."""
        from freehold.client.info import RepoFile

        entries = self.list_repo_tree(
            repo_id,
            recursive=True,
            revision=revision,
            repo_type=repo_type,
            token=token,
            timeout=timeout,
        )
        return [entry.path for entry in entries if isinstance(entry, RepoFile)]

    def list_repo_tree(
        self,
        repo_id: str,
        path_in_repo: str | None = None,
        *,
        recursive: bool = False,
        expand: bool = False,
        revision: str | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[RepoFile | RepoFolder]:
        """The files and folders of a folder, or with `recursive` of everything below it.

        Pages are asked for as they are needed. With `expand` each has its last commit. Raises
        `EntryNotFoundError` when the folder is not there.
        """
        from freehold.client.info import parse_entry

        url = self._session.url(
            wire.routes.LIST_REPO_TREE,
            repo_id,
            repo_type,
            {"recursive": recursive, "expand": expand},
            revision=revision or MAIN,
            path=(path_in_repo or "").strip("/"),
        )
        for item in self._session.pages(url, token=token, timeout=timeout):
            yield parse_with(parse_entry, item)

    def get_paths_info(
        self,
        repo_id: str,
        paths: Sequence[str] | str,
        *,
        expand: bool = False,
        revision: str | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[RepoFile | RepoFolder]:
        """Those of the paths that exist, as files or folders; the others are left out."""
        from freehold.client.info import parse_entry

        wanted = [paths] if isinstance(paths, str) else list(paths)
        found: list[RepoFile | RepoFolder] = []
        for start in range(0, len(wanted), PATHS_PER_CALL):
            body = wire.files.PathsInfo(paths=wanted[start : start + PATHS_PER_CALL], expand=expand)
            items = self._session.call(
                wire.routes.GET_PATHS_INFO,
                repo_id=repo_id,
                repo_type=repo_type,
                revision=revision or MAIN,
                body=body,
                token=token,
                timeout=timeout,
                repeatable=True,
            ).items()
            found += [parse_with(parse_entry, item) for item in items]
        return found

    def file_exists(
        self,
        repo_id: str,
        filename: str,
        repo_type: str | None = None,
        revision: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Whether the repository exists and has the file."""
        url = self._session.url(
            wire.routes.RESOLVE,
            repo_id,
            repo_type,
            revision=revision or MAIN,
            path=require_text("filename", filename),
        )
        try:
            self._session.request(
                "HEAD",
                url,
                headers={"accept-encoding": "identity"},
                token=token,
                timeout=timeout,
            )
        except GatedRepoError:
            raise
        except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError):
            return False
        return True

    def list_lfs_files(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[LFSFileInfo]:
        """Every large file that the repository holds, also for old commits alone."""
        from freehold.client.info import LFSFileInfo

        url = self._session.url(wire.routes.LIST_LFS_FILES, repo_id, repo_type)
        for item in self._session.pages(url, token=token, timeout=timeout):
            yield parse_with(LFSFileInfo.parse, item)

    def permanently_delete_lfs_files(
        self,
        repo_id: str,
        lfs_files: Sequence[LFSFileInfo] | Iterator[LFSFileInfo],
        *,
        rewrite_history: bool = True,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> None:
        """Deletes the bytes of large files for ever, and by default every mention in the history.

        Files whose history is not rewritten can no longer be downloaded.
        """
        ids = [item.file_oid for item in lfs_files]
        for start in range(0, len(ids), 1000):
            self._session.call(
                wire.routes.PERMANENTLY_DELETE_LFS_FILES,
                repo_id=repo_id,
                repo_type=repo_type,
                body=wire.lfs_files.DeleteLfsFiles(
                    deletions=wire.lfs_files.Deletions(
                        sha=ids[start : start + 1000], rewrite_history=rewrite_history
                    )
                ),
                token=token,
                timeout=timeout,
            )
