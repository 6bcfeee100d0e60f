"""What is remembered of cards takes no more memory than it is meant to."""

from __future__ import annotations

import sys

from freehold.formats.git_objects import FILE, TreeEntry
from freehold.server.core.facts import find_facts
from freehold.server.core.sources import Source
from freehold.server.core.weights import LargeFiles
from tests.live import LiveHub

CARDS = 20
# Lists in memory, each made of a few letters of a card.
LISTS = 9**5


def test_small_cards_that_stand_for_much_are_not_all_remembered(hub: LiveHub) -> None:
    lines = ["a0: &a0 [[], [], [], [], [], [], [], [], []]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 5)]
    before = sys.getallocatedblocks()
    for number in range(CARDS):
        oid = number.to_bytes(20, "big")
        card = "\n".join(["---", *lines, f"number: {number}", "---", ""]).encode()
        source = Source(
            tree=lambda _, oid=oid: [TreeEntry(FILE, b"README.md", oid)],  # type: ignore[misc]
            blob=lambda _, card=card: card,  # type: ignore[misc]
            size=lambda _, card=card: len(card),  # type: ignore[misc]
        )
        facts = find_facts(source, oid, "model", LargeFiles(hub.inside, "1" * 24))
        assert facts.card["number"] == number
    assert sys.getallocatedblocks() - before < CARDS * LISTS
