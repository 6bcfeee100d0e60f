"""Addresses of repositories."""

from __future__ import annotations

import re
from typing import Final

from freehold.client.errors import HFValidationError
from freehold.client.names import check_repo_id
from freehold.client.settings import DEFAULT_ENDPOINT, ClientSettings
from freehold.wire.ids import API_SEGMENTS, RepoType

_TYPES: Final[dict[str, RepoType]] = {
    word: kind for kind, plural in API_SEGMENTS.items() for word in (kind, plural)
}
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# What follows the id in the addresses of pages and files.
_PAGES: Final = frozenset({"blob", "commit", "commits", "discussions", "raw", "resolve", "tree"})
_KNOWN_HUBS: Final = (DEFAULT_ENDPOINT, "https://hub-ci.huggingface.co", "https://hf.co")


class RepoUrl(str):
    """The address of a repository: a text that knows its parts.

    Attributes: `endpoint`, `namespace` (None for an old id without one), `repo_name`, `repo_id`,
    `repo_type` and `url`. Reads `https://host/[datasets/|spaces/]namespace/name`, with whatever
    page follows, and `hf://…`; `endpoint` is by default `HF_ENDPOINT`. Raises `HFValidationError`
    for anything else.
    """

    endpoint: str
    namespace: str | None
    repo_name: str
    repo_id: str
    repo_type: RepoType
    url: str

    def __new__(cls, url: object, endpoint: str | None = None) -> RepoUrl:  # noqa: D102
        return super().__new__(cls, str(url).rstrip("/"))

    def __init__(self, url: object, endpoint: str | None = None) -> None:
        self.url = str(self)
        self.endpoint, path = _split(self.url, endpoint)
        self.repo_type, self.namespace, self.repo_name = _parse_path(self.url, path)
        owner = f"{self.namespace}/" if self.namespace else ""
        self.repo_id = f"{owner}{self.repo_name}"

    def __repr__(self) -> str:
        return (
            f"RepoUrl({self.url!r}, endpoint={self.endpoint!r}, repo_type={self.repo_type!r},"
            f" repo_id={self.repo_id!r})"
        )


def _split(url: str, endpoint: str | None) -> tuple[str, str]:
    """The endpoint and the path after it."""
    own = (endpoint or ClientSettings.load().endpoint).rstrip("/")
    if url.startswith("hf://"):
        return own, url.removeprefix("hf://")
    for hub in (own, *_KNOWN_HUBS):
        if url.startswith(f"{hub}/"):
            return own if endpoint else hub, url.removeprefix(f"{hub}/")
    if found := _SCHEME.match(url):
        host, _, path = url[found.end() :].partition("/")
        if endpoint is not None:
            raise HFValidationError(f"{url!r} is not an address on {own}.")
        return f"{found[0]}{host}", path
    return own, url


def _parse_path(url: str, path: str) -> tuple[RepoType, str | None, str]:
    parts = [part for part in re.split(r"[?#]", path)[0].split("/") if part]
    kind: RepoType = "model"
    if parts and parts[0] in _TYPES:
        kind = _TYPES[parts.pop(0)]
    if not parts:
        raise HFValidationError(f"{url!r} is not the address of a repository.")
    # `hf://a/b@v1.0` names a revision as well.
    named = [part.partition("@")[0].removesuffix(".git") for part in parts[:2]]
    if len(parts) == 1 or parts[1] in _PAGES:
        return kind, None, check_repo_id(named[0])
    namespace, _, name = check_repo_id("/".join(named)).partition("/")
    return kind, namespace, name
