"""Packs and requests of somebody who wants the hub to fall, to fill up, or to tell secrets."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.git_objects import object_id
from freehold.formats.git_push import read_push
from freehold.formats.pack import IndexEntry, build_index
from freehold.formats.pkt_line import FLUSH, pkt_line, read_pkt_line
from freehold.server.core import pushes
from freehold.server.git import native
from freehold.server.git.native import GitError
from freehold.server.git.views import View
from tests.clones import clone, list_remote
from tests.live import Account, LiveHub
from tests.packs import (
    BLOB,
    COMMIT,
    TAG,
    TREE,
    copy,
    delta,
    distance,
    entry,
    head,
    insert,
    new_chain,
    ofs_delta,
    pack,
    ref_delta,
    zeros,
)
from tests.raw_pushes import Report, build_request, command, post, push, read_report, state_of
from tests.repos import Repo, file, new_repo

MIB = 1024 * 1024
GIB = 1024 * MIB

OTHER = "refs/heads/other"
TEXT = b"a text that differences are made to\n" * 10


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A hub on one database: what a pack holds is looked at before any of them is asked."""
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    """A repository with one file."""
    return new_repo(hub, alice, file("a.txt", TEXT))


@contextmanager
def unharmed(repo: Repo) -> Iterator[None]:
    """Whatever is sent meanwhile changes nothing, leaves nothing behind and costs no memory."""
    before, peak = state_of(repo), peak_memory(repo.hub)
    yield
    assert state_of(repo) == before
    assert repo.get().status_code == 200
    assert peak_memory(repo.hub) - peak < 100 * MIB
    await_tidiness(repo.hub)


def peak_memory(hub: LiveHub) -> int:
    """The most bytes of memory that the server itself has ever had."""
    status = Path(f"/proc/{hub.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def await_tidiness(hub: LiveHub) -> None:
    """Returns when no program has a folder any more: an answer is read before it is let go."""
    deadline = time.monotonic() + 10
    while left := [*(hub.data / "tmp").glob("git-*")]:
        assert time.monotonic() < deadline, left


def refuse(repo: Repo, pack: bytes, new: str | None = None) -> Report:
    """What the hub says to a new branch with this pack, which it must not take."""
    with unharmed(repo):
        report = push(repo, command(OTHER, new or new_chain(b"x").oid), pack=pack)
    assert report.refused[OTHER]
    return report


def good_pack() -> bytes:
    """A pack that could be pushed as it is."""
    return pack(*new_chain(b"x").entries())


# The outside of a pack


@pytest.mark.parametrize("size", [0, 3, 11, 12, 13, 40, 100, -21, -20, -1])
def test_a_pack_that_breaks_off_is_refused(repo: Repo, size: int) -> None:
    """A connection that dies, or is said to have died, must not leave half a history behind."""
    assert refuse(repo, good_pack()[:size]).unpacked != "ok"


@pytest.mark.parametrize(
    "options",
    [
        {"trailer": bytes(20)},
        {"magic": b"KCAP"},
        {"version": 0},
        {"version": 4},
        {"version": 2**32 - 1},
        {"count": 0},
        {"count": 2},
        {"count": 4},
        {"count": 2**31},
        {"count": 2**32 - 1},
    ],
)
def test_a_pack_that_lies_about_itself_is_refused(repo: Repo, options: dict[str, object]) -> None:
    """The head and the end of a pack are claims; memory must not be set aside on their word."""
    assert refuse(repo, pack(*new_chain(b"x").entries(), **options)).unpacked != "ok"


# The entries of a pack


@pytest.mark.parametrize("kind", [COMMIT, TREE, BLOB, TAG])
@pytest.mark.parametrize("size", [len(TEXT) - 1, len(TEXT) + 1, 2**60, 2**70])
def test_an_object_of_another_size_than_it_claims_is_refused(
    repo: Repo, kind: int, size: int
) -> None:
    """Whoever sets memory aside for the claimed size falls, whoever trusts it reads too far."""
    assert refuse(repo, pack(entry(kind, TEXT, size))).unpacked != "ok"


@pytest.mark.parametrize("kind", [0, 5])
def test_an_object_of_no_kind_is_refused(repo: Repo, kind: int) -> None:
    """Two numbers of kinds mean nothing, and nothing may be made of them."""
    assert "unknown object type" in refuse(repo, pack(entry(kind, TEXT))).unpacked


@pytest.mark.parametrize("junk", [b"", b"\xff" * 100, b"\x78\x9c" + bytes(100)])
def test_an_object_that_is_not_packed_by_zlib_is_refused(repo: Repo, junk: bytes) -> None:
    """Random bytes in place of a stream end the reading, and are not read for ever."""
    assert refuse(repo, pack(head(BLOB, 100) + junk)).unpacked != "ok"


def test_an_object_may_not_be_in_a_pack_twice(repo: Repo) -> None:
    """An index with one id in two places is a riddle for each reader; git makes no such pack."""
    entries = new_chain(b"x").entries()
    assert "appears twice" in refuse(repo, pack(*entries, *entries)).unpacked


def test_what_follows_a_pack_is_refused(repo: Repo) -> None:
    """Bytes behind the end could be smuggled into what is stored."""
    for junk in (b"x", bytes(MIB)):
        assert "junk at the end" in refuse(repo, good_pack() + junk).unpacked


def test_a_ref_to_what_is_in_no_pack_is_refused(repo: Repo) -> None:
    """A branch that leads nowhere breaks each clone; an empty pack and none bring nothing."""
    reason = refuse(repo, pack()).refused[OTHER]
    assert reason == "the push has not brought the object that it names"
    assert refuse(repo, b"", repo.head()).unpacked == "early EOF"
    reason = refuse(repo, pack(), object_id("blob", TEXT).hex()).refused[OTHER]
    assert reason == "a branch leads to a commit"


# Differences

BASE = entry(BLOB, TEXT)
GOOD = delta(len(TEXT), 5, insert(b"hello"))


@pytest.mark.parametrize(
    "back",
    [
        b"\0",
        distance(len(BASE) + 3),
        distance(len(BASE) - 3),
        distance(10**6),
        distance(2**40),
        b"\xff" * 30 + b"\x7f",
    ],
)
def test_a_difference_to_a_place_without_an_object_is_refused(repo: Repo, back: bytes) -> None:
    """A base before the pack, in the middle of an object, or in the difference itself."""
    assert refuse(repo, pack(BASE, ofs_delta(back, GOOD))).unpacked != "ok"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff" * 40,
        delta(len(TEXT), 0),
        delta(len(TEXT) - 1, 5, insert(b"hello")),
        delta(len(TEXT), 6, insert(b"hello")),
        delta(len(TEXT), 4, insert(b"hello")),
        delta(len(TEXT), 2**60, insert(b"hello")),
        delta(len(TEXT), 10, copy(len(TEXT) - 5, 10)),
        delta(len(TEXT), 10, copy(2**32 - 1, 10)),
        delta(len(TEXT), 5, b"\0hello"),
        delta(len(TEXT), 5, b"\x7fhello"),
    ],
)
def test_a_difference_that_does_not_fit_is_refused(repo: Repo, text: bytes) -> None:
    """Copies from behind the base would show the memory of the server to the world."""
    back = distance(len(BASE))
    assert refuse(repo, pack(BASE, ofs_delta(back, text))).unpacked != "ok"
    assert refuse(repo, pack(ref_delta(object_id("blob", TEXT), text))).unpacked != "ok"


def test_differences_without_a_beginning_are_refused(repo: Repo) -> None:
    """Whoever follows the bases of these walks in a circle, or off the edge."""
    one, two = object_id("blob", b"hello"), object_id("blob", b"world")
    text = delta(5, 5, insert(b"hello")), delta(5, 5, insert(b"world"))
    for entries in (
        [ref_delta(one, text[0])],
        [ref_delta(two, text[0]), ref_delta(one, text[1])],
        [ref_delta(bytes(20), text[0])],
    ):
        assert "unresolved delta" in refuse(repo, pack(*entries)).unpacked


# What is unusual and good


def test_a_thin_pack_and_what_is_there_already_are_taken(repo: Repo) -> None:
    """git leaves out bases that the hub has, and may send what it has: both are in order."""
    base = object_id("blob", TEXT)
    made = new_chain(b"hello")
    entries = [entry(COMMIT, made.commit), entry(TREE, made.tree), ref_delta(base, GOOD), BASE]
    for number, packed in enumerate([pack(*entries[:3]), pack(*entries)]):
        report = push(repo, command(f"{OTHER}-{number}", made.oid), pack=packed)
        assert report == Report("ok", [f"{OTHER}-{number}"])
        assert repo.resolve("x.txt", f"other-{number}").text == "hello"


def test_a_pack_beside_deletions_is_not_looked_at(repo: Repo) -> None:
    """No pack belongs to deletions, and one that comes all the same is forgotten."""
    push(repo, command(OTHER, new_chain(b"x").oid), pack=good_pack())
    before = state_of(repo)[1]
    report = push(repo, command(OTHER, None, new_chain(b"x").oid), pack=pack(b"junk"))
    assert report == Report("ok", [OTHER])
    assert state_of(repo)[1] == before
    assert OTHER not in list_remote(repo.hub, repo)


@pytest.mark.parametrize("depth", [250, 251, 20_000])
def test_a_chain_of_differences_has_an_end(repo: Repo, depth: int) -> None:
    """Each file is a difference to the one before it, so to read all of them takes the square.

    git itself makes chains of 50, and of 250 when it is asked for small packs.
    """
    entries = [entry(BLOB, TEXT)]
    for number in range(depth):
        text = delta(len(TEXT), len(TEXT), copy(0, len(TEXT) - 5), insert(b"%05d" % number))
        entries.append(ofs_delta(distance(len(entries[-1])), text))
    made = new_chain(TEXT[:-5] + b"%05d" % (depth - 1))
    entries += [entry(COMMIT, made.commit), entry(TREE, made.tree)]
    report = push(repo, command(OTHER, made.oid), pack=pack(*entries))
    if depth <= 250:
        assert report.taken == [OTHER]
        assert repo.resolve("x.txt", "other").content == made.blob
    else:
        assert f"behind {depth} differences" in report.message
        assert OTHER not in list_remote(repo.hub, repo)


def test_a_size_that_only_one_program_reads_is_refused(repo: Repo) -> None:
    """`git index-pack` forgets the bits beyond 64; after that, nobody could clone the branch."""
    made = new_chain(TEXT)
    blob = entry(BLOB, TEXT)
    size = head(BLOB, len(TEXT) + (1 << 64))
    entries = [entry(COMMIT, made.commit), entry(TREE, made.tree)]
    lying = size + blob[len(head(BLOB, len(TEXT))) :]
    with unharmed(repo):
        report = push(repo, command(OTHER, made.oid), pack=pack(*entries, lying))
    assert OTHER in report.refused


def test_a_pack_of_another_version_is_refused(repo: Repo) -> None:
    """git reads version 3 as if it were 2, and libgit2 does not."""
    made = new_chain(TEXT)
    body = bytearray(pack(*made.entries()))[:-20]
    body[7] = 3
    body += hashlib.sha1(body).digest()
    with unharmed(repo):
        report = push(repo, command(OTHER, made.oid), pack=bytes(body))
    assert OTHER in report.refused


# Bombs


@pytest.mark.parametrize("kind", [COMMIT, TREE, TAG])
def test_a_text_without_end_is_refused(repo: Repo, kind: int) -> None:
    """A few bytes unpack to more than git may hold, or to what no reader could hold."""
    for _ in range(5):  # git begins to unpack at once, and must be limited by then.
        assert "within the limits" in refuse(repo, pack(zeros(kind, 3 * GIB))).unpacked
    assert refuse(repo, pack(zeros(kind, 128 * MIB))).unpacked != "ok"


def test_a_file_without_end_is_refused(repo: Repo) -> None:
    """Half a megabyte unpacks to five hundred, in neither the memory of git nor that of the hub."""
    report = refuse(repo, pack(zeros(BLOB, 512 * MIB)))
    assert report.refused[OTHER] == "a file is too large"
    assert f"({512 * MIB} bytes)" in report.message


def many_copies(base: int, times: int) -> bytes:
    """A difference that repeats its base, which has less than 16 MiB."""
    return delta(base, base * times, *[copy(0, base)] * times)


def test_a_difference_that_repeats_its_base_without_end_is_refused(repo: Repo) -> None:
    """Each byte of a difference may stand for megabytes."""
    size = 16 * MIB - 1
    base = zeros(BLOB, size)
    for times, reason in ((16, "a file is too large"), (255, "unpacker error")):
        bomb = ofs_delta(distance(len(base)), many_copies(size, times))
        assert refuse(repo, pack(base, bomb)).refused[OTHER] == reason


def test_differences_that_multiply_are_refused(repo: Repo) -> None:
    """A kilobyte stands for 64, that for four thousand, and the last of them for 8 GiB."""
    entries = [entry(BLOB, bytes(1024))]
    sizes = [1024, 64 * 1024, 4 * MIB, 256 * MIB, 4 * GIB, 8 * GIB]
    for size, result in pairwise(sizes):
        piece = min(size, 8 * MIB)
        once = [copy(start, piece) for start in range(0, size, piece)]
        text = delta(size, result, *once * (result // size))
        entries.append(ofs_delta(distance(len(entries[-1])), text))
    assert "within the limits" in refuse(repo, pack(*entries)).unpacked


# What is said


def test_what_git_says_does_not_tell_where_files_are() -> None:
    """The layout of a server's disk helps whoever attacks it next."""
    said = "fatal: packfile /srv/hub/tmp/git-x/objects/pack/pack-1.pack cannot be mapped: and/or"
    assert pushes._explain(GitError(said)) == "packfile a file cannot be mapped: and/or"
    said = "error: unable to open './objects/pack/x': why\nremark: /srv/hub"
    assert pushes._explain(GitError(said)) == "unable to open 'a file why"


@pytest.mark.parametrize("name", [OTHER, "refs/heads/\udcff", "refs/tags/../x"])
def test_the_deletion_of_what_is_not_there_is_refused_alone(repo: Repo, name: str) -> None:
    """A client that has seen the ref go says that it is absent and is to be; the rest moves."""
    commands = [
        command(name.encode(errors="surrogateescape"), None),
        command(f"{OTHER}-2", repo.head()),
    ]
    report = push(repo, *commands, pack=pack())
    assert report == Report("ok", [f"{OTHER}-2"], {name: "there is nothing to delete"})


def test_a_thin_pack_is_taken_by_a_repository_larger_than_the_memory_of_git(
    tmp_path: Path,
) -> None:
    """Bases from several large packs: mapped as a whole, they are more than git may have."""
    folder = tmp_path / "objects/pack"
    folder.mkdir(parents=True)
    entries = []
    for content in range(5):
        data = TEXT + b"%d" % content
        start = b"PACK" + struct.pack(">II", 2, 1) + entry(BLOB, data)
        path = folder / f"pack-{content:040}.pack"
        with path.open("wb") as file:
            file.write(start)
            file.seek(GIB)
            file.write(bytes(20))
        oid = object_id("blob", data)
        row = IndexEntry(oid, zlib.crc32(start[12:]), 12)
        path.with_suffix(".idx").write_bytes(build_index([row], bytes(20)))
        entries.append(ref_delta(oid, delta(len(data), 6, insert(b"hello%d" % content))))
    with View([tmp_path / "objects"], {}) as view, (tmp_path / "thin").open("w+b") as thin:
        thin.write(pack(*entries))
        thin.seek(0)
        assert native.index_pack(view.path, thin, GIB)


# Many at once, and at random


def test_an_ordinary_clone_goes_on_while_hostile_packs_arrive(repo: Repo, tmp_path: Path) -> None:
    """Whoever holds all programs of the hub with bombs still lets the others have their turn."""
    bombs = [pack(zeros(BLOB, 64 * MIB)), good_pack()[:-30], pack(*[BASE] * 50)]
    body = [build_request([command(OTHER, "1" * 40)], bomb) for bomb in bombs]
    with unharmed(repo), ThreadPoolExecutor(21) as pool:
        pushed = [pool.submit(post, repo, body[number % 3]) for number in range(20)]
        made = pool.submit(clone, repo, tmp_path / "c")
        assert made.result().head() == repo.head()
        for push in pushed:
            assert read_report(push.result().content).refused[OTHER]


def test_bits_that_flip_do_not_break_the_hub(hub: LiveHub, repo: Repo) -> None:
    """A line that garbles bytes is everywhere; what a ref leads to afterwards must be readable."""
    dice = random.Random(7)
    for number in range(200):
        ref = f"flip-{number}"
        made = new_chain(b"flip %d" % number)
        request = build_request([command(f"refs/heads/{ref}", made.oid)], pack(*made.entries()))
        body = bytearray(request)
        place = dice.randrange(len(body))
        body[place] ^= 1 << dice.randrange(8)
        answer = post(repo, bytes(body))
        assert answer.status_code == 200 or 400 <= answer.status_code < 500, (number, answer.text)
    for name, oid in list_remote(hub, repo).items():
        if name.startswith("refs/heads/"):
            revision = name.removeprefix("refs/heads/").replace("/", "%2F")
            assert repo.head(revision) == oid
            for path in repo.paths(revision):
                assert repo.raw(path, revision).status_code == 200
    await_tidiness(hub)


LINES = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(pkt_line),
    st.tuples(st.text("0123456789abcdefg", min_size=38, max_size=41), st.binary(max_size=50)).map(
        lambda pair: pkt_line(pair[0].encode() + b" " + pair[0].encode() + b" " + pair[1])
    ),
    st.just(FLUSH),
)


@given(st.lists(LINES).map(b"".join))
def test_what_is_no_push_raises_no_other_error(data: bytes) -> None:
    """Any bytes are a push or a `ValueError`, which is all that the caller expects."""
    for read in (read_pkt_line, read_push):
        with suppress(ValueError):
            read(io.BytesIO(data))


# Fetches


def fetch(repo: Repo, *lines: bytes, version: int = 2) -> bytes:
    """What the hub says to a stranger who wants objects; nothing when it refuses."""
    parts = b"".join(map(pkt_line, lines))
    if version == 2:
        parts = pkt_line(b"command=fetch") + b"0001" + parts + pkt_line(b"done") + FLUSH
    else:
        parts += FLUSH + pkt_line(b"done")
    kind = "application/x-git-upload-pack-request"
    headers = {"content-type": kind, "git-protocol": f"version={version}"}
    try:
        path = f"{repo.page}.git/git-upload-pack"
        answer = repo.hub.call("POST", path, content=parts, headers=headers)
    except httpx2.RemoteProtocolError:
        return b""
    finally:
        assert repo.get().status_code == 200
    assert answer.status_code in (200, 400), answer.text
    return answer.content if answer.status_code == 200 else b""


@pytest.mark.parametrize("version", [0, 2])
def test_objects_of_other_repositories_are_not_served(
    hub: LiveHub, repo: Repo, bob: Account, version: int
) -> None:
    """An id that leaked must be worth nothing: not through a repository that lacks the object."""
    head = repo.head().encode()
    assert b"PACK" in fetch(repo, b"want %s side-band-64k" % head, version=version)
    for private in (True, False):
        other = new_repo(hub, bob, file("s.txt", f"secret {private}"), private=private)
        blob = object_id("blob", f"secret {private}".encode()).hex()
        for oid in (other.head(), blob):
            said = fetch(repo, b"want %s side-band-64k" % oid.encode(), version=version)
            assert b"PACK" not in said


def test_absurd_depths_are_refused(repo: Repo) -> None:
    """Numbers that overflow, or count backwards, are no depth."""
    want = b"want " + repo.head().encode()
    for depth in (b"2147483648", b"99999999999999999999", b"-1", b"0", b"x"):
        assert fetch(repo, want, b"deepen " + depth) == b""
        assert fetch(repo, want, b"deepen " + depth, version=0) == b""
    assert b"PACK" in fetch(repo, want, b"deepen 2147483647")


def test_absurd_filters_are_refused(repo: Repo) -> None:
    """Patterns of a pushed file may match without end, and filters may hold filters."""
    want = b"want " + repo.head().encode()
    blob = object_id("blob", TEXT).hex().encode()
    refused = [b"sparse:oid=" + blob, b"sparse:oid=main:a.txt", b"tree:-1", b"x" * 60_000]
    refused += [b"combine:tree:1+" + refused[0], b"combine:combine:" + refused[0]]
    for spec in refused:
        assert fetch(repo, want, b"filter " + spec) == b"", spec
    for spec in (b"combine:blob:none+tree:0", b"combine:" * 500 + b"blob:none"):
        assert b"PACK" in fetch(repo, want, b"filter " + spec)


def test_a_long_list_of_wants_is_answered(repo: Repo) -> None:
    """Each line costs its sender more than the hub, however many there are."""
    want = b"want " + repo.head().encode()
    assert b"PACK" in fetch(repo, *[want] * 200_000)
    others = [b"want %040x" % number for number in range(1, 200_001)]
    for version in (0, 2):
        assert b"PACK" not in fetch(repo, *others, version=version)
