"""Repositories: creating, describing, changing, moving, duplicating and deleting them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

from msgspec import UNSET

from freehold.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    RepositoryNotFoundError,
    UnavailableError,
)
from freehold.formats.gitattributes import default_attributes
from freehold.server.core import access, cards
from freehold.server.core.access import Context
from freehold.server.core.commits import (
    SYSTEM,
    InitialFile,
    squash_commit,
    stage_initial_commit,
)
from freehold.server.core.facts import renew_facts
from freehold.server.core.revisions import MAIN, reader_of, resolve_revision
from freehold.server.db import lfs, packs, refs, repos, trash, xet_files
from freehold.server.db.database import Transaction
from freehold.server.db.events import record_event
from freehold.server.db.repos import NewRepo, Repo
from freehold.server.git import native
from freehold.server.git.cache import PACK_ENDINGS
from freehold.server.git.store import PackSource, RefChange
from freehold.server.hub import new_id, now_ms
from freehold.wire.codec import encode_json
from freehold.wire.ids import RepoId, RepoType, check_repo_name, parse_repo_type
from freehold.wire.repos import (
    CreateRepo,
    DeleteRepo,
    DuplicateRepo,
    MoveRepo,
    RepoCreated,
    RepoSettings,
    RepoUrl,
    UpdateRepoSettings,
)
from freehold.wire.route import Needs

GATED_SOURCE = "A gated repository cannot be duplicated."

SPACE_SDKS = frozenset({"gradio", "docker", "static", "streamlit"})


def create_repo(ctx: Context, body: CreateRepo) -> RepoCreated:
    """A new repository with its first commit, or nothing at all.

    Raises `ForbiddenError` for a namespace that is not the viewer's, `ConflictError` (with the
    `url` that clients need) when the name is taken.
    """
    repo_type = parse_repo_type(body.type or "model")
    name = check_repo_name(body.name)
    if repo_type == "space" and body.sdk not in SPACE_SDKS:
        raise BadRequestError(f"A space needs an sdk: one of {', '.join(sorted(SPACE_SDKS))}.")
    private = _is_private(body.private, body.visibility, repo_type) or False
    source, commit_oid = stage_initial_commit(_initial_files(repo_type, body), body.files)
    new = _create(
        ctx,
        body.organization or ctx.viewer.name or "",
        partial(NewRepo, type=repo_type, name=name, private=private, sdk=body.sdk),
        [source],
        {MAIN: commit_oid},
    )
    return RepoCreated(url=ctx.repo_url(repo_type, str(new[1])), name=str(new[1]), id=new[0])


def _create(
    ctx: Context,
    namespace: str,
    new_repo: Callable[..., NewRepo],
    sources: list[PackSource],
    heads: dict[str, str],
    also: Callable[[Transaction, str], None] = lambda tx, repo_id: None,
) -> tuple[str, RepoId]:
    """The id and name of a new repository with these packs and refs, made in one transaction."""
    repo_id, now = new_id(), now_ms()
    viewer_id = access.require_account(ctx.viewer)
    created: list[RepoId] = []

    def insert(tx: Transaction) -> None:
        owner = access.require_namespace(tx, ctx.viewer, namespace)
        new = new_repo(id=repo_id, owner_id=owner.id, creator_id=viewer_id, now=now)
        created.append(RepoId(owner.name, new.name))
        if not repos.insert_repo(tx, new):
            raise _taken(ctx, new.type, str(created[0]))
        also(tx, repo_id)

    def record(tx: Transaction) -> None:
        record_event(tx, repo_id, "create", "repo", {}, now)

    changes = [RefChange(name, None, oid) for name, oid in heads.items()]
    ctx.hub.git.publish(repo_id, changes, sources, now, insert, record)
    renew_facts(ctx.hub, repo_id)
    return repo_id, created[0]


def _taken(ctx: Context, type: str, full_name: str) -> ConflictError:
    return ConflictError(
        f"You already created this {type} repo: {full_name}",
        body={"url": ctx.repo_url(type, full_name)},
    )


def _is_private(private: bool | None, visibility: str | None, type: str) -> bool | None:
    if visibility == "protected" and type != "space":
        raise BadRequestError("Only a space can have the visibility 'protected'.")
    return private if visibility is None else visibility != "public"


def _initial_files(type: RepoType, body: CreateRepo) -> list[InitialFile]:
    files = [InitialFile(".gitattributes", default_attributes(type))]
    front = _initial_card(type, body)
    if front:
        lines = [f"{key}: {value}" for key, value in front.items()]
        files.append(InitialFile(cards.README, "\n".join(["---", *lines, "---", ""]).encode()))
    return files


def _initial_card(type: RepoType, body: CreateRepo) -> dict[str, str]:
    front = {}
    if type == "space":
        front = {
            "title": _quote(body.name.replace("-", " ").replace("_", " ").title()),
            "emoji": "🚀",
            "colorFrom": "blue",
            "colorTo": "green",
            "sdk": _quote(body.sdk or ""),
        }
        if body.sdk_version:
            front["sdk_version"] = _quote(body.sdk_version)
        if body.sdk in {"gradio", "streamlit"}:
            front["app_file"] = "app.py"
        front["pinned"] = "false"
    for key in ("license", "license_name", "license_link", "short_description"):
        value = getattr(body, key)
        if value:
            front[key] = _quote(value)
    return front


def _quote(text: str) -> str:
    """The text as a YAML scalar: a JSON string is one, and is never taken for a boolean."""
    return encode_json(text).decode()


def delete_repo(ctx: Context, body: DeleteRepo) -> None:
    """Deletes a repository; a background job frees its bytes after the grace period."""
    repo = _open_named(ctx, body.type, body.organization, body.name)
    with ctx.hub.db.write() as tx:
        repos.lock_repo(tx, repo.id)
        keys = [p.object_key for p in packs.list_packs(tx, repo.id) if p.object_key is not None]
        record_event(tx, repo.id, "delete", "repo", {}, now_ms())
        repos.delete_repo(tx, repo.id)
        trash.trash_objects(tx, [key + end for key in keys for end in PACK_ENDINGS], now_ms())
    ctx.hub.git.cache.remove(repo.id)


def _open_named(ctx: Context, type: str | None, namespace: str | None, name: str) -> Repo:
    full_name = f"{namespace or ctx.viewer.name}/{name}"
    try:
        return access.open_repo(ctx, parse_repo_type(type or "model"), full_name, Needs.WRITE)
    except access.RepoMovedError as error:
        # A former name is no licence to delete or move what has another name today.
        raise access.missing_repo(ctx.viewer) from error


def move_repo(ctx: Context, body: MoveRepo) -> None:
    """Renames or transfers a repository; the old name redirects to the new one."""
    target = RepoId.parse(body.to_repo)
    namespace, _, name = body.from_repo.partition("/")
    repo = _open_named(ctx, body.type, namespace, name)
    with ctx.hub.db.write() as tx:
        owner = access.require_namespace(tx, ctx.viewer, target.namespace)
        repos.lock_repo(tx, repo.id)
        now_named = repos.find_repo_by_id(tx, repo.id, ctx.viewer.id)
        if now_named is None or now_named.full_name != repo.full_name:
            raise access.missing_repo(ctx.viewer)
        # Before it moves: what is told has the old name, and who watches it where it was hears it.
        moved_to = {"name": f"{owner.name}/{target.name}", "owner": {"id": owner.id}}
        record_event(tx, repo.id, "move", "repo", {"movedTo": moved_to}, now_ms())
        if not repos.move_repo(tx, repo, owner.id, target.name, now_ms()):
            raise _taken(ctx, repo.type, f"{owner.name}/{target.name}")


def update_repo_settings(ctx: Context, repo: Repo, body: UpdateRepoSettings) -> RepoSettings:
    """Changes what the body names, and tells what it has set."""
    answer = RepoSettings()
    private = None if body.private is UNSET else body.private
    visibility = None if body.visibility is UNSET else body.visibility
    wanted = _is_private(private, visibility, repo.type)
    changes: dict[str, Any] = {}
    if wanted is not None:
        changes["private"] = answer.private = wanted
    if body.gated is not UNSET:
        changes["gated"] = body.gated or ""
        answer.gated = body.gated
    if body.discussions_disabled is not UNSET:
        changes["discussions_disabled"] = answer.discussions_disabled = body.discussions_disabled
    with ctx.hub.db.write() as tx:
        repos.update_settings(tx, repo.id, changes, now_ms())
        if changes:
            record_event(tx, repo.id, "update", "repo.config", {"updatedConfig": answer}, now_ms())
    return answer


def duplicate_repo(ctx: Context, repo: Repo, body: DuplicateRepo) -> RepoUrl:
    """A copy under another name: a space with its history, anything else as one commit."""
    target = RepoId.parse(body.repository)
    if repo.gated:
        raise ForbiddenError(GATED_SOURCE)
    chosen = _is_private(body.private, body.visibility, repo.type)
    # Now, because copying takes its time; and again in the transaction.
    with ctx.hub.db.read() as tx:
        access.find_namespace(tx, ctx.viewer, target.namespace)
        _refuse_taken(tx, ctx, cast(RepoType, repo.type), target)
        _refuse_unproven(tx, repo.id)
    private = repo.private if chosen is None else chosen
    with tempfile.TemporaryDirectory() as folder:
        sources, heads = _copy_content(ctx, repo, Path(folder))
        _, created = _create(
            ctx,
            target.namespace,
            partial(NewRepo, type=repo.type, name=target.name, private=private, sdk=repo.sdk),
            sources,
            heads,
            lambda tx, repo_id: _copy_links(tx, ctx, repo, repo_id),
        )
    return RepoUrl(url=ctx.repo_url(repo.type, str(created)))


def _copy_content(
    ctx: Context, repo: Repo, folder: Path
) -> tuple[list[PackSource], dict[str, str]]:
    reader = reader_of(ctx, repo)
    if repo.type == "space":
        with ctx.hub.db.read() as tx:
            heads = {
                name: oid
                for name, oid in refs.list_refs(tx, repo.id).items()
                if name.startswith(("refs/heads/", "refs/tags/"))
            }
        packed = reader.run(lambda found: native.pack_revisions(found.path, heads.values(), folder))
        return [packed], heads
    main = resolve_revision(ctx, repo, "main")
    packed = reader.run(lambda found: native.pack_revisions(found.path, [main.tree], folder))
    source, oid = squash_commit(
        main.tree, ctx.viewer.name or SYSTEM, f"Duplicate from {repo.full_name}"
    )
    return [packed, source], {MAIN: oid}


def _refuse_taken(tx: Transaction, ctx: Context, type: RepoType, target: RepoId) -> None:
    try:
        access.find_repo(tx, ctx.viewer, type, str(target))
    except (RepositoryNotFoundError, access.RepoMovedError):
        return
    raise _taken(ctx, type, str(target))


def _refuse_unproven(tx: Transaction, repo_id: str) -> None:
    """What a repository was told of its large files holds in no other one before it is proven."""
    if xet_files.has_unproven(tx, repo_id):
        raise UnavailableError(
            "The hub is still checking what was uploaded there: please try again in a moment.",
            headers={"Retry-After": "5"},
        )


def _copy_links(tx: Transaction, ctx: Context, source: Repo, target_id: str) -> None:
    repos.lock_repo(tx, source.id)
    _refuse_unproven(tx, source.id)
    if access.find_repo(tx, ctx.viewer, cast(RepoType, source.type), source.full_name).gated:
        raise ForbiddenError(GATED_SOURCE)
    lfs.copy_links(tx, source.id, target_id, now_ms())


def auth_check(ctx: Context, repo: Repo) -> bytes:
    """`OK`, once the edge has checked the right that the route needs."""
    return b"OK"
