"""A self-hosted model hub and a client for any hub.

Every public name is loaded when it is first used: importing the package costs next to nothing.
`__init__.pyi`, which `make docs` writes from the table here, tells type checkers the same.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

__version__ = "0.1.0"

# Where each public name lives. All functions of `freehold.client.root` are public as well.
_PLACES: Final = {
    "freehold.errors": (
        "BadRequestError",
        "ConflictError",
        "DisabledRepoError",
        "EntryNotFoundError",
        "ForbiddenError",
        "FreeholdError",
        "GatedRepoError",
        "HfHubHTTPError",
        "InternalError",
        "MethodNotAllowedError",
        "NotFoundError",
        "NotSupportedError",
        "PayloadTooLargeError",
        "PreconditionFailedError",
        "RangeNotSatisfiableError",
        "RepositoryNotFoundError",
        "RevisionNotFoundError",
        "TooManyRequestsError",
        "UnauthorizedError",
        "UnavailableError",
        "UnprocessableError",
    ),
    "freehold.client.errors": (
        "CacheNotFound",
        "CloneSourceNotFoundError",
        "CorruptedCacheException",
        "CorruptedFileError",
        "FileChangedError",
        "GitCredentialError",
        "GitError",
        "GitMissingError",
        "HFValidationError",
        "HubConnectionError",
        "HubTimeoutError",
        "InvalidAnswerError",
        "InvalidCardError",
        "LocalEntryNotFoundError",
        "LocalFileError",
        "LocalTokenNotFoundError",
        "MetadataConflictError",
        "OfflineModeIsEnabled",
        "TransferCancelledError",
        "UncertainCommitError",
    ),
    "freehold.client.account_info": ("Organization", "User", "UserLikes"),
    "freehold.client.api": ("HfApi",),
    "freehold.client.async_api": ("AsyncHfApi",),
    "freehold.client.cache": ("CACHED_NO_EXIST", "try_to_load_from_cache"),
    "freehold.client.cache_scan": (
        "CachedFileInfo",
        "CachedIncompleteFileInfo",
        "CachedRepoInfo",
        "CachedRevisionInfo",
        "DeleteCacheStrategy",
        "HFCacheInfo",
        "scan_cache_dir",
    ),
    "freehold.client.card_data": (
        "CardData",
        "DatasetCardData",
        "ModelCardData",
        "SpaceCardData",
    ),
    "freehold.client.card_metadata": ("metadata_load", "metadata_save", "metadata_update"),
    "freehold.client.cards": ("DatasetCard", "ModelCard", "RepoCard", "SpaceCard"),
    "freehold.client.commit_info": ("CommitInfo",),
    "freehold.client.discussion_info": (
        "Discussion",
        "DiscussionComment",
        "DiscussionCommit",
        "DiscussionEvent",
        "DiscussionStatusChange",
        "DiscussionTitleChange",
        "DiscussionWithDetails",
    ),
    "freehold.client.eval_results": (
        "EvalResult",
        "eval_results_to_model_index",
        "metadata_eval_result",
        "model_index_to_eval_results",
    ),
    "freehold.client.events": ("Cancellation", "Event"),
    "freehold.client.file_metadata": ("DryRunFileInfo", "HfFileMetadata"),
    "freehold.client.filesystem": ("HfFileSystem",),
    "freehold.client.info": (
        "AccessRequest",
        "BlobLfsInfo",
        "DatasetInfo",
        "GitCommitInfo",
        "GitRefInfo",
        "GitRefs",
        "KernelInfo",
        "LFSFileInfo",
        "LastCommitInfo",
        "ModelInfo",
        "RepoFile",
        "RepoFolder",
        "SpaceInfo",
    ),
    "freehold.client.lazy_lists": ("LazyList",),
    "freehold.client.listing_info": ("MetricInfo",),
    "freehold.client.login": ("auth_list", "auth_switch", "hf_hub_login", "login", "logout"),
    "freehold.client.namespaces": ("Namespace",),
    "freehold.client.operations": (
        "CommitOperationAdd",
        "CommitOperationCopy",
        "CommitOperationDelete",
    ),
    "freehold.client.repo_url": ("RepoUrl",),
    "freehold.client.root": (
        "accept_access_request",
        "ask_access",
        "auth_check",
        "cancel_access_request",
        "change_discussion_status",
        "clone_repo",
        "comment_discussion",
        "create_branch",
        "create_commit",
        "create_discussion",
        "create_pull_request",
        "create_repo",
        "create_tag",
        "create_webhook",
        "dataset_info",
        "delete_branch",
        "delete_discussion",
        "delete_file",
        "delete_files",
        "delete_folder",
        "delete_pull_request_ref",
        "delete_repo",
        "delete_tag",
        "delete_webhook",
        "disable_webhook",
        "duplicate_repo",
        "edit_discussion_comment",
        "enable_webhook",
        "file_exists",
        "get_dataset_tags",
        "get_discussion_details",
        "get_full_repo_name",
        "get_hf_file_metadata",
        "get_model_tags",
        "get_organization_overview",
        "get_paths_info",
        "get_repo_discussions",
        "get_user_overview",
        "get_webhook",
        "grant_access",
        "hf_hub_download",
        "hf_hub_url",
        "hide_discussion_comment",
        "like",
        "list_accepted_access_requests",
        "list_datasets",
        "list_lfs_files",
        "list_liked_repos",
        "list_metrics",
        "list_models",
        "list_organization_followers",
        "list_organization_members",
        "list_pending_access_requests",
        "list_rejected_access_requests",
        "list_repo_commits",
        "list_repo_files",
        "list_repo_likers",
        "list_repo_refs",
        "list_repo_tree",
        "list_spaces",
        "list_trending",
        "list_user_followers",
        "list_user_following",
        "list_webhooks",
        "lock_discussion",
        "merge_pull_request",
        "model_info",
        "move_repo",
        "permanently_delete_lfs_files",
        "pin_discussion",
        "preupload_lfs_files",
        "quicksearch",
        "reject_access_request",
        "rename_discussion",
        "repo_exists",
        "repo_info",
        "revision_exists",
        "run_as_future",
        "search_repos",
        "set_access_token",
        "snapshot_download",
        "space_info",
        "super_squash_history",
        "unlike",
        "unset_access_token",
        "update_repo_settings",
        "update_repo_visibility",
        "update_webhook",
        "upload_file",
        "upload_folder",
        "verify_repo_checksums",
        "whoami",
    ),
    "freehold.client.saved_tokens": ("SavedToken",),
    "freehold.client.search_arguments": (
        "DatasetSearchArguments",
        "DatasetTags",
        "ModelSearchArguments",
        "ModelTags",
    ),
    "freehold.client.search_filters": ("DatasetFilter", "ModelFilter"),
    "freehold.client.search_info": ("Quicksearch", "SearchHit"),
    "freehold.client.tokens": ("HfFolder", "get_token"),
    "freehold.client.verification": ("FolderVerification",),
    "freehold.client.webhook_info": ("WebhookInfo", "WebhookWatchedItem"),
}
# What has to be installed for the names of a module.
_NEEDED: Final = {
    "freehold.client.card_metadata": "yaml",
    "freehold.client.cards": "yaml",
    "freehold.client.filesystem": "fsspec",
}
_PLACE_OF: Final = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        value: Any = _find_names()
    elif name in _PLACE_OF:
        value = getattr(import_module(_PLACE_OF[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _find_names() -> list[str]:
    """What `import *` brings: all that can be imported with what is installed."""
    from importlib.util import find_spec

    missing = {
        name
        for module, package in _NEEDED.items()
        if find_spec(package) is None
        for name in _PLACES[module]
    }
    return sorted({*_PLACE_OF, "__version__"} - missing)


def __dir__() -> list[str]:
    return _find_names()
