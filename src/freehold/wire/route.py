"""One call of the protocol as data: method, path, the right it needs, shapes of body and answer.

Path templates are matched against the raw, undecoded path, and each captured piece is decoded once:

    {type}      model, dataset, space or kernel
    {prefix}    nothing for models, else `datasets/`, `spaces/` or `kernels/`
    {repo}      `namespace/name`, or a legacy name without namespace
    {revision}  one percent-encoded segment, or an unencoded `refs/pr/N` or `refs/convert/NAME`
    {path}      the rest of the path
    {…}         any other word: one segment
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from urllib.parse import quote

# The pieces of a template in which a slash separates and is not part of a name.
_SAFE = {"repo": "/", "prefix": "/", "path": "/"}


class Needs(IntEnum):
    """The right that a call needs, from the least to the most."""

    NOTHING = 0
    """Anyone may call."""
    ACCOUNT = 1
    """A valid token; the call itself checks what it touches."""
    SIGNATURE = 2
    """What the hub has signed, a URL or a token of Xet: it names the caller and the repository."""
    READ = 3
    """May know that the repository exists and see its metadata."""
    DISCUSS = 4
    """The same for an account with a write token: may say something about the repository."""
    CONTENT = 5
    """May read its files: the gate of a gated repository is passed."""
    PROPOSE = 6
    """The same for an account with a write token: may open a pull request."""
    WRITE = 7
    """May change its files and refs, with a write token."""
    ADMIN = 8
    """May change its settings, with a write token."""


class Stream:
    """Stands for a body that is no JSON value: a stream of bytes."""


@dataclass(frozen=True)
class Route:
    """One call of the protocol; `body` and `returns` are typed JSON unless they are `Stream`.

    `pr_needs` is what it takes with `create_pr=1`, which asks for a pull request instead of a
    change. `aliases` are the paths that other versions of the clients use for the same call.
    `status` is that of a JSON answer when all went well.
    """

    method: str
    path: str
    needs: Needs
    body: type[Any] | None = None
    query: type[Any] | None = None
    returns: type[Any] | None = None
    body_required: bool = True
    pr_needs: Needs | None = None
    aliases: tuple[str, ...] = ()
    status: int = 200

    def url_path(self, **pieces: str) -> str:
        """The raw path of a request, its pieces percent-encoded as the templates say."""
        path = self.path
        for name, text in pieces.items():
            path = path.replace(f"{{{name}}}", quote(text, safe=_SAFE.get(name, "")))
        return path.rstrip("/")
