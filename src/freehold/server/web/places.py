"""Where a page of files stands: revision, path, the other branches and tags, the commits shown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from markupsafe import Markup

from freehold.errors import EntryNotFoundError
from freehold.server.core.commit_authors import AuthoredCommit
from freehold.server.core.edits import takes_commits
from freehold.server.core.refs import list_ref_names
from freehold.server.core.revisions import is_pull_request
from freehold.server.db.accounts import Account
from freehold.server.web.repo_frame import home_of
from freehold.server.web.visit import Visit
from freehold.server.web.wording import format_time, quote_path, quote_piece
from freehold.wire.ids import MAX_PATH_BYTES, MAX_SEGMENTS
from freehold.wire.route import Needs

# A list of more is looked for on the page of branches and tags.
MAX_REFS = 300

_BRANCH = "refs/heads/"
_TAG = "refs/tags/"
_CONVERT = "refs/convert/"


class Place(NamedTuple):
    """A path at a revision of a repository, which addresses are made of.

    `kind` says what the revision is: branch, tag, pull request or commit.
    """

    home: str
    revision: str
    path: str
    kind: str
    may_change: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def shown_revision(self) -> str:
        """The revision as people read it: a full id is cut."""
        return self.revision[:10] if self.kind == "commit" else self.revision

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        """The name of each folder above the path, with the path of it."""
        folders = self.path.split("/")[:-1] if self.path else []
        return list(zip(folders, accumulate(folders, "{}/{}".format), strict=True))

    def url(self, page: str, path: str | None = None, revision: str | None = None) -> str:
        """The address of that page for the path, or for another path or revision."""
        path = self.path if path is None else path
        piece = quote_piece(self.revision if revision is None else revision)
        address = f"{self.home}/{page}/{piece}"
        return f"{address}/{quote_path(path)}" if path else address


class RefLink(NamedTuple):
    """A branch or tag to go to."""

    name: str
    address: str
    is_current: bool


class Switch(NamedTuple):
    """The branches and tags that a page can be seen at; `is_cut` when there are more."""

    branches: list[RefLink]
    tags: list[RefLink]
    is_cut: bool


class CommitLine(NamedTuple):
    """A commit as lists show it."""

    oid: str
    short: str
    title: str
    description: str
    address: str
    author: str
    account: Account | None
    when: Markup


def find_place(visit: Visit) -> tuple[Place, list[str]]:
    """Where the page stands, and the names of the refs that were looked at to find it out.

    Raises `EntryNotFoundError` for a path longer than any: the page would name each folder of it.
    """
    path = visit.pieces["path"].strip("/")
    if len(path.encode()) > MAX_PATH_BYTES or path.count("/") >= MAX_SEGMENTS:
        raise EntryNotFoundError("There is no path as long as that.")
    names = list_ref_names(visit.ctx, visit.repo, MAX_REFS + 1)
    revision = visit.pieces["revision"]
    kind = _kind_of(revision, names)
    may_change = _may_change(visit, kind, revision)
    return Place(home_of(visit), revision, path, kind, may_change), names


def _may_change(visit: Visit, kind: str, revision: str) -> bool:
    """Whether the viewer may change files there, or propose to."""
    if not visit.may(Needs.PROPOSE):
        return False
    if kind == "pull request":
        return takes_commits(visit.ctx, visit.repo, revision)
    is_branch = kind == "branch" and revision != "HEAD"
    return is_branch and (visit.may(Needs.WRITE) or not visit.repo.discussions_disabled)


def _kind_of(revision: str, names: list[str]) -> str:
    if is_pull_request(revision):
        return "pull request"
    short = revision.removeprefix(_BRANCH)
    if short == "HEAD" or f"{_BRANCH}{short}" in names:
        return "branch"
    if revision in names or f"{_TAG}{revision}" in names:
        return "tag" if not revision.startswith(_CONVERT) else "branch"
    return "commit"


def make_switch(place: Place, page: str, names: list[str]) -> Switch:
    """The links of the switch between branches and tags, each to the same page and path."""
    branches: list[RefLink] = []
    tags: list[RefLink] = []
    for name in names[:MAX_REFS]:
        short = name.removeprefix(_BRANCH).removeprefix(_TAG)
        link = RefLink(short, place.url(page, revision=short), short == place.revision)
        (tags if name.startswith(_TAG) else branches).append(link)
    branches.sort(key=lambda link: link.name != "main")
    return Switch(branches, tags, len(names) > MAX_REFS)


def describe_commits(home: str, commits: Iterable[AuthoredCommit]) -> list[CommitLine]:
    """The commits as lists show them; `home` is the path of their repository's page."""
    return [
        CommitLine(
            oid=commit.oid,
            short=commit.oid[:7],
            title=commit.title or "(no message)",
            description=commit.description,
            address=f"{home}/commit/{commit.oid}",
            author=commit.author,
            account=commit.account,
            when=format_time(commit.time * 1000),
        )
        for commit in commits
    ]
