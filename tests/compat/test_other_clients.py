"""The command lines of huggingface_hub, and the JavaScript client."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat import environments
from tests.compat.javascript import run_javascript
from tests.compat.stored import stored_files
from tests.conftest import NewHub

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

since_hf = pytest.mark.parametrize("client", environments.VERSIONS[1:], indirect=True)


# Command lines


@pytest.mark.parametrize("client", ["0.13.4"], indirect=True)
def test_the_old_command_tells_who_you_are_and_creates_repos(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    """It takes no token from the environment: `login` has saved one."""
    home = client.home / "huggingface"
    home.mkdir()
    (home / "token").write_text(alice.token)
    said = client.command("huggingface-cli", "whoami", hub_url=hub.url)
    assert alice.name in said.split()
    create = ("huggingface-cli", "repo", "create", "made", "--type", "dataset", "--yes")
    assert f"{hub.url}/datasets/{alice.name}/made" in client.command(*create, hub_url=hub.url)
    assert stored_files(hub, f"{alice.name}/made", prefix="datasets/") == {}


@since_hf
def test_the_command_uploads_and_downloads(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/by-hand"
    files = {"a.txt": b"text", "sub dir/w.bin": bytes(range(256)) * 100}
    for path, content in files.items():
        target = client.home / "folder" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def hf(*arguments: str) -> str:
        return client.command("hf", *arguments, hub_url=hub.url, token=alice.token)

    noun = "repo" if client.generation < (1,) else "repos"
    assert alice.name in hf("auth", "whoami")
    assert f"{hub.url}/{repo}" in hf(noun, "create", repo, "--private")
    hf("upload", repo, "folder", ".", "--commit-message", "By hand")
    hf("upload", repo, "folder/a.txt", "b.txt")
    hf("download", repo, "--local-dir", "all")
    hf("download", repo, "a.txt", "--local-dir", "one")
    expected = {**files, "b.txt": b"text"}
    assert stored_files(hub, repo, alice.token) == expected
    assert {path: (client.home / "all" / path).read_bytes() for path in expected} == expected
    assert (client.home / "one" / "a.txt").read_bytes() == b"text"
    assert not (client.home / "one" / "b.txt").exists()
    assert hub.call("GET", f"/api/models/{repo}").status_code == 401
    log = hub.call("GET", f"/api/models/{repo}/commits/main", token=alice.token).json()
    assert log[1]["title"] == "By hand"


@since_hf
def test_the_command_makes_tags_and_deletes_files(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/tagged"
    (client.home / "a.txt").write_text("a")

    def hf(*arguments: str) -> str:
        return client.command("hf", *arguments, hub_url=hub.url, token=alice.token)

    old = client.generation < (1,)
    # The repository is created by the upload.
    hf("upload", repo, "a.txt", "a.txt")
    hf("upload", repo, "a.txt", "b.txt")
    hf("repo" if old else "repos", "tag", "create", repo, "v1", "--message", "One")
    hf(*(("repo-files", "delete") if old else ("repos", "delete-files")), repo, "b.txt")
    assert stored_files(hub, repo) == {"a.txt": b"a"}
    assert stored_files(hub, repo, revision="v1") == {"a.txt": b"a", "b.txt": b"a"}
    assert "v1" in hf("repo" if old else "repos", "tag", "list", repo)


# JavaScript


ROUND_TRIP = """
const me = await hf.whoAmI(all);
const created = await hf.createRepo({
  ...all,
  visibility: "private",
  files: [{ path: "first.txt", content: new Blob(["first"]) }],
});
const uploaded = await hf.uploadFiles({
  ...all,
  useXet: false,
  files: [
    { path: "ä b.txt", content: new Blob(["text"]) },
    { path: "sub/w.bin", content: new Blob([big]) },
    { path: "empty.txt", content: new Blob([]) },
  ],
  commitTitle: "From JavaScript",
});
const listed = await list({ recursive: true });
const expanded = await list({ recursive: true, expand: true });
const contents = {
  text: await read("ä b.txt"),
  large: await read("sub/w.bin"),
  empty: await read("empty.txt"),
  missing: await read("nothing.txt"),
};
const changed = await hf.commit({
  ...all,
  useXet: false,
  title: "Change",
  parentCommit: uploaded.commit.oid,
  operations: [
    { operation: "delete", path: "first.txt" },
    { operation: "addOrUpdate", path: "ä b.txt", content: new Blob(["new"]) },
  ],
});
const commits = [];
for await (const commit of hf.listCommits(all)) commits.push(commit.title);
tell({
  me: [me.name, me.type, me.auth.accessToken.role],
  created: created.repoUrl,
  oids: [uploaded.commit.oid, changed.commit.oid],
  listed: listed.map((entry) => [entry.path, entry.type, entry.size]),
  large: listed.find((entry) => entry.path === "sub/w.bin").lfs.size,
  title: expanded.find((entry) => entry.path === "sub/w.bin").lastCommit.title,
  contents,
  old: await read("ä b.txt", { revision: uploaded.commit.oid }),
  range: Buffer.from(
    await (await hf.downloadFile({ ...all, path: "sub/w.bin" })).slice(1000, 1004).arrayBuffer(),
  ).toJSON().data,
  exists: [
    await hf.fileExists({ ...all, path: "sub/w.bin" }),
    await hf.fileExists({ ...all, path: "first.txt" }),
    await hf.fileExists({ ...all, path: "first.txt", revision: uploaded.commit.oid }),
    await hf.repoExists(all),
  ],
  access: await errorOf(hf.checkRepoAccess(all)),
  stranger: await errorOf(hf.checkRepoAccess({ ...all, accessToken: undefined })),
  stale: await errorOf(
    hf.commit({
      ...all,
      title: "Stale",
      parentCommit: uploaded.commit.oid,
      operations: [{ operation: "delete", path: "sub/w.bin" }],
    }),
  ),
  commits,
  info: (await hf.modelInfo({ ...all, name: repo.name })).private,
});
"""


def test_the_javascript_client_reads_and_writes(
    hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    """It escapes neither `#` nor `%` in a path, so none is used here."""
    repo = f"{alice.name}/js"
    told = run_javascript(ROUND_TRIP, hub, tmp_path, alice.token, REPO=repo)
    big = bytes(index * index % 251 for index in range(300_000))
    assert told["me"] == [alice.name, "user", "write"]
    assert told["created"] == f"{hub.url}/{repo}"
    files = {"ä b.txt": 4, "empty.txt": 0, "first.txt": 5, "sub/w.bin": 300_000}
    listed = {path: (kind, size) for path, kind, size in told["listed"]}
    assert listed.pop(".gitattributes")[0] == "file"
    assert listed == {"sub": ("directory", 0)} | {p: ("file", n) for p, n in files.items()}
    assert told["large"] == 300_000
    assert told["title"] == "From JavaScript"
    contents = {"text": b"text", "large": big, "empty": b""}
    encoded = {name: base64.b64encode(content).decode() for name, content in contents.items()}
    assert told["contents"] == {**encoded, "missing": None}
    assert told["old"] == encoded["text"]
    assert told["range"] == list(big[1000:1004])
    assert told["exists"] == [True, False, True, True]
    assert told["access"] is None
    assert told["stranger"]["status"] == 401
    assert told["stale"]["status"] == 412
    assert told["commits"][:2] == ["Change", "From JavaScript"]
    assert told["info"] is True
    expected = {"ä b.txt": b"new", "empty.txt": b"", "sub/w.bin": big}
    assert stored_files(hub, repo, alice.token) == expected


REFS_AND_END = """
await hf.createRepo(all);
await hf.uploadFile({ ...all, file: { path: "a.txt", content: new Blob(["a"]) } });
await hf.createBranch({ ...all, branch: "side/line" });
await hf.uploadFile({
  ...all,
  branch: "side/line",
  file: { path: "a.txt", content: new Blob(["side"]) },
});
const side = await read("a.txt", { revision: "side/line" });
const main = await read("a.txt");
await hf.deleteFile({ ...all, path: "a.txt" });
await hf.deleteBranch({ ...all, branch: "side/line" });
const paths = (await list({})).map((entry) => entry.path);
await hf.deleteRepo(all);
tell({
  texts: [side, main].map((text) => atob(text)),
  paths,
  exists: await hf.repoExists(all),
  gone: await errorOf(hf.checkRepoAccess(all)),
  twice: await errorOf(hf.deleteRepo(all)),
});
"""


def test_the_javascript_client_makes_branches_and_deletes(
    hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    repo = f"{alice.name}/js-end"
    told = run_javascript(REFS_AND_END, hub, tmp_path, alice.token, REPO=repo)
    assert told["texts"] == ["side", "a"]
    assert told["paths"] == [".gitattributes"]
    assert told["exists"] is False
    assert told["gone"]["status"] == told["twice"]["status"] == 404


IN_PARTS = """
import { readFileSync } from "node:fs";

await hf.createRepo(all);
await hf.uploadFile({
  ...all,
  useXet: false,
  file: { path: "w.bin", content: new Blob([readFileSync(process.env.FILE)]) },
});
tell(null);
"""


def test_the_javascript_client_sends_large_files_in_parts(
    fresh_hub: NewHub, tmp_path: Path
) -> None:
    hub = fresh_hub(multipart_threshold=5_000_000, part_size=5_242_880)
    alice = hub.user("alice")
    content = random.Random(5).randbytes(12_000_000)
    file = tmp_path / "w.bin"
    file.write_bytes(content)
    repo = f"{alice.name}/js-parts"
    run_javascript(IN_PARTS, hub, tmp_path, alice.token, REPO=repo, FILE=str(file))
    assert stored_files(hub, repo) == {"w.bin": content}
    hub.stop()
    parts = [line for line in hub.log().splitlines() if '"PUT"' in line and "/lfs/uploads/" in line]
    assert len(parts) == 3
