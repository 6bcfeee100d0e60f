"""Archives, listed without unpacking anything."""

from __future__ import annotations

import io
import zipfile

import pytest

from freehold.formats.zip_listing import MAX_READ, Member, list_members


def pack(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def listed(data: bytes, size: int | None = None) -> tuple[list[Member] | None, int]:
    """The members, and how many bytes were read to find them."""
    reads: list[int] = []

    def read(start: int, length: int) -> bytes:
        reads.append(length)
        return data[start : start + length]

    return list_members(read, len(data) if size is None else size), sum(reads)


def test_only_the_end_of_an_archive_is_read() -> None:
    members, count = listed(pack({"a/data.pkl": b"x", "a/0": bytes(3_000_000)}))
    assert members == [Member("a/data.pkl", 1), Member("a/0", 3_000_000)]
    assert count < 200_000


def test_a_directory_that_is_too_large_is_not_read() -> None:
    members, count = listed(pack({f"{number:0200}": b"" for number in range(18_000)}))
    assert members is None
    assert count <= MAX_READ


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6" + b"\xff" * 18, b"no archive" * 100])
def test_what_is_no_archive(data: bytes) -> None:
    assert listed(data)[0] is None


def test_a_broken_archive() -> None:
    whole = pack({"a": b"x" * 100, "b": b"y"})
    for place in range(len(whole) - 120, len(whole)):
        broken = whole[:place] + b"\xff" + whole[place + 1 :]
        members, _ = listed(broken)
        assert members is None or len(members) <= 2
    assert listed(whole[:-30])[0] is None
