"""Cards are read as the Hub reads them, and nothing in a README makes reading fail."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.repocard import CardIssue, parse_card

GOOD = """---
license: apache-2.0
language:
- en
- fr
tags: [chat, "en"]
library_name: transformers
pipeline_tag: text-generation
datasets: squad
base_model: a/b
---
# Title
"""


def error_of(text):
    """The only error of this card."""
    card = parse_card(text)
    [error] = card.errors
    return error


def test_a_card_gives_its_metadata_and_its_text():
    card = parse_card(GOOD)
    assert (card.errors, card.warnings) == ([], [])
    assert card.data["language"] == ["en", "fr"]
    assert card.body == "# Title\n"


def test_windows_line_ends_and_a_byte_order_mark_are_fine():
    card = parse_card("\ufeff" + GOOD.replace("\n", "\r\n"))
    assert card.data == parse_card(GOOD).data
    assert card.body == "# Title\r\n"


@pytest.mark.parametrize("text", ["", "# hi\n", "text\n---\na: b\n---\n", "---x\n---\n"])
def test_a_readme_without_front_matter_is_all_body(text):
    card = parse_card(text)
    assert (card.data, card.body, card.errors, card.warnings) == ({}, text, [], [])
    warning = CardIssue("empty or missing yaml metadata in repo card")
    assert parse_card(text, require_metadata=True).warnings == [warning]


def test_empty_front_matter_is_a_warning_when_metadata_is_asked_for():
    card = parse_card("---\n---\nbody", require_metadata=True)
    assert (card.data, card.body, len(card.warnings), card.errors) == ({}, "body", 1, [])


def test_front_matter_that_is_never_closed_is_body_with_a_warning():
    card = parse_card("---\na: b\n")
    assert (card.data, card.body) == ({}, "---\na: b\n")
    words = "line 1, column 1: no second --- line closes the metadata"
    assert card.warnings == [CardIssue(words, 1, 1)]


@pytest.mark.parametrize(
    ("yaml", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", (4, 1), "duplicated key 'a'"),
        ("a:\n  b: 1\n  b: 2\n", (4, 3), "duplicated key 'b'"),
        ("a:\n\tb: 1\n", (3, 1), "tab"),
        ("a: [1\nb: 2\n", (3, 2), "flow sequence"),
        ("just text\n", (2, 1), "not a mapping"),
        ("- a\n", (2, 1), "not a mapping"),
        ("!!set {a}\n", (2, 1), "not a mapping"),
        ("!!omap [a: b]\n", (2, 1), "not a mapping"),
        ("é: ü\nb: {[x]: 1}\n", (3, 5), "a key is a list"),
        ("x: 1\na: 2024-13-45\n", (3, 4), "not a valid value: '2024-13-45'"),
        ("x: 1\na: !!bool maybe\n", (3, 4), "not a valid value"),
        ("a: !!python/object:os.system x\n", (2, 4), "could not determine a constructor"),
        ("a: &x [*x]\n", (2, 4), "an alias refers to the value that holds it"),
        ("a: *unknown\n", (2, 4), "undefined alias"),
        ("é: 1\nb: \x01\n", (3, 4), "does not allow"),
        ("b: 1\nc: \ud800\n", (3, 4), "not valid UTF-8"),
        ("a: 1\n--- x\n", (3, 1), "document"),
        ("a: " + "[" * 60 + "]" * 60 + "\n", (2, 53), "nested deeper than 50"),
        ("a: \u2028\nb: 2\nb: 3\n", (4, 1), "duplicated key"),
    ],
)
def test_broken_yaml_is_an_error_that_names_its_place_in_the_file(yaml, place, words):
    error = error_of(f"---\n{yaml}---\n")
    assert (error.line, error.column) == place
    assert error.message.startswith(f"line {error.line}, column {error.column}: ")
    assert words in error.message


def test_lines_are_counted_from_the_start_of_the_file():
    assert error_of("\n\n---\na: 1\na: 2\n---\n").line == 5


def test_very_deep_nesting_is_an_error_and_not_a_crash():
    for opening in ("[", "{a: ", "- "):
        assert error_of(f"---\na:\n  {opening * 100_000}\n---\n").line


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "aliases" in error_of("---\n" + "\n".join(lines) + "\n---\n").message


def test_aliases_that_nest_too_deep_are_refused():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100))]
    assert "too deep" in error_of("---\n" + "\n".join(lines) + "\n---\n").message


def test_a_modest_alias_is_expanded():
    card = parse_card("---\na: &x {k: v}\nb: *x\nc: {<<: *x, z: 1}\n---\n")
    assert card.data == {"a": {"k": "v"}, "b": {"k": "v"}, "c": {"k": "v", "z": 1}}


def test_values_that_json_does_not_know_become_strings():
    card = parse_card(
        "---\nday: 2024-05-01\ntime: 2024-05-01T10:00:00Z\nno: 1\n2024: x\nn: .nan\n"
        "big: 99999999999999999999999\nset: !!set {b, a}\nraw: !!binary aGk=\n---\n"
    )
    assert card.errors == []
    assert card.data == {
        **{"day": "2024-05-01", "time": "2024-05-01T10:00:00+00:00", "no": 1, "2024": "x"},
        **{"n": "nan", "big": "99999999999999999999999", "set": ["a", "b"], "raw": "hi"},
    }


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("license: 3", "`license` must be a string or a list of strings"),
        ("language: no", "in quotes"),
        ("language: [en, no]", "in quotes"),
        ("tags: chat", "`tags` must be a list of strings"),
        ("tags: [1]", "`tags` must be a list of strings"),
        ("datasets: {a: b}", "`datasets` must be"),
        ("metrics: [1.0]", "`metrics` must be"),
        ("base_model: 1", "`base_model` must be"),
        ("pipeline_tag: [translation]", "`pipeline_tag` must be a string"),
        ("library_name: 2024-01-01x\npipeline_tag: 1", "`pipeline_tag` must be"),
        ("model-index: x", "`model-index` must be"),
        ("model-index: [{name: a}]", "`model-index` must be"),
    ],
)
def test_wrong_types_are_errors_with_a_line_and_the_data_is_kept(yaml, words):
    error = error_of(f"---\nx: 1\n{yaml}\n---\n")
    assert words in error.message
    assert error.line == 2 + len(yaml.splitlines())
    assert parse_card(f"---\nx: 1\n{yaml}\n---\n").data["x"] == 1


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("license: my-own", "unknown `license` 'my-own'"),
        ("pipeline_tag: cooking", "unknown `pipeline_tag` 'cooking'"),
        ("language: English", "ISO 639"),
    ],
)
def test_unknown_values_are_warnings(yaml, words):
    card = parse_card(f"---\n{yaml}\n---\n")
    assert card.errors == []
    [warning] = card.warnings
    assert words in warning.message
    assert warning.line == 2


def test_many_unknown_values_give_a_readable_number_of_warnings():
    card = parse_card(f"---\nlicense: [{'q,' * 1000}]\n---\n")
    assert len(card.data["license"]) == 1000
    assert len(card.warnings) == 20


def test_keys_without_a_value_and_unknown_keys_are_fine():
    text = "---\nlicense:\ntags:\nmine: {a: 1}\nlanguage: ['no', zh-Hant]\n---\n"
    card = parse_card(text)
    assert (card.errors, card.warnings) == ([], [])


def check_any(text):
    """Reading this raises nothing and gives what JSON can hold."""
    card = parse_card(text, require_metadata=True)
    json.dumps(card.data, allow_nan=False).encode()
    for issue in card.errors + card.warnings:
        assert issue.line is None or 1 <= issue.line <= text.count("\n") + 1
    assert not (card.errors and any("line None" in error.message for error in card.errors))


yaml_pieces = st.sampled_from(
    [
        *("---\n", "a: ", "- ", "&a ", "*a", "<<: ", "!!set ", "!!int ", "!!omap ", "!!binary "),
        *("!!bool ", "!!timestamp ", "!!str ", "!!null ", "!!float ", "2024-99-99", "1:99:99"),
        *("0b_", "0x_", "0o8", "yes", "no", ".inf", "...\n", "\n  ", "\u2028", "\x85", "\ufeff"),
        *("\r", "\0", "é", "😀", "\udc80", "tags: ", "license: ", "language: ", "\n"),
        *"ab: \n-[]{},&*!|>'\"#?%@`~\t\\=.0",
    ]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(yaml_pieces, max_size=25).map("".join))
def test_no_yaml_makes_reading_fail(yaml):
    check_any(f"---\n{yaml}\n---\nbody")


@given(st.text(st.characters(codec=None)))
def test_no_text_makes_reading_fail(text):
    check_any(text)
    check_any(f"---\n{text}\n---\n")


@given(st.binary())
def test_no_bytes_make_reading_fail(data):
    check_any("---\n" + data.decode(errors="surrogateescape") + "\n---\n")


# What would take too long or too much


def test_a_number_in_base_60_is_refused_before_it_is_read() -> None:
    card = parse_card("---\na: " + ":".join(["1"] * 20_000) + "\n---\n")
    assert card.data == {}
    assert "too long" in card.errors[0].message
    assert card.errors[0].line == 2


def test_metadata_of_too_many_values_is_refused_before_it_is_built() -> None:
    card = parse_card("---\na:\n" + "- b\n" * 60_000 + "---\n")
    assert card.data == {}
    assert "more than" in card.errors[0].message


def test_metadata_of_many_megabytes_is_refused_unread() -> None:
    card = parse_card("---\na: " + "b" * 4_000_000 + "\n---\nbody")
    assert (card.data, card.body) == ({}, "body")
    assert "characters" in card.errors[0].message
