"""Pull requests: opened by commits and from branches, added to, compared, merged, or not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.discussions import act, as_account, assert_refused, discuss, kinds, propose, read, texts
from tests.live import Account, LiveHub
from tests.repos import NDJSON, Repo, deleted, file, header_line, new_repo

TEXT = "one\ntwo\nthree\nfour\nfive\n"
WEIGHTS = b"\0weights" * 50


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice, file("a.txt", TEXT))


@pytest.fixture
def reader(repo: Repo, bob: Account) -> Repo:
    """The same repository, spoken to by somebody who may only read it."""
    return as_account(repo, bob)


def ref(num: int) -> str:
    return f"refs%2Fpr%2F{num}"


def branch(repo: Repo, name: str, *operations: dict[str, Any]) -> None:
    assert repo.post(f"/branch/{name}", {}).status_code == 200
    if operations:
        repo.commit(*operations, revision=name)


def merge(repo: Repo, num: int, **body: Any) -> None:
    answer = act(repo, num, "merge", body or None)
    assert answer.status_code == 200, answer.text


def log(repo: Repo, revision: str = "main") -> list[str]:
    return [commit["title"] for commit in repo.get(f"/commits/{revision}").json()]


# Opening


def test_create_commit_opens_a_pull_request_for_whoever_may_only_read(
    repo: Repo, reader: Repo
) -> None:
    head = repo.head()
    answer = reader.send_commit(
        file("b.txt", "b"), revision="main?create_pr=1", summary="Add b", description="Please."
    )
    made = answer.json()
    page = f"{repo.hub.url}{repo.page}"
    assert made == {
        "success": True,
        "commitOid": made["commitOid"],
        "commitUrl": f"{page}/commit/{made['commitOid']}",
        "hookOutput": "",
        "pullRequestUrl": f"{page}/discussions/1",
    }
    found = read(repo, 1)
    assert (found["title"], found["status"]) == ("Add b", "open")
    assert (found["isPullRequest"], texts(found)) == (True, ["Please."])
    assert found["changes"] == {"base": "refs/heads/main", "headCommitId": made["commitOid"]}
    assert found["filesWithConflicts"] == []
    assert found["events"][1]["data"] == {"subject": "Add b", "oid": made["commitOid"]}
    assert found["diff"].startswith("diff --git a/b.txt b/b.txt\nnew file mode 100644\n")
    assert repo.call("GET", found["diffUrl"]).text == found["diff"]
    assert "diff" not in read(repo, 1, query="")
    # The branch is as it was, and the files are at the revision of the pull request.
    assert (repo.head(), repo.paths()) == (head, ["a.txt"])
    assert repo.paths(ref(1)) == ["a.txt", "b.txt"]
    assert repo.resolve("b.txt", ref(1)).text == "b"
    assert repo.get("/refs").json().get("pullRequests") is None
    assert repo.get("/refs?include_prs=1").json()["pullRequests"] == [
        {"name": "1", "ref": "refs/pr/1", "targetCommit": made["commitOid"]}
    ]


def test_create_commit_with_a_large_file_opens_a_pull_request(repo: Repo, reader: Repo) -> None:
    oid = reader.upload(WEIGHTS)
    value = {"path": "w.bin", "oid": oid, "size": len(WEIGHTS), "algo": "sha256"}
    num = propose(reader, {"key": "lfsFile", "value": value})
    assert repo.resolve("w.bin", ref(num)).content == WEIGHTS
    merge(repo, num)
    assert repo.resolve("w.bin").content == WEIGHTS


def test_create_commit_opens_a_pull_request_to_the_branch_that_it_names(
    repo: Repo, reader: Repo
) -> None:
    branch(repo, "dev", file("dev.txt", "d"))
    num = propose(reader, file("b.txt", "b"), base="dev")
    assert read(repo, num)["changes"]["base"] == "refs/heads/dev"
    merge(repo, num)
    assert repo.paths("dev") == ["a.txt", "b.txt", "dev.txt"]
    assert repo.paths() == ["a.txt"]


@pytest.mark.parametrize(
    ("operations", "revision", "status"),
    [
        ([file("a.txt", TEXT)], "main", 400),
        ([deleted("deletedFile", "missing.txt")], "main", 404),
        ([file("b.txt", "b")], "nope", 404),
        ([file("b.txt", "b")], "refs%2Fpr%2F1", 400),
        ([file("../b.txt", "b")], "main", 400),
    ],
)
def test_create_commit_that_cannot_be_opens_no_pull_request(
    reader: Repo, operations: list[dict[str, Any]], revision: str, status: int
) -> None:
    answer = reader.send_commit(*operations, revision=f"{revision}?create_pr=1")
    assert answer.status_code == status, answer.text
    assert reader.get("/discussions").json()["count"] == 0
    assert reader.get("/refs?include_prs=1").json()["pullRequests"] == []
    assert discuss(reader) == 1


def test_create_commit_with_a_key_opens_one_pull_request(repo: Repo, reader: Repo) -> None:
    lines = (header_line("Add b"), file("b.txt", "b"))
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    headers = {"content-type": NDJSON, "idempotency-key": "once"}
    answers = [
        reader.post("/commit/main?create_pr=1", content=content, headers=headers) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert "/discussions/1" in answers[0].json()["pullRequestUrl"]
    assert repo.get("/discussions").json()["count"] == 1
    other = reader.post(f"/commit/{ref(1)}", content=content, headers=headers)
    assert other.status_code == 200, "the commit is on that pull request already"
    on_main = as_account(repo, repo.account).post("/commit/main", content=content, headers=headers)
    assert on_main.status_code == 200, "the key of somebody else is another key"


def test_create_commit_makes_a_title_of_any_summary(repo: Repo, reader: Repo) -> None:
    for summary, title in (("x", "x"), ("a\tb \n c", "a b c"), ("y" * 300, "y" * 199 + "…")):
        num = propose(reader, file(f"{len(summary)}.txt", "x"), summary=summary)
        assert read(repo, num)["title"] == title


def test_create_discussion_opens_a_draft_at_the_head_of_main(repo: Repo, reader: Repo) -> None:
    body = {"title": "To come", "description": "", "pullRequest": True}
    made = reader.post("/discussions", body).json()
    assert made["pullRequest"] is True
    assert made["references"] == {"base": "refs/heads/main"}
    found = read(repo, 1)
    assert (found["status"], found["diff"], kinds(found)) == ("draft", "", ["comment"])
    assert repo.head(ref(1)) == repo.head()
    reader.commit(file("b.txt", "b"), revision=ref(1))
    assert_refused(act(repo, 1, "merge"), 400, "draft")
    assert act(reader, 1, "status", {"status": "open"}).status_code == 200
    merge(repo, 1)
    assert repo.paths() == ["a.txt", "b.txt"]


def test_create_discussion_opens_a_pull_request_from_a_branch(repo: Repo) -> None:
    branch(repo, "dev", file("b.txt", "b"), file("a.txt", TEXT.upper()))
    num = discuss(repo, pullRequest=True, head="dev")
    found = read(repo, num)
    assert (found["status"], kinds(found)) == ("open", ["comment", "commit"])
    assert repo.head(ref(num)) == repo.head("dev")
    merge(repo, num)
    assert repo.resolve("a.txt").text == TEXT.upper()
    for more in ({"head": "nope"}, {"base": "nope"}):
        answer = repo.post("/discussions", {"title": "abc", "pullRequest": True, **more})
        assert_refused(answer, 404, "Invalid rev id: nope", "RevisionNotFound")
    answer = repo.post("/discussions", {"title": "abc", "pullRequest": True, "head": "dev"})
    assert_refused(answer, 400, "The branch 'dev' has no commits that 'main' has not.")
    assert repo.get("/discussions").json()["count"] == 1


def test_a_gated_repository_takes_no_pull_request_from_outside(repo: Repo, reader: Repo) -> None:
    repo.put("/settings", {"gated": "manual"})
    num = discuss(reader)
    answer = reader.post("/discussions", {"title": "abc", "pullRequest": True})
    assert_refused(answer, 403, code="GatedRepo")
    answer = reader.send_commit(file("b.txt", "b"), revision="main?create_pr=1")
    assert_refused(answer, 403, code="GatedRepo")
    assert repo.get("/discussions").json()["count"] == num


def test_the_changes_of_a_gated_repository_are_not_shown_outside(repo: Repo, reader: Repo) -> None:
    num = propose(repo, file("a.txt", "secret"))
    repo.put("/settings", {"gated": "manual"})
    found = reader.get(f"/discussions/{num}?diff=1").json()
    assert found["changes"]["base"] == "refs/heads/main"
    assert "diff" not in found
    assert "secret" in read(repo, num)["diff"]


# Further commits


def test_create_commit_adds_to_a_pull_request(repo: Repo, reader: Repo) -> None:
    num = propose(reader, file("b.txt", "b"))
    second = reader.commit(file("c.txt", "c"), revision=ref(num), summary="More")
    third = repo.commit(deleted("deletedFile", "b.txt"), revision=f"refs/pr/{num}", summary="Less")
    found = read(repo, num)
    commits = [event for event in found["events"] if event["type"] == "commit"]
    assert [event["data"]["oid"] for event in commits[1:]] == [second, third]
    assert [event["author"]["name"] for event in commits[1:]] == [
        reader.account.name,
        repo.account.name,
    ]
    assert repo.paths(ref(num)) == ["a.txt", "c.txt"]


def test_create_commit_to_a_pull_request_is_for_its_author_and_for_writers(
    repo: Repo, reader: Repo, hub: LiveHub
) -> None:
    num = propose(reader)
    other = as_account(repo, hub.user())
    answer = other.send_commit(file("c.txt", "c"), revision=ref(num))
    assert_refused(answer, 403, "You don't have the rights required for this action.")
    answer = other.send_commit(file("c.txt", "c"), revision=ref(9))
    assert_refused(answer, 404, "Invalid rev id: refs/pr/9", "RevisionNotFound")
    assert len(kinds(read(repo, num))) == 2


@pytest.mark.parametrize("end", ["closed", "merged"])
def test_a_pull_request_that_is_over_takes_no_commits(repo: Repo, reader: Repo, end: str) -> None:
    num = propose(reader)
    if end == "merged":
        merge(repo, num)
    else:
        act(repo, num, "status", {"status": "closed"})
    head = repo.head(ref(num))
    for account in (repo, reader):
        answer = account.send_commit(file("late.txt", "x"), revision=ref(num))
        assert_refused(answer, 400, "is over")
    assert repo.head(ref(num)) == head
    # What it was stays readable.
    assert "proposed.txt" in read(repo, num)["diff"]
    if end == "merged":
        answer = act(repo, num, "status", {"status": "open"})
        assert_refused(answer, 400, "This pull request was merged, which cannot be undone.")
        assert_refused(act(repo, num, "merge"), 400, "This pull request is merged already.")


# Merging


def test_merge_pull_request_makes_one_commit_with_two_parents(repo: Repo, reader: Repo) -> None:
    num = propose(reader, file("b.txt", "b"), summary="Add b")
    head = repo.head(ref(num))
    base = repo.commit(file("c.txt", "c"))
    merge(repo, num, comment="Thanks!")
    made = repo.get("/commits/main").json()[0]
    assert made["title"] == f"Add b (#{num})"
    assert made["message"].splitlines() == [
        f"- Add b ({head})",
        "",
        f"Co-authored-by: {reader.account.name} <{reader.account.name}@users.noreply.freehold>",
    ]
    assert made["authors"] == [{"user": repo.account.name}]
    assert {base, head} <= {commit["id"] for commit in repo.get("/commits/main").json()}
    assert repo.paths() == ["a.txt", "b.txt", "c.txt"]
    found = read(repo, num)
    assert found["status"] == "merged"
    assert found["changes"]["mergeCommitId"] == made["id"] == repo.head()
    assert kinds(found) == ["comment", "commit", "comment", "status-change"]
    assert found["events"][-1]["data"] == {"status": "merged"}
    # The changes are still those of the pull request, and not nothing.
    assert found["diff"].count("diff --git") == 1
    assert repo.get("/discussions?status=closed").json()["count"] == 1


def test_merge_pull_request_joins_changes_of_the_same_file(repo: Repo, reader: Repo) -> None:
    num = propose(reader, file("a.txt", TEXT.replace("one", "ONE")))
    repo.commit(file("a.txt", TEXT.replace("five", "FIVE")))
    assert read(repo, num)["filesWithConflicts"] == []
    merge(repo, num)
    assert repo.resolve("a.txt").text == "ONE\ntwo\nthree\nfour\nFIVE\n"


def test_merge_pull_request_with_conflicts_names_the_files(repo: Repo, reader: Repo) -> None:
    repo.commit(file("d/x.txt", "x\n"), file("gone.txt", "g\n"))
    num = propose(
        reader,
        file("a.txt", "mine\n"),
        file("d/x.txt", "mine\n"),
        file("gone.txt", "changed\n"),
        file("fine.txt", "f"),
    )
    assert read(repo, num)["filesWithConflicts"] == []
    repo.commit(
        file("a.txt", "yours\n"), file("d/x.txt", "yours\n"), deleted("deletedFile", "gone.txt")
    )
    head, count = repo.head(), len(kinds(read(repo, num)))
    assert read(repo, num)["filesWithConflicts"] == ["a.txt", "d/x.txt", "gone.txt"]
    answer = act(repo, num, "merge", {"comment": "in it goes"})
    message = "The pull request contradicts its base in 'a.txt', 'd/x.txt', 'gone.txt'."
    assert_refused(answer, 409, message)
    assert repo.head() == head
    assert read(repo, num)["status"] == "open"
    assert len(kinds(read(repo, num))) == count
    # Its author solves them, and then it goes in.
    reader.commit(
        file("a.txt", "yours\n"),
        file("d/x.txt", "yours\n"),
        deleted("deletedFile", "gone.txt"),
        revision=ref(num),
    )
    assert read(repo, num)["filesWithConflicts"] == []
    merge(repo, num)
    assert sorted(repo.paths()) == ["a.txt", "d/x.txt", "fine.txt"]


def test_merge_pull_request_refuses_names_that_cannot_be_together(repo: Repo, reader: Repo) -> None:
    num = propose(reader, file("readme.txt", "x"))
    repo.commit(file("README.txt", "y"))
    answer = act(repo, num, "merge")
    assert_refused(answer, 409, "cannot be together")
    assert repo.paths() == ["README.txt", "a.txt"]


def test_merge_pull_request_checks_the_head_that_the_caller_has_seen(
    repo: Repo, reader: Repo
) -> None:
    num = propose(reader)
    seen = repo.head(ref(num))
    now = reader.commit(file("c.txt", "c"), revision=ref(num))
    answer = act(repo, num, "merge", {"headCommitId": seen})
    assert_refused(answer, 412, f"The pull request is at {now} now.")
    assert act(repo, num, "merge", {"headCommitId": "x"}).status_code == 412
    assert repo.paths() == ["a.txt"]
    merge(repo, num, headCommitId=now)


@pytest.mark.parametrize("body", [{"comment": "x" * 65_537}, {"comment": "a\0"}, {"comment": 1}])
def test_merge_pull_request_refuses_a_bad_body(repo: Repo, body: dict[str, Any]) -> None:
    num = propose(repo)
    assert act(repo, num, "merge", body).status_code == 400
    assert read(repo, num)["status"] == "open"


def test_merge_pull_request_is_for_writers(repo: Repo, reader: Repo) -> None:
    num = propose(reader)
    assert_refused(act(reader, num, "merge"), 403)
    question = discuss(repo)
    assert_refused(act(repo, question, "merge"), 400, "This is a discussion")
    act(repo, num, "status", {"status": "closed"})
    assert_refused(act(repo, num, "merge"), 400, "This pull request is closed already.")
    assert_refused(act(repo, 99, "merge"), 404, "Discussion not found")
    assert repo.paths() == ["a.txt"]


def test_merge_pull_request_without_anything_new(repo: Repo) -> None:
    num = discuss(repo, pullRequest=True)
    act(repo, num, "status", {"status": "open"})
    assert_refused(act(repo, num, "merge"), 400, "has all the commits")


def test_merge_pull_request_into_a_branch_that_is_gone(repo: Repo) -> None:
    branch(repo, "dev", file("dev.txt", "d"))
    num = propose(repo, base="dev")
    repo.delete("/branch/dev")
    assert_refused(act(repo, num, "merge"), 404, code="RevisionNotFound")
    found = read(repo, num)
    assert (found["filesWithConflicts"], "diff" in found) == ([], False)


def test_merge_pull_request_of_unrelated_histories(repo: Repo) -> None:
    assert repo.post("/branch/empty", {"emptyBranch": True}).status_code == 200
    repo.commit(file("other.txt", "o"), revision="empty")
    num = discuss(repo, pullRequest=True, head="empty")
    assert read(repo, num)["filesWithConflicts"] is True
    answer = act(repo, num, "merge")
    assert_refused(answer, 409, "The pull request and its base have no history in common.")


def test_merge_pull_request_of_many_at_once_loses_none(repo: Repo, reader: Repo) -> None:
    nums = [propose(reader, file(f"f{n}.txt", "x")) for n in range(6)]
    with ThreadPoolExecutor(9) as pool:
        merges = [pool.submit(act, repo, num, "merge") for num in nums]
        commits = [pool.submit(repo.commit, file(f"m{n}.txt", "x")) for n in range(3)]
        assert [made.result().status_code for made in merges] == [200] * 6
        assert all(made.result() for made in commits)
    wanted = ["a.txt", *(f"f{n}.txt" for n in range(6)), *(f"m{n}.txt" for n in range(3))]
    assert repo.paths() == sorted(wanted)


def test_merge_pull_request_by_many_at_once_happens_once(repo: Repo, reader: Repo) -> None:
    num = propose(reader)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: act(repo, num, "merge"), range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert log(repo).count(f"Change it (#{num})") == 1
    assert kinds(read(repo, num)).count("status-change") == 1


# Its ref


def test_delete_pull_request_ref_of_one_that_is_over(repo: Repo, reader: Repo) -> None:
    num, other = propose(reader), discuss(repo)
    path = f"/discussions/{num}/ref"
    assert_refused(repo.delete(path), 400, "Only the ref of a closed or merged pull request")
    assert_refused(repo.delete(f"/discussions/{other}/ref"), 400)
    act(reader, num, "status", {"status": "closed"})
    assert reader.delete(path).status_code == 200
    assert repo.get(f"/revision/{ref(num)}").status_code == 404
    assert_refused(repo.delete(path), 404, "The ref of this pull request is deleted already.")
    found = read(repo, num)
    assert found["changes"] == {"base": "refs/heads/main", "refDeleted": True}
    assert kinds(found)[-1] == "ref-deleted"
    answer = act(repo, num, "status", {"status": "open"})
    assert_refused(answer, 400, "The ref of this pull request was deleted: open another one.")
