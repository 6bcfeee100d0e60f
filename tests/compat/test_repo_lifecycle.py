"""Repositories from their creation to their end, with every client."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import head_of, stored_files

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

CREATED = """
import os
from pathlib import Path
from huggingface_hub import hf_hub_download
from compat_script import api, error_of, repo, tell

def push_and_pull(kind):
    for path, content in (("a.txt", kind), ("w.bin", kind + "\\0")):
        options = {"repo_id": repo, "repo_type": kind}
        api.upload_file(path_or_fileobj=content.encode(), path_in_repo=path, **options)
    return [Path(hf_hub_download(repo, p, repo_type=kind)).read_text() for p in ("a.txt", "w.bin")]

types = os.environ["TYPES"].split()
sdk = {"space": {"space_sdk": "docker"}}
urls = {
    kind: api.create_repo(repo, repo_type=kind, private=kind == "dataset", **sdk.get(kind, {}))
    for kind in types
}
short = api.create_repo(repo.partition("/")[2] + "-short")
infos = {kind: api.repo_info(repo, repo_type=kind) for kind in types}
tell(
    urls={kind: [str(url), url.repo_id, url.repo_type] for kind, url in urls.items()},
    short=short.repo_id,
    again=str(api.create_repo(repo, exist_ok=True)),
    taken=error_of(api.create_repo, repo),
    elsewhere=error_of(api.create_repo, "somebody-else/model"),
    infos={kind: [info.id, info.private, len(info.sha)] for kind, info in infos.items()},
    author=infos["model"].author,
    files={kind: push_and_pull(kind) for kind in os.environ["PUSHED"].split()},
)
"""


def test_repos_of_every_type_are_created(client: Client, hub: LiveHub, alice: Account) -> None:
    """Under one name, each with files of its own.

    Clients create kernels since 1.10 and push to them since 2.0.
    """
    types = ["model", "dataset", "space"] + (["kernel"] if client.generation >= (1, 10) else [])
    repo = f"{alice.name}/created"
    pushed = types if client.generation >= (2,) else types[:3]
    environ = {"REPO": repo, "TYPES": " ".join(types), "PUSHED": " ".join(pushed)}
    told = client.run(CREATED, hub.url, alice.token, **environ)
    assert told["urls"] == {kind: [web_url(hub, kind, repo), repo, kind] for kind in types}
    assert told["short"] == f"{repo}-short"
    assert told["again"] == web_url(hub, "model", repo)
    assert told["taken"]["status"] == 409, told["taken"]
    assert f"You already created this model repo: {repo}" in told["taken"]["text"]
    assert told["elsewhere"]["status"] == 403, told["elsewhere"]
    assert told["infos"] == {kind: [repo, kind == "dataset", 40] for kind in types}
    assert told["author"] == alice.name
    assert told["files"] == {kind: [kind, f"{kind}\0"] for kind in pushed}


def web_url(hub: LiveHub, kind: str, repo: str) -> str:
    return f"{hub.url}/{repo}" if kind == "model" else f"{hub.url}/{kind}s/{repo}"


WHOAMI = """
from compat_script import api, tell
me = api.whoami()
tell(name=me["name"], kind=me["type"], orgs=me["orgs"], role=me["auth"]["accessToken"]["role"])
"""


def test_whoami_tells_the_user_and_the_right_of_the_token(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    expected = {"name": alice.name, "kind": "user", "orgs": [], "role": "write"}
    assert client.run(WHOAMI, hub.url, alice.token) == expected
    reader = client.run(WHOAMI, hub.url, hub.token(alice, "read"))
    assert reader == {**expected, "role": "read"}


DELETED = """
from compat_script import api, error_of, repo, tell

api.create_repo(repo)
api.upload_file(path_or_fileobj=b"x\\0", path_in_repo="w.bin", repo_id=repo)
api.delete_repo(repo)
gone = [error_of(api.delete_repo, repo), error_of(api.model_info, repo)]
if "missing_ok" in __import__("inspect").signature(api.delete_repo).parameters:
    api.delete_repo(repo, missing_ok=True)
api.create_repo(repo)
tell(gone=gone, files=api.list_repo_files(repo))
"""


def test_a_deleted_repo_leaves_its_name_and_nothing_else(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    told = client.run(DELETED, hub.url, alice.token, REPO=f"{alice.name}/deleted")
    for error in told["gone"]:
        assert "RepositoryNotFoundError" in error["is"], error
        assert error["status"] == 404
    assert told["files"] == [".gitattributes"]


MOVED = """
import os
from pathlib import Path
from huggingface_hub import hf_hub_download, snapshot_download
from compat_script import api, error_of, repo, tell

new = os.environ["NEW"]
api.create_repo(repo)
api.upload_file(path_or_fileobj=b"text", path_in_repo="a.txt", repo_id=repo)
api.upload_file(path_or_fileobj=b"weights\\0", path_in_repo="sub/w.bin", repo_id=repo)
api.create_repo(repo + "-other")
api.move_repo(repo, new)
names = {name: api.model_info(name).id for name in (repo, new)}
texts = [Path(hf_hub_download(repo, path)).read_text() for path in ("a.txt", "sub/w.bin")]
files = sorted(p.name for p in Path(snapshot_download(repo)).rglob("*") if p.is_file())
api.upload_file(path_or_fileobj=b"under the old name", path_in_repo="b.txt", repo_id=repo)
api.upload_file(path_or_fileobj=b"and large\\0", path_in_repo="c.bin", repo_id=repo)
taken = error_of(api.move_repo, new, repo + "-other")
gone = error_of(api.move_repo, repo + "-not", repo + "-new")
listed = sorted(api.list_repo_files(repo))
api.create_repo(repo)
reused = api.model_info(repo).id
facts = {"names": names, "texts": texts, "files": files, "listed": listed}
tell(**facts, taken=taken, gone=gone, reused=reused)
"""


def test_a_moved_repo_answers_to_its_old_name(client: Client, hub: LiveHub, alice: Account) -> None:
    """Until somebody creates a new repository of that name."""
    old, new = f"{alice.name}/old", f"{hub.org(owner=alice)}/new"
    told = client.run(MOVED, hub.url, alice.token, REPO=old, NEW=new)
    assert told["names"] == {old: new, new: new}
    assert told["texts"] == ["text", "weights\0"]
    assert told["files"] == [".gitattributes", "a.txt", "w.bin"]
    assert told["listed"] == [".gitattributes", "a.txt", "b.txt", "c.bin", "sub/w.bin"]
    assert told["taken"]["status"] == 409, told["taken"]
    assert "RepositoryNotFoundError" in told["gone"]["is"], told["gone"]
    assert told["reused"] == old
    files = {"a.txt": b"text", "sub/w.bin": b"weights\0", "b.txt": b"under the old name"}
    assert stored_files(hub, new) == {**files, "c.bin": b"and large\0"}
    assert stored_files(hub, old) == {}


DUPLICATED = """
from compat_script import api, error_of, repo, tell

sdk = {"space_sdk": "static"}
api.create_repo(repo, repo_type="space", **sdk)
api.upload_file(path_or_fileobj=b"x\\0", path_in_repo="w.bin", repo_id=repo, repo_type="space")
if hasattr(api, "duplicate_repo"):
    def duplicate(target, **options):
        return api.duplicate_repo(repo, target, repo_type="space", **options)
else:
    def duplicate(target, **options):
        return api.duplicate_space(repo, target, **options)
url = duplicate(repo + "-copy", private=True)
api.upload_file(path_or_fileobj=b"y", path_in_repo="y.txt", repo_id=repo, repo_type="space")
tell(
    url=str(url),
    private=api.repo_info(repo + "-copy", repo_type="space").private,
    again=str(duplicate(repo + "-copy", exist_ok=True)),
    taken=error_of(duplicate, repo + "-copy"),
)
"""


def test_a_space_is_duplicated(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/space"
    told = client.run(DUPLICATED, hub.url, alice.token, REPO=repo)
    url = f"{hub.url}/spaces/{repo}-copy"
    assert (told["url"], told["again"], told["private"]) == (url, url, True)
    assert told["taken"]["status"] == 409, told["taken"]
    copied = stored_files(hub, f"{repo}-copy", alice.token, prefix="spaces/")
    assert copied["w.bin"] == b"x\0"
    assert "y.txt" not in copied


DUPLICATED_MODEL = """
from compat_script import api, repo, tell
api.create_repo(repo)
api.upload_file(path_or_fileobj=b"x\\0", path_in_repo="w.bin", repo_id=repo)
api.upload_file(path_or_fileobj=b"text", path_in_repo="a.txt", repo_id=repo)
tell(url=str(api.duplicate_repo(repo, repo + "-copy")))
"""


@pytest.mark.parametrize("client", VERSIONS[2:], indirect=True)
def test_a_model_is_duplicated(client: Client, hub: LiveHub, alice: Account, bob: Account) -> None:
    repo = f"{alice.name}/model"
    told = client.run(DUPLICATED_MODEL, hub.url, alice.token, REPO=repo)
    assert told["url"] == f"{hub.url}/{repo}-copy"
    assert stored_files(hub, f"{repo}-copy") == {"w.bin": b"x\0", "a.txt": b"text"}


CARDS = """
from pathlib import Path
from huggingface_hub import ModelCard, hf_hub_download, metadata_load, metadata_save
from compat_script import api, error_of, repo, tell

def push():
    api.upload_file(path_or_fileobj="README.md", path_in_repo="README.md", repo_id=repo)

api.create_repo(repo)
ModelCard("---\\nlicense: mit\\ntags: [audio]\\nlanguage: fr\\n---\\n# Title\\n").save("README.md")
push()
card = metadata_load(hf_hub_download(repo, "README.md"))
metadata_save("README.md", {**card, "tags": ["audio", "speech"], "pipeline_tag": "text-to-speech"})
push()
loaded = metadata_load(hf_hub_download(repo, "README.md"))
Path("README.md").write_text("---\\nlicense: [mit\\n---\\n")
broken = error_of(push)
again = ModelCard.load(repo)
info = api.model_info(repo)
data = getattr(info, "card_data", None) or info.cardData
tell(
    loaded=loaded,
    text=again.text.strip(),
    tags=info.tags,
    pipeline=info.pipeline_tag,
    license=data["license"],
    broken=broken,
    sha=info.sha,
)
"""


def test_a_model_card_is_pushed_read_and_checked(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/carded"
    told = client.run(CARDS, hub.url, alice.token, REPO=repo)
    card = {"license": "mit", "language": "fr", "pipeline_tag": "text-to-speech"}
    assert told["loaded"] == {**card, "tags": ["audio", "speech"]}
    assert told["text"] == "# Title"
    assert {"audio", "speech", "license:mit"} <= set(told["tags"])
    assert (told["pipeline"], told["license"]) == ("text-to-speech", "mit")
    # Newer clients ask for the verdict first and raise an error of their own.
    assert {"BadRequestError", "ValueError"} & set(told["broken"]["is"]), told["broken"]
    assert head_of(hub, repo) == told["sha"]


PUSHED_CARD = """
from huggingface_hub import ModelCard, hf_hub_download, metadata_load, metadata_update
from compat_script import api, error_of, repo, tell

api.create_repo(repo)
ModelCard("---\\nlicense: mit\\n---\\n# Title\\n").push_to_hub(repo)
metadata_update(repo, {"license": "apache-2.0", "tags": ["audio"]}, overwrite=True)
tell(
    loaded=metadata_load(hf_hub_download(repo, "README.md")),
    unknown=error_of(ModelCard("---\\nlicense: {a: b}\\n---\\n").validate),
)
"""


@pytest.mark.parametrize("client", ["2.4.0"], indirect=True)
def test_the_metadata_of_a_card_is_updated_in_place(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    """Cards of clients before 2.0 are validated by one public hub, whatever `HF_ENDPOINT` says."""
    told = client.run(PUSHED_CARD, hub.url, alice.token, REPO=f"{alice.name}/pushed")
    assert told["loaded"] == {"license": "apache-2.0", "tags": ["audio"]}
    assert "ValueError" in told["unknown"]["is"], told["unknown"]


INFO = """
from compat_script import api, repo, sha256_of, tell

def blob_id(file):
    return file.blob_id if hasattr(file, "blob_id") else file.blobId

api.create_repo(repo)
api.upload_file(path_or_fileobj=b"text", path_in_repo="a.txt", repo_id=repo)
api.upload_file(path_or_fileobj=b"weights\\0", path_in_repo="w.bin", repo_id=repo)
plain = api.model_info(repo)
full = api.model_info(repo, files_metadata=True)
old = api.model_info(repo, revision=api.list_repo_commits(repo)[1].commit_id)
tell(
    plain=sorted(file.rfilename for file in plain.siblings),
    full={file.rfilename: [file.size, blob_id(file), sha256_of(file)] for file in full.siblings},
    old=sorted(file.rfilename for file in old.siblings),
)
"""


def test_the_info_of_a_model_lists_its_files(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/info"
    told = client.run(INFO, hub.url, alice.token, REPO=repo)
    assert told["plain"] == [".gitattributes", "a.txt", "w.bin"]
    assert told["old"] == [".gitattributes", "a.txt"]
    sha256 = hashlib.sha256(b"weights\0").hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 8\n"
    assert told["full"]["a.txt"] == [4, blob_id(b"text"), None]
    assert told["full"]["w.bin"] == [8, blob_id(pointer.encode()), sha256]


def blob_id(content: bytes) -> str:
    """The id that git gives a file of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


EXPANDED = """
from compat_script import api, repo, tell

api.create_repo(repo)
names = ["author", "downloads", "likes", "private", "sha", "tags", "gated"]
names += ["createdAt", "lastModified", "usedStorage"]
api.upload_file(path_or_fileobj=b"x" * 1000 + b"\\0", path_in_repo="w.bin", repo_id=repo)
info = api.model_info(repo, expand=names)
at = api.model_info(repo, revision="main", expand=["sha"])
api.create_repo(repo, repo_type="dataset")
data = api.dataset_info(repo, expand=["author", "private"])
tell(
    author=info.author, downloads=info.downloads, likes=info.likes, private=info.private,
    storage=getattr(info, "used_storage", None) or info.usedStorage,
    gated=info.gated, same=info.sha == at.sha, siblings=info.siblings, created=str(info.created_at),
    modified=info.last_modified >= info.created_at, dataset=data.author,
)
"""


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_an_info_can_be_asked_for_single_properties(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    told = client.run(EXPANDED, hub.url, alice.token, REPO=f"{alice.name}/expanded")
    assert told.pop("created").startswith("20")
    assert told.pop("storage") >= 1001
    facts: dict[str, Any] = {"author": alice.name, "downloads": 0, "likes": 0, "private": False}
    facts |= {"gated": False, "same": True, "siblings": None, "modified": True}
    assert told == {**facts, "dataset": alice.name}
