"""Names the hub takes and refuses, compared with git's own answers where git has one."""

import io
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.errors import BadRequestError
from freehold.formats.git_objects import FILE, TreeEntry, blob_id, build_tree
from freehold.formats.pack import PackWriter
from freehold.wire.ids import (
    API_SEGMENTS,
    REPO_TYPES,
    RESERVED_NAMESPACES,
    URL_PREFIXES,
    RepoId,
    check_account_name,
    check_path,
    check_ref_name,
    check_repo_name,
    find_repo_type,
    is_dot_git,
    parse_repo_type,
    quote_revision,
)

any_text = st.text(st.characters(codec=None), max_size=40)


def accepts(check, value):
    """Whether the check lets the value pass; any error but the documented one fails the test."""
    try:
        assert check(value) == value
    except BadRequestError as error:
        assert error.message.startswith("Invalid ")
        assert error.message.encode()
        return False
    return True


# --- repo types and ids


def test_every_repo_type_has_its_url_forms():
    assert REPO_TYPES == tuple(API_SEGMENTS) == tuple(URL_PREFIXES)
    for kind in REPO_TYPES:
        assert parse_repo_type(kind) == kind
        assert find_repo_type(API_SEGMENTS[kind]) == kind
    assert URL_PREFIXES["model"] == ""
    assert URL_PREFIXES["dataset"] == "datasets/"
    assert find_repo_type("model") is None


def test_an_unknown_repo_type_is_refused_with_the_known_ones():
    with pytest.raises(BadRequestError, match="one of model, dataset, space, kernel"):
        parse_repo_type("models")


def test_a_repo_id_reads_and_prints():
    repo = RepoId.parse("Ann-1/bert_base.v2")
    assert repo == RepoId("Ann-1", "bert_base.v2")
    assert str(repo) == "Ann-1/bert_base.v2"


@pytest.mark.parametrize("text", ["gpt2", "a/b/c", "a/", "/b", "", "a b/c", "a/b.git", "é/x"])
def test_a_malformed_repo_id_is_refused(text):
    with pytest.raises(BadRequestError):
        RepoId.parse(text)


@pytest.mark.parametrize("name", ["a", "_", "A_b.c-d", "_x_", "0", "x" * 96, "gitignore", "a.gitx"])
def test_repo_names_that_are_accepted(name):
    assert accepts(check_repo_name, name)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "1 to 96"),
        ("x" * 97, "1 to 96"),
        ("-a", "begins and ends"),
        ("a.", "begins and ends"),
        ("a b", "consists of"),
        ("a\n", "consists of"),
        ("é", "consists of"),
        ("a--b", "neither -- nor .."),
        ("a..b", "neither -- nor .."),
        ("a.git", r"\.git or"),
        ("a.GIT", r"\.git or"),
        ("a.ipynb", r"\.ipynb"),
    ],
)
def test_a_refused_repo_name_is_told_the_rule(name, rule):
    with pytest.raises(BadRequestError, match=rule):
        check_repo_name(name)


@given(any_text, any_text)
def test_any_text_is_a_repo_id_that_reads_back_or_a_bad_request(namespace, name):
    text = f"{namespace}/{name}"
    assert accepts(lambda value: str(RepoId.parse(value)), text) == (
        accepts(check_repo_name, name)
        and (namespace.lower().endswith((".git", ".ipynb")) or accepts(check_repo_name, namespace))
    )


# --- accounts


@pytest.mark.parametrize("name", ["ab", "A-b", "0x", "a" * 42, "a-b-c"])
def test_account_names_that_can_be_created(name):
    assert accepts(check_account_name, name)


@pytest.mark.parametrize(
    "name", ["", "a", "a" * 43, "-ab", "ab-", "a--b", "a_b", "a.b", "a b", "a/b", "é1", "ab\n"]
)
def test_account_names_that_cannot_be_created(name):
    assert not accepts(check_account_name, name)


@pytest.mark.parametrize("name", ["_", "a", "_a.b_", "__", "a.b", "a" * 96])
def test_imported_accounts_may_have_names_of_an_older_kind(name):
    assert check_account_name(name, imported=True) == name


@pytest.mark.parametrize("name", ["", ".a", "a.", "a/b", "a b", "a\t", "a\0b", "a..b", "é"])
def test_imported_names_still_fit_into_a_url(name):
    with pytest.raises(BadRequestError, match="account name"):
        check_account_name(name, imported=True)


@pytest.mark.parametrize("imported", [False, True])
def test_names_of_routes_are_reserved_in_any_case(imported):
    for name in RESERVED_NAMESPACES:
        with pytest.raises(BadRequestError):
            check_account_name(name.upper(), imported=imported)
    assert {"api", "datasets", "resolve", "settings"} <= RESERVED_NAMESPACES


@given(any_text, st.booleans())
def test_an_accepted_account_is_a_valid_namespace(name, imported):
    if accepts(lambda value: check_account_name(value, imported=imported), name):
        assert RepoId.parse(f"{name}/x").namespace == name


# --- revisions


def test_a_revision_is_quoted_as_one_segment():
    assert quote_revision("refs/pr/1") == "refs%2Fpr%2F1"
    assert quote_revision("é 1") == "%C3%A9%201"
    with pytest.raises(BadRequestError, match="Unicode"):
        quote_revision("\ud800")


@pytest.mark.parametrize("name", ["main", "dev/x", "v1.0", "pr/1", "é", "a@b", "refs", "heads/x"])
def test_ref_names_that_are_accepted(name):
    assert accepts(check_ref_name, name)


@pytest.mark.parametrize(
    "name",
    ["", "HEAD", "@", "refs/heads/x", "a" * 40, "A" * 40, "0" * 40, "x" * 256, "y" * 251, "\ud800"],
)
def test_ref_names_that_only_the_hub_refuses(name):
    assert not accepts(check_ref_name, name)


def test_the_longest_ref_name_is_255_bytes():
    assert accepts(check_ref_name, "é" * 100 + "/" + "x" * 54)
    assert not accepts(check_ref_name, "é" * 100 + "/" + "x" * 55)


ref_pieces = st.sampled_from(
    [*"aZ9.-_/@{}~^:?*[]\\ \t\x7f\"'<>|!$%&", ".lock", "..", "@{", "refs/", "HEAD", "é", "\x01"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ref_pieces, min_size=1, max_size=6).map("".join))
def test_ref_names_are_those_of_git(name):
    ours = accepts(check_ref_name, name)
    command = ["git", "check-ref-format", "--branch", name]
    git = subprocess.run(command, capture_output=True).returncode == 0
    assert ours == (git and not name.startswith("refs/") and name not in ("HEAD", "@"))


# --- paths


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b.txt",
        ".gitattributes",
        ".github/x",
        "a b/é#?.bin",
        "...",
        "git~2",
        "x.git",
        "-a",
        "a:b",
    ],
)
def test_paths_that_are_accepted(path):
    assert accepts(check_path, path)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("", "1 to 4096 bytes"),
        ("a" * 4097, "1 to 4096 bytes"),
        ("/a", "begins nor ends"),
        ("a/", "begins nor ends"),
        ("a//b", "holds no //"),
        ("./a", "is . or .."),
        ("a/../b", "is . or .."),
        (".git/config", r"\.git"),
        ("a/.GiT", r"\.git"),
        ("GIT~1/x", r"\.git"),
        (".git ", r"\.git"),
        (".git. .", r"\.git"),
        (".git::$INDEX_ALLOCATION/x", r"\.git"),
        (".g\u200cit", r"\.git"),
        ("a\\b", "backslash"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("\x7f", "control"),
        ("é" * 128, "at most 255 bytes"),
        ("a\udc80", "Unicode"),
    ],
)
def test_a_refused_path_is_told_the_rule(path, rule):
    with pytest.raises(BadRequestError, match=rule):
        check_path(path)


def test_the_message_names_the_path():
    with pytest.raises(BadRequestError, match=r"Invalid path 'a/\.\./b': "):
        check_path("a/../b")


@given(any_text)
def test_any_text_is_a_safe_path_or_a_bad_request(path):
    if accepts(check_path, path):
        segments = path.split("/")
        assert not {"", ".", ".."} & set(segments)
        assert all(0 < len(segment.encode()) <= 255 for segment in segments)


segment_pieces = st.sampled_from(
    [*".gitGIT~1 :xİı", "\u200c", "\u200f", "\u202e", "\u206f", "\ufeff", "\u200b", "git", ".git"]
)
segments = st.lists(segment_pieces, min_size=1, max_size=7).map("".join)


@settings(max_examples=15, deadline=None)
@given(st.lists(segments.filter(lambda text: text not in (".", "..")), min_size=20, max_size=60))
def test_dot_git_is_what_git_says_it_is(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("fsck")
    oids = write_one_tree_per_name(folder, names)
    command = ["git", "-C", str(folder), "fsck", "--no-dangling"]
    report = subprocess.run(command, capture_output=True, text=True, env={"LANG": "C"}).stderr
    refused = {line.split()[3].strip(":") for line in report.splitlines() if "hasDotgit" in line}
    assert {name: is_dot_git(name) for name in names} == {
        name: oids[name] in refused for name in names
    }


def write_one_tree_per_name(folder, names):
    """Store a tree for each name; the hex id of each."""
    subprocess.run(["git", "init", "--bare", "--quiet", str(folder)], check=True)
    with PackWriter() as writer:
        blob = writer.add("blob", b"")
        assert blob.hex() == blob_id(b"")
        trees = {name: build_tree([TreeEntry(FILE, name.encode(), blob)]) for name in names}
        oids = {name: writer.add("tree", tree).hex() for name, tree in trees.items()}
        out = io.BytesIO()
        info = writer.finish(out)
    base = folder / "objects" / "pack" / f"pack-{info.name}"
    base.with_suffix(".pack").write_bytes(out.getvalue())
    base.with_suffix(".idx").write_bytes(info.index)
    return oids


def test_a_path_has_at_most_a_hundred_segments() -> None:
    assert check_path("a/" * 99 + "b")
    with pytest.raises(BadRequestError, match="100 segments"):
        check_path("a/" * 100 + "b")
