"""YAML as it is written into a repo card: readable, and the same to readers of YAML 1.1 and 1.2."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from freehold.formats.repocard import MAX_DEPTH, MAX_EVENTS, MAX_METADATA_SIZE, CardIssue

# Readers differ in what ends a line, so all but \n are written as escapes.
_OTHER_BREAKS: Final = re.compile(r"[\r\x85\u2028\u2029]")
# Space at an end of a line cannot be seen, and some of it cannot be written, in a literal block.
_HIDDEN_SPACE: Final = re.compile(r"\A\s|[ \t]$|\n\n\Z", re.MULTILINE)
# Numbers of YAML 1.2 that are texts in YAML 1.1: a text that looks so is written in quotes.
_NEWER_NUMBERS: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+|0o[0-7]+")
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_FLOAT_TAG: Final = "tag:yaml.org,2002:float"


class CardFormatError(ValueError):
    """Metadata that cannot be read or written; `issues` say what is wrong, and where."""

    def __init__(self, issues: list[CardIssue]) -> None:
        super().__init__("\n".join(issue.message for issue in issues))
        self.issues = issues

    @classmethod
    def of(cls, problem: str) -> CardFormatError:
        """A problem without a place."""
        return cls([CardIssue(problem)])


def to_plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same metadata of built-in types alone; raises `CardFormatError` for what has none."""
    plain = _Plain()
    done = {}
    for name, value in data.items():
        try:
            done[plain.key(name)] = plain.value(value, 1)
        except _UnfitError as error:
            raise CardFormatError.of(f"`{name}` cannot be metadata: it holds {error}") from None
    return done


class _UnfitError(Exception):
    pass


class _Plain:
    """Makes values plain, up to the limits that there are for reading them."""

    def __init__(self) -> None:
        self._values = 0
        self._characters = 0

    def value(self, value: object, depth: int) -> object:
        self._values += 1
        if self._values > MAX_EVENTS:
            raise _UnfitError(f"more than {MAX_EVENTS} values")
        if depth > MAX_DEPTH:
            raise _UnfitError(f"values nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            return {self.key(key): self.value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item, depth + 1) for item in value]
        return self.scalar(value)

    def key(self, key: object) -> str:
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            raise _UnfitError(f"a key that is no text: {key!r:.80}")
        return str(self.scalar(key))

    def scalar(self, value: object) -> object:
        plain = _plain_scalar(value)
        self._characters += len(plain) if isinstance(plain, str) else 1
        if self._characters > MAX_METADATA_SIZE:
            raise _UnfitError(f"more than {MAX_METADATA_SIZE} characters")
        return plain


def _plain_scalar(value: object) -> object:
    """Numbers and texts of derived types, such as those of NumPy, become what they derive from."""
    if value is None or isinstance(value, (bool, datetime.date)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _UnfitError("a text that is not valid Unicode") from None
        return str.__str__(value)
    raise _UnfitError(f"a value of the type {type(value).__name__}")


def dump_block(value: dict[str, Any] | list[Any]) -> str:
    """Lines of YAML, each ended by a line feed; for what is empty, `{}` or `[]`."""
    return _dump(value, _BlockDumper, flow=False)


def dump_flow(value: object) -> str:
    """YAML on one line that can stand inside of brackets."""
    return _dump([value], _FlowDumper, flow=True)[1:-2]


def dump_scalar(value: object, quote: str | None) -> str:
    """A value behind `key: `, in these quotes if it is a text; a text of several lines has some."""
    if isinstance(value, str) and "\n" not in value:
        # Between double quotes PyYAML writes emoji as escapes.
        if quote == "'" or (quote == '"' and max(value, default="") > "\uffff"):
            value = _SingleQuoted(value)
        elif quote == '"':
            value = _DoubleQuoted(value)
    return dump_block({"k": value}).removeprefix("k:").strip(" ").removesuffix("\n")


class _SingleQuoted(str):
    __slots__ = ()


class _DoubleQuoted(str):
    __slots__ = ()


def _dump(value: object, dumper: type[yaml.SafeDumper], *, flow: bool) -> str:
    text: str = yaml.dump(
        value,
        Dumper=dumper,
        default_flow_style=flow,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
    )
    return text


class _FlowDumper(yaml.SafeDumper):
    """Without anchors, however often a value is used, and each text on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, value: str) -> yaml.ScalarNode:
        """A text of several lines is written with escapes."""
        return self.text(value, '"' if "\n" in value else None)

    def text(self, value: str, style: str | None) -> yaml.ScalarNode:
        """A text in this style where that is possible."""
        if _OTHER_BREAKS.search(value):
            style = '"'
        return self.represent_scalar(_STRING_TAG, str(value), style=style)


class _BlockDumper(_FlowDumper):
    """The same, with each line of a text on one of its own."""

    def represent_text(self, value: str) -> yaml.ScalarNode:
        """A text of several lines is a literal block if all of it can be seen there."""
        if "\n" not in value or _HIDDEN_SPACE.search(value):
            return super().represent_text(value)
        return self.text(value, "|")


_FlowDumper.add_implicit_resolver(
    _FLOAT_TAG, re.compile(f"(?:{_NEWER_NUMBERS.pattern})$"), list("-+.0123456789")
)
_FlowDumper.add_representer(str, lambda dumper, value: dumper.represent_text(value))
_FlowDumper.add_representer(_SingleQuoted, lambda dumper, value: dumper.text(value, "'"))
_FlowDumper.add_representer(_DoubleQuoted, lambda dumper, value: dumper.text(value, '"'))
