"""Packs written here are accepted by git and libgit2, and their indexes are git's own."""

import hashlib
import io
import subprocess
import time
import zlib

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.git_objects import (
    FILE,
    Signature,
    TreeEntry,
    build_commit,
    build_tag,
    build_tree,
    object_id,
)
from freehold.formats.pack import IndexEntry, PackWriter, build_index

ANN = Signature("Ann", "ann@example.org", 1_700_000_000)

objects = st.lists(
    st.tuples(st.just("blob"), st.binary(max_size=300) | st.integers(0, 70_000).map(bytes)),
    max_size=12,
)


def git(folder, *args, stdin=b""):
    """What git prints, run in this folder; a failing git fails the test."""
    command = ["git", "-C", str(folder), *args]
    return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout


@pytest.fixture
def bare(tmp_path):
    """A fresh bare repository."""
    git(tmp_path, "init", "--bare", "--quiet", ".")
    return tmp_path


def fill(writer):
    """Add one file, its tree, a commit and a tag; the id of the tag."""
    blob = writer.add("blob", b"hello\n")
    tree = writer.add("tree", build_tree([TreeEntry(FILE, b"hello.txt", blob)]))
    commit = writer.add("commit", build_commit(tree, [], ANN, ANN, "first"))
    return writer.add("tag", build_tag(commit, "commit", "v1", ANN, "a tag"))


def install(folder, info, data):
    """Put pack and index where git looks for them."""
    base = folder / "objects" / "pack" / f"pack-{info.name}"
    base.with_suffix(".pack").write_bytes(data)
    base.with_suffix(".idx").write_bytes(info.index)
    return base.with_suffix(".idx")


def test_git_accepts_the_pack_and_its_index(bare):
    with PackWriter() as writer:
        tag = fill(writer)
        out = io.BytesIO()
        info = writer.finish(out)
    index = install(bare, info, out.getvalue())
    assert b"chain length" not in git(bare, "verify-pack", "-v", str(index))
    git(bare, "update-ref", "refs/tags/v1", tag.hex())
    git(bare, "fsck", "--strict", "--full", "--no-dangling")
    assert git(bare, "show", "v1:hello.txt") == b"hello\n"


def test_git_index_pack_writes_the_same_index_and_name(bare):
    with PackWriter() as writer:
        fill(writer)
        writer.add("blob", bytes(100_000))
        out = io.BytesIO()
        info = writer.finish(out)
    answer = git(bare, "index-pack", "--strict", "--stdin", "--fix-thin", stdin=out.getvalue())
    assert answer.decode().split() == ["pack", info.name]
    written = bare / "objects" / "pack" / f"pack-{info.name}.idx"
    assert written.read_bytes() == info.index
    assert info.size == len(out.getvalue())
    assert info.count == 5


def test_libgit2_reads_every_object_back(bare):
    contents = [b"", b"x", bytes(15), bytes(16), bytes(2047), bytes(2048), b"y" * 300_000]
    with PackWriter() as writer:
        oids = [writer.add("blob", data) for data in contents]
        out = io.BytesIO()
        install(bare, writer.finish(out), out.getvalue())
    repository = pygit2.Repository(str(bare))
    assert [repository[oid.hex()].data for oid in oids] == contents


def test_an_object_that_is_added_twice_is_stored_once():
    with PackWriter() as writer:
        first = writer.add("blob", b"same")
        assert writer.add("blob", b"same") == first
        assert writer.count == 1
        assert first in writer
        assert bytes(20) not in writer


def test_a_writer_finishes_again_with_other_extras(bare):
    with PackWriter() as writer:
        blob = writer.add("blob", b"content")
        packs = [finish_with_message(writer, blob, message) for message in ("lost", "won")]
        assert writer.count == 1
        again = finish_with_message(writer, blob, "lost")
    assert again == packs[0]
    assert packs[0][0].name != packs[1][0].name
    for info, data in packs:
        assert info.count == 3
        git(bare, "index-pack", "--strict", "--stdin", stdin=data)
        written = bare / "objects" / "pack" / f"pack-{info.name}.idx"
        assert written.read_bytes() == info.index


def finish_with_message(writer, blob, message):
    tree = build_tree([TreeEntry(FILE, b"a", blob)])
    commit = build_commit(object_id("tree", tree), [], ANN, ANN, message)
    out = io.BytesIO()
    extra = [("tree", tree), ("commit", commit), ("tree", tree), ("blob", b"content")]
    return writer.finish(out, extra), out.getvalue()


def test_an_object_added_after_a_finish_is_in_the_next_pack(bare):
    with PackWriter() as writer:
        writer.add("blob", b"one")
        writer.finish(io.BytesIO())
        writer.add("blob", b"two")
        out = io.BytesIO()
        info = writer.finish(out)
    git(bare, "index-pack", "--strict", "--stdin", stdin=out.getvalue())
    assert info.count == 2


def test_packs_larger_than_the_spool_limit_go_through_a_file(bare):
    with PackWriter(spool_limit=100) as writer:
        for number in range(50):
            writer.add("blob", hashlib.sha512(bytes([number])).digest())
        out = io.BytesIO()
        info = writer.finish(out)
    git(bare, "index-pack", "--strict", "--stdin", stdin=out.getvalue())
    assert (bare / "objects" / "pack" / f"pack-{info.name}.idx").read_bytes() == info.index


def test_an_empty_pack_is_still_a_pack(bare):
    with PackWriter() as writer:
        out = io.BytesIO()
        info = writer.finish(out)
    assert info.count == 0
    path = bare / "empty.pack"
    path.write_bytes(out.getvalue())
    git(bare, "index-pack", str(path))
    assert (bare / "empty.idx").read_bytes() == info.index


def test_two_thousand_objects_take_well_under_a_second():
    contents = [hashlib.sha512(b"%d" % number).digest() * 20 for number in range(2000)]
    begin = time.process_time()
    with PackWriter() as writer:
        for data in contents:
            writer.add("blob", data)
        assert writer.finish(io.BytesIO()).count == 2000
    assert time.process_time() - begin < 1


def test_an_unknown_kind_is_refused_and_changes_nothing():
    with PackWriter() as writer:
        with pytest.raises(ValueError, match="kind"):
            writer.add("note", b"x")
        assert writer.count == 0


@settings(max_examples=60)
@given(objects, objects)
def test_every_object_comes_back_from_the_offset_in_the_index(staged, extra):
    with PackWriter() as writer:
        for kind, data in staged:
            writer.add(kind, data)
        out = io.BytesIO()
        info = writer.finish(out, extra)
    expected = {object_id(kind, data): data for kind, data in staged + extra}
    pack = out.getvalue()
    assert hashlib.sha1(pack[:-20]).hexdigest() == info.name == pack[-20:].hex()
    assert {oid: read_entry(pack, at) for oid, at in index_rows(info.index)} == expected


def index_rows(index):
    """(oid, offset) of every object, as `git show-index` reads them."""
    command = ["git", "show-index"]
    listing = subprocess.run(command, input=index, check=True, capture_output=True).stdout
    rows = (line.split() for line in listing.decode().splitlines())
    return [(bytes.fromhex(oid), int(offset)) for offset, oid, _crc in rows]


def read_entry(pack, at):
    """The content of the entry at this offset of a pack."""
    while pack[at] & 0x80:
        at += 1
    return zlib.decompressobj().decompress(pack[at + 1 :])


def test_offsets_beyond_two_gigabytes_use_the_large_table():
    offsets = [12, 2**31 - 1, 2**31, 2**33 + 7, 2**40]
    rows = [(hashlib.sha1(bytes([n])).digest(), offset) for n, offset in enumerate(offsets)]
    index = build_index([IndexEntry(oid, 1, offset) for oid, offset in rows], bytes(20))
    assert index_rows(index) == sorted(rows)
    assert len(index) == 8 + 1024 + 5 * (20 + 4 + 4) + 3 * 8 + 40
