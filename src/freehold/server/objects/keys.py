"""Where every object is kept.

    lfs/ab/cd/<sha256>            an LFS object, by the sha256 of its content
    xorbs/ab/cd/<hash>-<form>     a xorb, by its hash as a string: its chunks, then their table
    packs/<repo_id>/<name>        a git pack or its index
    staging/<upload_id>/<number>  a part of an unfinished upload; no key may begin so

A key is made of segments of letters, digits, `_`, `-` and single inner dots, so that none is hidden
or leads out of its folder. The functions raise ValueError for input that breaks this.
"""

from __future__ import annotations

import re

STAGING = "staging"
"""The folder of what is unfinished, which belongs to the store alone."""

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_HASH = re.compile(r"[0-9a-f]{64}")
_REPO_ID = re.compile(r"[0-9a-f]{24}")
_UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_SEGMENT = 200
_LONGEST_KEY = 800


def lfs_key(sha256: str) -> str:
    """The key of the LFS object whose content has this sha256, in lower-case hex."""
    return _fanned_out("lfs", sha256)


def xorb_key(xorb: str, form: str) -> str:
    """A key of the xorb with this hash, as a string of lower-case hex.

    The hash leaves open how chunks are compressed, so each `form` is an object of its own.
    """
    return f"{_fanned_out('xorbs', xorb)}-{_check_segment(form)}"


def pack_key(repo_id: str, name: str) -> str:
    """The key of a pack file; `repo_id` is the 24 hex digits of the repo, `name` a file name."""
    return f"packs/{_match(_REPO_ID, repo_id, 'repo id')}/{_check_segment(name)}"


def part_key(upload_id: str, number: int) -> str:
    """The name under which a bucket keeps one part of an upload; it is no key of the store."""
    return f"{STAGING}/{check_upload_id(upload_id)}/{number:05d}"


def check_key(key: str) -> str:
    """The key itself; raises ValueError for one that no store may hold."""
    if len(key) > _LONGEST_KEY:
        raise ValueError(f"the key is longer than {_LONGEST_KEY} characters")
    segments = [_check_segment(segment) for segment in key.split("/")]
    if segments[0] == STAGING:
        raise ValueError(f"{STAGING!r} is kept for unfinished uploads")
    return key


def check_prefix(prefix: str) -> str:
    """The folder `prefix` without its closing slash; '' is every key."""
    folder = prefix.removesuffix("/")
    return check_key(folder) if prefix else ""


def check_upload_id(upload_id: str) -> str:
    """The upload id itself; raises ValueError unless it is up to 64 letters, digits, `-`, `_`."""
    return _match(_UPLOAD_ID, upload_id, "upload id")


def _fanned_out(folder: str, digest: str) -> str:
    _match(_HASH, digest, "hash")
    return f"{folder}/{digest[:2]}/{digest[2:4]}/{digest}"


def _check_segment(segment: str) -> str:
    if len(segment) > _LONGEST_SEGMENT:
        raise ValueError(f"a name in a key is longer than {_LONGEST_SEGMENT} characters")
    return _match(_SEGMENT, segment, "name in a key")


def _match(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"not a {what}: {text!r}")
    return text
