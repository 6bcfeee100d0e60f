"""One visit of a page: what a function that makes a page is given, and what it gives back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from freehold.server.core.access import Context, level_of
from freehold.server.db.repos import Repo
from freehold.wire.route import Needs


@dataclass(frozen=True)
class Visit:
    """Who looks at which page: the right that its route needs was checked.

    `pieces` are those of the path, `query` and `form` the values of each field, the last one where
    a field has several. `error` is why the form was not accepted, when its page is shown again.
    `headers` are those of the request, their names in lower case; `path` is the raw path.
    """

    ctx: Context
    repo_or_none: Repo | None
    pieces: Mapping[str, str]
    path: str
    query: Mapping[str, str]
    lists: Mapping[str, list[str]]
    headers: Mapping[str, str]
    address: str
    form: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def repo(self) -> Repo:
        """The repository of the path."""
        assert self.repo_or_none is not None
        return self.repo_or_none

    @property
    def level(self) -> Needs:
        """The most that the viewer may do with the repository."""
        return level_of(self.ctx.viewer, self.repo)

    def may(self, needs: Needs) -> bool:
        """Whether the viewer may do that with the repository, with the session that they have."""
        viewer = self.ctx.viewer
        if self.repo.disabled and not viewer.is_admin and needs > Needs.READ:
            return False
        return self.level >= needs and (needs in (Needs.READ, Needs.CONTENT) or viewer.can_write)


class Made:
    """Long HTML that is safe and made already, in pieces: `{{ made }}` puts it into a page.

    The template writes a mark that nobody can guess, and the pieces take its place at the end: so
    half a megabyte is not copied at each step on the way.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._mark = f"<!--{secrets.token_hex(16)}-->"

    def __html__(self) -> str:
        return self._mark

    def __len__(self) -> int:
        return len(self._pieces)

    def put_into(self, body: bytes) -> bytes:
        """The page with the pieces in it."""
        before, mark, behind = body.partition(self._mark.encode())
        return b"".join((before, *self._pieces, behind)) if mark else body


@dataclass(frozen=True)
class Page:
    """A page to show: the file of its template, and what the template is told."""

    template: str
    values: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Redirect:
    """Another page to go to: a path of this hub. `cookies` are set, or deleted where empty.

    They last that many seconds, or as long as the browser runs.
    """

    path: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 0


Answer = Page | Redirect


def page(template: str, status: int = 200, **values: Any) -> Page:
    """A page made with that template of `templates/` and those values."""
    return Page(template, values, status)


def local_path(text: str, default: str = "/") -> str:
    """The path if it leads to a page of this hub; else the default, so nobody is led elsewhere.

    Browsers take `//` and `/\\` at the beginning for another host, and skip control characters.
    """
    if not text.startswith("/") or text[1:2] in ("/", "\\"):
        return default
    return default if any(c < " " or c in "\\\x7f" for c in text) else text
