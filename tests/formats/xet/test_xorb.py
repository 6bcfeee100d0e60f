"""Xorbs: what is written is read, and nothing is read that was not written like that."""

from __future__ import annotations

import itertools
import random
import struct
import tracemalloc
from collections.abc import Iterable

import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.xet.chunking import MAX_CHUNK
from freehold.formats.xet.compression import Scheme
from freehold.formats.xet.errors import XorbError
from freehold.formats.xet.hashing import chunk_hash, hash_to_string, xorb_hash
from freehold.formats.xet.xorb import (
    MAX_CHUNKS,
    MAX_PAYLOAD,
    MAX_RAW,
    MAX_SIZE,
    MAX_UPLOAD,
    ChunkReader,
    Xorb,
    XorbChunk,
    XorbReader,
    XorbWriter,
    build_header,
    pack_chunk,
    read_chunks,
)
from freehold.formats.xet.xorb_footer import build_footer

HELLO = bytes.fromhex("0005000000050000") + b"hello"
PUBLISHED_LZ4 = bytes.fromhex(
    "001e000001e8030004224d186040820f0000001f610100ffffffd16061616161616100000000"
)

chunks = st.binary(min_size=1, max_size=500) | st.integers(1, MAX_CHUNK).map(lambda n: b"ab" * n)
chunk_lists = st.lists(chunks.map(lambda data: data[:MAX_CHUNK]), min_size=1, max_size=8)
schemes = st.none() | st.sampled_from(Scheme)


def write(chunks: Iterable[bytes], scheme: Scheme | None = None) -> tuple[Xorb, bytes]:
    writer = XorbWriter(scheme)
    data = b"".join([writer.add(chunk) for chunk in chunks])
    return writer.finish(), data


def read(data: bytes, expected: bytes, step: int | None = None) -> tuple[Xorb, bytes]:
    """The xorb, and the bytes to keep of it."""
    reader = XorbReader(expected)
    step = step or len(data) or 1
    kept = b"".join(
        [reader.feed(data[start : start + step]) for start in range(0, len(data), step)]
    )
    return reader.close(), kept


def with_footer(xorb: Xorb, data: bytes) -> bytes:
    rows = [(chunk.hash, chunk.length, chunk.size) for chunk in xorb.chunks]
    return data + build_footer(xorb.hash, rows)


def three_chunks() -> tuple[Xorb, bytes]:
    """A small xorb with a chunk of each scheme."""
    text = b"one for the money, two for the show, " + bytes(range(64)) * 2
    numbers = struct.pack("<40i", *range(1000, 1040))
    writer = XorbWriter()
    data = writer.add(b"hello")
    for chunk, scheme in ((text, Scheme.LZ4), (numbers, Scheme.GROUPED_LZ4)):
        writer._fixed = scheme
        data += writer.add(chunk)
    assert [data[chunk.offset + 4] for chunk in writer.finish().chunks] == [0, 1, 2]
    return writer.finish(), data


# Both directions


def test_the_published_bytes_are_written_and_read() -> None:
    xorb, data = write([b"hello"])
    assert data == HELLO
    assert xorb.hash == chunk_hash(b"hello")
    assert read(HELLO, xorb.hash) == (xorb, HELLO)
    assert list(read_chunks([PUBLISHED_LZ4])) == [b"a" * 1000]
    xorb, kept = read(PUBLISHED_LZ4, chunk_hash(b"a" * 1000))
    assert (xorb.chunks[0][1:], kept) == ((1000, 0, 38), PUBLISHED_LZ4)


@settings(deadline=None)
@given(chunk_lists, schemes, st.integers(1, 300))
def test_what_is_written_is_read_again_however_it_is_cut(
    written: list[bytes], scheme: Scheme | None, step: int
) -> None:
    xorb, data = write(written, scheme)
    assert xorb.hash == xorb_hash((chunk_hash(chunk), len(chunk)) for chunk in written)
    assert (xorb.length, xorb.size) == (sum(map(len, written)), len(data))
    assert read(data, xorb.hash) == read(data, xorb.hash, step) == (xorb, data)
    assert list(read_chunks([data])) == written


@given(chunk_lists, st.integers(0, 7), st.integers(1, 8))
def test_a_run_of_chunks_is_read_from_where_they_lie(
    written: list[bytes], start: int, count: int
) -> None:
    xorb, data = write(written)
    run = xorb.chunks[start : start + count]
    pieces = [data[chunk.offset : chunk.offset + chunk.size] for chunk in run]
    assert list(read_chunks(pieces)) == written[start : start + count]
    assert list(read_chunks([b"".join(pieces)])) == written[start : start + count]


def test_a_chunk_that_does_not_shrink_is_kept_as_it_is() -> None:
    data = random.Random(1).randbytes(5000)
    for scheme in Scheme:
        assert pack_chunk(data, scheme) == build_header(5000, Scheme.NONE, 5000) + data


def test_a_scheme_is_chosen_for_the_data() -> None:
    source = random.Random(2)
    words = [b" ".join(b"%d" % source.randrange(99) for _ in range(3000)) for _ in range(2)]
    _, text = write(words)
    _, raw = write([source.randbytes(3000), b"a" * 3000])
    assert text[4] == Scheme.LZ4
    assert raw[4] == raw[3008 + 4] == Scheme.NONE


def test_the_same_chunk_may_come_twice() -> None:
    xorb, data = write([b"same", b"same"])
    assert read(data, xorb.hash) == (xorb, data)
    assert xorb.chunks[0].hash == xorb.chunks[1].hash


def test_a_chunk_is_passed_on_as_soon_as_it_is_there() -> None:
    xorb, data = three_chunks()
    reader = XorbReader(xorb.hash)
    second = xorb.chunks[1].offset
    assert reader.feed(data[: second - 1]) == b""
    assert reader.feed(data[second - 1 : second + 20]) == data[:second]
    assert reader.feed(data[second + 20 :]) == data[second:]
    assert reader.close() == xorb


# Footers


@given(chunk_lists, st.binary(min_size=16, max_size=16))
def test_a_footer_is_checked_and_is_no_part_of_the_xorb(
    written: list[bytes], reserved: bytes
) -> None:
    xorb, data = write(written)
    upload = bytearray(with_footer(xorb, data))
    upload[-20:-4] = reserved
    assert len(upload) == len(data) + 96 + 40 * len(written)
    assert read(bytes(upload), xorb.hash) == read(bytes(upload), xorb.hash, 7) == (xorb, data)


def test_a_footer_that_says_something_else_is_refused() -> None:
    xorb, data = three_chunks()
    upload = with_footer(xorb, data)
    for at in range(len(data), len(upload)):
        if at - len(upload) in range(-20, -4):
            continue
        for bit in range(8):
            with pytest.raises(XorbError):
                read(flip(upload, at, bit), xorb.hash)


def test_a_footer_that_is_cut_or_goes_on_is_refused() -> None:
    xorb, data = three_chunks()
    upload = with_footer(xorb, data)
    for size in range(len(data) + 1, len(upload)):
        with pytest.raises(XorbError):
            read(upload[:size], xorb.hash)
    for more in (b"\0", HELLO, upload[len(data) :]):
        with pytest.raises(XorbError, match="footer"):
            read(upload + more, xorb.hash)


def test_a_footer_is_no_chunk_of_a_run() -> None:
    xorb, data = three_chunks()
    with pytest.raises(XorbError, match="end inside a chunk"):
        list(read_chunks([with_footer(xorb, data)]))


def test_a_footer_without_end_is_refused_before_it_fills_the_memory() -> None:
    reader = ChunkReader()
    with pytest.raises(XorbError, match="footer is longer"):
        for _ in range(100):
            list(reader.feed(b"XETBLOB" + bytes(1000)))
    assert len(reader.rest) < 3000


# What other decoders cannot read


def frame_with_distance(distance: int) -> bytes:
    """A chunk of 1000 zeros, said as one zero and what was `distance` bytes before, 993 times."""
    frame = bytearray(PUBLISHED_LZ4)
    place = frame.index(b"\x1fa\1\0")
    frame[place + 1 : place + 4] = bytes([0, distance, 0])
    frame[-10:-4] = bytes(6)
    return bytes(frame)


def test_a_match_at_distance_zero_is_not_kept() -> None:
    """It unpacks to zeros here and not at all in the published client."""
    name = chunk_hash(bytes(1000))
    for distance in (0, 1):
        upload = frame_with_distance(distance)
        xorb, kept = read(upload, name)
        assert kept != upload
        assert kept == pack_chunk(bytes(1000), Scheme.LZ4)
        assert xorb.chunks == (XorbChunk(name, 1000, 0, len(kept)),)


ODD_FRAMES = {
    "linked blocks": {"block_linked": True},
    "a content size": {"block_linked": False, "store_size": True},
    "a content checksum": {"block_linked": False, "store_size": False, "content_checksum": True},
    "block checksums": {"block_linked": False, "store_size": False, "block_checksum": True},
}


@pytest.mark.parametrize("options", ODD_FRAMES.values(), ids=ODD_FRAMES.keys())
def test_a_frame_with_more_than_the_plain_one_is_packed_anew(options: dict[str, bool]) -> None:
    data = b"one, two, " * 100
    frame = lz4.frame.compress(data, **options)
    upload = HELLO + build_header(len(frame), Scheme.LZ4, len(data)) + frame
    xorb, plain = write([b"hello", data], Scheme.LZ4)
    assert read(upload, xorb.hash) == (xorb, plain)


def test_a_footer_tells_of_the_chunks_as_they_came() -> None:
    name = chunk_hash(bytes(1000))
    upload = frame_with_distance(0) + HELLO
    xorb, kept = read(upload, xorb_hash([(name, 1000), (chunk_hash(b"hello"), 5)]))
    rows = [(name, 1000, 38), (chunk_hash(b"hello"), 5, 13)]
    assert read(upload + build_footer(xorb.hash, rows), xorb.hash) == (xorb, kept)


# What is refused


def flip(data: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def test_every_cut_of_a_xorb_is_refused() -> None:
    xorb, data = three_chunks()
    for size in range(len(data)):
        with pytest.raises(XorbError):
            read(data[:size], xorb.hash)


def accepted_flips(xorb: Xorb, data: bytes) -> list[tuple[int, bytes]]:
    """Where a bit could be another one without an error, with what is then kept."""
    accepted = []
    for at, bit in itertools.product(range(len(data)), range(8)):
        try:
            accepted.append((at, read(flip(data, at, bit), xorb.hash)[1]))
        except XorbError:
            continue
    return accepted


def test_every_flipped_bit_of_a_xorb_is_refused() -> None:
    xorb, data = write([b"hello", bytes(range(100)), b"a" * 50], Scheme.NONE)
    assert accepted_flips(xorb, data) == []


def test_of_a_compressed_xorb_only_bits_without_a_meaning_can_be_flipped() -> None:
    """The lower half of the token before the last literals of each frame."""
    xorb, data = three_chunks()
    accepted = accepted_flips(xorb, data)
    ends = [chunk.offset + chunk.size - 4 - 5 - 1 for chunk in xorb.chunks[1:]]
    assert {at for at, _ in accepted if at not in ends} <= {ends[1] - 3}
    for _, kept in accepted:
        assert list(read_chunks([kept])) == list(read_chunks([data]))


@settings(deadline=None)
@given(chunk_lists, schemes, st.data())
def test_a_flipped_bit_is_refused_or_changes_no_chunk(
    written: list[bytes], scheme: Scheme | None, draw: st.DataObject
) -> None:
    """LZ4 has more than one way to say the same."""
    xorb, data = write(written, scheme)
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = flip(data, at, draw.draw(st.integers(0, 7)))
    try:
        found, kept = read(changed, xorb.hash)
    except XorbError:
        return
    assert found.nodes == xorb.nodes
    assert (found.size, list(read_chunks([kept]))) == (len(kept), written)


@given(st.binary(max_size=300))
def test_junk_is_an_error_of_one_kind(junk: bytes) -> None:
    for data in (junk, b"\0" + junk, HELLO + junk, b"XETBLOB" + junk):
        with pytest.raises(XorbError):
            read(data, bytes(32))


def header(payload: int = 5, scheme: int = 0, length: int = 5, version: int = 0) -> bytes:
    return bytes([version, *payload.to_bytes(3, "little"), scheme, *length.to_bytes(3, "little")])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "without a whole chunk"),
        (header(version=1), "unknown version 1"),
        (header(scheme=3), "unknown compression 3"),
        (header(scheme=255), "unknown compression 255"),
        (header(length=0), "a chunk of 0 bytes"),
        (header(length=MAX_CHUNK + 1), "a chunk of 131073 bytes"),
        (header(length=(1 << 24) - 1), "a chunk of 16777215 bytes"),
        (header(payload=MAX_PAYLOAD + 1), "a payload of 262145 bytes"),
        (header(payload=4) + b"hell", "chunk 0 at byte 0: 4 bytes are kept as they are, 5"),
        (header(payload=0), "0 bytes are kept as they are"),
        (header(payload=0, scheme=1), "not an LZ4 frame"),
        (HELLO + header(payload=4) + b"hell", "chunk 1 at byte 13"),
        (HELLO + HELLO[:-1], "the xorb ends inside chunk 1"),
        (HELLO + HELLO[:7], "the xorb ends inside chunk 1"),
        (HELLO + HELLO, "the chunks are those of the xorb"),
        (HELLO.replace(b"hello", b"jello"), "the chunks are those of the xorb"),
    ],
)
def test_what_is_no_xorb_is_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(XorbError, match=complaint):
        read(data, chunk_hash(b"hello"))


def test_a_xorb_under_another_name_is_refused_with_both_names() -> None:
    xorb, data = write([b"hello"])
    with pytest.raises(XorbError) as refused:
        read(data, chunk_hash(b"world"))
    assert hash_to_string(xorb.hash) in str(refused.value)
    assert hash_to_string(chunk_hash(b"world")) in str(refused.value)


def test_an_error_stays_an_error() -> None:
    broken = header(payload=4) + b"hell"
    reader = XorbReader(chunk_hash(b"hello"))
    for piece in (HELLO + broken, HELLO):
        with pytest.raises(XorbError, match="chunk 1 at byte 13"):
            reader.feed(piece)
    with pytest.raises(XorbError):
        reader.close()


def test_a_xorb_with_as_many_chunks_as_allowed_is_taken_and_one_more_is_not() -> None:
    writer = XorbWriter(Scheme.NONE)
    data = b"".join(writer.add(b"x") for _ in range(MAX_CHUNKS))
    assert not writer.fits(1)
    with pytest.raises(ValueError, match="full"):
        writer.add(b"x")
    xorb = writer.finish()
    assert read(with_footer(xorb, data), xorb.hash) == (xorb, data)
    with pytest.raises(XorbError, match="more than 8192 chunks"):
        read(data + pack_chunk(b"x", Scheme.NONE), xorb.hash)


def test_a_xorb_with_as_many_bytes_as_allowed_is_taken_and_one_more_is_not() -> None:
    writer = XorbWriter()
    data = b"".join(writer.add(bytes(MAX_CHUNK)) for _ in range(MAX_RAW // MAX_CHUNK))
    assert not writer.fits(1)
    xorb = writer.finish()
    assert read(data, xorb.hash)[0].length == MAX_RAW
    with pytest.raises(XorbError, match="more than 67108864 raw bytes"):
        read(data + pack_chunk(b"x", Scheme.NONE), xorb.hash)


def test_payloads_that_were_made_longer_end_at_the_size_of_a_xorb() -> None:
    """A frame of empty blocks may be as long as it likes."""
    frame = PUBLISHED_LZ4[8:-4]
    padded = frame + b"\0\0\0\x80" * ((MAX_PAYLOAD - len(frame)) // 4 - 1) + bytes(4)
    chunk = header(payload=len(padded), scheme=1, length=1000) + padded
    reader = ChunkReader()
    with pytest.raises(XorbError, match=r"(more than 67174400 bytes|broken LZ4)"):
        for _ in range(MAX_SIZE // len(chunk) + 1):
            list(reader.feed(chunk))


def test_the_sizes_are_those_that_clients_may_send() -> None:
    assert (MAX_SIZE, MAX_UPLOAD) == (67_174_400, 67_174_400 + 40 * 8192 + 96)


def test_no_more_is_allocated_than_what_has_arrived() -> None:
    promise = header(payload=MAX_PAYLOAD, scheme=1, length=MAX_CHUNK)
    reader = XorbReader(bytes(32))
    tracemalloc.start()
    try:
        assert reader.feed(promise + b"x" * 100) == b""
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, MAX_CHUNK + 1])
def test_a_chunk_of_no_or_too_many_bytes_is_not_written(size: int) -> None:
    writer = XorbWriter()
    with pytest.raises(ValueError, match="1 to 131072 bytes"):
        writer.add(bytes(size))
    with pytest.raises(ValueError, match="needs a chunk"):
        writer.finish()
