"""Repositories: creating, describing, changing, moving, duplicating and deleting them."""

from __future__ import annotations

import base64
import re
import socket
from typing import Any

import pytest

from tests.conftest import NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.repos import (
    PREFIXES,
    Repo,
    assert_error,
    blob_id,
    file,
    lfs_file,
    new_repo,
    pointer,
    sha256,
)

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MODEL_ATTRIBUTES = "a6344aac8c09253b3b630fb776ae94478aa0275b"
DATASET_ATTRIBUTES = "bed0738c7eeb449bca98b5d2f33c89a1ee56349a"
CARD = """---
license: mit
library_name: transformers
pipeline_tag: fill-mask
tags:
- x
---
# hi
"""
WEIGHTS = b"\0\1\2" * 1000


def create(hub: LiveHub, account: Account, **body: Any) -> Any:
    return hub.call("POST", "/api/repos/create", token=account.token, json=body)


# Creating


@pytest.mark.parametrize("type", PREFIXES)
def test_create_repo_answers_url_name_and_id(hub: LiveHub, alice: Account, type: str) -> None:
    name = fresh_name("demo")
    answer = create(hub, alice, name=name, organization=alice.name, type=type, sdk="docker")
    assert answer.status_code == 200
    body = answer.json()
    assert re.fullmatch("[0-9a-f]{24}", body.pop("id"))
    assert body == {
        "url": f"{hub.url}/{PREFIXES[type]}{alice.name}/{name}",
        "name": f"{alice.name}/{name}",
    }


def test_create_repo_takes_the_callers_namespace_when_none_is_given(
    hub: LiveHub, alice: Account
) -> None:
    for more in ({}, {"organization": None}):
        name = fresh_name("demo")
        assert create(hub, alice, name=name, **more).json()["name"] == f"{alice.name}/{name}"


def test_create_repo_is_private_in_either_spelling(hub: LiveHub, alice: Account) -> None:
    for settings, private in (
        ({"private": True}, True),
        ({"visibility": "private"}, True),
        ({"private": False}, False),
        ({"visibility": "public"}, False),
        ({}, False),
    ):
        assert new_repo(hub, alice, **settings).get().json()["private"] is private


def test_create_repo_makes_one_commit_with_the_attributes_of_the_type(
    hub: LiveHub, alice: Account
) -> None:
    for type, attributes in (("model", MODEL_ATTRIBUTES), ("dataset", DATASET_ATTRIBUTES)):
        repo = new_repo(hub, alice, type=type)
        [commit] = repo.get("/commits/main").json()
        assert (commit["title"], commit["message"]) == ("initial commit", "")
        assert commit["authors"][0]["user"] == "system"
        [entry] = repo.get("/tree/main?recursive=true").json()
        assert (entry["path"], entry["oid"]) == (".gitattributes", attributes)


def test_create_repo_gives_a_space_a_card_that_names_its_sdk(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, type="space", sdk="gradio", sdkVersion="5.0.1")
    card = repo.get().json()["cardData"]
    assert (card["sdk"], card["sdk_version"], card["app_file"]) == ("gradio", "5.0.1", "app.py")
    assert {"title", "emoji", "colorFrom", "colorTo", "pinned"} <= set(card)


def test_create_repo_takes_files_and_a_licence_from_the_javascript_client(
    hub: LiveHub, alice: Account
) -> None:
    content = base64.b64encode(b"x").decode()
    given = {"path": "sub/x.txt", "content": content, "encoding": "base64"}
    repo = new_repo(hub, alice, files=[given], license="apache-2.0")
    assert repo.paths() == ["sub/x.txt", "README.md"]
    assert repo.resolve("sub/x.txt").content == b"x"
    assert repo.get().json()["cardData"] == {"license": "apache-2.0"}
    assert repo.get("/commits/main").headers["x-total-count"] == "1"


def test_create_repo_that_exists_is_409_with_its_url(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "kept"))
    name = repo.full_name.partition("/")[2]
    for again in (name, name.upper()):
        answer = create(hub, alice, name=again, organization=alice.name)
        assert answer.status_code == 409
        assert answer.json()["url"].lower() == f"{hub.url}{repo.page}".lower()
        assert answer.json()["error"].lower() == (
            f"you already created this model repo: {repo.full_name}".lower()
        )
        assert answer.headers["x-error-message"] == answer.json()["error"]
    assert repo.paths() == ["a.txt"]


def test_create_repo_refuses_what_breaks_a_rule(hub: LiveHub, alice: Account) -> None:
    for body in (
        {"name": "a/b"},
        {"name": "a--b"},
        {"name": "a..b"},
        {"name": "-a"},
        {"name": "a.git"},
        {"name": ""},
        {"name": "x" * 97},
        {"name": "a", "type": "bucket"},
        {"name": "a", "type": "space"},
        {"name": "a", "type": "space", "sdk": "magic"},
        {"name": "a", "visibility": "protected"},
        {"name": "a", "visibility": "secret"},
        {},
    ):
        assert create(hub, alice, **body).status_code == 400, body


def test_create_repo_belongs_to_those_who_may_use_the_namespace(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={bob.name: "read"})
    for account, namespace in ((bob, alice.name), (bob, org), (alice, "nobody-at-all")):
        answer = create(hub, account, name=fresh_name("x"), organization=namespace)
        message = (
            f"You don't have the rights to create a repository under the namespace {namespace!r}."
        )
        assert_error(answer, 403, message)
    anonymous = hub.call("POST", "/api/repos/create", json={"name": "x"})
    assert_error(anonymous, 401, "Invalid username or password.")


def test_a_failed_creation_leaves_nothing(hub: LiveHub, alice: Account) -> None:
    """What is wrong in the last file of a creation undoes all of it: the name is still free."""
    name = fresh_name("demo")
    good = {"path": "a.txt", "content": "eA==", "encoding": "base64"}
    for bad in ({**good, "path": "../x"}, {**good, "content": "?"}):
        answer = create(hub, alice, name=name, organization=alice.name, files=[good, bad])
        assert answer.status_code == 400
        missing = hub.call("GET", f"/api/models/{alice.name}/{name}", token=alice.token)
        assert_error(missing, 404, "Repository not found", "RepoNotFound")
    again = create(hub, alice, name=name, organization=alice.name, files=[good])
    assert again.status_code == 200


def test_a_model_and_a_dataset_of_one_name_stay_apart(hub: LiveHub, alice: Account) -> None:
    name = fresh_name("twin")
    twins = {}
    for type in PREFIXES:
        create(hub, alice, name=name, organization=alice.name, type=type, sdk="static")
        twin = twins[type] = Repo(hub, alice, f"{alice.name}/{name}", type)
        twin.commit(file("same.txt", f"of the {type}"))
        twin.commit_lfs("same.bin", f"large of the {type}".encode())
    for type, twin in twins.items():
        assert twin.resolve("same.txt").text == f"of the {type}"
        assert twin.resolve("same.bin").text == f"large of the {type}"
        assert twin.get("/tree/main/same.bin").status_code == 404
        href = twin.upload_href(b"another of the " + type.encode())
        assert href.startswith(f"{hub.url}/lfs/")
    body = {"name": name, "organization": alice.name, "type": "dataset"}
    assert alice_deletes(twins["dataset"], body).status_code == 200
    assert [twin.get().status_code for twin in twins.values()] == [200, 404, 200, 200]


def alice_deletes(repo: Repo, body: dict[str, str]) -> Any:
    return repo.call("DELETE", "/api/repos/delete", json=body)


# Deleting


def test_delete_repo_takes_the_repository_and_its_bytes_away(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    repo.commit_lfs("w.bin", WEIGHTS)
    name = repo.full_name.partition("/")[2]
    assert alice_deletes(repo, {"name": name, "organization": alice.name}).status_code == 200
    assert_error(repo.get(), 404, "Repository not found", "RepoNotFound")
    assert_error(repo.resolve("w.bin"), 404, "Repository not found", "RepoNotFound")
    again = alice_deletes(repo, {"name": name})
    assert_error(again, 404, "Repository not found", "RepoNotFound")


def test_delete_repo_is_for_its_owner(hub: LiveHub, alice: Account, bob: Account) -> None:
    repo = new_repo(hub, alice)
    name = repo.full_name.partition("/")[2]
    body = {"name": name, "organization": alice.name, "type": "model"}
    assert hub.call("DELETE", "/api/repos/delete", token=bob.token, json=body).status_code == 403
    reader = hub.token(alice, "read")
    assert hub.call("DELETE", "/api/repos/delete", token=reader, json=body).status_code == 403
    assert hub.call("DELETE", "/api/repos/delete", json=body).status_code == 401
    assert repo.get().status_code == 200


def test_a_name_that_was_deleted_can_be_used_again_and_starts_empty(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("old.txt", "x"))
    name = repo.full_name.partition("/")[2]
    alice_deletes(repo, {"name": name})
    assert create(hub, alice, name=name).status_code == 200
    assert repo.paths() == []


# Moving


def move(repo: Repo, to_repo: str) -> Any:
    body = {"fromRepo": repo.full_name, "toRepo": to_repo, "type": repo.type}
    return repo.call("POST", "/api/repos/move", json=body)


@pytest.mark.parametrize("type", PREFIXES)
def test_move_repo_redirects_every_call_relative_and_with_its_query(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = new_repo(hub, alice, file("a b.txt", "x"), type=type)
    new_name = f"{alice.name}/{fresh_name('moved')}"
    assert move(repo, new_name).status_code == 200
    for method, path in (
        ("GET", f"{repo.api}?blobs=true&expand=sha"),
        ("GET", f"{repo.api}/tree/main?recursive=true&cursor=a%2Bb"),
        ("POST", f"{repo.api}/commit/refs%2Fpr%2F1?create_pr=1"),
        ("GET", f"{repo.page}/resolve/main/a%20b.txt?download=true"),
        ("HEAD", f"{repo.page}/resolve/main/a%20b.txt"),
        ("POST", f"{repo.page}.git/info/lfs/objects/batch"),
    ):
        body = {"operation": "download", "objects": []} if method == "POST" else None
        answer = repo.call(method, path, json=body)
        assert answer.status_code == 307, path
        assert answer.headers["location"] == path.replace(repo.full_name, new_name)


def test_rename_keeps_everything(hub: LiveHub, alice: Account) -> None:
    """Branches, tags, history, large files and settings have the new name; nothing is lost."""
    repo = new_repo(hub, alice, file("a.txt", "one"))
    repo.commit_lfs("w.bin", WEIGHTS)
    repo.post("/branch/dev%2Fx", {"startingPoint": "main"})
    repo.post("/tag/main", {"tag": "v1", "message": "first"})
    repo.commit(file("only-dev.txt", "y"), revision="dev%2Fx")
    repo.put("/settings", {"gated": "auto"})
    before = (repo.get("/refs").json(), repo.get("/commits/main").json(), repo.get().json())
    moved = Repo(hub, alice, f"{alice.name}/{fresh_name('moved')}")
    assert move(repo, moved.full_name).status_code == 200
    after = (moved.get("/refs").json(), moved.get("/commits/main").json(), moved.get().json())
    assert after[:2] == before[:2]
    for name in ("sha", "siblings", "gated", "usedStorage", "createdAt", "_id"):
        assert after[2][name] == before[2][name]
    assert after[2]["id"] == moved.full_name
    assert moved.resolve("w.bin", "v1").content == WEIGHTS
    assert moved.resolve("only-dev.txt", "dev%2Fx").text == "y"


def test_move_repo_transfers_to_another_namespace(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    repo = new_repo(hub, alice, file("a.txt", "x"), private=True)
    moved = Repo(hub, bob, f"{org}/{fresh_name('moved')}")
    assert move(repo, moved.full_name).status_code == 200
    assert moved.resolve("a.txt").text == "x"
    assert repo.get().headers["location"] == moved.api


def test_move_repo_follows_several_renames_to_todays_name(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    second = Repo(hub, alice, f"{alice.name}/{fresh_name('second')}")
    third = Repo(hub, alice, f"{alice.name}/{fresh_name('third')}")
    move(repo, second.full_name)
    move(second, third.full_name)
    assert repo.get().headers["location"] == third.api
    assert second.get().headers["location"] == third.api
    assert move(third, repo.full_name).status_code == 200
    assert repo.get().status_code == 200
    assert third.get().headers["location"] == repo.api


def test_move_repo_can_change_the_case_of_a_name(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    louder = f"{alice.name}/{repo.full_name.partition('/')[2].upper()}"
    assert move(repo, louder).status_code == 200
    assert repo.get().status_code == 200
    assert repo.get().json()["id"] == louder


def test_move_repo_refuses_a_taken_name_and_changes_nothing(hub: LiveHub, alice: Account) -> None:
    repo, other = new_repo(hub, alice), new_repo(hub, alice)
    assert move(repo, other.full_name).status_code == 409
    assert repo.get().status_code == other.get().status_code == 200


def test_move_repo_needs_both_rights(hub: LiveHub, alice: Account, bob: Account) -> None:
    repo = new_repo(hub, alice)
    assert move(repo, f"{bob.name}/mine").status_code == 403
    stolen = Repo(hub, bob, repo.full_name)
    assert move(stolen, f"{bob.name}/mine").status_code == 403
    missing = Repo(hub, alice, f"{alice.name}/nothing")
    assert_error(move(missing, f"{alice.name}/x"), 404, "Repository not found", "RepoNotFound")
    for bad in ("no-slash", "a/b/c", f"{alice.name}/a--b"):
        assert move(repo, bad).status_code == 400
    assert repo.get().status_code == 200


def test_a_new_repository_ends_the_redirect_from_its_name(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    move(repo, f"{alice.name}/{fresh_name('moved')}")
    name = repo.full_name.partition("/")[2]
    assert create(hub, alice, name=name).status_code == 200
    assert repo.get().json()["id"] == repo.full_name


def test_a_former_name_is_no_licence_to_delete(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    moved = Repo(hub, alice, f"{alice.name}/{fresh_name('moved')}")
    move(repo, moved.full_name)
    name = repo.full_name.partition("/")[2]
    answer = alice_deletes(repo, {"name": name})
    assert_error(answer, 404, "Repository not found", "RepoNotFound")
    assert moved.get().status_code == 200


def test_an_escaped_former_name_redirects_without_a_loop(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    moved = Repo(hub, alice, f"{alice.name}/{fresh_name('moved')}")
    move(repo, moved.full_name)
    escaped = repo.api.replace("repo-", "%72epo-")
    assert repo.call("GET", f"{escaped}/refs").headers["location"] == f"{moved.api}/refs"


# Describing


def test_repo_info_of_a_model_holds_what_every_client_needs(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("README.md", CARD), file("sub/a.txt", "x"))
    info = repo.get().json()
    assert re.fullmatch("[0-9a-f]{24}", info.pop("_id"))
    assert re.fullmatch("[0-9a-f]{40}", info.pop("sha"))
    assert all(DATE.fullmatch(info.pop(name)) for name in ("lastModified", "createdAt"))
    assert info.pop("usedStorage") > 0
    assert {"license:mit", "x"} <= set(info.pop("tags"))
    assert info == {
        "id": repo.full_name,
        "modelId": repo.full_name,
        "author": alice.name,
        "private": False,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "pipeline_tag": "fill-mask",
        "library_name": "transformers",
        "cardData": {
            "license": "mit",
            "library_name": "transformers",
            "pipeline_tag": "fill-mask",
            "tags": ["x"],
        },
        "siblings": [
            {"rfilename": "sub/a.txt"},
            {"rfilename": ".gitattributes"},
            {"rfilename": "README.md"},
        ],
        "config": {},
        "model-index": None,
        "spaces": [],
    }


def test_repo_info_of_other_types_leaves_out_what_models_alone_have(
    hub: LiveHub, alice: Account
) -> None:
    for type, present, absent in (
        ("dataset", {"downloads", "siblings"}, {"modelId", "sdk"}),
        ("space", {"sdk", "siblings"}, {"modelId", "downloads"}),
        ("kernel", {"downloads"}, {"modelId", "siblings"}),
    ):
        info = new_repo(hub, alice, type=type).get().json()
        assert present <= set(info)
        assert not absent & set(info)
        assert {"_id", "id", "author", "sha", "lastModified", "private", "likes", "tags"} <= set(
            info
        )


def test_repo_info_without_a_card_has_no_card_data(hub: LiveHub, alice: Account) -> None:
    info = new_repo(hub, alice, file("README.md", "# only text\n")).get().json()
    assert "cardData" not in info
    assert "pipeline_tag" not in info


def test_repo_info_with_blobs_tells_sizes_and_large_files(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "hello"))
    repo.commit_lfs("w.bin", WEIGHTS)
    for flag in ("true", "True", "1"):
        siblings = {s["rfilename"]: s for s in repo.get(f"?blobs={flag}").json()["siblings"]}
        assert siblings["a.txt"] == {"rfilename": "a.txt", "size": 5, "blobId": blob_id(b"hello")}
        assert siblings["w.bin"] == {
            "rfilename": "w.bin",
            "size": len(WEIGHTS),
            "blobId": blob_id(pointer(WEIGHTS)),
            "lfs": {
                "sha256": sha256(WEIGHTS),
                "size": len(WEIGHTS),
                "pointerSize": len(pointer(WEIGHTS)),
            },
        }


def test_repo_info_with_expand_holds_only_what_was_asked(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("README.md", CARD))
    names = ("private", "gated", "downloads", "likes", "lastModified", "pipeline_tag")
    query = "&".join(f"expand={name}" for name in names)
    info = repo.get(f"/revision/HEAD?{query}").json()
    assert set(info) == {"_id", "id", *names}
    assert set(repo.get("?expand[]=likes").json()) == {"_id", "id", "likes"}
    assert set(repo.get("?expand%5B%5D=sha&expand[]=tags").json()) == {"_id", "id", "sha", "tags"}
    told = repo.get("?expand=xetEnabled&expand=trendingScore&expand=inference").json()
    assert told == {
        "_id": told["_id"],
        "id": repo.full_name,
        "xetEnabled": True,
        "trendingScore": 0,
    }


def test_repo_info_with_expand_refuses_what_no_hub_tells(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    answer = repo.get("?expand=likes&expand=madeUp")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("There is no property 'madeUp'; there are: author, ")


def test_repo_info_with_security_status(hub: LiveHub, alice: Account) -> None:
    info = new_repo(hub, alice).get("?securityStatus=true").json()
    assert info["securityRepoStatus"] == {"scansDone": False, "filesWithIssues": []}


def test_repo_info_ignores_unknown_parameters(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert repo.get("?full=true&whatever=1&blobs=").status_code in (200, 400)
    assert repo.get("?full=true&whatever=1").json() == repo.get().json()


def test_repo_info_finds_a_name_in_any_case_and_gives_it_as_created(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    answer = hub.call("GET", f"/api/models/{repo.full_name.upper()}")
    assert answer.json()["id"] == repo.full_name


def test_repo_info_of_a_legacy_name_is_not_found(hub: LiveHub, alice: Account) -> None:
    answer = hub.call("GET", "/api/models/gpt2", token=alice.token)
    assert_error(answer, 404, "Repository not found", "RepoNotFound")


def test_repo_info_at_revision_describes_that_revision(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = repo.commit(file("README.md", CARD))
    repo.post("/branch/dev%2Fx", {"startingPoint": first})
    repo.post("/tag/" + first, {"tag": "light"})
    repo.post("/tag/" + first, {"tag": "annotated", "message": "m"})
    second = repo.commit(file("b.txt", "b"), {"key": "deletedFile", "value": {"path": "README.md"}})
    for name in (first, first[:7], first[:12], "dev%2Fx", "light", "annotated"):
        info = repo.get(f"/revision/{name}").json()
        assert info["sha"] == first, name
        assert info["cardData"]["license"] == "mit"
        assert [s["rfilename"] for s in info["siblings"]] == [".gitattributes", "README.md"]
    for name in ("main", "HEAD", "refs%2Fheads%2Fmain", second):
        info = repo.get(f"/revision/{name}").json()
        assert info["sha"] == second, name
        assert "cardData" not in info
    full = repo.get("/revision/refs%2Ftags%2Fannotated").json()
    assert full["sha"] == first


def test_repo_info_at_revision_that_is_unknown(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for name, shown in (
        ("nope", "nope"),
        ("refs%2Fpr%2F1", "refs/pr/1"),
        ("refs/pr/1", "refs/pr/1"),
        ("0" * 40, "0" * 40),
        ("abcdef1", "abcdef1"),
        ("a%20b", "a b"),
    ):
        answer = repo.get(f"/revision/{name}")
        assert_error(answer, 404, f"Invalid rev id: {shown}", "RevisionNotFound")


def test_a_commit_of_another_repository_is_unknown_here(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    hidden = new_repo(hub, bob, file("secret.txt", "s"), private=True)
    repo = new_repo(hub, alice)
    for revision in (hidden.head(), hidden.head()[:10]):
        answer = repo.get(f"/revision/{revision}")
        assert_error(answer, 404, f"Invalid rev id: {revision}", "RevisionNotFound")


def test_a_card_with_broken_metadata_never_hides_a_repository(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    refused = repo.send_commit(file("README.md", "---\ntags: [a\n---\n"))
    assert refused.status_code == 400
    assert "YAML metadata of README.md is not valid" in refused.json()["error"]
    assert repo.paths() == []


def test_repo_scan_says_that_nothing_was_scanned(hub: LiveHub, alice: Account) -> None:
    answer = new_repo(hub, alice).get("/scan")
    assert (answer.status_code, answer.json()) == (200, {"scansDone": False, "filesWithIssues": []})


def test_auth_check_is_ok_as_text_for_those_who_may_read(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    for token in (alice.token, bob.token, None):
        answer = hub.call("GET", f"{repo.api}/auth-check", token=token)
        assert (answer.status_code, answer.text) == (200, "OK")
        assert answer.headers["content-type"].startswith("text/plain")


def test_auth_check_of_a_gated_repo_has_the_words_that_clients_show(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    for type in ("model", "dataset"):
        repo = new_repo(hub, alice, type=type)
        repo.put("/settings", {"gated": "manual"})
        subject = f"Access to {type} {repo.full_name} is restricted"
        anonymous = hub.call("GET", f"{repo.api}/auth-check")
        message = (
            f"{subject}. You must have access to it and be authenticated to access it."
            " Please log in."
        )
        assert_error(anonymous, 401, message, "GatedRepo")
        stranger = hub.call("GET", f"{repo.api}/auth-check", token=bob.token)
        message = (
            f"{subject} and you are not in the authorized list."
            f" Visit {hub.url}{repo.page} to ask for access."
        )
        assert_error(stranger, 403, message, "GatedRepo")
        assert repo.get("/auth-check").text == "OK"


def test_auth_check_write_asks_for_a_token_that_may_write(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    path = f"{repo.api}/auth-check/write"
    assert repo.get("/auth-check/write").text == "OK"
    assert hub.call("GET", path, token=hub.token(alice, "read")).status_code == 403
    assert hub.call("GET", path, token=bob.token).status_code == 403
    assert hub.call("GET", path).status_code == 401


# Settings


def test_update_repo_settings_tells_what_it_has_set(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for given, answered in (
        ({"gated": "auto", "visibility": "private"}, {"gated": "auto", "private": True}),
        ({"private": False}, {"private": False}),
        ({"gated": "manual"}, {"gated": "manual"}),
        ({"gated": False}, {"gated": False}),
        ({"discussionsDisabled": True}, {"discussionsDisabled": True}),
        ({"xetEnabled": True, "gatedNotificationsMode": "bulk"}, {}),
        ({}, {}),
    ):
        answer = repo.put("/settings", given)
        assert (answer.status_code, answer.json()) == (200, answered)


def test_update_repo_settings_changes_only_what_is_named(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.put("/settings", {"private": True})
    repo.put("/settings", {"gated": "auto"})
    info = repo.get().json()
    assert (info["private"], info["gated"]) == (True, "auto")


def test_update_repo_settings_refuses_unknown_values(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for body in (
        {"private": "yes"},
        {"visibility": "protected"},
        {"visibility": "hidden"},
        {"gated": True},
        {"gated": "never"},
    ):
        assert repo.put("/settings", body).status_code == 400, body
    info = repo.get().json()
    assert (info["private"], info["gated"]) == (False, False)


# Duplicating


@pytest.mark.parametrize("type", PREFIXES)
def test_duplicate_repo_copies_files_large_ones_too(
    hub: LiveHub, alice: Account, bob: Account, type: str
) -> None:
    repo = new_repo(hub, alice, file("a/b.txt", "x"), type=type)
    repo.commit_lfs("w.bin", WEIGHTS)
    target = Repo(hub, bob, f"{bob.name}/{fresh_name('copy')}", type)
    answer = target.call("POST", f"{repo.api}/duplicate", json={"repository": target.full_name})
    assert (answer.status_code, answer.json()) == (200, {"url": f"{hub.url}{target.page}"})
    assert target.resolve("a/b.txt").text == "x"
    assert target.resolve("w.bin").content == WEIGHTS
    commits = int(target.get("/commits/main").headers["x-total-count"])
    assert commits == (3 if type == "space" else 1)


def test_duplicate_repo_that_exists_is_409_with_its_url(hub: LiveHub, alice: Account) -> None:
    repo, other = new_repo(hub, alice), new_repo(hub, alice)
    answer = repo.post("/duplicate", {"repository": other.full_name})
    assert answer.status_code == 409
    assert answer.json()["url"] == f"{hub.url}{other.page}"


def test_duplicate_repo_stays_private_unless_told_otherwise(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, private=True)
    for body, private in (({}, True), ({"visibility": "public"}, False), ({"private": True}, True)):
        copy = Repo(hub, alice, f"{alice.name}/{fresh_name('copy')}")
        repo.post("/duplicate", {"repository": copy.full_name, **body})
        assert copy.get().json()["private"] is private


def test_duplicate_repo_refuses_a_gated_source_and_foreign_namespaces(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    assert repo.post("/duplicate", {"repository": f"{bob.name}/x"}).status_code == 403
    assert repo.post("/duplicate", {"repository": "x"}).status_code == 400
    repo.put("/settings", {"gated": "auto"})
    assert repo.post("/duplicate", {"repository": f"{alice.name}/x"}).status_code == 403


def test_a_copy_of_the_copy_needs_nothing_of_the_source(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    """Deleting the source takes no byte from its copies."""
    repo = new_repo(hub, alice)
    repo.commit_lfs("w.bin", WEIGHTS)
    copy = Repo(hub, bob, f"{bob.name}/{fresh_name('copy')}")
    copy.call("POST", f"{repo.api}/duplicate", json={"repository": copy.full_name})
    alice_deletes(repo, {"name": repo.full_name.partition("/")[2]})
    assert copy.resolve("w.bin").content == WEIGHTS


# Addresses


def every_url_of(repo: Repo, headers: dict[str, str]) -> list[str]:
    """A sample of every kind of URL that the hub puts into answers."""
    hub, token = repo.hub, repo.account.token
    name = fresh_name("new")

    def call(method: str, path: str, **options: Any) -> Any:
        return hub.call(method, path, token=token, headers=headers, **options)

    created = call("POST", "/api/repos/create", json={"name": name})
    again = call("POST", "/api/repos/create", json={"name": name})
    copied = call(
        "POST", f"{repo.api}/duplicate", json={"repository": f"{repo.account.name}/{name}-2"}
    )
    commit = call("POST", f"{repo.api}/commit/main", json={"summary": "s", "files": []})
    page = call("GET", f"{repo.api}/commits/main?limit=1")
    batch = {"operation": "upload", "objects": [{"oid": sha256(name.encode()), "size": 5}]}
    actions = call("POST", f"{repo.lfs}/objects/batch", json=batch).json()["objects"][0]["actions"]
    return [
        created.json()["url"],
        again.json()["url"],
        copied.json()["url"],
        commit.json()["commitUrl"],
        page.headers["link"].removeprefix("<"),
        actions["upload"]["href"],
    ]


def test_every_url_is_on_the_host_the_client_used(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    for host in ("hub.example.org", "hub.example.org:8443", "[::1]:80"):
        for url in every_url_of(repo, {"host": host}):
            assert url.startswith(f"http://{host}/"), url


def test_every_url_is_on_the_public_url_when_there_is_one(fresh_hub: NewHub) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    public_url = f"https://models.example.org:{port}"
    hub = fresh_hub(public_url=public_url, port=port)
    # The hub names its public address only; here it is reached at its own.
    hub.url = f"http://127.0.0.1:{port}"
    repo = new_repo(hub, hub.user(), file("a.txt", "x"))
    for url in every_url_of(repo, {"host": "internal:8080"}):
        assert url.startswith(f"{public_url}/"), url


def test_used_storage_grows_with_large_files_once(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    before = repo.get().json()["usedStorage"]
    repo.commit_lfs("w.bin", WEIGHTS)
    after = repo.get().json()["usedStorage"]
    assert len(WEIGHTS) < after - before < len(WEIGHTS) + 5000
    repo.commit(lfs_file("copy.bin", sha256(WEIGHTS)))
    assert repo.get().json()["usedStorage"] - after < len(WEIGHTS)
