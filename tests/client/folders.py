"""Folders of this machine to upload, and what a repository holds afterwards."""

from __future__ import annotations

from pathlib import Path

from freehold import HfApi
from tests.live import Account, LiveHub, fresh_name


def new_repo(api: HfApi, account: Account, **options: object) -> str:
    """Create a repository with a name of its own, and return its id."""
    return api.create_repo(f"{account.name}/{fresh_name('repo')}", **options).repo_id  # type: ignore[arg-type]


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files below the folder, and return it."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_file(hub: LiveHub, account: Account, repo_id: str, path: str, at: str = "main") -> bytes:
    """The bytes of a file of a repository, fetched without the library."""
    answer = hub.call("GET", f"/{repo_id}/resolve/{at}/{path}", token=account.token)
    assert answer.status_code == 200, answer.text
    return answer.content


def list_files(api: HfApi, repo_id: str, revision: str = "main") -> list[str]:
    """The sorted paths of a repository, except the attributes that each one starts with."""
    return sorted(p for p in api.list_repo_files(repo_id, revision) if p != ".gitattributes")


def count_commits(api: HfApi, repo_id: str, revision: str = "main") -> int:
    """How many commits the branch has after its first one."""
    return len(list(api.list_repo_commits(repo_id, revision=revision))) - 1
