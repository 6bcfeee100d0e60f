"""Lists that are read as far as they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from freehold import LazyList


class Source:
    """Numbers up to `count`, and how many of them were read; `broken` is where it fails."""

    def __init__(self, count: int, broken: int | None = None) -> None:
        self.count = count
        self.broken = broken
        self.read = 0

    def __call__(self) -> Iterator[int]:
        self.read = 0
        for number in range(self.count):
            if number == self.broken:
                raise ConnectionError("no page")
            self.read += 1
            yield number


def test_an_iterator_is_read_once_and_keeps_nothing() -> None:
    source = Source(5)
    found = LazyList(source)
    assert source.read == 0
    assert (next(found), next(found), source.read) == (0, 1, 2)
    assert list(islice(found, 1)) == [2]
    assert list(found) == [3, 4]
    assert list(found) == []
    assert next(found, None) is None


def test_an_index_reads_up_to_there() -> None:
    source = Source(10)
    found = LazyList(source)
    assert (found[0], source.read) == (0, 1)
    assert (found[3], source.read) == (3, 4)
    assert (found[1], source.read) == (1, 4)
    assert (found[:5], source.read) == ([0, 1, 2, 3, 4], 5)
    assert (found[2:6:2], source.read) == ([2, 4], 6)
    assert (found[6:2], source.read) == ([], 6)
    assert (found[-1], source.read) == (9, 10)
    assert found[-3:-1] == [7, 8]
    assert found[7:] == [7, 8, 9]
    assert found[::-1][0] == 9
    with pytest.raises(IndexError):
        found[10]


def test_a_list_can_be_read_again() -> None:
    source = Source(4)
    found = LazyList(source)
    assert len(found) == 4
    assert [list(found), list(found), sorted(found, reverse=True)] == [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [3, 2, 1, 0],
    ]
    assert 2 in found
    assert [next(found), next(found)] == [0, 1]
    assert list(reversed(found)) == [3, 2, 1, 0]
    assert repr(found) == "<LazyList [0, 1, 2, 3]>"


def test_two_loops_over_a_list_do_not_disturb_each_other() -> None:
    found = LazyList(Source(3))
    assert found[0] == 0
    assert [(a, b) for a in found for b in found] == [(a, b) for a in range(3) for b in range(3)]


def test_making_a_list_of_it_asks_for_its_length_and_loses_nothing() -> None:
    assert list(LazyList(Source(3))) == [0, 1, 2]
    assert tuple(LazyList(Source(3))) == (0, 1, 2)
    assert [*LazyList(Source(3))] == [0, 1, 2]
    assert set(LazyList(Source(3))) == {0, 1, 2}


def test_the_truth_reads_one_entry_and_takes_none() -> None:
    source = Source(3)
    found = LazyList(source)
    assert found
    assert found
    assert source.read == 1
    assert repr(found) == "<LazyList, not read yet>"
    assert list(found) == [0, 1, 2]
    assert not LazyList(Source(0))
    kept = LazyList(Source(1))
    assert kept[:1] == [0]
    assert kept


def test_what_was_taken_cannot_be_counted() -> None:
    found = LazyList(Source(3))
    assert next(found) == 0
    for use in (lambda: len(found), lambda: found[0]):
        with pytest.raises(TypeError, match="already taken"):
            use()
    assert list(found) == [1, 2]


def test_a_list_that_broke_off_is_not_taken_for_a_whole_one() -> None:
    source = Source(5, broken=3)
    found = LazyList(source)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            len(found)
    assert found[:2] == [0, 1]
    with pytest.raises(ConnectionError):
        found[4]
    source.broken = None
    assert len(found) == 5
    assert list(found) == [0, 1, 2, 3, 4]
    empty = LazyList(Source(5, broken=0))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            bool(empty)
