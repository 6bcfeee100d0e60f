"""What the large files of a hub take, and why it is less, or more, than what people have sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from freehold.formats.xet.xorb_footer import footer_size
from freehold.server.db import storage
from freehold.server.db.database import Transaction
from freehold.server.db.storage import Totals, UsedSpan
from freehold.server.hub import Hub

XORBS_AT_ONCE = 1000


class RepoStorage(NamedTuple):
    """The large files of a repository, in bytes.

    `sent` is what they have together, `stored` what they take, `alone` what of that no other
    repository uses: so much would be freed without this one.
    """

    repo: str
    type: str
    files: int
    sent: int
    stored: int
    alone: int


class HubStorage(NamedTuple):
    """The large files of all repositories, in bytes.

    `sent` less what is saved and with what is extra is `stored`. Saved by the same content in
    several repositories, by chunks that several files or places have, and by compression (negative
    where headers of chunks outweigh it). Extra are bytes that no file needs, but that somebody may
    still rely on, and the tables of all chunks. `packs` are the git objects of all repositories.
    """

    files: int
    sent: int
    stored: int
    saved_by_same_content: int
    saved_by_same_chunks: int
    saved_by_compression: int
    extra_unused: int
    extra_tables: int
    packs: int


class StorageReport(NamedTuple):
    """All repositories with large files, and the whole hub."""

    hub: HubStorage
    repos: list[RepoStorage]


class _Used(NamedTuple):
    """Of xorbs, the bytes that files consist of: as stored, and, nearly, unpacked."""

    size: int
    length: int


def measure_storage(hub: Hub) -> StorageReport:
    """Counts what is stored; takes a while on a large hub, and holds nothing up."""
    with hub.db.read() as tx:
        files = storage.list_repo_files(tx)
        totals = storage.sum_stored(tx)
        stored: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        used = [_count_xorb(spans, stored, alone) for spans in _list_xorbs(tx)]
    repos = [
        RepoStorage(
            repo=item.full_name,
            type=item.type,
            files=item.files,
            sent=item.sent,
            stored=item.whole + stored[item.repo_id],
            alone=alone[item.repo_id],
        )
        for item in files
    ]
    total = _Used(sum(item.size for item in used), sum(item.length for item in used))
    return StorageReport(_explain(repos, totals, total), repos)


def _list_xorbs(tx: Transaction) -> Iterator[list[UsedSpan]]:
    after: str | None = ""
    while after is not None:
        spans = storage.list_used_spans(tx, after, XORBS_AT_ONCE)
        for _, group in groupby(spans, key=lambda span: span.xorb_hash):
            yield list(group)
        after = storage.find_last_xorb(tx, after, XORBS_AT_ONCE)


def _count_xorb(spans: list[UsedSpan], stored: Counter[str], alone: Counter[str]) -> _Used:
    """What anybody uses of a xorb; adds what each repository does."""
    marks = [(span.first_byte, 1, span.repo_id) for span in spans]
    marks += [(span.end_byte, -1, span.repo_id) for span in spans]
    users: Counter[str] = Counter()
    used = 0
    for (start, step, repo_id), (end, *_) in pairwise([*sorted(marks), (spans[0].size, 0, "")]):
        users[repo_id] += step
        if users[repo_id] == 0:
            del users[repo_id]
        used += end - start if users else 0
        stored.update(dict.fromkeys(users, end - start))
        if len(users) == 1:
            alone.update(dict.fromkeys(users, end - start))
    return _Used(used, used * spans[0].length // spans[0].size)


def _explain(repos: list[RepoStorage], totals: Totals, used: _Used) -> HubStorage:
    sent = sum(repo.sent for repo in repos)
    tables = footer_size(totals.xorb_chunks) + footer_size(0) * (totals.xorbs - 1)
    return HubStorage(
        files=sum(repo.files for repo in repos),
        sent=sent,
        stored=totals.whole + totals.xorb_size + tables,
        saved_by_same_content=sent - totals.linked_whole - totals.linked_chunked,
        saved_by_same_chunks=totals.linked_chunked - used.length,
        saved_by_compression=used.length - used.size,
        extra_unused=totals.whole - totals.linked_whole + totals.xorb_size - used.size,
        extra_tables=tables,
        packs=totals.packs,
    )
