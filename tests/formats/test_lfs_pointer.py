"""LFS pointers are read strictly and written as git-lfs writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.lfs_pointer import LfsPointer, build_pointer, parse_pointer

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
GOOD = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    b"size 12345\n"
)
hex_oids = st.binary(min_size=32, max_size=32).map(bytes.hex)


def test_the_example_of_the_specification_is_read_and_written():
    assert parse_pointer(GOOD) == LfsPointer(OID, 12345)
    assert build_pointer(OID, 12345) == GOOD


@given(hex_oids, st.integers(0, 2**63 - 1))
def test_what_is_written_reads_back(oid, size):
    assert parse_pointer(build_pointer(oid, size)) == LfsPointer(oid, size)


def test_extension_lines_are_tolerated():
    extended = GOOD.replace(b"oid ", b"ext-0-case sha256:" + b"a" * 64 + b"\noid ", 1)
    assert parse_pointer(extended) == LfsPointer(OID, 12345)


def test_the_last_newline_may_be_missing():
    assert parse_pointer(GOOD[:-1]) == LfsPointer(OID, 12345)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"v1", b"v2"),
        GOOD.replace(b"4d7a", b"4D7A"),
        GOOD.replace(b"4d7a", b"4d7"),
        GOOD.replace(b"sha256", b"sha512"),
        GOOD.replace(b"12345", b"-1"),
        GOOD.replace(b"12345", b"012"),
        GOOD.replace(b"12345", b"1e3"),
        GOOD.replace(b"12345", b"9" * 19),
        GOOD.replace(b"12345", "١٢".encode()),
        GOOD + b"more\n",
        b" " + GOOD,
        GOOD.replace(b"oid ", b"note x\noid "),
        GOOD[43:] + GOOD[:43],
        GOOD + b"\n" * 1000,
    ],
)
def test_anything_else_is_an_ordinary_file(data):
    assert parse_pointer(data) is None


def test_a_pointer_of_more_than_1024_bytes_is_an_ordinary_file():
    line = b"ext-0-%s sha256:" + b"a" * 64 + b"\n"
    fill = 1024 - len(GOOD) - len(line % b"")
    fits = GOOD.replace(b"oid ", line % (b"x" * fill) + b"oid ", 1)
    assert len(fits) == 1024
    assert parse_pointer(fits) == LfsPointer(OID, 12345)
    assert parse_pointer(fits.replace(b"ext-0-", b"ext-0-x")) is None


@pytest.mark.parametrize(
    ("oid", "size"), [("x" * 64, 1), (OID[:-1], 1), (OID, -1), (OID, 2**63), (OID + "\n", 1)]
)
def test_a_malformed_pointer_is_never_written(oid, size):
    with pytest.raises(ValueError, match="not the sha256 and size"):
        build_pointer(oid, size)
