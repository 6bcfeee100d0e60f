"""The header of a GGUF file: what the model is, and how many weights it has.

Numbers are little endian: `GGUF`, the version, how many tensors and how many values; then each
value with its name and type; then each tensor with its name, shape, type and place.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

MAX_VALUES: Final = 10_000
MAX_TENSORS: Final = 100_000
MAX_ARRAY: Final = 2_000_000
"""The most items of one array; vocabularies have up to some 260,000."""
MAX_TEXT: Final = 1_048_576
"""The longest text that is kept, in bytes."""

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MAX_DIMENSIONS: Final = 8
_MAX_COUNT: Final = 2**63 - 1
_STRING: Final = 8
_ARRAY: Final = 9

# The formats of the numbers among the values, by the number of their type.
_NUMBERS: Final[Mapping[int, struct.Struct]] = {
    type: struct.Struct(f"<{letter}")
    for type, letter in {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }.items()
}
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")


class GgufError(ValueError):
    """The bytes are not what the format says."""


class GgufTruncatedError(GgufError):
    """The bytes end before the header does: it takes more of the file."""


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """What an answer of the hub says of a GGUF file; `total` counts the weights."""

    total: int
    architecture: str | None = None
    context_length: int | None = None
    chat_template: str | None = None
    bos_token: str | None = None
    eos_token: str | None = None
    quantize_imatrix_file: str | None = None


def read_gguf_header(data: bytes) -> GgufFacts:
    """The facts in the first bytes of a GGUF file, of version 2 or 3.

    Raises `GgufTruncatedError` when the header goes on after them, else `GgufError`.
    """
    reader = _Reader(data)
    if reader.take(4) != _MAGIC:
        _refuse("it does not begin with GGUF")
    if reader.number(_U32) not in _VERSIONS:
        _refuse("its version is none that is known")
    tensors, values = reader.number(_U64), reader.number(_U64)
    if tensors > MAX_TENSORS or values > MAX_VALUES:
        _refuse("it has too many tensors or values")
    found = _read_values(reader, values)
    return _make_facts(found, sum(_count_weights(reader) for _ in range(tensors)))


class _Reader:
    """The bytes and how many of them were read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def take(self, size: int) -> bytes:
        self.skip(size)
        return self._data[self.place - size : self.place]

    def skip(self, size: int) -> None:
        if size > len(self._data) - self.place:
            raise GgufTruncatedError("The bytes end before the header of the GGUF file does.")
        self.place += size

    def skip_texts(self, count: int) -> None:
        """Passes over so many texts: there are hundreds of thousands in a vocabulary."""
        data, place, end = self._data, self.place, len(self._data) - _U64.size
        for _ in range(count):
            if place > end:
                raise GgufTruncatedError("The bytes end before the header of the GGUF file does.")
            place += _U64.size + _U64.unpack_from(data, place)[0]
        self.place = place
        self.skip(0)

    def number(self, kind: struct.Struct) -> int:
        (value,) = kind.unpack(self.take(kind.size))
        return int(value)

    def scalar(self, kind: struct.Struct) -> float | int | bool:
        (value,) = kind.unpack(self.take(kind.size))
        return value  # type: ignore[no-any-return]

    def text(self) -> str:
        size = self.number(_U64)
        if size > MAX_TEXT:
            _refuse("a text in it is too long")
        return self.take(size).decode("utf-8", "replace")

    def array(self) -> tuple[int, int]:
        """The type of the items of an array, and how many there are."""
        type, count = self.number(_U32), self.number(_U64)
        if count > MAX_ARRAY:
            _refuse("an array in it is too long")
        return type, count


# Values


class _Tokens(NamedTuple):
    """Where the vocabulary is: it is long, and two words of it are asked for."""

    reader: _Reader
    place: int
    words: int

    def word(self, number: int) -> str | None:
        """The word with that number, if there is one."""
        if number >= self.words:
            return None
        self.reader.place = self.place
        self.reader.skip_texts(number)
        return self.reader.text()


_Value = float | int | bool | str | _Tokens | None
_TOKENS: Final = "tokenizer.ggml.tokens"


def _read_values(reader: _Reader, count: int) -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    for _ in range(count):
        name, type = reader.text(), reader.number(_U32)
        if name in found:
            _refuse("a name comes twice in it")
        if type != _ARRAY:
            found[name] = _read_value(reader, type)
        elif name == _TOKENS:
            found[name] = _read_tokens(reader)
        else:
            found[name] = None
            _skip_array(reader)
    return found


def _read_value(reader: _Reader, type: int) -> _Value:
    if type == _STRING:
        return reader.text()
    if type not in _NUMBERS:
        _refuse("a value in it has a type that is not known")
    return reader.scalar(_NUMBERS[type])


def _read_tokens(reader: _Reader) -> _Tokens:
    type, count = reader.array()
    if type != _STRING:
        _refuse("its tokens are no texts")
    tokens = _Tokens(reader, reader.place, count)
    reader.skip_texts(count)
    return tokens


def _skip_array(reader: _Reader) -> None:
    type, count = reader.array()
    if type in _NUMBERS:
        reader.skip(count * _NUMBERS[type].size)
    elif type == _STRING:
        reader.skip_texts(count)
    else:
        _refuse("an array in it has a type that is not known")


# Tensors


def _count_weights(reader: _Reader) -> int:
    reader.skip(reader.number(_U64))
    dimensions = reader.number(_U32)
    if dimensions > _MAX_DIMENSIONS:
        _refuse("a tensor has too many dimensions")
    count = math.prod(reader.number(_U64) for _ in range(dimensions))
    # Its type and its place.
    reader.skip(_U32.size + _U64.size)
    return count


# Facts


def _make_facts(found: Mapping[str, _Value], total: int) -> GgufFacts:
    if total > _MAX_COUNT:
        _refuse("it has more weights than can be counted")
    architecture = _find_text(found, "general.architecture")
    return GgufFacts(
        total=total,
        architecture=architecture,
        context_length=_find_number(found, f"{architecture}.context_length"),
        chat_template=_find_text(found, "tokenizer.chat_template"),
        bos_token=_find_token(found, "tokenizer.ggml.bos_token_id"),
        eos_token=_find_token(found, "tokenizer.ggml.eos_token_id"),
        quantize_imatrix_file=_find_text(found, "quantize.imatrix.file"),
    )


def _find_text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) and value else None


def _find_number(found: Mapping[str, object], name: str) -> int | None:
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_COUNT else None


def _find_token(found: Mapping[str, object], name: str) -> str | None:
    tokens, number = found.get(_TOKENS), _find_number(found, name)
    if not isinstance(tokens, _Tokens) or number is None:
        return None
    return tokens.word(number)


# Which file

_NO_MODEL: Final = ("mmproj", "imatrix")
_SHARD: Final = re.compile(r"-(\d{5})-of-\d{5}\.gguf\Z", re.IGNORECASE)


def find_gguf(paths: Iterable[str]) -> str | None:
    """The file that says what the model is: the first by name, in the root if one is there.

    Of a model in shards it is the first one, and its `total` counts only that shard.
    """
    return min(filter(_is_model, paths), key=lambda path: (path.count("/"), path), default=None)


def _is_model(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    shard = _SHARD.search(name)
    is_first = shard is None or int(shard[1]) == 1
    return name.endswith(".gguf") and is_first and not any(part in name for part in _NO_MODEL)


def _refuse(problem: str) -> NoReturn:
    raise GgufError(f"This is no GGUF file: {problem}.")
