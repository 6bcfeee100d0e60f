"""The cells of notebooks, whatever their files hold."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from freehold.formats.notebook import MAX_CELLS, MAX_OUTPUT, MAX_PICTURES, Output, read_notebook
from tests.pictures import PIXEL


def outputs_of(*outputs: Any) -> list[Output]:
    cell = {"cell_type": "code", "source": "x", "outputs": list(outputs)}
    found = read_notebook(json.dumps({"cells": [cell]}))
    assert found is not None
    return found.cells[0].outputs


def test_cells_have_their_source_in_lines_or_as_one_text() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# A\n", "b"]},
        {"cell_type": "code", "source": "c", "execution_count": 3},
        {"cell_type": "other", "source": 7, "execution_count": "x"},
        "no cell",
    ]
    metadata = {"language_info": {"file_extension": ".r"}}
    found = read_notebook(json.dumps({"cells": cells, "metadata": metadata}))
    assert found is not None
    assert [(c.kind, c.source, c.number) for c in found.cells] == [
        ("markdown", "# A\nb", None),
        ("code", "c", 3),
        ("raw", "", None),
    ]
    assert (found.language, found.is_cut) == (".r", False)


def test_outputs_are_texts_and_pictures_alone() -> None:
    html = {"text/html": "<script>", "application/x": 1}
    assert outputs_of(
        {"output_type": "stream", "text": ["a", "b", 3]},
        {"output_type": "execute_result", "data": {"text/plain": "c", **html}},
        {"output_type": "display_data", "data": {"image/png": [PIXEL[:8], "\n", PIXEL[8:]]}},
        {"output_type": "display_data", "data": html},
        {"output_type": "error", "traceback": ["\x1b[1;31mE\x1b[0m", "f"]},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": None},
        {"output_type": "new"},
    ) == [
        Output("text", "ab"),
        Output("text", "c"),
        Output("picture", f"data:image/png;base64,{PIXEL}"),
        Output("left-out", "text/html, application/x"),
        Output("error", "E\nf"),
        Output("error", "E: v"),
        Output("left-out", ""),
    ]


@pytest.mark.parametrize(
    "text", ["&&&", base64.b64encode(b"<svg onload='x'>").decode(), PIXEL + '"><script>', 5]
)
def test_what_is_no_picture_is_left_out(text: Any) -> None:
    [output] = outputs_of({"output_type": "display_data", "data": {"image/png": text}})
    assert output.kind == "left-out"


def test_only_so_much_is_given() -> None:
    cells = [{"cell_type": "code", "source": ""}] * (MAX_CELLS + 1)
    found = read_notebook(json.dumps({"cells": cells}))
    assert found is not None
    assert (len(found.cells), found.is_cut) == (MAX_CELLS, True)
    [output] = outputs_of({"output_type": "stream", "text": "x" * (3 * MAX_OUTPUT)})
    assert len(output.text) == MAX_OUTPUT + 2
    large = base64.b64encode(base64.b64decode(PIXEL) + bytes(MAX_PICTURES // 2)).decode()
    picture = {"output_type": "display_data", "data": {"image/png": large}}
    assert [output.kind for output in outputs_of(picture, picture)] == ["picture", "left-out"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cells": 1}', "[" * 100_000, '{"worksheets":[]}']
)
def test_what_is_no_notebook(text: str) -> None:
    assert read_notebook(text) is None
