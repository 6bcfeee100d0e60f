"""Listing files, and what a client asks before it uploads them."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import NewHub
from tests.live import Account, LiveHub
from tests.repos import (
    Repo,
    assert_error,
    blob_id,
    deleted,
    file,
    lfs_file,
    new_repo,
    pointer,
    put_ref,
    sha256,
)

WEIGHTS = b"\0weights" * 100
LFS_ENTRY = {
    "type": "file",
    "oid": blob_id(pointer(WEIGHTS)),
    "size": len(WEIGHTS),
    "lfs": {"oid": sha256(WEIGHTS), "size": len(WEIGHTS), "pointerSize": len(pointer(WEIGHTS))},
}


def forest(hub: LiveHub, account: Account) -> Repo:
    """A repository with folders in folders, names that need escapes, and a large file."""
    repo = new_repo(hub, account)
    repo.commit(
        file("a.txt", "hello"),
        file("sub dir/x #1.txt", "one"),
        file("sub dir/deep/er/y.txt", "two"),
        file("zoo/ü.txt", "three"),
        lfs_file("zoo/w.bin", repo.upload(WEIGHTS), len(WEIGHTS)),
    )
    return repo


def all_pages(repo: Repo, url: str) -> list[dict[str, Any]]:
    """Every entry of a listing, following its links to the end."""
    entries: list[dict[str, Any]] = []
    while url:
        answer = repo.call("GET", url)
        assert answer.status_code == 200, answer.text
        entries += answer.json()
        found = re.fullmatch(r'<(http[^>]+)>; rel="next"', answer.headers.get("link", ""))
        url = found[1] if found else ""
    return entries


def paths_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["path"] for entry in answer.json()]


# Trees


def test_list_repo_tree_of_the_root_has_folders_first(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    for path in ("/tree/main", "/tree/main/", "/tree/main?recursive=false&expand=False"):
        answer = repo.get(path)
        assert paths_of(answer) == ["sub dir", "zoo", ".gitattributes", "a.txt"]
        assert "link" not in answer.headers
    first, *_, last = repo.get("/tree/main").json()
    assert re.fullmatch("[0-9a-f]{40}", first.pop("oid"))
    assert first == {"type": "directory", "size": 0, "path": "sub dir"}
    assert last == {"type": "file", "oid": blob_id(b"hello"), "size": 5, "path": "a.txt"}


def test_list_repo_tree_recursively_names_every_path_from_the_root(
    hub: LiveHub, alice: Account
) -> None:
    repo = forest(hub, alice)
    for flag in ("true", "True", "1"):
        assert paths_of(repo.get(f"/tree/main?recursive={flag}")) == [
            "sub dir",
            "sub dir/deep",
            "sub dir/deep/er",
            "sub dir/deep/er/y.txt",
            "sub dir/x #1.txt",
            "zoo",
            "zoo/w.bin",
            "zoo/ü.txt",
            ".gitattributes",
            "a.txt",
        ]


def test_list_repo_tree_of_a_folder_in_either_spelling(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    for path in ("sub%20dir%2Fdeep", "sub%20dir/deep", "sub%20dir/deep/"):
        assert paths_of(repo.get(f"/tree/main/{path}")) == ["sub dir/deep/er"]
        assert paths_of(repo.get(f"/tree/main/{path}?recursive=true")) == [
            "sub dir/deep/er",
            "sub dir/deep/er/y.txt",
        ]


def test_list_repo_tree_describes_large_files(hub: LiveHub, alice: Account) -> None:
    entry = forest(hub, alice).get("/tree/main/zoo").json()[0]
    assert entry == {**LFS_ENTRY, "path": "zoo/w.bin"}


def test_list_repo_tree_takes_a_pull_request_with_and_without_escapes(
    hub: LiveHub, alice: Account
) -> None:
    repo = forest(hub, alice)
    put_ref(repo, "refs/pr/1", repo.head())
    put_ref(repo, "refs/convert/parquet", repo.head())
    repo.commit(deleted("deletedFolder", "zoo"))
    for revision in ("refs%2Fpr%2F1", "refs/pr/1", "refs/convert/parquet"):
        assert "zoo/w.bin" in paths_of(repo.get(f"/tree/{revision}?recursive=1"))
        assert paths_of(repo.get(f"/tree/{revision}/zoo")) == ["zoo/w.bin", "zoo/ü.txt"]
        assert repo.resolve("a.txt", revision).text == "hello"
        assert repo.get(f"/commits/{revision}").headers["x-total-count"] == "2"
        assert repo.get(f"/revision/{revision}").status_code == 200
        assert repo.raw("a.txt", revision).text == "hello"
        assert repo.get(f"/treesize/{revision}/zoo").json()["size"] == len(WEIGHTS) + 5


def test_list_repo_tree_of_what_is_no_folder_is_404(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    for path in ("nope", "a.txt", "zoo/w.bin", "zoo/nope", "a.txt/below"):
        answer = repo.get(f"/tree/main/{quote(path, safe='')}")
        assert_error(answer, 404, f'{path} does not exist on "main"', "EntryNotFound")
    answer = repo.get("/tree/nope/zoo")
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")


def test_list_repo_tree_of_an_empty_root_is_an_empty_list(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.commit(deleted("deletedFile", ".gitattributes"))
    assert paths_of(repo.get("/tree/main")) == []
    assert paths_of(repo.get("/tree/main?recursive=true&expand=true")) == []


def test_list_repo_tree_pages_with_absolute_links_to_the_end(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    for query in ("recursive=true", "recursive=true&expand=true", "expand=false"):
        whole = repo.get(f"/tree/main?{query}").json()
        for limit in (1, 3, len(whole)):
            url = f"{repo.api}/tree/main?{query}&limit={limit}"
            assert all_pages(repo, url) == whole
    link = repo.get("/tree/main?recursive=true&limit=2&unknown=a%26b").headers["link"]
    assert link.startswith(f"<{hub.url}{repo.api}/tree/main?")
    assert {"recursive=true", "limit=2", "unknown=a%26b"} < set(
        link[1:].partition("?")[2].split("&")
    )


def test_list_repo_tree_has_a_thousand_entries_a_page(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    repo.commit(*(file(f"many/{number:04}.txt", str(number)) for number in range(1005)))
    first = repo.get("/tree/main/many")
    assert len(first.json()) == 1000
    found = [entry["path"] for entry in all_pages(repo, f"{repo.api}/tree/main/many")]
    assert found == [f"many/{number:04}.txt" for number in range(1005)]


def test_list_repo_tree_goes_on_after_the_branch_has_moved(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, *(file(f"{name}.txt", name) for name in "bdfh"))
    first = repo.get("/tree/main?limit=3")
    assert paths_of(first) == [".gitattributes", "b.txt", "d.txt"]
    repo.commit(file("a.txt", "x"), file("e.txt", "x"))
    rest = [e["path"] for e in all_pages(repo, first.headers["link"][1:].partition(">")[0])]
    assert rest == ["e.txt", "f.txt", "h.txt"]


def test_list_repo_tree_refuses_pages_that_cannot_be(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for query in ("limit=0", "limit=-1", "limit=x", "limit=10001", "cursor=!", "cursor=%FF"):
        assert repo.get(f"/tree/main?{query}").status_code == 400, query


def test_list_repo_tree_with_expand_names_the_newest_commit_of_each_path(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    initial = repo.head()
    first = repo.commit(file("a/one.txt", "1"), file("a/b/two.txt", "1"), file("c.txt", "1"))
    second = repo.commit(file("a/b/two.txt", "2"), summary="second")
    third = repo.commit(file("d/three.txt", "1"), file("gone.txt", "1"))
    fourth = repo.commit(deleted("deletedFile", "gone.txt"), file("c.txt", "2"))
    fifth = repo.commit(file("c.txt", "1"), summary="as it was")
    newest = {
        ".gitattributes": initial,
        "a": second,
        "a/one.txt": first,
        "a/b": second,
        "a/b/two.txt": second,
        "c.txt": fifth,
        "d": third,
        "d/three.txt": third,
    }
    entries = repo.get("/tree/main?recursive=true&expand=true").json()
    assert {entry["path"]: entry["lastCommit"]["id"] for entry in entries} == newest
    for folder in ("", "a", "a/b", "d"):
        for entry in repo.get(f"/tree/main/{folder}?expand=True").json():
            assert entry["lastCommit"]["id"] == newest[entry["path"]]
    at_third = repo.get(f"/tree/{third}?expand=true").json()
    assert {e["path"]: e["lastCommit"]["id"] for e in at_third} == {
        ".gitattributes": initial,
        "a": second,
        "c.txt": first,
        "d": third,
        "gone.txt": third,
    }
    dates = {c["id"]: (c["title"], c["date"]) for c in repo.get("/commits/main").json()}
    for entry in entries:
        last = entry["lastCommit"]
        assert (last["title"], last["date"]) == dates[last["id"]]
    assert fourth in dates


# Paths


def test_get_paths_info_takes_a_form_or_json(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    expected = [
        {"type": "file", "oid": blob_id(b"hello"), "size": 5, "path": "a.txt"},
        {**LFS_ENTRY, "path": "zoo/w.bin"},
    ]
    json_answer = repo.post(
        "/paths-info/main", {"paths": ["a.txt", "zoo/w.bin", "nope"], "expand": False}
    )
    assert json_answer.json() == expected
    for flag in ("False", "false"):
        form = f"paths=a.txt&paths=zoo%2Fw.bin&paths=nope&expand={flag}"
        assert send_form(repo, form).json() == expected


def send_form(repo: Repo, form: str) -> Any:
    return repo.post(
        "/paths-info/main",
        content=form.encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


def test_get_paths_info_finds_folders_and_trims_slashes(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    answer = repo.post("/paths-info/main", {"paths": ["zoo/", "/sub dir/deep", "zoo/ü.txt"]})
    assert [(entry["type"], entry["path"], entry["size"]) for entry in answer.json()] == [
        ("directory", "zoo", 0),
        ("directory", "sub dir/deep", 0),
        ("file", "zoo/ü.txt", 5),
    ]
    assert repo.get("/tree/main").json()[1]["oid"] == answer.json()[0]["oid"]


def test_get_paths_info_with_expand_has_the_newest_commits(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    first = repo.head()
    second = repo.commit(file("zoo/new.txt", "x"))
    form = send_form(repo, "paths=a.txt&paths=zoo&paths=zoo/new.txt&expand=True")
    found = {entry["path"]: entry["lastCommit"]["id"] for entry in form.json()}
    assert found == {"a.txt": first, "zoo": second, "zoo/new.txt": second}


def test_get_paths_info_of_nothing_is_an_empty_list(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for paths in ([], ["nope"], [""], ["/"], [".gitattributes/below"]):
        answer = repo.post("/paths-info/main", {"paths": paths})
        assert (answer.status_code, answer.json()) == (200, []), paths


def test_get_paths_info_has_a_limit(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert repo.post("/paths-info/main", {"paths": ["x"] * 2000}).status_code == 200
    answer = repo.post("/paths-info/main", {"paths": ["x"] * 2001})
    assert_error(answer, 413, "too many parameters")


def test_get_paths_info_at_an_unknown_revision_is_404(hub: LiveHub, alice: Account) -> None:
    answer = new_repo(hub, alice).post("/paths-info/nope", {"paths": ["x"]})
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")


def test_get_paths_info_refuses_a_malformed_body(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert repo.post("/paths-info/main", {"paths": "a.txt"}).status_code == 400
    assert send_form(repo, "paths=%FF&expand=maybe").status_code == 400


def test_tree_size_adds_up_real_sizes(hub: LiveHub, alice: Account) -> None:
    repo = forest(hub, alice)
    for path, size in (
        ("zoo", len(WEIGHTS) + 5),
        ("zoo%2Fw.bin", len(WEIGHTS)),
        ("sub%20dir/deep", 3),
        ("a.txt", 5),
    ):
        answer = repo.get(f"/treesize/main/{path}")
        plain = path.replace("%2F", "/").replace("%20", " ")
        assert (answer.status_code, answer.json()) == (200, {"path": plain, "size": size})
    whole = repo.get("/treesize/main/").json()
    assert whole == {"path": "", "size": 1519 + 5 + 3 + 3 + 5 + len(WEIGHTS)}
    missing = repo.get("/treesize/main/nope")
    assert_error(missing, 404, 'nope does not exist on "main"', "EntryNotFound")


# Before an upload


def preupload(repo: Repo, *files: tuple[str, bytes, int], **more: Any) -> Any:
    """Ask about files given as path, first bytes and size."""
    listed = [
        {"path": path, "sample": base64.b64encode(sample).decode(), "size": size}
        for path, sample, size in files
    ]
    return repo.post("/preupload/main", {"files": listed, **more})


def modes(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {file["path"]: file["uploadMode"] for file in answer.json()["files"]}


def test_preupload_tells_mode_and_present_identity_of_each_file(
    hub: LiveHub, alice: Account
) -> None:
    repo = forest(hub, alice)
    answer = preupload(
        repo,
        ("a.txt", b"hello", 5),
        ("e.txt", b"", 0),
        ("zoo/w.bin", b"\0wei", 400),
        ("zoo", b"x", 1),
    )
    assert answer.json() == {
        "commitOid": repo.head(),
        "files": [
            {
                "path": "a.txt",
                "uploadMode": "regular",
                "shouldIgnore": False,
                "oid": blob_id(b"hello"),
            },
            {"path": "e.txt", "uploadMode": "regular", "shouldIgnore": False},
            {
                "path": "zoo/w.bin",
                "uploadMode": "lfs",
                "shouldIgnore": False,
                "oid": sha256(WEIGHTS),
            },
            {"path": "zoo", "uploadMode": "regular", "shouldIgnore": False},
        ],
    }


def test_preupload_goes_by_rules_size_and_content(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    answer = preupload(
        repo,
        ("covered.safetensors", b"text", 4),
        ("saved_model/x/y", b"text", 4),
        ("empty.bin", b"", 0),
        ("small.txt", b"text", 4),
        ("binary.txt", b"te\0xt", 5),
        ("latin.txt", b"caf\xe9 \xff\xfe", 7),
        ("limit.txt", b"text", 10 * 1024 * 1024),
        ("over.txt", b"text", 10 * 1024 * 1024 + 1),
    )
    assert modes(answer) == {
        "covered.safetensors": "lfs",
        "saved_model/x/y": "lfs",
        "empty.bin": "regular",
        "small.txt": "regular",
        "binary.txt": "lfs",
        "latin.txt": "lfs",
        "limit.txt": "regular",
        "over.txt": "lfs",
    }


def test_preupload_takes_a_sample_that_ends_inside_a_letter(hub: LiveHub, alice: Account) -> None:
    sample = ("x" * 511 + "ü").encode()[:512]
    assert modes(preupload(new_repo(hub, alice), ("a.txt", sample, 2000))) == {"a.txt": "regular"}


def test_preupload_uses_the_attributes_of_the_revision_or_the_given_ones(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    repo.commit(file(".gitattributes", "*.mine filter=lfs -text\n"))
    files = ("x.mine", b"t", 1), ("x.bin", b"t", 1)
    assert modes(preupload(repo, *files)) == {"x.mine": "lfs", "x.bin": "regular"}
    given = preupload(repo, *files, gitAttributes="*.bin filter=lfs -text\n")
    assert modes(given) == {"x.mine": "regular", "x.bin": "lfs"}


def test_preupload_uses_the_ignore_file_of_the_revision_or_the_given_one(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file(".gitignore", "*.log\nbuild/\n!keep.log\n"))
    files = [(path, b"t", 1) for path in ("a.log", "keep.log", "build/x", "b.txt")]

    def ignored(answer: Any) -> list[str]:
        return [file["path"] for file in answer.json()["files"] if file["shouldIgnore"]]

    assert ignored(preupload(repo, *files)) == ["a.log", "build/x"]
    assert ignored(preupload(repo, *files, gitIgnore="b.*\n")) == ["b.txt"]
    assert ignored(preupload(repo, *files, gitIgnore="")) == []


def test_preupload_bounds_the_rules_and_what_they_are_compared_with(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    largest = 256 * 1024
    for key, path in (("gitIgnore", ".gitignore"), ("gitAttributes", ".gitattributes")):
        assert preupload(repo, ("a", b"t", 1), **{key: "#" * largest}).status_code == 200
        too_large = f"{path} has at most {largest} bytes."
        answer = preupload(repo, ("a", b"t", 1), **{key: "ü" * (largest // 2) + "a"})
        assert_error(answer, 413, too_large)
        many = "a\n!a\n" * 10_000
        files = [(f"{number}.txt", b"t", 1) for number in range(249)]
        assert preupload(repo, *files, **{key: many}).status_code == 200
        answer = preupload(repo, *files, ("b", b"t", 1), **{key: many})
        assert_error(answer, 413, f"Too many files for the rules of {path}: ask for fewer.")
    deep = [("/".join(["d"] * 100), b"t", 1) for _ in range(3)]
    answer = preupload(repo, *deep, gitIgnore=many)
    assert_error(answer, 413, "Too many files for the rules of .gitignore: ask for fewer.")


def test_preupload_refuses_what_it_cannot_use(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for entry in (
        {"path": "a", "size": -1},
        {"path": "a", "size": "x"},
        {"path": "a", "size": 1, "sample": "?"},
        {"size": 1},
    ):
        assert repo.post("/preupload/main", {"files": [entry]}).status_code == 400, entry
    assert repo.post("/preupload/main", {}).status_code == 400
    over = repo.post("/preupload/main", {"files": [{"path": "a", "size": 1}] * 1001})
    assert over.status_code == 413
    answer = repo.post("/preupload/nope", {"files": []})
    assert_error(answer, 404, "Invalid rev id: nope", "RevisionNotFound")


def test_preupload_accepts_what_old_clients_add(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    entry = {"path": "a.txt", "size": 1, "sample": "eA==", "sha": "0" * 64}
    assert modes(repo.post("/preupload/main", {"files": [entry]})) == {"a.txt": "regular"}


# The oldest uploads


@pytest.mark.parametrize("type", ("model", "dataset", "space"))
def test_upload_raw_file_makes_a_commit_of_the_bytes(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = new_repo(hub, alice, type=type)
    answer = repo.call(
        "POST", f"/api{repo.page}/upload/main/sub%20dir/a.txt", content=b"\0raw bytes"
    )
    assert answer.status_code == 200
    assert answer.json()["url"].startswith(f"{hub.url}{repo.page}/blob/main/")
    assert repo.resolve("sub%20dir/a.txt").content == b"\0raw bytes"
    assert repo.get("/commits/main").json()[0]["title"] == "Upload sub dir/a.txt"


def test_upload_raw_file_refuses_what_a_commit_refuses(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    base = f"/api{repo.page}/upload"
    assert repo.call("POST", f"{base}/main/a%2F..%2Fb", content=b"x").status_code == 400
    assert repo.call("POST", f"{base}/nope/a", content=b"x").status_code == 404
    assert hub.call("POST", f"{base}/main/a", token=bob.token, content=b"x").status_code == 403
    assert hub.call("POST", f"{base}/main/a", content=b"x").status_code == 401
    assert repo.paths() == []


def test_upload_raw_file_has_the_limit_of_inline_files(fresh_hub: NewHub) -> None:
    hub = fresh_hub(inline_limit=100)
    repo = new_repo(hub, hub.user())
    path = f"/api{repo.page}/upload/main/a"
    assert repo.call("POST", path, content=b"x" * 101).status_code == 413
    assert repo.call("POST", path, content=b"x" * 100).status_code == 200


@pytest.mark.parametrize("type", ("model", "dataset", "space"))
def test_delete_raw_file_makes_a_commit_without_it(hub: LiveHub, alice: Account, type: str) -> None:
    repo = new_repo(hub, alice, file("sub/a.txt", "x"), file("b.txt", "x"), type=type)
    url = f"/api{repo.page}/delete/main/sub/a.txt"
    assert repo.call("DELETE", url).status_code == 200
    assert "sub/a.txt" not in repo.paths() and "b.txt" in repo.paths()
    message = "A file with this name doesn't exist: sub/a.txt"
    assert_error(repo.call("DELETE", url), 404, message, "EntryNotFound")
