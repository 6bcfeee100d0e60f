"""What `import freehold` offers, and how quickly."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from types import ModuleType

import pytest

import freehold
from freehold import errors
from freehold.client import errors as client_errors
from tests.house.sources import ROOT

IMPORT_SECONDS = 0.060
MODULES = 90

# The functions at the root are the calls of `HfApi`, and these, which need no hub.
ROOT_MODULE = "freehold.client.root"


def calls() -> set[str]:
    """The public methods of `HfApi`."""
    return {
        name
        for name, value in inspect.getmembers(freehold.HfApi, inspect.isfunction)
        if not name.startswith("_")
    }


def test_the_public_names_are_those_of_the_table() -> None:
    listed = [name for names in freehold._PLACES.values() for name in names]
    assert freehold.__all__ == sorted([*listed, "__version__"])
    assert len(listed) == len(set(listed))
    assert set(dir(freehold)) == set(freehold.__all__)


@pytest.mark.parametrize("name", freehold.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(freehold, name) is not None
    assert name == "__version__" or getattr(freehold, name).__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        freehold.no_such_name  # noqa: B018


def test_every_call_is_a_function_at_the_root() -> None:
    assert set(freehold._PLACES[ROOT_MODULE]) == calls()
    root = importlib.import_module(ROOT_MODULE)
    assert {name for name in calls() if getattr(root, name).__func__.__name__ != name} == set()
    own = {name for name in vars(root) if not name.startswith("_")} - {"HfApi", "annotations"}
    assert own == calls()


def test_every_call_says_what_it_gives() -> None:
    silent = [name for name in calls() if not getattr(freehold.HfApi, name).__doc__]
    assert silent == []


@pytest.mark.parametrize("module", [errors, client_errors], ids=lambda module: module.__name__)
def test_every_error_class_is_a_public_name(module: ModuleType) -> None:
    defined = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }
    assert {name: getattr(freehold, name) for name in defined} == defined


def test_the_version_is_the_one_of_the_package() -> None:
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert declared is not None
    assert freehold.__version__ == declared[1]


@pytest.mark.parametrize("name", ["errors", "wire", "formats", "client", "cli", "server"])
def test_every_package_says_what_it_holds(name: str) -> None:
    module = __import__(f"freehold.{name}", fromlist=["__doc__"])
    assert module.__doc__


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("statement", ["import freehold", "from freehold import HfApi"])
def test_importing_freehold_takes_no_time_that_anybody_would_notice(statement: str) -> None:
    """In processor time, the best of several runs: a busy machine only ever makes one slower."""
    script = (
        f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"
    )
    assert min(float(run(script)) for _ in range(7)) < IMPORT_SECONDS


def test_importing_the_client_loads_few_modules() -> None:
    """All that the interpreter itself has loaded counts."""
    assert int(run("from freehold import HfApi; import sys; print(len(sys.modules))")) <= MODULES
