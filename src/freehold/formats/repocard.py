"""Repo cards: the YAML front matter of a README.md, and its problems.

Reading never raises. What is wrong becomes a `CardIssue` with its place in the file: line and
column, counted from 1. Values are what JSON can hold: dates become ISO strings, keys are always
strings.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import yaml

from freehold.formats.catalogue.licenses import LICENSES
from freehold.formats.catalogue.pipeline_tags import PIPELINE_TAGS

MAX_DEPTH: Final = 50
MAX_EVENTS: Final = 50_000
MAX_METADATA_SIZE: Final = 512 * 1024
MAX_NUMBER_LENGTH: Final = 256
"""How deep lists and mappings of a card may be nested, aliases followed."""
MAX_EXPANDED_SIZE: Final = 1_000_000
"""How many nodes and characters a card may have once its aliases are replaced."""

# One key of a card can hold thousands of unknown values; nobody reads that many warnings.
_MAX_WARNINGS: Final = 20
_MISSING: Final = "empty or missing yaml metadata in repo card"
_OPENING: Final = re.compile(r"\ufeff?\s*---[ \t]*\r?\n")
_CLOSING: Final = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_TABBED_LINE: Final = re.compile(r"[ \t]*\t")
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
# What PyYAML's constructors raise for values such as 2024-13-45 or `!!bool maybe`.
_VALUE_ERRORS: Final = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)


class CardIssue(NamedTuple):
    """What is wrong, in words that name the place, and the place in the file when it is known."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its metadata, the Markdown below it, and what is wrong with the metadata."""

    data: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    errors: list[CardIssue] = field(default_factory=list)
    warnings: list[CardIssue] = field(default_factory=list)


def parse_card(text: str, require_metadata: bool = False) -> Card:
    """Read a README.md; `require_metadata` turns a card without any into a warning.

    When the YAML itself is wrong, `data` is empty and `errors` says where. When only a value has
    the wrong type, `data` still holds it.
    """
    source = find_front_matter(text)
    if source is None:
        return Card(body=text, warnings=_warn_missing(text, require_metadata))
    try:
        data, indexes = _load(source)
    except _CardError as error:
        return Card(body=source.body, errors=[source.issue(str(error), error.index)])
    card = Card(data, source.body)
    for name in (name for name in data if name in _SHAPES):
        place = source.place(indexes[name]) if name in indexes else None
        _check_value(card, name, data[name], place)
    if require_metadata and not data:
        card.warnings.append(CardIssue(_MISSING))
    return card


# --- front matter


class Place(NamedTuple):
    """Where something is in the file; lines and columns are counted from 1."""

    line: int
    column: int


class FrontMatter(NamedTuple):
    """The metadata of a README.md as it is written, from `start` to `end` of the text."""

    yaml: str
    body: str
    first_line: int
    start: int

    @property
    def end(self) -> int:
        """Where the line that closes the metadata begins."""
        return self.start + len(self.yaml)

    def place(self, index: int) -> Place:
        """The place in the file of a character of the metadata."""
        line = self.first_line + self.yaml.count("\n", 0, index)
        return Place(line, index - self.yaml.rfind("\n", 0, index))

    def issue(self, problem: str, index: int | None) -> CardIssue:
        """What is wrong with that character."""
        return _issue_at(None if index is None else self.place(index), problem)


class _CardError(Exception):
    def __init__(self, problem: str, index: int | None = None) -> None:
        super().__init__(problem)
        self.index = index


def find_front_matter(text: str) -> FrontMatter | None:
    """The metadata at the head of a README.md; None when there is none, or no line closes it."""
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    body = text[closing.end() :].removeprefix("\n")
    first_line = text.count("\n", 0, opening.end()) + 1
    yaml = text[opening.end() : closing.start()]
    return FrontMatter(yaml, body, first_line, opening.end())


def _warn_missing(text: str, required: bool) -> list[CardIssue]:
    opening = _OPENING.match(text)
    if opening:
        place = Place(text.count("\n", 0, opening.end()), 1)
        return [_issue_at(place, "no second --- line closes the metadata")]
    return [CardIssue(_MISSING)] if required else []


def _load(source: FrontMatter) -> tuple[dict[str, Any], dict[str, int]]:
    """The metadata and where each of its keys begins; `_CardError` when it cannot be read."""
    if len(source.yaml) > MAX_METADATA_SIZE:
        raise _CardError(f"the metadata has more than {MAX_METADATA_SIZE} characters", None)
    _check_unicode(source.yaml)
    try:
        return _load_mapping(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark else None
        raise _CardError(_explain(error, source.yaml, index), index) from None
    except yaml.reader.ReaderError as error:
        index = len(source.yaml.encode()[: error.position].decode(errors="ignore"))
        raise _CardError("a character that YAML does not allow", index) from None


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _CardError("the metadata is not valid UTF-8", error.start) from None


def _explain(error: yaml.MarkedYAMLError, text: str, index: int | None) -> str:
    start = text.rfind("\n", 0, index or 0) + 1
    if _TABBED_LINE.match(text, start):
        return "YAML is indented with spaces, and this line begins with a tab"
    parts = [part for part in (error.context, error.problem) if part]
    return ", ".join(parts) or "not valid YAML"


def _load_mapping(source: FrontMatter) -> tuple[dict[str, Any], dict[str, int]]:
    _check_nesting(source.yaml)
    loader = yaml.CSafeLoader(source.yaml)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}, {}
        _Inspection(loader).visit(root)
        indexes = _find_keys(root)
        data = to_json(_construct(loader, root))
        if not isinstance(data, dict):
            raise _CardError("the metadata is not a mapping of `key: value` lines", 0)
        return data, indexes
    finally:
        loader.dispose()


def _find_keys(root: yaml.Node) -> dict[str, int]:
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {key.value: _index(key) for key, _ in root.value}


def _check_nesting(text: str) -> None:
    # Composing nodes recurses in C, so the depth has to be known before.
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if count > MAX_EVENTS:
            raise _CardError(f"more than {MAX_EVENTS} values and lists", _index(event))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _CardError(f"nested deeper than {MAX_DEPTH} levels", _index(event))


def _index(item: yaml.Node | yaml.Event) -> int:
    return item.start_mark.index if item.start_mark else 0


class _Size(NamedTuple):
    total: int
    height: int


class _Inspection:
    """Walks the nodes once: refuses bad keys, bad values and aliases that explode."""

    def __init__(self, loader: yaml.CSafeLoader) -> None:
        self._loader = loader
        self._sizes: dict[int, _Size | None] = {}

    def visit(self, node: yaml.Node) -> _Size:
        """The size of the node with all aliases replaced."""
        if id(node) not in self._sizes:
            self._sizes[id(node)] = None
            self._sizes[id(node)] = self._measure(node)
        size = self._sizes[id(node)]
        if size is None:
            raise _CardError("an alias refers to the value that holds it", _index(node))
        return size

    def _measure(self, node: yaml.Node) -> _Size:
        if isinstance(node, yaml.ScalarNode):
            return self._measure_scalar(node)
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
        sizes = [self.visit(child) for child in _children(node)]
        total = 1 + sum(size.total for size in sizes)
        height = 1 + max((size.height for size in sizes), default=0)
        if total > MAX_EXPANDED_SIZE or height > MAX_DEPTH:
            raise _CardError("too large or too deep with its aliases", _index(node))
        return _Size(total, height)

    def _measure_scalar(self, node: yaml.ScalarNode) -> _Size:
        if node.tag not in (_STRING_TAG, _MERGE_TAG):
            # A number with colons is base 60 to YAML, and takes quadratic time to be read.
            if len(node.value) > MAX_NUMBER_LENGTH:
                raise _CardError("a number or date that is too long", _index(node))
            _construct(self._loader, node)
        return _Size(1 + len(node.value), 0)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for child in node.value:
        if isinstance(child, tuple):
            yield from child
        else:
            yield child


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _CardError("a key is a list or a mapping", _index(key))
        if key.value in seen and key.tag != _MERGE_TAG:
            raise _CardError(f"duplicated key {key.value!r}", _index(key))
        seen.add(key.value)
        if key.tag != _MERGE_TAG:
            # `no:` or `2024:` as a key is meant as text, and JSON knows nothing else.
            key.tag = _STRING_TAG


def _construct(loader: yaml.CSafeLoader, node: yaml.Node) -> object:
    try:
        return loader.construct_document(node)
    except _VALUE_ERRORS:
        raise _CardError(f"not a valid value: {str(node.value)[:80]!r}", _index(node)) from None


def to_json(value: object) -> object:
    """The value with nothing in it that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        # Python refuses to print very long integers in decimal.
        return str(value) if abs(value) < 10**1000 else hex(value)
    return value


# --- validation

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{1,8})*|code|multilingual")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_texts(value: object) -> bool:
    return _is_text(value) or _is_texts(value)


def _is_results(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict)
        and isinstance(item.get("name"), str)
        and isinstance(item.get("results"), list)
        for item in value
    )


class _Shape(NamedTuple):
    fits: Callable[[object], bool]
    words: str


_TEXT: Final = _Shape(_is_text, "a string")
_TEXTS: Final = _Shape(_is_texts, "a list of strings")
_TEXT_OR_TEXTS: Final = _Shape(_is_text_or_texts, "a string or a list of strings")
_RESULTS: Final = _Shape(_is_results, "a list of entries, each with a `name` and a list `results`")

_SHAPES: Final[Mapping[str, _Shape]] = {
    "license": _TEXT_OR_TEXTS,
    "license_name": _TEXT,
    "license_link": _TEXT,
    "language": _TEXT_OR_TEXTS,
    "tags": _TEXTS,
    "datasets": _TEXT_OR_TEXTS,
    "metrics": _TEXT_OR_TEXTS,
    "base_model": _TEXT_OR_TEXTS,
    "pipeline_tag": _TEXT,
    "library_name": _TEXT,
    "model-index": _RESULTS,
    "pretty_name": _TEXT,
    "task_categories": _TEXT_OR_TEXTS,
    "size_categories": _TEXT_OR_TEXTS,
    "title": _TEXT,
    "sdk": _TEXT,
    "app_file": _TEXT,
}


def _check_value(card: Card, name: str, value: object, place: Place | None) -> None:
    shape = _SHAPES[name]
    # A key without a value is an unfilled template, and means the same as no key.
    if value is None:
        return
    if name == "language" and _has_boolean(value):
        problem = '`language` holds a YAML boolean; write the code in quotes, as in "no"'
        card.errors.append(_issue_at(place, problem))
    elif not shape.fits(value):
        card.errors.append(_issue_at(place, f"`{name}` must be {shape.words}"))
    else:
        card.warnings.extend(_issue_at(place, text) for text in _find_unknown(name, value))


def _has_boolean(value: object) -> bool:
    return any(isinstance(item, bool) for item in (value if isinstance(value, list) else [value]))


def _issue_at(place: Place | None, problem: str) -> CardIssue:
    if place is None:
        return CardIssue(problem)
    return CardIssue(f"line {place.line}, column {place.column}: {problem}", *place)


def _find_unknown(name: str, value: object) -> Iterator[str]:
    for item in _texts(value)[:_MAX_WARNINGS]:
        if name == "license" and item not in LICENSES:
            yield f"unknown `license` {item[:80]!r}; use `other` with `license_name`"
        elif name == "pipeline_tag" and item not in PIPELINE_TAGS:
            yield f"unknown `pipeline_tag` {item[:80]!r}"
        elif name == "language" and not _LANGUAGE.fullmatch(item):
            yield f"`language` {item[:80]!r} is not an ISO 639 code in lower case"


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str) and item]
