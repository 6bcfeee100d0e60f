"""Which files of a repository or a folder are meant: patterns as in a shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate

Patterns = Iterable[str] | str | None
"""One pattern or several. `*` matches any text, slashes too; `folder/` means all below it."""


def build_filter(allow: Patterns = None, ignore: Patterns = None) -> Callable[[str], bool]:
    """A function that says of a path whether it is meant: allowed by one, ignored by none.

    None allows everything and ignores nothing; an empty list of `allow` allows nothing.
    """
    allowed = None if allow is None else _compile(allow)
    ignored = None if ignore is None else _compile(ignore)

    def is_meant(path: str) -> bool:
        if allowed is not None and not allowed.match(path):
            return False
        return ignored is None or not ignored.match(path)

    return is_meant


def filter_paths(
    paths: Iterable[str], allow: Patterns = None, ignore: Patterns = None
) -> list[str]:
    """Those of the paths that are meant, in their order."""
    return list(filter(build_filter(allow, ignore), paths))


def _compile(patterns: Iterable[str] | str) -> re.Pattern[str]:
    listed = [patterns] if isinstance(patterns, str) else patterns
    whole = [pattern + "*" if pattern.endswith("/") else pattern for pattern in listed]
    # A group that nothing matches stands for no pattern at all.
    return re.compile("|".join(translate(pattern) for pattern in whole) or r"(?!)")
