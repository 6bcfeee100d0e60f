"""The one place that knows how a typed value becomes JSON and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, get_origin

import msgspec

from freehold.errors import BadRequestError

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class Wire(msgspec.Struct, rename="camel"):
    """A JSON object of the protocol; a field left `UNSET` is absent from it.

    Subclasses say `kw_only=True` themselves, because msgspec does not inherit it.
    """


def encode_json(value: Any) -> bytes:
    """The value as UTF-8 JSON."""
    return _encoder.encode(value)


def encode_body(value: Wire | Mapping[str, str]) -> bytes:
    """The value as the JSON body of a request: what is `None` or an empty list is left out.

    Other hubs may refuse a `null` where they know the field only as absent.
    """
    return _encoder.encode(_without_nothing(msgspec.to_builtins(value)))


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_nothing(item)
            for name, item in value.items()
            if item is not None and item != []
        }
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value


def decode_json(data: bytes | bytearray | memoryview, shape: type[T]) -> T:
    """The JSON text as a value of `shape`; raises `BadRequestError` that names the field."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequestError(f"Invalid JSON body: {error}") from error


def decode_query(pairs: Sequence[tuple[str, str]], shape: type[T]) -> T:
    """The query or form as a value of `shape`: booleans in any case, lists by repeated keys.

    Unknown keys are ignored, `key[]` is the same as `key`, and of a repeated key that is no list
    the last one counts. A dictionary takes every key as it is. Raises `BadRequestError`.
    """
    if get_origin(shape) is dict:
        return _convert(dict(pairs), shape)
    known = _field_types(shape)  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for raw_key, value in pairs:
        key = raw_key.removesuffix("[]")
        if key not in known:
            continue
        if known[key] == list[str]:
            values.setdefault(key, []).append(value)
        else:
            values[key] = value
    return _convert(values, shape)


@lru_cache(maxsize=256)
def _field_types(shape: Any) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(shape)}


def _convert(values: Mapping[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequestError(f"Invalid parameter: {error}") from error
