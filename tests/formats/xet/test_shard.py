"""Shards: what is written is read, and what is read is what was said, or an error."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.xet.errors import ShardError
from freehold.formats.xet.hashing import (
    ZERO_HASH,
    Node,
    chunk_hash,
    file_hash,
    keyed_chunk_hash,
    range_hash,
    xorb_hash,
)
from freehold.formats.xet.shard import (
    BOOKEND,
    HEADER,
    MAX_SHARD,
    TAG,
    ShardChunk,
    ShardFile,
    ShardReader,
    ShardXorb,
    Term,
    check_file,
    check_xorb,
    read_shard,
)
from freehold.formats.xet.shard_footer import FOOTER_SIZE, ShardFooter, parse_footer
from freehold.formats.xet.shard_writing import build_shard

# 32 and 16 bytes in turn.
PUBLISHED = bytes.fromhex(
    """
    48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9
    02000000000000000000000000000000
    27ad6c083a21a348b52e2347feaa8113ecbfeb3c961a29df22b45ef4ef721907
    000000c0010000000000000000000000
    0b0598d912ba76903e940f77bfc8959cb7820a49c755ad6cc2c2052a2a58f16c
    00000000050000000000000001000000
    6ad456f049761d7f7a68d7ee0c1d7901d31689e8e642dabccf7c9a9d2c4bdacd
    00000000000000000000000000000000
    0ea3b05fba4df22c9ee2b9c52a3be8265e42a71f5c1e161b24988b9362330473
    00000000000000000000000000000000
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
    00000000000000000000000000000000
    0b0598d912ba76903e940f77bfc8959cb7820a49c755ad6cc2c2052a2a58f16c
    00000000010000000500000000000000
    0b0598d912ba76903e940f77bfc8959cb7820a49c755ad6cc2c2052a2a58f16c
    00000000050000000000000000000000
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
    00000000000000000000000000000000
    """
)
CHUNK = chunk_hash(b"hello")
HELLO = ShardFile(
    file_hash([(CHUNK, 5)]),
    (Term(CHUNK, 0, 1, 5, range_hash([CHUNK])),),
    hashlib.sha256(b"hello").digest(),
)
HELLO_XORB = ShardXorb(CHUNK, (ShardChunk(CHUNK, 0, 5),), 5)
EMPTY = ShardFile(ZERO_HASH, (), bytes(32))

Shard = tuple[list[ShardFile], list[ShardXorb]]

hashes = st.binary(min_size=32, max_size=32).filter(lambda raw: not raw.startswith(b"\xff" * 8))
keys = hashes.filter(any)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    start = draw(st.integers(0, 8000))
    count = draw(st.integers(1, 192))
    return Term(
        draw(hashes), start, start + count, draw(st.integers(count, count * 131072)), draw(hashes)
    )


@st.composite
def xorbs(draw: st.DrawFn) -> ShardXorb:
    lengths = draw(st.lists(st.integers(1, 131072), max_size=6))
    starts = [0, *itertools.accumulate(lengths)]
    chunks = tuple(
        ShardChunk(draw(hashes), start, length, draw(st.booleans()))
        for start, length in zip(starts, lengths, strict=False)
    )
    return ShardXorb(draw(hashes), chunks, starts[-1], draw(st.integers(0, 1 << 27)))


files = st.builds(ShardFile, hashes, st.lists(terms(), max_size=5).map(tuple), st.none() | hashes)
shards = st.tuples(st.lists(files, max_size=4), st.lists(xorbs(), max_size=4))
footers = st.builds(
    ShardFooter, st.just(ZERO_HASH) | keys, st.integers(0, 1 << 40), st.integers(0, 1 << 40)
)


def write(shard: Shard, footer: ShardFooter | None = None) -> bytes:
    return b"".join(build_shard(*shard, footer))


def read_in_steps(data: bytes, step: int) -> list[ShardFile | ShardXorb]:
    reader = ShardReader()
    found = [
        entry
        for start in range(0, len(data), step)
        for entry in reader.feed(data[start : start + step])
    ]
    reader.close()
    return found


# Both directions


def test_the_published_shard_is_written_and_read() -> None:
    assert len(PUBLISHED) == 432
    assert read_shard(PUBLISHED) == ([HELLO], [HELLO_XORB])
    assert write(([HELLO], [HELLO_XORB])) == PUBLISHED


def test_the_shard_of_an_empty_file_has_the_published_size() -> None:
    data = write(([EMPTY], []))
    assert len(data) == 240
    assert data[48:96] == bytes(32) + b"\0\0\0\xc0" + bytes(12)
    assert read_shard(data) == ([EMPTY], [])


def test_a_shard_of_nothing_is_a_shard() -> None:
    assert read_shard(write(([], []))) == ([], [])


@given(shards, st.none() | st.just(ShardFooter(created=7)), st.integers(1, 500))
def test_what_is_written_is_read_again_however_it_is_cut(
    shard: Shard, footer: ShardFooter | None, step: int
) -> None:
    data = write(shard, footer)
    assert read_shard(data) == shard
    assert read_in_steps(data, step) == [*shard[0], *shard[1]]


@given(shards, footers)
def test_a_footer_tells_the_key_that_hides_the_chunks(shard: Shard, footer: ShardFooter) -> None:
    data = write(shard, footer)
    assert parse_footer(data) == footer
    _, found = read_shard(data)
    for hidden, plain in zip(found, shard[1], strict=True):
        assert hidden.hash == plain.hash
        assert [chunk.hash for chunk in hidden.chunks] == [
            chunk.hash if footer.key == ZERO_HASH else keyed_chunk_hash(footer.key, chunk.hash)
            for chunk in plain.chunks
        ]


def test_an_answer_to_a_dedup_query_has_all_offsets_that_clients_look_at() -> None:
    key = bytes(range(32))
    data = write(([], [HELLO_XORB]), ShardFooter(key, created=1, expires=2))
    body = data[:-FOOTER_SIZE]
    numbers = [int.from_bytes(data[i : i + 8], "little") for i in range(len(body), len(data), 8)]
    end = len(body)
    assert HEADER.unpack_from(data)[2] == FOOTER_SIZE
    assert numbers[:9] == [1, 48, 96, end, 0, end, 0, end, 0]
    assert data[end + 72 : end + 104] == key
    assert numbers[13:15] == [1, 2]
    assert numbers[-4:] == [0, 0, 5, end]
    assert keyed_chunk_hash(key, CHUNK) in body
    assert body.count(CHUNK) == 1


def test_what_follows_the_second_bookend_is_ignored() -> None:
    """Tables, footers, and nothing at all behind a header that promises one."""
    for size, tail in ((200, b""), (200, b"x" * 999), (0, PUBLISHED), (1 << 63, bytes(200))):
        data = HEADER.pack(TAG, 2, size) + PUBLISHED[48:] + tail
        assert read_shard(data) == ([HELLO], [HELLO_XORB])
        assert read_in_steps(data, 50) == [HELLO, HELLO_XORB]


def test_an_entry_is_given_out_as_soon_as_its_last_byte_is_there() -> None:
    reader = ShardReader()
    end = 5 * 48
    assert list(reader.feed(PUBLISHED[: end - 1])) == []
    assert list(reader.feed(PUBLISHED[end - 1 : end])) == [HELLO]
    assert list(reader.feed(PUBLISHED[end:])) == [HELLO_XORB]
    reader.close()


# What is refused


def put(at: int, value: bytes, data: bytes = PUBLISHED) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def number(value: int) -> bytes:
    return value.to_bytes(4, "little")


FILE, TERM, XORB, CHUNK_ROW = 48, 96, 288, 336


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "ends within its files"),
        (b"<html>" * 10, "do not begin like a shard"),
        (put(0, b"X"), "do not begin like a shard"),
        (put(31, b"X"), "do not begin like a shard"),
        (put(32, b"\3"), "unknown version 3"),
        (PUBLISHED[:96], "ends within its files"),
        (PUBLISHED[:288], "ends within its xorbs"),
        (PUBLISHED[:-1], "ends within its xorbs"),
        (put(FILE + 32, number(0x40000000)), "without range hashes"),
        (put(FILE + 32, number(0xE0000000)), "unknown flags 0xe0000000"),
        (put(FILE + 36, number(1 << 31)), "byte 48: 206158430304 bytes are declared"),
        (put(FILE + 36, number(9)), "ends within its files"),
        (put(TERM + 40, number(1)), "chunks 1 to 1"),
        (put(TERM + 40, number(2)), "chunks 2 to 1"),
        (put(TERM + 44, number(8193)), "chunks 0 to 8193"),
        (put(TERM + 36, number(0)), "1 chunks with 0 bytes"),
        (put(TERM + 36, number(131073)), "1 chunks with 131073 bytes"),
        (put(TERM + 36, number(MAX_SHARD) + number(0) + number(8192)), "8192 chunks with"),
        (put(XORB + 36, number(1 << 31)), "byte 288: 103079215152 bytes are declared"),
        (put(XORB + 40, number(1 << 27)), "a xorb of 1 chunks with 134217728 bytes"),
        (put(CHUNK_ROW + 36, number(0)), "a chunk of 0 bytes"),
        (put(CHUNK_ROW + 36, number(6)), "a chunk of 6 bytes at 0 of 5"),
        (put(CHUNK_ROW + 32, number(1)), "a chunk of 5 bytes at 1 of 5"),
    ],
)
def test_what_is_no_shard_is_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(ShardError, match=complaint):
        read_shard(data)


def test_a_xorb_of_too_many_chunks_is_refused() -> None:
    many = ShardXorb(CHUNK, (ShardChunk(CHUNK, 0, 1),) * 8193, 9000)
    with pytest.raises(ShardError, match="a xorb of 8193 chunks"):
        read_shard(write(([], [many])))


@given(shards, st.data())
def test_every_cut_is_refused(shard: Shard, draw: st.DataObject) -> None:
    data = write(shard)
    with pytest.raises(ShardError):
        read_shard(data[: draw.draw(st.integers(0, len(data) - 1))])


def test_every_cut_of_a_small_shard_is_refused() -> None:
    for size in range(len(PUBLISHED)):
        with pytest.raises(ShardError):
            read_shard(PUBLISHED[:size])


def flips(data: bytes) -> list[tuple[int, bytes]]:
    """Every byte with each of its bits flipped."""
    return [
        (at, put(at, bytes([data[at] ^ 1 << bit]), data))
        for at in range(len(data))
        for bit in range(8)
    ]


# What nobody can check in the published shard, by byte.
CLAIMS = {
    "the sha256": range(FILE + 144, FILE + 176),
    "raw and stored bytes of the xorb": range(XORB + 40, XORB + 48),
    "where the chunk begins, and whether to offer it": range(CHUNK_ROW + 32, CHUNK_ROW + 44),
}
PADDING = {
    "the size of the footer": range(40, 48),
    "of the file": range(FILE + 40, FILE + 48),
    "of the term": range(TERM + 32, TERM + 36),
    "of the range hash": range(FILE + 128, FILE + 144),
    "of the sha256": range(FILE + 176, FILE + 192),
    "of the xorb": range(XORB + 32, XORB + 36),
    "of the chunk": range(CHUNK_ROW + 40, CHUNK_ROW + 48),
}


def test_a_flipped_bit_is_refused_unless_it_is_a_claim_or_has_no_meaning() -> None:
    """Reading and checking together, as a server does it."""
    accepted = {at for at, data in flips(PUBLISHED) if stands(data)}
    claims = set(itertools.chain(*CLAIMS.values()))
    padding = set(itertools.chain(*PADDING.values()))
    assert accepted <= claims | padding
    assert accepted >= padding


def stands(data: bytes) -> bool:
    try:
        files, xorbs = read_shard(data)
        for file in files:
            check_file(file, {CHUNK: [(CHUNK, 5)]}.get)
        for xorb in xorbs:
            check_xorb(xorb, {CHUNK: [(CHUNK, 5)]}.get(xorb.hash))
    except ShardError:
        return False
    return True


@given(shards, st.data())
def test_a_flipped_bit_is_an_error_of_one_kind_or_another_shard(
    shard: Shard, draw: st.DataObject
) -> None:
    data = write(shard)
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = put(at, bytes([data[at] ^ 1 << draw.draw(st.integers(0, 7))]), data)
    try:
        files, xorbs = read_shard(changed)
    except ShardError:
        return
    assert len(write((files, xorbs))) <= len(changed)


@given(st.binary(max_size=300))
def test_junk_is_an_error_of_one_kind(junk: bytes) -> None:
    for data in (junk, PUBLISHED[:48] + junk, PUBLISHED[:FILE] + BOOKEND + junk):
        try:
            read_shard(data)
        except ShardError:
            continue
        assert data.count(BOOKEND) == 2


def test_an_error_stays_an_error() -> None:
    reader = ShardReader()
    for piece in (put(FILE + 32, number(0))[:240], PUBLISHED):
        with pytest.raises(ShardError, match="byte 48: a file without range hashes"):
            list(reader.feed(piece))
    with pytest.raises(ShardError, match="ends within its files"):
        reader.close()


def test_a_shard_may_be_as_long_as_allowed_and_no_longer() -> None:
    assert list(ShardReader(len(PUBLISHED)).feed(PUBLISHED)) == [HELLO, HELLO_XORB]
    for data in (PUBLISHED, PUBLISHED + bytes(1)):
        with pytest.raises(ShardError, match="a shard of more than"):
            list(ShardReader(len(data) - 1).feed(data))
    reader = ShardReader(1000)
    list(reader.feed(PUBLISHED))
    with pytest.raises(ShardError, match="a shard of more than 1000 bytes"):
        for _ in range(1000):
            list(reader.feed(b"x"))


def test_no_more_is_allocated_than_what_has_arrived() -> None:
    promise = put(FILE + 36, number(600_000))[: FILE + 48]
    reader = ShardReader()
    tracemalloc.start()
    try:
        assert list(reader.feed(promise + bytes(1000))) == []
        assert tracemalloc.get_traced_memory()[1] < 20_000
    finally:
        tracemalloc.stop()


# Footers


def test_a_shard_without_a_footer_has_none() -> None:
    for data in (b"", PUBLISHED, PUBLISHED + bytes(200), write(([HELLO] * 5, []))):
        with pytest.raises(ShardError, match="footer"):
            parse_footer(data)


def test_a_footer_of_another_shard_is_refused() -> None:
    footer = write(([HELLO], []), ShardFooter())[-FOOTER_SIZE:]
    with pytest.raises(ShardError, match="footer at byte"):
        parse_footer(write(([HELLO], [HELLO_XORB])) + footer)


def test_a_flipped_bit_in_the_places_of_a_footer_is_refused() -> None:
    """Those of files, tables and itself: where the xorbs are, only the reading itself can tell."""
    shard = write(([HELLO], [HELLO_XORB]), ShardFooter(bytes(range(32)), 1, 2))
    start = len(shard) - FOOTER_SIZE
    checked = [range(0, 16), range(192, 200), range(32, 40), range(48, 56), range(64, 72)]
    for at, data in flips(shard):
        if at - start in itertools.chain(*checked):
            with pytest.raises(ShardError, match="footer"):
                parse_footer(data)


# Files


def stored() -> tuple[list[Node], dict[bytes, Sequence[Node]], ShardFile]:
    """The chunks of a xorb, the stored xorbs by name, and a file of two runs of that one."""
    nodes = [(chunk_hash(bytes([n])), n + 1) for n in range(6)]
    name = xorb_hash(nodes)
    runs = [(0, 3), (2, 6)]
    terms = tuple(
        Term(name, a, b, sum(n for _, n in nodes[a:b]), range_hash(h for h, _ in nodes[a:b]))
        for a, b in runs
    )
    file = ShardFile(file_hash([*nodes[0:3], *nodes[2:6]]), terms, None)
    return nodes, {name: nodes}, file


def test_a_file_that_consists_of_what_it_says_is_right() -> None:
    _, xorbs, file = stored()
    check_file(file, xorbs.get)
    check_file(HELLO, {CHUNK: [(CHUNK, 5)]}.get)
    check_file(EMPTY, {}.get)
    assert (file.length, HELLO.length, EMPTY.length) == (6 + 18, 5, 0)
    assert (file.chunk_count, HELLO.chunk_count, EMPTY.chunk_count) == (3 + 4, 1, 0)


def test_a_file_that_says_something_else_is_refused_with_the_reason() -> None:
    nodes, xorbs, file = stored()
    first, second = file.terms
    wrong = {
        "term 1 names the unknown xorb": second._replace(xorb=CHUNK),
        "term 1: chunks 2 to 7 of a xorb of 6": second._replace(end=7),
        "term 1: its chunks do not have 17 bytes": second._replace(length=17),
        "term 1: its range hash": second._replace(proof=first.proof),
        "the terms make the file": second._replace(
            start=0, length=21, proof=range_hash(h for h, _ in nodes)
        ),
    }
    for complaint, term in wrong.items():
        with pytest.raises(ShardError, match=complaint):
            check_file(file._replace(terms=(first, term)), xorbs.get)
    for changed in (file._replace(terms=()), EMPTY._replace(hash=CHUNK)):
        with pytest.raises(ShardError, match="the terms make the file"):
            check_file(changed, xorbs.get)


def test_a_xorb_that_is_described_must_be_the_one_that_is_stored() -> None:
    check_xorb(HELLO_XORB, [(CHUNK, 5)])
    with pytest.raises(ShardError, match="the unknown xorb 9076ba12d998050b"):
        check_xorb(HELLO_XORB, None)
    for others in ([], [(CHUNK, 4)], [(HELLO.hash, 5)], [(CHUNK, 5), (CHUNK, 5)]):
        with pytest.raises(ShardError, match="has other chunks"):
            check_xorb(HELLO_XORB, others)
