"""What `import freehold` offers, and how quickly."""

from __future__ import annotations

import re
import subprocess
import sys
from types import ModuleType

import pytest

import freehold
from freehold import errors
from tests.house.sources import ROOT

IMPORT_SECONDS = 0.060


def test_the_public_names_are_sorted_and_all_there() -> None:
    visible = {
        name
        for name, value in vars(freehold).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert sorted(visible | {"__version__"}) == freehold.__all__


def test_every_error_class_is_a_public_name() -> None:
    defined = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == "freehold.errors"
    }
    assert {name: getattr(freehold, name) for name in defined} == defined


def test_the_version_is_the_one_of_the_package() -> None:
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert declared is not None
    assert freehold.__version__ == declared[1]


@pytest.mark.parametrize("name", ["errors", "wire", "formats", "cli", "server"])
def test_every_package_says_what_it_holds(name: str) -> None:
    module = __import__(f"freehold.{name}", fromlist=["__doc__"])
    assert module.__doc__


def test_importing_freehold_takes_no_time_that_anybody_would_notice() -> None:
    """In processor time, the best of several runs: a busy machine only ever makes one slower."""
    script = (
        "import time; start = time.process_time(); import freehold;"
        " print(time.process_time() - start)"
    )
    command = [sys.executable, "-c", script]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(7)]
    assert min(float(run.stdout) for run in runs) < IMPORT_SECONDS
