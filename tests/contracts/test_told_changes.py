"""What the core tells pages of discussions and changes, on each database."""

from __future__ import annotations

import pytest

from freehold.errors import BadRequestError, NotFoundError, RevisionNotFoundError
from freehold.server.core.access import Context, open_repo
from freehold.server.core.comments import read_comment
from freehold.server.core.differences import show_commit, show_span
from freehold.server.core.discussions import get_proposal, show_discussions
from freehold.server.core.tokens import identify
from freehold.server.db.repos import Repo as Row
from freehold.server.git import differences as git_differences
from freehold.wire.discussions import DiscussionsQuery
from freehold.wire.route import Needs
from tests.discussions import act, discuss, propose, read
from tests.live import LiveHub
from tests.repos import Repo, file, new_repo


@pytest.fixture
def repo(hub: LiveHub) -> Repo:
    return new_repo(hub, hub.user(), file("a.txt", "one\n"))


def inside(repo: Repo) -> tuple[Context, Row]:
    """The repository as the core sees it, for its owner."""
    hub = repo.hub.inside
    with hub.db.read() as tx:
        viewer = identify(tx, repo.account.token)
    ctx = Context(hub, viewer, repo.hub.url)
    return ctx, open_repo(ctx, "model", repo.full_name, Needs.READ)


def test_pinned_discussions_stand_above_the_first_page_alone(repo: Repo) -> None:
    nums = [discuss(repo, f"Question {n}") for n in range(52)]
    for num in (nums[0], nums[51]):
        act(repo, num, "pin", {"pinned": True})
    act(repo, nums[5], "status", {"status": "closed"})
    pages = [show_discussions(*inside(repo), DiscussionsQuery(p=p, status="open")) for p in (0, 1)]
    assert [item.num for item in pages[0].pinned] == [nums[51], nums[0]]
    assert pages[1].pinned == []
    listed = [item.num for page in pages for item in page.discussions]
    assert listed == [num for num in reversed(nums[1:51]) if num != nums[5]]
    assert {(page.open, page.closed, page.pages) for page in pages} == {(51, 1, 2)}
    found = show_discussions(*inside(repo), DiscussionsQuery(search="question 5"))
    assert ([i.num for i in found.pinned], found.open, found.closed) == ([nums[51]], 2, 1)


def test_one_comment_is_read_with_its_versions(repo: Repo) -> None:
    num = discuss(repo, text="before")
    event = read(repo, num)["events"][0]["id"]
    act(repo, num, f"comment/{event}/edit", {"content": "afterwards"})
    act(repo, num, "pin", {"pinned": True})
    found, told = read_comment(*inside(repo), str(num), event)
    assert (found.num, [v.raw for v in told.data.history]) == (num, ["before", "afterwards"])
    act(repo, num, f"comment/{event}/hide")
    assert read_comment(*inside(repo), str(num), event)[1].data.latest.raw != "afterwards"
    for other in (read(repo, num)["events"][1]["id"], "0" * 24):
        with pytest.raises(NotFoundError):
            read_comment(*inside(repo), str(num), other)


def test_a_proposal_is_the_same_after_its_merge(repo: Repo) -> None:
    num = propose(repo, file("a.txt", "two\n"), summary="Say two")
    told = get_proposal(*inside(repo), str(num))
    assert told[0].events == [] and told[0].files_with_conflicts == []
    act(repo, num, "merge")
    for _, proposed in (told, get_proposal(*inside(repo), str(num))):
        assert [commit.title for commit in proposed.commits] == ["Say two"]
        assert proposed.patch is not None and "+two" in str(proposed.patch.text)
    with pytest.raises(NotFoundError):
        get_proposal(*inside(repo), str(discuss(repo)))


def test_changes_of_a_commit_and_between_two(repo: Repo) -> None:
    before = repo.head()
    oid = repo.commit(file("a.txt", "two\n"))
    ctx, row = inside(repo)
    assert "-one\n+two" in str(show_commit(ctx, row, oid).patch.text)
    assert ".gitattributes" in str(show_commit(ctx, row, first_of(repo)).patch.text)
    span = show_span(ctx, row, f"{before}...main")
    assert ([c.oid for c in span.commits], span.merge_base) == ([oid], before)
    back = show_span(ctx, row, f"main..{before}")
    assert (back.commits, "+one" in str(back.patch.text)) == ([], True)
    with pytest.raises(BadRequestError):
        show_span(ctx, row, "main")
    with pytest.raises(RevisionNotFoundError):
        show_commit(ctx, row, "nothing")


def first_of(repo: Repo) -> str:
    """The oldest commit."""
    oid: str = repo.get("/commits/main").json()[-1]["id"]
    return oid


def test_changes_that_are_too_large_are_no_text(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    oid = repo.commit(file("b.txt", "x\n" * 500))
    monkeypatch.setattr(git_differences, "MAX_PATCH_SIZE", 100)
    assert show_commit(*inside(repo), oid).patch.text is None
