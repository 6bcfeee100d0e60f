"""Small files of weights, as programs write them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

_SIZES = {"F32": 4, "BF16": 2, "I8": 1}


def with_header(header: bytes, rest: bytes = b"", size: int | None = None) -> bytes:
    """A safetensors file with these bytes as its header, which may lie about their number."""
    return struct.pack("<Q", len(header) if size is None else size) + header + rest


def safetensors(**tensors: tuple[str, int]) -> bytes:
    """A safetensors file with so many numbers of a type under each name."""
    header: dict[str, Any] = {}
    place = 0
    for name, (dtype, count) in tensors.items():
        end = place + count * _SIZES[dtype]
        header[name] = {"dtype": dtype, "shape": [count], "data_offsets": [place, end]}
        place = end
    return with_header(json.dumps(header).encode(), bytes(place))


def shard_index(weight_map: Mapping[str, str]) -> str:
    """The index of a model in shards."""
    return json.dumps({"metadata": {}, "weight_map": dict(weight_map)})


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(texts: Mapping[str, str], counts: Iterable[int], tokens: Iterable[str] = ()) -> bytes:
    """A GGUF file with these values, a vocabulary, and tensors of so many numbers each."""
    words = list(tokens)
    values = [_text(name) + struct.pack("<I", 8) + _text(value) for name, value in texts.items()]
    values.append(
        _text("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, len(words))
        + b"".join(map(_text, words))
    )
    values += [
        _text(f"tokenizer.ggml.{name}_token_id") + struct.pack("<II", 4, number)
        for name, number in (("bos", 0), ("eos", 1))
    ]
    tensors = [_text(f"t{n}") + struct.pack("<IQIQ", 1, c, 1, 0) for n, c in enumerate(counts)]
    start = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    return start + b"".join([*values, *tensors])
