"""Model cards: the README.md of a revision and what its front matter says."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import UNSET

from freehold.errors import BadRequestError
from freehold.formats.repocard import CardIssue, card_tags, parse_card
from freehold.server.core.access import Context
from freehold.server.git.listing import find_entry
from freehold.server.git.memory import Memory
from freehold.server.git.reader import CommitData, ObjectReader
from freehold.wire.repos import ValidateYaml, YamlIssue, YamlReport

README = "README.md"
MAX_CARD_SIZE = 4 * 1024 * 1024


class CardFacts(NamedTuple):
    """What the hub takes from a card."""

    data: dict[str, Any]
    tags: list[str]


NO_CARD = CardFacts({}, [])

# By the id of the README.md, and by that of the tree that it is in.
_cards: Memory[str, CardFacts] = Memory(20_000)
_cards_of_trees: Memory[str, CardFacts] = Memory(20_000)


def read_card(reader: ObjectReader, commit: CommitData) -> CardFacts:
    """The facts in the README.md of a commit; empty where there is none or it is broken."""
    known = _cards_of_trees.get(commit.tree)
    return known or _cards_of_trees.put(commit.tree, _find_card(reader, commit.tree))


def _find_card(reader: ObjectReader, tree_oid: str) -> CardFacts:
    entry = find_entry(reader, tree_oid, README)
    if entry is None or entry.is_directory or entry.size > MAX_CARD_SIZE or entry.pointer:
        return NO_CARD
    known = _cards.get(entry.oid)
    if known is not None:
        return known
    card = parse_card(reader.blob(entry.oid).decode("utf-8", "replace"))
    return _cards.put(entry.oid, CardFacts(card.data, card_tags(card.data)))


def validate_yaml(ctx: Context, body: ValidateYaml) -> YamlReport:
    """What is wrong with the front matter of a card, with lines and columns.

    Raises `BadRequestError` with the same report when there are errors, because clients read
    both lists from that answer.
    """
    card = parse_card(body.content)
    report = YamlReport(errors=_describe(card.errors), warnings=_describe(card.warnings))
    if report.errors:
        message = "\n".join(issue.message for issue in report.errors)
        raise BadRequestError(message, body={"errors": report.errors, "warnings": report.warnings})
    return report


def check_card(text: str) -> None:
    """Refuses a README.md whose front matter cannot be read; raises `BadRequestError`."""
    errors = parse_card(text).errors
    if errors:
        details = "\n".join(f"- {error.message}" for error in errors)
        raise BadRequestError(f"The YAML metadata of README.md is not valid:\n{details}")


def _describe(issues: list[CardIssue]) -> list[YamlIssue]:
    return [
        YamlIssue(
            message=issue.message,
            line=UNSET if issue.line is None else issue.line,
            column=UNSET if issue.column is None else issue.column,
        )
        for issue in issues
    ]
