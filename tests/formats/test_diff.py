"""Patches as git writes them, read again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.formats.diff import Limits, ParsedPatch, parse_patch, unquote_name
from freehold.formats.lfs_pointer import build_pointer

ALL = Limits(10_000, 10_000, 100)

Files = dict[str, bytes]
Diff = Callable[[Files, Files], str]


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    """The patch that git makes of two sets of files."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "core.quotePath=false", *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()

    def write(files: Files) -> str:
        git("rm", "-rfq", "--cached", "--ignore-unmatch", ".")
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        git("add", "-f", *files)
        tree = git("write-tree").strip()
        for name in files:
            (tmp_path / name).unlink()
        return tree

    def make(old: Files, new: Files) -> str:
        git("init", "-q")
        return git("diff-tree", "-r", "-M", "--patch", write(old), write(new))

    return make


def lines_of(patch: ParsedPatch) -> list[tuple[str, int, int, str]]:
    return [tuple(line) for hunk in patch.files[0].hunks for line in hunk.lines]


def test_lines_have_the_numbers_of_both_sides(diff: Diff) -> None:
    patch = parse_patch(diff({"f": b"a\nb\nc\n"}, {"f": b"a\nB\nc\nd"}), ALL)
    assert lines_of(patch) == [
        (" ", 1, 1, "a"),
        ("-", 2, 0, "b"),
        ("+", 0, 2, "B"),
        (" ", 3, 3, "c"),
        ("+", 0, 4, "d"),
        ("\\", 0, 0, " No newline at end of file"),
    ]
    assert (patch.total, patch.added, patch.removed) == (1, 2, 1)
    assert patch.files[0].hunks[0].heading.startswith("@@ -1,3 +1,4 @@")


def test_lines_that_look_like_headers_are_lines(diff: Diff) -> None:
    text = b"-- x\n++ y\n@@ -1 +1 @@\ndiff --git a/z b/z\n"
    patch = parse_patch(diff({"f": text}, {"f": b"q\n"}), ALL)
    assert patch.total == 1
    assert (patch.added, patch.removed) == (1, 4)


def test_files_are_added_deleted_renamed_and_binary(diff: Diff) -> None:
    long = b"".join(b"line %d\n" % n for n in range(50))
    old = {"gone": b"1\n", "old name": long, "bin": b"\0a"}
    new = {"new": b"2\n", "new name": long + b"more\n", "bin": b"\0b"}
    files = {file.path: file for file in parse_patch(diff(old, new), ALL).files}
    assert {path: file.status for path, file in files.items()} == {
        "bin": "modified",
        "gone": "deleted",
        "new": "added",
        "new name": "renamed",
    }
    assert files["new name"].old_path == "old name"
    assert files["bin"].is_binary and not files["new"].is_binary


@pytest.mark.parametrize("name", ["a b", 'q"uote', "tab\tx", "ünïcode", "back\\slash", "b b"])
def test_names_are_as_they_were(diff: Diff, name: str) -> None:
    for old, new in (({}, {name: b"\0"}), ({name: b"x\n"}, {name: b"y\n"})):
        patch = parse_patch(diff(old, new), ALL)
        assert [file.path for file in patch.files] == [name]
    assert unquote_name(r'"a\001b"') == "a\x01b"


def test_pointers_are_known_on_each_side(diff: Diff) -> None:
    one, two = build_pointer("a" * 64, 5), build_pointer("b" * 64, 5)
    both = parse_patch(diff({"f": one}, {"f": two}), ALL).files[0].read_pointers()
    assert [side and (side.oid[0], side.size) for side in both] == [("a", 5), ("b", 5)]
    added = parse_patch(diff({}, {"f": two}), ALL).files[0].read_pointers()
    assert added[0] is None and added[1] is not None
    plain = b"".join(b"%d\n" % n for n in range(40))
    turned = parse_patch(diff({"f": plain}, {"f": two}), ALL).files[0].read_pointers()
    assert turned[0] is None and turned[1] is not None


def test_what_is_over_the_limits_is_counted_but_not_kept(diff: Diff) -> None:
    new = dict.fromkeys("abcd", b"x\n" * 10)
    patch = parse_patch(diff({}, new), Limits(lines=12, file_lines=8, files=3))
    assert [sum(len(h.lines) for h in file.hunks) for file in patch.files] == [8, 4, 0]
    assert all(file.is_cut and file.added == 10 for file in patch.files)
    assert (patch.total, patch.added) == (4, 40)


def test_many_hunks_of_one_file_take_no_longer_than_their_lines() -> None:
    text = "diff --git a/x b/x\n" + "@@ -1 +1 @@\n-a\n+b\n" * 30_000
    start = time.process_time()
    [file] = parse_patch(text, ALL).files
    assert time.process_time() - start < 2
    assert (len(file.hunks), file.added, file.is_cut) == (5000, 30_000, True)


def test_what_is_no_patch_is_nothing() -> None:
    for text in ("", "hello\n@@ -1 +1 @@\n+x", "\0", "diff --git"):
        assert parse_patch(text, ALL).total == 0
    broken = parse_patch("diff --git a/x b/x\n@@ -1,9 +1,9 @@\n+x\n?\n", ALL)
    assert broken.files[0].added == 1
