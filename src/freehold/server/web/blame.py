"""Who wrote which line of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from freehold.errors import PayloadTooLargeError
from freehold.server.core import files
from freehold.server.core.files import Content
from freehold.server.core.path_history import Blamed, blame
from freehold.server.web.file_views import mark_lines, read_text
from freehold.server.web.places import CommitLine, Place, describe_commits, find_place, make_switch
from freehold.server.web.repo_frame import repo_page
from freehold.server.web.visit import Answer, Visit

NO_LINES = "This file has no lines that git knows: it is not a text, or kept outside of git."


class Block(NamedTuple):
    """Lines that one commit has brought, numbered from `start` on."""

    commit: CommitLine
    start: int
    lines: Sequence[Markup]


def show_blame(visit: Visit) -> Answer:
    """A file with the commit of each line; a reason where it is too large for that."""
    place, names = find_place(visit)
    content = files.open_file(visit.ctx, visit.repo, place.revision, place.path, raw=False)
    blocks, problem = _find_blocks(visit, place, content)
    return repo_page(
        visit,
        "files",
        "blame.html",
        place=place,
        switch=make_switch(place, "blame", names),
        blocks=blocks,
        problem=problem,
    )


def _find_blocks(visit: Visit, place: Place, content: Content) -> tuple[list[Block], str]:
    text = None if content.data is None else read_text(content.data)
    if text is None:
        return [], NO_LINES
    try:
        blamed = blame(visit.ctx, visit.repo, place.revision, place.path)
    except PayloadTooLargeError as error:
        return [], error.message
    lines, note = mark_lines(text, place.name)
    return _cut_blocks(place, blamed, lines), note


def _cut_blocks(place: Place, blamed: Blamed, lines: Sequence[Markup]) -> list[Block]:
    found = list(blamed.commits.values())
    told = {line.oid: line for line in describe_commits(place.home, found)}
    return [
        Block(told[oid], start, lines[start - 1 : start - 1 + count])
        for start, count, oid in blamed.blocks
        if start <= len(lines)
    ]
