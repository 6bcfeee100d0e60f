"""What pages remember for a minute has a bound."""

from __future__ import annotations

from functools import partial

from freehold.server.core.recent import recall


def test_large_keys_count_as_what_they_take() -> None:
    made: list[int] = []

    def make(number: int) -> str:
        made.append(number)
        return "short"

    def ask(number: int) -> None:
        recall((f"{number} of many", b"x" * 2**20), partial(make, number), len)

    for number in (*range(100), 99, 0):
        ask(number)
    assert made[-1] == 0 and len(made) >= 101
