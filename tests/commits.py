"""Repositories and commit bodies as a bare HTTP client sees them, without any client library."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from tests.live import Account, LiveHub, fresh_name

NDJSON = {"content-type": "application/x-ndjson"}
LFS_JSON = {"content-type": "application/vnd.git-lfs+json"}

Operation = dict[str, Any]


def header(summary: str = "a commit", **more: Any) -> Operation:
    """The first line of a commit body."""
    return {"key": "header", "value": {"summary": summary, **more}}


def file(path: str, data: bytes) -> Operation:
    """A line that creates or replaces a file."""
    content = base64.b64encode(data).decode()
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


def lfs_file(path: str, data: bytes, **more: Any) -> Operation:
    """A line that creates or replaces a file whose bytes were uploaded before."""
    value = {"path": path, "algo": "sha256", "oid": sha256(data), "size": len(data), **more}
    return {"key": "lfsFile", "value": value}


def deletion(key: str, path: str) -> Operation:
    """A line that deletes; `key` is `deletedFile`, `deletedFolder` or `deletedEntry`."""
    return {"key": key, "value": {"path": path}}


def to_lines(operations: Iterable[Operation]) -> bytes:
    """The operations as NDJSON, every line ended."""
    return b"".join(json.dumps(operation).encode() + b"\n" for operation in operations)


def sha256(data: bytes) -> str:
    """The digest in hex."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Remote:
    """A model repository on a hub, as its owner uses it."""

    hub: LiveHub
    owner: Account
    name: str

    def call(self, method: str, route: str, **request: Any) -> httpx2.Response:
        """Send one request below `/api/models/<name>`."""
        return self.hub.call(
            method, f"/api/models/{self.name}{route}", token=self.owner.token, **request
        )

    def send_commit(
        self, content: bytes, revision: str = "main", content_type: str = NDJSON["content-type"]
    ) -> httpx2.Response:
        """Send a commit body as it is."""
        return self.call(
            "POST",
            f"/commit/{quote(revision, safe='')}",
            content=content,
            headers={"content-type": content_type},
        )

    def commit(self, *operations: Operation, revision: str = "main", **more: Any) -> str:
        """Make a commit and return its id; `more` goes into the header."""
        answer = self.send_commit(to_lines([header(**more), *operations]), revision)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["commitOid"])

    def head(self, branch: str = "main") -> str:
        """The newest commit of a branch."""
        heads = {found["name"]: found["targetCommit"] for found in self.refs()["branches"]}
        return str(heads[branch])

    def refs(self) -> dict[str, Any]:
        """All refs."""
        return dict(self.call("GET", "/refs?include_prs=1").raise_for_status().json())

    def tree(self, revision: str = "main") -> dict[str, str]:
        """Every file of a revision with the id of its content: git's, or the sha256 of LFS."""
        url: str | None = f"/api/models/{self.name}/tree/{quote(revision, safe='')}?recursive=1"
        found: dict[str, str] = {}
        while url is not None:
            page = self.hub.call("GET", url, token=self.owner.token).raise_for_status()
            files = [entry for entry in page.json() if entry["type"] == "file"]
            found |= {entry["path"]: entry.get("lfs", entry)["oid"] for entry in files}
            url = page.links.get("next", {}).get("url")
        return found

    def read(self, path: str, revision: str = "main") -> bytes:
        """The bytes of a file."""
        answer = self.hub.call(
            "GET", f"/{self.name}/resolve/{revision}/{quote(path)}", token=self.owner.token
        )
        return answer.raise_for_status().content

    def state(self) -> dict[str, Any]:
        """All that a refused call must leave as it is: refs, files and used storage."""
        refs = self.refs()
        info = self.call("GET", "?expand=usedStorage&expand=lastModified").raise_for_status()
        heads = {ref["targetCommit"] for kind in refs.values() for ref in kind}
        return {"refs": refs, "info": info.json(), "trees": {oid: self.tree(oid) for oid in heads}}

    def batch(self, *objects: tuple[str, int], operation: str = "upload") -> dict[str, Any]:
        """Ask the LFS batch call for these objects, given as sha256 and size."""
        answer = self.hub.call(
            "POST",
            f"/{self.name}.git/info/lfs/objects/batch",
            token=self.owner.token,
            headers=LFS_JSON,
            json={
                "operation": operation,
                "transfers": ["basic", "multipart"],
                "objects": [{"oid": oid, "size": size} for oid, size in objects],
            },
        )
        return dict(answer.raise_for_status().json())

    def upload(self, data: bytes) -> None:
        """Upload an LFS object, unless the hub has it already."""
        offer = self.batch((sha256(data), len(data)))["objects"][0]
        if "actions" in offer:
            self.hub.call(
                "PUT", offer["actions"]["upload"]["href"], content=data
            ).raise_for_status()


def create_remote(hub: LiveHub, owner: Account, name: str | None = None) -> Remote:
    """Create a model repository."""
    name = name or fresh_name("repo")
    hub.call("POST", "/api/repos/create", token=owner.token, json={"name": name}).raise_for_status()
    return Remote(hub, owner, f"{owner.name}/{name}")


def assert_refused(
    answer: httpx2.Response, status: int, part: str = "", code: str | None = None
) -> None:
    """Check that an error answer is what every client understands, in headers and body."""
    assert answer.status_code == status, answer.text
    assert answer.headers.get("x-error-code") == code
    assert part in answer.headers["x-error-message"]
    assert answer.json()["error"] == answer.json()["message"]
    assert part in answer.json()["error"]
