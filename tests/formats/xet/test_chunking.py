"""Chunks end where the published clients end them, however the bytes come."""

from __future__ import annotations

import hashlib
import itertools
import random
import struct
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.xet.chunking import MAX_CHUNK, MIN_CHUNK, Chunker, split_chunks
from freehold.formats.xet.gear import _TABLE
from freehold.formats.xet.hashing import (
    chunk_hash,
    file_hash,
    hash_to_string,
    range_hash,
    xorb_hash,
)

MEBIBYTE = 1024 * 1024
GEAR = [int(number) for number in _TABLE]

# Bytes whose own entry in the table begins with zeros, so that a window of few bytes may match.
LIGHT = bytes([17, 23, 42, 48, 67, 73, 92, 98, 117, 123])


def published() -> bytes:
    """The published megabyte: the sha256 of 0, of 1, and so on."""
    return b"".join(hashlib.sha256(struct.pack("<I", i)).digest() for i in range(32768))


def split_by_the_book(data: bytes) -> Iterator[bytes]:
    """The published rule, byte for byte."""
    start = state = 0
    for end, byte in enumerate(data, 1):
        state = ((state << 1) + GEAR[byte]) % (1 << 64)
        size = end - start
        if size >= MAX_CHUNK or (size >= MIN_CHUNK and state >> 48 == 0):
            yield data[start:end]
            start, state = end, 0
    if data[start:]:
        yield data[start:]


def lengths(data: bytes) -> list[int]:
    return [len(chunk) for chunk in split_chunks([data])]


def test_the_table_is_the_published_one() -> None:
    digest = hashlib.sha256(_TABLE.astype("<u8").tobytes()).hexdigest()
    assert digest == "e1d3936666d7ae7a977c958e9afcc75f90aaca758ce5fbe4ece61dffefe1912c"


def test_a_megabyte_of_noise_has_the_published_chunks_and_hashes() -> None:
    data = published()
    assert hashlib.sha256(data).hexdigest() == (
        "f443f5f87314e70000f7cc4715f041d19ba44748d0f705839735ed4cd7c1383c"
    )
    sizes = (
        "76816 43650 117926 131072 10987 44104 57315 24090 60871 34935 20489 13845 57262 131072 "
        "18876 26250 31210 131072 16734"
    )
    assert lengths(data) == [int(size) for size in sizes.split()]
    nodes = [(chunk_hash(chunk), len(chunk)) for chunk in split_chunks([data])]
    assert [
        hash_to_string(raw)
        for raw in (
            nodes[0][0],
            nodes[-1][0],
            xorb_hash(nodes),
            file_hash(nodes),
            range_hash(raw for raw, _ in nodes),
        )
    ] == [
        "ccef711d5631b4fb82161bc7cae934420898a5bd664ecac6594a6ce8a6158158",
        "adbc6ff5cbd482900655a30ec81a2754d9aaef8927a73f0e5e88a153b2deab9a",
        "5c52ae40540ea08f117379be832c3383f7a0f059f8ee325e9985683c7c2a8a9f",
        "d874a2d8a250b91535ac792f882993f94fda1dd4d3f0e256a2a18867c7bbffdd",
        "6146009bf6c40b4359320661211af96e29b5cc563d39e3760ad39ec2eefd220d",
    ]


def test_a_megabyte_of_zeros_has_chunks_of_the_longest_kind() -> None:
    assert lengths(bytes(MEBIBYTE)) == [MAX_CHUNK] * 8
    nodes = [(chunk_hash(chunk), len(chunk)) for chunk in split_chunks([bytes(MEBIBYTE)])]
    assert hash_to_string(xorb_hash(nodes)) == (
        "8c15d5bfe292d5f8f3b992149581636a5c4078ce9c4349d43f1a762ba0609839"
    )
    assert hash_to_string(file_hash(nodes)) == (
        "1e671fe124cea35586b1d1c30b9d4fc6b4e05ee60c93406986444f7c23d54056"
    )


@pytest.mark.parametrize("size", [1, 63, 64, 8191, 8192, 8193, 131071, 131072, 131073, 262144])
@pytest.mark.parametrize("byte", [0, LIGHT[0]])
def test_sizes_around_the_limits(size: int, byte: int) -> None:
    data = bytes([byte]) * size
    assert lengths(data) == [len(chunk) for chunk in split_by_the_book(data)]


def test_nothing_has_no_chunks() -> None:
    assert lengths(b"") == []
    assert list(split_chunks([])) == []
    assert Chunker().finish() == []


def noise(seed: int, size: int, alphabet: int) -> bytes:
    """Bytes from few or many different ones; few make long runs and repeated windows."""
    source = random.Random(seed)
    kinds = [LIGHT, bytes([0, 17]), bytes(range(256))][alphabet]
    return bytes(source.choices(kinds, k=size))


contents = st.builds(noise, st.integers(0, 1 << 32), st.integers(0, 400_000), st.integers(0, 2))


@settings(max_examples=15, deadline=None)
@given(contents, st.lists(st.integers(0, 400_000), max_size=12))
def test_chunks_follow_the_rule_however_the_bytes_are_cut(data: bytes, places: list[int]) -> None:
    edges = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert list(split_chunks(pieces)) == list(split_by_the_book(data))


def positions_of_a_cut() -> list[int]:
    """Where the windows of a chunk of 131072 bytes are looked at: the edges of every scan."""
    edges = range(MIN_CHUNK - 1, MAX_CHUNK, 12 * 1024)
    return sorted({edge + near for edge in edges for near in (-1, 0, 1) if edge + near < MAX_CHUNK})


@pytest.mark.parametrize("end", positions_of_a_cut())
def test_a_cut_is_found_at_the_edges_of_a_scan(end: int) -> None:
    """A window that matches, in zeros that do not, ends a chunk wherever it stands."""
    first = published()[:76816]
    data = bytearray(MAX_CHUNK + 5000)
    data[end - 63 : end + 1] = first[-64:]
    assert lengths(bytes(data)) == [len(chunk) for chunk in split_by_the_book(bytes(data))]
    assert lengths(bytes(data))[0] == (end + 1 if end + 1 >= MIN_CHUNK else MAX_CHUNK)


def test_byte_by_byte_is_the_same() -> None:
    data = published()[:150_000]
    assert list(split_chunks(data[i : i + 1] for i in range(len(data)))) == list(
        split_chunks([data])
    )


def test_any_buffer_of_bytes_will_do() -> None:
    data = published()[:200_000]
    array = np.frombuffer(data, np.uint32)
    for given_data in (bytearray(data), memoryview(data), memoryview(array)):
        chunker = Chunker()
        assert b"".join(chunker.feed(given_data) + chunker.finish()) == data


def test_a_chunk_is_given_out_before_the_end() -> None:
    chunker = Chunker()
    data = published()
    found = chunker.feed(data[:300_000])
    assert [len(chunk) for chunk in found] == [76816, 43650, 117926]


def test_a_chunker_is_as_new_after_its_end() -> None:
    chunker = Chunker()
    data = published()[:200_000]
    first = chunker.feed(data) + chunker.finish()
    assert chunker.feed(data) + chunker.finish() == first


def test_memory_does_not_grow_with_what_is_chunked() -> None:
    piece = published()
    split = split_chunks(itertools.repeat(piece, 32))
    tracemalloc.start()
    try:
        assert sum(len(chunk) for chunk in split) == 32 * len(piece)
        assert tracemalloc.get_traced_memory()[1] < 5 * MEBIBYTE
    finally:
        tracemalloc.stop()
