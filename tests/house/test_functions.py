"""Functions that fit in the head: five to eight lines at the median, none over forty."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from statistics import median

from tests.house.sources import Source, sources

MEDIAN_LINES = 8
NINETIETH_PERCENTILE_LINES = 30
LONGEST_LINES = 40
LONGEST_FILE = 600

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: Source) -> Iterator[Function]:
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """The lines from `def` to the end, without those of the docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_functions_are_short() -> None:
    lengths = sorted(length(f) for source in sources() for f in functions(source))
    assert median(lengths) <= MEDIAN_LINES
    assert lengths[len(lengths) * 9 // 10] <= NINETIETH_PERCENTILE_LINES


def test_no_function_is_long() -> None:
    long = [
        f"{source.path}:{f.lineno} {f.name} has {length(f)} lines"
        for source in sources()
        for f in functions(source)
        if length(f) > LONGEST_LINES
    ]
    assert long == []


def test_no_file_is_long() -> None:
    ends = {
        source.path: max((n.end_lineno or 0 for n in source.tree.body), default=0)
        for source in sources()
    }
    assert {path: end for path, end in ends.items() if end > LONGEST_FILE} == {}


def test_no_module_is_called_after_nothing_in_particular() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
    assert [source.path for source in sources() if source.module.rpartition(".")[2] in vague] == []
