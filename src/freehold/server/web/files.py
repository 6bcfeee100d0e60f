"""Folders and files of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from freehold.errors import EntryNotFoundError, RevisionNotFoundError
from freehold.server.core import files
from freehold.server.core.path_history import find_last_commit
from freehold.server.core.recent import recall
from freehold.server.core.revisions import resolve_revision
from freehold.server.http.bind import Served
from freehold.server.web import routes
from freehold.server.web.file_views import View, make_view, read_text
from freehold.server.web.pages import show
from freehold.server.web.places import Place, describe_commits, find_place, make_switch
from freehold.server.web.repo_frame import repo_page
from freehold.server.web.tree_rows import find_badges, make_rows
from freehold.server.web.visit import Answer, Made, Page, Redirect, Visit
from freehold.server.web.written import MAX_SIZE, show_markdown
from freehold.wire.files import PathsInfo, TreeEntry, TreeQuery

_NEW = {".gitattributes"}


class Folder(NamedTuple):
    """A page of a folder: its rows, where the next page begins, and the README that is in it."""

    rows: bytes
    next_cursor: str
    is_new: bool
    readme: str | None


def show_tree(visit: Visit) -> Answer:
    """A folder: what is in it, each entry with its last commit; a thousand to a page."""
    place, names = find_place(visit)
    cursor = visit.query.get("cursor")
    try:
        folder = _find_folder(visit, place, cursor)
    except EntryNotFoundError:
        if _find_file(visit, place) is None:
            raise
        return Redirect(place.url("blob"))
    except RevisionNotFoundError:
        if visit.repo.main_oid is not None or place.revision != "main":
            raise
        return _show_empty(visit, place)
    commit = find_last_commit(visit.ctx, visit.repo, place.revision, place.path)
    return _tree_page(
        visit,
        place,
        switch=make_switch(place, "tree", names),
        commit=describe_commits(place.home, [commit])[0],
        rows=Made([folder.rows] if folder.rows else []),
        next_cursor=folder.next_cursor,
        is_first=cursor is None,
        is_new=folder.is_new,
        readme=None if folder.readme is None else _show_readme(visit, place, folder.readme),
    )


def _find_folder(visit: Visit, place: Place, cursor: str | None) -> Folder:
    head = resolve_revision(visit.ctx, visit.repo, place.revision)
    key = ("folder", visit.repo.id, place.home, place.revision, place.path, cursor, head.oid)
    return recall(key, lambda: _read_folder(visit, place, cursor), lambda folder: len(folder.rows))


def _read_folder(visit: Visit, place: Place, cursor: str | None) -> Folder:
    query = TreeQuery(expand=True, cursor=cursor)
    page = files.list_repo_tree(visit.ctx, visit.repo, place.revision, place.path, query)
    return Folder(
        rows=make_rows(place, page.items),
        next_cursor=page.next_query["cursor"] if page.next_query else "",
        is_new=not place.path and all(entry.path in _NEW for entry in page.items),
        readme=_find_readme(place, page.items),
    )


def _show_empty(visit: Visit, place: Place) -> Page:
    """The page of a repository without any commit."""
    return _tree_page(
        visit,
        place._replace(kind="branch"),
        switch=make_switch(place, "tree", []),
        commit=None,
        rows=Made([]),
        next_cursor="",
        is_first=True,
        is_new=True,
        readme=None,
    )


def _tree_page(visit: Visit, place: Place, **values: Any) -> Page:
    repo = visit.repo
    clone = visit.ctx.repo_url(repo.type, repo.full_name)
    return repo_page(visit, "files", "tree.html", place=place, clone_url=clone, **values)


def _find_file(visit: Visit, place: Place) -> TreeEntry | None:
    """What is at the path, be it a file or a folder."""
    if not place.path:
        return None
    body = PathsInfo(paths=[place.path])
    found = files.get_paths_info(visit.ctx, visit.repo, place.revision, body)
    return found[0] if found else None


def _find_readme(place: Place, entries: Sequence[TreeEntry]) -> str | None:
    """The path of the README of a folder; that of the root has a page of its own."""
    if not place.path:
        return None
    length = len(place.path) + len("/README.md")
    paths = (entry.path for entry in entries if len(entry.path) == length)
    return next((path for path in paths if path.lower().endswith("/readme.md")), None)


def _show_readme(visit: Visit, place: Place, path: str) -> Markup | None:
    content = files.open_file(visit.ctx, visit.repo, place.revision, path, raw=False)
    if content.size > MAX_SIZE:
        return None
    text = read_text(files.read_part(visit.ctx, content, 0, MAX_SIZE))
    beside = place._replace(path=path)
    return None if text is None else show_markdown(text, beside, visit.ctx.origin)


def show_blob(visit: Visit) -> Answer:
    """A file, in the way that suits what is in it."""
    place, names = find_place(visit)
    entry = _find_file(visit, place)
    if entry is None:
        raise missing_file(place)
    if entry.type == "directory":
        return Redirect(place.url("tree"))
    content = files.open_file(visit.ctx, visit.repo, place.revision, place.path, raw=False)
    commit = find_last_commit(visit.ctx, visit.repo, place.revision, place.path)
    view = make_view(visit, place, content)
    return repo_page(
        visit,
        "files",
        "blob.html",
        place=place,
        switch=make_switch(place, "blob", names),
        commit=describe_commits(place.home, [commit])[0],
        badges=find_badges(entry),
        content=content,
        view=view,
        is_editable=_is_editable(place, view),
    )


def missing_file(place: Place) -> EntryNotFoundError:
    """The answer for a path that is not there."""
    return EntryNotFoundError(f'{place.path} does not exist on "{place.revision}"')


def _is_editable(place: Place, view: View) -> bool:
    return place.may_change and view.is_text


SERVED: tuple[Served, ...] = (
    show(routes.TREE_PAGE, show_tree, bulk=True),
    show(routes.BLOB_PAGE, show_blob, bulk=True),
)
