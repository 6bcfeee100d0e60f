"""Text is UTF-8 without odd control characters; everything else is binary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.text import looks_binary

plain = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r\f\b\x1b"))


@given(plain, st.data())
def test_text_cut_anywhere_is_text(text, data):
    encoded = text.encode()
    assert not looks_binary(encoded[: data.draw(st.integers(0, len(encoded)))])


@pytest.mark.parametrize("sample", [b"", b"\xef\xbb\xbfhi", b"a\r\n\t", "日本".encode()[:-1]])
def test_these_are_text(sample):
    assert not looks_binary(sample)


@pytest.mark.parametrize(
    "sample", [b"a\0b", b"\xff\xfea\0", b"caf\xe9 ", b"\x80", b"\xed\xa0\x80", b"\x7fELF", b"\x01"]
)
def test_these_are_binary(sample):
    assert looks_binary(sample)


@given(st.binary(), st.sampled_from([0, *range(1, 8), 11, *range(14, 27), *range(28, 32), 127]))
def test_a_control_character_makes_any_bytes_binary(data, code):
    assert looks_binary(data + bytes([code]))
