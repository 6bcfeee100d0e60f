"""Pushes as raw requests: objects that git would not make, and commands that it would not send."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from freehold.formats.git_objects import Signature, TreeEntry, build_commit, build_tree
from freehold.formats.git_push import NOTHING
from freehold.formats.pack import PackWriter
from freehold.formats.pkt_line import ANSWER, FLUSH, MESSAGE, pkt_line, read_pkt_line
from freehold.server.core import access
from freehold.server.core.access import Viewer
from freehold.server.db import packs, refs
from tests.repos import Repo

CAPABILITIES = "report-status side-band-64k"
REQUEST_TYPE = {"content-type": "application/x-git-receive-pack-request"}
ADA = Signature("Ada", "ada@example.org", 1_700_000_000)

Row = tuple[int, bytes, bytes]
"""A row of a tree: mode, name and id."""


@dataclass
class Report:
    """What a push was answered: how its pack fared, each of its refs, and the words for a user."""

    unpacked: str = ""
    taken: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    message: str = ""

    @property
    def words(self) -> str:
        """Everything that it says."""
        return "\n".join([self.unpacked, *self.refused.values(), self.message])


class Packed:
    """Objects on their way into one pack; each is known by the 20 bytes of its id."""

    def __init__(self) -> None:
        self._writer = PackWriter()

    def add(self, kind: str, data: bytes) -> bytes:
        """One object, as it is."""
        return self._writer.add(kind, data)

    def blob(self, data: bytes) -> bytes:
        """A file."""
        return self.add("blob", data)

    def tree(self, *rows: Row) -> bytes:
        """A folder with exactly these rows in this order, whatever git thinks of them."""
        return self.add("tree", b"".join(b"%o %s\0%s" % row for row in rows))

    def sorted_tree(self, *rows: Row) -> bytes:
        """A folder as git makes one."""
        return self.add("tree", build_tree(TreeEntry(*row) for row in rows))

    def commit(self, tree: bytes, *parents: bytes, message: str = "a change") -> bytes:
        """A commit as git makes one."""
        return self.add("commit", build_commit(tree, parents, ADA, ADA, message))

    def pack(self) -> bytes:
        """The bytes of the pack."""
        out = io.BytesIO()
        self._writer.finish(out)
        return out.getvalue()


def command(name: str | bytes, new: bytes | str | None, old: bytes | str | None = None) -> bytes:
    """What a client says of one ref: to `new` from `old`, where `None` stands for absent."""
    full = name.encode() if isinstance(name, str) else name
    return b"%s %s %s" % (_hex(old), _hex(new), full)


def _hex(oid: bytes | str | None) -> bytes:
    if oid is None:
        return NOTHING.encode()
    return oid.encode() if isinstance(oid, str) else oid.hex().encode()


def build_request(
    commands: Iterable[bytes], pack: bytes = b"", capabilities: str = CAPABILITIES
) -> bytes:
    """The body of a push: the commands as pkt-lines, a flush and the pack."""
    first, *others = commands
    lines = [first + b"\0" + capabilities.encode(), *others]
    return b"".join(map(pkt_line, lines)) + FLUSH + pack


def post(repo: Repo, body: bytes) -> httpx2.Response:
    """Send the bytes as a push, whatever they are."""
    path = f"{repo.page}.git/git-receive-pack"
    return repo.call("POST", path, content=body, headers=REQUEST_TYPE)


def push(
    repo: Repo, *commands: bytes, pack: bytes = b"", capabilities: str = CAPABILITIES
) -> Report:
    """Push the pack with these commands and return what the hub says; it must say something."""
    answer = post(repo, build_request(commands, pack, capabilities))
    assert answer.status_code == 200, answer.text
    return read_report(answer.content)


def read_report(data: bytes) -> Report:
    """The answer to a push with both capabilities."""
    channels = {ANSWER: b"", MESSAGE: b""}
    for line in _lines(data):
        channels[line[0]] += line[1:]
    report = Report(message=channels[MESSAGE].decode(errors="replace"))
    for line in _lines(channels[ANSWER]):
        _note(report, line.decode(errors="surrogateescape").rstrip("\n"))
    return report


def _lines(data: bytes) -> Iterator[bytes]:
    file = io.BytesIO(data)
    while (line := read_pkt_line(file)) is not None:
        yield line
    assert not file.read(), "an answer ends with its flush"


def _note(report: Report, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "unpack":
        report.unpacked = rest
    elif word == "ok":
        report.taken.append(rest)
    else:
        assert word == "ng", line
        name, _, reason = rest.partition(" ")
        report.refused[name] = reason


# What the repository is


def state_of(repo: Repo) -> tuple[dict[str, str], int]:
    """The refs of a repository, and of how many packs it consists."""
    with repo.hub.inside.db.read() as tx:
        found = access.find_repo(tx, Viewer(is_admin=True), "model", repo.full_name)
        return refs.list_refs(tx, found.id), len(packs.list_packs(tx, found.id))


@contextmanager
def nothing_changed(repo: Repo) -> Iterator[None]:
    """The repository is the same afterwards, and its hub answers."""
    before = state_of(repo)
    yield
    assert state_of(repo) == before
    assert repo.head() == before[0]["refs/heads/main"]


def push_tree(repo: Repo, packed: Packed, root: bytes, name: str = "refs/heads/new") -> Report:
    """Push a commit of this tree as a new branch, with all objects of the pack."""
    oid = packed.commit(root)
    return push(repo, command(name, oid), pack=packed.pack())
