"""Formulas as MathML: what they say, and that nothing but formulas comes out."""

from __future__ import annotations

import pytest

from freehold.formats.math import MAX_FORMULA, MathError, to_mathml
from tests.browsing import read_page


def test_a_formula_becomes_mathml() -> None:
    page = read_page(to_mathml("\\frac{a}{b} + \\sum_{i=1}^n x_i", is_block=True))
    assert page.one("math")["display"] == "block"
    assert page.one("mfrac").text == "ab" and page.all("munderover")


@pytest.mark.parametrize(
    "formula",
    [
        "\\text{<script>x</script>}",
        "\\text{&lt;script&gt;x}",
        "\\href{javascript:x}{y}",
        '\\style{color:red"}{x}',
        "\\class{a}{x}",
        "</math><img src=x onerror=y>",
    ],
)
def test_nothing_but_mathematics_comes_out(formula: str) -> None:
    try:
        html = to_mathml(formula)
    except MathError:
        return
    for element in read_page(html).all():
        assert element.tag.startswith("m")
        assert not {"href", "style", "class", "src", "onerror"} & element.attributes.keys()


@pytest.mark.parametrize(
    "formula", ["x" * (MAX_FORMULA + 1), "\\frac{" * 500, "{" * 100 + "}" * 100, "a^b^c", "\\left("]
)
def test_what_cannot_be_read_is_refused(formula: str) -> None:
    with pytest.raises(MathError):
        to_mathml(formula)
