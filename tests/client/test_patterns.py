"""Patterns choose the same files as those of the official client."""

from __future__ import annotations

import pytest

from freehold.client.patterns import Patterns, filter_paths

PATHS = ["README.md", "a.txt", "sub/a.txt", "sub/deep/b.bin", "subway.txt", "[x].txt", "ümlaut.md"]


@pytest.mark.parametrize(
    ("allow", "ignore", "kept"),
    [
        (None, None, PATHS),
        ("*.txt", None, ["a.txt", "sub/a.txt", "subway.txt", "[x].txt"]),
        (["*.md", "*.bin"], None, ["README.md", "sub/deep/b.bin", "ümlaut.md"]),
        ("sub/", None, ["sub/a.txt", "sub/deep/b.bin"]),
        (None, "sub/", ["README.md", "a.txt", "subway.txt", "[x].txt", "ümlaut.md"]),
        ("*", ["*.txt", "*.md"], ["sub/deep/b.bin"]),
        ([], None, []),
        (None, [], PATHS),
        ("a.???", None, ["a.txt"]),
        ("[[]x].txt", None, ["[x].txt"]),
        ("readme.md", None, []),
        ("*/a.txt", None, ["sub/a.txt"]),
    ],
)
def test_patterns_choose_files(allow: Patterns, ignore: Patterns, kept: list[str]) -> None:
    assert filter_paths(PATHS, allow, ignore) == kept
