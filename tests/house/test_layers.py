"""Imports go downwards only: `ARCHITECTURE.md` draws the layers that this table lists."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house.sources import Source, sources

WIRE = {"freehold.errors", "freehold.wire"}
DATA = {*WIRE, "freehold.formats"}
S = "freehold.server"

# Each layer and the layers that it may import besides itself.
ALLOWED = {
    "freehold": {"freehold.errors"},
    "freehold.__main__": {"freehold.cli"},
    "freehold.errors": set(),
    "freehold.wire": {"freehold.errors"},
    "freehold.formats": set(),
    "freehold.client": {"freehold", *DATA},
    "freehold.cli": {"freehold", *DATA, "freehold.client"},
    f"{S}.config": {"freehold.errors"},
    f"{S}.objects": {"freehold.errors"},
    f"{S}.db": {"freehold.errors"},
    f"{S}.git": {*DATA, f"{S}.db", f"{S}.objects"},
    f"{S}.hub": {f"{S}.config", f"{S}.db", f"{S}.git", f"{S}.objects", "freehold.formats"},
    f"{S}.core": {"freehold", *DATA, f"{S}.hub", f"{S}.git", f"{S}.db", f"{S}.objects"},
    # The edge binds requests to the core, so it knows contexts, repositories and object stores.
    f"{S}.http": {*WIRE, f"{S}.core", f"{S}.db", f"{S}.hub"},
    f"{S}.rest": {*WIRE, f"{S}.http", f"{S}.core"},
    f"{S}.protocols": {*DATA, f"{S}.http", f"{S}.core", f"{S}.db", f"{S}.objects"},
    f"{S}.web": {*DATA, f"{S}.http", f"{S}.core", f"{S}.db", f"{S}.hub"},
    f"{S}.app": {*WIRE, f"{S}.config", f"{S}.hub"}
    | {f"{S}.{layer}" for layer in ("core", "http", "rest", "protocols", "web")},
    f"{S}.serving": {f"{S}.app", f"{S}.config", f"{S}.core", f"{S}.db", f"{S}.http", f"{S}.hub"},
}

# The commands that run on the machine of the hub; each imports the server only when it runs.
SERVER_COMMANDS = {"cli/serve.py", "cli/admin.py", "cli/settings.py"}

# The frameworks of the edge, and who may know them.
EDGE_LIBRARIES = {"starlette", "uvicorn", "httptools", "uvloop"}
EDGE = {f"{S}.http", f"{S}.rest", f"{S}.protocols", f"{S}.web", f"{S}.app", f"{S}.serving"}


ENVIRONMENT_READERS = {
    "client/settings.py": "ClientSettings.load reads the settings of the library",
    "server/config.py": "Config.load reads the settings",
    "server/serving.py": "hands the settings to the worker processes, which are started afresh",
    "server/http/metrics.py": "prometheus-client keeps its numbers where a variable says",
    "server/git/native.py": "git needs the PATH, and must not see the operator's git settings",
}


def layer_of(module: str) -> str:
    """The longest entry of the table that the module is, or is inside of."""
    parents = [layer for layer in ALLOWED if module == layer or module.startswith(f"{layer}.")]
    return max(parents, key=len)


def own_imports(source: Source) -> Iterator[tuple[str, str]]:
    for line, target in source.imports():
        if target == "freehold" or target.startswith("freehold."):
            yield f"{source.path}:{line} imports {target}", target


def test_every_module_belongs_to_a_layer_of_the_table() -> None:
    """A new folder has to say where it stands; only the packages that hold layers have no layer."""
    modules = {source.module for source in sources()}
    assert {module for module in modules if layer_of(module) == "freehold"} == {"freehold", S}
    assert ALLOWED.keys() <= modules


def test_modules_import_only_the_layers_below_them() -> None:
    wrong = [
        text
        for source in sources()
        for text, target in own_imports(source)
        if not target.startswith(S) or not source.path.startswith("cli/")
        if layer_of(target) not in {layer_of(source.module), *ALLOWED[layer_of(source.module)]}
    ]
    assert wrong == []


def test_only_the_commands_for_operators_reach_into_the_server() -> None:
    outside = [source for source in sources() if not source.module.startswith(f"{S}")]
    reaching = {s.path for s in outside for _, target in own_imports(s) if target.startswith(S)}
    assert reaching == SERVER_COMMANDS


def test_only_the_edge_knows_a_web_framework() -> None:
    wrong = [
        f"{source.path}:{line} imports {target}"
        for source in sources()
        for line, target in source.imports()
        if target.partition(".")[0] in EDGE_LIBRARIES and layer_of(source.module) not in EDGE
    ]
    assert wrong == []


def test_only_one_module_of_each_side_knows_the_http_library() -> None:
    knowing = {
        source.path
        for source in sources()
        for _, target in source.imports()
        if target.partition(".")[0] in {"httpx2", "httpcore2"}
    }
    assert knowing == {"client/connections.py", "server/core/outgoing.py"}


def test_only_one_module_of_the_client_knows_hf_xet() -> None:
    """It is optional, and slow to load."""
    knowing = {
        source.path
        for source in sources()
        for _, target in source.imports()
        if target.partition(".")[0] == "hf_xet"
    }
    assert knowing == {"client/xet.py"}


def users_of(name: str) -> set[str]:
    """The files in which `name` is imported, or read as in `os.environ` or `os.environb`."""
    return {
        source.path
        for source in sources()
        if any(target == name or target.startswith(f"{name}.") for _, target in source.imports())
        or any(is_read(name, node) for node in ast.walk(source.tree))
    }


def is_read(name: str, node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) in (name, f"{name}b")


def test_only_two_modules_start_other_programs() -> None:
    starters = ("subprocess", "multiprocessing", "os.system", "os.popen", "os.fork", "os.execv")
    found = {name: users_of(name) for name in (*starters, "os.posix_spawn", "pty")}
    using = {path for paths in found.values() for path in paths}
    assert using == {"server/git/native.py", "client/git_program.py"}


def test_only_the_places_that_have_a_reason_read_the_environment() -> None:
    readers = users_of("os.environ") | users_of("os.getenv") | users_of("os.putenv")
    assert readers == ENVIRONMENT_READERS.keys()


@pytest.mark.parametrize("module", ["freehold", "freehold.wire.routes", "freehold.cli.main"])
def test_importing_what_clients_use_loads_nothing_of_the_server(module: str) -> None:
    script = f"import sys, {module}; print([m for m in sys.modules if m.startswith('{S}')])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
