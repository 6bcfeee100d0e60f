"""Writes docs/api.md and docs/settings.md from the tables that the server itself reads.

And the stubs that tell type checkers what the library offers, from its own definitions. `make docs`
runs this; a house test fails while the files are not what it would write.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

import freehold
from freehold import errors
from freehold.client import async_api
from freehold.client.api import HfApi
from freehold.server.app import SERVED
from freehold.server.config import SETTINGS
from freehold.server.core import avatars as core_avatars
from freehold.server.core import commits as core_commits
from freehold.server.core import downloads as core_downloads
from freehold.server.core import files as core_files
from freehold.wire import (
    access_requests,
    accounts,
    capabilities,
    commits,
    community_routes,
    discussions,
    files,
    lfs,
    lfs_files,
    lfs_locks,
    likes,
    listings,
    refs,
    repos,
    routes,
    search,
    tags,
    users,
    webhooks,
)
from freehold.wire import route as route_module
from freehold.wire.route import Needs, Route, Stream

ROOT = Path(__file__).resolve().parent.parent
STUB_NOTICE = "# Written by `make docs`: edit what it is made from."
NOTICE = "<!-- Written by `make docs`: edit what it is made from. -->"
SHAPE_MODULES = (
    capabilities,
    users,
    repos,
    refs,
    commits,
    files,
    lfs,
    lfs_files,
    lfs_locks,
    discussions,
    access_requests,
    accounts,
    likes,
    listings,
    tags,
    search,
    webhooks,
)

_SECTION = re.compile(r"# (?P<title>[^\n.]+)\n(?P<first>[A-Z_]+) = Route\(")

# Where the functions are that handlers of streams call.
_BEHIND = (core_avatars, core_commits, core_downloads, core_files)

Lines = Iterator[str]


def main() -> None:
    """Write every page."""
    for name, make_page in PAGES.items():
        (ROOT / name).write_text(make_page())
        sys.stdout.write(f"Wrote {name}\n")


def api_page() -> str:
    """The text of docs/api.md."""
    return _join([*_introduce(), *_list_routes(), *_list_missing(), *_list_errors(), *_shapes()])


def settings_page() -> str:
    """The text of docs/settings.md."""
    head = [
        "# Settings",
        "",
        NOTICE,
        "",
        "Each is an option of `freehold serve` and `freehold admin`, or else an environment"
        " variable, or else has its default.",
        "",
    ]
    rows = [
        (f"`{s.flag}`", f"`{s.variable}`", f"`{s.default}`" if s.default else "", s.help)
        for s in SETTINGS
    ]
    return _join([*head, *_table(("Option", "Variable", "Default", "What it does"), rows)])


def root_stub() -> str:
    """The text of freehold/__init__.pyi: every public name, from where it lives."""
    places = sorted((module, name) for module, names in freehold._PLACES.items() for name in names)
    lines = [f"from {module} import {name} as {name}" for module, name in places]
    return _join([STUB_NOTICE, "", *lines, "", "__version__: str", "__all__: list[str]"])


def async_stub() -> str:
    """The text of freehold/client/async_api.pyi: `HfApi` with every call awaited."""
    calls = [
        (method, *_to_stub(method, is_call=True))
        for name, method in inspect.getmembers(HfApi, inspect.isfunction)
        if not name.startswith("_") and name not in async_api.LEFT_OUT
    ]
    own = [
        (method, *_to_stub(method, is_call=False))
        for name, method in vars(async_api.AsyncHfApi).items()
        if name == "__init__" or isinstance(method, property)
    ]
    imports: set[tuple[str, str]] = set()
    for method, node, _ in [*own, *calls]:
        imports |= set(_find_imports(method, node))
    lines = [f"from {module} import {name}" for module, name in sorted(imports)]
    head = ["class AsyncHfApi:", *_quote(async_api.AsyncHfApi.__doc__, 4)]
    body = [line for _, _, text in [*own, *calls] for line in ("", *text)]
    return _join([STUB_NOTICE, "", *lines, "", *head, *body])


PAGES: dict[str, Callable[[], str]] = {
    "docs/api.md": api_page,
    "docs/settings.md": settings_page,
    "src/freehold/__init__.pyi": root_stub,
    "src/freehold/client/async_api.pyi": async_stub,
}


def _join(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Lines:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _introduce() -> Lines:
    yield from ("# The calls of the hub", "", NOTICE, "")
    yield inspect.cleandoc(route_module.__doc__ or "").partition("\n\n")[2]
    yield from ("", "What a call *needs*:", "")
    texts = re.findall(r'^    ([A-Z]+) = \d+\n    """(.+)"""$', inspect.getsource(Needs), re.M)
    yield from _table(("Needs", "Meaning"), [(f"`{name}`", text) for name, text in texts])


# Routes


def _list_routes() -> Lines:
    sections = {m["first"].lower(): m["title"] for m in _SECTION.finditer(_source())}
    for name, route in routes.named_routes().items():
        if name in sections:
            yield from (f"## {sections[name]}", "")
        yield from _describe_route(name, route)


def _source() -> str:
    return inspect.getsource(routes) + inspect.getsource(community_routes)


def _describe_route(name: str, route: Route) -> Lines:
    yield from (f"### `{name}`", "", f"`{route.method} {route.path}`", "")
    text = _purpose(name, route)
    if text:
        yield from (text, "")
    if route.aliases:
        yield "- also: " + ", ".join(f"`{path}`" for path in route.aliases)
    yield f"- needs: `{route.needs.name}`"
    if route.status != 200:
        yield f"- status: {route.status}"
    parts = {"query": route.query, "body": route.body, "returns": route.returns}
    yield from (f"- {what}: {_name_type(part)}" for what, part in parts.items() if part)
    yield ""


def _purpose(name: str, route: Route) -> str:
    """What the function behind a route says of itself; nothing for those that only move bytes."""
    served = next(served for served in SERVED if served.route is route)
    behind = [getattr(module, name, None) for module in _BEHIND]
    texts = (inspect.getdoc(function) for function in (served.function, *behind) if function)
    return next((text for text in texts if text), "")


def _list_missing() -> Lines:
    yield from ("## Not offered yet", "")
    yield from ("These are part of the protocol and answer 501.", "")
    rows = [(f"`{r.method}`", f"`{r.path}`") for r in routes.NOT_SUPPORTED]
    yield from _table(("Method", "Path"), rows)


def _list_errors() -> Lines:
    yield from ("## Errors", "")
    yield (
        "`X-Error-Message` holds the message, `X-Error-Code` the code where there is one, and"
        ' the body is `{"error": …, "message": …}` (plain text for files).'
    )
    yield ""
    rows = [
        (f"`{e.__name__}`", str(e.status), f"`{e.code}`" if e.code else "", _first_line(e))
        for e in error_classes()
    ]
    yield from _table(("Class", "Status", "Code", "Meaning"), rows)


def error_classes() -> list[type[errors.HfHubHTTPError]]:
    """Every class that crosses the wire, in the order of its file."""
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.HfHubHTTPError)
    ]


def _first_line(documented: type) -> str:
    return inspect.cleandoc(documented.__doc__ or "").partition("\n")[0]


# Shapes


def _shapes() -> Lines:
    yield from ("## Shapes", "", "Unknown fields are ignored in what the hub reads.", "")
    for module in SHAPE_MODULES:
        for shape in vars(module).values():
            if _is_shape(shape) and shape.__module__ == module.__name__:
                yield from _describe_shape(shape)


def _is_shape(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def _describe_shape(shape: type[msgspec.Struct]) -> Lines:
    fields = msgspec.structs.fields(shape)
    yield from (f"### {shape.__name__}", "", inspect.cleandoc(shape.__doc__ or ""), "")
    if fields:
        rows = [(f"`{f.encode_name}`", _name_type(f.type), _tell_default(f)) for f in fields]
        yield from _table(("Field", "Type", "When absent"), rows)


def _tell_default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "never absent"
    if field.default is msgspec.UNSET:
        return "not said"
    default = [] if field.default is msgspec.NODEFAULT else field.default
    return f"`{json.dumps(default)}`"


_NAMES: dict[Any, str] = {
    str: "text",
    int: "integer",
    bool: "boolean",
    NoneType: "null",
    Any: "any value",
    msgspec.Raw: "any value",
    Stream: "a stream of bytes",
}


def _name_type(kind: Any) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    if _is_shape(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return _name_composed(get_origin(kind), get_args(kind))


def _name_composed(origin: Any, arguments: tuple[Any, ...]) -> str:
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin in (Union, UnionType):
        kinds = [kind for kind in arguments if kind is not msgspec.UnsetType]
        return " or ".join(_name_type(kind) for kind in kinds)
    if origin is list:
        return f"list of {_name_type(arguments[0])}"
    if origin is dict:
        return f"object with values: {_name_type(arguments[1])}"
    raise TypeError(f"no words for {origin}")


# Stubs

_LINE_LENGTH = 100


def _to_stub(method: Any, *, is_call: bool) -> tuple[ast.FunctionDef, list[str]]:
    """The definition of a method without its body, and its lines in the stub."""
    function = method.fget if isinstance(method, property) else method
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    prefix = ["    @property"] if isinstance(method, property) else []
    word = "def"
    if is_call:
        _leave_out(node.args)
        is_iterator = async_api.gives_items(method)
        node.returns = _to_async(node.returns) if is_iterator else node.returns
        word = "def" if is_iterator else "async def"
    return node, [*prefix, *_signature_lines(word, node), *_quote(function.__doc__, 8)]


def _leave_out(arguments: ast.arguments) -> None:
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    kept = [(arg, default) for arg, default in pairs if arg.arg not in async_api.LEFT_OUT]
    arguments.kwonlyargs = [arg for arg, _ in kept]
    arguments.kw_defaults = [default for _, default in kept]


def _to_async(returns: ast.expr | None) -> ast.expr:
    assert returns is not None
    return ast.parse(async_api.to_async(ast.unparse(returns)), mode="eval").body


def _signature_lines(word: str, node: ast.FunctionDef) -> list[str]:
    parts = _parameters(node.args)
    end = f") -> {ast.unparse(node.returns)}:" if node.returns else "):"
    whole = f"    {word} {node.name}({', '.join(parts)}{end}"
    if len(whole) <= _LINE_LENGTH:
        return [whole]
    return [f"    {word} {node.name}(", *(f"        {part}," for part in parts), f"    {end}"]


def _parameters(arguments: ast.arguments) -> list[str]:
    """Each parameter as it is written; a default that is no constant is not told."""
    first = len(arguments.args) - len(arguments.defaults)
    defaults = [None] * first + list(arguments.defaults)
    parts = [_parameter(a, d) for a, d in zip(arguments.args, defaults, strict=True)]
    if arguments.kwonlyargs and arguments.vararg is None:
        parts.append("*")
    if arguments.vararg is not None:
        parts.append(f"*{ast.unparse(arguments.vararg)}")
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parts += [_parameter(a, d) for a, d in pairs]
    return [*parts, f"**{ast.unparse(arguments.kwarg)}"] if arguments.kwarg else parts


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    if default is None:
        return text
    value = ast.unparse(default).replace("'", '"') if isinstance(default, ast.Constant) else "..."
    return f"{text} = {value}"


def _quote(text: str | None, indent: int) -> list[str]:
    assert text, "what is public says what it is for"
    lines = inspect.cleandoc(text).splitlines()
    quoted = [f'"""{lines[0]}', *lines[1:]]
    quoted = [*quoted, '"""'] if len(lines) > 1 else [f'{quoted[0]}"""']
    return [f"{' ' * indent}{line}" if line else "" for line in quoted]


def _find_imports(method: Any, node: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Where the names in the types of a method come from: the module and the name."""
    function = method.fget if isinstance(method, property) else method
    module = inspect.getmodule(function)
    assert module is not None
    imported = {
        alias.name: statement.module or ""
        for statement in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    types = [node.returns, *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))]
    for kind in filter(None, types):
        for part in ast.walk(kind):
            if isinstance(part, ast.Name) and not hasattr(builtins, part.id):
                known = part.id.removeprefix("Async") if part.id not in imported else part.id
                yield imported.get(known, module.__name__), part.id


if __name__ == "__main__":
    main()
