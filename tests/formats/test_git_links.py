"""Commits, trees and tags that lead elsewhere are otherwise what they were."""

from __future__ import annotations

import pytest

from freehold.formats.git_links import (
    CommitLinks,
    commit_links,
    join_rows,
    relink_commit,
    relink_tag,
    tag_target,
)
from freehold.formats.git_objects import (
    DIRECTORY,
    FILE,
    Signature,
    TreeEntry,
    build_commit,
    build_tag,
    build_tree,
    parse_tree,
)

ANN = Signature("Ann Lee", "ann@example.org", 1_700_000_000, 330)
BOB = Signature("Bob", "bob@example.org", 1_700_000_009, -90)
OIDS = [bytes([number]) * 20 for number in range(1, 7)]
MESSAGE = "A title\n\ntree of nothing\n\nparent of nobody\n"
SIGNATURE = b"""gpgsig -----BEGIN PGP SIGNATURE-----
 
 tree of lies
 -----END PGP SIGNATURE-----
"""


def commit(tree: bytes, *parents: bytes) -> bytes:
    return build_commit(tree, parents, ANN, BOB, MESSAGE)


@pytest.mark.parametrize("count", (0, 1, 3))
def test_a_commit_tells_its_links_and_takes_others(count: int) -> None:
    parents = OIDS[1 : count + 1]
    data = commit(OIDS[0], *parents)
    assert commit_links(data) == (OIDS[0], tuple(parents))
    moved = CommitLinks(OIDS[5], tuple(OIDS[2:4]))
    assert relink_commit(data, moved) == commit(OIDS[5], *OIDS[2:4])
    assert relink_commit(data, commit_links(data)) == data


def test_a_commit_keeps_headers_that_are_no_signatures() -> None:
    data = commit(OIDS[0], OIDS[1])
    head, _, message = data.partition(b"\n\n")
    more = b"encoding ISO-8859-1\nx-note one\n two\n"
    signed = head + b"\n" + SIGNATURE + more.rstrip(b"\n") + b"\n\n" + message
    assert commit_links(signed) == commit_links(data)
    relinked = relink_commit(signed, CommitLinks(OIDS[2], (OIDS[3],)))
    other = commit(OIDS[2], OIDS[3]).partition(b"\n\n")[0]
    assert relinked == other + b"\n" + more.rstrip(b"\n") + b"\n\n" + message


def test_a_commit_without_a_message_stays_one() -> None:
    data = build_commit(OIDS[0], [], ANN, BOB, "")
    moved = CommitLinks(OIDS[1], ())
    assert relink_commit(data, moved) == build_commit(OIDS[1], [], ANN, BOB, "")


def test_a_tag_takes_another_object_and_loses_its_signature() -> None:
    quoted = "-----BEGIN PGP SIGNATURE-----\nonly quoted\n"
    for message in ("The message\n", f"{quoted}The message\n"):
        data = build_tag(OIDS[0], "commit", "v1", ANN, message)
        wanted = build_tag(OIDS[1], "commit", "v1", ANN, message)
        assert tag_target(data) == OIDS[0]
        for kind in (b"PGP", b"SSH"):
            signature = b"-----BEGIN %b SIGNATURE-----\nx\n-----END %b SIGNATURE-----\n"
            assert relink_tag(data + signature % (kind, kind), OIDS[1]) == wanted
    plain = build_tag(OIDS[0], "commit", "v1", ANN, "The message\n")
    assert relink_tag(plain, OIDS[1]) == build_tag(OIDS[1], "commit", "v1", ANN, "The message\n")


def test_rows_in_order_are_joined_as_they_were() -> None:
    rows = [TreeEntry(FILE, b"a.b", OIDS[0]), TreeEntry(DIRECTORY, b"a", OIDS[1])]
    data = build_tree(rows)
    assert join_rows(parse_tree(data)) == data
    assert join_rows([]) == b""


@pytest.mark.parametrize("data", (b"", b"tree x\n\n", b"parent " + b"1" * 40, b"tree " + b"g" * 40))
def test_what_is_no_commit_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        commit_links(data)
    with pytest.raises(ValueError):
        tag_target(data.replace(b"tree", b"object"))
