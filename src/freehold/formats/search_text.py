"""The words that texts are found by, the text of a card without its markup, and the place to show.

A word is a run of letters and digits, in lower case and without accents. Where a script writes no
blanks between words, each character is one. What is searched and what is asked for are made into
words here, so that they meet whatever the database makes of letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import islice
from typing import Final, NamedTuple
from unicodedata import combining, normalize

MAX_TEXT: Final = 64 * 1024
"""How many characters of the text of a card are searched."""
MAX_WORDS: Final = 8000
"""How many different words a text is found by."""
MAX_WORD: Final = 40
"""The longest word in characters; what is longer is data, and nobody types it."""
MAX_SOURCE: Final = 512 * 1024
"""How many characters of Markdown are read."""

_SHOWN: Final = 200
_BEFORE: Final = 60

# Chinese characters and Japanese syllables.
_ALONE: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD: Final = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_IS_ALONE: Final = re.compile(f"[{_ALONE}]")

# Each of these takes linear time: no part can match what comes after it, or what it began with.
# The underscores within a word are looked at once, not again from each of them.
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ELEMENT: Final = re.compile(r"</?[a-zA-Z][^<>]*>")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_ADDRESS: Final = re.compile(r"https?://[^\s<>()\[\]|]+")
# A number sign can be part of a reference such as &#39;.
_MARKS: Final = re.compile(r"[`*|>~]+|(?<!&)#+|(?<!\w)_+|(?<!_)_++(?!\w)|:?-{2,}:?|={3,}")
_BLANKS: Final = re.compile(r"\s+")
# A reference to a character; the largest number of one has seven digits.
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{12,}+;?")
# Marks without a letter between them, such as accents, more than anybody writes: putting them in
# their order would take quadratic time.
_MANY_MARKS: Final = re.compile(r"([^\w\s]{64})[^\w\s]++")


class Piece(NamedTuple):
    """Some of a text; `found` says that it is what was looked for."""

    text: str
    found: bool


class _Folding(dict[int, str]):
    """One character for each character: its letter without accents, in lower case."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        parts = normalize("NFKD", character)
        letter = parts[0] if all(map(combining, parts[1:])) else character
        lower = letter.casefold()
        self[code] = lower if len(lower) == 1 else letter
        return self[code]


_folding: Final = _Folding()


def fold(text: str) -> str:
    """The text in lower case and without accents, each character in its place."""
    return text.lower() if text.isascii() else text.translate(_folding)


def find_words(text: str, most: int = MAX_WORDS) -> list[str]:
    """The first different words of a text."""
    words = (match[0] for match in _WORD.finditer(fold(_compose(text))))
    return list(islice(_different(words), most))


def _compose(text: str) -> str:
    """The text with letters and their accents as one character each, where there is one."""
    return normalize("NFC", text if text.isascii() else _MANY_MARKS.sub(r"\1", text))


def _different(words: Iterator[str]) -> Iterator[str]:
    seen = set()
    for word in words:
        if len(word) <= MAX_WORD and word not in seen:
            seen.add(word)
            yield word


def strip_markup(markdown: str) -> str:
    """What people read of a card, on one line: no marks, no HTML, no addresses of links."""
    text = markdown[:MAX_SOURCE].replace("\0", " ")
    for pattern, kept in (
        (_COMMENT, " "),
        (_ELEMENT, " "),
        (_LINK, r"\1"),
        # The image within a link has become the text of one.
        (_LINK, r"\1"),
        (_ADDRESS, " "),
        (_MARKS, " "),
    ):
        text = pattern.sub(kept, text)
    # A reference such as &#0; can stand for what no database takes, and Python refuses to read
    # thousands of digits.
    plain = unescape(_LONG_NUMBER.sub(" ", text)).replace("\0", " ")
    return _BLANKS.sub(" ", _compose(plain)).strip()[:MAX_TEXT]


def cut_snippet(text: str, words: Sequence[str], last_is_begun: bool = True) -> list[Piece]:
    """The part of a text around the first of the words that it holds, else its beginning.

    With `last_is_begun`, the last word counts also as the beginning of one.
    """
    if not words:
        return _cut(text, 0, None)
    pattern = _match_any(words, last_is_begun)
    first = pattern.search(fold(text))
    return _cut(text, 0 if first is None else first.start(), pattern)


def _match_any(words: Sequence[str], last_is_begun: bool) -> re.Pattern[str]:
    ends = ["" if _IS_ALONE.match(word) else r"(?![^\W_])" for word in words]
    if last_is_begun and ends[-1]:
        ends[-1] = rf"[^\W_{_ALONE}]*"
    starts = ["" if _IS_ALONE.match(word) else r"(?<![^\W_])" for word in words]
    parts = map("".join, zip(starts, map(re.escape, words), ends, strict=True))
    return re.compile("|".join(parts))


def _cut(text: str, place: int, pattern: re.Pattern[str] | None) -> list[Piece]:
    start = max(place - _BEFORE, 0)
    if start:
        # With the next whole word, if there is one before the place.
        start = text.find(" ", start, place) + 1 or place
    shown = text[start : start + _SHOWN]
    pieces, end = [], 0
    for match in pattern.finditer(fold(shown)) if pattern else ():
        pieces.append(Piece(shown[end : match.start()], False))
        pieces.append(Piece(shown[match.start() : match.end()], True))
        end = match.end()
    pieces.append(Piece(shown[end:], False))
    return [piece for piece in pieces if piece.text]
