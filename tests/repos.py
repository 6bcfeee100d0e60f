"""A repository of a running hub, spoken to in raw requests, and the lines of a commit."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2

from freehold.server.db import repos
from freehold.server.git.store import RefChange
from freehold.server.hub import now_ms
from tests.live import Account, LiveHub, fresh_name

PREFIXES = {"model": "", "dataset": "datasets/", "space": "spaces/", "kernel": "kernels/"}
NDJSON = "application/x-ndjson"
LFS_JSON = "application/vnd.git-lfs+json"

Operation = dict[str, Any]


@dataclass(frozen=True)
class Repo:
    """A repository and the account that speaks to it."""

    hub: LiveHub
    account: Account
    full_name: str
    type: str = "model"

    @property
    def api(self) -> str:
        """The path of its API calls."""
        return f"/api/{self.type}s/{self.full_name}"

    @property
    def page(self) -> str:
        """The path of its page, below which its files are."""
        return f"/{PREFIXES[self.type]}{self.full_name}"

    @property
    def lfs(self) -> str:
        """The path of its LFS calls."""
        return f"{self.page}.git/info/lfs"

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request with the account's token; `path` is a whole one."""
        return self.hub.call(method, path, token=self.account.token, **options)

    def get(self, path: str = "", **options: Any) -> httpx2.Response:
        """GET an API path of the repository."""
        return self.call("GET", self.api + path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        """POST to an API path of the repository."""
        return self.call("POST", self.api + path, json=json, **options)

    def put(self, path: str, json: Any) -> httpx2.Response:
        """PUT to an API path of the repository."""
        return self.call("PUT", self.api + path, json=json)

    def delete(self, path: str) -> httpx2.Response:
        """DELETE an API path of the repository."""
        return self.call("DELETE", self.api + path)

    # Commits

    def send_commit(
        self, *operations: Operation, revision: str = "main", **header: Any
    ) -> httpx2.Response:
        """Send a commit and return the answer, whatever it is."""
        return self.send_lines(header_line(**header), *operations, revision=revision)

    def send_lines(self, *lines: Operation, revision: str = "main") -> httpx2.Response:
        """Send these lines as the body of a commit."""
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return self.post(f"/commit/{revision}", content=content, headers={"content-type": NDJSON})

    def commit(self, *operations: Operation, revision: str = "main", **header: Any) -> str:
        """Make a commit and return its id."""
        answer = self.send_commit(*operations, revision=revision, **header)
        assert answer.status_code == 200, answer.text
        oid: str = answer.json()["commitOid"]
        return oid

    def head(self, revision: str = "main") -> str:
        """The id of the commit that the revision leads to."""
        sha: str = self.get(f"/revision/{revision}").json()["sha"]
        return sha

    def paths(self, revision: str = "main") -> list[str]:
        """Every file of the revision, except the attributes that each repository starts with."""
        siblings = self.get(f"/revision/{revision}").json()["siblings"]
        return [file["rfilename"] for file in siblings if file["rfilename"] != ".gitattributes"]

    # Bytes

    def resolve(
        self,
        path: str,
        revision: str = "main",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Fetch a file."""
        url = f"{self.page}/resolve/{revision}/{path}"
        return self.call(method, url, headers=headers)

    def raw(self, path: str, revision: str = "main", *, method: str = "GET") -> httpx2.Response:
        """Fetch a git blob."""
        return self.call(method, f"{self.page}/raw/{revision}/{path}")

    def batch(self, operation: str, *objects: tuple[str, int], **more: Any) -> httpx2.Response:
        """Ask the LFS batch call about objects, each given as sha256 and size."""
        body = {
            "operation": operation,
            "transfers": ["basic", "multipart"],
            "objects": [{"oid": oid, "size": size} for oid, size in objects],
            "hash_algo": "sha256",
            **more,
        }
        return self.call(
            "POST",
            f"{self.lfs}/objects/batch",
            json=body,
            headers={"accept": LFS_JSON, "content-type": LFS_JSON},
        )

    def upload_href(self, data: bytes) -> str:
        """The signed URL that these bytes are to be sent to."""
        answer = self.batch("upload", (sha256(data), len(data)))
        href: str = answer.json()["objects"][0]["actions"]["upload"]["href"]
        return href

    def upload(self, data: bytes) -> str:
        """Send a large file through LFS unless the hub needs no bytes; return its sha256."""
        answer = self.batch("upload", (sha256(data), len(data)))
        [item] = answer.json()["objects"]
        if "actions" not in item:
            return sha256(data)
        sent = self.hub.call("PUT", item["actions"]["upload"]["href"], content=data)
        assert sent.status_code == 200, sent.text
        return sha256(data)

    def commit_lfs(self, path: str, data: bytes) -> str:
        """Send a large file and commit it; return the id of the commit."""
        return self.commit(lfs_file(path, self.upload(data), len(data)))


def new_repo(
    hub: LiveHub,
    account: Account,
    *operations: Operation,
    type: str = "model",
    namespace: str | None = None,
    name: str | None = None,
    **settings: Any,
) -> Repo:
    """Create a repository, and commit the operations if there are any."""
    name = name or fresh_name("repo")
    namespace = namespace or account.name
    body = {"name": name, "organization": namespace, "type": type, **settings}
    if type == "space":
        body.setdefault("sdk", "static")
    created = hub.call("POST", "/api/repos/create", token=account.token, json=body)
    assert created.status_code == 200, created.text
    repo = Repo(hub, account, f"{namespace}/{name}", type)
    if operations:
        repo.commit(*operations)
    return repo


def ask(hub: LiveHub, path: str, token: str | None = None, **query: Any) -> Any:
    """What the hub answers to a path below `/api` with this query."""
    answer = hub.call("GET", f"/api/{path}?{urlencode(query, doseq=True)}", token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def put_ref(repo: Repo, name: str, target: str) -> None:
    """Make a ref that no call of the API makes."""
    namespace, _, short = repo.full_name.partition("/")
    hub = repo.hub.inside
    with hub.db.read() as tx:
        found = repos.find_visible_repo(tx, repo.type, namespace, short, None, True)
    assert found is not None
    hub.git.publish(found.id, [RefChange(name, None, target)], [], now_ms())


# The lines of a commit


def header_line(summary: str = "a change", **more: Any) -> Operation:
    """The first line of a commit."""
    return {"key": "header", "value": {"summary": summary, "description": "", **more}}


def file(path: str, content: str | bytes, **more: Any) -> Operation:
    """Put a file into git."""
    data = content.encode() if isinstance(content, str) else content
    text = base64.b64encode(data).decode()
    value = {"path": path, "content": text, "encoding": "base64", **more}
    return {"key": "file", "value": value}


def lfs_file(path: str, oid: str, size: int | None = None, **more: Any) -> Operation:
    """Put a file that was sent through LFS."""
    value = {"path": path, "algo": "sha256", "oid": oid, **more}
    return {"key": "lfsFile", "value": value if size is None else {**value, "size": size}}


def deleted(key: str, path: str) -> Operation:
    """Delete: `key` is deletedFile, deletedFolder or deletedEntry."""
    return {"key": key, "value": {"path": path}}


# What the hub must compute


def sha256(data: bytes) -> str:
    """The name of a large file."""
    return hashlib.sha256(data).hexdigest()


def blob_id(data: bytes) -> str:
    """The git id of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pointer(data: bytes) -> bytes:
    """The text that git keeps in place of a large file."""
    text = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data)}\nsize {len(data)}\n"
    )
    return text.encode()


# What an answer must be


def assert_error(
    answer: httpx2.Response, status: int, message: str, code: str | None = None
) -> None:
    """The answer is this error, in its headers and in its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers.get("x-error-code") == code
    assert answer.headers["x-error-message"] == message
    if answer.headers["content-type"].startswith("application/json"):
        assert answer.json()["error"] == message
    elif answer.content:
        assert answer.text == message
