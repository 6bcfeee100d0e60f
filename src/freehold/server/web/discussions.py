"""Discussions and pull requests: their pages and forms, and what each form does."""

from __future__ import annotations

from typing import Literal, cast

from freehold.errors import BadRequestError, ConflictError, PreconditionFailedError
from freehold.server.core import comments, discussions, merges
from freehold.server.http.bind import Served
from freehold.server.web import routes
from freehold.server.web.discussion_lists import (
    discussions_page,
    new_discussion_form,
    new_discussion_page,
)
from freehold.server.web.discussion_pages import (
    discussion_files_page,
    discussion_page,
    edit_comment_page,
    thread_takes_turn,
)
from freehold.server.web.pages import act, show
from freehold.server.web.repo_frame import home_of
from freehold.server.web.visit import Redirect, Visit
from freehold.wire import discussions as wire

_Given = Literal["open", "closed"]


def _back(visit: Visit, event: str = "") -> Redirect:
    path = f"{home_of(visit)}/discussions/{visit.pieces['num']}"
    return Redirect(f"{path}#{event}" if event else path)


def _comment(visit: Visit) -> Redirect:
    body = wire.CommentDiscussion(comment=visit.form.get("comment", ""))
    made = comments.comment_discussion(visit.ctx, visit.repo, visit.pieces["num"], body)
    return _back(visit, made.new_message.id)


def _edit_comment(visit: Visit) -> Redirect:
    num, event = visit.pieces["num"], visit.pieces["event"]
    body = wire.EditComment(content=visit.form.get("content", ""))
    made = comments.edit_comment(visit.ctx, visit.repo, num, event, body)
    return _back(visit, made.updated_comment.id)


def _hide_comment(visit: Visit) -> Redirect:
    num, event = visit.pieces["num"], visit.pieces["event"]
    made = comments.hide_comment(visit.ctx, visit.repo, num, event)
    return _back(visit, made.updated_comment.id)


def _rename(visit: Visit) -> Redirect:
    body = wire.RenameDiscussion(title=visit.form.get("title", ""))
    discussions.rename_discussion(visit.ctx, visit.repo, visit.pieces["num"], body)
    return _back(visit)


def _change_status(visit: Visit) -> Redirect:
    status = visit.form.get("status", "")
    if status not in ("open", "closed"):
        raise BadRequestError("The status of a discussion is open or closed.")
    comment = visit.form.get("comment", "").strip() and visit.form["comment"]
    body = wire.ChangeDiscussionStatus(status=cast(_Given, status), comment=comment or None)
    discussions.change_discussion_status(visit.ctx, visit.repo, visit.pieces["num"], body)
    return _back(visit)


def _pin(visit: Visit) -> Redirect:
    body = wire.PinDiscussion(pinned=bool(visit.form.get("pinned")))
    discussions.pin_discussion(visit.ctx, visit.repo, visit.pieces["num"], body)
    return _back(visit)


def _lock(visit: Visit) -> Redirect:
    body = wire.LockDiscussion(locked=bool(visit.form.get("locked")))
    discussions.set_locked(visit.ctx, visit.repo, visit.pieces["num"], body)
    return _back(visit)


def _merge(visit: Visit) -> Redirect:
    comment = visit.form.get("comment", "").strip() and visit.form["comment"]
    head = visit.form.get("head", "")
    body = wire.MergePullRequest(comment=comment or None, head_commit_id=head or None)
    try:
        merges.merge_pull_request(visit.ctx, visit.repo, visit.pieces["num"], body)
    except PreconditionFailedError as error:
        raise ConflictError(f"{error.message} Look at what is new, and merge again.") from error
    return _back(visit)


SERVED: tuple[Served, ...] = (
    show(routes.NEW_DISCUSSION_PAGE, new_discussion_page),
    act(routes.NEW_DISCUSSION_FORM, new_discussion_form, new_discussion_page, bulk=True),
    show(routes.DISCUSSIONS_PAGE, discussions_page),
    show(routes.DISCUSSION_PAGE, discussion_page, bulk=True, turn_if=thread_takes_turn),
    show(routes.DISCUSSION_FILES_PAGE, discussion_files_page, bulk=True, turn=True),
    act(routes.COMMENT_FORM, _comment, discussion_page, bulk=True),
    show(routes.EDIT_COMMENT_PAGE, edit_comment_page, bulk=True),
    act(routes.EDIT_COMMENT_FORM, _edit_comment, edit_comment_page, bulk=True),
    act(routes.HIDE_COMMENT_FORM, _hide_comment, edit_comment_page, bulk=True),
    act(routes.RENAME_DISCUSSION_FORM, _rename, discussion_page, bulk=True),
    act(routes.DISCUSSION_STATUS_FORM, _change_status, discussion_page, bulk=True),
    act(routes.PIN_DISCUSSION_FORM, _pin, discussion_page, bulk=True),
    act(routes.LOCK_DISCUSSION_FORM, _lock, discussion_page, bulk=True),
    act(routes.MERGE_FORM, _merge, discussion_page, bulk=True, turn=True),
)
