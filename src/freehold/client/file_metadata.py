"""What a hub says about one file before its bytes: commit, etag and size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from freehold.client.addresses import find_link, without_secrets
from freehold.client.answers import Answer, to_error
from freehold.client.errors import InvalidAnswerError
from freehold.wire.etags import strip_etag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from freehold.client.connections import Exchange
    from freehold.client.names import Token
    from freehold.client.session import Session

# An etag becomes the name of a file, so it must not be more than a name.
_ETAG: Final = re.compile(r"(?!.*\.incomplete\Z)[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_XET_HASH: Final = re.compile(r"[0-9a-f]{64}")

IDENTITY: Final = {"accept-encoding": "identity"}
"""Bytes as they are: a compressed body has another size and another digest."""


def is_commit(revision: str) -> bool:
    """Whether the revision is the whole id of a commit, so that its content never changes."""
    return _COMMIT.fullmatch(revision) is not None


class NoHubError(InvalidAnswerError):
    """What answered is no hub at all, such as the page of a network that wants a login first."""


class XetFileData(NamedTuple):
    """The name of a file in a store of chunks, and where a hub gives tokens to read them."""

    file_hash: str
    refresh_route: str


class HfFileMetadata(NamedTuple):
    """A file at a commit: its `etag` without quotes, its `size` in bytes, and where it is.

    The etag is the sha256 of a large file and the git id of any other. `location` is the address
    of the bytes, after redirects of the hub itself. `xet_file_data` is None when the hub offers
    no chunks of it.
    """

    commit_hash: str | None
    etag: str | None
    location: str
    size: int | None
    xet_file_data: XetFileData | None = None


class DryRunFileInfo(NamedTuple):
    """What a download of one file would do; `file_size` in bytes, `filename` in the repository."""

    commit_hash: str
    file_size: int | None
    filename: str
    local_path: str
    is_cached: bool
    will_download: bool


class Found(NamedTuple):
    """What a download needs to know of a file, all of it checked: `size` may be unknown.

    `xet_hash` is its name in a store of chunks, None when it is in none.
    """

    commit: str
    etag: str
    size: int | None
    xet_hash: str | None = None


def read_metadata(got: Exchange) -> HfFileMetadata:
    """What the headers say; the first hop's own words count more than those of a store."""
    headers = got.headers
    etag = headers.get("x-linked-etag") or headers.get("etag")
    return HfFileMetadata(
        commit_hash=headers.get("x-repo-commit"),
        etag=strip_etag(etag) if etag else None,
        location=headers.get("location") or got.url,
        size=_read_size(got),
        xet_file_data=_read_xet(got),
    )


def _read_xet(got: Exchange) -> XetFileData | None:
    file_hash = got.headers.get("x-xet-hash", "")
    route = find_link(got.url, got.headers.get("link", ""), "xet-auth")
    return XetFileData(file_hash, route) if _XET_HASH.fullmatch(file_hash) and route else None


def read_found(got: Exchange) -> Found:
    """The same, checked; raises `NoHubError`, or `InvalidAnswerError` for a digest that is none."""
    told = read_metadata(got)
    shown = without_secrets(got.url)
    if told.commit_hash is None or not is_commit(told.commit_hash):
        raise NoHubError(f"{shown} is not a file of a hub: X-Repo-Commit is missing.")
    if told.etag is None or not _ETAG.fullmatch(told.etag):
        raise InvalidAnswerError(f"{shown} has no etag that can name a file: {told.etag!r}")
    xet_hash = got.headers.get("x-xet-hash", "")
    known = xet_hash if _XET_HASH.fullmatch(xet_hash) else None
    return Found(told.commit_hash, told.etag, told.size, known)


def is_etag(text: str) -> bool:
    """Whether the text can name a file of the cache."""
    return _ETAG.fullmatch(text) is not None


def ask_metadata(
    session: Session,
    url: str,
    *,
    token: Token = None,
    timeout: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[HfFileMetadata, Found | None]:
    """One HEAD request, made once; the second value is None for an answer that is no hub's.

    Raises what the hub answered, and `HubConnectionError`.
    """
    sent = {**IDENTITY, **(headers or {})}
    with session.stream("HEAD", url, headers=sent, token=token, timeout=timeout) as got:
        raise_for_status(got, "HEAD")
        told = read_metadata(got)
        try:
            return told, read_found(got)
        except InvalidAnswerError:
            return told, None


def raise_for_status(got: Exchange, method: str) -> None:
    """Raises the error that the answer stands for, if it is one."""
    if got.status >= 400:
        body = b"" if method == "HEAD" else got.read()
        raise to_error(Answer(method, got.url, got.status, got.headers, body))


def _read_size(got: Exchange) -> int | None:
    """The bytes of the whole file; those of a redirect's own text do not count."""
    linked = read_number(got.headers.get("x-linked-size", ""))
    if linked is not None:
        return linked
    total = read_number(got.headers.get("content-range", "").rpartition("/")[2])
    if total is not None:
        return total
    return read_number(got.headers.get("content-length", "")) if got.status == 200 else None


def read_number(text: str) -> int | None:
    """The number of bytes that a header tells; None when it is none, or none that can be."""
    return int(text) if _NUMBER.fullmatch(text) else None
