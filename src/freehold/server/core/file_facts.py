"""What the header of one file with weights says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freehold.formats.weight_headers import HEADERS
from freehold.server.core.access import Context
from freehold.server.core.files import Content
from freehold.server.core.weights import LargeFiles, NotKnownError
from freehold.server.db.repos import Repo


def read_gguf_facts(ctx: Context, repo: Repo, content: Content) -> Mapping[str, Any] | None:
    """What the header of a GGUF file says, by the names of `GgufFacts`; None when it says nothing.

    That of a large file is read once and then remembered; None as well while that takes too long.
    """
    if content.stored is None:
        data = content.data or b""
        return HEADERS["gguf"](lambda start, length: data[start : start + length], len(data))
    try:
        return LargeFiles(ctx.hub, repo.id).headers("gguf", [content.stored])[0]
    except NotKnownError:
        return None
