"""Hashes are those of the published clients, in bytes and in text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.xet.errors import XetFormatError
from freehold.formats.xet.hashing import (
    ZERO_HASH,
    MerkleTree,
    Node,
    chunk_hash,
    file_hash,
    hash_from_string,
    hash_remainder,
    hash_to_string,
    keyed_chunk_hash,
    node_hash,
    range_hash,
    swap_groups,
    xorb_hash,
)

COUNTED = bytes(range(32))
COUNTED_TEXT = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
HELLO = (chunk_hash(b"hello"), 5)
WORLD = (chunk_hash(b"world"), 5)

hashes = st.binary(min_size=32, max_size=32)
nodes = st.tuples(hashes, st.integers(1, 1 << 40))


def twenty() -> list[Node]:
    """Twenty chunks, the byte 0 a hundred times, then the byte 1, and so on."""
    return [(chunk_hash(bytes([number]) * 100), 100) for number in range(20)]


def test_a_string_has_the_bytes_of_each_group_of_eight_in_reverse() -> None:
    assert hash_to_string(COUNTED) == COUNTED_TEXT
    assert hash_from_string(COUNTED_TEXT) == COUNTED
    assert hash_from_string(COUNTED_TEXT.upper()) == COUNTED


@given(hashes)
def test_a_string_is_the_hash_again(raw: bytes) -> None:
    assert hash_from_string(hash_to_string(raw)) == raw
    assert swap_groups(swap_groups(raw)) == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 63,
        "0" * 65,
        "0" * 64 + "\n",
        " " + "0" * 63,
        "g" + "0" * 63,
        "0x" + "0" * 62,
        "0" * 62 + "_0",
        "٠" * 64,
    ],
)
def test_what_is_no_hash_is_refused_by_name(text: str) -> None:
    with pytest.raises(XetFormatError, match="64 hexadecimal digits"):
        hash_from_string(text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "e0f2cf784e7e5f10c34f84af150e9a5ff9664216debad915364d741049870f67"),
        (b"hello", "9076ba12d998050b9c95c8bf770f943e6cad55c7490a82b76cf1582a2a05c2c2"),
        (b"world", "3b347a3271a408d5436903ec6792ff7e4c6008ed58e010d533e4298987894089"),
        (bytes(131072), "2e39f13c248013b27e22913ba2893a654120ed0ad8eb7ecbf3f05b9d708634fc"),
    ],
)
def test_a_chunk_is_named_by_its_raw_bytes(data: bytes, text: str) -> None:
    assert hash_to_string(chunk_hash(data)) == text
    assert chunk_hash(bytearray(data)) == chunk_hash(memoryview(data)) == chunk_hash(data)


def test_the_raw_bytes_of_a_hash_are_not_those_of_its_text() -> None:
    raw = "0b0598d912ba76903e940f77bfc8959cb7820a49c755ad6cc2c2052a2a58f16c"
    assert chunk_hash(b"hello").hex() == raw
    assert chunk_hash(b"").hex().startswith("105f7e4e78cff2e0")


def test_a_xorb_of_one_chunk_is_named_like_the_chunk() -> None:
    assert xorb_hash([HELLO]) == HELLO[0]


def test_two_chunks_are_joined_by_a_text_of_two_lines() -> None:
    root = "f7c3cfe2dc13f683314da28c82d146c4d36cdca049270c1b3b79b7ef9c58a970"
    assert hash_to_string(node_hash([HELLO, WORLD])) == root
    assert hash_to_string(xorb_hash([HELLO, WORLD])) == root


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ([b"hello"], "48a3213a086cad271381aafe47232eb5df291a963cebbfec071972eff45eb422"),
        ([b"a"], "49a7fffaf5f34109d4a191757f3e541e26437dcd1e0e83153454a503757856be"),
        ([b"hello", b"world"], "68a18cc5944c424c1e415b75ec1489601464a50f56278d0bcf4c8fe2c1f51c6f"),
        ([], "0" * 64),
    ],
)
def test_a_file_is_named_by_its_chunks(chunks: list[bytes], text: str) -> None:
    assert hash_to_string(file_hash((chunk_hash(chunk), len(chunk)) for chunk in chunks)) == text


def test_what_has_no_chunks_is_named_by_zeros() -> None:
    assert xorb_hash([]) == ZERO_HASH
    assert MerkleTree().root() == ZERO_HASH


def test_a_range_hash_proves_that_the_chunk_hashes_are_known() -> None:
    one = "7f1d7649f056d46a01791d0ceed7687abcda42e6e88916d3cdda4b2c9d9a7ccf"
    both = "c47772b645c4fe0d334cd021861ff8ea2cf4fe1d6ade82892c681ced257840e3"
    assert hash_to_string(range_hash([HELLO[0]])) == one
    assert hash_to_string(range_hash([HELLO[0], WORLD[0]])) == both


def test_a_key_hides_a_chunk_hash() -> None:
    hidden = "807c4f424c506281c5cdd47e7e4514ec7c886dfe8e775a817cf04ef58418fa3b"
    assert hash_to_string(keyed_chunk_hash(COUNTED, HELLO[0])) == hidden


# The shape of the tree


def test_the_end_of_a_group_is_told_by_the_last_digit() -> None:
    texts = [hash_to_string(raw) for raw, _ in twenty()]
    assert "".join(text[-1] for text in texts) == "2656822cfe76147b8815"
    ends = [hash_remainder(raw, 4) == 0 for raw, _ in twenty()]
    assert ends == [text[-1] in "048c" for text in texts]


@given(hashes, st.sampled_from([4, 1024]))
def test_a_remainder_is_that_of_the_last_sixteen_digits(raw: bytes, divisor: int) -> None:
    assert hash_remainder(raw, divisor) == int(hash_to_string(raw)[48:], 16) % divisor


@pytest.mark.parametrize(
    ("count", "root"),
    [
        (1, "ac8133e7f10c732866ce252f85439ab83e21aaf27e7bda1149b0ea8d43a1ce52"),
        (2, "e5e6be9216ee5935c90ae0ff7dfbd5003308fcc5317470cf18d8135631cede51"),
        (3, "b066d5600844e69d350188a8742761fb1be7bfd6b476ffe39a70b4b5a99d57c1"),
        (9, "3c45f398839f36ebf9db861a51f4747001f5a787d431d41e20e2154b982b1f7c"),
        (10, "c2f8fa9dda747e42563e87f46e94ba152af9ae4724572136db0305aaceee4f2b"),
        (12, "7c7951670773368be4bdcb2d1cd62607cc6617ac7294a4412d152b5d764ac0ea"),
        (20, "b158da4fb88311860cc97688eeee05803e7b23deb4d17d8877c652de0b928f99"),
    ],
)
def test_the_shape_of_the_tree_is_that_of_the_clients(count: int, root: str) -> None:
    assert hash_to_string(xorb_hash(twenty()[:count])) == root


def test_a_file_of_twenty_chunks_has_the_published_hash() -> None:
    text = "a1f1fe9ba326c3107a5fba05cf5ecd2cd7b9deac7d1052a849b03e24d20110c7"
    assert hash_to_string(file_hash(twenty())) == text


def whole_tree(level: list[Node]) -> bytes:
    """The root by the rule as it is published, which sees a whole level at once."""
    while len(level) > 1:
        groups = []
        while level:
            size = group_size(level)
            groups.append((node_hash(level[:size]), sum(length for _, length in level[:size])))
            level = level[size:]
        level = groups
    return level[0][0] if level else ZERO_HASH


def group_size(level: list[Node]) -> int:
    if len(level) <= 2:
        return len(level)
    most = min(9, len(level))
    return next((i + 1 for i in range(2, most) if level[i][0][24] % 4 == 0), most)


@given(st.lists(nodes, max_size=120))
def test_nodes_that_come_one_by_one_make_the_same_tree(level: list[Node]) -> None:
    tree = MerkleTree()
    for raw, length in level:
        tree.add(raw, length)
    assert tree.root() == tree.root() == whole_tree(level)
    assert tree.length == sum(length for _, length in level)


@pytest.mark.parametrize("last", [0, 1])
def test_levels_without_or_with_nothing_but_ends_of_groups(last: int) -> None:
    """The longest and the shortest groups there are, for every number of chunks around powers."""
    for count in itertools.chain(range(1, 100), (242, 243, 244, 728, 729, 730, 731)):
        level = [(count.to_bytes(24) + bytes([last]) + bytes(7), 1)] * count
        assert xorb_hash(level) == whole_tree(level)


def test_the_root_may_be_asked_for_at_any_time() -> None:
    tree = MerkleTree()
    for count, (raw, length) in enumerate(twenty(), 1):
        tree.add(raw, length)
        assert tree.root() == xorb_hash(twenty()[:count])
