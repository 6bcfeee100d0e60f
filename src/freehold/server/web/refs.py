"""Branches and tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from freehold.errors import BadRequestError, RevisionNotFoundError
from freehold.server.core import refs
from freehold.server.core.path_history import tell_commits
from freehold.server.http.bind import Served
from freehold.server.web import routes
from freehold.server.web.pages import act, show
from freehold.server.web.places import CommitLine, describe_commits
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.visit import Answer, Redirect, Visit
from freehold.server.web.wording import quote_piece
from freehold.wire.refs import CreateBranch, CreateTag, GitRef, RefsQuery
from freehold.wire.route import Needs

PAGE = 100


class Line(NamedTuple):
    """A branch, tag or other ref, with the commit that it leads to."""

    name: str
    address: str
    compare: str
    commit: CommitLine


class Section(NamedTuple):
    """A page of the refs of one kind; `newer` and `older` are the addresses of other pages."""

    kind: str
    title: str
    total: int
    lines: list[Line]
    newer: str
    older: str


def show_refs(visit: Visit) -> Answer:
    """All branches and tags, and the forms that make and delete them."""
    found = refs.list_repo_refs(visit.ctx, visit.repo, RefsQuery(include_prs=True))
    proposals = found.pull_requests or []
    proposals = sorted(proposals, key=lambda ref: -_number_of(ref))
    branches = sorted(found.branches, key=lambda ref: ref.name != "main")
    kinds = (
        ("branches", "Branches", branches),
        ("tags", "Tags", found.tags),
        ("converts", "Conversions", found.converts),
        ("pulls", "Pull requests", proposals),
    )
    sections = [_make_section(visit, *kind) for kind in kinds if kind[2] or kind[0] != "converts"]
    may_write = visit.may(Needs.WRITE)
    form = visit.form
    return repo_page(visit, "files", "refs.html", sections=sections, may_write=may_write, form=form)


def _number_of(ref: GitRef) -> int:
    return int(ref.name) if ref.name.isdecimal() else 0


def _make_section(visit: Visit, kind: str, title: str, found: Sequence[GitRef]) -> Section:
    """The page of a kind that is asked for; each kind has a number of its own in the address."""
    text = visit.query.get(kind, "0")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    shown = found[number * PAGE : (number + 1) * PAGE]
    commits = tell_commits(visit.ctx, visit.repo, [ref.target_commit for ref in shown])
    lines = describe_commits(home_of(visit), commits)
    return Section(
        kind,
        title,
        len(found),
        [_make_line(visit, kind, ref, line) for ref, line in zip(shown, lines, strict=True)],
        f"?{kind}={number - 1}#{kind}" if number else "",
        f"?{kind}={number + 1}#{kind}" if (number + 1) * PAGE < len(found) else "",
    )


def _make_line(visit: Visit, kind: str, ref: GitRef, commit: CommitLine) -> Line:
    home = home_of(visit)
    name = ref.name if kind in ("branches", "tags") else ref.ref
    piece = quote_piece(name)
    compare = "" if name == "main" else f"{home}/compare/main...{piece}"
    if kind == "pulls":
        return Line(f"#{ref.name}", f"{home}/discussions/{ref.name}", compare, commit)
    return Line(name, f"{home}/tree/{piece}", compare, commit)


def create_branch(visit: Visit) -> Redirect:
    """Makes a branch, and leads to its files."""
    name = visit.form.get("branch", "").strip()
    body = CreateBranch(starting_point=visit.form.get("starting_point", "").strip() or None)
    try:
        refs.create_branch(visit.ctx, visit.repo, name, body)
    except RevisionNotFoundError as error:
        raise BadRequestError(error.message) from error
    return Redirect(f"{home_of(visit)}/tree/{quote_piece(name)}")


def delete_branch(visit: Visit) -> Redirect:
    """Deletes a branch; its commits stay where others lead to them."""
    refs.delete_branch(visit.ctx, visit.repo, visit.form.get("branch", ""))
    return Redirect(f"{home_of(visit)}/refs")


def create_tag(visit: Visit) -> Redirect:
    """Makes a tag, with a message if there is one."""
    revision = visit.form.get("revision", "").strip() or "main"
    message = visit.form.get("message", "").strip() or None
    body = CreateTag(tag=visit.form.get("tag", "").strip(), message=message)
    try:
        refs.create_tag(visit.ctx, visit.repo, revision, body)
    except RevisionNotFoundError as error:
        raise BadRequestError(error.message) from error
    return Redirect(f"{home_of(visit)}/refs#tags")


def delete_tag(visit: Visit) -> Redirect:
    """Deletes a tag."""
    refs.delete_tag(visit.ctx, visit.repo, visit.form.get("tag", ""))
    return Redirect(f"{home_of(visit)}/refs#tags")


SERVED: tuple[Served, ...] = (
    show(routes.REFS_PAGE, show_refs, bulk=True),
    act(routes.CREATE_BRANCH_FORM, create_branch, show_refs),
    act(routes.DELETE_BRANCH_FORM, delete_branch, show_refs),
    act(routes.CREATE_TAG_FORM, create_tag, show_refs),
    act(routes.DELETE_TAG_FORM, delete_tag, show_refs),
)
