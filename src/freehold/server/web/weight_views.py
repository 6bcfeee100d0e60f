"""What the pages of files with weights show: the tensors of a file, or the shards of an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from freehold.formats.data_tables import cut
from freehold.formats.safetensors_header import (
    PREFIX_SIZE,
    ParameterCounts,
    SafetensorsError,
    count_tensors,
    list_tensors,
    read_header_size,
    read_shards,
)
from freehold.formats.weight_headers import MAX_SAFETENSORS
from freehold.server.core.access import Context
from freehold.server.core.file_facts import read_gguf_facts
from freehold.server.core.files import Content
from freehold.server.db.repos import Repo
from freehold.server.web.places import Place
from freehold.server.web.wording import format_count

MAX_TENSORS = 2000
MAX_SHARDS = 1000
MAX_METADATA = 100


class Tensors(NamedTuple):
    """The tensors of a file, as texts, and what they are together."""

    total: str
    types: list[tuple[str, str]]
    rows: list[tuple[str, str, str, str]]
    tensor_count: int
    metadata: list[tuple[str, str]]


class Index(NamedTuple):
    """The shards of a model, each with its address and how many tensors are in it."""

    shards: list[tuple[str, str, int]]
    tensors: list[tuple[str, str]]
    shard_count: int
    tensor_count: int


def show_safetensors(read: Callable[[int, int], bytes], size: int) -> Tensors | None:
    """What the header of a file says; None when it says nothing, or is too long."""
    try:
        length = read_header_size(read(0, min(size, PREFIX_SIZE)), size)
        if length > MAX_SAFETENSORS:
            return None
        found = list_tensors(read(PREFIX_SIZE, length))
        counts = count_tensors(found.tensors)
    except SafetensorsError:
        return None
    rows = [
        (cut(t.name), t.dtype, " × ".join(map(str, t.shape)) or "scalar", f"{t.elements:,}")
        for t in found.tensors[:MAX_TENSORS]
    ]
    types = _describe_types(counts)
    metadata = _shorten(found.metadata.items())
    return Tensors(_describe_total(counts.total), types, rows, len(found.tensors), metadata)


def _describe_total(total: int) -> str:
    return f"{total:,}" if total < 1000 else f"{format_count(total)} ({total:,})"


def _describe_types(counts: ParameterCounts) -> list[tuple[str, str]]:
    return [(dtype, _describe_total(count)) for dtype, count in counts.parameters.items()]


def show_index(text: str, place: Place) -> Index | None:
    """What an index of shards says; None when it is none."""
    try:
        shards = read_shards(text.encode())
    except SafetensorsError:
        return None
    folder = place.path.rpartition("/")[0]
    counts = sorted(Counter(shards.values()).items())
    rows = [
        (name, place.url("blob", f"{folder}/{name}".lstrip("/")), count) for name, count in counts
    ]
    tensors = [(cut(name), shard) for name, shard in list(shards.items())[:MAX_TENSORS]]
    return Index(rows[:MAX_SHARDS], tensors, len(rows), len(shards))


_GGUF = {
    "total": "Parameters",
    "architecture": "Architecture",
    "context_length": "Context length",
    "bos_token": "First token",
    "eos_token": "Last token",
    "quantize_imatrix_file": "Importance matrix",
    "chat_template": "Chat template",
}


def show_gguf(ctx: Context, repo: Repo, content: Content) -> list[tuple[str, str]] | None:
    """What the header of a GGUF file says; None when nothing is known of it."""
    facts = read_gguf_facts(ctx, repo, content)
    if facts is None:
        return None
    return [(label, _write(facts[name])) for name, label in _GGUF.items() if facts.get(name)]


def _write(value: Any) -> str:
    return _describe_total(value) if isinstance(value, int) else cut(str(value), 2000)


def _shorten(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(cut(name), cut(value)) for name, value in list(items)[:MAX_METADATA]]
