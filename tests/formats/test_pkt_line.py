"""pkt-lines: what is read is what was written, and nothing else is one."""

from __future__ import annotations

import io

import pytest

from freehold.formats.pkt_line import FLUSH, MAX_DATA, pkt_line, read_pkt_line


@pytest.mark.parametrize("data", [b"", b"x", b"x" * MAX_DATA])
def test_a_line_is_read_as_it_was_written(data: bytes) -> None:
    file = io.BytesIO(pkt_line(data) + FLUSH)
    assert read_pkt_line(file) == data
    assert read_pkt_line(file) is None


def test_a_line_that_is_too_long_is_not_written() -> None:
    with pytest.raises(ValueError, match="at most"):
        pkt_line(b"x" * (MAX_DATA + 1))


@pytest.mark.parametrize("head", [b"", b"00", b"0003", b"0x10", b"+010", b" 010", b"zzzz", b"ffff"])
def test_a_length_is_four_hexadecimal_digits(head: bytes) -> None:
    """`int` reads more than that, and there are bytes enough behind it."""
    with pytest.raises(ValueError, match="not a pkt-line"):
        read_pkt_line(io.BytesIO(head if len(head) < 4 else head + bytes(100)))
