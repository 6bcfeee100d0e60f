"""What people install: the licence, the pins, the wheel, and how light the import is."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MOST_PACKAGES = 8
MOST_BYTES = 10_000_000
PINNED_LINE = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")
CONSTRAINT_FILES = [
    ROOT / "constraints.txt",
    *sorted((ROOT / "tests" / "compat").glob("constraints-*.txt")),
]


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in pairs}


def declared() -> list[Requirement]:
    project = PROJECT["project"]
    lines = [
        *PROJECT["build-system"]["requires"],
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
        *(line for group in PROJECT["dependency-groups"].values() for line in group),
    ]
    return [Requirement(line) for line in lines]


def closure(names: list[Requirement]) -> set[str]:
    """Every distribution that the requirements pull into this environment."""
    seen: set[tuple[str, str]] = set()
    waiting = [(r.name, extra) for r in names for extra in ("", *r.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for line in importlib.metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed.name, e) for e in ("", *needed.extras)]
    return {canonicalize_name(name) for name, _ in seen}


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "9. Accepting Warranty or Additional Liability." in text
    assert PROJECT["project"]["license"] == "Apache-2.0"


@pytest.mark.parametrize("path", CONSTRAINT_FILES, ids=lambda path: path.name)
def test_constraints_pin_released_versions_only(path: Path) -> None:
    """A local version such as `2.13.0+cpu`, a folder or a URL would work on one machine only."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert [line for line in lines if not PINNED_LINE.fullmatch(line)] == []


def test_every_client_version_has_its_constraints() -> None:
    from tests.compat.environments import VERSIONS

    found = {path.name: pins(path)["huggingface-hub"] for path in CONSTRAINT_FILES[1:]}
    assert found == {f"constraints-{version}.txt": version for version in VERSIONS}


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    pinned = pins(ROOT / "constraints.txt")
    wrong = [str(r) for r in declared() if pinned[canonicalize_name(r.name)] not in r.specifier]
    assert wrong == []


def test_every_declared_dependency_has_an_upper_bound() -> None:
    operators = {str(r): {part.operator for part in r.specifier} for r in declared()}
    build = set(PROJECT["build-system"]["requires"])
    bounded = [name for name, found in operators.items() if found & {"<", "=="}]
    assert operators.keys() - build == set(bounded) - build


def test_whatever_the_dependencies_pull_in_is_pinned_and_installed_as_pinned() -> None:
    """Lint tools are left out: `make test` does not install them."""
    lint = {canonicalize_name(Requirement(r).name) for r in PROJECT["dependency-groups"]["lint"]}
    needed = closure([r for r in declared() if canonicalize_name(r.name) not in lint])
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in needed}
    pinned = pins(ROOT / "constraints.txt")
    assert {name: pinned.get(name) for name in needed} == installed


def installed_size(name: str) -> int:
    """The bytes of a distribution, without what Python compiles."""
    paths = [Path(str(file.locate())) for file in importlib.metadata.files(name) or ()]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc")


def test_the_client_alone_is_a_small_thing_to_install() -> None:
    """`pip install freehold` without extras: what it pulls in, and all the bytes with our own."""
    needed = closure([Requirement(line) for line in PROJECT["project"]["dependencies"]])
    assert len(needed) <= MOST_PACKAGES, sorted(needed)
    own = [path for path in (ROOT / "src").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    size = sum(installed_size(name) for name in needed) + sum(p.stat().st_size for p in own)
    assert size <= MOST_BYTES


def test_importing_freehold_loads_nothing_of_the_server() -> None:
    script = (
        "import sys, freehold; print(sorted(m for m in sys.modules "
        "if m.split('.')[0] in {'sqlalchemy', 'starlette', 'pygit2', 'obstore', 'psycopg', "
        "'blake3', 'lz4', 'numpy'} "
        "or m.startswith('freehold.server')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(tmp_path: Path) -> None:
    """Data files such as SQL migrations are as much part of it as the code."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("freehold-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    sources = (ROOT / "src" / "freehold").rglob("*")
    files = {
        path.relative_to(ROOT / "src").as_posix()
        for path in sources
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.parametrize("name", [".ci/run", "scripts/find-python", "scripts/install-system"])
def test_scripts_can_be_run_and_stop_at_the_first_error(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111 == 0o111
    assert "set -euo pipefail" in path.read_text()


def test_a_missing_program_is_named_together_with_the_command_that_installs_it(
    tmp_path: Path,
) -> None:
    """Without apt-get, as on another system or for an ordinary user, nothing is attempted."""
    for tool in ("bash", "dirname", "id"):
        found = subprocess.run(["which", tool], capture_output=True, text=True, check=True)
        (tmp_path / tool).symlink_to(found.stdout.strip())
    done = subprocess.run(
        [tmp_path / "bash", ROOT / "scripts" / "install-system", "git", "git-lfs"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Missing: git git-lfs. Install them with: sudo apt-get install git git-lfs\n"
    )
