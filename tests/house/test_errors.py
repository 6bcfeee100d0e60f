"""The one table of errors: what the server raises is what a client can tell apart."""

from __future__ import annotations

import re

import pytest

from freehold import errors
from freehold.errors import FreeholdError, HfHubHTTPError

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, Exception)
]
ON_THE_WIRE = [value for value in CLASSES if issubclass(value, HfHubHTTPError)]
TREE_ROW = re.compile(
    r"(?P<branch>[│├└─ ]*)(?P<name>\w+Error)(?: {2,}(?P<status>\d{3})?(?P<rest>.*))?"
)


def tree() -> dict[str, tuple[str, re.Match[str]]]:
    """Each class of the tree in the docstring with the class above it and its row."""
    rows = [m for line in (errors.__doc__ or "").splitlines() if (m := TREE_ROW.fullmatch(line))]
    above: dict[int, str] = {}
    found = {}
    for row in rows:
        depth = len(row["branch"])
        parent = max((place for place in above if place < depth), default=None)
        found[row["name"]] = ("Exception" if parent is None else above[parent], row)
        above = {place: name for place, name in above.items() if place < depth}
        above[depth] = row["name"]
    return found


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = {name: parent for name, (parent, _) in tree().items()}
    assert drawn == {value.__name__: value.__bases__[0].__name__ for value in CLASSES}


@pytest.mark.parametrize("error", ON_THE_WIRE[1:], ids=lambda error: error.__name__)
def test_the_tree_tells_the_status_and_the_code(error: type[HfHubHTTPError]) -> None:
    row = tree()[error.__name__][1]
    assert row["status"] == str(error.status)
    assert error.code is None or row["rest"].split()[0] == error.code


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_an_error_is_named_and_explained(error: type[Exception]) -> None:
    assert error.__name__.endswith("Error")
    assert issubclass(error, FreeholdError)
    assert error.__dict__.get("__doc__")


def test_every_error_but_the_root_crosses_the_wire() -> None:
    assert [value for value in CLASSES if value not in ON_THE_WIRE] == [FreeholdError]


@pytest.mark.parametrize("error", ON_THE_WIRE, ids=lambda error: error.__name__)
def test_an_error_has_a_status_and_a_message_of_its_own(error: type[HfHubHTTPError]) -> None:
    raised = error()
    assert 400 <= raised.status < 600
    assert raised.message == error.__dict__["default_message"] == str(raised)


def test_a_code_names_one_class_and_one_status() -> None:
    codes = [error.code for error in ON_THE_WIRE if error.code is not None]
    assert len(codes) == len(set(codes)) > 0


def test_errors_without_a_code_are_told_apart_by_their_status() -> None:
    """Only a class and one derived from it may share a status: then the client raises the first."""
    plain = [error for error in ON_THE_WIRE if error.code is None]
    clashes = [
        (one.__name__, other.__name__)
        for place, one in enumerate(plain)
        for other in plain[place + 1 :]
        if one.status == other.status and not issubclass(other, one)
    ]
    assert clashes == []


def test_no_class_takes_its_code_from_another() -> None:
    """A class that inherited a code would be raised as its parent on the other side."""
    inherited = [e.__name__ for e in ON_THE_WIRE if e.code is not None and "code" not in vars(e)]
    assert inherited == []


def test_an_error_carries_what_is_said_when_it_is_raised() -> None:
    error = errors.RepositoryNotFoundError("no", status=401, headers={"a": "b"}, body={"c": 1})
    assert (error.status, error.message, error.headers, error.body) == (
        401,
        "no",
        {"a": "b"},
        {"c": 1},
    )
    assert errors.RepositoryNotFoundError.status == 404
