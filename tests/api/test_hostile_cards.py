"""Cards of people who want the hub to fall over them: everything else goes on as it did."""

from __future__ import annotations

import json
import time
from typing import Any, NoReturn

import pytest

from freehold.formats.git_objects import FILE
from tests.live import Account, LiveHub
from tests.raw_pushes import Packed, command, push
from tests.repos import Repo, file, new_repo

MIB = 1024 * 1024

# What takes for ever to read, or never ends.
BOMB = "\n".join(
    ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
)
BROKEN = {
    "a bomb of aliases": BOMB,
    "an alias of itself": "a: &a [*a]",
    "lists in lists": "a: " + "[" * 100_000,
    "mappings in mappings": "\n".join(" " * n + "a:" for n in range(2000)),
    "half a megabyte": "a: " + "x" * MIB,
    "many values": "a: [" + "x," * 100_000 + "]",
    "an object of Python": "a: !!python/object/apply:os.system [ls]",
    "a key that is a list": "[a, b]: c",
    "a key twice": "license: mit\nlicense: apache-2.0",
    "no mapping": "- a\n- b",
    "half a character": 'a: "\\ud800"',
    "a NUL": "a: b\0c",
    "bytes that are no UTF-8": b"a: \xff\xfe",
    "a number of base 60": "a: " + ":".join(["59"] * 5000),
    "a date that is none": "a: 2024-13-45",
}

# What YAML knows and JSON does not.
STRANGE = """
date: 2024-01-02
time: 2024-01-02 03:04:05 +01:00
nan: .nan
infinity: [.inf, -.inf]
binary: !!binary AP+A
set: !!set {a, b}
pairs: !!omap [a: 1]
1: one
true: yes
null: nothing
2024-01-02: a day
huge: 123456789012345678901234567890
text: "\\0 \\x85 \\u2028"
"""
# Each key of the protocol with what is meant for another one.
WRONG = """
extra_gated_fields: 5
base_model: {a: b}
base_model_relation: [1]
co2_eq_emissions: {emissions: [1]}
widget: 7
model-index: {a: 1}
datasets: {a: b}
pipeline_tag: [a, b]
library_name: 4.5
tags: {a: b}
language: [[en], 3, null]
title: [x]
paperswithcode_id: {x: y}
dataset_info: text
models: 3.5
"""


def refuse_constant(name: str) -> NoReturn:
    raise AssertionError(f"{name} is no JSON")


def told(repo: Repo) -> dict[str, Any]:
    """What the hub says of the repository everywhere, which must be JSON."""
    names = ("cardData", "tags", "model-index", "baseModels", "widgetData", "description", "title")
    query = "&".join(f"expand={name}" for name in names)
    paths = (
        repo.api,
        f"{repo.api}?{query}",
        f"/api/{repo.type}s?search={repo.full_name}&full=true&cardData=true&config=true",
        f"/api/{repo.type}s?search={repo.full_name}&{query}",
    )
    answers = []
    for path in paths:
        answer = repo.call("GET", path)
        assert answer.status_code == 200, answer.text
        answers.append(json.loads(answer.content, parse_constant=refuse_constant))
    detail, expanded, *lists = answers
    [full], [item] = lists
    assert item == expanded
    assert full.get("cardData") == detail.get("cardData") == expanded.get("cardData")
    return dict(detail)


def write(yaml: str | bytes, text: str = "# Text\n") -> bytes:
    """A card with these metadata."""
    data = yaml if isinstance(yaml, bytes) else yaml.encode()
    return b"---\n" + data + b"\n---\n" + text.encode()


def push_card(repo: Repo, card: bytes) -> str:
    """Push a commit with this card to main, which must be taken, and give what is said."""
    packed = Packed()
    oid = packed.commit(packed.tree((FILE, b"README.md", packed.blob(card))))
    report = push(repo, command("refs/heads/main", oid, repo.head()), pack=packed.pack())
    assert report.taken == ["refs/heads/main"], report.words
    return report.message


def test_a_card_that_cannot_be_read_is_pushed_and_says_nothing(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("README.md", "---\nlicense: mit\n---\n"))
    began = time.monotonic()
    for name, yaml in BROKEN.items():
        said = push_card(repo, write(yaml))
        if name not in ("bytes that are no UTF-8", "half a character"):
            assert "warning: refs/heads/main: The YAML metadata" in said, name
            info = told(repo)
            assert "cardData" not in info, name
            assert info["tags"] == [], name
        else:
            told(repo)
    assert time.monotonic() - began < 120


def test_a_card_that_cannot_be_read_is_refused_from_the_api_and_changes_nothing(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("README.md", "---\nlicense: mit\n---\n"))
    head = repo.head()
    for name in ("a bomb of aliases", "lists in lists", "half a megabyte", "a NUL"):
        answer = repo.send_commit(file("README.md", write(BROKEN[name])))
        assert answer.status_code == 400, name
        assert "YAML metadata of README.md is not valid" in answer.json()["error"], name
    assert repo.head() == head
    assert told(repo)["cardData"] == {"license": "mit"}


@pytest.mark.parametrize("by", ["api", "git"])
def test_values_that_json_cannot_hold_become_texts(hub: LiveHub, alice: Account, by: str) -> None:
    repo = new_repo(hub, alice)
    card = write(f"license: mit\n{STRANGE.strip()}")
    if by == "git":
        assert push_card(repo, card) == ""
    else:
        repo.commit(file("README.md", card))
    data = told(repo)["cardData"]
    assert data["date"] == "2024-01-02"
    assert data["nan"] == "nan"
    assert data["infinity"] == ["inf", "-inf"]
    assert data["set"] == ["a", "b"]
    assert data["huge"] == "123456789012345678901234567890"
    assert data["text"] == "\0 \x85 \u2028"
    assert {"1", "true", "null", "2024-01-02", "license"} <= data.keys()
    assert "license:mit" in told(repo)["tags"]


@pytest.mark.parametrize("type", ["model", "dataset", "space", "kernel"])
def test_metadata_of_wrong_types_are_told_and_mean_nothing(
    hub: LiveHub, alice: Account, type: str
) -> None:
    repo = new_repo(hub, alice, type=type)
    push_card(repo, write(WRONG))
    info = told(repo)
    assert info["cardData"]["base_model"] == {"a": "b"}
    assert info.get("model-index") is None
    assert "baseModels" not in info


def test_a_readme_of_ten_megabytes_is_read_as_far_as_it_is_a_card(
    hub: LiveHub, alice: Account
) -> None:
    text = (
        "# Title\n\nIt is long.\n\n"
        + "[a](https://arxiv.org/abs/2301.12345) @{ ** ` | \n" * 250_000
    )
    card = write("license: mit", text)[: 10 * MIB - 100]
    repo = new_repo(hub, alice, type="dataset")
    began = time.monotonic()
    repo.commit(file("README.md", card))
    info = told(repo)
    assert info["cardData"] == {"license": "mit"}
    assert info["description"] == "It is long."
    assert {"license:mit", "arxiv:2301.12345"} <= set(info["tags"])
    push_card(repo, card + b"!")
    assert told(repo)["cardData"] == {"license": "mit"}
    assert time.monotonic() - began < 60


def test_a_text_that_is_hard_to_read_is_only_a_text(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    accents = "a" + "\u0301\u0316" * 100_000
    began = time.monotonic()
    for text in (f"&#{'1' * 5000};", f"a{'_' * 400_000}b", accents):
        card = write("license: mit", f"# Title\n\n{text}\n")
        repo.commit(file("README.md", card))
        push_card(repo, card + b"!")
        assert told(repo)["cardData"] == {"license": "mit"}
    repo.commit(file("README.md", write(f"title: {accents}")))
    assert told(repo)["cardData"] == {"title": accents}
    assert time.monotonic() - began < 60
