"""git over HTTP, the smart protocol: what the requests and answers are called."""

from __future__ import annotations

from typing import Literal

from freehold.wire.codec import Wire

Service = Literal["git-upload-pack", "git-receive-pack"]
"""What a client of git wants: to fetch, or to push."""


class RefsQuery(Wire, kw_only=True):
    """Query of `advertise_refs`; without a service it is asked by a client that is too old."""

    service: Service | None = None
