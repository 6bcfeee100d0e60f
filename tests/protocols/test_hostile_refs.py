"""Pushes that name refs as no git does: what may not move stays, in bounded time.

The commands are written by hand and sent as raw requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from freehold.formats.git_objects import FILE
from freehold.formats.pkt_line import FLUSH, MAX_DATA, pkt_line
from tests.discussions import discuss
from tests.live import Account, LiveHub
from tests.raw_pushes import (
    CAPABILITIES,
    Packed,
    Report,
    build_request,
    command,
    nothing_changed,
    post,
    push,
    state_of,
)
from tests.repos import Repo, file, new_repo

ATOMIC = f"{CAPABILITIES} atomic"
EMPTY = Packed().pack()
MAIN = "refs/heads/main"


@pytest.fixture
def repo(shared_hub: Callable[[str], LiveHub]) -> Repo:
    """A repository with one file, on SQLite."""
    hub = shared_hub("sqlite")
    return new_repo(hub, hub.user(), file("a.txt", "one"))


@pytest.fixture
def either_repo(hub: LiveHub, alice: Account) -> Repo:
    """The same on each database."""
    return new_repo(hub, alice, file("a.txt", "one"))


def refuse(repo: Repo, *commands: bytes, pack: bytes = EMPTY) -> Report:
    """Push commands that all must be refused, alone and then with a good one, all or none."""
    good = command("refs/heads/good", repo.head())
    with nothing_changed(repo):
        report = push(repo, *commands, pack=pack)
        assert not report.taken
        together = push(repo, *commands, good, pack=pack or EMPTY, capabilities=ATOMIC)
        assert not together.taken
        assert together.refused["refs/heads/good"].startswith("atomic push failed")
    return report


# Names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"refs/heads/a\x01", "control character"),
        (b"refs/heads/a\nb", "control character"),
        (b"refs/heads/a\x7f", "control character"),
        (b"refs/heads/ab ", "no space"),
        (b"refs/heads/a..b", "no .. or @{"),
        (b"refs/heads/../../config", "no .. or @{"),
        (b"refs/heads/a@{1}", "no .. or @{"),
        *((b"refs/heads/a%cb" % letter, "any of ~ ^ : ? * [") for letter in b"~^:?*[\\"),
        (b"refs/heads/\xff", "valid Unicode"),
        (b"refs/tags/\xc0\x80", "valid Unicode"),
        (b"refs/heads/" + b"x" * 10_240, "1 to 255 bytes"),
        (b"refs/heads/" + b"x" * 251, "at most 250 bytes"),
        (b"refs/heads/", "1 to 255 bytes"),
        (b"refs/heads/x.lock", "ends with .lock"),
        (b"refs/heads/x.lock/y", "ends with .lock"),
        (b"refs/heads/.x", "begins with ."),
        (b"refs/heads/-x", "begin with -"),
        (b"refs/heads/x.", "end with ."),
        (b"refs/heads/@", "not HEAD"),
        (b"refs/heads/HEAD", "not HEAD"),
        (b"refs/heads/a//b", "holds no //"),
        (b"refs/heads/a/", "ends with /"),
        (b"refs/heads/" + b"a" * 40, "not a commit id"),
        (b"HEAD", "not for pushes"),
        (b"refs", "not for pushes"),
        (b"refs/heads", "not for pushes"),
        (b"refs//heads/x", "not for pushes"),
        (b"/refs/heads/x", "not for pushes"),
        (b"../refs/heads/x", "not for pushes"),
        (b"refs/pr/01", "not for pushes"),
        (b"refs/pr/0", "not for pushes"),
        (b"refs/convert/x", "not for pushes"),
        (b"refs/stash", "not for pushes"),
        (b"refs/pr/1", "only the API opens pull requests"),
    ],
    ids=lambda given: repr(given)[:40],
)
def test_a_name_that_no_ref_has(repo: Repo, name: bytes, reason: str) -> None:
    """An attacker wants a ref that is a file elsewhere, that hides, or that no client can fetch.

    It is refused by name with the rule that it breaks; nor can it be deleted.
    """
    head = repo.head()
    assert reason in refuse(repo, command(name, head)).words
    refuse(repo, command(name, None, head), pack=b"")
    refuse(repo, command(name, None, None), pack=b"")


def test_a_name_as_long_as_a_line(repo: Repo) -> None:
    """An attacker wants the answer, which repeats the name, to fit in no line.

    The name comes back whole, and of the reason what fits behind it.
    """
    room = MAX_DATA - len(command("", repo.head()) + b"\0" + CAPABILITIES.encode())
    name = "refs/heads/".ljust(room, "x")
    with nothing_changed(repo):
        report = push(repo, command(name, repo.head()), pack=EMPTY)
        assert list(report.refused) == [name]
        assert report.refused[name].startswith("Invalid branch")


@pytest.mark.parametrize(
    "name", ["refs/heads/é/ß", "refs/tags/v1.0", "refs/heads/" + "a/" * 120 + "b"]
)
def test_an_odd_name_that_git_allows_is_taken_and_deleted(either_repo: Repo, name: str) -> None:
    """What `git check-ref-format` allows can be pushed, and goes again, on both databases."""
    repo = either_repo
    before, _ = state_of(repo)
    assert push(repo, command(name, repo.head()), pack=EMPTY).taken == [name]
    assert push(repo, command(name, None, repo.head())).taken == [name]
    assert state_of(repo)[0] == before


# Refs that are in the way of others


@pytest.mark.parametrize(
    ("first", "second"), [("refs/heads/a", "refs/heads/a/b"), ("refs/heads/a/b/c", "refs/heads/a")]
)
def test_refs_that_are_in_the_way_of_others(either_repo: Repo, first: str, second: str) -> None:
    """An attacker wants a file and a folder of one name, so that no clone can keep both refs."""
    repo, head = either_repo, either_repo.head()
    report = refuse(repo, command(first, head), command(second, head))
    assert report.refused == {first: f"{second} is in the way", second: f"{first} is in the way"}
    assert push(repo, command(first, head), pack=EMPTY).taken == [first]
    assert refuse(repo, command(second, head)).refused == {second: f"{first} is in the way"}
    # One makes room for the other in the same push, in either order of the commands.
    room = [command(second, head), command(first, None, head)]
    assert push(repo, *room, pack=EMPTY).taken == [second, first]


def test_a_branch_that_only_looks_like_a_folder(repo: Repo) -> None:
    """`a-b`, `a.b` and `ab` are beside `a`, and sorted between it and what is below it."""
    names = ["refs/heads/a", "refs/heads/a-b", "refs/heads/a.b/c", "refs/heads/ab/c"]
    assert push(repo, *(command(name, repo.head()) for name in names), pack=EMPTY).taken == names


def test_refs_that_are_in_the_way_in_a_race(either_repo: Repo) -> None:
    """An attacker pushes both at once, so that neither push can see the other's ref."""
    repo, head = either_repo, either_repo.head()
    for number in range(10):
        pair = [f"refs/heads/r{number}", f"refs/heads/r{number}/x"]
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(push, repo, command(name, head), pack=EMPTY) for name in pair]
            reports = [job.result() for job in jobs]
        taken = [name for report in reports for name in report.taken]
        assert len(taken) == 1
        assert set(pair) & set(state_of(repo)[0]) == set(taken)


def test_a_race_for_thousands_of_refs(either_repo: Repo) -> None:
    """An attacker pushes thousands of refs twice at once, so that one push loses each of them.

    All that is lost is lost at once, and not in a transaction for each.
    """
    repo, head = either_repo, either_repo.head()
    names = [f"refs/heads/r{number}" for number in range(5000)]
    commands = [command(name, head) for name in names]
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(push, repo, *commands, pack=EMPTY) for _ in range(2)]
        taken = [job.result().taken for job in jobs]
    assert sorted(taken, key=len) == [[], names]


# Old and new ids


def test_an_old_id_that_lies(either_repo: Repo) -> None:
    """An attacker wants to move a ref that has moved since, or that they have never seen."""
    repo, head = either_repo, either_repo.head()
    for old in ("1" * 40, None):
        assert "has moved" in refuse(repo, command(MAIN, head, old)).refused[MAIN]
    missing = "refs/heads/missing"
    assert "has moved" in refuse(repo, command(missing, head, head)).refused[missing]


def test_the_deletion_of_what_is_not_there(either_repo: Repo) -> None:
    """An attacker wants a row of the database without an id, or a deletion that hits another."""
    repo, name = either_repo, "refs/heads/none"
    nothing = refuse(repo, command(name, None, None), pack=b"")
    assert nothing.refused == {name: "there is nothing to delete"}
    assert "has moved" in refuse(repo, command(name, None, repo.head()), pack=b"").refused[name]
    kept = refuse(repo, command(MAIN, None, repo.head()), pack=b"")
    assert "cannot be deleted" in kept.refused[MAIN]


def test_a_ref_that_is_named_twice(repo: Repo) -> None:
    """An attacker wants the second command to undo what was checked for the first."""
    head, name = repo.head(), "refs/heads/twice"
    for second in (command(name, head), command(name, None, head)):
        report = refuse(repo, command(name, head), second)
        assert report.refused == {name: "the push names this ref twice"}


def test_a_branch_that_leads_to_no_commit(repo: Repo) -> None:
    """An attacker wants a branch that every reader takes for a commit, and that is none."""
    packed = Packed()
    blob = packed.blob(b"x")
    tree = packed.tree((FILE, b"x", blob))
    tag = packed.add(
        "tag",
        b"object %s\ntype commit\ntag x\ntagger A <a@b.c> 1 +0000\n\nx\n"
        % packed.commit(tree).hex().encode(),
    )
    for oid, reason in ((blob, "to a commit"), (tree, "to a commit"), (tag, "leads to a tag")):
        report = refuse(repo, command("refs/heads/x", oid), pack=packed.pack())
        assert reason in report.refused["refs/heads/x"]
    discuss(repo, pullRequest=True)
    report = refuse(repo, command("refs/pr/1", tree, repo.head()), pack=packed.pack())
    assert "to a commit" in report.refused["refs/pr/1"]
    assert push(repo, command("refs/tags/x", tag), pack=packed.pack()).taken == ["refs/tags/x"]


def test_an_object_of_another_repository(either_repo: Repo, bob: Account) -> None:
    """An attacker knows an id in somebody's private repository, and names it without a pack."""
    secret = new_repo(either_repo.hub, bob, file("secret.txt", "hidden"), private=True)
    for oid in (secret.head(), "1" * 40):
        for name in ("refs/heads/x", "refs/tags/x"):
            report = refuse(either_repo, command(name, oid))
            assert "has not brought the object" in report.refused[name]


# Very many


@pytest.mark.parametrize("change", ["{}", "{}.lock", "{}/x"])
def test_twenty_thousand_refs_in_one_push(repo: Repo, change: str) -> None:
    """An attacker wants the hub to compare each of many refs with each other one."""
    head = repo.head()
    names = ["refs/heads/n/" + change.format(number) for number in range(20_000)]
    report = push(repo, *(command(name, head) for name in names), pack=EMPTY)
    assert len(report.taken) == (0 if change.endswith("lock") else 20_000)
    # All of them are in the way of one.
    above = push(repo, command("refs/heads/n", head), pack=EMPTY)
    assert ("refs/heads/n" in above.refused) == bool(report.taken)
    again = push(repo, *(command(name, head) for name in names), pack=EMPTY)
    assert len(again.refused) == 20_000


def test_many_branches_with_one_slow_card(repo: Repo) -> None:
    """An attacker wants a card that takes a second to be read once for each of many branches."""
    card = b"---\n" + b"".join(b"k%d: [a, b]\n" % number for number in range(2000)) + b"---\n"
    packed = Packed()
    oid = packed.commit(packed.tree((FILE, b"README.md", packed.blob(card))))
    names = [f"refs/heads/c{number}" for number in range(500)]
    report = push(repo, *(command(name, oid) for name in names), pack=packed.pack())
    assert report.taken == names


# What is no push


def broken(head: str) -> Iterator[bytes]:
    """Bodies that git would never send."""
    good = command("refs/heads/x", head)
    yield from (b"zzzz", b"0001", b"0002", b"0003", b"fff5", b"ffff", b"00", b"")
    # What `int` would read, and git does not.
    yield from (b"-001", b"+010", b" 010", b"0x10", b"00_5x", "١١١١".encode())
    yield pkt_line(good)
    yield pkt_line(good)[:-1]
    yield from (
        pkt_line(line) + FLUSH
        for line in (
            b"",
            b"\0",
            b"junk",
            b"a b",
            command("", head),
            good.replace(b" ", b"\t"),
            command("refs/heads/x", head.upper()),
            command("refs/heads/x", head[:39]),
            command("refs/heads/x", head + "0"),
            command("refs/heads/x", "x" * 40),
            command("refs/heads/x", "١" * 40),
            b"push-cert\0" + CAPABILITIES.encode(),
        )
    )


def test_lines_that_are_no_commands(repo: Repo) -> None:
    """An attacker wants the reader of lines to wait, to read too far or to fall over."""
    with nothing_changed(repo):
        for body in broken(repo.head()):
            answer = post(repo, body)
            assert answer.status_code == 400, body
            assert answer.text.isprintable(), body


def test_nothing_but_shallow_commits_is_no_push(repo: Repo) -> None:
    """A client may name where its history ends; without a command there is nothing to answer."""
    with nothing_changed(repo):
        for line in (b"shallow " + repo.head().encode(), b"shallow x"):
            assert post(repo, pkt_line(line) + FLUSH).content == b""


def test_more_words_than_a_push_may_have_before_its_pack(repo: Repo) -> None:
    """An attacker wants the hub to keep gigabytes of names, or to read lines that mean nothing."""
    with nothing_changed(repo):
        line = pkt_line(b"shallow ".ljust(60_000, b"x"))
        answer = post(repo, line * 600 + FLUSH)
        assert answer.status_code == 400
        assert "at most 33554432 bytes before its pack" in answer.text


@pytest.mark.parametrize(
    "pack",
    [b"", b"junk", b"PACK", EMPTY[:-1], EMPTY + b"more"],
    ids=["none", "junk", "a beginning", "no end", "something behind it"],
)
def test_a_push_whose_pack_is_none(repo: Repo, pack: bytes) -> None:
    """An attacker wants a ref to move although nothing, or something else, has arrived."""
    with nothing_changed(repo):
        report = push(repo, command("refs/heads/x", repo.head()), pack=pack)
        assert report.refused == {"refs/heads/x": "unpacker error"}
        assert report.unpacked not in ("", "ok")


def test_options_and_certificates_that_were_not_offered(repo: Repo) -> None:
    """An attacker wants options or a signature to be taken for something else.

    The hub offers neither. A client that sends options all the same sends them where the pack is
    to be; a certificate is no command.
    """
    good = command("refs/heads/x", repo.head())
    body = build_request([good], b"", f"{CAPABILITIES} push-options")
    certificate = pkt_line(b"push-cert\0" + CAPABILITIES.encode()) + pkt_line(
        b"certificate version 0.1\n"
    )
    with nothing_changed(repo):
        answer = post(repo, body + pkt_line(b"ci.skip") + FLUSH + EMPTY)
        assert b"ng refs/heads/x unpacker error" in answer.content
        answer = post(repo, certificate + pkt_line(good) + pkt_line(b"push-cert-end\n") + FLUSH)
        assert answer.status_code == 400
