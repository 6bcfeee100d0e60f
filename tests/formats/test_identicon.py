"""The pictures of those who have chosen none."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from freehold.formats.identicon import SIZE, draw_identicon

SVG = "{http://www.w3.org/2000/svg}"


def filled(image: bytes) -> set[tuple[int, int]]:
    """The places of the squares that are drawn."""
    path = ET.fromstring(image).find(f"{SVG}path")
    assert path is not None
    return {(int(x), int(y)) for x, y in re.findall(r"M(\d) (\d)h1v1h-1z", path.attrib["d"])}


def test_an_id_has_one_picture_and_another_id_another() -> None:
    ids = [f"{number:024x}" for number in range(200)]
    pictures = [draw_identicon(id) for id in ids]
    assert pictures == [draw_identicon(id) for id in ids]
    assert len(set(pictures)) == len(ids)


def test_a_picture_is_symmetric_and_inside_its_frame() -> None:
    for number in range(50):
        squares = filled(draw_identicon(f"{number:024x}"))
        assert squares
        assert squares == {(SIZE + 1 - x, y) for x, y in squares}
        assert all(1 <= place <= SIZE for square in squares for place in square)


def test_a_picture_is_shapes_and_colours_alone() -> None:
    root = ET.fromstring(draw_identicon("0" * 24))
    assert [element.tag for element in root.iter()] == [
        f"{SVG}{t}" for t in ("svg", "rect", "path")
    ]
    attributes = {name for element in root.iter() for name in element.attrib}
    assert attributes == {"viewBox", "width", "height", "shape-rendering", "fill", "d"}
    assert all(re.fullmatch("#[0-9a-f]{6}", e.attrib["fill"]) for e in list(root))
