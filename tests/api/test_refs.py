"""Branches, tags, and the history that is squashed."""

from __future__ import annotations

import pytest

from tests.live import Account, LiveHub
from tests.repos import Repo, assert_error, file, new_repo, put_ref

BAD_NAMES = ("a..b", "a b", ".a", "a.lock", "-a", "HEAD", "refs/heads/x", "a//b", "a~1", "f" * 40)


def quoted(name: str) -> str:
    return name.replace("/", "%2F").replace(" ", "%20").replace("~", "%7E")


def names(repo: Repo, kind: str) -> list[str]:
    return [ref["name"] for ref in repo.get("/refs").json()[kind]]


def test_list_repo_refs_has_its_whole_shape_even_when_empty(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head()}
    bare = {"branches": [main], "converts": [], "tags": []}
    answer = repo.get("/refs")
    assert (answer.status_code, answer.json()) == (200, bare)
    for flag in ("1", "true", "True"):
        assert repo.get(f"/refs?include_prs={flag}").json() == {**bare, "pullRequests": []}
    assert repo.get("/refs?include_prs=false").json() == bare


def test_list_repo_refs_shows_each_kind_with_the_commit_it_leads_to(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    head = repo.head()
    repo.post("/branch/dev%2Fx", {})
    repo.post("/tag/main", {"tag": "light"})
    repo.post("/tag/main", {"tag": "annotated", "message": "m"})
    put_ref(repo, "refs/pr/1", head)
    put_ref(repo, "refs/convert/parquet", head)
    refs = repo.get("/refs?include_prs=1").json()
    assert {r["ref"]: r["targetCommit"] for kind in refs.values() for r in kind} == {
        "refs/heads/main": head,
        "refs/heads/dev/x": head,
        "refs/tags/light": head,
        "refs/tags/annotated": head,
        "refs/convert/parquet": head,
        "refs/pr/1": head,
    }
    assert [r["name"] for r in refs["converts"]] == ["parquet"]
    assert [r["name"] for r in refs["pullRequests"]] == ["1"]


def test_create_branch_starts_at_the_head_of_main(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    assert repo.post("/branch/one", {}).status_code == 200
    assert repo.call("POST", f"{repo.api}/branch/two").status_code == 200
    assert repo.head("one") == repo.head("two") == repo.head()


def test_create_branch_starts_at_any_revision(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    repo.post(f"/tag/{first}", {"tag": "v1", "message": "annotated"})
    repo.commit(file("a.txt", "x"))
    repo.post("/branch/old", {"startingPoint": first})
    for number, start in enumerate((first, first[:8], "v1", "old", "refs/tags/v1")):
        answer = repo.post(f"/branch/from%2F{number}", {"startingPoint": start})
        assert answer.status_code == 200, start
        assert repo.head(f"from%2F{number}") == first


def test_create_branch_can_start_empty_or_take_the_place_of_another(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    assert repo.post("/branch/empty", {"emptyBranch": True}).status_code == 200
    assert repo.paths("empty") == []
    assert repo.get("/commits/empty").headers["x-total-count"] == "1"
    moved = repo.post("/branch/empty", {"startingPoint": "main", "overwrite": True})
    assert moved.status_code == 200
    assert repo.head("empty") == repo.head()


def test_create_branch_that_exists_is_409_and_stays(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    repo.post("/branch/dev%2Fx", {})
    repo.commit(file("a.txt", "x"))
    answer = repo.post("/branch/dev%2Fx", {"startingPoint": "main"})
    assert_error(answer, 409, "Reference already exists: refs/heads/dev/x")
    assert repo.head("dev%2Fx") == first
    assert repo.post("/branch/main", {}).status_code == 409


def test_create_branch_at_an_unknown_revision_is_404(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    answer = repo.post("/branch/dev", {"startingPoint": "nope"})
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")
    assert names(repo, "branches") == ["main"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_create_branch_refuses_names_that_git_cannot_hold(
    hub: LiveHub, alice: Account, name: str
) -> None:
    repo = new_repo(hub, alice)
    assert repo.post(f"/branch/{quoted(name)}", {}).status_code == 400
    assert repo.post("/tag/main", {"tag": name}).status_code == 400
    refs = repo.get("/refs").json()
    assert (len(refs["branches"]), refs["tags"]) == (1, [])


def test_create_branch_refuses_a_name_inside_another(hub: LiveHub, alice: Account) -> None:
    """Git keeps refs as files: `dev` and `dev/x` cannot both be there."""
    repo = new_repo(hub, alice)
    repo.post("/branch/dev", {})
    assert repo.post("/branch/dev%2Fx", {}).status_code == 409
    repo.post("/branch/a%2Fb", {})
    assert repo.post("/branch/a", {}).status_code == 409


def test_create_branch_takes_names_of_any_language(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for name, escaped in (("größe", "gr%C3%B6%C3%9Fe"), ("a+b%c&d", "a%2Bb%25c%26d")):
        assert repo.post(f"/branch/{escaped}", {}).status_code == 200
        assert name in names(repo, "branches")
        assert repo.head(escaped) == repo.head()


def test_delete_branch_takes_it_away_and_keeps_the_rest(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.post("/branch/dev%2Fx", {})
    repo.post("/tag/main", {"tag": "dev/x"})
    assert repo.delete("/branch/dev%2Fx").status_code == 200
    assert names(repo, "branches") == ["main"]
    assert names(repo, "tags") == ["dev/x"]
    again = repo.delete("/branch/dev%2Fx")
    assert_error(again, 404, "Invalid rev id: dev/x", "RevisionNotFound")


def test_delete_branch_refuses_main(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert_error(repo.delete("/branch/main"), 403, "The branch main cannot be deleted.")
    assert names(repo, "branches") == ["main"]


def test_a_commit_of_a_deleted_branch_can_still_be_read_by_its_id(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    repo.post("/branch/dev", {})
    oid = repo.commit(file("a.txt", "x"), revision="dev")
    repo.delete("/branch/dev")
    assert repo.resolve("a.txt", oid).text == "x"


def test_create_tag_leads_to_the_commit_it_was_made_at(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    assert repo.post("/tag/main", {"tag": "v1", "message": "first"}).status_code == 200
    assert repo.post(f"/tag/{first[:7]}", {"tag": "v1.0"}).status_code == 200
    assert repo.post("/tag/v1", {"tag": "again", "message": ""}).status_code == 200
    repo.commit(file("a.txt", "x"))
    tags = {tag["name"]: tag["targetCommit"] for tag in repo.get("/refs").json()["tags"]}
    assert tags == {"v1": first, "v1.0": first, "again": first}
    assert repo.head("v1") == first


def test_create_tag_that_exists_is_409_and_stays(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    repo.post("/tag/main", {"tag": "v1"})
    repo.commit(file("a.txt", "x"))
    for message in (None, "with a message"):
        answer = repo.post("/tag/main", {"tag": "v1", "message": message})
        assert_error(answer, 409, "Reference already exists: refs/tags/v1")
    assert repo.head("v1") == first


def test_create_tag_at_an_unknown_revision_is_404(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    answer = repo.post("/tag/nope", {"tag": "v1"})
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")


def test_create_tag_needs_a_body(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for body in (None, {}, {"tag": None}, {"tag": ""}):
        assert repo.post("/tag/main", body).status_code == 400, body


def test_delete_tag_takes_the_tag_alone(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.post("/branch/v1", {})
    repo.post("/tag/main", {"tag": "v1", "message": "m"})
    assert repo.delete("/tag/v1").status_code == 200
    assert names(repo, "tags") == []
    assert sorted(names(repo, "branches")) == ["main", "v1"]
    assert_error(repo.delete("/tag/v1"), 404, "Invalid rev id: v1", "RevisionNotFound")


def test_a_branch_wins_over_a_tag_of_the_same_name(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.head()
    repo.post("/tag/main", {"tag": "same"})
    second = repo.commit(file("a.txt", "x"))
    repo.post("/branch/same", {})
    assert repo.head("same") == second
    assert repo.head("refs%2Ftags%2Fsame") == first


def test_super_squash_history_leaves_one_commit_with_the_same_files(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", "1"))
    repo.commit_lfs("w.bin", b"\0" * 100)
    old = repo.commit(file("a.txt", "2"))
    answer = repo.post("/super-squash/main", {"message": "all in one"})
    assert answer.status_code == 200
    [commit] = repo.get("/commits/main").json()
    assert (commit["title"], commit["authors"][0]["user"]) == ("all in one", alice.name)
    assert answer.json() == {"commitOid": commit["id"]}
    assert repo.paths() == ["a.txt", "w.bin"]
    assert repo.resolve("w.bin").content == b"\0" * 100
    assert repo.resolve("a.txt", old).text == "2"


def test_super_squash_history_of_one_branch_leaves_the_others(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "1"))
    repo.post("/branch/dev%2Fx", {})
    repo.post("/tag/main", {"tag": "v1"})
    assert repo.call("POST", f"{repo.api}/super-squash/dev%2Fx").status_code == 200
    counts = {rev: repo.get(f"/commits/{rev}").headers["x-total-count"] for rev in ("main", "v1")}
    assert counts == {"main": "2", "v1": "2"}
    assert repo.get("/commits/dev%2Fx").headers["x-total-count"] == "1"


def test_super_squash_history_is_for_branches(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.post("/tag/main", {"tag": "v1"})
    assert repo.post("/super-squash/v1", {"message": "m"}).status_code == 400
    assert repo.post(f"/super-squash/{repo.head()}", {"message": "m"}).status_code == 400
    answer = repo.post("/super-squash/nope", {"message": "m"})
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")
    assert repo.post("/super-squash/main", {"message": "x" * 501}).status_code == 400
    assert repo.get("/commits/main").headers["x-total-count"] == "1"
