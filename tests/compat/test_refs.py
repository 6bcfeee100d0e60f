"""Branches, tags and history, with every client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import head_of, stored_file, stored_files

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

OPENING = """
from huggingface_hub import hf_hub_download
from compat_script import api, error_of, repo, tell

def put(content, **options):
    return api.upload_file(
        path_or_fileobj=content, path_in_repo="file.txt", repo_id=repo, **options
    )

def head(revision="main"):
    return api.model_info(repo, revision=revision).sha

api.create_repo(repo)
put(b"one")
one = head()
put(b"two")
two = head()
"""

REFS = (
    OPENING
    + """
api.create_branch(repo, branch="dev")
api.create_branch(repo, branch="feature/x-1", revision=one)
api.create_branch(repo, branch="feature/x-1", exist_ok=True)
put(b"on the branch", revision="feature/x-1")
three = head("feature/x-1")
api.create_tag(repo, tag="v1.0", revision=one)
api.create_tag(repo, tag="release/2", tag_message="Two, at last")
api.create_tag(repo, tag="on-branch", revision="feature/x-1")
api.create_tag(repo, tag="on-tag", revision="release/2")
api.create_tag(repo, tag="v1.0", exist_ok=True)
revisions = ["main", "dev", "feature/x-1", "v1.0", "release/2", "on-branch", "on-tag", one, two]
refs = api.list_repo_refs(repo)
tell(
    oids=[one, two, three],
    branches={branch.name: [branch.ref, branch.target_commit] for branch in refs.branches},
    tags={tag.name: [tag.ref, tag.target_commit] for tag in refs.tags},
    heads={revision: head(revision) for revision in revisions},
    text={
        revision: open(hf_hub_download(repo, "file.txt", revision=revision)).read()
        for revision in revisions
    },
    log=[c.title for c in api.list_repo_commits(repo, revision="feature/x-1")],
)
"""
)


def test_branches_and_tags_are_revisions(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/refs"
    told = client.run(REFS, hub.url, alice.token, REPO=repo)
    one, two, three = told["oids"]
    heads = {"main": two, "dev": two, "feature/x-1": three}
    tags = {"v1.0": one, "release/2": two, "on-branch": three, "on-tag": two}
    assert told["branches"] == {name: [f"refs/heads/{name}", oid] for name, oid in heads.items()}
    assert told["tags"] == {name: [f"refs/tags/{name}", oid] for name, oid in tags.items()}
    assert told["heads"] == {**heads, **tags, one: one, two: two}
    text = {one: "one", two: "two", three: "on the branch"}
    assert told["text"] == {name: text[oid] for name, oid in told["heads"].items()}
    assert len(told["log"]) == 3
    assert stored_file(hub, repo, "file.txt") == b"two"


DELETED = (
    OPENING
    + """
api.create_branch(repo, branch="a/b")
api.create_tag(repo, tag="t/1")
api.delete_branch(repo, branch="a/b")
api.delete_tag(repo, tag="t/1")
refs = api.list_repo_refs(repo)
tell(
    left=[ref.name for ref in [*refs.branches, *refs.tags]],
    errors={
        "branch": error_of(api.delete_branch, repo, branch="a/b"),
        "tag": error_of(api.delete_tag, repo, tag="t/1"),
        "info": error_of(head, "a/b"),
        "download": error_of(hf_hub_download, repo, "file.txt", revision="t/1"),
        "commits": error_of(lambda: list(api.list_repo_commits(repo, revision="0" * 40))),
        "upload": error_of(put, b"x", revision="a/b"),
        "new tag": error_of(api.create_tag, repo, tag="new", revision="nothing"),
        "new branch": error_of(api.create_branch, repo, branch="new", revision="nothing"),
    },
    main=error_of(api.delete_branch, repo, branch="main"),
    taken=[
        error_of(api.create_branch, repo, branch="main"),
        error_of(lambda: [api.create_tag(repo, tag="same") for _ in range(2)]),
    ],
    bad=error_of(api.create_tag, repo, tag="two words"),
)
"""
)


def test_what_is_deleted_is_no_revision(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/deleted"
    told = client.run(DELETED, hub.url, alice.token, REPO=repo)
    assert told["left"] == ["main"]
    kinds = {name: error for name, error in told["errors"].items() if not is_revision_error(error)}
    assert kinds == {}
    assert told["main"]["status"] == 403, told["main"]
    assert [error["status"] for error in told["taken"]] == [409, 409]
    assert told["bad"]["status"] == 400, told["bad"]
    assert refs_of(hub, repo) == {"refs/heads/main", "refs/tags/same"}
    assert stored_files(hub, repo) == {"file.txt": b"two"}


def is_revision_error(error: dict[str, Any]) -> bool:
    return "RevisionNotFoundError" in error["is"] and error["status"] == 404


def refs_of(hub: LiveHub, repo: str) -> set[str]:
    answer = hub.call("GET", f"/api/models/{repo}/refs").json()
    return {ref["ref"] for ref in [*answer["branches"], *answer["tags"], *answer["converts"]]}


LISTINGS = (
    OPENING
    + """
from huggingface_hub import CommitOperationAdd

def content(path):
    return path.encode() + b"\\0" * path.endswith("bin")

def describe(info):
    return [getattr(info, "size", None), info.last_commit.title, bool(getattr(info, "lfs", None))]

paths = [f"data/{n}.txt" for n in range(1200)] + ["data/sub/w.bin", "z.txt"]
api.create_commit(
    repo,
    operations=[CommitOperationAdd(path, content(path)) for path in paths],
    commit_message="Many files",
)
tree = list(api.list_repo_tree(repo, recursive=True))
top = list(api.list_repo_tree(repo, expand=True))
inside = [entry.path for entry in api.list_repo_tree(repo, "data/sub", revision=head())]
infos = api.get_paths_info(repo, ["data", "z.txt", "data/sub/w.bin", "missing"], expand=True)
tell(
    paths=paths,
    files=api.list_repo_files(repo),
    tree=[entry.path for entry in tree],
    top={entry.path: entry.last_commit.title for entry in top},
    inside=inside,
    infos={info.path: describe(info) for info in infos},
    missing=error_of(lambda: list(api.list_repo_tree(repo, "nothing/here"))),
    revision=error_of(lambda: list(api.list_repo_tree(repo, revision="nothing"))),
    formatted=[c.formatted_title for c in api.list_repo_commits(repo, formatted=True)],
)
"""
)


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_listings_are_complete_and_tell_the_last_commits(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    """0.13 lists files by the repository's info alone. More than one page is listed here."""
    told = client.run(LISTINGS, hub.url, alice.token, REPO=f"{alice.name}/listings")
    files = {*told["paths"], "file.txt", ".gitattributes"}
    assert sorted(told["files"]) == sorted(files)
    assert sorted(told["tree"]) == sorted(files | {"data", "data/sub"})
    assert told["top"]["data"] == told["top"]["z.txt"] == "Many files"
    assert told["top"]["file.txt"].startswith("Upload file.txt")
    assert told["inside"] == ["data/sub/w.bin"]
    assert told["infos"] == {
        "data": [None, "Many files", False],
        "z.txt": [5, "Many files", False],
        "data/sub/w.bin": [15, "Many files", True],
    }
    assert "EntryNotFoundError" in told["missing"]["is"], told["missing"]
    assert is_revision_error(told["revision"]), told["revision"]
    assert told["formatted"][0] == "Many files"
    assert len(told["formatted"]) == 4


SQUASHED = (
    OPENING
    + """
api.create_tag(repo, tag="before", revision=one)
api.super_squash_history(repo, commit_message="All in one")
log = api.list_repo_commits(repo)
api.create_branch(repo, branch="side/line", revision=one)
api.super_squash_history(repo, branch="side/line")
tell(
    one=one,
    log=[c.title for c in log],
    side=len(api.list_repo_commits(repo, revision="side/line")),
    tag=head("before"),
    missing=error_of(api.super_squash_history, repo, branch="nothing"),
    on_tag=error_of(api.super_squash_history, repo, branch="before"),
)
"""
)


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_a_squashed_branch_keeps_its_files(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/squashed"
    told = client.run(SQUASHED, hub.url, alice.token, REPO=repo)
    assert told["log"] == ["All in one"]
    assert told["side"] == 1
    assert told["tag"] == told["one"] != head_of(hub, repo)
    assert stored_files(hub, repo) == {"file.txt": b"two"}
    assert stored_files(hub, repo, revision="side/line") == {"file.txt": b"one"}
    assert stored_files(hub, repo, revision="before") == {"file.txt": b"one"}
    assert is_revision_error(told["missing"]), told["missing"]
    assert told["on_tag"]["status"] == 400, told["on_tag"]
