"""The front page of a repository: its card, and what visitors do there."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
