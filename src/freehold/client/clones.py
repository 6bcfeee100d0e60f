"""Clones: repositories of a hub as git repositories on this machine."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from freehold.client.calls import require_text
from freehold.client.errors import CloneSourceNotFoundError, HFValidationError
from freehold.client.names import Token, check_repo_id, check_repo_type
from freehold.client.repos import Repos
from freehold.errors import GatedRepoError, RepositoryNotFoundError

if TYPE_CHECKING:
    from freehold.client.downloads import Folder
    from freehold.client.events import Cancellation

_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")


class Clones(Repos):
    """Calls about repositories that git works with."""

    def clone_repo(
        self,
        repo_id: str,
        local_dir: Folder,
        *,
        repo_type: str | None = None,
        revision: str | None = None,
        token: Token = None,
        skip_lfs_files: bool = False,
        show_progress: bool = False,
        timeout: float | None = None,
        cancel: Cancellation | None = None,
    ) -> str:
        """The path of a clone of the repository, which git can bring up to date and push from.

        What happens in `local_dir` depends on what is there:

        - nothing, or an empty folder: the repository is cloned. A `revision` that is no branch is
          checked out without one.
        - a clone of this repository: it is fetched, and the current branch, or that of `revision`,
          is brought forward to what the hub has.
        - a git repository without a remote `origin`: the hub becomes its origin. Its commits are
          put on top of the branch `revision` of the hub, in a local branch of the same name, and
          wait for `git push`. Authors, messages and the local version of every file are kept, and
          files that `.gitattributes` names become large files. The commits as they were stay
          under `refs/freehold/before-clone`.

        git gets the token from `freehold git-credential`, which is set up in the clone for this
        hub; no token is written to the disk. One that is passed here is for this call alone: later
        pushes take the one that was saved by `login` or stands in the environment. With git-lfs on
        this machine large files come along, unless `skip_lfs_files`; without it they are pointers.
        `show_progress` shows on stderr what git tells.

        When anything fails, the folder is as it was. Raises `CloneSourceNotFoundError` (a
        `RepositoryNotFoundError` and an `EntryNotFoundError`) when there is no such repository,
        `LocalFileError` when the folder holds something else or uncommitted changes,
        `GitMissingError` and `GitError`.
        """
        folder = require_text("local_dir", os.fspath(local_dir))
        if revision is not None and revision.startswith("-"):
            # Nothing is called so, and git would take it for an option.
            raise HFValidationError(f"Invalid revision {revision!r}.")
        commit = self._find_commit(repo_id, repo_type, revision, token, timeout)
        from msgspec import UNSET

        from freehold.client.capabilities import find_extensions
        from freehold.client.git_clone import Source, clone
        from freehold.client.git_program import Patience
        from freehold.wire.ids import URL_PREFIXES

        kind = check_repo_type(repo_type)
        url = f"{self.endpoint}/{URL_PREFIXES[kind]}{check_repo_id(repo_id)}"
        used = self._session.find_token(token)
        has_locks = find_extensions(self._session).lfs_locks is not UNSET
        source = Source(url, self.endpoint, used, revision, commit, skip_lfs_files, has_locks)
        return str(clone(source, folder, Patience(timeout, cancel, show_progress)))

    def _find_commit(
        self,
        repo_id: str,
        repo_type: str | None,
        revision: str | None,
        token: Token,
        timeout: float | None,
    ) -> str | None:
        """The id of the commit that is asked for, None for the newest; raises what the hub says."""
        try:
            self.auth_check(repo_id, repo_type=repo_type, token=token, timeout=timeout)
            if revision is None:
                return None
            commit = self.repo_info(
                repo_id, repo_type=repo_type, revision=revision, token=token, timeout=timeout
            ).sha
            return commit if _COMMIT.fullmatch(commit or "") else None
        except GatedRepoError:
            raise
        except RepositoryNotFoundError as error:
            raise CloneSourceNotFoundError.of(error) from error
