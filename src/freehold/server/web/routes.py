"""Every page of the hub and every form in one, by the addresses that the Hub gives them.

`…_PAGE` is shown, `…_FORM` is sent. What stands further up is found first.
"""

from __future__ import annotations

from freehold.wire.route import Needs, Route, Stream

ASSET = Route("GET", "/static/{digest}/{name}", Needs.NOTHING, returns=Stream)

# The front, and lists

HOME_PAGE = Route("GET", "/", Needs.NOTHING)
MODELS_PAGE = Route("GET", "/models", Needs.NOTHING)
DATASETS_PAGE = Route("GET", "/datasets", Needs.NOTHING)
SPACES_PAGE = Route("GET", "/spaces", Needs.NOTHING)
KERNELS_PAGE = Route("GET", "/kernels", Needs.NOTHING)
SEARCH_PAGE = Route("GET", "/search", Needs.NOTHING)

# Coming and going

SIGN_IN_PAGE = Route("GET", "/login", Needs.NOTHING)
SIGN_IN_FORM = Route("POST", "/login", Needs.NOTHING)
SIGN_OUT_FORM = Route("POST", "/logout", Needs.NOTHING)
SIGN_UP_PAGE = Route("GET", "/join", Needs.NOTHING)
SIGN_UP_FORM = Route("POST", "/join", Needs.NOTHING)

# What is one's own

SETTINGS_PAGE = Route("GET", "/settings", Needs.ACCOUNT)
PROFILE_SETTINGS_PAGE = Route("GET", "/settings/profile", Needs.ACCOUNT)
PROFILE_SETTINGS_FORM = Route("POST", "/settings/profile", Needs.ACCOUNT)
PASSWORD_PAGE = Route("GET", "/settings/password", Needs.ACCOUNT)
PASSWORD_FORM = Route("POST", "/settings/password", Needs.ACCOUNT)
TOKENS_PAGE = Route("GET", "/settings/tokens", Needs.ACCOUNT)
CREATE_TOKEN_FORM = Route("POST", "/settings/tokens", Needs.ACCOUNT)
DELETE_TOKEN_FORM = Route("POST", "/settings/tokens/delete", Needs.ACCOUNT)
SESSIONS_PAGE = Route("GET", "/settings/sessions", Needs.ACCOUNT)
END_SESSION_FORM = Route("POST", "/settings/sessions/end", Needs.ACCOUNT)
INVITATIONS_PAGE = Route("GET", "/settings/invitations", Needs.ACCOUNT)
CREATE_INVITATION_FORM = Route("POST", "/settings/invitations", Needs.ACCOUNT)
DELETE_INVITATION_FORM = Route("POST", "/settings/invitations/delete", Needs.ACCOUNT)
NEW_REPO_PAGE = Route("GET", "/new", Needs.ACCOUNT, aliases=("/new-{type}",))
NEW_REPO_FORM = Route("POST", "/new", Needs.ACCOUNT)
NEW_ORGANIZATION_PAGE = Route("GET", "/organizations/new", Needs.ACCOUNT)
NEW_ORGANIZATION_FORM = Route("POST", "/organizations/new", Needs.ACCOUNT)
ORGANIZATION_SETTINGS_PAGE = Route("GET", "/organizations/{organization}/settings", Needs.ACCOUNT)
ORGANIZATION_MEMBER_FORM = Route(
    "POST", "/organizations/{organization}/settings/members", Needs.ACCOUNT
)

# A repository: what is in it

TREE_PAGE = Route("GET", "/{prefix}{repo}/tree/{revision}/{path}", Needs.CONTENT)
BLOB_PAGE = Route("GET", "/{prefix}{repo}/blob/{revision}/{path}", Needs.CONTENT)
BLAME_PAGE = Route("GET", "/{prefix}{repo}/blame/{revision}/{path}", Needs.CONTENT)
COMMITS_PAGE = Route("GET", "/{prefix}{repo}/commits/{revision}/{path}", Needs.CONTENT)
COMMIT_PAGE = Route("GET", "/{prefix}{repo}/commit/{revision}", Needs.CONTENT)
COMPARE_PAGE = Route(
    "GET",
    "/{prefix}{repo}/compare/{span}",
    Needs.CONTENT,
    aliases=("/{prefix}{repo}/compare",),
)
REFS_PAGE = Route("GET", "/{prefix}{repo}/refs", Needs.CONTENT)
CREATE_BRANCH_FORM = Route("POST", "/{prefix}{repo}/refs/branches", Needs.WRITE)
DELETE_BRANCH_FORM = Route("POST", "/{prefix}{repo}/refs/branches/delete", Needs.WRITE)
CREATE_TAG_FORM = Route("POST", "/{prefix}{repo}/refs/tags", Needs.WRITE)
DELETE_TAG_FORM = Route("POST", "/{prefix}{repo}/refs/tags/delete", Needs.WRITE)

# A repository: changing it

UPLOAD_PAGE = Route("GET", "/{prefix}{repo}/upload/{revision}/{path}", Needs.PROPOSE)
NEW_FILE_PAGE = Route("GET", "/{prefix}{repo}/new/{revision}/{path}", Needs.PROPOSE)
EDIT_FILE_PAGE = Route("GET", "/{prefix}{repo}/edit/{revision}/{path}", Needs.PROPOSE)
SAVE_FILE_FORM = Route("POST", "/{prefix}{repo}/edit/{revision}/{path}", Needs.PROPOSE)
DELETE_FILE_PAGE = Route("GET", "/{prefix}{repo}/delete/{revision}/{path}", Needs.PROPOSE)
DELETE_FILE_FORM = Route("POST", "/{prefix}{repo}/delete/{revision}/{path}", Needs.PROPOSE)
PREVIEW_FORM = Route("POST", "/{prefix}{repo}/preview", Needs.DISCUSS)
REPO_SETTINGS_PAGE = Route("GET", "/{prefix}{repo}/settings", Needs.ADMIN)
VISIBILITY_FORM = Route("POST", "/{prefix}{repo}/settings/visibility", Needs.ADMIN)
GATING_FORM = Route("POST", "/{prefix}{repo}/settings/gating", Needs.ADMIN)
DISCUSSIONS_SETTING_FORM = Route("POST", "/{prefix}{repo}/settings/discussions", Needs.ADMIN)
RENAME_REPO_FORM = Route("POST", "/{prefix}{repo}/settings/rename", Needs.ADMIN)
DELETE_REPO_FORM = Route("POST", "/{prefix}{repo}/settings/delete", Needs.ADMIN)
ACCESS_REQUESTS_PAGE = Route("GET", "/{prefix}{repo}/settings/access", Needs.ADMIN)
HANDLE_ACCESS_REQUEST_FORM = Route("POST", "/{prefix}{repo}/settings/access", Needs.ADMIN)

# A repository: talking about it

NEW_DISCUSSION_PAGE = Route("GET", "/{prefix}{repo}/discussions/new", Needs.DISCUSS)
NEW_DISCUSSION_FORM = Route("POST", "/{prefix}{repo}/discussions/new", Needs.DISCUSS)
DISCUSSIONS_PAGE = Route("GET", "/{prefix}{repo}/discussions", Needs.READ)
DISCUSSION_PAGE = Route("GET", "/{prefix}{repo}/discussions/{num}", Needs.READ)
DISCUSSION_FILES_PAGE = Route("GET", "/{prefix}{repo}/discussions/{num}/files", Needs.CONTENT)
COMMENT_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/comment", Needs.DISCUSS)
EDIT_COMMENT_PAGE = Route("GET", "/{prefix}{repo}/discussions/{num}/edit/{event}", Needs.READ)
EDIT_COMMENT_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/edit/{event}", Needs.DISCUSS)
HIDE_COMMENT_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/hide/{event}", Needs.DISCUSS)
RENAME_DISCUSSION_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/title", Needs.DISCUSS)
DISCUSSION_STATUS_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/status", Needs.DISCUSS)
PIN_DISCUSSION_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/pin", Needs.WRITE)
LOCK_DISCUSSION_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/lock", Needs.WRITE)
MERGE_FORM = Route("POST", "/{prefix}{repo}/discussions/{num}/merge", Needs.WRITE)

# A repository: its front, and what visitors do there

LIKE_FORM = Route("POST", "/{prefix}{repo}/like", Needs.DISCUSS)
LIKERS_PAGE = Route("GET", "/{prefix}{repo}/likers", Needs.READ)
ASK_ACCESS_FORM = Route("POST", "/{prefix}{repo}/request-access", Needs.READ)
FOLLOW_FORM = Route("POST", "/{account}/follow", Needs.ACCOUNT)
ACCOUNT_PAGE = Route("GET", "/{account}", Needs.NOTHING)
REPO_PAGE = Route("GET", "/{prefix}{repo}", Needs.READ)


def named_pages() -> dict[str, Route]:
    """Every page and form by its name in lower case, in the order of this file."""
    return {name.lower(): row for name, row in globals().items() if isinstance(row, Route)}
