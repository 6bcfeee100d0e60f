"""SQL is written in `server/db` and nowhere else, and values never become part of its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Source, sources

STATEMENT = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|SELECT\s+\w+\(|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX)\s|PRAGMA\s|BEGIN\s|WITH\s)",
    re.DOTALL,
)

# What an f-string of SQL may hold: module constants, which have names like COLUMNS, and these
# three, which are made of constants.
CONSTANT_NAME = re.compile(r"_?[A-Z][A-Z_]*")
MADE_OF_CONSTANTS = {
    *("assignments", "table", "pragma", "condition", "order", "key", "source", "candidates"),
    *("number", "facts", "columns"),
}


def strings(source: Source) -> Iterator[tuple[str, ast.Constant | ast.JoinedStr]]:
    """Every string of a module with its text; holes of an f-string are left out of it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node
        elif isinstance(node, ast.JoinedStr):
            pieces = [part.value for part in node.values if isinstance(part, ast.Constant)]
            yield "?".join(str(piece) for piece in pieces), node


def statements(source: Source) -> list[tuple[str, ast.Constant | ast.JoinedStr]]:
    return [(text, node) for text, node in strings(source) if STATEMENT.match(text)]


def test_sql_is_written_only_in_the_database_layer() -> None:
    """And where the client remembers digests, in a small file of its own."""
    places = {source.path for source in sources() if statements(source)}
    outside = {path for path in places if not path.startswith("server/db/")}
    assert outside <= {"client/hash_cache.py"}
    assert len(places) > 5, "the pattern finds no SQL at all"


def test_sqlalchemy_is_known_only_in_the_database_layer() -> None:
    users = {s.path for s in sources() for _, name in s.imports() if name.startswith("sqlalchemy")}
    assert users == {"server/db/database.py"}


def test_only_constants_are_put_into_the_text_of_sql() -> None:
    """Everything else is a `:named` parameter, so no input can change what a statement means."""
    pieces = {
        ast.unparse(hole.value)
        for source in sources()
        if source.path.startswith("server/db/")
        for _, node in statements(source)
        if isinstance(node, ast.JoinedStr)
        for hole in node.values
        if isinstance(hole, ast.FormattedValue)
    }
    variable = {piece for piece in pieces if not CONSTANT_NAME.fullmatch(piece)}
    assert variable == MADE_OF_CONSTANTS
    assert "VISIBLE" in pieces
