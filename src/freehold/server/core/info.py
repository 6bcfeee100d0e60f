"""Describing a repository at one revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from freehold.errors import BadRequestError
from freehold.server.core.access import Context
from freehold.server.core.facts import Facts, read_facts
from freehold.server.core.repo_details import NOT_TOLD, NULLABLE, OF_DETAILS
from freehold.server.core.repo_details import Subject as DetailSubject
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db import repos
from freehold.server.db.repos import Repo
from freehold.server.git.listing import Entry, list_recursively
from freehold.server.git.reader import CommitData
from freehold.wire.dates import iso_time
from freehold.wire.repos import (
    InfoQuery,
    RepoInfo,
    SecurityRepoStatus,
    Sibling,
    SiblingLfs,
)


def repo_scan(ctx: Context, repo: Repo) -> SecurityRepoStatus:
    """The state of security scans: none has been made."""
    return SecurityRepoStatus(scans_done=False, files_with_issues=[])


def repo_info(ctx: Context, repo: Repo, query: InfoQuery, revision: str = "main") -> RepoInfo:
    """The repository at a revision; with `expand` only what that names.

    Raises `BadRequestError` for a property that no hub tells.
    """
    check_properties(query.expand, _PROPERTIES)
    commit = resolve_revision(ctx, repo, revision)
    info = RepoInfo(id_=repo.id, id=repo.full_name)
    subject = _Subject(ctx, repo, commit, query.blobs)
    for name in query.expand or _default_properties(repo, query):
        describe = _PROPERTIES.get(name)
        if describe is not None:
            describe(subject, info)
    return info


def check_properties(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises `BadRequestError` unless each name is one that is told, or that other hubs tell."""
    unknown = {*names} - {*known} - NOT_TOLD
    if unknown:
        shown = ", ".join(sorted(known))
        raise BadRequestError(f"There is no property {min(unknown)!r}; there are: {shown}.")


class _Subject:
    """What the properties of `repo_info` are read from."""

    def __init__(self, ctx: Context, repo: Repo, commit: CommitData, blobs: bool) -> None:
        self.ctx = ctx
        self.repo = repo
        self.commit = commit
        self.blobs = blobs

    @cached_property
    def facts(self) -> Facts:
        reader = reader_of(self.ctx, self.repo)
        return read_facts(self.ctx.hub, reader, self.commit.tree, self.repo.type)

    @cached_property
    def details(self) -> DetailSubject:
        facts = self.facts
        return DetailSubject(self.ctx, self.repo, lambda: facts.card, facts.details)

    def entries(self) -> tuple[Entry, ...]:
        return list_recursively(reader_of(self.ctx, self.repo), self.commit.tree)


_COMMON = (
    "author",
    "sha",
    "lastModified",
    "createdAt",
    "private",
    "gated",
    "disabled",
    "likes",
    "tags",
    "cardData",
    "usedStorage",
)
_BY_TYPE: dict[str, tuple[str, ...]] = {
    "model": (
        *("modelId", "downloads", "pipeline_tag", "library_name", "siblings", "config"),
        *("mask_token", "widgetData", "model-index", "transformersInfo", "safetensors", "gguf"),
        "spaces",
    ),
    "dataset": ("downloads", "siblings", "description", "citation", "paperswithcode_id"),
    "space": ("sdk", "siblings", "subdomain", "models", "datasets", "title"),
    "kernel": ("downloads",),
}


def _default_properties(repo: Repo, query: InfoQuery) -> list[str]:
    extra = ["securityStatus"] if query.security_status else []
    return [*_COMMON, *_BY_TYPE[repo.type], *extra]


def _set_card(subject: _Subject, info: RepoInfo) -> None:
    if subject.facts.card:
        info.card_data = subject.facts.card


def _set_fact(field: str) -> Callable[[_Subject, RepoInfo], None]:
    def describe(subject: _Subject, info: RepoInfo) -> None:
        value = getattr(subject.facts.derived, field)
        if value is not None:
            setattr(info, field, value)

    return describe


def _set_detail(
    name: str, field: str, read: Callable[[DetailSubject], Any]
) -> Callable[[_Subject, RepoInfo], None]:
    def describe(subject: _Subject, info: RepoInfo) -> None:
        value = read(subject.details)
        if value is not None or name in NULLABLE:
            setattr(info, field, value)

    return describe


def _set_trending_score(subject: _Subject, info: RepoInfo) -> None:
    with subject.ctx.hub.db.read() as tx:
        info.trending_score = repos.find_trending_score(tx, subject.repo.id) or 0


def _set_siblings(subject: _Subject, info: RepoInfo) -> None:
    describe = _sibling_with_blob if subject.blobs else _sibling
    info.siblings = [describe(entry) for entry in subject.entries() if not entry.is_directory]


def _sibling(entry: Entry) -> Sibling:
    return Sibling(rfilename=entry.path)


def _sibling_with_blob(entry: Entry) -> Sibling:
    answer = Sibling(rfilename=entry.path, size=entry.size, blob_id=entry.oid)
    if entry.pointer is not None:
        answer.lfs = SiblingLfs(
            sha256=entry.pointer.oid, size=entry.size, pointer_size=entry.blob_size
        )
    return answer


def _setter(field: str, read: Callable[[_Subject], Any]) -> Callable[[_Subject, RepoInfo], None]:
    def describe(subject: _Subject, info: RepoInfo) -> None:
        setattr(info, field, read(subject))

    return describe


# What the row of a repository says, as the field of the answer and how it is read.
OF_REPO: dict[str, tuple[str, Callable[[Repo], Any]]] = {
    "author": ("author", lambda repo: repo.namespace),
    "createdAt": ("created_at", lambda repo: iso_time(repo.created_at)),
    "disabled": ("disabled", lambda repo: repo.disabled),
    "downloads": ("downloads", lambda repo: repo.downloads),
    "downloadsAllTime": ("downloads_all_time", lambda repo: repo.downloads_all_time),
    "gated": ("gated", lambda repo: repo.gated or False),
    "lastModified": ("last_modified", lambda repo: iso_time(repo.updated_at)),
    "likes": ("likes", lambda repo: repo.likes),
    "modelId": ("model_id", lambda repo: repo.full_name),
    "private": ("private", lambda repo: repo.private),
    "sdk": ("sdk", lambda repo: repo.sdk),
    "usedStorage": ("used_storage", lambda repo: repo.used_storage),
}


def _set_of_repo(field: str, read: Callable[[Repo], Any]) -> Callable[[_Subject, RepoInfo], None]:
    return _setter(field, lambda subject: read(subject.repo))


_PROPERTIES: dict[str, Callable[[_Subject, RepoInfo], None]] = {
    **{name: _set_of_repo(*row) for name, row in OF_REPO.items()},
    **{name: _set_detail(name, *row) for name, row in OF_DETAILS.items()},
    "cardData": _set_card,
    "cardExists": _setter("card_exists", lambda s: bool(s.facts.card)),
    "config": _setter("config", lambda s: dict(s.facts.derived.config)),
    "discussionsDisabled": _setter("discussions_disabled", lambda s: s.repo.discussions_disabled),
    "library_name": _set_fact("library_name"),
    "pipeline_tag": _set_fact("pipeline_tag"),
    "securityStatus": _setter("security_repo_status", lambda s: repo_scan(s.ctx, s.repo)),
    "sha": _setter("sha", lambda s: s.commit.oid),
    "siblings": _set_siblings,
    "tags": _setter("tags", lambda s: list(s.facts.derived.tags)),
    "trendingScore": _set_trending_score,
    "updatedAt": _set_of_repo(*OF_REPO["lastModified"]),
}
