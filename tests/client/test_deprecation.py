"""Old names still work, and say once what to use instead."""

from __future__ import annotations

import warnings

import pytest

from freehold.client import deprecation
from freehold.client.deprecation import accept_old_names, deprecate

KNOWN = {"resume": "it always resumes", "proxies": "set HTTPS_PROXY"}


@pytest.fixture(autouse=True)
def nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_told", set())


def old_call() -> None:
    deprecate("old_call", "use new_call")


def fetch(**old_names: object) -> None:
    accept_old_names(KNOWN, old_names, "fetch")


def test_an_old_call_says_once_and_where_what_to_use_instead() -> None:
    with pytest.warns(FutureWarning, match="old_call is deprecated: use new_call") as told:
        old_call()
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        old_call()


def test_old_arguments_are_accepted_and_named() -> None:
    with pytest.warns(FutureWarning, match="'resume' of fetch is deprecated: it always") as told:
        fetch(resume=True)
    assert told[0].filename == __file__
    with pytest.warns(FutureWarning, match="HTTPS_PROXY"):
        fetch(resume=True, proxies={})
    fetch()


def test_an_argument_that_never_was_is_a_mistake() -> None:
    with pytest.raises(TypeError, match=r"fetch\(\) got an unexpected keyword argument 'resme'"):
        fetch(resme=True)
