"""The two sides of a push: what a client asks for, and what it is told.

The formats are those of git's `gitprotocol-pack`, of a push with `report-status`. Names are kept
as text; bytes that are no UTF-8 come and go as lone surrogates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO, Final, NamedTuple

from freehold.formats.pkt_line import (
    ANSWER,
    FLUSH,
    MAX_DATA,
    MESSAGE,
    pkt_line,
    read_pkt_line,
    side_band,
)

NOTHING: Final = "0" * 40
"""What stands in place of an id for a ref that is not there."""

MAX_UPDATES: Final = 100_000
"""The most refs that one push may name."""

MAX_SIZE: Final = 32 * 1024 * 1024
"""The most bytes before the pack, which are all kept in memory."""

_ERRORS: Final = "surrogateescape"


class RefUpdate(NamedTuple):
    """A ref that is to move from `old` to `new`; `None` stands for absent."""

    name: str
    old: str | None
    new: str | None


class Push(NamedTuple):
    """What a client asks for, before its pack; `capabilities` are those it wants to be used."""

    updates: list[RefUpdate]
    capabilities: frozenset[str]

    @property
    def has_pack(self) -> bool:
        """Whether a pack follows: it does unless every ref is deleted."""
        return any(update.new is not None for update in self.updates)


def build_advertisement(refs: Mapping[str, str], capabilities: Iterable[str]) -> bytes:
    """The refs of a repository as a client that wants to push is told them."""
    rows = [f"{oid} {name}" for name, oid in sorted(refs.items())] or [
        f"{NOTHING} capabilities^{{}}"
    ]
    rows[0] += "\0" + " ".join(capabilities)
    return b"".join(pkt_line(f"{row}\n".encode(errors=_ERRORS)) for row in rows) + FLUSH


def read_push(file: BinaryIO) -> Push:
    """What a client asks for; `file` is at its pack afterwards. `ValueError` for anything else."""
    updates: list[RefUpdate] = []
    capabilities = frozenset[str]()
    left = MAX_SIZE
    while (line := read_pkt_line(file)) is not None:
        left -= len(line)
        if left < 0:
            raise ValueError(f"a push has at most {MAX_SIZE} bytes before its pack")
        if line.startswith(b"shallow "):
            continue  # What is missing here is found when the pack is checked.
        command, _, more = line.partition(b"\0")
        if not updates:
            capabilities = frozenset(more.decode(errors=_ERRORS).split())
        updates.append(_parse_update(command))
        if len(updates) > MAX_UPDATES:
            raise ValueError(f"a push names at most {MAX_UPDATES} refs")
    return Push(updates, capabilities)


def _parse_update(command: bytes) -> RefUpdate:
    parts = command.removesuffix(b"\n").decode(errors=_ERRORS).split(" ", 2)
    if len(parts) < 3 or not parts[2]:
        raise ValueError("a push names two ids and a ref in each line")
    old, new, name = parts
    return RefUpdate(name, _read_id(old), _read_id(new))


def _read_id(text: str) -> str | None:
    if len(text) != 40 or not set(text) <= set("0123456789abcdef"):
        raise ValueError(f"not the id of a git object: {text[:60]!r}")
    return None if text == NOTHING else text


def build_report(push: Push, unpacked: str, refused: Mapping[str, str], message: str = "") -> bytes:
    """The answer to a push: how its pack fared (`ok`, or what was wrong), and each of its refs.

    `refused` has the reason for each ref that was not changed. `message` is shown to the user, if
    the client can do that.
    """
    lines = [f"unpack {_one_line(unpacked)}"]
    for update in push.updates:
        reason = refused.get(update.name)
        done = f"ok {update.name}"
        lines.append(done if reason is None else f"ng {update.name} {_one_line(reason)}")
    report = b"".join(map(_build_line, lines)) + FLUSH
    if "report-status" not in push.capabilities:
        report = b""
    if "side-band-64k" not in push.capabilities:
        return report
    shown = side_band(MESSAGE, message.encode(errors="replace"))
    return b"".join([*shown, *side_band(ANSWER, report), FLUSH])


def _build_line(text: str) -> bytes:
    # A name may fill a line of the client; the reason is cut where it does not fit behind it.
    return pkt_line(text.encode(errors=_ERRORS)[: MAX_DATA - 1] + b"\n")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:1000]
