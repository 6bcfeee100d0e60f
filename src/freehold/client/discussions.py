"""Discussions and pull requests: reading, opening and changing them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from freehold import wire
from freehold.client.calls import Caller, parse_with, require_text
from freehold.client.errors import HFValidationError
from freehold.client.names import Token, check_repo_type

if TYPE_CHECKING:
    from freehold.client.answers import Answer
    from freehold.client.discussion_info import (
        Discussion,
        DiscussionComment,
        DiscussionStatusChange,
        DiscussionTitleChange,
        DiscussionWithDetails,
    )
    from freehold.wire.discussions import CreateDiscussion

DiscussionType = Literal["all", "discussion", "pull_request"]
DiscussionStatus = Literal["all", "open", "closed"]
NewStatus = Literal["open", "closed"]

# What is said of a discussion that nobody has described.
_OPENED: Final = "Opened with the Python client of Freehold."
_NO_WAY_BACK: Final = "What a hidden comment said cannot be brought back."


class Discussions(Caller):
    """Calls about discussions and pull requests.

    `discussion_num` is the number that a discussion has in its repository. A wrong argument is an
    `HFValidationError` before anything is asked; a number that is not there, or a change that the
    caller may not make, is what the hub answers: `NotFoundError`, `ForbiddenError`.
    """

    def get_repo_discussions(
        self,
        repo_id: str,
        *,
        author: str | None = None,
        discussion_type: DiscussionType | None = None,
        discussion_status: DiscussionStatus | None = None,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> Iterator[Discussion]:
        """The discussions and pull requests, newest first, page after page as they are needed.

        `author` is a user name; `discussion_type` "all", "discussion" or "pull_request";
        `discussion_status` "all", "open" (drafts too) or "closed" (what was merged, too).
        """
        from freehold.client.discussion_info import Discussion

        if discussion_type is not None:
            _check_choice("discussion_type", discussion_type, DiscussionType)
        if discussion_status is not None:
            _check_choice("discussion_status", discussion_status, DiscussionStatus)
        query = {"type": discussion_type, "status": discussion_status, "author": author}
        kind = check_repo_type(repo_type)
        parse = partial(Discussion.parse, endpoint=self.endpoint, repo_id=repo_id, repo_type=kind)
        known: set[int] = set()
        for item in self._list_discussions(repo_id, kind, query, token, timeout):
            found: Discussion = parse_with(parse, item)
            # One that is opened meanwhile moves the others, some of them to the next page.
            if found.num not in known:
                known.add(found.num)
                yield found

    def _list_discussions(
        self,
        repo_id: str,
        repo_type: str,
        query: Mapping[str, Any],
        token: Token,
        timeout: float | None,
    ) -> Iterator[Any]:
        received = 0
        for page in count():
            data = self._session.call(
                wire.community_routes.LIST_DISCUSSIONS,
                repo_id=repo_id,
                repo_type=repo_type,
                query={"p": page, **query},
                token=token,
                timeout=timeout,
            ).object()
            items = parse_with(lambda found: list(found["discussions"]), data)
            yield from items
            received += len(items)
            if not items or received >= (data.get("count") or 0):
                return

    def get_discussion_details(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        repo_type: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> DiscussionWithDetails:
        """A discussion with all that has happened in it, and what a pull request would change."""
        from freehold.client.discussion_info import DiscussionWithDetails

        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        data = asked(wire.community_routes.GET_DISCUSSION, query={"diff": 1}).object()
        found: DiscussionWithDetails = parse_with(
            partial(
                DiscussionWithDetails.parse,
                endpoint=self.endpoint,
                repo_id=repo_id,
                repo_type=check_repo_type(repo_type),
            ),
            data,
        )
        return found

    def _discussion(
        self,
        repo_id: str,
        discussion_num: int,
        repo_type: str | None,
        token: Token,
        timeout: float | None,
    ) -> Callable[..., Answer]:
        """What makes calls about one discussion: their arguments are a route, `body`, `query`."""
        return partial(
            self._session.call,
            repo_id=repo_id,
            repo_type=repo_type,
            num=_check_num(discussion_num),
            token=token,
            timeout=timeout,
        )

    # Opening

    def create_discussion(
        self,
        repo_id: str,
        title: str,
        *,
        token: Token = None,
        description: str | None = None,
        repo_type: str | None = None,
        pull_request: bool = False,
        timeout: float | None = None,
    ) -> DiscussionWithDetails:
        """A new discussion, or with `pull_request` the draft of a pull request.

        The title has 3 to 200 characters; the description is Markdown. Raises `BadRequestError`
        for a title that the hub does not take.
        """
        body = _new_discussion(title, description, pull_request=pull_request)
        return self._open_discussion(repo_id, body, repo_type, token, timeout)

    def create_pull_request(
        self,
        repo_id: str,
        title: str,
        *,
        token: Token = None,
        description: str | None = None,
        repo_type: str | None = None,
        head: str | None = None,
        base: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionWithDetails:
        """The draft of a pull request for `main`, to which commits are sent at `git_reference`.

        It is opened by `change_discussion_status`. `base` is another branch that it is to change.
        With `head`, a branch, it begins open, with the commits of that. These two are an extension
        of the protocol; `create_commit` with `create_pr` opens one together with its first commit
        anywhere. Raises `RevisionNotFoundError` for a
        branch that is not there, `BadRequestError` when `head` has nothing new, and
        `NotSupportedError` when either is given for a hub that does not say that it knows them.
        """
        if head is not None or base is not None:
            self._require_branches(repo_id, repo_type, token, timeout)
        body = _new_discussion(title, description, pull_request=True, head=head, base=base)
        return self._open_discussion(repo_id, body, repo_type, token, timeout)

    def _require_branches(
        self, repo_id: str, repo_type: str | None, token: Token, timeout: float | None
    ) -> None:
        from freehold.client.capabilities import find_extensions
        from freehold.errors import NotSupportedError

        # Any answer of a hub with extensions says so.
        self._session.call(
            wire.routes.AUTH_CHECK,
            repo_id=repo_id,
            repo_type=repo_type,
            token=token,
            timeout=timeout,
        )
        if not find_extensions(self._session).pull_request_branches:
            raise NotSupportedError("This hub opens pull requests without head and base only.")

    def _open_discussion(
        self,
        repo_id: str,
        body: CreateDiscussion,
        repo_type: str | None,
        token: Token,
        timeout: float | None,
    ) -> DiscussionWithDetails:
        made = self._session.call(
            wire.community_routes.CREATE_DISCUSSION,
            repo_id=repo_id,
            repo_type=repo_type,
            body=body,
            token=token,
            timeout=timeout,
        ).object()
        num = parse_with(lambda found: int(found["num"]), made)
        return self.get_discussion_details(
            repo_id, num, repo_type=repo_type, token=token, timeout=timeout
        )

    # Comments

    def comment_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        comment: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionComment:
        """A new comment, in Markdown."""
        body = wire.discussions.CommentDiscussion(comment=require_text("comment", comment))
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        answer = asked(wire.community_routes.COMMENT_DISCUSSION, body=body)
        return _read_comment(answer, "newMessage")

    def edit_discussion_comment(
        self,
        repo_id: str,
        discussion_num: int,
        comment_id: str,
        new_content: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionComment:
        """The comment with another text; what it said before is kept in its history."""
        body = wire.discussions.EditComment(content=require_text("new_content", new_content))
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        event = require_text("comment_id", comment_id).lower()
        answer = asked(wire.community_routes.EDIT_COMMENT, body=body, event=event)
        return _read_comment(answer, "updatedComment")

    def hide_discussion_comment(
        self,
        repo_id: str,
        discussion_num: int,
        comment_id: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionComment:
        """The comment without its text: nobody can bring it back, of which a warning reminds."""
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        event = require_text("comment_id", comment_id).lower()
        warnings.warn(_NO_WAY_BACK, UserWarning, stacklevel=2)
        answer = asked(wire.community_routes.HIDE_COMMENT, event=event)
        return _read_comment(answer, "updatedComment")

    # Changes

    def rename_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        new_title: str,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionTitleChange:
        """Gives it another title, of 3 to 200 characters."""
        from freehold.client.discussion_info import DiscussionTitleChange

        body = wire.discussions.RenameDiscussion(title=require_text("new_title", new_title).strip())
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        answer = asked(wire.community_routes.RENAME_DISCUSSION, body=body)
        found: DiscussionTitleChange = parse_with(
            lambda data: DiscussionTitleChange.parse(data["newTitle"]), answer.object()
        )
        return found

    def change_discussion_status(
        self,
        repo_id: str,
        discussion_num: int,
        new_status: NewStatus,
        *,
        token: Token = None,
        comment: str | None = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> DiscussionStatusChange:
        """Closes it, or opens it again, with a comment if one is given.

        A draft that is opened is ready to be merged. Raises `BadRequestError` when it has that
        status already, or was merged.
        """
        from freehold.client.discussion_info import DiscussionStatusChange

        _check_choice("new_status", new_status, NewStatus)
        body = wire.discussions.ChangeDiscussionStatus(status=new_status, comment=comment or None)
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        answer = asked(wire.community_routes.CHANGE_DISCUSSION_STATUS, body=body)
        found: DiscussionStatusChange = parse_with(
            lambda data: DiscussionStatusChange.parse(data["newStatus"]), answer.object()
        )
        return found

    def merge_pull_request(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        token: Token = None,
        comment: str | None = None,
        repo_type: str | None = None,
        head_commit_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Puts its commits into the branch that it wants to change, with a comment if one is given.

        Raises `ConflictError` when the two contradict each other, `BadRequestError` when it is not
        open, and with `head_commit_id`, the newest of its commits that the caller has seen,
        `PreconditionFailedError` when there is a newer one (an extension of the protocol).
        """
        given = {"comment": comment or None, "head_commit_id": head_commit_id}
        body = wire.discussions.MergePullRequest(**given) if any(given.values()) else None
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        asked(wire.community_routes.MERGE_PULL_REQUEST, body=body)

    def pin_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        pinned: bool = True,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Pins it to the top of the page, or ends that."""
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        body = wire.discussions.PinDiscussion(pinned=pinned)
        asked(wire.community_routes.PIN_DISCUSSION, body=body)

    def lock_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        locked: bool = True,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Lets only those comment who may write to the repository, or ends that."""
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        body = wire.discussions.LockDiscussion(locked=locked)
        asked(wire.community_routes.LOCK_DISCUSSION, body=body)

    def delete_discussion(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Deletes it with all in it, for ever."""
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        asked(wire.community_routes.DELETE_DISCUSSION)

    def delete_pull_request_ref(
        self,
        repo_id: str,
        discussion_num: int,
        *,
        token: Token = None,
        repo_type: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Deletes the revision of a pull request that is closed or merged; its page stays."""
        asked = self._discussion(repo_id, discussion_num, repo_type, token, timeout)
        asked(wire.community_routes.DELETE_PULL_REQUEST_REF)


def _new_discussion(title: str, description: str | None, **more: Any) -> CreateDiscussion:
    text = (description or "").strip() or _OPENED
    return wire.discussions.CreateDiscussion(
        title=require_text("title", title).strip(), description=text, **more
    )


def _read_comment(answer: Answer, name: str) -> DiscussionComment:
    from freehold.client.discussion_info import DiscussionComment

    found: DiscussionComment = parse_with(
        lambda data: DiscussionComment.parse(data[name]), answer.object()
    )
    return found


def _check_num(num: int) -> str:
    """The number as a piece of a path; raises `HFValidationError`."""
    if not isinstance(num, int) or isinstance(num, bool) or num <= 0:
        raise HFValidationError(f"discussion_num is a whole number above 0, not {num!r}.")
    return str(num)


def _check_choice(name: str, value: str, kind: Any) -> None:
    """Raises `HFValidationError` for what is none of the values of a `Literal`."""
    choices = get_args(kind)
    if value not in choices:
        raise HFValidationError(f"{name} is one of {', '.join(choices)}, not {value!r}.")
