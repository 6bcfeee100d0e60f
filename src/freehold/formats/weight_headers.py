"""The headers of weights, read a little at a time and in a form that can be kept as JSON.

What is read is what somebody has uploaded, so it may be anything: what is not right says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from freehold.formats.gguf_header import GgufError, GgufTruncatedError, read_gguf_header
from freehold.formats.safetensors_header import (
    PREFIX_SIZE,
    SafetensorsError,
    count_parameters,
    read_header_size,
)

ReadBytes = Callable[[int, int], bytes]
"""Gives that many bytes of a file from a place on, all of which it has."""

MAX_SAFETENSORS: Final = 8 * 1024 * 1024
"""The longest header of a safetensors file that is read, in bytes; it takes ten times as many."""
MAX_GGUF: Final = 64 * 1024 * 1024
"""The same of a GGUF file, which has its vocabulary there."""

# Of every ten files, nine say all in so many bytes.
_FIRST_SAFETENSORS: Final = 128 * 1024
_FIRST_GGUF: Final = 1024 * 1024

_MAX_TYPES: Final = 64
_MAX_TEMPLATE: Final = 65_536
_MAX_TEXT: Final = 1000


def read_safetensors_header(read: ReadBytes, size: int) -> dict[str, Any] | None:
    """`parameters` by type and their `total`; None for what is no safetensors file."""
    start = read(0, min(size, _FIRST_SAFETENSORS))
    try:
        end = PREFIX_SIZE + read_header_size(start, size)
        if end > MAX_SAFETENSORS:
            return None
        rest = read(len(start), end - len(start)) if end > len(start) else b""
        counts = count_parameters((start + rest)[PREFIX_SIZE:end], size)
    except SafetensorsError:
        return None
    is_usual = len(counts.parameters) <= _MAX_TYPES
    return {"parameters": dict(counts.parameters), "total": counts.total} if is_usual else None


def read_gguf(read: ReadBytes, size: int) -> dict[str, Any] | None:
    """What the header of a GGUF file says, by the names of `GgufFacts`; None for no such file."""
    data, length = b"", _FIRST_GGUF
    while True:
        length = min(size, length)
        data += read(len(data), length - len(data))
        try:
            return _shorten(asdict(read_gguf_header(data)))
        except GgufTruncatedError:
            if length == size or length >= MAX_GGUF:
                return None
            length *= 8
        except GgufError:
            return None


def _shorten(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Without texts that nobody wants in an answer."""
    return {
        name: value
        for name, value in facts.items()
        if not isinstance(value, str)
        or len(value) <= (_MAX_TEMPLATE if name == "chat_template" else _MAX_TEXT)
    }


HEADERS: Final[Mapping[str, Callable[[ReadBytes, int], dict[str, Any] | None]]] = {
    "safetensors": read_safetensors_header,
    "gguf": read_gguf,
}
"""How the header of each kind of file is read."""
