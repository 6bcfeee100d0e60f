"""What tests of downloads share: files with their digests, hubs that are made up, whole trees."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

from tests.client.hostile import Received, Script, reply

COMMIT = "c" * 40
LARGE = bytes(range(256)) * 4096 * 5
"""Five blocks of 1 MiB."""


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file_reply(data: bytes, etag: str | None = None, *, status: int = 200, **headers: str) -> bytes:
    """The answer of a hub with a file; `etag` is the right one unless it is given."""
    given = {
        "x_repo_commit": COMMIT,
        "etag": f'"{etag or sha256(data)}"',
        "content_type": "application/octet-stream",
        **headers,
    }
    return reply(status, data, **{name.replace("_", "-"): value for name, value in given.items()})


def serve_range(data: bytes, received: Received) -> bytes:
    """The whole file, or the rest of it."""
    wanted = received.headers.get("range")
    if wanted is None:
        return file_reply(data)
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    told = {"content_range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
    return file_reply(data[start:], sha256(data), status=206, **told)


def listing(*siblings: dict[str, Any]) -> bytes:
    return reply(200, {"id": "a/b", "sha": COMMIT, "siblings": list(siblings)})


def sibling(path: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"rfilename": path, "size": len(data), "blobId": git_id(data), **more}


def cut(answer: bytes, body: int) -> bytes:
    """The answer with only so many bytes of its body."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + rest[:body]


def routed(**answers: bytes | Script) -> Script:
    """Answers by what the path ends with, `info` for the repository itself."""

    def answer(received: Received) -> bytes | None:
        path = received.target.partition("?")[0]
        name = "info" if path.startswith("/api/") else path.rpartition("/")[2]
        found = answers.get(name.replace(".", "_"), reply(404, {"error": name}))
        return found if isinstance(found, bytes) else found(received)

    return answer


def tree_of(folder: Path) -> dict[str, str]:
    """Every file, folder and link below, with its type and mode and what it leads to or holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        mode = stat.filemode(status.st_mode)
        if path.is_symlink():
            mode += f" -> {path.readlink()}"
        elif path.is_file():
            mode += f" {sha256(path.read_bytes())}"
        found[path.relative_to(folder).as_posix()] = mode
    return found


def leftovers(folder: Path) -> list[str]:
    """What a download must not leave behind."""
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if "incomplete" in name or name.endswith((".tmp", ".link"))]
