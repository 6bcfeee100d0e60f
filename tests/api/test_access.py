"""Every route x every kind of caller x every kind of repository: who gets which answer.

`EXAMPLES` holds a request for each route that changes nothing even where it is allowed, so that
one set of repositories serves all cases. What a caller may expect is computed from three facts:
what the route needs, what the caller may do at most, and what kind of token they use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from freehold.server.core import tokens
from freehold.server.core.access import CHANGES
from freehold.server.hub import now_ms
from freehold.wire import community_routes, routes
from freehold.wire.route import Needs, Route
from freehold.wire.routes import NOT_SUPPORTED, named_routes
from tests.live import Account, LiveHub, fresh_name
from tests.repos import NDJSON, Repo, file, new_repo, sha256

WEIGHTS = b"\0weights" * 50
OID = sha256(WEIGHTS)
BATCH = {"objects": [{"oid": OID, "size": len(WEIGHTS)}], "transfers": ["basic"]}

# What a request for a signed URL without a signature is answered with.
UNSIGNED = 403


@dataclass(frozen=True)
class Example:
    """A request for a route, and the status for whoever may make it."""

    route: Route
    allowed: int
    body: Any = None
    query: str = ""
    needs: Needs | None = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)
    account: bool = False
    """Whether it takes an account as well, with whatever token."""

    def path(self, repo: Repo | None) -> str:
        """The path of the route for this repository, if it is about one."""
        pieces = {
            "type": repo.type if repo else "",
            "prefix": "",
            "repo": repo.full_name if repo else "",
            "revision": "main",
            "path": "a.txt",
            "branch": "nope",
            "tag": "nope",
            "span": "main..main",
            "oid": OID,
            "upload": "0" * 24,
            "number": "1",
            "sha": "0" * 64,
            "scope": "any",
            "space": "default",
            "xorb": "0" * 64,
            "chunk": "0" * 64,
            "file": "0" * 64,
            "lock": "0" * 24,
            "num": "1",
            "event": "0" * 24,
            "user": repo.account.name if repo else "",
            "organization": "nobody",
            "account": repo.account.name if repo else "",
            "sha256": "0" * 64,
            "webhook": "0" * 24,
            "log": "0" * 24,
        }
        return self.route.path.format(**{**pieces, **self.pieces}) + self.query

    @property
    def right(self) -> Needs:
        """The right that this request needs, which a body may raise or lower."""
        return self.route.needs if self.needs is None else self.needs


NO_BODY: dict[str, Any] = {"headers": {"content-type": NDJSON}, "content": b""}


def git_request(service: str) -> dict[str, Any]:
    """A request of git that asks for nothing."""
    type = f"application/x-git-{service}-pack-request"
    return {"headers": {"content-type": type, "git-protocol": "version=2"}, "content": b"0000"}


OPEN_TO_ALL = (
    Example(routes.HEALTH, 200),
    Example(routes.METRICS, 200),
    Example(routes.CAPABILITIES, 200),
    Example(routes.AGENT_HARNESSES, 200),
    Example(routes.VALIDATE_YAML, 200, {"content": "# hi"}),
    Example(routes.XET_TELEMETRY, 200, content=b"{}"),
    Example(community_routes.LIST_MODEL_TAGS, 200),
    Example(community_routes.LIST_DATASET_TAGS, 200),
    Example(community_routes.LIST_METRICS, 200),
    Example(community_routes.SEARCH_TEXT, 200, query="?q=x"),
    Example(community_routes.SEARCH_TEXT, 400, query="?q=x&type=movie"),
    Example(community_routes.QUICKSEARCH, 200, query="?q=x"),
    Example(community_routes.LIST_TRENDING, 200, query="?limit=1"),
    Example(community_routes.LIST_LIKED_REPOS, 200),
    Example(community_routes.GET_USER_OVERVIEW, 200),
    Example(community_routes.LIST_USER_FOLLOWERS, 200),
    Example(community_routes.LIST_USER_FOLLOWING, 200),
    Example(community_routes.GET_ORGANIZATION_OVERVIEW, 404),
    Example(community_routes.LIST_ORGANIZATION_MEMBERS, 404),
    Example(community_routes.LIST_ORGANIZATION_FOLLOWERS, 404),
    Example(community_routes.GET_ACCOUNT_AVATAR, 404),
    Example(community_routes.GET_AVATAR_IMAGE, 404),
    Example(community_routes.GET_USER_AVATAR, 200),
    Example(community_routes.GET_ORGANIZATION_AVATAR, 404),
    Example(community_routes.GET_AVATAR, 302),
    Example(routes.LIST_REPOS, 200, query="?limit=0"),
    Example(routes.LIST_REPOS, 400, query="?cursor=x"),
)
SIGNED = (
    Example(routes.LFS_UPLOAD, UNSIGNED, content=WEIGHTS),
    Example(
        routes.LFS_UPLOAD, UNSIGNED, content=b"", query="?repo=1&user=1&oid=1&size=1&exp=1&sig=1"
    ),
    Example(routes.LFS_UPLOAD_PART, UNSIGNED, content=WEIGHTS),
    Example(routes.LFS_COMPLETE_UPLOAD, UNSIGNED, {"oid": OID, "parts": []}),
    Example(routes.LFS_DOWNLOAD, UNSIGNED),
    Example(routes.FETCH_XORB, UNSIGNED),
    # The tokens of accounts are none for the store.
    Example(routes.UPLOAD_XORB, 401, content=b"x"),
    Example(routes.REQUEST_XORB_GRANT, 401, {"length": 1}),
    Example(routes.UPLOAD_SHARD, 401, content=b"x"),
    Example(routes.PUT_SHARD, 401, content=b"x", pieces={"shard": "0" * 64}),
    Example(routes.UPLOAD_SHARD_V2, 401, content=b"x"),
    Example(routes.FIND_CHUNK, 401),
    Example(routes.RECONSTRUCT_FILE, 401),
    Example(routes.RECONSTRUCT_FILE_V2, 401),
)
# For whoever has an account and a token with the role write.
AT_AN_ACCOUNT = (
    Example(community_routes.FOLLOW_USER, 404, pieces={"user": "nobody"}),
    Example(community_routes.UNFOLLOW_USER, 200),
    Example(community_routes.FOLLOW_ORGANIZATION, 404),
    Example(community_routes.UNFOLLOW_ORGANIZATION, 404),
    Example(community_routes.SET_MEMBER_ROLE, 404, body={"role": "read"}),
    Example(community_routes.SET_USER_AVATAR, 404, content=b"x", pieces={"user": "nobody"}),
    Example(community_routes.DELETE_USER_AVATAR, 404, pieces={"user": "nobody"}),
    Example(community_routes.SET_ORGANIZATION_AVATAR, 404, content=b"x"),
    Example(community_routes.DELETE_ORGANIZATION_AVATAR, 404),
)
AT_A_REPOSITORY = (
    Example(routes.REPO_INFO, 200),
    Example(routes.REPO_INFO, 200, query="?blobs=true"),
    Example(routes.REPO_INFO_AT_REVISION, 200),
    Example(routes.REPO_INFO_AT_REVISION, 404, pieces={"revision": "nope"}),
    Example(routes.REPO_SCAN, 200),
    Example(routes.UPDATE_REPO_SETTINGS, 200, body={}),
    Example(routes.DUPLICATE_REPO, 400, body={"repository": "no-namespace"}),
    Example(routes.AUTH_CHECK, 200),
    Example(routes.AUTH_CHECK_WRITE, 200),
    Example(routes.LIST_REPO_REFS, 200),
    Example(routes.CREATE_BRANCH, 404, body={"startingPoint": "nope"}),
    Example(routes.DELETE_BRANCH, 404),
    Example(routes.CREATE_TAG, 404, body={"tag": "v1"}, pieces={"revision": "nope"}),
    Example(routes.DELETE_TAG, 404),
    Example(routes.SUPER_SQUASH_HISTORY, 404, body={"message": "m"}),
    Example(routes.LIST_REPO_COMMITS, 200),
    Example(routes.COMPARE, 200),
    Example(routes.LIST_REPO_TREE, 200, pieces={"path": ""}),
    Example(routes.LIST_REPO_TREE, 404),
    Example(routes.GET_PATHS_INFO, 200, body={"paths": ["a.txt"]}),
    Example(routes.TREE_SIZE, 200),
    Example(routes.RESOLVE, 200),
    Example(routes.RESOLVE, 200, pieces={"path": "w.bin"}),
    Example(routes.RESOLVE, 404, pieces={"path": "nope"}),
    Example(routes.RAW, 200),
    Example(routes.DOWNLOAD_FILES, 200, body={"paths": ["a.txt", "w.bin"]}),
    Example(routes.DOWNLOAD_FILES, 404, body={"paths": ["x"]}, pieces={"revision": "nope"}),
    Example(routes.PREUPLOAD, 200, body={"files": [{"path": "a.txt", "size": 1}]}),
    Example(routes.CREATE_COMMIT, 400, **NO_BODY),
    Example(routes.CREATE_COMMIT, 400, query="?create_pr=1", needs=Needs.PROPOSE, **NO_BODY),
    Example(
        routes.CREATE_COMMIT, 404, pieces={"revision": "refs/pr/1"}, needs=Needs.PROPOSE, **NO_BODY
    ),
    Example(routes.UPLOAD_RAW_FILE, 404, content=b"x", pieces={"revision": "nope"}),
    Example(routes.DELETE_RAW_FILE, 404, pieces={"path": "nope"}),
    Example(routes.ADVERTISE_REFS, 200, query="?service=git-upload-pack"),
    Example(routes.ADVERTISE_REFS, 200, query="?service=git-receive-pack", needs=Needs.WRITE),
    Example(routes.UPLOAD_PACK, 200, **git_request("upload")),
    Example(routes.RECEIVE_PACK, 200, needs=Needs.WRITE, **git_request("receive")),
    Example(routes.LFS_BATCH, 200, body={**BATCH, "operation": "download"}, needs=Needs.CONTENT),
    Example(routes.LFS_BATCH, 200, body={**BATCH, "operation": "upload"}, needs=Needs.PROPOSE),
    Example(
        routes.LFS_BATCH,
        200,
        body={**BATCH, "operation": "upload", "ref": {"name": "refs/heads/main"}},
        needs=Needs.WRITE,
    ),
    Example(routes.LFS_VERIFY, 200, body={"oid": OID, "size": len(WEIGHTS)}),
    Example(routes.LFS_CREATE_LOCK, 400, body={"path": "/"}),
    Example(routes.LFS_LIST_LOCKS, 200),
    Example(routes.LFS_LIST_LOCKS, 200, query="?path=a.txt&refspec=refs/heads/main"),
    Example(routes.LFS_VERIFY_LOCKS, 200, body={}),
    Example(routes.LFS_UNLOCK, 404, body={"force": True}),
    Example(routes.LIST_LFS_FILES, 200),
    Example(routes.PERMANENTLY_DELETE_LFS_FILES, 200, body={"deletions": {"sha": ["0" * 64]}}),
    Example(routes.DELETE_LFS_FILE, 404),
    Example(routes.XET_READ_TOKEN, 200),
    Example(routes.XET_WRITE_TOKEN, 200),
    Example(routes.XET_WRITE_TOKEN, 200, query="?create_pr=1", needs=Needs.PROPOSE),
    Example(community_routes.LIST_DISCUSSIONS, 200),
    Example(community_routes.LIST_DISCUSSIONS, 400, query="?type=x"),
    Example(community_routes.CREATE_DISCUSSION, 400, body={"title": ""}),
    Example(community_routes.GET_DISCUSSION, 404),
    Example(community_routes.DELETE_DISCUSSION, 404),
    Example(community_routes.COMMENT_DISCUSSION, 404, body={"comment": "c"}),
    Example(community_routes.EDIT_COMMENT, 404, body={"content": "c"}),
    Example(community_routes.HIDE_COMMENT, 404),
    Example(community_routes.RENAME_DISCUSSION, 404, body={"title": "abc"}),
    Example(community_routes.CHANGE_DISCUSSION_STATUS, 404, body={"status": "closed"}),
    Example(community_routes.PIN_DISCUSSION, 404, body={"pinned": True}),
    Example(community_routes.LOCK_DISCUSSION, 404, body={"locked": True}),
    Example(community_routes.MERGE_PULL_REQUEST, 404),
    Example(community_routes.DELETE_PULL_REQUEST_REF, 404),
    # Of a repository without a gate, or of somebody who is not there.
    Example(community_routes.ASK_ACCESS, 400, body={"a": 1}, account=True),
    Example(community_routes.WITHDRAW_ACCESS_REQUEST, 404, account=True),
    Example(community_routes.LIST_ACCESS_REQUESTS, 400, pieces={"status": "nope"}),
    Example(
        community_routes.HANDLE_ACCESS_REQUEST, 400, body={"user": "", "status": "not a status"}
    ),
    Example(community_routes.HANDLE_ACCESS_REQUESTS, 400, body={"requests": [{}]}),
    Example(community_routes.GRANT_ACCESS, 400, body={}),
    Example(community_routes.REPORT_ACCESS_REQUESTS, 400, query="?format=pdf"),
    Example(community_routes.LIKE, 200),
    Example(community_routes.UNLIKE, 200),
    Example(community_routes.LIST_REPO_LIKERS, 200),
    *(Example(route, 501) for route in NOT_SUPPORTED),
)
# These are about what belongs to the caller, who has none of it.
OF_THE_CALLER = (
    Example(community_routes.LIST_WEBHOOKS, 200),
    Example(community_routes.CREATE_WEBHOOK, 400, {"watched": [], "domains": []}),
    Example(community_routes.GET_WEBHOOK, 404),
    Example(community_routes.UPDATE_WEBHOOK, 404, {"watched": []}),
    Example(community_routes.DELETE_WEBHOOK, 404),
    Example(community_routes.ENABLE_WEBHOOK, 404),
    Example(community_routes.DISABLE_WEBHOOK, 404),
    Example(community_routes.LIST_WEBHOOK_LOGS, 404),
    Example(community_routes.REPLAY_WEBHOOK, 404),
)
# These name the account or the repository in the body, or nowhere, and have tests of their own.
BY_BODY = (routes.WHOAMI, routes.CREATE_REPO, routes.DELETE_REPO, routes.MOVE_REPO)


def test_every_route_is_in_the_table() -> None:
    examples = (*OPEN_TO_ALL, *SIGNED, *AT_AN_ACCOUNT, *AT_A_REPOSITORY, *OF_THE_CALLER)
    listed = {id(example.route) for example in examples} | {id(route) for route in BY_BODY}
    missing = [route.path for route in named_routes().values() if id(route) not in listed]
    missing += [route.path for route in NOT_SUPPORTED if id(route) not in listed]
    assert missing == []


# Callers and repositories


@dataclass(frozen=True)
class Caller:
    """A kind of caller: their token, the most they may do with each kind of repository."""

    kind: str
    token: str | None
    known: bool = True
    level: Needs | None = None
    """`None` for those who are no members: they may do what everybody may."""
    writes: bool = True


@dataclass(frozen=True)
class Scene:
    """One repository of each visibility in a namespace, and everybody who may come along."""

    callers: list[Caller]
    repos: dict[str, Repo]
    """By visibility: public, gated, private and missing; names of equal length."""


def make_repos(hub: LiveHub, account: Account, namespace: str) -> dict[str, Repo]:
    repos = {}
    for kind in ("public", "gated", "private"):
        repo = repos[kind] = new_repo(hub, account, file("a.txt", "x"), namespace=namespace)
        repo.commit_lfs("w.bin", WEIGHTS)
    repos["private"].put("/settings", {"private": True})
    repos["gated"].put("/settings", {"gated": "manual"})
    repos["missing"] = Repo(hub, account, f"{namespace}/{fresh_name('repo')}")
    return repos


def outsiders(hub: LiveHub, owner: Account) -> list[Caller]:
    """Those whom a repository has nothing to do with, and the one who may do everything."""
    over = tokens.create_token(
        hub.inside, owner.name, name=fresh_name("t"), role="write", expires_at=now_ms() - 1
    )
    stranger = hub.user()
    return [
        Caller("anonymous", None, known=False),
        Caller("wrong token", "hf_" + "x" * 34, known=False),
        Caller("expired token of the owner", over, known=False),
        Caller("write token of a stranger", stranger.token),
        Caller("read token of a stranger", hub.token(stranger, "read"), writes=False),
        Caller("site admin", hub.user(admin=True).token, level=Needs.ADMIN),
    ]


def user_scene(hub: LiveHub) -> Scene:
    owner = hub.user()
    callers = [
        *outsiders(hub, owner),
        Caller("owner", owner.token, level=Needs.ADMIN),
        Caller(
            "read token of the owner", hub.token(owner, "read"), level=Needs.ADMIN, writes=False
        ),
    ]
    return Scene(callers, make_repos(hub, owner, owner.name))


def org_scene(hub: LiveHub) -> Scene:
    owner = hub.user()
    members = {role: hub.user() for role in ("read", "contributor", "write", "admin")}
    org = hub.org(owner=owner, members={user.name: role for role, user in members.items()})
    levels = {
        "read": Needs.PROPOSE,
        "contributor": Needs.PROPOSE,
        "write": Needs.WRITE,
        "admin": Needs.ADMIN,
    }
    callers = [
        *outsiders(hub, owner),
        *(Caller(f"org {role}", members[role].token, level=levels[role]) for role in members),
        Caller(
            "read token of an org admin",
            hub.token(members["admin"], "read"),
            level=Needs.ADMIN,
            writes=False,
        ),
    ]
    return Scene(callers, make_repos(hub, owner, org))


def contributor_scene(hub: LiveHub) -> Scene:
    """The repositories of an organisation that one contributor made; another looks on."""
    owner, maker, other = hub.user(), hub.user(), hub.user()
    roles = {maker.name: "contributor", other.name: "contributor"}
    org = hub.org(owner=owner, members=roles)
    callers = [
        Caller("contributor, own repository", maker.token, level=Needs.ADMIN),
        Caller("contributor, another's repository", other.token, level=Needs.PROPOSE),
        Caller("write token of a stranger", hub.user().token),
    ]
    return Scene(callers, make_repos(hub, maker, org))


SCENES = {"user": user_scene, "org": org_scene, "contributor": contributor_scene}


# What they get


def expect(caller: Caller, visibility: str, example: Example) -> tuple[int, str | None]:
    """The status and the error code for this caller; `*` where any code will do."""
    needs = example.right
    asks_for_account = needs in CHANGES or example.account
    member = caller.level is not None
    if visibility == "missing" or (visibility == "private" and not member):
        return (404 if caller.known else 401), "RepoNotFound"
    level = caller.level or (Needs.DISCUSS if visibility == "gated" else Needs.PROPOSE)
    if needs >= Needs.CONTENT > level:
        return (403 if caller.known else 401), "GatedRepo"
    if asks_for_account and not caller.known:
        return 401, "*"
    if needs in CHANGES and (level < needs or not caller.writes):
        return 403, None
    return example.allowed, "*"


def send(hub: LiveHub, example: Example, path: str, token: str | None) -> httpx2.Response:
    return hub.call(
        example.route.method,
        path,
        token=token,
        json=example.body,
        content=example.content,
        headers=example.headers,
    )


@pytest.mark.parametrize("scene", SCENES)
def test_each_caller_gets_what_the_route_needs(hub: LiveHub, scene: str) -> None:
    made = SCENES[scene](hub)
    wrong = []
    for example in AT_A_REPOSITORY:
        for visibility, repo in made.repos.items():
            path = example.path(repo)
            for caller in made.callers:
                answer = send(hub, example, path, caller.token)
                status, code = expect(caller, visibility, example)
                got = (answer.status_code, answer.headers.get("x-error-code"))
                if got[0] != status or code not in ("*", got[1]):
                    case = f"{example.route.method} {example.route.path} {example.query}"
                    wrong.append(f"{caller.kind}, {visibility}: {case}: {got}, not {status, code}")
    assert wrong == []


def test_what_is_open_to_all_asks_nobody_who_they_are(hub: LiveHub) -> None:
    owner = hub.user()
    repo = Repo(hub, owner, f"{owner.name}/none")
    for example in (*OPEN_TO_ALL, *SIGNED):
        for caller in outsiders(hub, owner):
            answer = send(hub, example, example.path(repo), caller.token)
            assert answer.status_code == example.allowed, (example.route.path, caller.kind)


def test_what_needs_an_account_is_for_tokens_that_may_write(hub: LiveHub) -> None:
    owner = hub.user()
    repo = Repo(hub, owner, f"{owner.name}/none")
    for example in AT_AN_ACCOUNT:
        for caller in outsiders(hub, owner):
            answer = send(hub, example, example.path(repo), caller.token)
            status = example.allowed if caller.writes else 403
            wanted = status if caller.known else 401
            assert answer.status_code == wanted, (example.route.path, caller.kind)


def test_what_belongs_to_the_caller_needs_an_account_and_a_write_token_to_change(
    hub: LiveHub,
) -> None:
    for example in OF_THE_CALLER:
        for caller in outsiders(hub, hub.user()):
            answer = send(hub, example, example.path(None), caller.token)
            status = example.allowed if caller.known else 401
            if caller.known and example.route.method != "GET" and not caller.writes:
                status = 403
            assert answer.status_code == status, (example.route.path, caller.kind)


def test_whoami_is_for_every_valid_token(hub: LiveHub) -> None:
    for caller in org_scene(hub).callers:
        answer = hub.call("GET", "/api/whoami-v2", token=caller.token)
        assert answer.status_code == (200 if caller.known else 401), caller.kind


@pytest.mark.parametrize("scene", SCENES)
def test_moving_and_deleting_need_the_right_to_write(hub: LiveHub, scene: str) -> None:
    """A move to a taken name and a deletion of what is deleted change nothing."""
    made = SCENES[scene](hub)
    example = Example(routes.MOVE_REPO, 409, needs=Needs.WRITE)
    taken = made.repos["public"].full_name
    for visibility, repo in made.repos.items():
        for caller in made.callers:
            status, code = expect(caller, visibility, example)
            # Whoever calls without an account is told so before the body is looked at.
            code = code if caller.known else "*"
            moved = {"fromRepo": repo.full_name, "toRepo": taken, "type": "model"}
            if visibility == "public":
                moved["toRepo"] = made.repos["gated"].full_name
            answers = [hub.call("POST", "/api/repos/move", token=caller.token, json=moved)]
            if status != 409:
                namespace, _, name = repo.full_name.partition("/")
                body = {"name": name, "organization": namespace, "type": "model"}
                answers.append(
                    hub.call("DELETE", "/api/repos/delete", token=caller.token, json=body)
                )
            for answer in answers:
                got = (answer.status_code, answer.headers.get("x-error-code"))
                assert got[0] == status, (caller.kind, visibility, answer.text)
                assert code in ("*", got[1]), (caller.kind, visibility)
    assert [repo.get().status_code for repo in made.repos.values()] == [200, 200, 200, 404]


@pytest.mark.parametrize("scene", SCENES)
def test_deleting_is_for_those_who_may_write(hub: LiveHub, scene: str) -> None:
    made = SCENES[scene](hub)
    maker = made.repos["public"].account
    namespace = made.repos["public"].full_name.partition("/")[0]
    for caller in made.callers:
        if not caller.writes or (caller.level or 0) < Needs.WRITE:
            continue
        repo = new_repo(hub, maker, namespace=namespace)
        body = {"name": repo.full_name.partition("/")[2], "organization": namespace}
        answer = hub.call("DELETE", "/api/repos/delete", token=caller.token, json=body)
        assert answer.status_code == 200, caller.kind
        assert repo.get().status_code == 404


@pytest.mark.parametrize("scene", SCENES)
def test_creating_needs_a_place_in_the_namespace(hub: LiveHub, scene: str) -> None:
    made = SCENES[scene](hub)
    namespace, _, taken = made.repos["private"].full_name.partition("/")
    for caller in made.callers:
        creates = caller.level is not None and caller.kind != "org read"
        for name, free in ((fresh_name("new"), True), (taken, False)):
            body = {"name": name, "organization": namespace}
            answer = hub.call("POST", "/api/repos/create", token=caller.token, json=body)
            if not caller.known:
                status = 401
            elif creates and caller.writes:
                status = 200 if free else 409
            else:
                status = 403
            assert answer.status_code == status, (caller.kind, free, answer.text)


# Strangers cannot tell a private repository from a missing one


def seen(answer: httpx2.Response) -> tuple[int, dict[str, str], str]:
    """All that a caller sees of an answer but its own id and the time."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date")}
    return answer.status_code, headers, answer.text


def assert_alike(hub: LiveHub, hidden: Repo, missing: Repo) -> None:
    """Whoever has nothing to do with either gets the same answers for both."""
    strangers = [caller for caller in outsiders(hub, hidden.account) if caller.level is None]
    for example in AT_A_REPOSITORY:
        for method in {example.route.method, "HEAD" if example.route.method == "GET" else "GET"}:
            for caller in strangers:
                answers = [
                    hub.call(
                        method,
                        example.path(repo),
                        token=caller.token,
                        json=example.body,
                        content=example.content,
                        headers=example.headers,
                    )
                    for repo in (hidden, missing)
                ]
                assert seen(answers[0]) == seen(answers[1]), (caller.kind, example.route.path)
    assert_bodies_alike(hub, strangers, hidden, missing)


def assert_bodies_alike(hub: LiveHub, strangers: list[Caller], hidden: Repo, missing: Repo) -> None:
    for caller in strangers:
        for method, path, make in (
            ("DELETE", "/api/repos/delete", delete_body),
            ("POST", "/api/repos/move", move_body),
            ("POST", "/api/repos/create", delete_body),
        ):
            answers = [
                seen(hub.call(method, path, token=caller.token, json=make(repo)))
                for repo in (hidden, missing)
            ]
            assert answers[0] == answers[1], (caller.kind, path)


def delete_body(repo: Repo) -> dict[str, str]:
    namespace, _, name = repo.full_name.partition("/")
    return {"name": name, "organization": namespace, "type": "model"}


def move_body(repo: Repo) -> dict[str, str]:
    return {"fromRepo": repo.full_name, "toRepo": "somewhere/else", "type": "model"}


def test_a_private_repository_looks_like_a_missing_one(hub: LiveHub) -> None:
    repos = user_scene(hub).repos
    assert_alike(hub, repos["private"], repos["missing"])


def test_the_former_name_of_a_private_repository_looks_like_a_missing_one(hub: LiveHub) -> None:
    repos = user_scene(hub).repos
    former = repos["private"]
    namespace = former.full_name.partition("/")[0]
    moved = f"{namespace}/{fresh_name('repo')}"
    body = {"fromRepo": former.full_name, "toRepo": moved, "type": "model"}
    assert former.call("POST", "/api/repos/move", json=body).status_code == 200
    assert former.get().status_code == 307
    assert_alike(hub, former, repos["missing"])


def test_a_private_repository_in_an_organisation_is_hidden_from_the_one_who_left(
    hub: LiveHub,
) -> None:
    """A creator has rights only as long as they are a member."""
    owner, maker = hub.user(), hub.user()
    org = hub.org(owner=owner, members={maker.name: "contributor"})
    repo = new_repo(hub, maker, namespace=org, private=True)
    with hub.inside.db.write() as tx:
        tx.run(
            "DELETE FROM org_member WHERE user_id = (SELECT id FROM account WHERE name = :name)",
            name=maker.name,
        )
    missing = Repo(hub, maker, f"{org}/{fresh_name('repo')}")
    assert seen(repo.get()) == seen(missing.get())


def test_a_disabled_repository_says_so_to_all_but_admins(hub: LiveHub) -> None:
    made = user_scene(hub)
    repo = made.repos["public"]
    with hub.inside.db.write() as tx:
        name = repo.full_name.partition("/")[2]
        tx.run("UPDATE repo SET disabled = TRUE WHERE name = :name", name=name)
    for caller in made.callers:
        answer = hub.call("GET", f"{repo.page}/resolve/main/a.txt", token=caller.token)
        if caller.kind == "site admin":
            assert answer.status_code == 200
            continue
        assert answer.status_code == 403
        assert answer.headers["x-error-message"] == "Access to this resource is disabled."
        assert hub.call("GET", repo.api, token=caller.token).json()["disabled"] is True


def test_a_401_for_a_repository_names_it_as_not_found(hub: LiveHub) -> None:
    """Clients on plain http know a missing repository by its code alone."""
    repo = user_scene(hub).repos["public"]
    for example in AT_A_REPOSITORY:
        answer = send(hub, example, example.path(repo), None)
        if answer.status_code == 401:
            assert answer.headers["x-error-code"] == "RepoNotFound", example.route.path
            assert "www-authenticate" in answer.headers
