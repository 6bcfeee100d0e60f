"""Settings of a repository, and requests for access to it."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
