"""Ignore rules give the answers of `git check-ignore`."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.gitignore import IgnoreRules


@pytest.fixture(scope="module")
def ask_git(tmp_path_factory):
    """A function that gives git's answer for each path under this `.gitignore`."""
    folder = tmp_path_factory.mktemp("ignore")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)

    def ask(text, paths):
        (folder / ".gitignore").write_bytes(text)
        command = ["git", "-C", str(folder), "check-ignore", "--no-index", "-z", "--stdin"]
        stdin = b"".join(path.encode() + b"\0" for path in paths)
        done = subprocess.run(command, input=stdin, capture_output=True)
        assert done.returncode in (0, 1), done.stderr
        ignored = set(done.stdout.decode().split("\0"))
        return {path: path in ignored for path in paths}

    return ask


def ask_us(text, paths):
    rules = IgnoreRules.parse(text)
    return {path: rules.is_ignored(path) for path in paths}


PATHS = [
    *("a", "a/b", "a/b/c", "b/a", "b/a/c", "x.log", "logs/x.log", "keep.log", "logs/keep.log"),
    *(
        "build",
        "build/x",
        "src/build/x",
        "a b",
        "a ",
        "a  ",
        " a",
        "#x",
        "!x",
        "a\\b",
        "é",
        "a.txt",
    ),
    *("node_modules/x/y.js", "deep/node_modules/z", ".env", "x/.env", "a\t", "foo/bar/baz"),
]
FILES = [
    "*.log",
    "*.log\n!keep.log",
    "!keep.log\n*.log",
    "logs/\n!logs/keep.log",
    "logs/*\n!logs/keep.log",
    "build/",
    "/build",
    "/build/\n!/build/x",
    "a/b",
    "**/b",
    "a/**",
    "a/**\n!a/b",
    "# comment\n\\#x\n\\!x",
    "a \na\\ \n",
    "a\\  ",
    "a\\\\ ",
    "a\t",
    "*.txt\r\nbuild/\r\n",
    "*\n!*/\n!*.txt",
    "node_modules",
    "\ufeffa",
    "   ",
    "!\n/\n//",
    ".env",
    "foo/*/baz",
    "foo/bar**",
    "/**/**/*/**/",
    "**/**/b/**/c",
    "",
]


@pytest.mark.parametrize("text", FILES)
def test_hand_picked_files_agree_with_git(ask_git, text):
    assert ask_us(text.encode(), PATHS) == ask_git(text.encode(), PATHS)


pieces = st.sampled_from(
    [*"aab/!.*? \\", "**", "**/", "/**", "[a-b]", "[!a]", "é", "\r", "\t", "\\ "]
)
lines = st.lists(pieces, max_size=6).map("".join)
prefixes = st.sampled_from(["", "", "!", "/", "#"])
texts = st.lists(st.builds(str.__add__, prefixes, lines), min_size=1, max_size=5).map("\n".join)
names = st.lists(st.sampled_from([*"aab.é !"]), min_size=1, max_size=3).map("".join)
paths = st.lists(names.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(texts, st.lists(paths.map("/".join), min_size=20, max_size=50, unique=True))
def test_generated_files_agree_with_git(ask_git, text, paths):
    assert ask_us(text.encode(), paths) == ask_git(text.encode(), paths)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_no_bytes_are_an_error(text, path):
    assert IgnoreRules.parse(text).is_ignored(path) in (True, False)
