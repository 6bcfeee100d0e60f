"""What every object store promises, whichever backend it has."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.server.objects import keys
from freehold.server.objects.cloud import CloudStore
from freehold.server.objects.disk import DiskStore
from freehold.server.objects.memory import MemoryStore
from freehold.server.objects.open import open_object_store
from freehold.server.objects.store import (
    READ_BLOCK,
    DigestMismatchError,
    ObjectMissingError,
    ObjectStore,
    StagedUpload,
)

MIB = 1 << 20
KEY = "lfs/ab/cd/object"
REPO = "0123456789abcdef01234567"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def random_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def read_all(store: ObjectStore, key: str, *span: int) -> bytes:
    return b"".join(store.read(key, *span))


def send_part(upload: StagedUpload, number: int, offset: int, data: bytes) -> None:
    writer = upload.write_part(number, offset)
    writer.write(data)
    writer.commit()


def send_parts(upload: StagedUpload, *blocks: bytes) -> list[tuple[int, int]]:
    """Send the blocks as parts 1, 2, ...; the part list for promote."""
    offset = 0
    for number, block in enumerate(blocks, 1):
        send_part(upload, number, offset, block)
        offset += len(block)
    return [(number, len(block)) for number, block in enumerate(blocks, 1)]


def staging_files(store: DiskStore) -> list[str]:
    return [entry.name for entry in (store.root / "staging").iterdir()]


def names_in_bucket(store: CloudStore) -> list[str]:
    return [meta["path"] for meta in store.list_names("")]


# One object


def test_an_object_is_visible_only_after_commit(store: ObjectStore) -> None:
    writer = store.open_write(KEY)
    writer.write(b"one ")
    writer.write(memoryview(b"two"))
    assert store.size(KEY) is None
    assert list(store.list("")) == []
    writer.commit()
    assert store.size(KEY) == 7
    assert store.get(KEY) == b"one two"


def test_an_aborted_object_leaves_nothing(store: ObjectStore) -> None:
    writer = store.open_write(KEY)
    writer.write(b"unwanted")
    writer.abort()
    writer.abort()
    assert store.size(KEY) is None
    assert list(store.list("")) == []
    assert store.sweep_staging(0) == 0


def test_an_aborted_large_object_leaves_nothing(store: ObjectStore) -> None:
    """Large enough that a bucket has parts of it when it is aborted."""
    writer = store.open_write(KEY)
    for _ in range(24):
        writer.write(bytes(MIB))
    writer.abort()
    assert store.size(KEY) is None
    assert store.sweep_staging(0) == 0


def test_an_aborted_overwrite_keeps_the_old_object(store: ObjectStore) -> None:
    store.put(KEY, b"old")
    writer = store.open_write(KEY)
    writer.write(b"new")
    writer.abort()
    assert store.get(KEY) == b"old"


def test_a_finished_writer_refuses_more(store: ObjectStore) -> None:
    aborted, committed = store.open_write("packs/a"), store.open_write("packs/b")
    aborted.abort()
    committed.commit()
    for writer in (aborted, committed):
        with pytest.raises(ValueError, match="committed or aborted"):
            writer.write(b"late")
        with pytest.raises(ValueError, match="committed or aborted"):
            writer.commit()


def test_abort_after_commit_keeps_the_object(store: ObjectStore) -> None:
    writer = store.open_write(KEY)
    writer.write(b"kept")
    writer.commit()
    writer.abort()
    assert store.get(KEY) == b"kept"


def test_writing_a_key_again_replaces_the_object(store: ObjectStore) -> None:
    store.put(KEY, b"first, longer")
    store.put(KEY, b"second")
    assert store.get(KEY) == b"second"
    writer = store.open_write(KEY)
    writer.write(b"third")
    writer.commit()
    assert store.get(KEY) == b"third"
    assert [info.size for info in store.list("")] == [5]


def test_two_writers_of_one_key_do_not_mix(store: ObjectStore) -> None:
    first, second = store.open_write(KEY), store.open_write(KEY)
    first.write(b"1" * 1000)
    second.write(b"2" * 1000)
    first.commit()
    assert store.get(KEY) == b"1" * 1000
    second.commit()
    assert store.get(KEY) == b"2" * 1000


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 4, b"3456"),
        (8, 100, b"89"),
        (0, 0, b""),
        (5, 0, b""),
        (10, None, b""),
        (10, 5, b""),
        (99, 5, b""),
    ],
)
def test_a_range_is_cut_at_the_end(
    store: ObjectStore, start: int, length: int | None, expected: bytes
) -> None:
    store.put(KEY, b"0123456789")
    assert b"".join(store.read(KEY, start, length)) == expected


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1)])
def test_a_negative_range_is_refused(store: ObjectStore, start: int, length: int | None) -> None:
    store.put(KEY, b"0123456789")
    with pytest.raises(ValueError, match="negative"):
        store.read(KEY, start, length)


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put(KEY, b"")
    store.open_write("packs/empty").commit()
    for key in (KEY, "packs/empty"):
        assert store.size(key) == 0
        assert store.get(key) == b""
        assert read_all(store, key) == b""
        assert read_all(store, key, 0, 10) == b""


def test_a_large_object_comes_back_whole_and_by_range(store: ObjectStore) -> None:
    data = random_bytes(40 * MIB + 17)
    writer = store.open_write(KEY)
    for at in range(0, len(data), 3 * MIB):
        writer.write(memoryview(data)[at : at + 3 * MIB])
    writer.commit()
    blocks = list(store.read(KEY))
    assert max(map(len, blocks)) == READ_BLOCK
    assert sha256(b"".join(blocks)) == sha256(data)
    for start, length in [(0, 1), (9 * MIB - 3, 9 * MIB), (40 * MIB, 99), (8 * MIB, 8 * MIB)]:
        assert read_all(store, KEY, start, length) == data[start : start + length]


def test_a_large_block_is_written_whole(store: ObjectStore) -> None:
    data = random_bytes(33 * MIB)
    writer = store.open_write(KEY)
    writer.write(data)
    writer.commit()
    assert sha256(store.get(KEY)) == sha256(data)


def test_a_writer_keeps_nothing_of_a_buffer_that_is_used_again(store: ObjectStore) -> None:
    """A block may be a view of a buffer that the caller fills anew for the next one."""
    buffer = bytearray(1000)
    writer = store.open_write(KEY)
    for value in (1, 2, 3):
        buffer[:] = bytes([value]) * len(buffer)
        writer.write(memoryview(buffer))
    writer.commit()
    assert store.get(KEY) == b"\1" * 1000 + b"\2" * 1000 + b"\3" * 1000


def test_a_missing_object_is_an_error_at_once(store: ObjectStore) -> None:
    store.put(KEY, b"neighbour")
    for key in ("lfs/ab/cd/missing", "lfs/ab", "lfs/ab/cd/object/below"):
        assert store.size(key) is None
        assert store.local_path(key) is None
        with pytest.raises(ObjectMissingError):
            store.get(key)
        with pytest.raises(ObjectMissingError):
            store.read(key)


def test_delete_removes_and_may_be_repeated(store: ObjectStore) -> None:
    store.put(KEY, b"short-lived")
    store.delete(KEY)
    store.delete(KEY)
    store.delete("never/was")
    assert store.size(KEY) is None
    assert list(store.list("")) == []


def test_list_gives_the_objects_of_a_folder(store: ObjectStore) -> None:
    before = time.time()
    for key in ("packs/r1/a.pack", "packs/r1/b.pack", "packs/r12/c.pack", "lfs/ab/cd/x"):
        store.put(key, key.encode())
    send_parts(store.staged("upload"), b"unfinished")
    assert {info.key for info in store.list("packs/r1")} == {"packs/r1/a.pack", "packs/r1/b.pack"}
    assert {info.key for info in store.list("packs/")} == {
        "packs/r1/a.pack",
        "packs/r1/b.pack",
        "packs/r12/c.pack",
    }
    assert list(store.list("nothing")) == []
    everything = list(store.list(""))
    assert len(everything) == 4
    assert all(info.size == len(info.key) for info in everything)
    # A bucket tells whole seconds, and a kernel's clock for files ticks a few milliseconds late.
    assert all(before - 2 < info.modified < time.time() + 2 for info in everything)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "..",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        ".hidden",
        "a..b",
        "a b",
        "a\\b",
        "a\0b",
        "a\n",
        "é",
        "staging/x",
        "staging",
        "x" * 201,
        "x/" * 500 + "x",
    ],
)
def test_a_bad_key_is_refused_everywhere(store: ObjectStore, key: str) -> None:
    upload = store.staged("upload")
    parts = send_parts(upload, b"data")
    for use in (
        store.size,
        store.get,
        store.read,
        store.open_write,
        store.delete,
        store.local_path,
        lambda key: store.put(key, b"data"),
        lambda key: store.url(key, 60),
        lambda key: upload.promote(parts, key, sha256(b"data"), 4),
    ):
        with pytest.raises(ValueError):
            use(key)
    assert list(store.list("")) == []


@pytest.mark.parametrize("upload_id", ["", "..", "a/b", "a.b", "x" * 65, "a\n"])
def test_a_bad_upload_id_is_refused(store: ObjectStore, upload_id: str) -> None:
    with pytest.raises(ValueError, match="upload id"):
        store.staged(upload_id)


# Uploads in parts


def test_parts_may_arrive_in_any_order(store: ObjectStore) -> None:
    upload = store.staged("upload")
    send_part(upload, 3, 12, b"three")
    send_part(upload, 1, 0, b"one ----")
    send_part(upload, 2, 8, b"two ")
    assert store.size(KEY) is None
    data = b"one ----two three"
    upload.promote([(1, 8), (2, 4), (3, 5)], KEY, sha256(data), len(data))
    assert store.get(KEY) == data
    assert store.sweep_staging(0) == 0


def test_a_part_may_be_sent_again(store: ObjectStore) -> None:
    upload = store.staged("upload")
    send_parts(upload, b"wrong", b" end")
    send_part(store.staged("upload"), 1, 0, b"right")
    upload.promote([(1, 5), (2, 4)], KEY, sha256(b"right end"), 9)
    assert store.get(KEY) == b"right end"


def test_parts_may_arrive_in_parallel(store: ObjectStore) -> None:
    data, part_size = random_bytes(11 * MIB + 5), MIB

    def send(index: int) -> tuple[int, int]:
        block = data[index * part_size : (index + 1) * part_size]
        writer = store.staged("upload").write_part(index + 1, index * part_size)
        for at in range(0, len(block), 100_000):
            writer.write(block[at : at + 100_000])
        writer.commit()
        return index + 1, len(block)

    with ThreadPoolExecutor(6) as pool:
        parts = list(pool.map(send, reversed(range(12))))[::-1]
    store.staged("upload").promote(parts, KEY, sha256(data), len(data))
    assert sha256(store.get(KEY)) == sha256(data)


def test_two_uploads_do_not_mix(store: ObjectStore) -> None:
    first, second = store.staged("first"), store.staged("second")
    parts = send_parts(first, b"1111", b"11")
    send_parts(second, b"2222", b"22")
    first.promote(parts, "lfs/one", sha256(b"111111"), 6)
    second.promote(parts, "lfs/two", sha256(b"222222"), 6)
    assert store.get("lfs/one") == b"111111"
    assert store.get("lfs/two") == b"222222"


def test_a_missing_part_is_refused_and_can_be_sent_later(store: ObjectStore) -> None:
    upload = store.staged("upload")
    send_part(upload, 1, 0, b"head")
    send_part(upload, 3, 8, b"tail")
    parts, data = [(1, 4), (2, 4), (3, 4)], b"headbodytail"
    with pytest.raises(DigestMismatchError):
        upload.promote(parts, KEY, sha256(data), 12)
    assert store.size(KEY) is None
    send_part(upload, 2, 4, b"body")
    upload.promote(parts, KEY, sha256(data), 12)
    assert store.get(KEY) == data


def test_a_missing_last_part_is_refused(store: ObjectStore) -> None:
    upload = store.staged("upload")
    send_part(upload, 1, 0, b"head")
    with pytest.raises(DigestMismatchError):
        upload.promote([(1, 4), (2, 4)], KEY, sha256(b"headtail"), 8)
    assert list(store.list("")) == []


def test_a_wrong_sha256_publishes_nothing(store: ObjectStore) -> None:
    upload = store.staged("upload")
    parts = send_parts(upload, b"some", b"data")
    with pytest.raises(DigestMismatchError) as caught:
        upload.promote(parts, KEY, sha256(b"other"), 8)
    assert caught.value.expected == sha256(b"other")
    assert caught.value.actual == sha256(b"somedata")
    assert list(store.list("")) == []


def test_a_wrong_sha256_of_a_large_upload_publishes_nothing(store: ObjectStore) -> None:
    upload = store.staged("upload")
    parts = send_parts(upload, bytes(13 * MIB), bytes(12 * MIB))
    with pytest.raises(DigestMismatchError):
        upload.promote(parts, KEY, sha256(b"other"), 25 * MIB)
    assert store.size(KEY) is None
    upload.discard()
    assert store.sweep_staging(0) == 0


@pytest.mark.parametrize(
    ("parts", "size"),
    [([(1, 4), (2, 4)], 9), ([(1, 4), (2, 5)], 9), ([(1, 4)], 4), ([(1, 4), (2, 4), (3, 1)], 9)],
)
def test_a_wrong_size_publishes_nothing(
    store: ObjectStore, parts: list[tuple[int, int]], size: int
) -> None:
    upload = store.staged("upload")
    send_parts(upload, b"some", b"data")
    with pytest.raises(DigestMismatchError):
        upload.promote(parts, KEY, sha256(b"somedata"), size)
    assert list(store.list("")) == []


@pytest.mark.parametrize("parts", [[], [(1, 4), (1, 4)], [(0, 8)], [(100_000, 8)], [(1, -1)]])
def test_a_senseless_part_list_is_refused(store: ObjectStore, parts: list[tuple[int, int]]) -> None:
    upload = store.staged("upload")
    send_parts(upload, b"some", b"data")
    with pytest.raises(ValueError, match="part"):
        upload.promote(parts, KEY, sha256(b"somedata"), 8)


@pytest.mark.parametrize(("number", "offset"), [(0, 0), (-1, 0), (100_000, 0), (1, -1)])
def test_a_senseless_part_is_refused(store: ObjectStore, number: int, offset: int) -> None:
    with pytest.raises(ValueError, match="part"):
        store.staged("upload").write_part(number, offset)


def test_an_upload_is_promoted_only_once(store: ObjectStore) -> None:
    upload = store.staged("upload")
    parts = send_parts(upload, b"data")
    upload.promote(parts, KEY, sha256(b"data"), 4)
    with pytest.raises(ObjectMissingError, match="no upload"):
        upload.promote(parts, "lfs/again", sha256(b"data"), 4)
    assert [info.key for info in store.list("")] == [KEY]


def test_a_discarded_upload_is_gone(store: ObjectStore) -> None:
    upload = store.staged("upload")
    parts = send_parts(upload, b"some", b"data")
    upload.discard()
    upload.discard()
    with pytest.raises(ObjectMissingError, match="no upload"):
        upload.promote(parts, KEY, sha256(b"somedata"), 8)
    assert list(store.list("")) == []
    assert store.sweep_staging(0) == 0


def test_an_aborted_part_is_not_published(store: ObjectStore) -> None:
    upload = store.staged("upload")
    send_part(upload, 1, 0, b"head")
    writer = upload.write_part(2, 4)
    writer.write(b"ta")
    writer.abort()
    writer.abort()
    with pytest.raises(DigestMismatchError):
        upload.promote([(1, 4), (2, 4)], KEY, sha256(b"headtail"), 8)
    assert list(store.list("")) == []


def test_a_writer_that_outlives_its_upload_cannot_change_the_object(store: ObjectStore) -> None:
    """Else verified bytes could be replaced after the check."""
    upload = store.staged("upload")
    straggler = upload.write_part(1, 0)
    parts = send_parts(upload, b"verified")
    upload.promote(parts, KEY, sha256(b"verified"), 8)
    try:
        straggler.write(b"poisoned")
        straggler.commit()
    except ObjectMissingError:
        straggler.abort()
    assert store.get(KEY) == b"verified"


def test_promote_over_an_equal_object_is_fine(store: ObjectStore) -> None:
    store.put(KEY, b"data")
    upload = store.staged("upload")
    upload.promote(send_parts(upload, b"data"), KEY, sha256(b"data"), 4)
    assert store.get(KEY) == b"data"


def test_a_race_to_promote_publishes_once_and_tells_the_others(store: ObjectStore) -> None:
    data = random_bytes(5 * MIB)
    parts = send_parts(store.staged("upload"), data)
    start = threading.Barrier(4)

    def promote(_: int) -> str:
        start.wait()
        try:
            store.staged("upload").promote(parts, KEY, sha256(data), len(data))
        except (ObjectMissingError, DigestMismatchError):
            return "late"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        assert "done" in set(pool.map(promote, range(4)))
    assert sha256(store.get(KEY)) == sha256(data)


def test_sweep_removes_only_old_uploads(store: ObjectStore) -> None:
    upload = store.staged("upload")
    parts = send_parts(upload, b"some", b"data")
    store.put(KEY, b"finished")
    assert store.sweep_staging(3600) == 0
    upload.promote(parts, "lfs/kept", sha256(b"somedata"), 8)
    send_parts(upload, b"abandoned")
    assert store.sweep_staging(0) == 1
    with pytest.raises(ObjectMissingError):
        upload.promote([(1, 9)], "lfs/gone", sha256(b"abandoned"), 9)
    assert {info.key for info in store.list("")} == {KEY, "lfs/kept"}


def test_sweep_keeps_the_uploads_that_it_is_told_to(store: ObjectStore) -> None:
    kept, left = store.staged("kept"), store.staged("left")
    parts = send_parts(kept, b"some", b"data")
    send_parts(left, b"abandoned")
    assert store.sweep_staging(0, keep={"kept", "never-begun"}) == 1
    with pytest.raises(ObjectMissingError):
        left.promote([(1, 9)], "lfs/gone", sha256(b"abandoned"), 9)
    kept.promote(parts, KEY, sha256(b"somedata"), 8)
    assert store.get(KEY) == b"somedata"


# Any sequence of calls

NAMES = st.sampled_from(["lfs/a", "lfs/b", "packs/x/a", "packs/x/b", "packs/y/a"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, st.binary(max_size=40)),
    st.tuples(st.just("write"), NAMES, st.binary(max_size=40)),
    st.tuples(st.just("abort"), NAMES, st.binary(max_size=40)),
    st.tuples(st.just("promote"), NAMES, st.binary(min_size=2, max_size=40)),
    st.tuples(st.just("delete"), NAMES, st.just(b"")),
)


def apply_step(store: ObjectStore, verb: str, key: str, data: bytes) -> None:
    if verb == "put":
        store.put(key, data)
    elif verb == "delete":
        store.delete(key)
    elif verb == "promote":
        upload = store.staged(uuid4().hex)
        upload.promote(send_parts(upload, data[:1], data[1:]), key, sha256(data), len(data))
    else:
        writer = store.open_write(key)
        writer.write(data)
        writer.commit() if verb == "write" else writer.abort()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=8), start=st.integers(0, 50), length=st.integers(0, 50))
def test_a_store_agrees_with_a_dictionary(
    store: ObjectStore, steps: list[tuple[str, str, bytes]], start: int, length: int
) -> None:
    for info in list(store.list("")):
        store.delete(info.key)
    model: dict[str, bytes] = {}
    for verb, key, data in steps:
        apply_step(store, verb, key, data)
        if verb == "delete":
            model.pop(key, None)
        elif verb != "abort":
            model[key] = data
    assert {info.key: info.size for info in store.list("")} == {
        key: len(data) for key, data in model.items()
    }
    for key, data in model.items():
        assert store.get(key) == data
        assert read_all(store, key, start, length) == data[start : start + length]


# The folder alone


def test_a_folder_gives_its_files_and_no_addresses(disk_store: DiskStore) -> None:
    disk_store.put(KEY, b"on disk")
    path = disk_store.local_path(KEY)
    assert path == disk_store.root / KEY
    assert path.read_bytes() == b"on disk"
    assert disk_store.url(KEY, 60) is None


def test_a_folder_keeps_its_objects_when_it_is_opened_again(disk_store: DiskStore) -> None:
    disk_store.put(KEY, b"lasting")
    send_parts(disk_store.staged("upload"), b"half", b"done")
    again = DiskStore(disk_store.root)
    assert again.get(KEY) == b"lasting"
    again.staged("upload").promote([(1, 4), (2, 4)], "lfs/whole", sha256(b"halfdone"), 8)
    assert again.get("lfs/whole") == b"halfdone"


def test_an_object_deleted_meanwhile_is_read_to_its_end(disk_store: DiskStore) -> None:
    data = random_bytes(3 * MIB)
    disk_store.put(KEY, data)
    blocks = disk_store.read(KEY)
    first = next(blocks)
    disk_store.delete(KEY)
    assert first + b"".join(blocks) == data


def test_promote_copies_nothing(disk_store: DiskStore) -> None:
    """The published file is the very file that the parts were written to."""
    upload = disk_store.staged("upload")
    parts = send_parts(upload, b"some", b"data")
    inode = (disk_store.root / "staging" / "upload").stat().st_ino
    upload.promote(parts, KEY, sha256(b"somedata"), 8)
    assert (disk_store.root / KEY).stat().st_ino == inode


def test_the_age_of_an_object_counts_from_its_promotion(disk_store: DiskStore) -> None:
    """Else an upload that took days would look old enough to be garbage at once."""
    upload = disk_store.staged("upload")
    parts = send_parts(upload, b"data")
    os.utime(disk_store.root / "staging" / "upload", (0, 0))
    upload.promote(parts, KEY, sha256(b"data"), 4)
    assert next(disk_store.list("")).modified > time.time() - 60


def test_a_straggler_is_told_that_its_upload_ended(disk_store: DiskStore) -> None:
    upload = disk_store.staged("upload")
    straggler, silent = upload.write_part(1, 0), upload.write_part(1, 0)
    upload.discard()
    with pytest.raises(ObjectMissingError):
        straggler.write(b"late")
    with pytest.raises(ObjectMissingError):
        silent.commit()
    straggler.abort()
    silent.abort()
    assert staging_files(disk_store) == []


def test_a_part_waits_while_the_upload_is_promoted_by_another_process(
    disk_store: DiskStore,
) -> None:
    """Else it could change bytes that were hashed already."""
    writer = disk_store.staged("upload").write_part(1, 0)
    staged = disk_store.root / "staging" / "upload"
    with ThreadPoolExecutor(1) as pool, staged.open("rb") as promoting:
        fcntl.flock(promoting, fcntl.LOCK_EX)
        late = pool.submit(writer.write, b"late")
        with pytest.raises(TimeoutError):
            late.result(timeout=0.3)
        staged.rename(disk_store.root / "published")
        fcntl.flock(promoting, fcntl.LOCK_UN)
        with pytest.raises(ObjectMissingError):
            late.result()
    writer.abort()
    assert disk_store.get("published") == b""


@pytest.mark.parametrize("verb", ["promote", "discard"])
def test_an_upload_ends_only_between_two_blocks_of_a_part(disk_store: DiskStore, verb: str) -> None:
    upload = disk_store.staged("upload")
    parts = send_parts(upload, b"data")
    end = {
        "promote": lambda: upload.promote(parts, KEY, sha256(b"data"), 4),
        "discard": upload.discard,
    }[verb]
    staged = disk_store.root / "staging" / "upload"
    with ThreadPoolExecutor(1) as pool, staged.open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_SH)
        ending = pool.submit(end)
        with pytest.raises(TimeoutError):
            ending.result(timeout=0.3)
        assert staged.exists()
        fcntl.flock(writing, fcntl.LOCK_UN)
        ending.result()
    assert not staged.exists()


def test_a_swept_writer_cannot_commit(disk_store: DiskStore) -> None:
    writer = disk_store.open_write(KEY)
    writer.write(b"too slow")
    assert disk_store.sweep_staging(0) == 1
    with pytest.raises(ObjectMissingError):
        writer.commit()
    writer.abort()
    assert list(disk_store.list("")) == []


WRITER_TO_KILL = """
import sys, time
from pathlib import Path
from freehold.server.objects.disk import DiskStore

store = DiskStore(Path(sys.argv[1]))
writer = store.open_write("lfs/half")
part = store.staged("upload").write_part(2, 1 << 20)
writer.write(bytes(5 << 20))
part.write(bytes(5 << 20))
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_writer_leaves_only_what_a_sweep_removes(disk_store: DiskStore) -> None:
    disk_store.put(KEY, b"finished before")
    command = [sys.executable, "-c", WRITER_TO_KILL, str(disk_store.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    again = DiskStore(disk_store.root)
    assert [info.key for info in again.list("")] == [KEY]
    assert len(staging_files(again)) == 2
    assert again.sweep_staging(0) == 2
    assert staging_files(again) == []
    assert again.get(KEY) == b"finished before"


# The bucket alone


def test_an_address_of_a_bucket_gives_the_bytes_to_anybody(cloud_store: CloudStore) -> None:
    cloud_store.put(KEY, b"for all who have the address")
    url = cloud_store.url(KEY, 60)
    assert url is not None
    with urlopen(url) as answer:
        assert answer.read() == b"for all who have the address"


def test_an_aborted_upload_leaves_no_unseen_parts_in_the_bucket(
    cloud_store: CloudStore, bucket_url: str
) -> None:
    writer = cloud_store.open_write(KEY)
    for _ in range(24):
        writer.write(bytes(MIB))
    assert unfinished_in(cloud_store, bucket_url) == 1
    writer.abort()
    assert unfinished_in(cloud_store, bucket_url) == 0


def test_a_promoted_upload_leaves_no_parts_in_the_bucket(cloud_store: CloudStore) -> None:
    upload = cloud_store.staged("upload")
    parts = send_parts(upload, b"some", b"data", b"stray")[:2]
    assert len(names_in_bucket(cloud_store)) == 3
    upload.promote(parts, KEY, sha256(b"somedata"), 8)
    assert names_in_bucket(cloud_store) == [KEY]


def test_a_bucket_that_does_not_answer_fails_the_commit_and_abort_stays_quiet() -> None:
    store = CloudStore.from_url(
        "s3://freehold?endpoint=http://127.0.0.1:1&region=us-east-1",
        access_key_id="test",
        secret_access_key="test",
    )
    writer = store.open_write(KEY)
    writer.write(b"lost")
    with pytest.raises(Exception, match="Error performing PUT"):
        writer.commit()
    writer.abort()


def unfinished_in(store: CloudStore, bucket_url: str) -> int:
    """How many multipart uploads are open below the store's prefix."""
    import boto3

    endpoint = bucket_url.split("endpoint=")[1].split("&")[0]
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    uploads = client.list_multipart_uploads(Bucket="freehold").get("Uploads", [])
    return sum(upload["Key"].startswith(str(store.bucket.prefix)) for upload in uploads)


# Keys


def test_keys_are_where_the_tree_says() -> None:
    digest = "ab" + "cd" + "0" * 60
    assert keys.lfs_key(digest) == f"lfs/ab/cd/{digest}"
    assert keys.pack_key(REPO, "pack-1.idx") == f"packs/{REPO}/pack-1.idx"
    assert keys.part_key("upload", 7) == "staging/upload/00007"


@pytest.mark.parametrize(
    "digest", ["", "ab", "g" * 64, "A" * 64, "a" * 63 + "\n", "../" + "a" * 61]
)
def test_a_key_needs_a_real_hash(digest: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        keys.lfs_key(digest)


@pytest.mark.parametrize(
    ("repo_id", "name"),
    [("", "x"), ("..", "x"), (REPO.upper(), "x"), (REPO, ""), (REPO, ".."), (REPO, "a/b")],
)
def test_a_pack_needs_a_repo_and_a_file_name(repo_id: str, name: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        keys.pack_key(repo_id, name)


@given(st.text(max_size=30))
def test_no_text_makes_a_key_that_leaves_its_folder(text: str) -> None:
    try:
        key = keys.check_key(text)
    except ValueError:
        return
    root = Path("/objects")
    assert ".." not in key
    assert os.path.normpath(root / key) == f"{root}/{key}"


# From the setting to the store


def test_an_empty_setting_means_the_default_folder(tmp_path: Path) -> None:
    store = open_object_store("", default_root=tmp_path / "default")
    assert isinstance(store, DiskStore)
    assert store.root == tmp_path / "default"


def test_a_path_or_a_file_url_means_that_folder(tmp_path: Path) -> None:
    for url in (str(tmp_path / "my data"), f"file://{tmp_path}/my%20data"):
        store = open_object_store(url, default_root=tmp_path / "default")
        assert isinstance(store, DiskStore)
        assert store.root == tmp_path / "my data"
    assert not (tmp_path / "default").exists()


def test_cloud_urls_mean_buckets(tmp_path: Path) -> None:
    for url in ("s3://bucket/some/prefix?region=eu-west-1", "gs://bucket/some/prefix"):
        store = open_object_store(url, default_root=tmp_path)
        assert isinstance(store, CloudStore)
        assert store.bucket.prefix == "some/prefix"


def test_memory_is_for_the_forgetful(tmp_path: Path) -> None:
    assert isinstance(open_object_store("memory://", default_root=tmp_path), MemoryStore)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/path",
        "s3://",
        "s3:///prefix",
        "s3://bucket?nonsense=1",
        "s3://bucket?secret_access_key=x",
        "file://host/path",
        "file://",
        "memory://x",
        "az://container",
    ],
)
def test_a_url_that_means_no_store_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError):
        open_object_store(url, default_root=tmp_path)


def test_a_folder_is_opened_without_loading_the_cloud() -> None:
    """Startup matters, and obstore is large."""
    code = "import sys, freehold.server.objects.open; sys.exit('obstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
