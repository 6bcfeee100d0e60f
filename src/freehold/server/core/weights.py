"""What the weights of a model say of it: the headers of large files, read once and kept.

The files may lie far away and hold anything. So a look reads only so much, and what is over it is
left to a job; what is no header says nothing, and what fails stops nobody.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from freehold.errors import FreeholdError
from freehold.formats.git_objects import DIRECTORY, GITLINK, SYMLINK, TreeEntry
from freehold.formats.lfs_pointer import LfsPointer, parse_pointer
from freehold.formats.safetensors_header import (
    MAX_INDEX_SIZE,
    ParameterCounts,
    SafetensorsError,
    add_counts,
    is_shard_index,
    list_shards,
)
from freehold.formats.weight_headers import HEADERS
from freehold.formats.weights import choose_gguf, choose_safetensors
from freehold.server.core.contents import read_content
from freehold.server.core.sources import Source
from freehold.server.db import file_headers, lfs
from freehold.server.db.database import in_chunks
from freehold.server.db.lfs import StoredObject
from freehold.server.git.memory import Memory
from freehold.server.hub import Hub

# What has the name of a file and holds nothing that could be read.
NO_FILES = frozenset({DIRECTORY, GITLINK, SYMLINK})

# What one call may read; a job does the rest.
MAX_FILES = 32
MAX_BYTES = 16 * 1024 * 1024
MAX_SECONDS = 3

SAFETENSORS = ".safetensors"
GGUF = ".gguf"

Header = Mapping[str, Any] | None

log = logging.getLogger("freehold.facts")


def may_be_weights(path: str) -> bool:
    """Whether a file of that name could be asked what model this is."""
    return path.endswith((SAFETENSORS, f"{SAFETENSORS}.index.json")) or path.lower().endswith(GGUF)


class Weights(NamedTuple):
    """What the weights say: parameters by type, and what the header of a GGUF file tells.

    `gguf_size` is in bytes. `is_known` is false when not all was read that should be, and
    `is_private` true when it holds for this repository only: others may not have the files.
    """

    safetensors: ParameterCounts | None = None
    gguf: Mapping[str, Any] | None = None
    gguf_size: int = 0
    is_known: bool = True
    is_private: bool = False

    @property
    def parameters(self) -> int | None:
        """How many parameters the model has."""
        if self.safetensors is not None:
            return self.safetensors.total
        return None if self.gguf is None else int(self.gguf["total"])


class NotKnownError(FreeholdError):
    """What a file says is not known yet, or not any more."""


@dataclass
class Effort:
    """How much a look may still read; a patient one reads all, and raises what goes wrong."""

    files: int = MAX_FILES
    size: int = MAX_BYTES
    is_patient: bool = False
    deadline: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)

    def spend(self, files: int, size: int) -> None:
        """Takes that many files and bytes; raises `NotKnownError` when it is too much for now."""
        self.files -= files
        self.size -= size
        is_over = self.files < 0 or self.size < 0 or time.monotonic() > self.deadline
        if is_over and not self.is_patient:
            raise NotKnownError("the rest is left to a job")


@dataclass
class LargeFiles:
    """The large files that a repository may serve, or will when its branch moves (`coming`)."""

    hub: Hub
    repo_id: str
    coming: Mapping[str, StoredObject] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)
    is_asked: bool = False

    def find(self, pointers: Sequence[LfsPointer]) -> list[StoredObject]:
        """The content of each pointer; raises `NotKnownError` when one is not here."""
        self.is_asked = True
        found = dict(self.coming)
        missing = [pointer.oid for pointer in pointers if pointer.oid not in found]
        with self.hub.db.read() as tx:
            for oids in in_chunks(missing):
                found |= lfs.find_linked(tx, self.repo_id, oids)
        contents = [found.get(pointer.oid) for pointer in pointers]
        held = [
            content
            for content, pointer in zip(contents, pointers, strict=True)
            if content is not None and content.size == pointer.size
        ]
        if len(held) < len(pointers):
            raise NotKnownError("a file is not here")
        return held

    def read(self, stored: StoredObject, start: int, length: int) -> bytes:
        """Those bytes of a content; raises `NotKnownError` when they are too many for now."""
        self.effort.spend(0, length)
        data = b"".join(read_content(self.hub, stored, start, length)) if length else b""
        if len(data) != length:
            raise NotKnownError("the bytes of a file are not there")
        return data

    def headers(self, kind: str, wanted: Sequence[StoredObject]) -> list[Header]:
        """What the header of each content says; what is read is kept, however far it comes."""
        ids = list(dict.fromkeys(stored.id for stored in wanted))
        with self.hub.db.read() as tx:
            texts = file_headers.find_headers(tx, kind, ids)
        known: dict[str, Header] = {oid: json.loads(text) for oid, text in texts.items()}
        try:
            for stored in wanted:
                if stored.id not in known:
                    known[stored.id] = self._read_header(kind, stored)
        finally:
            self._keep(kind, {oid: header for oid, header in known.items() if oid not in texts})
        return [known[stored.id] for stored in wanted]

    def _read_header(self, kind: str, stored: StoredObject) -> Header:
        self.effort.spend(1, 0)
        return HEADERS[kind](lambda start, length: self.read(stored, start, length), stored.size)

    def _keep(self, kind: str, new: Mapping[str, Header]) -> None:
        if new:
            with self.hub.db.write() as tx:
                for object_id, header in sorted(new.items()):
                    file_headers.put_header(tx, kind, object_id, json.dumps(header))


def read_weights(source: Source, tree: bytes, paths: Iterable[str], large: LargeFiles) -> Weights:
    """What the weights among the paths below a tree say.

    With a patient effort it raises what the store does when it fails, and what is missing says
    nothing; otherwise either is not known yet.
    """
    names = [path for path in paths if may_be_weights(path) or path == "model_index.json"]
    look = _Look(source, tree, large)
    try:
        counts = look.count_parameters(choose_safetensors(names))
        gguf, size = look.describe_gguf(choose_gguf(names))
    except (FreeholdError, KeyError) as error:
        log.info("weights were not read: %s", error)
        return Weights(is_known=False, is_private=True)
    except Exception:
        # A store in the cloud fails in ways of its own, and a commit is not to fail with it.
        if large.effort.is_patient:
            raise
        log.warning("weights could not be read", exc_info=True)
        return Weights(is_known=False, is_private=True)
    return Weights(counts, gguf, size, is_private=large.is_asked)


class _NoWeightsError(Exception):
    """A file that should be there is not, or says nothing."""


class _File(NamedTuple):
    """A file: what its header says, or the pointer to where it is; `size` is in bytes."""

    size: int
    header: Header
    pointer: LfsPointer | None


# What follows from a blob alone, by kind and id, in bytes more or less.
_files: Memory[tuple[str, bytes], _File] = Memory(16 * 1024 * 1024)
_shards: Memory[bytes, tuple[str, ...]] = Memory(16 * 1024 * 1024)
# By the repository that has the files, by kind and pointers.
_headers: Memory[tuple[str, str, tuple[LfsPointer, ...]], tuple[Header, ...]] = Memory(
    16 * 1024 * 1024
)


def _weigh(header: Header) -> int:
    """About how many bytes a header takes in memory."""
    return 1000 + len(json.dumps(header))


@dataclass
class _Look:
    """A look at the files of a tree, the rows of its folders read once."""

    source: Source
    tree: bytes
    large: LargeFiles
    folders: dict[str, dict[str, TreeEntry]] = field(default_factory=dict)

    def count_parameters(self, paths: Sequence[str]) -> ParameterCounts | None:
        """The parameters of the files together, the first of which may be an index of shards."""
        try:
            if paths and is_shard_index(paths[0]):
                paths = self._list_shards(paths[0])
            headers = self._headers("safetensors", self._open("safetensors", paths))
            return add_counts(ParameterCounts(**header) for header in headers) if headers else None
        except (SafetensorsError, _NoWeightsError):
            return None

    def describe_gguf(self, paths: Sequence[str]) -> tuple[Header, int]:
        """What the first file says, with the weights of all of them, and their size."""
        try:
            files = self._open("gguf", paths)
            headers = self._headers("gguf", files)
        except _NoWeightsError:
            return None, 0
        total = sum(header["total"] for header in headers)
        if not headers or total >= 2**63:
            return None, 0
        return {**headers[0], "total": total}, sum(file.size for file in files)

    def _list_shards(self, path: str) -> tuple[str, ...]:
        """The shards that an index names; raises `SafetensorsError` when it is none."""
        folder, oid = path.rpartition("/")[0], self._find(path).oid
        known = _shards.get(oid)
        if known is None:
            data = self.source.blob(oid)
            pointer = parse_pointer(data)
            known = list_shards(data if pointer is None else self._read_index(pointer))
            if pointer is None:
                _shards.put(oid, known, 100 + 100 * len(known))
        return tuple(f"{folder}/{name}".lstrip("/") for name in known)

    def _read_index(self, pointer: LfsPointer) -> bytes:
        """An index in LFS, which is rare; it is not remembered, as others may not have it."""
        [stored] = self.large.find([pointer])
        if stored.size > MAX_INDEX_SIZE:
            raise _NoWeightsError
        return self.large.read(stored, 0, stored.size)

    def _open(self, kind: str, paths: Sequence[str]) -> list[_File]:
        rows = [self._find(path) for path in paths]
        return [_files.get((kind, row.oid)) or self._open_blob(kind, row.oid) for row in rows]

    def _open_blob(self, kind: str, oid: bytes) -> _File:
        # Ten thousand pointers take a while as well.
        self.large.effort.spend(0, 0)
        data = self.source.blob(oid)
        pointer = parse_pointer(data)
        if pointer is not None:
            return _files.put((kind, oid), _File(pointer.size, None, pointer), 500)
        self.large.effort.spend(1, len(data))
        header = HEADERS[kind](lambda start, length: data[start : start + length], len(data))
        file = _File(len(data), header, None)
        return _files.put((kind, oid), file, _weigh(header))

    def _find(self, path: str) -> TreeEntry:
        folder, _, name = path.rpartition("/")
        row = self._rows(folder).get(name)
        if row is None or row.mode in NO_FILES:
            raise _NoWeightsError
        return row

    def _rows(self, folder: str) -> Mapping[str, TreeEntry]:
        if folder not in self.folders:
            self.folders[folder] = self._read_rows(folder)
        return self.folders[folder]

    def _read_rows(self, folder: str) -> dict[str, TreeEntry]:
        oid = self.tree
        if folder:
            parent, _, name = folder.rpartition("/")
            row = self._rows(parent).get(name)
            if row is None or row.mode != DIRECTORY:
                return {}
            oid = row.oid
        return {row.name.decode("utf-8", "replace"): row for row in self.source.tree(oid)}

    def _headers(self, kind: str, files: Sequence[_File]) -> list[Mapping[str, Any]]:
        """The header of each file; raises `_NoWeightsError` when one has none."""
        pointers = tuple(file.pointer for file in files if file.pointer is not None)
        large = iter(self._read_large(kind, pointers))
        found = [file.header if file.pointer is None else next(large) for file in files]
        known = [header for header in found if header is not None]
        if len(known) < len(found):
            raise _NoWeightsError
        return known

    def _read_large(self, kind: str, pointers: tuple[LfsPointer, ...]) -> tuple[Header, ...]:
        """The headers of large files, which most commits leave as they are."""
        if not pointers:
            return ()
        self.large.is_asked = True
        key = self.large.repo_id, kind, pointers
        known = _headers.get(key)
        if known is not None:
            return known
        found = tuple(self.large.headers(kind, self.large.find(pointers)))
        # What is coming may not come after all.
        if self.large.coming:
            return found
        return _headers.put(key, found, sum(map(_weigh, found)))
