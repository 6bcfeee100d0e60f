"""What a hub holds, read over plain HTTP and without any client library."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from tests.live import LiveHub


def stored_files(
    hub: LiveHub, repo: str, token: str | None = None, revision: str = "main", *, prefix: str = ""
) -> dict[str, bytes]:
    """Return the bytes of every file of a revision by path; `prefix` is such as `datasets/`.

    The `.gitattributes` that the hub keeps for large files is left out.
    """
    rev = quote(revision, safe="")
    listing = f"/api/{prefix or 'models/'}{repo}/tree/{rev}?recursive=true&limit=10000"
    answer = hub.call("GET", listing, token=token)
    assert answer.status_code == 200, answer.text
    assert "link" not in answer.headers, "more than one page"
    paths = [entry["path"] for entry in answer.json() if entry["type"] == "file"]
    return {
        path: stored_file(hub, f"{prefix}{repo}", path, token, revision)
        for path in paths
        if path != ".gitattributes"
    }


def stored_file(
    hub: LiveHub, repo: str, path: str, token: str | None = None, revision: str = "main"
) -> bytes:
    """Return the bytes of one file; `repo` has its `datasets/` or `spaces/` in front."""
    url = f"/{repo}/resolve/{quote(revision, safe='')}/{quote(path)}"
    answer = hub.call("GET", url, token=token)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
    return answer.content


def head_of(hub: LiveHub, repo: str, token: str | None = None, revision: str = "main") -> str:
    """Return the commit id of a revision of a model."""
    url = f"/api/models/{repo}/revision/{quote(revision, safe='')}"
    answer = hub.call("GET", url, token=token)
    assert answer.status_code == 200, answer.text
    sha: str = answer.json()["sha"]
    return sha
