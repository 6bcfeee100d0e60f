"""Many files in one stream: what is written is read again, however the stream is cut."""

from __future__ import annotations

import itertools
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.file_stream import (
    MAX_LINE,
    NOT_FOUND,
    TOO_LARGE,
    FileEntry,
    FileStreamError,
    FileStreamReader,
    build_line,
    read_files,
)
from freehold.formats.git_objects import blob_id

OID = "0123456789" * 4
SHA256 = "0123456789abcdef" * 4
MAX_SIZE = 1000

File = tuple[FileEntry, bytes]

paths = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
sizes = st.integers(0, 2**63 - 1)


def regular(path: str, data: bytes) -> File:
    return FileEntry(path=path, oid=blob_id(data), size=len(data)), data


files = st.one_of(
    st.builds(regular, paths, st.binary(max_size=MAX_SIZE)),
    st.builds(
        lambda path, data: (FileEntry(path=path, oid=OID, size=len(data), lfs=SHA256), data),
        paths,
        st.binary(max_size=MAX_SIZE),
    ),
    st.builds(lambda path: (FileEntry(path=path, error=NOT_FOUND), b""), paths),
    st.builds(
        lambda path, size: (FileEntry(path=path, oid=OID, size=size, error=TOO_LARGE), b""),
        paths,
        sizes,
    ),
)


def write(written: list[File]) -> bytes:
    return b"".join(build_line(entry) + data for entry, data in written)


def paths_of(written: list[File]) -> list[str]:
    return [entry.path for entry, _ in written]


def read(stream: bytes, *asked: str, max_size: int = MAX_SIZE) -> list[File]:
    return list(read_files([stream], asked, max_size))


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


# Both directions


def test_a_line_is_json_with_only_what_there_is_to_say() -> None:
    for entry, said in (
        (FileEntry(path="a b/ü", oid=OID, size=0), {"path": "a b/ü", "oid": OID, "size": 0}),
        (
            FileEntry(path="w", oid=OID, size=9, lfs=SHA256),
            {"path": "w", "oid": OID, "size": 9, "lfs": SHA256},
        ),
        (FileEntry(path="x\ny", error=NOT_FOUND), {"path": "x\ny", "error": "EntryNotFound"}),
        (
            FileEntry(path="b", oid=OID, size=7, error=TOO_LARGE),
            {"path": "b", "oid": OID, "size": 7, "error": "TooLarge"},
        ),
    ):
        line = build_line(entry)
        assert line.count(b"\n") == 1
        assert line.endswith(b"\n")
        assert json.loads(line) == said


@given(st.lists(files, max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_what_is_written_is_read_again_however_it_is_cut(
    written: list[File], places: list[int]
) -> None:
    chunks = cut(write(written), places)
    assert list(read_files(chunks, paths_of(written), MAX_SIZE)) == written


@given(st.lists(files, max_size=5))
def test_what_is_written_is_read_again_byte_by_byte(written: list[File]) -> None:
    chunks = [bytes([byte]) for byte in write(written)]
    assert list(read_files(chunks, paths_of(written), MAX_SIZE)) == written


@given(st.lists(files, min_size=1, max_size=5), st.data())
def test_a_stream_that_ends_early_gives_the_files_before_and_then_an_error(
    written: list[File], data: st.DataObject
) -> None:
    stream = write(written)
    kept = data.draw(st.integers(0, len(stream) - 1))
    found = []
    with pytest.raises(FileStreamError, match="ended early"):
        for file in read_files([stream[:kept]], paths_of(written), MAX_SIZE):
            found.append(file)
    assert found == written[: len(found)]
    assert len(write(found)) <= kept


@given(st.binary(max_size=300), st.lists(paths, max_size=3))
def test_junk_is_an_error_of_one_kind(stream: bytes, asked: list[str]) -> None:
    try:
        found = read(stream, *asked)
    except FileStreamError:
        return
    assert paths_of(found) == asked


def test_a_file_is_given_out_as_soon_as_its_last_byte_is_there() -> None:
    first, second = regular("a", b"xyz"), regular("b", b"")
    reader = FileStreamReader(["a", "b"], MAX_SIZE)
    stream = write([first])
    assert list(reader.feed(stream[:-1])) == []
    assert list(reader.feed(stream[-1:])) == [first]
    assert list(reader.feed(write([second]))) == [second]
    reader.close()


def test_files_that_were_not_taken_come_with_the_next_piece() -> None:
    written = [regular("a", b"1"), regular("b", b"2"), regular("c", b"3")]
    reader = FileStreamReader("abc", MAX_SIZE)
    reader.feed(write(written[:1]))
    assert next(reader.feed(write(written[1:2]))) == written[0]
    assert list(reader.feed(write(written[2:]))) == written[1:]


def test_fields_and_errors_of_a_newer_hub_are_no_obstacle() -> None:
    stream = b'{"path":"a","error":"Quarantined","since":[1]}\n' + b'{"path":"b","mode":33188,'
    stream += b'"oid":"%s","size":2}\nhi' % OID.encode()
    (first, _), second = read(stream, "a", "b")
    assert (first.error, first.length) == ("Quarantined", 0)
    assert second == (FileEntry(path="b", oid=OID, size=2), b"hi")


# What is refused


@pytest.mark.parametrize(
    ("line", "complaint"),
    (
        (b"", "describes no file"),
        (b"null", "describes no file"),
        (b"[]", "describes no file"),
        (b'{"path":"a"', "describes no file"),
        (b'{"path":"a","oid":"%s","size":1}{}', "describes no file"),
        (b'{"oid":"%s","size":1}', "describes no file"),
        (b'{"path":"a\xff","oid":"%s","size":1}', "describes no file"),
        (b'{"path":"a","oid":"%s","size":-1}', "describes no file"),
        (b'{"path":"a","oid":"%s","size":"1"}', "describes no file"),
        (b'{"path":"a","oid":"%s","size":1.5}', "describes no file"),
        (b'{"path":"a","oid":"%s","size":1e999}', "describes no file"),
        (b'{"path":"a","oid":"../../x","size":1}', "describes no file"),
        (b'{"path":"a","oid":"%s\\n","size":1}', "describes no file"),
        (b'{"path":"a","oid":"%s","size":1,"lfs":"../x"}', "describes no file"),
        (b'{"path":' + b"[" * 20_000, "describes no file"),
        (b'{"path":"a"}', "neither an id and a size nor an error"),
        (b'{"path":"a","size":1}', "neither an id and a size nor an error"),
        (b'{"path":"a","oid":"%s"}', "neither an id and a size nor an error"),
        (b'{"path":"a","oid":"%s","size":1001}', "'a' has 1001 bytes, more than 1000"),
        (b'{"path":"a","oid":"%s","size":9223372036854775807}', "more than 1000"),
        (b'{"path":"../a","oid":"%s","size":1}', r"expected 'a', found '\.\./a'"),
    ),
)
def test_a_line_that_makes_no_sense_is_an_error(line: bytes, complaint: str) -> None:
    line = line.replace(b"%s", OID.encode())
    with pytest.raises(FileStreamError, match=complaint):
        read(line + b"\nx", "a")


def test_a_size_of_any_length_is_refused() -> None:
    for digits in (20, 400, 5000):
        line = b'{"path":"a","oid":"%s","size":%s}\n' % (OID.encode(), b"9" * digits)
        with pytest.raises(FileStreamError):
            read(line, "a")


def test_files_in_another_order_are_an_error() -> None:
    stream = write([regular("b", b"2"), regular("a", b"1")])
    with pytest.raises(FileStreamError, match="expected 'a', found 'b'"):
        read(stream, "a", "b")


def test_more_files_than_were_asked_for_are_an_error_after_those() -> None:
    written = [regular("a", b"1"), regular("b", b"2")]
    found = read_files([write(written)], ["a"], MAX_SIZE)
    assert next(found) == written[0]
    with pytest.raises(FileStreamError, match="goes on after the last file"):
        next(found)


def test_a_line_may_be_as_long_as_a_path_makes_it_and_no_longer() -> None:
    longest = "\x01" * 4096
    assert paths_of(read(build_line(FileEntry(path=longest, error=NOT_FOUND)), longest)) == [
        longest
    ]
    for stream in (b" " * (MAX_LINE + 1), b" " * (MAX_LINE + 1) + b"\n"):
        reader = FileStreamReader(["a"], MAX_SIZE)
        with pytest.raises(FileStreamError, match="a line is over"):
            list(reader.feed(stream))


def test_an_error_stays_an_error() -> None:
    reader = FileStreamReader(["a"], MAX_SIZE)
    for piece in (b"junk\n", write([regular("a", b"1")])):
        with pytest.raises(FileStreamError, match="describes no file"):
            list(reader.feed(piece))
    with pytest.raises(FileStreamError, match="ended early"):
        reader.close()


def test_no_more_is_allocated_than_what_has_arrived() -> None:
    """Whatever size a line promises."""
    promised = FileEntry(path="a", oid=OID, size=1 << 40)
    reader = FileStreamReader(["a"], max_size=1 << 50)
    tracemalloc.start()
    try:
        assert list(reader.feed(build_line(promised) + b"x" * 1000)) == []
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
