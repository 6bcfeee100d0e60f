"""The first rows of tables in CSV and JSON."""

from __future__ import annotations

import json

import pytest

from freehold.formats.data_tables import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    read_csv,
    read_json,
    read_json_lines,
)


def test_csv_has_its_columns_in_its_first_line() -> None:
    table = read_csv('a,b\n1,"two\nlines"\n\n3\n')
    assert table is not None
    assert (table.columns, table.rows) == (["a", "b"], [["1", "two\nlines"], ["3", ""]])
    assert not table.is_cut


def test_csv_that_was_cut_leaves_its_last_row_out() -> None:
    table = read_csv("a\n1\n2", is_whole=False)
    assert table is not None
    assert (table.rows, table.is_cut) == ([["1"]], True)


def test_csv_shows_only_so_much() -> None:
    wide = ",".join("x" for _ in range(MAX_COLUMNS + 1))
    table = read_csv(f"{wide}\n" + f"{'y' * 1000},1\n" * (MAX_ROWS + 1))
    assert table is not None
    assert (len(table.columns), len(table.rows), table.is_cut) == (MAX_COLUMNS, MAX_ROWS, True)
    assert table.rows[0][0] == "y" * MAX_CELL + "…"
    assert {len(row) for row in table.rows} == {MAX_COLUMNS}


@pytest.mark.parametrize("text", ["", "\n\n", 'a\n"' + "x" * 200_000])
def test_what_is_no_csv(text: str) -> None:
    assert read_csv(text) is None


def test_json_lines_have_the_columns_of_all_rows() -> None:
    table = read_json_lines('{"a":1}\n\n{"b":"ü","a":{"c":[true,null]}}\n')
    assert table is not None
    assert table.columns == ["a", "b"]
    assert table.rows == [["1", ""], ['{"c": [true, null]}', "ü"]]


def test_json_lines_that_were_cut() -> None:
    table = read_json_lines('{"a":1}\n{"a":', is_whole=False)
    assert table is not None
    assert (table.rows, table.is_cut) == ([["1"]], True)


def test_json_values_are_cut_and_may_be_deep() -> None:
    deep = "[" * 900 + "]" * 900
    table = read_json(json.dumps([{"long": list(range(10_000))}])[:-1] + f',{{"deep":{deep}}}]')
    assert table is not None
    assert len(table.rows[0][0]) == MAX_CELL + 1
    assert len(table.rows[1][1]) <= MAX_CELL + 1


@pytest.mark.parametrize("text", ["", "1", "[]", "[1]", "{", "[" * 100_000, '[{"a":1},2]'])
def test_what_is_no_table_in_json(text: str) -> None:
    assert read_json(text) is None
    assert read_json_lines(text) is None
