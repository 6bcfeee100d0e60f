"""Branches, tags and the other refs of a repository."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire


class GitRef(Wire, kw_only=True):
    """A ref: its short name, its full name and the commit it leads to."""

    name: str
    ref: str
    target_commit: str


class Refs(Wire, kw_only=True):
    """All refs of a repository; pull requests only when they were asked for."""

    branches: list[GitRef]
    converts: list[GitRef]
    tags: list[GitRef]
    pull_requests: list[GitRef] | UnsetType = UNSET


class RefsQuery(Wire, kw_only=True):
    """Whether pull request refs are listed."""

    include_prs: bool = field(default=False, name="include_prs")


class CreateBranch(Wire, kw_only=True):
    """Body of `create_branch`; the head of `main` is the start when none is given."""

    starting_point: str | None = None
    empty_branch: bool = False
    overwrite: bool = False


class CreateTag(Wire, kw_only=True):
    """Body of `create_tag`; an annotated tag is made when there is a message."""

    tag: str
    message: str | None = None


class SuperSquash(Wire, kw_only=True):
    """Body of `super_squash_history`."""

    message: str | None = None


class Squashed(Wire, kw_only=True):
    """The one commit that the branch now has."""

    commit_oid: str
