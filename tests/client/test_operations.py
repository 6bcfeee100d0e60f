"""The operations of a commit: what they accept, and what they say of themselves."""

from __future__ import annotations

import base64
import codecs
import io
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from freehold import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HFValidationError,
    LocalFileError,
)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file at `./local/weights.h5`."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "local" / "weights.h5"
    path.parent.mkdir()
    path.write_bytes(bytes(range(256)) * 32)
    return path


# The documented examples


def test_an_addition_shows_itself_as_documented(weights: Path) -> None:
    operation = CommitOperationAdd(
        path_in_repo="remote/dir/weights.h5", path_or_fileobj="./local/weights.h5"
    )
    assert repr(operation) == (
        "CommitOperationAdd(path_in_repo='remote/dir/weights.h5',"
        " path_or_fileobj='./local/weights.h5')"
    )


def test_as_file_gives_the_content(weights: Path) -> None:
    operation = CommitOperationAdd("remote/dir/weights.h5", "./local/weights.h5")
    with operation.as_file() as file:
        content = file.read()
    assert content == weights.read_bytes()
    assert operation.size == len(content)


def test_as_file_with_tqdm_gives_the_content_and_says_how_far_it_is(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operation = CommitOperationAdd("config.json", "./local/weights.h5")
    read = b""
    with operation.as_file(with_tqdm=True) as file:
        while True:
            data = file.read(1024)
            if not data:
                break
            read += data
    assert read == weights.read_bytes()
    shown = capsys.readouterr().err
    assert "config.json: 100%|" in shown
    assert "8.19k/8.19k" in shown


def test_b64content_is_the_whole_content_in_base64(weights: Path) -> None:
    data = weights.read_bytes()
    stream = io.BytesIO(b"12345" + data)
    stream.seek(5)
    for source in (str(weights), weights, data, stream):
        found = CommitOperationAdd("x", source).b64content()
        assert isinstance(found, bytes)
        assert base64.b64decode(found) == data


# What may be added


def test_a_path_may_be_a_text_or_any_path(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [entry] = os.scandir(os.fsencode(weights.parent))
    for source in (str(weights), weights, entry):
        assert CommitOperationAdd("x", source).local_path == str(weights)  # type: ignore[arg-type]
    monkeypatch.setenv("HOME", str(weights.parent))
    assert CommitOperationAdd("x", "~/weights.h5").local_path == str(weights)


@pytest.mark.parametrize("data", [b"", b"x", bytearray(b"abc"), memoryview(b"abcd")])
def test_bytes_of_any_kind_may_be_added(data: Any) -> None:
    operation = CommitOperationAdd("x", data)
    assert operation.path_or_fileobj == bytes(data)
    assert operation.size == len(data)


def test_an_open_file_is_added_from_where_it_stood_and_stays_there() -> None:
    stream = io.BytesIO(b"0123456789")
    stream.seek(4)
    operation = CommitOperationAdd("x", stream)
    assert (operation.start, operation.size, stream.tell()) == (4, 6, 4)
    stream.seek(7)
    with operation.as_file() as file:
        assert file.read() == b"456789"
    assert stream.tell() == 7


def test_a_stream_beyond_its_end_is_empty() -> None:
    stream = io.BytesIO(b"01")
    stream.seek(9)
    assert CommitOperationAdd("x", stream).size == 0


def test_temporary_and_raw_files_may_be_added(tmp_path: Path) -> None:
    with tempfile.SpooledTemporaryFile() as spooled, tempfile.NamedTemporaryFile() as named:
        raw = (tmp_path / "raw").open("wb+", buffering=0)
        with raw:
            for file in (spooled, named, raw):
                file.write(b"abc")
                file.seek(1)
                assert CommitOperationAdd("x", file).b64content() == base64.b64encode(b"bc")


class Unseekable(io.RawIOBase):
    def readable(self) -> bool:
        return True


class WithoutTell:
    def read(self, size: int = -1) -> bytes:
        return b""


@pytest.mark.parametrize(
    "source",
    [
        None,
        5,
        ["a list"],
        io.StringIO("text"),
        codecs.getreader("utf-8")(io.BytesIO(b"text")),
        Unseekable(),
        WithoutTell(),
    ],
)
def test_other_contents_are_refused(source: Any) -> None:
    with pytest.raises(HFValidationError) as caught:
        CommitOperationAdd("x", source)
    assert isinstance(caught.value, ValueError)


def test_a_closed_file_and_a_pipe_are_refused(tmp_path: Path) -> None:
    closed = (tmp_path / "x").open("wb+")
    closed.close()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"):
        for source in (closed, pipe):
            with pytest.raises(HFValidationError):
                CommitOperationAdd("x", source)


# Paths of this machine


def test_what_is_no_readable_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name, reason in {
            "missing": "does not exist",
            "dangling": "is a link that leads nowhere",
            "loop": "cannot be read",
            "fifo": "is not a file",
            "socket": "is not a file",
            ".": "is not a file",
            "a\0b": "cannot be read",
        }.items():
            path = f"{tmp_path}/{name}"
            with pytest.raises(LocalFileError, match=reason) as caught:
                CommitOperationAdd("x", path)
            assert repr(path) in str(caught.value)
            assert isinstance(caught.value, ValueError)


UNREADABLE = """
import os, sys
from freehold import CommitOperationAdd, LocalFileError
os.setgid(65534); os.setuid(65534)
try:
    CommitOperationAdd("x", sys.argv[1])
except LocalFileError as error:
    print(error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "secret"
        path.write_bytes(b"x")
        Path(folder).chmod(0o755)
        path.chmod(0o600)
        done = subprocess.run(
            [sys.executable, "-c", UNREADABLE, str(path)], capture_output=True, text=True
        )
    assert done.stdout == f"{str(path)!r} cannot be read: permission denied.\n", done.stderr


# Paths in a repository

BAD_PATHS = [
    "",
    "/",
    "a//b",
    "..",
    "../x",
    "a/../b",
    "a/./b",
    "a/",
    "a\\b",
    "a\nb",
    "a\0b",
    ".git/config",
    "a/.GIT/config",
    "caf\udce9",
    "x" * 256,
    None,
    7,
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_that_no_repository_can_hold_are_refused(path: Any) -> None:
    with pytest.raises(HFValidationError):
        CommitOperationAdd(path, b"")
    with pytest.raises(HFValidationError):
        CommitOperationCopy("x", path)
    with pytest.raises(HFValidationError):
        CommitOperationCopy(path, "x")
    if path != "a/":
        with pytest.raises(HFValidationError):
            CommitOperationDelete(path)


@pytest.mark.parametrize("path", [".cache/x", "a/.cache/huggingface/x"])
def test_what_tools_keep_here_is_not_added_but_may_be_deleted(path: str) -> None:
    with pytest.raises(HFValidationError, match="stays on this machine"):
        CommitOperationAdd(path, b"")
    assert CommitOperationDelete(path).path_in_repo == path


@pytest.mark.parametrize("path", ["a/b.txt", "/a/b.txt", "./a/b.txt"])
def test_paths_may_be_written_from_the_root(path: str) -> None:
    assert CommitOperationAdd(path, b"").path_in_repo == "a/b.txt"


@pytest.mark.parametrize(
    ("path", "is_folder", "expected"),
    [
        ("checkpoints/1fec34a/weights.bin", "auto", False),
        ("checkpoints/1fec34a/", "auto", True),
        ("checkpoints/1fec34a", True, True),
        ("checkpoints/1fec34a/", False, False),
    ],
)
def test_a_deletion_knows_whether_it_is_of_a_folder(
    path: str, is_folder: Any, expected: bool
) -> None:
    operation = CommitOperationDelete(path_in_repo=path, is_folder=is_folder)
    assert operation.is_folder is expected
    assert operation.path_in_repo == path.rstrip("/")


def test_a_deletion_of_neither_file_nor_folder_is_refused() -> None:
    with pytest.raises(HFValidationError, match="is_folder"):
        CommitOperationDelete("x", is_folder="maybe")  # type: ignore[arg-type]


def test_the_others_show_themselves() -> None:
    assert repr(CommitOperationAdd("x", b"abc")) == "CommitOperationAdd(path_in_repo='x', 3 bytes)"
    assert repr(CommitOperationDelete("a/")) == (
        "CommitOperationDelete(path_in_repo='a', is_folder=True)"
    )
    assert repr(CommitOperationCopy("a", "b", "v1")) == (
        "CommitOperationCopy(src_path_in_repo='a', path_in_repo='b', src_revision='v1')"
    )
