"""The form at a gate, as the card of the repository describes it."""

from __future__ import annotations

from typing import Any

import pytest

from freehold.formats.gate_form import GateFormError, Question, fill_in, read_questions
from freehold.formats.repocard import parse_card


def questions(fields: str) -> list[Question]:
    """The questions of a card with these lines below `extra_gated_fields`."""
    card = parse_card(f"---\nextra_gated_fields:\n{fields}\n---\n")
    assert card.errors == []
    return read_questions(card.data)


def test_a_question_has_a_label_a_kind_and_perhaps_options() -> None:
    fields = """
  Company: text
  Where: Country
  Use:
    type: select
    options: [Research, 2024, yes, {label: Other, value: other}, {label: None}]
  Plain: {type: text}
  Odd: {options: []}
  Ticked: CHECKBOX
  From: ip_location
  Also from: {type: ip_location}"""
    assert questions(fields) == [
        Question("Company", "text"),
        Question("Where", "country"),
        Question("Use", "select", ("Research", "2024", "true", "other", "None")),
        Question("Plain", "text"),
        Question("Odd", "none"),
        Question("Ticked", "checkbox"),
    ]


@pytest.mark.parametrize("value", [None, [], "text", 5, ["Company"], {}])
def test_what_is_no_form_asks_nothing(value: Any) -> None:
    assert read_questions({"extra_gated_fields": value}) == []
    assert read_questions({}) == []


def test_what_a_card_means_by_an_unknown_kind_is_text() -> None:
    assert fill_in(questions("  A: phone\n  B: 5"), {"A": " 1 ", "B": "x"}) == {"A": "1", "B": "x"}


def test_answers_have_an_end() -> None:
    few = questions("\n".join(f"  q{n}: text" for n in range(11)))
    with pytest.raises(GateFormError, match="more than 20000 characters together"):
        fill_in(few, {question.label: "x" * 2000 for question in few})
    with pytest.raises(GateFormError, match="at most 2000 characters"):
        fill_in(few, {question.label: "x" * 2001 for question in few})
    many = questions("\n".join(f"  q{n}: text" for n in range(101)))
    with pytest.raises(GateFormError, match="at most 100 fields"):
        fill_in(many, {})
    with pytest.raises(GateFormError) as caught:
        fill_in(questions(f"  {'x' * 1000}: text"), {})
    assert len(str(caught.value)) < 200
