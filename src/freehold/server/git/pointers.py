"""Which large files the git objects of a repository name, whether a commit leads to them or not."""

from __future__ import annotations

from collections.abc import Iterator, Set

import pygit2

from freehold.formats.git_objects import object_id
from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, LfsPointer, build_pointer, parse_pointer

_BLOB = int(pygit2.enums.ObjectType.BLOB)


def find_pointed(repository: pygit2.Repository, wanted: Set[LfsPointer]) -> set[LfsPointer]:
    """Those of the large files that a pointer in the repository stands for.

    The usual pointers are known by their ids. Others, with extensions, are found by a look at
    every small blob, so this may take seconds in a large repository.
    """
    found = {pointer for pointer in wanted if any(oid in repository for oid in _ids(pointer))}
    if found < wanted:
        found |= wanted & set(_read_pointers(repository))
    return found


def _ids(pointer: LfsPointer) -> Iterator[str]:
    text = build_pointer(*pointer)
    yield object_id("blob", text).hex()
    yield object_id("blob", text.removesuffix(b"\n")).hex()


def _read_pointers(repository: pygit2.Repository) -> Iterator[LfsPointer]:
    for oid in repository.odb:
        kind, size = repository.odb.read_header(oid)
        if kind == _BLOB and size <= MAX_POINTER_SIZE:
            pointer = parse_pointer(repository.odb.read(oid)[1])
            if pointer is not None:
                yield pointer
