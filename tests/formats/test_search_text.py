"""The words of texts, cards without their markup, and the part of a text to show."""

from __future__ import annotations

import time

import pytest

from freehold.formats.search_text import (
    MAX_SOURCE,
    MAX_TEXT,
    cut_snippet,
    find_words,
    fold,
    strip_markup,
)

# As generous as a busy machine needs; what is not linear takes minutes.
LONGEST_SECONDS = 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Llama-3.1_8B", "llama 3 1 8b"),
        ("Crème BRÛLÉE cre\u0300me", "creme brulee"),
        ("ΣΊΣΥΦΟΣ σίσυφος İstanbul ﬁt ½", "σισυφοσ istanbul ﬁt ½"),
        ("中文 モデル가각 x", "中 文 モ テ ル 가각 x"),
        ("ＢＥＲＴ", "bert"),
        ("a a a", "a"),
        ("\0'\"*()^:-§\U0001f917\ud800", ""),
        ("x" * 41 + " y", "y"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert " ".join(find_words(text)) == words


def test_of_many_words_the_first_are_found() -> None:
    assert find_words("a b c a d", 3) == ["a", "b", "c"]


def test_folding_keeps_each_character_in_its_place() -> None:
    for text in ("abc", "Éß", "İi", "ﬁ", "한국", "½x", "\U0001d400b", "が"):
        assert len(fold(text)) == len(text)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (
            "# Title\n\nSome **bold** `code`, _so_ snake_case.\n",
            "Title Some bold code , so snake_case.",
        ),
        ("<!-- no --><p align='x'>yes</p><br/>", "yes"),
        ("a <!-- never closed", "a"),
        ("[text](https://example.org/a) ![image](b.png)", "text image"),
        ("[![badge](https://example.org/b)](https://example.org)", "badge"),
        ("see https://example.org/a/b?c=d.", "see"),
        ("| a | b |\n|:--|--:|\n| 1 | 2 |", "a b 1 2"),
        ("x &amp; y &lt;z&gt; 1 < 2 &#0;", "x & y <z> 1 < 2 \ufffd"),
        ("a\0b", "a b"),
        (f"a &#{'1' * 5000}; b &#65abc", "a b Aabc"),
        ("__a__b__ _c_", "a__b c"),
        ("", ""),
    ],
)
def test_what_people_read_of_a_card(markdown: str, text: str) -> None:
    assert strip_markup(markdown) == text


@pytest.mark.parametrize(
    "part",
    [
        "<!--",
        "[",
        "](",
        "<a",
        "![",
        "_",
        "`",
        " _",
        "http://",
        "&#0;",
        "[a](",
        "<a <",
        "\u0301a",
        "\u0301\u0316",
    ],
)
def test_any_card_takes_little_time(part: str) -> None:
    started = time.monotonic()
    # At the beginning, and within a word.
    for source in (part * MAX_SOURCE, f"a{part * (MAX_SOURCE // len(part) - 2)}b"):
        text = strip_markup(source)
        find_words(text)
        assert time.monotonic() - started < LONGEST_SECONDS
        assert len(text) <= MAX_TEXT
        assert "\0" not in text


def marked(text: str, *words: str, last_is_begun: bool = True) -> str:
    pieces = cut_snippet(text, words, last_is_begun)
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


def test_a_snippet_shows_the_first_of_the_words() -> None:
    text = "one two " * 100 + "the Crème brûlée, creme de la creme " + "three four " * 100
    shown = marked(text, "creme", "brul")
    assert "the [Crème] [brûlée], [creme] de la [creme] three" in shown
    assert 150 < len(shown) < 230
    assert not shown.startswith(("ne", "wo"))
    assert marked(text, "nothing") == marked(text) == text[:200]


def test_a_snippet_marks_whole_words_but_the_last() -> None:
    assert marked("bert berts", "bert") == "[bert] [berts]"
    assert marked("bert berts", "bert", last_is_begun=False) == "[bert] berts"
    assert marked("bert berts albert", "bert", "x") == "[bert] berts albert"
    assert marked("大中文字", "中", "文") == "大[中][文]字"
    assert marked("", "x") == ""
    assert marked("x" * 1000 + " y", "y").endswith("[y]")
