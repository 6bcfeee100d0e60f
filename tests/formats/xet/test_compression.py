"""Chunks come back as they were, and no payload makes more of itself than was declared."""

from __future__ import annotations

import random
import struct
import tracemalloc

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.xet.compression import (
    Scheme,
    choose_scheme,
    compress,
    decompress,
    group_bytes,
    is_portable,
    ungroup_bytes,
)
from freehold.formats.xet.errors import XorbError

LZ4_SCHEMES = [Scheme.LZ4, Scheme.GROUPED_LZ4]
PUBLISHED_FRAME = bytes.fromhex("04224d186040820f0000001f610100ffffffd16061616161616100000000")


def test_the_published_frame_is_read() -> None:
    assert decompress(PUBLISHED_FRAME, Scheme.LZ4, 1000).data == b"a" * 1000


def test_the_published_grouping_is_made() -> None:
    assert group_bytes(b"0123456789") == b"0481592637"
    assert ungroup_bytes(b"0481592637") == b"0123456789"


@given(st.binary(max_size=100))
def test_grouping_puts_every_fourth_byte_together(data: bytes) -> None:
    assert group_bytes(data) == data[0::4] + data[1::4] + data[2::4] + data[3::4]
    assert ungroup_bytes(group_bytes(data)) == data


@given(st.binary(max_size=5000) | st.integers(0, 131072).map(bytes), st.sampled_from(Scheme))
def test_what_is_compressed_is_decompressed(data: bytes, scheme: Scheme) -> None:
    assert decompress(compress(data, scheme), scheme, len(data)).data == data


@pytest.mark.parametrize(("size", "code"), [(1, 4), (65536, 4), (65537, 5), (131072, 5)])
@pytest.mark.parametrize("scheme", LZ4_SCHEMES)
def test_frames_have_what_every_client_reads(scheme: Scheme, size: int, code: int) -> None:
    """Independent blocks without sizes or checksums, 64 KiB of them or 256."""
    payload = compress(bytes(size), scheme)
    assert payload[4:6] == bytes([0x60, code << 4])


FRAMES = {
    "linked blocks": {"block_linked": True},
    "a content size": {"store_size": True},
    "a content checksum": {"content_checksum": True},
    "block checksums": {"block_checksum": True},
    "blocks of 4 MiB": {"block_size": lz4.frame.BLOCKSIZE_MAX4MB},
    "the strongest compression": {"compression_level": 12},
}


@pytest.mark.parametrize("options", FRAMES.values(), ids=FRAMES.keys())
def test_any_legal_frame_is_read(options: dict[str, int]) -> None:
    data = random.Random(1).randbytes(40_000) * 3
    assert decompress(lz4.frame.compress(data, **options), Scheme.LZ4, len(data)).data == data


@pytest.mark.parametrize("scheme", Scheme)
def test_another_length_than_declared_is_refused(scheme: Scheme) -> None:
    payload = compress(b"abc" * 300, scheme)
    for length in (0, 1, 899, 901, 131072):
        with pytest.raises(XorbError, match="declared"):
            decompress(payload, scheme, length)


@pytest.mark.parametrize("scheme", LZ4_SCHEMES)
def test_what_is_not_one_whole_frame_is_refused(scheme: Scheme) -> None:
    payload = compress(b"abc" * 300, scheme)
    skippable = b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    for wrong in (b"", b"x", payload[4:], skippable, skippable + payload, b"\0" + payload):
        with pytest.raises(XorbError, match="not an LZ4 frame"):
            decompress(wrong, scheme, 900)
    for more in (b"\0", payload, skippable):
        with pytest.raises(XorbError, match="follow the LZ4 frame"):
            decompress(payload + more, scheme, 900)


@pytest.mark.parametrize("scheme", LZ4_SCHEMES)
def test_a_frame_that_is_cut_is_refused_wherever_it_is(scheme: Scheme) -> None:
    payload = compress(random.Random(2).randbytes(100) + b"abc" * 300, scheme)
    for size in range(len(payload)):
        with pytest.raises(XorbError):
            decompress(payload[:size], scheme, 1000)


@given(st.binary(max_size=200), st.integers(1, 131072))
def test_junk_in_a_frame_is_an_error_of_one_kind(junk: bytes, length: int) -> None:
    for payload in (PUBLISHED_FRAME[:7] + junk, PUBLISHED_FRAME[:4] + junk):
        try:
            assert len(decompress(payload, Scheme.LZ4, length).data) == length
        except XorbError:
            continue


def test_a_bomb_is_not_unpacked() -> None:
    """Neither one that says how large it is nor one that hides it."""
    for store_size in (False, True):
        bomb = lz4.frame.compress(bytes(50_000_000), store_size=store_size)
        tracemalloc.start()
        try:
            with pytest.raises(XorbError, match="more than the declared 1000 bytes"):
                decompress(bomb, Scheme.LZ4, 1000)
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()


def test_the_scheme_fits_the_data() -> None:
    source = random.Random(3)
    text = b" ".join(b"word%d" % source.randrange(50) for _ in range(5000))
    floats = struct.pack("<5000f", *(source.gauss(0, 1) for _ in range(5000)))
    assert choose_scheme(text) is Scheme.LZ4
    assert choose_scheme(floats) is Scheme.GROUPED_LZ4
    assert choose_scheme(source.randbytes(20_000)) is Scheme.NONE
    assert choose_scheme(b"x") is Scheme.NONE


def block_frame(block: bytes) -> bytes:
    """A frame with this one compressed block."""
    head = compress(b"a" * 1000, Scheme.LZ4)[:7]
    return head + len(block).to_bytes(4, "little") + block + bytes(4)


def test_a_match_at_distance_zero_is_found_wherever_it_stands() -> None:
    """Other decoders refuse it, and here it looks like zeros."""
    source = random.Random(11)
    for size in range(4, 40):
        literals = bytes(source.randrange(1, 256) for _ in range(8))
        match = bytes([0x80 | min(size - 4, 15)]) + literals + b"\0\0"
        if size - 4 >= 15:
            match += bytes([size - 19])
        payload = block_frame(match + b"\x50" + b"\1\2\3\4\5")
        unpacked = decompress(payload, Scheme.LZ4, 8 + size + 5)
        assert unpacked.data == literals + bytes(size) + b"\1\2\3\4\5"
        assert not is_portable(payload, Scheme.LZ4, unpacked.content)


def test_honest_frames_are_portable_unless_they_hold_runs_of_zeros() -> None:
    source = random.Random(12)
    floats = struct.pack("<16000f", *(source.gauss(0, 1) for _ in range(16000)))
    text = b" ".join(b"word%d" % source.randrange(50) for _ in range(9000))
    for data, scheme in ((floats, Scheme.GROUPED_LZ4), (text, Scheme.LZ4), (floats, Scheme.NONE)):
        payload = compress(data, scheme)
        assert is_portable(payload, scheme, decompress(payload, scheme, len(data)).content)
    checked = lz4.frame.compress(text, content_checksum=True)
    assert not is_portable(checked, Scheme.LZ4, text)


def test_a_run_of_zeros_is_seen_at_any_place() -> None:
    block = compress(b"abcdefgh" * 100, Scheme.LZ4)
    doubtful = block[:11] + b"\0\0" + block[13:]
    for size in range(4, 12):
        for place in range(size - 3):
            content = b"\1" * place + bytes(4) + b"\1" * (size - place - 4)
            assert not is_portable(doubtful, Scheme.LZ4, content)
        assert is_portable(doubtful, Scheme.LZ4, (b"\1\0\0\0" * 3)[:size])
    assert is_portable(doubtful, Scheme.LZ4, b"")
