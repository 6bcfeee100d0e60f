"""Packs and requests of somebody who wants the hub to fall, to fill up, or to tell secrets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.clones import list_remote
from tests.live import Account, LiveHub
from tests.packs import (
    Report,
    Update,
    new_chain,
    pack,
    push,
    used_packs,
)
from tests.repos import Repo, file, new_repo

MIB = 1024 * 1024
GIB = 1024 * MIB

OTHER = "refs/heads/other"
TEXT = b"a text that differences are made to\n" * 10


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A hub on one database: what a pack holds is looked at before any of them is asked."""
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    """A repository with one file."""
    return new_repo(hub, alice, file("a.txt", TEXT))


@contextmanager
def unharmed(repo: Repo) -> Iterator[None]:
    """Whatever is sent meanwhile changes nothing, leaves nothing behind and costs no memory."""
    refs, packs, peak = list_remote(repo.hub, repo), used_packs(repo), peak_memory(repo.hub)
    yield
    assert (list_remote(repo.hub, repo), used_packs(repo)) == (refs, packs)
    assert repo.get().status_code == 200
    assert peak_memory(repo.hub) - peak < 100 * MIB
    await_tidiness(repo.hub)


def peak_memory(hub: LiveHub) -> int:
    """The most bytes of memory that the server itself has ever had."""
    with open(f"/proc/{hub.process.pid}/status") as status:
        [line] = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def await_tidiness(hub: LiveHub) -> None:
    """Returns when no program has a folder any more: an answer is read before it is let go."""
    deadline = time.monotonic() + 10
    while left := [*(hub.data / "tmp").glob("git-*")]:
        assert time.monotonic() < deadline, left


def refuse(repo: Repo, pack: bytes, new: str | None = None) -> Report:
    """What the hub says to a new branch with this pack, which it must not take."""
    with unharmed(repo):
        report = push(repo, [Update(OTHER, None, new or new_chain(b"x").oid)], pack)
    assert report.refs[OTHER]
    return report


def good_pack() -> bytes:
    """A pack that could be pushed as it is."""
    return pack(*new_chain(b"x").entries())


# The outside of a pack


@pytest.mark.parametrize("size", [0, 3, 11, 12, 13, 40, 100, -21, -20, -1])
def test_a_pack_that_breaks_off_is_refused(repo: Repo, size: int) -> None:
    """A connection that dies, or is said to have died, must not leave half a history behind."""
    assert refuse(repo, good_pack()[:size]).unpacked != "ok"


@pytest.mark.parametrize(
    "options",
    [
        {"trailer": bytes(20)},
        {"magic": b"KCAP"},
        {"version": 0},
        {"version": 4},
        {"version": 2**32 - 1},
        {"count": 0},
        {"count": 2},
        {"count": 4},
        {"count": 2**31},
        {"count": 2**32 - 1},
    ],
)
def test_a_pack_that_lies_about_itself_is_refused(repo: Repo, options: dict[str, object]) -> None:
    """The head and the end of a pack are claims; memory must not be set aside on their word."""
    assert refuse(repo, pack(*new_chain(b"x").entries(), **options)).unpacked != "ok"
