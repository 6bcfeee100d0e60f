"""Matching requests to routes on the raw, undecoded path.

Decoding first would turn `tree/refs%2Fpr%2F1/d.txt` into a revision `refs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

from freehold.errors import BadRequestError
from freehold.wire.ids import REPO_TYPES, URL_PREFIXES
from freehold.wire.route import Route

T = TypeVar("T")

_WORD = re.compile(r"\{(\w+)\}")

_PIECES = {
    "type": "|".join(REPO_TYPES),
    "prefix": "|".join(sorted(URL_PREFIXES.values(), reverse=True)),
    # A legacy name has no namespace. It is matched so that it can be refused as a repository.
    "repo": r"[^/]+(?:/[^/]+)?",
    "revision": r"refs/(?:pr|convert)/[^/]+|[^/]+",
    "path": r".*",
}
_SEGMENT = r"[^/]+"

_TYPE_OF_PREFIX = {prefix: type for type, prefix in URL_PREFIXES.items()}


class Match(NamedTuple, Generic[T]):
    """What serves a request, and the decoded pieces of its path.

    `repo_span` is where the raw path names the repository.
    """

    target: T
    params: dict[str, str]
    repo_span: tuple[int, int]


class Router(Generic[T]):
    """Finds the route of a request; the first that fits wins."""

    def __init__(self, targets: Iterable[tuple[Route, T]]) -> None:
        self._routes = [
            (route.method, _longest_literal(path), _compile(path), target)
            for route, target in targets
            for path in (route.path, *route.aliases)
        ]

    def find(self, method: str, raw_path: str) -> Match[T] | None:
        """The target for this method and raw path.

        A repository may be called `settings` or `tree`. So a name without a namespace is only found
        where nothing else is.
        """
        legacy: Match[T] | None = None
        for route_method, literal, pattern, target in self._routes:
            if route_method != method or literal not in raw_path:
                continue
            match = pattern.fullmatch(raw_path)
            if match is not None:
                span = match.span("repo") if "repo" in pattern.groupindex else (0, 0)
                if span == (0, 0) or "/" in match["repo"]:
                    return Match(target, _decode(match.groupdict()), span)
                legacy = legacy or Match(target, _decode(match.groupdict()), span)
        return legacy

    def methods(self, raw_path: str) -> list[str]:
        """The methods that the path is served with."""
        found = {m for m, _, pattern, _ in self._routes if pattern.fullmatch(raw_path)}
        return sorted(found | {"HEAD"} if "GET" in found else found)


def _compile(template: str) -> re.Pattern[str]:
    # The slash before a final {path} is optional: `tree/main` is the root folder.
    head, slash, tail = template.partition("/{path}")
    text = _expand(head) + (r"(?:/(?P<path>.*))?" if slash else "") + _expand(tail)
    return re.compile(text, re.DOTALL)


def _expand(template: str) -> str:
    parts = _WORD.split(template)
    literals = [re.escape(part) for part in parts[::2]]
    groups = [f"(?P<{name}>{_PIECES.get(name, _SEGMENT)})" for name in parts[1::2]]
    return "".join(a + b for a, b in zip(literals, [*groups, ""], strict=True))


def _longest_literal(template: str) -> str:
    return max(_WORD.split(template)[::2], key=len)


def _decode(groups: dict[str, str | None]) -> dict[str, str]:
    params = {}
    for name, piece in groups.items():
        try:
            params[name] = unquote(piece or "", errors="strict")
        except UnicodeDecodeError as error:
            raise BadRequestError("The path is not UTF-8.") from error
        if "\0" in params[name]:
            # Nothing has such a name, and PostgreSQL refuses to look for it.
            raise BadRequestError("The path holds a NUL character.")
    prefix = params.pop("prefix", None)
    if prefix is not None:
        params["type"] = _TYPE_OF_PREFIX[prefix]
    return params
