"""Every call of `HfApi`, with arguments that a hub could accept."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from freehold import CommitOperationAdd, HfApi, LFSFileInfo

# What no hub is asked for.
WITHOUT_HUB = {"hf_hub_url", "run_as_future", "set_access_token", "unset_access_token"}

CALLS = sorted(
    name
    for name, _ in inspect.getmembers(HfApi, inspect.isfunction)
    if not name.startswith("_") and name not in WITHOUT_HUB
)

LFS_FILE = LFSFileInfo(
    file_oid="0" * 64, filename="f", oid="0" * 64, pushed_at=datetime.now(UTC), ref=None, size=1
)

# Something for each argument that has no default; a new one is to be added here.
ARGUMENTS: dict[str, Any] = {
    "additions": [CommitOperationAdd("f", b"x")],
    "branch": "b",
    "comment": "c",
    "comment_id": "0" * 24,
    "commit_message": "m",
    "delete_patterns": ["*"],
    "discussion_num": 1,
    "filename": "f",
    "from_id": "a/b",
    "lfs_files": [LFS_FILE],
    "model_id": "b",
    "new_content": "c",
    "new_status": "closed",
    "new_title": "t",
    "operations": [CommitOperationAdd("f", b"x")],
    "organization": "o",
    "path_in_repo": "f",
    "path_or_fileobj": b"x",
    "paths": ["f"],
    "query": "q",
    "repo_id": "a/b",
    "revision": "main",
    "tag": "t",
    "title": "t",
    "to_id": "a/c",
    "user": "u",
    "username": "u",
    "watched": [{"type": "user", "name": "a"}],
    "webhook_id": "0" * 24,
}
MORE: dict[str, dict[str, Any]] = {
    "accept_access_request": {"user": "u"},
    "cancel_access_request": {"user": "u"},
    "reject_access_request": {"user": "u"},
    "update_repo_settings": {"private": True},
}


def make_call(api: HfApi, name: str, folder: Path, **more: Any) -> Any:
    """Call it, and read its answer to the end; `folder` is there to be sent, with a file in it."""
    (folder / "f").write_bytes(b"x")
    places = {"folder_path": folder, "local_dir": folder / "clone"}
    own = {**ARGUMENTS, **places, "url": f"{api.endpoint}/a/b/resolve/main/f"}
    parameters = list(inspect.signature(getattr(HfApi, name)).parameters.values())[1:]
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    given = {n: own[n] for n in needed} | MORE.get(name, {}) | more
    answer = getattr(api, name)(**given)
    return list(answer) if isinstance(answer, Iterator) else answer
