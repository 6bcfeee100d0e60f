"""Who may do what: the one way from a name to a repository.

A repository that the viewer may not see is answered exactly like one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from freehold.errors import (
    DisabledRepoError,
    ForbiddenError,
    FreeholdError,
    GatedRepoError,
    RepositoryNotFoundError,
    UnauthorizedError,
)
from freehold.server.db import access_requests, accounts, repos
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.repos import Repo
from freehold.server.db.tokens import TokenOwner
from freehold.server.hub import Hub
from freehold.wire.ids import RepoType, repo_path
from freehold.wire.route import Needs

ROLE_LEVELS = {
    "admin": Needs.ADMIN,
    "write": Needs.WRITE,
    "contributor": Needs.PROPOSE,
    "read": Needs.PROPOSE,
}

# What takes an account and a token that may write.
CHANGES = frozenset({Needs.DISCUSS, Needs.PROPOSE, Needs.WRITE, Needs.ADMIN})

# Organisation roles that may create repositories in its namespace.
CREATOR_ROLES = frozenset({"admin", "write", "contributor"})

ONLY_READS = "This token can only read: use one with the role write."
NO_RIGHTS = "You don't have the rights required for this action."
USE_PULL_REQUEST = "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request."


class RepoMovedError(FreeholdError):
    """The repository has a new name, `full_name`; the edge turns this into a redirect."""

    def __init__(self, full_name: str) -> None:
        super().__init__(full_name)
        self.full_name = full_name


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever calls: a user by a token, or a stranger with neither."""

    id: str | None = None
    name: str | None = None
    is_admin: bool = False
    token: TokenOwner | None = None

    @property
    def can_write(self) -> bool:
        """Whether the token allows changes at all."""
        return self.token is not None and self.token.role == "write"


STRANGER = Viewer()


@dataclass(frozen=True, slots=True)
class Context:
    """One call: the hub, the viewer, and the origin that every URL in the answer starts with."""

    hub: Hub
    viewer: Viewer
    origin: str

    def repo_url(self, type: str, full_name: str) -> str:
        """The web address of a repository."""
        return self.origin + repo_path(type, full_name)


def level_of(viewer: Viewer, repo: Repo) -> Needs:
    """The most that the viewer may do with a repository that they can see, whatever the token."""
    if viewer.id is not None:
        if viewer.is_admin or repo.owner_id == viewer.id:
            return Needs.ADMIN
        if repo.viewer_role is not None:
            if repo.viewer_role == "contributor" and repo.creator_id == viewer.id:
                return Needs.ADMIN
            return ROLE_LEVELS[repo.viewer_role]
        return Needs.DISCUSS if repo.is_closed else Needs.PROPOSE
    return Needs.READ if repo.gated else Needs.CONTENT


def open_repo(ctx: Context, type: RepoType, full_name: str, needs: Needs) -> Repo:
    """The repository, once it is certain that the viewer may do what `needs` says.

    Raises `RepositoryNotFoundError`, `RepoMovedError`, `GatedRepoError`, `DisabledRepoError` or
    `ForbiddenError`.
    """
    with ctx.hub.db.read() as tx:
        repo = find_repo(tx, ctx.viewer, type, full_name)
    check_level(ctx, repo, needs)
    return repo


def find_repo(tx: Transaction, viewer: Viewer, type: RepoType, full_name: str) -> Repo:
    """The repository, if the viewer may see it; raises as `open_repo` does."""
    namespace, _, name = full_name.partition("/")
    repo = repos.find_visible_repo(tx, type, namespace, name, viewer.id, viewer.is_admin)
    if repo is not None:
        return repo
    moved = repos.find_moved_repo(tx, type, namespace, name, viewer.id, viewer.is_admin)
    if moved is not None:
        raise RepoMovedError(moved)
    raise missing_repo(viewer)


def missing_repo(viewer: Viewer) -> RepositoryNotFoundError:
    """The answer for what is not there or not to be seen: strangers are asked who they are."""
    if viewer.id is None:
        return RepositoryNotFoundError("Invalid username or password.", status=401)
    return RepositoryNotFoundError()


def check_level(ctx: Context, repo: Repo, needs: Needs, refusal: str = NO_RIGHTS) -> None:
    """Raises unless the viewer may do what `needs` says with a repository that they can see.

    `refusal` is what an account is told that may do less.
    """
    viewer = ctx.viewer
    level = level_of(viewer, repo)
    if repo.disabled and not viewer.is_admin and needs > Needs.READ:
        raise DisabledRepoError
    if needs >= Needs.CONTENT > level:
        raise gated_error(ctx, repo)
    if needs in CHANGES:
        if viewer.id is None:
            # On plain http, clients take a 401 for a missing repository only by its code.
            raise missing_repo(viewer)
        if level < needs:
            raise ForbiddenError(refusal)
        require_write_token(viewer)


def require_account(viewer: Viewer) -> str:
    """The viewer's user id; raises `UnauthorizedError` for a stranger."""
    if viewer.id is None:
        raise UnauthorizedError
    return viewer.id


def require_write_token(viewer: Viewer) -> None:
    """Raises `ForbiddenError` for a token that can only read."""
    require_account(viewer)
    if not viewer.can_write:
        raise ForbiddenError(ONLY_READS)


def require_namespace(tx: Transaction, viewer: Viewer, namespace: str) -> Account:
    """What `find_namespace` gives, locked until the transaction ends.

    So a name in it is taken only once.
    """
    account = find_namespace(tx, viewer, namespace)
    accounts.lock_account(tx, account.id)
    return account


def find_namespace(tx: Transaction, viewer: Viewer, namespace: str) -> Account:
    """The account that owns `namespace`, if the viewer may create repositories in it."""
    require_write_token(viewer)
    account = accounts.find_account(tx, namespace)
    if account is not None and _may_create(tx, viewer, account):
        return account
    raise ForbiddenError(
        f"You don't have the rights to create a repository under the namespace {namespace!r}."
    )


def _may_create(tx: Transaction, viewer: Viewer, owner: Account) -> bool:
    if viewer.is_admin or owner.id == viewer.id:
        return True
    return accounts.find_role(tx, owner.id, viewer.id or "") in CREATOR_ROLES


def gated_error(ctx: Context, repo: Repo) -> GatedRepoError:
    """The answer to somebody whom the gate keeps out: what they can do, or whom they wait for."""
    name = f"{repo.type} {repo.full_name}"
    if ctx.viewer.id is None:
        return GatedRepoError(
            f"Access to {name} is restricted. You must have access to it and be authenticated to"
            " access it. Please log in.",
            status=401,
        )
    if repo.viewer_request == "pending":
        return GatedRepoError(
            f"Your request to access {name} is awaiting a review from the repo authors."
        )
    if repo.viewer_request == "rejected":
        with ctx.hub.db.read() as tx:
            found = access_requests.find_request_of(tx, repo.id, ctx.viewer.id)
        return rejected_error(repo, found and found.rejection_reason)
    url = ctx.repo_url(repo.type, repo.full_name)
    return GatedRepoError(
        f"Access to {name} is restricted and you are not in the authorized list. Visit {url} to"
        " ask for access."
    )


def rejected_error(repo: Repo, reason: str | None) -> GatedRepoError:
    """The answer to somebody whom the authors do not let in."""
    message = (
        f"Your request to access {repo.type} {repo.full_name} has been rejected by the repo's"
        " authors."
    )
    return GatedRepoError(f"{message} Their reason: {reason}" if reason else message)
