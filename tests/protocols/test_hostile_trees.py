"""Pushes of objects that git would not make: what is refused, why, and that nothing is left of it.

The objects are made by hand and sent as raw requests, since git itself refuses to make most of
them. A push that is refused leaves the refs and the packs as they were, and the server answers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.formats.git_objects import DIRECTORY, FILE, GITLINK, SYMLINK
from tests.clones import clone
from tests.live import LiveHub
from tests.raw_pushes import Packed, Report, Row, command, nothing_changed, push, push_tree
from tests.repos import Repo, file, new_repo

MIB = 1024 * 1024
NULL = bytes(20)
NOWHERE = b"\1" * 20

Root = Callable[[Packed], bytes]


@pytest.fixture
def sqlite_hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """The hub on SQLite: what an object is does not depend on the database."""
    return shared_hub("sqlite")


@pytest.fixture
def repo(sqlite_hub: LiveHub) -> Repo:
    """A repository with one file."""
    return new_repo(sqlite_hub, sqlite_hub.user(), file("a.txt", "one"))


def refuse(repo: Repo, root: Root) -> Report:
    """Push a commit with this root, which must be refused with everything that is in it."""
    with nothing_changed(repo):
        packed = Packed()
        report = push_tree(repo, packed, root(packed))
        assert list(report.refused) == ["refs/heads/new"]
        assert not report.taken
    return report


def take(repo: Repo, root: Root) -> None:
    """Push a commit with this root, which is taken as the branch `new`."""
    packed = Packed()
    report = push_tree(repo, packed, root(packed))
    assert report.taken == ["refs/heads/new"], report.words


def one(name: bytes, content: bytes = b"x", mode: int = FILE) -> Root:
    """A root with one file."""
    return lambda packed: packed.tree((mode, name, packed.blob(content)))


def folder(packed: Packed, *rows: Row) -> bytes:
    """A folder with these rows, or with a file."""
    return packed.tree(*(rows or ((FILE, b"x", packed.blob(b"x")),)))


def below(name: bytes, root: Root) -> Root:
    """A root with one folder, in which is what the other root would hold."""
    return lambda packed: packed.tree((DIRECTORY, name, root(packed)))


# Names


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b".git", id="plain"),
        pytest.param(b".GIT", id="upper case"),
        pytest.param(b".Git", id="mixed case"),
        pytest.param(b"git~1", id="short name"),
        pytest.param(b"GIT~1", id="short name in upper case"),
        pytest.param(b".git ", id="a final space"),
        pytest.param(b".git.", id="a final dot"),
        pytest.param(b".git . .", id="spaces and dots"),
        pytest.param(b".git::$INDEX_ALLOCATION", id="a stream of NTFS"),
        pytest.param(b".git:x", id="any stream"),
        pytest.param("\u200c.git".encode(), id="ignored by HFS before it"),
        pytest.param(".g\u200dit".encode(), id="ignored by HFS within"),
        pytest.param(".gi\u206aT".encode(), id="ignored by HFS, and case"),
        pytest.param(".git\ufeff".encode(), id="ignored by HFS behind it"),
    ],
)
@pytest.mark.parametrize("is_folder", [False, True])
def test_a_name_that_some_system_takes_for_dot_git(
    repo: Repo, name: bytes, is_folder: bool
) -> None:
    """CVE-2014-9390, CVE-2019-1352 and CVE-2019-1353: a checkout that writes git's own folder.

    An attacker wants a clone to write `.git/config` or a hook under a name that only the file
    system of the victim takes for `.git`: in other letters, as a short name or a stream of NTFS,
    or with code points that HFS+ ignores. Each is refused, at the root and below a folder.
    """
    row = one(b"config") if is_folder else None
    root = below(name, row) if row else one(name)
    assert "hasDotgit" in refuse(repo, root).unpacked
    assert "hasDotgit" in refuse(repo, below(b"d", root)).unpacked


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"..", "hasDotdot"),
        (b".", "hasDot"),
        (b"", "empty filename"),
        (b"a/b", "fullPathname"),
        (b"/", "fullPathname"),
        (b"../../x", "fullPathname"),
        (b"a\\b", "backslash"),
        (b"..\\x", "backslash"),
        (b"a\tb", "control character"),
        (b"a\nb", "control character"),
        (b"a\x1b[2Jb", "control character"),
        (b"a\x7fb", "control character"),
        ("a\u0085b".encode(), "control character"),
        (b"a\xffb", "not UTF-8"),
        (b"\xc0\xae\xc0\xae", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        (b"x" * 256, "at most 255 bytes"),
        ("é".encode() * 128, "at most 255 bytes"),
        (b"x" * 5000, "4096 bytes"),
    ],
)
def test_a_name_that_leads_elsewhere_or_cannot_be_shown(
    repo: Repo, name: bytes, reason: str
) -> None:
    """An attacker wants a name to leave its folder, to fool a terminal, or to break a reader.

    The API would refuse it, and so does a push, in words that say what is wrong.
    """
    assert reason in refuse(repo, one(name)).words
    assert reason in refuse(repo, below(b"d", one(name))).words


@pytest.mark.parametrize("name", [b"x" * 255, b"git~2", b"...", b"-x", b"a:b", b"CON", b"a "])
def test_an_odd_name_that_does_no_harm_is_taken(repo: Repo, name: bytes) -> None:
    """What the API takes a push takes as well, even where some system cannot check it out."""
    take(repo, one(name))
    assert repo.paths("new") == [name.decode()]


# Rows


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        pytest.param(
            lambda p: p.tree((FILE, b"a", p.blob(b"1")), (FILE, b"a", p.blob(b"2"))),
            "duplicateEntries",
            id="two files",
        ),
        pytest.param(
            lambda p: p.tree((FILE, b"a", p.blob(b"1")), (DIRECTORY, b"a", folder(p))),
            "duplicateEntries",
            id="a file and a folder",
        ),
        pytest.param(
            lambda p: p.tree(
                (FILE, b"a", p.blob(b"1")),
                (FILE, b"a.b", p.blob(b"1")),
                (DIRECTORY, b"a", folder(p)),
            ),
            "duplicateEntries",
            id="a file and a folder apart",
        ),
        pytest.param(
            lambda p: p.tree((FILE, b"b", p.blob(b"1")), (FILE, b"a", p.blob(b"2"))),
            "treeNotSorted",
            id="not sorted",
        ),
        pytest.param(
            lambda p: p.tree((DIRECTORY, b"a", folder(p)), (FILE, b"a.b", p.blob(b"2"))),
            "treeNotSorted",
            id="a folder sorted as a file",
        ),
        pytest.param(lambda p: p.tree((FILE, b"a", NULL)), "nullSha1", id="a null id"),
        pytest.param(lambda p: p.tree((GITLINK, b"a", NULL)), "nullSha1", id="a null submodule"),
        pytest.param(
            lambda p: p.tree((FILE, b"a", NOWHERE)), "did not receive", id="a missing file"
        ),
        pytest.param(
            lambda p: p.tree((DIRECTORY, b"a", NOWHERE)), "did not receive", id="a missing folder"
        ),
        pytest.param(
            lambda p: p.tree((SYMLINK, b"a", NOWHERE)), "did not receive", id="a missing link"
        ),
        pytest.param(
            lambda p: p.tree((FILE, b"a", folder(p))), "not a blob", id="a folder as a file"
        ),
        pytest.param(
            lambda p: p.tree((SYMLINK, b"a", folder(p))), "not a blob", id="a folder as a link"
        ),
        pytest.param(
            lambda p: p.tree((DIRECTORY, b"a", p.blob(b"x"))), "not a tree", id="a file as a folder"
        ),
        pytest.param(
            lambda p: p.tree((DIRECTORY, b"a", p.commit(folder(p)))),
            "not a tree",
            id="a commit as a folder",
        ),
        pytest.param(
            lambda p: p.add("tree", b"100644 a\0" + p.blob(b"x")[:19]), "too-short", id="cut off"
        ),
        pytest.param(lambda p: p.add("tree", b"100644 " + b"a" * 99), "too-short", id="no end"),
        pytest.param(
            lambda p: p.add("tree", b"100844 a\0" + p.blob(b"x")), "malformed mode", id="not octal"
        ),
        pytest.param(
            lambda p: p.add("tree", b" a\0" + p.blob(b"x")), "malformed mode", id="no mode"
        ),
    ],
)
def test_a_tree_that_is_no_tree_of_git(repo: Repo, root: Root, reason: str) -> None:
    """An attacker wants two readers to see different files in one tree, or none at all.

    git's own checks find each of these, and the words are theirs.
    """
    assert reason in refuse(repo, root).unpacked
    assert reason in refuse(repo, below(b"d", root)).unpacked


@pytest.mark.parametrize(
    "mode",
    [
        *(0, 0o644, 0o777, 0o60000, 0o100000, 0o100600, 0o100777, 0o140000, 0o160755, 0o170000),
        *(0o200100644, 0o1000000100644),
    ],
)
def test_a_mode_that_git_does_not_give(repo: Repo, mode: int) -> None:
    """An attacker wants a row that one reader takes for a file and another for a submodule.

    git takes every mode it does not know for a submodule, and does not look whether its object is
    there or what it is. The hub takes only modes that git gives.
    """
    assert "The mode of 'a' is none" in refuse(repo, one(b"a", mode=mode)).message


def test_a_mode_that_hides_a_link_or_a_folder(repo: Repo) -> None:
    """An attacker wants a link out of the repository that the hub takes for a plain file.

    For git `120777` is a symbolic link, and `40755` a folder, in which links and whole bombs of
    folders could hide from the hub's rules. Both are refused for their modes.
    """
    assert "The mode of 'a'" in refuse(repo, one(b"a", b"/etc/passwd", 0o120777)).message
    hidden = below(b"d", one(b"a", b"../../x", SYMLINK))
    report = refuse(repo, lambda packed: packed.tree((0o40755, b"b", hidden(packed))))
    assert "The mode of 'b'" in report.message


@pytest.mark.parametrize("mode", [b"100664", b"0100644", b"0" * 100 + b"100644"])
def test_a_mode_of_an_old_git_is_taken(repo: Repo, mode: bytes) -> None:
    """Files that a group may write, and modes with zeros before them, are in old histories."""
    take(repo, lambda packed: packed.add("tree", mode + b" a\0" + packed.blob(b"x")))
    assert repo.resolve("a", "new").text == "x"


# Names that differ in case


@pytest.mark.parametrize(
    ("names", "is_taken"),
    [
        ("a A", False),
        ("ß SS", False),
        ("ß ẞ", False),
        ("ς σ", False),
        ("ſ s", False),
        ("ﬁ fi", False),
        ("\u212a k", False),
        ("İ i\u0307", False),
        ("İ i", True),
        ("ı i", True),
        ("é e\u0301", True),
    ],
)
def test_names_that_differ_in_case_as_the_api_sees_it(
    repo: Repo, names: str, is_taken: bool
) -> None:
    """An attacker wants one file to replace another where names are compared without case.

    A push refuses exactly the pairs that the API refuses: those that Unicode folds to one. Dotted
    and dotless i are different letters; so are forms that differ only in their composition.
    """
    pair = sorted(name.encode() for name in names.split())

    def root(packed: Packed) -> bytes:
        return packed.tree(*((FILE, name, packed.blob(name)) for name in pair))

    for name in names.split()[:1]:
        repo.commit(file(f"d/{name}", "1"))
    answer = repo.send_commit(file(f"d/{names.split()[1]}", "2"))
    assert answer.status_code == (200 if is_taken else 400)
    if is_taken:
        take(repo, root)
    else:
        assert "only in the case" in refuse(repo, root).message


def test_a_link_and_a_folder_that_differ_in_case(repo: Repo) -> None:
    """CVE-2021-21300 and CVE-2024-32002: files of a folder written through a link.

    Where case does not count, the folder `A` is checked out into what the link `a` leads to, such
    as `.git/hooks`. A submodule in place of the folder does the same.
    """
    for mode, oid in ((DIRECTORY, folder), (GITLINK, lambda packed: NOWHERE)):
        report = refuse(
            repo,
            lambda packed, mode=mode, oid=oid: packed.tree(  # type: ignore[misc]
                (mode, b"A", oid(packed)), (SYMLINK, b"a", packed.blob(b".git/hooks"))
            ),
        )
        assert "only in the case" in report.message


# Symbolic links


@pytest.mark.parametrize(
    "target",
    [
        b"/etc/passwd",
        b"//host/x",
        b"a/../../x",
        b"x/..",
        b"d/e/../..",
        b"a//b",
        b"a/./b",
        b"C:\\x",
        b"C:/x",
        b"c:x",
        b"..\\x",
        b"a\\..\\..\\x",
        b"a\0b",
        b"x\n/../..",
        b"",
        b"x" * 4096,
        b"x" * 5000,
    ],
    ids=repr,
)
def test_a_link_that_is_not_a_plain_relative_path(repo: Repo, target: bytes) -> None:
    """An attacker wants a clone, or a program that works on one, to read or write elsewhere.

    Absolute paths, drives, backslashes and steps up behind a name are refused wherever the link
    is; so are targets that no system can make a link of, because no clone could be checked out.
    """
    root = one(b"l", target, SYMLINK)
    assert "not a plain relative path" in refuse(repo, root).message
    assert "In the folder 'd'" in refuse(repo, below(b"d", root)).message


@pytest.mark.parametrize(("target", "depth"), [(b"..", 0), (b"../x", 0), (b"../..", 1)])
def test_a_link_that_climbs_out_of_the_repository(repo: Repo, target: bytes, depth: int) -> None:
    """An attacker wants a link that is harmless in its folder and leads out from higher up."""
    root = one(b"l", target, SYMLINK)
    for _ in range(depth):
        root = below(b"d", root)
    assert "leads out of the repository" in refuse(repo, root).message
    take(repo, below(b"e", root))
    # The same folder is refused as the root of another commit, now that the hub knows it.
    packed = Packed()
    with nothing_changed(repo):
        report = push(
            repo, command("refs/heads/x", packed.commit(root(packed))), pack=packed.pack()
        )
        assert "leads out of the repository" in report.message


def test_a_link_through_another_link(repo: Repo) -> None:
    """An attacker wants two links, each of them harmless, that lead out together.

    `d/e` leads to the root. Behind it a step up would leave the repository, so a link may go up
    only at its beginning, where it goes through folders.
    """

    def root(target: bytes) -> Root:
        return lambda packed: packed.sorted_tree(
            (DIRECTORY, b"d", packed.tree((SYMLINK, b"e", packed.blob(b"..")))),
            (SYMLINK, b"x", packed.blob(target)),
        )

    for target in (b"d/e/..", b"d/e/../..", b"./d/e/../x"):
        assert "not a plain relative path" in refuse(repo, root(target)).message
    take(repo, root(b"d/e/d"))


def test_a_link_that_takes_for_ever_to_judge(repo: Repo) -> None:
    """An attacker wants the hub to try all ways to take a name apart: two to its length.

    The name is as long as a link may be, and its last letter makes it none.
    """
    for target in (
        b"a" * 4094 + b":",
        b"a/" * 2047 + b":",
        b"./" * 2047 + b":",
        b"../" * 1300 + b":",
    ):
        assert "not a plain relative path" in refuse(repo, one(b"l", target, SYMLINK)).message


def test_links_within_the_repository_are_taken_and_shown(repo: Repo, tmp_path: Path) -> None:
    """What git makes every day is taken: the API shows the target, and a clone has the link."""
    links = {b"same": b"ok", b"down": b"d/ok", b"dot": b"./ok", b"dots": b"..ok"}
    inner = {b"up": b"../ok", b"side": b"ok", b"top": b"..", b"dots": b"..ok/x"}

    def root(packed: Packed) -> bytes:
        inside = [(SYMLINK, name, packed.blob(target)) for name, target in inner.items()]
        rows = [(SYMLINK, name, packed.blob(target)) for name, target in links.items()]
        text = (FILE, b"ok", packed.blob(b"fine"))
        tree = packed.sorted_tree(text, *inside)
        return packed.sorted_tree(text, (DIRECTORY, b"d", tree), *rows)

    take(repo, root)
    assert repo.raw("d/up", "new").content == b"../ok"
    assert repo.raw("down", "new").content == b"d/ok"
    work = clone(repo, tmp_path / "work", "-c", "core.symlinks=true")
    work.git("checkout", "-q", "new")
    assert (work.folder / "d/up").readlink() == Path("../ok")
    assert (work.folder / "d/up").read_text() == "fine"


def test_links_into_the_folder_of_git_are_taken(repo: Repo) -> None:
    """They lead nowhere that their owner is not, and git-annex keeps all of its files so.

    What would make them harmful is refused: a second name, differing in case, that is written
    through the link.
    """
    take(repo, one(b"l", b".git/annex/objects/x", SYMLINK))


@pytest.mark.parametrize(
    "name",
    [
        *(b".gitmodules", b".GITMODULES", b".gitmodules ", b"gitmod~1", b"GI7EBA~1"),
        "\u200c.gitmodules".encode(),
    ],
    ids=repr,
)
def test_submodules_that_are_listed_through_a_link(repo: Repo, name: bytes) -> None:
    """An attacker wants git to read its list of submodules from a place of their choice."""
    assert "gitmodulesSymlink" in refuse(repo, one(name, b"x", SYMLINK)).unpacked
    assert "gitmodulesSymlink" in refuse(repo, below(b"d", one(name, b"x", SYMLINK))).unpacked
    assert "gitmodulesBlob" in refuse(repo, below(name, one(b"x"))).unpacked


@pytest.mark.parametrize("name", [b".gitattributes", b".gitignore", b".mailmap"])
def test_rules_of_git_that_are_links(repo: Repo, name: bytes) -> None:
    """git does not follow these links in a checkout, and only remarks on them: they are taken.

    The hub does not follow them either: nothing is read through them, and a file can be committed.
    """
    take(repo, one(name, b"x", SYMLINK))
    assert repo.raw(name.decode(), "new").text == "x"
    repo.commit(file("y.txt", "y"), revision="new")
    assert repo.resolve("y.txt", "new").text == "y"
