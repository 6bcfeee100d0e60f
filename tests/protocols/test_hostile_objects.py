"""Pushes of commits, tags, files and whole folders that were made to do harm.

Objects are made by hand and sent as raw requests. What is refused leaves nothing behind, and what
is taken can be read by every call.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freehold.formats.git_objects import DIRECTORY, FILE, GITLINK, SYMLINK
from freehold.server.core.pushes import MAX_TAGS
from tests.live import Account, LiveHub
from tests.raw_pushes import Packed, Report, command, nothing_changed, push, push_tree
from tests.repos import Repo, file, new_repo, pointer, sha256

MIB = 1024 * 1024
NOWHERE = b"\1" * 20
WHO = b"A <a@example.org> 1 +0000\n"
AUTHOR, COMMITTER = b"author " + WHO, b"committer " + WHO
NEW = "refs/heads/new"

Made = Callable[[Packed], bytes]


@pytest.fixture
def sqlite_hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """The hub on SQLite: what an object is does not depend on the database."""
    return shared_hub("sqlite")


@pytest.fixture
def repo(sqlite_hub: LiveHub) -> Repo:
    """A repository with one file."""
    return new_repo(sqlite_hub, sqlite_hub.user(), file("a.txt", "one"))


def send(repo: Repo, made: Made, name: str = NEW) -> Report:
    """Push what is made, as the target of a new ref."""
    packed = Packed()
    return push(repo, command(name, made(packed)), pack=packed.pack())


def refuse(repo: Repo, made: Made, name: str = NEW) -> Report:
    """Push what must be refused, with everything that came along."""
    with nothing_changed(repo):
        report = send(repo, made, name)
        assert list(report.refused) == [name]
    return report


def take(repo: Repo, made: Made, name: str = NEW) -> None:
    """Push what must be taken."""
    report = send(repo, made, name)
    assert report.taken == [name], report.words


def plain(packed: Packed) -> bytes:
    """A folder with one file."""
    return packed.tree((FILE, b"x", packed.blob(b"x")))


def with_files(**files: bytes) -> Made:
    """A commit with these files, whose names have `DOT` in place of a dot."""

    def made(packed: Packed) -> bytes:
        rows = [
            (FILE, name.replace("DOT", ".").encode(), packed.blob(data))
            for name, data in files.items()
        ]
        return packed.commit(packed.sorted_tree(*rows))

    return made


# Submodules


def list_submodule(name: str = '"s"', path: str = "sub", url: str = "https://a.org/x") -> bytes:
    return f"[submodule {name}]\n\tpath = {path}\n\turl = {url}\n".encode()


def with_submodule(text: bytes) -> Made:
    """A commit with a submodule that is listed in these words."""

    def made(packed: Packed) -> bytes:
        rows = (FILE, b".gitmodules", packed.blob(text)), (GITLINK, b"sub", NOWHERE)
        return packed.commit(packed.sorted_tree(*rows))

    return made


@pytest.mark.parametrize("name", ["../../x", "x/../y", "x/..", "..", r"x\\..\\y"])
def test_the_name_of_a_submodule_leads_out(repo: Repo, name: str) -> None:
    """CVE-2018-11235 and CVE-2019-1387: a submodule whose name is a path.

    git keeps a submodule in `.git/modules/<name>`, so a name with steps up puts one, with its
    hooks, where the attacker wants it, or one submodule inside another.
    """
    report = refuse(repo, with_submodule(list_submodule(f'"{name}"')))
    assert "gitmodulesName" in report.unpacked


@pytest.mark.parametrize("setting", [{"url": "-u./payload"}, {"path": "-u./payload"}])
def test_a_submodule_whose_url_is_an_option(repo: Repo, setting: dict[str, str]) -> None:
    """CVE-2018-17456 and CVE-2018-17457: a url or a path that `git clone` takes for an option."""
    assert (
        "disallowed submodule" in refuse(repo, with_submodule(list_submodule(**setting))).unpacked
    )


@pytest.mark.parametrize(
    "url",
    [
        '"https://h/%0ahost=good.example"',
        '"https://h%0a/x"',
        '"https:///x"',
        '"http::/x"',
        '"http::://x"',
        '"./../../:x"',
        '"../../../../:localhost:x"',
    ],
)
def test_a_submodule_whose_url_asks_for_other_credentials(repo: Repo, url: str) -> None:
    """CVE-2020-5260 and CVE-2020-11008: a url that sends a password to another host.

    With a newline, or without a protocol or a host, the question that git asks its store of
    passwords was that for any host of the attacker's choice.
    """
    assert "gitmodulesUrl" in refuse(repo, with_submodule(list_submodule(url=url))).unpacked


def test_a_submodule_that_runs_a_command(repo: Repo) -> None:
    """CVE-2019-19604: a submodule whose update is a command of the attacker."""
    text = list_submodule() + b"\tupdate = !touch /tmp/x\n"
    assert "gitmodulesUpdate" in refuse(repo, with_submodule(text)).unpacked


def test_the_list_of_submodules_is_checked_when_it_gets_its_name(repo: Repo) -> None:
    """An attacker pushes the list as an ordinary file, and gives it its name in a second push.

    Only the folder is new then, but the file is read again for its name.
    """
    text = list_submodule('"../../x"')
    take(repo, with_files(harmless=text))
    with nothing_changed(repo):
        packed = Packed()
        blob = Packed().blob(text)
        root = packed.tree((FILE, b".gitmodules", blob))
        assert "gitmodulesName" in push_tree(repo, packed, root, "refs/heads/second").unpacked


def test_a_submodule_whose_folder_ends_in_a_carriage_return(repo: Repo) -> None:
    """CVE-2025-48384: git forgot the carriage return and checked out elsewhere, through a link.

    No folder can have such a name here, so there is no such submodule, whatever its list says.
    """

    def made(packed: Packed) -> bytes:
        text = packed.blob(list_submodule(path='"sub\r"'))
        rows = (FILE, b".gitmodules", text), (SYMLINK, b"sub", packed.blob(b".git/modules/s/hooks"))
        return packed.commit(packed.sorted_tree(*rows, (GITLINK, b"sub\r", NOWHERE)))

    assert "control character" in refuse(repo, made).message


# Commits


def header(packed: Packed) -> bytes:
    return b"tree " + plain(packed).hex().encode() + b"\n"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(lambda p: b"", "bogus commit", id="empty"),
        pytest.param(lambda p: AUTHOR + COMMITTER + b"\nx", "bogus commit", id="no tree"),
        pytest.param(lambda p: header(p) + COMMITTER + b"\nx", "missingAuthor", id="no author"),
        pytest.param(lambda p: header(p) + AUTHOR + b"\nx", "missingCommitter", id="no committer"),
        pytest.param(
            lambda p: header(p) + AUTHOR * 2 + COMMITTER + b"\nx", "multipleAuthors", id="authors"
        ),
        pytest.param(
            lambda p: header(p) + b"author A 1 +0000\n" + COMMITTER + b"\nx",
            "missingEmail",
            id="no address",
        ),
        pytest.param(
            lambda p: header(p) + b"author A <a> 99999999999999999999 +0000\n" + COMMITTER + b"\n",
            "badDateOverflow",
            id="a date without end",
        ),
        pytest.param(
            lambda p: header(p) + AUTHOR + COMMITTER + b"\na\0b", "nulInCommit", id="NUL in message"
        ),
        pytest.param(
            lambda p: header(p) + b"author A\0" + WHO + COMMITTER + b"\nx",
            "nulInHeader",
            id="NUL in header",
        ),
        pytest.param(
            lambda p: b"tree " + p.blob(b"x").hex().encode() + b"\n" + AUTHOR + COMMITTER + b"\nx",
            "not a tree",
            id="a file as tree",
        ),
        pytest.param(
            lambda p: b"tree " + b"1" * 40 + b"\n" + AUTHOR + COMMITTER + b"\nx",
            "did not receive",
            id="a missing tree",
        ),
        pytest.param(
            lambda p: header(p) + b"parent " + b"1" * 40 + b"\n" + AUTHOR + COMMITTER + b"\nx",
            "did not receive",
            id="a missing parent",
        ),
        pytest.param(
            lambda p: (
                header(p)
                + b"parent "
                + plain(p).hex().encode()
                + b"\n"
                + AUTHOR
                + COMMITTER
                + b"\nx"
            ),
            "not a commit",
            id="a tree as parent",
        ),
        pytest.param(
            lambda p: header(p) + b"parent x\n" + AUTHOR + COMMITTER + b"\nx",
            "bad parents",
            id="a parent that is no id",
        ),
    ],
)
def test_a_commit_that_is_none(repo: Repo, made: Made, reason: str) -> None:
    """An attacker wants a history that some reader cannot walk to its end."""
    assert reason in refuse(repo, lambda packed: packed.add("commit", made(packed))).unpacked


def test_a_commit_with_a_message_of_eight_megabytes(repo: Repo) -> None:
    """An attacker wants each list of commits to carry megabytes of words."""

    def made(packed: Packed) -> bytes:
        return packed.commit(plain(packed), message="x" * (8 * MIB))

    assert "over 1048576" in refuse(repo, made).message


def test_of_a_long_message_only_the_beginning_is_shown(repo: Repo) -> None:
    """An attacker wants what is remembered of each commit to be a megabyte of words."""
    take(repo, lambda packed: packed.commit(plain(packed), message="x" * 1_000_000))
    [commit, *_] = repo.get("/commits/new").json()
    assert commit["title"] == "x" * 65536


@pytest.mark.parametrize("seconds", [2**63 - 2, 253_402_300_800])
def test_a_commit_from_after_the_last_date(repo: Repo, seconds: int) -> None:
    """An attacker wants a date that cannot be written, so that no list with it can be shown.

    git takes the commit, and so does the hub: it shows it at the end of the last year it can write.
    """
    who = b"A <a@example.org> %d +0000\n" % seconds
    take(
        repo,
        lambda packed: packed.add(
            "commit", header(packed) + b"author " + who + b"committer " + who + b"\nx\n"
        ),
    )
    assert repo.get("/commits/new").json()[0]["date"].startswith("9999-12-31T23:59:59")
    assert repo.get("/tree/new?expand=true").status_code == 200
    assert repo.get("/revision/new").status_code == 200


@pytest.mark.parametrize("words", [b"encoding utf-7\n\nx", b"encoding bz2\n\nx", b"\n\xff", b""])
def test_a_commit_in_an_encoding_that_is_none(repo: Repo, words: bytes) -> None:
    """An attacker names a codec that would fail, or unpack something; the hub reads UTF-8 only."""
    take(repo, lambda packed: packed.add("commit", header(packed) + AUTHOR + COMMITTER + words))
    assert repo.get("/commits/new").status_code == 200


# Tags


def tag_of(oid: bytes, kind: bytes) -> bytes:
    return b"object %s\ntype %s\ntag x\ntagger %s\nx\n" % (oid.hex().encode(), kind, WHO)


def tags_of_tags(depth: int) -> Made:
    """A commit behind that many tags."""

    def made(packed: Packed) -> bytes:
        oid, kind = packed.commit(plain(packed)), b"commit"
        for _ in range(depth):
            oid, kind = packed.add("tag", tag_of(oid, kind)), b"tag"
        return oid

    return made


@pytest.mark.parametrize("depth", [MAX_TAGS + 1, 10_000])
def test_tags_of_tags_without_end(repo: Repo, depth: int) -> None:
    """An attacker wants each reader of a tag to follow thousands of others."""
    report = refuse(repo, tags_of_tags(depth), "refs/tags/deep")
    assert report.refused["refs/tags/deep"] == f"it leads to a tag, or to over {MAX_TAGS} of them"
    take(repo, tags_of_tags(MAX_TAGS), "refs/tags/fine")
    assert repo.get("/revision/fine").status_code == 200


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda p: tag_of(p.commit(plain(p)), b"tree"), "is a commit, not a tree"),
        (lambda p: tag_of(plain(p), b"commit"), "is a tree, not a commit"),
        (lambda p: tag_of(p.commit(plain(p)), b"junk"), "unknown tag type"),
        (lambda p: tag_of(NOWHERE, b"commit"), "did not receive"),
    ],
    ids=["a tree", "a commit", "nothing", "missing"],
)
def test_a_tag_that_lies(repo: Repo, made: Made, reason: str) -> None:
    """An attacker wants a reader to take one kind of object for another, or to find none."""
    report = refuse(repo, lambda packed: packed.add("tag", made(packed)), "refs/tags/lie")
    assert reason in report.unpacked


def test_a_tag_that_leads_to_no_commit(repo: Repo) -> None:
    """The tags of some histories lead to folders or files: taken, and no revision of the API."""
    take(repo, plain, "refs/tags/folder")
    take(repo, lambda packed: packed.blob(b"x"), "refs/tags/file")
    take(repo, lambda p: p.add("tag", tag_of(p.blob(b"x"), b"blob")), "refs/tags/tag")
    for name in ("folder", "file", "tag"):
        assert repo.get(f"/revision/{name}").status_code == 404
        assert repo.get(f"/tree/{name}").status_code == 404
    assert len(repo.get("/refs").json()["tags"]) == 3


# Folders


def folders(depth: int, name: bytes = b"d") -> Made:
    """A commit with a file that many folders deep."""

    def made(packed: Packed) -> bytes:
        root = plain(packed)
        for _ in range(depth):
            root = packed.tree((DIRECTORY, name, root))
        return packed.commit(root)

    return made


@pytest.mark.parametrize("depth", [100, 150, 5000])
def test_folders_without_end(repo: Repo, depth: int) -> None:
    """An attacker wants a reader that goes into folders to run out of stack, or of paths."""
    assert "at most 100 segments" in refuse(repo, folders(depth)).message


def test_a_path_of_4097_bytes(repo: Repo) -> None:
    """An attacker wants names, each of them short, to be a path that no system opens."""
    longest = [b"y" * 255] * 15

    def made(size: int) -> Made:
        def commit(packed: Packed) -> bytes:
            root = packed.tree((FILE, b"z" * (size - 15 * 256), packed.blob(b"x")))
            for name in longest:
                root = packed.tree((DIRECTORY, name, root))
            return packed.commit(root)

        return commit

    assert "at most 255 bytes" in refuse(repo, made(4096)).message
    deeper = folders(16, b"y" * 255)
    assert "at most 4096 bytes" in refuse(repo, deeper).message
    take(repo, made(4095))


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_bomb_of_folders(repo: Repo, is_empty: bool) -> None:
    """An attacker wants ten small folders to be ten thousand million paths.

    Each of ten levels names the one below ten times; at the bottom is a file, or only an empty
    folder, which is no less work to walk through.
    """

    def made(packed: Packed) -> bytes:
        root = packed.tree() if is_empty else plain(packed)
        for _ in range(10):
            root = packed.tree(*((DIRECTORY, b"%d" % number, root) for number in range(10)))
        return packed.commit(root)

    assert "at most 1000000 files and folders" in refuse(repo, made).message


def test_a_bomb_of_long_names(repo: Repo) -> None:
    """An attacker wants a listing of a few files to take all memory, by the length of its paths."""

    def made(packed: Packed) -> bytes:
        root = plain(packed)
        for _ in range(5):
            root = packed.tree(
                *((DIRECTORY, b"%d" % number + b"n" * 250, root) for number in range(10))
            )
        for _ in range(8):
            root = packed.tree((DIRECTORY, b"n" * 250, root))
        return packed.commit(root)

    assert "in paths of 268435456 bytes" in refuse(repo, made).message


# What comes along


def test_a_bad_folder_that_no_commit_leads_to(repo: Repo) -> None:
    """An attacker pushes a bad folder beside a good commit, to name it in a second push.

    All that arrives is looked at, whether a commit leads to it or not; so the folder never gets
    in, and the second push misses it.
    """

    def bad(packed: Packed) -> bytes:
        return packed.tree((SYMLINK, b"l", packed.blob(b"/etc/passwd")))

    def made(packed: Packed) -> bytes:
        bad(packed)
        return packed.commit(plain(packed))

    assert "not a plain relative path" in refuse(repo, made).message
    assert "did not receive" in refuse(repo, lambda packed: packed.commit(bad(Packed()))).unpacked


def test_a_large_file_that_no_commit_leads_to(repo: Repo) -> None:
    """An attacker hides a file over the limit beside a good commit, to use it later."""
    large = bytes(10 * MIB + 1)

    def made(packed: Packed) -> bytes:
        packed.blob(large)
        return packed.commit(plain(packed))

    report = refuse(repo, made)
    assert "(10485761 bytes)" in report.message
    assert report.refused[NEW] == "a file is too large"
    later = Packed().blob(large)
    report = refuse(repo, lambda packed: packed.commit(packed.tree((FILE, b"l", later))))
    assert "did not receive" in report.unpacked


# Cards and pointers


@pytest.mark.parametrize("name", ["README.md", ".gitattributes"])
def test_a_file_that_the_hub_reads_is_no_pointer(repo: Repo, name: str) -> None:
    """An attacker wants the hub to read a large file whenever it shows the repository."""
    data = b"any data"
    repo.upload(data)
    report = refuse(repo, with_files(**{name.replace(".", "DOT"): pointer(data)}))
    assert f"{name} cannot be kept in LFS" in report.message


def yaml_bomb() -> bytes:
    lines = ['a0: &a0 ["x", "x"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "card",
    [
        pytest.param(b"a: " + b"x" * (9 * MIB), id="9 MB"),
        pytest.param(yaml_bomb(), id="aliases of aliases"),
        pytest.param(b"a: " + b"[" * 100_000, id="lists in lists"),
    ],
)
def test_a_card_that_takes_for_ever_to_read(repo: Repo, card: bytes) -> None:
    """An attacker wants the front matter of a card to fill the memory of the hub."""
    report = send(repo, with_files(READMEDOTmd=b"---\n" + card + b"\n---\n"))
    assert report.taken == [NEW]
    assert "warning: refs/heads/new: The YAML metadata of README.md is not" in report.message
    moved = repo.post("/branch/main", {"startingPoint": "new", "overwrite": True})
    assert moved.status_code == 200, moved.text
    assert repo.get("").json()["tags"] == []


def test_a_card_that_is_too_large_for_git(repo: Repo) -> None:
    """An attacker wants the hub to keep a large card in its packs."""
    report = refuse(repo, with_files(READMEDOTmd=b"---\na: " + b"x" * (20 * MIB) + b"\n---\n"))
    assert "kept in git LFS" in report.words


@pytest.mark.parametrize("row", [(GITLINK, NOWHERE), (DIRECTORY, None), (SYMLINK, None)])
def test_a_card_that_is_no_file(repo: Repo, row: tuple[int, bytes | None]) -> None:
    """An attacker wants the hub to fall over a README.md that is a folder, a link or elsewhere."""
    mode, oid = row

    def made(packed: Packed) -> bytes:
        inside = plain(packed) if mode == DIRECTORY else packed.blob(b"x")
        return packed.commit(packed.tree((mode, b"README.md", oid or inside)))

    take(repo, made)
    assert repo.get("/revision/new").status_code == 200
    assert repo.get("/tree/new").status_code == 200
    moved = repo.post("/branch/main", {"startingPoint": "new", "overwrite": True})
    assert moved.status_code == 200, moved.text
    assert repo.get("").json()["tags"] == []


def test_a_pointer_to_a_file_of_a_private_repository(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    """An attacker knows the sha256 of a secret file, and wants to read it by pushing a pointer.

    A pointer with extensions, which git-lfs reads as well, is no way around that.
    """
    repo, secret = new_repo(hub, alice, file("a.txt", "one")), b"a secret of bob" * 100
    new_repo(hub, bob, private=True).commit_lfs("w.bin", secret)
    plain_text = pointer(secret)
    extended = plain_text.replace(b"oid", b"ext-0-foo sha256:%s\noid" % (b"1" * 64,), 1)
    for text in (plain_text, extended):
        report = refuse(repo, with_files(w=text))
        assert sha256(secret) in report.message
        assert report.refused[NEW] == "the file of an LFS pointer is missing"
    repo.upload(secret)
    take(repo, with_files(w=extended))
    assert repo.resolve("w", "new").content == secret


@pytest.mark.parametrize(
    "change",
    [(b"v1", b"v2"), (b"sha256:", b"md5:"), (b"size ", b"size -"), (b"size ", b"size 0")],
)
def test_a_file_that_is_almost_a_pointer_is_a_file(repo: Repo, change: tuple[bytes, bytes]) -> None:
    """What the hub does not read as a pointer it gives back as it is, and never as a large file."""
    text = pointer(b"data").replace(*change)
    take(repo, with_files(w=text))
    assert repo.resolve("w", "new").content == text
