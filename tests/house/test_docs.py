"""Documentation that holds: generated pages are current, and what is named exists."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from freehold.cli.completion import list_places
from freehold.client import settings as client_settings
from freehold.server.config import SETTINGS
from tests.house.sources import ROOT, SRC

if TYPE_CHECKING:
    from tests.conftest import NewHub

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [page for page in PAGES if page.name not in {"api.md", "settings.md"}]
PACKAGE = SRC / "freehold"
FOLDERS = (ROOT, PACKAGE, PACKAGE / "server")

LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
FILE_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:\.py|\.sql|/)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
VARIABLE = re.compile(r"FREEHOLD_[A-Z_]+")
ENTRY = re.compile(r"^## (\d{4}-\d{2}-\d{2}): (.+)\n\n((?:.+\n?)+)", re.MULTILINE)

# Options of other programs.
OTHER_OPTIONS = {
    "--all",
    "--depth",
    "--everything",
    "--exclude",
    "--filter",
    "--force",
    "--include",
    "--stdin-packs",
}
OWN_OPTIONS = {name for place in list_places() for option in place.options for name in option.names}
# Where the running hub keeps things: not in the source.
DATA_FOLDERS = {"objects/", "cache/", "cache/git/"}


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATED = (
    "docs/api.md",
    "docs/settings.md",
    "src/freehold/__init__.pyi",
    "src/freehold/client/async_api.pyi",
)


@pytest.mark.parametrize("name", GENERATED)
def test_the_generated_pages_are_what_make_docs_would_write(name: str) -> None:
    make_page = load_script("make_docs").PAGES[name]
    assert (ROOT / name).read_text() == make_page(), "run `make docs`"


def test_all_that_make_docs_writes_is_checked() -> None:
    assert set(load_script("make_docs").PAGES) == set(GENERATED)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files(page: Path) -> None:
    targets = LINK.findall(page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "docs/decisions.md"])
def test_files_that_are_named_exist(name: str) -> None:
    named = [text for text in CODE.findall((ROOT / name).read_text()) if FILE_NAME.fullmatch(text)]
    missing = [
        text
        for text in named
        if text not in DATA_FOLDERS and not any((folder / text).exists() for folder in FOLDERS)
    ]
    assert missing == []
    assert len(named) > 3, "the pattern finds no file names at all"


@pytest.mark.parametrize("page", WRITTEN, ids=page_id)
def test_settings_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    options = set(OPTION.findall(text)) - OTHER_OPTIONS
    assert options <= OWN_OPTIONS
    of_the_client = set(VARIABLE.findall(inspect.getsource(client_settings)))
    assert set(VARIABLE.findall(text)) <= {s.variable for s in SETTINGS} | of_the_client


@pytest.mark.parametrize("page", WRITTEN, ids=page_id)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^ {4})make ([a-z]+)", page.read_text(), re.MULTILINE)) <= targets


def test_the_tour_can_be_read_in_one_go() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 200
    assert len((ROOT / "README.md").read_text().splitlines()) <= 80


def test_decisions_are_dated_short_and_in_order() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text()
    entries = ENTRY.findall(text)
    assert len(entries) == text.count("\n## ")
    assert [day for day, _, _ in entries] == sorted(day for day, _, _ in entries)
    assert [title for _, title, body in entries if len(body.splitlines()) > 12] == []


def test_the_first_upload_in_the_readme_works_as_it_is_printed(
    fresh_hub: NewHub, tmp_path: Path
) -> None:
    """With the newest client, torch, and the token that the first start has written."""
    from tests.compat.environments import CACHE, VERSIONS

    hub = fresh_hub()
    script = (ROOT / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    (client,) = (CACHE / VERSIONS[-1] / "lib").glob("python3*/site-packages")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": (hub.data / "admin-token").read_text().splitlines()[-1],
        # torch comes from the environment of the tests, the client from its own.
        "PYTHONPATH": str(client),
    }
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{'weight': tensor([[1., 1., 1.],")
