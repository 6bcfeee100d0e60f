"""Discussions and pull requests through the client."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import freehold
from freehold import (
    BadRequestError,
    CommitOperationAdd,
    ConflictError,
    DiscussionComment,
    DiscussionCommit,
    DiscussionEvent,
    DiscussionStatusChange,
    DiscussionTitleChange,
    ForbiddenError,
    HfApi,
    HFValidationError,
    InvalidAnswerError,
    NotFoundError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from freehold.server.core import discussions as server_discussions
from tests.client.hostile import HostileServer, Received, Script, reply
from tests.client.relay import Relay
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice, file("x.txt", "x"))


@pytest.fixture
def name(repo: Repo) -> str:
    return repo.full_name


@pytest.fixture
def visitor(hub: LiveHub, bob: Account) -> HfApi:
    """The calls of somebody who may only read."""
    return HfApi(endpoint=hub.url, token=bob.token)


def propose(api: HfApi, name: str, path: str = "y.txt", text: bytes = b"y") -> int:
    """Opens a pull request with one file."""
    addition = CommitOperationAdd(path, text)
    num = api.create_commit(name, [addition], f"Add {path}", create_pr=True).pr_num
    assert num is not None
    return num


# Opening and reading


def test_create_discussion(api: HfApi, visitor: HfApi, hub: LiveHub, name: str) -> None:
    made = visitor.create_discussion(name, "  How large?  ", description="  In **bytes**\n")
    assert (made.num, made.title, made.status) == (1, "How large?", "open")
    assert (made.repo_id, made.repo_type, made.endpoint) == (name, "model", hub.url)
    assert made.author == visitor.whoami()["name"]
    assert timedelta(0) <= datetime.now(UTC) - made.created_at < timedelta(minutes=1)
    assert made.url == f"{hub.url}/{name}/discussions/1"
    assert (made.is_pull_request, made.git_reference, made.pinned) == (False, None, False)
    nothing = (made.diff, made.conflicting_files, made.target_branch, made.merge_commit_oid)
    assert nothing == (None, None, None, None)
    [comment] = made.events
    assert isinstance(comment, DiscussionComment)
    assert (comment.content, comment.author) == ("In **bytes**", made.author)
    assert api.get_discussion_details(name, 1) == made
    assert "_event" not in repr(made)


def test_a_discussion_without_a_description_says_where_it_comes_from(api: HfApi, name: str) -> None:
    for description in (None, "", "  "):
        made = api.create_discussion(name, "A title", description=description)
        [comment] = made.events
        assert isinstance(comment, DiscussionComment)
        assert comment.content == "Opened with the Python client of Freehold."


def test_discussions_of_a_dataset(api: HfApi, hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, type="dataset").full_name
    made = api.create_discussion(repo, "A title", repo_type="dataset")
    assert made.url == f"{hub.url}/datasets/{repo}/discussions/1"
    comment = api.comment_discussion(repo, 1, "Yes", repo_type="dataset")
    api.edit_discussion_comment(repo, 1, comment.id, "No", repo_type="dataset")
    api.rename_discussion(repo, 1, "Another", repo_type="dataset")
    api.change_discussion_status(repo, 1, "closed", repo_type="dataset")
    [found] = api.get_repo_discussions(repo, repo_type="dataset")
    assert (found.title, found.status, found.repo_type) == ("Another", "closed", "dataset")


def test_get_repo_discussions_with_filters(api: HfApi, visitor: HfApi, name: str) -> None:
    api.create_discussion(name, "One")
    visitor.create_discussion(name, "Two")
    propose(visitor, name)
    api.create_pull_request(name, "Four")
    api.change_discussion_status(name, 2, "closed")
    api.merge_pull_request(name, 3)

    def nums(**filters: Any) -> list[int]:
        return [found.num for found in api.get_repo_discussions(name, **filters)]

    assert nums() == [4, 3, 2, 1]
    assert nums(discussion_type="all", discussion_status="all") == [4, 3, 2, 1]
    assert nums(discussion_type="discussion") == [2, 1]
    assert nums(discussion_type="pull_request", discussion_status="open") == [4]
    assert nums(discussion_status="closed") == [3, 2]
    assert nums(author=visitor.whoami()["name"]) == [3, 2]
    assert nums(author="nobody-at-all") == []
    first = next(iter(api.get_repo_discussions(name, discussion_status="closed")))
    assert (first.status, first.is_pull_request, first.num_comments) == ("merged", True, 1)


def test_get_repo_discussions_goes_through_all_pages_as_they_are_needed(
    hub: LiveHub, alice: Account, repo: Repo
) -> None:
    count = server_discussions.PAGE + 1
    for number in range(count):
        body = {"title": f"Number {number}", "description": "", "pullRequest": False}
        assert repo.post("/discussions", body).status_code == 200
    with Relay(hub.url) as relay:
        found = HfApi(relay.url, alice.token).get_repo_discussions(repo.full_name)
        assert relay.seen == []
        assert next(found).num == count
        assert relay.count() == 1
        assert [one.num for one in found] == list(range(count - 1, 0, -1))
        assert relay.count() == 2


# What happens in them


def test_comment_edit_and_hide(api: HfApi, visitor: HfApi, name: str) -> None:
    api.create_discussion(name, "A title")
    comment = visitor.comment_discussion(name, 1, "It is *fast*")
    assert isinstance(comment, DiscussionComment)
    assert (comment.content, comment.edited, comment.hidden) == ("It is *fast*", False, False)
    assert comment.rendered is not None and "<em>fast</em>" in comment.rendered
    assert comment.number_of_edits == 0

    edited = visitor.edit_discussion_comment(name, 1, comment.id.upper(), "It is slow")
    assert (edited.id, edited.content, edited.edited) == (comment.id, "It is slow", True)
    assert edited.number_of_edits == 1
    assert [version["raw"] for version in edited.edit_history] == ["It is *fast*", "It is slow"]
    assert edited.last_edited_by == edited.author == visitor.whoami()["name"]
    assert edited.last_edited_at is not None
    assert comment.created_at <= edited.last_edited_at

    with pytest.warns(UserWarning, match="cannot be brought back") as told:
        hidden = visitor.hide_discussion_comment(name, 1, comment.id)
    assert told[0].filename == __file__
    assert hidden.hidden and "slow" not in str(hidden.data)
    assert api.get_discussion_details(name, 1).events[-1] == hidden
    with pytest.raises(BadRequestError):
        visitor.edit_discussion_comment(name, 1, comment.id, "Again")


def test_rename_close_and_open_again(api: HfApi, name: str) -> None:
    api.create_discussion(name, "A title")
    renamed = api.rename_discussion(name, 1, " A better title ")
    assert isinstance(renamed, DiscussionTitleChange)
    assert (renamed.old_title, renamed.new_title) == ("A title", "A better title")
    closed = api.change_discussion_status(name, 1, "closed", comment="Done")
    assert isinstance(closed, DiscussionStatusChange)
    assert closed.new_status == "closed"
    with pytest.raises(BadRequestError):
        api.change_discussion_status(name, 1, "closed")
    assert api.change_discussion_status(name, 1, "open").new_status == "open"
    found = api.get_discussion_details(name, 1)
    kinds = ["comment", "title-change", "comment", "status-change", "status-change"]
    assert [event.type for event in found.events] == kinds
    assert found.events[1] == renamed and found.events[3] == closed
    assert (found.title, found.status) == ("A better title", "open")


def test_pin_and_lock(api: HfApi, visitor: HfApi, name: str) -> None:
    visitor.create_discussion(name, "A title")
    api.pin_discussion(name, 1)
    api.lock_discussion(name, 1)
    found = api.get_discussion_details(name, 1)
    assert (found.pinned, found.locked) == (True, True)
    # What this client has no class for keeps what it says.
    assert [(type(event), event.data) for event in found.events[1:]] == [
        (DiscussionEvent, {"pinned": True}),
        (DiscussionEvent, {"locked": True}),
    ]
    with pytest.raises(ForbiddenError, match="locked"):
        visitor.comment_discussion(name, 1, "But")
    api.lock_discussion(name, 1, False)
    visitor.comment_discussion(name, 1, "But")
    api.pin_discussion(name, 1, pinned=False)
    assert next(iter(api.get_repo_discussions(name))).pinned is False


def test_delete_discussion(api: HfApi, visitor: HfApi, name: str) -> None:
    visitor.create_discussion(name, "A title")
    api.delete_discussion(name, 1)
    with pytest.raises(NotFoundError):
        api.get_discussion_details(name, 1)
    assert api.create_discussion(name, "A title").num == 2


# Pull requests


def test_create_pull_request_fill_it_and_merge_it(api: HfApi, repo: Repo, name: str) -> None:
    base = repo.head()
    made = api.create_pull_request(name, "Add y", description="Because")
    assert (made.num, made.status, made.is_pull_request) == (1, "draft", True)
    assert (made.git_reference, made.target_branch) == ("refs/pr/1", "refs/heads/main")
    assert (made.diff, made.conflicting_files, made.merge_commit_oid) == ("", [], None)
    assert made.head_commit_oid == base

    info = api.upload_file(b"why\n", "y.txt", name, revision="refs/pr/1", commit_message="Add it")
    with pytest.raises(BadRequestError, match="draft"):
        api.merge_pull_request(name, 1)
    api.change_discussion_status(name, 1, "open")
    found = api.get_discussion_details(name, 1)
    assert found.diff is not None and "+why" in found.diff
    commit = found.events[1]
    assert isinstance(commit, DiscussionCommit)
    assert (commit.oid, commit.summary, found.head_commit_oid) == (info.oid, "Add it", info.oid)

    with pytest.raises(PreconditionFailedError):
        api.merge_pull_request(name, 1, head_commit_id=base)
    api.merge_pull_request(name, 1, comment="Thank you", head_commit_id=info.oid)
    merged = api.get_discussion_details(name, 1)
    assert merged.status == "merged"
    assert merged.merge_commit_oid == repo.head()
    assert isinstance(merged.events[-2], DiscussionComment)
    assert merged.events[-2].content == "Thank you"
    assert repo.paths() == ["x.txt", "y.txt"]

    api.delete_pull_request_ref(name, 1)
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_files(name, "refs/pr/1")


def test_create_pull_request_from_one_branch_to_another(api: HfApi, name: str) -> None:
    api.create_branch(name, "stable")
    api.create_branch(name, "dev")
    api.upload_file(b"y", "y.txt", name, revision="dev")
    made = api.create_pull_request(name, "Release", head="dev", base="stable")
    assert (made.status, made.target_branch) == ("open", "refs/heads/stable")
    assert [type(event) for event in made.events] == [DiscussionComment, DiscussionCommit]
    api.merge_pull_request(name, made.num)
    assert "y.txt" in api.list_repo_files(name, "stable")
    assert "y.txt" not in api.list_repo_files(name)
    with pytest.raises(RevisionNotFoundError):
        api.create_pull_request(name, "Release", head="nothing")
    with pytest.raises(BadRequestError):
        api.create_pull_request(name, "Release", head="main", base="dev")


def test_create_discussion_as_a_pull_request(api: HfApi, name: str) -> None:
    made = api.create_discussion(name, "A title", pull_request=True)
    assert (made.is_pull_request, made.status) == (True, "draft")


def test_merge_pull_request_that_contradicts_its_base(api: HfApi, repo: Repo, name: str) -> None:
    num = propose(api, name, "x.txt", b"theirs")
    head = repo.commit(file("x.txt", "ours"))
    assert api.get_discussion_details(name, num).conflicting_files == ["x.txt"]
    with pytest.raises(ConflictError, match=r"x\.txt") as caught:
        api.merge_pull_request(name, num)
    assert caught.value.status == 409
    assert repo.head() == head
    assert api.get_discussion_details(name, num).status == "open"


# Who may do what


def test_a_visitor_changes_only_what_is_theirs(api: HfApi, visitor: HfApi, name: str) -> None:
    api.create_discussion(name, "A title")
    num = propose(visitor, name)
    description = api.get_discussion_details(name, 1).events[0].id
    for call in (
        lambda: visitor.rename_discussion(name, 1, "Mine now"),
        lambda: visitor.change_discussion_status(name, 1, "closed"),
        lambda: visitor.edit_discussion_comment(name, 1, description, "Mine now"),
        lambda: visitor.pin_discussion(name, 1),
        lambda: visitor.lock_discussion(name, 1),
        lambda: visitor.delete_discussion(name, 1),
        lambda: visitor.merge_pull_request(name, num),
    ):
        with pytest.raises(ForbiddenError):
            call()
    assert visitor.rename_discussion(name, num, "Mine").new_title == "Mine"
    visitor.change_discussion_status(name, num, "closed")
    assert api.get_discussion_details(name, 1).title == "A title"


def test_what_is_not_there(api: HfApi, alice: Account, name: str) -> None:
    api.create_discussion(name, "A title")
    for call in (
        lambda: api.get_discussion_details(name, 2),
        lambda: api.comment_discussion(name, 2, "Yes"),
        lambda: api.merge_pull_request(name, 2),
        lambda: api.edit_discussion_comment(name, 1, "0" * 24, "Yes"),
    ):
        with pytest.raises(NotFoundError):
            call()
    missing = f"{alice.name}/missing"
    with pytest.raises(RepositoryNotFoundError):
        list(api.get_repo_discussions(missing))
    with pytest.raises(RepositoryNotFoundError):
        api.create_discussion(missing, "A title")


# Arguments


@pytest.mark.parametrize("num", [0, -1, True, 1.0, "1", None])
def test_a_number_that_no_discussion_has_is_refused(num: Any) -> None:
    api = HfApi(endpoint="http://127.0.0.1:1", token="hf_x")
    for call in (
        lambda: api.get_discussion_details("a/b", num),
        lambda: api.comment_discussion("a/b", num, "Yes"),
        lambda: api.merge_pull_request("a/b", num),
        lambda: api.hide_discussion_comment("a/b", num, "0" * 24),
    ):
        with pytest.raises(HFValidationError, match="discussion_num") as caught:
            call()
        assert isinstance(caught.value, ValueError)


def test_arguments_that_no_hub_would_accept_are_refused() -> None:
    api = HfApi(endpoint="http://127.0.0.1:1", token="hf_x")
    wrong: Any = "wrong"
    for call in (
        lambda: list(api.get_repo_discussions("a/b", repo_type=wrong)),
        lambda: list(api.get_repo_discussions("a/b", discussion_type=wrong)),
        lambda: list(api.get_repo_discussions("a/b", discussion_status=wrong)),
        lambda: list(api.get_repo_discussions("a/b/c")),
        lambda: api.get_discussion_details("a/b", 1, repo_type=wrong),
        lambda: api.create_discussion("a/b", "A title", repo_type=wrong),
        lambda: api.create_discussion("a/b", " "),
        lambda: api.comment_discussion("a/b", 1, ""),
        lambda: api.edit_discussion_comment("a/b", 1, "../..", "Yes"),
        lambda: api.change_discussion_status("a/b", 1, wrong),
        lambda: api.change_discussion_status("a/b", 1, None),  # type: ignore[arg-type]
        lambda: api.rename_discussion("a/b", 1, None),  # type: ignore[arg-type]
    ):
        with pytest.raises(HFValidationError):
            call()


def test_arguments_have_the_documented_names_and_order() -> None:
    common = ["token", "repo_type", "timeout"]
    positional = {
        "get_repo_discussions": [],
        "get_discussion_details": ["discussion_num"],
        "create_discussion": ["title"],
        "create_pull_request": ["title"],
        "comment_discussion": ["discussion_num", "comment"],
        "edit_discussion_comment": ["discussion_num", "comment_id", "new_content"],
        "hide_discussion_comment": ["discussion_num", "comment_id"],
        "rename_discussion": ["discussion_num", "new_title"],
        "change_discussion_status": ["discussion_num", "new_status"],
        "merge_pull_request": ["discussion_num"],
    }
    for name, expected in positional.items():
        parameters = inspect.signature(getattr(freehold, name)).parameters.values()
        found = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert found == ["repo_id", *expected], name
        assert {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} >= set(common), name


# Other hubs


def answering(value: object, status: int = 200) -> Script:
    return lambda _: reply(status, value)


def test_an_answer_with_only_the_least_is_understood() -> None:
    summary = {"num": 3, "title": "A title", "author": None, "somethingNew": 7}
    event = {"id": "ab", "type": "comment", "author": {"name": "eve"}, "data": {"latest": {}}}
    change = {"id": "cd", "type": "report-status-change", "data": {"report": True}}
    details = {**summary, "isPullRequest": True, "filesWithConflicts": True}
    with HostileServer(answering({"discussions": [summary], "count": 1})) as server:
        api = HfApi(endpoint=server.url)
        [found] = api.get_repo_discussions("a/b", repo_type="space")
        assert (found.author, found.repo_id, found.repo_type) == ("deleted", "a/b", "space")
        assert (found.is_pull_request, found.pinned, found.created_at) == (False, None, None)
        assert found["somethingNew"] == 7
        server.script = answering({**details, "events": [event, change]})
        pull = api.get_discussion_details("a/b", 3)
    assert (pull.git_reference, pull.conflicting_files) == ("refs/pr/3", True)
    assert (pull.target_branch, pull.diff, pull.locked) == (None, None, None)
    comment, other = pull.events
    assert isinstance(comment, DiscussionComment)
    assert (comment.content, comment.author, comment.hidden) == ("", "eve", False)
    assert (comment.rendered, comment.last_edited_at, comment.edit_history) == (None, None, [])
    assert (comment.last_edited_by, comment.number_of_edits) == ("deleted", 0)
    assert (other.type, other.author, other.data) == (
        "report-status-change",
        "deleted",
        {"report": True},
    )


def test_a_list_that_does_not_end_as_it_should_is_left() -> None:
    """Pages that stay empty, that repeat what was there, or that do not say how many there are."""
    items = [{"num": 2, "title": "Two"}, {"num": 1, "title": "One"}]

    def empty(request: Received) -> bytes:
        shown = items if "p=0" in request.target else []
        return reply(200, {"discussions": shown, "count": 100, "start": 0})

    for script in (
        empty,
        answering({"discussions": items, "count": 6, "start": 0}),
        answering({"discussions": items}),
    ):
        with HostileServer(script) as server:
            found = HfApi(endpoint=server.url).get_repo_discussions("a/b")
            assert [one.num for one in found] == [2, 1]
            assert len(server.requests) <= 3


@pytest.mark.parametrize(
    "value", [[], {}, {"discussions": None}, {"discussions": [{"num": 1}]}, {"discussions": [7]}]
)
def test_an_answer_that_is_none_is_an_error(value: object) -> None:
    with HostileServer(answering(value)) as server:
        api = HfApi(endpoint=server.url, token="hf_x")
        with pytest.raises(InvalidAnswerError):
            list(api.get_repo_discussions("a/b"))
        with pytest.raises(InvalidAnswerError):
            api.comment_discussion("a/b", 1, "Yes")


def test_only_what_is_said_is_sent_to_a_hub() -> None:
    with HostileServer(answering({"num": 1, "title": "A title"})) as server:
        api = HfApi(endpoint=server.url, token="hf_x")
        api.create_discussion("a/b", "A title", description="Text")
        api.create_pull_request("a/b", "A title", description="Text")
        api.merge_pull_request("a/b", 1)
        posts = [request for request in server.requests if request.method == "POST"]
    said = b'{"title":"A title","description":"Text","pullRequest":%s}'
    assert [request.body for request in posts] == [said % b"false", said % b"true", b""]
    assert "content-type" not in posts[2].headers
