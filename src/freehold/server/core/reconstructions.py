"""What a file of chunks consists of, and the addresses where a client fetches that.

An address is signed for one range of one xorb. A xorb may hold chunks of other files, which are
not for everybody who may read this one; so the whole of it is never on offer, and neither are the
presigned addresses of a bucket, which know no ranges.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from freehold.errors import ForbiddenError, NotFoundError, RangeNotSatisfiableError
from freehold.server.core.access import Context
from freehold.server.core.signing import is_signature, make_signature
from freehold.server.core.xet_files import list_runs
from freehold.server.core.xet_tokens import XetContext
from freehold.server.core.xorbs import parse_hash
from freehold.server.db import xet_files
from freehold.server.db.xet_files import Term, XetFile
from freehold.server.hub import Hub
from freehold.server.objects.keys import xorb_key
from freehold.wire.routes import FETCH_XORB
from freehold.wire.xet import (
    FetchInfo,
    FetchRange,
    ReconstructionTerm,
    ReconstructionV1,
    ReconstructionV2,
    Span,
    XorbFetch,
)

# A client may fetch up to 1 GB later than it has asked.
FETCH_SECONDS = 3600

# What the signatures of addresses begin with.
_SIGNED = "xorb"


class Fetch(NamedTuple):
    """The bytes `start` up to `end` of the object of a xorb."""

    object_key: str
    start: int
    end: int


class _Stretch(NamedTuple):
    """Chunks of a xorb that are fetched together."""

    chunks: Span
    bytes: Span
    url: str


class _Plan(NamedTuple):
    offset: int
    terms: list[ReconstructionTerm]
    stretches: dict[str, list[_Stretch]]


def reconstruct_file(
    xet: XetContext, file: str, wanted: tuple[int, int | None] | None
) -> ReconstructionV1:
    """The runs of the file that have the bytes `wanted`, from the first to the last of them.

    Raises `NotFoundError` unless the repository of the token has the file, and
    `RangeNotSatisfiableError` behind its end.
    """
    plan = _make_plan(xet, file, wanted)
    fetch_info = {
        xorb: [FetchInfo(range=s.chunks, url=s.url, url_range=s.bytes) for s in stretches]
        for xorb, stretches in plan.stretches.items()
    }
    return ReconstructionV1(
        offset_into_first_range=plan.offset, terms=plan.terms, fetch_info=fetch_info
    )


def reconstruct_file_v2(
    xet: XetContext, file: str, wanted: tuple[int, int | None] | None
) -> ReconstructionV2:
    """The same in the form of version 2: an address for each range, which every client can use."""
    plan = _make_plan(xet, file, wanted)
    xorbs = {
        xorb: [
            XorbFetch(url=s.url, ranges=[FetchRange(chunks=s.chunks, bytes=s.bytes)])
            for s in stretches
        ]
        for xorb, stretches in plan.stretches.items()
    }
    return ReconstructionV2(offset_into_first_range=plan.offset, terms=plan.terms, xorbs=xorbs)


def _make_plan(xet: XetContext, file: str, wanted: tuple[int, int | None] | None) -> _Plan:
    ctx = xet.ctx
    found = _find_file(xet, parse_hash(file))
    start, end = _clamp(wanted, found.size)
    runs = list_runs(ctx.hub, found.hash, start, end) if end > start else []
    terms = [
        ReconstructionTerm(
            hash=run.xorb.hash,
            unpacked_length=run.length,
            range=Span(start=run.first_chunk, end=run.end_chunk),
        )
        for run in runs
    ]
    return _Plan(start - runs[0].file_start if runs else 0, terms, _plan_stretches(ctx, runs))


def _find_file(xet: XetContext, file_hash: str) -> XetFile:
    with xet.ctx.hub.db.read() as tx:
        found = xet_files.find_linked_file(tx, xet.repo.id, file_hash)
    if found is None:
        raise NotFoundError("This repository has no such file.")
    return found


def _clamp(wanted: tuple[int, int | None] | None, size: int) -> tuple[int, int]:
    start, last = wanted or (0, None)
    if start >= size and (start or size):
        raise RangeNotSatisfiableError(headers={"Content-Range": f"bytes */{size}"})
    return start, size if last is None else min(last + 1, size)


def _plan_stretches(ctx: Context, runs: Sequence[Term]) -> dict[str, list[_Stretch]]:
    """The ranges of each xorb that the runs need, disjoint and in order."""
    expires = int(time.time()) + FETCH_SECONDS
    by_xorb: dict[str, list[Term]] = {}
    for run in runs:
        by_xorb.setdefault(run.xorb.hash, []).append(run)
    return {
        xorb: [_sign_stretch(ctx, run, expires) for run in _merge(chosen)]
        for xorb, chosen in by_xorb.items()
    }


def _merge(runs: Sequence[Term]) -> list[Term]:
    merged: list[Term] = []
    for run in sorted(runs, key=lambda run: (run.first_chunk, run.end_chunk)):
        last = merged[-1] if merged else None
        if last is None or run.first_chunk > last.end_chunk:
            merged.append(run)
        elif run.end_chunk > last.end_chunk:
            merged[-1] = last._replace(end_chunk=run.end_chunk, end_byte=run.end_byte)
    return merged


def _sign_stretch(ctx: Context, run: Term, expires: int) -> _Stretch:
    fetch = Fetch(run.xorb.object_key, run.first_byte, run.end_byte)
    signature = make_signature(ctx.hub, _SIGNED, *fetch, expires)
    form = fetch.object_key.rpartition("-")[2]
    query = f"form={form}&start={fetch.start}&end={fetch.end}&exp={expires}&sig={signature}"
    return _Stretch(
        Span(start=run.first_chunk, end=run.end_chunk),
        Span(start=fetch.start, end=fetch.end - 1),
        f"{ctx.origin}{FETCH_XORB.url_path(xorb=run.xorb.hash)}?{query}",
    )


def check_fetch_url(hub: Hub, xorb: str, query: Mapping[str, str]) -> Fetch:
    """The bytes of the xorb that the address is for.

    Raises `ForbiddenError` for one that is forged or too old: then clients ask for a new one.
    """
    try:
        key = xorb_key(parse_hash(xorb), query["form"])
        fetch = Fetch(key, int(query["start"]), int(query["end"]))
        expires, given = int(query["exp"]), query["sig"]
    except (KeyError, ValueError) as error:
        raise ForbiddenError("The URL is not signed.") from error
    if not is_signature(hub, given, _SIGNED, *fetch, expires):
        raise ForbiddenError("The signature of the URL is wrong.")
    if expires < time.time():
        raise ForbiddenError("The URL has expired: ask for a new one.")
    return fetch


def narrow_fetch(allowed: Fetch, wanted: tuple[int, int | None] | None) -> Fetch:
    """The wanted bytes, from the first to the last of them; all that are allowed without any.

    Raises `ForbiddenError` unless all of them are among those that the address is for.
    """
    first, last = wanted or (allowed.start, None)
    end = allowed.end if last is None else last + 1
    if first < allowed.start or end > allowed.end or first >= end:
        raise ForbiddenError(f"The URL is for the bytes {allowed.start} to {allowed.end - 1}.")
    return Fetch(allowed.object_key, first, end)
