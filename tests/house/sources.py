"""The source files of the package, parsed once for every rule of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True)
class Source:
    """One module: its dotted name, its path below `src/freehold`, and its syntax tree."""

    module: str
    path: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[int, str]]:
        """The line and the dotted name of everything imported, wherever in the file it stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}:{node.lineno}: a relative import"
                yield from ((node.lineno, _target(node.module or "", a.name)) for a in node.names)


def _target(module: str, name: str) -> str:
    """`from freehold.server.core import refs` imports a module, other names are in one."""
    place = SRC.joinpath(*module.split("."), name)
    return f"{module}.{name}" if place.with_suffix(".py").exists() or place.is_dir() else module


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the package, by path."""
    paths = sorted((SRC / "freehold").rglob("*.py"))
    return tuple(_parse(path) for path in paths)


def _parse(path: Path) -> Source:
    inside = path.relative_to(SRC)
    module = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
    return Source(module, inside.relative_to("freehold").as_posix(), ast.parse(path.read_text()))
