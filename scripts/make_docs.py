"""Writes docs/api.md and docs/settings.md from the tables that the server itself reads.

`make docs` runs this; a house test fails while the pages are not what it would write.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from freehold import errors
from freehold.server.app import SERVED
from freehold.server.config import SETTINGS
from freehold.server.core import commits as core_commits
from freehold.server.core import files as core_files
from freehold.wire import commits, files, lfs, refs, repos, routes, users
from freehold.wire.routes import Needs, Route, Stream

ROOT = Path(__file__).resolve().parent.parent
NOTICE = "<!-- Written by `make docs`: edit what it is made from. -->"
SHAPE_MODULES = (users, repos, refs, commits, files, lfs)

_SECTION = re.compile(r"# (?P<title>[^\n.]+)\n(?P<first>[A-Z_]+) = Route\(")

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


PAGES: dict[str, Callable[[], str]] = {
    "docs/api.md": api_page,
    "docs/settings.md": settings_page,
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
    yield inspect.cleandoc(routes.__doc__ or "").partition("\n\n")[2]
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
    return inspect.getsource(routes)


def _describe_route(name: str, route: Route) -> Lines:
    yield from (f"### `{name}`", "", f"`{route.method} {route.path}`", "")
    text = _purpose(name, route)
    if text:
        yield from (text, "")
    yield f"- needs: `{route.needs.name}`"
    parts = {"query": route.query, "body": route.body, "returns": route.returns}
    yield from (f"- {what}: {_name_type(part)}" for what, part in parts.items() if part)
    yield ""


def _purpose(name: str, route: Route) -> str:
    """What the function behind a route says of itself; nothing for those that only move bytes."""
    served = next(served for served in SERVED if served.route is route)
    behind = [getattr(module, name, None) for module in (core_commits, core_files)]
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


if __name__ == "__main__":
    main()
