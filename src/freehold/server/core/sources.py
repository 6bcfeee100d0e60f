"""Where the trees and blobs come from that something is derived from before they are published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pygit2

from freehold.formats.git_objects import TreeEntry, parse_tree
from freehold.server.git.listing import read_size
from freehold.server.git.reader import ObjectReader


class Source(NamedTuple):
    """Trees, blobs, and the sizes of files (of large ones, not of their pointers), by their ids."""

    tree: Callable[[bytes], list[TreeEntry]]
    blob: Callable[[bytes], bytes]
    size: Callable[[bytes], int]


def source_of(reader: ObjectReader) -> Source:
    """The objects of a repository."""
    return Source(
        lambda oid: reader.tree(oid.hex()),
        lambda oid: reader.blob(oid.hex()),
        lambda oid: reader.run(lambda repository: read_size(repository, oid.hex())),
    )


def source_of_repository(repository: pygit2.Repository) -> Source:
    """The objects that libgit2 finds there."""
    return Source(
        lambda oid: parse_tree(repository.odb.read(oid.hex())[1]),
        lambda oid: repository.odb.read(oid.hex())[1],
        lambda oid: read_size(repository, oid.hex()),
    )


def layered(new: Mapping[bytes, bytes], sizes: Mapping[bytes, int], below: Source) -> Source:
    """Objects and sizes that a repository does not have yet, by id, and all that it has."""
    return Source(
        lambda oid: parse_tree(new[oid]) if oid in new else below.tree(oid),
        lambda oid: new[oid] if oid in new else below.blob(oid),
        lambda oid: sizes[oid] if oid in sizes else below.size(oid),
    )
