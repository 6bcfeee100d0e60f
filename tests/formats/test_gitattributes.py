"""LFS rules give the answers of `git check-attr filter`."""

import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.git_objects import blob_id
from freehold.formats.gitattributes import LfsRules, default_attributes, lfs_line


@pytest.fixture(scope="module")
def ask_git(tmp_path_factory):
    """A function that gives git's answer for each path under these attributes."""
    folder = tmp_path_factory.mktemp("attributes")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)

    def ask(text, paths):
        (folder / ".gitattributes").write_bytes(text)
        command = ["git", "-C", str(folder), "check-attr", "-z", "--stdin", "filter"]
        stdin = b"".join(path.encode() + b"\0" for path in paths)
        answer = subprocess.run(command, input=stdin, check=True, capture_output=True).stdout
        fields = answer.split(b"\0")
        return dict(zip(paths, [value == b"lfs" for value in fields[2::3]], strict=True))

    return ask


def ask_us(text, paths):
    rules = LfsRules.parse(text)
    return {path: rules.is_lfs(path) for path in paths}


def test_the_fresh_files_are_those_of_the_hub():
    model, dataset = default_attributes("model"), default_attributes("dataset")
    assert (len(model), blob_id(model)) == (1519, "a6344aac8c09253b3b630fb776ae94478aa0275b")
    assert (len(dataset), blob_id(dataset)) == (2504, "bed0738c7eeb449bca98b5d2f33c89a1ee56349a")
    assert default_attributes("space") == default_attributes("kernel") == model


PATHS = [
    *("a.bin", "dir/a.bin", ".bin", "a.bin.txt", "a.BIN", "bin", "dir.bin/a", "x.tar.gz"),
    *("saved_model/a", "saved_model/x/y", "saved_model", "a/saved_model/b", "events.tfevents.1"),
    *("a.lfs.x", "a b.bin", "a\tb.bin", "é.bin", "ab", "axb", "a/b", "a/x/b", "a/x/y/b", "foo"),
    *("foo/bar", "foo/barx", "foo/barx/y", "foobar", "foobar/y", "[x", "x]", "a*b", "a?b", "!x"),
    *("#x", '"x"', "a\\b", "x/!x", "[attr]", "[attr]x", "-", "a-b", "docs/a.md", "docs/x/a.md"),
]

LINES = [
    "*.bin filter=lfs",
    "*.bin filter=lfs\n*.bin -filter",
    "*.bin filter=lfs\n*.bin !filter",
    "*.bin filter=lfs\ndir/* filter=other",
    "*.bin -filter\n*.bin filter=lfs diff=lfs",
    "*.bin filter=lfs\n*.bin text",
    "*.bin filter=lfs filter",
    "*.bin filter filter=lfs",
    "*.bin filter=LFS",
    "*.bin filter=lfs -bad=name !x",
    "*.bin filter=lfs b@d",
    "*.bin filter=lfs -",
    "!*.bin filter=lfs",
    r"\!x filter=lfs",
    "# *.bin filter=lfs\n  #x filter=lfs\n\\#x filter=lfs",
    '"a b.bin" filter=lfs\n"a\\tb.bin" filter=lfs',
    '"\\303\\251.bin"filter=lfs',
    '"a.bin filter=lfs',
    '"\\"x\\"" filter=lfs',
    "a[[:space:]]b.bin filter=lfs",
    "a?b filter=lfs",
    "??.bin filter=lfs",
    "a[!x]b filter=lfs\n[^f]oo filter=lfs",
    "/foo filter=lfs\n/a filter=lfs",
    "foo/ filter=lfs\nfoo/** filter=lfs",
    "a/** filter=lfs",
    "**/b filter=lfs",
    "a/**/b filter=lfs",
    "foo/bar** filter=lfs",
    "foo** filter=lfs",
    "foo**/y filter=lfs",
    "a/* filter=lfs",
    "[attr]lfs filter=lfs",
    "[attr] filter=lfs",
    "[x filter=lfs\n\\[x filter=lfs",
    "x] filter=lfs\n[]x] filter=lfs",
    "a\\*b filter=lfs",
    "a\\\\b filter=lfs",
    "[a-z]*[!a-z]* filter=lfs",
    "[[:alpha:]-]?b filter=lfs",
    "*.bin\tfilter=lfs\r\n*.md filter=lfs\r",
    "\ufeff*.bin filter=lfs",
    "a.bin" + " " * 2050 + "filter=lfs",
    "*.bin filter=lfs " + "x" * 2030,
    "*.bin filter=lfs " + "x" * 2031,
    "docs/**/*.md filter=lfs",
    "**/**/*/** filter=lfs",
    "* filter=lfs\n*.bin -filter\n/foo/* filter",
    "trailing\\ filter=lfs",
    "",
]


@pytest.mark.parametrize("text", LINES)
def test_hand_picked_lines_agree_with_git(ask_git, text):
    data = text.encode()
    assert ask_us(data, PATHS) == ask_git(data, PATHS)


@pytest.mark.parametrize("repo_type", ["model", "dataset"])
def test_the_fresh_files_agree_with_git(ask_git, repo_type):
    data = default_attributes(repo_type)
    assert ask_us(data, PATHS) == ask_git(data, PATHS)


pattern_pieces = st.sampled_from(
    [
        *("*", "**", "**/", "/**", "/**/", "[a-b]", "[!a]", "[]-a]", "[\\]a]", "é", "[[:alpha:]]"),
        *("[[:space:][:punct:]]", "[[:x:]]", "[a-", "[[:", "[^/]", "[.-b]", "[/]"),
        *"aab/-!.]*?[\\",
    ]
)
patterns = st.lists(pattern_pieces, min_size=1, max_size=7).map("".join)
states = st.sampled_from(["filter=lfs", "-filter", "!filter", "filter", "filter=x", "text"])
attribute_files = st.lists(st.tuples(patterns, states), min_size=1, max_size=4).map(
    lambda rows: "\n".join(f"{pattern} {state}" for pattern, state in rows).encode()
)
segments = st.lists(st.sampled_from([*"aab-.]!é["]), min_size=1, max_size=4).map("".join)
paths = st.lists(segments.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4)
path_lists = st.lists(paths.map("/".join), min_size=30, max_size=60, unique=True)


@settings(max_examples=200, deadline=None)
@given(attribute_files, path_lists)
def test_generated_files_agree_with_git(ask_git, text, paths):
    assert ask_us(text, paths) == ask_git(text, paths)


printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
clean_paths = printable.filter(
    lambda path: not path.startswith("/") and not path.endswith("/") and "//" not in path
).filter(lambda path: not {".", ".."} & set(path.split("/")))


@settings(max_examples=100, deadline=None)
@given(clean_paths)
def test_a_line_for_one_path_is_understood_by_git_and_by_us(ask_git, path):
    text = lfs_line(path).encode()
    others = [f"sub/{path}", f"{path}x", f"x{path}", f"{path}/x"]
    expected = {path: True, **dict.fromkeys(others, False)}
    assert ask_us(text, expected) == expected
    assert ask_git(text, list(expected)) == expected


def test_a_path_too_long_for_a_line_is_refused():
    assert LfsRules.parse(lfs_line("x" * 2000)).is_lfs("x" * 2000)
    with pytest.raises(ValueError, match=r"no \.gitattributes line"):
        lfs_line("x" * 2040)


@given(st.binary(max_size=200), printable)
def test_no_bytes_are_an_error(text, path):
    assert LfsRules.parse(text).is_lfs(path) in (True, False)


def test_ten_thousand_paths_take_a_fraction_of_a_second():
    rules = LfsRules.parse(default_attributes("dataset"))
    endings = ("txt", "bin", "json", "tar.gz", "py", "lfs.x", "md", "png", "csv", "x")
    paths = [f"folder/sub/{n}.{ending}" for n in range(1000) for ending in endings]
    begin = time.process_time()
    assert sum(map(rules.is_lfs, paths)) == 4000
    assert time.process_time() - begin < 0.2


@pytest.mark.parametrize("pattern", ["*a" * 300, "**/a*" * 300, "**/a/" * 300, "**/" * 400 + "*"])
def test_no_pattern_takes_exponential_time(pattern):
    rules = LfsRules.parse(f"x/{pattern}b filter=lfs")
    begin = time.process_time()
    for path in ("x/" + "a" * 3000, "x/" + "a/" * 1500 + "c", "x/" + "ab/" * 1000 + "c"):
        assert not rules.is_lfs(path)
    assert time.process_time() - begin < 2
