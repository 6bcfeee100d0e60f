"""`.gitignore`: which paths an upload leaves out, by the rules of `gitignore(5)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from freehold.formats.wildmatch import RuleList

_BOM: Final = b"\xef\xbb\xbf"


class IgnoreRules:
    """The rules of a `.gitignore` at the root of a repository."""

    def __init__(self, rules: list[tuple[bytes, bool]]) -> None:
        self._rules = RuleList(rules)

    @classmethod
    def parse(cls, text: bytes | str) -> IgnoreRules:
        """Read a `.gitignore`; no line is an error."""
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        return cls(list(_read_rules(data.removeprefix(_BOM))))

    def is_ignored(self, path: str) -> bool:
        """Whether the file at this path, or a folder above it, is ignored."""
        data = path.encode(errors="surrogateescape")
        slash = data.find(b"/")
        while slash >= 0:
            if self._rules.find_last(data[:slash], directory=True):
                return True
            slash = data.find(b"/", slash + 1)
        return self._rules.find_last(data) is True


def _read_rules(data: bytes) -> Iterator[tuple[bytes, bool]]:
    for line in data.split(b"\n"):
        pattern = _trim(line.removesuffix(b"\r").split(b"\0", 1)[0])
        if pattern and not line.startswith(b"#"):
            yield pattern.removeprefix(b"!"), not pattern.startswith(b"!")


def _trim(line: bytes) -> bytes:
    """The line without its final spaces, except one that a backslash keeps."""
    kept = line.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return line[: len(kept) + backslashes % 2]
