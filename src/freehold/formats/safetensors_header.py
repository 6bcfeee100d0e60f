"""The header of a safetensors file, which lists its tensors before their bytes.

Eight bytes say how long the header is (little endian), then comes a JSON object with `dtype`,
`shape` and `data_offsets` of each tensor, then the bytes of the tensors, one after another.
"""

from __future__ import annotations

import json
import math
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

PREFIX_SIZE: Final = 8
"""How many bytes at the start of a file say how long its header is."""
MAX_HEADER_SIZE: Final = 100_000_000
"""The longest header that the format allows, in bytes."""
MAX_INDEX_SIZE: Final = 32 * 1024 * 1024
"""The longest index of shards that is read, in bytes."""
MAX_SHARDS: Final = 10_000

_MAX_DIMENSIONS: Final = 64
_MAX_COUNT: Final = 2**63 - 1
_MAX_DTYPE_LENGTH: Final = 16
_METADATA: Final = "__metadata__"
_INDEX_SUFFIX: Final = ".safetensors.index.json"
_SUFFIX: Final = ".safetensors"

# The size of one element in bits. Types may be added to the format, and take any size.
_BITS: Final[Mapping[str, int]] = {
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    **dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}


class SafetensorsError(ValueError):
    """The bytes are not what the format says."""


@dataclass(frozen=True, slots=True)
class ParameterCounts:
    """How many parameters of each type there are, as answers of the hub have it."""

    parameters: Mapping[str, int]
    total: int


def read_header_size(start: bytes, file_size: int) -> int:
    """How many bytes the header has that follows the first eight of the file.

    Raises `SafetensorsError` when the file is too short for it, or the format forbids it.
    """
    if len(start) < PREFIX_SIZE or file_size < PREFIX_SIZE:
        _refuse("it has no eight bytes")
    size = int.from_bytes(start[:PREFIX_SIZE], "little")
    if size > MAX_HEADER_SIZE:
        _refuse(f"its header has more than {MAX_HEADER_SIZE} bytes")
    if size > file_size - PREFIX_SIZE:
        _refuse("it ends before its header does")
    return size


def count_parameters(header: bytes, file_size: int) -> ParameterCounts:
    """The parameters of a file, by its header without the first eight bytes, and its size.

    Raises `SafetensorsError` when the header is wrong in any way: its tensors have to fill the
    rest of the file, without gaps, and each its own part of it.
    """
    tensors = [_read_tensor(item) for name, item in _parse(header).items() if name != _METADATA]
    _check_places(tensors, file_size - PREFIX_SIZE - len(header))
    counts: Counter[str] = Counter()
    for tensor in tensors:
        counts[tensor.dtype] += tensor.elements
    return _make_counts(counts)


class TensorInfo(NamedTuple):
    """A tensor of a file: its type, its shape, and how many elements that makes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    elements: int


class Tensors(NamedTuple):
    """All tensors of a file in the order of its header, and the texts that it holds besides."""

    tensors: list[TensorInfo]
    metadata: Mapping[str, str]


def list_tensors(header: bytes) -> Tensors:
    """The tensors of a file, by its header without the first eight bytes.

    Raises `SafetensorsError` for what is no header; where the bytes of its tensors are is not
    looked at, as `count_parameters` does.
    """
    parsed = _parse(header)
    metadata = parsed.pop(_METADATA, {})
    found = []
    for name, item in parsed.items():
        tensor = _read_tensor(item)
        found.append(TensorInfo(name, tensor.dtype, tuple(item["shape"]), tensor.elements))
    return Tensors(found, metadata)


def count_tensors(tensors: Iterable[TensorInfo]) -> ParameterCounts:
    """The parameters of some tensors by type; raises `SafetensorsError` for absurdly many."""
    counts: Counter[str] = Counter()
    for tensor in tensors:
        counts[tensor.dtype] += tensor.elements
    return _make_counts(counts)


def add_counts(parts: Iterable[ParameterCounts]) -> ParameterCounts:
    """The parameters of all shards together; raises `SafetensorsError` for absurdly many."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.parameters)
    return _make_counts(counts)


def _make_counts(counts: Counter[str]) -> ParameterCounts:
    total = sum(counts.values())
    if total > _MAX_COUNT:
        _refuse("it has more parameters than can be counted")
    return ParameterCounts(dict(counts), total)


# Tensors


class _Tensor(NamedTuple):
    begin: int
    end: int
    dtype: str
    elements: int


def _read_tensor(item: object) -> _Tensor:
    if not isinstance(item, dict):
        _refuse("a tensor is no object")
    dtype = item.get("dtype")
    if not isinstance(dtype, str) or not _is_dtype(dtype):
        _refuse("a tensor has no type")
    count = _count_elements(item.get("shape"))
    begin, end = _read_offsets(item.get("data_offsets"))
    if dtype in _BITS and (end - begin) * 8 != count * _BITS[dtype]:
        _refuse("the bytes of a tensor are not as many as its shape says")
    return _Tensor(begin, end, dtype, count)


def _is_dtype(text: str) -> bool:
    is_name = text.isascii() and text.replace("_", "").isalnum()
    return is_name and len(text) <= _MAX_DTYPE_LENGTH


def _count_elements(shape: object) -> int:
    if not isinstance(shape, list) or not all(map(_is_size, shape)):
        _refuse("the shape of a tensor is no list of sizes")
    if len(shape) > _MAX_DIMENSIONS:
        _refuse(f"a tensor has more than {_MAX_DIMENSIONS} dimensions")
    count = math.prod(shape)
    if count > _MAX_COUNT:
        _refuse("a tensor has more elements than can be counted")
    return count


def _read_offsets(offsets: object) -> tuple[int, int]:
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        _refuse("a tensor has no two offsets")
    begin, end = offsets
    if begin > end:
        _refuse("a tensor ends before it begins")
    return begin, end


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT


def _check_places(tensors: Sequence[_Tensor], size: int) -> None:
    place = 0
    for tensor in sorted(tensors):
        if tensor.begin != place:
            _refuse("its tensors overlap, or leave a gap")
        place = tensor.end
    if place != size:
        _refuse("its tensors do not end where the file does")


# JSON


def _parse(header: bytes) -> dict[str, Any]:
    if not header.startswith(b"{"):
        _refuse("its header is no JSON object")
    value = _read_json(header)
    if not isinstance(value, dict):
        _refuse("its header is no JSON object")
    _check_metadata(value.get(_METADATA, {}))
    return value


def _read_json(data: bytes) -> object:
    try:
        return json.loads(
            data.decode(), object_pairs_hook=_make_object, parse_constant=_refuse_constant
        )
    except SafetensorsError:
        raise
    except (ValueError, RecursionError):
        _refuse("its header is not valid JSON")


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        _refuse("a name comes twice in its header")
    return made


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not valid JSON")


def _check_metadata(value: object) -> None:
    is_metadata = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if not is_metadata:
        _refuse("its metadata are not all texts")


# Which files


def find_safetensors(paths: Iterable[str]) -> str | None:
    """The file that says how many parameters a model has: an index of shards, or the weights.

    In the root of the repository, and under a usual name; else the only one that is there.
    """
    roots = {p for p in paths if "/" not in p and p.endswith((_SUFFIX, _INDEX_SUFFIX))}
    for stem in ("model", "adapter_model", "diffusion_pytorch_model"):
        for name in (f"{stem}{_INDEX_SUFFIX}", f"{stem}{_SUFFIX}"):
            if name in roots:
                return name
    return roots.pop() if len(roots) == 1 else None


def is_shard_index(path: str) -> bool:
    """Whether the file lists shards and holds no weights itself."""
    return path.endswith(_INDEX_SUFFIX)


def list_shards(data: bytes) -> tuple[str, ...]:
    """The names of the shards in an index (`model.safetensors.index.json`), sorted.

    They are in the folder of the index. Raises `SafetensorsError` when it is no index, or names
    another place.
    """
    if len(data) > MAX_INDEX_SIZE:
        _refuse(f"its index has more than {MAX_INDEX_SIZE} bytes")
    value = _read_json(data)
    shards = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(shards, dict) or not all(map(_is_shard, shards.values())):
        _refuse("its index does not tell the shard of each tensor")
    names = tuple(sorted(set(shards.values())))
    if len(names) > MAX_SHARDS:
        _refuse(f"it has more than {MAX_SHARDS} shards")
    return names


def read_shards(data: bytes) -> Mapping[str, str]:
    """The shard of each tensor in an index; raises `SafetensorsError` as `list_shards` does."""
    list_shards(data)
    shards: Mapping[str, str] = json.loads(data)["weight_map"]
    return shards


def _is_shard(name: object) -> bool:
    if not isinstance(name, str) or not name.endswith(_SUFFIX):
        return False
    return posixpath.basename(name) == name and "\\" not in name and "\0" not in name


def _refuse(problem: str) -> NoReturn:
    raise SafetensorsError(f"This is no safetensors file: {problem}.")
