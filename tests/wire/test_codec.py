"""Every value of the protocol survives the way to JSON and back; anything else is refused."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw, UnsetType

import freehold.wire
from freehold.errors import BadRequestError
from freehold.wire.codec import Wire, decode_json, decode_query, encode_json
from freehold.wire.commits import CommitLine, CommitQuery, CommitsQuery
from freehold.wire.files import PathsInfo, TreeQuery
from freehold.wire.lfs import Batch, LfsWire
from freehold.wire.repos import CreateRepo, InfoQuery, RepoInfo
from freehold.wire.route import Stream
from freehold.wire.routes import named_routes


def find_structs() -> list[type[Wire]]:
    """Every struct of the wire package."""
    found: list[type[Wire]] = []
    for module in pkgutil.iter_modules(freehold.wire.__path__, "freehold.wire."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Wire) and value not in found:
                found.append(value)
    return [struct for struct in found if struct not in (Wire, LfsWire)]


STRUCTS = find_structs()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**63), 2**64 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: NUMBERS,
    bool: st.booleans(),
    type(None): st.none(),
    Any: JSON,
    UnsetType: st.just(UNSET),
    Raw: JSON.map(lambda value: Raw(encode_json(value))),
}


def values_of(shape: Any) -> st.SearchStrategy[Any]:
    """Values of a type that a field may have."""
    if shape in SIMPLE:
        return SIMPLE[shape]
    arguments = get_args(shape)
    if get_origin(shape) is Literal:
        return st.sampled_from(arguments)
    if get_origin(shape) is list:
        return st.lists(values_of(arguments[0]), max_size=3)
    if get_origin(shape) is dict:
        return st.dictionaries(TEXTS, values_of(arguments[1]), max_size=3)
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return structs_of(shape)
    return st.one_of(*(values_of(argument) for argument in arguments))


def structs_of(shape: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a struct, with and without the fields that have a default."""
    required, optional = {}, {}
    for field in msgspec.structs.fields(shape):
        chosen = required if field.required else optional
        chosen[field.name] = values_of(field.type)
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: shape(**given))


@pytest.mark.parametrize("shape", STRUCTS, ids=lambda shape: shape.__name__)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_value_survives_the_way_to_json_and_back(shape: type[Any], data: st.DataObject) -> None:
    value = data.draw(structs_of(shape))
    assert decode_json(encode_json(value), shape) == value


@pytest.mark.parametrize("shape", STRUCTS, ids=lambda shape: shape.__name__)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_fields_of_a_newer_release_are_ignored(shape: type[Any], data: st.DataObject) -> None:
    value = data.draw(structs_of(shape))
    fields = decode_json(encode_json(value), dict[str, Any])
    more = data.draw(st.dictionaries(TEXTS.map("x-{}".format), JSON, max_size=3))
    assert decode_json(encode_json(fields | more), shape) == value


@pytest.mark.parametrize("shape", STRUCTS, ids=lambda shape: shape.__name__)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_json_cut_anywhere_is_refused(shape: type[Any], data: st.DataObject) -> None:
    text = encode_json(data.draw(structs_of(shape)))
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(BadRequestError, match="Invalid JSON body"):
        decode_json(text[:cut], shape)


@pytest.mark.parametrize("shape", STRUCTS, ids=lambda shape: shape.__name__)
@settings(max_examples=5, deadline=None)
@given(value=st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.lists(JSON, max_size=2)))
def test_json_that_is_no_object_is_refused(shape: type[Any], value: Any) -> None:
    with pytest.raises(BadRequestError, match="Invalid JSON body"):
        decode_json(encode_json(value), shape)


@pytest.mark.parametrize("shape", STRUCTS, ids=lambda shape: shape.__name__)
@settings(max_examples=5, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_bad_request(shape: type[Any], data: bytes) -> None:
    try:
        value = decode_json(data, shape)
    except BadRequestError:
        return
    assert isinstance(value, shape)


def test_every_struct_of_a_route_is_found() -> None:
    used = {shape for route in named_routes().values() for shape in (route.body, route.query)}
    # The form of a gate has whatever fields its card names.
    assert used - {None, Stream, dict[str, str]} <= set(STRUCTS)


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    for text in (b"[" * 10**6, b'{"a":' * 10**6, b'{"key":"x","value":' + b"[" * 10**6):
        for shape in (CommitLine, RepoInfo, Batch):
            with pytest.raises(BadRequestError):
                decode_json(text, shape)


# Queries


@settings(deadline=None)
@given(st.booleans(), st.booleans(), st.none() | st.integers(-(2**40), 2**40), st.none() | TEXTS)
def test_a_query_gives_what_was_asked(
    recursive: bool, expand: bool, limit: int | None, cursor: str | None
) -> None:
    given = {"recursive": recursive, "expand": str(expand).lower(), "limit": limit}
    asked = {key: str(value) for key, value in given.items() if value is not None}
    if cursor is not None:
        asked["cursor"] = cursor
    pairs = parse_qsl(urlencode(asked), keep_blank_values=True)
    wanted = TreeQuery(recursive=recursive, expand=expand, limit=limit, cursor=cursor)
    if cursor != "null":
        assert decode_query(pairs, TreeQuery) == wanted


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=5), st.sampled_from(["expand", "expand[]"]))
def test_a_list_is_a_repeated_key(names: list[str], key: str) -> None:
    assert decode_query([(key, name) for name in names], InfoQuery).expand == names
    assert decode_query([(key, name) for name in names], CommitsQuery).expand == names


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_any_query_is_a_value_or_a_bad_request(pairs: list[tuple[str, str]]) -> None:
    for shape in (TreeQuery, CommitsQuery, CommitQuery, InfoQuery, PathsInfo, CreateRepo):
        known = [
            (field.encode_name, text)
            for field in msgspec.structs.fields(shape)
            for _, text in pairs[:1]
        ]
        for asked in (pairs, known):
            try:
                value = decode_query(asked, shape)
            except BadRequestError:
                continue
            assert isinstance(value, shape)


@pytest.mark.parametrize("word", ["1", "true", "True", "TRUE"])
def test_a_flag_is_set_by_any_of_its_words(word: str) -> None:
    assert decode_query([("create_pr", word)], CommitQuery).create_pr is True


@pytest.mark.parametrize("word", ["0", "false", "False", "FALSE"])
def test_a_flag_is_unset_by_any_of_its_words(word: str) -> None:
    assert decode_query([("create_pr", word)], CommitQuery).create_pr is False


@pytest.mark.parametrize("word", ["yes", "2", "-1", "maybe", "t", "1.0"])
def test_a_flag_of_another_word_is_refused(word: str) -> None:
    with pytest.raises(BadRequestError, match="Invalid"):
        decode_query([("create_pr", word)], CommitQuery)


def test_of_a_repeated_key_the_last_one_counts() -> None:
    assert decode_query([("limit", "1"), ("limit", "2")], TreeQuery).limit == 2


@settings(deadline=None)
@given(st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_a_form_with_any_fields_gives_all_of_them(fields: dict[str, str]) -> None:
    assert decode_query(parse_qsl(urlencode(fields), True), dict[str, str]) == fields
