"""Source code as lines of HTML with classes, which `20-code.css` gives their colours.

The lines belong into an element of the class `code`. Whatever cannot be highlighted, or would take
too long, comes back as plain lines.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any, Final

MAX_SIZE: Final = 256 * 1024
"""The longest text that is highlighted, in characters."""

MAX_LINE: Final = 5000
"""The longest line; those of programs that wrote it for other programs are left as they are."""

MAX_SECONDS: Final = 0.5
"""Of a processor: behind what was found by then, the rest of a text stays plain."""

# Names and endings of files to lexers. Others may take exponential time for some texts.
_ROWS: Final = """
bash: bash sh shell zsh .sh .bash .zsh
console: console shell-session
bibtex: bibtex bib .bib
c: c .c .h
cpp: cpp c++ cc cxx cuda cu .cc .cpp .cxx .hpp .cu .cuh
csharp: csharp c# cs .cs
cmake: cmake .cmake cmakelists.txt
css: css .css
diff: diff patch .diff .patch
docker: docker dockerfile .dockerfile
go: go golang .go
html: html .html .htm
ini: ini cfg conf .ini .cfg .conf .gitattributes .gitconfig .editorconfig
java: java .java
javascript: javascript js jsx mjs .js .jsx .mjs .cjs
json: json jsonl json5 jsonc .json .jsonl .ndjson .ipynb .webmanifest
julia: julia jl .jl
kotlin: kotlin kt .kt
lua: lua .lua
makefile: makefile make .mk
markdown: markdown md .md
nix: nix .nix
perl: perl pl .pl
php: php .php
python: python py python3 py3 .py .pyi .pyw
pycon: pycon
r: r .r
ruby: ruby rb .rb
rust: rust rs .rs
scala: scala .scala
sql: sql sqlite postgresql mysql .sql
swift: swift .swift
tex: tex latex .tex .sty
toml: toml .toml .lock
typescript: typescript ts tsx .ts .tsx
xml: xml svg .xml .svg .xsd
yaml: yaml yml .yaml .yml
"""

_CLASSES: Final = {
    "Comment": "c",
    "Comment.Preproc": "p",
    "Error": "",
    "Generic.Deleted": "gd",
    "Generic.Emph": "ge",
    "Generic.Heading": "gh",
    "Generic.Inserted": "gi",
    "Generic.Output": "go",
    "Generic.Prompt": "gp",
    "Generic.Strong": "gs",
    "Generic.Subheading": "gh",
    "Keyword": "k",
    "Keyword.Constant": "m",
    "Literal": "m",
    "Literal.String": "s",
    "Literal.String.Doc": "c",
    "Literal.String.Escape": "se",
    "Literal.String.Interpol": "se",
    "Name.Attribute": "na",
    "Name.Builtin": "nb",
    "Name.Class": "nc",
    "Name.Constant": "m",
    "Name.Decorator": "nd",
    "Name.Exception": "nc",
    "Name.Function": "nf",
    "Name.Tag": "nt",
    "Name.Variable": "nv",
    "Operator.Word": "k",
}

_ENDS: Final = re.compile(r"\r\n?|\n")


def highlight(text: str, name: str) -> list[str]:
    """Each line of the text as safe HTML; `name` is that of a language or of a file."""
    lexer = find_lexer(name)
    lines = _ENDS.split(text)
    if lines[-1] == "":
        lines.pop()
    if lexer is None or len(text) > MAX_SIZE or any(len(line) > MAX_LINE for line in lines):
        return [escape(line) for line in lines]
    # Some rules of lexers want each line to end.
    coloured = list(_write_lines(_lex(lexer, "".join(f"{line}\n" for line in lines))))[:-1]
    # Should a lexer ever change the text, what was written counts.
    return coloured if len(coloured) == len(lines) else [escape(line) for line in lines]


def find_lexer(name: str) -> Any:
    """The lexer of Pygments for a language, or for a file by its name; `None` without one."""
    found = _find_name(name.rpartition("/")[2].strip().lower())
    return None if found is None else _load(found)


def _find_name(name: str) -> str | None:
    names = _names()
    end = name.rpartition(".")[2]
    return names.get(name) or (names.get(f".{end}") if end != name else None)


@cache
def _names() -> dict[str, str]:
    rows = (row.partition(": ") for row in _ROWS.strip().splitlines())
    return {name: lexer for lexer, _, names in rows for name in names.split()}


@cache
def _load(lexer: str) -> Any:
    # Pygments takes a while to load.
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(lexer, stripnl=False, ensurenl=False)


def _lex(lexer: Any, text: str) -> Iterator[tuple[str, str]]:
    """Pieces of the text with the class of each, until time is up."""
    deadline = time.thread_time() + MAX_SECONDS
    place = 0
    for start, kind, piece in lexer.get_tokens_unprocessed(text):
        yield _class_of(kind), piece
        place = start + len(piece)
        if time.thread_time() > deadline:
            break
    yield "", text[place:]


@cache
def _class_of(kind: Any) -> str:
    parts = [str(part) for part in kind]
    while parts:
        found = _CLASSES.get(".".join(parts))
        if found is not None:
            return found
        parts.pop()
    return ""


def _write_lines(pieces: Iterator[tuple[str, str]]) -> Iterator[str]:
    line: list[str] = []
    for kind, piece in pieces:
        first, *others = piece.split("\n")
        line.append(_write(kind, first))
        for text in others:
            yield "".join(line)
            line = [_write(kind, text)]
    yield "".join(line)


def _write(kind: str, text: str) -> str:
    shown = escape(text)
    return f'<span class="{kind}">{shown}</span>' if kind and text else shown
