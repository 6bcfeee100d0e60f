"""Reports of all requests for access to a repository, as a table or as JSON."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from freehold.server.core.access import Context
from freehold.server.core.access_requests import MAX_PAGE, START, describe, require_gate
from freehold.server.db import access_requests
from freehold.server.db.repos import Repo
from freehold.wire.access_requests import AccessReportQuery, AccessRequest
from freehold.wire.codec import encode_json

COLUMNS = (
    "user",
    "fullname",
    "email",
    "status",
    "timestamp",
    "reviewedAt",
    "rejectionReason",
    "grantedBy",
)

# Spreadsheets run what begins like this, also in the wide letters of East Asia.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def report_access_requests(ctx: Context, repo: Repo, query: AccessReportQuery) -> Iterator[bytes]:
    """All requests, the oldest first: a table in CSV, or with `format=json` as they are listed.

    A cell that a spreadsheet would take for a formula begins with an apostrophe. Raises
    `BadRequestError` without a gate.
    """
    require_gate(repo)
    return _to_json(ctx, repo) if query.format == "json" else _to_table(ctx, repo)


def _read_pages(ctx: Context, repo: Repo) -> Iterator[list[AccessRequest]]:
    after = START
    while True:
        with ctx.hub.db.read() as tx:
            found = access_requests.list_all_requests(tx, repo.id, after, MAX_PAGE)
        if found:
            yield [describe(item) for item in found]
        if len(found) < MAX_PAGE:
            return
        after = (found[-1].requested_at, found[-1].id)


def _to_json(ctx: Context, repo: Repo) -> Iterator[bytes]:
    before = b"["
    for page in _read_pages(ctx, repo):
        # A list without its brackets.
        yield before + encode_json(page)[1:-1]
        before = b","
    yield b"[]" if before == b"[" else b"]"


def _to_table(ctx: Context, repo: Repo) -> Iterator[bytes]:
    labels: dict[str, None] = {}
    for page in _read_pages(ctx, repo):
        for item in page:
            labels |= dict.fromkeys(item.fields or ())
    yield _write_rows([[*COLUMNS, *labels]])
    for page in _read_pages(ctx, repo):
        yield _write_rows([_to_row(item, labels) for item in page])


def _to_row(item: AccessRequest, labels: dict[str, None]) -> list[str]:
    cells = [
        item.user.user,
        item.user.fullname,
        item.user.email or "",
        item.status,
        item.timestamp,
        item.reviewed_at or "",
        item.rejection_reason or "",
        item.granted_by.user if item.granted_by else "",
    ]
    fields = item.fields or {}
    return [*cells, *(fields.get(label, "") for label in labels)]


def _write_rows(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([[harmless(c) for c in r] for r in rows])
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
