# Written by `make docs`: edit what it is made from.

from collections.abc import AsyncIterator
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from freehold.client.account_info import Organization
from freehold.client.account_info import User
from freehold.client.account_info import UserLikes
from freehold.client.commit_info import CommitInfo
from freehold.client.discussion_info import Discussion
from freehold.client.discussion_info import DiscussionComment
from freehold.client.discussion_info import DiscussionStatusChange
from freehold.client.discussion_info import DiscussionTitleChange
from freehold.client.discussion_info import DiscussionWithDetails
from freehold.client.discussions import DiscussionStatus
from freehold.client.discussions import DiscussionType
from freehold.client.discussions import NewStatus
from freehold.client.downloads import Folder
from freehold.client.events import Cancellation
from freehold.client.events import OnEvent
from freehold.client.file_metadata import DryRunFileInfo
from freehold.client.file_metadata import HfFileMetadata
from freehold.client.info import AccessRequest
from freehold.client.info import DatasetInfo
from freehold.client.info import GitCommitInfo
from freehold.client.info import GitRefs
from freehold.client.info import KernelInfo
from freehold.client.info import LFSFileInfo
from freehold.client.info import ModelInfo
from freehold.client.info import RepoFile
from freehold.client.info import RepoFolder
from freehold.client.info import RepoInfo
from freehold.client.info import SpaceInfo
from freehold.client.listing_info import MetricInfo
from freehold.client.listing_query import Filter
from freehold.client.listing_query import Thresholds
from freehold.client.names import Token
from freehold.client.operations import CommitOperation
from freehold.client.operations import CommitOperationAdd
from freehold.client.patterns import Patterns
from freehold.client.repo_url import RepoUrl
from freehold.client.search_arguments import DatasetTags
from freehold.client.search_arguments import ModelTags
from freehold.client.search_filters import Texts
from freehold.client.search_info import Quicksearch
from freehold.client.search_info import SearchHit
from freehold.client.verification import FolderVerification
from freehold.client.webhook_info import WebhookInfo
from freehold.client.webhook_info import WebhookWatchedItem
from freehold.wire.repos import Gated
from freehold.wire.repos import Visibility
from pathlib import Path
from typing import Any
from typing import BinaryIO

class AsyncHfApi:
    """`HfApi` for asyncio: the same calls with the same arguments, awaited.

    What `HfApi` gives as an iterator is read with `async for`. Up to 32 calls run at once, each in
    a thread; more wait for their turn. When a task is cancelled it ends at once: a transfer stops
    (its `Cancellation` is set, the one that was passed or one of its own), any other call is left
    behind in its thread, and what it asked for may still happen.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        token: Token = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
    ) -> None:
        """The same arguments as those of `HfApi`."""

    @property
    def endpoint(self) -> str:
        """The address of the hub, without a slash at its end."""

    @property
    def token(self) -> Token:
        """The token of all calls that are not given one of their own."""

    async def accept_access_request(
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

    async def ask_access(
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

    async def auth_check(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        write: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Nothing when the files may be read (with `write`: changed), else the error that says why.

        Raises `GatedRepoError`, `RepositoryNotFoundError`, `ForbiddenError`.
        """

    async def cancel_access_request(
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

    async def change_discussion_status(
        self,
        repo_id: str,
        discussion_num: int,
        new_status: NewStatus,
        *,
        token: Token = None,
        comment: str | None = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionStatusChange:
        """Closes it, or opens it again, with a comment if one is given.

        A draft that is opened is ready to be merged. Raises `BadRequestError` when it has that
        status already, or was merged.
        """

    async def clone_repo(
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

    async def comment_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        comment: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionComment:
        """A new comment, in Markdown."""

    async def create_branch(
        self,
        repo_id: str,
        branch: str,
        revision: str | None = None,
        token: Token = None,
        repo_type: str | None = None,
        exist_ok: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Makes a branch at a revision, by default at the head of `main`.

        Raises `ConflictError` when it is there already, unless `exist_ok`; `RevisionNotFoundError`;
        `BadRequestError` for a name that no branch can have.
        """

    async def create_commit(
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

    async def create_discussion(
        self,
        repo_id: str,
        title: str,
        *,
        token: Token = None,
        description: str | None = None,
        repo_type: str | None = None,
        pull_request: bool = False,
        timeout: float | None = None,
    ) -> DiscussionWithDetails:
        """A new discussion, or with `pull_request` the draft of a pull request.

        The title has 3 to 200 characters; the description is Markdown. Raises `BadRequestError`
        for a title that the hub does not take.
        """

    async def create_pull_request(
        self,
        repo_id: str,
        title: str,
        *,
        token: Token = None,
        description: str | None = None,
        repo_type: str | None = None,
        head: str | None = None,
        base: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionWithDetails:
        """The draft of a pull request for `main`, to which commits are sent at `git_reference`.

        It is opened by `change_discussion_status`. `base` is another branch that it is to change.
        With `head`, a branch, it begins open, with the commits of that. These two are an extension
        of the protocol; `create_commit` with `create_pr` opens one together with its first commit
        anywhere. Raises `RevisionNotFoundError` for a
        branch that is not there, `BadRequestError` when `head` has nothing new, and
        `NotSupportedError` when either is given for a hub that does not say that it knows them.
        """

    async def create_repo(
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

    async def create_tag(
        self,
        repo_id: str,
        tag: str,
        tag_message: str | None = None,
        revision: str | None = None,
        token: Token = None,
        repo_type: str | None = None,
        exist_ok: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Tags a revision, by default the head of `main`.

        Raises `ConflictError` when the tag is there already, unless `exist_ok`;
        `RevisionNotFoundError`.
        """

    async def create_webhook(
        self,
        *,
        url: str,
        watched: Iterable[Mapping[str, str] | WebhookWatchedItem],
        domains: Sequence[str] | None = None,
        secret: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """Makes a webhook: the hub will send a request to `url` for each event.

        `watched` are repositories, users and organisations, such as `{"type": "user", "name":
        "alice"}`; `domains` is "repo", "discussion" or both, which is the default. The `secret`
        comes with each request, in `X-Webhook-Secret`.
        """

    async def dataset_info(
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

    async def delete_branch(
        self,
        repo_id: str,
        branch: str,
        token: Token = None,
        repo_type: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Deletes a branch; raises `RevisionNotFoundError`, and `HfHubHTTPError` for `main`."""

    async def delete_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Deletes it with all in it, for ever."""

    async def delete_file(
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

    async def delete_files(
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

    async def delete_folder(
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

    async def delete_pull_request_ref(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Deletes the revision of a pull request that is closed or merged; its page stays."""

    async def delete_repo(
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

    async def delete_tag(
        self,
        repo_id: str,
        tag: str,
        token: Token = None,
        repo_type: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Deletes a tag; raises `RevisionNotFoundError`."""

    async def delete_webhook(
        self,
        webhook_id: str,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> None:
        """Deletes a webhook; raises `NotFoundError`."""

    async def disable_webhook(
        self,
        webhook_id: str,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """Turns a webhook off: it hears nothing of what happens meanwhile."""

    async def duplicate_repo(
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

    async def edit_discussion_comment(
        self,
        repo_id: str,
        discussion_num: int,
        comment_id: str,
        new_content: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionComment:
        """The comment with another text; what it said before is kept in its history."""

    async def enable_webhook(
        self,
        webhook_id: str,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """Turns a webhook on; raises `NotFoundError`."""

    async def file_exists(
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

    async def get_dataset_tags(
        self,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> DatasetTags:
        """The tags that datasets are found by, in groups: `tags.language.en` is "language:en"."""

    async def get_discussion_details(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> DiscussionWithDetails:
        """A discussion with all that has happened in it, and what a pull request would change."""

    async def get_full_repo_name(
        self,
        model_id: str,
        organization: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> str:
        """`model_id` in the namespace of the organisation, or in that of the token's owner."""

    async def get_hf_file_metadata(
        self,
        url: str,
        token: Token = None,
        timeout: float | None = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        **old_names: Any,
    ) -> HfFileMetadata:
        """What the hub says about the file at an address (see `hf_hub_url`): one HEAD request."""

    async def get_model_tags(
        self,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> ModelTags:
        """The tags that models are found by, in groups: `tags.library.PyTorch` is "pytorch"."""

    async def get_organization_overview(
        self,
        organization: str,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> Organization:
        """What the hub tells about an organisation; raises `NotFoundError`.

        Numbers count what the token's owner may see.
        """

    async def get_paths_info(
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

    def get_repo_discussions(
        self,
        repo_id: str,
        *,
        author: str | None = None,
        discussion_type: DiscussionType | None = None,
        discussion_status: DiscussionStatus | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Discussion]:
        """The discussions and pull requests, newest first, page after page as they are needed.

        `author` is a user name; `discussion_type` "all", "discussion" or "pull_request";
        `discussion_status` "all", "open" (drafts too) or "closed" (what was merged, too).
        """

    async def get_user_overview(
        self,
        username: str,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> User:
        """What the hub tells about a user; raises `NotFoundError`.

        Numbers count what the token's owner may see.
        """

    async def get_webhook(
        self,
        webhook_id: str,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """The webhook of that id; raises `NotFoundError`."""

    async def grant_access(
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

    async def hf_hub_download(
        self,
        repo_id: str,
        filename: str,
        *,
        subfolder: str | None = None,
        repo_type: str | None = None,
        revision: str | None = None,
        library_name: str | None = None,
        library_version: str | None = None,
        cache_dir: Folder | None = None,
        local_dir: Folder | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
        force_download: bool = False,
        etag_timeout: float | None = None,
        token: Token = None,
        local_files_only: bool = False,
        headers: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
        **old_names: Any,
    ) -> str | DryRunFileInfo:
        """The path of a file on this machine, fetched from the hub if it is not there yet.

        It is a link into the cache at `cache_dir`, or with `local_dir` a file of its own in that
        folder. One request is made for a file that is not there, at most one for one that is, and
        none for a commit id; `local_files_only` makes none at all. When the hub cannot be asked,
        the copy of the cache is used. Every byte is checked against the digest that the hub gave;
        `verify` checks those that are there as well. `force_download` fetches in any case,
        `dry_run` only says what would be done. `etag_timeout` is how many seconds a hub may take
        to say whether a file that is here is still the newest.

        Raises `EntryNotFoundError`, `LocalEntryNotFoundError` when neither the cache nor the hub
        has an answer, `CorruptedFileError`, `LocalFileError` when it cannot be written.
        """

    async def hf_hub_url(
        self,
        repo_id: str,
        filename: str,
        *,
        subfolder: str | None = None,
        repo_type: str | None = None,
        revision: str | None = None,
        endpoint: str | None = None,
    ) -> str:
        """The address of a file; no request is made."""

    async def hide_discussion_comment(
        self,
        repo_id: str,
        discussion_num: int,
        comment_id: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionComment:
        """The comment without its text: nobody can bring it back, of which a warning reminds."""

    async def like(
        self,
        repo_id: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Marks the repository as one that the token's owner likes; nothing when it is already."""

    def list_accepted_access_requests(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[AccessRequest]:
        """The requests of those who may read the files; raises as the list of pending ones does."""

    def list_datasets(
        self,
        *,
        filter: Filter = None,
        author: str | None = None,
        search: str | None = None,
        benchmark: Texts | bool = None,
        dataset_name: str | None = None,
        gated: bool | None = None,
        language_creators: Texts = None,
        language: Texts = None,
        multilinguality: Texts = None,
        size_categories: Texts = None,
        task_categories: Texts = None,
        task_ids: Texts = None,
        tags: Texts = None,
        sort: str | None = None,
        direction: int | None = None,
        limit: int | None = None,
        expand: Texts = None,
        cardData: bool | None = None,
        full: bool | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[DatasetInfo]:
        """The datasets of the hub, as `list_models` gives models.

        `filter` is one or several tags or a `DatasetFilter`. `benchmark` (True for "official"),
        `language_creators`, `language`, `multilinguality`, `size_categories`, `task_categories`
        and `task_ids` are values of those tags, with or without the name before them. `full` and
        `cardData` both add the card and the files. Raises `HFValidationError`.
        """

    def list_lfs_files(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[LFSFileInfo]:
        """Every large file that the repository holds, also for old commits alone."""

    async def list_liked_repos(
        self,
        user: str | None = None,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> UserLikes:
        """What a user likes of what the token's owner may see; by default the owner themselves.

        Raises `NotFoundError` when there is no such user, `UnauthorizedError` when neither a user
        nor a token is given.
        """

    async def list_metrics(
        self,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[MetricInfo]:
        """The metrics that the hub knows."""

    def list_models(
        self,
        *,
        filter: Filter = None,
        author: str | None = None,
        search: str | None = None,
        apps: Texts = None,
        gated: bool | None = None,
        inference: str | None = None,
        inference_provider: Texts = None,
        model_name: str | None = None,
        trained_dataset: Texts = None,
        library: Texts = None,
        language: Texts = None,
        task: Texts = None,
        tags: Texts = None,
        pipeline_tag: str | None = None,
        num_parameters: str | None = None,
        emissions_thresholds: Thresholds | None = None,
        sort: str | None = None,
        direction: int | None = None,
        limit: int | None = None,
        expand: Texts = None,
        full: bool | None = None,
        cardData: bool = False,
        fetch_config: bool = False,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[ModelInfo]:
        """The models of the hub that the token's owner may see, page after page as they are read.

        All conditions must hold. `filter` is one or several tags, or a `ModelFilter`, whose
        author and search `author` and `search` replace. `search` and `model_name` are parts of
        `namespace/name`. `library`, `language`, `task`, `trained_dataset` and `tags` are tags as
        well, `pipeline_tag` is the one task of the model. `gated`, `apps`, `inference` ("warm"),
        `inference_provider` and `num_parameters` ("min:6B,max:128B") are for the hub to judge.

        `sort` names a field ("downloads", "last_modified", …), a `direction` of -1 begins with the
        largest, any other number with the smallest. No more than `limit` models are asked for.
        `full` adds the files, author and last change, which a `filter` does as well, `cardData`
        the card, `fetch_config` the configuration; `expand` names single fields instead.

        `emissions_thresholds` are the least and the most grams of CO2: of what was asked for,
        only models are given whose cards tell a number within them. Raises `HFValidationError`.
        """

    def list_organization_followers(
        self,
        organization: str,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[User]:
        """The users who follow an organisation; raises `NotFoundError`."""

    def list_organization_members(
        self,
        organization: str,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[User]:
        """The members of an organisation; pages are asked for as they are needed.

        Each has a `role` when the token's owner is a member. Raises `NotFoundError`.
        """

    def list_pending_access_requests(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[AccessRequest]:
        """The requests that wait for a decision; pages are asked for as they are needed.

        Raises `BadRequestError` without a gate, `ForbiddenError` without the right to write.
        """

    def list_rejected_access_requests(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[AccessRequest]:
        """The requests that were rejected; raises as the list of pending ones does."""

    async def list_repo_commits(
        self,
        repo_id: str,
        repo_type: str | None = None,
        token: Token = None,
        revision: str | None = None,
        formatted: bool = False,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> list[GitCommitInfo]:
        """The history of a revision, newest first; with `limit` no more than so many commits.

        `formatted` adds title and message as HTML.
        """

    async def list_repo_files(
        self,
        repo_id: str,
        revision: str | None = None,
        repo_type: str | None = None,
        timeout: float | None = None,
        token: Token = None,
    ) -> list[str]:
        """The paths of all files of a revision."""

    def list_repo_likers(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[User]:
        """The users who like the repository; pages are asked for as they are needed."""

    async def list_repo_refs(
        self,
        repo_id: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        include_pull_requests: bool = False,
        timeout: float | None = None,
    ) -> GitRefs:
        """All branches, tags and converted copies, and the pull requests when asked for."""

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
    ) -> AsyncIterator[RepoFile | RepoFolder]:
        """The files and folders of a folder, or with `recursive` of everything below it.

        Pages are asked for as they are needed. With `expand` each has its last commit. Raises
        `EntryNotFoundError` when the folder is not there.
        """

    def list_spaces(
        self,
        *,
        filter: Filter = None,
        author: str | None = None,
        search: str | None = None,
        datasets: Texts = None,
        models: Texts = None,
        linked: bool = False,
        sort: str | None = None,
        direction: int | None = None,
        limit: int | None = None,
        expand: Texts = None,
        full: bool | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> AsyncIterator[SpaceInfo]:
        """The Spaces of the hub, as `list_models` gives models.

        `datasets` and `models` are ids of what a Space makes use of, `linked` wants those that
        make use of anything. Raises `HFValidationError`.
        """

    async def list_trending(
        self,
        *,
        repo_type: str | None = None,
        limit: int = 10,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[RepoInfo]:
        """What people look at now: models, datasets and Spaces, or those of one type, up to 20.

        Raises `HFValidationError` for a limit below 1.
        """

    def list_user_followers(
        self,
        username: str,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[User]:
        """The users who follow a user; raises `NotFoundError`."""

    def list_user_following(
        self,
        username: str,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[User]:
        """The users whom a user follows; raises `NotFoundError`."""

    async def list_webhooks(
        self,
        *,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[WebhookInfo]:
        """The webhooks of the token's owner."""

    async def lock_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        locked: bool = True,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Lets only those comment who may write to the repository, or ends that."""

    async def merge_pull_request(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        token: Token = None,
        comment: str | None = None,
        repo_type: str | None = None,
        head_commit_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Puts its commits into the branch that it wants to change, with a comment if one is given.

        Raises `ConflictError` when the two contradict each other, `BadRequestError` when it is not
        open, and with `head_commit_id`, the newest of its commits that the caller has seen,
        `PreconditionFailedError` when there is a newer one (an extension of the protocol).
        """

    async def model_info(
        self,
        repo_id: str,
        revision: str | None = None,
        timeout: float | None = None,
        securityStatus: bool | None = None,
        files_metadata: bool = False,
        token: Token = None,
        *,
        expand: Sequence[str] | str | None = None,
    ) -> ModelInfo:
        """`repo_info` of a model; `securityStatus` adds what scans have found."""

    async def move_repo(
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

    async def permanently_delete_lfs_files(
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

    async def pin_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        pinned: bool = True,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Pins it to the top of the page, or ends that."""

    async def preupload_lfs_files(
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

    async def quicksearch(
        self,
        query: str,
        *,
        type: Texts = None,
        limit: int = 10,
        token: Token = None,
        timeout: float | None = None,
    ) -> Quicksearch:
        """What has a name like that: repositories, users and organisations, the best first.

        `type` limits it to one or several of "model", "dataset", "space", "user" and "org"; up to
        `limit` of each are given. Raises `HFValidationError` for a limit below 1.
        """

    async def reject_access_request(
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

    async def rename_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        new_title: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionTitleChange:
        """Gives it another title, of 3 to 200 characters."""

    async def repo_exists(
        self,
        repo_id: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Whether the repository exists, as far as the token may know."""

    async def repo_info(
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

    async def revision_exists(
        self,
        repo_id: str,
        revision: str,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Whether the repository exists and has the branch, tag or commit."""

    async def search_repos(
        self,
        query: str,
        *,
        repo_type: Texts = None,
        limit: int = 20,
        token: Token = None,
        timeout: float | None = None,
    ) -> list[SearchHit]:
        """The repositories that have all of the words in names, tags and cards, the best first.

        The last word may be the beginning of one. `repo_type` is one type or several, by default
        all. Raises `HFValidationError` for a limit below 1.
        """

    async def set_access_token(self, access_token: str) -> None:
        """Gives the token to git, so that it can push to and pull from this hub."""

    async def snapshot_download(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        revision: str | None = None,
        cache_dir: Folder | None = None,
        local_dir: Folder | None = None,
        library_name: str | None = None,
        library_version: str | None = None,
        user_agent: Mapping[str, Any] | str | None = None,
        etag_timeout: float | None = None,
        force_download: bool = False,
        token: Token = None,
        local_files_only: bool = False,
        allow_patterns: Patterns = None,
        ignore_patterns: Patterns = None,
        max_workers: int = 8,
        headers: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
        **old_names: Any,
    ) -> str | list[DryRunFileInfo]:
        """The path of a folder with all files of a revision, fetched as far as they are not there.

        `allow_patterns` and `ignore_patterns` choose among the files, as in a shell; `folder/`
        means all below it. Up to `max_workers` threads fetch, and one that fails ends the others.
        All else is as with `hf_hub_download`; `on_event` is called by those threads,
        by one at a time.
        """

    async def space_info(
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

    async def super_squash_history(
        self,
        repo_id: str,
        branch: str | None = None,
        commit_message: str | None = None,
        repo_type: str | None = None,
        token: Token = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Replaces the history of a branch (`main` by default) by one commit with its files."""

    async def unlike(
        self,
        repo_id: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Takes the mark of `like` away; nothing when there is none."""

    async def unset_access_token(self) -> None:
        """Takes the token for this hub away from git."""

    async def update_repo_settings(
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

    async def update_repo_visibility(
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

    async def update_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        watched: Iterable[Mapping[str, str] | WebhookWatchedItem] | None = None,
        domains: Sequence[str] | None = None,
        secret: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """Changes what is given, as `create_webhook` takes it; raises `NotFoundError`."""

    async def upload_file(
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

    async def upload_folder(
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

    async def verify_repo_checksums(
        self,
        repo_id: str,
        *,
        repo_type: str | None = None,
        revision: str | None = None,
        local_dir: Folder | None = None,
        cache_dir: Folder | None = None,
        token: Token = None,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> FolderVerification:
        """Compares the files of a snapshot, or of `local_dir`, with what the hub says they are.

        Nothing is fetched or changed: `snapshot_download(…, verify=True)` does that.
        """

    async def whoami(
        self,
        token: Token = None,
        *,
        cache: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """The account behind the token, as the hub describes it: `name`, `orgs`, `auth`, …

        With `cache` the answer of an earlier call with the same token is given again. Raises
        `UnauthorizedError` when the token is missing, wrong or expired.
        """
