"""Changing files in the page: uploading, writing, deleting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from freehold.errors import (
    BadRequestError,
    ConflictError,
    EntryNotFoundError,
    ForbiddenError,
    HfHubHTTPError,
    PayloadTooLargeError,
    PreconditionFailedError,
    RevisionNotFoundError,
)
from freehold.server.core import edits
from freehold.server.core.access import NO_RIGHTS
from freehold.server.core.discussion_rules import check_enabled
from freehold.server.core.edits import Change, Place, Text
from freehold.server.core.pull_requests import number_of
from freehold.server.core.revisions import branch_ref
from freehold.server.web import routes
from freehold.server.web.pages import STALE_FORM, act, show
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.visit import Answer, Page, Redirect, Visit
from freehold.server.web.wording import quote_path, quote_piece
from freehold.wire.ids import URL_PREFIXES, parse_repo_type
from freehold.wire.routes import CREATE_COMMIT, LFS_BATCH, PREUPLOAD

MOVED = "Others have changed this since you opened it. Nothing was saved, and your change is below."
GONE = "What you changed is not there any more: others have moved or deleted it meanwhile."
NO_BRANCH = "This branch is not there any more. Copy what you have written to another one."
PULL_REQUEST_ONLY = "You may not change this branch itself: open a pull request instead."

MAX_SUMMARY = 500
MAX_DESCRIPTION = 20_000

_COMMIT_ID = re.compile(r"[0-9a-f]{40}")
_MARKDOWN = (".md", ".mdx", ".markdown")
_WRAPPED = (*_MARKDOWN, ".txt", ".rst")
_LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}


class Ways(NamedTuple):
    """How a change may get to where it belongs.

    `name` is that of the branch, or `number` that of the pull request which takes more commits.
    """

    name: str
    number: int
    may_commit: bool
    may_propose: bool
    wants_proposal: bool


def _find_ways(visit: Visit, place: Place) -> Ways:
    """Raises what stands in the way of any change; not where a form is shown once more."""
    number = number_of(place.ref) if place.is_pull_request else 0
    try:
        may_commit = edits.may_commit(visit.ctx, visit.repo, place)
        if not may_commit:
            check_enabled(visit.repo)
    except HfHubHTTPError:
        if not visit.error:
            raise
        may_commit = True
    may_propose = not number and not visit.repo.discussions_disabled
    wants = may_propose and (not may_commit or visit.form.get("target") == "pull_request")
    return Ways(place.name, number, may_commit, may_propose, wants)


def _find_place(visit: Visit) -> Place:
    """Where the page is about; a form that is shown once more may have lost its branch."""
    revision = visit.pieces["revision"]
    try:
        return edits.find_place(visit.ctx, visit.repo, revision)
    except HfHubHTTPError:
        if not visit.error:
            raise
        return Place(branch_ref(revision), "")


def _change_page(visit: Visit, place: Place, template: str, **values: Any) -> Page:
    revision = visit.pieces["revision"]
    path = visit.pieces["path"].strip("/")
    return repo_page(
        visit,
        "files",
        template,
        ways=_find_ways(visit, place),
        place=place,
        parent=visit.form.get("parent", place.head),
        has_moved=visit.error == MOVED and bool(place.head),
        revision=revision,
        path=path,
        **values,
    )


# Uploading


def show_upload(visit: Visit) -> Answer:
    """The page that takes files; its script sends them by the calls that clients use."""
    place = _find_place(visit)
    repo, revision = visit.repo, visit.pieces["revision"]
    type_, name = parse_repo_type(repo.type), repo.full_name
    calls = {
        "preupload": PREUPLOAD.url_path(type=type_, repo=name, revision=revision),
        "commit": CREATE_COMMIT.url_path(type=type_, repo=name, revision=revision),
        "batch": LFS_BATCH.url_path(prefix=URL_PREFIXES[type_], repo=name),
    }
    return _change_page(visit, place, "upload.html", calls=calls)


# Writing


def show_new_file(visit: Visit) -> Answer:
    """The page for a new file in a folder."""
    folder = visit.pieces["path"].strip("/")
    name = visit.query.get("name", "")
    path = f"{folder}/{name}" if folder else name
    return _editor(visit, _find_place(visit), Text("", "\n", False, True), path, "")


def show_edit_file(visit: Visit) -> Answer:
    """The page to edit the text of a file."""
    place = _find_place(visit)
    path = visit.pieces["path"]
    text = edits.read_text(visit.ctx, visit.repo, place.head, path)
    return _editor(visit, place, text, path, path)


def show_file_again(visit: Visit) -> Answer:
    """The same page with what was written, which could not be saved."""
    path = visit.form.get("path", "")
    old_path = "" if "is_new" in visit.form else visit.pieces["path"]
    return _editor(visit, _find_place(visit), _read_text(visit), path, old_path)


def _editor(visit: Visit, place: Place, text: Text, path: str, old_path: str) -> Page:
    name = (old_path or path).lower()
    return _change_page(
        visit,
        place,
        "edit_file.html",
        text=text,
        file_path=path,
        old_path=old_path,
        line_ends="crlf" if text.line_end == "\r\n" else "lf",
        is_markdown=name.endswith(_MARKDOWN),
        is_card=name == "readme.md",
        wraps=name.endswith(_WRAPPED),
    )


def save_file(visit: Visit) -> Answer:
    """Saves a new or an edited file, and leads to it or to the pull request."""
    old_path = "" if "is_new" in visit.form else visit.pieces["path"]
    path = visit.form.get("path", "")
    path = path if path == old_path else path.strip()
    verb = "Update" if path == old_path else "Rename" if old_path else "Create"
    change = _read_change(visit, f"{verb} {path}")
    with _telling():
        place = edits.find_place(visit.ctx, visit.repo, visit.pieces["revision"])
        text = _read_text(visit)
        made = edits.save_file(visit.ctx, visit.repo, place, path, text, change, old_path)
    if made.num is not None:
        return Redirect(f"{home_of(visit)}/discussions/{made.num}")
    revision = quote_piece(visit.pieces["revision"])
    return Redirect(f"{home_of(visit)}/blob/{revision}/{quote_path(path)}")


def _read_text(visit: Visit) -> Text:
    """What was written, with the line ends that the page was told."""
    form = visit.form
    line_end = _LINE_ENDS.get(form.get("line_ends", ""), "\n")
    text = form.get("text", "")
    return Text(text, line_end, False, form.get("finished") != "0")


def _read_change(visit: Visit, summary: str) -> Change:
    """What the form says about the change, with that summary if none was written."""
    form = visit.form
    parent = form.get("replace") or form.get("parent", "")
    if not _COMMIT_ID.fullmatch(parent):
        raise BadRequestError(STALE_FORM)
    title = " ".join(form.get("title", "").replace("\0", "").split())
    description = form.get("description", "").replace("\0", "")
    if len(title) > MAX_SUMMARY or len(description) > MAX_DESCRIPTION:
        raise BadRequestError(f"The title of a change has at most {MAX_SUMMARY} characters.")
    is_proposal = form.get("target") == "pull_request"
    return Change(title or summary[:MAX_SUMMARY], description.strip(), parent, is_proposal)


@contextmanager
def _telling() -> Iterator[None]:
    """Makes errors of the core what shows the form once more, with all that is in it."""
    try:
        yield
    except PreconditionFailedError as error:
        raise ConflictError(MOVED) from error
    except EntryNotFoundError as error:
        raise ConflictError(GONE) from error
    except RevisionNotFoundError as error:
        raise ConflictError(NO_BRANCH) from error
    except PayloadTooLargeError as error:
        raise BadRequestError(error.message) from error
    except ForbiddenError as error:
        is_right = error.message == NO_RIGHTS
        raise ConflictError(PULL_REQUEST_ONLY if is_right else error.message) from error


# Deleting


def show_delete_file(visit: Visit) -> Answer:
    """The page that asks whether to delete a file or a folder."""
    place = _find_place(visit)
    path = visit.pieces["path"].strip("/")
    doomed = None
    if place.head and not visit.error:
        doomed = edits.describe_deletion(visit.ctx, visit.repo, place.head, path)
    return _change_page(visit, place, "delete_file.html", doomed=doomed)


def delete_file(visit: Visit) -> Answer:
    """Deletes the file or folder, and leads to the commit or to the pull request."""
    path = visit.pieces["path"].strip("/")
    change = _read_change(visit, f"Delete {path}")
    with _telling():
        place = edits.find_place(visit.ctx, visit.repo, visit.pieces["revision"])
        made = edits.delete_path(visit.ctx, visit.repo, place, path, change)
    end = f"/commit/{made.oid}" if made.num is None else f"/discussions/{made.num}"
    return Redirect(home_of(visit) + end)


SERVED = (
    show(routes.UPLOAD_PAGE, show_upload),
    show(routes.NEW_FILE_PAGE, show_new_file),
    show(routes.EDIT_FILE_PAGE, show_edit_file),
    act(routes.SAVE_FILE_FORM, save_file, show_file_again, bulk=True),
    show(routes.DELETE_FILE_PAGE, show_delete_file, bulk=True),
    act(routes.DELETE_FILE_FORM, delete_file, show_delete_file, bulk=True),
)
