"""Changes to the metadata of a README.md that leave everything else as it was written.

The events of PyYAML say where each value stands in the text, and only what differs is written
anew: one value, one line of a list, one key. What cannot be changed in place, because of an anchor
for example, is written anew as a whole, from the smallest such part up to all of the metadata. The
result is read again, and counts only when it says what was wanted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple, TypeGuard

import yaml
from yaml import CSafeLoader

from freehold.formats.repocard import Card, FrontMatter, find_front_matter, parse_card, to_json
from freehold.formats.yaml_dump import (
    CardFormatError,
    dump_block,
    dump_flow,
    dump_scalar,
    to_plain,
)

# The time to compare two lists well can grow with the third power of their lengths.
_MOST_PAIRS: Final = 10_000

_BOM: Final = "\ufeff"
_COLON: Final = re.compile(r"[ \t]*:")
_BEFORE_ITEM: Final = re.compile(r" *-( +)")
_AFTER_VALUE: Final = re.compile(r"[ \t]*(#.*)?")


def read_card(text: str) -> Card:
    """The card; raises `CardFormatError` when its metadata cannot be read."""
    card = parse_card(text)
    # Values of the wrong type are an error of the card, but can be read and written.
    if card.errors and not card.data:
        raise CardFormatError(card.errors)
    return card


def rewrite_card(text: str, data: Mapping[str, Any]) -> str:
    """The same README.md with exactly this metadata.

    Lines whose values do not differ stay as they are, with comments, quotes and line ends; new
    keys come last. Raises `CardFormatError` when the metadata there cannot be read, or this cannot
    be written.
    """
    wanted = to_plain(data)
    card = read_card(text)
    if _is_same(card.data, wanted):
        return text
    front = find_front_matter(text)
    if front is None:
        return _begin(text, wanted)
    for written in _ways(front, card.data, wanted):
        made = text[: front.start] + written + text[front.end :]
        if _says(made, wanted, card.body):
            return made
    raise _explain(made)


def _begin(text: str, wanted: dict[str, Any]) -> str:
    """A README.md that had no metadata."""
    warnings = parse_card(text).warnings
    if warnings:
        raise CardFormatError(warnings)
    bom, body = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    newline = _newline(body)
    written = f"---\n{dump_block(wanted)}---\n".replace("\n", newline)
    made = f"{bom}{written}{body}"
    if not _says(made, wanted, body):
        raise _explain(made)
    return made


def _newline(text: str) -> str:
    """How the first line ends."""
    return "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"


def _explain(made: str) -> CardFormatError:
    """Why the metadata that was to be written would not be read as such."""
    errors = parse_card(made).errors
    return CardFormatError(errors) if errors else CardFormatError.of("it is no valid metadata")


def _is_same(one: object, other: object) -> bool:
    """Whether they are one value; unlike Python, it tells 1, 1.0 and true apart."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    first, second = to_json(one), to_json(other)
    return type(first) is type(second) and first == second


def _text_of(value: object) -> str:
    """The same text for the same value."""
    return json.dumps(to_json(value), sort_keys=True)


def _says(made: str, wanted: dict[str, Any], body: str) -> bool:
    card = parse_card(made)
    return card.body == body and _is_same(card.data, wanted)


def _ways(front: FrontMatter, old: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    """The metadata written anew, by changing less and less of it in place."""
    newline = _newline(front.yaml)
    root = _compose(front.yaml)
    if root is None:
        yield front.yaml + dump_block(wanted).replace("\n", newline)
    elif root.is_map and not root.flow:
        with suppress(_UnfitError):
            changed = _find_changed(root, old, wanted)
            with suppress(_UnfitError):
                splices = _Edit(front.yaml, newline).entries(root, old, wanted, changed)
                yield _apply(front.yaml, splices)
            yield _rebuild(front.yaml, newline, root, wanted, changed)
    yield (dump_block(wanted) if wanted else "").replace("\n", newline)


class _UnfitError(Exception):
    """This cannot be changed in place."""


# --- what stands where


@dataclass(slots=True)
class _Node:
    """A value and where it stands: from `start` to `end`, without the comments behind it.

    `plain` is one with neither anchors, aliases, tags nor merged keys inside.
    """

    start: int
    end: int
    style: str | None = None
    text: str | None = None
    is_map: bool = False
    is_list: bool = False
    flow: bool = False
    plain: bool = True
    children: list[_Node] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)

    def pairs(self) -> Iterator[tuple[_Node, _Node]]:
        """The keys and values of a mapping."""
        return zip(self.children[::2], self.children[1::2], strict=True)

    def close(self, event: Any) -> None:
        """To be called when all children are there, with the event that says so."""
        # The end that PyYAML gives for a block is where the next token begins.
        self.end = self.children[-1].end if self.children and not self.flow else _end(event)
        for child in self.children:
            self.anchors |= child.anchors
            self.aliases |= child.aliases
            self.plain = self.plain and child.plain
        if self.is_map and any(_is_merge(key) for key, _ in self.pairs()):
            self.plain = False


def _is_merge(key: _Node) -> bool:
    return key.text == "<<" and key.style is None


def _compose(text: str) -> _Node | None:
    """The root of the metadata; None when there are only comments."""
    above = [_Node(0, 0)]
    for event in yaml.parse(text, Loader=CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            above.pop().close(event)
        elif isinstance(event, yaml.NodeEvent):
            node = _make_node(event, text)
            above[-1].children.append(node)
            if isinstance(event, yaml.CollectionStartEvent):
                above.append(node)
    return above[0].children[0] if above[0].children else None


def _end(event: Any) -> int:
    end: int = event.end_mark.index
    return end


def _make_node(event: Any, text: str) -> _Node:
    node = _Node(event.start_mark.index, _end(event))
    if isinstance(event, yaml.AliasEvent):
        node.aliases, node.plain = {str(event.anchor)}, False
        return node
    if isinstance(event, yaml.ScalarEvent):
        node.style, node.text = event.style, event.value
        if event.style in ("|", ">"):
            node.end = node.start + len(text[node.start : node.end].rstrip(" \t\r\n"))
    else:
        node.is_map = isinstance(event, yaml.MappingStartEvent)
        node.is_list = not node.is_map
        node.flow = bool(event.flow_style)
    node.anchors = {event.anchor} if event.anchor else set()
    node.plain = not (event.anchor or event.tag)
    return node


def _name(key: _Node) -> str:
    if key.text is None:
        raise _UnfitError
    return key.text


# --- which keys


def _find_changed(root: _Node, old: dict[str, Any], new: dict[str, Any]) -> dict[str, bool]:
    """The keys that are written anew, and whether an alias is the only reason.

    What refers to an anchor in a value that changes would change with it, or be broken. Raises
    `_UnfitError` when that is a key or a merged mapping.
    """
    pairs = [(_name(key), key, value) for key, value in root.pairs()]
    names = {name for name, key, _ in pairs if not _is_merge(key)}
    changed = {name: False for name in names if not _is_kept(name, old, new)}
    before = -1
    while before < len(changed):
        before = len(changed)
        gone = {a for name, k, v in pairs if name in changed for a in k.anchors | v.anchors}
        for name, key, value in pairs:
            if name not in changed and value.aliases & gone:
                if _is_merge(key):
                    raise _UnfitError
                changed[name] = True
    return changed


def _is_kept(name: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    return name in new and _is_same(old[name], new[name])


def _rebuild(
    text: str, newline: str, root: _Node, new: dict[str, Any], changed: Mapping[str, bool]
) -> str:
    """The metadata with all lines of each changed key written anew."""
    keys = [key for key, _ in root.pairs()]
    starts = [*(text.rfind("\n", 0, key.start) + 1 for key in keys), len(text)]
    parts = [text[: starts[0]]]
    for key, start, end in zip(keys, starts, starts[1:], strict=False):
        name = _name(key)
        if name not in changed:
            parts.append(text[start:end])
        elif name in new:
            parts.append(dump_block({name: new[name]}).replace("\n", newline))
    present = {_name(key) for key in keys}
    added = {name: value for name, value in new.items() if name not in present}
    return "".join(parts) + (dump_block(added).replace("\n", newline) if added else "")


# --- what is written instead


class _Splice(NamedTuple):
    start: int
    end: int
    text: str


def _apply(text: str, splices: Sequence[_Splice]) -> str:
    """The text with all of them; those at one place come in the order of the list."""
    ordered = sorted(splices, key=lambda splice: splice.start)
    parts, done = [], 0
    for splice in ordered:
        if splice.start < done:
            raise _UnfitError
        parts += [text[done : splice.start], splice.text]
        done = splice.end
    return "".join([*parts, text[done:]])


class _Edit:
    """What changes in one text; raises `_UnfitError` for what has to be written anew as a whole."""

    def __init__(self, text: str, newline: str) -> None:
        self.text = text
        self.newline = newline

    # places

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def next_line(self, index: int) -> int:
        return self.text.find("\n", index) + 1 or len(self.text)

    def line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[index:end].endswith("\r") else end

    def column(self, index: int) -> int:
        return index - self.line_start(index)

    def behind(self, index: int, column: int) -> int:
        """Where a line of this column may begin: behind comments that are indented deeper."""
        place = self.next_line(index)
        comments = re.compile(rf"(?: {{{column + 1},}}#.*\n)*").match(self.text, place)
        return comments.end() if comments else place

    def before(self, node: _Node) -> str:
        """What stands before it on its line."""
        return self.text[self.line_start(node.start) : node.start]

    def lines(self, block: str, indent: int) -> str:
        """The lines of a block, moved to a column."""
        moved = [" " * indent + line if line else line for line in block.splitlines()]
        return "".join(line + self.newline for line in moved)

    # mappings

    def entries(
        self, node: _Node, old: dict[str, Any], new: dict[str, Any], changed: Mapping[str, bool]
    ) -> list[_Splice]:
        """The changes of a mapping in block style."""
        splices = []
        for key, value in node.pairs():
            name = _name(key)
            if name in changed and name in new:
                splices += self.value(key, value, old[name], new[name], changed[name])
            elif name in changed:
                splices.append(self.removed(key, value, " " * self.column(key.start)))
        added = {name: value for name, value in new.items() if name not in old}
        if added:
            column = self.column(node.children[0].start)
            place = self.behind(node.end, column)
            splices.append(_Splice(place, place, self.lines(dump_block(added), column)))
        return splices

    def removed(self, first: _Node, last: _Node, before: str) -> _Splice:
        """Takes whole lines away, which hold nothing else."""
        if self.before(first) != before:
            raise _UnfitError
        if not _AFTER_VALUE.fullmatch(self.text, last.end, self.line_end(last.end)):
            raise _UnfitError
        return _Splice(self.line_start(first.start), self.next_line(last.end), "")

    def value(
        self, key: _Node, value: _Node, old: object, new: object, whole: bool
    ) -> list[_Splice]:
        """The changes of the value of a key in block style."""
        if not whole:
            with suppress(_UnfitError):
                return self.inside(value, old, new)
        colon = _COLON.match(self.text, key.end)
        if colon is None:
            raise _UnfitError
        return self.replaced(key, value, new, colon.end())

    def replaced(self, key: _Node, value: _Node, new: object, after: int) -> list[_Splice]:
        """Another value of a key; a comment behind the key or the old value stays there."""
        column = self.column(key.start)
        is_below = "\n" in self.text[after : value.start]
        if _is_block(new, value):
            deeper = 0 if isinstance(new, list) else 1
            here = self.column(value.start) if is_below else 0
            indent = here if here >= column + deeper and is_below else column + 2 * deeper
            first, rest = "", self.lines(dump_block(new), indent)
        else:
            first, _, literal = self.inline(new, value).partition("\n")
            rest = self.lines(_dedent(literal), column + 2)
        if is_below:
            start, end = self.line_start(value.start), self.next_line(value.end)
            gap = " " if first else ""
            return [_Splice(after, after, gap + first), _Splice(start, end, rest)]
        gap = (self.text[after : value.start] or " ") if first else ""
        end = self.line_end(value.end)
        tail = self.text[value.end : end] + self.newline + rest if rest else ""
        tail = tail.removesuffix(self.newline)
        return [_Splice(after, end if rest else value.end, gap + first + tail)]

    def inline(self, new: object, old: _Node) -> str:
        """A value that begins on the line of its key."""
        if isinstance(new, (dict, list)):
            return dump_flow(new)
        return dump_scalar(new, old.style)

    # in place

    def inside(self, node: _Node, old: object, new: object) -> list[_Splice]:
        """Changes inside of a value only; raises `_UnfitError` when it has to be written anew."""
        if not (node.plain and old and new):
            raise _UnfitError
        if node.is_map and isinstance(old, dict) and isinstance(new, dict):
            changed = {name: False for name in old if not _is_kept(name, old, new)}
            inside = self.flow_entries if node.flow else self.entries
            return inside(node, old, new, changed)
        if node.is_list and isinstance(old, list) and isinstance(new, list):
            return self.flow_items(node, old, new) if node.flow else self.items(node, old, new)
        raise _UnfitError

    def flow_entries(
        self, node: _Node, old: dict[str, Any], new: dict[str, Any], changed: Mapping[str, bool]
    ) -> list[_Splice]:
        """The changes of a mapping in braces whose keys stay."""
        if old.keys() != new.keys():
            raise _UnfitError
        splices = []
        for key, value in node.pairs():
            name = _name(key)
            if name in changed:
                splices += self.item(value, old[name], new[name])
        return splices

    def item(self, node: _Node, old: object, new: object) -> list[_Splice]:
        """The changes of an item of a list, or of a value in braces."""
        try:
            return self.inside(node, old, new)
        except _UnfitError:
            if node.start == node.end:
                raise
        if node.flow or _BEFORE_ITEM.fullmatch(self.before(node)) is None:
            return [_Splice(node.start, node.end, dump_flow(new))]
        return [_Splice(node.start, node.end, self.item_text(new, node, self.column(node.start)))]

    def item_text(self, new: object, old: _Node, column: int) -> str:
        """An item as it follows its dash, whose own lines begin at this column."""
        if _is_block(new, old):
            block = dump_block(new)
        else:
            first, _, literal = self.inline(new, old).partition("\n")
            block = f"{first}\n{_dedent(literal)}"
        return self.lines(block, column).lstrip(" ").removesuffix(self.newline)

    def items(self, node: _Node, old: list[Any], new: list[Any]) -> list[_Splice]:
        """The changes of a list in block style."""
        splices = []
        for first, last, wanted in _differences(old, new):
            nodes = node.children[first:last]
            for place, value in zip(nodes, wanted, strict=False):
                splices += self.item(place, old[first], value)
                first += 1
            splices += [self.without(place) for place in nodes[len(wanted) :]]
            if wanted[len(nodes) :]:
                splices.append(self.added(node.children, first, wanted[len(nodes) :]))
        return splices

    def without(self, node: _Node) -> _Splice:
        """Takes an item away."""
        before = self.before(node)
        if _BEFORE_ITEM.fullmatch(before) is None:
            raise _UnfitError
        return self.removed(node, node, before)

    def added(self, nodes: list[_Node], index: int, values: list[Any]) -> _Splice:
        """More items before the one with this index."""
        like = nodes[max(index - 1, 0)]
        dash = _BEFORE_ITEM.fullmatch(self.before(like))
        if dash is None:
            raise _UnfitError
        place = self.next_line(like.end) if index else self.line_start(like.start)
        column = self.column(like.start)
        texts = [dash[0] + self.item_text(value, like, column) for value in values]
        return _Splice(place, place, "".join(text + self.newline for text in texts))

    def flow_items(self, node: _Node, old: list[Any], new: list[Any]) -> list[_Splice]:
        """The changes of a list in brackets: items that stay keep what is between them."""
        nodes, parts, last = node.children, list[str](), -2
        for index, value in _align(old, new):
            if index is not None and index == last + 1:
                parts.append(self.text[nodes[last].end : nodes[index].start])
            elif parts:
                parts.append(", ")
            parts.append(dump_flow(value) if index is None else self.part(nodes[index]))
            last = -2 if index is None else index
        return [_Splice(nodes[0].start, nodes[-1].end, "".join(parts))]

    def part(self, node: _Node) -> str:
        """A node as it is written."""
        return self.text[node.start : node.end]


def _is_block(new: object, old: _Node) -> TypeGuard[dict[str, Any] | list[Any]]:
    """Whether it is written on lines of its own: not what is empty, or was in brackets."""
    return isinstance(new, (dict, list)) and bool(new) and not old.flow


def _dedent(literal: str) -> str:
    return "".join(line.removeprefix("  ") + "\n" for line in literal.splitlines())


# --- lists


def _differences(old: list[Any], new: list[Any]) -> Iterator[tuple[int, int, list[Any]]]:
    """Which items have to become which: from, to, and the new ones."""
    ours, theirs = [_text_of(item) for item in old], [_text_of(item) for item in new]
    if len(ours) * len(theirs) <= _MOST_PAIRS:
        for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, False).get_opcodes():
            if kind != "equal":
                yield a, b, new[c:d]
        return
    first = _count_equal(ours, theirs)
    last = min(_count_equal(ours[::-1], theirs[::-1]), min(len(ours), len(theirs)) - first)
    yield first, len(ours) - last, new[first : len(theirs) - last]


def _count_equal(one: list[str], other: list[str]) -> int:
    """How many are the same at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _align(old: list[Any], new: list[Any]) -> Iterator[tuple[int | None, Any]]:
    """Each new item, and which old one it is."""
    done = 0
    for first, last, wanted in _differences(old, new):
        yield from ((index, old[index]) for index in range(done, first))
        yield from ((None, value) for value in wanted)
        done = last
    yield from ((index, old[index]) for index in range(done, len(old)))
