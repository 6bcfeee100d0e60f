"""Names on the hub: repo types, repo ids, account names, branch and tag names, file paths.

Every `check_*` function returns what it was given, or raises `BadRequestError` with a message
that names the value and the rule it breaks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, NoReturn, Self

from freehold.errors import BadRequestError

RepoType = Literal["model", "dataset", "space", "kernel"]

REPO_TYPES: Final[tuple[RepoType, ...]] = ("model", "dataset", "space", "kernel")

API_SEGMENTS: Final[Mapping[RepoType, str]] = MappingProxyType(
    {"model": "models", "dataset": "datasets", "space": "spaces", "kernel": "kernels"}
)
"""The plural that follows `/api/` for each repo type."""

URL_PREFIXES: Final[Mapping[RepoType, str]] = MappingProxyType(
    {"model": "", "dataset": "datasets/", "space": "spaces/", "kernel": "kernels/"}
)
"""What stands before `namespace/name` in page, file and git URLs of each repo type."""

_ROUTE_WORDS: Final = """
    api assets avatars blog buckets collections datasets docs enterprise front health inference
    jobs join kernels lfs login logout metrics models new new-dataset new-kernel new-model new-space
    notifications oauth organizations papers pricing resolve search settings signup spaces static
    tasks xet
"""
RESERVED_NAMESPACES: Final = frozenset(_ROUTE_WORDS.split())
"""Account names that would collide with a page or a route; compared in lower case."""

ORG_ROLES: Final = ("admin", "write", "contributor", "read")
"""What a member may be in an organization, from the most rights to the least."""

TOKEN_ROLES: Final = ("read", "write")
"""What a token may be made for."""

MAX_REF_NAME_BYTES: Final = 255
MAX_PATH_BYTES: Final = 4096
MAX_SEGMENT_BYTES: Final = 255
# Deeper folders cannot be checked out everywhere, and every reader of a tree would have to recurse.
MAX_SEGMENTS: Final = 100
# Git locks a ref in a file of the same name with `.lock`, and file systems stop at 255 bytes.
MAX_REF_SEGMENT_BYTES: Final = 250

_MAX_NAME_LENGTH: Final = 96
_REPO_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_ACCOUNT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,40}[A-Za-z0-9]")
_REF_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")
_COMMIT_ID: Final = re.compile(r"[0-9a-fA-F]{40}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Code points that HFS+ skips when it compares names, the list git itself refuses.
_HFS_IGNORED: Final = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# NTFS drops final dots and spaces, opens streams after a colon, and knows `.git` as `git~1`.
_DOT_GIT: Final = re.compile(r"(?:\.git|git~1)[. ]*(?::.*)?", re.IGNORECASE | re.ASCII | re.DOTALL)


class RepoId(NamedTuple):
    """The two halves of `namespace/name`; `str()` joins them again."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The id in `namespace/name`, both halves checked (section 1.13 of the protocol).

        Reserved namespaces pass: whether an account may be created is another question.
        """
        if text.count("/") != 1:
            _refuse("repo id", text, "it has the form namespace/name")
        namespace, name = text.split("/")
        _check_identifier("namespace", namespace)
        return cls(namespace, check_repo_name(name))


def parse_repo_type(text: str) -> RepoType:
    """The repo type named in a JSON body (`model`, `dataset`, `space` or `kernel`)."""
    if text not in REPO_TYPES:
        _refuse("repo type", text, f"it is one of {', '.join(REPO_TYPES)}")
    return text


def repo_path(type: str, full_name: str) -> str:
    """The path of a repository's page; raises `BadRequestError` for what is no repo type."""
    return f"/{URL_PREFIXES[parse_repo_type(type)]}{full_name}"


def find_repo_type(segment: str) -> RepoType | None:
    """The repo type behind a plural URL segment such as `datasets`, or None."""
    return next((kind for kind, plural in API_SEGMENTS.items() if plural == segment), None)


def check_repo_name(name: str) -> str:
    """Accept the name of a repo without its namespace."""
    _check_identifier("repo name", name)
    if name.lower().endswith((".git", ".ipynb")):
        _refuse("repo name", name, "it does not end in .git or .ipynb")
    return name


def _check_identifier(what: str, text: str) -> None:
    if not 1 <= len(text) <= _MAX_NAME_LENGTH:
        _refuse(what, text, f"it has 1 to {_MAX_NAME_LENGTH} characters")
    if not _REPO_NAME.fullmatch(text):
        _refuse(
            what,
            text,
            "it consists of A-Z a-z 0-9 _ . - and begins and ends with a letter, a digit or _",
        )
    if "--" in text or ".." in text:
        _refuse(what, text, "it holds neither -- nor ..")


def check_account_name(name: str, imported: bool = False) -> str:
    """Accept the name of a user or an organization that is about to be created.

    Accounts `imported` from another hub may also hold `_` and `.`, begin or end with `_`, and
    have 1 to 96 characters.
    """
    if imported:
        _check_identifier("account name", name)
    elif not 2 <= len(name) <= 42:
        _refuse("account name", name, "it has 2 to 42 characters")
    elif not _ACCOUNT_NAME.fullmatch(name) or "--" in name:
        rule = "it consists of letters, digits and single hyphens between them"
        _refuse("account name", name, rule)
    if name.lower() in RESERVED_NAMESPACES:
        _refuse("account name", name, "it is not one that the hub keeps for its own pages")
    return name


def quote_revision(revision: str) -> str:
    """The revision as one URL segment: `refs/pr/1` becomes `refs%2Fpr%2F1`."""
    from urllib.parse import quote  # the library loads this module before it needs any address

    _encode("revision", revision)
    return quote(revision, safe="")


def check_ref_name(name: str) -> str:
    """Accept the short name of a branch or a tag: what follows `refs/heads/` or `refs/tags/`.

    The rules are those of `git check-ref-format --branch`, and beyond them nothing that a client
    would take for something else: a commit id, `HEAD`, or a full name that begins with `refs/`.
    """
    size = len(_encode("branch or tag name", name))
    if not 1 <= size <= MAX_REF_NAME_BYTES:
        _refuse_ref(name, f"it has 1 to {MAX_REF_NAME_BYTES} bytes")
    if name in ("HEAD", "@") or name.startswith("refs/") or _COMMIT_ID.fullmatch(name):
        _refuse_ref(name, "it is not HEAD, not a commit id and does not begin with refs/")
    if _REF_FORBIDDEN.search(name):
        _refuse_ref(name, "it holds no space, control character or any of ~ ^ : ? * [ \\")
    if ".." in name or "@{" in name or name.startswith("-") or name.endswith("."):
        _refuse_ref(name, "it holds no .. or @{, does not begin with - or end with .")
    for segment in name.split("/"):
        _check_ref_segment(name, segment)
    return name


def _check_ref_segment(name: str, segment: str) -> None:
    if not segment:
        _refuse_ref(name, "it neither begins nor ends with / and holds no //")
    if segment.startswith(".") or segment.endswith(".lock"):
        _refuse_ref(name, "no part of it begins with . or ends with .lock")
    if len(segment.encode()) > MAX_REF_SEGMENT_BYTES:
        _refuse_ref(name, f"each part has at most {MAX_REF_SEGMENT_BYTES} bytes")


def _refuse_ref(name: str, rule: str) -> NoReturn:
    _refuse("branch or tag name", name, rule)


def check_path(path: str) -> str:
    """Accept the path of a file in a commit: relative, `/` between segments, safe to check out.

    Refuses what git refuses on any system, such as names that Windows or macOS take for `.git`.
    """
    if not 1 <= len(_encode("path", path)) <= MAX_PATH_BYTES:
        _refuse("path", path, f"it has 1 to {MAX_PATH_BYTES} bytes")
    if _CONTROL.search(path):
        _refuse("path", path, "it holds no control character")
    if "\\" in path:
        _refuse("path", path, "it holds no backslash")
    if path.count("/") >= MAX_SEGMENTS:
        _refuse("path", path, f"it has at most {MAX_SEGMENTS} segments")
    for segment in path.split("/"):
        _check_path_segment(path, segment)
    return path


def _check_path_segment(path: str, segment: str) -> None:
    if not segment:
        _refuse("path", path, "it neither begins nor ends with / and holds no //")
    if segment in (".", ".."):
        _refuse("path", path, "no segment is . or ..")
    if is_dot_git(segment):
        _refuse("path", path, "no segment is, or is taken by a file system for, .git")
    if len(segment.encode()) > MAX_SEGMENT_BYTES:
        _refuse("path", path, f"each segment has at most {MAX_SEGMENT_BYTES} bytes")


def is_dot_git(segment: str) -> bool:
    """Whether some file system would open this name as the `.git` folder."""
    return bool(_DOT_GIT.fullmatch(segment) or _HFS_IGNORED.sub("", segment).lower() == ".git")


def _encode(what: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        _refuse(what, text, "it is valid Unicode")


def _refuse(what: str, text: str, rule: str) -> NoReturn:
    shown = text if len(text) <= 100 else text[:100] + "…"
    raise BadRequestError(f"Invalid {what} {shown!r}: {rule}.")
