"""Likes: a user's mark on a repository, and the counter that follows from them."""

from __future__ import annotations

from functools import partial

from freehold.server.core import access
from freehold.server.core.access import Context
from freehold.server.core.accounts import describe_listed, find_user, place_of_listed
from freehold.server.core.paging import Page, check_limit, make_page, read_place, write_place
from freehold.server.db import likes, repos
from freehold.server.db.likes import Like
from freehold.server.db.repos import Repo
from freehold.server.hub import now_ms
from freehold.wire.accounts import PageQuery
from freehold.wire.dates import iso_time
from freehold.wire.likes import LikedRepo, LikedRepoName, Likes

DEFAULT_PAGE = 500
MAX_PAGE = 1000


def like(ctx: Context, repo: Repo) -> Likes:
    """The caller likes the repository; nothing changes when they do already.

    Raises `RepositoryNotFoundError` when it was deleted in the meantime.
    """
    user_id = access.require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        # The repository before its likes, in the order in which a deletion takes them.
        repos.lock_repo(tx, repo.id)
        added = likes.insert_like(tx, repo.id, user_id, now_ms())
        count = likes.add_to_likes(tx, repo.id, 1 if added else 0)
    return Likes(likes=count, is_liked_by_user=True)


def unlike(ctx: Context, repo: Repo) -> Likes:
    """The caller likes the repository no more; nothing changes when they do not.

    Raises `RepositoryNotFoundError` when it was deleted in the meantime.
    """
    user_id = access.require_account(ctx.viewer)
    with ctx.hub.db.write() as tx:
        repos.lock_repo(tx, repo.id)
        removed = likes.delete_like(tx, repo.id, user_id)
        count = likes.add_to_likes(tx, repo.id, -1 if removed else 0)
    return Likes(likes=count, is_liked_by_user=False)


def list_repo_likers(ctx: Context, repo: Repo, query: PageQuery) -> Page:
    """A page of the users who like the repository, the newest like first: 500, or up to 1,000."""
    limit, before = check_limit(query.limit, DEFAULT_PAGE, MAX_PAGE), read_place(query.cursor)
    with ctx.hub.db.read() as tx:
        found = likes.list_likers(tx, repo.id, ctx.viewer.id, before, limit + 1)
    return make_page(found, limit, partial(describe_listed, ctx), place_of_listed)


def list_liked_repos(ctx: Context, user: str, query: PageQuery) -> Page:
    """A page of the repositories that a user likes, the newest like first: 500, or up to 1,000.

    Only those that the caller may see. Raises `NotFoundError` when there is no such user.
    """
    limit, before = check_limit(query.limit, DEFAULT_PAGE, MAX_PAGE), read_place(query.cursor)
    viewer = ctx.viewer
    with ctx.hub.db.read() as tx:
        owner = find_user(tx, user)
        found = likes.list_likes(tx, owner.id, viewer.id, viewer.is_admin, before, limit + 1)
    return make_page(found, limit, _describe, _place_of)


def _describe(like: Like) -> LikedRepo:
    name = LikedRepoName(name=f"{like.namespace}/{like.name}", type=like.type)
    return LikedRepo(created_at=iso_time(like.created_at), repo=name)


def _place_of(like: Like) -> str:
    return write_place(like.created_at, like.repo_id)
