"""Code as lines of HTML: as many as were written, with all that was written, in bounded time."""

from __future__ import annotations

from html import unescape

import pytest

from freehold.formats import highlighting
from freehold.formats.highlighting import MAX_LINE, MAX_SIZE, find_lexer, highlight
from tests.browsing import read_page

CODE = 'import os\n\n@x\ndef f(a):\n    """doc\n    <b>"""\n    return f"{a}\\n" + 1\n'


def plain(lines: list[str]) -> list[str]:
    return ["".join(read_page(f"<p>{line}</p>").one("p")._texts()) for line in lines]


@pytest.mark.parametrize(
    "name", ["python", "a/b.py", "x.ipynb", "diff", "c++", "README.md", "", "y"]
)
def test_lines_are_those_of_the_text(name: str) -> None:
    assert plain(highlight(CODE, name)) == CODE.splitlines()
    assert plain(highlight(CODE.replace("\n", "\r\n"), name)) == CODE.splitlines()
    assert highlight("", name) == []
    assert plain(highlight("\n\na", name)) == ["", "", "a"]


def test_words_have_the_classes_of_the_stylesheet() -> None:
    lines = highlight(CODE, "x.py")
    assert lines[0] == '<span class="k">import</span> os'
    assert lines[4:6] == [
        '    <span class="c">&quot;&quot;&quot;doc</span>',
        '<span class="c">    &lt;b&gt;&quot;&quot;&quot;</span>',
    ]
    assert highlight("+ a", "patch") == ['<span class="gi">+ a</span>']


@pytest.mark.parametrize("text", ["if " * (MAX_LINE // 2), "if\n" * (MAX_SIZE // 2)])
def test_what_is_too_long_stays_plain(text: str) -> None:
    assert "<" not in "".join(highlight(text, "python"))


def test_what_takes_too_long_stays_plain_from_there_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlighting, "MAX_SECONDS", -1)
    lines = highlight("if\n<if>\nif", "python")
    assert lines == ['<span class="k">if</span>', "&lt;if&gt;", "if"]


def test_every_lexer_is_there() -> None:
    for name in highlighting._names():
        assert find_lexer(name) is not None
    assert find_lexer("nothing.known") is None
    assert unescape(highlight("<x>", "xml")[0]) != "<x>"
