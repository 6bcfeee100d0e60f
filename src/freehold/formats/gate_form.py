"""The form at the gate of a repository: what its card asks of those who want its files.

`extra_gated_fields` of the card maps the label of each question to its kind: `text`, `country`,
`date_picker`, `checkbox`, or `{type: select, options: […]}`. A kind that is not known is a text.
`ip_location` is no question: it stands for what a hub may find out about the address of a caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

MAX_ANSWERS: Final = 100
MAX_ANSWER_LENGTH: Final = 2000
MAX_FORM_LENGTH: Final = 20_000
"""The most characters of all labels and answers together."""

_TICKED: Final = frozenset({"on", "true", "yes", "1"})
_NO_QUESTION: Final = "ip_location"
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SHOWN: Final = 100


class GateFormError(ValueError):
    """An answer is missing, or is none to its question."""


class Question(NamedTuple):
    """One field of the form; only a `select` has options."""

    label: str
    kind: str
    options: tuple[str, ...] = ()


def read_questions(card: Mapping[str, Any]) -> list[Question]:
    """The questions of a card, from its metadata."""
    fields = card.get("extra_gated_fields")
    if not isinstance(fields, Mapping):
        return []
    questions = [_read_question(label, field) for label, field in fields.items()]
    return [question for question in questions if question.kind != _NO_QUESTION]


def _read_question(label: str, field: object) -> Question:
    if not isinstance(field, Mapping):
        return Question(label, str(field).strip().lower())
    options = field.get("options")
    found = tuple(_read_option(o) for o in options) if isinstance(options, list) else ()
    return Question(label, str(field.get("type")).strip().lower(), found)


def _read_option(option: object) -> str:
    if isinstance(option, Mapping):
        option = option.get("value", option.get("label"))
    return str(option).lower() if isinstance(option, bool) else str(option)


def fill_in(questions: list[Question], given: Mapping[str, str]) -> dict[str, str]:
    """The answer to each question, by its label; what nobody has asked is left out.

    Every question must be answered, and every box ticked. Raises `GateFormError`.
    """
    if len(given) > MAX_ANSWERS or len(questions) > MAX_ANSWERS:
        raise GateFormError(f"A form has at most {MAX_ANSWERS} fields.")
    answers = {q.label: _answer(q, given.get(q.label, "").strip()) for q in questions}
    if sum(map(len, (*answers, *answers.values()))) > MAX_FORM_LENGTH:
        raise GateFormError(f"The answers have more than {MAX_FORM_LENGTH} characters together.")
    return answers


def _answer(question: Question, text: str) -> str:
    label = repr(question.label[:_SHOWN])
    if question.kind == "checkbox":
        if text.lower() not in _TICKED:
            raise GateFormError(f"The field {label} must be ticked.")
        return "true"
    if not text:
        raise GateFormError(f"The field {label} must be filled in.")
    if len(text) > MAX_ANSWER_LENGTH:
        raise GateFormError(f"The field {label} has at most {MAX_ANSWER_LENGTH} characters.")
    if _CONTROL.search(text):
        raise GateFormError(f"The field {label} holds a control character.")
    if question.options and text not in question.options:
        raise GateFormError(f"The field {label} is one of the choices of the form.")
    if question.kind == "date_picker" and not _is_date(text):
        raise GateFormError(f"The field {label} is a date: YYYY-MM-DD.")
    return text


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
