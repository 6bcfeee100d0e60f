"""Every route of the hub; `wire/route.py` says what a row means."""

from __future__ import annotations

from freehold.wire import (
    capabilities,
    commits,
    community_routes,
    files,
    git,
    lfs,
    lfs_files,
    lfs_locks,
    listings,
    refs,
    repos,
    users,
    xet,
)
from freehold.wire.route import Needs, Route, Stream

# The hub itself
HEALTH = Route("GET", "/health", Needs.NOTHING)
METRICS = Route("GET", "/metrics", Needs.NOTHING, returns=Stream)
CAPABILITIES = Route("GET", "/api/capabilities", Needs.NOTHING, returns=capabilities.Capabilities)
AGENT_HARNESSES = Route("GET", "/api/agent-harnesses", Needs.NOTHING, returns=users.AgentHarnesses)
VALIDATE_YAML = Route(
    "POST",
    "/api/validate-yaml",
    Needs.NOTHING,
    body=repos.ValidateYaml,
    returns=repos.YamlReport,
)

# Accounts
WHOAMI = Route("GET", "/api/whoami-v2", Needs.ACCOUNT, returns=users.WhoAmI)

# Repositories
CREATE_REPO = Route(
    "POST",
    "/api/repos/create",
    Needs.ACCOUNT,
    body=repos.CreateRepo,
    returns=repos.RepoCreated,
)
DELETE_REPO = Route("DELETE", "/api/repos/delete", Needs.ACCOUNT, body=repos.DeleteRepo)
MOVE_REPO = Route("POST", "/api/repos/move", Needs.ACCOUNT, body=repos.MoveRepo)
LIST_REPOS = Route(
    "GET",
    "/api/{type}s",
    Needs.NOTHING,
    query=listings.ListQuery,
    returns=list[repos.RepoInfo],
)
REPO_INFO = Route(
    "GET",
    "/api/{type}s/{repo}",
    Needs.READ,
    query=repos.InfoQuery,
    returns=repos.RepoInfo,
)
REPO_INFO_AT_REVISION = Route(
    "GET",
    "/api/{type}s/{repo}/revision/{revision}",
    Needs.READ,
    query=repos.InfoQuery,
    returns=repos.RepoInfo,
)
REPO_SCAN = Route("GET", "/api/{type}s/{repo}/scan", Needs.READ, returns=repos.SecurityRepoStatus)
UPDATE_REPO_SETTINGS = Route(
    "PUT",
    "/api/{type}s/{repo}/settings",
    Needs.ADMIN,
    body=repos.UpdateRepoSettings,
    returns=repos.RepoSettings,
)
DUPLICATE_REPO = Route(
    "POST",
    "/api/{type}s/{repo}/duplicate",
    Needs.CONTENT,
    body=repos.DuplicateRepo,
    returns=repos.RepoUrl,
)
AUTH_CHECK = Route("GET", "/api/{type}s/{repo}/auth-check", Needs.CONTENT, returns=Stream)
AUTH_CHECK_WRITE = Route("GET", "/api/{type}s/{repo}/auth-check/write", Needs.WRITE, returns=Stream)

# Refs
LIST_REPO_REFS = Route(
    "GET",
    "/api/{type}s/{repo}/refs",
    Needs.READ,
    query=refs.RefsQuery,
    returns=refs.Refs,
)
CREATE_BRANCH = Route(
    "POST",
    "/api/{type}s/{repo}/branch/{branch}",
    Needs.WRITE,
    body=refs.CreateBranch,
    body_required=False,
)
DELETE_BRANCH = Route("DELETE", "/api/{type}s/{repo}/branch/{branch}", Needs.WRITE)
CREATE_TAG = Route("POST", "/api/{type}s/{repo}/tag/{revision}", Needs.WRITE, body=refs.CreateTag)
DELETE_TAG = Route("DELETE", "/api/{type}s/{repo}/tag/{tag}", Needs.WRITE)
SUPER_SQUASH_HISTORY = Route(
    "POST",
    "/api/{type}s/{repo}/super-squash/{branch}",
    Needs.WRITE,
    body=refs.SuperSquash,
    returns=refs.Squashed,
    body_required=False,
)

# History
LIST_REPO_COMMITS = Route(
    "GET",
    "/api/{type}s/{repo}/commits/{revision}",
    Needs.READ,
    query=commits.CommitsQuery,
    returns=list[commits.Commit],
)
COMPARE = Route(
    "GET",
    "/api/{type}s/{repo}/compare/{span}",
    Needs.CONTENT,
    query=commits.CompareQuery,
    returns=commits.Comparison,
)

# Files
LIST_REPO_TREE = Route(
    "GET",
    "/api/{type}s/{repo}/tree/{revision}/{path}",
    Needs.READ,
    query=files.TreeQuery,
    returns=list[files.TreeEntry],
)
GET_PATHS_INFO = Route(
    "POST",
    "/api/{type}s/{repo}/paths-info/{revision}",
    Needs.READ,
    body=files.PathsInfo,
    returns=list[files.TreeEntry],
)
TREE_SIZE = Route(
    "GET",
    "/api/{type}s/{repo}/treesize/{revision}/{path}",
    Needs.READ,
    returns=files.TreeSize,
)
RESOLVE = Route("GET", "/{prefix}{repo}/resolve/{revision}/{path}", Needs.CONTENT, returns=Stream)
RAW = Route("GET", "/{prefix}{repo}/raw/{revision}/{path}", Needs.CONTENT, returns=Stream)
DOWNLOAD_FILES = Route(
    "POST",
    "/api/{type}s/{repo}/download/{revision}",
    Needs.CONTENT,
    body=files.DownloadFiles,
    returns=Stream,
)

# Uploads
PREUPLOAD = Route(
    "POST",
    "/api/{type}s/{repo}/preupload/{revision}",
    Needs.WRITE,
    body=files.Preupload,
    query=commits.CommitQuery,
    returns=files.PreuploadAnswer,
    pr_needs=Needs.PROPOSE,
)
CREATE_COMMIT = Route(
    "POST",
    "/api/{type}s/{repo}/commit/{revision}",
    Needs.WRITE,
    body=Stream,
    query=commits.CommitQuery,
    returns=commits.CommitCreated,
    pr_needs=Needs.PROPOSE,
)
UPLOAD_RAW_FILE = Route(
    "POST",
    "/api/{prefix}{repo}/upload/{revision}/{path}",
    Needs.WRITE,
    body=Stream,
    returns=files.Uploaded,
)
DELETE_RAW_FILE = Route("DELETE", "/api/{prefix}{repo}/delete/{revision}/{path}", Needs.WRITE)

# git; who wants to push asks with another query, and needs the right to
ADVERTISE_REFS = Route(
    "GET",
    "/{prefix}{repo}.git/info/refs",
    Needs.CONTENT,
    query=git.RefsQuery,
    returns=Stream,
    aliases=("/{prefix}{repo}/info/refs",),
)
UPLOAD_PACK = Route(
    "POST",
    "/{prefix}{repo}.git/git-upload-pack",
    Needs.CONTENT,
    body=Stream,
    returns=Stream,
    aliases=("/{prefix}{repo}/git-upload-pack",),
)
RECEIVE_PACK = Route(
    "POST",
    "/{prefix}{repo}.git/git-receive-pack",
    Needs.PROPOSE,
    body=Stream,
    returns=Stream,
    aliases=("/{prefix}{repo}/git-receive-pack",),
)

# Large files
LFS_BATCH = Route(
    "POST",
    "/{prefix}{repo}.git/info/lfs/objects/batch",
    Needs.READ,
    body=lfs.Batch,
    returns=lfs.BatchAnswer,
)
LFS_VERIFY = Route(
    "POST",
    "/{prefix}{repo}.git/info/lfs/objects/verify",
    Needs.PROPOSE,
    body=lfs.LfsObject,
    returns=lfs.Nothing,
)
LFS_UPLOAD = Route("PUT", "/lfs/objects/{oid}", Needs.SIGNATURE, body=Stream)
LFS_UPLOAD_PART = Route("PUT", "/lfs/uploads/{upload}/{number}", Needs.SIGNATURE, body=Stream)
LFS_COMPLETE_UPLOAD = Route(
    "POST",
    "/lfs/uploads/{upload}",
    Needs.SIGNATURE,
    body=lfs.CompleteUpload,
    returns=lfs.Nothing,
)
LFS_DOWNLOAD = Route("GET", "/lfs/objects/{oid}", Needs.SIGNATURE, returns=Stream)
LIST_LFS_FILES = Route(
    "GET",
    "/api/{type}s/{repo}/lfs-files",
    Needs.WRITE,
    query=lfs_files.LfsFilesQuery,
    returns=list[lfs_files.LfsFile],
)
PERMANENTLY_DELETE_LFS_FILES = Route(
    "POST",
    "/api/{type}s/{repo}/lfs-files/batch",
    Needs.WRITE,
    body=lfs_files.DeleteLfsFiles,
)
DELETE_LFS_FILE = Route(
    "DELETE",
    "/api/{type}s/{repo}/lfs-files/{sha}",
    Needs.WRITE,
    query=lfs_files.DeleteLfsFileQuery,
)
LFS_CREATE_LOCK = Route(
    "POST",
    "/{prefix}{repo}.git/info/lfs/locks",
    Needs.WRITE,
    body=lfs_locks.CreateLock,
    returns=lfs_locks.OneLock,
    status=201,
)
LFS_LIST_LOCKS = Route(
    "GET",
    "/{prefix}{repo}.git/info/lfs/locks",
    Needs.READ,
    query=lfs_locks.LocksQuery,
    returns=lfs_locks.Locks,
)
LFS_VERIFY_LOCKS = Route(
    "POST",
    "/{prefix}{repo}.git/info/lfs/locks/verify",
    Needs.PROPOSE,
    body=lfs_locks.VerifyLocks,
    returns=lfs_locks.VerifiedLocks,
    body_required=False,
)
LFS_UNLOCK = Route(
    "POST",
    "/{prefix}{repo}.git/info/lfs/locks/{lock}/unlock",
    Needs.WRITE,
    body=lfs_locks.Unlock,
    returns=lfs_locks.OneLock,
    body_required=False,
)

# Xet; the scope of an address says nothing to the hub, and to a client what its memory is good for
XET_READ_TOKEN = Route(
    "GET",
    "/api/{type}s/{repo}/xet-read-token/{revision}",
    Needs.CONTENT,
    returns=xet.XetToken,
)
XET_WRITE_TOKEN = Route(
    "GET",
    "/api/{type}s/{repo}/xet-write-token/{revision}",
    Needs.WRITE,
    query=commits.CommitQuery,
    returns=xet.XetToken,
    pr_needs=Needs.PROPOSE,
)
UPLOAD_XORB = Route(
    "POST",
    "/xet/{scope}/v1/xorbs/{space}/{xorb}",
    Needs.SIGNATURE,
    body=Stream,
    returns=xet.XorbUploaded,
    aliases=("/xet/{scope}/xorbs/{space}/{xorb}", "/xet/{scope}/xorb/{space}/{xorb}"),
)
REQUEST_XORB_GRANT = Route(
    "POST",
    "/xet/{scope}/v1/xorb-grants/{space}/{xorb}",
    Needs.SIGNATURE,
    body=xet.XorbGrant,
)
FETCH_XORB = Route("GET", "/xet/xorbs/{xorb}", Needs.SIGNATURE, returns=Stream)
UPLOAD_SHARD = Route(
    "POST",
    "/xet/{scope}/v1/shards",
    Needs.SIGNATURE,
    body=Stream,
    returns=xet.ShardUploaded,
    aliases=("/xet/{scope}/shards", "/xet/{scope}/shard/{space}/{shard}"),
)
PUT_SHARD = Route(
    "PUT",
    "/xet/{scope}/shard/{space}/{shard}",
    Needs.SIGNATURE,
    body=Stream,
    returns=xet.ShardUploaded,
)
UPLOAD_SHARD_V2 = Route(
    "POST",
    "/xet/{scope}/v2/shards",
    Needs.SIGNATURE,
    body=Stream,
    returns=Stream,
)
FIND_CHUNK = Route(
    "GET",
    "/xet/{scope}/v1/chunks/{space}/{chunk}",
    Needs.SIGNATURE,
    returns=Stream,
    aliases=("/xet/{scope}/chunks/{space}/{chunk}", "/xet/{scope}/chunk/{space}/{chunk}"),
)
RECONSTRUCT_FILE = Route(
    "GET",
    "/xet/{scope}/v1/reconstructions/{file}",
    Needs.SIGNATURE,
    returns=xet.ReconstructionV1,
    aliases=("/xet/{scope}/reconstructions/{file}", "/xet/{scope}/reconstruction/{file}"),
)
RECONSTRUCT_FILE_V2 = Route(
    "GET",
    "/xet/{scope}/v2/reconstructions/{file}",
    Needs.SIGNATURE,
    returns=xet.ReconstructionV2,
)
# Its clients drop the path of the store's address here.
XET_TELEMETRY = Route("POST", "/v1/telemetry", Needs.NOTHING, body=Stream)

# Parts of the protocol that this hub does not offer yet; they answer 501.
NOT_SUPPORTED = (Route("POST", "/api/{type}s/{repo}/lfs-files/duplicate", Needs.CONTENT),)


def named_routes() -> dict[str, Route]:
    """Every offered route by its name in lower case, in the order of the files."""
    rows = {**globals(), **vars(community_routes)}
    return {name.lower(): row for name, row in rows.items() if isinstance(row, Route)}
