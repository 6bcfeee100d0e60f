"""Git objects built here are those that git builds, and git's own checks accept them."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.git_objects import (
    DIRECTORY,
    EXECUTABLE,
    FILE,
    GITLINK,
    SYMLINK,
    Signature,
    TreeEntry,
    blob_id,
    build_commit,
    build_tag,
    build_tree,
    object_id,
    parse_tree,
)

ANN = Signature("Ann Lee", "ann@example.org", 1_700_000_000, 330)
BOB = Signature("Bob", "bob@example.org", 1_700_000_009, -90)
OID = bytes(range(20))

names = st.binary(min_size=1, max_size=12).filter(
    lambda name: name not in (b".", b"..") and not set(name) & set(b"/\0")
)
entries = st.builds(
    TreeEntry,
    st.sampled_from([DIRECTORY, FILE, EXECUTABLE, SYMLINK, GITLINK]),
    names,
    st.binary(min_size=20, max_size=20),
)


@pytest.fixture
def git(tmp_path):
    """A function that runs git in a fresh bare repository and returns its output."""

    def run(*args, stdin=b"", env=None):
        command = ["git", "-C", str(tmp_path), *args]
        return subprocess.run(command, input=stdin, env=env, check=True, capture_output=True).stdout

    run("init", "--bare", "--quiet", ".")
    return run


def write(git, kind, data):
    """Store the object with git's strict checks on; the id git gives it."""
    return git("hash-object", "-w", "--stdin", "-t", kind, stdin=data).decode().strip()


def test_blob_ids_are_those_of_git(git):
    for data in (b"", b"hello\n", bytes(70_000)):
        assert blob_id(data) == write(git, "blob", data)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind"):
        object_id("note", b"")


def test_a_tree_is_sorted_as_git_sorts_it(git):
    blob = write(git, "blob", b"x")
    empty = write(git, "tree", b"")
    rows = [
        (b"100644 blob", blob, b"a.b"),
        (b"040000 tree", empty, b"a"),
        (b"100755 blob", blob, b"a0"),
        (b"120000 blob", blob, b"a-"),
    ]
    listing = b"".join(b"%s %s\t%s\n" % (mode, oid.encode(), name) for mode, oid, name in rows)
    expected = git("mktree", stdin=listing).decode().strip()
    built = build_tree(
        TreeEntry(int(mode[:6], 8), name, bytes.fromhex(oid)) for mode, oid, name in rows
    )
    assert object_id("tree", built).hex() == expected
    assert [row.name for row in parse_tree(built)] == [b"a-", b"a.b", b"a", b"a0"]


@given(st.lists(entries, unique_by=lambda row: row.name, max_size=20))
def test_a_tree_reads_back_whatever_order_it_was_given_in(rows):
    data = build_tree(rows)
    assert build_tree(reversed(rows)) == data
    assert sorted(parse_tree(data)) == sorted(rows)


@given(st.lists(entries, unique_by=lambda row: row.name, min_size=1, max_size=4), st.data())
def test_a_cut_tree_is_never_read_as_whole(rows, data):
    whole = build_tree(rows)
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    try:
        assert build_tree(parse_tree(cut)) == cut
    except ValueError as error:
        assert "malformed tree" in str(error)
    else:
        assert len(parse_tree(cut)) < len(rows)


@given(st.binary(max_size=80))
def test_parsing_a_tree_raises_nothing_but_value_error(data):
    try:
        rows = parse_tree(data)
    except ValueError:
        return
    assert all(len(row.oid) == 20 and row.name for row in rows)


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"a\0b"])
def test_a_tree_refuses_names_that_are_no_path_segment(name):
    with pytest.raises(ValueError, match="not a name"):
        build_tree([TreeEntry(FILE, name, OID)])


def test_a_tree_refuses_a_name_that_is_both_file_and_directory():
    with pytest.raises(ValueError, match="twice"):
        build_tree([TreeEntry(FILE, b"a", OID), TreeEntry(DIRECTORY, b"a", OID)])


def test_a_tree_refuses_an_id_of_another_length():
    with pytest.raises(ValueError, match="object id"):
        build_tree([TreeEntry(FILE, b"a", OID[:19])])


def test_a_commit_is_the_one_that_git_makes(git):
    tree = write(git, "tree", b"")
    environment = {
        "GIT_AUTHOR_NAME": ANN.name,
        "GIT_AUTHOR_EMAIL": ANN.email,
        "GIT_AUTHOR_DATE": "1700000000 +0530",
        "GIT_COMMITTER_NAME": BOB.name,
        "GIT_COMMITTER_EMAIL": BOB.email,
        "GIT_COMMITTER_DATE": "1700000009 -0130",
    }
    first = git("commit-tree", tree, "-m", "héllo", env=environment).decode().strip()
    second = git("commit-tree", tree, "-p", first, "-m", "two", env=environment).decode().strip()
    root = build_commit(bytes.fromhex(tree), [], ANN, BOB, "héllo")
    child = build_commit(bytes.fromhex(tree), [bytes.fromhex(first)], ANN, BOB, "two\n")
    assert object_id("commit", root).hex() == first
    assert object_id("commit", child).hex() == second


def test_names_are_cleaned_as_git_cleans_them(git):
    tree = write(git, "tree", b"")
    environment = {
        "GIT_AUTHOR_NAME": " ,Ann <Lee>\n Jr. ",
        "GIT_AUTHOR_EMAIL": "<ann@example.org>",
        "GIT_AUTHOR_DATE": "1700000000 +0000",
        "GIT_COMMITTER_NAME": "Bob",
        "GIT_COMMITTER_EMAIL": "",
        "GIT_COMMITTER_DATE": "1700000000 +0000",
    }
    expected = git("commit-tree", tree, "-m", "x", env=environment).decode().strip()
    author = Signature(environment["GIT_AUTHOR_NAME"], environment["GIT_AUTHOR_EMAIL"], 1700000000)
    committer = Signature("Bob", "", 1700000000)
    commit = build_commit(bytes.fromhex(tree), [], author, committer, "x")
    assert object_id("commit", commit).hex() == expected


def test_a_name_without_letters_falls_back_to_the_address_and_then_to_unknown():
    commit = build_commit(OID, [], Signature(" <> ", "a@b.c", 1), Signature("\0", "", 1), "m")
    assert b"author a@b.c <a@b.c> 1 +0000\n" in commit
    assert b"committer unknown <> 1 +0000\n" in commit


@given(
    st.text(st.characters(), max_size=12),
    st.text(st.characters(), max_size=12),
    st.text(st.characters(), max_size=30),
)
def test_no_text_can_add_a_header_or_a_nul_to_a_commit(name, email, message):
    signature = Signature(name, email, 5)
    commit = build_commit(OID, [], signature, signature, message)
    headers = commit.split(b"\n\n", 1)[0].split(b"\n")
    assert [line.split(b" ")[0] for line in headers] == [b"tree", b"author", b"committer"]
    assert headers[1].count(b"<") == headers[1].count(b">") == 1
    assert b"\0" not in commit


@pytest.mark.parametrize("bad", [ANN._replace(seconds=-1), ANN._replace(offset_minutes=6000)])
def test_impossible_times_are_refused(bad):
    with pytest.raises(ValueError, match=r"1970|time zone"):
        build_commit(OID, [], bad, BOB, "x")


def test_a_tag_is_the_one_that_git_makes(git):
    commit = build_commit(bytes.fromhex(write(git, "tree", b"")), [], ANN, BOB, "x")
    oid = write(git, "commit", commit)
    environment = {
        "GIT_COMMITTER_NAME": ANN.name,
        "GIT_COMMITTER_EMAIL": ANN.email,
        "GIT_COMMITTER_DATE": "1700000000 +0530",
    }
    git("tag", "-a", "v1.0", oid, "-m", "the first", env=environment)
    expected = git("rev-parse", "v1.0").decode().strip()
    built = build_tag(bytes.fromhex(oid), "commit", "v1.0", ANN, "the first")
    assert object_id("tag", built).hex() == expected


@pytest.mark.parametrize(("kind", "name"), [("note", "v1"), ("commit", ""), ("commit", "a\nb")])
def test_a_tag_with_a_bad_kind_or_name_is_refused(kind, name):
    with pytest.raises(ValueError, match=r"kind|name"):
        build_tag(OID, kind, name, ANN, "x")
