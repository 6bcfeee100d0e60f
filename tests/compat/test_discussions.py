"""Discussions and pull requests, with every client: each leads one conversation of two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import stored_files
from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

SCRIPT = """
import inspect
import os
import warnings
from pathlib import Path
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download
from compat_script import api, error_of, repo, tell

warnings.simplefilter("ignore")
bob = HfApi(token=os.environ["BOB"])
# 0.13 to 0.19 list all there is, and tell nothing of the refs of pull requests.
is_old = "author" not in inspect.signature(HfApi.get_repo_discussions).parameters

def commit(who, files, title, **options):
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    return who.create_commit(
        repo_id=repo, operations=operations, commit_message=title, **options
    )

def plain(record):
    fields = {name: value for name, value in vars(record).items() if not name.startswith("_")}
    fields["created_at"] = fields["created_at"].isoformat()
    if "events" in fields:
        fields["events"] = [plain(event) for event in fields["events"]]
    return {**fields, "class": type(record).__name__}

def details(num):
    found = api.get_discussion_details(repo, num)
    return {**plain(found), "git_reference": found.git_reference}

def nums(**filters):
    return [found.num for found in api.get_repo_discussions(repo, **filters)]

api.create_repo(repo)
commit(api, {"file.txt": b"one\\n"}, "Begin")

# 1: a conversation
question = bob.create_discussion(repo, "How large?", description="In **bytes**")
answer = api.comment_discussion(repo, 1, "One")
edited = api.edit_discussion_comment(repo, 1, answer.id, "*Two*")
noise = bob.comment_discussion(repo, 1, "Noise")
hidden = api.hide_discussion_comment(repo, 1, noise.id)
renamed = bob.rename_discussion(repo, 1, "How large is it?")
closed = bob.change_discussion_status(repo, 1, "closed", comment="Thanks")
reopened = api.change_discussion_status(repo, 1, "open")
conversation = {
    "made": [plain(made) for made in (answer, edited, hidden, renamed, closed, reopened)],
    "details": details(1),
    "history": [version["raw"] for version in edited.edit_history],
    "rendered": edited.rendered,
    "last_edited_by": edited.last_edited_by,
    "is_later": edited.last_edited_at >= edited.created_at,
}

# 2: a draft that is filled, opened and merged
draft = bob.create_pull_request(repo, "Add weights")
pushed = commit(
    bob, {"small.txt": b"small", "w.bin": os.urandom(99) + b"\\0"}, "Push", revision="refs/pr/2"
)
early = error_of(api.merge_pull_request, repo, 2)
bob.change_discussion_status(repo, 2, "open")
stranger = error_of(bob.merge_pull_request, repo, 2)
api.merge_pull_request(repo, 2, comment="Merged")
draft = {
    "status": draft.status,
    "oid": pushed.oid,
    "early": early,
    "stranger": stranger,
    "details": details(2),
}

# 3: a commit of somebody who may only read
large = os.urandom(50_000) + b"\\0"
files = {"x.bin": large, "x.txt": b"x"}
info = commit(bob, files, "Propose", commit_description="Why", create_pr=True)
fetched = Path(hf_hub_download(repo, "x.bin", revision=info.pr_revision)).read_bytes()
refused = error_of(commit, bob, {"x.txt": b"x"}, "Write")
proposal = {
    "info": [info.pr_num, info.pr_revision, info.pr_url],
    "fetched": fetched == large,
    "refused": refused,
    "details": details(3),
}
if not is_old:
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    proposal["refs"] = {ref.ref: ref.target_commit for ref in refs.pull_requests}
    proposal["oid"] = info.oid

# 4: a folder
Path("run/sub").mkdir(parents=True)
Path("run/a.txt").write_bytes(b"a")
Path("run/sub/w.bin").write_bytes(large[::-1])
folder = bob.upload_folder(repo_id=repo, folder_path="run", path_in_repo="run", create_pr=True)

# 5: two that contradict each other
commit(bob, {"file.txt": b"theirs\\n"}, "Theirs", create_pr=True)
commit(api, {"file.txt": b"ours\\n"}, "Ours")
conflict = {"details": details(5), "merge": error_of(api.merge_pull_request, repo, 5)}

bob.change_discussion_status(repo, 4, "closed")
lists = {"all": nums()}
if not is_old:
    lists["pull requests"] = nums(discussion_type="pull_request")
    lists["discussions"] = nums(discussion_type="discussion", discussion_status="all")
    lists["open"] = nums(discussion_status="open")
    lists["closed"] = nums(discussion_status="closed", author=question.author)
    lists["nobody's"] = nums(author="nobody-at-all")
tell(
    is_old=is_old,
    conversation=conversation,
    draft=draft,
    proposal=proposal,
    # The oldest gives the address of the page alone.
    folder=folder if is_old else folder.pr_url,
    conflict=conflict,
    lists=lists,
    summary=plain(next(iter(api.get_repo_discussions(repo)))),
    errors=[
        error_of(api.get_discussion_details, repo, 99),
        error_of(bob.rename_discussion, repo, 5, "x"),
        error_of(bob.edit_discussion_comment, repo, 1, answer.id, "Mine"),
        error_of(api.edit_discussion_comment, repo, 1, noise.id, "Again"),
        error_of(api.create_discussion, repo + "-missing", "A title"),
    ],
)
"""


def test_two_people_discuss_propose_and_merge(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = f"{alice.name}/talk"
    told = client.run(SCRIPT, hub.url, alice.token, REPO=repo, BOB=bob.token)
    assert told["is_old"] == (client.generation < (0, 20))
    check_conversation(told["conversation"], alice.name, bob.name)
    check_draft(told["draft"], hub, repo)
    check_proposal(told["proposal"], f"{hub.url}/{repo}/discussions/3", bob.name)
    page = "tree/refs%2Fpr%2F4/run" if told["is_old"] else "discussions/4"
    assert told["folder"] == f"{hub.url}/{repo}/{page}"
    proposed = stored_files(hub, repo, revision="refs/pr/4")
    assert {path for path in proposed if path.startswith("run/")} == {"run/a.txt", "run/sub/w.bin"}
    check_conflict(told["conflict"])
    assert stored_files(hub, repo).keys() == {"file.txt", "small.txt", "w.bin"}

    lists = {"all": [5, 4, 3, 2, 1]}
    if not told["is_old"]:
        lists |= {
            "pull requests": [5, 4, 3, 2],
            "discussions": [1],
            "open": [5, 3, 1],
            "closed": [4, 2],
            "nobody's": [],
        }
    assert told["lists"] == lists
    newest = told["summary"]
    assert (newest["title"], newest["status"], newest["author"]) == ("Theirs", "open", bob.name)
    assert (newest["repo_id"], newest["repo_type"]) == (repo, "model")
    assert [error["status"] for error in told["errors"]] == [404, 400, 403, 400, 404]
    assert "RepositoryNotFoundError" in told["errors"][-1]["is"]


def check_conversation(told: dict[str, Any], alice: str, bob: str) -> None:
    answer, edited, hidden, renamed, closed, reopened = told["made"]
    assert (answer["content"], answer["edited"], answer["author"]) == ("One", False, alice)
    assert (edited["content"], edited["edited"], edited["id"]) == ("*Two*", True, answer["id"])
    assert told["history"] == ["One", "*Two*"]
    assert "<em>Two</em>" in told["rendered"]
    assert (told["last_edited_by"], told["is_later"]) == (alice, True)
    assert (hidden["hidden"], hidden["author"], "Noise" in str(hidden)) == (True, bob, False)
    assert (renamed["old_title"], renamed["new_title"]) == ("How large?", "How large is it?")
    assert (closed["new_status"], reopened["new_status"]) == ("closed", "open")
    details = told["details"]
    assert (details["title"], details["status"]) == ("How large is it?", "open")
    assert (details["author"], details["is_pull_request"]) == (bob, False)
    assert [details[name] for name in ("git_reference", "target_branch", "diff")] == [None] * 3
    opening, *events = details["events"]
    assert (opening["content"], opening["author"]) == ("In **bytes**", bob)
    thanks = events.pop(3)
    assert (thanks["class"], thanks["content"]) == ("DiscussionComment", "Thanks")
    assert events == [edited, hidden, renamed, closed, reopened]


def check_draft(told: dict[str, Any], hub: LiveHub, repo: str) -> None:
    assert told["status"] == "draft"
    assert (told["early"]["status"], told["stranger"]["status"]) == (400, 403)
    details = told["details"]
    assert (details["status"], details["target_branch"]) == ("merged", "refs/heads/main")
    assert details["git_reference"] == "refs/pr/2"
    parents = hub.call("GET", f"/api/models/{repo}/commits/{details['merge_commit_oid']}").json()
    assert told["oid"] in {commit["id"] for commit in parents}
    assert [event["class"] for event in details["events"]] == [
        "DiscussionComment",
        "DiscussionCommit",
        "DiscussionStatusChange",
        "DiscussionComment",
        "DiscussionStatusChange",
    ]
    opening, commit, opened, said, merged = details["events"]
    assert "huggingface_hub" in opening["content"]
    assert (commit["oid"], commit["summary"]) == (told["oid"], "Push")
    assert (opened["new_status"], merged["new_status"]) == ("open", "merged")
    assert said["content"] == "Merged"
    assert "+small" in details["diff"]


def check_proposal(told: dict[str, Any], url: str, bob: str) -> None:
    assert told["info"] == [3, "refs/pr/3", url]
    assert told["fetched"]
    assert told["refused"]["status"] == 403, told["refused"]
    details = told["details"]
    assert (details["title"], details["status"], details["author"]) == ("Propose", "open", bob)
    assert details["events"][0]["content"] == "Why"
    assert details["conflicting_files"] == []
    assert details["diff"].startswith("diff --git a/x.bin b/x.bin")
    if "refs" in told:
        assert told["refs"]["refs/pr/3"] == told["oid"]


def check_conflict(told: dict[str, Any]) -> None:
    assert told["details"]["conflicting_files"] == ["file.txt"]
    assert told["details"]["status"] == "open"
    assert "+theirs" in told["details"]["diff"]
    assert told["merge"]["status"] == 409, told["merge"]
    assert "HfHubHTTPError" in told["merge"]["is"]
    assert "file.txt" in told["merge"]["text"]


@pytest.mark.parametrize("client", VERSIONS[-1:], indirect=True)
def test_the_commands_of_the_client(client: Client, hub: LiveHub, alice: Account) -> None:
    script = """
from compat_script import api, repo, tell
api.create_repo(repo)
api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo, create_pr=True)
tell()
"""
    repo = f"{alice.name}/{fresh_name('talk')}"
    client.run(script, hub.url, alice.token, REPO=repo)

    def run(*words: str) -> str:
        return client.command("hf", "discussions", *words, hub_url=hub.url, token=alice.token)

    assert "Upload x.txt" in run("list", repo)
    assert "+x" in run("diff", repo, "1")
    run("merge", repo, "1", "--yes")
    assert stored_files(hub, repo) == {"x.txt": b"x"}
    assert "merged" in run("info", repo, "1")
