"""Metadata is changed in its place: what is not changed stays as it was written."""

import copy
import datetime
import random
import time

import pytest

from freehold.formats.repocard import parse_card
from freehold.formats.repocard_edit import read_card, rewrite_card
from freehold.formats.yaml_dump import CardFormatError

CARD = """---
# The licence of the weights.
license: "mit"   # checked
language:   # codes
  - en   # English

  # and more
  - 'fr'
tags: [chat, "a b",  c]   # flow

base: &base {x: 1}
other: *base
description: |
  Two
  lines

empty:
model-index:
- name: tiny
  results:
  - task: {type: text-generation, name: "T"}
    dataset:
      type: lab/d
      name: D   # the set
    metrics:
    # measured
    - type: accuracy
      value: 0.5  # old
    - {type: f1, value: 0.1}
# the end
---

# Title
---
not: metadata
---
"""


def change(text, edit):
    """The card after `edit` was called with its metadata; checks what must hold every time."""
    card = parse_card(text)
    data = copy.deepcopy(card.data)
    edit(data)
    made = rewrite_card(text, data)
    again = parse_card(made)
    assert (again.data, again.body) == (data, card.body)
    return made


def changed_lines(text, edit):
    """The lines that are gone, and those that have come."""
    made = change(text, edit).splitlines()
    old = text.splitlines()
    start = next(i for i, (a, b) in enumerate(zip(old, made, strict=False)) if a != b)
    end = next(i for i, (a, b) in enumerate(zip(old[::-1], made[::-1], strict=False)) if a != b)
    end = min(end, len(old) - start, len(made) - start)
    return old[start : len(old) - end], made[start : len(made) - end]


def result(data):
    return data["model-index"][0]["results"][0]


@pytest.mark.parametrize(
    ("edit", "gone", "come"),
    [
        (
            lambda data: data.update(license="apache-2.0"),
            ['license: "mit"   # checked'],
            ['license: "apache-2.0"   # checked'],
        ),
        (
            lambda data: data.update(license=["mit", "gpl"]),
            ['license: "mit"   # checked'],
            ["license:   # checked", "- mit", "- gpl"],
        ),
        (lambda data: data["language"].append("de"), [], ["  - 'de'"]),
        (lambda data: data["language"].remove("en"), ["  - en   # English"], []),
        (lambda data: data["language"].insert(0, "it"), [], ["  - it"]),
        (
            lambda data: data["tags"].append("x, y"),
            ['tags: [chat, "a b",  c]   # flow'],
            ["tags: [chat, \"a b\",  c, 'x, y']   # flow"],
        ),
        (
            lambda data: data["tags"].remove("a b"),
            ['tags: [chat, "a b",  c]   # flow'],
            ["tags: [chat, c]   # flow"],
        ),
        (
            lambda data: data.update(base={"x": 2}),
            ["base: &base {x: 1}", "other: *base"],
            ["base: {x: 2}", "other:", "  x: 1"],
        ),
        (
            lambda data: data.update(description="one"),
            ["description: |", "  Two", "  lines"],
            ["description: one"],
        ),
        (lambda data: data.update(empty="no", new=1), ["empty:"], ["empty: 'no'"]),
        (lambda data: data.update(empty=["x"]), [], ["- x"]),
        (lambda data: data.pop("empty"), ["empty:"], []),
        (
            lambda data: result(data)["metrics"][0].update(value=0.6),
            ["      value: 0.5  # old"],
            ["      value: 0.6  # old"],
        ),
        (
            lambda data: result(data)["metrics"][1].update(value=1),
            ["    - {type: f1, value: 0.1}"],
            ["    - {type: f1, value: 1}"],
        ),
        (
            lambda data: result(data)["metrics"].append({"type": "x"}),
            [],
            ["    - {type: x}"],
        ),
        (
            lambda data: result(data)["dataset"].update(split="test"),
            [],
            ["      split: test"],
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_lines_of_what_differs_change(edit, gone, come, newline):
    text = CARD.replace("\n", newline)
    old, new = changed_lines(text, edit)
    assert old[: len(gone)] == gone
    assert new[: len(come)] == come
    made = change("\ufeff" + text, edit)
    assert made.startswith("\ufeff---")
    assert made.count("\n") == made.count(newline)


def test_new_keys_come_last_and_the_comments_behind_stay():
    made = change(CARD, lambda data: data.update(thumbnail="x", widget=[{"text": "a\nb"}]))
    lines = ["    - {type: f1, value: 0.1}", "thumbnail: x", "widget:", "- text: |-"]
    assert "\n".join([*lines, "    a", "    b", "# the end", "---"]) in made


def test_the_same_metadata_changes_no_byte():
    for text in (CARD, "", "# hi\n", "---\n---\nx", "---\n{a: 1,\n b: 2}\n---\n"):
        assert rewrite_card(text, parse_card(text).data) == text


def test_a_readme_gets_metadata_at_its_head():
    assert rewrite_card("# hi\r\n", {"a": 1}) == "---\r\na: 1\r\n---\r\n# hi\r\n"
    assert rewrite_card("\ufeff# hi", {"a": [1]}) == "\ufeff---\na:\n- 1\n---\n# hi"
    assert rewrite_card("", {"a": 1}) == "---\na: 1\n---\n"
    assert rewrite_card("---\n# only this\n---\n", {"a": 1}) == "---\n# only this\na: 1\n---\n"


def test_all_metadata_can_go_and_its_comments_stay():
    assert rewrite_card("---\n# why\na: 1\n---\nb", {}) == "---\n# why\n---\nb"


@pytest.mark.parametrize(
    "text",
    [
        "---\n{a: 1, b: 2} # flow\n---\nx\n",
        "---\n? a\n: 1\nb: 2\n---\nx\n",
        "---\n<<: &x {a: 1}\nb: *x\n---\nx\n",
        "---\nb: !!set {x}\na: 1\n...\n---\nx\n",
        "---\nb: |+\n  x\n\n\na: 1\n  # odd\n---\nx\n",
        "---\na: &k key\n*k : 2\n---\nx\n",
    ],
)
def test_unusual_yaml_is_written_anew_where_it_must_be(text):
    change(text, lambda data: data.update(a="other", new="a\nb"))
    change(text, lambda data: data.update(new={"k": [{"a": ["x"]}]}))
    change(text, lambda data: data.clear())


def test_texts_that_look_like_something_else_are_quoted():
    # The fourth and the fifth are numbers in YAML 1.2, which other readers use.
    texts = ["no", "1.0", "2024-01-01", "1e3", "0o7", "", "~", "a: b", "# x", " x", "é😀", "\u2028"]
    made = rewrite_card("", {"t": texts, "m": "a\n b\n", "s": "a \nb", "e": "a\n\n", "r": "\r"})
    for text in ("'no'", "'1e3'", "'0o7'", "é😀", "m: |\n  a\n   b\n", 's: "a \\nb"', "'# x'"):
        assert text in made
    assert parse_card(made).data["t"] == texts


def test_values_of_other_types_are_written_as_what_they_are():
    class Half(float):
        pass

    data = {"h": Half(0.5), "t": ("a", True), "d": datetime.date(2024, 1, 2), 3: 1e-9}
    made = rewrite_card("", data)
    assert made == "---\nh: 0.5\nt:\n- a\n- true\nd: 2024-01-02\n'3': 1.0e-09\n---\n"
    assert rewrite_card(made, data) == made
    assert rewrite_card("---\na: 1\n---\n", {"a": 1.0}) == "---\na: 1.0\n---\n"


def loop():
    values = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "`x` cannot be metadata: it holds a value of the type object"),
        ({1.5: 2}, "a key that is no text"),
        ("\udc80", "not valid Unicode"),
        (loop(), "nested deeper than 50"),
        (["a"] * 60_000, "more than 50000 values"),
        (["a" * 100_000] * 6, "more than 524288 characters"),
    ],
)
def test_values_that_cannot_be_written_are_refused(value, words):
    with pytest.raises(CardFormatError, match=words):
        rewrite_card(CARD, {"x": value})


@pytest.mark.parametrize(
    ("text", "place"),
    [("---\na: [\n---\n", (3, 1)), ("---\na: 1\n", (1, 1)), ("---\na: 1\na: 2\n---\n", (3, 1))],
)
def test_broken_metadata_is_not_overwritten(text, place):
    with pytest.raises(CardFormatError) as caught:
        rewrite_card(text, {"a": 2})
    [issue] = caught.value.issues
    assert (issue.line, issue.column) == place


def test_a_card_with_values_of_the_wrong_type_can_be_read_and_repaired():
    text = "---\ntags: x\n---\n"
    assert read_card(text).data == {"tags": "x"}
    assert rewrite_card(text, {"tags": ["x"]}) == "---\ntags:\n- x\n---\n"


# Any card, any change

CHUNKS = [
    "a: mit # c\n",
    'b: "mit"  \n',
    "c:\n- a # x\n- b\n# between\n- k: v\n  w: [1]\n",
    "d: [ a,\n  b, # why\n  c,\n ]\n",
    "e: |+\n  a\n\n\n",
    "f: plain\n  more\n",
    "g:\n # odd\n a:\n   b:\n      c: 1\n  # odder\n",
    "h: # nothing\n",
    "i:\n- - 1\n  - 2\n-\n  - 3\n- # c\n  a: 3\n",
    "? j\n: {a: 1, b: [x, y]}\n",
    "k: &k {x: 1}\n",
    "l: {<<: *k, z: 1}\n",
    "m: # c\n  # d\n  value # e\n",
    "n: *k\n",
    "# comment\n\n",
]
VALUES = [None, True, 1.5, "no", "a\nb", "tr ", "", [], {}, ["a", {"k": [1]}], {"a": {"b": ["c"]}}]


def mutate(choose, value):
    """The value with something in it changed, added or removed."""
    if isinstance(value, dict) and value and choose.random() < 0.8:
        name = choose.choice([*value, "new"])
        return {**value, name: mutate(choose, value.get(name))}
    if isinstance(value, list) and value and choose.random() < 0.8:
        place = choose.randrange(len(value))
        inner = [[], [mutate(choose, value[place])], [choose.choice(VALUES), value[place]]]
        return [*value[:place], *choose.choice(inner), *value[place + 1 :]]
    return choose.choice(VALUES)


@pytest.mark.parametrize("seed", range(4))
def test_any_change_of_any_card_says_what_was_wanted_and_keeps_the_other_lines(seed):
    choose = random.Random(seed)
    for _ in range(150):
        chunks = [chunk for chunk in CHUNKS if choose.random() < 0.5]
        text = f"---\n{''.join(chunks)}---\nbody\n---\n"
        if parse_card(text).errors:
            # An alias without its anchor.
            continue
        names = [*parse_card(text).data, "z"]
        name = choose.choice(names)
        made = change(text, lambda data, n=name: data.update({n: mutate(choose, data.get(n))}))
        for chunk in chunks:
            if chunk[0] not in (name, "#", "?") and not (name == "k" and chunk[0] in "ln"):
                assert chunk in made


def test_hostile_cards_take_no_time_that_anybody_would_notice():
    started = time.process_time()
    body = "x ---\n" * 1_700_000
    assert rewrite_card(f"---\na: 1\n---\n{body}", {"a": 2}) == f"---\na: 2\n---\n{body}"
    for text in ("---\n" * 2_500_000, " \n" * 5_000_000):
        assert parse_card(rewrite_card(text, {"a": 2})).data == {"a": 2}
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    for yaml in ("a: b\n" * 2_000_000, "\n".join(bomb), "a: " + "[" * 100_000):
        with pytest.raises(CardFormatError):
            rewrite_card(f"---\n{yaml}\n---\n", {"a": 2})
    many = ["---\na:\n" + "- b\n" * count + "---\n" for count in (20_000, 20_001)]
    assert rewrite_card(many[0], {"a": ["b"] * 20_001}) == many[1]
    assert time.process_time() - started < 20
